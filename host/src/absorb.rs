//! The charter's updates, applied to a copy of whom the event is about: for every event, in every market, the same way,
//! before any policy runs.

mod seen;
mod consent;
mod updates;
mod memberships;
mod timers;
mod pending;

use crate::charter::{BuiltIn, Charter, Membership, Per};
use crate::clock::Instant;
use crate::customer::{Account, Customer, IdentityKey, Status};
use crate::event::Event;
use crate::ids::{ActionId, Key, Text};

pub use consent::{RememberedCustomer, is_of_browser, may_remember, remember};
pub use seen::{AllowedFacts, Situation};
pub use timers::has_elapsed;

/// Whom an event is about: nobody, a customer, an account or both.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Parties {
    pub customer: Option<Customer>,
    pub account: Option<Account>,
}

/// What absorbing an event did besides changing what is known.
#[derive(Clone, Debug, Default)]
pub struct Absorption {
    /// Pending actions that the event made pointless, or that are no longer allowed.
    pub cancelled: Vec<Lapse>,
    /// Whether the customer gave a basis to keep the event. Without one it is decided, and forgotten.
    pub is_kept: bool,
    /// Fields where the event said something else than what the charter's rule lets stand (A17).
    pub conflicts: Vec<Text>,
    /// Fields that its source may not write, or not so (C01).
    pub refused_writes: Vec<Text>,
    /// `segment.big_spender`, `stage.loyalty=gold`
    pub entered: Vec<Text>,
    pub left: Vec<Text>,
    /// Moments whose silence is now waited for.
    pub waits_for: Vec<Text>,
    /// Fields and lists of which something is no longer kept: its retention is over.
    pub faded: Vec<Text>,
    /// Names that name nobody any more.
    pub forgotten: Vec<IdentityKey>,
    /// What follows from the event.
    pub derived: Vec<Consequence>,
}

/// An event of the host itself that follows from another.
#[derive(Clone, Debug)]
pub struct Consequence {
    pub event: Event,
    /// What was entered or left: it is nobody's business where one of its purposes is not allowed.
    pub of: Membership,
}

impl Consequence {
    /// Whether everything that the membership rests on may be used.
    pub fn may_be_known(&self, now: Instant, standing: &Parties) -> bool {
        let seen = Situation {
            event: &self.event,
            now,
            standing,
        };
        seen.allows_membership(self.of)
    }
}

/// A pending action that will not act, and why.
#[derive(Clone, PartialEq, Debug)]
pub struct Lapse {
    pub id: ActionId,
    pub action: Key,
    pub because: Text,
}

/// Applies the event to `standing`.
pub fn absorb(event: &Event, now: Instant, standing: &mut Parties) -> Absorption {
    let charter = &*event.charter;
    let mut absorbed = Absorption::default();
    for status in standing.statuses() {
        absorbed.faded.extend(status.forget(charter, now));
    }
    if let Some(customer) = &mut standing.customer {
        absorbed.cancelled = pending::part_rivals(charter, now, &mut customer.status);
        consent::hear(event, now, customer);
    }
    absorbed.is_kept = consent::may_keep(event, now, standing);
    if !absorbed.is_kept {
        return absorbed;
    }
    let kind = charter.events.at(event.kind);
    for update in &kind.updates {
        updates::apply(event, now, update, standing, &mut absorbed);
    }
    take_in(event, now, standing, &mut absorbed);
    memberships::judge(event, now, standing, &mut absorbed);
    // Once: what follows from these is not asked.
    for derived in std::mem::take(&mut absorbed.derived) {
        // Nothing counts, waits or ends because of what nobody may know.
        if derived.may_be_known(now, standing) {
            take_in(&derived.event, now, standing, &mut absorbed);
        }
        absorbed.derived.push(derived);
    }
    pending::hold_back(event, now, standing, &mut absorbed);
    if kind.built_in == Some(BuiltIn::DataExpired) {
        forget_names(charter, now, standing, &mut absorbed);
    }
    if let Some(customer) = &mut standing.customer {
        customer.plan_fading(charter);
    }
    if let Some(account) = &mut standing.account {
        account.plan_fading(charter);
    }
    absorbed
}

/// Names that are no longer kept name nobody any more.
fn forget_names(
    charter: &Charter,
    now: Instant,
    standing: &mut Parties,
    absorbed: &mut Absorption,
) {
    let Some(customer) = &mut standing.customer else {
        return;
    };
    for alias in customer.forget_names(charter, now) {
        let kind = alias.kind(charter);
        let name = kind.map(|identity| identity.name.clone());
        absorbed.faded.extend(name);
        absorbed.forgotten.push(alias.key);
    }
}

/// What every event does, the host's own too.
fn take_in(event: &Event, now: Instant, standing: &mut Parties, absorbed: &mut Absorption) {
    let charter = &*event.charter;
    let kind = charter.events.at(event.kind);
    for window in &kind.windows {
        updates::count(event, now, charter.windows.at(*window), standing);
    }
    for items in &kind.items {
        updates::note_items(event, now, charter.items.at(*items), standing);
    }
    timers::heed(event, now, standing, absorbed);
    pending::note_signal(event, standing);
    pending::supersede(event, now, standing, absorbed);
}

impl Parties {
    fn statuses(&mut self) -> impl Iterator<Item = &mut Status> {
        let customer = self.customer.as_mut().map(|customer| &mut customer.status);
        let account = self.account.as_mut().map(|account| &mut account.status);
        customer.into_iter().chain(account)
    }

    fn status(&self, per: Per) -> Option<&Status> {
        match per {
            Per::Customer => self.customer.as_ref().map(|customer| &customer.status),
            Per::Account => self.account.as_ref().map(|account| &account.status),
        }
    }

    fn status_mut(&mut self, per: Per) -> Option<&mut Status> {
        match per {
            Per::Customer => self.customer.as_mut().map(|customer| &mut customer.status),
            Per::Account => self.account.as_mut().map(|account| &mut account.status),
        }
    }
}
