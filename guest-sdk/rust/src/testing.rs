//! Tests of a policy, on the author's own machine: no host, no WebAssembly. Everything is named as in the charter.
//!
//! A test also fails where the policy and its manifest do not agree: an input that is not declared, one of another kind, a
//! required one left out, a proposal or a reason that the manifest does not name.
#![expect(clippy::panic, reason = "a failed test panics")]

mod agreement;
mod answered;

use core::marker::PhantomData;

use crate::contract::{self as wit, Maybe, Str};
use crate::manifest::Policy;
use crate::value::{Duration, Instant, Value};

use agreement::{declared, disagreement, flaw, names};
use answered::Shown;
pub use answered::{Answered, Proposed};

/// 2026-11-02T10:00:00Z, a Monday: `now` where a test says nothing.
pub const NOW: Instant = Instant::from_millis(1_793_613_600_000);

/// A policy about to be asked at a moment.
#[derive(Debug)]
#[must_use = "nothing is asked until `decide`"]
pub struct Asked<P> {
    moment: wit::Moment,
    event: wit::Event<'static>,
    data: Vec<Maybe<wit::Value<'static>>>,
    context: wit::Context<'static>,
    readings: Vec<wit::Reading<'static>>,
    policy: PhantomData<P>,
}

impl<P: Policy> Asked<P> {
    /// Asks at this moment of the manifest. Until told otherwise, nothing is known.
    #[track_caller]
    pub fn at(moment: &str) -> Self {
        if let Some(flaw) = flaw::<P>() {
            panic!("a host would refuse the manifest: {flaw}");
        }
        let moments = P::MANIFEST.moments.items();
        let mut numbered = (0..).zip(moments);
        let Some((index, found)) = numbered.find(|(_, declared)| declared.name == moment) else {
            panic!(
                "the manifest has no moment `{moment}`: it has {}",
                names(moments.iter().map(|declared| declared.name))
            );
        };
        Self {
            moment: *found,
            event: wit::Event {
                moment: index,
                channel: None,
                occurred_at: NOW.millis(),
                data: &[],
            },
            data: vec![Maybe::None; found.data.items().len()],
            context: wit::Context {
                now: NOW.millis(),
                utc_offset: 0,
                market: P::MANIFEST.name,
                language: Str::of("en"),
                draw: 0,
                readings: &[],
            },
            readings: vec![wit::Reading::Unknown; found.reads.items().len()],
            policy: PhantomData,
        }
    }

    /// The event carries this.
    #[track_caller]
    pub fn datum(mut self, name: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        let place = declared(&self.moment, "data", self.moment.data, name, Some(&value));
        if let Some(datum) = self.data.get_mut(place) {
            *datum = Maybe::Some(value.0);
        }
        self
    }

    /// This is known, as of now.
    #[track_caller]
    pub fn reading(self, name: &str, value: impl Into<Value>) -> Self {
        let as_of = self.context.now;
        self.reading_as_of(name, value, Instant::from_millis(as_of))
    }

    /// This is known, and so old.
    #[track_caller]
    pub fn reading_as_of(self, name: &str, value: impl Into<Value>, as_of: Instant) -> Self {
        let value = value.into();
        let place = declared(&self.moment, "reads", self.moment.reads, name, Some(&value));
        let stamped = wit::Stamped {
            value: value.0,
            as_of: as_of.millis(),
        };
        self.put(place, wit::Reading::Known(stamped))
    }

    /// This was said too long ago to be relied on.
    #[track_caller]
    pub fn stale(self, name: &str, value: impl Into<Value>, as_of: Instant) -> Self {
        let value = value.into();
        let place = declared(&self.moment, "reads", self.moment.reads, name, Some(&value));
        let stamped = wit::Stamped {
            value: value.0,
            as_of: as_of.millis(),
        };
        self.put(place, wit::Reading::Stale(stamped))
    }

    /// Nobody has said this, which is so for every reading at first.
    #[track_caller]
    pub fn unknown(self, name: &str) -> Self {
        let place = declared(&self.moment, "reads", self.moment.reads, name, None);
        self.put(place, wit::Reading::Unknown)
    }

    /// This is kept from the policy.
    #[track_caller]
    pub fn withheld(self, name: &str) -> Self {
        let place = declared(&self.moment, "reads", self.moment.reads, name, None);
        self.put(place, wit::Reading::Withheld)
    }

    fn put(mut self, place: usize, reading: wit::Reading<'static>) -> Self {
        if let Some(old) = self.readings.get_mut(place) {
            *old = reading;
        }
        self
    }

    /// It is decided at this time; the event happens then too.
    pub fn now(mut self, now: Instant) -> Self {
        self.context.now = now.millis();
        self.event.occurred_at = now.millis();
        self
    }

    /// The event happened so long ago.
    pub fn late_by(mut self, wait: Duration) -> Self {
        let wait = i64::try_from(wait.millis()).unwrap_or(i64::MAX);
        self.event.occurred_at = self.context.now.saturating_sub(wait);
        self
    }

    /// The event happened here.
    pub fn on_channel(mut self, channel: &str) -> Self {
        self.event.channel = Some(Str::copied(channel));
        self
    }

    /// The customer is so far east of UTC.
    pub fn utc_offset_minutes(mut self, minutes: i32) -> Self {
        self.context.utc_offset = minutes;
        self
    }

    /// The customer reads this language.
    pub fn language(mut self, language: &str) -> Self {
        self.context.language = Str::copied(language);
        self
    }

    /// The customer drew this number.
    pub fn draw(mut self, draw: u64) -> Self {
        self.context.draw = draw;
        self
    }

    /// Asks the policy, and holds its answer against its manifest.
    #[track_caller]
    pub fn decide(self) -> Answered {
        match self.ask() {
            Ok(decision) => {
                if let Some(fault) = disagreement::<P>(&self.moment, &decision) {
                    panic!("the manifest and the decision do not agree: {fault}");
                }
                Answered { decision }
            }
            Err(why) => panic!("the policy could not decide: {why}"),
        }
    }

    /// Asks the policy, and expects that it cannot decide; gives its words.
    #[track_caller]
    pub fn cannot_decide(self) -> String {
        match self.ask() {
            Ok(decision) => panic!("the policy decided: {}", Shown(&decision)),
            Err(why) => why,
        }
    }

    #[track_caller]
    fn ask(&self) -> Result<wit::Decision, String> {
        let data = self.moment.data.items().iter().zip(&self.data);
        let missing = data.filter(|(input, given)| input.required && matches!(given, Maybe::None));
        let reads = self.moment.reads.items().iter().zip(&self.readings);
        let unread = reads
            .filter(|(input, given)| input.required && !matches!(given, wit::Reading::Known(_)));
        let blocked: Vec<_> = missing
            .map(|(input, _)| input.name)
            .chain(unread.map(|(input, _)| input.name))
            .collect();
        if !blocked.is_empty() {
            panic!(
                "a host would not ask the policy (outcome `blocked`): required and not given: {}",
                names(blocked)
            );
        }
        let event = wit::Event {
            data: &self.data,
            ..self.event.clone()
        };
        let context = wit::Context {
            readings: &self.readings,
            ..self.context.clone()
        };
        P::decide(&event, &context)
    }
}
