//! Whom an event is about: finds or makes the customer and the account, waits in line for them, and joins the names that
//! the event brings together.

use crate::absorb::{Standing, may_remember};
use crate::cache::{Before, Cache, Line, Origin, Reservation};
use crate::charter::events::Presence;
use crate::charter::{BuiltIn, Strength};
use crate::clock::Instant;
use crate::customer::{Account, Alias, Customer, IdentityKey, Named, identity};
use crate::decide::Undecided;
use crate::decide::changed::Changed;
use crate::event::{Event, Name};
use crate::ids::{AccountId, CustomerId, Text};
use crate::node::Core;

/// How often whom a name names may change while we wait in line, before we give up.
const ATTEMPTS: usize = 16;

/// Whom an event is about, locked.
#[derive(Default)]
pub(super) struct Whom {
    pub changed: Changed,
    pub held: Held,
}

/// What must be held until the commit.
#[derive(Default)]
pub(super) struct Held {
    customers: Vec<Line<CustomerId>>,
    account: Option<Line<AccountId>>,
    reservations: Vec<Reservation>,
}

/// A customer as it was found.
struct Person {
    customer: Customer,
    /// `None` of somebody new.
    known: Option<Before>,
}

impl Person {
    fn before(&self) -> Option<Before> {
        self.known.clone()
    }
}

impl Whom {
    pub(super) async fn of(core: &Core, event: &Event) -> Result<Self, Undecided> {
        let mut whom = Self::default();
        if let Some(id) = event.about.customer {
            whom.find_by_id(core, id).await?;
        } else if let Some(subject) = event.subject.as_ref().or(event.visitor.as_ref()) {
            whom.find_customer(core, event, subject).await?;
        }
        whom.find_account(core, event).await?;
        Ok(whom)
    }

    /// Finds a customer whom an event of the host itself is about, or whom that one turned out to be. Nobody is made: who is
    /// not there has been forgotten.
    async fn find_by_id(&mut self, core: &Core, mut id: CustomerId) -> Result<(), Undecided> {
        let cache = core.node().cache();
        for _ in 0..ATTEMPTS {
            self.held.customers = vec![cache.line::<Customer>(id).await];
            let Some(person) = load(cache, &self.held, id).await? else {
                self.held.customers.clear();
                return Ok(());
            };
            match person.customer.merged_into {
                Some(other) => id = other,
                None => {
                    self.changed.previous = person.before();
                    self.changed.standing.customer = Some(person.customer);
                    return Ok(());
                }
            }
            // Before waiting in the next line: lines are loaded in order of id.
            self.held.customers.clear();
        }
        Err(Undecided::Busy)
    }

    async fn find_customer(
        &mut self,
        core: &Core,
        event: &Event,
        subject: &Name,
    ) -> Result<(), Undecided> {
        let cache = core.node().cache();
        let visitor = event.visitor.as_ref().filter(|visitor| *visitor != subject);
        let keys = (
            key(core, event, subject),
            visitor.map(|visitor| key(core, event, visitor)),
        );
        for _ in 0..ATTEMPTS {
            let draw = || Named::Customer(CustomerId::draw(&mut core.chance()));
            let found = cache.find_or_reserve(keys.0, draw).await?;
            let Named::Customer(id) = found.named else {
                return Err(Undecided::CharterChanged);
            };
            // A visitor whom nobody knows yet is waited for as well: nobody else gives the name to somebody meanwhile.
            let visitor = match keys.1 {
                Some(visitor) => Some(cache.find_or_reserve(visitor, draw).await?),
                None => None,
            };
            let is_new = found.reservation.is_some();
            let other = visitor.as_ref().map(|found| found.named);
            let other = customer(other).filter(|other| *other != id);
            let reservations = found.reservation.into_iter();
            self.held = Held {
                reservations: reservations
                    .chain(visitor.and_then(|found| found.reservation))
                    .collect(),
                ..Held::default()
            };
            let mut ids = [Some(id), other];
            ids.sort_unstable();
            for id in ids.into_iter().flatten() {
                self.held.customers.push(cache.line::<Customer>(id).await);
            }
            // Once more, now that we hold the lines: while we waited, they may have merged with somebody, or been erased.
            let named = customer(cache.find_now(keys.0)?);
            let now_other = match keys.1 {
                Some(visitor) => customer(cache.find_now(visitor)?).filter(|other| *other != id),
                None => None,
            };
            // Somebody new may have become known and been erased since, under the id that we hold.
            let is_gone = [Some(id), other]
                .into_iter()
                .flatten()
                .any(|id| cache.is_erased(id));
            if !is_gone
                && named.map_or(is_new, |named| named == id)
                && now_other.is_none_or(|now| other == Some(now))
            {
                if named.is_some() && found.origin == Origin::View {
                    cache.remember_name(keys.0, found.named);
                }
                let ours = load_known(cache, &self.held, named).await?;
                let theirs = load_known(cache, &self.held, now_other).await?;
                self.join(core, event, id, (ours, theirs));
                return Ok(());
            }
        }
        Err(Undecided::Busy)
    }

    /// Joins the names of one event: from now on subject and visitor name one customer.
    fn join(
        &mut self,
        core: &Core,
        event: &Event,
        id: CustomerId,
        (ours, theirs): (Option<Person>, Option<Person>),
    ) {
        let now = super::now(core, event);
        let names = names(event, now, (ours.as_ref(), theirs.as_ref()));
        let theirs = theirs.filter(|_| names.len() > 1);
        let (mut person, mut lost) = match (ours, theirs) {
            // Somebody without a strong name gets one: this is who they were all along.
            (None, Some(theirs)) if !theirs.customer.is_identified() => (theirs, None),
            (Some(mut ours), Some(mut theirs)) if !theirs.customer.is_identified() => {
                let into = Named::Customer(ours.customer.id);
                ours.customer.take_over(&event.charter, &theirs.customer);
                let aliases = theirs.customer.aliases.iter();
                self.changed
                    .named
                    .extend(aliases.map(|alias| (alias.key, into)));
                theirs.customer = merged(&theirs.customer, ours.customer.id);
                (ours, Some(theirs))
            }
            // Two people at one browser: the browser goes over to whoever was seen last.
            (ours, theirs) => {
                let draw = core.chance().number();
                let new = || Person {
                    customer: Customer::new(id, draw, event.received_at),
                    known: None,
                };
                (ours.unwrap_or_else(new), theirs)
            }
        };
        let named = Named::Customer(person.customer.id);
        for name in &names {
            let alias = alias(core, event, name);
            if let Some(other) = &mut lost {
                other
                    .customer
                    .aliases
                    .retain(|known| known.key != alias.key);
            }
            if identity::add(&mut person.customer.aliases, alias.clone())
                && self.changed.named.iter().all(|(key, _)| *key != alias.key)
            {
                self.changed.named.push((alias.key, named));
            }
        }
        self.changed
            .moved
            .extend(lost.map(|other| (other.customer, other.known)));
        self.changed.previous = person.before();
        self.changed.known = person.known;
        self.changed.standing.customer = Some(person.customer);
        if is_of_nobody(event, now, &names, &self.changed.standing) {
            self.changed = Changed::of_nobody(self.changed.known.take());
        }
    }

    async fn find_account(&mut self, core: &Core, event: &Event) -> Result<(), Undecided> {
        if self.changed.is_forgotten {
            return Ok(());
        }
        let cache = core.node().cache();
        let id = match &event.account {
            Some(name) => {
                let key = key(core, event, name);
                let draw = || Named::Account(AccountId::draw(&mut core.chance()));
                let found = cache.find_or_reserve(key, draw).await?;
                let Named::Account(id) = found.named else {
                    return Err(Undecided::CharterChanged);
                };
                if let Some(reservation) = found.reservation {
                    self.held.reservations.push(reservation);
                    self.changed.named.push((key, found.named));
                }
                id
            }
            None => {
                let customer = self.changed.standing.customer.as_ref();
                match event
                    .about
                    .account
                    .or_else(|| customer.and_then(|customer| customer.account))
                {
                    Some(id) => id,
                    None => return may_do_without(event),
                }
            }
        };
        let line = cache.line::<Account>(id).await;
        let loaded = cache.load_held::<Account>(&line).await?;
        if loaded.is_none() && event.account.is_none() {
            return may_do_without(event);
        }
        self.held.account = Some(line);
        self.changed.account_previous = loaded.as_ref().map(|loaded| loaded.before.clone());
        let mut account = loaded.map_or_else(
            || Account::new(id, event.received_at),
            |loaded| loaded.state,
        );
        if let Some(name) = &event.account {
            identity::add(&mut account.aliases, alias(core, event, name));
        }
        if let (Some(customer), Some(_)) = (&mut self.changed.standing.customer, &event.account) {
            customer.account = Some(id);
        }
        self.changed.standing.account = Some(account);
        Ok(())
    }
}

/// What is left of somebody who turned out to be `other`.
fn merged(customer: &Customer, other: CustomerId) -> Customer {
    Customer {
        merged_into: Some(other),
        revision: customer.revision,
        ..Customer::new(customer.id, customer.draw, customer.since)
    }
}

/// The names by which the customer is known from now on: the subject, and the visitor where somebody allowed to be
/// remembered by it.
fn names<'a>(
    event: &'a Event,
    now: Instant,
    (ours, theirs): (Option<&Person>, Option<&Person>),
) -> Vec<&'a Name> {
    let subject = event.subject.as_ref();
    let visitor = event.visitor.as_ref().filter(|visitor| {
        let people = [ours, theirs].into_iter().flatten();
        let mut people = people.map(|person| Some(&person.customer));
        subject.is_none()
            || may_remember(event, now, visitor.identity, None)
            || people.any(|customer| may_remember(event, now, visitor.identity, customer))
    });
    subject.into_iter().chain(visitor).collect()
}

/// Whether the event names the customer only by what they would have to allow to be remembered by, and did not.
fn is_of_nobody(event: &Event, now: Instant, names: &[&Name], standing: &Standing) -> bool {
    let customer = standing.customer.as_ref();
    !is_statement(event)
        && names
            .iter()
            .all(|name| !may_remember(event, now, name.identity, customer))
}

/// What somebody says about consent is kept in any case: it is the proof.
fn is_statement(event: &Event) -> bool {
    let built_in = event.charter.events.at(event.kind).built_in;
    matches!(
        built_in,
        Some(BuiltIn::ConsentGiven | BuiltIn::ConsentWithdrawn)
    )
}

fn may_do_without(event: &Event) -> Result<(), Undecided> {
    let kind = event.charter.events.at(event.kind);
    match kind.account {
        Presence::Optional => Ok(()),
        Presence::Required => Err(Undecided::NoAccount {
            kind: kind.name.clone(),
        }),
    }
}

fn customer(named: Option<Named>) -> Option<CustomerId> {
    match named {
        Some(Named::Customer(id)) => Some(id),
        Some(Named::Account(_)) | None => None,
    }
}

async fn load_known(
    cache: &Cache,
    held: &Held,
    id: Option<CustomerId>,
) -> Result<Option<Person>, Undecided> {
    match id {
        Some(id) => load(cache, held, id).await,
        None => Ok(None),
    }
}

async fn load(cache: &Cache, held: &Held, id: CustomerId) -> Result<Option<Person>, Undecided> {
    let Some(line) = held.customers.iter().find(|line| line.id() == id) else {
        return Ok(None);
    };
    let loaded = cache.load_held::<Customer>(line).await?;
    Ok(loaded.map(|loaded| Person {
        customer: loaded.state,
        known: Some(loaded.before),
    }))
}

fn key(core: &Core, event: &Event, name: &Name) -> IdentityKey {
    IdentityKey::of(
        core.node().salt(),
        event.charter.identities.at(name.identity).key,
        &name.value,
    )
}

fn alias(core: &Core, event: &Event, name: &Name) -> Alias {
    let identity = event.charter.identities.at(name.identity);
    Alias {
        identity: identity.key,
        is_strong: identity.strength == Strength::Strong,
        key: key(core, event, name),
        value: (!identity.hashed).then(|| name.value.clone()),
        since: event.received_at,
    }
}

/// A name as the evidence shows it: `namespace:value`, or the hash where only hashes are kept.
pub(super) fn shown(core: &Core, event: &Event, name: &Name) -> Text {
    let identity = event.charter.identities.at(name.identity);
    if identity.hashed {
        return Text::new(format!("{}:#{:?}", identity.name, key(core, event, name)));
    }
    Text::new(format!("{}:{}", identity.name, name.value))
}
