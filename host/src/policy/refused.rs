//! Why a policy is not loaded: what is outside of the charter or the contract, and what would be right.

use crate::ids::Text;
use crate::limits::{POLICY_FILE_BYTES, POLICY_TEXT_BYTES};
use crate::policy::Fault;
use crate::value::Kind;

/// Why a policy is not loaded. What was active stays active.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error("the policy has {bytes} bytes, at most {POLICY_FILE_BYTES} are allowed")]
    TooLarge { bytes: u64 },
    #[error("this is not WebAssembly: a policy is the file that `kairos policy build` writes")]
    NotWasm,
    #[error("this is a core module, not a component: `kairos policy build` makes one of it")]
    CoreModule,
    #[error("the component is damaged or cut off, or uses what is switched off here")]
    Damaged(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the component is made of {count} {what}, at most {most} are allowed")]
    TooManyParts {
        what: &'static str,
        count: u32,
        most: u32,
    },
    #[error(
        "the component imports {}: a policy must import nothing; time, chance and all it may know come in as data",
        listed(names)
    )]
    Imports { names: Vec<Text> },
    #[error("the component does not export `{wanted}` but {}", listed(found))]
    NoPolicy {
        wanted: &'static str,
        found: Vec<Text>,
    },
    #[error(
        "the policy is built for `{found}`, newer than this host's `{known}`: upgrade the host, or build with an older SDK"
    )]
    Newer { found: Text, known: &'static str },
    #[error(
        "`{function}` does not have the type of `{interface}`: build with an unchanged interface"
    )]
    WrongType {
        interface: Text,
        function: &'static str,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error(
        "the policy starts with {declared} bytes of memory, the charter allows market `{market}` {allowed}"
    )]
    Memory {
        market: Text,
        declared: u64,
        allowed: usize,
    },
    #[error("the component does not fit into a sandbox")]
    DoesNotFit(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("compiling took more than {seconds} seconds: make the policy smaller")]
    TooSlow { seconds: u64 },
    #[error("the compiler gave up on this component")]
    CompilerFailed(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("it could not be asked what it is")]
    Describe(#[source] Fault),
    #[error("the manifest is outside of the charter: {}", sentences(.0))]
    Manifest(Vec<Outside>),
    #[error("market `{market}` is not in the charter{}", perhaps(near.as_deref()))]
    UnknownMarket { market: Text, near: Option<Text> },
}

/// One thing in a manifest that is wrong or outside of the charter.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Outside {
    #[error("`{what}` is empty: a policy has a name, a version, an owner and a worst case")]
    Empty { what: &'static str },
    #[error("{what} has {bytes} bytes, at most {POLICY_TEXT_BYTES} are allowed")]
    TooLong { what: &'static str, bytes: usize },
    #[error("{count} {what}, at most {most} are allowed")]
    TooMany {
        what: &'static str,
        count: usize,
        most: usize,
    },
    #[error("it handles no moment")]
    NoMoment,
    #[error("moment `{moment}` stands twice")]
    MomentTwice { moment: Text },
    #[error("moment `{moment}` is not in the charter{}", perhaps(near.as_deref()))]
    UnknownMoment { moment: Text, near: Option<Text> },
    #[error(
        "moment `{moment}` is not granted to market `{market}`, only {}",
        listed(granted)
    )]
    MomentNotGranted {
        moment: Text,
        market: Text,
        granted: Vec<Text>,
    },
    #[error("moment `{moment}` asks for `{input}` twice")]
    InputTwice { moment: Text, input: Text },
    #[error("moment `{moment}`: event `{event}` has no datum `{input}`{}", perhaps(near.as_deref()))]
    UnknownDatum {
        moment: Text,
        event: Text,
        input: Text,
        near: Option<Text>,
    },
    #[error("moment `{moment}`: `{input}` is nothing that the charter knows{}", perhaps(near.as_deref()))]
    UnknownReading {
        moment: Text,
        input: Text,
        near: Option<Text>,
    },
    #[error("moment `{moment}`: `{input}` belongs to market `{market}` alone")]
    OtherMarkets {
        moment: Text,
        input: Text,
        market: Text,
    },
    #[error("moment `{moment}`: `{input}` is looked up by {wanted}, but `{datum}` is {found}")]
    WrongItem {
        moment: Text,
        input: Text,
        datum: Text,
        wanted: Text,
        found: Text,
    },
    #[error("moment `{moment}`: `{input}` is declared as {declared}, the charter says {right}")]
    WrongKind {
        moment: Text,
        input: Text,
        declared: Kind,
        right: Kind,
    },
    #[error("moment `{moment}` proposes `{action}` twice")]
    ActionTwice { moment: Text, action: Text },
    #[error("moment `{moment}`: action `{action}` is not in the charter{}", perhaps(near.as_deref()))]
    UnknownAction {
        moment: Text,
        action: Text,
        near: Option<Text>,
    },
    #[error("moment `{moment}`: action `{action}` is not granted to market `{market}`")]
    ActionNotGranted {
        moment: Text,
        action: Text,
        market: Text,
    },
    #[error(
        "moment `{moment}`: action `{action}` names no channel, {} are possible",
        listed(possible)
    )]
    NoChannel {
        moment: Text,
        action: Text,
        possible: Vec<Text>,
    },
    #[error(
        "moment `{moment}`: action `{action}` may not use channel `{channel}` here, only {}",
        listed(possible)
    )]
    ChannelNotGranted {
        moment: Text,
        action: Text,
        channel: Text,
        possible: Vec<Text>,
    },
    #[error("reason `{code}` stands twice")]
    ReasonTwice { code: Text },
    #[error("reason `{code}` has no sentence for people")]
    ReasonWithoutSentence { code: Text },
}

fn listed(names: &[Text]) -> String {
    const SHOWN: usize = 8;
    if names.is_empty() {
        return "nothing".to_owned();
    }
    let shown: Vec<_> = names
        .iter()
        .take(SHOWN)
        .map(|name| format!("`{name}`"))
        .collect();
    let rest = names.len().saturating_sub(SHOWN);
    match rest {
        0 => shown.join(", "),
        _ => format!("{} and {rest} more", shown.join(", ")),
    }
}

fn sentences(outside: &[Outside]) -> String {
    let each: Vec<_> = outside.iter().map(Outside::to_string).collect();
    each.join("; ")
}

fn perhaps(near: Option<&str>) -> String {
    near.map_or_else(String::new, |near| format!(": did you mean `{near}`?"))
}
