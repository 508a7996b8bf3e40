//! Why an event was not taken: what is wrong, where, and what would be right.

use crate::ids::Text;

/// Why an event was refused. Nothing of it was stored.
#[derive(Debug, thiserror::Error)]
pub enum InvalidEvent {
    #[error("the body is not JSON: line {line}, column {column}: {what}")]
    Malformed {
        line: usize,
        column: usize,
        what: String,
    },
    /// Not a CloudEvent of version 1.0.
    #[error("{0}")]
    NotAnEvent(Complaint),
    #[error("the charter knows no market `{market}`{}", or_nothing(.nearest))]
    UnknownMarket { market: Text, nearest: Option<Text> },
    #[error("the charter knows no event `{kind}`{}", or_nothing(.nearest))]
    UnknownEvent { kind: Text, nearest: Option<Text> },
    /// A CloudEvent, and not what the charter says of this kind.
    #[error("{0}")]
    Unfit(Complaint),
    /// The caller may not say this.
    #[error("{0}")]
    NotYours(Complaint),
    #[error("a batch holds at most {most} events, and this one holds {found}")]
    TooMany { most: usize, found: usize },
}

/// What is wrong with one place of an event.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{what}")]
pub struct Complaint {
    /// A JSON pointer into the structured form, such as `/data/total/amount`; empty for the whole event.
    pub pointer: String,
    /// What is wrong and what would be right.
    pub what: String,
}

impl Complaint {
    pub(super) fn new(pointer: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            what: what.into(),
        }
    }
}

impl InvalidEvent {
    pub(super) fn not_an_event(pointer: &str, what: impl Into<String>) -> Self {
        Self::NotAnEvent(Complaint::new(pointer, what))
    }

    pub(super) fn unfit(pointer: impl Into<String>, what: impl Into<String>) -> Self {
        Self::Unfit(Complaint::new(pointer, what))
    }

    pub(super) fn not_yours(pointer: &str, what: impl Into<String>) -> Self {
        Self::NotYours(Complaint::new(pointer, what))
    }

    pub(super) fn malformed(error: &serde_json::Error) -> Self {
        let text = error.to_string();
        let what = text
            .rfind(" at line ")
            .and_then(|end| text.get(..end))
            .unwrap_or(&text);
        Self::Malformed {
            line: error.line(),
            column: error.column(),
            what: what.to_owned(),
        }
    }

    /// Where it is wrong, as a JSON pointer, if one place is to blame.
    pub fn pointer(&self) -> Option<&str> {
        match self {
            Self::NotAnEvent(complaint) | Self::Unfit(complaint) | Self::NotYours(complaint) => {
                Some(&complaint.pointer)
            }
            Self::UnknownEvent { .. } => Some("/type"),
            Self::Malformed { .. } | Self::UnknownMarket { .. } | Self::TooMany { .. } => None,
        }
    }
}

fn or_nothing(nearest: &Option<Text>) -> String {
    nearest
        .as_ref()
        .map(|name| format!(": did you mean `{name}`?"))
        .unwrap_or_default()
}

/// The known name that is most like `wrong`, if one is like it at all.
pub(super) fn nearest<'a>(wrong: &str, known: impl Iterator<Item = &'a Text>) -> Option<Text> {
    let wrong: String = wrong.chars().take(64).collect();
    known
        .map(|name| (distance(&wrong, name), name))
        .filter(|(far, name)| *far <= 1 + name.chars().count() / 4)
        .min()
        .map(|(_, name)| name.clone())
}

/// How many letters must be changed, added or taken away.
fn distance(from: &str, to: &str) -> usize {
    let mut costs: Vec<usize> = (0..=to.chars().count()).collect();
    for (row, a) in from.chars().enumerate() {
        let mut diagonal = row;
        let mut left = row + 1;
        for (cost, b) in costs.iter_mut().skip(1).zip(to.chars()) {
            let above = *cost;
            let best = (diagonal + usize::from(a != b))
                .min(above + 1)
                .min(left + 1);
            diagonal = above;
            left = best;
            *cost = best;
        }
        if let Some(first) = costs.first_mut() {
            *first = row + 1;
        }
    }
    costs.last().copied().unwrap_or_default()
}
