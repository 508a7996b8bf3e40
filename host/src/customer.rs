//! One customer's status, and an account's: pure data and pure transitions. Everything is kept under stable keys, so that
//! a new version of the charter needs no rewriting.

pub mod fields;
pub mod windows;
pub mod items;
pub mod consent;
pub mod identity;
pub mod contacts;
pub mod timers;
mod traces;
mod stored;

use serde::{Deserialize, Serialize};

use crate::charter::Charter;
use crate::clock::Instant;
use crate::ids::{AccountId, CustomerId, Key, Text};

pub use consent::{Consent, Consents, Given};
pub use contacts::{Bound, Contact, Counted, Pending, Rank};
pub use fields::{Fact, Fields};
pub use identity::{Alias, IdentityKey, Named};
pub use items::ItemLists;
pub use timers::Timer;
pub use windows::Figures;

/// One customer, as all markets and channels see them.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Customer {
    pub id: CustomerId,
    /// How many records changed this customer.
    pub revision: u64,
    pub since: Instant,
    /// For experiments: the same at every event, and kept when customers merge.
    pub draw: u64,
    pub aliases: Vec<Alias>,
    pub account: Option<AccountId>,
    pub consents: Consents,
    pub status: Status,
    /// Set when this customer was found to be another: whom to ask instead.
    pub merged_into: Option<CustomerId>,
    /// Who turned out to be this customer.
    pub merged: Vec<CustomerId>,
}

/// One company that customers belong to.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Account {
    pub id: AccountId,
    pub revision: u64,
    pub since: Instant,
    pub aliases: Vec<Alias>,
    pub status: Status,
}

/// What is known of a customer or an account.
#[derive(Clone, PartialEq, Debug, Default, Deserialize)]
#[serde(from = "stored::StoredStatus")]
pub struct Status {
    pub fields: Fields,
    pub windows: Figures,
    pub items: ItemLists,
    pub contacts: Vec<Contact>,
    pub pending: Vec<Pending>,
    /// The segments that it is in, and since when.
    pub segments: Vec<(Key, Instant)>,
    pub stages: Vec<Reached>,
    /// The charter by which all segments and stages were judged: the first bytes of its digest.
    pub judged_by: u64,
    /// Silences that are waited for, or were.
    pub timers: Vec<Timer>,
    /// When an event that a cool-down follows came last.
    pub signals: Vec<(Key, Instant)>,
    /// When the host has to look again, for something in it is then no longer kept.
    pub fades: Option<Instant>,
}

/// The step of a stage that was reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Reached {
    pub stage: Key,
    pub step: Key,
    pub since: Instant,
}

impl Customer {
    /// Somebody of whom nothing is known yet.
    pub fn new(id: CustomerId, draw: u64, since: Instant) -> Self {
        Self {
            id,
            revision: 0,
            since,
            draw,
            aliases: Vec::new(),
            account: None,
            consents: Consents::default(),
            status: Status::default(),
            merged_into: None,
            merged: Vec::new(),
        }
    }

    /// Whether a strong identity names this customer.
    pub fn is_identified(&self) -> bool {
        self.aliases.iter().any(|alias| alias.is_strong)
    }

    /// Whether `id` is this customer's, or of somebody who turned out to be this customer.
    pub fn is_or_was(&self, id: CustomerId) -> bool {
        self.id == id || self.merged.contains(&id)
    }

    /// Takes over what was known of somebody who turned out to be this customer. Consents: the stricter one wins; contacts
    /// add up; fields and items are what one customer's would be from the start; the draw stays.
    pub fn take_over(&mut self, charter: &Charter, other: &Self) {
        self.since = self.since.min(other.since);
        self.account = self.account.or(other.account);
        self.consents.take_stricter(&other.consents);
        for alias in &other.aliases {
            identity::add(&mut self.aliases, alias.clone());
        }
        self.merged.push(other.id);
        self.merged.extend_from_slice(&other.merged);
        self.status.take_over(charter, &other.status);
    }
}

impl Customer {
    /// Plans when to look again for what is no longer kept.
    pub fn plan_fading(&mut self, charter: &Charter) {
        let names = self.aliases.iter();
        let kept = names.filter_map(|alias| alias.kept_until(charter));
        self.status.plan_fading(charter, kept.min());
    }

    /// Whether nothing would lead to them any more.
    pub fn has_lost_all_names(&self, charter: &Charter, now: Instant) -> bool {
        let mut names = self.aliases.iter();
        names.all(|alias| alias.kept_until(charter).is_some_and(|until| until < now))
    }

    /// Drops the names that are no longer kept; returns them.
    pub fn forget_names(&mut self, charter: &Charter, now: Instant) -> Vec<Alias> {
        let is_over =
            |alias: &mut Alias| alias.kept_until(charter).is_some_and(|until| until < now);
        self.aliases.extract_if(.., is_over).collect()
    }
}

impl Account {
    /// Plans when to look again for what is no longer kept.
    pub fn plan_fading(&mut self, charter: &Charter) {
        self.status.plan_fading(charter, None);
    }

    pub fn new(id: AccountId, since: Instant) -> Self {
        Self {
            id,
            revision: 0,
            since,
            aliases: Vec::new(),
            status: Status::default(),
        }
    }
}

impl Status {
    /// Drops what the charter no longer lets anyone keep, or nobody can use any more; returns the names of what is no longer
    /// kept.
    pub fn forget(&mut self, charter: &Charter, now: Instant) -> Vec<Text> {
        let mut faded = Vec::new();
        self.fields.forget(charter, now, &mut faded);
        self.windows.forget(charter, now, &mut faded);
        self.items.forget(charter, now, &mut faded);
        contacts::forget(&mut self.contacts, now);
        self.end(now, |pending| {
            pending.until < now || pending.approval.is_some_and(|until| until < now)
        });
        timers::forget(&mut self.timers, charter, now);
        self.signals.retain(|(event, at)| {
            let heeded = charter.cool_downs.iter().filter(|cool_down| {
                let mut after = cool_down.after.iter();
                after.any(|kind| charter.events.at(*kind).key == *event)
            });
            let mut ends = heeded.map(|cool_down| at.plus(cool_down.lasts));
            ends.any(|end| end >= now)
        });
        faded
    }

    /// Plans when to look again for what is no longer kept: when the first day is over on which something is not, or a name
    /// that is kept until `names`.
    fn plan_fading(&mut self, charter: &Charter, names: Option<Instant>) {
        let fields = self.fields.kept_until(charter);
        let windows = self.windows.kept_until(charter);
        let all = [names, fields, windows, self.items.kept_until(charter)];
        self.fades = all.into_iter().flatten().min().map(Instant::next_day);
    }

    /// Ends what waits and is over; what may have acted counts as made.
    pub fn end(&mut self, now: Instant, mut is_over: impl FnMut(&Pending) -> bool) {
        let contacts = &mut self.contacts;
        self.pending.retain(|pending| {
            let ends = is_over(pending);
            if ends && pending.may_have_acted(now) {
                contacts::add(contacts, pending.made());
            }
            !ends
        });
    }

    /// An event came that a cool-down follows; the latest counts.
    pub fn note_signal(&mut self, event: Key, at: Instant) {
        match self.signals.iter_mut().find(|(of, _)| *of == event) {
            Some((_, last)) => *last = (*last).max(at),
            None => self.signals.push((event, at)),
        }
    }

    fn take_over(&mut self, charter: &Charter, other: &Self) {
        self.fields.take_over(charter, &other.fields);
        self.windows.take_over(charter, &other.windows);
        self.items.take_over(charter, &other.items);
        contacts::take_over(&mut self.contacts, &other.contacts);
        self.pending.extend(other.pending.iter().cloned());
        self.pending.sort_by_key(|pending| pending.due);
        timers::take_over(&mut self.timers, &other.timers);
        for (event, at) in &other.signals {
            self.note_signal(*event, *at);
        }
        // Whoever was in it in part is no newcomer; what holds of them together is judged with the next event.
        for (segment, since) in &other.segments {
            match self.segments.iter_mut().find(|(of, _)| of == segment) {
                Some((_, own)) => *own = (*own).min(*since),
                None => self.segments.push((*segment, *since)),
            }
        }
        for theirs in &other.stages {
            if self.stages.iter().all(|own| own.stage != theirs.stage) {
                self.stages.push(*theirs);
            }
        }
        self.judged_by = 0;
    }
}
