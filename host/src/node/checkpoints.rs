//! Checkpoints of the evidence: about every second in which something was recorded, when the host closes, and whenever
//! somebody asks for one.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use crate::charter::PublicKey;
use crate::charter::sign::{NoKey, PrivateKey};
use crate::clock::Clock;
use crate::evidence::Kind;
use crate::evidence::checkpoint::Checkpoint;
use crate::ids::Chance;
use crate::store::{Log, Position, Refused};

/// Where the key is that signs them.
const KEY: &str = "keys/evidence.key";

/// Signs what the log says.
pub struct Checkpoints {
    key: PrivateKey,
    last: Mutex<Option<SignedCheckpoint>>,
}

/// A checkpoint, and where its record is.
#[derive(Clone)]
pub struct SignedCheckpoint {
    pub text: Arc<str>,
    pub position: Position,
    /// How many records there were with its own.
    records: u64,
}

impl Checkpoints {
    /// With the key of the data folder; the first time, one is drawn.
    pub(super) fn open(data: &Path) -> Result<Self, NoKey> {
        let file = data.join(KEY);
        let key = match file.exists() {
            true => PrivateKey::read(&file)?,
            false => draw(&file)?,
        };
        Ok(Self {
            key,
            last: Mutex::new(None),
        })
    }

    /// What their signatures are checked with.
    pub fn public(&self) -> PublicKey {
        self.key.public()
    }

    /// A checkpoint of everything that was recorded so far; it counts once its record is durable. Where nothing came since
    /// the last one, that one.
    pub fn sign(&self, log: &Log, clock: &Clock) -> Result<SignedCheckpoint, Refused> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let (now, _) = log.tip();
        if let Some(signed) = last.as_ref().filter(|last| last.records == now.records) {
            return Ok(signed.clone());
        }
        let mut made = (String::new(), 0);
        let position = log.queue_after(Kind::Checkpoint.number(), |chain, end, bytes| {
            let checkpoint = Checkpoint {
                log: log.id(),
                chain,
                end,
                at: clock.wall(),
            };
            made = (checkpoint.signed(&self.key), chain.records + 1);
            bytes.extend_from_slice(made.0.as_bytes());
        })?;
        let (text, records) = made;
        let signed = SignedCheckpoint {
            text: text.into(),
            position,
            records,
        };
        Ok(last.insert(signed).clone())
    }
}

/// The public half of the key in a data folder.
pub fn public_key(data: &Path) -> Result<PublicKey, NoKey> {
    Ok(PrivateKey::read(&data.join(KEY))?.public())
}

fn draw(file: &Path) -> Result<PrivateKey, NoKey> {
    let unmade = |source| NoKey::Unmade {
        file: file.to_owned(),
        source,
    };
    let key = PrivateKey::draw(&mut Chance::from_system().map_err(unmade)?);
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).map_err(unmade)?;
    }
    key.create(file)?;
    Ok(key)
}
