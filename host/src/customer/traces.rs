//! What is remembered beside what is known: enough that what happened before and is heard after changes nothing younger, and
//! that two who turn out to be one lose nothing.

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::clock::{Instant, Span};
use crate::ids::Key;
use crate::value::Value;

/// How long it is remembered: what arrives later and is older is taken.
pub(super) const LATE: Span = Span::from_days(30);
/// The most entries of one list that are remembered one by one.
const TOUCHES_AT_MOST: usize = 32;

/// What is remembered of fields.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub(super) struct FieldTraces {
    pub(super) sums: Vec<(Key, Sum)>,
    pub(super) lists: Vec<(Key, Touches)>,
    /// Who cleared a field that some sources lead.
    pub(super) clears: Vec<Clear>,
}

/// What is remembered of lists of items: what was taken out.
pub(super) type ItemTraces = Vec<(Key, Touches)>;

/// A number that was added to.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Sum {
    /// When the first of what was added happened.
    pub(super) first: Instant,
    /// What was set before it; `None` where all of the value was added up.
    pub(super) base: Option<Base>,
}

/// What was set.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Base {
    pub(super) value: Value,
    pub(super) source: Key,
    pub(super) at: Instant,
}

/// That a source cleared a field.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Clear {
    pub(super) of: Key,
    pub(super) source: Key,
    pub(super) at: Instant,
}

/// When the entries of a list were last put in or taken out.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Touches {
    /// When the list was last set or cleared as a whole.
    pub(super) since: Option<Instant>,
    /// Until when entries were put in of which that is no longer remembered one by one.
    put_in: Option<Instant>,
    /// Until when entries were taken out of which that is no longer remembered one by one.
    taken_out: Option<Instant>,
    /// In order of time.
    entries: Vec<Touch>,
}

/// When one entry was last put in or taken out.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
struct Touch {
    mark: u32,
    at: Instant,
    way: Way,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) enum Way {
    In,
    Out,
}

/// A number for one entry: enough to tell the entries of a list apart.
pub(super) fn mark(entry: &[u8]) -> u32 {
    xxh3_64(entry) as u32
}

impl FieldTraces {
    pub(super) fn is_empty(&self) -> bool {
        self.sums.is_empty() && self.lists.is_empty() && self.clears.is_empty()
    }

    /// Notes who cleared a field; of each source, the last time counts.
    pub(super) fn note_clear(&mut self, clear: Clear) {
        let mut known = self.clears.iter_mut();
        match known.find(|known| (known.of, known.source) == (clear.of, clear.source)) {
            Some(known) => known.at = known.at.max(clear.at),
            None => self.clears.push(clear),
        }
    }
}

impl Touches {
    /// Of a list that was set as a whole, if ever.
    pub(super) fn of_set(since: Option<Instant>) -> Self {
        Self {
            since,
            ..Self::default()
        }
    }

    /// When the entry was last put in or taken out, if it is remembered.
    pub(super) fn at(&self, mark: u32) -> Option<Instant> {
        let mut entries = self.entries.iter().rev();
        entries
            .find(|touch| touch.mark == mark)
            .map(|touch| touch.at)
    }

    /// When an entry that stands in the list was put in: at the latest, where it is not remembered.
    pub(super) fn put_in(&self, mark: u32) -> Option<Instant> {
        self.at(mark).or(self.since.max(self.put_in))
    }

    /// When an entry that does not stand in the list may have been taken out.
    pub(super) fn taken_out(&self, mark: u32) -> Option<Instant> {
        self.at(mark).or(self.taken_out)
    }

    /// Notes that the entry was put in or taken out. The oldest make room.
    pub(super) fn touch(&mut self, mark: u32, at: Instant, way: Way) {
        self.note(Touch { mark, at, way });
    }

    fn note(&mut self, touch: Touch) {
        let mut known = self.entries.iter();
        if let Some(place) = known.position(|known| known.mark == touch.mark) {
            if self.at(touch.mark) > Some(touch.at) {
                return;
            }
            self.entries.remove(place);
        }
        let place = self.entries.partition_point(|known| known.at <= touch.at);
        self.entries.insert(place, touch);
        if self.entries.len() > TOUCHES_AT_MOST {
            let oldest = self.entries.remove(0);
            let until = match oldest.way {
                Way::In => &mut self.put_in,
                Way::Out => &mut self.taken_out,
            };
            *until = (*until).max(Some(oldest.at));
        }
    }

    /// Whether the list was set or cleared as a whole after `at`.
    pub(super) fn is_set_since(&self, at: Instant) -> bool {
        self.since > Some(at)
    }

    /// Whether it cannot be told any more what stood in the list at `at`.
    pub(super) fn is_past(&self, at: Instant) -> bool {
        self.since.max(self.put_in).max(self.taken_out) > Some(at)
    }

    /// Whether nothing younger than `at` is remembered.
    pub(super) fn is_over(&self, at: Instant) -> bool {
        let last = self.entries.last().map(|touch| touch.at);
        last <= Some(at) && !self.is_past(at)
    }

    /// Forgets what is not younger than `at`, when the list was set or cleared as a whole.
    pub(super) fn begin(&mut self, at: Instant) {
        self.entries.retain(|touch| touch.at > at);
        self.since = self.since.max(Some(at));
    }

    /// Whether any entry is remembered.
    pub(super) fn is_any(&self) -> bool {
        !self.entries.is_empty()
    }

    /// What either of two remembers; of one entry, the later time.
    pub(super) fn join(&mut self, other: &Self) {
        for touch in &other.entries {
            self.note(*touch);
        }
        self.put_in = self.put_in.max(other.put_in);
        self.taken_out = self.taken_out.max(other.taken_out);
        self.since = self.since.max(other.since);
        let since = self.since;
        self.entries.retain(|touch| Some(touch.at) >= since);
    }
}

/// What is remembered of one list; made where there is nothing yet.
pub(super) fn of_list(lists: &mut Vec<(Key, Touches)>, key: Key) -> &mut Touches {
    let place = match lists.iter().position(|(of, _)| *of == key) {
        Some(place) => place,
        None => {
            lists.push((key, Touches::default()));
            lists.len() - 1
        }
    };
    #[expect(clippy::indexing_slicing, reason = "the place was just found or made")]
    &mut lists[place].1
}

/// Drops what nothing late is held against any more.
pub(super) fn forget(lists: &mut Vec<(Key, Touches)>, now: Instant) {
    lists.retain(|(_, touches)| !touches.is_over(now.minus(LATE)));
}
