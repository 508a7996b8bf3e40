//! A charter's folder as a tar, read in memory: nothing of it ever touches the disk under a name that it chose.

use std::collections::BTreeMap;
use std::io::Read as _;

use tar::{Archive, Builder, Entry, EntryType, Header};

use crate::charter::file::{self, CENTRAL, CHARTER_FILE_BYTES};

/// The most files and folders in one archive.
const ENTRIES: usize = 4_096;
/// What every archive ends with.
const END: [u8; 1_024] = [0; 1_024];

/// An archive that is no charter's folder.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadArchive {
    #[error("it does not read as a tar: {0}")]
    Unreadable(#[from] std::io::Error),
    #[error("it is cut off, or more follows after its end: a tar ends with 1024 zero bytes")]
    CutOff,
    #[error("it has more than {ENTRIES} entries")]
    TooMany,
    #[error(
        "`{name}` is no part of a charter: there are `charter.toml`, `markets/<market>.toml` and `signatures.toml`, named from the folder"
    )]
    Stray { name: String },
    #[error("`{name}` is no file but {what}")]
    NoFile { name: String, what: &'static str },
    #[error("`{name}` has {bytes} bytes, and at most {CHARTER_FILE_BYTES} are read")]
    TooLarge { name: String, bytes: u64 },
    #[error("`{name}` is in it twice")]
    Twice { name: String },
    #[error("`{name}` is not text in UTF-8")]
    NotText { name: String },
    #[error("`charter.toml` is not in it: pack the whole folder, as `kairos charter push` does")]
    NoCharter,
}

/// The files in `bytes`, as (name, text).
pub(crate) fn read(bytes: &[u8]) -> Result<Vec<(String, String)>, BadArchive> {
    if !bytes.ends_with(&END) {
        return Err(BadArchive::CutOff);
    }
    let mut files = BTreeMap::new();
    let mut archive = Archive::new(bytes);
    for (number, entry) in archive.entries()?.enumerate() {
        if number >= ENTRIES {
            return Err(BadArchive::TooMany);
        }
        let Some((name, text)) = read_entry(entry?)? else {
            continue;
        };
        if files.contains_key(&name) {
            return Err(BadArchive::Twice { name });
        }
        files.insert(name, text);
    }
    if files.contains_key(CENTRAL) {
        Ok(files.into_iter().collect())
    } else {
        Err(BadArchive::NoCharter)
    }
}

/// Packs files, given as (name, text).
pub(crate) fn write(files: &[(String, String)]) -> std::io::Result<Vec<u8>> {
    let mut archive = Builder::new(Vec::new());
    for (name, text) in files {
        let mut header = Header::new_ustar();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        archive.append_data(&mut header, name, text.as_bytes())?;
    }
    archive.into_inner()
}

/// `None` for what is no file and does no harm: a folder, or the note that git puts in front.
fn read_entry(mut entry: Entry<'_, &[u8]>) -> Result<Option<(String, String)>, BadArchive> {
    let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
    // For people, and bounded.
    let shown: String = path.chars().take(128).collect();
    let mut name = path.as_str();
    while let Some(rest) = name.strip_prefix("./") {
        name = rest;
    }
    let what = match entry.header().entry_type() {
        EntryType::Regular => None,
        EntryType::Directory if matches!(name, "" | "." | "markets/" | "markets") => {
            return Ok(None);
        }
        EntryType::Directory => return Err(BadArchive::Stray { name: shown }),
        EntryType::XGlobalHeader => return Ok(None),
        EntryType::Symlink => Some("a symbolic link"),
        EntryType::Link => Some("a link"),
        _ => Some("something else"),
    };
    if let Some(what) = what {
        return Err(BadArchive::NoFile { name: shown, what });
    }
    if !file::belongs(name) {
        return Err(BadArchive::Stray { name: shown });
    }
    let size = entry.size();
    if size > CHARTER_FILE_BYTES {
        return Err(BadArchive::TooLarge {
            name: shown,
            bytes: size,
        });
    }
    let mut content = Vec::new();
    entry.read_to_end(&mut content)?;
    if content.len() as u64 != size {
        return Err(BadArchive::CutOff);
    }
    match String::from_utf8(content) {
        Ok(text) => Ok(Some((name.to_owned(), text))),
        Err(_) => Err(BadArchive::NotText { name: shown }),
    }
}
