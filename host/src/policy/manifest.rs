//! What a policy says of itself.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::ids::Text;
use crate::limits::{MANIFEST_INPUTS, MANIFEST_MOMENTS, MANIFEST_REASONS, POLICY_TEXT_BYTES};
use crate::policy::Outside;
use crate::value::Kind;

/// The most languages of a reason, channels of an action or actions of a moment.
const NAMES: usize = 64;

/// What a policy is: checked against the charter before it goes live, and enforced ever after.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Manifest {
    pub name: Text,
    pub version: Text,
    pub owner: Text,
    /// The worst that can happen if this logic fails, in plain words.
    pub worst_case: Text,
    pub moments: Vec<Moment>,
    pub reasons: Vec<Reason>,
}

/// One moment that the policy handles, and all that it may know and propose there.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Moment {
    pub name: Text,
    pub data: Vec<Input>,
    pub reads: Vec<Input>,
    pub proposes: Vec<MayPropose>,
}

/// One thing that the policy is given, by position.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Input {
    pub name: Text,
    pub kind: Kind,
    /// Where it is not known, the policy is not asked.
    pub required: bool,
}

/// An action and the channels that it may be proposed for.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct MayPropose {
    pub action: Text,
    pub channels: Vec<Text>,
}

/// Why something was proposed or held.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Reason {
    pub code: Text,
    pub sentences: Vec<Sentence>,
}

/// A reason for people, in one language.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Sentence {
    /// BCP 47.
    pub language: Text,
    pub text: Text,
}

impl Manifest {
    pub fn reason(&self, code: &str) -> Option<&Reason> {
        self.reasons.iter().find(|reason| reason.code == code)
    }

    /// What is wrong with it whatever the charter says.
    pub(super) fn faults(&self) -> Vec<Outside> {
        let mut found = Vec::new();
        // A26: nothing runs without a name to ask.
        for (what, text) in [
            ("name", &self.name),
            ("version", &self.version),
            ("owner", &self.owner),
            ("worst-case", &self.worst_case),
        ] {
            if text.trim().is_empty() {
                found.push(Outside::Empty { what });
            }
            check_length(what, text, &mut found);
        }
        if self.moments.is_empty() {
            found.push(Outside::NoMoment);
        }
        check_count("moments", self.moments.len(), MANIFEST_MOMENTS, &mut found);
        check_count("reasons", self.reasons.len(), MANIFEST_REASONS, &mut found);
        for moment in self.moments.iter().take(MANIFEST_MOMENTS) {
            moment.check(&mut found);
        }
        let mut codes = HashSet::new();
        for reason in self.reasons.iter().take(MANIFEST_REASONS) {
            if !codes.insert(&reason.code) {
                found.push(Outside::ReasonTwice {
                    code: reason.code.clone(),
                });
            }
            reason.check(&mut found);
        }
        found
    }
}

impl Moment {
    fn check(&self, found: &mut Vec<Outside>) {
        check_length("a moment's name", &self.name, found);
        check_count("data of a moment", self.data.len(), MANIFEST_INPUTS, found);
        check_count(
            "reads of a moment",
            self.reads.len(),
            MANIFEST_INPUTS,
            found,
        );
        check_count("actions of a moment", self.proposes.len(), NAMES, found);
        for input in self.data.iter().chain(&self.reads) {
            check_length("an input's name", &input.name, found);
        }
        for inputs in [&self.data, &self.reads] {
            let mut names = HashSet::new();
            for input in inputs {
                if !names.insert(&input.name) {
                    found.push(Outside::InputTwice {
                        moment: self.name.clone(),
                        input: input.name.clone(),
                    });
                }
            }
        }
        let mut actions = HashSet::new();
        for MayPropose { action, channels } in &self.proposes {
            check_length("an action's name", action, found);
            check_count("channels of an action", channels.len(), NAMES, found);
            if !actions.insert(action) {
                found.push(Outside::ActionTwice {
                    moment: self.name.clone(),
                    action: action.clone(),
                });
            }
        }
    }
}

impl Reason {
    fn check(&self, found: &mut Vec<Outside>) {
        if self.code.trim().is_empty() {
            found.push(Outside::Empty { what: "code" });
        }
        check_length("a reason's code", &self.code, found);
        check_count("languages of a reason", self.sentences.len(), NAMES, found);
        if self
            .sentences
            .iter()
            .all(|sentence| sentence.text.trim().is_empty())
        {
            found.push(Outside::ReasonWithoutSentence {
                code: self.code.clone(),
            });
        }
        for sentence in self.sentences.iter().take(NAMES) {
            check_length("a reason's sentence", &sentence.text, found);
            check_length("a reason's language", &sentence.language, found);
        }
    }
}

fn check_length(what: &'static str, text: &str, found: &mut Vec<Outside>) {
    if text.len() > POLICY_TEXT_BYTES {
        found.push(Outside::TooLong {
            what,
            bytes: text.len(),
        });
    }
}

fn check_count(what: &'static str, count: usize, most: usize, found: &mut Vec<Outside>) {
    if count > most {
        found.push(Outside::TooMany { what, count, most });
    }
}
