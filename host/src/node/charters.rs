//! Charters in the evidence: which files each was made of, who loaded it and who approved it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::cache::Note;
use crate::charter::Charter;
use crate::charter::sign::Approved;
use crate::encoding;
use crate::evidence::{CharterRecord, Countersignature, Kind};
use crate::ids::{Digest, Text};
use crate::node::live::Unusable;
use crate::node::{Node, kept};
use crate::store::{self, Changes, Position, Space, View};

/// A charter on its way into the log.
#[derive(Clone, Copy)]
pub(crate) struct Entry<'a> {
    pub(crate) charter: &'a Charter,
    pub(crate) files: &'a [(String, String)],
    pub(crate) before: Option<Digest>,
    pub(crate) approved: &'a [Approved],
}

/// Why a charter is not recorded.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    #[error("the files cannot be kept with the evidence")]
    Kept(#[source] std::io::Error),
    #[error("the log does not take the charter's record")]
    Log(#[from] store::Refused),
}

impl Node {
    /// Keeps the files and queues the record; it counts once it is durable.
    pub(crate) fn record_charter(
        &self,
        entry: &Entry<'_>,
        by: &str,
    ) -> Result<Position, RecordError> {
        let mut files = Vec::with_capacity(entry.files.len());
        for (name, text) in entry.files {
            let digest = kept::keep(&self.data, text.as_bytes()).map_err(RecordError::Kept)?;
            files.push((Text::new(name), digest));
        }
        let approved = entry.approved.iter().map(|approved| Countersignature {
            section: Text::new_static(approved.section.word()),
            digest: approved.digest,
            by: approved.by.clone(),
        });
        let record = CharterRecord {
            at: self.clock.wall(),
            digest: entry.charter.digest,
            version: entry.charter.version.clone(),
            before: entry.before,
            by: Text::new(by),
            files,
            approved: approved.collect(),
        };
        let record = encoding::encode(&record);
        let mut view = Changes::default();
        add_charter(&mut view, &record);
        let note = Note {
            kind: Kind::Charter.number(),
            record,
            view,
        };
        let position = self.cache.note(&note)?;
        self.name_charter(entry.charter)?;
        self.past_charters.add(self.charter());
        self.past_charters
            .follow(entry.charter.digest, entry.before);
        Ok(position)
    }

    /// A charter that was live before; `None` where nothing leads to it any more.
    pub(crate) fn past_charter(&self, digest: Digest) -> Option<Arc<Charter>> {
        if let Some(charter) = self.past_charters.find(digest) {
            return Some(charter);
        }
        let record = self.charter_record(digest)?;
        let files = record.files.iter().map(|(name, file)| {
            let text = kept::read(&self.data, *file).ok()?;
            Some((name.to_string(), String::from_utf8(text).ok()?))
        });
        let files: Option<Vec<_>> = files.collect();
        let charter = Arc::new(Charter::compile(&files?).ok()?);
        self.past_charters.add(Arc::clone(&charter));
        Some(charter)
    }

    fn charter_record(&self, digest: Digest) -> Option<CharterRecord> {
        let record = self.store.view().get(Space::Meta, &key_of(digest)).ok()??;
        encoding::decode(&record).ok()
    }

    /// The charters that were live before this one, the last first: the few whose events may still be sent again.
    pub(crate) fn charters_before(&self) -> Vec<Arc<Charter>> {
        let now = self.charter().digest;
        let mut before = self.past_charters.all();
        before.retain(|charter| charter.digest != now);
        let mut digest = now;
        for _ in 0..PastCharters::MOST - 1 {
            let known = self.past_charters.before(digest);
            let recorded = || self.charter_record(digest)?.before;
            let Some(last) = known.or_else(recorded) else {
                break;
            };
            let is_there = before.iter().any(|charter| charter.digest == last);
            if !is_there {
                before.extend(self.past_charter(last));
            }
            digest = last;
        }
        before
    }
}

/// Charters that were live before.
#[derive(Default)]
pub(super) struct PastCharters {
    /// As they were compiled: the last that were asked for.
    compiled: Mutex<VecDeque<Arc<Charter>>>,
    /// Each charter that was recorded in this run, with the one before it: the view may not have the record yet.
    followed: Mutex<Vec<(Digest, Digest)>>,
}

impl PastCharters {
    const MOST: usize = 4;

    fn find(&self, digest: Digest) -> Option<Arc<Charter>> {
        let charters = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        let found = charters.iter().find(|charter| charter.digest == digest);
        found.map(Arc::clone)
    }

    fn follow(&self, digest: Digest, before: Option<Digest>) {
        let mut followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        followed.extend(before.map(|before| (digest, before)));
        let surplus = followed.len().saturating_sub(Self::MOST);
        followed.drain(..surplus);
    }

    fn before(&self, digest: Digest) -> Option<Digest> {
        let followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        let found = followed.iter().rfind(|(of, _)| *of == digest);
        found.map(|(_, before)| *before)
    }

    fn all(&self) -> Vec<Arc<Charter>> {
        let charters = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        charters.iter().map(Arc::clone).collect()
    }

    fn add(&self, charter: Arc<Charter>) {
        let mut charters = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        charters.retain(|known| known.digest != charter.digest);
        charters.push_front(charter);
        charters.truncate(Self::MOST);
    }
}

/// Under which key the view has the record of the charter that went live last.
const LAST: &[u8] = b"charter";

/// What the record of a charter that went live changes in the view.
pub(super) fn add_charter(changes: &mut Changes, record: &[u8]) {
    changes.put(Space::Meta, LAST, record.to_vec());
    if let Ok(chartered) = encoding::decode::<CharterRecord>(record) {
        changes.put(Space::Meta, &key_of(chartered.digest), record.to_vec());
    }
}

/// Under which key the view has the record of every charter that was live.
fn key_of(digest: Digest) -> Vec<u8> {
    [b"charter/".as_slice(), digest.as_bytes().as_slice()].concat()
}

/// The charter that went live last, by the evidence.
pub(super) fn last_charter(view: &View) -> Result<Option<CharterRecord>, Unusable> {
    let record = view.get(Space::Meta, LAST)?;
    Ok(record.as_deref().map(encoding::decode).transpose()?)
}
