//! An approved action passes every rule again, as things stand now (A23, A28): what a person saw an hour ago may have
//! changed since.

use crate::absorb::{Absorbed, Lapsed, Seen, Standing};
use crate::action::{Plan, Planner, Ruled};
use crate::boundary::{self, Author, Case};
use crate::charter::MomentIx;
use crate::clock::Instant;
use crate::customer::{Pending, Status};
use crate::decide::Undecided;
use crate::decide::approve::{Approval, REJECTED, Recalled};
use crate::event::Event;
use crate::evidence::{Decided, Outcome};
use crate::ids::{ActionId, DecisionId, Text};
use crate::node::Core;
use crate::policy::{Proposal, Timing};
use crate::spending::Taken;
use crate::stop::{Stop, Stops};

/// A person's decision, to be carried out.
pub(super) struct Again<'a> {
    pub core: &'a Core,
    pub event: &'a Event,
    pub now: Instant,
    pub recalled: &'a Recalled,
}

impl Again<'_> {
    /// Carries it out: a rejected action is cancelled, an approved one becomes pending, or is dropped by the rule that objects.
    pub(super) fn decide(
        &self,
        standing: &mut Standing,
        absorbed: &mut Absorbed,
        taken: &mut Taken,
    ) -> Result<Vec<Decided>, Undecided> {
        let judged = &self.recalled.judged;
        let stops = self.core.node().stops();
        if judged.verdict == Approval::Approve
            && let Some(stop) = self.stopped(&stops)
        {
            return Err(Undecided::Stopped {
                scope: stop.scope.to_string().into(),
                reason: stop.reason.clone(),
            });
        }
        // It does not count against itself.
        let Some(pending) = take(standing, judged.action) else {
            let mut lapsed = absorbed.cancelled.iter();
            // What lapsed just now is told, and stays so.
            return match lapsed.any(|lapsed| lapsed.id == judged.action) {
                true => Ok(Vec::new()),
                false => Err(Undecided::NotWaiting),
            };
        };
        let mut lapse = |because: String| {
            absorbed.cancelled.push(Lapsed {
                id: pending.id,
                action: pending.action,
                because: Text::from(because),
            });
        };
        if judged.verdict == Approval::Reject {
            lapse(REJECTED.to_owned());
            return Ok(Vec::new());
        }
        let moment = match self.moment() {
            Ok(moment) => moment,
            Err(because) => {
                lapse(because);
                return Ok(Vec::new());
            }
        };
        let mut decided = self.decision();
        let mut plan = self.plan(moment, &pending, standing, &mut decided);
        if let Some(Ruled::Refused { rule, why }) = decided.rulings.first() {
            lapse(format!("{rule}: {why}"));
        }
        plan.note(decided.id, self.now, standing);
        taken.add(std::mem::take(&mut plan.charges));
        decided.replaced = std::mem::take(&mut plan.replaced);
        let actions = plan.actions.into_iter().map(|planned| planned.action);
        decided.actions = actions.collect();
        Ok(vec![decided])
    }

    /// What is stopped now stays where it is: it can be approved once the stop is lifted.
    fn stopped<'a>(&self, stops: &'a Stops) -> Option<&'a Stop> {
        let Recalled {
            decided, proposal, ..
        } = self.recalled;
        let market = self.event.charter.markets.at(self.event.market);
        let policy = decided.policy.as_ref();
        stops
            .of_decision(&market.name, &decided.moment)
            .or_else(|| stops.of_action(&proposal.action, &proposal.channel))
            .or_else(|| stops.of_policy(policy?.digest))
    }

    /// The moment for which it was proposed, if that is still granted.
    fn moment(&self) -> Result<MomentIx, String> {
        let charter = &*self.event.charter;
        let market = charter.market(self.event.market, self.now);
        let name = &self.recalled.decided.moment;
        let moment = charter.names.moments.get(name).copied();
        moment
            .filter(|moment| market.handles(*moment))
            .ok_or_else(|| format!("granted: `{}` is no longer granted `{name}`", market.name))
    }

    fn decision(&self) -> Decided {
        let Recalled {
            judged,
            by,
            decided,
            ..
        } = self.recalled;
        let because = match judged.reason.as_str() {
            "" => format!("approved by {by}; proposed in decision {}", decided.id),
            reason => format!(
                "approved by {by}: {reason}; proposed in decision {}",
                decided.id
            ),
        };
        Decided {
            id: DecisionId::draw(self.now, &mut self.core.chance()),
            moment: decided.moment.clone(),
            on: None,
            outcome: Outcome::Act,
            now: self.now,
            policy: decided.policy.clone(),
            asked: None,
            because: Some(Text::from(because)),
            held: None,
            fault: None,
            proposals: Vec::new(),
            rulings: Vec::new(),
            actions: Vec::new(),
            replaced: Vec::new(),
            fuel: 0,
            micros: 0,
        }
    }

    /// Asks every rule, and plans what they let through under the id that people know.
    fn plan(
        &self,
        moment: MomentIx,
        pending: &Pending,
        standing: &Standing,
        decided: &mut Decided,
    ) -> Plan {
        let seen = Seen {
            event: self.event,
            now: self.now,
            standing,
        };
        let node = self.core.node();
        let case = Case {
            seen,
            moment,
            by: Author::Approver {
                decided: self.recalled.decided.now,
                until: pending.until,
            },
            stops: &node.stops(),
            spending: node.spending(),
        };
        let proposals = vec![as_planned(&self.recalled.proposal, pending)];
        let verdicts = boundary::judge(&case, &proposals);
        let planner = Planner {
            seen,
            language: &self.recalled.language,
            salt: node.salt(),
        };
        let mut plan = planner.plan(&verdicts, &mut self.core.chance());
        for planned in &mut plan.actions {
            planned.action.id = pending.id;
        }
        decided.proposals = proposals;
        decided.rulings = std::mem::take(&mut plan.rulings);
        for ruled in &mut decided.rulings {
            if let Ruled::Acts(id) = ruled {
                *id = pending.id;
            }
        }
        if plan.actions.is_empty() {
            decided.outcome = Outcome::Refused;
        }
        plan
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
fn take(standing: &mut Standing, id: ActionId) -> Option<Pending> {
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
