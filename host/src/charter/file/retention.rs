//! How long the evidence can be read: `[retention]`, of the charter and, shorter, of a market.

use crate::charter::file::page::Node;
use crate::charter::file::reading::{Findings, Keys, Section};
use crate::charter::file::values;
use crate::charter::markets::Retention;
use crate::clock::Span;
use crate::keys::Class;

pub(in crate::charter::file) const RETENTION_KEYS: Keys = Keys {
    known: &["decisions", "consents", "states"],
    later: &[],
    central: &[],
};

/// What is kept at all is kept so long at least.
const SHORTEST: Span = Span::from_days(1);

/// The charter's own, which holds for every market.
pub(super) fn read_retention(top: &Section<'_>, findings: &Findings) -> Retention {
    let mut retention = Retention::default();
    if let Some(node) = top.node.entry("retention") {
        let section = Section::open(node, &RETENTION_KEYS, findings);
        for class in Class::ALL {
            *retention.of_mut(class) = section.optional(class.word(), read_kept);
        }
    }
    retention
}

pub(super) fn read_kept(node: &Node) -> Result<Span, String> {
    let kept = values::duration(node)?;
    match kept >= SHORTEST {
        true => Ok(kept),
        false => Err(format!("is `{kept}`: keep it for `{SHORTEST}` at least")),
    }
}
