//! Ways to the customer or to a colleague.

use crate::charter::caps::Cap;
use crate::charter::hours::Hours;
use crate::charter::table::index;
use crate::ids::{Key, Text};

index! {
    /// One of the charter's channels.
    ChannelIx
}

/// A way to the customer or to a colleague: web, email, sales.
#[derive(Debug)]
pub struct Channel {
    pub name: Text,
    pub key: Key,
    pub mode: Mode,
    pub class: Latency,
    /// What delivers; `reply` for the reply itself.
    pub connector: Text,
    pub caps: Vec<Cap>,
    /// When it may be used; `None` for always.
    pub hours: Option<Hours>,
    /// The places for actions that it has; empty where it has none of its own.
    pub slots: Vec<Text>,
}

/// Answered in the reply, or delivered later.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    Respond,
    Inspire,
}

/// How fast an answer is needed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Latency {
    /// Milliseconds.
    Interactive,
    /// Seconds.
    Assisted,
    /// Minutes.
    Outbound,
}
