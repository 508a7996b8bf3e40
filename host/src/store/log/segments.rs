//! The log's files: which segments there are, making the next one ahead of need, removing the oldest.
//!
//! INVARIANT: a segment has its name only when it is whole and synced, and is used only when the file `LOG` says that
//! it exists. So a segment that `LOG` names and that is not there was lost, not interrupted.

use std::cmp::Ordering;
use std::io;
use std::sync::{Arc, Mutex};

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::super::disk::{Disk, DiskFile};
use super::super::format::{self, Flaw, LogKey, VERSION, segment_header, segment_name, u64_at};
use super::{Failed, LogError, lock};
use crate::store::Durability;

pub(super) const MANIFEST: &str = "LOG";
const MANIFEST_NEW: &str = "LOG.new";
const SEGMENT_NEW: &str = "segment.new";
const MAGIC: &[u8; 8] = b"kairolog";
const MANIFEST_BYTES: usize = 64;

/// The file `LOG`: whose segments these are, and from where to where they reach.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Manifest {
    pub(super) id: [u8; 16],
    pub(super) segment_bytes: u64,
    pub(super) first: u64,
    pub(super) through: u64,
}

impl Manifest {
    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(MANIFEST_BYTES);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&u64::from(VERSION).to_le_bytes());
        bytes.extend_from_slice(&self.id);
        bytes.extend_from_slice(&self.segment_bytes.to_le_bytes());
        bytes.extend_from_slice(&self.first.to_le_bytes());
        bytes.extend_from_slice(&self.through.to_le_bytes());
        let sum = xxh3_64_with_seed(&bytes, 0);
        bytes.extend_from_slice(&sum.to_le_bytes());
        bytes
    }

    /// Reads the file `LOG`.
    pub(super) fn read(disk: &dyn Disk) -> Result<Self, LogError> {
        let mut bytes = vec![0; MANIFEST_BYTES + 1];
        let length = disk
            .open(MANIFEST)
            .and_then(|file| file.read_at(&mut bytes, 0))
            .map_err(|source| LogError::io("read", MANIFEST, source))?;
        let damaged = LogError::Damaged {
            file: MANIFEST.to_owned(),
            offset: 0,
            flaw: Flaw::File,
        };
        let covered = bytes.get(..MANIFEST_BYTES - 8).unwrap_or_default();
        let sound = u64_at(&bytes, MANIFEST_BYTES - 8) == xxh3_64_with_seed(covered, 0);
        if length != MANIFEST_BYTES || !sound || !bytes.starts_with(MAGIC) {
            return Err(damaged);
        }
        let found = u32::try_from(u64_at(&bytes, 8)).unwrap_or(u32::MAX);
        match found.cmp(&VERSION) {
            Ordering::Equal => {}
            Ordering::Greater => return Err(LogError::newer(MANIFEST, found)),
            Ordering::Less => return Err(LogError::Older { found }),
        }
        let mut id = [0; 16];
        id.copy_from_slice(bytes.get(16..32).unwrap_or(&[0; 16]));
        let this = Self {
            id,
            segment_bytes: u64_at(&bytes, 32),
            first: u64_at(&bytes, 40),
            through: u64_at(&bytes, 48),
        };
        if this.segment_bytes < format::SECTOR * 2
            || !this.segment_bytes.is_multiple_of(format::SECTOR)
        {
            return Err(damaged);
        }
        Ok(this)
    }

    pub(super) fn write(&self, disk: &dyn Disk) -> Result<(), Failed> {
        let file = disk
            .create(MANIFEST_NEW)
            .map_err(|source| Failed::new("create", MANIFEST_NEW, source))?;
        write_all(&*file, &self.encode(), 0)
            .map_err(|source| Failed::new("write", MANIFEST_NEW, source))?;
        file.sync()
            .map_err(|source| Failed::new("sync", MANIFEST_NEW, source))?;
        disk.rename(MANIFEST_NEW, MANIFEST)
            .and_then(|()| disk.sync_folder())
            .map_err(|source| Failed::new("rename", MANIFEST_NEW, source))
    }
}

/// Writes all of `bytes` in one go: a short write is a failure, not a reason to try the rest.
pub(super) fn write_all(file: &dyn DiskFile, bytes: &[u8], offset: u64) -> io::Result<()> {
    match file.write_at(bytes, offset)? {
        count if count == bytes.len() => Ok(()),
        count => Err(io::Error::new(
            io::ErrorKind::WriteZero,
            format!("wrote {count} of {} bytes", bytes.len()),
        )),
    }
}

/// The segments of an open log.
pub(super) struct Segments {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) key: LogKey,
    durability: Durability,
    state: Mutex<State>,
    /// The older segment that was read last.
    reading: Mutex<Option<(u64, Arc<dyn DiskFile>)>>,
}

struct State {
    manifest: Manifest,
    /// Why the next segment could not be made; it is not tried again.
    broken: Option<Failed>,
}

impl Segments {
    pub(super) fn new(disk: Arc<dyn Disk>, manifest: Manifest, durability: Durability) -> Self {
        Self {
            disk,
            key: LogKey::new(manifest.id, manifest.segment_bytes),
            durability,
            state: Mutex::new(State {
                manifest,
                broken: None,
            }),
            reading: Mutex::new(None),
        }
    }

    pub(super) fn first(&self) -> u64 {
        lock(&self.state).manifest.first
    }

    pub(super) fn through(&self) -> u64 {
        lock(&self.state).manifest.through
    }

    /// Makes sure that the segment which starts at `start` exists, by making it when it is the next one.
    pub(super) fn ensure(&self, start: u64) -> Result<(), Failed> {
        let mut state = lock(&self.state);
        if start < state.manifest.through {
            return Ok(());
        }
        if let Some(failed) = &state.broken {
            return Err(failed.clone());
        }
        let made = self.make(&mut state.manifest, start);
        if let Err(failed) = &made {
            state.broken = Some(failed.clone());
        }
        made
    }

    fn make(&self, manifest: &mut Manifest, start: u64) -> Result<(), Failed> {
        let disk = &*self.disk;
        let name = segment_name(start);
        let file = disk
            .create(SEGMENT_NEW)
            .map_err(|source| Failed::new("create", SEGMENT_NEW, source))?;
        // Zeros that are really there make every later sync cheaper; without syncs they would only be written twice.
        let sized = match self.durability {
            Durability::Sync => file.preallocate(self.key.segment_bytes),
            Durability::Process => file.stretch(self.key.segment_bytes),
        };
        sized
            .and_then(|()| write_all(&*file, &segment_header(&self.key, start), 0))
            .and_then(|()| file.sync())
            .map_err(|source| Failed::new("preallocate", SEGMENT_NEW, source))?;
        disk.rename(SEGMENT_NEW, &name)
            .and_then(|()| disk.sync_folder())
            .map_err(|source| Failed::new("rename", &name, source))?;
        let next = Manifest {
            through: start + self.key.segment_bytes,
            ..*manifest
        };
        next.write(disk)?;
        *manifest = next;
        Ok(())
    }

    /// Removes whole segments that end at or before `position`.
    pub(super) fn remove_before(&self, position: u64) -> Result<(), Failed> {
        let mut state = lock(&self.state);
        let next = Manifest {
            first: self
                .key
                .segment_of(position)
                .min(
                    state
                        .manifest
                        .through
                        .saturating_sub(self.key.segment_bytes),
                )
                .max(state.manifest.first),
            ..state.manifest
        };
        let old = state.manifest.first;
        if next.first == old {
            return Ok(());
        }
        next.write(&*self.disk)?;
        state.manifest = next;
        *lock(&self.reading) = None;
        let mut start = old;
        while start < next.first {
            let name = segment_name(start);
            self.disk
                .remove(&name)
                .map_err(|source| Failed::new("remove", &name, source))?;
            start += self.key.segment_bytes;
        }
        Ok(())
    }

    pub(super) fn open(&self, start: u64) -> io::Result<Arc<dyn DiskFile>> {
        self.disk.open(&segment_name(start))
    }

    /// The file of the segment which starts at `start`, for reading.
    pub(super) fn file(&self, start: u64) -> Result<Arc<dyn DiskFile>, LogError> {
        let mut reading = lock(&self.reading);
        match &*reading {
            Some((open, file)) if *open == start => Ok(Arc::clone(file)),
            _ => {
                let file = self
                    .open(start)
                    .map_err(|source| LogError::io("open", &segment_name(start), source))?;
                *reading = Some((start, Arc::clone(&file)));
                Ok(file)
            }
        }
    }

    /// Reads up to `count` bytes at `position`, never beyond its segment.
    pub(super) fn read(&self, position: u64, count: usize) -> Result<Vec<u8>, LogError> {
        let start = self.key.segment_of(position);
        let rest = self.key.segment_end(position) - position;
        let mut bytes = vec![0; count.min(usize::try_from(rest).unwrap_or(usize::MAX))];
        let length = self
            .file(start)?
            .read_at(&mut bytes, self.key.offset_of(position))
            .map_err(|source| LogError::io("read", &segment_name(start), source))?;
        bytes.truncate(length);
        Ok(bytes)
    }

    pub(super) fn damaged(&self, position: u64, flaw: Flaw) -> LogError {
        LogError::Damaged {
            file: segment_name(self.key.segment_of(position)),
            offset: self.key.offset_of(position),
            flaw,
        }
    }
}
