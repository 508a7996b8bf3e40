//! Whether a policy that was never live in a market may go live there now: not on definitions that nobody looked at in time,
//! nor beside a deviation that has ended (C03, C30). What was live before may always come back.

use crate::charter::Charter;
use crate::clock::Instant;
use crate::ids::Text;

/// What must be put right before a new policy goes live in a market.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("no new policy goes live in market `{market}` until this is put right:{}", lines(.what))]
pub struct Overdue {
    pub market: Text,
    /// One sentence each.
    pub what: Vec<String>,
}

fn lines(what: &[String]) -> String {
    what.iter().map(|one| format!("\n  {one}")).collect()
}

pub(super) fn check(charter: &Charter, market: &str, now: Instant) -> Result<(), Overdue> {
    let Some((index, zone)) = charter.names.markets.get(market).map(|index| {
        let market = charter.markets.at(*index);
        (*index, market.zone.clone())
    }) else {
        return Ok(());
    };
    let today = now.timestamp().to_zoned(zone).date();
    let own = format!("markets/{market}.toml:");
    let reviews = charter
        .overdue(today)
        .into_iter()
        .filter(|review| !review.place.starts_with("markets/") || review.place.starts_with(&own))
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
