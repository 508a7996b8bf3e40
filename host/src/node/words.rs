//! What policies mean by their reasons: of a live one, and of one that decided before, from what is kept beside the evidence.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::ids::Digest;
use crate::node::{Node, kept};
use crate::policy::{Active, Manifest};

/// So many manifests of earlier policies are held.
const HELD: usize = 64;

/// Manifests of policies that are no longer live.
#[derive(Default)]
pub(super) struct Earlier(Mutex<HashMap<Digest, Arc<Manifest>>>);

/// Why it is not known what a policy means by its reasons.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NoWords {
    #[error(
        "the words of policy {digest} are not kept: put its component into the data folder as `{file}`"
    )]
    Missing { digest: Digest, file: String },
    #[error("policy {digest} does not load: {why}")]
    Unloadable { digest: Digest, why: String },
}

impl Node {
    /// The manifest of a policy that decided; beside the serving path where it is not live.
    pub(super) async fn words(self: &Arc<Self>, policy: Digest) -> Result<Arc<Manifest>, NoWords> {
        let era = self.era();
        let mut markets = era.charter.markets.iter();
        let live = markets.find_map(|(market, _)| {
            let active = era.policies.active(market)?;
            (active.digest == policy).then(|| Arc::clone(&active.manifest))
        });
        if let Some(live) = live.or_else(|| self.earlier.find(policy)) {
            return Ok(live);
        }
        let node = Arc::clone(self);
        let read = tokio::task::spawn_blocking(move || node.read_words(policy));
        match read.await {
            Ok(read) => read,
            Err(_) => Err(NoWords::Unloadable {
                digest: policy,
                why: "the host is stopping".to_owned(),
            }),
        }
    }

    fn read_words(&self, policy: Digest) -> Result<Arc<Manifest>, NoWords> {
        let wasm = kept::read(self.data(), policy).map_err(|error| {
            tracing::warn!(%policy, %error, "the component of an earlier policy cannot be read");
            NoWords::Missing {
                digest: policy,
                file: format!("kept/{}", policy.to_string().replace(':', "-")),
            }
        })?;
        let manifest = Active::describe(self.engines(), &wasm);
        let manifest = manifest.map_err(|refused| NoWords::Unloadable {
            digest: policy,
            why: refused.to_string(),
        })?;
        Ok(self.earlier.hold(policy, manifest))
    }
}

impl Earlier {
    fn find(&self, policy: Digest) -> Option<Arc<Manifest>> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.get(&policy).cloned()
    }

    fn hold(&self, policy: Digest, manifest: Manifest) -> Arc<Manifest> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.len() >= HELD {
            held.clear();
        }
        let manifest = Arc::new(manifest);
        held.insert(policy, Arc::clone(&manifest));
        manifest
    }
}
