//! What an expression reads and costs: which other conditions must be known before it, and which events may change it.

use crate::charter::expression::scope::Named;
use crate::charter::fields::{FieldIx, ItemsIx, WindowIx};
use crate::charter::segments::{SegmentIx, StageIx};

/// The names that an expression reads, each once, besides the data of the event at hand.
#[derive(Debug, Default)]
pub(in crate::charter) struct Inputs {
    pub(in crate::charter) fields: Vec<FieldIx>,
    pub(in crate::charter) windows: Vec<WindowIx>,
    pub(in crate::charter) items: Vec<ItemsIx>,
    pub(in crate::charter) segments: Vec<SegmentIx>,
    pub(in crate::charter) stages: Vec<StageIx>,
    /// Names, literals and operators.
    pub(in crate::charter) nodes: usize,
}

impl Inputs {
    pub(super) fn note(&mut self, named: &Named) {
        match named {
            Named::Datum(..) => {}
            Named::Field(field, _) => once(&mut self.fields, *field),
            Named::Window(window) => once(&mut self.windows, *window),
            Named::Items(items) => once(&mut self.items, *items),
            Named::Segment(segment) => once(&mut self.segments, *segment),
            Named::Stage(stage) => once(&mut self.stages, *stage),
        }
    }

    /// What both read; a stage reads whatever one of its steps does.
    pub(in crate::charter) fn and(mut self, other: Self) -> Self {
        for field in other.fields {
            once(&mut self.fields, field);
        }
        for window in other.windows {
            once(&mut self.windows, window);
        }
        for items in other.items {
            once(&mut self.items, items);
        }
        for segment in other.segments {
            once(&mut self.segments, segment);
        }
        for stage in other.stages {
            once(&mut self.stages, stage);
        }
        self.nodes += other.nodes;
        self
    }
}

fn once<T: PartialEq>(list: &mut Vec<T>, one: T) {
    if !list.contains(&one) {
        list.push(one);
    }
}
