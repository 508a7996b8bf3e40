//! Whom an event is about, as they are before it.

use crate::absorb::Parties;
use crate::cache::EncodedState;
use crate::customer::{Consents, Customer, IdentityKey, Named};

/// Everybody whom an event changes, with the names that it brings together settled; nothing else of it has happened yet.
#[derive(Default)]
pub(super) struct Before {
    /// Copies, to be changed.
    pub parties: Parties,
    /// How the customer and the account stand in the record before.
    pub customer: Option<EncodedState>,
    pub account: Option<EncodedState>,
    /// Somebody who turned out to be this customer, or lost a name to them.
    pub others: Vec<Other>,
    /// Names that are new, or move.
    pub named: Vec<(IdentityKey, Named)>,
    /// The customer as the host knew them, whatever the event names them by.
    pub known: Option<EncodedState>,
    /// Somebody new, with no more than the names that the event gives them: for what needs no leave to be remembered.
    pub stranger: Option<Stranger>,
    /// What was refused at the browser that the event comes from, before anybody said who they are.
    pub refused: Consents,
    /// Whether nobody gave leave to be remembered by what the event names them by: it is as of nobody.
    pub is_of_nobody: bool,
}

/// Somebody of whom nothing is known but their names.
pub(super) struct Stranger {
    pub customer: Customer,
    pub named: Vec<(IdentityKey, Named)>,
}

/// Another customer whom an event changes.
pub(super) struct Other {
    pub customer: Customer,
    pub before: Option<EncodedState>,
}

impl Before {
    /// The same as of nobody, whoever it may be.
    pub(super) fn of_nobody(self) -> Self {
        Self {
            known: self.known,
            stranger: self.stranger,
            refused: self.refused,
            is_of_nobody: true,
            ..Self::default()
        }
    }
}
