//! Tables of names: what one of them has is told by its place there.

use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use serde::{Deserialize, Serialize};

use crate::encoding::{Memory, Undecodable, write};
use crate::ids::{Digest, Map, Text};

/// The names of a charter or of a policy as the log keeps them: once, before the first record that is told with them.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Names {
    /// Counts the tables of one log, from 1.
    pub number: u32,
    /// Of the charter or the policy.
    pub of: Digest,
    pub texts: Vec<Text>,
    /// Names that are told together, such as a policy's inputs; only a policy's.
    pub lists: Vec<Vec<Text>>,
}

/// A table of names that can be looked up in.
#[derive(Debug)]
pub struct Vocabulary {
    pub number: u32,
    /// The charter or the policy.
    pub of: Digest,
    texts: Vec<Text>,
    places: Map<Text, u32>,
    /// As they are encoded with this table.
    lists: Vec<Arc<[u8]>>,
    list_places: Map<Arc<[u8]>, u32>,
}

/// The tables that something is told with.
#[derive(Clone, Copy, Default, Debug)]
pub struct Tables<'a> {
    pub charter: Option<&'a Vocabulary>,
    pub policy: Option<&'a Vocabulary>,
}

impl Vocabulary {
    pub fn new(names: Names) -> Self {
        let places = names.texts.iter().cloned().zip(0..).collect();
        let mut this = Self {
            number: names.number,
            of: names.of,
            texts: names.texts,
            places,
            lists: Vec::new(),
            list_places: Map::default(),
        };
        for (list, place) in names.lists.iter().zip(0..) {
            let tables = Tables {
                charter: None,
                policy: Some(&this),
            };
            let mut bytes = Vec::new();
            write(list, (&mut Memory::default(), tables), &mut bytes);
            let bytes: Arc<[u8]> = bytes.into();
            this.list_places.insert(Arc::clone(&bytes), place);
            this.lists.push(bytes);
        }
        this
    }

    pub(super) fn place(&self, text: &str) -> Option<u32> {
        self.places.get(text).copied()
    }

    pub(super) fn text(&self, place: u64) -> Option<&str> {
        let text = self.texts.get(usize::try_from(place).ok()?);
        text.map(Text::as_str)
    }

    pub(super) fn list_place(&self, encoded: &[u8]) -> Option<u32> {
        self.list_places.get(encoded).copied()
    }

    pub(super) fn list(&self, place: u64) -> Option<&[u8]> {
        let list = self.lists.get(usize::try_from(place).ok()?);
        list.map(|list| &**list)
    }
}

/// Every table of a log.
#[derive(Default, Debug)]
pub struct Dictionary(ArcSwap<Entries>);

/// The tables as they are at an instant.
#[derive(Clone, Default, Debug)]
pub struct Entries {
    by_number: Map<u32, Arc<Vocabulary>>,
    by_digest: Map<Digest, Arc<Vocabulary>>,
}

impl Dictionary {
    pub fn add(&self, names: Names) {
        let vocabulary = Arc::new(Vocabulary::new(names));
        self.0.rcu(|entries| {
            let mut entries = Entries::clone(entries);
            let (number, of) = (vocabulary.number, vocabulary.of);
            entries.by_number.insert(number, Arc::clone(&vocabulary));
            entries.by_digest.insert(of, Arc::clone(&vocabulary));
            entries
        });
    }

    pub fn load(&self) -> Guard<Arc<Entries>> {
        self.0.load()
    }
}

impl Entries {
    /// The table of a charter or a policy.
    pub fn of(&self, digest: &Digest) -> Option<&Vocabulary> {
        self.by_digest.get(digest).map(|table| &**table)
    }

    pub fn at(&self, number: u32) -> Result<&Vocabulary, Undecodable> {
        let table = self.by_number.get(&number).map(|table| &**table);
        table.ok_or(Undecodable::NoNames { number })
    }

    /// The number of the next table.
    pub fn next(&self) -> u32 {
        self.by_number.keys().max().copied().unwrap_or_default() + 1
    }
}
