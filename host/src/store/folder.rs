//! One open data folder: whose it is, what stands in it, and how it comes back to life.
//!
//! ```text
//! LOCK  FORMAT  log/  snapshots/  view/
//! ```

use std::error::Error;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::disk::Folder;
use super::log::{self, Failed, Log, LogError, Record};
use super::snapshot::{self, SnapshotError};
use super::view::{Changes, Unusable, View, ViewError};
use super::{Position, Settings};

const FORMAT: u32 = 5;
const FORMAT_TEXT: &str = "kairos data folder, format ";
const OURS: [&str; 8] = [
    "LOCK",
    "FORMAT",
    "FORMAT.new",
    "keys",
    "log",
    "snapshots",
    "view",
    "view.old",
];
/// How much is replayed into the view at a time: so much that whatever changed often is written once.
const CHUNK_BYTES: usize = 64 * 1024 * 1024;

/// Why a data folder cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error(
        "the data folder `{dir}` is in use by another host: stop it first, or give this one a folder of its own"
    )]
    InUse { dir: PathBuf },
    #[error(
        "the data folder `{dir}` has format {found}, newer than this host's {FORMAT}: start a newer host"
    )]
    Newer { dir: PathBuf, found: u32 },
    #[error(
        "the data folder `{}` has format {found}, older than this host's {FORMAT}, which does not read it: start on a new data folder; the kairos that wrote it still verifies, explains and reports it",
        .dir.display()
    )]
    Older { dir: PathBuf, found: u32 },
    #[error("`{dir}` holds `{name}`, which is not part of a data folder: give an empty folder")]
    NotOurs { dir: PathBuf, name: String },
    #[error("`{path}` is missing or not what was written: restore the data folder from a copy")]
    Damaged { path: PathBuf },
    #[error("cannot {operation} `{path}`")]
    Io {
        operation: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error(
        "the view must be rebuilt because {why}, but the log begins at {first} and no snapshot covers what came before: restore `snapshots` from a copy"
    )]
    NoSnapshot { why: Unusable, first: Position },
    #[error("the record at position {position} cannot be replayed")]
    Replay {
        position: Position,
        source: Box<dyn Error + Send + Sync>,
    },
    #[error("the view cannot be brought up to the log's end")]
    Finish {
        source: Box<dyn Error + Send + Sync>,
    },
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Failed(#[from] Failed),
    #[error(transparent)]
    View(#[from] ViewError),
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
}

/// What opening a data folder found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Opened {
    pub log: log::Opened,
    /// The view was not usable.
    pub rebuilt: Option<Rebuilt>,
    /// Records that were replayed into the view.
    pub replayed: u64,
}

/// Why and from where the view was rebuilt.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rebuilt {
    pub why: Unusable,
    /// What the snapshot covered that it was rebuilt from; `None`: from the log alone.
    pub snapshot: Option<Position>,
}

/// Turns one record into what it changes in the view. The view may still miss what records shortly before it changed.
pub type Replay<'a> = dyn FnMut(&View, Position, &Record, &mut Changes) -> Result<(), Box<dyn Error + Send + Sync>>
    + 'a;

/// What the view still needs once every record was replayed into it, before it covers them; and what else came of it.
pub type Finish<'a, T> =
    dyn FnMut(&View, &Log, &mut Changes) -> Result<T, Box<dyn Error + Send + Sync>> + 'a;

/// One open data folder.
#[derive(Debug)]
pub struct Store {
    dir: PathBuf,
    log: Arc<Log>,
    view: Arc<View>,
    opened: Opened,
    /// Locked as long as it is open.
    _lock: File,
}

impl Store {
    /// Opens the data folder `dir`, or makes one; `replay` brings the view up to the log's end.
    pub fn open(
        dir: &Path,
        settings: &Settings,
        replay: &mut Replay<'_>,
    ) -> Result<Self, StoreError> {
        let opened = Self::open_with((dir, settings), replay, &mut |_, _, _| Ok(()));
        opened.map(|(this, ())| this)
    }

    /// The same; `finish` sees the view as it is after every record.
    pub fn open_with<T>(
        (dir, settings): (&Path, &Settings),
        replay: &mut Replay<'_>,
        finish: &mut Finish<'_, T>,
    ) -> Result<(Self, T), StoreError> {
        make_folder(dir)?;
        // Before anything is put into it, for it may be somebody's.
        check_format(dir)?;
        let lock = lock(dir)?;
        let stage = check_format(dir)?;
        let (log_dir, snapshots) = (dir.join("log"), dir.join("snapshots"));
        make_folder(&log_dir)?;
        make_folder(&snapshots)?;
        let disk = Arc::new(Folder::new(&log_dir));
        if stage == Stage::Complete && !Log::exists(&*disk)? {
            let path = log_dir.join("LOG");
            return Err(StoreError::Damaged { path });
        }
        let (log, found) = Log::open(disk, settings)?;
        if stage == Stage::New {
            write_format(dir)?;
        }
        let log = Arc::new(log);
        let (view, rebuilt) = open_view(dir, &log, found.end, settings)?;
        let (replayed, finished) = catch_up(&view, &log, (replay, finish))?;
        let this = Self {
            dir: dir.to_owned(),
            log,
            view: Arc::new(view),
            opened: Opened {
                log: found,
                rebuilt,
                replayed,
            },
            _lock: lock,
        };
        Ok((this, finished))
    }

    pub fn log(&self) -> &Arc<Log> {
        &self.log
    }

    pub fn view(&self) -> &Arc<View> {
        &self.view
    }

    /// What opening found.
    pub fn opened(&self) -> &Opened {
        &self.opened
    }

    /// Writes the view to a verified file; returns what it covers. The log before that may go.
    pub fn snapshot(&self) -> Result<Position, StoreError> {
        let snapshots = self.dir.join("snapshots");
        Ok(snapshot::write(&snapshots, &self.view, &self.log)?)
    }

    /// Writes a snapshot and takes all older ones away.
    pub fn renew_snapshots(&self) -> Result<(), StoreError> {
        let snapshots = self.dir.join("snapshots");
        Ok(snapshot::renew(&snapshots, &self.view, &self.log)?)
    }

    pub fn has_snapshots(&self) -> Result<bool, StoreError> {
        Ok(!snapshot::list(&self.dir.join("snapshots"))?.is_empty())
    }

    /// Settles everything and takes no more records.
    pub fn close(&self) -> Result<(), StoreError> {
        self.log.close()?;
        Ok(self.view.sync()?)
    }
}

fn open_view(
    dir: &Path,
    log: &Arc<Log>,
    end: Position,
    settings: &Settings,
) -> Result<(View, Option<Rebuilt>), StoreError> {
    let existed = View::exists(dir);
    let why = match existed {
        true => match View::open(dir, log, end, settings)? {
            Ok(view) => return Ok((view, None)),
            Err(why) => why,
        },
        false => Unusable::Missing,
    };
    let view = View::create(dir, log, settings)?;
    let snapshot = snapshot::load(&dir.join("snapshots"), &view, log, end)?;
    let first = log.first();
    if snapshot.is_none() && first > Position::default() {
        return Err(StoreError::NoSnapshot { why, first });
    }
    view.apply(Changes::default(), snapshot.unwrap_or_default())?;
    // A new folder has no view to rebuild.
    let rebuilt = existed || snapshot.is_some();
    Ok((view, rebuilt.then_some(Rebuilt { why, snapshot })))
}

/// INVARIANT: the view covers the records only once all of them are in it, and it was finished: an interruption begins again.
fn catch_up<T>(
    view: &View,
    log: &Log,
    (replay, finish): (&mut Replay<'_>, &mut Finish<'_, T>),
) -> Result<(u64, T), StoreError> {
    let mut changes = Changes::default();
    let mut count = 0;
    for next in log.records(view.covers()) {
        let (position, record) = next?;
        replay(view, position, &record, &mut changes)
            .map_err(|source| StoreError::Replay { position, source })?;
        count += 1;
        if changes.bytes() >= CHUNK_BYTES {
            view.load(std::mem::take(&mut changes))?;
        }
    }
    view.load(std::mem::take(&mut changes))?;
    let finished = finish(view, log, &mut changes);
    let finished = finished.map_err(|source| StoreError::Finish { source })?;
    view.apply(changes, log.durable())?;
    Ok((count, finished))
}

fn failed(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError::Io {
        operation,
        path,
        source,
    }
}

/// Makes a folder that only this user can look into, and makes its name durable.
fn make_folder(dir: &Path) -> Result<(), StoreError> {
    if dir.is_dir() {
        return Ok(());
    }
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder.create(dir).map_err(failed("make", dir))?;
    match dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => sync_folder(parent),
        None => Ok(()),
    }
}

fn sync_folder(dir: &Path) -> Result<(), StoreError> {
    File::open(dir)
        .and_then(|folder| folder.sync_all())
        .map_err(failed("sync", dir))
}

fn lock(dir: &Path) -> Result<File, StoreError> {
    let path = dir.join("LOCK");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    let file = options.open(&path).map_err(failed("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse {
            dir: dir.to_owned(),
        }),
        Err(TryLockError::Error(source)) => Err(failed("lock", &path)(source)),
    }
}

/// How far a folder has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Empty, or its making was interrupted: nothing in it was ever acknowledged.
    New,
    Complete,
}

fn check_format(dir: &Path) -> Result<Stage, StoreError> {
    let path = dir.join("FORMAT");
    match std::fs::read_to_string(&path) {
        Ok(text) => {
            let found = text.strip_prefix(FORMAT_TEXT).map(str::trim_end);
            let found: Option<u32> = found.and_then(|number| number.parse().ok());
            match found {
                Some(FORMAT) => Ok(Stage::Complete),
                Some(found) if found > FORMAT => Err(StoreError::Newer {
                    dir: dir.to_owned(),
                    found,
                }),
                Some(found) => Err(StoreError::Older {
                    dir: dir.to_owned(),
                    found,
                }),
                _ => Err(StoreError::Damaged { path }),
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            refuse_strangers(dir).map(|()| Stage::New)
        }
        Err(source) => Err(failed("read", &path)(source)),
    }
}

fn refuse_strangers(dir: &Path) -> Result<(), StoreError> {
    for entry in std::fs::read_dir(dir).map_err(failed("list", dir))? {
        let name = entry.map_err(failed("list", dir))?.file_name();
        if !OURS.iter().any(|ours| name == *ours) {
            return Err(StoreError::NotOurs {
                dir: dir.to_owned(),
                name: name.to_string_lossy().into_owned(),
            });
        }
    }
    Ok(())
}

/// Written last: a folder without it was not finished.
fn write_format(dir: &Path) -> Result<(), StoreError> {
    let (new, path) = (dir.join("FORMAT.new"), dir.join("FORMAT"));
    let mut file = File::create(&new).map_err(failed("create", &new))?;
    writeln!(file, "{FORMAT_TEXT}{FORMAT}")
        .and_then(|()| file.sync_all())
        .and_then(|()| std::fs::rename(&new, &path))
        .map_err(failed("write", &path))?;
    sync_folder(dir)
}
