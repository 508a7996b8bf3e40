//! Group commit: what was queued becomes durable, one batch after the other, and who waits for it hears of it.
//!
//! Queueing a record wakes nobody. The first task that waits lets the others of its runtime run and queue, and then has
//! all of it written: under `Process` by itself, since a write into the page cache is all there is to do and waking a
//! thread would cost more; under `Sync` by a thread of its own, which goes on as long as it finds something, so that the
//! next batch fills while it syncs. The thread also picks up, a little later, what nobody waits for.
//!
//! Locks are taken in this order: `io`, then `queue` or the segments' state; never the other way.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError, TryLockError};
use std::task::{Context, Poll};
use std::time::Duration;

use super::super::disk::DiskFile;
use super::super::format::{LogKey, Sealed, segment_name};
use super::queue::{Queue, Thread};
use super::segments::{Segments, write_all};
use super::waiters::{Ticket, Waiters};
use super::{Failed, Position, Refused, lock};
use crate::store::{Background, Chain, Durability, Settings, give_way};

/// How long the thread leaves records to those who will wait for them.
const LINGER: Duration = Duration::from_millis(2);

pub(super) struct Writer {
    pub(super) segments: Segments,
    key: LogKey,
    durability: Durability,
    pending_bytes: usize,
    queue: Mutex<Queue>,
    work: Condvar,
    io: Mutex<Io>,
    /// Held while a segment that was left is synced: only one thread hears why that failed.
    leaving: Mutex<Option<Failed>>,
    broken: OnceLock<Failed>,
    keeper: Mutex<Chores>,
    chores: Condvar,
    pub(super) waiters: Waiters,
    end: AtomicU64,
    durable: AtomicU64,
    synced: AtomicU64,
}

/// The segment that is written.
struct Io {
    start: u64,
    file: Option<Arc<dyn DiskFile>>,
}

/// What must be done away from the path.
#[derive(Default)]
struct Chores {
    /// The next segment to make.
    prepare: Option<u64>,
    /// Segments that were left unsynced, with the end of what they hold.
    left: Vec<(u64, Arc<dyn DiskFile>)>,
    quits: bool,
}

impl Writer {
    pub(super) fn new(segments: Segments, settings: &Settings, (end, chain): (u64, Chain)) -> Self {
        let key = segments.key;
        Self {
            segments,
            key,
            durability: settings.durability,
            pending_bytes: settings.pending_bytes,
            queue: Mutex::new(Queue::new(key, end, chain)),
            work: Condvar::new(),
            io: Mutex::new(Io {
                start: 0,
                file: None,
            }),
            leaving: Mutex::new(None),
            broken: OnceLock::new(),
            keeper: Mutex::default(),
            chores: Condvar::new(),
            waiters: Waiters::new(),
            end: AtomicU64::new(end),
            durable: AtomicU64::new(end),
            synced: AtomicU64::new(end),
        }
    }

    pub(super) fn end(&self) -> u64 {
        self.end.load(Ordering::SeqCst)
    }

    pub(super) fn durable(&self) -> u64 {
        self.durable.load(Ordering::SeqCst)
    }

    pub(super) fn synced(&self) -> u64 {
        self.synced.load(Ordering::SeqCst)
    }

    pub(super) fn failure(&self) -> Option<Failed> {
        lock(&self.queue).stopped.clone()
    }

    /// The chain after the last record, and where that record ends.
    pub(super) fn tip(&self) -> (Chain, u64) {
        let queue = lock(&self.queue);
        (queue.chain(), queue.end())
    }

    pub(super) fn queued(&self, position: u64) -> Option<super::Record> {
        lock(&self.queue).read(position)
    }

    pub(super) fn queue(
        &self,
        kind: u8,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<Position, Refused> {
        self.queue_after(kind, |_, _, bytes| write(bytes))
    }

    pub(super) fn queue_after(
        &self,
        kind: u8,
        write: impl FnOnce(Chain, Position, &mut Vec<u8>),
    ) -> Result<Position, Refused> {
        let mut queue = lock(&self.queue);
        let (chain, end) = (queue.chain(), Position(queue.end()));
        let position = queue.push(kind, self.pending_bytes, |bytes| write(chain, end, bytes))?;
        self.end.store(queue.end(), Ordering::SeqCst);
        let sleeps = queue.thread == Thread::Sleeps;
        if sleeps {
            queue.thread = Thread::Lingers;
        }
        drop(queue);
        if sleeps {
            self.work.notify_one();
        }
        Ok(position)
    }

    /// Has what is queued written: somebody waits.
    fn hurry(&self) {
        if self.durability == Durability::Process {
            return self.flush_unless_busy();
        }
        let mut queue = lock(&self.queue);
        if queue.thread != Thread::Works {
            queue.thread = Thread::Works;
            drop(queue);
            self.work.notify_one();
        }
    }

    /// Takes no more records.
    pub(super) fn stop(&self, failed: Failed) {
        lock(&self.queue).stopped.get_or_insert(failed);
    }

    pub(super) fn flush(&self) -> Result<(), Failed> {
        loop {
            let done = self.drain(&mut lock(&self.io));
            // Who queued between the last look and the unlocking found the lock taken, and relies on this second look.
            if done.is_err() || lock(&self.queue).is_empty() {
                return done;
            }
        }
    }

    /// Like `flush`, but leaves it to another thread that is at it.
    fn flush_unless_busy(&self) {
        loop {
            let done = match self.io.try_lock() {
                Ok(mut io) => self.drain(&mut io),
                Err(TryLockError::Poisoned(io)) => self.drain(&mut io.into_inner()),
                Err(TryLockError::WouldBlock) => return,
            };
            if done.is_err() || lock(&self.queue).is_empty() {
                return;
            }
        }
    }

    fn drain(&self, io: &mut Io) -> Result<(), Failed> {
        loop {
            let taken = lock(&self.queue).take(self.synced());
            match taken {
                Some(sealed) => self.commit(io, sealed)?,
                None => return self.broken.get().cloned().map_or(Ok(()), Err),
            }
        }
    }

    pub(super) fn settle(&self) -> Result<(), Failed> {
        let mut io = lock(&self.io);
        self.drain(&mut io)?;
        self.sync_all(&mut io)
    }

    /// Settles, and records in a batch without records that it is settled.
    pub(super) fn checkpoint(&self) -> Result<(), Failed> {
        let mut io = lock(&self.io);
        self.drain(&mut io)?;
        self.sync_all(&mut io)?;
        let sealed = lock(&self.queue).checkpoint(self.synced());
        self.end.store(sealed.end(), Ordering::SeqCst);
        self.commit(&mut io, sealed)?;
        self.sync_all(&mut io)
    }

    fn sync_all(&self, io: &mut Io) -> Result<(), Failed> {
        if self.synced() == self.durable() {
            return Ok(());
        }
        let done = self.sync_left().and_then(|()| match &io.file {
            Some(file) => sync(&**file, io.start),
            None => Ok(()),
        });
        if let Err(failed) = done {
            return Err(self.fail(failed));
        }
        self.synced.fetch_max(self.durable(), Ordering::SeqCst);
        Ok(())
    }

    fn commit(&self, io: &mut Io, sealed: Arc<Sealed>) -> Result<(), Failed> {
        if let Some(failed) = self.broken.get() {
            return Err(failed.clone());
        }
        if let Err(failed) = self.write(io, &sealed) {
            return Err(self.fail(failed));
        }
        let end = sealed.end();
        if self.durability == Durability::Sync {
            self.synced.store(end, Ordering::SeqCst);
        }
        // First durable, then gone from the queue: a reader finds the record in at least one of the two places.
        self.durable.store(end, Ordering::SeqCst);
        lock(&self.queue).landed(sealed);
        self.waiters.advance(end);
        self.prepare(end);
        Ok(())
    }

    fn write(&self, io: &mut Io, sealed: &Sealed) -> Result<(), Failed> {
        let start = self.key.segment_of(sealed.start);
        if io.file.is_none() || io.start != start {
            self.enter(io, start)?;
        }
        let Some(file) = &io.file else {
            return Ok(());
        };
        write_all(&**file, &sealed.bytes, self.key.offset_of(sealed.start))
            .map_err(|source| Failed::new("write", &segment_name(start), source))?;
        match self.durability {
            Durability::Sync => sync(&**file, start),
            Durability::Process => Ok(()),
        }
    }

    fn enter(&self, io: &mut Io, start: u64) -> Result<(), Failed> {
        self.segments.ensure(start)?;
        let file = self
            .segments
            .open(start)
            .map_err(|source| Failed::new("open", &segment_name(start), source))?;
        if let Some(old) = io.file.replace(file)
            && self.durability == Durability::Process
        {
            lock(&self.keeper).left.push((self.durable(), old));
            self.chores.notify_one();
        }
        io.start = start;
        Ok(())
    }

    /// Asks for the next segment once half of this one is used.
    fn prepare(&self, end: u64) {
        let next = self.key.segment_of(end) + self.key.segment_bytes;
        if self.key.offset_of(end) < self.key.segment_bytes / 2 {
            return;
        }
        let mut chores = lock(&self.keeper);
        if chores.prepare.is_none_or(|asked| asked < next) {
            chores.prepare = Some(next);
            self.chores.notify_one();
        }
    }

    /// INVARIANT: after a failed write or sync nothing is written again, so that nothing is ever acknowledged on top of it.
    fn fail(&self, failed: Failed) -> Failed {
        let failed = self.broken.get_or_init(|| failed).clone();
        lock(&self.queue).stopped = Some(failed.clone());
        self.waiters.release();
        failed
    }

    /// The writer thread.
    pub(super) fn run(&self) {
        while self.await_work() {
            if self.flush().is_err() {
                return;
            }
        }
    }

    /// Returns when something must be written by this thread; `false` when it must end.
    fn await_work(&self) -> bool {
        let mut queue = lock(&self.queue);
        if queue.is_empty() {
            queue.thread = Thread::Sleeps;
        }
        loop {
            if queue.quits {
                return false;
            }
            match queue.thread {
                Thread::Works => return true,
                Thread::Sleeps => queue = wait(self.work.wait(queue)),
                Thread::Lingers => {
                    let seen = self.end();
                    queue = wait(self.work.wait_timeout(queue, LINGER)).0;
                    if queue.thread != Thread::Lingers {
                        continue;
                    }
                    queue.thread = match (self.durable() < seen, queue.is_empty()) {
                        (true, false) => Thread::Works,
                        (_, false) => Thread::Lingers,
                        (_, true) => Thread::Sleeps,
                    };
                }
            }
        }
    }

    /// The keeper thread: makes segments ahead of need, syncs the ones that were left.
    pub(super) fn keep(&self) {
        give_way(Background::Soon);
        let mut prepared = 0;
        let mut chores = lock(&self.keeper);
        while !chores.quits {
            let next = chores.prepare.filter(|next| *next > prepared);
            if next.is_none() && chores.left.is_empty() {
                chores = wait(self.chores.wait(chores));
                continue;
            }
            drop(chores);
            if let Some(start) = next {
                prepared = start;
                if let Err(failed) = self.segments.ensure(start) {
                    tracing::warn!(%failed, "the log will stop at the end of its segment");
                }
            }
            if let Err(failed) = self.sync_left() {
                self.fail(failed);
                return;
            }
            chores = lock(&self.keeper);
        }
    }

    /// Syncs the segments that were left unsynced, oldest first.
    fn sync_left(&self) -> Result<(), Failed> {
        let mut leaving = lock(&self.leaving);
        loop {
            if let Some(failed) = &*leaving {
                return Err(failed.clone());
            }
            let Some((end, file)) = lock(&self.keeper).left.first().cloned() else {
                return Ok(());
            };
            let start = self.key.segment_of(end.saturating_sub(1));
            match sync(&*file, start) {
                Ok(()) => self.synced.fetch_max(end, Ordering::SeqCst),
                Err(failed) => return Err(leaving.insert(failed).clone()),
            };
            lock(&self.keeper).left.remove(0);
        }
    }

    pub(super) fn quit(&self) {
        lock(&self.queue).quits = true;
        lock(&self.keeper).quits = true;
        self.work.notify_all();
        self.chores.notify_all();
    }
}

/// Goes on after waiting, also when another thread panicked.
fn wait<T>(woken: Result<T, PoisonError<T>>) -> T {
    woken.unwrap_or_else(PoisonError::into_inner)
}

fn sync(file: &dyn DiskFile, start: u64) -> Result<(), Failed> {
    file.sync()
        .map_err(|source| Failed::new("sync", &segment_name(start), source))
}

/// Waits until everything before `target` is durable. May be dropped at any time.
pub(super) struct Until<'a> {
    writer: &'a Writer,
    target: u64,
    stage: Stage,
}

enum Stage {
    Fresh,
    /// Others of this runtime have had their turn to queue.
    Yielded,
    Waiting(Ticket),
}

impl<'a> Until<'a> {
    pub(super) fn new(writer: &'a Writer, target: u64) -> Self {
        Self {
            writer,
            target,
            stage: Stage::Fresh,
        }
    }

    fn outcome(&self) -> Option<Result<(), Failed>> {
        if self.writer.durable() >= self.target {
            return Some(Ok(()));
        }
        self.writer.broken.get().cloned().map(Err)
    }
}

impl Future for Until<'_> {
    type Output = Result<(), Failed>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let writer = self.writer;
        if let Stage::Waiting(ticket) = self.stage {
            writer.waiters.leave(ticket);
            self.stage = Stage::Yielded;
        }
        if let Some(outcome) = self.outcome() {
            return Poll::Ready(outcome);
        }
        if matches!(self.stage, Stage::Fresh) {
            self.stage = Stage::Yielded;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        writer.hurry();
        self.stage = Stage::Waiting(writer.waiters.join(self.target, context.waker().clone()));
        match self.outcome() {
            Some(outcome) => Poll::Ready(outcome),
            None => Poll::Pending,
        }
    }
}

impl Drop for Until<'_> {
    fn drop(&mut self) {
        if let Stage::Waiting(ticket) = self.stage {
            self.writer.waiters.leave(ticket);
        }
    }
}
