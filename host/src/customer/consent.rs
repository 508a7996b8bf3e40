//! What a customer allowed, and took back. Giving is narrow, withdrawing is wide.

use serde::{Deserialize, Serialize};

use crate::charter::{Basis, ChannelIx, Charter, Market, Needs, PurposeIx};
use crate::clock::Instant;
use crate::ids::{Key, Text};

/// Everything that a customer ever said about the use of their data, as far as it still matters.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Consents(Vec<Consent>);

/// One statement.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Consent {
    /// `None` for all purposes: the objection to everything that rests on consent or on legitimate interest.
    pub purpose: Option<Key>,
    /// `None` for all channels.
    pub channel: Option<Key>,
    /// `None` for all brands.
    pub brand: Option<Key>,
    /// `None` for all markets.
    pub market: Option<Key>,
    pub state: Given,
    pub source: Key,
    pub at: Instant,
    pub proof: Option<Text>,
    /// The version of the text that was agreed to.
    pub wording: Option<Text>,
}

/// What was said. INVARIANT: in order of strictness, the strictest last, so that of two statements of one instant the
/// stricter counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Given {
    /// Given, and confirmed a second time.
    Confirmed,
    Granted,
    /// Allowed by a purchase of something similar.
    Soft,
    /// Asked for, no answer yet.
    Requested,
    Denied,
    Withdrawn,
}

impl Given {
    /// Reads the word that events and requests use.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "confirmed" => Self::Confirmed,
            "granted" => Self::Granted,
            "soft" => Self::Soft,
            "requested" => Self::Requested,
            "denied" => Self::Denied,
            "withdrawn" => Self::Withdrawn,
            _ => return None,
        })
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Granted => "granted",
            Self::Soft => "soft",
            Self::Requested => "requested",
            Self::Denied => "denied",
            Self::Withdrawn => "withdrawn",
        }
    }

    fn is_refusal(self) -> bool {
        matches!(self, Self::Denied | Self::Withdrawn)
    }

    fn meets(self, needs: Needs) -> bool {
        match needs {
            Needs::Nothing => !self.is_refusal(),
            Needs::Soft => matches!(self, Self::Confirmed | Self::Granted | Self::Soft),
            Needs::Granted => matches!(self, Self::Confirmed | Self::Granted),
            Needs::Confirmed => self == Self::Confirmed,
            Needs::Never => false,
        }
    }
}

/// What someone wants to use data for.
#[derive(Clone, Copy, Debug)]
pub struct Use<'a> {
    pub charter: &'a Charter,
    pub market: &'a Market,
    pub purpose: PurposeIx,
    /// `None` where no channel is involved yet.
    pub channel: Option<ChannelIx>,
    pub residence: Residence<'a>,
    pub now: Instant,
}

/// Where a person lives, as far as it is known: the stricter law of residence and market applies.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Residence<'a> {
    /// ISO 3166-1 alpha-2.
    pub country: Option<&'a str>,
    /// ISO 3166-2, such as `US-FL`.
    pub region: Option<&'a str>,
}

impl Consents {
    pub fn iter(&self) -> impl Iterator<Item = &Consent> {
        self.0.iter()
    }

    /// Records a statement. An older one never undoes a later one; what a later, wider one covers is forgotten.
    pub fn say(&mut self, consent: Consent) {
        if self
            .0
            .iter()
            .any(|known| known.covers(&consent) && known.outlasts(&consent))
        {
            return;
        }
        self.0
            .retain(|known| !(consent.covers(known) && consent.outranks(known)));
        self.0.push(consent);
    }

    /// What the customer said last of a use; `None` when nothing was said.
    pub fn last(&self, of: Use<'_>) -> Option<&Consent> {
        let purpose = of.charter.purposes.at(of.purpose).key;
        let channel = of
            .channel
            .map(|channel| of.charter.channels.at(channel).key);
        let matching = self.0.iter().filter(|consent| {
            consent.purpose.is_none_or(|of| of == purpose)
                && consent
                    .brand
                    .is_none_or(|brand| brand == of.market.brand_key)
                && consent.channel.is_none_or(|of| channel == Some(of))
        });
        matching.max_by_key(|consent| (consent.at, consent.state))
    }

    /// Whether the charter's basis for the purpose is met.
    pub fn allow(&self, of: Use<'_>) -> bool {
        let purpose = of.charter.purposes.at(of.purpose);
        match purpose.basis {
            Basis::Contract => true,
            Basis::LegitimateInterest => self.last(of).is_none_or(|said| !said.state.is_refusal()),
            Basis::OptIn => match (of.channel, purpose.channels.is_empty()) {
                (Some(_), _) | (None, true) => self
                    .last(of)
                    .is_some_and(|said| said.state.meets(purpose.needs)),
                // Where no channel is involved, data may be used as soon as one channel may.
                (None, false) => purpose.channels.iter().any(|channel| {
                    let of = Use {
                        channel: Some(*channel),
                        ..of
                    };
                    self.last(of)
                        .is_some_and(|said| said.state.meets(purpose.needs))
                }),
            },
        }
    }

    /// Joins what two customers said who turned out to be one: where they differ, the stricter one wins, whatever its age.
    pub(super) fn take_stricter(&mut self, other: &Self) {
        for theirs in &other.0 {
            let ours = self.0.iter_mut().find(|ours| {
                ours.purpose == theirs.purpose
                    && ours.channel == theirs.channel
                    && ours.brand == theirs.brand
            });
            match ours {
                Some(ours) if theirs.state > ours.state => {
                    let at = ours.at.max(theirs.at);
                    *ours = Consent {
                        at,
                        ..theirs.clone()
                    };
                }
                Some(ours) => ours.at = ours.at.max(theirs.at),
                // What only one of them allowed, the other never did: it does not carry over; a refusal does.
                None if theirs.state.is_refusal() => self.say(theirs.clone()),
                None => {}
            }
        }
    }
}

impl Consent {
    fn covers(&self, other: &Self) -> bool {
        (self.purpose.is_none() || self.purpose == other.purpose)
            && (self.channel.is_none() || self.channel == other.channel)
            && (self.brand.is_none() || self.brand == other.brand)
    }

    /// A later word counts; but a plain yes after a confirmed one does not unconfirm it.
    fn outlasts(&self, other: &Self) -> bool {
        let both_give = !self.state.is_refusal() && !other.state.is_refusal();
        self.outranks(other) || (both_give && self.state < other.state)
    }

    fn outranks(&self, other: &Self) -> bool {
        (self.at, self.state) >= (other.at, other.state)
    }
}
