//! Actions that wait for a person: nobody else decides about them, and what was approved passes every rule once more.

use clap::Parser;
use kairos::cli::{Ending, Kairos};
use kairos::clock::{Instant, Span};
use kairos::decide::{Approval, Judgement};
use kairos::event::{Caller, Markets, Role, Voice};
use kairos::ids::ActionId;
use kairos::operate::{ApprovalResult, Fate, SettleError, settle};
use kairos::policy::{Proposal, Timing};
use kairos::views::Page;
use kairos_tests::desk::{Desk, consent, event};
use kairos_tests::office::{self, banner, order, policy, voucher};
use serde_json::{Value, json};

#[path = "approvals/doors.rs"]
mod doors;
#[path = "approvals/wait.rs"]
mod wait;

/// A person with the role, for all markets.
fn approver(name: &str) -> Caller {
    Caller {
        name: name.into(),
        roles: [Role::Approve].into_iter().collect(),
        markets: Markets::All,
        voice: Voice::None,
    }
}

fn judged(id: &str, verdict: Approval, reason: &str) -> Judgement {
    Judgement {
        action: ActionId::parse(id).expect("an id"),
        verdict,
        reason: reason.into(),
    }
}

/// What came of a person's decision, in one line.
fn told(desk: &Desk, by: &Caller, judged: &Judgement) -> String {
    let settled = desk.wait(settle(desk.core(), by, judged));
    match settled {
        Ok(settled) => shown(&settled),
        Err(refused) => refused.to_string(),
    }
}

fn shown(settled: &ApprovalResult) -> String {
    let ApprovalResult { name, by, .. } = settled;
    let again = if settled.repeated { ", again" } else { "" };
    match &settled.fate {
        Fate::Approved { .. } => {
            let due = settled.due().expect("a time");
            format!("{name} approved by {by}, due {due}{again}")
        }
        Fate::Rejected => format!("{name} rejected by {by}: {}{again}", settled.reason),
        Fate::Dropped { rule, why } => format!("{name} dropped by {rule}: {why}{again}"),
    }
}

fn approve(desk: &Desk, id: &str) -> String {
    told(
        desk,
        &approver("ann"),
        &judged(id, Approval::Approve, "agreed"),
    )
}

fn reject(desk: &Desk, id: &str) -> String {
    told(
        desk,
        &approver("bo"),
        &judged(id, Approval::Reject, "too much"),
    )
}

/// The ids of what waits, in its order.
fn waiting(desk: &Desk) -> Vec<String> {
    let page = Page {
        markets: None,
        after: None,
        at_most: 100,
    };
    let page = desk.wait(desk.node.approvals(page)).expect("a page");
    let list = page["approvals"].as_array().expect("a list");
    list.iter().map(|one| text(&one["id"])).collect()
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// A host on which an order brings a voucher that waits; the customer allowed it. Returns the voucher's id too.
fn with_voucher() -> (Desk, String) {
    let desk = office::desk();
    desk.policy("gb", &policy(&[voucher(500)]));
    desk.send("gb", &consent("c-1", "crm:1", "granted"));
    let reply = desk.send("gb", &order("o-1", "crm:1"));
    let id = text(&reply["decisions"][0]["waiting"][0]["id"]);
    (desk, id)
}

/// What is pending for a customer: action, and until when somebody must approve it.
fn pending(desk: &Desk) -> Vec<(String, Option<String>)> {
    let customer = desk.customer("crm:1").expect("a customer");
    let pending = customer["status"]["pending"].as_array().expect("a list");
    let one = |one: &Value| {
        let until = one["approve_until"].as_str().map(str::to_owned);
        (text(&one["action"]), until)
    };
    pending.iter().map(one).collect()
}

#[test]
fn what_nobody_knows_waits_for_nobody() {
    // A28
    let desk = office::desk();
    let id = "0193f5a0-0000-7000-8000-000000000000";
    let unknown =
        format!("no action `{id}` waits for a person: it never did, or that was over a day ago");
    assert_eq!(approve(&desk, id), unknown);
    assert_eq!(reject(&desk, id), unknown);
    let without = judged(id, Approval::Reject, " ");
    assert_eq!(
        told(&desk, &approver("ann"), &without),
        "rejecting needs a reason: {\"reason\": \"…\"}"
    );
    let long = judged(id, Approval::Approve, &"x".repeat(1_025));
    assert_eq!(
        told(&desk, &approver("ann"), &long),
        "the reason is longer than 1024 bytes"
    );
}

#[test]
fn an_action_of_another_market_is_not_the_callers_to_decide() {
    // A27, A28
    let (desk, id) = with_voucher();
    let german = Caller {
        markets: Markets::Some(vec!["de".into()]),
        ..approver("hans")
    };
    for verdict in [Approval::Approve, Approval::Reject] {
        let refused = told(&desk, &german, &judged(&id, verdict, "mine"));
        assert_eq!(refused, "the token does not speak for market `gb`");
    }
    assert_eq!(waiting(&desk), std::slice::from_ref(&id));
    approve(&desk, &id);
    let after = told(&desk, &german, &judged(&id, Approval::Approve, ""));
    assert_eq!(
        after, "the token does not speak for market `gb`",
        "nor to hear about"
    );
}

#[test]
fn what_was_decided_stays_decided() {
    // A28: twice is once, and the other way is refused with who and when.
    let (desk, id) = with_voucher();
    assert_eq!(
        approve(&desk, &id),
        "voucher approved by ann, due 2010-12-02T12:00:00Z"
    );
    assert_eq!(
        approve(&desk, &id),
        "voucher approved by ann, due 2010-12-02T12:00:00Z, again"
    );
    let again = told(
        &desk,
        &approver("bo"),
        &judged(&id, Approval::Approve, "me too"),
    );
    assert_eq!(
        again, "voucher approved by ann, due 2010-12-02T12:00:00Z, again",
        "the first counts"
    );
    let otherwise = format!("action `{id}` was approved before by `ann`, at 2010-12-01T12:00:00Z");
    assert_eq!(reject(&desk, &id), otherwise);
    assert_eq!(pending(&desk), [("voucher".to_owned(), None)]);
    let desk = desk.restart();
    assert_eq!(reject(&desk, &id), otherwise, "a restart forgets nothing");
}

#[test]
fn a_rejected_action_is_gone() {
    // A28
    let (desk, id) = with_voucher();
    assert_eq!(reject(&desk, &id), "voucher rejected by bo: too much");
    assert_eq!(pending(&desk), []);
    assert_eq!(waiting(&desk), [""; 0]);
    assert_eq!(
        reject(&desk, &id),
        "voucher rejected by bo: too much, again"
    );
    assert_eq!(
        approve(&desk, &id),
        format!("action `{id}` was rejected before by `bo`, at 2010-12-01T12:00:00Z")
    );
}

#[test]
fn an_approved_action_passes_every_rule_again() {
    // A23, A28, D13, golden 1: the customer withdrew while the voucher waited.
    let (desk, id) = with_voucher();
    let mut withdrawal = consent("c-2", "crm:1", "withdrawn");
    withdrawal["time"] = json!("2010-12-01T13:00:00Z");
    desk.at("2010-12-01T13:00:00Z");
    desk.send("de", &withdrawal);
    let outcome = approve(&desk, &id);
    let dropped = "voucher dropped by consent: ";
    let cancelled = format!("action `{id}` no longer waits: ");
    assert!(
        outcome.starts_with(dropped) || outcome.starts_with(&cancelled),
        "{outcome}"
    );
    assert_eq!(pending(&desk), []);
    assert_eq!(waiting(&desk), [""; 0]);
    assert!(!approve(&desk, &id).contains("approved by"));
}

#[test]
fn a_narrower_charter_drops_what_it_no_longer_allows() {
    // A24, A28: the bound was lowered while the voucher waited.
    let (desk, id) = with_voucher();
    let narrower = office::CHARTER.replace("between = [100, 5000]", "between = [100, 400]");
    let desk = desk.restart_with(&[("charter.toml", &narrower)]);
    let outcome = approve(&desk, &id);
    assert!(
        outcome.starts_with("voucher dropped by parameters: `amount` is "),
        "{outcome}"
    );
    assert_eq!(pending(&desk), []);
}

#[test]
fn what_is_stopped_can_be_approved_once_it_goes_on() {
    // A25, A28
    let (desk, id) = with_voucher();
    let digest = kairos::ids::Digest::of(&policy(&[voucher(500)]));
    for scope in [
        "all",
        "market:gb",
        "moment:order_placed",
        "channel:email",
        "action:voucher",
        &format!("policy:{digest}"),
    ] {
        desk.wait(desk.node.put_stop(scope, "a check", "ann"))
            .unwrap_or_else(|error| panic!("{error}"));
        let expected = format!("`{scope}` is stopped: a check; the action still waits");
        assert_eq!(approve(&desk, &id), expected);
        assert_eq!(waiting(&desk), std::slice::from_ref(&id));
        desk.wait(desk.node.lift_stop(scope, "", "ann"))
            .unwrap_or_else(|error| panic!("{error}"));
    }
    assert!(approve(&desk, &id).contains("approved by ann"));
}

#[test]
fn nobody_approves_what_has_expired_or_ended() {
    // A28: `approve-within` is two days.
    let (desk, id) = with_voucher();
    desk.at("2010-12-03T12:00:01Z");
    let expired =
        format!("action `{id}` has expired: it could be approved until 2010-12-03T12:00:00Z");
    assert_eq!(approve(&desk, &id), expired);
    assert_eq!(reject(&desk, &id), expired);
    assert_eq!(waiting(&desk), [""; 0]);
    desk.send(
        "gb",
        &event("x-1", "order.cancelled", "crm:2", json!({ "order": "o-9" })),
    );
    let (desk, id) = with_voucher();
    desk.send(
        "gb",
        &event("x-1", "order.cancelled", "crm:1", json!({ "order": "o-1" })),
    );
    let ended = format!("action `{id}` no longer waits: superseded: order.cancelled");
    assert_eq!(approve(&desk, &id), ended);
    let (desk, id) = with_voucher();
    desk.send("gb", &order("o-2", "crm:1"));
    let ended = format!("action `{id}` no longer waits: replaced by a later one");
    assert_eq!(approve(&desk, &id), ended);
    assert_eq!(waiting(&desk).len(), 1, "the later one waits");
}

#[test]
fn what_lapsed_by_time_is_told_and_no_longer_waits() {
    // A28, C22: the consent counts for 30 hours, and nothing happened since that would have ended the voucher.
    let law = "[laws.GB]\nmarketing.email = { needs = \"granted\", valid = \"30h\", kind = \"law\", \
               source = \"PECR\", review-by = 2030-01-01 }\n\n[markets.gb]";
    for decide in [approve, reject] {
        let desk = office::desk_with("[markets.gb]", law);
        desk.policy("gb", &policy(&[voucher(500)]));
        desk.send("gb", &consent("c-1", "crm:1", "granted"));
        let reply = desk.send("gb", &order("o-1", "crm:1"));
        let id = text(&reply["decisions"][0]["waiting"][0]["id"]);
        desk.at("2010-12-02T18:00:01Z");
        assert_eq!(waiting(&desk), std::slice::from_ref(&id));
        let dropped = "voucher dropped by consent: expired";
        assert_eq!(decide(&desk, &id), dropped);
        assert_eq!(waiting(&desk), [""; 0]);
        assert_eq!(pending(&desk), []);
        let desk = desk.restart();
        assert_eq!(decide(&desk, &id), format!("{dropped}, again"));
    }
}

/// A voucher for so many hours after its order, approved at `time`; what came of it, and until when it is worth doing.
fn approved_late(
    (lapses, delay): (&str, &str),
    hours: u64,
    time: &str,
) -> (String, Option<Instant>) {
    let charter = office::CHARTER.replace(
        "lapses         = \"3d\"\npending",
        &format!("lapses = \"{lapses}\"\n{delay}\npending"),
    );
    let desk = Desk::with(&[("charter.toml", &charter)]);
    let proposal = Proposal {
        timing: Timing::After(Span::from_millis(hours * 3_600_000)),
        ..voucher(500)
    };
    desk.policy("gb", &policy(&[proposal]));
    desk.send("gb", &consent("c-1", "crm:1", "granted"));
    let reply = desk.send("gb", &order("o-1", "crm:1"));
    let id = text(&reply["decisions"][0]["waiting"][0]["id"]);
    desk.at(time);
    let told = approve(&desk, &id);
    let pending = desk.customer_state("crm:1").status.pending;
    (told, pending.first().map(|pending| pending.until))
}

#[test]
fn delays_are_measured_from_when_it_was_first_decided() {
    // A28, B10
    let (told, until) = approved_late(
        ("3d", "delay = { min = \"1h\" }"),
        1,
        "2010-12-01T12:50:00Z",
    );
    assert_eq!(told, "voucher approved by ann, due 2010-12-01T13:00:00Z");
    assert_eq!(until, Instant::parse("2010-12-04T13:00:00Z").ok());
    let (told, until) = approved_late(
        ("1d", "delay = { min = \"2d\" }"),
        48,
        "2010-12-03T00:00:00Z",
    );
    assert_eq!(told, "voucher approved by ann, due 2010-12-03T12:00:00Z");
    assert_eq!(until, Instant::parse("2010-12-04T12:00:00Z").ok());
    let (told, until) = approved_late(("3d", ""), 24, "2010-12-03T00:00:00Z");
    assert_eq!(told, "voucher approved by ann, due 2010-12-03T00:00:00Z");
    let first = Instant::parse("2010-12-05T12:00:00Z").ok();
    assert_eq!(until, first, "approving late does not make it last longer");
    let (told, _) = approved_late(
        ("3d", "delay = { max = \"1d\" }"),
        24,
        "2010-12-03T00:00:00Z",
    );
    assert_eq!(
        told,
        "voucher dropped by delay: `voucher` acts 1d after the decision at the latest"
    );
}

#[test]
fn the_evidence_says_who_approved_what() {
    // A28, A41, A42
    let (desk, id) = with_voucher();
    let first = desk.customer("crm:1").unwrap()["status"]["pending"][0]["decision"].clone();
    desk.at("2010-12-01T15:00:00Z");
    let settled = desk
        .wait(settle(
            desk.core(),
            &approver("ann"),
            &judged(&id, Approval::Approve, "agreed with finance"),
        ))
        .unwrap_or_else(|error: SettleError| panic!("{error}"));
    let Fate::Approved { decision, .. } = settled.fate else {
        panic!("not approved")
    };
    let evidence = desk.decision(&decision.to_string()).expect("its evidence");
    assert_eq!(evidence["event"]["type"], "action.approved");
    assert_eq!(evidence["event"]["source"], "kairos");
    assert_eq!(
        evidence["event"]["data"],
        json!({ "action": id, "by": "ann", "reason": "agreed with finance" })
    );
    assert_eq!(
        evidence["because"],
        format!(
            "approved by ann: agreed with finance; proposed in decision {}",
            text(&first)
        )
    );
    assert_eq!(evidence["actions"][0]["id"], id.as_str());
    assert_eq!(
        evidence["actions"][0]["due"], "2010-12-02T12:00:00Z",
        "approving late does not push it back"
    );
    assert_eq!(evidence["actions"][0]["approve_until"], Value::Null);
    let before = desk.decision(&text(&first)).expect("its evidence");
    assert_eq!(
        before["actions"][0]["approve_until"], "2010-12-03T12:00:00Z",
        "what was decided then stays as it was"
    );
}

#[test]
fn what_waits_survives_a_restart_a_crash_and_a_merge() {
    // A28, C10
    let desk = office::desk();
    desk.policy("gb", &policy(&[banner(1), voucher(500)]));
    desk.send("gb", &consent("c-1", "visitor:v1", "granted"));
    let reply = desk.send("gb", &order("o-1", "visitor:v1"));
    let id = text(&reply["decisions"][0]["waiting"][0]["id"]);
    assert_eq!(waiting(&desk.after_a_crash()), std::slice::from_ref(&id));
    let desk = desk.restart();
    assert_eq!(waiting(&desk), std::slice::from_ref(&id));
    // The visitor turns out to be somebody with a name and a state of their own.
    desk.send("gb", &consent("c-2", "crm:1", "granted"));
    let mut login = consent("c-3", "crm:1", "granted");
    login["visitor"] = json!("visitor:v1");
    desk.send("gb", &login);
    assert_eq!(pending(&desk).len(), 1);
    let desk = desk.after_a_crash();
    assert_eq!(waiting(&desk), std::slice::from_ref(&id));
    assert!(approve(&desk, &id).contains("approved by ann"));
    assert_eq!(pending(&desk), [("voucher".to_owned(), None)]);
}
