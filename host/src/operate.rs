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

pub use approve::{ApprovalResult, Fate, SettleError, settle};
pub use change::{Change, ChangeError, Changed, Expects, with_choices};
pub use deploy::{LoadError, Overdue, PolicyGap};
pub use erase::{EraseError, Gone};
pub use fire::{DueEvents, fire};
pub use rotation::RotationError;
pub use stops::SwitchError;
pub use unsubscribe::{UnsubscribeError, language_of, unsubscribe};
