//! The retention of the evidence (C17): what was written about a market in one month is kept for as long as the charter says,
//! class by class; then the key of that month is destroyed, and nobody can read it any more, wherever copies of it are.

use crate::encoding;
use crate::evidence::{Expired, Kind};
use crate::keys::{Class, Period};
use crate::node::Node;
use crate::operate::RotationError;

impl Node {
    /// Destroys the keys of what has been kept long enough, and records that; returns of which periods. Copies of the keys go
    /// with their epoch. Slow: call it outside of the serving path.
    pub async fn expire(&self) -> Result<Vec<Period>, RotationError> {
        let _turn = self.rotating.lock().await;
        let over = self.over();
        if over.is_empty() {
            return Ok(over);
        }
        if over.iter().any(|period| period.class == Class::States) {
            // INVARIANT: what the log can no longer tell of the newest states stands in a snapshot, should the view be lost.
            self.written().await?;
            self.store.renew_snapshots()?;
        }
        let at = self.clock.wall();
        let record = encoding::encode(&Expired {
            at,
            periods: over.clone(),
            epoch: self.cache.ring().epoch(),
        });
        self.cache
            .expire(Kind::Expire.number(), (&over, at), &record)?;
        self.written().await?;
        for period in &over {
            tracing::info!(
                market = ?period.market,
                class = period.class.word(),
                month = %period.month,
                "is no longer kept: its retention is over"
            );
        }
        Ok(over)
    }

    /// The periods whose retention is over, by the charter now.
    fn over(&self) -> Vec<Period> {
        let (charter, now) = (self.charter(), self.clock.wall());
        let kept = |period: &Period| {
            let market = charter.names.market_keys.get(&period.market);
            let market = market.map(|market| charter.market(*market, now).retention);
            // A market that the charter no longer has is kept by what holds everywhere.
            market.unwrap_or(charter.retention).of(period.class)
        };
        let mut over = self.cache.periods();
        over.retain(|period| kept(period).is_some_and(|kept| period.month.end().plus(kept) <= now));
        over.sort_unstable();
        over
    }
}
