//! What the evidence names by digest: policies and charters, one file each, written once.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::ids::Digest;

/// Where the content with a digest is kept in a data folder.
fn path(data: &Path, digest: Digest) -> PathBuf {
    data.join("kept").join(digest.to_string().replace(':', "-"))
}

/// Keeps `content`; it is on disk for good when this returns.
pub(super) fn keep(data: &Path, content: &[u8]) -> io::Result<Digest> {
    let digest = Digest::of(content);
    let target = path(data, digest);
    if target.exists() {
        return Ok(digest);
    }
    let folder = data.join("kept");
    fs::create_dir_all(&folder)?;
    let draft = target.with_extension("draft");
    let mut file = fs::File::create(&draft)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&draft, &target)?;
    fs::File::open(&folder)?.sync_all()?;
    Ok(digest)
}
