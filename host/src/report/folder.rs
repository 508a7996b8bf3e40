//! The report of a data folder, beside a host that may run on it.

use crate::clock::Clock;
use crate::decide::replay::{self, Charters, NoPast, Place, keychain, reader};
use crate::encoding;
use crate::evidence::{CharterRecord, Kind};
use crate::report::{Ask, Gathering, Report};
use crate::store::LogError;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum NoReport {
    #[error(transparent)]
    Folder(#[from] replay::Failed),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error("the evidence names no charter, so there are no figures to compute")]
    NoCharter,
    #[error(transparent)]
    Past(#[from] NoPast),
    #[error("`{market}` is no market of the charter: there are {known}")]
    NoMarket { market: String, known: String },
}

/// Walks the log of a data folder twice: for the charter that went live last, whose figures count, and for what happened.
/// `progress` hears how many bytes of how many are done.
pub fn of_folder(
    place: Place<'_>,
    ask: Ask,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Report, NoReport> {
    let reader = reader(place.data)?;
    let keys = keychain(place, &reader)?;
    let mut charters = Charters::new(place.data);
    reader.walk(&mut |met| {
        if met.kind == Kind::Charter.number()
            && let Ok(chartered) = encoding::decode::<CharterRecord>(met.content)
        {
            charters.note(chartered);
        }
        progress(met.bytes / 2, met.of_bytes);
    })?;
    let charter = charters.get(charters.last().ok_or(NoReport::NoCharter)?)?;
    ask.check(&charter)?;
    let mut gathering = Gathering::new(ask, charter);
    reader.walk(&mut |met| {
        gathering.meet((met.kind, met.content), &keys);
        progress((met.of_bytes + met.bytes) / 2, met.of_bytes);
    })?;
    Ok(gathering.finish(&Clock::System))
}
