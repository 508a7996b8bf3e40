//! Who looked at what is known of a customer: recorded before the answer leaves, and listed for whoever may know (C33).

use serde_json::{Value as Json, json};

use crate::clock::Instant;
use crate::encoding;
use crate::event::Markets;
use crate::evidence::disclosure::{Disclosure, Reader, Shown};
use crate::evidence::{Kind, Unreadable};
use crate::ids::{CustomerId, Key, Text};
use crate::node::Node;
use crate::store::Position;
use crate::views::history::{Cursor, Found, PAGE_RECORDS};
use crate::views::look::{Lookup, Unseen};

/// Which of them; what is not said does not matter.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Disclosures {
    /// The customer, and whoever turned out to be them.
    pub customers: Option<Vec<CustomerId>>,
    pub market: Option<Text>,
    /// At or after.
    pub since: Option<Instant>,
    /// Before.
    pub until: Option<Instant>,
}

impl Disclosures {
    fn lets_through(&self, disclosure: &Disclosure) -> bool {
        let Shown { customer, market } = disclosure.shown;
        let own = self.market.as_ref().map(|own| Key::of("market", own));
        let customers = self.customers.as_ref();
        customers.is_none_or(|wanted| wanted.contains(&customer))
            && own.is_none_or(|own| own == market)
            && self.since.is_none_or(|since| disclosure.at >= since)
            && self.until.is_none_or(|until| disclosure.at < until)
    }
}

impl Node {
    /// Records that somebody is shown what is known of a customer; returns once that is durable.
    pub async fn disclose(&self, shown: Shown, reader: &Reader) -> Result<(), Unseen> {
        let at = self.clock().wall();
        self.key_period(shown.period(at))?;
        let mut chance = self.cache().ring().chance();
        let sealed = Disclosure::seal((at, shown), reader, self.cache(), &mut chance);
        let record = encoding::encode(&sealed.map_err(Unreadable::from)?);
        let log = self.store().log();
        let kind = Kind::Disclosure.number();
        let position = log.queue(kind, |bytes| bytes.extend_from_slice(&record))?;
        Ok(log.until_durable(position).await?)
    }

    /// Under which ids a customer was known; `None` where nobody whom these markets ever heard of is known by that name. Reads
    /// the log: not for a thread that serves.
    pub async fn ids_of(
        &self,
        lookup: Lookup,
        markets: &Markets,
    ) -> Result<Option<Vec<CustomerId>>, Unseen> {
        let known = self.known_to(lookup, markets).await?;
        Ok(known.map(|(version, _)| {
            let mut ids = version.value.merged.clone();
            ids.push(version.value.id);
            ids
        }))
    }

    /// A page of who looked, the oldest first; reads only so much, and so may find fewer than there are. Not for a thread that
    /// serves.
    pub fn disclosures(
        &self,
        wanted: &Disclosures,
        (from, at_most): (Cursor, usize),
        is_over: &dyn Fn() -> bool,
    ) -> Result<Found, Unseen> {
        let log = self.store().log();
        let mut found = Found::at(from);
        let records = log.records(from.position.max(log.first()));
        for (number, record) in (0_u64..).zip(records) {
            let (position, record) = record?;
            if found.lines.len() >= at_most || number >= PAGE_RECORDS || is_over() {
                found.is_more = true;
                return Ok(found);
            }
            if record.kind == Kind::Disclosure.number() {
                found
                    .lines
                    .extend(self.line(wanted, position, &record.bytes)?);
            }
            found.next.position = Position::from_u64(position.as_u64() + 1);
        }
        Ok(found)
    }

    /// `None` of what is not wanted, and of what went with the customer or is no longer kept.
    fn line(
        &self,
        wanted: &Disclosures,
        position: Position,
        record: &[u8],
    ) -> Result<Option<Json>, Unseen> {
        let damaged = |source| Unreadable::Damaged {
            part: "disclosure",
            source,
        };
        let disclosure: Disclosure = encoding::decode(record).map_err(damaged)?;
        if !wanted.lets_through(&disclosure) {
            return Ok(None);
        }
        let Reader { by, route } = match disclosure.reader(self.cache()) {
            Err(gone) if gone.is_gone() => return Ok(None),
            reader => reader?,
        };
        let charter = self.charter();
        let market = charter.names.market_keys.get(&disclosure.shown.market);
        Ok(Some(json!({
            "position": position.as_u64(),
            "at": disclosure.at.to_string(),
            "customer": disclosure.shown.customer.to_string(),
            "market": market.map(|market| &charter.markets.at(*market).name),
            "by": by,
            "route": route,
        })))
    }
}
