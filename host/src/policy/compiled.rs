//! Compiled policies on disk. Loading machine code is believing it, so nothing is loaded that this host did not seal.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::hash::{Hash, Hasher};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use wasmtime::Engine;

use crate::ids::{Chance, Digest};

const KEY_FILE: &str = "compiled.key";
const KEY_BYTES: usize = 32;
const SEAL_BYTES: usize = blake3::OUT_LEN;
/// Compiled code is a few times larger than what it was compiled from; more than this was not written by us.
const FILE_BYTES: u64 = 16 * crate::limits::POLICY_FILE_BYTES;

/// A folder that compiled code cannot be kept in.
#[derive(Debug, thiserror::Error)]
pub enum Unsafe {
    #[error("`{}` cannot be used", path.display())]
    Unusable {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("the key `{}` is not {KEY_BYTES} bytes long: remove it, and every policy is compiled anew", path.display())]
    DamagedKey { path: PathBuf },
    #[error("the key `{}` can be read by others: remove it, and every policy is compiled anew", path.display())]
    OpenKey { path: PathBuf },
}

/// The folder of compiled policies, and the key that seals them.
pub(super) struct CodeFolder {
    folder: PathBuf,
    key: [u8; KEY_BYTES],
}

impl CodeFolder {
    /// Opens `folder` for this user alone; the key lies beside it, and is drawn the first time.
    pub(super) fn open(folder: &Path) -> Result<Self, Unsafe> {
        let unusable = |path: &Path| {
            let path = path.to_owned();
            move |source| Unsafe::Unusable { path, source }
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .and_then(|()| std::fs::set_permissions(folder, Permissions::from_mode(0o700)))
            .map_err(unusable(folder))?;
        let key_file = folder.parent().unwrap_or(folder).join(KEY_FILE);
        let key = match File::open(&key_file) {
            Ok(file) => read_key(&key_file, file)?,
            Err(absent) if absent.kind() == std::io::ErrorKind::NotFound => {
                draw_key(&key_file).map_err(unusable(&key_file))?
            }
            Err(source) => return Err(unusable(&key_file)(source)),
        };
        Ok(Self {
            folder: folder.to_owned(),
            key,
        })
    }

    /// The code compiled from the policy with this digest, for engines like this one; `None` where it must be compiled.
    pub(super) fn find(&self, digest: Digest, engine: &Engine) -> Option<Vec<u8>> {
        let mut sealed = Vec::new();
        File::open(self.path(digest))
            .ok()?
            .take(FILE_BYTES)
            .read_to_end(&mut sealed)
            .ok()?;
        let (seal, code) = sealed.split_first_chunk::<SEAL_BYTES>()?;
        // `blake3::Hash` compares in constant time.
        if self.seal(digest, engine, code) != *seal {
            tracing::warn!(%digest, "compiled policy is not ours or for another engine: compiling anew");
            return None;
        }
        sealed.drain(..SEAL_BYTES);
        Some(sealed)
    }

    /// Keeps compiled code. Only speed is lost when that fails.
    pub(super) fn keep(&self, digest: Digest, engine: &Engine, code: &[u8]) {
        if let Err(failure) = self.write(digest, engine, code) {
            tracing::warn!(%digest, %failure, "compiled policy was not kept");
        }
    }

    fn write(&self, digest: Digest, engine: &Engine, code: &[u8]) -> std::io::Result<()> {
        let path = self.path(digest);
        let unfinished = path.with_extension("unfinished");
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&unfinished)?;
        file.write_all(self.seal(digest, engine, code).as_bytes())?;
        file.write_all(code)?;
        file.sync_all()?;
        std::fs::rename(&unfinished, &path)
    }

    fn path(&self, digest: Digest) -> PathBuf {
        let name = digest.to_string();
        let hex = name.rsplit(':').next().unwrap_or(&name);
        self.folder.join(format!("{hex}.cwasm"))
    }

    fn seal(&self, digest: Digest, engine: &Engine, code: &[u8]) -> blake3::Hash {
        let mut compatibility = Fingerprint(blake3::Hasher::new());
        engine
            .precompile_compatibility_hash()
            .hash(&mut compatibility);
        let mut seal = blake3::Hasher::new_keyed(&self.key);
        seal.update(compatibility.0.finalize().as_bytes())
            .update(digest.as_bytes())
            .update(code);
        seal.finalize()
    }
}

fn read_key(path: &Path, mut file: File) -> Result<[u8; KEY_BYTES], Unsafe> {
    let unusable = |source| Unsafe::Unusable {
        path: path.to_owned(),
        source,
    };
    let facts = file.metadata().map_err(unusable)?;
    if facts.permissions().mode() & 0o077 != 0 {
        return Err(Unsafe::OpenKey {
            path: path.to_owned(),
        });
    }
    let mut key = [0; KEY_BYTES];
    if facts.len() != KEY_BYTES as u64 || file.read_exact(&mut key).is_err() {
        return Err(Unsafe::DamagedKey {
            path: path.to_owned(),
        });
    }
    Ok(key)
}

fn draw_key(path: &Path) -> std::io::Result<[u8; KEY_BYTES]> {
    let key = Chance::from_system()?.bytes();
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(&key)?;
    file.sync_all()?;
    Ok(key)
}

/// Lets anything that can be hashed enter a digest that cannot be guessed.
struct Fingerprint(blake3::Hasher);

impl Hasher for Fingerprint {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let mut first = [0; 8];
        self.0.finalize_xof().fill(&mut first);
        u64::from_le_bytes(first)
    }
}
