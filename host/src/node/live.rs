//! What is live, as a file of the data folder: which files the charter is made of, what `--charter` held at the last
//! start, and which policies each market has had.
//!
//! INVARIANT: the file is written after the evidence of what it says is durable. So the last charter in the evidence is
//! what is live, and the file is believed only in what the evidence does not say.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::charter::Charter;
use crate::encoding::Undecodable;
use crate::ids::{Digest, Text};
use crate::node::{charters, kept, switches};
use crate::store::{Store, View, ViewError};

const FILE: &str = "live.json";
const FORMAT: u32 = 1;
/// So many policies of one market are remembered as having been live.
const POLICIES: usize = 64;

/// What is live, and what was.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Live {
    format: u32,
    /// For people who look into the file.
    version: Text,
    charter: Option<DigestText>,
    /// By name, such as `markets/de.toml`.
    files: BTreeMap<String, File>,
    /// By market, the newest last.
    policies: BTreeMap<Text, Vec<DigestText>>,
}

/// What every format begins with.
#[derive(Deserialize)]
struct Preamble {
    format: u32,
}

/// One file of the charter.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// `None` where it is no part of what is live.
    live: Option<DigestText>,
    /// What `--charter` held at the last start.
    folder: Option<DigestText>,
}

/// A digest, as text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct DigestText(Digest);

impl Serialize for DigestText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for DigestText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digest = Digest::parse(&text);
        digest
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom("no digest"))
    }
}

/// The file that says what is live cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    #[error("`{}` cannot be read or written", .file.display())]
    Io { file: PathBuf, source: io::Error },
    #[error(
        "`{}` does not read: it says which charter is live and who must approve the next; put it back from a copy",
        .file.display()
    )]
    Damaged {
        file: PathBuf,
        source: serde_json::Error,
    },
    #[error("`{}` is of format {found}, newer than this host's {FORMAT}: start a newer host", .file.display())]
    Newer { file: PathBuf, found: u32 },
    #[error("`{name}` of the live charter cannot be read from what is kept in the data folder")]
    Kept { name: String, source: io::Error },
    #[error(
        "`{}` is missing, and the evidence names no charter: it says which charter is live and who must approve the next; put it back from a copy",
        .file.display()
    )]
    Lost { file: PathBuf },
    #[error("what the evidence says is live does not read: restore the data folder from a copy")]
    Evidence(#[from] Undecodable),
    #[error(transparent)]
    View(#[from] ViewError),
}

impl Live {
    /// What is live in a data folder, by its evidence; `None` where nothing ever was. `given` is what `--charter` holds.
    pub(crate) fn recall(
        (data, store): (&Path, &Store),
        given: &[(String, String)],
    ) -> Result<Option<Self>, Unusable> {
        let view = store.view();
        let note = Self::read(data)?;
        let is_lost = note.is_none();
        let Some(record) = charters::last_charter(view)? else {
            // Whoever opens a log for the first time records a charter before anything else.
            let log = store.log();
            return match is_lost && log.records(log.first()).next().is_some() {
                true => Err(Unusable::Lost {
                    file: data.join(FILE),
                }),
                false => Ok(note),
            };
        };
        let note = note.unwrap_or_default();
        if note.charter() != Some(record.digest) {
            tracing::warn!(
                version = %record.version,
                "what is live is taken from the evidence: `live.json` is missing or older"
            );
        }
        let files = record
            .files
            .into_iter()
            .map(|(name, digest)| (name.to_string(), digest));
        let live = note.made_of((record.version, record.digest), files);
        match is_lost {
            true => live.without_note((data, view), given).map(Some),
            false => Ok(Some(live)),
        }
    }

    /// What of `--charter` was live before counts as unchanged since: what was loaded later stays in its place.
    fn without_note(
        self,
        (data, view): (&Path, &View),
        given: &[(String, String)],
    ) -> Result<Self, Unusable> {
        let is_kept = |text: &str| kept::path(data, Digest::of(text.as_bytes())).exists();
        let known: Vec<_> = given
            .iter()
            .filter(|(_, text)| is_kept(text))
            .cloned()
            .collect();
        let mut live = self.started_with(&known);
        for policy in switches::policies(view)? {
            live.remember(&policy.market, policy.digest);
        }
        Ok(live)
    }

    /// What the file says; `None` where there is none.
    fn read(data: &Path) -> Result<Option<Self>, Unusable> {
        let file = data.join(FILE);
        let text = match std::fs::read(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(Unusable::Io { file, source }),
        };
        // What a newer format says besides does not read here.
        let damaged = |source| Unusable::Damaged {
            file: file.clone(),
            source,
        };
        let Preamble { format } = serde_json::from_slice(&text).map_err(damaged)?;
        match format {
            FORMAT => serde_json::from_slice(&text).map(Some).map_err(damaged),
            found => Err(Unusable::Newer { file, found }),
        }
    }

    pub(crate) fn write(&self, data: &Path) -> Result<(), Unusable> {
        let file = data.join(FILE);
        let io = |source| Unusable::Io {
            file: file.clone(),
            source,
        };
        let mut text = serde_json::to_vec_pretty(self).map_err(|error| io(error.into()))?;
        text.push(b'\n');
        kept::replace(&file, &text).map_err(io)
    }

    /// The live charter's digest.
    pub(crate) fn charter(&self) -> Option<Digest> {
        self.charter.map(|DigestText(digest)| digest)
    }

    /// The digest of a file of the live charter.
    pub(crate) fn file(&self, name: &str) -> Option<Digest> {
        self.files.get(name)?.live.map(|DigestText(digest)| digest)
    }

    /// What `--charter` held of a file at the last start.
    pub(crate) fn in_folder(&self, name: &str) -> Option<Digest> {
        self.files
            .get(name)?
            .folder
            .map(|DigestText(digest)| digest)
    }

    /// Every file that is live or was in the folder at the last start.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// The files that are live, as (name, text).
    pub(crate) fn texts(&self, data: &Path) -> Result<Vec<(String, String)>, Unusable> {
        let live = self
            .files
            .iter()
            .filter_map(|(name, file)| Some((name, file.live?)));
        live.map(|(name, DigestText(digest))| Ok((name.clone(), text(data, name, digest)?)))
            .collect()
    }

    /// As it is once these files are the live charter's.
    pub(crate) fn with(&self, charter: &Charter, files: &[(String, String)]) -> Self {
        let files = files
            .iter()
            .map(|(name, text)| (name.clone(), Digest::of(text.as_bytes())));
        let made = (charter.version.clone(), charter.digest);
        self.clone().made_of(made, files)
    }

    fn made_of(
        mut self,
        (version, charter): (Text, Digest),
        files: impl Iterator<Item = (String, Digest)>,
    ) -> Self {
        self.format = FORMAT;
        self.version = version;
        self.charter = Some(DigestText(charter));
        for file in self.files.values_mut() {
            file.live = None;
        }
        for (name, digest) in files {
            self.files.entry(name).or_default().live = Some(DigestText(digest));
        }
        self.files
            .retain(|_, file| file.live.is_some() || file.folder.is_some());
        self
    }

    /// As it is once the host was started with these files in `--charter`.
    pub(crate) fn started_with(mut self, folder: &[(String, String)]) -> Self {
        for file in self.files.values_mut() {
            file.folder = None;
        }
        for (name, text) in folder {
            let digest = DigestText(Digest::of(text.as_bytes()));
            self.files.entry(name.clone()).or_default().folder = Some(digest);
        }
        self.files
            .retain(|_, file| file.live.is_some() || file.folder.is_some());
        self
    }

    /// Whether a policy was live in a market before.
    pub(crate) fn had(&self, market: &str, policy: Digest) -> bool {
        let had = self.policies.get(market);
        had.is_some_and(|policies| policies.contains(&DigestText(policy)))
    }

    /// Remembers that a policy is live in a market; the one that was live for longest is forgotten first.
    pub(crate) fn remember(&mut self, market: &str, policy: Digest) {
        let policies = self.policies.entry(Text::new(market)).or_default();
        policies.retain(|known| *known != DigestText(policy));
        policies.push(DigestText(policy));
        let over = policies.len().saturating_sub(POLICIES);
        policies.drain(..over);
    }
}

/// The text of a kept file.
fn text(data: &Path, name: &str, digest: Digest) -> Result<String, Unusable> {
    let kept = |source| Unusable::Kept {
        name: name.to_owned(),
        source,
    };
    let bytes = kept::read(data, digest).map_err(kept)?;
    String::from_utf8(bytes)
        .map_err(|error| kept(io::Error::new(io::ErrorKind::InvalidData, error)))
}
