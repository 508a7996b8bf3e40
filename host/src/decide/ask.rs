//! From what is known to what is decided: moment, context, policy, boundary, plan.

use std::sync::Arc;

use crate::absorb::{Seen, Standing};
use crate::action::{Plan, Planner};
use crate::boundary::{self, Author, Case};
use crate::charter::{Fallback, MomentIx, Template};
use crate::clock::Instant;
use crate::context::{Gathered, Inputs, gather};
use crate::event::Event;
use crate::evidence::{Asked, Decided, Outcome, PolicyVersion};
use crate::ids::{DecisionId, Text};
use crate::moment;
use crate::node::Core;
use crate::policy::{Active, Answer, Decision, Policies, Proposal, Timing};
use crate::spending::Taken;
use crate::stop::{Stop, Stops};

/// One event's turn: what it is decided with.
#[derive(Clone, Copy)]
pub(super) struct Turn<'a> {
    core: &'a Core,
    /// Bound to the charter that the event was checked against.
    policies: &'a Policies,
    event: &'a Event,
    now: Instant,
}

impl<'a> Turn<'a> {
    pub(super) fn of(
        core: &'a Core,
        policies: &'a Policies,
        event: &'a Event,
        now: Instant,
    ) -> Self {
        Self {
            core,
            policies,
            event,
            now,
        }
    }

    /// Decides what the event is worth; empty for a signal. What was planned is noted in `standing`.
    pub(super) fn ask(self, standing: &mut Standing, taken: &mut Taken) -> Vec<Decided> {
        let Self {
            core, event, now, ..
        } = self;
        let Some(moment) = moment::find(Seen {
            event,
            now,
            standing,
        }) else {
            return Vec::new();
        };
        let active = self.policies.active(event.market);
        let mut deciding = Deciding::new(core, event, moment, now);
        let mut plan = deciding.decide(
            core,
            Seen {
                event,
                now,
                standing,
            },
            active,
        );
        plan.note(deciding.decided.id, now, standing);
        taken.add(std::mem::take(&mut plan.charges));
        let mut decided = deciding.decided;
        decided.replaced = std::mem::take(&mut plan.replaced);
        decided.actions = plan
            .actions
            .into_iter()
            .map(|planned| planned.action)
            .collect();
        vec![decided]
    }
}

/// One decision in the making.
struct Deciding {
    moment: MomentIx,
    /// As they are when it begins.
    stops: Arc<Stops>,
    language: Text,
    decided: Decided,
}

impl Deciding {
    fn new(core: &Core, event: &Event, moment: MomentIx, now: Instant) -> Self {
        let market = event.charter.markets.at(event.market);
        let decided = Decided {
            id: DecisionId::draw(now, &mut core.chance()),
            moment: event.charter.moments.at(moment).name.clone(),
            on: None,
            outcome: Outcome::Hold,
            now,
            policy: None,
            asked: None,
            because: None,
            held: None,
            fault: None,
            proposals: Vec::new(),
            rulings: Vec::new(),
            actions: Vec::new(),
            replaced: Vec::new(),
            fuel: 0,
            micros: 0,
        };
        Self {
            moment,
            stops: core.node().stops(),
            language: market.languages.first().cloned().unwrap_or_default(),
            decided,
        }
    }

    fn decide(&mut self, core: &Core, seen: Seen<'_>, active: Option<&Active>) -> Plan {
        let market = seen.event.charter.markets.at(seen.event.market);
        if let Some(stop) = self.stops.of_decision(&market.name, &self.decided.moment) {
            self.decided.outcome = Outcome::Stopped;
            self.decided.because = Some(because(stop));
            return Plan::default();
        }
        let Some(active) = active else {
            return self.hold("the market has no policy");
        };
        self.decided.policy = Some(PolicyVersion {
            version: active.version.clone(),
            digest: active.digest,
        });
        if let Some(stop) = self.stops.of_policy(active.digest) {
            let because = because(stop);
            return self.fall_back(core, seen, because);
        }
        let Some(inputs) = active.inputs(self.moment) else {
            return self.hold("the policy does not handle this moment");
        };
        let gathered = gather(seen, inputs, draw_of_nobody(seen.event));
        let is_askable = gathered.missing.is_empty();
        let answer = is_askable.then(|| {
            active.ask(
                core.number(),
                &market.limits,
                &gathered.signal,
                &gathered.context,
            )
        });
        self.note_asked(inputs, gathered);
        let Some(asked) = answer else {
            return Plan::default();
        };
        self.decided.fuel = asked.fuel;
        self.decided.micros = asked.micros;
        match asked.answer {
            Answer::Decision(Decision::Hold { reason }) => {
                self.decided.because = sentence(active, &reason, &self.language);
                self.decided.held = Some(reason);
                Plan::default()
            }
            Answer::Decision(Decision::Act(proposals)) => {
                let plan = self.judge(core, seen, Author::Policy(active), proposals);
                self.decided.outcome = match plan.actions.is_empty() {
                    true => Outcome::Refused,
                    false => Outcome::Act,
                };
                plan
            }
            Answer::Fault(fault) => {
                let because = Text::new(fault.to_string());
                self.decided.fault = Some(fault);
                self.fall_back(core, seen, because)
            }
        }
    }

    /// Keeps what the policy was given; without an input that it requires, it was given nothing.
    fn note_asked(&mut self, inputs: &Inputs, gathered: Gathered) {
        self.language = gathered.context.language.clone();
        if !gathered.missing.is_empty() {
            let missing = gathered.missing.join(", ");
            self.decided.outcome = Outcome::Blocked;
            self.decided.because = Some(Text::new(format!("required, and not known: {missing}")));
        }
        self.decided.asked = Some(Asked {
            signal: gathered.signal,
            context: gathered.context,
            data_names: inputs.data.iter().map(|input| input.name.clone()).collect(),
            read_names: inputs
                .reads
                .iter()
                .map(|input| input.name.clone())
                .collect(),
        });
    }

    /// The market's safe default; it passes the same rules.
    fn fall_back(&mut self, core: &Core, seen: Seen<'_>, because: Text) -> Plan {
        self.decided.because = Some(because);
        self.decided.outcome = Outcome::Fallback;
        let market = seen.event.charter.markets.at(seen.event.market);
        match market.fallback(self.moment) {
            Fallback::Hold => Plan::default(),
            Fallback::Act(template) => {
                let proposals = vec![proposal(seen.event, template)];
                self.judge(core, seen, Author::Fallback, proposals)
            }
        }
    }

    fn hold(&mut self, because: &'static str) -> Plan {
        self.decided.because = Some(Text::new_static(because));
        Plan::default()
    }

    fn judge(
        &mut self,
        core: &Core,
        seen: Seen<'_>,
        by: Author<'_>,
        proposals: Vec<Proposal>,
    ) -> Plan {
        let case = Case {
            seen,
            moment: self.moment,
            by,
            stops: &self.stops,
            spending: core.node().spending(),
        };
        let verdicts = boundary::judge(&case, &proposals);
        let planner = Planner {
            seen,
            language: &self.language,
        };
        let mut plan = planner.plan(&verdicts, &mut core.chance());
        core.node().spending().give_back(&plan.spared);
        self.decided.proposals = proposals;
        self.decided.rulings = std::mem::take(&mut plan.rulings);
        plan
    }
}

fn because(stop: &Stop) -> Text {
    Text::from(format!("`{}` is stopped: {}", stop.scope, stop.reason))
}

/// A reason in the customer's language; in the manifest's first where it has no such sentence.
fn sentence(active: &Active, code: &str, language: &str) -> Option<Text> {
    let sentences = &active.reason(code)?.sentences;
    let theirs = sentences.iter().find(|said| said.language == language);
    theirs.or(sentences.first()).map(|said| said.text.clone())
}

/// A draw for a decision of nobody: of the event, so that it can be drawn again.
fn draw_of_nobody(event: &Event) -> u64 {
    let (first, _) = event.content.0.split_at(8);
    first
        .iter()
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// The charter's template as a proposal.
fn proposal(event: &Event, template: &Template) -> Proposal {
    let charter = &*event.charter;
    Proposal {
        action: charter.actions.at(template.action).name.clone(),
        channel: charter.channels.at(template.channel).name.clone(),
        timing: Timing::Now,
        lapses_after: None,
        key: None,
        parameters: template.parameters.clone(),
        cancel_on: Vec::new(),
        score: 0.0,
        reason: Text::default(),
    }
}
