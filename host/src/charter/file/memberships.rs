//! In which order segments and stages follow from each other, and which of them an event may change.

use std::collections::{HashSet, VecDeque};

use crate::charter::Charter;
use crate::charter::consent::PurposeIx;
use crate::charter::events::EventIx;
use crate::charter::expression::inputs::Inputs;
use crate::charter::fields::Per;
use crate::charter::file::reading::Findings;
use crate::charter::file::segments::Read;
use crate::charter::segments::{MEMBERSHIP_NODES, MEMBERSHIPS, Membership};
use crate::charter::table::Index;

/// Brings what was read into an order in which each reads only earlier ones, and settles whose each is.
pub(super) fn settle(read: &[Read<'_>], charter: &mut Charter, findings: &Findings) {
    if let Some(one) = read.get(MEMBERSHIPS) {
        findings.say(
            one.node,
            format!("is one too many: at most {MEMBERSHIPS} segments and stages together"),
        );
        return;
    }
    let order = order(read, charter, findings);
    for &position in &order {
        let Some(one) = read.get(position) else {
            continue;
        };
        let (per, purposes) = settle_one(one, charter, findings);
        match one.membership {
            Membership::Segment(segment) => {
                let segment = charter.segments.at_mut(segment);
                (segment.per, segment.purposes) = (per, purposes);
            }
            Membership::Stage(stage) => {
                let stage = charter.stages.at_mut(stage);
                (stage.per, stage.purposes) = (per, purposes);
            }
        }
    }
    let ordered = order.iter().filter_map(|position| read.get(*position));
    charter.memberships = ordered.map(|one| one.membership).collect();
}

/// Where in `read` a membership stands: the segments come first, then the stages.
fn position(membership: Membership, charter: &Charter) -> usize {
    match membership {
        Membership::Segment(segment) => usize::from(segment.number()),
        Membership::Stage(stage) => charter.segments.len() + usize::from(stage.number()),
    }
}

fn read_memberships(inputs: &Inputs) -> impl Iterator<Item = Membership> {
    let segments = inputs.segments.iter().copied().map(Membership::Segment);
    segments.chain(inputs.stages.iter().copied().map(Membership::Stage))
}

/// Positions, each after all that it reads; what goes round in a circle is told of and left out.
fn order(read: &[Read<'_>], charter: &Charter, findings: &Findings) -> Vec<usize> {
    let inputs = |one: &Read<'_>| -> Vec<usize> {
        read_memberships(&one.inputs)
            .map(|membership| position(membership, charter))
            .collect()
    };
    let mut waits: Vec<usize> = read.iter().map(|one| inputs(one).len()).collect();
    let mut readers: Vec<Vec<usize>> = vec![Vec::new(); read.len()];
    for (reader, one) in read.iter().enumerate() {
        for input in inputs(one) {
            if let Some(readers) = readers.get_mut(input) {
                readers.push(reader);
            }
        }
    }
    let ready = |waits: &[usize]| -> VecDeque<usize> {
        let waits = waits.iter().enumerate();
        waits
            .filter(|(_, left)| **left == 0)
            .map(|(one, _)| one)
            .collect()
    };
    let mut next = ready(&waits);
    let mut order = Vec::with_capacity(read.len());
    while let Some(one) = next.pop_front() {
        order.push(one);
        for reader in readers.get(one).into_iter().flatten() {
            if let Some(left) = waits.get_mut(*reader) {
                *left = left.saturating_sub(1);
                if *left == 0 {
                    next.push_back(*reader);
                }
            }
        }
    }
    let settled: HashSet<usize> = order.iter().copied().collect();
    let stuck = |one: usize| -> Option<usize> {
        let inputs = inputs(read.get(one)?).into_iter();
        inputs.into_iter().find(|input| !settled.contains(input))
    };
    tell_circles(read, &settled, stuck, charter, findings);
    order
}

/// Follows what is not settled from one to the next until it meets itself.
fn tell_circles(
    read: &[Read<'_>],
    settled: &HashSet<usize>,
    next: impl Fn(usize) -> Option<usize>,
    charter: &Charter,
    findings: &Findings,
) {
    let mut seen: HashSet<usize> = HashSet::new();
    for start in (0..read.len()).filter(|one| !settled.contains(one)) {
        let mut walk: Vec<usize> = Vec::new();
        let mut at = Some(start);
        while let Some(one) = at.filter(|one| seen.insert(*one)) {
            walk.push(one);
            at = next(one);
        }
        let Some(begin) = at.and_then(|met| walk.iter().position(|one| *one == met)) else {
            continue;
        };
        let circle: Vec<&Read<'_>> = walk
            .iter()
            .skip(begin)
            .filter_map(|one| read.get(*one))
            .collect();
        let Some(first) = circle.first() else {
            continue;
        };
        let mut told = format!("goes round in a circle: {}", name(first, charter));
        for (count, one) in circle.iter().skip(1).chain([first]).enumerate() {
            let reads = if count == 0 {
                " reads "
            } else {
                ", which reads "
            };
            told.push_str(reads);
            told.push_str(&name(one, charter));
        }
        findings.say(first.node, told);
    }
}

fn name(one: &Read<'_>, charter: &Charter) -> String {
    match one.membership {
        Membership::Segment(segment) => format!("`segment.{}`", charter.segments.at(segment).name),
        Membership::Stage(stage) => format!("`stage.{}`", charter.stages.at(stage).name),
    }
}

/// Whose it is, and all purposes that it rests on.
fn settle_one(one: &Read<'_>, charter: &Charter, findings: &Findings) -> (Per, Vec<PurposeIx>) {
    let mut inputs: Vec<(String, Per)> = Vec::new();
    let mut purposes: Vec<PurposeIx> = Vec::new();
    for field in one
        .inputs
        .fields
        .iter()
        .map(|field| charter.fields.at(*field))
    {
        inputs.push((field.name.to_string(), field.per));
        purposes.push(field.purpose);
    }
    for window in one
        .inputs
        .windows
        .iter()
        .map(|one| charter.windows.at(*one))
    {
        inputs.push((window.name.to_string(), window.per));
        purposes.push(window.purpose);
    }
    for items in one.inputs.items.iter().map(|one| charter.items.at(*one)) {
        inputs.push((items.name.to_string(), Per::Customer));
        purposes.push(items.purpose);
    }
    for segment in one
        .inputs
        .segments
        .iter()
        .map(|one| charter.segments.at(*one))
    {
        inputs.push((format!("segment.{}", segment.name), segment.per));
        purposes.extend(&segment.purposes);
    }
    for stage in one.inputs.stages.iter().map(|one| charter.stages.at(*one)) {
        inputs.push((format!("stage.{}", stage.name), stage.per));
        purposes.extend(&stage.purposes);
    }
    purposes.sort_unstable();
    purposes.dedup();
    let customers = inputs.iter().find(|(_, per)| *per == Per::Customer);
    let inferred = match customers {
        None if !inputs.is_empty() => Per::Account,
        _ => Per::Customer,
    };
    if let (Some(Per::Account), Some((input, _))) = (one.per, customers) {
        findings.say(
            one.node,
            format!("is per account, and reads `{input}`, which each customer of it has: leave `per` out"),
        );
    }
    (one.per.unwrap_or(inferred), purposes)
}

/// Notes for each event which segments and stages it may change, and bounds what evaluating them costs.
pub(super) fn link(read: &[Read<'_>], charter: &mut Charter, findings: &Findings) {
    let order: Vec<&Read<'_>> = charter
        .memberships
        .iter()
        .filter_map(|membership| read.get(position(*membership, charter)))
        .collect();
    let timed: Vec<bool> = order
        .iter()
        .map(|one| changes_with_time(one, charter))
        .collect();
    let events: Vec<EventIx> = charter.events.iter().map(|(event, _)| event).collect();
    let mut dearest: Option<(usize, EventIx)> = None;
    for event in events {
        let (affected, nodes) = affected_by(event, &order, &timed, charter);
        if dearest.is_none_or(|(most, _)| nodes > most) {
            dearest = Some((nodes, event));
        }
        charter.events.at_mut(event).memberships = affected;
    }
    if let (Some((nodes, event)), Some(first)) = (dearest, read.first())
        && nodes > MEMBERSHIP_NODES
    {
        findings.say(
            first.node,
            format!(
                "and the others that `{}` may change have {nodes} names, literals and operators: at most {MEMBERSHIP_NODES} for one event",
                charter.events.at(event).name
            ),
        );
    }
}

/// Whether it may change although nothing happens: what it counts or knows grows old.
fn changes_with_time(one: &Read<'_>, charter: &Charter) -> bool {
    let ages = |field: &_| {
        let field = charter.fields.at(*field);
        field.max_age.is_some() || field.retention.is_some()
    };
    let fades = |items: &_| charter.items.at(*items).retention.is_some();
    !one.inputs.windows.is_empty()
        || one.inputs.fields.iter().any(ages)
        || one.inputs.items.iter().any(fades)
}

/// What `event` may change, in order of evaluation, and the nodes of all of it.
fn affected_by(
    event: EventIx,
    order: &[&Read<'_>],
    timed: &[bool],
    charter: &Charter,
) -> (Vec<Membership>, usize) {
    let event = charter.events.at(event);
    let central = event
        .updates
        .iter()
        .filter(|update| update.market.is_none());
    let fields: HashSet<_> = central.map(|update| update.field).collect();
    let mut affected = Vec::new();
    let mut known: HashSet<usize> = HashSet::new();
    let mut nodes = 0;
    for (one, timed) in order.iter().zip(timed) {
        let inputs = &one.inputs;
        let is_affected = *timed
            || inputs.fields.iter().any(|field| fields.contains(field))
            || inputs
                .windows
                .iter()
                .any(|window| event.windows.contains(window))
            || inputs.items.iter().any(|items| event.items.contains(items))
            || read_memberships(inputs).any(|of| known.contains(&position(of, charter)));
        if is_affected {
            known.insert(position(one.membership, charter));
            affected.push(one.membership);
            nodes += inputs.nodes;
        }
    }
    (affected, nodes)
}
