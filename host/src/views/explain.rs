//! A decision, or an event that nobody was asked about, in plain words.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use crate::event::{EventKey, Markets};
use crate::evidence::explain::{Explainer, Explanation, Texts};
use crate::evidence::{self, DecisionRecord, Opened};
use crate::ids::{DecisionId, Digest, Text};
use crate::node::Node;
use crate::policy::Manifest;
use crate::store::Position;
use crate::views::NoWords;
use crate::views::look::Unseen;

/// What is to be explained.
#[derive(Clone, Debug)]
pub enum Question {
    Decision(DecisionId),
    /// Every decision about an event; that there was none, where there was none.
    Event {
        source: Text,
        id: Text,
    },
}

impl Node {
    /// Explains in the first of `languages` that there are words in; else in the first of the market's. `None` where there is
    /// nothing of that name. Whoever does not speak for all markets is told what these may see of it.
    pub async fn explain(
        self: &Arc<Self>,
        question: &Question,
        languages: &[&str],
        markets: &Markets,
    ) -> Result<Option<Vec<Explanation>>, Unseen> {
        let position = match question {
            Question::Decision(id) => self.cache().decision(*id).await?,
            Question::Event { source, id } => {
                let key = EventKey::of(self.salt(), source, id);
                let earlier = self.cache().event(key, self.clock().wall())?;
                earlier.map(|earlier| earlier.position)
            }
        };
        let Some(position) = position else {
            return Ok(None);
        };
        let opened = self.part_of(self.opened(position).await?, markets)?;
        let charter = self.charter();
        let market = charter.names.markets.get(&opened.body.event.market);
        let own = market.map(|market| &charter.markets.at(*market).languages);
        let own = own.into_iter().flatten().map(Text::as_str);
        let texts = Texts::of(languages.iter().copied().chain(own));
        let words = self.words_of(&opened.body.decisions).await;
        let explain = |decided: &DecisionRecord| {
            let policy = decided.policy.as_ref().map(|policy| policy.digest);
            let words = policy.and_then(|policy| words.get(&policy));
            let sentence = |code: &str, language: &str| match words? {
                Ok(manifest) => sentence(manifest, code, language),
                Err(_) => None,
            };
            let explainer = Explainer {
                texts,
                body: &opened.body,
                sentence: &sentence,
                no_words: words.and_then(|words| {
                    words
                        .as_ref()
                        .err()
                        .map(|why| why as &dyn std::error::Error)
                }),
            };
            explainer.decision(decided)
        };
        let decisions = opened.body.decisions.iter();
        Ok(match question {
            Question::Decision(id) => decisions
                .clone()
                .find(|decided| decided.id == *id)
                .map(|decided| vec![explain(decided)]),
            Question::Event { .. } if opened.body.decisions.is_empty() => {
                let explainer = Explainer {
                    texts,
                    body: &opened.body,
                    sentence: &|_, _| None,
                    no_words: None,
                };
                Some(vec![explainer.signal()])
            }
            Question::Event { .. } => Some(decisions.map(explain).collect()),
        })
    }

    /// What the policies of these decisions mean by their reasons, by digest.
    async fn words_of(
        self: &Arc<Self>,
        decisions: &[DecisionRecord],
    ) -> HashMap<Digest, Result<Arc<Manifest>, NoWords>> {
        let mut words = HashMap::new();
        for policy in decisions.iter().filter_map(|one| one.policy.as_ref()) {
            if let Entry::Vacant(place) = words.entry(policy.digest) {
                place.insert(self.words(policy.digest).await);
            }
        }
        words
    }

    /// The record at a position, once it is durable.
    pub(super) async fn opened(&self, position: Position) -> Result<Opened, Unseen> {
        let log = self.store().log();
        log.until_durable(position).await?;
        Ok(evidence::open(&log.read(position)?.bytes, self.cache())?)
    }
}

/// What a policy means by one of its reasons, in that language; else in the first that it has words in.
fn sentence(manifest: &Manifest, code: &str, language: &str) -> Option<String> {
    let sentences = &manifest.reason(code)?.sentences;
    let base = |text: &str| text.split('-').next().unwrap_or_default().to_owned();
    let own = sentences
        .iter()
        .find(|said| base(&said.language) == base(language));
    Some(own.or(sentences.first())?.text.to_string())
}
