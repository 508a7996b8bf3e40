//! Named groups and named steps: conditions that mean the same in every market. Entering and leaving is an event.

use crate::charter::actions::Class;
use crate::charter::consent::PurposeIx;
use crate::charter::expression::Condition;
use crate::charter::fields::Per;
use crate::charter::table::index;
use crate::ids::{Key, Text};

index! {
    /// One of the charter's segments.
    SegmentIx
}
index! {
    /// One of the charter's stages.
    StageIx
}

/// The most segments and stages together.
pub const MEMBERSHIPS: usize = 1_000;
/// The most names, literals and operators of all segments and stages that one event may change: what evaluating them costs.
pub const MEMBERSHIP_NODES: usize = 10_000;

/// A segment or a stage: what follows from what is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Membership {
    Segment(SegmentIx),
    Stage(StageIx),
}

/// A group of customers or accounts, read as `segment.<name>`.
#[derive(Debug)]
pub struct Segment {
    pub name: Text,
    pub key: Key,
    pub is: Condition,
    pub per: Per,
    /// Of everything that it follows from, each once: it is withheld where one of them is.
    pub purposes: Vec<PurposeIx>,
    pub meaning: Text,
    pub owner: Text,
}

/// A ladder of steps, the first that holds; read as `stage.<name>`.
#[derive(Debug)]
pub struct Stage {
    pub name: Text,
    pub key: Key,
    pub steps: Vec<Step>,
    pub per: Per,
    pub purposes: Vec<PurposeIx>,
    pub meaning: Text,
    pub owner: Text,
}

/// One step of a stage.
#[derive(Debug)]
pub struct Step {
    pub name: Text,
    pub key: Key,
    pub when: Condition,
}

/// What keeps whole classes of messages back while it holds (B19, D01).
#[derive(Debug)]
pub struct Suppression {
    pub name: Text,
    pub when: Condition,
    pub refuses: Vec<Class>,
    /// In words for a marketer.
    pub reason: Text,
    pub owner: Text,
}
