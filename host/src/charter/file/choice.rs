//! `markets/<market>.toml`: a market's own choice, which can only narrow what it is granted. Every bound has an order, and
//! what a market ends up with is what both allow.

pub(super) mod channels;
pub(super) mod frames;
pub(super) mod whole;

use crate::charter::Charter;
use crate::charter::caps::Cap;
use crate::charter::file::bounds::read_caps;
use crate::charter::file::deviations::Lines;
use crate::charter::file::fallback;
use crate::charter::file::names::Choice;
use crate::charter::file::order::{Bound, is_looser, shown_cap};
use crate::charter::file::page::{Node, Shape};
use crate::charter::file::reading::Section;
use crate::charter::file::values;
use crate::charter::markets::Market;

/// Whose choice, and which lines it must stay within.
pub(super) struct Narrowing<'a> {
    pub(super) choice: &'a Choice<'a>,
    pub(super) lines: Lines<'a>,
    pub(super) charter: &'a Charter,
    pub(super) era: Era,
}

/// A choice is checked against all deviations of its market, and goes on in what is left as they end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Era {
    /// What would widen is refused; where nothing would be left, the grant stands in, so that one mistake is one complaint.
    Checked,
    /// A deviation has ended: where nothing is left of an action, it is off.
    Later,
}

impl Narrowing<'_> {
    /// Applies the choice to its market, and refuses what would widen the grant.
    pub(super) fn apply(&self, market: &mut Market) {
        let section = &self.choice.section;
        market.written_against = section.required("charter", values::text);
        let owner = section.owner(&self.charter.people);
        if section.has("owner") {
            market.owner = owner;
        }
        self.narrow_whole(market);
        self.narrow_channels(market);
        self.narrow_actions(market);
        fallback::read_settings(self.choice, market);
        fallback::read_fallbacks(self.choice, market, self.charter);
    }

    /// What both the grant and the choice allow, where there is a choice; `None` where nothing is left.
    fn narrowed<B: Bound>(
        &self,
        (section, key): (&Section<'_>, &str),
        path: &[&str],
        granted: B,
        read: impl FnOnce(&Node) -> Result<B, String>,
    ) -> Option<B> {
        let Some(node) = section.node.entry(key) else {
            return Some(granted);
        };
        let chosen = match read(node) {
            Ok(chosen) => chosen,
            Err(wrong) => {
                section.findings.say(node, wrong);
                return Some(granted);
            }
        };
        if !chosen.is_within(&granted) {
            let (wide, bound) = chosen.compared(&granted);
            section.findings.say(node, self.wider(&wide, &bound, path));
            if self.era == Era::Checked {
                return Some(granted);
            }
        }
        chosen.meet(&granted)
    }

    /// The grant's caps and the market's own, none of which may be looser than one of the grant's.
    fn with_caps(&self, section: &Section<'_>, path: &[&str], granted: &mut Vec<Cap>) {
        let Some(node) = section.node.entry("caps") else {
            return;
        };
        let chosen = read_caps(node, section.findings);
        if matches!(&node.shape, Shape::List(entries) if entries.is_empty()) {
            section.findings.say(
                node,
                "is empty: the caps of charter.toml go on holding, so leave it out",
            );
        }
        for cap in &chosen {
            if let Some(granted) = granted.iter().find(|granted| is_looser(cap, granted)) {
                let words = (shown_cap(cap), shown_cap(granted));
                section
                    .findings
                    .say(node, self.wider(&words.0, &words.1, path));
            }
        }
        let new: Vec<Cap> = chosen
            .into_iter()
            .filter(|cap| !granted.contains(cap))
            .collect();
        granted.extend(new);
    }

    /// Says what a choice would widen, and where the charter draws the line.
    fn wider(&self, chosen: &str, granted: &str, path: &[&str]) -> String {
        format!(
            "{chosen} is wider than {granted} in {}: a market can only narrow",
            self.lines.place(path)
        )
    }
}
