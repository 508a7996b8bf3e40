//! What a customer says about the use of their data, and what may be kept of them at all.

use crate::absorb::{Lapse, Parties, Situation, pending};
use crate::charter::{BuiltIn, ChannelIx, IdentityIx, MarketIx, PurposeIx, Strength};
use crate::clock::Instant;
use crate::customer::consent::Use;
use crate::customer::{Consent, Customer, Given};
use crate::event::Event;
use crate::ids::{Key, Text};
use crate::value::Value;

/// What an objection to everything names as its purpose.
const ALL_PURPOSES: &str = "all";
/// The proof of what a browser refused for its user.
const GPC: &str = "Sec-GPC";
/// The proof of what was said at a browser, by whoever it was.
const BROWSER: &str = "browser";

/// What the event's purpose rests on, for this customer. Of nobody, nothing personal is kept.
pub(super) fn may_keep(event: &Event, now: Instant, standing: &Parties) -> bool {
    let purpose = event.charter.events.at(event.kind).purpose;
    let (Some(purpose), Some(_)) = (purpose, &standing.customer) else {
        return true;
    };
    let seen = Situation {
        event,
        now,
        standing,
    };
    seen.allows(purpose)
}

/// Whether a statement was made by a browser, or at one by who knows whom.
pub fn is_of_browser(said: &Consent) -> bool {
    let proof = said.proof.as_deref();
    proof.is_some_and(|proof| [GPC, BROWSER].contains(&proof))
}

/// Whether somebody may be remembered by the identity: where the charter says what that needs, the customer allowed it.
pub fn may_remember(
    event: &Event,
    now: Instant,
    identity: IdentityIx,
    customer: Option<&Customer>,
) -> bool {
    let charter = &*event.charter;
    let Some(purpose) = charter.identities.at(identity).needs else {
        return true;
    };
    customer.is_some_and(|customer| {
        customer.consents.allow(Use {
            charter,
            market: charter.market(event.market, now),
            purpose,
            channel: None,
            residence: customer.residence(charter),
            now,
        })
    })
}

/// Takes in what the event says about consent, itself or by its browser: before anything is decided.
pub(super) fn hear(event: &Event, now: Instant, customer: &mut Customer) {
    match event.charter.events.at(event.kind).built_in {
        Some(BuiltIn::ConsentGiven) => hear_given(event, customer),
        Some(BuiltIn::ConsentWithdrawn) => hear_withdrawn(event, customer),
        _ => {}
    }
    hear_browser(event, now, customer);
}

/// Somebody who is known, after an event that nobody gave a basis to keep.
pub struct RememberedCustomer {
    pub customer: Customer,
    pub cancelled: Vec<Lapse>,
    /// Whether their browser refused something.
    pub has_refused: bool,
    /// What of them is no longer kept.
    pub faded: Vec<Text>,
}

/// What the browser of somebody who is known refuses is kept, although nothing else of the event is.
pub fn remember(event: &Event, now: Instant, mut customer: Customer) -> RememberedCustomer {
    let faded = customer.status.forget(&event.charter, now);
    customer.plan_fading(&event.charter);
    let has_refused = hear_browser(event, now, &mut customer);
    RememberedCustomer {
        cancelled: pending::disallowed(event, now, &mut customer),
        customer,
        has_refused,
        faded,
    }
}

/// Giving is for the named channels of one brand in one market; in several where they are named.
fn hear_given(event: &Event, customer: &mut Customer) {
    let charter = &*event.charter;
    let Some((_, purpose)) = purpose(event) else {
        return;
    };
    let Some(purpose) = purpose else { return };
    let state = state(event).unwrap_or(Given::Granted);
    let brand = word(event, "brand").map(|brand| Key::of("brand", &brand));
    let mut channels = named_channels(event);
    if channels.is_empty() {
        let own = charter.purposes.at(purpose).channels.iter();
        channels.extend(own.map(|channel| Some(charter.channels.at(*channel).key)));
    }
    if channels.is_empty() {
        channels.push(None);
    }
    for market in markets(event) {
        let market = charter.markets.at(market);
        for channel in &channels {
            customer.consents.say(Consent {
                purpose: Some(charter.purposes.at(purpose).key),
                channel: *channel,
                brand: Some(brand.unwrap_or(market.brand_key)),
                market: Some(market.key),
                state,
                ..statement(event)
            });
        }
    }
}

/// Withdrawing is for all brands and markets, and for all channels unless some are named.
fn hear_withdrawn(event: &Event, customer: &mut Customer) {
    let Some((name, purpose)) = purpose(event) else {
        return;
    };
    if purpose.is_none() && name != ALL_PURPOSES {
        return;
    }
    let mut channels = named_channels(event);
    if channels.is_empty() {
        channels.push(None);
    }
    for channel in channels {
        customer.consents.say(Consent {
            purpose: purpose.map(|purpose| event.charter.purposes.at(purpose).key),
            channel,
            state: state(event).unwrap_or(Given::Withdrawn),
            ..statement(event)
        });
    }
}

/// `Sec-GPC: 1` withdraws what the law says where the customer is; whether it said anything new.
fn hear_browser(event: &Event, now: Instant, customer: &mut Customer) -> bool {
    if !event.is_gpc {
        return false;
    }
    let charter = &*event.charter;
    let market = charter.market(event.market, now);
    let laws = charter.laws_for(market, customer.residence(charter));
    let mut purposes: Vec<PurposeIx> = laws
        .filter_map(|law| law.gpc.as_ref())
        .flat_map(|(purposes, _)| purposes.iter().copied())
        .collect();
    purposes.sort_unstable();
    purposes.dedup();
    let mut is_news = false;
    for purpose in purposes {
        is_news |= customer.consents.say(Consent {
            purpose: Some(charter.purposes.at(purpose).key),
            proof: Some(Text::new_static(GPC)),
            wording: None,
            ..statement(event)
        });
    }
    is_news
}

/// A withdrawal of everything, as the event says it.
fn statement(event: &Event) -> Consent {
    Consent {
        purpose: None,
        channel: None,
        brand: None,
        market: None,
        state: Given::Withdrawn,
        source: event.source_key(),
        // Clocks differ: what was given in a minute from now must not outlive what is withdrawn until then.
        at: event.occurred_at.min(event.received_at),
        proof: word(event, "proof").or_else(|| of_browser(event)),
        wording: word(event, "wording"),
    }
}

/// What only a browser says of itself goes with the browser, whoever uses it next.
fn of_browser(event: &Event) -> Option<Text> {
    let subject = event.subject.as_ref().or(event.visitor.as_ref())?;
    let is_weak = event.charter.identities.at(subject.identity).strength == Strength::Weak;
    is_weak.then(|| Text::new_static(BROWSER))
}

/// The purpose's name, and what the charter knows by it.
fn purpose(event: &Event) -> Option<(Text, Option<PurposeIx>)> {
    let name = word(event, "purpose")?;
    let known = event.charter.names.purposes.get(&name).copied();
    Some((name, known))
}

fn state(event: &Event) -> Option<Given> {
    Given::parse(&word(event, "state")?)
}

fn named_channels(event: &Event) -> Vec<Option<Key>> {
    let charter = &*event.charter;
    let key = |channel: &ChannelIx| Some(charter.channels.at(*channel).key);
    match said(event, "channels") {
        Some(Value::Texts(names)) => {
            let named = names
                .iter()
                .filter_map(|name| charter.names.channels.get(name));
            named.map(key).collect()
        }
        _ => Vec::new(),
    }
}

/// The markets that are named; else the event's own.
fn markets(event: &Event) -> Vec<MarketIx> {
    let known = &event.charter.names.markets;
    match said(event, "markets") {
        Some(Value::Texts(names)) if !names.is_empty() => names
            .iter()
            .filter_map(|name| known.get(name).copied())
            .collect(),
        _ => vec![event.market],
    }
}

/// A datum of a built-in event, by its name.
pub(super) fn said<'a>(event: &'a Event, name: &str) -> Option<&'a Value> {
    let kind = event.charter.events.at(event.kind);
    let (datum, _) = kind.data.iter().find(|(_, datum)| datum.name == name)?;
    event.datum(datum)
}

pub(super) fn word(event: &Event, name: &str) -> Option<Text> {
    match said(event, name) {
        Some(Value::Text(word)) => Some(word.clone()),
        _ => None,
    }
}
