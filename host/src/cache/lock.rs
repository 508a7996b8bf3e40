//! Whom an event's names lead to, with the lines in front of them and their newest states: where nobody is in the way, one look
//! under one lock; whoever had to wait looks once more.

use std::sync::Arc;

use crate::cache::ahead::Ahead;
use crate::cache::names::{Answer, ViewName};
use crate::cache::{Cache, CacheError, Kept, Line, Reservation, State};
use crate::customer::{IdentityKey, Named};

/// How often whom the names lead to may change while we wait in line, before we give up.
const ATTEMPTS: usize = 16;

/// Whom names lead to, locked. Nobody else decides about them until it is dropped.
pub struct Lock<E: Kept> {
    /// By name.
    pub ids: Vec<E::Id>,
    /// In order of id.
    pub lines: Vec<Line<E::Id>>,
    /// For names that are new, until they are recorded.
    pub reservations: Vec<Reservation>,
    /// By name; `None` of a name that is new, and of one that leads to whom an earlier one leads to.
    pub states: Vec<Option<State<E>>>,
}

/// One look at whom names lead to.
struct Look<E: Kept> {
    ids: Vec<E::Id>,
    reservations: Vec<Reservation>,
    lines: Lines<E::Id>,
    /// Those that are ahead of the view.
    states: Vec<Option<Arc<State<E>>>>,
}

/// Whether we hold every line that the names lead to.
enum Lines<Id: Copy + Eq + std::hash::Hash> {
    Held(Vec<Line<Id>>),
    Taken,
}

impl Cache {
    /// Finds whom the names lead to, waits in line for them, and loads them; who is new gets an id that `draw` draws. `None`
    /// where it changes faster than we can wait, or a name leads to something else.
    pub async fn lock<E: Kept>(
        &self,
        names: &[IdentityKey],
        draw: impl Fn() -> Named,
    ) -> Result<Option<Lock<E>>, CacheError> {
        let mut read: Vec<ViewName> = Vec::new();
        let mut held = Vec::new();
        // Kept until the next look has made its own: who a new name is going to name stays the same meanwhile.
        let mut _reservations = Vec::new();
        for _ in 0..ATTEMPTS {
            let look = match self.look::<E>(names, &read, held, &draw) {
                Ok(Some(look)) => look,
                Ok(None) => return Ok(None),
                Err(unread) => {
                    held = Vec::new();
                    read.retain(|name| name.key != unread);
                    read.push(self.read_name(unread).await?);
                    continue;
                }
            };
            match look.lines {
                Lines::Held(lines) => {
                    let states = self.states(&look.ids, &lines, look.states, &look.reservations);
                    return Ok(Some(Lock {
                        states: states.await?,
                        ids: look.ids,
                        lines,
                        reservations: look.reservations,
                    }));
                }
                Lines::Taken => {
                    held = Vec::new();
                    for id in in_order(&look.ids) {
                        held.push(self.line::<E>(id).await);
                    }
                    _reservations = look.reservations;
                }
            }
        }
        Ok(None)
    }

    /// Looks once, with the lines that we hold already; the name that the view has to be asked about is the error.
    fn look<E: Kept>(
        &self,
        names: &[IdentityKey],
        read: &[ViewName],
        held: Vec<Line<E::Id>>,
        draw: &impl Fn() -> Named,
    ) -> Result<Option<Look<E>>, IdentityKey> {
        let ahead = self.ahead();
        let (mut ids, mut reservations) = (Vec::with_capacity(2), Vec::new());
        for key in names {
            let read = read.iter().find(|name| name.key == *key);
            let named = match self.answer(&ahead, *key, read) {
                Answer::Named(named) => named,
                Answer::Unread => return Err(*key),
                Answer::New => {
                    let reservation = self.reserve_beside(&ahead, *key, draw);
                    let named = reservation.named;
                    reservations.push(reservation);
                    named
                }
            };
            let Some(id) = E::named(named) else {
                return Ok(None);
            };
            ids.push(id);
        }
        Ok(Some(Look {
            lines: self.lines_of::<E>(&ids, held),
            states: ids.iter().map(|id| find(&ahead, *id)).collect(),
            ids,
            reservations,
        }))
    }

    /// Takes the lines, if nobody is in one of them; or keeps those that we hold, if they are the ones.
    fn lines_of<E: Kept>(&self, ids: &[E::Id], held: Vec<Line<E::Id>>) -> Lines<E::Id> {
        let wanted = in_order(ids);
        if held.iter().map(Line::id).eq(wanted.iter().copied()) {
            return Lines::Held(held);
        }
        drop(held);
        let lines = wanted.iter().map(|id| E::shelf(self).lines.enter(*id));
        lines
            .collect::<Option<_>>()
            .map_or(Lines::Taken, Lines::Held)
    }

    /// The states by name, those behind what is ahead loaded.
    async fn states<E: Kept>(
        &self,
        ids: &[E::Id],
        lines: &[Line<E::Id>],
        ahead: Vec<Option<Arc<State<E>>>>,
        new: &[Reservation],
    ) -> Result<Vec<Option<State<E>>>, CacheError> {
        let mut states: Vec<Option<State<E>>> = Vec::with_capacity(ids.len());
        for (place, (id, found)) in ids.iter().zip(ahead).enumerate() {
            let is_again = ids.iter().take(place).any(|earlier| earlier == id);
            let is_new = new.iter().any(|new| E::named(new.named) == Some(*id));
            let line = lines.iter().find(|line| line.id() == *id);
            states.push(match (found, line) {
                _ if is_again || is_new => None,
                (Some(state), _) => Some(State::clone(&state)),
                (None, Some(line)) => self.load_held::<E>(line).await?,
                (None, None) => None,
            });
        }
        Ok(states)
    }
}

fn find<E: Kept>(ahead: &Ahead, id: E::Id) -> Option<Arc<State<E>>> {
    ahead.find::<E>(id).flatten()
}

/// Each once, in the order in which lines are taken.
fn in_order<Id: Copy + Ord>(ids: &[Id]) -> Vec<Id> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    ids
}
