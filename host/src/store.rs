//! Durable bytes, without a notion of what they mean: the log, which is the truth, and the view, which the log can rebuild.

mod chain;
pub mod disk;
mod format;
pub mod log;
mod view;
mod snapshot;
mod folder;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use self::chain::{Chain, Link};
pub use self::folder::{Finish, Opened, Rebuilt, Replay, Store, StoreError};
pub use self::format::Flaw;
pub use self::log::{
    Cut, Failed, Log, LogError, Met, Reader, Record, Records, Refused, Verification,
};
pub use self::snapshot::SnapshotError;
pub use self::view::{Changes, Space, Unusable, View, ViewError};

/// A place in the log: the number of bytes before it since the log began.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
pub struct Position(u64);

impl Position {
    pub const fn from_u64(bytes: u64) -> Self {
        Self(bytes)
    }

    pub const fn as_u64(self) -> u64 {
        self.0
    }

    /// Reads the decimal form; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse().ok().map(Self)).flatten()
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// When a record counts as durable.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Durability {
    /// The disk has it: it survives a loss of power.
    #[default]
    Sync,
    /// The operating system has it: it survives the end of the process, whatever ended it.
    Process,
}

/// How the store works.
#[derive(Clone, Debug)]
pub struct Settings {
    pub durability: Durability,
    /// The size of a segment's file. Set when the folder is made; later changes do not matter to it.
    pub segment_bytes: u64,
    /// Beyond this many bytes that wait for the disk, no record is taken.
    pub pending_bytes: usize,
    /// How much of the log's end is read and checked at every start; what is older is checked when it is read.
    pub verify_bytes: u64,
    /// How much of the view's blocks is kept in memory.
    pub view_cache_bytes: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            durability: Durability::Sync,
            segment_bytes: 64 * 1024 * 1024,
            pending_bytes: 16 * 1024 * 1024,
            verify_bytes: 1024 * 1024 * 1024,
            view_cache_bytes: 64 * 1024 * 1024,
        }
    }
}

/// How far a thread in the background gives way to threads that serve, in the steps of `nice`.
#[derive(Clone, Copy)]
#[repr(i32)]
pub enum Background {
    /// A quarter of a core that is full.
    Soon = 5,
    /// A thirtieth of it, and what others leave.
    Sometime = 15,
}

/// From now on this thread, and whatever it starts, gives way to threads that serve; where the platform knows no such thing,
/// it works in small pieces all the same.
pub fn give_way(to: Background) {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, to as i32) {
        tracing::debug!(%error, "a thread in the background keeps its priority");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = to;
}
