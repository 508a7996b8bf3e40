//! The central boundaries, typed and compiled: who may send what, what is known, when a policy is asked, what may be
//! done, and what each market is granted of it. Names are looked up once, at the door; inside, everything is an index.

pub mod table;
mod nearest;
pub mod expression;
pub mod fields;
pub mod events;
pub mod consent;
pub mod caps;
pub mod hours;
pub mod laws;
pub mod demands;
pub mod channels;
pub mod actions;
pub mod segments;
pub mod markets;
pub mod people;
pub mod review;
pub mod unheeded;
pub mod file;
pub mod sections;
pub mod schema;
pub mod effect;
pub mod diff;
pub mod who;

pub mod sign;

use std::sync::{Arc, OnceLock};

use crate::clock::Instant;
use crate::ids::{Digest, Key, Map, Text};
use crate::spelling;

pub use actions::{
    Action, ActionIx, Automation, CancelOn, Class, Delay, LAPSES_AFTER, OnPending, Parameter,
    Target,
};
pub use caps::{CAP_AT_MOST, CAP_PER, Cap, CoolDown, Pressure};
pub use channels::{Channel, ChannelIx, Latency, Mode};
pub use consent::{
    Basis, Identity, IdentityIx, Needs, Normal, Purpose, PurposeIx, Source, SourceIx, Strength,
};
pub use demands::{DataUse, Demand, Demanding, Demands};
pub use events::{
    BuiltIn, Datum, DatumIx, EventIx, EventKind, Moment, MomentIx, Reaction, Silence, Update,
};
pub use fields::{
    Field, FieldIx, Items, ItemsIx, Measure, Merge, Per, Sensitivity, Type, Window, WindowIx,
};
pub use file::{Complaint, Complaints, Signature};
pub use hours::{Calendar, CalendarIx, Holiday, Hours, Timetable};
pub use laws::{Law, LawBasis, LawIx, Origin, OriginKind, Place, Residence};
pub use markets::{
    Budget, ChannelFrame, Fallback, Frame, Limits, Market, MarketIx, PublicKey, Retention, Setting,
    Template,
};
pub(crate) use nearest::did_you_mean;
pub use people::{APPROVAL_GROUPS, Approval, Deviation, Extension, Kpi, Measured, Person};
pub use review::Review;
pub use sections::Section;
pub use segments::{Membership, Segment, SegmentIx, Stage, StageIx, Step, Suppression};
pub use table::Table;

/// One version of the charter: the central file and every market's own, checked against each other.
#[derive(Debug)]
pub struct Charter {
    pub version: Text,
    /// Of every file of the folder, names and contents, in order of name.
    pub digest: Digest,
    pub owner: Text,
    pub review_by: Option<jiff::civil::Date>,
    /// No event is taken that says it happened before.
    pub earliest_event: Instant,
    pub currency: Currency,
    /// How many of the charter's major units one major unit of the other currency is.
    pub rates: Vec<(Currency, Rate)>,
    pub people: Vec<Person>,
    /// Whose signatures a changed section needs before it loads (A24, A27).
    pub approvals: Vec<Approval>,
    pub sources: Table<SourceIx, Source>,
    pub identities: Table<IdentityIx, Identity>,
    pub customer: OwnFields,
    pub purposes: Table<PurposeIx, Purpose>,
    pub fields: Table<FieldIx, Field>,
    pub windows: Table<WindowIx, Window>,
    pub items: Table<ItemsIx, Items>,
    pub segments: Table<SegmentIx, Segment>,
    pub stages: Table<StageIx, Stage>,
    /// Every segment and stage, in an order in which each reads only earlier ones.
    pub memberships: Vec<Membership>,
    pub events: Table<EventIx, EventKind>,
    /// In the charter's order, which decides which moment an event is.
    pub moments: Table<MomentIx, Moment>,
    pub channels: Table<ChannelIx, Channel>,
    /// Across all channels.
    pub caps: Vec<Cap>,
    pub pressure: Option<Pressure>,
    pub cool_downs: Vec<CoolDown>,
    pub suppressions: Vec<Suppression>,
    pub calendars: Table<CalendarIx, Calendar>,
    pub laws: Table<LawIx, Law>,
    /// How long the evidence can be read, where a market does not say shorter.
    pub retention: Retention,
    /// What the laws demand, worked out when it is first asked for.
    pub demands: OnceLock<Demands>,
    pub actions: Table<ActionIx, Action>,
    pub markets: Table<MarketIx, Market>,
    pub deviations: Vec<Deviation>,
    /// What the deviations make of their markets, each until the next of them ends; the first to end first.
    pub widened: Vec<Extension>,
    pub kpis: Vec<Kpi>,
    /// Every review date of the files.
    pub reviews: Vec<Review>,
    /// Names to indices: for the door, never for the path.
    pub names: Names,
    /// The files as they were read, kept with the evidence by digest.
    pub files: Vec<(String, Arc<str>)>,
}

/// Look-ups by name, for the door.
#[derive(Debug, Default)]
pub struct Names {
    pub sources: Map<Text, SourceIx>,
    pub identities: Map<Text, IdentityIx>,
    pub purposes: Map<Text, PurposeIx>,
    pub fields: Map<Text, FieldIx>,
    pub windows: Map<Text, WindowIx>,
    pub items: Map<Text, ItemsIx>,
    pub segments: Map<Text, SegmentIx>,
    pub stages: Map<Text, StageIx>,
    pub events: Map<Text, EventIx>,
    pub moments: Map<Text, MomentIx>,
    pub channels: Map<Text, ChannelIx>,
    pub actions: Map<Text, ActionIx>,
    pub calendars: Map<Text, CalendarIx>,
    /// By country or region, such as `DE` or `US-FL`.
    pub laws: Map<Text, LawIx>,
    pub markets: Map<Text, MarketIx>,
    /// Back from the stable key in stored state to what it is now; a key without an entry is no longer defined.
    pub field_keys: Map<Key, FieldIx>,
    pub purpose_keys: Map<Key, PurposeIx>,
    pub action_keys: Map<Key, ActionIx>,
    pub channel_keys: Map<Key, ChannelIx>,
    pub moment_keys: Map<Key, MomentIx>,
    pub market_keys: Map<Key, MarketIx>,
}

/// The fields that the host itself must read.
#[derive(Clone, Copy, Debug, Default)]
pub struct OwnFields {
    pub country: Option<FieldIx>,
    /// ISO 3166-2, such as `US-FL`.
    pub region: Option<FieldIx>,
    pub time_zone: Option<FieldIx>,
    pub language: Option<FieldIx>,
}

/// One of the fields that the host itself must read: its values have one way to be written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OwnField {
    Country,
    Region,
    TimeZone,
    Language,
}

impl OwnFields {
    /// Which of them it is.
    pub fn which(&self, field: FieldIx) -> Option<OwnField> {
        let all = [
            (self.country, OwnField::Country),
            (self.region, OwnField::Region),
            (self.time_zone, OwnField::TimeZone),
            (self.language, OwnField::Language),
        ];
        let found = all.into_iter().find(|(own, _)| *own == Some(field));
        found.map(|(_, own)| own)
    }
}

impl OwnField {
    /// As it is written; `None` of what has no meaning.
    pub fn normal(self, text: &str) -> Option<Text> {
        match self {
            Self::Country => spelling::country(text),
            Self::Region => spelling::region(text),
            Self::TimeZone => spelling::time_zone(text),
            Self::Language => spelling::language(text),
        }
    }

    /// What would be right.
    pub fn right(self) -> &'static str {
        match self {
            Self::Country => "a country's code of ISO 3166-1, such as `DE`",
            Self::Region => "a region's code of ISO 3166-2, such as `US-FL`",
            Self::TimeZone => "a time zone's IANA name, such as `Europe/Berlin`",
            Self::Language => "a language tag of BCP 47, such as `en-GB`",
        }
    }
}

/// An ISO 4217 code and its number of decimals.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Currency {
    pub code: [u8; 3],
    pub decimals: u8,
}

/// An exact decimal: `digits` / 10^`decimals`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rate {
    pub digits: u64,
    pub decimals: u8,
}

impl Charter {
    /// What the market may do at `now`: a deviation widens it until it ends, in a host that runs on too (C03).
    pub fn market(&self, index: MarketIx, now: Instant) -> &Market {
        self.widened
            .iter()
            .find(|widened| widened.of == index && now < widened.until)
            .map_or_else(|| self.markets.at(index), |widened| &widened.market)
    }

    /// The most that the market may ever do: what a policy may declare. What it may do at an instant is for the rules to say.
    pub fn widest(&self, index: MarketIx) -> &Market {
        self.widened
            .iter()
            .find(|widened| widened.of == index)
            .map_or_else(|| self.markets.at(index), |widened| &widened.market)
    }

    /// The deviations that have ended: they widen nothing any more, and no policy of their markets is deployed before they
    /// are taken out (C03).
    pub fn expired(&self, today: jiff::civil::Date) -> Vec<&Deviation> {
        let deviations = self.deviations.iter();
        deviations.filter(|one| one.expires < today).collect()
    }

    /// How an owner is reached: the mail of one of the charter's people, or what the charter says itself.
    pub fn reached<'a>(&'a self, owner: &'a Text) -> &'a Text {
        let person = self.people.iter().find(|person| person.name == *owner);
        person.map_or(owner, |person| &person.mail)
    }

    /// Whether the charter's review date has passed.
    pub fn is_overdue(&self, now: Instant) -> bool {
        self.review_by.is_some_and(|date| {
            date.to_zoned(jiff::tz::TimeZone::UTC)
                .is_ok_and(|end| end.timestamp() < now.timestamp())
        })
    }
}
