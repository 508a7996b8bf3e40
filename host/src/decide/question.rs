//! From what is known to what is decided: moment, context, policy, boundary, plan.

use crate::absorb::{Absorption, Parties, Situation};
use crate::action::{Plan, Planner};
use crate::boundary::{self, Author, Case};
use crate::charter::{Fallback, FieldIx, MomentIx, Template};
use crate::context::{Briefing, Inputs, Reading, field_reading, gather};
use crate::decide::after::Given;
use crate::era::Era;
use crate::event::Event;
use crate::evidence::{DecisionRecord, DerivedEvent, Outcome, PolicyInput, PolicyVersion};
use crate::ids::{DecisionId, Text};
use crate::moment;
use crate::policy::{Active, Answer, Decision, Proposal, Timing};
use crate::stop::Stop;

/// Asks what one event is worth.
pub(super) struct Questioner<'a, 'g> {
    era: &'a Era,
    event: &'a Event,
    given: &'a mut Given<'g>,
}

impl<'a, 'g> Questioner<'a, 'g> {
    pub(super) fn new(era: &'a Era, event: &'a Event, given: &'a mut Given<'g>) -> Self {
        Self { era, event, given }
    }

    /// Decides what the event is worth, and what follows from it, each on its own; empty for a signal. What was planned is
    /// noted in `standing`, and each decision sees it.
    pub(super) fn ask_all(
        mut self,
        standing: &mut Parties,
        absorbed: &Absorption,
    ) -> Vec<DecisionRecord> {
        let mut decisions = Vec::new();
        decisions.extend(self.ask(self.event, standing));
        for derived in &absorbed.derived {
            let event = &derived.event;
            // Whether they are in it must not show in that a policy is asked.
            if !event.is_moment() || !derived.may_be_known(self.given.now, standing) {
                continue;
            }
            let decided = self.ask(event, standing);
            decisions.extend(decided.map(|decided| DecisionRecord {
                on: Some(shown(event)),
                ..decided
            }));
        }
        decisions
    }

    fn ask(&mut self, event: &Event, standing: &mut Parties) -> Option<DecisionRecord> {
        let now = self.given.now;
        let seen = Situation {
            event,
            now,
            standing,
        };
        let moment = moment::find(seen)?;
        let name = &seen.charter().moments.at(moment).name;
        let languages = &seen.market().languages;
        let mut question = Question {
            era: self.era,
            seen,
            moment,
            language: languages.first().cloned().unwrap_or_default(),
            decided: DecisionRecord::of(DecisionId::draw(now, self.given.chance), name, now),
            given: self.given,
        };
        let mut plan = question.decide();
        let decided = question.decided;
        plan.note(decided.id, now, standing);
        Some(decided.with(plan))
    }
}

impl Event {
    fn is_moment(&self) -> bool {
        !self.charter.events.at(self.kind).moments.is_empty()
    }
}

/// What a derived event says, in names that need no charter to be read.
fn shown(event: &Event) -> DerivedEvent {
    let kind = event.charter.events.at(event.kind);
    let data = kind.data.iter().filter_map(|(datum, defined)| {
        let value = event.datum(datum)?;
        Some((defined.name.clone(), value.clone()))
    });
    DerivedEvent {
        kind: kind.name.clone(),
        data: data.collect(),
    }
}

/// One decision in the making.
struct Question<'a, 'q, 'g> {
    era: &'a Era,
    seen: Situation<'q>,
    moment: MomentIx,
    language: Text,
    decided: DecisionRecord,
    given: &'q mut Given<'g>,
}

impl<'a> Question<'a, '_, '_> {
    fn decide(&mut self) -> Plan {
        let seen = self.seen;
        let (market, moment) = (seen.market(), seen.charter().moments.at(self.moment));
        if let Some(stop) = self.era.stops.of_decision(&market.name, &moment.name) {
            self.decided.outcome = Outcome::Stopped;
            self.decided.because = Some(stopped(stop));
            return Plan::default();
        }
        if let Some(because) = poor_data(seen, &moment.requires) {
            self.decided.outcome = Outcome::Blocked;
            self.decided.because = Some(because);
            return Plan::default();
        }
        let Some(active) = self.era.policies.active(seen.event.market) else {
            return self.hold("the market has no policy");
        };
        self.decided.policy = Some(PolicyVersion {
            version: active.version.clone(),
            digest: active.digest,
        });
        if let Some(stop) = self.era.stops.of_policy(active.digest) {
            return self.fall_back(stopped(stop));
        }
        let Some(inputs) = active.inputs(self.moment) else {
            return self.hold("the policy does not handle this moment");
        };
        self.ask(active, inputs)
    }

    fn ask(&mut self, active: &'a Active, inputs: &Inputs) -> Plan {
        let seen = self.seen;
        let gathered = gather(seen, inputs, draw_of_nobody(seen.event));
        let mut limits = seen.market().limits;
        limits.time = self.given.patience.unwrap_or(limits.time);
        let sandbox = self.given.sandbox;
        let is_askable = gathered.missing.is_empty();
        let answer =
            is_askable.then(|| active.ask(sandbox, &limits, &gathered.signal, &gathered.context));
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
                let plan = self.judge(Author::Policy(active), proposals);
                self.decided.outcome = if plan.actions.is_empty() {
                    Outcome::Refused
                } else {
                    Outcome::Act
                };
                plan
            }
            Answer::Fault(fault) => {
                let because = Text::new(fault.to_string());
                self.decided.fault = Some(fault);
                self.fall_back(because)
            }
        }
    }

    /// Keeps what the policy was given; without an input that it requires, it was given nothing.
    fn note_asked(&mut self, inputs: &Inputs, gathered: Briefing) {
        self.language = gathered.context.language.clone();
        if !gathered.missing.is_empty() {
            let missing = gathered.missing.join(", ");
            self.decided.outcome = Outcome::Blocked;
            self.decided.because = Some(Text::new(format!("required, and not known: {missing}")));
        }
        self.decided.asked = Some(PolicyInput {
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
    fn fall_back(&mut self, because: Text) -> Plan {
        let seen = self.seen;
        self.decided.because = Some(because);
        self.decided.outcome = Outcome::Fallback;
        match seen.market().fallback(self.moment) {
            Fallback::Hold => Plan::default(),
            Fallback::Act(template) => {
                let proposals = vec![proposal(seen.event, template)];
                self.judge(Author::Fallback, proposals)
            }
        }
    }

    fn hold(&mut self, because: &'static str) -> Plan {
        self.decided.because = Some(Text::new_static(because));
        Plan::default()
    }

    fn judge(&mut self, by: Author<'_>, proposals: Vec<Proposal>) -> Plan {
        let case = Case {
            seen: self.seen,
            moment: self.moment,
            by,
            stops: &self.era.stops,
        };
        let verdicts = boundary::judge(&case, &proposals, &mut self.given.purse);
        let planner = Planner {
            seen: self.seen,
            language: &self.language,
            salt: self.given.salt,
        };
        let plan = planner.plan(verdicts, self.given.chance, &mut self.given.purse);
        self.decided.proposals = proposals;
        plan
    }
}

fn stopped(stop: &Stop) -> Text {
    Text::from(format!("`{}` is stopped: {}", stop.scope, stop.reason))
}

/// What a moment requires and nobody can rely on, in words; nobody is asked on a guess (A18).
fn poor_data(seen: Situation<'_>, required: &[FieldIx]) -> Option<Text> {
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
