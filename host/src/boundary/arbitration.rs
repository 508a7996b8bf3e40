//! Among what each rule alone would let through: the most important first, of one key or slot only the best, and each
//! beside what was taken before it.

use std::cell::OnceCell;
use std::cmp::Ordering;

use jiff::tz::TimeZone;

use crate::boundary::times::{Times, settle};
use crate::boundary::{
    Candidate, Case, Leave, Objection, Permit, Refusal, Verdict, automation, budget, consent, load,
    reach,
};
use crate::charter::{Class, Mode, OnPending, Target};
use crate::clock::Instant;
use crate::context::{has_unclear_zone, zone_of};
use crate::customer::contacts::{Priority, before};
use crate::customer::{Contact, Pending, Rank};
use crate::ids::{ActionId, Text};
use crate::spending::{Charge, Purse};

pub(super) fn arbitrate(
    case: &Case<'_>,
    alone: Vec<Result<Candidate<'_>, Refusal>>,
    purse: &mut Purse,
) -> Vec<Verdict> {
    let mut order: Vec<(usize, Candidate<'_>)> = alone
        .iter()
        .enumerate()
        .filter_map(|(place, judged)| Some((place, *judged.as_ref().ok()?)))
        .collect();
    // Stable: of equals, the first.
    order.sort_by(|(_, one), (_, other)| before(one.priority(case), other.priority(case)));
    let mut verdicts: Vec<Verdict> = alone
        .into_iter()
        .map(|judged| judged.map_or_else(Verdict::Refuse, |_| Verdict::Yield))
        .collect();
    let mut docket = Arbitration::new(*case);
    for (place, candidate) in order {
        if docket.has_rival_of(&candidate) {
            continue;
        }
        if let Some(verdict) = verdicts.get_mut(place) {
            *verdict = docket.judge(candidate, purse);
        }
    }
    verdicts
}

/// One decision, as far as it is arbitrated.
pub(super) struct Arbitration<'a> {
    pub case: Case<'a>,
    /// What acts, and when.
    taken: Vec<(Candidate<'a>, Instant)>,
    /// Waiting actions that give way to what acts.
    gone: Vec<ActionId>,
    zone: OnceCell<TimeZone>,
    has_unclear_zone: OnceCell<bool>,
}

impl<'a> Arbitration<'a> {
    fn new(case: Case<'a>) -> Self {
        Self {
            case,
            taken: Vec::new(),
            gone: Vec::new(),
            zone: OnceCell::new(),
            has_unclear_zone: OnceCell::new(),
        }
    }

    /// Whether a better one of the same key or slot acts, or of the same kind where only one may wait.
    fn has_rival_of(&self, candidate: &Candidate<'_>) -> bool {
        self.taken
            .iter()
            .any(|(other, _)| are_rivals(&self.case, other, candidate))
    }

    fn judge(&mut self, candidate: Candidate<'a>, purse: &mut Purse) -> Verdict {
        let times = match self.times(&candidate) {
            Ok(times) => times,
            Err(refusal) => return Verdict::Refuse(refusal),
        };
        let displaced = load::displaced(self, &candidate, times.due);
        let charges = match self.spend(&candidate, purse) {
            Ok(charges) => charges,
            Err(refusal) => return Verdict::Refuse(refusal),
        };
        self.gone.extend_from_slice(&displaced);
        let replaced = self.replaced(&candidate);
        self.gone.extend(replaced);
        self.taken.push((candidate, times.due));
        let is_later = times.due > times.asked;
        let permit = self.permit(&candidate, times, displaced, charges);
        if is_later {
            Verdict::Defer(permit)
        } else {
            Verdict::Permit(permit)
        }
    }

    /// When it acts, if the customer's consent still counts then.
    fn times(&self, candidate: &Candidate<'_>) -> Result<Times, Refusal> {
        let times = settle(self, candidate)?;
        match consent::judge_due(&self.case, candidate, times.due) {
            None => Ok(times),
            Some(Objection(why)) => Err(Refusal {
                rule: "consent",
                why: Text::new(why),
            }),
        }
    }

    /// Uses up reach and budget, all of it in one step or nothing.
    fn spend(&self, candidate: &Candidate<'_>, purse: &mut Purse) -> Result<Vec<Charge>, Refusal> {
        let case = &self.case;
        let charges: Vec<Charge> = budget::charges(case, candidate)
            .chain(reach::charges(case, candidate))
            .collect();
        purse.take(&charges).map_err(|beyond| {
            let over_budget = budget::object(case, candidate, &beyond);
            let (rule, Objection(why)) = match over_budget {
                Some(objection) => ("budget", objection),
                None => ("reach", reach::object(case, candidate, &beyond)),
            };
            Refusal {
                rule,
                why: Text::new(why),
            }
        })?;
        Ok(charges)
    }

    fn permit(
        &self,
        candidate: &Candidate<'_>,
        times: Times,
        displaced: Vec<ActionId>,
        charges: Vec<Charge>,
    ) -> Permit {
        Permit(Leave {
            proposal: candidate.proposal.clone(),
            action: candidate.action,
            channel: candidate.channel,
            due: times.due,
            until: times.until,
            moved: times.moved,
            approval: automation::approval(&self.case, candidate, times.until),
            on_pending: candidate.on_pending(&self.case),
            displaced,
            charges,
        })
    }

    /// Where whom it is for is; the market, where colleagues are told.
    pub(super) fn zone(&self, candidate: &Candidate<'_>) -> &TimeZone {
        let kind = candidate.kind(&self.case);
        if kind.to == Target::Account || kind.class == Class::Insight {
            return &self.case.market().zone;
        }
        self.zone.get_or_init(|| zone_of(self.case.seen))
    }

    /// The zones of all markets, where what is stored of the customer's is none; whom colleagues are told about matters not.
    pub(super) fn unclear_zones(&self, candidate: &Candidate<'_>) -> Option<Vec<&TimeZone>> {
        let kind = candidate.kind(&self.case);
        let is_for_colleagues = kind.to == Target::Account || kind.class == Class::Insight;
        let is_unclear = || {
            *self
                .has_unclear_zone
                .get_or_init(|| has_unclear_zone(self.case.seen))
        };
        (!is_for_colleagues && is_unclear()).then(|| {
            let markets = self.case.charter().markets.iter();
            markets.map(|(_, market)| &market.zone).collect()
        })
    }

    /// The contact that the candidate would be.
    pub(super) fn contact(&self, candidate: &Candidate<'_>, at: Instant) -> Contact {
        let kind = candidate.kind(&self.case);
        Contact {
            action: kind.key,
            channel: candidate.way(&self.case).key,
            class: kind.class,
            at,
        }
    }

    /// Every contact beside the candidate, with whom it is for: made, waiting if it `stays`, and decided just now.
    pub(super) fn contacts(
        &self,
        candidate: &Candidate<'_>,
        stays: impl Fn(&Pending) -> bool + Clone,
    ) -> impl Iterator<Item = Contact> + Clone {
        let made = candidate.status(&self.case);
        let made = made.into_iter().flat_map(|status| status.contacts.iter());
        let waiting = self.waiting(candidate);
        let waiting = waiting.filter(move |pending| stays(pending));
        let to = candidate.kind(&self.case).to;
        let taken = self.taken.iter();
        let taken = taken.filter(move |(other, _)| other.kind(&self.case).to == to);
        made.copied()
            .chain(waiting.map(Pending::made))
            .chain(taken.map(|(other, due)| self.contact(other, *due)))
    }

    /// What waits, and would go on waiting beside the candidate.
    pub(super) fn waiting(
        &self,
        candidate: &Candidate<'_>,
    ) -> impl Iterator<Item = &'a Pending> + Clone {
        let pending = candidate.status(&self.case);
        let pending = pending.into_iter().flat_map(|status| &status.pending);
        pending.filter(move |pending| {
            !self.gone.contains(&pending.id) && !self.replaces(candidate, pending)
        })
    }

    /// What waits, and the candidate takes the place of.
    fn replaced(&self, candidate: &Candidate<'_>) -> Vec<ActionId> {
        let pending = candidate.status(&self.case);
        let pending = pending.into_iter().flat_map(|status| &status.pending);
        pending
            .filter(|pending| self.replaces(candidate, pending))
            .map(|pending| pending.id)
            .collect()
    }

    fn replaces(&self, candidate: &Candidate<'_>, pending: &Pending) -> bool {
        let case = &self.case;
        let key = candidate.proposal.key.as_ref();
        let (action, on_pending) = (candidate.kind(case).key, candidate.on_pending(case));
        candidate.way(case).mode == Mode::Inspire
            && pending.is_replaced_by(case.seen.now, action, key, on_pending)
    }

    /// Whether the candidate comes before what waits, and still can.
    pub(super) fn outranks(&self, candidate: &Candidate<'_>, pending: &Pending) -> bool {
        !pending.may_have_acted(self.case.seen.now)
            && before(candidate.priority(&self.case), pending.priority()) == Ordering::Less
    }
}

impl Candidate<'_> {
    fn priority(&self, case: &Case<'_>) -> Priority {
        let kind = self.kind(case);
        let rank = Rank {
            weight: kind.weight,
            score: self.proposal.score,
        };
        (kind.class, rank)
    }

    fn on_pending(&self, case: &Case<'_>) -> OnPending {
        self.frame(case)
            .map(|frame| frame.pending)
            .unwrap_or_default()
    }
}

/// Whether only one of two may act: they share a key or a slot, or only one of their kind may wait.
fn are_rivals(case: &Case<'_>, one: &Candidate<'_>, other: &Candidate<'_>) -> bool {
    let slot = |candidate: &Candidate<'_>| candidate.kind(case).slot.as_ref();
    let shares_slot = slot(one).is_some() && slot(one) == slot(other);
    let key = one.proposal.key.as_ref();
    let waits_alone = one.on_pending(case) != OnPending::Both
        && one.way(case).mode == Mode::Inspire
        && other.way(case).mode == Mode::Inspire;
    (key.is_some() && key == other.proposal.key.as_ref())
        || (shares_slot && one.channel == other.channel)
        || (waits_alone && one.action == other.action)
}
