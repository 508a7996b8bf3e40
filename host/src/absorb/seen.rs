//! What expressions and policies see: the event and whom it is about, now.

use crate::absorb::Parties;
use crate::charter::expression::Facts;
use crate::charter::{
    ChannelIx, Charter, DatumIx, Field, FieldIx, ItemsIx, Market, Membership, PurposeIx, Residence,
    SegmentIx, StageIx, WindowIx, table::Index,
};
use crate::clock::Instant;
use crate::customer::Consents;
use crate::customer::consent::Use;
use crate::event::Event;
use crate::ids::Text;
use crate::value::Value;

/// The event and whom it is about, now.
#[derive(Clone, Copy)]
pub struct Situation<'a> {
    pub event: &'a Event,
    pub now: Instant,
    pub standing: &'a Parties,
}

impl<'a> Situation<'a> {
    pub fn charter(self) -> &'a Charter {
        &self.event.charter
    }

    /// Where it happened, with what the market may do now.
    pub fn market(self) -> &'a Market {
        self.charter().market(self.event.market, self.now)
    }

    /// What somebody wants to use data for, here and now.
    pub fn use_of(self, purpose: PurposeIx, channel: Option<ChannelIx>) -> Use<'a> {
        Use {
            charter: self.charter(),
            market: self.market(),
            purpose,
            channel,
            residence: self.residence(),
            now: self.now,
        }
    }

    /// Where the customer lives, as far as it is known.
    pub fn residence(self) -> Residence {
        match &self.standing.customer {
            Some(customer) => customer.residence(self.charter()),
            None => Residence::default(),
        }
    }

    /// Whether data may be used for `purpose` here and now. Nobody has said anything.
    pub fn allows(self, purpose: PurposeIx) -> bool {
        let of = self.use_of(purpose, None);
        match &self.standing.customer {
            Some(customer) => customer.consents.allow(of),
            None => Consents::default().allow(of),
        }
    }

    /// Whether what a segment or a stage follows from may all be used.
    pub fn allows_membership(self, membership: Membership) -> bool {
        let purposes = match membership {
            Membership::Segment(segment) => &self.charter().segments.at(segment).purposes,
            Membership::Stage(stage) => &self.charter().stages.at(stage).purposes,
        };
        purposes.iter().all(|purpose| self.allows(*purpose))
    }
}

impl Facts for Situation<'_> {
    fn datum(&self, datum: DatumIx) -> Option<&Value> {
        self.event.datum(datum)
    }

    fn field(&self, field: FieldIx) -> Option<&Value> {
        let field: &Field = self.charter().fields.at(field);
        let fact = self.standing.status(field.per)?.fields.at(field.key)?;
        let is_fresh = field
            .max_age
            .is_none_or(|age| fact.occurred_at.plus(age) >= self.now);
        is_fresh.then_some(&fact.value)
    }

    fn window(&self, window: WindowIx) -> Option<i64> {
        let window = self.charter().windows.at(window);
        let status = self.standing.status(window.per)?;
        Some(status.windows.at(window, self.now))
    }

    fn item(&self, items: ItemsIx, key: &str) -> Option<Instant> {
        let items = self.charter().items.at(items);
        let customer = self.standing.customer.as_ref()?;
        customer.status.items.at(items, key, self.now)
    }

    fn segment(&self, segment: SegmentIx) -> Option<bool> {
        let segment = self.charter().segments.at(segment);
        let status = self.standing.status(segment.per)?;
        Some(status.segments.iter().any(|(key, _)| *key == segment.key))
    }

    fn stage(&self, stage: StageIx) -> Option<&Text> {
        let stage = self.charter().stages.at(stage);
        let reached = &self.standing.status(stage.per)?.stages;
        let reached = reached.iter().find(|reached| reached.stage == stage.key)?;
        let step = stage.steps.iter().find(|step| step.key == reached.step)?;
        Some(&step.name)
    }
}

/// The same, without what the customer's consent keeps back: whether a policy is asked must not tell it either.
#[derive(Clone, Copy)]
pub struct AllowedFacts<'a>(pub Situation<'a>);

impl Facts for AllowedFacts<'_> {
    fn datum(&self, datum: DatumIx) -> Option<&Value> {
        self.0.datum(datum)
    }

    fn field(&self, field: FieldIx) -> Option<&Value> {
        let purpose = self.0.charter().fields.at(field).purpose;
        self.0
            .allows(purpose)
            .then(|| self.0.field(field))
            .flatten()
    }

    fn window(&self, window: WindowIx) -> Option<i64> {
        let purpose = self.0.charter().windows.at(window).purpose;
        self.0
            .allows(purpose)
            .then(|| self.0.window(window))
            .flatten()
    }

    fn item(&self, items: ItemsIx, key: &str) -> Option<Instant> {
        let purpose = self.0.charter().items.at(items).purpose;
        self.0
            .allows(purpose)
            .then(|| self.0.item(items, key))
            .flatten()
    }

    fn segment(&self, segment: SegmentIx) -> Option<bool> {
        let may = self.0.allows_membership(Membership::Segment(segment));
        may.then(|| self.0.segment(segment)).flatten()
    }

    fn stage(&self, stage: StageIx) -> Option<&Text> {
        let may = self.0.allows_membership(Membership::Stage(stage));
        may.then(|| self.0.stage(stage)).flatten()
    }
}

impl Event {
    /// A datum by its index, which must be of this event's kind.
    pub fn datum(&self, datum: DatumIx) -> Option<&Value> {
        self.data.get(usize::from(datum.number()))?.as_ref()
    }
}
