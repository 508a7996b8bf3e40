//! What people, and a host, sign with: the private key and the file that it is kept in.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};

use crate::charter::PublicKey;
use crate::charter::file::Signature;
use crate::charter::sections::Section;
use crate::charter::sign::message;
use crate::ids::{Chance, Digest, Text, from_hex, to_hex};
use crate::keys::secret;

/// What a private key's file begins with, so that scanners find one that was leaked.
const PRIVATE: &str = "kairos_signing_";

/// Why there is no key in a file.
#[derive(Debug, thiserror::Error)]
pub enum NoKey {
    #[error("`{}` cannot be read: {source}", .file.display())]
    Io { file: PathBuf, source: io::Error },
    #[error("`{}` cannot be made: {source}", .file.display())]
    Unmade { file: PathBuf, source: io::Error },
    #[error("others may read `{0}`: `chmod 600 {0}` first", .file.display())]
    Shared { file: PathBuf },
    #[error("`{}` is no private key of `kairos charter key new`", .file.display())]
    Other { file: PathBuf },
}

/// What one of the people signs with. It is never shown but in the file that it is written to.
pub struct PrivateKey(SigningKey);

impl PrivateKey {
    pub fn draw(chance: &mut Chance) -> Self {
        Self(SigningKey::from_bytes(&chance.bytes()))
    }

    /// Reads what [`Self::text`] wrote; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let secret = text.trim().strip_prefix(PRIVATE).and_then(from_hex)?;
        Some(Self(SigningKey::from_bytes(&secret)))
    }

    /// The secret itself, for its file.
    pub fn text(&self) -> String {
        format!("{PRIVATE}{}\n", to_hex(&self.0.to_bytes()))
    }

    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// Reads the key in a file, which nobody else may read.
    pub fn read(file: &Path) -> Result<Self, NoKey> {
        let io = |source| NoKey::Io {
            file: file.to_owned(),
            source,
        };
        if secret::is_shared(file).map_err(io)? {
            let file = file.to_owned();
            return Err(NoKey::Shared { file });
        }
        let text = secret::read(file).map_err(io)?;
        Self::parse(&text).ok_or_else(|| NoKey::Other {
            file: file.to_owned(),
        })
    }

    /// Writes the key into a file of its own, whole or not at all; one that is there already stays.
    pub fn create(&self, file: &Path) -> Result<(), NoKey> {
        secret::create(file, &self.text()).map_err(|source| NoKey::Unmade {
            file: file.to_owned(),
            source,
        })
    }

    /// Signs a statement that says itself what it is for.
    pub fn sign_text(&self, text: &str) -> [u8; 64] {
        self.0.sign(text.as_bytes()).to_bytes()
    }

    /// Signs a section's content in the name of `by`.
    pub fn sign(&self, by: Text, section: Section, digest: Digest) -> Signature {
        Signature {
            by,
            section,
            digest,
            bytes: self.0.sign(&message(section, digest)).to_bytes(),
        }
    }
}

impl PublicKey {
    /// Whether the key's owner signed this statement.
    pub fn signed_text(&self, text: &str, signature: &[u8; 64]) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(signature);
        VerifyingKey::from_bytes(&self.0)
            .is_ok_and(|key| key.verify_strict(text.as_bytes(), &signature).is_ok())
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey(of {})", self.public())
    }
}
