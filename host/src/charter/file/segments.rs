//! [segments] and [stages]: what follows from what is known, the same in every market.

use crate::charter::Charter;
use crate::charter::expression::Condition;
use crate::charter::expression::inputs::Inputs;
use crate::charter::expression::scope::{Scope, Sight};
use crate::charter::fields::Per;
use crate::charter::file::consent::PER;
use crate::charter::file::page::{Node, Shape};
use crate::charter::file::reading::{Findings, Keys, Section};
use crate::charter::file::values::{self, source_of};
use crate::charter::segments::{Membership, Segment, SegmentIx, Stage, StageIx, Step};
use crate::charter::table::Index;
use crate::ids::{Key, Text};

pub(super) const SEGMENT_KEYS: Keys = Keys {
    known: &["is", "meaning", "owner", "per", "review-by"],
    later: &[],
    central: &[],
};

pub(super) const STAGE_KEYS: Keys = Keys {
    known: &["order", "meaning", "owner", "per", "review-by"],
    later: &[],
    central: &[],
};

/// The most steps of one stage.
const STEPS: usize = 32;

/// A segment or a stage as it was read, before it is known what the others are.
pub(super) struct Read<'a> {
    pub(super) membership: Membership,
    pub(super) node: &'a Node,
    /// As the charter says it; else it follows from the inputs.
    pub(super) per: Option<Per>,
    pub(super) inputs: Inputs,
}

pub(super) fn read_segments<'a>(
    top: &Section<'a>,
    charter: &mut Charter,
    findings: &'a Findings,
) -> Vec<Read<'a>> {
    declare_stages(top, charter, findings);
    let mut read = Vec::new();
    for (number, (name, node)) in (0..).zip(top.open_each("segments")) {
        let section = Section::open(node, &SEGMENT_KEYS, findings);
        let is = section.required("is", |node| condition(node, charter));
        let (is, inputs) = is.unwrap_or_else(|| (Condition::always(), Inputs::default()));
        charter.segments.push(Segment {
            name: Text::new(name),
            key: Key::of("segment", name),
            is,
            per: Per::Customer,
            purposes: Vec::new(),
            meaning: section.meaning(),
            owner: section.owner(&charter.people),
        });
        read.push(Read {
            membership: Membership::Segment(SegmentIx::from_number(number)),
            node,
            per: section.optional("per", |node| values::word(node, PER)),
            inputs,
        });
    }
    for (number, (_, node)) in (0..).zip(top.open_each("stages")) {
        read.push(read_steps(
            StageIx::from_number(number),
            node,
            charter,
            findings,
        ));
    }
    read
}

fn condition(node: &Node, charter: &Charter) -> Result<(Condition, Inputs), String> {
    let scope = Scope {
        charter,
        event: None,
        market: None,
        sight: Sight::Everything,
    };
    Condition::with_inputs(source_of(node)?, &scope)
}

/// The steps' names come first: conditions compare stages with them.
fn declare_stages(top: &Section<'_>, charter: &mut Charter, findings: &Findings) {
    for (name, node) in top.open_each("stages") {
        let section = Section::open(node, &STAGE_KEYS, findings);
        section.required("order", |node| match &node.shape {
            Shape::List(steps) if steps.is_empty() => Err(
                "is empty: write at least the step that always holds, `{ none = \"true\" }`"
                    .to_owned(),
            ),
            Shape::List(steps) if steps.len() > STEPS => {
                Err(format!("has {} steps: at most {STEPS}", steps.len()))
            }
            _ => Ok(()),
        });
        let mut steps: Vec<Step> = Vec::new();
        for (name, node) in step_nodes(&section) {
            if !values::is_snake_case(name) {
                findings.say(
                    node,
                    format!("`{name}` is not a name for a step: write snake_case, such as `gold`"),
                );
            }
            let key = Key::of("step", name);
            if let Some(other) = steps.iter().find(|step| step.key == key) {
                findings.say(node, twice(name, &other.name));
            }
            steps.push(Step {
                name: Text::new(name),
                key,
                when: Condition::always(),
            });
        }
        charter.stages.push(Stage {
            name: Text::new(name),
            key: Key::of("stage", name),
            steps,
            per: Per::Customer,
            purposes: Vec::new(),
            meaning: section.meaning(),
            owner: section.owner(&charter.people),
        });
    }
}

fn twice(name: &str, other: &str) -> String {
    if name == other {
        format!("`{name}` is a step twice")
    } else {
        format!("`{name}` has the same stored key as `{other}`: rename one of them")
    }
}

/// Each step's name and condition, in order; what is no step is told of.
fn step_nodes<'a>(section: &Section<'a>) -> Vec<(&'a str, &'a Node)> {
    let steps = section.list("order", |node| match node.entries() {
        [(name, node)] => Ok((name.as_str(), node)),
        _ => Err(format!(
            "is {}: write one step with its condition, such as `{{ gold = \"points >= 1000\" }}`",
            node.shown()
        )),
    });
    steps.into_iter().take(STEPS).collect()
}

/// Compiles the conditions of a declared stage.
fn read_steps<'a>(
    stage: StageIx,
    node: &'a Node,
    charter: &mut Charter,
    findings: &'a Findings,
) -> Read<'a> {
    let section = Section { node, findings };
    let told_before = Findings::default();
    let steps = step_nodes(&Section {
        node,
        findings: &told_before,
    });
    let mut inputs = Inputs::default();
    let mut conditions = Vec::with_capacity(steps.len());
    let last = steps.len().saturating_sub(1);
    for (position, (name, node)) in steps.iter().enumerate() {
        let read = section.noted(node, condition(node, charter));
        let always = read
            .as_ref()
            .is_some_and(|(condition, _)| condition.is_always());
        if position == last && !always && read.is_some() {
            findings.say(
                node,
                format!("is the last step, which must always hold: write `{name} = \"true\"`"),
            );
        } else if position != last && always {
            findings.say(
                node,
                "always holds, so no later step is ever reached: make it the last",
            );
        }
        let (condition, read) = read.unwrap_or_else(|| (Condition::always(), Inputs::default()));
        conditions.push(condition);
        inputs = inputs.and(read);
    }
    let steps = &mut charter.stages.at_mut(stage).steps;
    for (step, condition) in steps.iter_mut().zip(conditions) {
        step.when = condition;
    }
    Read {
        membership: Membership::Stage(stage),
        node,
        per: section.optional("per", |node| values::word(node, PER)),
        inputs,
    }
}
