//! An instant per item: when something was last bought.

use serde::{Deserialize, Serialize};

use crate::charter::{Charter, Items};
use crate::clock::{Instant, Span};
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

    /// Drops what is no longer kept, and adds the names of the lists to `faded`.
    pub(super) fn forget(&mut self, charter: &Charter, now: Instant, faded: &mut Vec<Text>) {
        for (key, items) in &mut self.0 {
            let Some((list, kept)) = kept(charter, *key) else {
                continue;
            };
            let before = items.len();
            items.retain(|(_, added)| added.plus(kept) >= now);
            if items.len() < before {
                faded.push(list.name.clone());
            }
        }
        self.0.retain(|(_, items)| !items.is_empty());
    }

    /// Until when the first of them is kept.
    pub(super) fn kept_until(&self, charter: &Charter) -> Option<Instant> {
        let lists = self.0.iter().filter_map(|(key, items)| {
            let (_, kept) = kept(charter, *key)?;
            let first = items.iter().map(|(_, added)| *added).min()?;
            Some(first.plus(kept))
        });
        lists.min()
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

/// How long what stands in a list is kept; `None` for as long as nobody takes it out.
fn kept(charter: &Charter, key: Key) -> Option<(&Items, Span)> {
    let (_, list) = charter.items.iter().find(|(_, list)| list.key == key)?;
    Some((list, list.retention?))
}
