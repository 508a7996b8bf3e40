//! The records of `wit/policy.wit`, each laid out in memory as the canonical interface of components lays it out: what the
//! host hands over is read where it lies, and an answer is handed over where it was written.
//!
//! What is handed over must stay until the host has read it, so it is never given back. An instance lives for one decision.
//!
//! INVARIANT: fields and cases stand in the order of `wit/policy.wit`; the sizes below hold them to it.

use core::fmt;
use core::marker::PhantomData;
use core::ops::Deref;

/// Items one after another.
#[repr(C)]
pub struct List<'a, T> {
    start: *const T,
    count: usize,
    items: PhantomData<&'a [T]>,
}

impl<'a, T> List<'a, T> {
    pub const fn of(items: &'a [T]) -> Self {
        Self {
            start: items.as_ptr(),
            count: items.len(),
            items: PhantomData,
        }
    }

    /// What the host put into memory.
    ///
    /// # Safety
    ///
    /// From `start` on, so many items lie in memory that nobody writes to any more.
    #[expect(unsafe_code, reason = "the host says where it put things")]
    pub const unsafe fn at(start: *const T, count: usize) -> Self {
        Self {
            start,
            count,
            items: PhantomData,
        }
    }

    pub const fn items(self) -> &'a [T] {
        #[expect(unsafe_code, reason = "a list is a slice with a fixed layout")]
        // SAFETY: a list is made of a slice, or by the host, which put the items there.
        unsafe {
            core::slice::from_raw_parts(self.start, self.count)
        }
    }
}

impl<T> From<Vec<T>> for List<'static, T> {
    fn from(items: Vec<T>) -> Self {
        Self::of(items.leak())
    }
}

impl<T> Clone for List<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for List<'_, T> {}

impl<T: fmt::Debug> fmt::Debug for List<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.items().fmt(f)
    }
}

/// A text of a list, as `&str` is one alone.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Str<'a>(List<'a, u8>);

impl<'a> Str<'a> {
    #[doc(hidden)]
    pub const fn of(text: &'a str) -> Self {
        Self(List::of(text.as_bytes()))
    }

    /// What the host put into memory.
    ///
    /// # Safety
    ///
    /// As for [`List::at`]; and the bytes are UTF-8.
    #[doc(hidden)]
    #[expect(unsafe_code, reason = "the host says where it put things")]
    pub const unsafe fn at(start: *const u8, bytes: usize) -> Self {
        // SAFETY: the caller's.
        Self(unsafe { List::at(start, bytes) })
    }

    pub const fn as_str(self) -> &'a str {
        #[expect(unsafe_code, reason = "checking again costs fuel for every byte")]
        // SAFETY: it is made of a `str`, or by the host, whose texts are UTF-8.
        unsafe {
            core::str::from_utf8_unchecked(self.0.items())
        }
    }
}

impl Str<'static> {
    /// A copy that stays.
    pub(crate) fn copied(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<String> for Str<'static> {
    fn from(text: String) -> Self {
        Self::of(text.leak())
    }
}

impl Deref for Str<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Str<'_> {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq for Str<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Str<'_> {}

impl PartialEq<str> for Str<'_> {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Str<'_> {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl fmt::Debug for Str<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl fmt::Display for Str<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

/// `option`
#[derive(Clone, Copy, Debug)]
#[repr(C, u8)]
pub enum Maybe<T> {
    None,
    Some(T),
}

impl<T> Maybe<T> {
    pub fn as_option(&self) -> Option<&T> {
        match self {
            Self::None => None,
            Self::Some(value) => Some(value),
        }
    }
}

/// `value`
#[derive(Clone, Copy, Debug)]
#[repr(C, u8)]
pub enum Value<'a> {
    Flag(bool),
    Integer(i64),
    Number(f64),
    Text(Str<'a>),
    Instant(i64),
    Texts(List<'a, Str<'a>>),
    Integers(List<'a, i64>),
}

/// `kind`
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Kind {
    Flag,
    Integer,
    Number,
    Text,
    Instant,
    Texts,
    Integers,
}

/// `stamped`
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Stamped<'a> {
    pub value: Value<'a>,
    pub as_of: i64,
}

/// `reading`
#[derive(Clone, Copy, Debug)]
#[repr(C, u8)]
pub enum Reading<'a> {
    Known(Stamped<'a>),
    Stale(Stamped<'a>),
    Unknown,
    Withheld,
}

/// `event`, whose fields are handed over one by one.
#[derive(Clone, Debug)]
pub struct Event<'a> {
    pub moment: u32,
    pub channel: Option<Str<'a>>,
    pub occurred_at: i64,
    pub data: &'a [Maybe<Value<'a>>],
}

/// `context`, whose fields are handed over one by one.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    pub now: i64,
    pub utc_offset: i32,
    pub market: Str<'a>,
    pub language: Str<'a>,
    pub draw: u64,
    pub readings: &'a [Reading<'a>],
}

/// `local-time`
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct LocalTime {
    pub days: u32,
    pub minute: u32,
}

/// `timing`
#[derive(Clone, Copy, Debug)]
#[repr(C, u8)]
pub enum Timing {
    Now,
    After(u64),
    At(i64),
    Local(LocalTime),
}

/// `parameter`
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Parameter {
    pub name: Str<'static>,
    pub value: Value<'static>,
}

/// `proposal`
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Proposal {
    pub action: Str<'static>,
    pub channel: Str<'static>,
    pub timing: Timing,
    pub lapses_after: Maybe<u64>,
    pub key: Maybe<Str<'static>>,
    pub parameters: List<'static, Parameter>,
    pub cancel_on: List<'static, Str<'static>>,
    pub score: f64,
    pub reason: Str<'static>,
}

/// `decision`
#[derive(Clone, Copy, Debug)]
#[repr(C, u8)]
pub enum Decision {
    Act(List<'static, Proposal>),
    Hold(Str<'static>),
}

/// `result<decision, string>`
#[derive(Clone, Copy, Debug)]
#[repr(C, u8)]
pub enum Answer {
    Decided(Decision),
    Undecided(Str<'static>),
}

impl From<Result<Decision, String>> for Answer {
    fn from(decided: Result<Decision, String>) -> Self {
        match decided {
            Ok(decision) => Self::Decided(decision),
            Err(why) => Self::Undecided(why.into()),
        }
    }
}

/// `manifest`
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Manifest {
    pub name: Str<'static>,
    pub version: Str<'static>,
    pub owner: Str<'static>,
    pub worst_case: Str<'static>,
    pub moments: List<'static, Moment>,
    pub reasons: List<'static, Reason>,
}

/// `moment`
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Moment {
    pub name: Str<'static>,
    pub data: List<'static, Input>,
    pub reads: List<'static, Input>,
    pub proposes: List<'static, MayPropose>,
}

/// `input`
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Input {
    pub name: Str<'static>,
    pub kind: Kind,
    pub required: bool,
}

/// `may-propose`
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct MayPropose {
    pub action: Str<'static>,
    pub channels: List<'static, Str<'static>>,
}

/// `reason`
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Reason {
    pub code: Str<'static>,
    pub sentences: List<'static, Sentence>,
}

/// `sentence`
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Sentence {
    pub language: Str<'static>,
    pub text: Str<'static>,
}

#[cfg(target_arch = "wasm32")]
const _: () = {
    assert!(size_of::<Maybe<Value<'_>>>() == 24 && size_of::<Reading<'_>>() == 32);
    assert!(size_of::<Proposal>() == 96 && size_of::<Parameter>() == 24);
    assert!(size_of::<Answer>() == 16 && size_of::<Manifest>() == 48);
    assert!(size_of::<Moment>() == 32 && size_of::<Input>() == 12);
};
