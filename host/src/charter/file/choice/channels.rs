//! What a market chooses of the channels.

use crate::charter::channels::{ChannelIx, Mode};
use crate::charter::file::channels::read_slots;
use crate::charter::file::choice::Narrowing;
use crate::charter::file::hours::read_hours;
use crate::charter::file::order::{Among, Open};
use crate::charter::file::page::Node;
use crate::charter::file::reading::{Keys, Section};
use crate::charter::markets::{ChannelFrame, Market};
use crate::charter::nearest::did_you_mean;
use crate::charter::table::Index;

pub(in crate::charter::file) const CHANNEL_KEYS: Keys = Keys {
    known: &["caps", "hours", "slots"],
    later: &[],
    central: &["mode", "class", "connector"],
};

impl Narrowing<'_> {
    pub(super) fn narrow_channels(&self, market: &mut Market) {
        for (name, node) in self.choice.section.open_each("channels") {
            let Some(&channel) = self.charter.names.channels.get(name) else {
                let known = self.charter.names.channels.keys().map(|name| name.as_str());
                let guess = did_you_mean(name, known);
                self.choice.section.findings.say(
                    node,
                    format!("`{name}` is not a channel of charter.toml{guess}"),
                );
                continue;
            };
            let frame = market.channels.get_mut(usize::from(channel.number()));
            let Some(frame) = frame else { continue };
            if self.narrow_channel(channel, node, frame).is_none() {
                close(channel, market);
            }
        }
    }

    /// `None` where nothing is left of it.
    fn narrow_channel(
        &self,
        channel: ChannelIx,
        node: &Node,
        frame: &mut ChannelFrame,
    ) -> Option<()> {
        let section = Section::open(node, &CHANNEL_KEYS, self.choice.section.findings);
        let channel = self.charter.channels.at(channel);
        let path = |key| ["channels", channel.name.as_str(), key];
        self.with_caps(&section, &path("caps"), &mut frame.caps);
        if let (Mode::Respond, Some(node)) = (channel.mode, node.entry("hours")) {
            section.findings.say(
                node,
                "are for `inspire`: somebody waits for a response, whatever the hour",
            );
        }
        let chosen = node
            .entry("hours")
            .and_then(|node| read_hours(node, section.findings));
        if let Some(chosen) = chosen {
            let granted = Open(frame.hours.take());
            let read = |_: &Node| Ok(Open(Some(chosen)));
            let both = self.narrowed((&section, "hours"), &path("hours"), granted, read)?;
            frame.hours = both.0;
        }
        let slots = std::mem::take(&mut frame.slots);
        if slots.is_empty() {
            if let Some(node) = section.node.entry("slots") {
                section.findings.say(
                    node,
                    format!(
                        "names slots, and `{}` has none of its own to choose from",
                        channel.name
                    ),
                );
            }
            return Some(());
        }
        let read = |node: &Node| read_slots(node).map(|slots| Among(Some(slots)));
        let granted = Among(Some(slots));
        let slots = self.narrowed((&section, "slots"), &path("slots"), granted, read)?;
        frame.slots = slots.0.unwrap_or_default();
        Some(())
    }
}

/// Takes the channel from every action; an action without a channel is none.
fn close(channel: ChannelIx, market: &mut Market) {
    for frame in &mut market.frames {
        if let Some(open) = frame {
            open.channels.retain(|one| *one != channel);
            if open.channels.is_empty() {
                *frame = None;
            }
        }
    }
}
