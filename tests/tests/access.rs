//! Who may see and do what: a token holds its market everywhere, and one table says so of every route (C33).

#[path = "access/customers.rs"]
mod customers;
#[path = "access/disclosures.rs"]
mod disclosures;
#[path = "access/routes.rs"]
mod routes;

use std::collections::BTreeMap;

use kairos::clock::Instant;
use kairos::event::{Markets, Role};
use kairos::ids::Chance;
use kairos::server::{Access, Grant};
use kairos_tests::desk::order;
use kairos_tests::policies::policy;
use kairos_tests::{Answer, Host, Request};
use serde_json::{Value, json};

/// A host that asks for tokens: `shop` speaks as the shop in every market, and for each market and each role there is one, such
/// as `gb customer`; `* customer` is of all markets.
struct Guarded {
    host: Host,
    tokens: BTreeMap<String, String>,
}

impl Guarded {
    fn start() -> Self {
        let mut tokens = BTreeMap::new();
        let host = Host::start(|folder| {
            let file = folder.join("tokens.toml");
            let mut issue = |grant: Grant| {
                let mut chance = Chance::from_system().expect("chance");
                let token = grant.issue(&file, Instant::default(), &mut chance);
                tokens.insert(grant.name.to_string(), token.expect("a token"));
            };
            issue(Grant {
                name: "shop".into(),
                source: Some("shop".into()),
                markets: Markets::All,
                roles: vec![Role::Decide, Role::Consent],
            });
            for market in ["*", "gb", "de"] {
                for role in Role::ALL {
                    issue(Grant {
                        name: format!("{market} {}", role.name()).into(),
                        source: Some("shop".into()),
                        markets: match market {
                            "*" => Markets::All,
                            one => Markets::Some(vec![one.into()]),
                        },
                        roles: vec![role],
                    });
                }
            }
            Access::Tokens(file)
        });
        for market in ["gb", "de"] {
            host.policy(market, &policy(market));
        }
        Self { host, tokens }
    }

    /// Asks with one of the tokens, or with none where it is empty.
    fn ask(&self, token: &str, method: &str, path: &str, body: &Value) -> Answer {
        let ty = match path {
            _ if path.ends_with("/events") => "application/cloudevents+json",
            "/v1/charter" => "application/x-tar",
            _ if path.ends_with("/charter") => "application/toml",
            _ => "application/json",
        };
        let bearer = self
            .tokens
            .get(token)
            .map(|token| format!("Bearer {token}"));
        let mut headers = vec![("content-type", ty)];
        headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
        let body = match body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        self.host.ask(&Request {
            method,
            path,
            headers: &headers,
            body: body.as_bytes(),
        })
    }

    fn get(&self, token: &str, path: &str) -> Answer {
        self.ask(token, "GET", path, &Value::Null)
    }

    /// The shop says something in a market, now.
    fn send(&self, market: &str, mut event: Value) -> Value {
        event["time"] = json!(self.host.node.clock().now().to_string());
        let path = format!("/v1/markets/{market}/events");
        let answer = self.ask("shop", "POST", &path, &event);
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    }

    /// Somebody buys something in a market, and says so much of it that only that market should hear.
    fn buys(&self, market: &str, subject: &str) -> Value {
        let mut bought = order(&format!("{market}-event"), subject, 120);
        bought["source"] = json!(format!("shop/{market}"));
        bought["data"]["order"] = json!(format!("{market}-secret"));
        if market == "de" {
            bought["data"]["de.gift_wrap"] = json!(true);
        }
        self.send(market, bought)
    }

    /// The customer says something of a purpose to one market.
    fn consents(&self, market: &str, subject: &str, purpose: &str, state: &str) {
        let said = json!({ "state": state, "market": market, "proof": format!("{market}-proof") });
        let path = format!("/v1/customers/{subject}/consents/{purpose}");
        let answer = self.ask("shop", "PUT", &path, &said);
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
}
