//! What was recorded, in order: where a time begins in the log, and pages of decisions.

use serde_json::Value as Json;

use crate::clock::{Instant, Span};
use crate::evidence::query::Query;
use crate::evidence::{self, Kind};
use crate::ids::DecisionId;
use crate::node::Node;
use crate::store::{Position, Space};
use crate::views::look::Unseen;

/// Cores record side by side: so much earlier a record may stand than its time says.
const SIDE_BY_SIDE: Span = Span::from_millis(60_000);
/// How far back an earlier decision is looked for; each step is eight times the one before.
const FIRST_STEP: Span = Span::from_millis(3_600_000);
const STEPS: u32 = 8;
/// How much one page reads at most.
pub(super) const PAGE_RECORDS: u64 = 20_000;
const PAGE_BYTES: usize = 64 * 1024 * 1024;

/// Where the next page begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cursor {
    /// The first bytes of the log's id.
    pub log: u32,
    /// At or after.
    pub position: Position,
    /// So many decisions of the record there were told already.
    pub told: usize,
}

/// Some of what was looked for.
#[derive(Clone, Debug)]
pub struct Found {
    pub lines: Vec<Json>,
    /// Where to go on, at the end too: there may be more later.
    pub next: Cursor,
    /// Whether the log goes on there.
    pub is_more: bool,
}

impl Found {
    /// Nothing yet, from there on.
    pub(super) fn at(next: Cursor) -> Self {
        Self {
            lines: Vec::new(),
            next,
            is_more: false,
        }
    }
}

impl Cursor {
    /// Reads what `Display` writes.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let (log, position, told) = (parts.next()?, parts.next()?, parts.next()?);
        let is_hex = log.len() == 8 && log.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_hex || parts.next().is_some() {
            return None;
        }
        Some(Self {
            log: u32::from_str_radix(log, 16).ok()?,
            position: Position::parse(position)?,
            told: told.parse().ok()?,
        })
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:08x}.{}.{}", self.log, self.position, self.told)
    }
}

impl Node {
    /// A place in the log before everything of that time or later. Reads the view: not for a thread that serves.
    pub fn begins(&self, since: Option<Instant>) -> Result<Position, Unseen> {
        let first = self.store().log().first();
        let Some(since) = since else {
            return Ok(first);
        };
        let sure = since.minus(SIDE_BY_SIDE);
        let mut back = FIRST_STEP.millis();
        for _ in 0..STEPS {
            let from = sure.minus(Span::from_millis(back));
            let key = DecisionId::first_at(from);
            let mut later = self
                .store()
                .view()
                .scan_after(Space::Decisions, Some(key.as_bytes()));
            if let Some(pair) = later.next() {
                let (id, place) = pair.map_err(crate::cache::CacheError::from)?;
                let at = id.first_chunk().map(DecisionId::time_of);
                let place = place.first_chunk().map(|bytes| u64::from_le_bytes(*bytes));
                if let (Some(at), Some(place)) = (at, place)
                    && at < sure
                {
                    return Ok(Position::from_u64(place).max(first));
                }
            }
            back = back.saturating_mul(8);
        }
        Ok(first)
    }

    /// Where the first page begins of what is of that time or later.
    pub fn first_cursor(&self, since: Option<Instant>) -> Result<Cursor, Unseen> {
        let position = self.begins(since)?;
        let log = self.state(position).log;
        Ok(Cursor {
            log,
            position,
            told: 0,
        })
    }

    /// A page of decisions, the oldest first; reads only so much, and so may find fewer than there are. Not for a thread that
    /// serves.
    pub fn decisions(
        &self,
        query: &Query,
        (from, at_most): (Cursor, usize),
        is_over: &dyn Fn() -> bool,
    ) -> Result<Found, Unseen> {
        let log = self.store().log();
        let from_here = from.position.max(log.first());
        let mut found = Found::at(from);
        let (mut records, mut bytes) = (0, 0);
        for record in log.records(from_here) {
            let (position, record) = record?;
            if records >= PAGE_RECORDS || bytes >= PAGE_BYTES || is_over() {
                found.is_more = true;
                return Ok(found);
            }
            records += 1;
            bytes += record.bytes.len();
            let told = match position == from.position {
                true => from.told,
                false => 0,
            };
            let is_event = matches!(
                Kind::from_number(record.kind),
                Some(Kind::Event | Kind::Consent)
            );
            if is_event {
                let header = evidence::open_header(&record.bytes)?;
                let until = query.filter.until;
                if until.is_some_and(|until| header.at > until.plus(SIDE_BY_SIDE)) {
                    return Ok(found);
                }
                if query.filter.lets_through(&header) {
                    let opened = match evidence::open(&record.bytes, self.cache()) {
                        Err(unreadable) if unreadable.is_gone() => {
                            found.next.position = Position::from_u64(position.as_u64() + 1);
                            continue;
                        }
                        opened => opened?,
                    };
                    let lines = query.found(position, &opened).skip(told);
                    for (number, line) in lines.enumerate() {
                        if found.lines.len() == at_most {
                            found.next.position = position;
                            found.next.told = told + number;
                            found.is_more = true;
                            return Ok(found);
                        }
                        found.lines.push(line);
                    }
                }
            }
            found.next.position = Position::from_u64(position.as_u64() + 1);
            found.next.told = 0;
        }
        Ok(found)
    }
}
