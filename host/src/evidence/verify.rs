//! Walking the whole evidence: every link of the chain, every checkpoint in it, and those that somebody kept.

use crate::charter::PublicKey;
use crate::encoding;
use crate::evidence::checkpoint::{Checkpoint, NoCheckpoint};
use crate::evidence::{Erased, Kind};
use crate::store::{Chain, LogError, Position, Reader, Verification};

/// What a walk found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    pub log: Verification,
    /// Checkpoints in the log that are right and signed with the key.
    pub checkpoints: u64,
    /// Checkpoints in the log that are signed with another one.
    pub foreign: u64,
    /// Customers who were erased: records about them are in their place, and nobody can read them.
    pub erased: u64,
    /// The checkpoints that somebody kept, in their order, and what the log says to them.
    pub kept: Vec<(Checkpoint, Fate)>,
}

/// What the log says to a checkpoint that somebody kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// It is the same log up to there.
    Holds,
    /// It holds fewer records than the checkpoint tells of: its end was cut off.
    Cut { records: u64 },
    /// It says something else than it did then.
    Rewritten,
    /// What it tells of was removed on purpose, behind a snapshot: it cannot be compared any more.
    Removed { first: u64 },
    /// It is about another log.
    OtherLog,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        let mut kept = self.kept.iter();
        self.log.torn.is_none()
            && self.foreign == 0
            && kept.all(|(_, fate)| matches!(fate, Fate::Holds | Fate::Removed { .. }))
    }
}

/// Why a walk ended early.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(
        "the checkpoint at position {position} of the log says something else than the records before it"
    )]
    Checkpoint { position: Position },
}

/// Walks a log; `progress` hears how many bytes of how many it has read.
pub fn verify(
    log: &Reader,
    key: &PublicKey,
    kept: &[Checkpoint],
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Report, Broken> {
    let mut walk = Walk {
        key,
        kept: kept.iter().map(|kept| (*kept, None)).collect(),
        first: None,
        checkpoints: 0,
        foreign: 0,
        erased: 0,
        wrong: None,
    };
    let log = log.walk(&mut |met| {
        walk.pass(met.before);
        match Kind::from_number(met.kind) {
            Some(Kind::Checkpoint) => walk.checkpoint(met.position, met.content, met.before),
            Some(Kind::Erase) => walk.erase(met.content),
            _ => {}
        }
        progress(met.bytes, met.of_bytes);
    })?;
    if let Some(position) = walk.wrong {
        return Err(Broken::Checkpoint { position });
    }
    walk.pass(log.chain);
    Ok(walk.report(log))
}

struct Walk<'a> {
    key: &'a PublicKey,
    /// With whether the chain was the same there, once it was passed.
    kept: Vec<(Checkpoint, Option<bool>)>,
    /// How many records there were before the first that is still kept.
    first: Option<u64>,
    checkpoints: u64,
    foreign: u64,
    erased: u64,
    wrong: Option<Position>,
}

impl Walk<'_> {
    fn pass(&mut self, chain: Chain) {
        self.first.get_or_insert(chain.records);
        for (kept, same) in &mut self.kept {
            if kept.chain.records == chain.records {
                *same = Some(kept.chain.link == chain.link);
            }
        }
    }

    fn checkpoint(&mut self, position: Position, content: &[u8], before: Chain) {
        let text = String::from_utf8_lossy(content);
        match Checkpoint::read(&text, self.key) {
            Ok(told) if told.chain == before => self.checkpoints += 1,
            Err(NoCheckpoint::Unsigned { .. }) => self.foreign += 1,
            Ok(_) | Err(NoCheckpoint::Malformed { .. }) => {
                self.wrong.get_or_insert(position);
            }
        }
    }

    fn erase(&mut self, content: &[u8]) {
        if let Ok(erased) = encoding::decode::<Erased>(content) {
            self.erased += erased.customers.len() as u64;
        }
    }

    fn report(self, log: Verification) -> Report {
        let first = self.first.unwrap_or_default();
        let kept = self.kept.into_iter().map(|(kept, same)| {
            let fate = match same {
                _ if kept.log != log.log => Fate::OtherLog,
                Some(true) => Fate::Holds,
                Some(false) => Fate::Rewritten,
                None if kept.chain.records < first => Fate::Removed { first },
                None => Fate::Cut {
                    records: log.chain.records,
                },
            };
            (kept, fate)
        });
        Report {
            kept: kept.collect(),
            log,
            checkpoints: self.checkpoints,
            foreign: self.foreign,
            erased: self.erased,
        }
    }
}
