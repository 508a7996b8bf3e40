//! What a host states about its log at one moment, signed: how many records there are, and the hash of all of them. Whoever
//! keeps one sees later whether anything before it was changed, taken out or rewritten.
//!
//! The text is a checkpoint in the form of C2SP `tlog-checkpoint`, inside a C2SP `signed-note`: origin, number of records,
//! hash in base64, further lines; an empty line; and a signature line with the key's name, four bytes of its hash and the
//! Ed25519 signature. The hash is that of a chain, not the root of a tree.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{Context, SHA256};

use crate::charter::PublicKey;
use crate::charter::sign::PrivateKey;
use crate::clock::Instant;
use crate::ids::{from_hex, to_hex};
use crate::store::{Chain, Link, Position};

/// Before the log's id: whose statement it is.
const ORIGIN: &str = "kairos.evidence/";
/// C2SP signed-note: the algorithm is Ed25519.
const ED25519: u8 = 1;
/// How a line with a signature begins.
const DASH: &str = "\u{2014} ";

/// What is stated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Checkpoint {
    /// Which log.
    pub log: [u8; 16],
    pub chain: Chain,
    /// Where the last of the records ends.
    pub end: Position,
    pub at: Instant,
}

/// Why a text is no checkpoint that counts.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NoCheckpoint {
    #[error("line {line} is not {wanted}")]
    Malformed { line: usize, wanted: &'static str },
    #[error("it is not signed with {key}")]
    Unsigned { key: PublicKey },
}

impl Checkpoint {
    fn name(&self) -> String {
        format!("{ORIGIN}{}", to_hex(&self.log))
    }

    /// What is signed.
    fn text(&self) -> String {
        format!(
            "{}\n{}\n{}\nend {}\nat {}\n",
            self.name(),
            self.chain.records,
            STANDARD.encode(self.chain.link.as_bytes()),
            self.end,
            self.at
        )
    }

    /// The statement with the host's signature, as it is given away.
    pub fn signed(&self, key: &PrivateKey) -> String {
        let (text, name) = (self.text(), self.name());
        let mut signature = key_hash(&name, &key.public()).to_vec();
        signature.extend_from_slice(&key.sign_text(&text));
        format!("{text}\n{DASH}{name} {}\n", STANDARD.encode(signature))
    }

    /// Reads a checkpoint and checks who signed it.
    pub fn read(text: &str, key: &PublicKey) -> Result<Self, NoCheckpoint> {
        let malformed = |line, wanted| NoCheckpoint::Malformed { line, wanted };
        let (statement, signatures) = text
            .split_once("\n\n")
            .ok_or(malformed(6, "empty, before the signature"))?;
        let mut lines = statement.lines();
        let mut next = |line, wanted| lines.next().ok_or(malformed(line, wanted));
        let log = next(1, "`kairos.evidence/` and the log's id")?
            .strip_prefix(ORIGIN)
            .and_then(from_hex)
            .ok_or(malformed(1, "`kairos.evidence/` and the log's id"))?;
        let records = next(2, "a number of records")?
            .parse()
            .map_err(|_| malformed(2, "a number of records"))?;
        let link = STANDARD.decode(next(3, "a hash in base64")?).ok();
        let link = link
            .and_then(|link| <[u8; 32]>::try_from(link).ok())
            .ok_or(malformed(3, "a hash in base64"))?;
        let end = next(4, "`end` and a position")?
            .strip_prefix("end ")
            .and_then(Position::parse)
            .ok_or(malformed(4, "`end` and a position"))?;
        let at = next(5, "`at` and a time")?
            .strip_prefix("at ")
            .and_then(|at| Instant::parse(at).ok())
            .ok_or(malformed(5, "`at` and a time"))?;
        let this = Self {
            log,
            chain: Chain {
                records,
                link: Link::from_bytes(link),
            },
            end,
            at,
        };
        match this.text() == format!("{statement}\n") && this.is_signed(signatures, key) {
            true => Ok(this),
            false => Err(NoCheckpoint::Unsigned { key: *key }),
        }
    }

    /// Whether one of the signature lines is by that key.
    fn is_signed(&self, signatures: &str, key: &PublicKey) -> bool {
        let name = self.name();
        let theirs = signatures.lines().filter_map(|line| {
            let signature = line.strip_prefix(DASH)?.strip_prefix(&name)?;
            let signature = STANDARD.decode(signature.strip_prefix(' ')?).ok()?;
            let signature = signature.strip_prefix(&key_hash(&name, key))?;
            <[u8; 64]>::try_from(signature).ok()
        });
        let text = self.text();
        theirs
            .into_iter()
            .any(|signature| key.signed_text(&text, &signature))
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} records at {}", self.chain.records, self.at)
    }
}

/// The first bytes of a key's hash, by which a signature says whose it is.
fn key_hash(name: &str, key: &PublicKey) -> [u8; 4] {
    let mut hash = Context::new(&SHA256);
    hash.update(name.as_bytes());
    hash.update(&[b'\n', ED25519]);
    hash.update(&key.0);
    let hash = hash.finish();
    let mut first = [0; 4];
    first
        .iter_mut()
        .zip(hash.as_ref())
        .for_each(|(slot, byte)| *slot = *byte);
    first
}
