//! The names of every charter and policy, in the log before the first record that is told with them.

use std::collections::HashSet;

use crate::boundary;
use crate::cache::{self, Note};
use crate::charter::Charter;
use crate::encoding::{self, Names};
use crate::evidence::Kind;
use crate::ids::{Digest, Text};
use crate::keys::Keyring as _;
use crate::node::Node;
use crate::policy::Active;
use crate::store::{Changes, Refused};

/// The names of one table, in the order in which they are told first.
#[derive(Default)]
struct Draft {
    texts: Vec<Text>,
    known: HashSet<Text>,
}

impl Draft {
    fn add(&mut self, texts: impl IntoIterator<Item = Text>) {
        for text in texts {
            if !text.is_empty() && self.known.insert(text.clone()) {
                self.texts.push(text);
            }
        }
    }

    fn of_charter(charter: &Charter) -> Self {
        let mut this = Self::default();
        // The first ones take one byte each, the others two.
        for (_, channel) in charter.channels.iter() {
            this.add([channel.name.clone()]);
        }
        this.add([charter.version.clone()]);
        for (_, action) in charter.actions.iter() {
            this.add([action.name.clone()]);
            this.add(action.slot.clone());
            this.add(action.parameters.iter().map(|one| one.name.clone()));
        }
        for (_, event) in charter.events.iter() {
            this.add([event.name.clone()]);
            this.add(event.data.iter().map(|(_, datum)| datum.name.clone()));
        }
        for (_, market) in charter.markets.iter() {
            this.add([market.name.clone()]);
            this.add(market.languages.iter().cloned());
        }
        this.add(boundary::NAMES.map(Text::new_static));
        for (_, segment) in charter.segments.iter() {
            this.add([Text::from(format!("segment.{}", segment.name))]);
        }
        for (_, stage) in charter.stages.iter() {
            let named = |step: &Text| Text::from(format!("stage.{}={step}", stage.name));
            this.add(stage.steps.iter().map(|step| named(&step.name)));
        }
        this.add(
            charter
                .moments
                .iter()
                .map(|(_, moment)| moment.name.clone()),
        );
        this.add(charter.fields.iter().map(|(_, field)| field.name.clone()));
        this.add(
            charter
                .windows
                .iter()
                .map(|(_, window)| window.name.clone()),
        );
        this.add(charter.items.iter().map(|(_, items)| items.name.clone()));
        this
    }

    /// A policy's own names, and the lists of what it is given at each of its moments.
    fn of_policy(policy: &Active) -> (Self, Vec<Vec<Text>>) {
        let mut this = Self::default();
        let mut lists: Vec<Vec<Text>> = Vec::new();
        this.add([policy.version.clone()]);
        for reason in &policy.manifest.reasons {
            this.add([reason.code.clone()]);
            this.add(reason.sentences.iter().map(|said| said.text.clone()));
        }
        for moment in &policy.manifest.moments {
            for inputs in [&moment.data, &moment.reads] {
                let list: Vec<Text> = inputs.iter().map(|input| input.name.clone()).collect();
                this.add(list.iter().cloned());
                lists.push(list);
            }
        }
        (this, lists)
    }
}

impl Node {
    /// Only for whoever changes what is live, or opens the host: the tables are counted one by one.
    pub(super) fn name_charter(&self, charter: &Charter) -> Result<(), Refused> {
        self.name(charter.digest, || (Draft::of_charter(charter), Vec::new()))
    }

    /// The same for a policy.
    pub(crate) fn name_policy(&self, policy: &Active) -> Result<(), Refused> {
        self.name(policy.digest, || Draft::of_policy(policy))
    }

    fn name(
        &self,
        of: Digest,
        draft: impl FnOnce() -> (Draft, Vec<Vec<Text>>),
    ) -> Result<(), Refused> {
        let dictionary = self.cache.dictionary();
        let known = dictionary.load();
        if known.of(&of).is_some() {
            return Ok(());
        }
        let (Draft { texts, .. }, lists) = draft();
        let names = Names {
            number: known.next(),
            of,
            texts,
            lists,
        };
        let record = encoding::encode(&names);
        let mut view = Changes::default();
        cache::put_names(&mut view, &names, &record);
        let kind = Kind::Names.number();
        self.cache.note(&Note { kind, record, view })?;
        // In this order: what is told with it stands behind it in the log.
        dictionary.add(names);
        Ok(())
    }
}
