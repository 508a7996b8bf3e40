//! Collects every `review-by` of the files, with whom to ask.

use crate::charter::Charter;
use crate::charter::file::page::Node;
use crate::charter::file::values;
use crate::charter::review::Review;
use crate::ids::Text;

pub(super) fn read_reviews<'a>(pages: impl Iterator<Item = &'a Node>, charter: &mut Charter) {
    for page in pages {
        collect(page, "", &mut charter.reviews);
    }
}

/// The owner of a table is its own, else that of the table around it.
fn collect(node: &Node, owner: &str, reviews: &mut Vec<Review>) {
    let own = node.entry("owner").and_then(|node| values::text(node).ok());
    let owner = own.as_deref().unwrap_or(owner);
    if let Some(date) = node.entry("review-by")
        && let Ok(by) = values::date(date)
    {
        reviews.push(Review {
            what: Text::new(&node.path),
            place: Text::new(date.place()),
            owner: Text::new(owner),
            by,
        });
    }
    for (_, node) in node.entries() {
        collect(node, owner, reviews);
    }
}
