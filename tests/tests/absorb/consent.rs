//! Consent: given for little, taken back for everything, and measured by the strictest law.

use std::slice;

use kairos::charter::Charter;
use kairos::charter::Residence;
use kairos::clock::Instant;
use kairos::customer::consent::Use;
use kairos::customer::{Consent, Consents, Given};
use kairos::ids::Key;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{at, desk, event, later, lives, says, viewed, why, with};

/// Each customer says what they say, and a page is viewed: what may be sent by mail, or why not.
fn check(market: &str, said: &[Value], expected: &str) {
    let desk = desk();
    desk.at("2010-12-01T12:00:10Z");
    for said in said {
        desk.send(market, said);
    }
    let reply = desk.send(market, &viewed("v-1", "crm:1"));
    let mails = later(&reply).contains(&"offer/email".to_owned());
    let told = match mails {
        true => "sent".to_owned(),
        false => why(&reply, "offer", "email"),
    };
    assert_eq!(told, expected, "{market} {said:?}");
}

#[test]
fn the_law_of_the_market_says_how_much_is_needed() {
    // A23, A33, C22, golden 4: the same words, other countries.
    let de = "consent: `marketing` over `email` is granted, and `confirmed` is needed by law DE: UWG section 7(2) no. 2";
    let granted = says("c-1", "crm:1", "marketing", "granted");
    check("de", slice::from_ref(&granted), de);
    check("gb", slice::from_ref(&granted), "sent");
    check("us", slice::from_ref(&granted), "sent");
    // A country without a law about it: what the purpose itself needs.
    check("ch", &[granted], "sent");
    let soft = says("c-1", "crm:1", "marketing", "soft");
    check("gb", slice::from_ref(&soft), "sent");
    check(
        "ch",
        &[soft],
        "consent: `marketing` over `email` is soft, and `granted` is needed",
    );
    check("us", &[], "sent");
    check("gb", &[], "consent: no consent to `marketing` over `email`");
    let withdrawn = says("c-1", "crm:1", "marketing", "withdrawn");
    check(
        "us",
        &[withdrawn],
        "consent: `marketing` over `email` is withdrawn",
    );
    check(
        "de",
        &[says("c-1", "crm:1", "marketing", "confirmed")],
        "sent",
    );
}

#[test]
fn the_stricter_law_of_market_and_residence_holds() {
    // A33, C22: a German in Britain, somebody of a country that no law here speaks of, and a market that asks for more.
    let german = lives("m-1", "crm:1", json!({ "country": "DE" }));
    let granted = says("c-1", "crm:1", "marketing", "granted");
    check(
        "gb",
        &[german.clone(), granted.clone()],
        "consent: `marketing` over `email` is granted, and `confirmed` is needed by law DE: UWG section 7(2) no. 2",
    );
    check(
        "gb",
        &[german, says("c-1", "crm:1", "marketing", "confirmed")],
        "sent",
    );
    let swiss = lives("m-1", "crm:1", json!({ "country": "CH" }));
    check(
        "gb",
        &[swiss.clone(), says("c-1", "crm:1", "marketing", "soft")],
        "consent: `marketing` over `email` is soft, and `granted` is needed",
    );
    check(
        "us",
        &[swiss],
        "consent: no consent to `marketing` over `email`",
    );
}

#[test]
fn where_the_region_is_not_known_the_strictest_of_all_holds() {
    // C22: Florida asks for a confirmed consent to SMS, the United States for a plain one.
    let desk = desk();
    for (subject, data, expected) in [
        (
            "crm:1",
            json!({}),
            "consent: `marketing` over `sms` is granted, and `confirmed` is needed by law US-FL: FTSA",
        ),
        (
            "crm:2",
            json!({ "country": "US", "region": "US-FL" }),
            "consent: `marketing` over `sms` is granted, and `confirmed` is needed by law US-FL: FTSA",
        ),
        ("crm:3", json!({ "country": "US", "region": "US-CA" }), ""),
        ("crm:4", json!({ "region": "US-NY" }), ""),
    ] {
        desk.send("us", &lives(&format!("m-{subject}"), subject, data));
        desk.send(
            "us",
            &says(&format!("c-{subject}"), subject, "marketing", "granted"),
        );
        let reply = desk.send("us", &viewed(&format!("v-{subject}"), subject));
        assert_eq!(why(&reply, "offer", "sms"), expected, "{subject}");
    }
}

#[test]
fn a_market_may_ask_for_more_than_the_law_and_never_for_less() {
    // C22
    let gb = "market = \"gb\"\ncharter = \"1\"\nowner = \"gb@gifts.example\"\n\n[needs]\nmarketing = \"confirmed\"\n";
    let desk = kairos_tests::desk::Desk::with(&[
        ("charter.toml", crate::CHARTER),
        ("markets/gb.toml", gb),
    ]);
    desk.policy("gb", &crate::guest("gb", &["page_viewed"]).component());
    desk.send("gb", &says("c-1", "crm:1", "marketing", "granted"));
    let reply = desk.send("gb", &viewed("v-1", "crm:1"));
    assert_eq!(
        why(&reply, "offer", "email"),
        "consent: `marketing` over `email` is granted, and `confirmed` is needed in `gb`"
    );
}

#[test]
fn a_consent_counts_for_its_market_and_a_withdrawal_for_all() {
    // A23, C09, D13
    let desk = desk();
    desk.at("2010-12-01T12:00:10Z");
    desk.send("de", &says("c-1", "crm:1", "marketing", "confirmed"));
    let reply = desk.send("gb", &viewed("v-1", "crm:1"));
    assert_eq!(
        why(&reply, "offer", "email"),
        "consent: no consent to `marketing` over `email`"
    );
    let mut both = says("c-2", "crm:1", "marketing", "confirmed");
    both["data"]["markets"] = json!(["gb", "us"]);
    desk.send("de", &both);
    assert!(later(&desk.send("gb", &viewed("v-2", "crm:1"))).contains(&"offer/email".into()));
    desk.at("2010-12-01T12:00:20Z");
    let withdrawn = with(
        says("c-3", "crm:1", "marketing", "withdrawn"),
        "time",
        json!("2010-12-01T12:00:15Z"),
    );
    desk.send("us", &withdrawn);
    for market in ["gb", "de", "us"] {
        let reply = desk.send(market, &viewed(&format!("v-{market}"), "crm:1"));
        assert_eq!(
            why(&reply, "offer", "email"),
            "consent: `marketing` over `email` is withdrawn",
            "{market}"
        );
    }
    let said = desk.customer("crm:1").unwrap()["consents"].clone();
    assert_eq!(
        (&said[0]["market"], &said[0]["brand"], &said[0]["state"]),
        (&Value::Null, &Value::Null, &json!("withdrawn")),
        "{said:#}"
    );
}

#[test]
fn a_consent_names_only_markets_that_there_are_and_keeps_its_words() {
    // A23
    let desk = desk();
    let mut wrong = says("c-1", "crm:1", "marketing", "granted");
    wrong["data"]["markets"] = json!(["gbb"]);
    let error = format!("{:?}", desk.try_send("gb", &wrong).unwrap_err());
    assert!(
        error.contains("the charter knows no market `gbb`: did you mean `gb`?"),
        "{error}"
    );
    let mut said = says("c-2", "crm:1", "marketing", "granted");
    said["data"]["wording"] = json!("2010-11");
    said["data"]["proof"] = json!("form 7");
    desk.send("gb", &said);
    let said = desk.customer("crm:1").unwrap()["consents"][0].clone();
    assert_eq!(
        (&said["wording"], &said["proof"], &said["market"]),
        (&json!("2010-11"), &json!("form 7"), &json!("gb"))
    );
}

#[test]
fn a_consent_expires_where_the_law_says_so() {
    // C22, A23: good for 60 days in Germany, and forever elsewhere.
    let desk = desk();
    let mut said = says("c-1", "crm:1", "marketing", "confirmed");
    said["data"]["markets"] = json!(["gb", "de"]);
    desk.send("de", &said);
    desk.at("2011-01-27T12:00:00Z");
    assert!(later(&desk.send("de", &viewed("v-1", "crm:1"))).contains(&"offer/email".into()));
    desk.at("2011-01-30T12:00:01Z");
    let reply = desk.send("de", &viewed("v-2", "crm:1"));
    assert_eq!(
        why(&reply, "offer", "email"),
        "consent: `marketing` over `email` is expired: confirmed at 2010-12-01T12:00:00Z, which counts for 60d by law DE: UWG section 7(2) no. 2"
    );
    assert_eq!(
        reply["cancelled"][0]["because"], "consent: expired",
        "what waits rests on it too: {reply:#}"
    );
    let id = reply["decisions"][0]["id"].as_str().unwrap();
    let known = desk.decision(id).unwrap()["known"]["readings"].clone();
    assert_eq!(known["consent.marketing.email"]["value"], "expired");
    assert!(later(&desk.send("gb", &viewed("v-3", "crm:1"))).contains(&"offer/email".into()));
    // Said again, it counts again.
    let again = at(
        "2011-01-30T12:00:01Z",
        "c-2",
        "consent.given",
        "crm:1",
        json!({ "purpose": "marketing", "state": "confirmed" }),
    );
    desk.send("de", &again);
    assert!(later(&desk.send("de", &viewed("v-4", "crm:1"))).contains(&"offer/email".into()));
}

#[test]
fn a_later_plain_yes_does_not_unconfirm() {
    let desk = desk();
    desk.at("2010-12-01T12:01:00Z");
    desk.send("de", &says("c-1", "crm:1", "marketing", "confirmed"));
    let later_yes = with(
        says("c-2", "crm:1", "marketing", "granted"),
        "time",
        json!("2010-12-01T12:00:30Z"),
    );
    desk.send("de", &later_yes);
    assert!(later(&desk.send("de", &viewed("v-1", "crm:1"))).contains(&"offer/email".into()));
}

#[test]
fn a_clock_that_runs_ahead_does_not_outlive_a_withdrawal() {
    // D13: given "in three minutes", withdrawn now.
    let desk = desk();
    desk.send(
        "gb",
        &with(
            says("c-1", "crm:1", "marketing", "granted"),
            "time",
            json!("2010-12-01T12:03:00Z"),
        ),
    );
    desk.at("2010-12-01T12:00:01Z");
    desk.send(
        "gb",
        &with(
            says("c-2", "crm:1", "marketing", "withdrawn"),
            "time",
            json!("2010-12-01T12:00:01Z"),
        ),
    );
    let reply = desk.send("gb", &viewed("v-1", "crm:1"));
    assert_eq!(
        why(&reply, "offer", "email"),
        "consent: `marketing` over `email` is withdrawn"
    );
}

#[test]
fn giving_over_no_channel_or_in_no_market_is_refused_and_withdrawing_is_wide() {
    // A23: an empty list is a mistake of the form, not leave for everything.
    let desk = desk();
    for (name, right) in [
        (
            "channels",
            "name at least one, or leave it out for all that the purpose has",
        ),
        (
            "markets",
            "name at least one, or leave it out for the market where it is said",
        ),
    ] {
        let mut said = says(&format!("c-{name}"), "crm:1", "marketing", "granted");
        said["data"][name] = json!([]);
        let error = format!("{:?}", desk.try_send("gb", &said).unwrap_err());
        let what = format!("`data.{name}` of `consent.given` is empty: {right}");
        assert!(error.contains(&what), "{error}");
        assert!(error.contains(&format!("/data/{name}")), "{error}");
    }
    desk.send("gb", &says("c-1", "crm:1", "marketing", "granted"));
    desk.at("2010-12-01T12:00:10Z");
    let mut stop = says("c-2", "crm:1", "marketing", "withdrawn");
    stop["time"] = json!("2010-12-01T12:00:05Z");
    stop["data"]["channels"] = json!([]);
    desk.send("gb", &stop);
    let reply = desk.send("gb", &viewed("v-1", "crm:1"));
    for channel in ["email", "sms"] {
        let expected = format!("consent: `marketing` over `{channel}` is withdrawn");
        assert_eq!(why(&reply, "offer", channel), expected);
    }
}

#[test]
fn what_would_act_after_its_consent_has_expired_is_refused() {
    // C22, A23: good for 60 days in Germany, and the offer acts in three.
    let desk = desk();
    let mut said = says("c-1", "crm:1", "marketing", "confirmed");
    said["data"]["markets"] = json!(["gb", "de"]);
    desk.send("de", &said);
    desk.at("2011-01-27T12:00:01Z");
    let reply = desk.send("de", &viewed("v-1", "crm:1"));
    assert_eq!(
        why(&reply, "offer", "email"),
        "consent: at 2011-01-30T12:00:01Z, when it would act, `marketing` over `email` is expired: confirmed at \
         2010-12-01T12:00:00Z, which counts for 60d by law DE: UWG section 7(2) no. 2"
    );
    assert!(later(&desk.send("gb", &viewed("v-2", "crm:1"))).contains(&"offer/email".into()));
}

#[test]
fn asking_does_not_lift_an_objection() {
    // A23, D13: in the United States and for audiences no consent is needed, so only the objection stands in the way.
    let desk = desk();
    desk.at("2010-12-01T12:00:10Z");
    let said = |id: &str, purpose: &str, state: &str, second: u32| {
        let time = json!(format!("2010-12-01T12:00:0{second}Z"));
        with(says(id, "crm:1", purpose, state), "time", time)
    };
    for purpose in ["marketing", "ads"] {
        desk.send(
            "us",
            &said(&format!("c-{purpose}"), purpose, "withdrawn", 1),
        );
        desk.send(
            "us",
            &said(&format!("r-{purpose}"), purpose, "requested", 2),
        );
    }
    let reply = desk.send("us", &viewed("v-1", "crm:1"));
    let refused = |purpose: &str, channel: &str| {
        format!("consent: `{purpose}` over `{channel}` is withdrawn")
    };
    assert_eq!(why(&reply, "offer", "email"), refused("marketing", "email"));
    assert_eq!(why(&reply, "offer", "sms"), refused("marketing", "sms"));
    assert_eq!(why(&reply, "audience", "net"), refused("ads", "net"));
    desk.send("us", &said("g-1", "marketing", "soft", 3));
    let reply = desk.send("us", &viewed("v-2", "crm:1"));
    assert!(
        later(&reply).contains(&"offer/email".into()),
        "an answer does"
    );
}

#[test]
fn what_no_consent_makes_lawful_is_never_allowed() {
    // C22: `needs = "never"` in a law, whatever the customer says; elsewhere it is the purpose that counts.
    let charter = charter();
    let mut consents = Consents::default();
    for market in ["gb", "de"] {
        let market = charter.markets.at(charter.names.markets[market]);
        consents.say(Consent {
            purpose: Some(Key::of("purpose", "health")),
            channel: None,
            brand: Some(market.brand_key),
            market: Some(market.key),
            state: Given::Confirmed,
            source: Key::of("source", "shop"),
            at: Instant::from_millis(1),
            proof: None,
            wording: None,
        });
    }
    let objection = |market: &str, country: Option<&'static str>| {
        consents.objection(Use {
            charter: &charter,
            market: charter.markets.at(charter.names.markets[market]),
            purpose: charter.names.purposes["health"],
            channel: None,
            residence: Residence::new(country, None),
            now: Instant::from_millis(2),
        })
    };
    let never = Some("`health` is never allowed by law GB: nobody".to_owned());
    assert_eq!(objection("gb", None), never);
    assert_eq!(objection("de", None), None);
    assert_eq!(objection("de", Some("GB")), never);
}

/// One thing that somebody says at some second, in some market.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Said {
    second: u32,
    market: &'static str,
    state: &'static str,
    channel: Option<&'static str>,
}

pub(crate) fn anything() -> impl Strategy<Value = Said> {
    let state = prop::sample::select(vec![
        "granted",
        "confirmed",
        "soft",
        "requested",
        "denied",
        "withdrawn",
    ]);
    let channel = prop::sample::select(vec![None, Some("email"), Some("sms")]);
    (
        0..8u32,
        prop::sample::select(vec!["gb", "de", "us"]),
        state,
        channel,
    )
        .prop_map(|(second, market, state, channel)| Said {
            second,
            market,
            state,
            channel,
        })
}

fn said(number: usize, said: Said) -> Value {
    let mut event = says(&format!("c-{number}"), "crm:1", "marketing", said.state);
    event["time"] = json!(format!("2010-12-01T12:00:0{}Z", said.second));
    if let Some(channel) = said.channel {
        event["data"]["channels"] = json!([channel]);
    }
    event
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, max_shrink_iters: 256, ..ProptestConfig::default() })]

    #[test]
    fn the_order_in_which_statements_arrive_does_not_matter(
        statements in prop::collection::vec(anything(), 1..9),
        seed in any::<u64>(),
    ) {
        // A16, A23: out of order, and the same in the end, to the word.
        let charter = charter();
        let mut shuffled = statements.clone();
        let length = shuffled.len();
        for place in 0..length {
            shuffled.swap(place, (seed as usize).wrapping_mul(place + 7) % length);
        }
        prop_assert_eq!(heard(&charter, &statements), heard(&charter, &shuffled));
    }
}

pub(crate) fn charter() -> Charter {
    let files = [("charter.toml".to_owned(), crate::CHARTER.to_owned())];
    Charter::compile(&files).expect("a charter")
}

/// How every use stands once all of it was heard.
fn heard(charter: &Charter, statements: &[Said]) -> Vec<(bool, Option<String>)> {
    let mut consents = Consents::default();
    for one in statements {
        consents.say(statement(charter, *one, "marketing"));
    }
    let uses = uses(charter, &["marketing"]);
    uses.iter()
        .map(|of| (consents.allow(*of), consents.objection(*of)))
        .collect()
}

/// `all` of a giving is of `ads`: there is no giving of everything.
pub(crate) fn statement(charter: &Charter, one: Said, purpose: &str) -> Consent {
    let state = Given::parse(one.state).unwrap();
    let market = charter.markets.at(charter.names.markets[one.market]);
    let narrow = !state.is_refusal();
    let purpose = match purpose {
        "all" if narrow => Some("ads"),
        "all" => None,
        purpose => Some(purpose),
    };
    Consent {
        purpose: purpose.map(|purpose| Key::of("purpose", purpose)),
        channel: one.channel.map(|channel| Key::of("channel", channel)),
        brand: narrow.then_some(market.brand_key),
        market: narrow.then_some(market.key),
        state,
        source: Key::of("source", "shop"),
        at: Instant::from_millis(i64::from(one.second)),
        proof: None,
        wording: None,
    }
}

pub(crate) fn uses<'a>(charter: &'a Charter, purposes: &[&str]) -> Vec<Use<'a>> {
    let mut uses = Vec::new();
    for market in ["gb", "de", "us", "ch"] {
        for channel in [None, Some("email"), Some("sms")] {
            uses.extend(purposes.iter().map(|purpose| Use {
                charter,
                market: charter.markets.at(charter.names.markets[market]),
                purpose: charter.names.purposes[*purpose],
                channel: channel.map(|channel| charter.names.channels[channel]),
                residence: Residence::default(),
                now: Instant::from_millis(100),
            }));
        }
    }
    uses
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 32, ..ProptestConfig::default() })]

    #[test]
    fn after_a_withdrawal_nothing_is_sent_and_nothing_waits_on_that_consent(
        before in prop::collection::vec(anything(), 0..6),
        views in prop::collection::vec(prop::sample::select(vec!["gb", "de", "us"]), 1..5),
    ) {
        // A23, D13: whatever was said before, and wherever.
        let desk = desk();
        desk.at("2010-12-01T12:00:10Z");
        for (number, one) in before.iter().enumerate() {
            desk.send(one.market, &said(number, *one));
            desk.send(one.market, &viewed(&format!("b-{number}"), "crm:1"));
        }
        let stop = event("stop", "consent.withdrawn", "crm:1", json!({ "purpose": "marketing" }));
        desk.send("gb", &with(stop, "time", json!("2010-12-01T12:00:10Z")));
        let waits = |desk: &kairos_tests::desk::Desk| {
            let pending = desk.customer("crm:1").unwrap()["status"]["pending"].clone();
            let pending = pending.as_array().unwrap().clone();
            pending.iter().filter(|one| one["action"] == "offer").count()
        };
        prop_assert_eq!(waits(&desk), 0);
        for (number, market) in views.iter().enumerate() {
            let reply = desk.send(market, &viewed(&format!("a-{number}"), "crm:1"));
            prop_assert!(later(&reply).iter().all(|action| !action.starts_with("offer")));
        }
        prop_assert_eq!(waits(&desk), 0);
    }
}
