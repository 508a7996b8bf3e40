//! Reads the charter's folder and compiles it. Whatever is wrong is collected, so that one run tells all of it.

pub(in crate::charter) mod page;
pub(in crate::charter) mod reading;
mod values;
mod typing;
mod names;
mod people;
mod bounds;
pub(in crate::charter) mod hours;
mod consent;
mod fields;
mod events;
mod windows;
mod updates;
mod segments;
mod memberships;
mod moments;
mod channels;
mod parameters;
mod actions;
mod rules;
mod laws;
mod limits;
pub(in crate::charter) mod retention;
mod markets;
pub(in crate::charter) mod order;
pub(in crate::charter) mod compare;
mod deviations;
mod choice;
mod fallback;
mod kpis;
mod reviews;
mod signatures;
pub(in crate::charter) mod shapes;

use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use crate::charter::{Charter, Currency, Names, OwnFields, Retention, Table};
use crate::clock::Instant;
use crate::ids::{Digest, Text};

use page::Node;
use reading::{Findings, Keys, Section};

pub use signatures::{Signature, with_signatures};

/// The largest file of a charter, in bytes.
pub const CHARTER_FILE_BYTES: u64 = 1024 * 1024;
/// The central file.
pub const CENTRAL: &str = "charter.toml";
/// Who approved what: a part of the folder, and not of the charter's digest.
pub const SIGNATURES: &str = "signatures.toml";

/// Where the charter does not say it: 2000-01-01.
const EARLIEST_EVENT: Instant = Instant::from_millis(946_684_800_000);

/// The words of the central file.
const CENTRAL_KEYS: Keys = Keys {
    known: &[
        "version",
        "owner",
        "review-by",
        "currency",
        "rates",
        "earliest-event",
        "people",
        "approvals",
        "sources",
        "identities",
        "customer",
        "purposes",
        "fields",
        "windows",
        "items",
        "segments",
        "stages",
        "events",
        "moments",
        "channels",
        "caps",
        "pressure",
        "cool-downs",
        "suppressions",
        "actions",
        "calendars",
        "laws",
        "retention",
        "markets",
        "deviations",
        "kpis",
    ],
    later: &[],
    central: &[],
};

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Complaint {
    pub file: String,
    /// From 1.
    pub line: usize,
    /// Dotted path of the key; empty where it is the file as a whole.
    pub key: String,
    /// What is wrong and what would be right.
    pub what: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file, self.line)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.what)
    }
}

/// Everything that is wrong with a charter, in order of file and line; never empty.
#[derive(Debug)]
pub struct Complaints(pub Vec<Complaint>);

/// One complaint to a line.
impl fmt::Display for Complaints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, complaint) in self.0.iter().enumerate() {
            if position > 0 {
                f.write_str("\n")?;
            }
            complaint.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Complaints {}

impl Charter {
    /// Reads `charter.toml` and `markets/*.toml` in `folder`.
    pub fn load(folder: &Path) -> Result<Self, Complaints> {
        Self::compile(&Self::read(folder)?)
    }

    /// The files of a charter in `folder` as (name, text), unchecked.
    pub fn read(folder: &Path) -> Result<Vec<(String, String)>, Complaints> {
        read_folder(folder).map_err(|complaint| Complaints(vec![complaint]))
    }

    /// Compiles files given as (name, text), the names relative to the folder: `charter.toml`, `markets/de.toml`.
    pub fn compile(files: &[(String, String)]) -> Result<Self, Complaints> {
        let findings = Findings::default();
        signatures::check(files, &findings);
        let mut files: Vec<&(String, String)> = files
            .iter()
            .filter(|(name, _)| name != SIGNATURES)
            .collect();
        files.sort_by_key(|(name, _)| (name != CENTRAL, name.as_str()));
        let mut pages: Vec<Node> = Vec::with_capacity(files.len());
        for (name, text) in &files {
            if text.len() as u64 > CHARTER_FILE_BYTES {
                findings.about_file(name, &too_large(text.len() as u64));
            } else if is_part(name) {
                pages.extend(
                    Node::parse(name, text)
                        .map_err(|complaint| findings.add(complaint))
                        .ok(),
                );
            } else {
                findings.about_file(
                    name,
                    "is no part of a charter: there are `charter.toml`, `markets/<market>.toml` and `signatures.toml`",
                );
            }
        }
        let (central, choices) = match pages.split_first() {
            Some((central, choices)) if central.file() == CENTRAL => (central, choices),
            _ => {
                if !files.iter().any(|(name, _)| name == CENTRAL) {
                    findings
                        .about_file(CENTRAL, "is missing: it is the central file of the charter");
                }
                return Err(findings.into_complaints(&files));
            }
        };
        let mut charter = empty(&files);
        read(central, choices, &mut charter, &findings);
        if findings.is_empty() {
            Ok(charter)
        } else {
            Err(findings.into_complaints(&files))
        }
    }
}

/// The whole charter, section by section: first what things are called, then what they are, so that they may name each other.
fn read(central: &Node, choices: &[Node], charter: &mut Charter, findings: &Findings) {
    let top = Section::open(central, &CENTRAL_KEYS, findings);
    let local = names::declare(&top, choices, charter, findings);
    read_header(&top, charter, findings);
    read_dictionary(&top, &local, charter, findings);
    read_rules(&top, charter, findings);
    markets::read_markets(&top, &local.choices, charter, findings);
    kpis::read_central(&top, charter, findings);
    for choice in &local.choices {
        kpis::read_local(choice, charter, findings);
    }
    reviews::read_reviews(std::iter::once(central).chain(choices), charter);
}

/// What is known, what can happen, and what follows from it.
fn read_dictionary(
    top: &Section<'_>,
    local: &names::Local<'_>,
    charter: &mut Charter,
    findings: &Findings,
) {
    consent::read_purposes(top, charter, findings);
    consent::read_identities(top, charter, findings);
    fields::read_fields(top, &local.fields, charter, findings);
    fields::read_own_fields(top, charter, findings);
    events::read_events(top, local, charter, findings);
    windows::read_windows(top, charter, findings);
    windows::read_items(top, charter, findings);
    let memberships = segments::read_segments(top, charter, findings);
    memberships::settle(&memberships, charter, findings);
    updates::read_updates(top, local, charter, findings);
    memberships::link(&memberships, charter, findings);
    consent::read_sources(top, charter, findings);
}

/// When a policy is asked, what may be done, and what holds it back.
fn read_rules(top: &Section<'_>, charter: &mut Charter, findings: &Findings) {
    moments::read_moments(top, charter, findings);
    channels::read_channels(top, charter, findings);
    charter.caps = bounds::caps_of(top);
    rules::read_pressure(top, charter, findings);
    rules::read_cool_downs(top, charter, findings);
    rules::read_suppressions(top, charter, findings);
    actions::read_actions(top, charter, findings);
    hours::read_calendars(top, charter, findings);
    laws::read_laws(top, charter, findings);
    charter.retention = retention::read_retention(top, findings);
}

fn read_header(top: &Section<'_>, charter: &mut Charter, findings: &Findings) {
    if let Some(version) = top.required("version", values::text) {
        charter.version = version;
    }
    charter.people = people::read_people(top, findings);
    people::read_approvals(top, charter, findings);
    charter.owner = top.owner(&charter.people);
    charter.review_by = top.optional("review-by", values::date);
    if let Some(earliest) = top.optional("earliest-event", values::date) {
        charter.earliest_event = Instant::start_of(earliest);
    }
    if let Some(currency) = top.required("currency", values::currency) {
        charter.currency = currency;
    }
    for (code, node) in top.open_each("rates") {
        let currency = top.noted(node, values::currency_code(code));
        let rate = top.noted(node, values::rate(node));
        match (currency, rate) {
            (Some(currency), Some(_)) if currency == charter.currency => {
                top.findings.say(
                    node,
                    "is the charter's own currency: rates are for the others",
                );
            }
            (Some(currency), Some(rate)) => charter.rates.push((currency, rate)),
            _ => {}
        }
    }
}

/// Whether a file of that name, relative to the folder, belongs into a charter's folder.
pub fn belongs(name: &str) -> bool {
    is_part(name) || name == SIGNATURES
}

fn is_part(name: &str) -> bool {
    name == CENTRAL
        || name
            .strip_prefix("markets/")
            .is_some_and(|market| market.ends_with(".toml") && !market.contains('/'))
}

fn empty(files: &[&(String, String)]) -> Charter {
    let mut bytes = Vec::new();
    for (name, text) in files {
        for part in [name, text] {
            bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
    }
    Charter {
        version: Text::default(),
        digest: Digest::of(&bytes),
        owner: Text::default(),
        review_by: None,
        earliest_event: EARLIEST_EVENT,
        currency: Currency {
            code: *b"XXX",
            decimals: 2,
        },
        rates: Vec::new(),
        people: Vec::new(),
        approvals: Vec::new(),
        sources: Table::new(),
        identities: Table::new(),
        customer: OwnFields::default(),
        purposes: Table::new(),
        fields: Table::new(),
        windows: Table::new(),
        items: Table::new(),
        segments: Table::new(),
        stages: Table::new(),
        memberships: Vec::new(),
        events: Table::new(),
        moments: Table::new(),
        channels: Table::new(),
        caps: Vec::new(),
        pressure: None,
        cool_downs: Vec::new(),
        suppressions: Vec::new(),
        calendars: Table::new(),
        laws: Table::new(),
        retention: Retention::default(),
        demands: std::sync::OnceLock::new(),
        actions: Table::new(),
        markets: Table::new(),
        deviations: Vec::new(),
        widened: Vec::new(),
        kpis: Vec::new(),
        reviews: Vec::new(),
        names: Names::default(),
        files: files
            .iter()
            .map(|(name, text)| (name.clone(), Arc::from(text.as_str())))
            .collect(),
    }
}

/// Every TOML file at the top and in `markets`, so that a misplaced one is told of and not ignored.
fn read_folder(folder: &Path) -> Result<Vec<(String, String)>, Complaint> {
    let mut files = Vec::new();
    read_level(folder, "", &mut files)?;
    let markets = folder.join("markets");
    if markets.is_dir() {
        read_level(&markets, "markets/", &mut files)?;
    }
    Ok(files)
}

fn read_level(
    folder: &Path,
    prefix: &str,
    files: &mut Vec<(String, String)>,
) -> Result<(), Complaint> {
    let unreadable = |name: &str, cause: &dyn fmt::Display| Complaint {
        file: name.to_owned(),
        line: 1,
        key: String::new(),
        what: format!("cannot be read: {cause}"),
    };
    let shown = folder.display().to_string();
    for entry in fs::read_dir(folder).map_err(|error| unreadable(&shown, &error))? {
        let path = entry.map_err(|error| unreadable(&shown, &error))?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        if !name.ends_with(".toml") || path.is_dir() {
            continue;
        }
        let name = format!("{prefix}{name}");
        let bytes = fs::metadata(&path)
            .map_err(|error| unreadable(&name, &error))?
            .len();
        if bytes > CHARTER_FILE_BYTES {
            return Err(unreadable(&name, &too_large(bytes)));
        }
        let text = fs::read_to_string(&path).map_err(|error| unreadable(&name, &error))?;
        files.push((name, text));
    }
    Ok(())
}

fn too_large(bytes: u64) -> String {
    format!("it has {bytes} bytes, and at most {CHARTER_FILE_BYTES} are read")
}
