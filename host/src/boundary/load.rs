//! What counts against a bound on contacts: those made, those that wait, and what this decision has already taken.

use std::cmp::Ordering;

use crate::boundary::arbitration::Arbitration;
use crate::boundary::{Candidate, caps, pressure};
use crate::charter::Class;
use crate::clock::Instant;
use crate::customer::contacts::before;
use crate::customer::{Bound, Contact, Counted, Pending};
use crate::ids::ActionId;

/// One bound that a candidate falls under.
#[derive(Clone, Copy)]
pub(super) struct Limit<'a> {
    pub bound: Bound,
    pub counts: Counts<'a>,
}

/// Which contacts a bound counts, and how much.
#[derive(Clone, Copy)]
pub(super) enum Counts<'a> {
    Cap(caps::Scope, &'a crate::charter::Cap),
    Pressure(&'a crate::charter::Pressure),
}

impl Limit<'_> {
    fn weight(&self, docket: &Arbitration<'_>, contact: &Contact) -> u32 {
        match self.counts {
            Counts::Cap(scope, cap) => {
                u32::from(cap.counts(contact.class) && scope.contains(contact))
            }
            Counts::Pressure(_) if contact.class == Class::Transactional => 0,
            Counts::Pressure(pressure) => {
                pressure::weight(docket.case.charter(), pressure, contact.channel)
            }
        }
    }

    /// The first instant at or after `at` at which the candidate keeps the bound.
    pub(super) fn first_free(
        &self,
        docket: &Arbitration<'_>,
        beside: &Load<'_>,
        at: Instant,
    ) -> Option<Instant> {
        let contacts = beside.contacts.iter().copied();
        self.free_of(docket, beside.candidate, at, contacts)
    }

    fn free_of(
        &self,
        docket: &Arbitration<'_>,
        candidate: &Candidate<'_>,
        at: Instant,
        contacts: impl Iterator<Item = Contact> + Clone,
    ) -> Option<Instant> {
        let own = docket.contact(candidate, at);
        let counted = contacts.map(|contact| Counted {
            at: contact.at,
            weight: self.weight(docket, &contact),
        });
        let one = Counted {
            at,
            weight: self.weight(docket, &own),
        };
        self.bound
            .first_free(counted, one, || docket.zone(candidate))
    }
}

/// A candidate, and what counts beside it: gathered once, for every bound and every instant that is asked about.
pub(super) struct Load<'c> {
    pub candidate: &'c Candidate<'c>,
    contacts: Vec<Contact>,
}

impl<'c> Load<'c> {
    /// What waits with lower precedence does not hold the candidate back.
    pub(super) fn of(docket: &Arbitration<'_>, candidate: &'c Candidate<'c>) -> Self {
        let stays = |pending: &Pending| !docket.outranks(candidate, pending);
        Self {
            candidate,
            contacts: docket.contacts(candidate, stays).collect(),
        }
    }
}

/// The waiting actions of lower precedence that have to give way for the candidate to act at `due`: as few as possible,
/// the lowest first.
pub(super) fn displaced(
    docket: &Arbitration<'_>,
    candidate: &Candidate<'_>,
    due: Instant,
) -> Vec<ActionId> {
    let case = &docket.case;
    if candidate.class(case) == Class::Transactional {
        return Vec::new();
    }
    let mut lower: Vec<&Pending> = docket
        .waiting(candidate)
        .filter(|pending| docket.outranks(candidate, pending))
        .collect();
    let mut gone: Vec<ActionId> = lower.iter().map(|pending| pending.id).collect();
    let is_kept = |gone: &[ActionId]| {
        let mut limits = caps::limits(case, candidate).chain(pressure::limit(case, candidate));
        limits.all(|limit| {
            let stays = |pending: &Pending| !gone.contains(&pending.id);
            let contacts = docket.contacts(candidate, stays);
            limit.free_of(docket, candidate, due, contacts) == Some(due)
        })
    };
    if gone.is_empty() || is_kept(&[]) {
        return Vec::new();
    }
    lower.sort_by(
        |one, other| match before(one.priority(), other.priority()) {
            Ordering::Equal => one.due.cmp(&other.due),
            order => order,
        },
    );
    for pending in lower {
        let without: Vec<ActionId> = gone
            .iter()
            .copied()
            .filter(|id| *id != pending.id)
            .collect();
        if is_kept(&without) {
            gone = without;
        }
    }
    gone
}
