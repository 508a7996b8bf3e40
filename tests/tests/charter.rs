//! The charter: what loads, what is refused, and in which words.

#[path = "charter/choices.rs"]
mod choices;
#[path = "charter/contradictions.rs"]
mod contradictions;
#[path = "charter/deviations.rs"]
mod deviations;
#[path = "charter/expressions.rs"]
mod expressions;
#[path = "charter/narrowing.rs"]
mod narrowing;
#[path = "charter/refusals.rs"]
mod refusals;
#[path = "charter/segments.rs"]
mod segments;
#[path = "charter/words.rs"]
mod words;

use std::path::Path;

use kairos::charter::table::Index;
use kairos::charter::{BuiltIn, Charter, Fallback, Merge, Per, Type};
use kairos::value::Value;

const CENTRAL: &str = include_str!("charter/charter.toml");
const DE: &str = include_str!("charter/markets/de.toml");

/// A charter that has every word there is.
const GIFTS: [(&str, &str); 4] = [
    ("charter.toml", include_str!("charter/gifts/charter.toml")),
    (
        "markets/de.toml",
        include_str!("charter/gifts/markets/de.toml"),
    ),
    (
        "markets/fr.toml",
        include_str!("charter/gifts/markets/fr.toml"),
    ),
    (
        "markets/nl.toml",
        include_str!("charter/gifts/markets/nl.toml"),
    ),
];

/// Both files, one of them with one change.
fn changed(file: &str, from: &str, to: &str) -> Vec<(String, String)> {
    let texts = [("charter.toml", CENTRAL), ("markets/de.toml", DE)];
    with_change(&texts, file, from, to)
}

/// [`GIFTS`] with one change of one file.
fn gifts(file: &str, from: &str, to: &str) -> Vec<(String, String)> {
    with_change(&GIFTS, file, from, to)
}

fn with_change(texts: &[(&str, &str)], file: &str, from: &str, to: &str) -> Vec<(String, String)> {
    let files = texts.iter().map(|&(name, text)| {
        if name != file {
            return (name.to_owned(), text.to_owned());
        }
        assert!(text.contains(from), "`{from}` is not in {name}");
        (name.to_owned(), text.replacen(from, to, 1))
    });
    files.collect()
}

/// What the loader says to one change of one file.
fn refused(file: &str, from: &str, to: &str) -> String {
    complaints(&changed(file, from, to))
}

/// What the loader says to one change of one file of [`GIFTS`].
fn told(file: &str, from: &str, to: &str) -> String {
    complaints(&gifts(file, from, to))
}

fn complaints(files: &[(String, String)]) -> String {
    match Charter::compile(files) {
        Ok(_) => "accepted".to_owned(),
        Err(complaints) => complaints.to_string(),
    }
}

fn base() -> Charter {
    let files = changed("charter.toml", "", "");
    Charter::compile(&files).unwrap_or_else(|complaints| panic!("{complaints}"))
}

#[test]
fn the_retail_charter_loads() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/retail/charter");
    let charter = Charter::load(&folder).unwrap_or_else(|complaints| panic!("{complaints}"));
    assert_eq!(charter.markets.len(), 9);
    assert_eq!(charter.files.len(), 9);
    assert_eq!(charter.rates[0].1.digits, 87);
}

// A24, C02, C17: what a market may do is data, and the market's own file makes it smaller.
#[test]
fn a_markets_frame_is_the_grant_narrowed_by_its_choice() {
    let charter = base();
    let de = charter.markets.at(charter.names.markets["de"]);
    let fr = charter.markets.at(charter.names.markets["fr"]);
    let banner = charter.names.actions["banner"];
    let frame = de.frame(banner).unwrap();
    assert_eq!(frame.channels, [charter.names.channels["web"]]);
    assert_eq!(frame.lapses.unwrap().to_string(), "2d");
    assert_eq!(frame.parameters[0].one_of, ["none", "silver"]);
    assert_eq!(frame.parameters[1].between, Some((10.0, 500.0)));
    assert_eq!(
        (frame.parameters[2].at_most, frame.parameters[2].required),
        (2, true)
    );
    assert_eq!(
        fr.frame(banner).unwrap().parameters[1].between,
        Some((0.0, 1000.0))
    );
    assert!(de.frame(charter.names.actions["mail"]).is_none());
    assert!(!de.handles(charter.names.moments["page_viewed"]));
}

// C05: what a region adds is its own, under its own name.
#[test]
fn local_fields_data_and_updates_belong_to_their_market() {
    let charter = base();
    let de = charter.names.markets["de"];
    let field = charter.names.fields["de.gift_wrap"];
    assert_eq!(charter.fields.at(field).market, Some(de));
    let event = charter.events.at(charter.names.events["order.placed"]);
    let datum = event
        .data
        .iter()
        .find(|(_, datum)| datum.name == "de.gift_wrap")
        .unwrap()
        .1;
    assert_eq!((datum.ty, datum.market), (Type::Flag, Some(de)));
    let update = event.updates.last().unwrap();
    assert_eq!((update.field, update.market), (field, Some(de)));
    assert!(
        event
            .updates
            .iter()
            .take(2)
            .all(|update| update.market.is_none())
    );
}

#[test]
fn settings_and_fallbacks_are_typed() {
    let charter = base();
    let de = charter.markets.at(charter.names.markets["de"]);
    assert_eq!(de.settings[0].value, Value::Integer(3000));
    let Fallback::Act(template) = de.fallback(charter.names.moments["order_placed"]) else {
        panic!("the fallback is an action");
    };
    assert_eq!(template.action, charter.names.actions["banner"]);
    assert_eq!(template.parameters[0].1, Value::Text("none".into()));
}

#[test]
fn everything_is_linked_by_index() {
    let charter = base();
    let event = charter.events.at(charter.names.events["order.placed"]);
    assert_eq!(event.windows.len(), 2);
    assert_eq!(event.items, [charter.names.items["bought"]]);
    assert_eq!(event.moments, [charter.names.moments["order_placed"]]);
    let score = charter.fields.at(charter.names.fields["score"]);
    assert_eq!(
        (score.per, score.merge, score.market),
        (Per::Account, Merge::Latest, None)
    );
    let source = charter.sources.at(charter.names.sources["shop"]);
    assert!(source.may_send(charter.names.events["consent.given"]));
    assert!(!source.may_send(charter.names.events["consent.withdrawn"]));
    assert_eq!(charter.names.field_keys.len(), charter.fields.len());
    for (index, field) in charter.fields.iter() {
        assert_eq!(charter.names.fields[&field.name], index);
        assert_eq!(charter.names.field_keys[&field.key], index);
    }
}

// A23: consent is an event like any other, and every charter has it.
#[test]
fn consent_events_are_built_in() {
    let charter = base();
    let given = charter.events.at(charter.names.events["consent.given"]);
    assert_eq!(given.built_in, Some(BuiltIn::ConsentGiven));
    assert!(given.purpose.is_none());
    let data: Vec<&str> = given
        .data
        .iter()
        .map(|(_, datum)| datum.name.as_str())
        .collect();
    assert_eq!(
        data,
        [
            "purpose", "state", "channels", "brand", "markets", "wording", "proof"
        ]
    );
}

#[test]
fn the_digest_covers_every_file_and_no_order() {
    let mut files = changed("charter.toml", "", "");
    let digest = base().digest;
    files.reverse();
    assert_eq!(Charter::compile(&files).unwrap().digest, digest);
    let touched = changed("markets/de.toml", "no reminder below", "no reminder");
    assert_ne!(Charter::compile(&touched).unwrap().digest, digest);
}

#[test]
fn a_charter_without_market_files_takes_the_grants_as_they_are() {
    let files = vec![("charter.toml".to_owned(), CENTRAL.to_owned())];
    let charter = Charter::compile(&files).unwrap();
    let market = charter.markets.at(charter.names.markets["de"]);
    let moment = charter.names.moments["order_placed"];
    assert!(matches!(market.fallback(moment), Fallback::Hold));
    assert_eq!(usize::from(moment.number()), 0);
}
