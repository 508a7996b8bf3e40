//! A customer's records, from the latest back to the first, and which markets they are of.

use std::collections::BTreeSet;

use crate::cache::{Enough, State};
use crate::customer::Customer;
use crate::event::Markets;
use crate::evidence::{self, disclosure::Shown};
use crate::ids::{CustomerId, Key};
use crate::node::Node;
use crate::store::Position;
use crate::views::Lookup;
use crate::views::look::Unseen;
use crate::views::sight::speak_for;

/// Looks at a record of the log, and says whether that is enough.
type Visitor<'a> = dyn FnMut(Position, &[u8]) -> Result<Enough, Unseen> + 'a;

impl Node {
    /// The customer of that name, once durable; `None` where nobody is known by it, or none of these markets ever heard of
    /// them: a market is told no more of somebody else's customer than of nobody. Where not all markets ask, this reads the log
    /// and is not for a thread that serves.
    pub(super) async fn known_to(
        &self,
        lookup: Lookup,
        markets: &Markets,
    ) -> Result<Option<(State<Customer>, Shown)>, Unseen> {
        let Some(id) = self.who_is(lookup).await? else {
            return Ok(None);
        };
        let Some(version) = self.cache().load::<Customer>(id).await? else {
            return Ok(None);
        };
        let log = self.store().log();
        log.until_durable(version.encoded.position).await?;
        let customer = version.value.id;
        let met = self.met_in(&version, markets).await?;
        Ok(met.map(|market| (version, Shown { customer, market })))
    }

    /// In which of these markets something about the customer was recorded last.
    async fn met_in(
        &self,
        version: &State<Customer>,
        markets: &Markets,
    ) -> Result<Option<Key>, Unseen> {
        let mut met = None;
        for (id, latest) in self.latest_of(version).await? {
            self.trace(id, latest, &mut |_, record| {
                let market = evidence::open_header(record)?.market;
                met = Some(market).filter(|market| speak_for(markets, *market));
                Ok(if met.is_some() {
                    Enough::Yes
                } else {
                    Enough::No
                })
            })?;
            if met.is_some() {
                break;
            }
        }
        // Whoever speaks for all markets sees also who is known from a snapshot alone.
        let charter = self.charter();
        let any = charter.markets.iter().next().map(|(_, market)| market.key);
        Ok(met.or(any.filter(|_| *markets == Markets::All)))
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
        meet: &mut Visitor<'_>,
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
