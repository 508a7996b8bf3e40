//! Outcomes joined to what they are about: by the id that they name, or by the customer and the time (A43).

use crate::charter::events::Outcome;
use crate::charter::expression::Facts;
use crate::charter::{
    Charter, DatumIx, EventIx, FieldIx, ItemsIx, Measured, Reaction, SegmentIx, StageIx, WindowIx,
    table::Index,
};
use crate::clock::{Instant, Span};
use crate::evidence::{EventRecord, Opened};
use crate::ids::{ActionId, Text};
use crate::report::REGRET_WITHIN;
use crate::report::followed::{FollowedAction, Followings, Names};
use crate::value::Value;

/// What an action is to bring about, by a figure of the charter.
pub(super) struct Target {
    /// The figure's place in the charter.
    pub(super) kpi: u16,
    pub(super) within: Span,
    pub(super) per_action: Text,
    pub(super) market: Option<Text>,
    what: What,
}

enum What {
    /// An item list grows.
    Items(ItemsIx),
    Event(EventIx),
    /// An event says so of the action itself.
    Said(Reaction),
}

/// All of them.
pub(super) struct Targets(Vec<Target>);

/// How an outcome found what it is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Join {
    Joined,
    /// It names what is not known, or no longer followed.
    Unjoined,
    /// It names nothing.
    Unnamed,
}

impl Targets {
    pub(super) fn of(charter: &Charter) -> Self {
        let targets = (0..).zip(&charter.kpis).filter_map(|(place, kpi)| {
            let Measured::Outcome {
                outcome,
                within,
                per_action,
            } = &kpi.measured
            else {
                return None;
            };
            let names = &charter.names;
            let what = match (names.items.get(outcome), names.events.get(outcome)) {
                (Some(items), _) => What::Items(*items),
                (None, Some(event)) => What::Event(*event),
                (None, None) => What::Said(Reaction::of_word(outcome)?),
            };
            Some(Target {
                kpi: place,
                within: *within,
                per_action: charter.actions.at(*per_action).name.clone(),
                market: kpi
                    .market
                    .map(|market| charter.markets.at(market).name.clone()),
                what,
            })
        });
        Self(targets.collect())
    }

    /// Those that measure what an action of that name in that market brings about.
    pub(super) fn per<'a>(
        &'a self,
        market: &'a Text,
        action: &'a Text,
    ) -> impl Iterator<Item = &'a Target> {
        self.0.iter().filter(move |target| {
            target.per_action == *action && target.market.as_ref().is_none_or(|of| of == market)
        })
    }
}

/// One event, and all actions that it may be about.
pub(super) struct Joiner<'a> {
    pub(super) charter: &'a Charter,
    pub(super) targets: &'a Targets,
    pub(super) names: &'a Names,
    pub(super) followings: &'a mut Followings,
}

impl Joiner<'_> {
    /// Notes with every action what the event says of it; how an outcome found what it is about.
    pub(super) fn join(&mut self, opened: &Opened) -> Option<(Reaction, Join)> {
        let charter = self.charter;
        let told = &opened.body.event;
        let index = *charter.names.events.get(&told.kind)?;
        let data = Data(data(charter, index, told));
        self.brought_about(index, &data, opened);
        let outcome = charter.events.at(index).outcome?;
        let named = outcome.of.and_then(|of| match data.datum(of) {
            Some(Value::Text(name)) => Some(name),
            _ => None,
        });
        Some((outcome.is, self.said(outcome, named, opened)))
    }

    /// What the charter's figures wait for came about.
    fn brought_about(&mut self, index: EventIx, data: &Data, opened: &Opened) {
        let at = opened.body.event.occurred_at;
        for target in &self.targets.0 {
            let came = match target.what {
                What::Items(items) => grows(self.charter, items, index, data),
                What::Event(event) => event == index,
                What::Said(_) => false,
            };
            if !came {
                continue;
            }
            let body = &opened.body;
            for id in self.followings.about(body.customer, body.account) {
                note(self.followings.get_mut(id), target, self.names, at);
            }
        }
    }

    fn said(&mut self, outcome: Outcome, named: Option<&Text>, opened: &Opened) -> Join {
        let at = opened.body.event.occurred_at;
        let Some(name) = named else {
            if outcome.is == Reaction::Complained {
                self.complain(outcome, opened);
            }
            return Join::Unnamed;
        };
        let ids = self.followings.named(name);
        for id in &ids {
            self.say(*id, outcome.is, at);
        }
        match ids.is_empty() {
            true => Join::Unjoined,
            false => Join::Joined,
        }
    }

    fn say(&mut self, id: ActionId, reaction: Reaction, at: Instant) {
        for target in &self.targets.0 {
            if matches!(target.what, What::Said(said) if said == reaction) {
                note(self.followings.get_mut(id), target, self.names, at);
            }
        }
        let Some(followed) = self.followings.get_mut(id) else {
            return;
        };
        followed.react(reaction);
        match reaction {
            Reaction::Complained => followed.is_complained_of = true,
            Reaction::Bought => {
                followed.reached(at, Span::default());
            }
            Reaction::Opened | Reaction::Clicked | Reaction::Unsubscribed => {}
        }
    }

    /// A complaint that names nothing is about everything that reached the customer shortly before.
    fn complain(&mut self, outcome: Outcome, opened: &Opened) {
        let at = opened.body.event.occurred_at;
        let within = outcome.within.unwrap_or(REGRET_WITHIN);
        for id in self.followings.about(opened.body.customer, None) {
            if let Some(followed) = self.followings.get_mut(id)
                && followed.is_contact
                && let Some(acts) = followed.acts()
                && acts <= at
                && at <= acts.plus(within)
            {
                followed.is_complained_of = true;
            }
        }
    }
}

fn note(followed: Option<&mut FollowedAction>, target: &Target, names: &Names, at: Instant) {
    let Some(followed) = followed else {
        return;
    };
    let is_meant = names.at(followed.action) == target.per_action
        && target
            .market
            .as_ref()
            .is_none_or(|market| *market == names.at(followed.market));
    if is_meant && followed.reached(at, target.within) && !followed.met.contains(&target.kpi) {
        followed.met.push(target.kpi);
    }
}

fn grows(charter: &Charter, items: ItemsIx, index: EventIx, data: &Data) -> bool {
    let mut adds = charter.items.at(items).add.iter();
    let add = adds.find(|(event, _)| *event == index);
    match add.and_then(|(_, item)| item.value(data)) {
        Some(Value::Texts(items)) => !items.is_empty(),
        Some(_) => true,
        None => false,
    }
}

/// What the event carried, by the charter's indices.
fn data(charter: &Charter, index: EventIx, told: &EventRecord) -> Vec<Option<Value>> {
    let told = told.data.as_deref().unwrap_or_default();
    let data = charter.events.at(index).data.iter().map(|(_, datum)| {
        let found = told.iter().find(|(name, _)| *name == datum.name);
        found.map(|(_, value)| value.clone())
    });
    data.collect()
}

/// An event's data, and nothing else.
struct Data(Vec<Option<Value>>);

impl Facts for Data {
    fn datum(&self, datum: DatumIx) -> Option<&Value> {
        self.0.get(usize::from(datum.number()))?.as_ref()
    }

    fn field(&self, _: FieldIx) -> Option<&Value> {
        None
    }

    fn window(&self, _: WindowIx) -> Option<i64> {
        None
    }

    fn item(&self, _: ItemsIx, _: &str) -> Option<Instant> {
        None
    }

    fn segment(&self, _: SegmentIx) -> Option<bool> {
        None
    }

    fn stage(&self, _: StageIx) -> Option<&Text> {
        None
    }
}
