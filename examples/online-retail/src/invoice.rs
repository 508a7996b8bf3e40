//! One invoice, gathered from its lines.

use jiff::Timestamp;

use crate::LINES_PER_EVENT;
use crate::line::{Line, Sort, Unused};

/// An order or a cancellation.
#[derive(Debug)]
pub(crate) struct Invoice {
    pub(crate) number: String,
    pub(crate) sort: Sort,
    pub(crate) market: &'static str,
    pub(crate) customer: Option<String>,
    /// Of the earliest line; a few invoices were booked over two minutes.
    pub(crate) time: Timestamp,
    pub(crate) pence: i64,
    pub(crate) skus: Vec<String>,
    /// One for each of `skus`; the same sku may come several times.
    pub(crate) quantities: Vec<u32>,
    /// Which of the inputs it was in.
    pub(crate) input: usize,
}

impl Invoice {
    pub(crate) fn open(line: Line, input: usize) -> Self {
        Self {
            number: line.invoice,
            sort: line.sort,
            market: line.market,
            customer: line.customer,
            time: line.time,
            pence: line.pence,
            skus: vec![line.sku],
            quantities: vec![line.quantity],
            input,
        }
    }

    pub(crate) fn add(&mut self, line: Line, input: usize) -> Result<(), Unused> {
        if self.input != input {
            return Err(Unused::EarlierFile);
        }
        if self.customer != line.customer || self.market != line.market {
            return Err(Unused::OtherCustomer);
        }
        if self.skus.len() == LINES_PER_EVENT {
            return Err(Unused::TooManyLines);
        }
        self.time = self.time.min(line.time);
        self.pence += line.pence;
        self.skus.push(line.sku);
        self.quantities.push(line.quantity);
        Ok(())
    }
}
