//! A customer's records, from the latest back to the first, and which markets they are of.

use std::collections::BTreeSet;

use crate::cache::{Enough, State};
use crate::customer::Customer;
use crate::event::Markets;
use crate::evidence;
use crate::ids::CustomerId;
use crate::node::Node;
use crate::store::Position;
use crate::views::Lookup;
use crate::views::look::Unseen;
use crate::views::sight::speak_for;

impl Node {
    /// The customer of that name, once durable; `None` where nobody is known by it, or none of these markets ever heard of
    /// them: a market is told no more of somebody else's customer than of nobody. Where not all markets ask, this reads the log
    /// and is not for a thread that serves.
    pub(super) async fn known_to(
        &self,
        lookup: Lookup,
        markets: &Markets,
    ) -> Result<Option<State<Customer>>, Unseen> {
        let Some(id) = self.who_is(lookup).await? else {
            return Ok(None);
        };
        let Some(version) = self.cache().load::<Customer>(id).await? else {
            return Ok(None);
        };
        let log = self.store().log();
        log.until_durable(version.encoded.position).await?;
        let is_met = *markets == Markets::All || self.has_met(&version, markets).await?;
        Ok(is_met.then_some(version))
    }

    /// Whether something about the customer was recorded in one of these markets.
    async fn has_met(&self, version: &State<Customer>, markets: &Markets) -> Result<bool, Unseen> {
        let mut is_met = false;
        for (id, latest) in self.latest_of(version).await? {
            self.trace(id, latest, &mut |_, record| {
                is_met = speak_for(markets, evidence::open_header(record)?.market);
                Ok(if is_met { Enough::Yes } else { Enough::No })
            })?;
            if is_met {
                break;
            }
        }
        Ok(is_met)
    }

    /// Where every record of a customer is, and of whoever turned out to be them.
    pub(super) async fn records_of(
        &self,
        version: &State<Customer>,
    ) -> Result<BTreeSet<Position>, Unseen> {
        let mut records = BTreeSet::new();
        for (id, latest) in self.latest_of(version).await? {
            self.trace(id, latest, &mut |position, _| {
                records.insert(position);
                Ok(Enough::No)
            })?;
        }
        Ok(records)
    }

    /// The latest record of a customer, and of whoever turned out to be them.
    async fn latest_of(
        &self,
        version: &State<Customer>,
    ) -> Result<Vec<(CustomerId, Position)>, Unseen> {
        let mut latest = vec![(version.value.id, version.encoded.position)];
        for merged in &version.value.merged {
            let other = self.cache().load::<Customer>(*merged).await?;
            latest.extend(other.map(|other| (*merged, other.encoded.position)));
        }
        Ok(latest)
    }

    /// Follows a customer's records back to the first, until there is enough.
    fn trace(
        &self,
        id: CustomerId,
        latest: Position,
        meet: &mut dyn FnMut(Position, &[u8]) -> Result<Enough, Unseen>,
    ) -> Result<(), Unseen> {
        let log = self.store().log();
        let mut next = Some(latest);
        while let Some(position) = next.filter(|position| *position >= log.first()) {
            let bytes = log.read(position)?.bytes;
            if let Enough::Yes = meet(position, &bytes)? {
                return Ok(());
            }
            let (_, states) = evidence::open_outside(&bytes)?;
            let mut after = states.customers.iter();
            next = after
                .find(|after| after.id == id)
                .and_then(|after| after.previous);
        }
        Ok(())
    }
}
