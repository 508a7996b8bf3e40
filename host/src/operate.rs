//! The offices that operate a host, each for one trade: what is due, what people approve, what customers object to.

mod approve;
mod fire;
mod unsubscribe;

pub use approve::{Fate, Settled, Unsettled, settle};
pub use fire::{Fired, fire};
pub use unsubscribe::{NotWithdrawn, unsubscribe};
