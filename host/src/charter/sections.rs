//! The sections that people approve, and their content in a form that only its meaning changes.

use std::fmt::Write as _;

use crate::charter::file::page::{Node, Shape};
use crate::charter::people::APPROVAL_GROUPS;
use crate::ids::Digest;

/// A part of `charter.toml` that is approved as a whole: a group such as `fields`, which covers more words than its own;
/// one word that [approvals] names for itself, such as `laws`; or `charter`, which is everything that no group covers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Section(&'static str);

impl Section {
    /// Version, owner, people, approvals and the rest.
    pub const CHARTER: Self = Self("charter");
    /// The groups and the rest: together the whole file.
    pub const WHOLE: [Self; 5] = [
        Self("fields"),
        Self("purposes"),
        Self("actions"),
        Self("markets"),
        Self::CHARTER,
    ];
    /// Words of no group that [approvals] may name for themselves.
    const SINGLE: [&'static str; 7] = [
        "people",
        "approvals",
        "owner",
        "review-by",
        "currency",
        "rates",
        "kpis",
    ];

    pub fn word(self) -> &'static str {
        self.0
    }

    /// What [approvals] may name.
    pub fn words() -> impl Iterator<Item = &'static str> {
        let grouped = APPROVAL_GROUPS.iter().flat_map(|(_, words)| words.iter());
        grouped.copied().chain(Self::SINGLE)
    }

    /// `None` for a name that is no section's.
    pub fn named(word: &str) -> Option<Self> {
        (Self::WHOLE.iter().map(|section| section.0))
            .chain(Self::words())
            .find(|known| *known == word)
            .map(Self)
    }

    /// The group of a word at the top of `charter.toml`, or the rest.
    pub fn group_of(word: &str) -> Self {
        APPROVAL_GROUPS
            .iter()
            .find(|(_, words)| words.contains(&word))
            .map_or(Self::CHARTER, |(group, _)| Self(group))
    }

    /// Whether a word at the top of `charter.toml` belongs to it.
    pub fn covers(self, word: &str) -> bool {
        word == self.0 || (Self::WHOLE.contains(&self) && Self::group_of(word) == self)
    }
}

/// The digest of a section's content: comments, spaces and the order of tables do not change it.
pub(in crate::charter) fn digest(section: Section, central: &Node) -> Digest {
    let mut text = format!("kairos charter section 1\0{}\0", section.word());
    let mut entries: Vec<_> = central
        .entries()
        .iter()
        .filter(|(word, _)| section.covers(word))
        .collect();
    entries.sort_by(|(one, _), (other, _)| one.cmp(other));
    for (word, node) in entries {
        write_text(word, &mut text);
        text.push_str(&canonical(word, node));
    }
    Digest::of(text.as_bytes())
}

/// The canonical form of what stands under a word at the top of `charter.toml`: two have the same exactly when they mean the
/// same.
pub(in crate::charter) fn canonical(word: &str, node: &Node) -> String {
    let mut text = String::new();
    match word {
        // Their order decides which moment an event is.
        "moments" => write_in_order(node, &mut text),
        _ => write(node, &mut text),
    }
    text
}

fn write(node: &Node, into: &mut String) {
    match &node.shape {
        Shape::Text(text) => write_text(text, into),
        // Each sort of value is written so that no other can look like it.
        Shape::Integer(integer) => put(into, format_args!("{integer}")),
        Shape::Number(number) => put(into, format_args!("{number:?}")),
        Shape::Flag(flag) => put(into, format_args!("{flag}")),
        Shape::Date(date) => put(into, format_args!("@{date}")),
        Shape::List(entries) => {
            into.push('[');
            for entry in entries {
                write(entry, into);
                into.push(',');
            }
            into.push(']');
        }
        Shape::Table(entries) => {
            let mut entries: Vec<_> = entries.iter().collect();
            entries.sort_by(|(one, _), (other, _)| one.cmp(other));
            write_entries(&entries, into);
        }
    }
}

fn write_in_order(node: &Node, into: &mut String) {
    let entries: Vec<_> = node.entries().iter().collect();
    write_entries(&entries, into);
}

fn write_entries(entries: &[&(String, Node)], into: &mut String) {
    into.push('{');
    for (key, node) in entries {
        write_text(key, into);
        into.push(':');
        write(node, into);
        into.push(',');
    }
    into.push('}');
}

/// As JSON: nothing inside of it ends it.
fn write_text(text: &str, into: &mut String) {
    put(into, format_args!("{}", serde_json::Value::from(text)));
}

fn put(into: &mut String, what: std::fmt::Arguments<'_>) {
    let written = into.write_fmt(what);
    debug_assert!(written.is_ok(), "a text grows");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(word: &str) -> Section {
        Section::named(word).unwrap()
    }

    fn check(section: Section, one: &str, other: &str) -> bool {
        let of = |text| digest(section, &Node::parse("charter.toml", text).unwrap());
        of(one) == of(other)
    }

    // A24: what is signed is what is meant, not how it is typed.
    #[test]
    fn only_the_meaning_changes_a_sections_digest() {
        let one = "# a comment\n[fields]\nb = { type = \"text\", at-most = 1_000 }\n[fields.a]\ntype = 'flag'\n";
        let other = "[fields]\na.type = \"flag\"\n[fields.b]\nat-most = 1000\ntype = \"text\"\n[actions.x]\nreach = 1\n";
        assert!(check(named("fields"), one, other));
        assert!(!check(named("actions"), one, other));
        for (one, other) in [
            ("x = 1", "x = 1.0"),
            ("x = 1", "x = \"1\""),
            ("x = 2027-01-01", "x = \"2027-01-01\""),
            ("x = [\"a\", \"b\"]", "x = [\"b\", \"a\"]"),
            ("x = [\"a\"]", "x = \"a\""),
            ("x = \"a\"\ny = \"b\"", "x = \"b\"\ny = \"a\""),
            ("x = \"a\\\",\\\"b\"", "x = [\"a\", \"b\"]"),
        ] {
            assert!(!check(Section::CHARTER, one, other), "{one} and {other}");
        }
    }

    #[test]
    fn the_order_of_moments_is_a_meaning() {
        let moment = |name| format!("[moments.{name}]\non = \"order.placed\"\n");
        let (a, b) = (moment("a"), moment("b"));
        assert!(!check(
            named("actions"),
            &format!("{a}{b}"),
            &format!("{b}{a}")
        ));
    }

    #[test]
    fn every_word_is_in_one_section() {
        for (group, words) in APPROVAL_GROUPS {
            for word in words {
                assert_eq!(Section::group_of(word), named(group), "{word}");
                assert!(named(word).covers(word) && named(group).covers(word));
                assert!(!Section::CHARTER.covers(word), "{word}");
            }
        }
        assert!(Section::CHARTER.covers("people") && named("people").covers("people"));
        assert!(Section::CHARTER.covers("version") && !named("people").covers("version"));
        assert!(!named("laws").covers("purposes"));
        assert_eq!(Section::named("nothing"), None);
    }
}
