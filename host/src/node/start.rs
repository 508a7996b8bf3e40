//! Which charter a host starts with: what is live stays, but for the files that changed in `--charter` since the last
//! start.

use std::collections::BTreeSet;
use std::path::Path;

use crate::charter::file::{CENTRAL, SIGNATURES};
use crate::charter::sign::{Approved, Central};
use crate::charter::{Charter, Signature};
use crate::ids::Digest;
use crate::node::live::Live;
use crate::node::{OpenError, kept};
use crate::store::Store;

/// The charter to start with, and how it came about.
pub(super) struct Opening {
    pub(super) charter: Charter,
    /// Its files, signatures included.
    pub(super) files: Vec<(String, String)>,
    pub(super) live: Live,
    pub(super) before: Option<Digest>,
    pub(super) approved: Vec<Approved>,
}

/// The files in `--charter`.
pub(super) fn given(folder: &Path, data: &Path) -> Result<Vec<(String, String)>, OpenError> {
    let given = Charter::read(folder)?;
    // No data folder is made for a charter that is wrong.
    if !data.exists() {
        Charter::compile(&given)?;
    }
    Ok(given)
}

/// Decides what is live from now on. Only the first charter of a data folder needs no approval.
pub(super) fn open(
    given: Vec<(String, String)>,
    (data, store): (&Path, &Store),
) -> Result<Opening, OpenError> {
    let Some(live) = Live::recall((data, store), &given)? else {
        let charter = Charter::compile(&given)?;
        let live = Live::default().with(&charter, &given).started_with(&given);
        return Ok(Opening {
            charter,
            files: given,
            live,
            before: None,
            approved: Vec::new(),
        });
    };
    let old = live.texts(data)?;
    let Files { files, stayed } = merge((&live, data), &old, &given);
    let charter = Charter::compile(&files).map_err(|complaints| match stayed.is_empty() {
        true => OpenError::Charter(complaints),
        false => OpenError::Mixed { complaints, stayed },
    })?;
    let approved = approve(&old, &files)?;
    Ok(Opening {
        before: live.charter(),
        live: live.with(&charter, &files).started_with(&given),
        charter,
        files,
        approved,
    })
}

/// The files to start with.
struct Files {
    files: Vec<(String, String)>,
    /// Those that are not as they are in the folder.
    stayed: Vec<String>,
}

fn merge(
    (live, data): (&Live, &Path),
    old: &[(String, String)],
    given: &[(String, String)],
) -> Files {
    let text = |files: &[(String, String)], name: &str| {
        let found = files.iter().find(|(known, _)| known == name);
        found.map(|(_, text)| text.clone())
    };
    let names: BTreeSet<&str> = live
        .names()
        .chain(given.iter().map(|(name, _)| name.as_str()))
        .collect();
    let mut merged = Files {
        files: Vec::new(),
        stayed: Vec::new(),
    };
    for name in names {
        let (now, before) = (text(given, name), text(old, name));
        let digest = |text: &Option<String>| text.as_ref().map(|text| Digest::of(text.as_bytes()));
        let is_changed = digest(&now) != live.in_folder(name);
        if !is_changed && now != before {
            tracing::info!(
                file = name,
                "stays as it was loaded: it is unchanged in the charter's folder since the last start"
            );
            let digest = digest(&before).map_or_else(String::new, |digest| {
                format!(" (`{}`)", kept::path(data, digest).display())
            });
            merged.stayed.push(format!("`{name}`{digest}"));
        }
        if is_changed && now != before {
            tracing::info!(
                file = name,
                "is taken from the charter's folder, where it changed since the last start"
            );
        }
        let taken = if is_changed { now } else { before };
        merged
            .files
            .extend(taken.map(|text| (name.to_owned(), text)));
    }
    merged
}

/// Holds what changed centrally against the signatures in the folder and those that were loaded before.
fn approve(old: &[(String, String)], new: &[(String, String)]) -> Result<Vec<Approved>, OpenError> {
    let mut signatures = Vec::new();
    for (_, text) in old.iter().chain(new).filter(|(name, _)| name == SIGNATURES) {
        signatures.extend(Signature::read_all(text)?);
    }
    let (Some(old), Some(new)) = (central(old)?, central(new)?) else {
        return Ok(Vec::new());
    };
    Ok(old.approve(&new, &signatures)?)
}

fn central(files: &[(String, String)]) -> Result<Option<Central>, OpenError> {
    let central = files.iter().find(|(name, _)| name == CENTRAL);
    let read = central.map(|(_, text)| Central::read(text)).transpose();
    read.map_err(|complaint| OpenError::Charter(crate::charter::Complaints(vec![complaint])))
}
