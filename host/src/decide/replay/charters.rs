//! Every charter that was live, by digest, as the evidence and what is kept beside it tell.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::charter::Charter;
use crate::decide::replay::NoPast;
use crate::evidence::CharterRecord;
use crate::ids::{Digest, Text};
use crate::node::kept;

/// So many compiled charters are held at most.
const COMPILED: usize = 16;

/// Charters of the past, each compiled once.
pub struct Charters {
    /// The data folder, where files are kept by digest.
    data: PathBuf,
    /// The files of every charter that was live.
    files: HashMap<Digest, Vec<(Text, Digest)>>,
    last: Option<Digest>,
    compiled: Mutex<HashMap<Digest, Arc<Charter>>>,
}

impl Charters {
    pub fn new(data: &Path) -> Self {
        Self {
            data: data.to_owned(),
            files: HashMap::new(),
            last: None,
            compiled: Mutex::default(),
        }
    }

    pub(super) fn data(&self) -> &Path {
        &self.data
    }

    /// Where files are kept, for people.
    pub(super) fn folder(&self) -> String {
        self.data.join("kept").display().to_string()
    }

    /// Notes of which files a charter is made.
    pub fn note(&mut self, chartered: CharterRecord) {
        self.last = Some(chartered.digest);
        self.files.insert(chartered.digest, chartered.files);
    }

    /// The one that went live last, of those that were noted.
    pub fn last(&self) -> Option<Digest> {
        self.last
    }

    pub fn get(&self, digest: Digest) -> Result<Arc<Charter>, NoPast> {
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(charter) = compiled.get(&digest) {
            return Ok(Arc::clone(charter));
        }
        let names = self.files.get(&digest).ok_or(NoPast::Charter(digest))?;
        let mut files = Vec::with_capacity(names.len());
        for (name, file) in names {
            let text = kept::read(&self.data, *file).map_err(|source| NoPast::File {
                name: name.clone(),
                charter: digest,
                digest: *file,
                folder: self.folder(),
                source,
            })?;
            files.push((
                name.to_string(),
                String::from_utf8_lossy(&text).into_owned(),
            ));
        }
        let charter = Charter::compile(&files).map_err(|complaints| NoPast::Compile {
            charter: digest,
            complaints: complaints.to_string(),
        })?;
        let charter = Arc::new(charter);
        if compiled.len() >= COMPILED {
            compiled.clear();
        }
        compiled.insert(digest, Arc::clone(&charter));
        Ok(charter)
    }
}
