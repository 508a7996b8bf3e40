//! What the values before one told, as writer and reader both know it.

/// How long a salt is: so much randomness begins whatever is closed.
pub const SALT_BYTES: usize = 16;

/// How far back an id or a key is looked for.
const REACH: usize = 32;
/// How far back a text is looked for.
pub(super) const TEXTS_REACH: usize = 16;

/// How an id of sixteen bytes is made.
#[derive(Clone, Copy)]
pub(super) enum Id {
    Drawn,
    /// It begins with a time.
    Sorted,
}

impl Id {
    /// By the name of its type.
    pub(super) fn of(name: &str) -> Option<Self> {
        match name {
            "CustomerId" | "AccountId" => Some(Self::Drawn),
            "DecisionId" | "ActionId" => Some(Self::Sorted),
            _ => None,
        }
    }
}

/// Before any time is told: 2024. The closer to it, the shorter the first time.
const BEGIN_MILLIS: i64 = 1_704_067_200_000;
/// How many times others are told by.
const TIMES: usize = 4;

/// What a run of values told so far, for those behind them.
#[derive(Clone, Debug)]
pub struct Memory {
    /// The latest times, and where the next one goes.
    times: [i64; TIMES],
    next: usize,
    ids: Vec<[u8; 16]>,
    keys: Vec<u32>,
    /// What everything that was closed for these values begins with, and which is told once.
    pub salt: Option<[u8; SALT_BYTES]>,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            times: [BEGIN_MILLIS; TIMES],
            next: 0,
            ids: Vec::new(),
            keys: Vec::new(),
            salt: None,
        }
    }
}

impl Memory {
    /// A time as a number: its distance to the nearest of the latest ones, and in the lowest bits which that is.
    pub(super) fn tell_time(&mut self, time: i64) -> u128 {
        let distances = self.times.iter().map(|known| time.wrapping_sub(*known));
        let nearest = distances
            .zip(0_u8..)
            .min_by_key(|(far, _)| far.unsigned_abs());
        let (distance, place) = nearest.unwrap_or_default();
        self.follow(distance, time);
        u128::from(zigzag(distance)) << 2 | u128::from(place)
    }

    /// The time that [`Self::tell_time`] told.
    pub(super) fn time(&mut self, told: u128) -> i64 {
        let distance = unzigzag((told >> 2) as u64);
        let known = self.times.get((told & 3) as usize);
        let time = known.copied().unwrap_or_default().wrapping_add(distance);
        self.follow(distance, time);
        time
    }

    /// A time that is new takes the place of the one that was told first.
    fn follow(&mut self, distance: i64, time: i64) {
        if distance != 0
            && let Some(place) = self.times.get_mut(self.next)
        {
            *place = time;
            self.next = (self.next + 1) % TIMES;
        }
    }

    /// How long ago the id came, from 1; `None` where it is told now.
    pub(super) fn find_id(&mut self, id: &[u8; 16]) -> Option<u64> {
        find(&mut self.ids, id)
    }

    pub(super) fn id(&self, back: u64) -> Option<[u8; 16]> {
        recall(&self.ids, back)
    }

    pub(super) fn add_id(&mut self, id: [u8; 16]) {
        self.ids.push(id);
    }

    /// How long ago the key came, from 1; `None` where it is told now.
    pub(super) fn find_key(&mut self, key: u32) -> Option<u64> {
        find(&mut self.keys, &key)
    }

    pub(super) fn key(&self, back: u64) -> Option<u32> {
        recall(&self.keys, back)
    }

    pub(super) fn add_key(&mut self, key: u32) {
        self.keys.push(key);
    }
}

fn find<T: Copy + PartialEq>(known: &mut Vec<T>, wanted: &T) -> Option<u64> {
    let mut recent = known.iter().rev().take(REACH);
    let back = recent.position(|one| one == wanted);
    if back.is_none() {
        known.push(*wanted);
    }
    back.map(|back| back as u64 + 1)
}

fn recall<T: Copy>(known: &[T], back: u64) -> Option<T> {
    let place = known.len().checked_sub(usize::try_from(back).ok()?)?;
    known.get(place).copied()
}

/// Small for what is close to zero, whatever its sign.
pub(super) fn zigzag(number: i64) -> u64 {
    (number << 1 ^ number >> 63).cast_unsigned()
}

pub(super) fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}
