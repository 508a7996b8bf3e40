//! The books: lines go in, events come out, and a report that accounts for every line.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::Read;

use crate::event::Event;
use crate::input::{Unreadable, read_lines};
use crate::invoice::Invoice;
use crate::line::{Columns, Line, Unused};
use crate::report::Report;

/// All invoices read so far.
#[derive(Default, Debug)]
pub struct Books {
    invoices: BTreeMap<String, Invoice>,
    inputs: usize,
    report: Report,
}

impl Books {
    /// Enters one input, plain or gzip. The same invoice in a later input is left out and counted.
    pub fn enter(&mut self, name: &str, input: impl Read) -> Result<(), Unreadable> {
        self.inputs += 1;
        let mut columns = None;
        read_lines(name, input, |number, line| {
            if let Some(columns) = &columns {
                self.report.lines += 1;
                if let Err(reason) = self.enter_line(line, columns) {
                    self.report.leave_out(reason, name, number);
                }
                return Ok(());
            }
            columns = Some(first_line(name, line.unwrap_or_default())?);
            Ok(())
        })?;
        match columns {
            Some(_) => Ok(()),
            None => first_line(name, b"").map(drop),
        }
    }

    fn enter_line(&mut self, line: Option<&[u8]>, columns: &Columns) -> Result<(), Unused> {
        let line = Line::read(line.ok_or(Unused::TooLong)?, columns)?;
        match self.invoices.entry(line.invoice.clone()) {
            Entry::Occupied(mut invoice) => invoice.get_mut().add(line, self.inputs),
            Entry::Vacant(place) => {
                place.insert(Invoice::open(line, self.inputs));
                Ok(())
            }
        }
    }

    /// Closes the books: the events by time, then by id, and what became of every line.
    pub fn close(self) -> (Vec<Event>, Report) {
        let mut report = self.report;
        let mut events: Vec<Event> = self.invoices.into_values().map(Event::of).collect();
        events.sort_by(|one, other| (one.time(), one.id()).cmp(&(other.time(), other.id())));
        for event in &events {
            report.count(event);
        }
        (events, report)
    }
}

fn first_line(name: &str, line: &[u8]) -> Result<Columns, Unreadable> {
    Columns::find(line).map_err(|column| Unreadable::NoColumn {
        name: name.to_owned(),
        column,
    })
}

#[cfg(test)]
mod tests;
