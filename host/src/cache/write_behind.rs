//! Writes what is ahead to the view, never past what the log holds for good: what changed often since the last time is
//! written once, in small pieces, so that whoever serves hardly notices.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Mutex;

use crate::cache::ahead::Generation;
use crate::cache::keys::{put_erased, slot};
use crate::cache::spent::{Spent, put_spent};
use crate::cache::{Cache, Earlier, EncodedState, schedule};
use crate::encoding;
use crate::event::EventKey;
use crate::ids::{Chance, DecisionId};
use crate::keys::{SEAL_BYTES, Salt, Subject};
use crate::store::{Changes, Failed, Position, Space, ViewError};

/// Why writing behind ended.
#[derive(Debug, thiserror::Error)]
pub enum WriteBehindError {
    #[error("the log has failed, so the view stays where it is")]
    Log(#[from] Failed),
    #[error("the view cannot be written")]
    View(#[from] ViewError),
}

/// Who writes behind, and how many wait until it is done.
#[derive(Default)]
pub(super) struct Turn {
    lock: Mutex<()>,
    waiting: AtomicUsize,
}

/// As long as it is there, whoever writes behind hurries.
struct Hurry<'a>(&'a AtomicUsize);

impl<'a> Hurry<'a> {
    fn begin(waiting: &'a AtomicUsize) -> Self {
        waiting.fetch_add(1, Ordering::Relaxed);
        Self(waiting)
    }
}

impl Drop for Hurry<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How far a generation is written.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    pub steps: usize,
    pub of: usize,
}

/// Called between two pieces; it may take its time.
type Pause<'a> = dyn FnMut(Progress) + Send + 'a;

/// So many steps are one piece: one or two hundred microseconds.
const PIECE: usize = 256;
/// Of what may be ahead, this part is written in one go.
const GENERATIONS: usize = 4;

impl Cache {
    /// Writes everything that was committed before now, as fast as it goes; whether there was anything.
    pub async fn write_behind(&self) -> Result<bool, WriteBehindError> {
        let _hurry = Hurry::begin(&self.turn.waiting);
        let _turn = self.turn.lock.lock().await;
        let was_begun = self.ahead().is_writing();
        if was_begun {
            self.write_next(&mut |_| {}).await?;
        }
        Ok(self.write_next(&mut |_| {}).await? || was_begun)
    }

    /// The same, with pauses.
    pub async fn write_evenly(&self, pause: &mut Pause<'_>) -> Result<bool, WriteBehindError> {
        let _turn = self.turn.lock.lock().await;
        self.write_next(pause).await
    }

    /// Whether so much has grown that it is time to write it.
    pub fn is_full(&self) -> bool {
        let bytes = self.ahead().growing_bytes();
        bytes > self.settings.ahead_bytes / GENERATIONS
    }

    /// Whether somebody waits until everything is written, or so much has grown that the next generation waits for this one.
    pub fn is_urgent(&self) -> bool {
        self.turn.waiting.load(Ordering::Relaxed) > 0 || self.is_full()
    }

    async fn write_next(&self, pause: &mut Pause<'_>) -> Result<bool, WriteBehindError> {
        let Some(generation) = self.begin() else {
            return Ok(false);
        };
        self.log.until_all(generation.end).await?;
        self.write(generation, pause)?;
        Ok(true)
    }

    /// The end of the log is taken under the same lock, so that whatever is in the log before it is in this generation or an
    /// earlier one.
    fn begin(&self) -> Option<Arc<Generation>> {
        let mut ahead = self.ahead();
        let end = self.log.end();
        ahead.begin(end)
    }

    /// The view covers the generation only once all of it is written.
    fn write(&self, generation: Arc<Generation>, pause: &mut Pause<'_>) -> Result<(), ViewError> {
        let of = generation.steps();
        let (mut steps, mut next) = (0, PIECE);
        let pause = &mut |more: usize| {
            steps += more;
            if steps >= next {
                next = steps + PIECE;
                pause(Progress { steps, of });
            }
        };
        self.view.reach(generation.end)?;
        self.view.load(generation.notes.clone())?;
        self.write_states(&generation, pause)?;
        self.write_index(&generation, pause)?;
        self.remember(&generation, pause);
        self.view.apply(few(&generation), generation.end)?;
        self.ahead().finish();
        // To let go of thousands of states takes its time too.
        if let Some(written) = Arc::into_inner(generation) {
            let spare = written.emptied(pause);
            self.ahead().reuse(spare);
        }
        Ok(())
    }

    fn write_states(
        &self,
        generation: &Generation,
        pause: &mut dyn FnMut(usize),
    ) -> Result<(), ViewError> {
        let (view, mut chance) = (&self.view, self.ring.chance());
        let customers = sorted(generation.customers.iter(), pause, |id| *id.as_bytes());
        let customers = customers.map(|(id, state)| {
            let subject = Subject::Customer(state.value.id);
            (id, Some(stored(&state.encoded, subject, &mut chance)))
        });
        view.write(Space::Customers, customers, pause)?;
        let accounts = sorted(generation.accounts.iter(), pause, |id| *id.as_bytes());
        let accounts = accounts.map(|(id, state)| {
            let subject = Subject::Account(state.value.id);
            (id, Some(stored(&state.encoded, subject, &mut chance)))
        });
        view.write(Space::Accounts, accounts, pause)?;
        let keys = sorted(generation.keys.iter(), pause, |subject| subject.to_bytes());
        let keys = keys.map(|(subject, wrapped)| (subject, Some(slot(wrapped))));
        view.write(Space::Keys, keys, pause)
    }

    fn write_index(
        &self,
        generation: &Generation,
        pause: &mut dyn FnMut(usize),
    ) -> Result<(), ViewError> {
        let view = &self.view;
        let names = sorted(generation.names.iter(), pause, |key| *key.as_bytes());
        let names = names.map(|(key, named)| (key, named.as_ref().map(encoding::encode)));
        view.write(Space::Identities, names, pause)?;
        let events = sorted(generation.events.iter(), pause, |key| key.0);
        let events = events.map(|(key, earlier)| (key, Some(encoding::encode(earlier))));
        view.write(Space::Events, events, pause)?;
        let decisions = sorted(generation.decisions.iter(), pause, |id| *id.as_bytes());
        let decisions = decisions.map(|(id, position)| (id, Some(place(*position))));
        view.write(Space::Decisions, decisions, pause)?;
        let hints = generation.hints.iter().map(|hint| (hint, &()));
        let hints = sorted(hints, pause, |hint| schedule::key(**hint));
        let hints = hints.map(|(hint, ())| (hint, Some(Vec::new())));
        view.write(Space::Schedule, hints, pause)
    }

    /// INVARIANT: it is still ahead, so whatever is newer is found before what is remembered here.
    fn remember(&self, generation: &Generation, pause: &mut dyn FnMut(usize)) {
        for (id, state) in &generation.customers {
            self.customers.clean.insert(*id, state.encoded.clone());
            pause(1);
        }
        for (id, state) in &generation.accounts {
            self.accounts.clean.insert(*id, state.encoded.clone());
            pause(1);
        }
        // An earlier generation may have brought back what was forgotten while it was written.
        for id in &generation.erased {
            self.customers.clean.invalidate(id);
        }
        for (key, named) in &generation.names {
            match named {
                Some(named) => self.names.remember(*key, *named),
                None => self.names.forget(*key),
            }
            pause(1);
        }
    }
}

/// A state as the view keeps it: closed with its own key alone, for as long as it is the newest.
fn stored(state: &EncodedState, subject: Subject, chance: &mut Chance) -> Vec<u8> {
    let mut stored = Vec::with_capacity(8 + state.bytes.len() + SEAL_BYTES);
    stored.extend_from_slice(&state.position.as_u64().to_le_bytes());
    let about = subject.to_bytes();
    let salt = Salt::draw(chance);
    state
        .key
        .seal_into((salt, &about), &state.bytes, &mut stored);
    stored
}

/// In the order in which the view keeps them. To sort takes pauses as well.
fn sorted<'a, K, V: 'a, B: Ord>(
    entries: impl ExactSizeIterator<Item = (K, &'a V)>,
    pause: &mut dyn FnMut(usize),
    bytes: impl Fn(&K) -> B,
) -> std::vec::IntoIter<(B, &'a V)> {
    let entries = entries.map(|(key, value)| {
        pause(1);
        (bytes(&key), value)
    });
    let mut entries: Vec<_> = entries.collect();
    let mut compared = 0_usize;
    entries.sort_unstable_by(|(left, _), (right, _)| {
        compared += 1;
        if compared.is_multiple_of(PIECE) {
            pause(1);
        }
        left.cmp(right)
    });
    entries.into_iter()
}

/// What a generation changes in spaces with few rows.
fn few(generation: &Generation) -> Changes {
    let mut changes = Changes::default();
    for id in &generation.erased {
        put_erased(&mut changes, *id);
    }
    for (id, waiting) in &generation.waiting {
        changes.put(Space::Approvals, id.as_bytes(), encoding::encode(waiting));
    }
    for (counter, total) in &generation.spent {
        let (total, as_of) = (*total, generation.end);
        put_spent(&mut changes, *counter, Spent { total, as_of });
    }
    changes
}

pub(super) fn put_event(changes: &mut Changes, key: EventKey, earlier: Earlier) {
    changes.put(Space::Events, &key.0, encoding::encode(&earlier));
}

pub(super) fn put_decision(changes: &mut Changes, id: DecisionId, position: Position) {
    changes.put(Space::Decisions, id.as_bytes(), place(position));
}

fn place(position: Position) -> Vec<u8> {
    position.as_u64().to_le_bytes().to_vec()
}
