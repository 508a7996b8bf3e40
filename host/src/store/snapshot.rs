//! Snapshots: the whole view in one file, so that the log before it may go.
//!
//! ```text
//! magic, version, log id, covers; then pairs: space, key length, value length, key, value; then a 255, the number of
//! pairs and a BLAKE3 of everything before it
//! ```

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use super::Position;
use super::log::{Failed, Log};
use super::view::{Changes, Space, View, ViewError};

const MAGIC: &[u8; 8] = b"kairosna";
const VERSION: u8 = 1;
const END: u8 = 255;
/// How many valid snapshots are kept: the second is there for the day when the first does not read.
const KEPT: usize = 2;
/// How much is applied to a view at a time.
const CHUNK_BYTES: usize = 64 * 1024 * 1024;
/// The longest key or value that is believed.
const VALUE_BYTES: u32 = 256 * 1024 * 1024;

/// Why a snapshot was not written or cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    #[error("cannot {operation} `{path}`")]
    Io {
        operation: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error("the snapshot `{path}` is damaged")]
    Damaged { path: PathBuf },
    #[error(
        "the snapshot `{path}` has format {found}, newer than this host's {VERSION}: start a newer host"
    )]
    Newer { path: PathBuf, found: u8 },
    #[error(transparent)]
    View(#[from] ViewError),
    #[error(transparent)]
    Log(#[from] Failed),
}

/// Writes what a view holds; it counts once it was read back whole and its name is durable.
pub(super) fn write(dir: &Path, view: &View, log: &Log) -> Result<Position, SnapshotError> {
    let new = dir.join("snapshot.new");
    let failed = |operation, path: &Path| {
        let path = path.to_owned();
        move |source| SnapshotError::Io {
            operation,
            path,
            source,
        }
    };
    let covers = view.covers();
    let file = File::create(&new).map_err(failed("create", &new))?;
    let mut out = HashStream::new(BufWriter::with_capacity(1 << 20, file));
    let written = write_all(&mut out, view, log, covers);
    let file = written.map_err(|error| match error {
        Broken::Io(source) => failed("write", &new)(source),
        Broken::View(error) => error.into(),
    })?;
    file.sync_all().map_err(failed("sync", &new))?;
    drop(file);
    // The view may have gone on meanwhile: a snapshot must never hold what the log could still lose.
    log.settle()?;
    read(&new, &log.id(), |_, _, _| Ok(()))?;
    let named = dir.join(format!("{:020}.snapshot", covers.0));
    std::fs::rename(&new, &named)
        .and_then(|()| File::open(dir)?.sync_all())
        .map_err(failed("rename", &named))?;
    for (_, old) in list(dir)?.into_iter().skip(KEPT) {
        std::fs::remove_file(&old).map_err(failed("remove", &old))?;
    }
    Ok(covers)
}

/// Writes a new one and takes all older ones away.
pub(super) fn renew(dir: &Path, view: &View, log: &Log) -> Result<(), SnapshotError> {
    write(dir, view, log)?;
    for (_, old) in list(dir)?.into_iter().skip(1) {
        std::fs::remove_file(&old).map_err(|source| SnapshotError::Io {
            operation: "remove",
            path: old,
            source,
        })?;
    }
    Ok(())
}

enum Broken {
    Io(io::Error),
    View(ViewError),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<ViewError> for Broken {
    fn from(error: ViewError) -> Self {
        Self::View(error)
    }
}

/// INVARIANT: what is written covers at least `covers`. Changes that are newer than that are applied again from the log,
/// which gives the same, since every change is the whole of the new value.
fn write_all(
    out: &mut HashStream<BufWriter<File>>,
    view: &View,
    log: &Log,
    covers: Position,
) -> Result<File, Broken> {
    out.write_all(MAGIC)?;
    out.write_all(&[VERSION])?;
    out.write_all(&log.id())?;
    out.write_all(&covers.0.to_le_bytes())?;
    let mut count: u64 = 0;
    view.dump::<Broken>(|space, key, value| {
        count += 1;
        let length = |bytes: &[u8]| {
            let length = u32::try_from(bytes.len()).ok();
            length.filter(|length| *length <= VALUE_BYTES)
        };
        let too_long = || io::Error::other("a value is too long for a snapshot");
        out.write_all(&[space as u8])?;
        out.write_all(&length(key).ok_or_else(too_long)?.to_le_bytes())?;
        out.write_all(&length(value).ok_or_else(too_long)?.to_le_bytes())?;
        out.write_all(key)?;
        Ok(out.write_all(value)?)
    })?;
    out.write_all(&[END])?;
    out.write_all(&count.to_le_bytes())?;
    let sum = out.hash.finalize();
    out.inner.write_all(sum.as_bytes())?;
    out.inner.flush()?;
    Ok(out.inner.get_ref().try_clone()?)
}

/// Loads the newest snapshot that is whole and of this log, which ended at `end`; returns what it covers, `None` without
/// one.
pub(super) fn load(
    dir: &Path,
    view: &View,
    log: &Log,
    end: Position,
) -> Result<Option<Position>, SnapshotError> {
    for (covers, path) in list(dir)? {
        if covers < log.first() || covers > end {
            continue;
        }
        // Once to check, then to load: a view never sees a part of a bad snapshot.
        match read(&path, &log.id(), |_, _, _| Ok(())) {
            Ok(found) if found == covers => {}
            Ok(_) | Err(SnapshotError::Damaged { .. }) => {
                tracing::warn!(path = %path.display(), "a snapshot cannot be used");
                continue;
            }
            Err(error) => return Err(error),
        }
        let mut changes = Changes::default();
        read(&path, &log.id(), |space, key, value| {
            changes.put(space, key, value);
            if changes.bytes() >= CHUNK_BYTES {
                view.load(std::mem::take(&mut changes))?;
            }
            Ok(())
        })?;
        view.load(changes)?;
        return Ok(Some(covers));
    }
    Ok(None)
}

/// The snapshots in `dir`, newest first.
pub(super) fn list(dir: &Path) -> Result<Vec<(Position, PathBuf)>, SnapshotError> {
    let failed = |source| SnapshotError::Io {
        operation: "list",
        path: dir.to_owned(),
        source,
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let covers = name
            .and_then(|name| name.strip_suffix(".snapshot"))
            .and_then(Position::parse);
        if let Some(covers) = covers {
            found.push((covers, path));
        }
    }
    found.sort_by(|left, right| right.cmp(left));
    Ok(found)
}

/// Reads a snapshot of the log `id`; an error when anything about it is not right, even after pairs were handed out.
fn read(
    path: &Path,
    id: &[u8; 16],
    mut each: impl FnMut(Space, &[u8], Vec<u8>) -> Result<(), ViewError>,
) -> Result<Position, SnapshotError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::UnexpectedEof => damaged(path),
        _ => SnapshotError::Io {
            operation: "read",
            path: path.to_owned(),
            source,
        },
    };
    let file = File::open(path).map_err(failed)?;
    let mut from = HashStream::new(BufReader::with_capacity(1 << 20, file));
    let head: [u8; 33] = from.take_array().map_err(failed)?;
    let (magic, rest) = head.split_at(8);
    let (version, rest) = rest.split_at(1);
    if magic != MAGIC {
        return Err(damaged(path));
    }
    if let [found] = *version
        && found > VERSION
    {
        let path = path.to_owned();
        return Err(SnapshotError::Newer { path, found });
    }
    let (found_id, covers) = rest.split_at(16);
    let mut count: u64 = 0;
    loop {
        let [tag] = from.take_array().map_err(failed)?;
        if tag == END {
            break;
        }
        let space = Space::ALL.into_iter().find(|space| *space as u8 == tag);
        let (key, value) = from.pair().map_err(failed)?;
        each(space.ok_or_else(|| damaged(path))?, &key, value)?;
        count += 1;
    }
    let counted = u64::from_le_bytes(from.take_array().map_err(failed)?);
    let sum = from.hash.finalize();
    let mut written = [0; 32];
    from.inner.read_exact(&mut written).map_err(failed)?;
    if sum != written || counted != count || found_id != id {
        return Err(damaged(path));
    }
    let covers = covers.try_into().map_err(|_| damaged(path))?;
    Ok(Position(u64::from_le_bytes(covers)))
}

fn damaged(path: &Path) -> SnapshotError {
    SnapshotError::Damaged {
        path: path.to_owned(),
    }
}

/// Hashes what passes through.
struct HashStream<T> {
    inner: T,
    hash: blake3::Hasher,
}

impl<T> HashStream<T> {
    fn new(inner: T) -> Self {
        Self {
            inner,
            hash: blake3::Hasher::new(),
        }
    }
}

impl<T: Write> HashStream<T> {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hash.update(bytes);
        self.inner.write_all(bytes)
    }
}

impl<T: Read> HashStream<T> {
    fn take_array<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.inner.read_exact(&mut bytes)?;
        self.hash.update(&bytes);
        Ok(bytes)
    }

    fn pair(&mut self) -> io::Result<(Vec<u8>, Vec<u8>)> {
        let key_length = u32::from_le_bytes(self.take_array()?);
        let value_length = u32::from_le_bytes(self.take_array()?);
        let key = self.bytes(key_length)?;
        Ok((key, self.bytes(value_length)?))
    }

    fn bytes(&mut self, length: u32) -> io::Result<Vec<u8>> {
        if length > VALUE_BYTES {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut bytes = Vec::new();
        let count = (&mut self.inner)
            .take(u64::from(length))
            .read_to_end(&mut bytes)?;
        if count < length as usize {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.hash.update(&bytes);
        Ok(bytes)
    }
}
