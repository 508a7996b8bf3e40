//! What a host answers to a batch, as far as the table and the demo need it.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::ids::Text;

/// The answer to one event of a batch.
#[derive(Deserialize, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    #[serde(default)]
    pub(super) repeated: bool,
    #[serde(default)]
    pub(super) reply: Option<Reply>,
    #[serde(default)]
    pub(super) problem: Option<Problem>,
}

#[derive(Deserialize, Debug)]
pub(super) struct Reply {
    #[serde(default)]
    pub(super) decisions: Vec<Decision>,
}

#[derive(Deserialize, Clone, Debug)]
pub(in crate::cli) struct Decision {
    pub(in crate::cli) id: Text,
    #[serde(default)]
    pub(in crate::cli) moment: Text,
    pub(in crate::cli) outcome: Text,
    #[serde(default)]
    pub(in crate::cli) actions: Vec<Action>,
    #[serde(default)]
    pub(in crate::cli) scheduled: Vec<Action>,
    /// The code of a hold or fallback; only when explained.
    #[serde(default)]
    pub(in crate::cli) reason: Option<Text>,
    /// The same in words; alone where the host held or fell back.
    #[serde(default)]
    pub(in crate::cli) because: Option<Text>,
    /// What the boundary refused; only when explained.
    #[serde(default)]
    pub(in crate::cli) refused: Vec<Refusal>,
}

#[derive(Deserialize, Clone, Debug)]
pub(in crate::cli) struct Action {
    pub(in crate::cli) action: Text,
    #[serde(default)]
    pub(in crate::cli) channel: Text,
    #[serde(default)]
    pub(in crate::cli) parameters: Map<String, Value>,
    #[serde(default)]
    pub(in crate::cli) due: Option<Text>,
}

#[derive(Deserialize, Clone, Debug)]
pub(in crate::cli) struct Refusal {
    #[serde(default)]
    pub(in crate::cli) action: Text,
    #[serde(default)]
    pub(in crate::cli) channel: Text,
    #[serde(default)]
    pub(in crate::cli) rule: Text,
    #[serde(default)]
    pub(in crate::cli) reason: Text,
}

/// A problem of RFC 9457.
#[derive(Deserialize, Default, Clone, Debug)]
pub(super) struct Problem {
    #[serde(default, rename = "type")]
    pub(super) kind: Text,
    #[serde(default)]
    pub(super) title: Text,
    #[serde(default)]
    pub(super) detail: Text,
}

impl Problem {
    /// Reads a response that is a problem; one that is not gives an empty one.
    pub(super) fn read(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }

    /// What to count it under.
    pub(super) fn name(&self) -> &str {
        [&self.kind, &self.title]
            .into_iter()
            .find(|name| !name.is_empty() && *name != "about:blank")
            .map_or("no reason given", Text::as_str)
    }
}
