//! Reads tables key by key, and collects what is wrong with them.

use std::cell::RefCell;
use std::collections::HashSet;

use crate::charter::Person;
use crate::charter::file::page::{Node, Shape, joined};
use crate::charter::file::{Complaint, Complaints, values};
use crate::charter::nearest::{did_you_mean, quoted};
use crate::charter::table::Index;
use crate::ids::{Map, Text};

/// What is wrong so far.
#[derive(Debug, Default)]
pub(super) struct Findings(RefCell<Vec<Complaint>>);

impl Findings {
    pub(super) fn add(&self, complaint: Complaint) {
        self.0.borrow_mut().push(complaint);
    }

    pub(super) fn say(&self, node: &Node, what: impl Into<String>) {
        self.add(Complaint {
            file: node.file().to_owned(),
            line: node.line,
            key: node.path.clone(),
            what: what.into(),
        });
    }

    pub(super) fn about_file(&self, file: &str, what: &str) {
        self.add(Complaint {
            file: file.to_owned(),
            line: 1,
            key: String::new(),
            what: what.to_owned(),
        });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    /// In order of file and line, each once.
    pub(super) fn into_complaints(self, files: &[&(String, String)]) -> Complaints {
        let mut complaints = self.0.into_inner();
        let position = |file: &str| files.iter().position(|(name, _)| name == file);
        complaints.sort_by_cached_key(|complaint| (position(&complaint.file), complaint.line));
        let mut told = HashSet::new();
        complaints.retain(|complaint| told.insert(complaint.to_string()));
        Complaints(complaints)
    }
}

/// The keys that a table may have.
pub(super) struct Keys {
    pub(super) known: &'static [&'static str],
    /// Words of the charter that this version does not act on: refused, because ignoring them would promise too much.
    pub(super) later: &'static [&'static str],
    /// What only the central file decides, in a market's own file.
    pub(super) central: &'static [&'static str],
}

/// A table that is being read.
#[derive(Clone, Copy)]
pub(super) struct Section<'a> {
    pub(super) node: &'a Node,
    pub(super) findings: &'a Findings,
}

impl<'a> Section<'a> {
    /// Says so where `node` is no table or has keys that it may not have.
    pub(super) fn open(node: &'a Node, keys: &Keys, findings: &'a Findings) -> Self {
        let section = Self { node, findings };
        if section.is_table() {
            for (key, entry) in node.entries() {
                check_key(key, entry, keys, findings);
            }
        }
        section
    }

    /// The entries of the table under `key`, whose names are the charter's own.
    pub(super) fn open_each(
        &self,
        key: &str,
    ) -> impl Iterator<Item = (&'a str, &'a Node)> + use<'a> {
        let entries = match self.node.entry(key) {
            Some(node)
                if (Section {
                    node,
                    findings: self.findings,
                })
                .is_table() =>
            {
                node.entries()
            }
            _ => &[],
        };
        entries.iter().map(|(name, node)| (name.as_str(), node))
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.node.entry(key).is_some()
    }

    pub(super) fn required<T>(
        &self,
        key: &str,
        read: impl FnOnce(&'a Node) -> Result<T, String>,
    ) -> Option<T> {
        if !self.has(key) && matches!(self.node.shape, Shape::Table(_)) {
            self.findings.add(Complaint {
                file: self.node.file().to_owned(),
                line: self.node.line,
                key: joined(&self.node.path, key),
                what: format!("is missing{}", hint(key)),
            });
        }
        self.optional(key, read)
    }

    pub(super) fn optional<T>(
        &self,
        key: &str,
        read: impl FnOnce(&'a Node) -> Result<T, String>,
    ) -> Option<T> {
        let node = self.node.entry(key)?;
        self.noted(node, read(node))
    }

    /// The entries of a list; none where there is no such key.
    pub(super) fn list<T>(
        &self,
        key: &str,
        mut read: impl FnMut(&'a Node) -> Result<T, String>,
    ) -> Vec<T> {
        let Some(node) = self.node.entry(key) else {
            return Vec::new();
        };
        let Shape::List(entries) = &node.shape else {
            self.findings.say(
                node,
                format!("is {}: write a list in `[` and `]`", node.shown()),
            );
            return Vec::new();
        };
        entries
            .iter()
            .filter_map(|entry| self.noted(entry, read(entry)))
            .collect()
    }

    /// Keeps what was read, or says what was wrong with it.
    pub(super) fn noted<T>(&self, node: &Node, read: Result<T, String>) -> Option<T> {
        read.map_err(|what| self.findings.say(node, what)).ok()
    }

    /// The texts that everything has; a missing one is told of.
    pub(super) fn meaning(&self) -> Text {
        self.required("meaning", values::text).unwrap_or_default()
    }

    /// One of the charter's people, or a mail address.
    pub(super) fn owner(&self, people: &[Person]) -> Text {
        self.required("owner", |node| values::owner(node, people))
            .unwrap_or_default()
    }

    fn is_table(&self) -> bool {
        let is_table = matches!(self.node.shape, Shape::Table(_));
        if !is_table {
            self.findings.say(
                self.node,
                format!("is {}: write a table", self.node.shown()),
            );
        }
        is_table
    }
}

fn check_key(key: &str, entry: &Node, keys: &Keys, findings: &Findings) {
    if !keys.known.contains(&key) {
        findings.say(entry, wrong_key(key, keys));
    }
}

fn wrong_key(key: &str, keys: &Keys) -> String {
    if keys.later.contains(&key) {
        return "is not yet supported: this version of Kairos would not act on it, so leave it out"
            .to_owned();
    }
    let known = match keys.known {
        [] => "nothing can be narrowed here yet".to_owned(),
        known => format!("there may be {}", quoted(known)),
    };
    if keys.central.contains(&key) {
        return format!("is decided by charter.toml alone: {known}");
    }
    let guess = did_you_mean(key, keys.known.iter().chain(keys.later).copied());
    if guess.is_empty() || guess.starts_with(": there") {
        format!("is not a key of this table: {known}")
    } else {
        format!("is not a key of this table{guess}")
    }
}

/// What would be right, for keys that are often forgotten.
pub(in crate::charter) fn hint(key: &str) -> &'static str {
    match key {
        "market" => ": one of [markets], such as `de`",
        "charter" => ": the version of charter.toml that this was written against",
        "strength" => ": `strong` or `weak`",
        "basis" => ": `contract`, `opt-in` or `legitimate-interest`",
        "mode" => ": `respond` or `inspire`",
        "class" => ": how fast it must be, or what kind of message it is",
        "on" => ": one of [events]",
        "version" => ": the charter's version, such as `2026.11.1`",
        "owner" => ": one of [people] or a mail address",
        "on-call" => ": whom to call at night; nothing runs without",
        "currency" => ": an ISO 4217 code such as `EUR`",
        "meaning" => ": say in a sentence what it is",
        "purpose" => ": one of [purposes]",
        "type" => {
            ": `flag`, `integer`, `number`, `money`, `text`, `instant`, `texts` or `integers`"
        }
        "at-most" => ": everything has a limit",
        "merge" => {
            ": whose word counts: `latest` (what happened last), `leading-source` (the source named first, until its word is older than `max-age`), `max`, `union` (lists together) or `protected` (what happened first)"
        }
        "real-time" => ": say why this cannot wait",
        "worst-case" => ": say what happens when it goes wrong",
        "time-zone" => ": an IANA zone such as `Europe/Berlin`",
        "languages" => ": BCP 47 tags such as `de`, the preferred first",
        "review-by" => ": the date by which somebody must look at it again, such as `2027-03-31`",
        "kind" => ": `law`, `code` or `custom`",
        "source" => ": where it is written",
        "key" => ": what kind of thing an item is, such as `sku`",
        "order" => {
            ": the steps, the first that holds, such as `[{ gold = \"points >= 1000\" }, { none = \"true\" }]`"
        }
        "is" => {
            ": the condition, the value that deviates, or of an outcome one of `opened`, `clicked`, `bought`, `complained` and `unsubscribed`"
        }
        "when" => ": a condition such as `open_complaints > 0`",
        "refuses" => ": the classes that it holds back, such as `[\"marketing\"]`",
        "reason" => ": say in words for a marketer why",
        "after" => ": the events after which it counts",
        "lasts" => ": a duration such as `14d`",
        "per" => ": a duration such as `7d`; whole days are the customer's own",
        "days" => ": days such as `mon-fri` for hours, `12-25` for a calendar",
        "calendar" => ": one of [calendars]",
        "event" | "of" => ": one of [events]",
        "where" => ": a condition over the event's `data` and what is known",
        "within" => ": a duration such as `3d`",
        "per-action" => ": one of [actions]",
        "outcome" => ": an item list or an event",
        "mail" => ": a mail address",
        "what" => ": what deviates, such as `actions.reminder.caps`",
        "why" => ": say why this market may what others may not",
        "approved-by" => ": who of [people] approved it",
        "expires" => ": the last day on which it holds, such as `2026-12-31`",
        "over" => ": a duration such as `90d`",
        "step" => ": the grain of the window, such as `1d`",
        _ => "",
    }
}

/// Finds what a text refers to; `what` says what it should be, such as `an event`.
pub(super) fn refer<I: Index>(node: &Node, names: &Map<Text, I>, what: &str) -> Result<I, String> {
    let name = values::text(node)?;
    names.get(&name).copied().ok_or_else(|| {
        let known = names.keys().map(|name| name.as_str());
        format!(
            "`{name}` is not {what} of this charter{}",
            did_you_mean(&name, known)
        )
    })
}

/// Stands in for what could not be read: a charter with a complaint is thrown away, and reading goes on to find the rest.
pub(super) fn stand_in<I: Index>() -> I {
    I::from_number(0)
}
