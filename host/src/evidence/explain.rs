//! A decision in plain words (A42, A02, A07): what happened, what was known, what was proposed, what the rules said, what came
//! of it; the silence as well as the action. The words are data, one file a language.

mod texts;

use crate::action::{Action, Ruling, When};
use crate::boundary::Postponement;
use crate::clock::Instant;
use crate::context::{Reading, TimedValue};
use crate::evidence::{Body, DecisionRecord, Outcome};
use crate::ids::Text;
use crate::policy::Proposal;
use crate::value::{Plain, Value};

pub use texts::Texts;

/// A decision, or an event without one, explained.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Explanation {
    pub language: &'static str,
    pub parts: Vec<Part>,
}

/// One part, with a title and some sentences.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Part {
    /// `happened`, `known`, `proposed`, `ruled`, `outcome`
    pub name: &'static str,
    pub title: String,
    pub sentences: Vec<String>,
}

/// Says things in one language.
pub struct Explainer<'a> {
    pub texts: &'a Texts,
    pub body: &'a Body,
    /// The sentence of one of the policy's reasons in a language.
    pub sentence: &'a dyn Fn(&str, &str) -> Option<String>,
    /// Why there are none, where the policy's own words are not at hand.
    pub no_words: Option<&'a dyn std::error::Error>,
}

impl Explainer<'_> {
    /// Explains one of the event's decisions.
    pub fn decision(&self, decided: &DecisionRecord) -> Explanation {
        self.parts([
            ("happened", self.happened(Some(decided))),
            ("known", self.known(decided)),
            ("proposed", self.proposed(decided)),
            ("ruled", self.ruled(decided)),
            ("outcome", self.outcome(decided)),
        ])
    }

    /// Explains an event that nobody was asked about.
    pub fn signal(&self) -> Explanation {
        let nothing = self.say("outcome.nothing", &[]);
        self.parts([
            ("happened", self.happened(None)),
            ("outcome", [self.cancelled(), vec![nothing]].concat()),
        ])
    }

    fn parts<const N: usize>(&self, parts: [(&'static str, Vec<String>); N]) -> Explanation {
        let parts = parts.into_iter().map(|(name, sentences)| Part {
            name,
            title: self.say(&format!("titles.{name}"), &[]),
            sentences,
        });
        Explanation {
            language: self.texts.language,
            parts: parts.collect(),
        }
    }

    fn say(&self, key: &str, names: &[(&str, &str)]) -> String {
        self.texts.say(key, names)
    }

    fn happened(&self, decided: Option<&DecisionRecord>) -> Vec<String> {
        let event = &self.body.event;
        let nobody = self.say("happened.nobody", &[]);
        let whom = event.subject.as_ref().or(event.visitor.as_ref());
        let whom = whom.or(event.account.as_ref());
        let whom = whom.map_or(nobody, |whom| format!("`{}`", unquoted(whom)));
        let mut said = vec![self.say(
            "happened.event",
            &[
                ("time", &time(event.received_at)),
                ("type", &event.kind),
                ("source", &unquoted(&event.source)),
                ("market", &event.market),
                ("whom", &whom),
            ],
        )];
        if let Some(channel) = &event.channel {
            said.push(self.say("happened.channel", &[("channel", &unquoted(channel))]));
        }
        if event.occurred_at != event.received_at {
            let at = time(event.occurred_at);
            said.push(self.say("happened.late", &[("time", &at)]));
        }
        said.extend(self.noted());
        if let Some(derived) = decided.and_then(|decided| decided.on.as_ref()) {
            let data = values(&derived.data);
            said.push(self.say(
                "happened.derived",
                &[("type", &derived.kind), ("data", &data)],
            ));
        }
        said.push(match decided {
            Some(decided) => self.say("happened.asked_at", &[("moment", &decided.moment)]),
            None => self.say("happened.no_moment", &[]),
        });
        said
    }

    /// What absorbing the event did.
    fn noted(&self) -> Vec<String> {
        let (event, noted) = (&self.body.event, &self.body.noted);
        let mut said = Vec::new();
        if event.data.is_none() {
            said.push(self.say("happened.forgotten", &[]));
        }
        if event.dropped > 0 {
            let count = event.dropped.to_string();
            said.push(self.say("happened.dropped", &[("count", &count)]));
        }
        for (key, names) in [
            ("happened.entered", &noted.entered),
            ("happened.left", &noted.left),
            ("happened.faded", &noted.faded),
            ("happened.waits", &noted.waits_for),
            ("happened.conflict", &noted.conflicts),
            ("happened.refused", &noted.refused_writes),
        ] {
            if !names.is_empty() {
                said.push(self.say(key, &[("what", &quoted(names))]));
            }
        }
        said
    }

    fn known(&self, decided: &DecisionRecord) -> Vec<String> {
        let Some(asked) = &decided.asked else {
            let key = match self.body.event.data {
                None => "known.forgotten",
                Some(_) => "known.nothing",
            };
            return vec![self.say(key, &[])];
        };
        let readings = asked.read_names.iter().zip(&asked.context.readings);
        let said = readings.map(|(name, reading)| {
            let name = format!("`{name}`");
            let stamped = |key, TimedValue { value, as_of }: &TimedValue| {
                let (value, at) = (plain(value), time(*as_of));
                self.say(key, &[("name", &name), ("value", &value), ("time", &at)])
            };
            match reading {
                Reading::Known(stamp) => stamped("known.known", stamp),
                Reading::Stale(stamp) => stamped("known.stale", stamp),
                Reading::Unknown => self.say("known.unknown", &[("name", &name)]),
                Reading::Withheld => self.say("known.withheld", &[("name", &name)]),
            }
        });
        said.collect()
    }

    fn proposed(&self, decided: &DecisionRecord) -> Vec<String> {
        let version = decided.policy.as_ref();
        // Without its digest: that is for machines.
        let short = |version: &Text| version.split('+').next().unwrap_or_default().to_owned();
        let version = version.map_or(String::new(), |policy| short(&policy.version));
        let because = decided.because.as_deref().unwrap_or_default();
        let mut said = Vec::new();
        // Of somebody who gave no basis to keep it, what was asked is forgotten; that it answered is not.
        let is_asked =
            decided.asked.is_some() || decided.held.is_some() || !decided.proposals.is_empty();
        let key = match decided.outcome {
            Outcome::Stopped | Outcome::Blocked => {
                return vec![self.say("proposed.nobody", &[("because", because)])];
            }
            Outcome::Hold if !is_asked => {
                return vec![self.say("proposed.nobody", &[("because", because)])];
            }
            Outcome::Fallback => {
                let key = match decided.policy {
                    Some(_) => "proposed.fallback",
                    None => "proposed.no_policy",
                };
                said.push(self.say(key, &[("version", &version), ("fault", because)]));
                "proposed.default"
            }
            _ => "proposed.act",
        };
        if decided.proposals.is_empty() && decided.outcome == Outcome::Hold {
            said.push(self.say("proposed.hold", &[("version", &version)]));
            said.extend(self.reason(decided.held.as_ref(), Some(because)));
        }
        for proposal in &decided.proposals {
            said.push(self.proposal(key, &version, proposal));
            let reason = Some(&proposal.reason).filter(|reason| !reason.is_empty());
            said.extend(self.reason(reason, None));
        }
        said
    }

    fn proposal(&self, key: &str, version: &str, proposal: &Proposal) -> String {
        let with = match proposal.parameters.is_empty() {
            true => String::new(),
            false => self.say(
                "proposed.with",
                &[("parameters", &values(&proposal.parameters))],
            ),
        };
        self.say(
            key,
            &[
                ("version", version),
                ("action", &proposal.action),
                ("channel", &proposal.channel),
                ("parameters", &with),
            ],
        )
    }

    /// The policy's own sentence for a code; the code where it has none.
    fn reason(&self, code: Option<&Text>, otherwise: Option<&str>) -> Option<String> {
        let own = |code: &Text| (self.sentence)(code, self.texts.language);
        let sentence = code.and_then(own);
        if let (Some(code), Some(why)) = (code, self.no_words) {
            let why = why.to_string();
            let names = [("code", code.as_str()), ("why", why.as_str())];
            return Some(self.say("proposed.no_words", &names));
        }
        let otherwise = otherwise.filter(|text| !text.is_empty()).map(str::to_owned);
        let sentence = sentence
            .or(otherwise)
            .or_else(|| code.map(|code| format!("`{code}`")))?;
        Some(self.say("proposed.reason", &[("sentence", &sentence)]))
    }

    fn ruled(&self, decided: &DecisionRecord) -> Vec<String> {
        let pairs = decided.proposals.iter().zip(&decided.rulings);
        let mut said: Vec<String> = pairs
            .flat_map(|(proposal, ruled)| self.ruling(decided, proposal, ruled))
            .collect();
        if said.is_empty() {
            said.push(self.say("ruled.nothing", &[]));
        }
        said
    }

    fn ruling(&self, decided: &DecisionRecord, proposal: &Proposal, ruled: &Ruling) -> Vec<String> {
        let names = [
            ("action", proposal.action.as_str()),
            ("channel", proposal.channel.as_str()),
        ];
        match ruled {
            Ruling::Alternative => vec![self.say("ruled.yields", &names)],
            Ruling::Refused { rule, why } => {
                let (rule, why) = (self.rule(rule), self.why(rule, why));
                let more = [("rule", rule.as_str()), ("why", why.as_str())];
                vec![self.say("ruled.refused", &[&names[..], &more].concat())]
            }
            Ruling::Acts(id) => {
                let action = decided.actions.iter().find(|action| action.id == *id);
                let moved = action.into_iter().flat_map(|action| &action.moved);
                let moved = moved.map(|moved| self.moved(&proposal.action, moved));
                std::iter::once(self.say("ruled.permitted", &names))
                    .chain(moved)
                    .collect()
            }
        }
    }

    fn moved(&self, action: &str, moved: &Postponement) -> String {
        let (rule, why) = (self.rule(&moved.rule), self.why(&moved.rule, &moved.why));
        self.say(
            "ruled.moved",
            &[
                ("rule", &rule),
                ("action", action),
                ("time", &time(moved.to)),
                ("why", &why),
            ],
        )
    }

    fn rule(&self, rule: &str) -> String {
        let name = self.texts.find(&format!("rules.{rule}"));
        name.unwrap_or(rule).to_owned()
    }

    /// The language's sentence for a rule; where it has none, the rule's own words.
    fn why(&self, rule: &str, why: &str) -> String {
        let own = self.texts.find(&format!("why.{rule}"));
        own.unwrap_or(why).to_owned()
    }

    fn outcome(&self, decided: &DecisionRecord) -> Vec<String> {
        let mut said: Vec<String> = decided
            .actions
            .iter()
            .flat_map(|action| self.action(action))
            .collect();
        if !decided.replaced.is_empty() {
            let count = decided.replaced.len().to_string();
            said.push(self.say("outcome.replaced", &[("count", &count)]));
        }
        said.extend(self.cancelled());
        if decided.actions.is_empty() {
            said.push(self.say(
                match decided.outcome {
                    Outcome::Stopped => "outcome.stopped",
                    Outcome::Blocked => "outcome.blocked",
                    Outcome::Refused => "outcome.refused",
                    Outcome::Act | Outcome::Hold | Outcome::Fallback => "outcome.nothing",
                },
                &[],
            ));
        }
        said
    }

    fn action(&self, action: &Action) -> Vec<String> {
        let names = [
            ("action", action.action.as_str()),
            ("channel", action.channel.as_str()),
        ];
        let until = time(action.until);
        let mut said = vec![match action.when {
            When::Answered => self.say("outcome.answered", &names),
            When::Due(due) => {
                let due = time(due);
                let times = [("time", due.as_str()), ("until", until.as_str())];
                self.say("outcome.scheduled", &[&names[..], &times].concat())
            }
        }];
        if let Some(approval) = action.approval {
            let at = time(approval);
            let times = [("time", at.as_str())];
            said.push(self.say("outcome.approval", &[&names[..], &times].concat()));
        }
        said
    }

    fn cancelled(&self) -> Vec<String> {
        let cancelled = self.body.cancelled.iter();
        let said = cancelled.map(|one| {
            let names = [("action", one.action.as_str()), ("because", &one.because)];
            self.say("outcome.cancelled", &names)
        });
        said.collect()
    }
}

/// As a text: a title and its sentences, part by part.
impl std::fmt::Display for Explanation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (number, part) in self.parts.iter().enumerate() {
            if number > 0 {
                writeln!(f)?;
            }
            writeln!(f, "{}", part.title)?;
            for sentence in &part.sentences {
                writeln!(f, "  {sentence}")?;
            }
        }
        Ok(())
    }
}

/// A text from outside that stands between backticks: it ends them nowhere.
fn unquoted(text: &str) -> String {
    text.replace('`', "'")
}

/// `2010-12-01 08:26 UTC`
fn time(instant: Instant) -> String {
    let utc = instant.timestamp().to_zoned(jiff::tz::TimeZone::UTC);
    utc.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

fn plain(value: &Value) -> String {
    let json = serde_json::to_value(Plain(value)).unwrap_or_default();
    match json {
        serde_json::Value::String(text) => format!("\"{text}\""),
        other => other.to_string(),
    }
}

/// `points 139, tier "gold"`
fn values(values: &[(Text, Value)]) -> String {
    let each = values
        .iter()
        .map(|(name, value)| format!("{name} {}", plain(value)));
    each.collect::<Vec<_>>().join(", ")
}

fn quoted(names: &[Text]) -> String {
    let each = names.iter().map(|name| format!("`{name}`"));
    each.collect::<Vec<_>>().join(", ")
}
