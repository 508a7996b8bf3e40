//! The keys of the host itself: one for each epoch, and the salt of all look-ups. Each is a file of its own.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use bytes::Bytes;

use crate::ids::{Chance, from_hex, to_hex};
use crate::keys::{DataKey, Locked, SEAL_BYTES, SUBJECT_BYTES, Salt, Subject, Wrapped, secret};

const SALT: &str = "lookup.salt";
/// What the files begin with, so that scanners find one that was leaked.
const SALT_MARK: &str = "kairos_salt_";
const EPOCH_MARK: &str = "kairos_epoch_";

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum NoKeys {
    #[error("`{}` cannot be {done}", .file.display())]
    Io {
        done: &'static str,
        file: PathBuf,
        source: io::Error,
    },
    #[error("others may read `{0}`: `chmod 600 {0}` first", .file.display())]
    Shared { file: PathBuf },
    #[error("`{}` is no key as it was written: restore it from a copy", .file.display())]
    Other { file: PathBuf },
    #[error(
        "`{}` does not hold the keys of this data folder: name their folder with `--keys`, or restore them from a copy",
        .folder.display()
    )]
    Missing { folder: PathBuf },
}

/// The keys of the epochs, and the salt.
pub struct Ring {
    folder: PathBuf,
    salt: [u8; 32],
    epochs: RwLock<Epochs>,
    chance: Mutex<Chance>,
}

struct Epochs {
    current: u32,
    keys: BTreeMap<u32, DataKey>,
    /// Files that were overwritten and not taken away.
    spent: Vec<u32>,
}

impl fmt::Debug for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ring")
            .field("epoch", &self.epoch())
            .finish_non_exhaustive()
    }
}

impl Ring {
    /// The keys in a folder.
    pub fn open(folder: &Path) -> Result<Self, NoKeys> {
        let salt = folder.join(SALT);
        if !salt.exists() {
            let folder = folder.to_owned();
            return Err(NoKeys::Missing { folder });
        }
        let salt = read(&salt, SALT_MARK)?;
        let mut epochs = Epochs {
            current: 0,
            keys: BTreeMap::new(),
            spent: Vec::new(),
        };
        let mut found = list(folder)?;
        found.sort_unstable();
        epochs.current = found.last().copied().unwrap_or_default();
        for epoch in found {
            match read(&epoch_file(folder, epoch), EPOCH_MARK) {
                Ok(key) => drop(epochs.keys.insert(epoch, DataKey::from_bytes(key))),
                Err(NoKeys::Other { .. }) if epoch < epochs.current => epochs.spent.push(epoch),
                Err(error) => return Err(error),
            }
        }
        if epochs.keys.is_empty() {
            let folder = folder.to_owned();
            return Err(NoKeys::Missing { folder });
        }
        let chance = Chance::from_system().map_err(io("drawn", folder))?;
        Ok(Self {
            folder: folder.to_owned(),
            salt,
            epochs: RwLock::new(epochs),
            chance: Mutex::new(chance),
        })
    }

    /// The same; what is not there yet is drawn. Only for a host that has recorded nothing yet.
    pub fn make(folder: &Path) -> Result<Self, NoKeys> {
        let mut chance = Chance::from_system().map_err(io("drawn", folder))?;
        // The salt comes last: without it, nothing was ever closed with the others.
        for (file, mark) in [
            (epoch_file(folder, 1), EPOCH_MARK),
            (folder.join(SALT), SALT_MARK),
        ] {
            if !file.exists() {
                create(&file, mark, &chance.bytes())?;
            }
        }
        Self::open(folder)
    }

    fn read(&self) -> RwLockReadGuard<'_, Epochs> {
        self.epochs.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Epochs> {
        self.epochs.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The secret under which lookup keys are hashed.
    pub fn salt(&self) -> &[u8; 32] {
        &self.salt
    }

    /// The epoch by whose key new keys are wrapped.
    pub fn epoch(&self) -> u32 {
        self.read().current
    }

    /// Randomness for one thread, for keys and nonces.
    pub fn chance(&self) -> Chance {
        let mut chance = self.chance.lock().unwrap_or_else(PoisonError::into_inner);
        Chance::from_seed(&chance.bytes::<32>())
    }

    /// Closes a key with the epoch's.
    pub fn wrap(&self, key: &DataKey, subject: Subject, chance: &mut Chance) -> Wrapped {
        let epochs = self.read();
        let mut sealed = Vec::with_capacity(32 + SEAL_BYTES);
        // INVARIANT: the current epoch's key is there.
        if let Some(wrapping) = epochs.keys.get(&epochs.current) {
            let about = about(subject, epochs.current, &self.salt);
            wrapping.seal_into((Salt::draw(chance), &about), key.as_bytes(), &mut sealed);
        }
        Wrapped {
            epoch: epochs.current,
            sealed: Bytes::from(sealed),
        }
    }

    /// Opens what [`Self::wrap`] closed.
    pub fn unwrap(&self, wrapped: &Wrapped, subject: Subject) -> Result<DataKey, Locked> {
        let epoch = wrapped.epoch;
        let epochs = self.read();
        let wrapping = epochs.keys.get(&epoch).ok_or(Locked::NoEpoch { epoch })?;
        let opened = wrapping.open(&about(subject, epoch, &self.salt), &wrapped.sealed);
        let key = opened.and_then(|bytes| bytes.try_into().ok());
        key.map(DataKey::from_bytes).ok_or(Locked::Other)
    }

    /// Whether keys of earlier epochs are still there.
    pub fn has_old(&self) -> bool {
        let epochs = self.read();
        epochs.keys.len() > 1 || !epochs.spent.is_empty()
    }

    /// Makes the next epoch's key, for good. It wraps nothing before [`Self::begin`].
    pub fn draw_next(&self) -> Result<u32, NoKeys> {
        let next = self.epoch().saturating_add(1);
        let key: [u8; 32] = self.chance().bytes();
        create(&epoch_file(&self.folder, next), EPOCH_MARK, &key)?;
        self.write().keys.insert(next, DataKey::from_bytes(key));
        Ok(next)
    }

    /// From now on keys are wrapped by that epoch's.
    pub fn begin(&self, epoch: u32) {
        self.write().current = epoch;
    }

    /// Destroys the keys of all earlier epochs; returns which.
    ///
    /// INVARIANT: whoever calls it has made durable that everything that shall stay is wrapped by the current one.
    pub fn destroy_old(&self) -> Result<Vec<u32>, NoKeys> {
        let (current, mut old) = {
            let epochs = self.read();
            let all = epochs.keys.keys().chain(&epochs.spent);
            (epochs.current, all.copied().collect::<Vec<u32>>())
        };
        old.retain(|epoch| *epoch < current);
        for epoch in &old {
            let file = epoch_file(&self.folder, *epoch);
            secret::destroy(&file).map_err(io("destroyed", &file))?;
            let mut epochs = self.write();
            epochs.keys.remove(epoch);
            epochs.spent.retain(|spent| spent != epoch);
        }
        Ok(old)
    }
}

const ABOUT_BYTES: usize = SUBJECT_BYTES + 4 + 32;

/// What a wrapped key rests on; the salt too, so that a host with another one finds out before it looks up anybody.
fn about(subject: Subject, epoch: u32, salt: &[u8; 32]) -> [u8; ABOUT_BYTES] {
    let mut about = [0; ABOUT_BYTES];
    let (of, rest) = about.split_at_mut(SUBJECT_BYTES);
    let (in_epoch, with) = rest.split_at_mut(4);
    of.copy_from_slice(&subject.to_bytes());
    in_epoch.copy_from_slice(&epoch.to_le_bytes());
    with.copy_from_slice(salt);
    about
}

fn epoch_file(folder: &Path, epoch: u32) -> PathBuf {
    folder.join(format!("epoch-{epoch}.key"))
}

/// The epochs whose files are in the folder.
fn list(folder: &Path) -> Result<Vec<u32>, NoKeys> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(io("listed", folder))? {
        let name = entry.map_err(io("listed", folder))?.file_name();
        let epoch = name
            .to_str()
            .and_then(|name| name.strip_prefix("epoch-")?.strip_suffix(".key"));
        found.extend(epoch.and_then(|epoch| epoch.parse::<u32>().ok()));
    }
    Ok(found)
}

fn read(file: &Path, mark: &str) -> Result<[u8; 32], NoKeys> {
    if secret::is_shared(file).map_err(io("read", file))? {
        let file = file.to_owned();
        return Err(NoKeys::Shared { file });
    }
    let text = secret::read(file).map_err(io("read", file))?;
    let bytes = text.trim().strip_prefix(mark).and_then(from_hex);
    bytes.ok_or_else(|| NoKeys::Other {
        file: file.to_owned(),
    })
}

fn create(file: &Path, mark: &str, bytes: &[u8; 32]) -> Result<(), NoKeys> {
    let text = zeroize::Zeroizing::new(format!("{mark}{}\n", to_hex(bytes)));
    secret::create(file, &text).map_err(io("made", file))
}

fn io(done: &'static str, file: &Path) -> impl FnOnce(io::Error) -> NoKeys {
    let file = file.to_owned();
    move |source| NoKeys::Io { done, file, source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Key;

    const SUBJECT: Subject = Subject::Market(Key::from_bytes([1; 4]));

    fn ring() -> (tempfile::TempDir, Ring) {
        let folder = tempfile::tempdir().unwrap();
        let ring = Ring::make(&folder.path().join("keys")).unwrap();
        (folder, ring)
    }

    #[test]
    fn a_key_opens_only_for_its_subject_and_while_its_epoch_lasts() {
        let (folder, ring) = ring();
        let mut chance = ring.chance();
        let key = DataKey::draw(&mut chance);
        let old = ring.wrap(&key, SUBJECT, &mut chance);
        assert_eq!(ring.unwrap(&old, SUBJECT).unwrap(), key);
        let other = Subject::Market(Key::from_bytes([2; 4]));
        assert!(matches!(ring.unwrap(&old, other), Err(Locked::Other)));
        let next = ring.draw_next().unwrap();
        ring.begin(next);
        let new = ring.wrap(&key, SUBJECT, &mut chance);
        assert!(ring.has_old());
        assert_eq!(ring.destroy_old().unwrap(), [1]);
        assert!(matches!(
            ring.unwrap(&old, SUBJECT),
            Err(Locked::NoEpoch { epoch: 1 })
        ));
        let again = Ring::open(&folder.path().join("keys")).unwrap();
        assert_eq!((again.epoch(), again.has_old()), (2, false));
        assert_eq!(again.salt(), ring.salt());
        assert_eq!(again.unwrap(&new, SUBJECT).unwrap(), key);
    }

    #[test]
    fn a_key_that_was_overwritten_and_not_taken_away_is_gone() {
        let (folder, ring) = ring();
        let file = folder.path().join("keys/epoch-1.key");
        let next = ring.draw_next().unwrap();
        let length = std::fs::metadata(&file).unwrap().len();
        let zeros = vec![b'0'; usize::try_from(length).unwrap()];
        std::fs::write(&file, zeros).unwrap();
        let again = Ring::open(&folder.path().join("keys")).unwrap();
        assert_eq!((again.epoch(), again.has_old()), (next, true));
        assert_eq!(again.destroy_old().unwrap(), [1]);
        assert!(!file.exists() && !again.has_old());
    }

    #[test]
    fn its_files_are_for_this_user_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let (folder, _ring) = ring();
        for entry in std::fs::read_dir(folder.path().join("keys")).unwrap() {
            let file = entry.unwrap().path();
            let mode = std::fs::metadata(&file).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{}", file.display());
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
            let error = Ring::open(&folder.path().join("keys")).unwrap_err();
            assert!(matches!(error, NoKeys::Shared { .. }), "{error}");
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
    }

    #[test]
    fn without_its_files_there_is_no_ring() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(
            Ring::open(folder.path()),
            Err(NoKeys::Missing { .. })
        ));
        let ring = Ring::make(folder.path()).unwrap();
        let salt = folder.path().join(SALT);
        assert_eq!(Ring::make(folder.path()).unwrap().salt(), ring.salt());
        std::fs::write(&salt, "kairos_salt_zz").unwrap();
        assert!(matches!(
            Ring::open(folder.path()),
            Err(NoKeys::Other { .. })
        ));
    }
}
