//! The markets: who owns each, and which policy decides there.

use serde_json::{Value as Json, json};

use crate::charter::MarketIx;
use crate::era::Era;
use crate::ids::Text;
use crate::node::Node;

impl Node {
    /// Every market, its owner and its live policy.
    pub fn markets(&self) -> Json {
        let era = self.era();
        let markets = era.charter.markets.iter();
        let markets = markets.map(|(index, _)| show_market(&era, index));
        json!({ "charter": era.charter.version, "markets": markets.collect::<Vec<_>>() })
    }

    /// One market, as the list of all shows it; `None` for a name that the charter does not have.
    pub fn market(&self, name: &Text) -> Option<Json> {
        let era = self.era();
        let index = *era.charter.names.markets.get(name)?;
        Some(show_market(&era, index))
    }
}

fn show_market(era: &Era, index: MarketIx) -> Json {
    let charter = &*era.charter;
    let market = charter.markets.at(index);
    let active = era.policies.active(index);
    let moments = market.moments.iter();
    let moments = moments.map(|moment| &charter.moments.at(*moment).name);
    let actions = charter.actions.iter();
    let actions = actions.filter(|(action, _)| market.frame(*action).is_some());
    json!({
        "market": market.name,
        "brand": market.brand,
        "country": market.country,
        "languages": market.languages,
        "time_zone": market.zone.iana_name(),
        "owner": market.owner,
        "on_call": market.on_call,
        "policy": active.map(|active| json!({
            "version": active.version, "name": active.manifest.name, "owner": active.manifest.owner,
            "worst_case": active.manifest.worst_case, "digest": active.digest.to_string() })),
        "moments": moments.collect::<Vec<_>>(),
        "actions": actions.map(|(_, action)| &action.name).collect::<Vec<_>>(),
    })
}
