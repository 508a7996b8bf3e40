//! What a customer allowed, and took back. Giving is narrow, withdrawing is wide.

use serde::{Deserialize, Serialize};

use crate::charter::{
    ChannelIx, Charter, DataUse, Demand, Demanding, FieldIx, Market, Needs, PurposeIx, Residence,
};
use crate::clock::Instant;
use crate::customer::Customer;
use crate::ids::{Key, Text};
use crate::value::Value;

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

    pub fn is_refusal(self) -> bool {
        matches!(self, Self::Denied | Self::Withdrawn)
    }

    /// Whether something was allowed by it. Being asked allows nothing, and so takes no refusal back.
    pub fn is_giving(self) -> bool {
        matches!(self, Self::Confirmed | Self::Granted | Self::Soft)
    }

    fn meets(self, needs: Needs) -> bool {
        match needs {
            Needs::Nothing => !self.is_refusal(),
            Needs::Soft => self.is_giving(),
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
    pub residence: Residence,
    pub now: Instant,
}

/// How a use stands with the customer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct State {
    /// What was said, or `expired`.
    pub word: &'static str,
    /// When it was said.
    pub at: Instant,
}

/// What a consent that is too old is called.
pub const EXPIRED: &str = "expired";

impl<'a> Use<'a> {
    fn demand(self) -> Demand {
        let purposed = DataUse {
            purpose: self.purpose,
            channel: self.channel,
            market: self.market,
        };
        self.charter.demand(purposed, self.residence)
    }

    /// The channels of which one is enough, where none is involved yet and the purpose keeps them apart.
    fn channels(self) -> &'a [ChannelIx] {
        match self.channel {
            Some(_) => &[],
            None => &self.charter.purposes.at(self.purpose).channels,
        }
    }

    fn over(self, channel: ChannelIx) -> Self {
        Self {
            channel: Some(channel),
            ..self
        }
    }
}

impl Demand {
    /// Whether a consent is too old to count.
    fn is_expired(&self, at: Instant, now: Instant) -> bool {
        self.valid.is_some_and(|(good, _)| at.plus(good) < now)
    }
}

impl Customer {
    /// As the customer's own fields say, however old they are: where somebody lived last protects until another place is known.
    pub fn residence(&self, charter: &Charter) -> Residence {
        let text = |field: Option<FieldIx>| {
            let field = charter.fields.at(field?);
            match &self.status.fields.at(field.key)?.value {
                Value::Text(text) => Some(text.as_str()),
                _ => None,
            }
        };
        Residence::new(
            text(charter.customer.country),
            text(charter.customer.region),
        )
    }
}

impl Consents {
    pub fn iter(&self) -> impl Iterator<Item = &Consent> {
        self.0.iter()
    }

    /// Records a statement. What a refusal or a better statement outweighs for good is forgotten, so that the order in
    /// which statements arrive does not matter; whether anything changed.
    pub fn say(&mut self, consent: Consent) -> bool {
        if self.0.iter().any(|known| known.outweighs(&consent)) {
            return false;
        }
        self.0.retain(|known| !consent.outweighs(known));
        self.0.push(consent);
        true
    }

    /// Takes over whatever was refused there; whether that was news.
    pub fn take_refusals(&mut self, other: &Self, which: impl Fn(&Consent) -> bool) -> bool {
        let mut is_news = false;
        let refusals = other.0.iter().filter(|said| said.state.is_refusal());
        for refusal in refusals.filter(|said| which(said)) {
            is_news |= self.say(refusal.clone());
        }
        is_news
    }

    pub fn has_refusal(&self) -> bool {
        self.0.iter().any(|said| said.state.is_refusal())
    }

    /// What the customer said last of a use: a refusal, or the most of what was given since. `None` when nothing was said.
    pub fn last(&self, of: Use<'_>) -> Option<&Consent> {
        let matching = || self.0.iter().filter(|consent| consent.is_about(of));
        let refused = matching()
            .filter(|consent| consent.state.is_refusal())
            .max_by_key(|consent| (consent.at, consent.state));
        let given = matching()
            .filter(|consent| !consent.state.is_refusal())
            .filter(|consent| refused.is_none_or(|refused| consent.lifts(refused)))
            .min_by_key(|consent| (consent.state, std::cmp::Reverse(consent.at)));
        given.or(refused)
    }

    /// Whether what the law and the charter demand is met.
    pub fn allow(&self, of: Use<'_>) -> bool {
        match of.channels() {
            [] => self.meet(of, &of.demand()),
            // Data may be used as soon as one channel may.
            channels => channels
                .iter()
                .map(|channel| of.over(*channel))
                .any(|of| self.meet(of, &of.demand())),
        }
    }

    fn meet(&self, of: Use<'_>, demand: &Demand) -> bool {
        let Some(needs) = demand.needs else {
            return true;
        };
        match needs {
            Needs::Never => false,
            Needs::Nothing => self.last(of).is_none_or(|said| !said.state.is_refusal()),
            needs => self.enough(of, demand, needs),
        }
    }

    /// Whether something was given since the last refusal that is enough, and not too old.
    fn enough(&self, of: Use<'_>, demand: &Demand, needs: Needs) -> bool {
        let matching = || self.0.iter().filter(|consent| consent.is_about(of));
        let refused = matching()
            .filter(|consent| consent.state.is_refusal())
            .max_by_key(|consent| consent.at);
        matching().any(|consent| {
            consent.state.meets(needs)
                && refused.is_none_or(|refused| consent.lifts(refused))
                && !demand.is_expired(consent.at, of.now)
        })
    }

    /// How the use stands; `None` when nothing was said.
    pub fn state(&self, of: Use<'_>) -> Option<State> {
        let said = self.last(of)?;
        let is_expired =
            !said.state.is_refusal() && of.demand().is_expired(said.at, of.now) && !self.allow(of);
        Some(State {
            word: match is_expired {
                true => EXPIRED,
                false => said.state.word(),
            },
            at: said.at,
        })
    }

    /// Why the use is not allowed, in words for a marketer; `None` where it is.
    pub fn objection(&self, of: Use<'_>) -> Option<String> {
        if self.allow(of) {
            return None;
        }
        let demand = of.demand();
        let what = of.described();
        let by = of.demanding(demand.by);
        let needs = demand.needs.unwrap_or(Needs::Never);
        let said = match self.last(of) {
            _ if needs == Needs::Never => return Some(format!("{what} is never allowed{by}")),
            None => return Some(format!("no consent to {what}")),
            Some(said) => said,
        };
        let word = said.state.word();
        Some(match demand.valid {
            _ if said.state.is_refusal() || needs == Needs::Nothing => format!("{what} is {word}"),
            Some((good, valid_by)) if demand.is_expired(said.at, of.now) => format!(
                "{what} is expired: {word} at {}, which counts for {good}{}",
                said.at,
                of.demanding(valid_by)
            ),
            _ => format!("{what} is {word}, and `{}` is needed{by}", needs.word()),
        })
    }

    /// Joins what two customers said who turned out to be one: where they differ, the stricter one wins, whatever its age.
    ///
    /// INVARIANT: what either of them had refused is refused, and what we did not allow is not allowed.
    pub(super) fn take_stricter(&mut self, other: &Self) {
        let ours = std::mem::take(self);
        for given in ours.iter().filter(|said| !said.state.is_refusal()) {
            // What only one of them allowed, the other never did: theirs does not carry over.
            let given = match other.given(given.key()) {
                Some(theirs) => given.clone().and_stricter(theirs.clone()),
                None => given.clone(),
            };
            let refusals = [&ours, other].into_iter();
            for refusal in refusals.flat_map(|side| side.refusals_of(&given)) {
                self.say(refusal);
            }
            self.say(given);
        }
        for said in ours.iter().chain(other.iter()) {
            if said.state.is_refusal() {
                self.say(said.clone());
            }
        }
    }

    /// The most that was given of exactly this scope.
    fn given(&self, key: Scope) -> Option<&Consent> {
        let given = self.0.iter().filter(|consent| !consent.state.is_refusal());
        given
            .filter(|given| given.key() == key)
            .min_by_key(|given| given.state)
    }

    /// What was refused of anything that `given` is about, and not given again since: of just that, and no older than `given`.
    fn refusals_of(&self, given: &Consent) -> impl Iterator<Item = Consent> {
        let refusals = self.0.iter().filter(|consent| consent.state.is_refusal());
        let theirs = refusals.filter_map(|refusal| refusal.within(given));
        let standing = theirs.filter(|refusal| {
            let mut since = self.0.iter().filter(|consent| consent.lifts(refusal));
            !since.any(|consent| consent.covers(refusal))
        });
        standing.map(|refusal| Consent {
            at: refusal.at.max(given.at),
            ..refusal
        })
    }
}

impl Use<'_> {
    /// "`marketing` over `email`"
    fn described(self) -> String {
        let purpose = &self.charter.purposes.at(self.purpose).name;
        match self.channel {
            Some(channel) => format!(
                "`{purpose}` over `{}`",
                self.charter.channels.at(channel).name
            ),
            None => format!("`{purpose}`"),
        }
    }

    /// " by law DE: UWG §7(2) no. 2"
    fn demanding(self, by: Demanding) -> String {
        match by {
            Demanding::Purpose => String::new(),
            Demanding::Market => format!(" in `{}`", self.market.name),
            Demanding::Law(law, basis) => {
                let law = self.charter.laws.at(law);
                let origin = law.bases.get(usize::from(basis)).map(|basis| &basis.origin);
                let word = origin.map_or("law", |origin| origin.kind.word());
                let source = origin.map_or("", |origin| origin.source.as_str());
                format!(" by {word} {}: {source}", law.code)
            }
        }
    }
}

/// What a statement is about.
type Scope = (Option<Key>, Option<Key>, Option<Key>, Option<Key>);

impl Consent {
    fn key(&self) -> Scope {
        (self.purpose, self.channel, self.brand, self.market)
    }

    fn is_about(&self, of: Use<'_>) -> bool {
        let channel = || {
            let channel = of.channel?;
            Some(of.charter.channels.at(channel).key)
        };
        self.purpose
            .is_none_or(|purpose| purpose == of.charter.purposes.at(of.purpose).key)
            && self.channel.is_none_or(|own| channel() == Some(own))
            && self.brand.is_none_or(|brand| brand == of.market.brand_key)
            && self.market.is_none_or(|market| market == of.market.key)
    }

    /// Whether it takes back a refusal of what both are about.
    fn lifts(&self, refusal: &Self) -> bool {
        self.state.is_giving() && refusal.at < self.at
    }

    /// Whether it is about everything that `other` is about.
    fn covers(&self, other: &Self) -> bool {
        (self.purpose.is_none() || self.purpose == other.purpose)
            && (self.channel.is_none() || self.channel == other.channel)
            && (self.brand.is_none() || self.brand == other.brand)
            && (self.market.is_none() || self.market == other.market)
    }

    /// The same of only what `other` is about too; `None` where they have nothing in common.
    fn within(&self, other: &Self) -> Option<Self> {
        let common = |ours: Option<Key>, theirs: Option<Key>| match (ours, theirs) {
            (Some(ours), Some(theirs)) if ours != theirs => None,
            (ours, theirs) => Some(ours.or(theirs)),
        };
        Some(Self {
            purpose: common(self.purpose, other.purpose)?,
            channel: common(self.channel, other.channel)?,
            brand: common(self.brand, other.brand)?,
            market: common(self.market, other.market)?,
            ..self.clone()
        })
    }

    /// Whether, with this known, `other` makes no difference whatever else is said. A later refusal ends all; a plain yes
    /// after a confirmed one does not unconfirm it.
    fn outweighs(&self, other: &Self) -> bool {
        self.covers(other)
            && match (self.state.is_refusal(), other.state.is_refusal()) {
                (true, true) => (self.at, self.state) >= (other.at, other.state),
                (true, false) => self.at >= other.at,
                (false, true) => false,
                (false, false) => self.at >= other.at && self.state <= other.state,
            }
    }

    /// The weaker of two givings of one scope, as of the later.
    fn and_stricter(self, other: Self) -> Self {
        let at = self.at.max(other.at);
        let weaker = match other.state > self.state {
            true => other,
            false => self,
        };
        Self { at, ..weaker }
    }
}
