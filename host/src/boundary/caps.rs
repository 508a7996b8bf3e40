//! How often: of one action, over one channel, across all of them, in the customer's calendar days (A21, golden 15).

use crate::boundary::arbitration::Arbitration;
use crate::boundary::load::{Counts, Limit, Load};
use crate::boundary::{Candidate, Case, Objection, TimeRuling};
use crate::charter::Cap;
use crate::clock::Instant;
use crate::customer::{Bound, Contact};
use crate::ids::Key;

/// What a cap is on.
#[derive(Clone, Copy)]
pub(super) enum Scope {
    Action(Key),
    Channel(Key),
    Everything,
}

impl Scope {
    pub(super) fn contains(self, contact: &Contact) -> bool {
        match self {
            Self::Action(action) => contact.action == action,
            Self::Channel(channel) => contact.channel == channel,
            Self::Everything => true,
        }
    }
}

/// The latest of what the caps ask for.
pub(super) fn judge(docket: &Arbitration<'_>, beside: &Load<'_>, at: Instant) -> TimeRuling {
    let candidate = beside.candidate;
    let mut ruling = TimeRuling::Stands;
    let mut latest = at;
    for (scope, cap) in caps(&docket.case, candidate) {
        let why = || objection(candidate, scope, cap);
        match limit((scope, cap)).first_free(docket, beside, at) {
            None => return TimeRuling::Never(why()),
            Some(free) if free > latest => {
                latest = free;
                ruling = TimeRuling::Moves(free, why());
            }
            Some(_) => {}
        }
    }
    ruling
}

/// Every cap that the candidate falls under, as a bound.
pub(super) fn limits<'a>(
    case: &Case<'a>,
    candidate: &Candidate<'_>,
) -> impl Iterator<Item = Limit<'a>> + use<'a> {
    caps(case, candidate).map(limit)
}

fn limit((scope, cap): (Scope, &Cap)) -> Limit<'_> {
    Limit {
        bound: Bound {
            at_most: cap.at_most,
            per: cap.per,
        },
        counts: Counts::Cap(scope, cap),
    }
}

fn caps<'a>(
    case: &Case<'a>,
    candidate: &Candidate<'_>,
) -> impl Iterator<Item = (Scope, &'a Cap)> + use<'a> {
    let (kind, way, market) = (candidate.kind(case), candidate.way(case), case.market());
    let of_action = candidate.frame(case).map(|frame| &frame.caps);
    let of_channel = market.channel(candidate.channel).map(|frame| &frame.caps);
    let class = kind.class;
    let scoped = [
        (Scope::Action(kind.key), of_action),
        (Scope::Channel(way.key), of_channel),
        (Scope::Everything, Some(&market.caps)),
    ];
    let caps = scoped
        .into_iter()
        .flat_map(|(scope, caps)| caps.into_iter().flatten().map(move |cap| (scope, cap)));
    caps.filter(move |(_, cap)| cap.counts(class))
}

fn objection(candidate: &Candidate<'_>, scope: Scope, cap: &Cap) -> Objection {
    let (most, per) = (cap.at_most, cap.per);
    let classes: Vec<_> = cap.counts.iter().map(|class| class.word()).collect();
    let what = match classes.is_empty() {
        true => "contacts".to_owned(),
        false => format!("{} contacts", classes.join(" or ")),
    };
    let proposal = candidate.proposal;
    Objection(match scope {
        Scope::Action(_) => format!("at most {most} `{}` per {per}", proposal.action),
        Scope::Channel(_) => {
            format!(
                "at most {most} {what} per {per} over `{}`",
                proposal.channel
            )
        }
        Scope::Everything => format!("at most {most} {what} per {per} over all channels"),
    })
}
