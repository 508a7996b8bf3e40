//! A disk in memory that does what disks do: it forgets what was not synced, tears what was half written, and fails when
//! asked to. It implements the same trait as a folder.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use kairos::store::disk::{Disk, DiskFile};

const SECTOR: usize = 512;

/// What goes wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// Any operation, reads too, answers with an input/output error.
    Any,
    Write,
    ShortWrite,
    /// The data stays readable, never reaches the disk, and the next sync says that all is well.
    Sync,
    /// From then on, nothing that needs room succeeds.
    Full,
}

/// What a crash leaves of what was not synced.
#[derive(Clone, Copy, Debug)]
pub enum Crash {
    LosesUnsynced,
    KeepsUnsynced,
    /// Keeps some sectors, drawn from the seed.
    Tears(u64),
}

#[derive(Default)]
struct Trouble {
    /// The fault, and at which of the operations that it concerns.
    plan: Mutex<Option<(Fault, u64)>>,
    seen: AtomicU64,
    struck: AtomicBool,
}

impl Trouble {
    /// Whether this operation, which is one of `kinds`, goes wrong.
    fn strikes(&self, kinds: &[Fault]) -> Option<Fault> {
        let (fault, at) = (*self.plan.lock().unwrap())?;
        if fault != Fault::Any && !kinds.contains(&fault) {
            return None;
        }
        let seen = self.seen.fetch_add(1, Ordering::SeqCst) + 1;
        let now = seen == at || (fault == Fault::Full && seen > at);
        now.then(|| {
            self.struck.store(true, Ordering::SeqCst);
            fault
        })
    }

    fn check(&self, kinds: &[Fault]) -> io::Result<()> {
        match self.strikes(kinds) {
            None => Ok(()),
            Some(Fault::Full) => Err(io::Error::from_raw_os_error(28)),
            Some(_) => Err(io::Error::from_raw_os_error(5)),
        }
    }
}

#[derive(Clone, Default)]
struct Content {
    now: Vec<u8>,
    durable: Vec<u8>,
    unsynced: Vec<(usize, Vec<u8>)>,
}

fn write_into(bytes: &mut Vec<u8>, offset: usize, new: &[u8]) {
    let end = offset + new.len();
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    bytes[offset..end].copy_from_slice(new);
}

impl Content {
    fn write(&mut self, offset: usize, new: &[u8]) {
        write_into(&mut self.now, offset, new);
        self.unsynced.push((offset, new.to_vec()));
    }

    fn after(&self, crash: Crash) -> Vec<u8> {
        let mut bytes = self.durable.clone();
        let mut state = match crash {
            Crash::LosesUnsynced => return bytes,
            Crash::KeepsUnsynced => return self.now.clone(),
            Crash::Tears(seed) => seed | 1,
        };
        for (offset, new) in &self.unsynced {
            let mut at = 0;
            while at < new.len() {
                let count = (SECTOR - (offset + at) % SECTOR).min(new.len() - at);
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                if state.is_multiple_of(2) {
                    write_into(&mut bytes, offset + at, &new[at..at + count]);
                }
                at += count;
            }
        }
        bytes
    }
}

struct MemoryFile {
    content: Mutex<Content>,
    trouble: Arc<Trouble>,
}

#[derive(Default)]
struct Names {
    now: BTreeMap<String, Arc<MemoryFile>>,
    durable: BTreeMap<String, Arc<MemoryFile>>,
}

/// The disk.
#[derive(Default)]
pub struct Memory {
    names: Mutex<Names>,
    trouble: Arc<Trouble>,
}

impl Memory {
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// A disk whose `at`-th operation of the fault's kind goes wrong.
    pub fn failing(fault: Fault, at: u64) -> Arc<Self> {
        let this = Self::new();
        this.fail(fault, at);
        this
    }

    pub fn fail(&self, fault: Fault, at: u64) {
        self.trouble.seen.store(0, Ordering::SeqCst);
        *self.trouble.plan.lock().unwrap() = Some((fault, at));
    }

    /// Whether the fault has struck.
    pub fn struck(&self) -> bool {
        self.trouble.struck.load(Ordering::SeqCst)
    }

    /// What the next host finds.
    pub fn crash(&self, crash: Crash) -> Arc<Self> {
        let next = Self::new();
        let names = self.names.lock().unwrap();
        let kept = match crash {
            Crash::KeepsUnsynced => &names.now,
            Crash::LosesUnsynced | Crash::Tears(_) => &names.durable,
        };
        for (name, file) in kept {
            next.put(name, file.content.lock().unwrap().after(crash));
        }
        next
    }

    pub fn files(&self) -> Vec<String> {
        self.names.lock().unwrap().now.keys().cloned().collect()
    }

    pub fn bytes(&self, name: &str) -> Vec<u8> {
        let names = self.names.lock().unwrap();
        let content = names.now[name].content.lock().unwrap();
        content.now.clone()
    }

    /// Puts a file there, durably.
    pub fn put(&self, name: &str, bytes: Vec<u8>) {
        let content = Content {
            durable: bytes.clone(),
            now: bytes,
            unsynced: Vec::new(),
        };
        let file = self.file(content);
        let mut names = self.names.lock().unwrap();
        names.now.insert(name.to_owned(), Arc::clone(&file));
        names.durable.insert(name.to_owned(), file);
    }

    /// Takes a file away, durably.
    pub fn take(&self, name: &str) {
        let mut names = self.names.lock().unwrap();
        names.now.remove(name);
        names.durable.remove(name);
    }

    fn file(&self, content: Content) -> Arc<MemoryFile> {
        Arc::new(MemoryFile {
            content: Mutex::new(content),
            trouble: Arc::clone(&self.trouble),
        })
    }
}

impl Disk for Memory {
    fn list(&self) -> io::Result<Vec<String>> {
        self.trouble.check(&[])?;
        Ok(self.files())
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        self.trouble.check(&[Fault::Full])?;
        let file = self.file(Content::default());
        let mut names = self.names.lock().unwrap();
        names.now.insert(name.to_owned(), Arc::clone(&file));
        Ok(file)
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        self.trouble.check(&[])?;
        let names = self.names.lock().unwrap();
        match names.now.get(name) {
            Some(file) => Ok(Arc::clone(file) as Arc<dyn DiskFile>),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.trouble.check(&[])?;
        let mut names = self.names.lock().unwrap();
        let file = names.now.remove(from).ok_or(io::ErrorKind::NotFound)?;
        names.now.insert(to.to_owned(), file);
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.trouble.check(&[])?;
        let removed = self.names.lock().unwrap().now.remove(name);
        removed.map(drop).ok_or(io::ErrorKind::NotFound.into())
    }

    fn sync_folder(&self) -> io::Result<()> {
        self.trouble.check(&[Fault::Sync])?;
        let mut names = self.names.lock().unwrap();
        names.durable = names.now.clone();
        Ok(())
    }
}

impl DiskFile for MemoryFile {
    fn length(&self) -> io::Result<u64> {
        self.trouble.check(&[])?;
        Ok(self.content.lock().unwrap().now.len() as u64)
    }

    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        self.trouble.check(&[])?;
        let content = self.content.lock().unwrap();
        let rest = content.now.get(offset as usize..).unwrap_or_default();
        let count = rest.len().min(bytes.len());
        bytes[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let kinds = [Fault::Write, Fault::ShortWrite, Fault::Full];
        let count = match self.trouble.strikes(&kinds) {
            None => bytes.len(),
            Some(Fault::ShortWrite) => bytes.len() / 2,
            Some(Fault::Full) => return Err(io::Error::from_raw_os_error(28)),
            Some(_) => return Err(io::Error::from_raw_os_error(5)),
        };
        let mut content = self.content.lock().unwrap();
        content.write(offset as usize, &bytes[..count]);
        Ok(count)
    }

    fn preallocate(&self, length: u64) -> io::Result<()> {
        self.trouble.check(&[Fault::Write, Fault::Full])?;
        let zeros = vec![0; length as usize];
        self.content.lock().unwrap().write(0, &zeros);
        Ok(())
    }

    fn stretch(&self, length: u64) -> io::Result<()> {
        self.preallocate(length)
    }

    fn sync(&self) -> io::Result<()> {
        let failed = self.trouble.check(&[Fault::Sync]);
        let mut content = self.content.lock().unwrap();
        let unsynced = std::mem::take(&mut content.unsynced);
        failed?;
        for (offset, bytes) in unsynced {
            write_into(&mut content.durable, offset, &bytes);
        }
        Ok(())
    }
}
