//! The charter's updates, applied to a copy of whom the event is about: for every event, in every market, the same way,
//! before any policy runs.

use crate::charter::events::Change;
use crate::charter::expression::Facts;
use crate::charter::fields::Contribution;
use crate::charter::{
    BuiltIn, ChannelIx, Charter, DatumIx, Field, FieldIx, Items, ItemsIx, Measure, Per, PurposeIx,
    SegmentIx, StageIx, Update, Window, WindowIx, table::Index,
};
use crate::clock::Instant;
use crate::customer::consent::{Residence, Use};
use crate::customer::fields::{Claim, Edit};
use crate::customer::{Account, Consent, Customer, Given, Status};
use crate::event::Event;
use crate::ids::{ActionId, Key, Text};
use crate::value::Value;

/// Whom an event is about: nobody, a customer, an account or both.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Standing {
    pub customer: Option<Customer>,
    pub account: Option<Account>,
}

/// What absorbing an event did besides the updates.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Absorbed {
    /// Pending actions that the event made pointless.
    pub cancelled: Vec<Lapsed>,
    /// Whether the customer gave a basis to keep the event. Without one it is decided, and forgotten.
    pub is_kept: bool,
}

/// A pending action that will not act, and why.
#[derive(Clone, PartialEq, Debug)]
pub struct Lapsed {
    pub id: ActionId,
    pub action: Key,
    pub because: Text,
}

/// Applies the event to `standing`.
pub fn absorb(event: &Event, now: Instant, standing: &mut Standing) -> Absorbed {
    let charter = &*event.charter;
    let kind = charter.events.at(event.kind);
    if let Some(customer) = &mut standing.customer {
        customer.status.forget(charter, now);
        if let Some(built_in @ (BuiltIn::ConsentGiven | BuiltIn::ConsentWithdrawn)) = kind.built_in
        {
            hear(event, built_in, customer);
        }
    }
    if let Some(account) = &mut standing.account {
        account.status.forget(charter, now);
    }
    let mut absorbed = Absorbed {
        cancelled: Vec::new(),
        is_kept: may_keep(event, now, standing),
    };
    if !absorbed.is_kept {
        return absorbed;
    }
    for update in &kind.updates {
        apply(event, now, update, standing);
    }
    for window in &kind.windows {
        count(event, now, charter.windows.at(*window), standing);
    }
    for items in &kind.items {
        note_items(event, now, charter.items.at(*items), standing);
    }
    for status in statuses(standing) {
        status.pending.retain(|pending| {
            let is_alive = !pending.cancel_on.contains(&kind.key);
            if !is_alive {
                absorbed.cancelled.push(Lapsed {
                    id: pending.id,
                    action: pending.action,
                    because: Text::new(format!("superseded: {}", kind.name)),
                });
            }
            is_alive
        });
    }
    absorbed
}

fn statuses(standing: &mut Standing) -> impl Iterator<Item = &mut Status> {
    let customer = standing
        .customer
        .as_mut()
        .map(|customer| &mut customer.status);
    customer
        .into_iter()
        .chain(standing.account.as_mut().map(|account| &mut account.status))
}

/// What the event's purpose rests on, for this customer. Of nobody, nothing personal is kept.
fn may_keep(event: &Event, now: Instant, standing: &Standing) -> bool {
    let charter = &*event.charter;
    let (Some(purpose), Some(customer)) =
        (charter.events.at(event.kind).purpose, &standing.customer)
    else {
        return true;
    };
    let seen = Seen {
        event,
        now,
        standing,
    };
    customer.consents.allow(seen.use_of(purpose, None))
}

/// Takes in a statement about consent: giving is for the named channels of one brand, withdrawing is for all brands, and
/// for all channels unless some are named.
fn hear(event: &Event, built_in: BuiltIn, customer: &mut Customer) {
    let charter = &*event.charter;
    let Some(name) = word(event, "purpose") else {
        return;
    };
    let known = charter.names.purposes.get(&name).copied();
    if known.is_none() && name != ALL_PURPOSES {
        return;
    }
    let said = word(event, "state").and_then(|word| Given::parse(&word));
    let state = said.unwrap_or(match built_in {
        BuiltIn::ConsentGiven => Given::Granted,
        _ => Given::Withdrawn,
    });
    let brand = match built_in {
        BuiltIn::ConsentGiven => Some(match word(event, "brand") {
            Some(brand) => Key::of("brand", &brand),
            None => charter.markets.at(event.market).brand_key,
        }),
        _ => None,
    };
    for channel in channels_meant(event, built_in, known) {
        customer.consents.say(Consent {
            purpose: known.map(|purpose| charter.purposes.at(purpose).key),
            channel,
            brand,
            market: None,
            state,
            source: event.source_key(),
            at: event.occurred_at,
            proof: word(event, "proof"),
            wording: None,
        });
    }
}

/// What an objection to everything names as its purpose.
const ALL_PURPOSES: &str = "all";

/// The channels that a statement is about; `None` for all.
fn channels_meant(
    event: &Event,
    built_in: BuiltIn,
    purpose: Option<PurposeIx>,
) -> Vec<Option<Key>> {
    let charter = &*event.charter;
    let key = |channel: &ChannelIx| Some(charter.channels.at(*channel).key);
    let mut channels: Vec<_> = match said(event, "channels") {
        Some(Value::Texts(names)) => {
            let named = names
                .iter()
                .filter_map(|name| charter.names.channels.get(name));
            named.map(key).collect()
        }
        _ => Vec::new(),
    };
    if let (true, BuiltIn::ConsentGiven, Some(purpose)) = (channels.is_empty(), built_in, purpose) {
        channels.extend(charter.purposes.at(purpose).channels.iter().map(key));
    }
    if channels.is_empty() {
        channels.push(None);
    }
    channels
}

/// A datum of a built-in event, by its name.
fn said<'a>(event: &'a Event, name: &str) -> Option<&'a Value> {
    let kind = event.charter.events.at(event.kind);
    let (datum, _) = kind.data.iter().find(|(_, datum)| datum.name == name)?;
    event.datum(datum)
}

fn word(event: &Event, name: &str) -> Option<Text> {
    match said(event, name) {
        Some(Value::Text(word)) => Some(word.clone()),
        _ => None,
    }
}

fn apply(event: &Event, now: Instant, update: &Update, standing: &mut Standing) {
    if update.market.is_some_and(|market| market != event.market) {
        return;
    }
    let charter = &*event.charter;
    let field = charter.fields.at(update.field);
    let seen = Seen {
        event,
        now,
        standing,
    };
    if update.when.as_ref().is_some_and(|when| !when.holds(&seen)) {
        return;
    }
    let value = match &update.change {
        Change::Clear => None,
        Change::Set(expression)
        | Change::Add(expression)
        | Change::Append(expression)
        | Change::Remove(expression) => {
            let value = expression.value(&seen);
            if value.is_none() {
                return;
            }
            value
        }
    };
    let claim = Claim {
        source: event.source_key(),
        occurred_at: event.occurred_at,
        received_at: event.received_at,
        event: &event.id,
    };
    let Some(status) = status_of(field.per, standing) else {
        return;
    };
    let fields = &mut status.fields;
    match (&update.change, value) {
        (Change::Set(_), Some(value)) => fields.set(charter, field, claim, value),
        (Change::Add(_), Some(value)) => fields.add(charter, field, claim, &value),
        (Change::Append(_), Some(value)) => {
            fields.edit(charter, field, claim, Edit::Append(&value))
        }
        (Change::Remove(_), Some(value)) => {
            fields.edit(charter, field, claim, Edit::Remove(&value))
        }
        (Change::Clear, _) => fields.clear(field, claim),
        (_, None) => false,
    };
}

fn status_of(per: Per, standing: &mut Standing) -> Option<&mut Status> {
    match per {
        Per::Customer => standing
            .customer
            .as_mut()
            .map(|customer| &mut customer.status),
        Per::Account => standing.account.as_mut().map(|account| &mut account.status),
    }
}

fn count(event: &Event, now: Instant, window: &Window, standing: &mut Standing) {
    let seen = Seen {
        event,
        now,
        standing,
    };
    let total = |contributions: &[Contribution]| -> Option<i64> {
        let mine = contributions
            .iter()
            .filter(|contribution| contribution.event == event.kind);
        let mine = mine.filter(|contribution| {
            contribution
                .when
                .as_ref()
                .is_none_or(|when| when.holds(&seen))
        });
        let amounts = mine.filter_map(|contribution| match &contribution.amount {
            None => Some(1),
            Some(amount) => match amount.value(&seen)? {
                Value::Integer(amount) => Some(amount),
                _ => None,
            },
        });
        amounts.fold(None, |sum: Option<i64>, amount| {
            Some(sum.unwrap_or(0).saturating_add(amount))
        })
    };
    let (plus, minus) = (total(&window.plus), total(&window.minus));
    if plus.is_none() && minus.is_none() {
        return;
    }
    let member = standing.customer.as_ref().map(member);
    let Some(status) = status_of(window.per, standing) else {
        return;
    };
    match window.measure {
        Measure::Count | Measure::Sum => {
            let amount = plus.unwrap_or(0).saturating_sub(minus.unwrap_or(0));
            status.windows.add(window, event.occurred_at, now, amount);
        }
        Measure::DistinctCustomers => {
            if let Some(member) = member {
                status.windows.see(window, event.occurred_at, now, member);
            }
        }
    }
}

/// A number for one customer in a window of an account: enough to tell people apart, too little to find them.
fn member(customer: &Customer) -> u64 {
    let (first, _) = customer.id.as_bytes().split_at(8);
    first
        .iter()
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn note_items(event: &Event, now: Instant, items: &Items, standing: &mut Standing) {
    let mut changes: Vec<(Text, bool)> = Vec::new();
    let seen = Seen {
        event,
        now,
        standing,
    };
    for (list, is_added) in [(&items.add, true), (&items.remove, false)] {
        for (_, names) in list.iter().filter(|(of, _)| *of == event.kind) {
            match names.value(&seen) {
                Some(Value::Text(name)) => changes.push((name, is_added)),
                Some(Value::Texts(names)) => {
                    changes.extend(names.iter().map(|name| (name.clone(), is_added)))
                }
                _ => {}
            }
        }
    }
    let Some(customer) = &mut standing.customer else {
        return;
    };
    for (name, is_added) in changes {
        match is_added {
            true => customer.status.items.add(items, &name, event.occurred_at),
            false => customer
                .status
                .items
                .remove(items, &name, event.occurred_at),
        }
    }
}

/// What expressions see: the event and whom it is about, now.
#[derive(Clone, Copy)]
pub struct Seen<'a> {
    pub event: &'a Event,
    pub now: Instant,
    pub standing: &'a Standing,
}

impl<'a> Seen<'a> {
    /// What somebody wants to use data for, here and now.
    pub fn use_of(self, purpose: PurposeIx, channel: Option<ChannelIx>) -> Use<'a> {
        let charter = &*self.event.charter;
        Use {
            charter,
            market: charter.markets.at(self.event.market),
            purpose,
            channel,
            residence: self.residence(),
            now: self.now,
        }
    }

    /// Where the customer lives, as far as it is known.
    pub fn residence(self) -> Residence<'a> {
        let own = &self.event.charter.customer;
        let customer = self.standing.customer.as_ref();
        let text = |field: Option<FieldIx>| {
            let field = self.event.charter.fields.at(field?);
            match &customer?.status.fields.at(field.key)?.value {
                Value::Text(text) => Some(text.as_str()),
                _ => None,
            }
        };
        Residence {
            country: text(own.country),
            region: text(own.region),
        }
    }
}

impl Seen<'_> {
    fn status(&self, per: Per) -> Option<&Status> {
        match per {
            Per::Customer => self
                .standing
                .customer
                .as_ref()
                .map(|customer| &customer.status),
            Per::Account => self
                .standing
                .account
                .as_ref()
                .map(|account| &account.status),
        }
    }

    fn charter(&self) -> &Charter {
        &self.event.charter
    }
}

impl Facts for Seen<'_> {
    fn datum(&self, datum: DatumIx) -> Option<&Value> {
        self.event.datum(datum)
    }

    fn field(&self, field: FieldIx) -> Option<&Value> {
        let field: &Field = self.charter().fields.at(field);
        let fact = self.status(field.per)?.fields.at(field.key)?;
        let is_fresh = field
            .max_age
            .is_none_or(|age| fact.occurred_at.plus(age) >= self.now);
        is_fresh.then_some(&fact.value)
    }

    fn window(&self, window: WindowIx) -> Option<i64> {
        let window = self.charter().windows.at(window);
        Some(self.status(window.per)?.windows.at(window, self.now))
    }

    fn item(&self, items: ItemsIx, key: &str) -> Option<Instant> {
        self.status(Per::Customer)?
            .items
            .at(self.charter().items.at(items), key, self.now)
    }

    fn segment(&self, segment: SegmentIx) -> Option<bool> {
        let segment = self.charter().segments.at(segment);
        let status = self.status(segment.per)?;
        Some(status.segments.iter().any(|(key, _)| *key == segment.key))
    }

    fn stage(&self, stage: StageIx) -> Option<&Text> {
        let stage = self.charter().stages.at(stage);
        let reached = &self.status(stage.per)?.stages;
        let reached = reached.iter().find(|reached| reached.stage == stage.key)?;
        let step = stage.steps.iter().find(|step| step.key == reached.step)?;
        Some(&step.name)
    }
}

impl Event {
    /// A datum by its index, which must be of this event's kind.
    pub fn datum(&self, datum: DatumIx) -> Option<&Value> {
        self.data.get(usize::from(datum.number()))?.as_ref()
    }
}
