//! Collects the readings for a manifest.

use jiff::tz::TimeZone;

use crate::absorb::{AllowedFacts, Situation};
use crate::charter::expression::Facts;
use crate::charter::{
    Charter, DatumIx, FieldIx, Items, Market, Membership, Per, SegmentIx, StageIx, Window,
};
use crate::clock::Instant;
use crate::context::{Context, DatumInput, Inputs, Read, ReadInput, Reading, Signal, TimedValue};
use crate::customer::{Status, contacts};
use crate::ids::Text;
use crate::spelling;
use crate::value::Value;

/// What a policy is given, and what kept it from being asked.
#[derive(Clone, PartialEq, Debug)]
pub struct Briefing {
    pub signal: Signal,
    pub context: Context,
    /// Inputs that the policy requires and that are not known; empty when it can be asked.
    pub missing: Vec<Text>,
}

/// Collects what `inputs` declares; freshness and consent decide between known, stale, unknown and withheld. `draw` is
/// for a decision of nobody.
pub fn gather(seen: Situation<'_>, inputs: &Inputs, draw: u64) -> Briefing {
    let charter = &*seen.event.charter;
    let market = seen.market();
    let mut missing = Vec::new();
    let data = inputs
        .data
        .iter()
        .map(|input| datum(seen, input, &mut missing))
        .collect();
    let readings = inputs
        .reads
        .iter()
        .map(|input| reading(seen, input, &mut missing))
        .collect();
    let signal = Signal {
        moment: inputs.number,
        channel: seen.event.channel.clone(),
        occurred_at: seen.event.occurred_at,
        data,
    };
    let context = Context {
        now: seen.now,
        utc_offset: zone_by(seen, &AllowedFacts(seen))
            .to_offset(seen.now.timestamp())
            .seconds()
            / 60,
        market: market.name.clone(),
        language: language(seen, charter, market),
        draw: seen
            .standing
            .customer
            .as_ref()
            .map_or(draw, |customer| customer.draw),
        readings,
    };
    Briefing {
        signal,
        context,
        missing,
    }
}

/// The customer's time zone; the market's where it is not known.
pub fn zone_of(seen: Situation<'_>) -> TimeZone {
    zone_by(seen, &seen)
}

/// Whether something is stored as the customer's time zone that is none.
pub fn has_unclear_zone(seen: Situation<'_>) -> bool {
    let field = seen.charter().customer.time_zone;
    match field.and_then(|field| seen.field(field)) {
        Some(Value::Text(zone)) => spelling::time_zone(zone).is_none(),
        _ => false,
    }
}

fn zone_by(seen: Situation<'_>, facts: &dyn Facts) -> TimeZone {
    let own = seen.charter().customer.time_zone;
    let own = match own.and_then(|field| facts.field(field)) {
        Some(Value::Text(zone)) => TimeZone::get(zone).ok(),
        _ => None,
    };
    own.unwrap_or_else(|| seen.market().zone.clone())
}

/// The first language of the market that the customer reads; the market's first where that is not known.
fn language(seen: Situation<'_>, charter: &Charter, market: &Market) -> Text {
    let allowed = AllowedFacts(seen);
    let own = match charter
        .customer
        .language
        .and_then(|field| allowed.field(field))
    {
        Some(Value::Text(language)) => Some(language.as_str()),
        _ => None,
    };
    let primary = |tag: &str| tag.split('-').next().unwrap_or(tag).to_ascii_lowercase();
    let spoken = own.and_then(|own| {
        let exact = market
            .languages
            .iter()
            .find(|language| language.eq_ignore_ascii_case(own));
        exact.or_else(|| {
            market
                .languages
                .iter()
                .find(|language| primary(language) == primary(own))
        })
    });
    spoken
        .or(market.languages.first())
        .cloned()
        .unwrap_or_default()
}

fn datum(seen: Situation<'_>, input: &DatumInput, missing: &mut Vec<Text>) -> Option<Value> {
    let value = seen.event.datum(input.datum).cloned();
    if input.required && value.is_none() {
        missing.push(input.name.clone());
    }
    value
}

fn reading(seen: Situation<'_>, input: &ReadInput, missing: &mut Vec<Text>) -> Reading {
    let reading = read(seen, input.read);
    if input.required && !matches!(reading, Reading::Known(_)) {
        missing.push(input.name.clone());
    }
    reading
}

fn read(seen: Situation<'_>, read: Read) -> Reading {
    let charter = &*seen.event.charter;
    let market = seen.market();
    match read {
        Read::Field(field) => field_reading(seen, field),
        Read::Window(window) => window_reading(seen, charter.windows.at(window)),
        Read::Item(items, datum) => item_reading(seen, charter.items.at(items), datum),
        Read::Consent(purpose, channel) => {
            let of = seen.use_of(purpose, channel);
            let customer = seen.standing.customer.as_ref();
            match customer.and_then(|customer| customer.consents.state(of)) {
                Some(state) => known(Value::Text(Text::new_static(state.word)), state.at),
                None => Reading::Unknown,
            }
        }
        Read::Contacts(channel, span) => of_customer(seen, |status| {
            let channel = charter.channels.at(channel).key;
            let since = seen.now.minus(span);
            Value::Integer(contacts::count(&status.contacts, channel, since))
        }),
        Read::Pending(action) => of_customer(seen, |status| {
            let action = charter.actions.at(action).key;
            let mut pending = status.pending.iter();
            Value::Flag(pending.any(|pending| pending.action == action))
        }),
        Read::Segment(segment) => segment_reading(seen, segment),
        Read::Stage(stage) => stage_reading(seen, stage),
        Read::Setting(setting) => match market.settings.get(usize::from(setting)) {
            Some(setting) => known(setting.value.clone(), seen.now),
            None => Reading::Unknown,
        },
    }
}

fn of_customer(seen: Situation<'_>, value: impl FnOnce(&Status) -> Value) -> Reading {
    match status(seen, Per::Customer) {
        Some(status) => known(value(status), seen.now),
        None => Reading::Unknown,
    }
}

fn window_reading(seen: Situation<'_>, window: &Window) -> Reading {
    match status(seen, window.per) {
        None => Reading::Unknown,
        Some(_) if !seen.allows(window.purpose) => Reading::Withheld,
        Some(status) => known(
            Value::Integer(status.windows.at(window, seen.now)),
            seen.now,
        ),
    }
}

fn item_reading(seen: Situation<'_>, items: &Items, datum: DatumIx) -> Reading {
    let (Some(status), Some(Value::Text(item))) =
        (status(seen, Per::Customer), seen.event.datum(datum))
    else {
        return Reading::Unknown;
    };
    if !seen.allows(items.purpose) {
        return Reading::Withheld;
    }
    match status.items.at(items, item, seen.now) {
        Some(added) => known(Value::Instant(added), added),
        None => Reading::Unknown,
    }
}

/// A field as a policy sees it.
pub fn field_reading(seen: Situation<'_>, field: FieldIx) -> Reading {
    let field = seen.event.charter.fields.at(field);
    let Some(status) = status(seen, field.per) else {
        return Reading::Unknown;
    };
    // Before anything else: whether there is a value is nobody's business either.
    if !seen.allows(field.purpose) {
        return Reading::Withheld;
    }
    let Some(fact) = status.fields.at(field.key) else {
        return Reading::Unknown;
    };
    let stamped = TimedValue {
        value: fact.value.clone(),
        as_of: fact.occurred_at,
    };
    match field.max_age {
        Some(age) if fact.occurred_at.plus(age) < seen.now => Reading::Stale(stamped),
        _ => Reading::Known(stamped),
    }
}

fn segment_reading(seen: Situation<'_>, index: SegmentIx) -> Reading {
    let segment = seen.charter().segments.at(index);
    let Some(status) = status(seen, segment.per) else {
        return Reading::Unknown;
    };
    if !seen.allows_membership(Membership::Segment(index)) {
        return Reading::Withheld;
    }
    let mut segments = status.segments.iter();
    match segments.find(|(key, _)| *key == segment.key) {
        Some((_, since)) => known(Value::Flag(true), *since),
        None => known(Value::Flag(false), seen.now),
    }
}

fn stage_reading(seen: Situation<'_>, index: StageIx) -> Reading {
    let stage = seen.charter().stages.at(index);
    let Some(status) = status(seen, stage.per) else {
        return Reading::Unknown;
    };
    if !seen.allows_membership(Membership::Stage(index)) {
        return Reading::Withheld;
    }
    let mut stages = status.stages.iter();
    let reached = stages.find(|reached| reached.stage == stage.key);
    let step = reached.and_then(|reached| {
        let mut steps = stage.steps.iter();
        Some((steps.find(|step| step.key == reached.step)?, reached.since))
    });
    match step {
        Some((step, since)) => known(Value::Text(step.name.clone()), since),
        None => Reading::Unknown,
    }
}

fn known(value: Value, as_of: Instant) -> Reading {
    Reading::Known(TimedValue { value, as_of })
}

fn status<'a>(seen: Situation<'a>, per: Per) -> Option<&'a Status> {
    match per {
        Per::Customer => seen
            .standing
            .customer
            .as_ref()
            .map(|customer| &customer.status),
        Per::Account => seen
            .standing
            .account
            .as_ref()
            .map(|account| &account.status),
    }
}
