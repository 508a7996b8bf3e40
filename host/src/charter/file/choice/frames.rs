//! What a market chooses of the actions.

use crate::charter::actions::{Delay, Parameter};
use crate::charter::channels::{ChannelIx, Mode};
use crate::charter::file::bounds::{amount, check_delay};
use crate::charter::file::choice::{Era, Narrowing};
use crate::charter::file::order::{Among, AtLeast, AtMost, Between, Lapses, Word};
use crate::charter::file::page::{Node, Shape};
use crate::charter::file::parameters::read_unless;
use crate::charter::file::reading::{Keys, Section, refer};
use crate::charter::file::{actions, typing, values};
use crate::charter::markets::{Frame, Market};
use crate::charter::nearest::did_you_mean;
use crate::charter::table::Index;
use crate::clock::Span;

pub(in crate::charter::file) const ACTION_KEYS: Keys = Keys {
    known: &[
        "channels",
        "delay",
        "lapses",
        "pending",
        "caps",
        "automation",
        "reach",
        "parameters",
    ],
    later: &[],
    central: &[
        "meaning",
        "class",
        "to",
        "purpose",
        "slot",
        "cancel-on",
        "still",
        "approve-within",
        "cost",
        "weight",
        "owner",
    ],
};

pub(in crate::charter::file) const DELAY_KEYS: Keys = Keys {
    known: &["min", "max"],
    later: &[],
    central: &[],
};

pub(in crate::charter::file) const PARAMETER_KEYS: Keys = Keys {
    known: &["between", "one-of", "at-most", "required", "unless"],
    later: &[],
    central: &["type", "unit", "of", "promotion"],
};

impl Narrowing<'_> {
    /// A table of actions, each narrowed; or the list of those that the market takes, the others being off.
    pub(super) fn narrow_actions(&self, market: &mut Market) {
        let findings = self.choice.section.findings;
        let names = &self.charter.names.actions;
        let Some(node) = self.choice.section.node.entry("actions") else {
            return;
        };
        if matches!(node.shape, Shape::List(_)) {
            self.keep_actions(market);
            return;
        }
        for (name, node) in self.choice.section.open_each("actions") {
            let Some(&action) = names.get(name) else {
                let guess = did_you_mean(name, names.keys().map(|name| name.as_str()));
                findings.say(
                    node,
                    format!("`{name}` is not an action of charter.toml{guess}"),
                );
                continue;
            };
            let slot = market.frames.get_mut(usize::from(action.number()));
            let Some(slot) = slot else { continue };
            match slot.take() {
                Some(frame) => *slot = self.narrow_action(name, node, frame),
                None => findings.say(node, self.not_granted(name, "actions")),
            }
        }
    }

    fn keep_actions(&self, market: &mut Market) {
        let kept = self.choice.section.list("actions", |node| {
            let action = refer(node, &self.charter.names.actions, "an action")?;
            match market.frame(action) {
                Some(_) => Ok(action),
                None => Err(self.not_granted(&values::text(node)?, "actions")),
            }
        });
        for ((action, _), frame) in self.charter.actions.iter().zip(&mut market.frames) {
            if !kept.contains(&action) {
                *frame = None;
            }
        }
    }

    pub(super) fn not_granted(&self, name: &str, section: &str) -> String {
        let grant = ["markets", self.choice.name, section];
        format!(
            "`{name}` is not granted to this market by {}",
            self.lines.central.nearest(&grant).place()
        )
    }

    /// `None` where nothing is left of it.
    fn narrow_action(&self, name: &str, node: &Node, mut frame: Frame) -> Option<Frame> {
        let section = Section::open(node, &ACTION_KEYS, self.choice.section.findings);
        let path = |key| ["actions", name, key];
        frame.channels = self.chosen_channels(&section, name, &frame)?;
        frame.delay = self.chosen_delay(&section, name, &frame)?;
        let read = |node: &Node| values::duration(node).map(|lapses| Lapses(Some(lapses)));
        let granted = Lapses(frame.lapses);
        frame.lapses = self
            .narrowed((&section, "lapses"), &path("lapses"), granted, read)?
            .0;
        let read = |node: &Node| values::word(node, actions::PENDING).map(AtLeast);
        let granted = AtLeast(frame.pending);
        frame.pending = self
            .narrowed((&section, "pending"), &path("pending"), granted, read)?
            .0;
        let read = |node: &Node| values::word(node, actions::AUTOMATIONS).map(AtLeast);
        let granted = AtLeast(frame.automation);
        frame.automation = self
            .narrowed((&section, "automation"), &path("automation"), granted, read)?
            .0;
        let read = |node: &Node| amount(node).map(|reach| AtMost(Some(reach)));
        let granted = AtMost(frame.reach);
        frame.reach = self
            .narrowed((&section, "reach"), &path("reach"), granted, read)?
            .0;
        self.with_caps(&section, &path("caps"), &mut frame.caps);
        self.narrow_parameters(&section, name, &mut frame)?;
        Some(frame)
    }

    fn chosen_channels(
        &self,
        section: &Section<'_>,
        name: &str,
        frame: &Frame,
    ) -> Option<Vec<ChannelIx>> {
        let Some(node) = section.node.entry("channels") else {
            return Some(frame.channels.clone());
        };
        let chosen = section.list("channels", |node| {
            let channel = refer(node, &self.charter.names.channels, "a channel")?;
            match frame.channels.contains(&channel) {
                true => Ok(channel),
                false => Err(format!(
                    "{} is not among the channels of {}: a market can only narrow",
                    node.shown(),
                    self.lines.place(&["actions", name, "channels"])
                )),
            }
        });
        if matches!(&node.shape, Shape::List(entries) if entries.is_empty()) {
            section
                .findings
                .say(node, "is empty: name at least one channel, or leave it out");
        }
        let mut kept = frame.channels.clone();
        kept.retain(|channel| chosen.contains(channel));
        match (kept.is_empty(), self.era) {
            (false, _) => Some(kept),
            (true, Era::Checked) => Some(frame.channels.clone()),
            (true, Era::Later) => None,
        }
    }

    fn chosen_delay(&self, section: &Section<'_>, name: &str, frame: &Frame) -> Option<Delay> {
        let Some(node) = section.node.entry("delay") else {
            return Some(frame.delay);
        };
        let section = Section::open(node, &DELAY_KEYS, section.findings);
        let path = |key| ["actions", name, "delay", key];
        let read = |node: &Node| values::delay(node).map(AtLeast);
        let granted = AtLeast(frame.delay.min);
        let min = self
            .narrowed((&section, "min"), &path("min"), granted, read)?
            .0;
        let read = |node: &Node| values::delay(node).map(|max| AtMost(Some(max)));
        let granted = AtMost(frame.delay.max);
        let max = self
            .narrowed((&section, "max"), &path("max"), granted, read)?
            .0;
        let delay = Delay { min, max };
        check_delay(node, delay, section.findings);
        let mut channels = frame
            .channels
            .iter()
            .map(|one| self.charter.channels.at(*one));
        let answers = channels.find(|channel| channel.mode == Mode::Respond);
        if let (true, Some(channel)) = (min > Span::default(), answers) {
            section.findings.say(
                node,
                format!(
                    "is at least `{min}`, and `{}` answers at once",
                    channel.name
                ),
            );
        }
        let is_left = max.is_none_or(|max| min <= max);
        (is_left || self.era == Era::Checked).then_some(delay)
    }

    fn narrow_parameters(
        &self,
        section: &Section<'_>,
        action: &str,
        frame: &mut Frame,
    ) -> Option<()> {
        for (name, node) in section.open_each("parameters") {
            let known = frame.parameters.iter().map(|known| known.name.as_str());
            let guess = did_you_mean(name, known);
            let known = frame.parameters.iter_mut().find(|known| known.name == name);
            match known {
                Some(known) => self.narrow_parameter(action, node, known)?,
                None => section.findings.say(
                    node,
                    format!("`{name}` is not a parameter of `{action}`{guess}"),
                ),
            }
        }
        Some(())
    }

    /// `None` where no value is left for it.
    fn narrow_parameter(&self, action: &str, node: &Node, known: &mut Parameter) -> Option<()> {
        let section = Section::open(node, &PARAMETER_KEYS, self.choice.section.findings);
        let name = known.name.clone();
        let path = |key| ["actions", action, "parameters", name.as_str(), key];
        let ty = known.ty;
        let read = |node: &Node| typing::read_between(node, ty).map(|both| Between(Some(both)));
        let granted = Between(known.between);
        known.between = self
            .narrowed((&section, "between"), &path("between"), granted, read)?
            .0;
        let read = |node: &Node| typing::read_one_of(node, ty).map(|list| Among(Some(list)));
        let one_of = std::mem::take(&mut known.one_of);
        let granted = Among((!one_of.is_empty()).then_some(one_of));
        known.one_of = self
            .narrowed((&section, "one-of"), &path("one-of"), granted, read)?
            .0
            .unwrap_or_default();
        let read = |node: &Node| match typing::is_list(ty) || ty.is_text() {
            true => values::entries(node, usize::MAX).map(|most| AtMost(Some(most))),
            false => typing::read_at_most(node, ty).map(|most| AtMost(Some(most))),
        };
        let granted = AtMost(Some(known.at_most));
        known.at_most = self
            .narrowed((&section, "at-most"), &path("at-most"), granted, read)?
            .0
            .unwrap_or(known.at_most);
        let read = |node: &Node| values::flag(node).map(AtLeast);
        let granted = AtLeast(known.required);
        known.required = self
            .narrowed((&section, "required"), &path("required"), granted, read)?
            .0;
        self.narrow_unless(&section, &path("unless"), known);
        Some(())
    }

    /// A market may add items to avoid where the charter names none.
    fn narrow_unless(&self, section: &Section<'_>, path: &[&str], known: &mut Parameter) {
        let granted = known.unless;
        let chosen = section.optional("unless", |node| {
            let chosen = read_unless(node, known, self.charter)?;
            match granted {
                Some(granted) if granted != chosen => {
                    let granted = &self.charter.items.at(granted).name;
                    Err(self.wider(&node.shown(), &granted.word(), path))
                }
                _ => Ok(chosen),
            }
        });
        known.unless = granted.or(chosen);
    }
}
