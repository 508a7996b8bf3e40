//! The folder of policies: a changed file takes effect, a bad one is refused and the old one stays.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use crate::ids::Digest;
use crate::limits::POLICY_FILE_BYTES;
use crate::node::Node;
use crate::operate::PolicyGap;

/// How often the folder is looked at.
const EVERY: Duration = Duration::from_millis(500);

/// Watches the folder, on a thread of its own.
pub(super) struct Watch {
    bell: mpsc::SyncSender<()>,
    thread: JoinHandle<()>,
    loaded: usize,
}

impl Watch {
    /// Loads what is there now, and then what changes.
    pub(super) fn start(folder: PathBuf, node: Arc<Node>) -> std::io::Result<Self> {
        let mut policies = Policies {
            folder,
            node,
            files: HashMap::new(),
        };
        policies.look(Patience::None)?;
        let loaded = policies.files.values().filter(|file| file.active).count();
        let restored = policies.restore();
        let (bell, ring) = mpsc::sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("kairos-policies".into())
            .spawn(move || policies.watch(&ring))?;
        Ok(Self {
            bell,
            thread,
            loaded: loaded + restored,
        })
    }

    /// How many policies were there at the start and in order.
    pub(super) fn loaded(&self) -> usize {
        self.loaded
    }

    pub(super) fn stop(self) {
        drop(self.bell);
        if self.thread.join().is_err() {
            tracing::error!("the watch over the policies panicked");
        }
    }
}

struct Policies {
    folder: PathBuf,
    node: Arc<Node>,
    files: HashMap<PathBuf, File>,
}

/// One file, as it was last seen.
#[derive(Default)]
struct File {
    stamp: Option<Stamp>,
    /// Of the stamp's content, once that was looked into.
    read: Option<Stamp>,
    digest: Option<Digest>,
    active: bool,
    /// The charter under which it was refused: another one may take it.
    refused_by: Option<Digest>,
}

type Stamp = (SystemTime, u64);

/// Whether a file must have stood still since the last look, because it may be half written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Patience {
    None,
    OneLook,
}

impl Policies {
    /// What was live before goes on where the folder does not have it any more; returns in how many markets.
    fn restore(&self) -> usize {
        let mut restored = 0;
        for PolicyGap { market, why, live } in self.node.restore_policies() {
            match live {
                Some(version) => {
                    restored += 1;
                    tracing::warn!(%market, %version, %why, "the policy that was live before stays live");
                }
                None => tracing::error!(%market, %why, "the market has no policy"),
            }
        }
        restored
    }

    fn watch(mut self, bell: &mpsc::Receiver<()>) {
        while bell.recv_timeout(EVERY) == Err(mpsc::RecvTimeoutError::Timeout) {
            if let Err(error) = self.look(Patience::OneLook) {
                tracing::warn!(%error, "the folder of policies cannot be read");
            }
        }
    }

    fn look(&mut self, patience: Patience) -> std::io::Result<()> {
        for entry in std::fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let is_policy = path.extension().is_some_and(|ending| ending == "wasm");
            let Some(stamp) = stamp(&path).filter(|_| is_policy) else {
                continue;
            };
            let file = self.files.entry(path.clone()).or_default();
            let still = file.stamp.replace(stamp) == Some(stamp);
            let charter = self.node.charter().digest;
            let may_be_taken = file.refused_by.is_some_and(|refused| refused != charter);
            let is_known = file.read == Some(stamp) && !may_be_taken;
            if is_known || (patience == Patience::OneLook && !still) {
                continue;
            }
            file.read = Some(stamp);
            file.refused_by = None;
            let market = path.file_stem().and_then(|stem| stem.to_str());
            match load(&self.node, &path, stamp, file) {
                Ok(()) => self.node.note_policy_file(market.unwrap_or_default(), None),
                Err(error) => {
                    let why = refusal(&*error);
                    self.node
                        .note_policy_file(market.unwrap_or_default(), Some(why));
                    file.digest = None;
                    file.refused_by = Some(charter);
                    let file = path.display();
                    tracing::warn!(%file, %error, "a policy was refused: the market keeps what it has");
                }
            }
        }
        Ok(())
    }
}

/// With every cause.
fn refusal(error: &(dyn std::error::Error + 'static)) -> String {
    let mut why = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        why = format!("{why}: {error}");
        cause = error.source();
    }
    why
}

fn load(
    node: &Node,
    path: &Path,
    (_, bytes): Stamp,
    file: &mut File,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    if bytes > POLICY_FILE_BYTES {
        return Err(format!("the file has {bytes} bytes, and may have {POLICY_FILE_BYTES}").into());
    }
    let market = path
        .file_stem()
        .and_then(|stem| stem.to_str())
        .ok_or("the file's name is no market's")?;
    let wasm = std::fs::read(path)?;
    let digest = Digest::of(&wasm);
    if file.digest.replace(digest) == Some(digest) {
        return Ok(());
    }
    let version = node.load_policy(market, &wasm)?;
    file.active = true;
    tracing::info!(market, %version, "a policy is active");
    Ok(())
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
