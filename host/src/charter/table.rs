//! Lists that only their own indices can enter.

use std::marker::PhantomData;

/// A number that is only made by the table that it enters.
pub trait Index: Copy {
    fn from_number(number: u16) -> Self;
    fn number(self) -> u16;
}

macro_rules! index {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub struct $name(u16);

        impl $crate::charter::table::Index for $name {
            fn from_number(number: u16) -> Self {
                Self(number)
            }

            fn number(self) -> u16 {
                self.0
            }
        }
    };
}
pub(crate) use index;

/// The entries of one section of the charter.
#[derive(Debug)]
pub struct Table<I, T> {
    entries: Vec<T>,
    of: PhantomData<I>,
}

impl<I: Index, T> Table<I, T> {
    pub fn new() -> Self {
        Self {
            entries: Vec::new(),
            of: PhantomData,
        }
    }

    /// Adds an entry; `None` when the table is full (65,535 entries).
    pub fn push(&mut self, entry: T) -> Option<I> {
        let index = u16::try_from(self.entries.len())
            .ok()
            .filter(|number| *number < u16::MAX)?;
        self.entries.push(entry);
        Some(I::from_number(index))
    }

    /// INVARIANT: an index is only used with the charter that made it.
    #[expect(
        clippy::indexing_slicing,
        reason = "an index is only used with the charter that made it"
    )]
    pub fn at(&self, index: I) -> &T {
        &self.entries[usize::from(index.number())]
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "an index is only used with the charter that made it"
    )]
    pub fn at_mut(&mut self, index: I) -> &mut T {
        &mut self.entries[usize::from(index.number())]
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = (I, &T)> + Clone {
        (0..).map(I::from_number).zip(&self.entries)
    }
}

impl<I: Index, T> Default for Table<I, T> {
    fn default() -> Self {
        Self::new()
    }
}
