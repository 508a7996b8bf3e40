//! The golden scenarios, end to end over HTTP: each is a promise that a marketer would recognise.

#[path = "golden/caps.rs"]
mod caps;
#[path = "golden/markets.rs"]
mod markets;
#[path = "golden/signals.rs"]
mod signals;
#[path = "golden/times.rs"]
mod times;
#[path = "golden/unsubscribe.rs"]
mod unsubscribe;

use serde_json::{Value, json};

/// An event of the shop.
fn event(id: &str, kind: &str, (subject, time): (&str, &str), data: Value) -> Value {
    json!({ "specversion": "1.0", "id": id, "source": "shop", "type": kind, "subject": subject, "time": time,
            "channel": "web", "data": data })
}

/// An order over so many pounds.
fn order(id: &str, about: (&str, &str), pounds: u32) -> Value {
    let data = json!({ "order": id, "total": { "amount": format!("{pounds}.00"), "currency": "GBP" },
                       "skus": ["85123A", "71053"], "quantities": [6, 6] });
    event(id, "order.placed", about, data)
}

/// What a customer says about marketing over channels.
fn consent(id: &str, about: (&str, &str), state: &str, channels: &[&str]) -> Value {
    let kind = match state {
        "denied" | "withdrawn" => "consent.withdrawn",
        _ => "consent.given",
    };
    let data = json!({ "purpose": "marketing", "state": state, "channels": channels });
    event(id, kind, about, data)
}

/// Master data, from the CRM.
fn changed(id: &str, about: (&str, &str), data: Value) -> Value {
    let mut changed = event(id, "customer.changed", about, data);
    changed["source"] = json!("crm");
    changed
}

/// The first decision in one line: what acts now, what later, what was refused by which rule.
fn told(reply: &Value) -> String {
    let decision = &reply["decisions"][0];
    let names = |list: &str, rule: &str| {
        let list = decision[list].as_array().cloned().unwrap_or_default();
        let mut names: Vec<String> = list
            .iter()
            .map(|one| {
                let text = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
                let rule = text(rule);
                let colon = if rule.is_empty() { "" } else { ":" };
                format!("{}/{}{colon}{rule}", text("action"), text("channel"))
            })
            .collect();
        names.sort();
        names.join(" ")
    };
    let outcome = decision["outcome"].as_str().unwrap_or("signal");
    let mut line = outcome.to_owned();
    for (word, names) in [
        ("now", names("actions", "")),
        ("later", names("scheduled", "")),
        ("refused", names("refused", "rule")),
    ] {
        if !names.is_empty() {
            line += &format!(", {word} {names}");
        }
    }
    line
}
