//! Which events and names the view certainly does not have. Most events are new, and so are many names: to be told so by the view
//! costs more than anything else that is done about them.
//!
//! INVARIANT: what a filter that answers does not know was never installed: whatever is installed is added under the same lock,
//! and a filter answers only once everything that the view had before was added too.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;
use fastbloom::AtomicBloomFilter;

use crate::cache::{Cache, CacheError, Hasher};
use crate::store::Space;

/// So many bits for a key, and so many of them looked at: one of a hundred new keys is asked about in vain.
const BITS: usize = 10;
/// A filter has room for so many keys at least.
const LEAST_ROOM: usize = 1 << 18;
/// Whose keys it knows.
const SPACES: [Space; 2] = [Space::Events, Space::Identities];

struct Filter {
    bloom: AtomicBloomFilter<Hasher>,
    room: usize,
    added: AtomicUsize,
}

impl Filter {
    fn new(room: usize) -> Self {
        let bloom = AtomicBloomFilter::with_num_bits(room * BITS)
            .hasher(Hasher::default())
            .expected_items(room);
        Self {
            bloom,
            room,
            added: AtomicUsize::new(0),
        }
    }

    fn add(&self, key: &[u8]) {
        self.bloom.insert(key);
        self.added.fetch_add(1, Ordering::Relaxed);
    }

    fn is_full(&self) -> bool {
        self.added.load(Ordering::Relaxed) > self.room
    }
}

/// The filter that answers, and the one that is being made.
pub(super) struct Known {
    most: usize,
    answers: ArcSwapOption<Filter>,
    made: ArcSwapOption<Filter>,
    reached: Mutex<Learner>,
}

/// How far the view has been added to the filter that is being made.
#[derive(Default)]
struct Learner {
    spaces: usize,
    after: Option<Vec<u8>>,
}

impl Known {
    /// Filters of at most so many bytes.
    pub(super) fn new(most_bytes: u64) -> Self {
        let most = usize::try_from(most_bytes).unwrap_or(usize::MAX / 8) * 8 / BITS;
        Self {
            most: most.max(LEAST_ROOM),
            answers: ArcSwapOption::empty(),
            made: ArcSwapOption::empty(),
            reached: Mutex::default(),
        }
    }

    /// Only under the lock of what is ahead.
    pub(super) fn add(&self, key: &[u8]) {
        for filter in [&self.answers, &self.made] {
            if let Some(filter) = &*filter.load() {
                filter.add(key);
            }
        }
    }

    /// Whether the view may have something under a key that is not ahead of it.
    pub(super) fn may_have(&self, key: &[u8]) -> bool {
        let answers = self.answers.load();
        answers
            .as_ref()
            .is_none_or(|filter| filter.bloom.contains(key))
    }

    /// The room of the filter to be made next; `None` where the one that answers will do.
    fn next_room(&self) -> Option<usize> {
        let room = match &*self.answers.load() {
            Some(filter) if !filter.is_full() => return None,
            Some(filter) => filter.room * 2,
            None => LEAST_ROOM,
        };
        // Beyond that more and more is asked about in vain, and nothing is wrong.
        let grown = self.answers.load().as_ref().map_or(0, |filter| filter.room);
        let room = room.min(self.most);
        (room > grown).then_some(room)
    }
}

impl Cache {
    /// Goes on making the filter, by so many keys of the view, where one is wanted. Not for a thread that serves.
    pub fn learn_known(&self, at_most: usize) -> Result<(), CacheError> {
        let known = &self.known;
        let mut reached = known.reached.lock().unwrap_or_else(PoisonError::into_inner);
        let room = match &*known.made.load() {
            Some(made) if made.is_full() && made.room < known.most => Some(made.room * 2),
            Some(_) => None,
            None => match known.next_room() {
                Some(room) => Some(room),
                None => return Ok(()),
            },
        };
        if let Some(room) = room {
            *reached = Learner::default();
            self.begin_known(room.min(known.most));
        }
        let Some(made) = known.made.load_full() else {
            return Ok(());
        };
        let mut left = at_most;
        while let Some(space) = SPACES.get(reached.spaces) {
            let mut last = None;
            for pair in self.view.scan_after(*space, reached.after.as_deref()) {
                let (key, _) = pair?;
                made.add(&key);
                last = Some(key);
                left = left.saturating_sub(1);
                if left == 0 {
                    break;
                }
            }
            if left == 0 {
                reached.after = last;
                return Ok(());
            }
            reached.spaces += 1;
            reached.after = None;
        }
        // Under the lock, so that nothing is added to neither of them.
        let _ahead = self.ahead();
        known.answers.store(Some(made));
        known.made.store(None);
        Ok(())
    }

    fn begin_known(&self, room: usize) {
        let made = Arc::new(Filter::new(room));
        // INVARIANT: from here on whatever is installed is added; what was before is in the view, or ahead of it right now.
        let ahead = self.ahead();
        self.known.made.store(Some(Arc::clone(&made)));
        ahead.each_key(|key| made.add(key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(room: usize) -> (Known, Arc<Filter>) {
        let known = Known::new(1 << 20);
        let filter = Arc::new(Filter::new(room));
        known.answers.store(Some(Arc::clone(&filter)));
        (known, filter)
    }

    #[test]
    fn what_was_added_is_always_known_and_what_was_not_hardly_ever() {
        let (known, _) = known(10_000);
        let key = |number: u64| *blake3::hash(&number.to_le_bytes()).as_bytes();
        (0..10_000).for_each(|number| known.add(&key(number)));
        assert!((0..10_000).all(|number| known.may_have(&key(number))));
        let wrong = (10_000..20_000).filter(|number| known.may_have(&key(*number)));
        assert!(wrong.count() < 300);
    }

    #[test]
    fn a_full_filter_is_followed_by_a_larger_one_up_to_the_most() {
        let (known, filter) = known(LEAST_ROOM);
        assert_eq!(known.next_room(), None);
        filter.added.store(LEAST_ROOM + 1, Ordering::Relaxed);
        assert_eq!(known.next_room(), Some(2 * LEAST_ROOM));
        let largest = Filter::new(known.most);
        largest.added.store(known.most + 1, Ordering::Relaxed);
        known.answers.store(Some(Arc::new(largest)));
        assert_eq!(known.next_room(), None);
        assert!(Known::new(0).may_have(b"without a filter"));
    }
}
