//! Files that hold a secret: nobody else may read them, they are written whole or not at all, and overwritten before they go.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use zeroize::Zeroizing;

/// Whether somebody else may read it.
pub fn is_shared(file: &Path) -> io::Result<bool> {
    Ok(std::fs::metadata(file)?.permissions().mode() & 0o077 != 0)
}

pub fn read(file: &Path) -> io::Result<Zeroizing<String>> {
    std::fs::read_to_string(file).map(Zeroizing::new)
}

/// Writes the text into a file of its own, for good; one that is there already stays, and is an error.
pub fn create(file: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = file.parent().filter(|folder| !folder.is_dir()) {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    let draft = file.with_extension("draft");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut made = options.open(&draft)?;
    let written = made
        .write_all(text.as_bytes())
        .and_then(|()| made.sync_all())
        .and_then(|()| std::fs::hard_link(&draft, file));
    // What became of the draft matters to nobody.
    let _ = std::fs::remove_file(&draft);
    written.and_then(|()| sync_folder(file))
}

/// Overwrites the file, then takes it away; an interruption leaves a file that holds no secret, or none.
pub fn destroy(file: &Path) -> io::Result<()> {
    let mut spent = match OpenOptions::new().write(true).open(file) {
        Ok(spent) => spent,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let length = usize::try_from(spent.metadata()?.len()).unwrap_or_default();
    spent.write_all(&vec![b'0'; length])?;
    spent.sync_all()?;
    std::fs::remove_file(file)?;
    sync_folder(file)
}

fn sync_folder(file: &Path) -> io::Result<()> {
    match file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}
