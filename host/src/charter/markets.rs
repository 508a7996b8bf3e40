//! What each market is granted, and what it chose of that.

use crate::charter::actions::{ActionIx, Parameter};
use crate::charter::channels::ChannelIx;
use crate::charter::events::MomentIx;
use crate::charter::table::index;
use crate::clock::Span;
use crate::ids::{Key, Text};
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
    /// BCP 47, the preferred first; at least one.
    pub languages: Vec<Text>,
    pub zone: jiff::tz::TimeZone,
    pub owner: Text,
    pub on_call: Text,
    /// Sorted.
    pub moments: Vec<MomentIx>,
    /// By action, in the order of `Charter::actions`; `None` where it is not granted.
    pub frames: Vec<Option<Frame>>,
    pub limits: Limits,
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
}

/// What one decision of the market's policy may cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    pub fuel: u64,
    pub time: Span,
    pub memory_bytes: usize,
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
