//! An approved action passes every rule again, as things stand now (A23, A28): what a person saw an hour ago may have
//! changed since.

use crate::absorb::{Absorption, Lapse, Parties, Situation};
use crate::action::{Plan, Planner, Ruling};
use crate::boundary::{self, Author, Case};
use crate::charter::MomentIx;
use crate::customer::{Pending, Status};
use crate::decide::Moot;
use crate::decide::after::Given;
use crate::era::Era;
use crate::event::Event;
use crate::evidence::{DecisionRecord, Outcome};
use crate::ids::{ActionId, DecisionId, Text};
use crate::policy::{Proposal, Timing};
use crate::stop::Stop;

/// Why a rejected action no longer waits: who rejected it, and in which words, stands with the event alone, for those are
/// about a person.
pub(crate) const REJECTED: &str = "rejected";

/// Yes or no.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Approval {
    Approve,
    Reject,
}

/// What a person decided about a waiting action.
#[derive(Clone, Debug)]
pub struct Judgement {
    pub action: ActionId,
    pub verdict: Approval,
    /// In the person's words; may be empty for an approval.
    pub reason: Text,
}

/// A person's decision about an action, with what a policy proposed when it was planned, as the evidence has it.
#[derive(Debug)]
pub struct Recall {
    pub judgement: Judgement,
    /// The caller's name.
    pub by: Text,
    pub proposal: Proposal,
    pub decided: DecisionRecord,
    pub language: Text,
}

impl Recall {
    /// Carries it out: a rejected action is cancelled, an approved one becomes pending, or is dropped by the rule that objects.
    pub(super) fn decide(
        &self,
        (era, event): (&Era, &Event),
        standing: &mut Parties,
        absorbed: &mut Absorption,
        given: &mut Given<'_>,
    ) -> Result<Vec<DecisionRecord>, Moot> {
        let judgement = &self.judgement;
        if judgement.verdict == Approval::Approve
            && let Some(stop) = self.stopped(era, event)
        {
            return Err(Moot::Stopped {
                scope: stop.scope.to_string().into(),
                reason: stop.reason.clone(),
            });
        }
        // It does not count against itself.
        let Some(pending) = take(standing, judgement.action) else {
            let mut lapsed = absorbed.cancelled.iter();
            // What lapsed just now is told, and stays so.
            return if lapsed.any(|lapsed| lapsed.id == judgement.action) {
                Ok(Vec::new())
            } else {
                Err(Moot::NotWaiting)
            };
        };
        let seen = Situation {
            event,
            now: given.now,
            standing,
        };
        let approved = match judgement.verdict {
            Approval::Reject => Err(REJECTED.to_owned()),
            Approval::Approve => self.judge(era, seen, &pending, given),
        };
        let (decided, mut plan) = match approved {
            Ok(approved) => approved,
            Err(because) => {
                absorbed.cancelled.push(lapse(&pending, because));
                return Ok(Vec::new());
            }
        };
        if let Some(Ruling::Refused { rule, why }) = plan.rulings.first() {
            absorbed
                .cancelled
                .push(lapse(&pending, format!("{rule}: {why}")));
        }
        plan.note(decided.id, decided.now, standing);
        Ok(vec![decided.with(plan)])
    }

    /// What is stopped now stays where it is: it can be approved once the stop is lifted.
    fn stopped<'a>(&self, era: &'a Era, event: &Event) -> Option<&'a Stop> {
        let (decided, proposal) = (&self.decided, &self.proposal);
        let market = event.charter.markets.at(event.market);
        let policy = decided.policy.as_ref();
        let stops = &era.stops;
        stops
            .of_decision(&market.name, &decided.moment)
            .or_else(|| stops.of_action(&proposal.action, &proposal.channel))
            .or_else(|| stops.of_policy(policy?.digest))
    }

    /// The moment for which it was proposed, if that is still granted.
    fn moment(&self, seen: Situation<'_>) -> Result<MomentIx, String> {
        let (market, name) = (seen.market(), &self.decided.moment);
        let moment = seen.charter().names.moments.get(name).copied();
        moment
            .filter(|moment| market.handles(*moment))
            .ok_or_else(|| format!("granted: `{}` is no longer granted `{name}`", market.name))
    }

    fn because(&self) -> String {
        let (by, id) = (&self.by, self.decided.id);
        match self.judgement.reason.as_str() {
            "" => format!("approved by {by}; proposed in decision {id}"),
            reason => format!("approved by {by}: {reason}; proposed in decision {id}"),
        }
    }

    /// Asks every rule, and plans what they let through under the id that people know; or why it may not even be asked.
    fn judge(
        &self,
        era: &Era,
        seen: Situation<'_>,
        pending: &Pending,
        given: &mut Given<'_>,
    ) -> Result<(DecisionRecord, Plan), String> {
        let case = Case {
            seen,
            moment: self.moment(seen)?,
            by: Author::Approver {
                decided: self.decided.now,
                until: pending.until,
            },
            stops: &era.stops,
        };
        let id = DecisionId::draw(seen.now, given.chance);
        let proposals = vec![as_planned(&self.proposal, pending)];
        let verdicts = boundary::judge(&case, &proposals, &mut given.purse);
        let planner = Planner {
            seen,
            language: &self.language,
            salt: given.salt,
        };
        let mut plan = planner.plan(verdicts, given.chance, &mut given.purse);
        for planned in &mut plan.actions {
            planned.action.id = pending.id;
        }
        for ruled in &mut plan.rulings {
            if let Ruling::Acts(id) = ruled {
                *id = pending.id;
            }
        }
        let decided = DecisionRecord {
            outcome: if plan.actions.is_empty() {
                Outcome::Refused
            } else {
                Outcome::Act
            },
            policy: self.decided.policy.clone(),
            because: Some(Text::from(self.because())),
            proposals,
            ..DecisionRecord::of(id, &self.decided.moment, seen.now)
        };
        Ok((decided, plan))
    }
}

fn lapse(pending: &Pending, because: String) -> Lapse {
    Lapse {
        id: pending.id,
        action: pending.action,
        because: Text::from(because),
    }
}

/// For the time that the rules had given it: approving late does not push it back.
fn as_planned(proposal: &Proposal, pending: &Pending) -> Proposal {
    Proposal {
        timing: Timing::At(pending.due),
        ..proposal.clone()
    }
}

/// Takes an action that waits for a person out of the status of whom it is about.
fn take(standing: &mut Parties, id: ActionId) -> Option<Pending> {
    let customer = standing.customer.as_mut().map(|one| &mut one.status);
    let account = standing.account.as_mut().map(|one| &mut one.status);
    [customer, account]
        .into_iter()
        .flatten()
        .find_map(|status: &mut Status| {
            let waits = |pending: &Pending| pending.id == id && pending.approval.is_some();
            let place = status.pending.iter().position(waits)?;
            Some(status.pending.remove(place))
        })
}
