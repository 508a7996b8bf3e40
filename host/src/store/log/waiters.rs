//! Who waits for the disk. Waking another thread's runtime is a system call, so one waiter per thread is woken from
//! outside, and it wakes its neighbours, which is cheap.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::Waker;

use super::lock;

const GROUPS: usize = 64;

thread_local! {
    static GROUP: Cell<Option<usize>> = const { Cell::new(None) };
}

/// This thread's group. Threads may share one when there are more than [`GROUPS`]: slower, never wrong.
fn own_group() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    GROUP.with(|group| {
        group.get().unwrap_or_else(|| {
            let drawn = NEXT.fetch_add(1, Ordering::Relaxed) % GROUPS;
            group.set(Some(drawn));
            drawn
        })
    })
}

#[derive(Default)]
struct Group {
    /// By what they wait for, so that those who may go on are a prefix.
    waiting: BTreeMap<(u64, u64), Waker>,
    /// May go on, and are woken by the one of them that was woken from outside.
    ready: Vec<Waker>,
}

/// All who wait for one log.
#[derive(Default)]
pub(super) struct Waiters {
    groups: Vec<(AtomicUsize, Mutex<Group>)>,
    next: AtomicU64,
}

/// One who waits: to be given back with [`Waiters::leave`].
#[derive(Clone, Copy)]
pub(super) struct Ticket {
    group: usize,
    key: (u64, u64),
}

impl Waiters {
    pub(super) fn new() -> Self {
        let mut this = Self::default();
        this.groups.resize_with(GROUPS, Default::default);
        this
    }

    /// Waits until everything before `target` is durable.
    pub(super) fn join(&self, target: u64, waker: Waker) -> Ticket {
        let group = own_group();
        let key = (target, self.next.fetch_add(1, Ordering::Relaxed));
        if let Some((count, members)) = self.groups.get(group) {
            let mut members = lock(members);
            members.waiting.insert(key, waker);
            // Read without the lock by `advance`: the joiner looks at what is durable once more after joining.
            count.store(members.waiting.len(), Ordering::SeqCst);
        }
        Ticket { group, key }
    }

    /// Stops waiting, and passes the news on to neighbours who may go on.
    pub(super) fn leave(&self, ticket: Ticket) {
        let Some((count, members)) = self.groups.get(ticket.group) else {
            return;
        };
        let ready = {
            let mut members = lock(members);
            members.waiting.remove(&ticket.key);
            count.store(members.waiting.len(), Ordering::SeqCst);
            std::mem::take(&mut members.ready)
        };
        ready.into_iter().for_each(Waker::wake);
    }

    /// Lets go on who waits for what is before `durable`.
    pub(super) fn advance(&self, durable: u64) {
        for (count, members) in &self.groups {
            if count.load(Ordering::SeqCst) == 0 {
                continue;
            }
            let first = {
                let mut members = lock(members);
                let later = members.waiting.split_off(&(durable + 1, 0));
                let done = std::mem::replace(&mut members.waiting, later);
                count.store(members.waiting.len(), Ordering::SeqCst);
                members.ready.extend(done.into_values());
                members.ready.pop()
            };
            if let Some(waker) = first {
                waker.wake();
            }
        }
    }

    /// Wakes everybody: the log has failed.
    pub(super) fn release(&self) {
        for (_, members) in &self.groups {
            let (waiting, ready) = {
                let mut members = lock(members);
                (
                    std::mem::take(&mut members.waiting),
                    std::mem::take(&mut members.ready),
                )
            };
            waiting.into_values().chain(ready).for_each(Waker::wake);
        }
    }
}
