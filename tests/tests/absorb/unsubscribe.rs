//! One-click unsubscribe (RFC 8058).

use kairos::operate::{UnsubscribeError, unsubscribe};
use kairos_tests::desk::Desk;
use kairos_tests::{Answer, Host, Request};
use serde_json::{Value, json};

use crate::{desk, order, says, viewed, why, with};

fn link(reply: &Value, channel: &str) -> Option<String> {
    let scheduled = reply["decisions"][0]["scheduled"]
        .as_array()
        .unwrap()
        .clone();
    let action = scheduled.iter().find(|one| one["channel"] == channel)?;
    Some(action["unsubscribe"].as_str()?.to_owned())
}

fn click(desk: &Desk, link: &str) -> Result<bool, UnsubscribeError> {
    let token = link.strip_prefix("/v1/unsubscribe/").unwrap();
    let answered = desk.wait(unsubscribe(desk.core(), token))?;
    Ok(answered.repeated)
}

fn may_write(desk: &Desk, id: &str) -> Vec<String> {
    let reply = desk.send("gb", &viewed(id, "crm:1"));
    ["email", "sms"]
        .iter()
        .map(|channel| why(&reply, "offer", channel))
        .collect()
}

#[test]
fn every_message_that_rests_on_consent_carries_its_own_way_out() {
    // D13
    let desk = desk();
    desk.send("gb", &says("c-1", "crm:1", "marketing", "granted"));
    let reply = desk.send("gb", &viewed("v-1", "crm:1"));
    let (mail, sms) = (link(&reply, "email").unwrap(), link(&reply, "sms").unwrap());
    assert_ne!(mail, sms);
    assert_eq!(link(&reply, "net"), None, "audiences rest on no consent");
    assert_eq!(reply["decisions"][0]["actions"][0].get("unsubscribe"), None);
    assert_eq!(
        desk.send("gb", &viewed("v-1", "crm:1")),
        reply,
        "a repeat has the same link"
    );
}

#[test]
fn one_click_withdraws_what_the_message_rested_on_everywhere_and_what_waits() {
    // A23, D13, golden 1
    let desk = desk();
    desk.send("gb", &says("c-1", "crm:1", "marketing", "granted"));
    let reply = desk.send("gb", &viewed("v-1", "crm:1"));
    desk.at("2010-12-01T12:00:10Z");
    assert!(!click(&desk, &link(&reply, "email").unwrap()).unwrap());
    let customer = desk.customer("crm:1").unwrap();
    let waits: Vec<_> = customer["status"]["pending"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["channel"].clone())
        .collect();
    assert_eq!(waits, ["sms", "net"]);
    let said = customer["consents"]
        .as_array()
        .unwrap()
        .iter()
        .find(|said| said["state"] == "withdrawn")
        .unwrap()
        .clone();
    assert_eq!(
        (
            &said["channel"],
            &said["market"],
            &said["proof"],
            &said["source"]
        ),
        (
            &json!("email"),
            &Value::Null,
            &json!("RFC 8058"),
            &json!("kairos")
        )
    );
    assert_eq!(
        may_write(&desk, "v-2"),
        ["consent: `marketing` over `email` is withdrawn", ""]
    );
}

#[test]
fn a_second_click_changes_nothing_and_one_after_a_new_consent_counts_again() {
    // D13: an old mail's link still works.
    let desk = desk();
    desk.send("gb", &says("c-1", "crm:1", "marketing", "granted"));
    let mail = link(&desk.send("gb", &viewed("v-1", "crm:1")), "email").unwrap();
    desk.at("2010-12-01T12:00:10Z");
    assert!(!click(&desk, &mail).unwrap());
    let before = desk.customer("crm:1").unwrap();
    desk.at("2010-12-01T12:00:20Z");
    let again = click(&desk, &mail);
    assert!(!again.unwrap() || desk.customer("crm:1").unwrap() == before);
    let anew = with(
        says("c-2", "crm:1", "marketing", "granted"),
        "time",
        json!("2010-12-01T12:00:30Z"),
    );
    desk.at("2010-12-01T12:00:40Z");
    desk.send("gb", &anew);
    assert_eq!(may_write(&desk, "v-2"), ["", ""]);
    assert!(!click(&desk, &mail).unwrap());
    assert_eq!(
        may_write(&desk, "v-3"),
        ["consent: `marketing` over `email` is withdrawn", ""]
    );
}

#[test]
fn a_click_after_the_clock_stepped_back_withdraws_all_the_same() {
    // D13: the consent was given later than it is now.
    let desk = desk();
    desk.at("2010-12-01T12:00:40Z");
    let said = says("c-1", "crm:1", "marketing", "granted");
    desk.send("gb", &with(said, "time", json!("2010-12-01T12:00:30Z")));
    let mail = link(&desk.send("gb", &viewed("v-1", "crm:1")), "email").unwrap();
    desk.at("2010-12-01T12:00:10Z");
    assert!(!click(&desk, &mail).unwrap());
    assert_eq!(
        may_write(&desk, "v-2"),
        ["consent: `marketing` over `email` is withdrawn", ""]
    );
}

#[test]
fn the_link_of_a_visitor_works_after_the_login() {
    // C10
    let desk = desk();
    for purpose in ["profiling", "marketing"] {
        desk.send(
            "gb",
            &says(&format!("c-{purpose}"), "visitor:v", purpose, "granted"),
        );
        desk.send(
            "gb",
            &says(&format!("d-{purpose}"), "crm:1", purpose, "granted"),
        );
    }
    let mail = link(&desk.send("gb", &viewed("v-1", "visitor:v")), "email").unwrap();
    desk.send(
        "gb",
        &with(order("o-1", "crm:1", 1), "visitor", json!("visitor:v")),
    );
    desk.at("2010-12-01T12:00:10Z");
    assert_eq!(may_write(&desk, "v-2"), ["", ""]);
    click(&desk, &mail).unwrap();
    assert_eq!(
        may_write(&desk, "v-3"),
        ["consent: `marketing` over `email` is withdrawn", ""]
    );
}

#[test]
fn a_forged_link_withdraws_nothing() {
    let desk = desk();
    desk.send("gb", &says("c-1", "crm:1", "marketing", "granted"));
    let mail = link(&desk.send("gb", &viewed("v-1", "crm:1")), "email").unwrap();
    let place = mail.len() - 50;
    let other = if &mail[place..=place] == "0" {
        "1"
    } else {
        "0"
    };
    let changed = format!("{}{other}{}", &mail[..place], &mail[place + 1..]);
    for bad in [
        changed.as_str(),
        &mail[..mail.len() - 2],
        "/v1/unsubscribe/0",
    ] {
        assert!(
            matches!(click(&desk, bad), Err(UnsubscribeError::Forged)),
            "{bad}"
        );
    }
    let elsewhere = crate::desk();
    assert!(
        matches!(click(&elsewhere, &mail), Err(UnsubscribeError::Forged)),
        "of another host"
    );
    assert_eq!(may_write(&desk, "v-2"), ["", ""]);
}

#[test]
fn over_http_it_is_a_post_and_a_fetch_is_a_page_with_a_button() {
    // RFC 8058: a GET must not unsubscribe, for scanners of mail follow every link.
    let host = Host::with(&[("charter.toml", crate::CHARTER)]);
    host.node
        .load_policy("us", &crate::guest("us", &["page_viewed"]).component())
        .unwrap();
    let mut page = viewed("v-1", "crm:1");
    page.as_object_mut().unwrap().remove("time");
    let mail = link(&host.post("us", &page.to_string()).json(), "email").unwrap();
    let ask = |method: &str, path: &str, kind: &str, body: &str| -> Answer {
        host.ask(&Request {
            method,
            path,
            headers: &[("content-type", kind)],
            body: body.as_bytes(),
        })
    };
    let form = "application/x-www-form-urlencoded";
    let one_click = "List-Unsubscribe=One-Click";
    let page = host.get(&mail);
    assert_eq!(page.status, 200);
    assert!(page.body.contains("<button"), "{}", page.body);
    let forged = ask("POST", "/v1/unsubscribe/00ff", form, one_click);
    assert_eq!(
        forged.told(),
        "404 unknown-link: the link is none of this host's: it was cut short, changed, or made by another host"
    );
    let consents = || host.get("/v1/customers/crm:1").json()["consents"].clone();
    assert_eq!(consents(), json!([]));
    let done = ask("POST", &mail, form, one_click);
    assert_eq!(done.status, 200, "{}", done.body);
    assert_eq!(
        done.json()["withdrawn"],
        json!({ "purpose": "marketing", "channels": ["email"] })
    );
    assert_eq!(consents()[0]["state"], "withdrawn");
    assert_eq!(
        ask("POST", &mail, form, one_click).status,
        200,
        "twice is once"
    );
}
