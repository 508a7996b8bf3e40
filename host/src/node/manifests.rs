//! The manifests of policies that are no longer live, for whoever explains what they decided.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::ids::Digest;
use crate::policy::Manifest;

/// So many are held.
const MOST: usize = 64;

/// Manifests that were read, by the policy's digest.
#[derive(Default)]
pub(crate) struct Manifests(Mutex<HashMap<Digest, Arc<Manifest>>>);

impl Manifests {
    pub(crate) fn find(&self, policy: Digest) -> Option<Arc<Manifest>> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.get(&policy).cloned()
    }

    pub(crate) fn hold(&self, policy: Digest, manifest: Manifest) -> Arc<Manifest> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.len() >= MOST {
            held.clear();
        }
        let manifest = Arc::new(manifest);
        held.insert(policy, Arc::clone(&manifest));
        manifest
    }
}
