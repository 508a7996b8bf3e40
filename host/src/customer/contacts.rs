//! What was said to a customer, and what waits to be said.

use std::cmp::Ordering;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::charter::hours::{local_day, start_of_day};
use crate::charter::{CAP_AT_MOST, CAP_PER, Class, OnPending};
use crate::clock::{Instant, Span};
use crate::ids::{ActionId, CustomerId, DecisionId, Key, Text};

/// How long a contact is remembered: as long as any cap counts, and the day that a zone may be off.
const CONTACTS_KEPT: Span = Span::from_days(CAP_PER.millis() / DAY_MS + 2);
const DAY_MS: u64 = 86_400_000;

/// One action that reached its channel.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Contact {
    pub action: Key,
    pub channel: Key,
    pub class: Class,
    pub at: Instant,
}

/// One action that waits for its time.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Pending {
    pub id: ActionId,
    pub decision: DecisionId,
    pub action: Key,
    pub channel: Key,
    pub due: Instant,
    /// Not worth doing after this.
    pub until: Instant,
    /// Only one with this key is alive.
    pub key: Option<Text>,
    /// Events that make it pointless, as the policy asked; the charter's own count besides.
    pub cancel_on: Vec<Key>,
    pub class: Class,
    pub market: Key,
    /// Whose turn it is within its class: the action's weight, then the policy's score.
    pub rank: Rank,
    /// Whose consent it rests on; `None` where nobody was at hand.
    pub customer: Option<CustomerId>,
    /// Waits for a person until then; `None` once approved, or where nobody need approve.
    pub approval: Option<Instant>,
}

/// Precedence within one class: the heavier first, then the higher score.
#[derive(Clone, Copy, PartialEq, PartialOrd, Debug, Serialize, Deserialize)]
pub struct Rank {
    pub weight: u32,
    pub score: f64,
}

/// Whose turn it is: the class, then the rank in it.
pub type Priority = (Class, Rank);

/// `Less` where `one` comes before `other`.
pub fn before(one: Priority, other: Priority) -> Ordering {
    let ((class, rank), (others_class, others_rank)) = (one, other);
    class
        .cmp(&others_class)
        .then(others_rank.weight.cmp(&rank.weight))
        .then(others_rank.score.total_cmp(&rank.score))
}

impl Pending {
    pub fn priority(&self) -> Priority {
        (self.class, self.rank)
    }

    /// The contact that it is once it has acted.
    pub fn made(&self) -> Contact {
        Contact {
            action: self.action,
            channel: self.channel,
            class: self.class,
            at: self.due,
        }
    }

    /// Whether its time has come and it needed nobody's approval. Nobody said that it did not act, so it counts, and can no
    /// longer give way.
    pub fn may_have_acted(&self, now: Instant) -> bool {
        self.approval.is_none() && self.due < now
    }

    /// Whether a new action takes its place: one of the same key, or of the same kind where the charter says so.
    pub fn is_replaced_by(
        &self,
        now: Instant,
        action: Key,
        key: Option<&Text>,
        on_pending: OnPending,
    ) -> bool {
        let is_same_key = key.is_some() && self.key.as_ref() == key;
        let is_same_kind = on_pending == OnPending::Replace && self.action == action;
        !self.may_have_acted(now) && (is_same_key || is_same_kind)
    }
}

/// How many contacts went over `channel` since `since`.
pub fn count(contacts: &[Contact], channel: Key, since: Instant) -> i64 {
    let counted = contacts
        .iter()
        .filter(|contact| contact.channel == channel && contact.at >= since)
        .count();
    i64::try_from(counted).unwrap_or(i64::MAX)
}

/// Remembers a contact. Of one action over one channel as many are kept as the largest cap counts, so that a flood of
/// banners never makes a mail forgotten.
pub fn add(contacts: &mut Vec<Contact>, contact: Contact) {
    let is_same =
        |known: &Contact| (known.action, known.channel) == (contact.action, contact.channel);
    let kept = usize::try_from(CAP_AT_MOST).unwrap_or(usize::MAX);
    let is_full = contacts.iter().filter(|known| is_same(known)).count() >= kept;
    let oldest = contacts.iter().position(is_same).filter(|_| is_full);
    let place = contacts.partition_point(|known| known.at <= contact.at);
    contacts.insert(place, contact);
    if let Some(oldest) = oldest {
        contacts.remove(oldest.min(place));
    }
}

pub(super) fn forget(contacts: &mut Vec<Contact>, now: Instant) {
    contacts.retain(|contact| contact.at.plus(CONTACTS_KEPT) >= now);
}

pub(super) fn take_over(contacts: &mut Vec<Contact>, other: &[Contact]) {
    for contact in other {
        add(contacts, *contact);
    }
}

/// So much in a stretch of time: whole days are the calendar days of a zone, anything else is a rolling time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bound {
    pub at_most: u32,
    pub per: Span,
}

/// Something that counts: when, and how much.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Counted {
    pub at: Instant,
    pub weight: u32,
}

impl Bound {
    /// The first instant at or after `one.at` at which one more of its weight keeps the bound: in no stretch of this length
    /// that contains it is there more than the bound allows. `None` where there never is one.
    ///
    /// `zone` is asked for only where something that counts is near.
    pub fn first_free<'z>(
        self,
        counted: impl Iterator<Item = Counted> + Clone,
        one: Counted,
        zone: impl FnOnce() -> &'z TimeZone,
    ) -> Option<Instant> {
        let room = u64::from(self.at_most.checked_sub(one.weight)?);
        // A day more than the stretch, and another for a zone that skips one.
        let near = one.at.minus(self.per).minus(Span::from_days(2));
        let near = counted.filter(move |counted| counted.at >= near);
        let weight: u64 = near.clone().map(|counted| u64::from(counted.weight)).sum();
        if weight <= room {
            return Some(one.at);
        }
        let width = |unit| i64::try_from(self.per.millis() / unit).ok();
        if !self.per.millis().is_multiple_of(DAY_MS) {
            let places = near.map(|counted| (counted.at.millis(), counted.weight));
            let free = first_place(places.collect(), room, width(1)?, one.at.millis());
            return Some(Instant::from_millis(free));
        }
        let zone = zone();
        let places = near.map(|counted| (local_day(zone, counted.at), counted.weight));
        let today = local_day(zone, one.at);
        let free = first_place(places.collect(), room, width(DAY_MS)?, today);
        match free == today {
            true => Some(one.at),
            false => start_of_day(zone, free),
        }
    }
}

/// The first place at or after `from` such that no `width` places in a row that contain it hold more than `room`.
///
/// A run of entries that weighs too much and fits into `width` blocks every place that would fit into it as well: from
/// `width` before its end until `width` after its beginning. The shortest such run from each entry on, in order, are all
/// that matters, and what they block begins and ends in the same order.
fn first_place(mut places: Vec<(i64, u32)>, room: u64, width: i64, from: i64) -> i64 {
    places.sort_unstable();
    let mut ahead = places.iter();
    let (mut free, mut end, mut weight) = (from, from, 0);
    for (start, own) in &places {
        while weight <= room {
            let Some((next, more)) = ahead.next() else {
                return free;
            };
            end = *next;
            weight += u64::from(*more);
        }
        let blocked = end - width + 1..start + width;
        if end - start < width && blocked.contains(&free) {
            free = blocked.end;
        }
        weight -= u64::from(*own);
    }
    free
}
