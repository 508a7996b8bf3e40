//! The log: append, group commit, recovery. The one truth on disk.

mod queue;
mod records;
mod recovery;
mod segments;
mod verify;
mod waiters;
mod writer;

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use self::recovery::recover;
use self::segments::{MANIFEST, Segments};
use self::writer::{Until, Writer};
use super::disk::Disk;
use super::format::{Flaw, VERSION};
use super::{Chain, Position, Settings};

pub use self::records::Records;
pub use self::verify::{Met, Reader, Verification};

/// One record of the log: what kind it is, and its bytes; neither means anything here.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    pub kind: u8,
    pub bytes: Vec<u8>,
}

/// Without the bytes: they may be about a person.
impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Record({}, {} bytes)", self.kind, self.bytes.len())
    }
}

/// What opening a log found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Opened {
    /// There was no log, and now there is one.
    pub created: bool,
    /// A batch that was never acknowledged and did not wholly reach the disk.
    pub cut: Option<Cut>,
    /// Records that were read and found sound.
    pub records: u64,
    /// Where the log ended, before this host wrote to it.
    pub end: Position,
}

/// A torn tail that was cut off.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cut {
    /// Where the log ends now.
    pub position: Position,
    pub file: String,
    pub offset: u64,
    /// How many bytes, from there to the last that was not zero.
    pub bytes: u64,
    pub flaw: Flaw,
}

/// Why a log cannot be opened or read.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error("cannot {operation} `{file}` of the log")]
    Io {
        operation: &'static str,
        file: String,
        source: io::Error,
    },
    #[error(
        "`{file}` of the log is damaged at byte {offset}: {flaw}; restore the data folder from a copy"
    )]
    Damaged {
        file: String,
        offset: u64,
        flaw: Flaw,
    },
    #[error("`{file}` of the log is missing: restore it from a copy")]
    Missing { file: String },
    #[error("`{file}` does not belong to this log: put the log's own file in its place")]
    Foreign { file: String },
    #[error(
        "`{file}` of the log has format {found}, newer than this host's {VERSION}: start a newer host"
    )]
    Newer { file: String, found: u32 },
    #[error(
        "the log has format {found}, older than this host's {VERSION}, which does not read it: start on a new data folder; the kairos that wrote it still verifies, explains and reports it"
    )]
    Older { found: u32 },
    #[error("position {position} was removed: the log begins at {first}")]
    Removed { position: Position, first: Position },
    #[error("no durable record stands at position {position} of the log")]
    NoRecord { position: Position },
    #[error("cannot start the log's threads")]
    Threads(#[source] io::Error),
    #[error(transparent)]
    Failed(#[from] Failed),
}

impl LogError {
    fn io(operation: &'static str, file: &str, source: io::Error) -> Self {
        Self::Io {
            operation,
            file: file.to_owned(),
            source,
        }
    }

    fn newer(file: &str, found: u32) -> Self {
        Self::Newer {
            file: file.to_owned(),
            found,
        }
    }
}

/// The log takes no more records, for good: what failed may or may not be on the disk.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the log stopped for good: cannot {operation} `{file}`: {source}")]
pub struct Failed {
    operation: &'static str,
    file: Arc<str>,
    source: Arc<io::Error>,
}

impl Failed {
    fn new(operation: &'static str, file: &str, source: io::Error) -> Self {
        Self {
            operation,
            file: file.into(),
            source: Arc::new(source),
        }
    }

    /// What the operating system said.
    pub fn cause(&self) -> &io::Error {
        &self.source
    }
}

/// Why a record was not taken.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Refused {
    #[error("{bytes} bytes wait for the disk: try again later")]
    Full { bytes: usize },
    #[error("a record of {bytes} bytes is larger than the log takes")]
    TooLarge { bytes: usize },
    #[error(transparent)]
    Failed(#[from] Failed),
}

/// An append-only log of records, shared by all threads.
///
/// Dropping it stops its threads and leaves what was queued and not awaited to chance; [`Log::close`] does not.
pub struct Log {
    writer: Arc<Writer>,
    threads: Vec<JoinHandle<()>>,
}

impl std::fmt::Debug for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Log")
            .field("durable", &self.durable())
            .finish_non_exhaustive()
    }
}

impl Log {
    /// Whether `disk` holds a log already.
    pub fn exists(disk: &dyn Disk) -> Result<bool, LogError> {
        let names = disk
            .list()
            .map_err(|source| LogError::io("list", "the folder", source))?;
        Ok(names.iter().any(|name| name == MANIFEST))
    }

    /// Opens the log on `disk`, and makes one when there is none. A new log's segments have the settings' size for ever.
    pub fn open(disk: Arc<dyn Disk>, settings: &Settings) -> Result<(Self, Opened), LogError> {
        let found = recover(disk, settings)?;
        let writer = Arc::new(Writer::new(
            found.segments,
            settings,
            (found.end, found.chain),
        ));
        if found.unrecorded {
            writer.checkpoint()?;
        }
        let mut this = Self {
            writer,
            threads: Vec::new(),
        };
        this.start().map_err(LogError::Threads)?;
        Ok((this, found.opened))
    }

    fn start(&mut self) -> io::Result<()> {
        for (name, run) in [
            ("log-write", Writer::run as fn(&Writer)),
            ("log-keep", Writer::keep),
        ] {
            let writer = Arc::clone(&self.writer);
            let builder = std::thread::Builder::new().name(name.to_owned());
            self.threads.push(builder.spawn(move || run(&writer))?);
        }
        Ok(())
    }

    /// The random name of this log, which binds all of its bytes.
    pub fn id(&self) -> [u8; 16] {
        self.segments().key.id
    }

    /// Takes a record: gives it its place and encodes it straight into the pending batch. Does no input or output.
    ///
    /// `write` must only append. It runs under the queue's lock: it should be short.
    pub fn queue(&self, kind: u8, write: impl FnOnce(&mut Vec<u8>)) -> Result<Position, Refused> {
        self.writer.queue(kind, write)
    }

    /// The same for a record that says something about all records before it: `write` is told their chain and their end.
    pub fn queue_after(
        &self,
        kind: u8,
        write: impl FnOnce(Chain, Position, &mut Vec<u8>),
    ) -> Result<Position, Refused> {
        self.writer.queue_after(kind, write)
    }

    /// The end of the last queued record: every record so far starts before it.
    pub fn end(&self) -> Position {
        Position(self.writer.end())
    }

    /// The chain over every record so far, and where the last of them ends.
    pub fn tip(&self) -> (Chain, Position) {
        let (chain, end) = self.writer.tip();
        (chain, Position(end))
    }

    /// Every record that starts before it is durable.
    pub fn durable(&self) -> Position {
        Position(self.writer.durable())
    }

    /// Every record that starts before it has been synced, which is the same as durable under [`super::Durability::Sync`].
    pub fn synced(&self) -> Position {
        Position(self.writer.synced())
    }

    /// The first position that is kept.
    pub fn first(&self) -> Position {
        Position(self.segments().first())
    }

    /// Why the log stopped, when it did.
    pub fn failure(&self) -> Option<Failed> {
        self.writer.failure()
    }

    /// Waits until the record at `position` is durable.
    pub async fn until_durable(&self, position: Position) -> Result<(), Failed> {
        Until::new(&self.writer, position.0 + 1).await
    }

    /// Waits until every record that starts before `end` is durable.
    pub async fn until_all(&self, end: Position) -> Result<(), Failed> {
        Until::new(&self.writer, end.0).await
    }

    /// Writes what is pending, on this thread, and returns when it is durable.
    pub fn flush(&self) -> Result<(), Failed> {
        self.writer.flush()
    }

    /// Writes and syncs everything, whatever the durability.
    pub fn settle(&self) -> Result<(), Failed> {
        self.writer.settle()
    }

    /// Settles everything and records that it is settled; takes no records from then on.
    pub fn close(&self) -> Result<(), Failed> {
        self.writer.stop(Failed::new(
            "write to",
            MANIFEST,
            io::Error::other("the log was closed"),
        ));
        self.writer.checkpoint()
    }

    /// Reads the record at `position`, whether it is on the disk or still waits for it.
    pub fn read(&self, position: Position) -> Result<Record, LogError> {
        records::read(&self.writer, position)
    }

    /// Reads the durable records that start at or after `from`, in order, each checked.
    pub fn records(&self, from: Position) -> Records<'_> {
        Records::new(&self.writer, from)
    }

    /// Removes the segments that end at or before `position`. The caller has a verified snapshot that covers them.
    pub fn remove_before(&self, position: Position) -> Result<(), Failed> {
        self.segments()
            .remove_before(position.0.min(self.writer.synced()))
    }

    fn segments(&self) -> &Segments {
        &self.writer.segments
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.writer.quit();
        for thread in self.threads.drain(..) {
            // A thread that panicked has nothing more to say.
            drop(thread.join());
        }
    }
}

/// Locks; what a panicking thread left behind is whole, since every change under these locks is.
fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
