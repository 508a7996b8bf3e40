//! A change tried on recorded traffic before it acts (A35): who would get something else, by market, action, rule and segment.
//!
//! The path itself computes it, on recorded history: each decision sees the state that was recorded, so what the change would
//! have done to later decisions does not accumulate.

use std::collections::{BTreeMap, BTreeSet};

use crate::action::Ruling;
use crate::charter::Charter;
use crate::decide::replay::walk::Job;
use crate::decide::replay::{Instead, NoPast, Past, RecordedDecisions, again, apart};
use crate::evidence::{DecisionRecord, Opened, Outcome};
use crate::ids::{DecisionId, Text};

/// How many examples are kept.
const EXAMPLES: usize = 20;

/// A figure as it was recorded, and as it would be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    pub recorded: u64,
    pub now: u64,
}

/// One decision of which something else would come.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Changed {
    pub decision: DecisionId,
    pub market: Text,
    pub moment: Text,
    /// What is gone and what is new: `acts review_request over email`, `refused by consent: …`.
    pub gone: Vec<String>,
    pub new: Vec<String>,
}

/// What a change would have done.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Rehearsal {
    pub decisions: u64,
    /// Decisions of which something else would come.
    pub changed: u64,
    pub by_market: BTreeMap<Text, u64>,
    /// Changed decisions by the segments that the customer was in.
    pub by_segment: BTreeMap<Text, u64>,
    /// Actions that act.
    pub actions: BTreeMap<Text, Counts>,
    /// Refusals.
    pub rules: BTreeMap<Text, Counts>,
    pub outcomes: BTreeMap<&'static str, Counts>,
    pub faults: Counts,
    pub fuel: Counts,
    pub micros: Counts,
    /// What cannot be rehearsed, by reason.
    pub apart: BTreeMap<String, u64>,
    pub examples: Vec<Changed>,
}

/// Tries the change on what was recorded.
pub fn rehearse(
    recorded: &RecordedDecisions<'_>,
    (instead, threads): (&Instead, usize),
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Rehearsal {
    recorded.each((instead, threads), progress, &one, Rehearsal::add)
}

fn one(past: &Past<'_>, job: &Job, rehearsal: &mut Rehearsal) {
    let count = job.decisions.len() as u64;
    let tried = past
        .opened(job.position)
        .and_then(|opened| try_one(past, job, opened));
    match tried {
        Ok(Trial::Compared { opened, now }) => rehearsal.compare(past, &opened, &now),
        Ok(Trial::Apart(why)) => *rehearsal.apart.entry(why).or_default() += count,
        Err(missing) => {
            let why = missing.apart();
            let why = why.map_or_else(|| missing.to_string(), |apart| apart.to_string());
            *rehearsal.apart.entry(why).or_default() += count;
        }
    }
}

enum Trial {
    Compared {
        opened: Box<Opened>,
        now: Vec<DecisionRecord>,
    },
    Apart(String),
}

fn try_one(past: &Past<'_>, job: &Job, opened: Opened) -> Result<Trial, NoPast> {
    if let Some(apart) = apart(&opened) {
        return Ok(Trial::Apart(apart.to_string()));
    }
    let now = again(past, job.position, &opened, &job.stops)?;
    if past.instead.charter.is_some() {
        let then = past.charter_then(opened.charter)?;
        let mut asked = now.iter().filter_map(|decided| decided.asked.as_ref());
        let missing = asked.find_map(|asked| {
            let mut names = asked.read_names.iter();
            let now = past.instead.charter.as_ref()?;
            names
                .find(|name| is_defined(now, name) && !is_defined(&then, name))
                .cloned()
        });
        if let Some(name) = missing {
            let why = format!("the policy reads `{name}`, which was not recorded at that time");
            return Ok(Trial::Apart(why));
        }
    }
    let opened = Box::new(opened);
    Ok(Trial::Compared { opened, now })
}

/// Whether a charter knows what a reading names, as a field, window, item list, segment or stage.
fn is_defined(charter: &Charter, reading: &str) -> bool {
    let names = &charter.names;
    let name = reading.strip_prefix("account.").unwrap_or(reading);
    let list = name.split('[').next().unwrap_or_default();
    let of = |prefix: &str| name.strip_prefix(prefix);
    names.fields.contains_key(name)
        || names.windows.contains_key(name)
        || names.items.contains_key(list)
        || of("segment.").is_some_and(|name| names.segments.contains_key(name))
        || of("stage.").is_some_and(|name| names.stages.contains_key(name))
}

impl Rehearsal {
    fn compare(&mut self, past: &Past<'_>, opened: &Opened, now: &[DecisionRecord]) {
        let recorded = &opened.body.decisions;
        for place in 0..recorded.len().max(now.len()) {
            let (before, after) = (recorded.get(place), now.get(place));
            self.decisions += 1;
            self.count(before, |counts| &mut counts.recorded);
            self.count(after, |counts| &mut counts.now);
            let (was, is) = (effects(before), effects(after));
            if was != is {
                self.note(past, opened, (before.or(after), &was, &is));
            }
        }
    }

    fn count(&mut self, decided: Option<&DecisionRecord>, side: impl Fn(&mut Counts) -> &mut u64) {
        let Some(decided) = decided else { return };
        *side(self.outcomes.entry(decided.outcome.word()).or_default()) += 1;
        *side(&mut self.faults) += u64::from(decided.fault.is_some());
        *side(&mut self.fuel) += decided.fuel;
        *side(&mut self.micros) += decided.micros;
        for action in &decided.actions {
            *side(self.actions.entry(action.action.clone()).or_default()) += 1;
        }
        for ruled in &decided.rulings {
            if let Ruling::Refused { rule, .. } = ruled {
                *side(self.rules.entry(rule.clone()).or_default()) += 1;
            }
        }
    }

    fn note(
        &mut self,
        past: &Past<'_>,
        opened: &Opened,
        (decided, was, is): (
            Option<&DecisionRecord>,
            &BTreeSet<String>,
            &BTreeSet<String>,
        ),
    ) {
        let market = &opened.body.event.market;
        self.changed += 1;
        *self.by_market.entry(market.clone()).or_default() += 1;
        for segment in segments(past, opened) {
            *self.by_segment.entry(segment).or_default() += 1;
        }
        if let (Some(decided), true) = (decided, self.examples.len() < EXAMPLES) {
            let recorded = opened.body.decisions.first();
            self.examples.push(Changed {
                decision: recorded.map_or(decided.id, |recorded| recorded.id),
                market: market.clone(),
                moment: decided.moment.clone(),
                gone: was.difference(is).cloned().collect(),
                new: is.difference(was).cloned().collect(),
            });
        }
    }

    fn add(&mut self, other: Self) {
        self.decisions += other.decisions;
        self.changed += other.changed;
        sum(&mut self.by_market, other.by_market);
        sum(&mut self.by_segment, other.by_segment);
        sum(&mut self.apart, other.apart);
        both(&mut self.actions, other.actions);
        both(&mut self.rules, other.rules);
        both(&mut self.outcomes, other.outcomes);
        self.faults.add(other.faults);
        self.fuel.add(other.fuel);
        self.micros.add(other.micros);
        self.examples.extend(other.examples);
        // The biggest differences first.
        self.examples.sort_by_key(|changed| {
            let size = changed.gone.len() + changed.new.len();
            (std::cmp::Reverse(size), changed.decision)
        });
        self.examples.truncate(EXAMPLES);
    }

    /// A figure by its name, for conditions: `changed`, `faults`, `acts`, `acts.review_request`, `refused`, `refused.consent`:
    /// how many more there would be than were recorded, but for `changed` and `decisions`.
    pub fn figure(&self, name: &str) -> Option<i64> {
        let more = |counts: Counts| counts.more();
        let all = |map: &BTreeMap<Text, Counts>| map.values().map(|counts| counts.more()).sum();
        let one = |map: &BTreeMap<Text, Counts>, name: &str| {
            map.get(name).map_or(0, |counts| counts.more())
        };
        Some(match name.split_once('.') {
            None => match name {
                "decisions" => i64::try_from(self.decisions).unwrap_or(i64::MAX),
                "changed" => i64::try_from(self.changed).unwrap_or(i64::MAX),
                "faults" => more(self.faults),
                "acts" => all(&self.actions),
                "refused" => all(&self.rules),
                _ => return None,
            },
            Some(("changed", market)) => {
                let changed = self.by_market.get(market).copied().unwrap_or_default();
                i64::try_from(changed).unwrap_or(i64::MAX)
            }
            Some(("acts", action)) => one(&self.actions, action),
            Some(("refused", rule)) if crate::boundary::NAMES.contains(&rule) => {
                one(&self.rules, rule)
            }
            Some(_) => return None,
        })
    }
}

impl Counts {
    /// How many more there would be.
    pub fn more(self) -> i64 {
        i64::try_from(self.now).unwrap_or(i64::MAX)
            - i64::try_from(self.recorded).unwrap_or(i64::MAX)
    }

    fn add(&mut self, other: Self) {
        self.recorded += other.recorded;
        self.now += other.now;
    }
}

fn sum<K: Ord>(into: &mut BTreeMap<K, u64>, other: BTreeMap<K, u64>) {
    for (key, count) in other {
        *into.entry(key).or_default() += count;
    }
}

fn both<K: Ord>(into: &mut BTreeMap<K, Counts>, other: BTreeMap<K, Counts>) {
    for (key, counts) in other {
        into.entry(key).or_default().add(counts);
    }
}

/// What somebody gets of a decision, in words: two decisions with the same effects are the same to everybody.
fn effects(decided: Option<&DecisionRecord>) -> BTreeSet<String> {
    let Some(decided) = decided else {
        return BTreeSet::new();
    };
    let mut effects = BTreeSet::new();
    for (proposal, ruled) in decided.proposals.iter().zip(&decided.rulings) {
        let what = format!("{} over {}", proposal.action, proposal.channel);
        match ruled {
            Ruling::Acts(id) => {
                let action = decided.actions.iter().find(|action| action.id == *id);
                effects.insert(action.map_or(format!("acts {what}"), |action| {
                    format!("acts {what} {:?} with {:?}", action.when, action.parameters)
                }));
            }
            Ruling::Alternative => {}
            Ruling::Refused { rule, .. } => {
                effects.insert(format!("{what} refused by {rule}"));
            }
        }
    }
    if decided.outcome != Outcome::Act && decided.outcome != Outcome::Refused {
        effects.insert(decided.outcome.word().to_owned());
    }
    effects
}

/// The segments that the customer was in before the event.
fn segments(past: &Past<'_>, opened: &Opened) -> Vec<Text> {
    let Ok(charter) = past.charter_then(opened.charter) else {
        return Vec::new();
    };
    let Ok(standing) = past.standing(opened) else {
        return Vec::new();
    };
    let status = standing.customer.map(|customer| customer.status);
    let inside = status.into_iter().flat_map(|status| status.segments);
    let inside: Vec<_> = inside.map(|(key, _)| key).collect();
    let known = charter.segments.iter();
    let known = known.filter(|(_, segment)| inside.contains(&segment.key));
    known.map(|(_, segment)| segment.name.clone()).collect()
}
