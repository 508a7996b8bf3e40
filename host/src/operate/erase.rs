//! Somebody is erased: in one step nothing leads to them any more, and a proof stays that tells nothing of them.

use crate::cache::{CacheError, CommitError, Erasure, Waiting};
use crate::clock::Instant;
use crate::customer::{Customer, IdentityKey, Named};
use crate::encoding;
use crate::evidence::{Erased, Kind};
use crate::ids::{ActionId, CustomerId, Text};
use crate::node::Node;
use crate::store::{Failed, Position};
use crate::views::Lookup;

/// How often somebody may turn out to be somebody else while we wait in line.
const ATTEMPTS: usize = 16;
/// How often a kill switch or an epoch of the keys may change meanwhile.
const CHANGES: usize = 16;
const WHY: &str = "the customer was erased";

/// What is left: the proof.
#[derive(Clone, PartialEq, Debug)]
pub struct Gone {
    pub proof: Erased,
    pub position: Position,
}

/// Why somebody is not erased; nothing of it happened.
#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    #[error("nobody is known by that name")]
    Unknown,
    #[error("the customer was erased before")]
    Before,
    #[error("too much is under way about the customer: try again")]
    Busy,
    #[error("what is known of the customer cannot be read")]
    Cache(#[from] CacheError),
    #[error("the log does not take the record")]
    Log(#[from] CommitError),
    #[error("the log has failed: nothing is acknowledged any more")]
    Failed(#[from] Failed),
}

impl Node {
    /// Erases a customer and whoever turned out to be them; returns once that is durable. It holds from the next decision on.
    pub async fn erase(&self, lookup: Lookup, by: &str) -> Result<Gone, EraseError> {
        let Some(Named::Customer(mut id)) = lookup.named(&self.cache).await? else {
            return Err(EraseError::Unknown);
        };
        for _ in 0..ATTEMPTS {
            let line = self.cache.line::<Customer>(id).await;
            let Some(state) = self.cache.load_held::<Customer>(&line).await? else {
                return Err(match self.cache.was_erased(id)? {
                    true => EraseError::Before,
                    false => EraseError::Unknown,
                });
            };
            match state.value.merged_into {
                Some(other) => id = other,
                None => {
                    let gone = self.erase_held(&state.value, by).await?;
                    drop(line);
                    self.store.log().until_durable(gone.position).await?;
                    tracing::info!(customer = %id, by, "a customer is erased");
                    return Ok(gone);
                }
            }
        }
        Err(EraseError::Busy)
    }

    /// Whose line is held.
    async fn erase_held(&self, customer: &Customer, by: &str) -> Result<Gone, EraseError> {
        let mut customers = vec![customer.id];
        customers.extend_from_slice(&customer.merged);
        let names: Vec<IdentityKey> = customer.aliases.iter().map(|alias| alias.key).collect();
        let waiting = self.waiting_of(customer).await?;
        for _ in 0..CHANGES {
            let era = self.cache.era();
            let proof = self.proof((&customers, &waiting), by);
            let committed = self.cache.erase(&Erasure {
                kind: Kind::Erase.number(),
                record: &encoding::encode(&proof),
                customers: &customers,
                names: &names,
                waiting: &waiting,
                at: proof.at,
                era,
            });
            match committed {
                Ok(position) => return Ok(Gone { proof, position }),
                Err(CommitError::Outdated) => {}
                Err(refused) => return Err(refused.into()),
            }
        }
        Err(EraseError::Busy)
    }

    fn proof(
        &self,
        (customers, waiting): (&[CustomerId], &[(ActionId, Waiting)]),
        by: &str,
    ) -> Erased {
        let at: Instant = self.clock.wall();
        Erased {
            at,
            by: Text::new(by),
            customers: customers.to_vec(),
            waiting: waiting.to_vec(),
            epoch: self.cache.ring().epoch(),
        }
    }

    /// Actions of theirs that wait for a person, as the index has them from now on.
    async fn waiting_of(
        &self,
        customer: &Customer,
    ) -> Result<Vec<(ActionId, Waiting)>, CacheError> {
        let mut ended = Vec::new();
        let pending = customer.status.pending.iter();
        for pending in pending.filter(|pending| pending.approval.is_some()) {
            if let Some(waiting) = self.cache.waiting(pending.id).await? {
                let because = Some(Text::new_static(WHY));
                ended.push((
                    pending.id,
                    Waiting {
                        ended: because,
                        ..waiting
                    },
                ));
            }
        }
        Ok(ended)
    }
}
