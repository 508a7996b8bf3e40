//! Charters in the evidence: which files each was made of, who loaded it and who approved it.

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
        Ok(position)
    }
}

/// Under which key the view has the record of the charter that went live last.
const LAST: &[u8] = b"charter";

/// What the record of a charter that went live changes in the view.
pub(super) fn add_charter(changes: &mut Changes, record: &[u8]) {
    changes.put(Space::Meta, LAST, record.to_vec());
}

/// The charter that went live last, by the evidence.
pub(super) fn last_charter(view: &View) -> Result<Option<CharterRecord>, Unusable> {
    let record = view.get(Space::Meta, LAST)?;
    Ok(record.as_deref().map(encoding::decode).transpose()?)
}
