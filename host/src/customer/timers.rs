//! Silences that are waited for. What arrives late changes nothing that something younger has settled.

use serde::{Deserialize, Serialize};

use crate::charter::Charter;
use crate::clock::{Instant, Span};
use crate::ids::{Key, Text};

/// A silence that is waited for, or was: of several for one moment in one market, the latest counts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Timer {
    pub moment: Key,
    pub market: Key,
    /// When what began it happened; of one that is over, when what ended it did.
    pub since: Instant,
    /// When it has been silent for long enough. `None` of one that is over: kept for a while, so that something older that
    /// arrives late does not begin it again.
    pub due: Option<Instant>,
    pub channel: Option<Text>,
}

/// How long it is known that a silence is over, where late events may come at any time.
const OVER_KEPT: Span = Span::from_days(7);

/// Begins the silence anew, unless something as young has ended it or began it; whether it did.
pub fn start(timers: &mut Vec<Timer>, timer: Timer) -> bool {
    let of_moment = || timers.iter().filter(|known| known.moment == timer.moment);
    let is_over = of_moment().any(|known| known.due.is_none() && known.since >= timer.since);
    let is_younger =
        of_moment().any(|known| known.market == timer.market && known.since >= timer.since);
    if is_over || is_younger {
        return false;
    }
    timers.retain(|known| (known.moment, known.market) != (timer.moment, timer.market));
    timers.push(timer);
    true
}

/// Ends the silence in every market, where it began before.
pub fn end(timers: &mut Vec<Timer>, moment: Key, market: Key, at: Instant) {
    let mut is_known = false;
    for timer in timers.iter_mut().filter(|timer| timer.moment == moment) {
        is_known |= timer.market == market;
        if timer.since <= at {
            *timer = Timer {
                since: at,
                due: None,
                channel: None,
                ..timer.clone()
            };
        }
    }
    if !is_known {
        timers.push(Timer {
            moment,
            market,
            since: at,
            due: None,
            channel: None,
        });
    }
}

/// The silence that is over at `due`, if it is still waited for.
pub fn elapsed(timers: &[Timer], moment: Key, market: Key, due: Instant) -> Option<usize> {
    timers
        .iter()
        .position(|timer| (timer.moment, timer.market, timer.due) == (moment, market, Some(due)))
}

pub(super) fn forget(timers: &mut Vec<Timer>, charter: &Charter, now: Instant) {
    timers.retain(|timer| {
        let Some(moment) = charter.names.moment_keys.get(&timer.moment) else {
            return false;
        };
        let moment = charter.moments.at(*moment);
        let Some(silence) = &moment.silence else {
            return false;
        };
        let late = moment.lateness.unwrap_or(OVER_KEPT);
        timer.due.is_some() || timer.since.plus(silence.lasts).plus(late) >= now
    });
}

/// Of two that turned out to be one: what is younger, and of one instant what is over.
pub(super) fn take_over(timers: &mut Vec<Timer>, other: &[Timer]) {
    for theirs in other {
        match theirs.due {
            None => end(timers, theirs.moment, theirs.market, theirs.since),
            Some(_) => {
                start(timers, theirs.clone());
            }
        }
    }
}
