//! An invoice as a CloudEvent.

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::invoice::Invoice;
use crate::line::Sort;

/// A CloudEvent 1.0 about one invoice.
#[derive(Serialize, Debug)]
pub struct Event {
    specversion: &'static str,
    id: String,
    source: String,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    #[serde(serialize_with = "rfc_3339")]
    time: Timestamp,
    channel: &'static str,
    market: &'static str,
    data: Data,
}

#[derive(Serialize, Debug)]
struct Data {
    order: String,
    total: Money,
    skus: Vec<String>,
    quantities: Vec<u32>,
}

#[derive(Serialize, Debug)]
struct Money {
    amount: String,
    currency: &'static str,
}

impl Event {
    pub(crate) fn of(invoice: Invoice) -> Self {
        Self {
            specversion: "1.0",
            id: format!("inv-{}", invoice.number),
            source: format!("shop/{}", invoice.market),
            kind: match invoice.sort {
                Sort::Order => "order.placed",
                Sort::Cancellation => "order.cancelled",
            },
            subject: invoice.customer.map(|number| format!("crm:{number}")),
            time: invoice.time,
            channel: "web",
            market: invoice.market,
            data: Data {
                order: invoice.number,
                total: Money {
                    amount: format!("{}.{:02}", invoice.pence / 100, invoice.pence % 100),
                    currency: "GBP",
                },
                skus: invoice.skus,
                quantities: invoice.quantities,
            },
        }
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn time(&self) -> Timestamp {
        self.time
    }

    /// How many lines of the input became this event.
    pub fn lines(&self) -> usize {
        self.data.skus.len()
    }

    pub fn has_subject(&self) -> bool {
        self.subject.is_some()
    }

    pub fn is_cancellation(&self) -> bool {
        self.kind == "order.cancelled"
    }
}

fn rfc_3339<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(time)
}
