//! Reads the charter's folder.

use std::path::Path;

use crate::charter::Charter;

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {key}: {what}")]
pub struct Complaint {
    pub file: String,
    /// From 1.
    pub line: usize,
    /// Dotted path of the key.
    pub key: String,
    /// What is wrong and what would be right.
    pub what: String,
}

/// Everything that is wrong with a charter, in order of file and line; never empty.
#[derive(Debug)]
pub struct Complaints(pub Vec<Complaint>);

impl Charter {
    /// Reads `charter.toml` and `markets/*.toml` in `folder`.
    pub fn load(_folder: &Path) -> Result<Self, Complaints> {
        Err(Complaints(Vec::new()))
    }

    /// Compiles files given as (name, text), the names relative to the folder.
    pub fn compile(_files: &[(String, String)]) -> Result<Self, Complaints> {
        Err(Complaints(Vec::new()))
    }
}
