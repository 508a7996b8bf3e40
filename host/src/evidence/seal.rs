//! The bytes of a record: which tables of names it is told with, a header that anybody may read, a salt, the states, each closed
//! with the key of whose it is, and a body that is closed with the key of whom it is about.
//!
//! The body rests on all that stands before it: it opens only behind what it was written with.

use serde::{Deserialize, Serialize};

use crate::cache::States;
use crate::encoding::{self, Dictionary, Memory, SALT_BYTES, Tables, Undecodable};
use crate::evidence::{Body, Header};
use crate::ids::Digest;
use crate::keys::{Class, Keyring, Locked, Salt, SectionKey, Subject};

/// A record, taken apart. The states are still closed.
#[derive(Clone, PartialEq, Debug)]
pub struct Opened {
    pub header: Header,
    pub charter: Digest,
    pub body: Body,
    pub states: States,
}

/// A record that this host cannot read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    #[error("the record's {part} cannot be read")]
    Damaged {
        part: &'static str,
        source: Undecodable,
    },
    #[error("{0}")]
    Locked(#[from] Locked),
}

impl Unreadable {
    /// Whether whoever it is about was erased, or it is no longer kept.
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Locked(locked) if locked.is_for_good())
    }
}

/// What a body is told with.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Origin {
    charter: Source,
    /// The number of the table of the policy that answered.
    policy: Option<u32>,
}

/// A charter, and its table of names.
#[derive(Clone, Copy, Serialize, Deserialize)]
enum Source {
    Table(u32),
    /// One that has no table.
    Charter(Digest),
}

/// Appends the record's bytes, the body closed with `key`. The states were closed with the same salt.
pub fn seal(
    record: &Opened,
    (key, salt): (&SectionKey, Salt),
    dictionary: &Dictionary,
    bytes: &mut Vec<u8>,
) {
    let decisions = &mut record.body.decisions.iter();
    let policy = decisions.find_map(|decided| decided.policy.as_ref());
    let names = dictionary.load();
    let policy = policy.and_then(|policy| names.of(&policy.digest));
    let charter = names.of(&record.charter);
    let origin = Origin {
        charter: match charter {
            Some(charter) => Source::Table(charter.number),
            None => Source::Charter(record.charter),
        },
        policy: policy.map(|policy| policy.number),
    };
    let (head, mut memory) = (bytes.len(), Memory::default());
    bytes.push(encoding::FORMAT);
    let outside = (&origin, &record.header);
    encoding::write(&outside, (&mut memory, Tables::default()), bytes);
    bytes.extend_from_slice(salt.as_bytes());
    memory.salt = Some(*salt.as_bytes());
    encoding::write(&record.states, (&mut memory, Tables::default()), bytes);
    let begin = bytes.len();
    let tables = Tables { charter, policy };
    encoding::write(&record.body, (&mut memory, tables), bytes);
    key.seal_behind(salt, (head, begin), bytes);
}

/// What of a record is read so far, and what is left of it.
struct Outside<'a> {
    header: Header,
    origin: Origin,
    memory: Memory,
    rest: &'a [u8],
}

fn damaged(part: &'static str) -> impl FnOnce(Undecodable) -> Unreadable {
    move |source| Unreadable::Damaged { part, source }
}

fn outside(bytes: &[u8]) -> Result<Outside<'_>, Unreadable> {
    let mut memory = Memory::default();
    let mut rest = encoding::format_of(bytes).map_err(damaged("header"))?;
    let outside = encoding::read(&mut rest, (&mut memory, Tables::default()));
    let (origin, header) = outside.map_err(damaged("header"))?;
    Ok(Outside {
        header,
        origin,
        memory,
        rest,
    })
}

impl Outside<'_> {
    fn states(&mut self) -> Result<(Salt, States), Unreadable> {
        let short = || damaged("states")(Undecodable::Short);
        let salted = self.rest.split_first_chunk::<SALT_BYTES>();
        let (salt, rest) = salted.ok_or_else(short)?;
        self.rest = rest;
        self.memory.salt = Some(*salt);
        let states = encoding::read(&mut self.rest, (&mut self.memory, Tables::default()));
        Ok((Salt::from_bytes(*salt), states.map_err(damaged("states"))?))
    }

    /// The charter, and the body that was closed.
    fn body(
        &mut self,
        dictionary: &Dictionary,
        body: &[u8],
    ) -> Result<(Digest, Body), Undecodable> {
        let names = dictionary.load();
        let table = |number| names.at(number);
        let (charter, digest) = match self.origin.charter {
            Source::Table(number) => table(number).map(|table| (Some(table), table.of))?,
            Source::Charter(digest) => (None, digest),
        };
        let policy = self.origin.policy.map(table).transpose()?;
        let tables = Tables { charter, policy };
        let mut rest = body;
        let body = encoding::read(&mut rest, (&mut self.memory, tables))?;
        encoding::all_read(rest)?;
        Ok((digest, body))
    }
}

/// Reads a record's header alone.
pub fn open_header(bytes: &[u8]) -> Result<Header, Unreadable> {
    Ok(outside(bytes)?.header)
}

/// Reads what needs no key: the header and the states, which are still closed.
pub fn open_outside(bytes: &[u8]) -> Result<(Header, States), Unreadable> {
    let mut outside = outside(bytes)?;
    let (_, states) = outside.states()?;
    Ok((outside.header, states))
}

/// Reads a record.
pub fn open(bytes: &[u8], keys: &dyn Keyring) -> Result<Opened, Unreadable> {
    let mut outside = outside(bytes)?;
    let (salt, states) = outside.states()?;
    let (seal, period) = (
        &outside.header.seal,
        outside.header.period(outside.header.seal.class),
    );
    let key = keys.key_in(seal.key, period)?;
    let (about, sealed) = bytes.split_at(bytes.len() - outside.rest.len());
    let body = key
        .open_behind((salt, about), sealed)
        .ok_or(Locked::Other)?;
    let body = outside.body(keys.dictionary(), &body);
    let (charter, body) = body.map_err(damaged("body"))?;
    Ok(Opened {
        header: outside.header,
        charter,
        body,
        states,
    })
}

/// Opens a state after a record with that header.
pub fn open_state(
    keys: &dyn Keyring,
    header: &Header,
    subject: Subject,
    sealed: &[u8],
) -> Result<Vec<u8>, Unreadable> {
    let key = keys.key_in(subject, header.period(Class::States))?;
    let state = key.open(&subject.to_bytes(), sealed);
    Ok(state.ok_or(Locked::Other)?)
}
