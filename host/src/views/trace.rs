//! A customer's records, from the latest back to the first: which markets they are of, and what of one a market may see.

use std::collections::BTreeSet;

use crate::cache::{Enough, State, States};
use crate::customer::{Account, Customer, Pending};
use crate::encoding;
use crate::event::Markets;
use crate::evidence::{self, Opened, Unreadable, disclosure::Shown};
use crate::ids::{ActionId, CustomerId, Key};
use crate::keys::Subject;
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

    /// What these markets may see of a record of theirs: of what it cancelled, and of what is no longer kept, only their own.
    pub(super) fn part_of(&self, mut opened: Opened, markets: &Markets) -> Result<Opened, Unseen> {
        if *markets == Markets::All {
            return Ok(opened);
        }
        let charter = self.charter();
        opened.body.noted.faded.retain(|name| {
            let field = charter.names.fields.get(name);
            let market = field.and_then(|field| charter.fields.at(*field).market);
            market.is_none_or(|own| speak_for(markets, charter.markets.at(own).key))
        });
        if !opened.body.cancelled.is_empty() {
            let own = self.waited_in(&opened, markets)?;
            let cancelled = &mut opened.body.cancelled;
            cancelled.retain(|cancelled| own.contains(&cancelled.id));
        }
        Ok(opened)
    }

    /// The actions of these markets that waited before a record, and its own.
    fn waited_in(&self, opened: &Opened, markets: &Markets) -> Result<Vec<ActionId>, Unseen> {
        let decided = opened.body.decisions.iter();
        let actions = decided.flat_map(|decided| &decided.actions);
        let mut own: Vec<ActionId> = actions.map(|action| action.id).collect();
        let States {
            customers,
            accounts,
            ..
        } = &opened.states;
        let customers = customers
            .iter()
            .map(|after| (Subject::Customer(after.id), after.previous));
        let accounts = accounts
            .iter()
            .map(|after| (Subject::Account(after.id), after.previous));
        for (whose, before) in customers.chain(accounts) {
            let Some(before) = before else { continue };
            let waited = self.pending_after(before, whose)?.into_iter();
            let theirs = waited.filter(|pending| speak_for(markets, pending.market));
            own.extend(theirs.map(|pending| pending.id));
        }
        Ok(own)
    }

    /// What of somebody waited after a record; nothing where its states are no longer kept.
    fn pending_after(&self, position: Position, whose: Subject) -> Result<Vec<Pending>, Unseen> {
        let bytes = self.store().log().read(position)?.bytes;
        let (header, states) = evidence::open_outside(&bytes)?;
        let (mut customers, mut accounts) = (states.customers.iter(), states.accounts.iter());
        let closed = match whose {
            Subject::Customer(id) => customers.find(|one| one.id == id).map(|one| &one.state),
            Subject::Account(id) => accounts.find(|one| one.id == id).map(|one| &one.state),
            Subject::Market(_) | Subject::Period(_) => None,
        };
        let Some(closed) = closed else {
            return Ok(Vec::new());
        };
        let state = match evidence::open_state(self.cache(), &header, whose, closed) {
            Err(gone) if gone.is_gone() => return Ok(Vec::new()),
            state => state?,
        };
        let status = match whose {
            Subject::Customer(_) => encoding::decode(&state).map(|one: Customer| one.status),
            _ => encoding::decode(&state).map(|one: Account| one.status),
        };
        let damaged = |source| Unreadable::Damaged {
            part: "states",
            source,
        };
        Ok(status.map_err(damaged)?.pending)
    }
}
