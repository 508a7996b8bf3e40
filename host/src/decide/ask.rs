//! From what is known to what is decided: moment, context, policy, boundary, plan.

use crate::absorb::{Absorbed, Seen, Standing};
use crate::action::{Plan, Planner};
use crate::boundary::{self, Author, Case};
use crate::charter::{Fallback, FieldIx, MomentIx, Template};
use crate::clock::Instant;
use crate::context::{Gathered, Inputs, Reading, field_reading, gather};
use crate::event::Event;
use crate::evidence::{Asked, Decided, Derived, Outcome, PolicyVersion};
use crate::ids::{DecisionId, Text};
use crate::moment;
use crate::node::Tools;
use crate::policy::{Active, Answer, Decision, Policies, Proposal, Timing};
use crate::spending::Taken;
use crate::stop::{Stop, Stops};

/// One event's turn: what it is decided with.
#[derive(Clone, Copy)]
pub(super) struct Turn<'a> {
    pub tools: Tools<'a>,
    /// Bound to the charter that the event was checked against.
    pub policies: &'a Policies,
    pub event: &'a Event,
    pub now: Instant,
    /// As they are when it begins.
    pub stops: &'a Stops,
}

impl Turn<'_> {
    /// Decides what the event is worth, and what follows from it, each on its own; empty for a signal. What was planned is
    /// noted in `standing`, and each decision sees it.
    pub(super) fn ask(
        self,
        standing: &mut Standing,
        absorbed: &Absorbed,
        taken: &mut Taken,
    ) -> Vec<Decided> {
        let mut decisions = Vec::new();
        decisions.extend(self.ask_of(self.event, standing, taken));
        for derived in &absorbed.derived {
            let event = &derived.event;
            // Whether they are in it must not show in that a policy is asked.
            if !event.is_moment() || !derived.may_be_known(self.now, standing) {
                continue;
            }
            let decided = self.ask_of(event, standing, taken);
            decisions.extend(decided.map(|decided| Decided {
                on: Some(shown(event)),
                ..decided
            }));
        }
        decisions
    }

    fn ask_of(self, event: &Event, standing: &mut Standing, taken: &mut Taken) -> Option<Decided> {
        let now = self.now;
        let seen = Seen {
            event,
            now,
            standing,
        };
        let moment = moment::find(seen)?;
        let active = self.policies.active(event.market);
        let mut deciding = Deciding::new(self, seen, moment);
        let mut plan = deciding.decide(seen, active);
        plan.note(deciding.decided.id, now, standing);
        taken.add(std::mem::take(&mut plan.charges));
        let mut decided = deciding.decided;
        decided.replaced = std::mem::take(&mut plan.replaced);
        let actions = plan.actions.into_iter().map(|planned| planned.action);
        decided.actions = actions.collect();
        Some(decided)
    }
}

impl Event {
    fn is_moment(&self) -> bool {
        !self.charter.events.at(self.kind).moments.is_empty()
    }
}

/// What a derived event says, in names that need no charter to be read.
fn shown(event: &Event) -> Derived {
    let kind = event.charter.events.at(event.kind);
    let data = kind.data.iter().filter_map(|(datum, defined)| {
        let value = event.datum(datum)?;
        Some((defined.name.clone(), value.clone()))
    });
    Derived {
        kind: kind.name.clone(),
        data: data.collect(),
    }
}

/// One decision in the making.
struct Deciding<'a> {
    turn: Turn<'a>,
    moment: MomentIx,
    language: Text,
    decided: Decided,
}

impl<'a> Deciding<'a> {
    fn new(turn: Turn<'a>, seen: Seen<'_>, moment: MomentIx) -> Self {
        let decided = Decided {
            id: DecisionId::draw(turn.now, &mut turn.tools.chance.borrow_mut()),
            moment: seen.charter().moments.at(moment).name.clone(),
            on: None,
            outcome: Outcome::Hold,
            now: turn.now,
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
        let languages = &seen.market().languages;
        Self {
            turn,
            moment,
            language: languages.first().cloned().unwrap_or_default(),
            decided,
        }
    }

    fn decide(&mut self, seen: Seen<'_>, active: Option<&Active>) -> Plan {
        let (market, moment) = (seen.market(), seen.charter().moments.at(self.moment));
        if let Some(stop) = self.turn.stops.of_decision(&market.name, &moment.name) {
            self.decided.outcome = Outcome::Stopped;
            self.decided.because = Some(stopped(stop));
            return Plan::default();
        }
        if let Some(because) = poor_data(seen, &moment.requires) {
            self.decided.outcome = Outcome::Blocked;
            self.decided.because = Some(because);
            return Plan::default();
        }
        let Some(active) = active else {
            return self.hold("the market has no policy");
        };
        self.decided.policy = Some(PolicyVersion {
            version: active.version.clone(),
            digest: active.digest,
        });
        if let Some(stop) = self.turn.stops.of_policy(active.digest) {
            return self.fall_back(seen, stopped(stop));
        }
        let Some(inputs) = active.inputs(self.moment) else {
            return self.hold("the policy does not handle this moment");
        };
        self.ask(seen, active, inputs)
    }

    fn ask(&mut self, seen: Seen<'_>, active: &Active, inputs: &Inputs) -> Plan {
        let gathered = gather(seen, inputs, draw_of_nobody(seen.event));
        let tools = self.turn.tools;
        let mut limits = seen.market().limits;
        limits.time = tools.patience.unwrap_or(limits.time);
        let is_askable = gathered.missing.is_empty();
        let answer = is_askable
            .then(|| active.ask(tools.sandbox, &limits, &gathered.signal, &gathered.context));
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
                let plan = self.judge(seen, Author::Policy(active), proposals);
                self.decided.outcome = match plan.actions.is_empty() {
                    true => Outcome::Refused,
                    false => Outcome::Act,
                };
                plan
            }
            Answer::Fault(fault) => {
                let because = Text::new(fault.to_string());
                self.decided.fault = Some(fault);
                self.fall_back(seen, because)
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
    fn fall_back(&mut self, seen: Seen<'_>, because: Text) -> Plan {
        self.decided.because = Some(because);
        self.decided.outcome = Outcome::Fallback;
        match seen.market().fallback(self.moment) {
            Fallback::Hold => Plan::default(),
            Fallback::Act(template) => {
                let proposals = vec![proposal(seen.event, template)];
                self.judge(seen, Author::Fallback, proposals)
            }
        }
    }

    fn hold(&mut self, because: &'static str) -> Plan {
        self.decided.because = Some(Text::new_static(because));
        Plan::default()
    }

    fn judge(&mut self, seen: Seen<'_>, by: Author<'_>, proposals: Vec<Proposal>) -> Plan {
        let tools = self.turn.tools;
        let case = Case {
            seen,
            moment: self.moment,
            by,
            stops: self.turn.stops,
            spending: tools.spending,
        };
        let verdicts = boundary::judge(&case, &proposals);
        let planner = Planner {
            seen,
            language: &self.language,
            salt: tools.salt,
        };
        let mut plan = planner.plan(&verdicts, &mut tools.chance.borrow_mut());
        tools.spending.give_back(&plan.spared);
        self.decided.proposals = proposals;
        self.decided.rulings = std::mem::take(&mut plan.rulings);
        plan
    }
}

fn stopped(stop: &Stop) -> Text {
    Text::from(format!("`{}` is stopped: {}", stop.scope, stop.reason))
}

/// What a moment requires and nobody can rely on, in words; nobody is asked on a guess (A18).
fn poor_data(seen: Seen<'_>, required: &[FieldIx]) -> Option<Text> {
    let poor = required.iter().filter_map(|field| {
        let word = match field_reading(seen, *field) {
            Reading::Known(_) => return None,
            Reading::Stale(_) => "stale",
            Reading::Unknown => "unknown",
            Reading::Withheld => "withheld",
        };
        let name = &seen.charter().fields.at(*field).name;
        Some(format!("`{name}` is {word}"))
    });
    let poor: Vec<String> = poor.collect();
    (!poor.is_empty()).then(|| Text::from(format!("data quality: {}", poor.join(", "))))
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
