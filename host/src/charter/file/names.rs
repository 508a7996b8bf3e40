//! What everything is called, before anything is compiled: so that the order of a file does not matter.

use std::collections::HashMap;

use crate::charter::events::EventIx;
use crate::charter::fields::FieldIx;
use crate::charter::file::page::Node;
use crate::charter::file::reading::{Findings, Keys, Section};
use crate::charter::file::{events, laws, values};
use crate::charter::laws::Place;
use crate::charter::markets::MarketIx;
use crate::charter::nearest::did_you_mean;
use crate::charter::table::Index;
use crate::charter::{Charter, Names};
use crate::ids::{Key, Map, Text};

/// The most entries of one section.
const SECTION_ENTRIES: usize = 10_000;
/// The most fields, those of all markets together.
const ALL_FIELDS: usize = 50_000;
/// Words of the expressions: nothing that they read can be called so.
const RESERVED: &[&str] = &[
    "data",
    "setting",
    "segment",
    "stage",
    "size",
    "has",
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// A market's own file.
pub(super) struct Choice<'a> {
    pub(super) market: MarketIx,
    pub(super) name: &'a str,
    pub(super) section: Section<'a>,
}

/// What the markets' own files add, each under its market's name.
pub(super) struct Local<'a> {
    pub(super) choices: Vec<Choice<'a>>,
    pub(super) fields: Vec<(MarketIx, &'a str, &'a Node)>,
    pub(super) events: Vec<(MarketIx, EventIx, &'a Node)>,
}

/// Fills `charter.names`.
pub(super) fn declare<'a>(
    top: &Section<'a>,
    choices: &'a [Node],
    charter: &mut Charter,
    findings: &'a Findings,
) -> Local<'a> {
    let names = &mut charter.names;
    names.sources = numbered(top, "sources", "source");
    names.identities = numbered(top, "identities", "identity");
    names.purposes = numbered(top, "purposes", "purpose");
    names.fields = numbered(top, "fields", "field");
    names.windows = numbered(top, "windows", "window");
    names.items = numbered(top, "items", "items");
    names.events = events::declare_events(top, findings);
    names.moments = numbered(top, "moments", "moment");
    names.channels = numbered(top, "channels", "channel");
    names.actions = numbered(top, "actions", "action");
    names.segments = numbered(top, "segments", "segment");
    names.stages = numbered(top, "stages", "stage");
    names.calendars = lands(top, "calendars", "a calendar");
    names.laws = lands(top, "laws", "a law");
    check_snake_case(top, "suppressions", "suppression");
    check_snake_case(top, "cool-downs", "cool-down");
    names.markets = numbered(top, "markets", "market");
    check_expression_names(top, names);
    let choices = open_choices(choices, names, findings);
    let (fields, events) = declare_local(&choices, names, findings);
    for (name, &field) in &names.fields {
        names.field_keys.insert(Key::of("field", name), field);
    }
    names.purpose_keys = by_key("purpose", &names.purposes);
    names.action_keys = by_key("action", &names.actions);
    names.channel_keys = by_key("channel", &names.channels);
    names.moment_keys = by_key("moment", &names.moments);
    names.market_keys = by_key("market", &names.markets);
    check_keys(top, &fields, findings);
    Local {
        choices,
        fields,
        events,
    }
}

fn by_key<I: Index>(sort: &str, names: &Map<Text, I>) -> Map<Key, I> {
    names
        .iter()
        .map(|(name, &index)| (Key::of(sort, name), index))
        .collect()
}

fn numbered<I: Index>(top: &Section<'_>, key: &str, what: &str) -> Map<Text, I> {
    let mut names = Map::default();
    check_snake_case(top, key, what);
    for (number, (name, node)) in (0..).zip(top.open_each(key)) {
        if names.len() == SECTION_ENTRIES {
            top.findings.say(
                node,
                format!("is one too many: at most {SECTION_ENTRIES} in [{key}]"),
            );
            break;
        }
        names.insert(Text::new(name), I::from_number(number));
    }
    names
}

fn check_snake_case(top: &Section<'_>, key: &str, what: &str) {
    for (name, node) in top.open_each(key) {
        if !values::is_snake_case(name) {
            top.findings.say(
                node,
                format!(
                    "`{name}` is not a name for {}: write snake_case, such as `{}`",
                    with_article(what),
                    snake_case(name)
                ),
            );
        }
    }
}

/// Names that are those of countries and regions.
fn lands<I: Index>(top: &Section<'_>, key: &str, what: &str) -> Map<Text, I> {
    let mut names = Map::default();
    for (number, (name, node)) in (0..).zip(top.open_each(key)) {
        if names.len() == SECTION_ENTRIES {
            top.findings.say(
                node,
                format!("is one too many: at most {SECTION_ENTRIES} in [{key}]"),
            );
            break;
        }
        if Place::parse(name).is_none() {
            top.findings.say(
                node,
                format!("`{name}` is not a name for {what}: write a country or a region, such as `DE` or `US-FL`"),
            );
        }
        names.insert(Text::new(name), I::from_number(number));
    }
    names
}

fn with_article(what: &str) -> String {
    match what {
        "items" => "items".to_owned(),
        _ if what.starts_with(['a', 'e', 'i', 'o', 'u']) => format!("an {what}"),
        _ => format!("a {what}"),
    }
}

fn snake_case(name: &str) -> String {
    let letters = name.chars().map(|letter| {
        if letter.is_ascii_alphanumeric() {
            letter.to_ascii_lowercase()
        } else {
            '_'
        }
    });
    let name: String = letters
        .skip_while(|letter| !letter.is_ascii_lowercase())
        .take(64)
        .collect();
    if name.is_empty() {
        "a_name".to_owned()
    } else {
        name
    }
}

/// Words that stand for something else where a name is written: no such thing can be called so.
const WORDS: &[(&str, &[&str], &str)] = &[
    (
        "markets",
        &["data", "setting", "segment", "stage"],
        "a word of the expressions",
    ),
    ("purposes", &laws::WORDS, "a word of [laws]"),
    ("channels", &[laws::ALL_CHANNELS], "a word of [laws]"),
];

/// Fields, windows and items share the names that expressions read.
fn check_expression_names(top: &Section<'_>, names: &Names) {
    for (key, words, whose) in WORDS {
        for (name, node) in top.open_each(key) {
            if words.contains(&name) {
                top.findings
                    .say(node, format!("`{name}` is {whose}: choose another name"));
            }
        }
    }
    for key in ["fields", "windows", "items"] {
        for (name, node) in top.open_each(key) {
            if RESERVED.contains(&name) {
                top.findings.say(
                    node,
                    format!("`{name}` is a word of the expressions: choose another name"),
                );
            }
            if key != "fields" && names.fields.contains_key(name) {
                top.findings.say(
                    node,
                    format!("`{name}` is also a field: an expression could not tell them apart"),
                );
            }
            if key == "items" && names.windows.contains_key(name) {
                top.findings.say(
                    node,
                    format!("`{name}` is also a window: an expression could not tell them apart"),
                );
            }
        }
    }
}

/// Stored state knows things by a short key: two names of a section must not share one.
fn check_keys(top: &Section<'_>, local: &[(MarketIx, &str, &Node)], findings: &Findings) {
    const SORTS: &[(&str, &str)] = &[
        ("sources", "source"),
        ("identities", "identity"),
        ("purposes", "purpose"),
        ("fields", "field"),
        ("windows", "window"),
        ("items", "items"),
        ("events", "event"),
        ("moments", "moment"),
        ("channels", "channel"),
        ("actions", "action"),
        ("segments", "segment"),
        ("stages", "stage"),
        ("cool-downs", "cool-down"),
        ("markets", "market"),
    ];
    for &(section, sort) in SORTS {
        let mut seen: HashMap<Key, &str> = HashMap::new();
        let local = local
            .iter()
            .filter(|_| sort == "field")
            .map(|(_, name, node)| (*name, *node));
        for (name, node) in top.open_each(section).chain(local) {
            match seen.insert(Key::of(sort, name), name) {
                Some(other) if other != name => {
                    findings.say(
                        node,
                        format!(
                            "`{name}` has the same stored key as `{other}`: rename one of them"
                        ),
                    );
                }
                _ => {}
            }
        }
    }
}

/// What a market's own file may have.
pub(super) const CHOICE_KEYS: Keys = Keys {
    known: &[
        "market",
        "charter",
        "owner",
        "languages",
        "moments",
        "actions",
        "channels",
        "caps",
        "holidays",
        "needs",
        "limits",
        "budget",
        "retention",
        "fields",
        "events",
        "settings",
        "fallback",
        "kpis",
    ],
    later: &[],
    central: &[
        "version",
        "review-by",
        "currency",
        "rates",
        "people",
        "sources",
        "identities",
        "customer",
        "purposes",
        "windows",
        "items",
        "markets",
        "approvals",
        "segments",
        "stages",
        "suppressions",
        "cool-downs",
        "pressure",
        "calendars",
        "laws",
        "deviations",
    ],
};

/// Whose choice a file is: `de` for `markets/de.toml`.
fn market_of(file: &str) -> Option<&str> {
    file.strip_prefix("markets/")?.strip_suffix(".toml")
}

fn open_choices<'a>(choices: &'a [Node], names: &Names, findings: &'a Findings) -> Vec<Choice<'a>> {
    let mut opened = Vec::with_capacity(choices.len());
    for node in choices {
        let section = Section::open(node, &CHOICE_KEYS, findings);
        let Some(name) = section.required("market", values::text) else {
            continue;
        };
        let file = market_of(node.file()).unwrap_or(node.file());
        let market = section.node.nearest(&["market"]);
        if file != name {
            findings.say(
                market,
                format!("is `{name}`, and the file is that of `{file}`: they must be the same"),
            );
        }
        let known = names.markets.get_key_value(&name);
        match known {
            Some((_, known)) if opened.iter().any(|one: &Choice<'_>| one.market == *known) => {
                // Of a file that is named wrongly, that was said.
                if file == name {
                    findings.say(
                        market,
                        format!("`{name}` has a choice already: a market has one, in one file"),
                    );
                }
            }
            Some((_, &market)) => opened.push(Choice {
                market,
                name: file,
                section,
            }),
            None => {
                let known = names.markets.keys().map(|name| name.as_str());
                let guess = did_you_mean(&name, known);
                findings.say(
                    market,
                    format!(
                        "`{name}` is granted nothing: charter.toml has no [markets.{name}]{guess}"
                    ),
                );
            }
        }
    }
    opened
}

type LocalFields<'a> = Vec<(MarketIx, &'a str, &'a Node)>;
type LocalEvents<'a> = Vec<(MarketIx, EventIx, &'a Node)>;

fn declare_local<'a>(
    choices: &[Choice<'a>],
    names: &mut Names,
    findings: &Findings,
) -> (LocalFields<'a>, LocalEvents<'a>) {
    let (mut fields, mut events) = (Vec::new(), Vec::new());
    for choice in choices {
        for (name, node) in choice.section.open_each("fields") {
            if names.fields.len() == ALL_FIELDS {
                findings.say(
                    node,
                    format!("is one too many: at most {ALL_FIELDS} fields of all markets together"),
                );
                break;
            }
            if is_local(name, choice.name) {
                let after_all = u16::try_from(names.fields.len()).unwrap_or(u16::MAX);
                names
                    .fields
                    .insert(Text::new(name), FieldIx::from_number(after_all));
                fields.push((choice.market, name, node));
            } else {
                findings.say(
                    node,
                    not_local(name, choice.name, names.fields.contains_key(name)),
                );
            }
        }
        for (name, node) in choice.section.open_each("events") {
            match names.events.get(name) {
                Some(&event) => events.push((choice.market, event, node)),
                None => {
                    let guess = did_you_mean(name, names.events.keys().map(|name| name.as_str()));
                    findings.say(
                        node,
                        format!("`{name}` is not an event of charter.toml{guess}"),
                    );
                }
            }
        }
    }
    (fields, events)
}

/// Whether `name` is `<market>.<snake_case>`.
pub(super) fn is_local(name: &str, market: &str) -> bool {
    name.strip_prefix(market)
        .and_then(|rest| rest.strip_prefix('.'))
        .is_some_and(values::is_snake_case)
}

/// Why `name` cannot be added by `market`.
pub(super) fn not_local(name: &str, market: &str, is_central: bool) -> String {
    if is_central {
        format!("`{name}` means the same in every market: charter.toml alone defines it")
    } else {
        format!(
            "`{name}` is not the market's own name: write `{market}.{}`",
            snake_case(name.rsplit('.').next().unwrap_or(name))
        )
    }
}
