//! What each market is granted, and what it chose of that.

use std::fmt;

use crate::charter::actions::{ActionIx, Automation, Delay, OnPending, Parameter};
use crate::charter::caps::Cap;
use crate::charter::channels::ChannelIx;
use crate::charter::consent::{Needs, PurposeIx};
use crate::charter::events::MomentIx;
use crate::charter::hours::{CalendarIx, Hours};
use crate::charter::laws::{LawIx, Place};
use crate::charter::table::index;
use crate::clock::Span;
use crate::ids::{Key, Text, from_hex};
use crate::keys::Class;
use crate::value::Value;

index! {
    /// One of the charter's markets.
    MarketIx
}

/// A market: its grant, already narrowed by its own choice.
#[derive(Debug)]
pub struct Market {
    pub name: Text,
    pub key: Key,
    pub brand: Text,
    pub brand_key: Key,
    /// ISO 3166-1 alpha-2; `None` for a market of many countries.
    pub country: Option<Text>,
    /// Where somebody lives of whom nothing else is known: that country.
    pub place: Option<Place>,
    /// The law of its country, where the charter has one.
    pub law: Option<LawIx>,
    /// BCP 47, the preferred first; at least one.
    pub languages: Vec<Text>,
    pub zone: jiff::tz::TimeZone,
    pub owner: Text,
    pub on_call: Text,
    /// The version of the charter that its own file was written against; `None` where it has no file.
    pub written_against: Option<Text>,
    /// Sorted.
    pub moments: Vec<MomentIx>,
    /// By action, in the order of `Charter::actions`; `None` where it is not granted.
    pub frames: Vec<Option<Frame>>,
    /// By channel, in the order of `Charter::channels`.
    pub channels: Vec<ChannelFrame>,
    /// Across all channels: the charter's and the market's own.
    pub caps: Vec<Cap>,
    /// Days on which the market itself says nothing.
    pub holidays: Vec<CalendarIx>,
    /// What the market asks for beyond the law, by purpose.
    pub needs: Vec<(PurposeIx, Needs)>,
    pub limits: Limits,
    pub budget: Budget,
    pub retention: Retention,
    /// Ed25519 keys whose signatures on a policy count.
    pub keys: Vec<PublicKey>,
    pub settings: Vec<Setting>,
    pub fallbacks: Vec<(MomentIx, Fallback)>,
}

impl Market {
    pub fn handles(&self, moment: MomentIx) -> bool {
        self.moments.binary_search(&moment).is_ok()
    }

    pub fn frame(&self, action: ActionIx) -> Option<&Frame> {
        use crate::charter::table::Index;
        self.frames.get(usize::from(action.number()))?.as_ref()
    }

    pub fn channel(&self, channel: ChannelIx) -> Option<&ChannelFrame> {
        use crate::charter::table::Index;
        self.channels.get(usize::from(channel.number()))
    }

    /// What to do at `moment` when the policy cannot answer; holding where the market chose nothing.
    pub fn fallback(&self, moment: MomentIx) -> &Fallback {
        self.fallbacks
            .iter()
            .find(|(of, _)| *of == moment)
            .map_or(&Fallback::Hold, |(_, fallback)| fallback)
    }
}

/// What one market may do with one action: the charter's bounds, or narrower ones.
#[derive(Debug)]
pub struct Frame {
    pub channels: Vec<ChannelIx>,
    pub parameters: Vec<Parameter>,
    pub lapses: Option<Span>,
    pub delay: Delay,
    pub pending: OnPending,
    /// The charter's and the market's own: all of them hold.
    pub caps: Vec<Cap>,
    pub automation: Automation,
    /// The most in one hour in this market; the charter's own bound counts besides.
    pub reach: Option<u32>,
}

/// What one market may do over one channel.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ChannelFrame {
    /// The charter's and the market's own: all of them hold.
    pub caps: Vec<Cap>,
    /// `None` for always; already the part of the charter's hours that the market kept.
    pub hours: Option<Hours>,
    /// Empty for all of the channel's.
    pub slots: Vec<Text>,
}

/// How much a market may do in all (A30).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Budget {
    pub actions_per_minute: Option<u32>,
    pub actions_per_day: Option<u32>,
    /// In minor units of the charter's currency.
    pub spend_per_day: Option<i64>,
}

/// How long after the end of the month in which it was written each class of the evidence can be read; `None` for ever (C17).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Retention {
    decisions: Option<Span>,
    consents: Option<Span>,
    states: Option<Span>,
}

impl Retention {
    pub fn of(&self, class: Class) -> Option<Span> {
        match class {
            Class::Decisions => self.decisions,
            Class::Consents => self.consents,
            Class::States => self.states,
        }
    }

    pub fn of_mut(&mut self, class: Class) -> &mut Option<Span> {
        match class {
            Class::Decisions => &mut self.decisions,
            Class::Consents => &mut self.consents,
            Class::States => &mut self.states,
        }
    }
}

/// An Ed25519 public key, written `ed25519:<64 hex digits>`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PublicKey(pub [u8; 32]);

impl PublicKey {
    /// `None` where `text` is not written so.
    pub fn parse(text: &str) -> Option<Self> {
        text.strip_prefix("ed25519:").and_then(from_hex).map(Self)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ed25519:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What one decision of the market's policy may cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    pub fuel: u64,
    pub time: Span,
    pub memory_bytes: usize,
    /// So many proposals outside of manifest or frame in one hour; then the policy is quarantined (A06).
    pub violations_per_hour: u32,
    /// The most moments of mode `respond` (A44).
    pub real_time_moments: u32,
    /// The most fields that the market adds.
    pub local_fields: u32,
}

/// A value that the region changes without a new policy: read as `setting.<name>`.
#[derive(Debug)]
pub struct Setting {
    pub name: Text,
    pub value: Value,
    pub meaning: Text,
}

/// The safe default of a moment.
#[derive(Debug)]
pub enum Fallback {
    Hold,
    Act(Template),
}

/// A proposal as the charter writes it.
#[derive(Debug)]
pub struct Template {
    pub action: ActionIx,
    pub channel: ChannelIx,
    pub parameters: Vec<(Text, Value)>,
}
