//! Who decides what: for any field, action or limit its owner, who must approve a change, what stands centrally, what a
//! market may choose of it, what each has chosen, and until when (C31).

mod answer;

use serde_json::json;

use crate::charter::file::page::{Node, Shape};
use crate::charter::file::shapes::{CENTRAL as CENTRAL_FORM, CHOICE, Form};
use crate::charter::file::{CENTRAL, Complaint};
use crate::charter::nearest::did_you_mean;
use crate::charter::schema::plain;
use crate::charter::{Charter, MarketIx, effect, people};
use crate::clock::Instant;
use crate::ids::Text;

pub use answer::{Decides, Deviating, InMarket, Someone, ToReview, Written};

/// The words under which names stand, in the order in which a bare name is looked for.
const TABLES: [&str; 18] = [
    "fields",
    "actions",
    "moments",
    "channels",
    "events",
    "windows",
    "items",
    "segments",
    "stages",
    "purposes",
    "suppressions",
    "cool-downs",
    "calendars",
    "laws",
    "sources",
    "identities",
    "kpis",
    "markets",
];
/// Where a market's own limits stand, each in a table of its own.
const LIMITS: [&str; 3] = ["limits", "budget", RETENTION];
/// The limit that the charter says once, for every market.
const RETENTION: &str = "retention";
/// What a choice only adds to, and so narrows nothing of.
const ADDED: [&str; 5] = ["fields", "events", "settings", "fallback", "kpis"];

/// Something that is asked about.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Subject {
    /// Of the central file, or of a market's own for what is local.
    file: String,
    /// From the top of the file.
    path: Vec<String>,
}

/// A name that nothing in the charter has.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("`{name}` is nothing in this charter{guess}")]
pub struct Unknown {
    pub name: String,
    guess: String,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    #[error(transparent)]
    Unknown(#[from] Unknown),
    /// A charter that was loaded reads.
    #[error(transparent)]
    Unreadable(#[from] Complaint),
}

/// The files of a charter, as they are written.
struct Pages<'a> {
    charter: &'a Charter,
    now: Instant,
    central: Node,
    choices: Vec<(MarketIx, Node)>,
}

/// Answers for a name such as `points`, `cart_reminder`, `fuel`, or a path such as `actions.cart_reminder.caps`.
pub fn who(charter: &Charter, name: &str, now: Instant) -> Result<Decides, Unanswered> {
    let pages = Pages::read(charter, now)?;
    if let Some((table, key)) = limit(name) {
        return Ok(pages.of_limit(table, key)?);
    }
    let subject = pages.find(name)?;
    Ok(pages.of(&subject)?)
}

/// `fuel`, `limits.fuel`: what every market has its own of.
fn limit(name: &str) -> Option<(&'static str, &'static str)> {
    LIMITS.into_iter().find_map(|table| {
        let bare = name
            .strip_prefix(table)
            .and_then(|name| name.strip_prefix('.'));
        let Form::Table(keyed) = CHOICE.under(table)? else {
            return None;
        };
        let (key, _) = keyed
            .entries()
            .find(|(key, _)| *key == bare.unwrap_or(name))?;
        Some((table, key))
    })
}

impl<'a> Pages<'a> {
    fn read(charter: &'a Charter, now: Instant) -> Result<Self, Complaint> {
        let mut pages = Self {
            charter,
            now,
            central: Node::parse(CENTRAL, "")?,
            choices: Vec::new(),
        };
        for (name, text) in &charter.files {
            let page = Node::parse(name, text)?;
            let market = name
                .strip_prefix("markets/")
                .and_then(|name| name.strip_suffix(".toml"))
                .and_then(|name| charter.names.markets.get(name));
            match market {
                Some(market) => pages.choices.push((*market, page)),
                None => pages.central = page,
            }
        }
        Ok(pages)
    }

    /// A path from the top, or a name of one of the tables; local names, too.
    fn find(&self, name: &str) -> Result<Subject, Unknown> {
        let central = |path| Subject {
            file: CENTRAL.to_owned(),
            path,
        };
        if let Some(path) = descend(&self.central, name) {
            return Ok(central(path));
        }
        for table in TABLES {
            if let Some(path) = descend(&self.central, &format!("{table}.{name}")) {
                return Ok(central(path));
            }
        }
        for (_, page) in &self.choices {
            for table in ["", "fields.", "kpis."] {
                if let Some(path) = descend(page, &format!("{table}{name}")) {
                    return Ok(Subject {
                        file: page.file().to_owned(),
                        path,
                    });
                }
            }
        }
        let names = TABLES.iter().filter_map(|table| self.central.entry(table));
        let names = names.flat_map(Node::entries).map(|(name, _)| name.as_str());
        Err(Unknown {
            name: name.chars().take(128).collect(),
            guess: did_you_mean(name, names),
        })
    }

    fn of(&self, subject: &Subject) -> Result<Decides, Complaint> {
        let local = self
            .choices
            .iter()
            .find(|(_, page)| page.file() == subject.file);
        let page = local.map_or(&self.central, |(_, page)| page);
        let path: Vec<&str> = subject.path.iter().map(String::as_str).collect();
        let (word, rest) = path
            .split_first()
            .map_or(("", &[][..]), |(word, rest)| (*word, rest));
        let node = page.nearest(&path);
        let is_local = local.is_some();
        let narrowed = match is_local || ADDED.contains(&word) {
            true => Vec::new(),
            false => choosable(word, rest),
        };
        let approvers = match is_local {
            true => &[],
            false => people::approvers(&self.charter.approvals, word),
        };
        let markets = match is_local {
            true => Vec::new(),
            false => self.markets(word, &path)?,
        };
        Ok(Decides {
            name: node.path.clone(),
            owner: self.owner(page, &path),
            approvers: approvers.iter().map(|name| self.someone(name)).collect(),
            central: Some(written(node)),
            local: narrowed,
            markets,
            reviews: self.reviews(node),
        })
    }

    /// A limit of the grant: the platform's, market by market.
    fn of_limit(&self, table: &'static str, key: &'static str) -> Result<Decides, Complaint> {
        let mut markets = Vec::new();
        let for_all = at(&self.central, &[table, key]);
        for (index, market) in self.charter.markets.iter() {
            let granted = at(&self.central, &["markets", &market.name, table, key]);
            let effect = self.in_the_end(index)?;
            markets.push(InMarket {
                market: market.name.clone(),
                owner: self.someone(&market.owner),
                granted: granted.map(written),
                chosen: self.chosen(index, &[table, key]),
                in_the_end: at(&effect, &[table, key]).map(plain),
                deviations: self.deviations(index, &[table, key]),
            });
        }
        let section = match table {
            RETENTION => RETENTION,
            _ => "markets",
        };
        let approvers = people::approvers(&self.charter.approvals, section);
        Ok(Decides {
            name: format!("{table}.{key}"),
            owner: self.someone(&self.charter.owner),
            approvers: approvers.iter().map(|name| self.someone(name)).collect(),
            central: for_all.map(written),
            local: vec![key],
            markets,
            reviews: Vec::new(),
        })
    }

    /// What each market has of it: those that are granted it, chose of it or deviate in it.
    fn markets(&self, word: &str, path: &[&str]) -> Result<Vec<InMarket>, Complaint> {
        // What a market asks of a purpose stands in its file under `needs`.
        let own: Vec<&str> = match (word, path) {
            ("purposes", [_, purpose]) | ("purposes", [_, purpose, "needs"]) => {
                vec!["needs", purpose]
            }
            _ => path.to_vec(),
        };
        let mut markets = Vec::new();
        for (index, market) in self.charter.markets.iter() {
            let effect = self.in_the_end(index)?;
            let in_the_end = match (word, path) {
                ("moments", [_, moment, ..]) => {
                    let granted = effect
                        .entry("moments")
                        .is_some_and(|list| has(list, moment));
                    granted.then(|| {
                        let fallback = at(&effect, &["fallback", moment]).map(plain);
                        json!({ "fallback": fallback })
                    })
                }
                _ => at(&effect, &own).map(plain),
            };
            let mut chosen = self.chosen(index, &own);
            if let ("moments", [_, moment, ..]) = (word, path) {
                chosen.extend(self.chosen(index, &["fallback", moment]));
            }
            let deviations = self.deviations(index, path);
            if in_the_end.is_some() || !chosen.is_empty() || !deviations.is_empty() {
                markets.push(InMarket {
                    market: market.name.clone(),
                    owner: self.someone(&market.owner),
                    granted: None,
                    chosen,
                    in_the_end,
                    deviations,
                });
            }
        }
        Ok(markets)
    }

    fn in_the_end(&self, index: MarketIx) -> Result<Node, Complaint> {
        let effect = effect::of(self.charter, index, self.now);
        Node::parse("effect", &effect::toml(&effect))
    }

    /// What the market's own file says under the path, key by key.
    fn chosen(&self, index: MarketIx, path: &[&str]) -> Vec<Written> {
        let choice = self.choices.iter().find(|(of, _)| *of == index);
        let node = choice.and_then(|(_, page)| at(page, path));
        let mut chosen = Vec::new();
        if let Some(node) = node {
            leaves(node, &mut chosen);
        }
        chosen
    }

    fn deviations(&self, index: MarketIx, path: &[&str]) -> Vec<Deviating> {
        let asked = path.join(".");
        let touches = |what: &str| {
            let within = |long: &str, short: &str| {
                long.strip_prefix(short)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            };
            within(what, &asked) || within(&asked, what)
        };
        let own = self
            .charter
            .deviations
            .iter()
            .filter(|one| one.market == index && touches(&one.what));
        own.map(|one| Deviating {
            what: one.what.clone(),
            is: one.is.clone(),
            why: one.why.clone(),
            approved_by: one
                .approved_by
                .iter()
                .map(|name| self.someone(name))
                .collect(),
            expires: one.expires,
            place: one.place.clone(),
        })
        .collect()
    }

    /// The owner that stands nearest around it; what a market is granted is the platform's to say.
    fn owner(&self, page: &Node, path: &[&str]) -> Someone {
        let mut owner = page.entry("owner");
        if path.first() != Some(&"markets") {
            for depth in 1..=path.len() {
                let around = path.get(..depth).and_then(|path| at(page, path));
                owner = around.and_then(|node| node.entry("owner")).or(owner);
            }
        }
        let name = owner.and_then(text).unwrap_or(&self.charter.owner);
        self.someone(&Text::new(name))
    }

    fn someone(&self, name: &Text) -> Someone {
        Someone {
            name: name.clone(),
            mail: self.charter.reached(name).clone(),
        }
    }

    /// Its own dates, else the nearest around it.
    fn reviews(&self, node: &Node) -> Vec<ToReview> {
        let today = self
            .now
            .timestamp()
            .to_zoned(jiff::tz::TimeZone::UTC)
            .date();
        let of = |wanted: &dyn Fn(&str) -> bool| -> Vec<ToReview> {
            let all = self.charter.reviews.iter();
            let own =
                all.filter(|review| wanted(&review.what) && review.place.starts_with(node.file()));
            own.map(|review| ToReview {
                by: review.by,
                place: review.place.clone(),
                is_overdue: review.by < today,
            })
            .collect()
        };
        let within = |long: &str, short: &str| {
            let rest = long.strip_prefix(short);
            short.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let inside = of(&|what| within(what, &node.path));
        if !inside.is_empty() {
            return inside;
        }
        let all = self.charter.reviews.iter();
        let around = all.filter(|review| within(&node.path, &review.what));
        let nearest = around.max_by_key(|review| review.what.len());
        nearest.map_or_else(Vec::new, |nearest| of(&|what| what == nearest.what))
    }
}

/// What a market's own file may narrow of it: the keys of the table there, or the thing itself.
fn choosable(word: &str, rest: &[&str]) -> Vec<&'static str> {
    if word == "purposes" {
        return vec!["needs"];
    }
    let known = |form: Form, key: &&str| form.under(key);
    let Some(form) = CHOICE
        .under(word)
        .and_then(|form| rest.iter().try_fold(form, known))
    else {
        return Vec::new();
    };
    match form {
        Form::Table(keyed) => keyed.entries().map(|(key, _)| key).collect(),
        _ => CENTRAL_FORM
            .under(word)
            .map_or_else(Vec::new, |_| vec!["itself"]),
    }
}

/// The path of a dotted name, whose parts may have dots of their own.
fn descend(node: &Node, name: &str) -> Option<Vec<String>> {
    if name.is_empty() {
        return None;
    }
    let mut entries: Vec<&(String, Node)> = node.entries().iter().collect();
    // The longest first: `order.placed` before `order`.
    entries.sort_by_key(|(key, _)| std::cmp::Reverse(key.len()));
    for (key, node) in entries {
        let Some(rest) = name.strip_prefix(key.as_str()) else {
            continue;
        };
        if rest.is_empty() {
            return Some(vec![key.clone()]);
        }
        let below = rest.strip_prefix('.').and_then(|rest| descend(node, rest));
        if let Some(below) = below {
            return Some([vec![key.clone()], below].concat());
        }
    }
    None
}

fn at<'a>(node: &'a Node, path: &[&str]) -> Option<&'a Node> {
    path.iter().try_fold(node, |node, key| node.entry(key))
}

fn has(list: &Node, name: &str) -> bool {
    match &list.shape {
        Shape::List(entries) => entries.iter().any(|one| text(one) == Some(name)),
        _ => false,
    }
}

fn text(node: &Node) -> Option<&str> {
    match &node.shape {
        Shape::Text(text) => Some(text),
        _ => None,
    }
}

fn written(node: &Node) -> Written {
    Written {
        key: node.path.clone(),
        value: plain(node),
        place: node.place(),
    }
}

/// Every value under a node, with its own place.
fn leaves(node: &Node, into: &mut Vec<Written>) {
    match &node.shape {
        Shape::Table(entries) => entries.iter().for_each(|(_, node)| leaves(node, into)),
        _ => into.push(written(node)),
    }
}
