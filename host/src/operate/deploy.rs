//! Whether a policy that was never live in a market may go live there now: not on definitions that nobody looked at in time,
//! nor beside a deviation that has ended (C03, C30). What was live before may always come back.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use crate::charter::Charter;
use crate::clock::Instant;
use crate::evidence::WentLive;
use crate::ids::{Digest, Text};
use crate::node::live::Unusable;
use crate::node::{Node, kept, switches};
use crate::policy::{self, Active};
use crate::store;

/// What must be put right before a new policy goes live in a market.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("no new policy goes live in market `{market}` until this is put right:{}", lines(.what))]
pub struct Overdue {
    pub market: Text,
    /// One sentence each.
    pub what: Vec<String>,
}

/// Why a policy did not go live.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error(transparent)]
    Refused(#[from] policy::Refused),
    #[error("the policy's file cannot be kept with the evidence")]
    Kept { source: std::io::Error },
    #[error(transparent)]
    Overdue(#[from] Overdue),
    #[error(transparent)]
    Live(#[from] Unusable),
    #[error("the log does not take the policy's record")]
    Log(#[from] store::Refused),
}

/// A market whose policy's file is not what is live.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PolicyGap {
    pub market: Text,
    /// Why the file was not taken, or that there is none.
    pub why: String,
    /// The version that is live instead; `None` where the market has no policy.
    pub live: Option<Text>,
}

impl Node {
    /// Makes live again what was live before in every market that has no policy now, because its file is gone or was refused:
    /// it is kept with the evidence. Returns what became live.
    pub fn restore_policies(&self) -> Vec<PolicyGap> {
        let before = match switches::policies(self.store.view()) {
            Ok(before) => before,
            Err(error) => {
                tracing::error!(%error, "which policies were live before cannot be read");
                return Vec::new();
            }
        };
        let last: BTreeMap<Text, Digest> = before
            .into_iter()
            .map(|live| (live.market, live.digest))
            .collect();
        let mut restored = Vec::new();
        for (market, digest) in last {
            if self.is_orphan(&market) {
                restored.push(self.restore_policy(market, digest));
            }
        }
        restored
    }

    /// Whether the charter has the market, and no policy answers for it.
    fn is_orphan(&self, market: &Text) -> bool {
        let era = self.era();
        let market = era.charter.names.markets.get(market);
        market.is_some_and(|market| era.policies.active(*market).is_none())
    }

    fn restore_policy(&self, market: Text, digest: Digest) -> PolicyGap {
        let taken = kept::read(&self.data, digest)
            .map_err(|source| LoadError::Kept { source })
            .and_then(|wasm| self.load_policy(&market, &wasm));
        let refused = self.policy_gaps.refusal(&market);
        let mut why = refused.unwrap_or_else(|| "its file is not in the folder".to_owned());
        let live = match taken {
            Ok(version) => Some(version),
            Err(error) => {
                why = format!("{why}; and what was live before cannot be had: {error}");
                None
            }
        };
        self.policy_gaps.note(&market, Some(why.clone()));
        PolicyGap { market, why, live }
    }

    /// Notes that a market's file was taken, or why not.
    pub fn note_policy_file(&self, market: &str, refused: Option<String>) {
        if self.charter().names.markets.contains_key(market) {
            self.policy_gaps.note(market, refused);
        }
    }

    /// The markets whose policy's file is not what is live.
    pub fn policy_gaps(&self) -> Vec<PolicyGap> {
        let era = self.era();
        let gap = |(market, why): (Text, String)| {
            let index = era.charter.names.markets.get(&market);
            let active = index.and_then(|index| era.policies.active(*index));
            let live = active.map(|active| active.version.clone());
            PolicyGap { market, why, live }
        };
        self.policy_gaps.all().into_iter().map(gap).collect()
    }

    /// Checks a policy, compiles it and makes it live for its market; on refusal the old one stays. Returns its version.
    pub fn load_policy(&self, market: &str, wasm: &[u8]) -> Result<Text, LoadError> {
        let digest = kept::keep(&self.data, wasm).map_err(|source| LoadError::Kept { source })?;
        let checked = Active::check(&self.engines, market, wasm, &self.charter())?;
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        // While it was compiled the charter may have changed.
        let charter = self.charter();
        let fitted = checked.fitted(&charter)?;
        let version = fitted.version().clone();
        let mut next = live.clone();
        if !live.had(market, digest) {
            check(&charter, market, self.clock.now())?;
            next.remember(market, digest);
            next.write(&self.data)?;
        }
        // INVARIANT: no policy answers before its record is on its way, and what is recorded goes live.
        let went_live = WentLive {
            at: self.clock.wall(),
            digest,
            version: version.clone(),
            market: Text::new(market),
        };
        let recorded = self.name_policy(fitted.active());
        if let Err(refused) = recorded.and_then(|()| self.record_policy(&went_live)) {
            live.write(&self.data)?;
            return Err(refused.into());
        }
        *live = next;
        self.eras.change(
            |era| era.policies = Arc::new(era.policies.with(fitted)),
            |publish| self.cache.publish(publish),
        );
        Ok(version)
    }
}

fn lines(what: &[String]) -> String {
    what.iter().map(|one| format!("\n  {one}")).collect()
}

fn check(charter: &Charter, market: &str, now: Instant) -> Result<(), Overdue> {
    let Some((index, zone)) = charter.names.markets.get(market).map(|index| {
        let market = charter.markets.at(*index);
        (*index, market.zone.clone())
    }) else {
        return Ok(());
    };
    let today = now.timestamp().to_zoned(zone).date();
    let reviews = charter
        .overdue(today)
        .into_iter()
        .filter(|review| review.market.is_none_or(|of| of == index))
        .map(|review| {
            let what = match review.what.as_str() {
                "" | "review-by" => "the charter".to_owned(),
                what => format!("`{what}`"),
            };
            format!(
                "{}: {what} should have been reviewed by {}: `{}` looks at it again and sets the next date",
                review.place,
                review.by,
                charter.reached(&review.owner),
            )
        });
    let deviations = charter
        .expired(today)
        .into_iter()
        .filter(|deviation| deviation.market == index)
        .map(|deviation| {
            format!(
                "{}: the deviation of `{}` ended on {}: take it out, or have it approved anew",
                deviation.place, deviation.what, deviation.expires
            )
        });
    let what: Vec<String> = reviews.chain(deviations).collect();
    match what.is_empty() {
        true => Ok(()),
        false => Err(Overdue {
            market: Text::new(market),
            what,
        }),
    }
}
