//! A new version of the charter, or a region's own choice, goes live in a running host: compiled, approved, with every live
//! policy bound to it, recorded, and then swapped at once. What is being decided ends on the version that it began with.

use std::sync::{Arc, PoisonError};

use crate::charter::file::{CENTRAL, SIGNATURES};
use crate::charter::sign::{Approved, Central, Unapproved};
use crate::charter::{Charter, Complaint, Complaints, Signature};
use crate::ids::{Digest, Text};
use crate::node::Node;
use crate::node::charters::{Entry, RecordError};
use crate::node::live::{Live, Unusable};
use crate::policy::StrandedPolicy;
use crate::store::{self, Failed, Position};

/// What somebody wants to be live.
#[derive(Clone, Debug)]
pub enum Change {
    /// `charter.toml` and what comes with it; the choices of markets that are not among the files stay as they are live.
    Central {
        files: Vec<(String, String)>,
        expects: Expects,
    },
    /// One market's own choice.
    Market {
        market: Text,
        text: String,
        expects: Expects,
    },
}

/// What the caller saw of the charter, or of the market's choice, that is to be replaced.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Expects {
    /// It did not say.
    Nothing,
    /// Whatever there is.
    Something,
    /// One of these.
    OneOf(Vec<Digest>),
}

/// What is live now.
#[derive(Clone, Debug)]
pub struct Changed {
    pub version: Text,
    pub digest: Digest,
    /// `None` where it was live already.
    pub position: Option<Position>,
    /// The files that are new, changed or gone.
    pub files: Vec<String>,
    pub approved: Vec<Approved>,
}

/// Why a charter did not go live; the one before stays.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    #[error(transparent)]
    Wrong(#[from] Complaints),
    #[error(transparent)]
    Unapproved(#[from] Unapproved),
    #[error("{}", stranded(.0))]
    Strands(Vec<StrandedPolicy>),
    #[error("this charter has no market `{market}`")]
    UnknownMarket { market: Text },
    #[error(
        "market `{market}` has a choice already: read it with `GET /v1/markets/{market}/charter`, and send its `etag` back in `if-match`"
    )]
    Unseen { market: Text },
    #[error(
        "market `{market}` has another choice by now: read it again with `GET /v1/markets/{market}/charter`, and change that"
    )]
    Overtaken { market: Text },
    #[error(
        "another charter is live by now: read it again with `GET /v1/charter`, and change that"
    )]
    Superseded,
    #[error("the files cannot be kept with the evidence")]
    Kept(#[source] std::io::Error),
    #[error(transparent)]
    Live(#[from] Unusable),
    #[error("the log does not take the charter's record")]
    Log(#[from] store::Refused),
    #[error("the log has failed")]
    Failed(#[from] Failed),
}

impl From<RecordError> for ChangeError {
    fn from(why: RecordError) -> Self {
        match why {
            RecordError::Kept(source) => Self::Kept(source),
            RecordError::Log(refused) => Self::Log(refused),
        }
    }
}

fn stranded(policies: &[StrandedPolicy]) -> String {
    let each = policies.iter().map(|policy| {
        format!(
            "\n  market `{}`, policy {}: {}",
            policy.market, policy.version, policy.why
        )
    });
    format!(
        "the charter would strand live policies; leave them what they use, or deploy policies first that need less:{}",
        each.collect::<String>()
    )
}

impl Node {
    /// Makes a change of the charter live, or says why not. Slow: call it outside of the serving path.
    pub fn change_charter(&self, change: Change, by: &str) -> Result<Changed, ChangeError> {
        // INVARIANT: whoever holds this alone changes the charter and which policies are live.
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        let old = live.texts(&self.data)?;
        let files = changed(change, &live, &old)?;
        let charter = Charter::compile(&files)?;
        let (version, digest) = (charter.version.clone(), charter.digest);
        if live.charter() == Some(digest) {
            return Ok(Changed {
                version,
                digest,
                position: None,
                files: Vec::new(),
                approved: Vec::new(),
            });
        }
        let approved = approve(&old, &files)?;
        let policies = self
            .era()
            .policies
            .rebound(&charter)
            .map_err(ChangeError::Strands)?;
        let next = live.with(&charter, &files);
        let entry = Entry {
            charter: &charter,
            files: &files,
            before: live.charter(),
            approved: &approved,
        };
        self.key_markets(&charter)?;
        let position = self.record_charter(&entry, by)?;
        self.store.log().settle()?;
        if let Err(unusable) = next.write(&self.data) {
            self.record_return(&old)?;
            return Err(unusable.into());
        }
        self.figures.follow(&charter);
        let (charter, policies) = (Arc::new(charter), Arc::new(policies));
        self.eras.change(
            |era| (era.charter, era.policies) = (charter, policies),
            |publish| self.cache.publish(publish),
        );
        *live = next;
        tracing::info!(%version, %digest, by, "a charter is live");
        Ok(Changed {
            version,
            digest,
            position: Some(position),
            files: differing(&old, &files),
            approved,
        })
    }

    /// A market's own file of the live charter, with its digest.
    pub fn market_choice(&self, market: &str) -> Option<(Arc<str>, Digest)> {
        let name = file_of(market);
        let charter = self.charter();
        let (_, text) = charter.files.iter().find(|(known, _)| *known == name)?;
        Some((Arc::clone(text), Digest::of(text.as_bytes())))
    }

    /// Every file of the live charter, signatures included, and the charter's digest.
    pub fn live_files(&self) -> Result<(Vec<(String, String)>, Digest), Unusable> {
        let live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        let digest = live.charter().unwrap_or_else(|| self.charter().digest);
        Ok((live.texts(&self.data)?, digest))
    }

    /// What was recorded did not go live after all: the charter that is live is recorded again, with its files.
    fn record_return(&self, files: &[(String, String)]) -> Result<(), ChangeError> {
        let entry = Entry {
            charter: &self.charter(),
            files,
            before: None,
            approved: &[],
        };
        self.record_charter(&entry, "kairos")?;
        Ok(self.store.log().settle()?)
    }
}

fn file_of(market: &str) -> String {
    format!("markets/{market}.toml")
}

/// The files of the charter as they would be.
fn changed(
    change: Change,
    live: &Live,
    old: &[(String, String)],
) -> Result<Vec<(String, String)>, ChangeError> {
    match change {
        Change::Central { files, expects } => match (&expects, live.charter()) {
            (Expects::OneOf(seen), Some(live)) if !seen.contains(&live) => {
                Err(ChangeError::Superseded)
            }
            _ => with_choices(files, old),
        },
        Change::Market {
            market,
            text,
            expects,
        } => {
            let name = file_of(&market);
            let is_known = central(old)?.is_some_and(|central| central.grants(&market));
            check_expected(market, is_known, live.file(&name), &expects)?;
            let mut files: Vec<_> = old
                .iter()
                .filter(|(known, _)| *known != name)
                .cloned()
                .collect();
            files.push((name, text));
            Ok(files)
        }
    }
}

/// The market's choice that the caller saw must be the one that is live.
fn check_expected(
    market: Text,
    is_known: bool,
    live: Option<Digest>,
    expects: &Expects,
) -> Result<(), ChangeError> {
    match (live, expects) {
        _ if !is_known => Err(ChangeError::UnknownMarket { market }),
        (Some(_), Expects::Nothing) => Err(ChangeError::Unseen { market }),
        (Some(live), Expects::OneOf(seen)) if !seen.contains(&live) => {
            Err(ChangeError::Overtaken { market })
        }
        (None, Expects::Something | Expects::OneOf(_)) => Err(ChangeError::Overtaken { market }),
        (Some(_), Expects::Something | Expects::OneOf(_)) | (None, Expects::Nothing) => Ok(()),
    }
}

/// Adds the live choices of the markets that the new charter still grants something and that came without one.
pub fn with_choices(
    mut files: Vec<(String, String)>,
    old: &[(String, String)],
) -> Result<Vec<(String, String)>, ChangeError> {
    let next = central(&files)?;
    let stay = old.iter().filter(|(name, _)| {
        let market = name
            .strip_prefix("markets/")
            .and_then(|name| name.strip_suffix(".toml"));
        let is_granted = |market| next.as_ref().is_none_or(|next| next.grants(market));
        market.is_some_and(is_granted) && !files.iter().any(|(known, _)| known == name)
    });
    let stay: Vec<_> = stay.cloned().collect();
    files.extend(stay);
    Ok(files)
}

/// Holds what changed centrally against the signatures that came with it.
fn approve(
    old: &[(String, String)],
    new: &[(String, String)],
) -> Result<Vec<Approved>, ChangeError> {
    let mut signatures = Vec::new();
    for (_, text) in new.iter().filter(|(name, _)| name == SIGNATURES) {
        signatures.extend(Signature::read_all(text)?);
    }
    match (central(old)?, central(new)?) {
        (Some(old), Some(new)) => Ok(old.approve(&new, &signatures)?),
        _ => Ok(Vec::new()),
    }
}

fn central(files: &[(String, String)]) -> Result<Option<Central>, ChangeError> {
    let central = files.iter().find(|(name, _)| name == CENTRAL);
    let read = central.map(|(_, text)| Central::read(text)).transpose();
    read.map_err(|complaint: Complaint| ChangeError::Wrong(Complaints(vec![complaint])))
}

/// The names of the files that are not the same in both.
fn differing(old: &[(String, String)], new: &[(String, String)]) -> Vec<String> {
    let gone = old
        .iter()
        .filter(|(name, _)| !new.iter().any(|(other, _)| other == name));
    let other = new.iter().filter(|file| !old.contains(file));
    let mut names: Vec<String> = gone.chain(other).map(|(name, _)| name.clone()).collect();
    names.sort_unstable();
    names
}
