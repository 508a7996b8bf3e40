//! The live charter, for whoever asks: its versions and sections, what should be looked at, and what each market may do.

use serde_json::{Value as Json, json};

use crate::charter::{Charter, Section, effect, people};
use crate::ids::{Digest, Text};
use crate::node::Node;

impl Node {
    /// What a charter that is live says, who approves which part of it, and what each market may do in the end (A33, C20).
    pub fn told(&self, charter: &Charter) -> Json {
        let now = self.clock().now();
        let markets = charter.markets.iter().map(|(index, market)| {
            let name = format!("markets/{}.toml", market.name);
            let own = charter.files.iter().find(|(file, _)| *file == name);
            json!({
                "market": market.name,
                "owner": someone(charter, &market.owner),
                "choice": own.map(|(_, text)| Digest::of(text.as_bytes()).to_string()),
                "in-the-end": effect::of(charter, index, now),
            })
        });
        let today = now.timestamp().to_zoned(jiff::tz::TimeZone::UTC).date();
        let overdue = charter.overdue(today).into_iter().map(|review| {
            json!({
                "what": review.what, "place": review.place, "by": review.by.to_string(),
                "owner": someone(charter, &review.owner),
            })
        });
        let deviations = charter.deviations.iter().map(|one| {
            json!({
                "market": charter.markets.at(one.market).name, "what": one.what, "is": one.is, "why": one.why,
                "approved-by": one.approved_by, "expires": one.expires.to_string(), "place": one.place,
                "ended": one.expires < today,
            })
        });
        json!({
            "version": charter.version,
            "digest": charter.digest.to_string(),
            "owner": someone(charter, &charter.owner),
            "review-by": charter.review_by.map(|date| date.to_string()),
            "overdue": overdue.collect::<Vec<_>>(),
            "sections": Section::WHOLE.map(|section| of_section(charter, section)),
            "deviations": deviations.collect::<Vec<_>>(),
            "markets": markets.collect::<Vec<_>>(),
        })
    }
}

fn of_section(charter: &Charter, section: Section) -> Json {
    let approvers = people::approvers(&charter.approvals, section.word());
    let approvers: Vec<Json> = approvers
        .iter()
        .map(|name| someone(charter, name))
        .collect();
    json!({ "section": section.word(), "approvers": approvers })
}

fn someone(charter: &Charter, name: &Text) -> Json {
    json!({ "name": name, "mail": charter.reached(name) })
}
