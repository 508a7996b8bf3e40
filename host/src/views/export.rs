//! Everything that the host knows of a customer, for the customer: what stands in the state, and every record.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use crate::customer::Customer;
use crate::evidence::{self, Opened};
use crate::ids::CustomerId;
use crate::keys::Subject;
use crate::node::Node;
use crate::store::Position;
use crate::views::Lookup;
use crate::views::look::{Unseen, show_decision, told};

/// The name and version of what is written.
const FORMAT: &str = "kairos-customer-export";
const VERSION: u32 = 1;

impl Node {
    /// Everything that is known of a customer; `None` when nobody is known by that name. Times are in UTC, and positions lead
    /// to the records in the log.
    pub async fn export(&self, lookup: Lookup) -> Result<Option<Json>, Unseen> {
        let Some(id) = self.who_is(lookup).await? else {
            return Ok(None);
        };
        let Some(version) = self.cache().load::<Customer>(id).await? else {
            return Ok(None);
        };
        let mut latest = vec![(id, version.encoded.position)];
        for merged in &version.value.merged {
            let other = self.cache().load::<Customer>(*merged).await?;
            latest.extend(other.map(|other| (*merged, other.encoded.position)));
        }
        self.store()
            .log()
            .until_durable(version.encoded.position)
            .await?;
        let mut records = BTreeSet::new();
        for (id, position) in latest {
            self.trace(id, position, &mut records)?;
        }
        let mut theirs = version.value.merged.clone();
        theirs.push(id);
        let records = records
            .iter()
            .map(|position| self.record(*position, &theirs));
        Ok(Some(json!({
            "format": FORMAT,
            "version": VERSION,
            "exported": self.clock().wall().to_string(),
            "customer": self.show_customer(&version),
            "merged": version.value.merged.iter().map(CustomerId::to_string).collect::<Vec<_>>(),
            "records": records.collect::<Result<Vec<_>, _>>()?,
        })))
    }

    /// Follows a customer's records back to the first.
    fn trace(
        &self,
        id: CustomerId,
        latest: Position,
        records: &mut BTreeSet<Position>,
    ) -> Result<(), Unseen> {
        let mut next = Some(latest);
        while let Some(position) = next {
            if position < self.store().log().first() || !records.insert(position) {
                return Ok(());
            }
            let bytes = self.store().log().read(position)?.bytes;
            let (_, states) = evidence::open_outside(&bytes)?;
            let mut after = states.customers.iter();
            next = after
                .find(|after| after.id == id)
                .and_then(|after| after.previous);
        }
        Ok(())
    }

    fn record(&self, position: Position, theirs: &[CustomerId]) -> Result<Json, Unseen> {
        let bytes = self.store().log().read(position)?.bytes;
        // What somebody else did is theirs to ask for, although a name of this customer went over to them by it.
        if let Subject::Customer(about) = evidence::open_header(&bytes)?.seal.key
            && !theirs.contains(&about)
        {
            return Ok(
                json!({ "position": position.as_u64(), "of": "somebody else", "took": "a name of this customer" }),
            );
        }
        let opened = match evidence::open(&bytes, self.cache()) {
            Err(gone) if gone.is_gone() => {
                return Ok(json!({ "position": position.as_u64(), "gone": gone.to_string() }));
            }
            opened => opened?,
        };
        let Opened { header, body, .. } = &opened;
        let decisions = body.decisions.iter();
        let decisions = decisions.map(|decided| show_decision(&opened, decided));
        Ok(json!({
            "position": position.as_u64(),
            "at": header.at.to_string(),
            "market": body.event.market,
            "event": told(body),
            "decisions": decisions.collect::<Vec<_>>(),
        }))
    }
}
