//! Whom an event is about: finds or makes the customer and the account, waits in line for them, and joins the names that
//! the event brings together.

use crate::absorb::{Parties, is_of_browser, may_remember};
use crate::cache::{EncodedState, Line, Reservation, State};
use crate::charter::events::Presence;
use crate::charter::{BuiltIn, Strength};
use crate::clock::Instant;
use crate::customer::{Account, Alias, Consents, Customer, IdentityKey, Named, identity};
use crate::decide::before::{Before, Other, Stranger};
use crate::decide::{Setback, Undecided};
use crate::event::{Event, Name};
use crate::ids::{AccountId, CustomerId, Text};
use crate::node::Core;

/// How often somebody may turn out to be somebody else while we wait in line, before we give up.
const ATTEMPTS: usize = 16;

/// What must be held until the commit.
#[derive(Default)]
pub(super) struct Locks {
    customers: Vec<Line<CustomerId>>,
    account: Vec<Line<AccountId>>,
    reservations: Vec<Reservation>,
}

/// A customer as it was found.
struct Person {
    customer: Customer,
    /// `None` of somebody new.
    known: Option<EncodedState>,
}

impl From<State<Customer>> for Person {
    fn from(state: State<Customer>) -> Self {
        Self {
            customer: state.value,
            known: Some(state.encoded),
        }
    }
}

/// Those whom the event is about, nobody else deciding about them until the locks are dropped.
pub(super) async fn lock(core: &Core, event: &Event) -> Result<(Before, Locks), Setback> {
    let mut locks = Locks::default();
    let mut before = if let Some(id) = event.about.customer {
        locks.find_by_id(core, id).await?
    } else if let Some(subject) = event.subject.as_ref().or(event.visitor.as_ref()) {
        locks.find_customer(core, event, subject).await?
    } else {
        Before::default()
    };
    locks.find_account(core, event, &mut before).await?;
    Ok((before, locks))
}

impl Locks {
    /// Finds a customer whom an event of the host itself is about, or whom that one turned out to be. Nobody is made: who is
    /// not there has been forgotten.
    async fn find_by_id(&mut self, core: &Core, mut id: CustomerId) -> Result<Before, Undecided> {
        let cache = core.node().cache();
        for _ in 0..ATTEMPTS {
            let line = cache.line::<Customer>(id).await;
            let Some(state) = cache.load_held::<Customer>(&line).await? else {
                return Ok(Before::default());
            };
            match state.value.merged_into {
                // The line is left before the next is waited for: lines are taken in order of id.
                Some(other) => id = other,
                None => {
                    self.customers = vec![line];
                    return Ok(Before {
                        customer: Some(state.encoded),
                        parties: Parties {
                            customer: Some(state.value),
                            account: None,
                        },
                        ..Before::default()
                    });
                }
            }
        }
        Err(Undecided::Busy)
    }

    /// Finds whom the names of the event lead to. A visitor whom nobody knows yet is waited for as well: nobody else gives the
    /// name to somebody meanwhile.
    async fn find_customer(
        &mut self,
        core: &Core,
        event: &Event,
        subject: &Name,
    ) -> Result<Before, Undecided> {
        let visitor = event.visitor.as_ref().filter(|visitor| *visitor != subject);
        let [own, former] = known_keys(core, event, subject).await?;
        let mut keys: Vec<IdentityKey> = own.into_iter().chain(former).collect();
        // One name in two spellings led to two people: they are one first, and the browser is heard the next time.
        let is_one = former.is_some();
        if let Some(visitor) = visitor.filter(|_| !is_one) {
            let [visitor, _] = known_keys(core, event, visitor).await?;
            keys.extend(visitor);
        }
        let draw = || Named::Customer(CustomerId::draw(&mut core.chance()));
        let lock = core.node().cache().lock::<Customer>(&keys, draw).await?;
        let lock = lock.ok_or(Undecided::Busy)?;
        self.customers = lock.lines;
        self.reservations = lock.reservations;
        let id = lock.ids.first().copied().ok_or(Undecided::Busy)?;
        let mut states = lock.states.into_iter().map(|state| state.map(Person::from));
        let (ours, theirs) = (states.next().flatten(), states.next().flatten());
        Ok(join(core, event, (id, is_one), (ours, theirs)))
    }

    async fn find_account(
        &mut self,
        core: &Core,
        event: &Event,
        before: &mut Before,
    ) -> Result<(), Undecided> {
        if before.is_of_nobody {
            return Ok(());
        }
        let cache = core.node().cache();
        let (id, state) = match &event.account {
            Some(name) => {
                let [own, _] = known_keys(core, event, name).await?;
                let key = own.unwrap_or_else(|| key(core, event, name));
                let draw = || Named::Account(AccountId::draw(&mut core.chance()));
                let lock = cache.lock::<Account>(&[key], draw).await?;
                let lock = lock.ok_or(Undecided::Busy)?;
                let id = lock.ids.first().copied().ok_or(Undecided::Busy)?;
                if !lock.reservations.is_empty() {
                    before.named.push((key, Named::Account(id)));
                }
                self.account = lock.lines;
                self.reservations.extend(lock.reservations);
                (id, lock.states.into_iter().next().flatten())
            }
            None => {
                let customer = before.parties.customer.as_ref();
                let own = || customer.and_then(|customer| customer.account);
                let Some(id) = event.about.account.or_else(own) else {
                    return may_do_without(event);
                };
                let line = cache.line::<Account>(id).await;
                let Some(state) = cache.load_held::<Account>(&line).await? else {
                    return may_do_without(event);
                };
                self.account = vec![line];
                (id, Some(state))
            }
        };
        before.account = state.as_ref().map(|state| state.encoded.clone());
        let mut account = match state {
            Some(state) => state.value,
            None => Account::new(id, event.received_at),
        };
        if let Some(name) = &event.account {
            let alias = alias(core, event, name);
            let key = alias.key;
            if identity::add(&mut account.aliases, alias)
                && before.named.iter().all(|(known, _)| *known != key)
            {
                before.named.push((key, Named::Account(id)));
            }
            if let Some(customer) = &mut before.parties.customer {
                customer.account = Some(id);
            }
        }
        before.parties.account = Some(account);
        Ok(())
    }
}

/// Joins the names of one event: from now on subject and visitor name one customer.
fn join(
    core: &Core,
    event: &Event,
    (id, is_one): (CustomerId, bool),
    (ours, theirs): (Option<Person>, Option<Person>),
) -> Before {
    let mut before = Before::default();
    let now = super::now(core, event);
    let mut names = names(event, now, (ours.as_ref(), theirs.as_ref()));
    if is_one {
        names.truncate(1);
    }
    before.refused = refused(theirs.as_ref());
    let theirs = theirs.filter(|_| is_one || names.len() > 1);
    let (mut person, mut lost) = match (ours, theirs) {
        // Somebody without a strong name gets one: this is who they were all along.
        (None, Some(theirs)) if !theirs.customer.is_identified() => (theirs, None),
        (Some(mut ours), Some(mut theirs)) if is_one || !theirs.customer.is_identified() => {
            let into = Named::Customer(ours.customer.id);
            ours.customer.take_over(&event.charter, &theirs.customer);
            let aliases = theirs.customer.aliases.iter();
            before.named.extend(aliases.map(|alias| (alias.key, into)));
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
            let aliases = &mut other.customer.aliases;
            aliases.retain(|known| known.key != alias.key);
        }
        let key = alias.key;
        if identity::add(&mut person.customer.aliases, alias)
            && before.named.iter().all(|(known, _)| *known != key)
        {
            before.named.push((key, named));
        }
    }
    before.others.extend(lost.map(|other| Other {
        customer: other.customer,
        before: other.known,
    }));
    before.customer.clone_from(&person.known);
    before.known = person.known;
    let consents = &mut person.customer.consents;
    consents.take_refusals(&before.refused, |_| true);
    if before.known.is_none() && (event.is_gpc || before.refused.has_refusal()) {
        before.stranger = Some(Stranger {
            customer: person.customer.clone(),
            named: before.named.clone(),
        });
    }
    before.parties.customer = Some(person.customer);
    if is_of_nobody(event, now, &names, &before.parties) {
        return before.of_nobody();
    }
    before
}

/// What was refused at a browser: all of it where nobody has said yet whose it is, else what the browser itself said. To remember
/// an objection needs no leave: it goes over to whoever logs in there.
fn refused(visitor: Option<&Person>) -> Consents {
    let mut refused = Consents::default();
    if let Some(visitor) = visitor.map(|visitor| &visitor.customer) {
        let is_identified = visitor.is_identified();
        let consents = &visitor.consents;
        refused.take_refusals(consents, |said| !is_identified || is_of_browser(said));
    }
    refused
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
fn is_of_nobody(event: &Event, now: Instant, names: &[&Name], standing: &Parties) -> bool {
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

/// Where whom it names is found: under its normal form, and as they may have been kept before there was one; the first is meant.
async fn known_keys(
    core: &Core,
    event: &Event,
    name: &Name,
) -> Result<[Option<IdentityKey>; 2], Undecided> {
    let normal = key(core, event, name);
    if name.former.is_empty() {
        return Ok([Some(normal), None]);
    }
    let (node, identity) = (core.node(), event.charter.identities.at(name.identity).key);
    let mut found = Vec::new();
    let former = name.former.iter();
    let former = former.map(|former| IdentityKey::of(node.salt(), identity, former));
    for key in std::iter::once(normal).chain(former) {
        let named = node.cache().find(key).await?;
        if named.is_some() && found.iter().all(|(_, other)| *other != named) {
            found.push((key, named));
        }
    }
    let mut found = found.into_iter().map(|(key, _)| key);
    Ok([found.next().or(Some(normal)), found.next()])
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
