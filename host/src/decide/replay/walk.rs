//! All recorded decisions, or some of them, computed again on every thread there is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value as Json, json};

use crate::decide::replay::{Apart, Archive, Difference, Instead, Past, Recomputation, replay};
use crate::encoding;
use crate::evidence::query::Filter;
use crate::evidence::{self, CharterRecord, Keychain, Kind};
use crate::ids::DecisionId;
use crate::keys::{NoKeys, Ring};
use crate::policy::{self, Engines};
use crate::stop::{Stops, SwitchRecord};
use crate::store::disk::Folder;
use crate::store::{Log, LogError, Met, Position, Reader};

/// How many decisions that came out otherwise are kept with all their differences.
const SHOWN: usize = 100;
/// How many markets there may be in all charters of the past together.
const MARKETS: usize = 256;

/// What came of them.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Tally {
    pub same: u64,
    /// Of these, how many used another amount of fuel: another version of the engine.
    pub other_fuel: u64,
    pub different: u64,
    pub apart: BTreeMap<Apart, u64>,
    /// By what is missing, in words.
    pub missing: BTreeMap<String, u64>,
    /// The first that came out otherwise.
    pub shown: Vec<(DecisionId, Vec<Difference>)>,
}

/// Why nothing could be computed.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    #[error("`{}` is no data folder of a host: there is no log in it", .data.display())]
    NoData { data: PathBuf },
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Keys(#[from] NoKeys),
    #[error("the engines for policies cannot be made")]
    Engines(#[from] policy::Unstartable),
}

/// A data folder that is read beside its host.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    pub data: &'a Path,
    /// The folder of its keys, where it is not within.
    pub keys: Option<&'a Path>,
}

impl<'a, P: AsRef<Path> + ?Sized> From<&'a P> for Place<'a> {
    fn from(data: &'a P) -> Self {
        let data = data.as_ref();
        Self { data, keys: None }
    }
}

/// The keys of a data folder.
pub fn keychain(place: Place<'_>, reader: &Reader) -> Result<Keychain, Failed> {
    let ring = match place.keys {
        Some(keys) => Ring::open(keys)?,
        None => Ring::open(&place.data.join("keys"))?,
    };
    Ok(Keychain::read(reader, ring)?)
}

/// One event's decisions to compute again, and the kill switches of that time.
pub(super) struct Job {
    pub(super) position: Position,
    pub(super) decisions: Vec<DecisionId>,
    pub(super) stops: Arc<Stops>,
}

/// Recorded decisions of a data folder, ready to be computed again.
pub struct RecordedDecisions<'a> {
    reader: &'a Reader,
    keys: Keychain,
    archive: Archive,
    jobs: Vec<Job>,
}

impl<'a> RecordedDecisions<'a> {
    /// Passes through the log once, and notes what the filter lets through.
    pub fn survey(
        (place, reader): (impl Into<Place<'a>>, &'a Reader),
        engines: &Arc<Engines>,
        filter: &Filter,
    ) -> Result<Self, Failed> {
        let place = place.into();
        let mut survey = Survey {
            filter,
            archive: Archive::new(place.data, engines),
            stops: Arc::default(),
            jobs: Vec::new(),
        };
        reader.walk(&mut |met| survey.meet(met))?;
        let Survey { archive, jobs, .. } = survey;
        Ok(Self {
            reader,
            keys: keychain(place, reader)?,
            archive,
            jobs,
        })
    }

    /// Does something with each of them on every thread, and brings together what came of it.
    pub(super) fn each<T: Default + Send>(
        &self,
        (instead, threads): (&Instead, usize),
        progress: &(dyn Fn(u64, u64) + Sync),
        one: &(dyn Fn(&Past<'_>, &Job, &mut T) + Sync),
        add: impl Fn(&mut T, T) + Sync,
    ) -> T {
        let (next, all) = (AtomicUsize::new(0), Mutex::new(T::default()));
        let read = |position| self.reader.read(position);
        let run = |sandbox| {
            let past = Past {
                archive: &self.archive,
                instead,
                read: &read,
                keys: &self.keys,
                sandbox,
            };
            let mut own = T::default();
            loop {
                let place = next.fetch_add(1, Ordering::Relaxed);
                let Some(job) = self.jobs.get(place) else {
                    break;
                };
                one(&past, job, &mut own);
                progress(place as u64 + 1, self.jobs.len() as u64);
            }
            add(&mut all.lock().unwrap_or_else(PoisonError::into_inner), own);
        };
        std::thread::scope(|scope| {
            for sandbox in 0..threads {
                let run = &run;
                scope.spawn(move || run(sandbox));
            }
        });
        all.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Engines with a sandbox for each thread.
pub fn engines(threads: usize) -> Result<Arc<Engines>, policy::Unstartable> {
    let settings = policy::Settings {
        cores: threads,
        markets: MARKETS,
        ..policy::Settings::default()
    };
    Engines::new(&settings).map(Arc::new)
}

/// Opens the log of a data folder, and changes nothing.
pub fn reader(data: &Path) -> Result<Reader, Failed> {
    let disk = Folder::new(&data.join("log"));
    if !data.join("log").is_dir() || !Log::exists(&disk)? {
        let data = data.to_owned();
        return Err(Failed::NoData { data });
    }
    Ok(Reader::open(Arc::new(disk))?)
}

/// Computes all decisions in a data folder again that the filter lets through. `progress` hears how many of how many are
/// done.
pub fn replay_all<'a>(
    place: impl Into<Place<'a>>,
    filter: &Filter,
    threads: usize,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<Tally, Failed> {
    let place = place.into();
    let (reader, engines) = (reader(place.data)?, engines(threads)?);
    let recorded = RecordedDecisions::survey((place, &reader), &engines, filter)?;
    let instead = Instead::default();
    Ok(recorded.each((&instead, threads), progress, &replay_one, Tally::add))
}

pub(super) fn replay_one(past: &Past<'_>, job: &Job, tally: &mut Tally) {
    let count = job.decisions.len() as u64;
    let replayed = past
        .opened(job.position)
        .and_then(|opened| replay(past, job.position, &opened, &job.stops));
    match replayed {
        Ok(Recomputation::Same { same_fuel }) => {
            tally.same += count;
            tally.other_fuel += if same_fuel { 0 } else { count };
        }
        Ok(Recomputation::Apart(apart)) => *tally.apart.entry(apart).or_default() += count,
        Ok(Recomputation::Different(differences)) => {
            tally.different += count;
            if let (Some(id), true) = (job.decisions.first(), tally.shown.len() < SHOWN) {
                tally.shown.push((*id, differences));
            }
        }
        Err(missing) => match missing.apart() {
            Some(apart) => *tally.apart.entry(apart).or_default() += count,
            None => *tally.missing.entry(missing.to_string()).or_default() += count,
        },
    }
}

/// The one pass through the log: what was live when, and what is to be done.
struct Survey<'f> {
    filter: &'f Filter,
    archive: Archive,
    stops: Arc<Stops>,
    jobs: Vec<Job>,
}

impl Survey<'_> {
    fn meet(&mut self, met: &Met<'_>) {
        match Kind::from_number(met.kind) {
            Some(Kind::Event | Kind::Consent) => self.event(met),
            Some(Kind::Charter) => {
                if let Ok(chartered) = encoding::decode::<CharterRecord>(met.content) {
                    self.archive.charters.note(chartered);
                }
            }
            Some(Kind::Stop) => {
                if let Ok(switched) = encoding::decode::<SwitchRecord>(met.content) {
                    self.stops = Arc::new(self.stops.with(&switched));
                }
            }
            _ => {}
        }
    }

    fn event(&mut self, met: &Met<'_>) {
        let Ok(header) = evidence::open_header(met.content) else {
            return;
        };
        if self.filter.lets_through(&header) {
            self.jobs.push(Job {
                position: met.position,
                decisions: header.decisions.iter().map(|(id, _)| *id).collect(),
                stops: Arc::clone(&self.stops),
            });
        }
    }
}

impl Tally {
    /// How many decisions there were.
    pub fn decisions(&self) -> u64 {
        let others = self.apart.values().chain(self.missing.values());
        self.same + self.different + others.sum::<u64>()
    }

    fn add(&mut self, other: Self) {
        self.same += other.same;
        self.other_fuel += other.other_fuel;
        self.different += other.different;
        for (apart, count) in other.apart {
            *self.apart.entry(apart).or_default() += count;
        }
        for (missing, count) in other.missing {
            *self.missing.entry(missing).or_default() += count;
        }
        self.shown.extend(other.shown);
        self.shown.sort_by_key(|(id, _)| *id);
        self.shown.truncate(SHOWN);
    }

    /// For machines.
    pub fn json(&self) -> Json {
        let apart = self.apart.iter();
        let apart: Vec<Json> = apart
            .map(|(apart, count)| json!({ "why": apart.to_string(), "decisions": count }))
            .collect();
        let missing = self.missing.iter();
        let missing: Vec<Json> = missing
            .map(|(why, count)| json!({ "why": why, "decisions": count }))
            .collect();
        let different = self.shown.iter().map(
            |(id, differences)| json!({ "decision": id.to_string(), "differences": differences }),
        );
        json!({
            "same": self.same, "other_fuel": self.other_fuel, "different": self.different, "apart": apart,
            "missing": missing, "differences": different.collect::<Vec<_>>(),
        })
    }

    /// Whether everything that could be computed came out as recorded.
    pub fn is_same(&self) -> bool {
        self.different == 0 && self.missing.is_empty()
    }
}
