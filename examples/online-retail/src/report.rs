//! What became of every line.

use std::collections::BTreeMap;
use std::fmt;

use comfy_table::{CellAlignment, Table, presets};

use crate::event::Event;
use crate::line::Unused;

/// A line of one of the inputs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    pub input: String,
    pub line: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.input, self.line)
    }
}

/// Lines in and events out; they add up.
#[derive(Default, Debug)]
pub struct Report {
    /// Without the first line of each input, which names the columns.
    pub lines: u64,
    pub lines_of_orders: u64,
    pub lines_of_cancellations: u64,
    /// How many, and where the first of them is.
    pub unused: BTreeMap<Unused, (u64, Place)>,
    pub orders: u64,
    pub cancellations: u64,
    pub without_customer: u64,
}

impl Report {
    pub(crate) fn leave_out(&mut self, reason: Unused, input: &str, line: u64) {
        let (count, _) = self.unused.entry(reason).or_insert_with(|| {
            let place = Place {
                input: input.to_owned(),
                line,
            };
            (0, place)
        });
        *count += 1;
    }

    pub(crate) fn count(&mut self, event: &Event) {
        let lines = event.lines() as u64;
        if event.is_cancellation() {
            self.cancellations += 1;
            self.lines_of_cancellations += lines;
        } else {
            self.orders += 1;
            self.lines_of_orders += lines;
        }
        if !event.has_subject() {
            self.without_customer += 1;
        }
    }

    pub fn lines_not_used(&self) -> u64 {
        self.unused.values().map(|(count, _)| count).sum()
    }

    pub fn adds_up(&self) -> bool {
        self.lines == self.lines_of_orders + self.lines_of_cancellations + self.lines_not_used()
    }

    /// Lines that could not be understood.
    pub fn malformed(&self) -> u64 {
        let counts = self.unused.iter();
        counts
            .filter(|(reason, _)| reason.is_malformed())
            .map(|(_, (count, _))| count)
            .sum()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new();
        table.load_preset(presets::NOTHING);
        let mut row = |what: &str, count: u64, place: String| {
            table.add_row([what.to_owned(), grouped(count), place]);
        };
        row("lines in", self.lines, String::new());
        row("  in orders", self.lines_of_orders, String::new());
        row(
            "  in cancellations",
            self.lines_of_cancellations,
            String::new(),
        );
        row("  not used", self.lines_not_used(), "first".to_owned());
        for (reason, (count, place)) in &self.unused {
            row(&format!("    {reason}"), *count, place.to_string());
        }
        row(
            "events out",
            self.orders + self.cancellations,
            String::new(),
        );
        row("  order.placed", self.orders, String::new());
        row("  order.cancelled", self.cancellations, String::new());
        row(
            "  of these without a customer",
            self.without_customer,
            String::new(),
        );
        if let Some(counts) = table.column_mut(1) {
            counts.set_cell_alignment(CellAlignment::Right);
        }
        table.fmt(f)
    }
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
