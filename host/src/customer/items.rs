//! An instant per item: when something was last bought.

use serde::{Deserialize, Serialize};

use crate::charter::{Charter, Items};
use crate::clock::Instant;
use crate::ids::{Key, Text};

/// The item lists that hold anything.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct ItemLists(Vec<(Key, Vec<(Text, Instant)>)>);

impl ItemLists {
    /// When `item` was added, unless that is longer ago than the list remembers.
    pub fn at(&self, list: &Items, item: &str, now: Instant) -> Option<Instant> {
        let (_, items) = self.0.iter().find(|(key, _)| *key == list.key)?;
        let added = items
            .iter()
            .find(|(name, _)| name == item)
            .map(|(_, added)| *added)?;
        list.retention
            .is_none_or(|kept| added.plus(kept) >= now)
            .then_some(added)
    }

    /// Adds an item, or makes its instant later; the oldest makes room when the list is full.
    pub fn add(&mut self, list: &Items, item: &Text, at: Instant) {
        let items = self.list(list.key);
        if let Some((_, added)) = items.iter_mut().find(|(name, _)| name == item) {
            *added = (*added).max(at);
            return;
        }
        if items.len() >= list.keep
            && let Some(oldest) = items
                .iter()
                .enumerate()
                .min_by_key(|(_, (_, added))| *added)
                .map(|(place, _)| place)
        {
            items.swap_remove(oldest);
        }
        items.push((item.clone(), at));
    }

    /// Takes an item out, unless it was added after `at`.
    pub fn remove(&mut self, list: &Items, item: &str, at: Instant) {
        self.list(list.key)
            .retain(|(name, added)| name != item || *added > at);
    }

    fn list(&mut self, key: Key) -> &mut Vec<(Text, Instant)> {
        let place = match self.0.iter().position(|(of, _)| *of == key) {
            Some(place) => place,
            None => {
                self.0.push((key, Vec::new()));
                self.0.len() - 1
            }
        };
        #[expect(clippy::indexing_slicing, reason = "the place was just found or made")]
        &mut self.0[place].1
    }

    pub fn iter(&self) -> impl Iterator<Item = (Key, &[(Text, Instant)])> {
        self.0.iter().map(|(key, items)| (*key, items.as_slice()))
    }

    pub(super) fn forget(&mut self, charter: &Charter, now: Instant) {
        for (key, items) in &mut self.0 {
            let list = charter.items.iter().find(|(_, list)| list.key == *key);
            if let Some(kept) = list.and_then(|(_, list)| list.retention) {
                items.retain(|(_, added)| added.plus(kept) >= now);
            }
        }
        self.0.retain(|(_, items)| !items.is_empty());
    }

    pub(super) fn take_over(&mut self, charter: &Charter, other: &Self) {
        for (key, items) in &other.0 {
            if let Some((_, list)) = charter.items.iter().find(|(_, list)| list.key == *key) {
                for (item, added) in items {
                    self.add(list, item, *added);
                }
            }
        }
    }
}
