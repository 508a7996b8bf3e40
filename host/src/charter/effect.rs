//! What a market may do in the end: its grant, its choice and its deviations together, written as a choice that says
//! everything (A33, C20).

use serde_json::{Map, Value as Json, json};

use crate::charter::actions::{OnPending, Parameter};
use crate::charter::caps::Cap;
use crate::charter::fields::Type;
use crate::charter::file::hours::{WEEKDAYS, clock};
use crate::charter::file::order::{Bytes, Word as _};
use crate::charter::file::page::joined;
use crate::charter::hours::Hours;
use crate::charter::markets::{ChannelFrame, Fallback, Frame, Limits, Market, Template};
use crate::charter::{Charter, MarketIx};
use crate::clock::Instant;
use crate::ids::Text;
use crate::keys::Class;
use crate::value::Value;

/// By the keys of `markets/<market>.toml`, and what the grant says besides.
pub fn of(charter: &Charter, index: MarketIx, now: Instant) -> Json {
    let market = charter.market(index, now);
    let actions = charter.actions.iter().filter_map(|(action, named)| {
        let frame = market.frame(action)?;
        Some((named.name.to_string(), of_action(charter, frame)))
    });
    let channels = charter.channels.iter().filter_map(|(channel, named)| {
        let frame = of_channel(market.channel(channel)?);
        (!frame.is_empty()).then(|| (named.name.to_string(), Json::Object(frame)))
    });
    let mut effect = whole(charter, market);
    effect.insert("actions".to_owned(), Json::Object(actions.collect()));
    effect.insert("channels".to_owned(), Json::Object(channels.collect()));
    effect.insert("settings".to_owned(), settings(market));
    effect.insert("fallback".to_owned(), fallbacks(charter, market));
    Json::Object(effect)
}

fn whole(charter: &Charter, market: &Market) -> Map<String, Json> {
    let moments = market
        .moments
        .iter()
        .map(|one| &charter.moments.at(*one).name);
    let holidays = market
        .holidays
        .iter()
        .map(|one| &charter.calendars.at(*one).name);
    let needs = market.needs.iter().map(|(purpose, needs)| {
        let purpose = &charter.purposes.at(*purpose).name;
        (purpose.to_string(), json!(needs.word()))
    });
    let mut effect = Map::new();
    let mut put = |key: &str, value: Json| {
        let is_empty = value.as_array().is_some_and(Vec::is_empty)
            || value.as_object().is_some_and(Map::is_empty);
        if !value.is_null() && !is_empty {
            effect.insert(key.to_owned(), value);
        }
    };
    put("market", json!(market.name));
    put("charter", json!(charter.version));
    put("owner", json!(market.owner));
    put("on-call", json!(market.on_call));
    put("brand", json!(market.brand));
    put("country", json!(market.country));
    put("time-zone", json!(market.zone.iana_name()));
    put("languages", json!(market.languages));
    put("moments", json!(moments.collect::<Vec<_>>()));
    put("caps", caps(&market.caps));
    put("holidays", json!(holidays.collect::<Vec<_>>()));
    put("needs", Json::Object(needs.collect()));
    put("limits", limits(&market.limits));
    put("budget", budget(market));
    put("retention", retention(market));
    effect
}

fn of_action(charter: &Charter, frame: &Frame) -> Json {
    let channels = frame
        .channels
        .iter()
        .map(|channel| &charter.channels.at(*channel).name);
    let mut action = Map::new();
    action.insert("channels".to_owned(), json!(channels.collect::<Vec<_>>()));
    let parameters = frame
        .parameters
        .iter()
        .map(|one| (one.name.to_string(), Json::Object(of_parameter(one))));
    let parameters: Map<String, Json> = parameters.collect();
    if !parameters.is_empty() {
        action.insert("parameters".to_owned(), Json::Object(parameters));
    }
    let mut delay = Map::new();
    if frame.delay.min.millis() > 0 {
        delay.insert("min".to_owned(), json!(frame.delay.min.to_string()));
    }
    if let Some(max) = frame.delay.max {
        delay.insert("max".to_owned(), json!(max.to_string()));
    }
    if !delay.is_empty() {
        action.insert("delay".to_owned(), Json::Object(delay));
    }
    if let Some(lapses) = frame.lapses {
        action.insert("lapses".to_owned(), json!(lapses.to_string()));
    }
    if frame.pending != OnPending::Both {
        action.insert("pending".to_owned(), json!(frame.pending.word()));
    }
    if !frame.caps.is_empty() {
        action.insert("caps".to_owned(), caps(&frame.caps));
    }
    action.insert("automation".to_owned(), json!(frame.automation.word()));
    if let Some(reach) = frame.reach {
        action.insert("reach".to_owned(), json!(reach));
    }
    Json::Object(action)
}

fn of_parameter(parameter: &Parameter) -> Map<String, Json> {
    let mut bounds = Map::new();
    if let Some((low, high)) = parameter.between {
        bounds.insert("between".to_owned(), json!([amount(low), amount(high)]));
    }
    if !parameter.one_of.is_empty() {
        bounds.insert("one-of".to_owned(), json!(parameter.one_of));
    }
    if matches!(parameter.ty, Type::Texts | Type::Integers) {
        bounds.insert("at-most".to_owned(), json!(parameter.at_most));
    }
    if parameter.required {
        bounds.insert("required".to_owned(), json!(true));
    }
    bounds
}

/// Whole where it is whole, as the charter writes it.
#[expect(
    clippy::cast_possible_truncation,
    reason = "checked to be whole and below 2^53"
)]
fn amount(number: f64) -> Json {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match number.fract() == 0.0 && number.abs() <= EXACT {
        true => json!(number as i64),
        false => json!(number),
    }
}

fn of_channel(frame: &ChannelFrame) -> Map<String, Json> {
    let mut channel = Map::new();
    if !frame.caps.is_empty() {
        channel.insert("caps".to_owned(), caps(&frame.caps));
    }
    if let Some(open) = &frame.hours {
        channel.insert("hours".to_owned(), hours(open));
    }
    if !frame.slots.is_empty() {
        channel.insert("slots".to_owned(), json!(frame.slots));
    }
    channel
}

fn caps(caps: &[Cap]) -> Json {
    let each = caps.iter().map(|cap| {
        let counts: Vec<&str> = cap.counts.iter().map(|class| class.word()).collect();
        match counts.is_empty() {
            true => json!({ "at-most": cap.at_most, "per": cap.per.to_string() }),
            false => {
                json!({ "at-most": cap.at_most, "per": cap.per.to_string(), "counts": counts })
            }
        }
    });
    each.collect()
}

/// Each stretch with the days on which it is open.
fn hours(hours: &Hours) -> Json {
    let mut stretches: Vec<(u16, u16)> = hours.days.iter().flatten().copied().collect();
    stretches.sort_unstable();
    stretches.dedup();
    let each = stretches.into_iter().map(|stretch| {
        let open = WEEKDAYS.iter().zip(&hours.days);
        let open: Vec<Option<&str>> = open
            .map(|((day, _), open)| open.contains(&stretch).then_some(*day))
            .collect();
        json!({ "days": days(&open), "from": clock(stretch.0), "to": clock(stretch.1) })
    });
    each.collect()
}

/// `mon-fri,sun`
fn days(open: &[Option<&str>]) -> String {
    let runs = open.split(Option::is_none).filter(|run| !run.is_empty());
    let shown = runs.map(|run| match (run.first(), run.last()) {
        (Some(Some(first)), Some(Some(last))) if first != last => format!("{first}-{last}"),
        (Some(Some(only)), _) => (*only).to_owned(),
        _ => String::new(),
    });
    shown.collect::<Vec<_>>().join(",")
}

/// The same as TOML: what a choice that said everything would say.
pub fn toml(effect: &Json) -> String {
    let mut text = String::new();
    write_table(effect, "", &mut text);
    text
}

/// What has no tables inside first, then a part for each table; what is deep stands on one line.
fn write_table(table: &Json, path: &str, into: &mut String) {
    const DEEP: usize = 1;
    let entries: Vec<_> = table.as_object().into_iter().flatten().collect();
    let is_part = |value: &Json| value.is_object() && path.matches('.').count() < DEEP;
    let lines = entries.iter().filter(|(_, value)| !is_part(value));
    let lines: String = lines
        .map(|(key, value)| format!("{} = {}\n", joined("", key), inline(value)))
        .collect();
    if !path.is_empty() && !lines.is_empty() {
        into.push_str(&format!("\n[{path}]\n"));
    }
    into.push_str(&lines);
    for (key, value) in entries.iter().filter(|(_, value)| is_part(value)) {
        write_table(value, &joined(path, key), into);
    }
}

pub(in crate::charter) fn inline(value: &Json) -> String {
    match value {
        Json::Array(entries) => {
            let entries: Vec<String> = entries.iter().map(inline).collect();
            format!("[{}]", entries.join(", "))
        }
        Json::Object(entries) => {
            let entries = entries.iter();
            let entries: Vec<String> = entries
                .map(|(key, value)| format!("{} = {}", joined("", key), inline(value)))
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
        // JSON's texts, numbers and flags are TOML's.
        plain => plain.to_string(),
    }
}

fn limits(limits: &Limits) -> Json {
    json!({
        "fuel": limits.fuel,
        "time": limits.time.to_string(),
        "memory": Bytes(limits.memory_bytes).plain(),
        "violations": limits.violations_per_hour,
        "real-time-moments": limits.real_time_moments,
        "local-fields": limits.local_fields,
    })
}

fn budget(market: &Market) -> Json {
    let budget = &market.budget;
    let bounds = [
        (
            "actions-per-minute",
            budget.actions_per_minute.map(i64::from),
        ),
        ("actions-per-day", budget.actions_per_day.map(i64::from)),
        ("spend-per-day", budget.spend_per_day),
    ];
    let said = bounds
        .into_iter()
        .filter_map(|(key, bound)| Some((key.to_owned(), json!(bound?))));
    Json::Object(said.collect())
}

fn settings(market: &Market) -> Json {
    let each = market
        .settings
        .iter()
        .map(|setting| (setting.name.to_string(), plain(&setting.value)));
    Json::Object(each.collect())
}

fn fallbacks(charter: &Charter, market: &Market) -> Json {
    let each = market.moments.iter().map(|moment| {
        let fallback = match market.fallback(*moment) {
            Fallback::Hold => json!("hold"),
            Fallback::Act(template) => of_template(charter, template),
        };
        (charter.moments.at(*moment).name.to_string(), fallback)
    });
    Json::Object(each.collect())
}

fn of_template(charter: &Charter, template: &Template) -> Json {
    let parameters = template
        .parameters
        .iter()
        .map(|(name, value): &(Text, Value)| (name.to_string(), plain(value)));
    json!({
        "action": charter.actions.at(template.action).name,
        "channel": charter.channels.at(template.channel).name,
        "parameters": Json::Object(parameters.collect()),
    })
}

fn plain(value: &Value) -> Json {
    match value {
        Value::Flag(flag) => json!(flag),
        Value::Integer(integer) => json!(integer),
        Value::Number(number) => json!(number),
        Value::Text(text) => json!(text),
        Value::Instant(instant) => json!(instant.to_string()),
        Value::Texts(texts) => json!(&**texts),
        Value::Integers(integers) => json!(&**integers),
    }
}

fn retention(market: &Market) -> Json {
    let said = Class::ALL.into_iter().filter_map(|class| {
        let kept = market.retention.of(class)?;
        Some((class.word().to_owned(), json!(kept.to_string())))
    });
    Json::Object(said.collect())
}
