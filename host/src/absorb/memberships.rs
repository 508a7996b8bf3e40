//! Segments and stages: conditions that mean the same in every market. Entering and leaving is an event of its own.

use crate::absorb::{Absorption, Consequence, Parties, Situation};
use crate::charter::{BuiltIn, Membership, SegmentIx, StageIx};
use crate::clock::Instant;
use crate::customer::{Reached, Status};
use crate::event::{About, Event};
use crate::ids::Text;
use crate::value::Value;

/// Judges anew what the event may have changed, in the charter's order; of somebody new, and of whoever was last judged by
/// another charter, everything.
pub(super) fn judge(
    event: &Event,
    now: Instant,
    standing: &mut Parties,
    absorbed: &mut Absorption,
) {
    let charter = &*event.charter;
    if charter.memberships.is_empty() {
        return;
    }
    let [a, b, c, d, e, f, g, h, ..] = *charter.digest.as_bytes();
    let version = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
    let is_current = standing
        .statuses()
        .all(|status| status.judged_by == version);
    let memberships = match is_current {
        true => &charter.events.at(event.kind).memberships,
        false => &charter.memberships,
    };
    let mut judging = MembershipJudge {
        event,
        now,
        standing,
        absorbed,
    };
    for membership in memberships {
        match *membership {
            Membership::Segment(segment) => judging.segment(segment),
            Membership::Stage(stage) => judging.stage(stage),
        }
    }
    for status in standing.statuses() {
        status.judged_by = version;
    }
}

struct MembershipJudge<'a> {
    event: &'a Event,
    now: Instant,
    standing: &'a mut Parties,
    absorbed: &'a mut Absorption,
}

impl MembershipJudge<'_> {
    fn seen(&self) -> Situation<'_> {
        Situation {
            event: self.event,
            now: self.now,
            standing: self.standing,
        }
    }

    fn segment(&mut self, index: SegmentIx) {
        let charter = &*self.event.charter;
        let segment = charter.segments.at(index);
        let Some(status) = self.standing.status(segment.per) else {
            return;
        };
        let place = status
            .segments
            .iter()
            .position(|(key, _)| *key == segment.key);
        let holds = segment.is.holds(&self.seen());
        if holds == place.is_some() {
            return;
        }
        let now = self.now;
        if let Some(status) = self.standing.status_mut(segment.per) {
            match place {
                Some(place) => drop(status.segments.swap_remove(place)),
                None => status.segments.push((segment.key, now)),
            }
        }
        let name = Text::from(format!("segment.{}", segment.name));
        let kind = match holds {
            true => {
                self.absorbed.entered.push(name);
                BuiltIn::SegmentEntered
            }
            false => {
                self.absorbed.left.push(name);
                BuiltIn::SegmentLeft
            }
        };
        let data = vec![("segment", Value::Text(segment.name.clone()))];
        self.derive(kind, Membership::Segment(index), data);
    }

    fn stage(&mut self, index: StageIx) {
        let charter = &*self.event.charter;
        let stage = charter.stages.at(index);
        let Some(status) = self.standing.status(stage.per) else {
            return;
        };
        let reached = |status: &Status| {
            let mut stages = status.stages.iter();
            stages.position(|reached| reached.stage == stage.key)
        };
        let place = reached(status);
        let before = place.and_then(|place| status.stages.get(place));
        let before = before.map(|reached| reached.step);
        let seen = self.seen();
        let step = stage.steps.iter().find(|step| step.when.holds(&seen));
        if step.map(|step| step.key) == before {
            return;
        }
        let now = self.now;
        if let Some(status) = self.standing.status_mut(stage.per) {
            if let Some(place) = place {
                status.stages.swap_remove(place);
            }
            status.stages.extend(step.map(|step| Reached {
                stage: stage.key,
                step: step.key,
                since: now,
            }));
        }
        let before = stage.steps.iter().find(|step| Some(step.key) == before);
        let noted = |step: &Text| Text::from(format!("stage.{}={step}", stage.name));
        self.absorbed
            .left
            .extend(before.map(|step| noted(&step.name)));
        let Some(step) = step else { return };
        self.absorbed.entered.push(noted(&step.name));
        let mut data = vec![
            ("stage", Value::Text(stage.name.clone())),
            ("step", Value::Text(step.name.clone())),
        ];
        data.extend(before.map(|step| ("before", Value::Text(step.name.clone()))));
        self.derive(BuiltIn::StageEntered, Membership::Stage(index), data);
    }

    fn derive(&mut self, kind: BuiltIn, of: Membership, data: Vec<(&str, Value)>) {
        let (customer, account) = (&self.standing.customer, &self.standing.account);
        let about = About {
            customer: customer.as_ref().map(|customer| customer.id),
            account: account.as_ref().map(|account| account.id),
        };
        let event = self.event.derive(kind, about, data);
        self.absorbed
            .derived
            .extend(event.map(|event| Consequence { event, of }));
    }
}
