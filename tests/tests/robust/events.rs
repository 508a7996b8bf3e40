//! The events of these tests, and how they are sent.

use std::sync::LazyLock;

use jiff::Timestamp;
use kairos_tests::Answer;
use serde_json::{Value, json};

use crate::process::Line;

/// When everything happens that has no time of its own: now, so that nothing is late.
static TODAY: LazyLock<String> = LazyLock::new(now);

pub fn now() -> String {
    Timestamp::now().to_string()
}

/// One event, with what is needed to send it once more.
#[derive(Clone, Debug)]
pub struct Event {
    pub market: &'static str,
    pub subject: String,
    /// What the order brings; nothing for other events.
    pub pounds: u64,
    pub body: String,
}

/// An order over so many pounds.
pub fn order(market: &'static str, id: &str, subject: &str, pounds: u64) -> Event {
    let data = json!({ "order": id, "total": { "amount": format!("{pounds}.00"), "currency": "GBP" },
                       "skus": ["85123A", "71053"], "quantities": [6, 6] });
    Event {
        pounds,
        ..event(market, id, "order.placed", (subject, data))
    }
}

pub fn event(market: &'static str, id: &str, kind: &str, about: (&str, Value)) -> Event {
    let (subject, data) = about;
    let body = json!({ "specversion": "1.0", "id": id, "source": "shop", "type": kind, "subject": subject,
                       "time": *TODAY, "channel": "web", "data": data });
    Event {
        market,
        subject: subject.to_owned(),
        pounds: 0,
        body: body.to_string(),
    }
}

/// What a customer says about marketing by mail.
pub fn consent(market: &'static str, id: &str, subject: &str, state: &str) -> Event {
    let kind = match state {
        "withdrawn" => "consent.withdrawn",
        _ => "consent.given",
    };
    let data = json!({ "purpose": "marketing", "state": state, "channels": ["email"] });
    event(market, id, kind, (subject, data))
}

impl Event {
    /// The same, happening now.
    pub fn at_once(mut self) -> Self {
        self.body = self.body.replacen(TODAY.as_str(), &now(), 1);
        self
    }

    pub fn of_account(mut self, account: &str) -> Self {
        let mut body: Value = serde_json::from_str(&self.body).expect("our own JSON");
        body["account"] = account.into();
        self.body = body.to_string();
        self
    }

    pub fn say(&self, line: &mut Line, headers: &[(&str, &str)]) -> std::io::Result<()> {
        let path = format!("/v1/markets/{}/events", self.market);
        let mut all = vec![("content-type", "application/cloudevents+json")];
        all.extend(headers);
        line.say("POST", &path, &all, &self.body)
    }

    pub fn send(&self, line: &mut Line) -> std::io::Result<Answer> {
        self.say(line, &[])?;
        line.hear()
    }

    /// Sends it, and expects the host to take it.
    pub fn must(&self, line: &mut Line) -> Answer {
        let answer = self.send(line).expect("a host that lives");
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer
    }

    /// Sends it, expects the host to take it, and asks for reasons.
    pub fn explained(&self, line: &mut Line) -> Value {
        self.say(line, &[("prefer", "kairos=explain")])
            .expect("a host that lives");
        let answer = line.hear().expect("an answer");
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    }
}

/// Whether an answer is the first one again.
pub fn is_repeated(answer: &Answer) -> bool {
    answer.header("kairos-repeated") == Some("true")
}

/// Where in the log an answer's record is.
pub fn position(answer: &Answer) -> u64 {
    let state = answer.json()["state"].clone();
    let (_, position) = state
        .as_str()
        .and_then(|state| state.split_once('.'))
        .expect("a state");
    position.parse().expect("a position")
}

/// The numbers of splitmix64: the same for the same seed.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}
