//! What a charter says and nothing acts on: right, and worth knowing before somebody relies on it.

use crate::charter::{Action, Charter, Class, Sensitivity, Target};
use crate::ids::Text;

impl Charter {
    /// One line for each word that changes nothing, or not what it seems to.
    pub fn unheeded(&self) -> Vec<String> {
        let words = [
            self.connectors(),
            self.moments_classes(),
            self.personal_fields(),
            self.keys(),
        ];
        let words = words.into_iter().flatten();
        words
            .chain(self.older_choices())
            .chain(self.overheard_insights())
            .collect()
    }

    fn connectors(&self) -> Option<String> {
        let names = self.channels.iter().map(|(_, channel)| &channel.name);
        line(
            "`class` and `connector` of channels",
            names,
            "nothing is delivered, and all channels are served alike",
        )
    }

    fn moments_classes(&self) -> Option<String> {
        let names = self.moments.iter().map(|(_, moment)| &moment.name);
        line(
            "`class` of moments",
            names,
            "all moments are served as fast as they can be",
        )
    }

    fn personal_fields(&self) -> Option<String> {
        let fields = self.fields.iter().map(|(_, field)| field);
        let personal = fields.filter(|field| field.sensitivity == Sensitivity::Personal);
        line(
            "`sensitivity = \"personal\"` of fields",
            personal.map(|field| &field.name),
            "who may read a field follows from its `purpose` alone",
        )
    }

    fn keys(&self) -> Option<String> {
        let markets = self.markets.iter().map(|(_, market)| market);
        let with_keys = markets.filter(|market| !market.keys.is_empty());
        line(
            "`keys` of markets",
            with_keys.map(|market| &market.name),
            "no signature of a policy is asked for",
        )
    }

    /// Choices of markets that were written against another version than this.
    fn older_choices(&self) -> impl Iterator<Item = String> {
        self.markets.iter().filter_map(|(_, market)| {
            let against = market.written_against.as_ref()?;
            (*against != self.version).then(|| {
                format!(
                    "markets/{}.toml: was written against charter `{against}`, and this is `{}`: look at what changed, then \
                     write that there",
                    market.name, self.version
                )
            })
        })
    }

    /// Insights, which need no consent, over channels that reach customers (A39).
    fn overheard_insights(&self) -> impl Iterator<Item = String> {
        let all = || self.actions.iter().map(|(_, action)| action);
        let insights = all().filter(|action| action.class == Class::Insight);
        insights.filter_map(move |insight| {
            let (channel, other) = insight.channels.iter().find_map(|channel| {
                let other = all().find(|other| {
                    reaches_the_customer(other) && other.channels.contains(channel)
                })?;
                Some((self.channels.at(*channel), other))
            })?;
            Some(format!(
                "charter.toml: `actions.{}` is for colleagues and goes over `{}`, over which `actions.{}` reaches customers: give \
                 colleagues a channel of their own",
                insight.name, channel.name, other.name
            ))
        })
    }
}

fn reaches_the_customer(action: &Action) -> bool {
    action.class != Class::Insight && action.to == Target::Customer
}

/// Whose word nothing acts on, and why; `None` where nothing has it.
fn line<'a>(word: &str, names: impl Iterator<Item = &'a Text>, why: &str) -> Option<String> {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    (!names.is_empty()).then(|| {
        format!(
            "charter.toml: nothing acts on {word} ({}) yet: {why}",
            names.join(", ")
        )
    })
}
