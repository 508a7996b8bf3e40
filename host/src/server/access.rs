//! Who is speaking: the door in front of every route but the ones that say how the host is.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::SystemTime;

use http::{HeaderMap, header};

use crate::event::{Caller, Markets};
use crate::server::problem::Problem;
use crate::server::routes::{Audience, Route};
use crate::server::tokens::{InvalidTokens, Tokens};
use crate::server::{Access, StartError};

/// Lets callers in.
pub(super) enum Guard {
    Open(Arc<Caller>),
    Tokens {
        file: PathBuf,
        known: RwLock<Arc<Tokens>>,
        /// Who shows no token, where none is asked for: they may nothing.
        nobody: Arc<Caller>,
        /// When the file last changed, and how large it was.
        seen: Mutex<Option<(SystemTime, u64)>>,
    },
}

impl Guard {
    pub(super) fn new(access: &Access) -> Result<Self, StartError> {
        Ok(match access {
            Access::Open => Self::Open(Arc::new(Caller::open())),
            Access::Tokens(file) => Self::Tokens {
                seen: Mutex::new(stamp(file)),
                known: RwLock::new(Arc::new(Tokens::read(file)?)),
                nobody: Arc::new(Caller::nobody()),
                file: file.clone(),
            },
        })
    }

    /// Lets in whoever the route is open to.
    pub(super) fn admit(&self, route: &Route, headers: &HeaderMap) -> Result<Arc<Caller>, Problem> {
        if let (Audience::Anyone, Self::Tokens { nobody, .. }) = (route.audience, self) {
            return Ok(Arc::clone(nobody));
        }
        let caller = self.who(headers)?;
        match route.role {
            Some(role) if !caller.may(role) => Err(Problem::not_allowed(role)),
            _ if route.audience == Audience::AllMarkets && caller.markets != Markets::All => {
                Err(Problem::not_central(route.because))
            }
            _ => Ok(caller),
        }
    }

    /// Finds out who is speaking.
    fn who(&self, headers: &HeaderMap) -> Result<Arc<Caller>, Problem> {
        let known = match self {
            Self::Open(caller) => return Ok(Arc::clone(caller)),
            Self::Tokens { known, .. } => {
                Arc::clone(&known.read().unwrap_or_else(PoisonError::into_inner))
            }
        };
        let shown = headers
            .get(header::AUTHORIZATION)
            .ok_or_else(|| Problem::no_token("send `authorization: Bearer kairos_…`"))?;
        shown
            .to_str()
            .ok()
            .and_then(|text| text.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .and_then(|(_, token)| known.caller(token.trim()))
            .ok_or_else(|| Problem::no_token("the token is not known to this host"))
    }

    /// Reads the tokens again where their file has changed; a file that does not read leaves the known ones.
    pub(super) fn refresh(&self) {
        let Self::Tokens {
            file, known, seen, ..
        } = self
        else {
            return;
        };
        let now = stamp(file);
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        if now == *seen {
            return;
        }
        *seen = now;
        match Tokens::read(file) {
            Ok(tokens) => {
                tracing::info!(tokens = tokens.len(), "tokens changed");
                *known.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(tokens);
            }
            Err(error) => warn_of(&error),
        }
    }
}

fn warn_of(error: &InvalidTokens) {
    tracing::warn!(%error, "the changed tokens do not read: the old ones stay");
}

fn stamp(file: &std::path::Path) -> Option<(SystemTime, u64)> {
    let metadata = std::fs::metadata(file).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
