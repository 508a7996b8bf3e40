//! The offices that operate a host, each for one trade: what is due, what people approve and object to, kill switches, changes of
//! charter and policies, erasing, rotating keys, retention.

mod approve;
mod change;
mod deploy;
mod erase;
mod fire;
mod retention;
mod rotation;
mod stops;
mod unsubscribe;

pub use approve::{Fate, Settled, Unsettled, settle};
pub use change::{Change, Changed, Expects, Unchanged, with_choices};
pub use deploy::{LoadError, Overdue};
pub use erase::{Gone, NotErased};
pub use fire::{Fired, fire};
pub use rotation::NotDestroyed;
pub use stops::Unswitched;
pub use unsubscribe::{NotWithdrawn, unsubscribe};
