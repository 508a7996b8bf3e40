//! What the evidence names by digest: policies and charters, one file each, written once.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::ids::Digest;

/// Where the content with a digest is kept in a data folder.
pub fn path(data: &Path, digest: Digest) -> PathBuf {
    data.join("kept").join(digest.to_string().replace(':', "-"))
}

/// Keeps `content`; it is on disk for good when this returns.
pub fn keep(data: &Path, content: &[u8]) -> io::Result<Digest> {
    let digest = Digest::of(content);
    let target = path(data, digest);
    if target.exists() {
        return Ok(digest);
    }
    let folder = data.join("kept");
    if !folder.exists() {
        fs::create_dir_all(&folder)?;
        fs::File::open(data)?.sync_all()?;
    }
    replace(&target, content)?;
    Ok(digest)
}

/// The content with a digest, as it was kept; an error where it is gone or no longer the same.
pub fn read(data: &Path, digest: Digest) -> io::Result<Vec<u8>> {
    let content = fs::read(path(data, digest))?;
    match Digest::of(&content) == digest {
        true => Ok(content),
        false => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("what is kept as {digest} is damaged"),
        )),
    }
}

/// Puts `content` into the place of `file`: after a loss of power there is the old or the new, whole.
pub fn replace(file: &Path, content: &[u8]) -> io::Result<()> {
    let draft = file.with_extension("draft");
    let mut new = fs::File::create(&draft)?;
    new.write_all(content)?;
    new.sync_all()?;
    fs::rename(&draft, file)?;
    match file.parent() {
        Some(folder) => fs::File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}
