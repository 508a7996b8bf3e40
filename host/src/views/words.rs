//! What policies mean by their reasons: of a live one, and of one that decided before, from what is kept beside the evidence.

use std::sync::Arc;

use crate::ids::Digest;
use crate::node::{Node, kept};
use crate::policy::{Active, Manifest};

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
        if let Some(live) = live.or_else(|| self.manifests.find(policy)) {
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
        Ok(self.manifests.hold(policy, manifest))
    }
}
