//! How an action waits: what the caller hears, what counts meanwhile, what of an account waits.

use kairos_tests::desk::{consent, event};
use kairos_tests::office::{self, banner, order, policy, proposal, voucher};
use serde_json::json;

use crate::{approve, pending, reject, text, waiting, with_voucher};

#[test]
fn an_action_that_waits_is_shown_apart() {
    // A28: a shop must not take it for something that will happen.
    let desk = office::desk();
    desk.policy("gb", &policy(&[banner(5), voucher(500)]));
    desk.send("gb", &consent("c-1", "crm:1", "granted"));
    let reply = desk.send("gb", &order("o-1", "crm:1"));
    let decision = &reply["decisions"][0];
    assert_eq!(decision["actions"][0]["action"], "banner");
    assert_eq!(decision["scheduled"], json!([]));
    let waits = &decision["waiting"][0];
    assert_eq!(
        (&waits["action"], &waits["approve_until"], &waits["due"]),
        (
            &json!("voucher"),
            &json!("2010-12-03T12:00:00Z"),
            &json!("2010-12-02T12:00:00Z")
        )
    );
    let until = Some("2010-12-03T12:00:00Z".to_owned());
    assert_eq!(pending(&desk), [("voucher".to_owned(), until)]);
    let without = desk.send("gb", &order("o-2", "crm:2"));
    assert_eq!(without["decisions"][0].get("waiting"), None);
}

#[test]
fn an_action_for_an_account_waits_with_the_account() {
    // A28, A39
    let desk = office::desk();
    desk.policy("gb", &policy(&[proposal("insight", "sales", &[])]));
    let mut bought = order("o-1", "crm:1");
    bought["account"] = json!("company:77");
    let reply = desk.send("gb", &bought);
    let id = text(&reply["decisions"][0]["waiting"][0]["id"]);
    assert_eq!(waiting(&desk), std::slice::from_ref(&id));
    let desk = desk.restart();
    assert_eq!(
        approve(&desk, &id),
        "insight approved by ann, due 2010-12-01T12:00:00Z"
    );
    assert_eq!(waiting(&desk), [""; 0]);
    assert_eq!(pending(&desk), [], "nothing waits for the person");
}

#[test]
fn what_was_rejected_leaves_room_for_the_next() {
    // A21, A28: what waits counts against caps, what was rejected does not.
    let once =
        "approve-within = \"2d\"\nreach          = 2\ncaps = [{ at-most = 1, per = \"7d\" }]";
    let desk = office::desk_with("approve-within = \"2d\"\nreach          = 2", once);
    desk.policy(
        "gb",
        &policy(&[office::proposal("voucher", "email", &[("amount", 500)])]),
    );
    desk.send("gb", &consent("c-1", "crm:1", "granted"));
    let first = desk.send("gb", &order("o-1", "crm:1"));
    let id = text(&first["decisions"][0]["waiting"][0]["id"]);
    assert_eq!(reject(&desk, &id), "voucher rejected by bo: too much");
    let second = desk.send("gb", &order("o-2", "crm:1"));
    let id = text(&second["decisions"][0]["waiting"][0]["id"]);
    assert!(
        approve(&desk, &id).contains("approved by ann"),
        "it does not count against itself"
    );
}

#[test]
fn a_page_holds_what_still_waits_and_no_more() {
    // A28
    let (desk, first) = with_voucher();
    for number in 2..=5 {
        let subject = format!("crm:{number}");
        desk.send("gb", &consent(&format!("c-{number}"), &subject, "granted"));
        desk.send("gb", &order(&format!("o-{number}"), &subject));
    }
    let all = waiting(&desk);
    assert_eq!((all.len(), &all[0]), (5, &first));
    reject(&desk, &all[1]);
    desk.send(
        "gb",
        &event("x-1", "order.cancelled", "crm:4", json!({ "order": "o-4" })),
    );
    let left = [&all[0], &all[2], &all[4]].map(Clone::clone);
    assert_eq!(waiting(&desk), left);
    let desk = desk.restart();
    assert_eq!(waiting(&desk), left);
    approve(&desk, &all[4]);
    assert_eq!(
        waiting(&desk),
        left[..2],
        "what is newer than the view counts"
    );
    let page = kairos::views::Page {
        markets: None,
        after: None,
        at_most: 1,
    };
    let one = desk.wait(desk.node.approvals(page.clone())).unwrap();
    assert_eq!(
        (&one["approvals"][0]["id"], &one["next"]),
        (&json!(all[0]), &json!(all[0]))
    );
    let after = kairos::ids::ActionId::parse(&all[0]);
    let two = desk
        .wait(desk.node.approvals(kairos::views::Page { after, ..page }))
        .unwrap();
    assert_eq!(
        (&two["approvals"][0]["id"], &two["next"]),
        (&json!(all[2]), &json!(null))
    );
}
