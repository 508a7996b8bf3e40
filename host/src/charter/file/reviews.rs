//! Collects every `review-by` of the files, with whom to ask.

use crate::charter::file::page::{Node, Shape};
use crate::charter::file::values;
use crate::charter::review::Review;
use crate::charter::{Charter, MarketIx, Names};
use crate::ids::Text;

pub(super) fn read_reviews<'a>(pages: impl Iterator<Item = &'a Node>, charter: &mut Charter) {
    let around = Around {
        owner: "",
        market: None,
        names: &charter.names,
    };
    for page in pages {
        collect(page, around, &mut charter.reviews);
    }
}

/// What holds in a table where it says nothing itself.
#[derive(Clone, Copy)]
struct Around<'a> {
    owner: &'a str,
    /// Whose file or deviation it is; `None` for what is central.
    market: Option<MarketIx>,
    names: &'a Names,
}

/// The owner and the market of a table are its own, else those of the table around it.
fn collect(node: &Node, around: Around<'_>, reviews: &mut Vec<Review>) {
    let own = |key: &str| node.entry(key).and_then(|node| values::text(node).ok());
    let owner = own("owner");
    let market = own("market").and_then(|name| around.names.markets.get(&name).copied());
    let around = Around {
        owner: owner.as_deref().unwrap_or(around.owner),
        market: market.or(around.market),
        ..around
    };
    if let Some(date) = node.entry("review-by")
        && let Ok(by) = values::date(date)
    {
        reviews.push(Review {
            what: Text::new(&node.path),
            place: Text::new(date.place()),
            owner: Text::new(around.owner),
            market: around.market,
            by,
        });
    }
    for (_, node) in node.entries() {
        collect(node, around, reviews);
    }
    if let Shape::List(entries) = &node.shape {
        for node in entries {
            collect(node, around, reviews);
        }
    }
}
