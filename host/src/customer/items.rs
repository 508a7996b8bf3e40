//! An instant per item: when something was last bought.

use serde::{Deserialize, Serialize};

use crate::charter::{Charter, Items};
use crate::clock::{Instant, Span};
use crate::customer::traces::{self, ItemTraces, Touches, Way, of_list};
use crate::ids::{Key, Text};

/// The item lists that hold anything.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct ItemLists {
    lists: Vec<(Key, Vec<(Text, Instant)>)>,
    /// What was taken out, as long as something older may still arrive. Kept at the end of the status.
    #[serde(skip)]
    pub(super) removed: ItemTraces,
}

impl ItemLists {
    /// When `item` was added, unless that is longer ago than the list remembers.
    pub fn at(&self, list: &Items, item: &str, now: Instant) -> Option<Instant> {
        let (_, items) = self.lists.iter().find(|(key, _)| *key == list.key)?;
        let added = items
            .iter()
            .find(|(name, _)| name == item)
            .map(|(_, added)| *added)?;
        list.retention
            .is_none_or(|kept| added.plus(kept) >= now)
            .then_some(added)
    }

    /// Adds an item, or makes its instant later, unless it was taken out after `at`; the oldest makes room when the list is
    /// full.
    pub fn add(&mut self, list: &Items, item: &Text, at: Instant) {
        let removed = self.removed_of(list.key);
        let removed = removed.and_then(|all| all.taken_out(traces::mark(item.as_bytes())));
        if removed <= Some(at) {
            self.put(list, item, at);
        }
    }

    fn put(&mut self, list: &Items, item: &Text, at: Instant) {
        let items = self.list(list.key);
        if let Some((_, added)) = items.iter_mut().find(|(name, _)| name == item) {
            *added = (*added).max(at);
            return;
        }
        if items.len() >= list.keep
            && let Some((place, oldest)) = items
                .iter()
                .enumerate()
                .map(|(place, (_, added))| (place, *added))
                .min_by_key(|(_, added)| *added)
        {
            if oldest > at {
                return;
            }
            items.swap_remove(place);
        }
        items.push((item.clone(), at));
    }

    /// Takes an item out, unless it was added after `at`.
    pub fn remove(&mut self, list: &Items, item: &str, at: Instant) {
        self.list(list.key)
            .retain(|(name, added)| name != item || *added > at);
        of_list(&mut self.removed, list.key).touch(traces::mark(item.as_bytes()), at, Way::Out);
    }

    fn removed_of(&self, key: Key) -> Option<&Touches> {
        let mut removed = self.removed.iter();
        removed
            .find(|(of, _)| *of == key)
            .map(|(_, removed)| removed)
    }

    fn list(&mut self, key: Key) -> &mut Vec<(Text, Instant)> {
        let place = match self.lists.iter().position(|(of, _)| *of == key) {
            Some(place) => place,
            None => {
                self.lists.push((key, Vec::new()));
                self.lists.len() - 1
            }
        };
        #[expect(clippy::indexing_slicing, reason = "the place was just found or made")]
        &mut self.lists[place].1
    }

    pub fn iter(&self) -> impl Iterator<Item = (Key, &[(Text, Instant)])> {
        self.lists
            .iter()
            .map(|(key, items)| (*key, items.as_slice()))
    }

    /// Drops what is no longer kept, and adds the names of the lists to `faded`.
    pub(super) fn forget(&mut self, charter: &Charter, now: Instant, faded: &mut Vec<Text>) {
        for (key, items) in &mut self.lists {
            let Some((list, kept)) = kept(charter, *key) else {
                continue;
            };
            let before = items.len();
            items.retain(|(_, added)| added.plus(kept) >= now);
            if items.len() < before {
                faded.push(list.name.clone());
            }
        }
        self.lists.retain(|(_, items)| !items.is_empty());
        traces::forget(&mut self.removed, now);
    }

    /// Until when the first of them is kept.
    pub(super) fn kept_until(&self, charter: &Charter) -> Option<Instant> {
        let lists = self.lists.iter().filter_map(|(key, items)| {
            let (_, kept) = kept(charter, *key)?;
            let first = items.iter().map(|(_, added)| *added).min()?;
            Some(first.plus(kept))
        });
        lists.min()
    }

    /// Of two who turn out to be one: what either added, unless the other one took it out since.
    pub(super) fn take_over(&mut self, charter: &Charter, other: &Self) {
        for (key, theirs) in &other.removed {
            let items = self.list(*key);
            items.retain(|(item, added)| !is_out(theirs, item, *added));
        }
        for (key, items) in &other.lists {
            let Some((_, list)) = charter.items.iter().find(|(_, list)| list.key == *key) else {
                // A list of another charter is kept as it is, for when it comes back.
                if self.list(*key).is_empty() {
                    self.list(*key).clone_from(items);
                }
                continue;
            };
            for (item, added) in items {
                let ours = self.removed_of(*key);
                if ours.is_none_or(|ours| !is_out(ours, item, *added)) {
                    self.put(list, item, *added);
                }
            }
        }
        for (key, theirs) in &other.removed {
            of_list(&mut self.removed, *key).join(theirs);
        }
    }
}

/// Whether an item was taken out after it was added.
fn is_out(removed: &Touches, item: &str, added: Instant) -> bool {
    removed.at(traces::mark(item.as_bytes())) > Some(added)
}

/// How long what stands in a list is kept; `None` for as long as nobody takes it out.
fn kept(charter: &Charter, key: Key) -> Option<(&Items, Span)> {
    let (_, list) = charter.items.iter().find(|(_, list)| list.key == key)?;
    Some((list, list.retention?))
}
