//! What a new version of the charter changes, in plain words: section by section, market by market, and who must sign.

use serde_json::{Value as Json, json};

use crate::charter::file::compare::judge;
use crate::charter::file::page::{Node, Shape, joined};
use crate::charter::file::shapes::{CENTRAL as CENTRAL_FORM, CHOICE, Form};
use crate::charter::file::{CENTRAL, Complaint};
use crate::charter::sections::{Section, canonical};
use crate::charter::sign::{Central, Demand};
use crate::charter::{Charter, effect};
use crate::clock::Instant;
use crate::ids::Text;

pub use crate::charter::file::compare::Sort;

/// One thing that is not as it was.
#[derive(Clone, PartialEq, Debug)]
pub struct Difference {
    pub sort: Sort,
    /// Dotted.
    pub path: String,
    pub before: Option<String>,
    pub after: Option<String>,
    /// `charter.toml:42`; of what a market may do in the end, nothing.
    pub place: Option<String>,
}

/// Everything that is not as it was.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Comparison {
    pub sections: Vec<(Section, Vec<Difference>)>,
    /// What each market may do in the end; of a market that is new or gone, that alone.
    pub markets: Vec<(Text, Vec<Difference>)>,
    /// Who must sign, by the old version.
    pub demands: Vec<Demand>,
}

/// Compares two charters, with what their markets may do at `now`.
pub fn compare(before: &Charter, after: &Charter, now: Instant) -> Result<Comparison, Complaint> {
    let pages = (central(before)?, central(after)?);
    let (old, new) = (text(before), text(after));
    Ok(Comparison {
        sections: of_sections(&pages.0, &pages.1),
        markets: of_markets(before, after, now)?,
        demands: Central::read(old)?.demands(&Central::read(new)?),
    })
}

fn text(charter: &Charter) -> &str {
    let central = charter.files.iter().find(|(name, _)| name == CENTRAL);
    central.map_or("", |(_, text)| text)
}

fn central(charter: &Charter) -> Result<Node, Complaint> {
    Node::parse(CENTRAL, text(charter))
}

fn of_sections(before: &Node, after: &Node) -> Vec<(Section, Vec<Difference>)> {
    let mut sections = Vec::new();
    for section in Section::WHOLE {
        let mut walk = Walk::default();
        for word in words(before, after) {
            if Section::group_of(word) != section {
                continue;
            }
            let (old, new) = (before.entry(word), after.entry(word));
            match word {
                "deviations" => walk.deviations(old, new),
                _ => walk.entry((&CENTRAL_FORM, word), word, old, new),
            }
            if word == "moments" {
                walk.order(old, new);
            }
        }
        if !walk.found.is_empty() {
            sections.push((section, walk.found));
        }
    }
    sections
}

fn of_markets(
    before: &Charter,
    after: &Charter,
    now: Instant,
) -> Result<Vec<(Text, Vec<Difference>)>, Complaint> {
    let mut names: Vec<&Text> = before.names.markets.keys().collect();
    names.extend(after.names.markets.keys());
    names.sort_unstable();
    names.dedup();
    let mut markets = Vec::new();
    for name in names {
        let (old, new) = (
            in_the_end(before, name, now)?,
            in_the_end(after, name, now)?,
        );
        let mut walk = Walk::default();
        match (&old, &new) {
            (Some(old), Some(new)) => {
                for word in words(old, new)
                    .into_iter()
                    .filter(|word| *word != "charter")
                {
                    walk.entry((&CHOICE, word), word, old.entry(word), new.entry(word));
                }
            }
            (None, Some(_)) => walk.say(Sort::Added, name.to_string(), None, None),
            (Some(_), None) => walk.say(Sort::Removed, name.to_string(), None, None),
            (None, None) => {}
        }
        for difference in &mut walk.found {
            difference.place = None;
        }
        if !walk.found.is_empty() {
            markets.push((name.clone(), walk.found));
        }
    }
    Ok(markets)
}

/// What a market may do, as a choice that says everything.
fn in_the_end(charter: &Charter, market: &str, now: Instant) -> Result<Option<Node>, Complaint> {
    let Some(index) = charter.names.markets.get(market) else {
        return Ok(None);
    };
    let text = effect::toml(&effect::of(charter, *index, now));
    Node::parse(market, &text).map(Some)
}

/// The keys of both, those of the first in its order.
fn words<'a>(before: &'a Node, after: &'a Node) -> Vec<&'a str> {
    let mut words: Vec<&str> = Vec::new();
    for (word, _) in before.entries().iter().chain(after.entries()) {
        if !words.contains(&word.as_str()) {
            words.push(word);
        }
    }
    words
}

#[derive(Default)]
struct Walk {
    found: Vec<Difference>,
}

impl Walk {
    /// Compares what stands under `key` of a table of this form.
    fn entry(
        &mut self,
        (form, key): (&Form, &str),
        path: &str,
        old: Option<&Node>,
        new: Option<&Node>,
    ) {
        let form = form.under(key).unwrap_or(Form::Anything);
        self.compare((&form, key), path, old, new);
    }

    /// `key` is the last word of Kairos' own on the way: names have no order of their own.
    fn compare(
        &mut self,
        (form, key): (&Form, &str),
        path: &str,
        old: Option<&Node>,
        new: Option<&Node>,
    ) {
        let is_table =
            |node: Option<&Node>| node.is_none_or(|node| matches!(node.shape, Shape::Table(_)));
        let same = match (old, new) {
            (Some(old), Some(new)) => canonical("", old) == canonical("", new),
            (old, new) => old.is_none() && new.is_none(),
        };
        if same {
            return;
        }
        let is_open =
            matches!(form, Form::Table(_) | Form::Named(..)) && is_table(old) && is_table(new);
        if !is_open {
            let sort = judge(key, old, new);
            self.say(sort, path.to_owned(), old, new);
            return;
        }
        let (old, new) = (
            old.map_or(&[][..], Node::entries),
            new.map_or(&[][..], Node::entries),
        );
        let find = |entries: &'_ [(String, Node)], name: &str| {
            entries.iter().position(|(known, _)| known == name)
        };
        let names = old
            .iter()
            .chain(new.iter().filter(|(name, _)| find(old, name).is_none()));
        for (name, _) in names {
            let of = |entries: &'_ [(String, Node)]| find(entries, name);
            let old = of(old).and_then(|at| old.get(at)).map(|(_, node)| node);
            let new = of(new).and_then(|at| new.get(at)).map(|(_, node)| node);
            let path = joined(path, name);
            match (form, old, new) {
                (Form::Named(_, Form::Table(_)), None, Some(new)) => {
                    self.say(Sort::Added, path, None, Some(new));
                }
                (Form::Named(_, Form::Table(_)), Some(old), None) => {
                    self.say(Sort::Removed, path, Some(old), None);
                }
                (Form::Named(_, form), ..) => self.compare((form, key), &path, old, new),
                _ => self.entry((form, name), &path, old, new),
            }
        }
    }

    /// Which of the moments comes first decides which one an event is.
    fn order(&mut self, old: Option<&Node>, new: Option<&Node>) {
        let (Some(old), Some(new)) = (old, new) else {
            return;
        };
        let names = |of: &Node, other: &Node| -> Vec<String> {
            let both = of
                .entries()
                .iter()
                .filter(|(name, _)| other.entry(name).is_some());
            both.map(|(name, _)| name.clone()).collect()
        };
        let (before, after) = (names(old, new), names(new, old));
        if before != after {
            self.found.push(Difference {
                sort: Sort::Changed,
                path: "the order of moments".to_owned(),
                before: Some(before.join(", ")),
                after: Some(after.join(", ")),
                place: Some(new.place()),
            });
        }
    }

    /// Each is a permission of its own.
    fn deviations(&mut self, old: Option<&Node>, new: Option<&Node>) {
        let each = |node: Option<&'_ Node>| -> Vec<(String, String)> {
            let list = node.map(|node| &node.shape);
            let Some(Shape::List(entries)) = list else {
                return Vec::new();
            };
            let shown = |one: &Node| (one.to_string(), one.place());
            entries.iter().map(shown).collect()
        };
        let (old, new) = (each(old), each(new));
        let lacks =
            |list: &[(String, String)], one: &str| !list.iter().any(|(known, _)| known == one);
        for (one, place) in old.iter().filter(|(one, _)| lacks(&new, one)) {
            self.found.push(deviation(Sort::Removed, one, place));
        }
        for (one, place) in new.iter().filter(|(one, _)| lacks(&old, one)) {
            self.found.push(deviation(Sort::Added, one, place));
        }
    }

    fn say(&mut self, sort: Sort, path: String, old: Option<&Node>, new: Option<&Node>) {
        self.found.push(Difference {
            sort,
            path,
            before: old.map(Node::to_string),
            after: new.map(Node::to_string),
            place: new.or(old).map(Node::place),
        });
    }
}

fn deviation(sort: Sort, shown: &str, place: &str) -> Difference {
    let (before, after) = match sort {
        Sort::Removed => (Some(shown.to_owned()), None),
        _ => (None, Some(shown.to_owned())),
    };
    Difference {
        sort,
        path: "deviations".to_owned(),
        before,
        after,
        place: Some(place.to_owned()),
    }
}

impl Difference {
    fn json(&self) -> Json {
        json!({
            "sort": self.sort.word(), "path": self.path, "before": self.before, "after": self.after, "place": self.place,
        })
    }
}

/// `narrowed  actions.reminder.reach: 1000 → 500  (charter.toml:42)`
impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:<8}  {}", self.sort.word(), self.path)?;
        match (&self.before, &self.after) {
            _ if matches!(self.sort, Sort::Added | Sort::Removed) && self.path != "deviations" => {}
            (Some(before), Some(after)) => write!(f, ": {before} → {after}")?,
            (None, Some(after)) => write!(f, ": {after}, and nothing before")?,
            (Some(before), None) => write!(f, ": nothing, and {before} before")?,
            (None, None) => {}
        }
        match &self.place {
            Some(place) => write!(f, "  ({place})"),
            None => Ok(()),
        }
    }
}

impl Comparison {
    pub fn is_empty(&self) -> bool {
        self.sections.is_empty() && self.markets.is_empty()
    }

    pub fn json(&self) -> Json {
        let list = |differences: &[Difference]| -> Vec<Json> {
            differences.iter().map(Difference::json).collect()
        };
        let sections = self
            .sections
            .iter()
            .map(|(section, all)| json!({ "section": section.word(), "differences": list(all) }));
        let markets = self
            .markets
            .iter()
            .map(|(market, all)| json!({ "market": market, "differences": list(all) }));
        let demands = self.demands.iter().map(|demand| {
            json!({ "section": demand.section.word(), "digest": demand.digest.to_string(), "people": demand.people })
        });
        json!({
            "sections": sections.collect::<Vec<_>>(),
            "markets": markets.collect::<Vec<_>>(),
            "must-sign": demands.collect::<Vec<_>>(),
        })
    }
}
