//! What was said to a customer, and what waits to be said.

use serde::{Deserialize, Serialize};

use crate::charter::Class;
use crate::clock::{Instant, Span};
use crate::ids::{ActionId, DecisionId, Key, Text};

/// The most contacts remembered of one customer; the oldest are forgotten first.
const CONTACTS: usize = 64;
/// How long a contact is remembered.
const CONTACTS_KEPT: Span = Span::from_days(100);

/// One action that reached its channel.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
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
    /// Waits for a person until then; `None` once approved, or where nobody need approve.
    pub approval: Option<Instant>,
}

/// Precedence within one class: the heavier first, then the higher score.
#[derive(Clone, Copy, PartialEq, PartialOrd, Debug, Serialize, Deserialize)]
pub struct Rank {
    pub weight: u32,
    pub score: f64,
}

/// How many contacts went over `channel` since `since`.
pub fn count(contacts: &[Contact], channel: Key, since: Instant) -> i64 {
    let counted = contacts
        .iter()
        .filter(|contact| contact.channel == channel && contact.at >= since)
        .count();
    i64::try_from(counted).unwrap_or(i64::MAX)
}

/// Remembers a contact.
pub fn add(contacts: &mut Vec<Contact>, contact: Contact) {
    if contacts.len() >= CONTACTS {
        contacts.remove(0);
    }
    contacts.push(contact);
}

pub(super) fn forget(contacts: &mut Vec<Contact>, now: Instant) {
    contacts.retain(|contact| contact.at.plus(CONTACTS_KEPT) >= now);
}

pub(super) fn take_over(contacts: &mut Vec<Contact>, other: &[Contact]) {
    contacts.extend_from_slice(other);
    contacts.sort_by_key(|contact| contact.at);
    let surplus = contacts.len().saturating_sub(CONTACTS);
    contacts.drain(..surplus);
}
