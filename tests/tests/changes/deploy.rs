//! New policies go live only on definitions that somebody looked at in time, and with somebody to call.

use kairos::charter::Charter;
use kairos::operate::LoadError;
use kairos_tests::desk::Desk;

use crate::frame::{DE, gold, unguarded, with};

/// The same policy in other bytes: with a custom section at its end.
fn rebuilt(wasm: &[u8]) -> Vec<u8> {
    [wasm, &[0, 6, 5, b'b', b'u', b'i', b'l', b'd']].concat()
}

// C30: an overdue definition blocks what is new, and only that.
#[test]
fn no_new_policy_goes_live_on_a_charter_past_its_review() {
    let charter = unguarded();
    let desk = Desk::with(&[("charter.toml", &charter)]);
    desk.at("2027-05-31T12:00:00Z");
    desk.policy("gb", &gold());
    desk.at("2027-06-01T12:00:00Z");
    let refused = desk
        .node
        .load_policy("gb", &rebuilt(&gold()))
        .expect_err("overdue");
    assert_eq!(
        refused.to_string(),
        "no new policy goes live in market `gb` until this is put right:\n  charter.toml:3: the charter should have been \
         reviewed by 2027-05-31: `platform@gifts.example` looks at it again and sets the next date"
    );
    desk.policy("gb", &gold());
    assert!(
        desk.node.load_policy("de", &gold()).is_err(),
        "it was never live there"
    );
    let desk = desk.restart();
    desk.policy("gb", &gold());
}

/// A charter in which `de` deviates until the end of 2026, with more about that.
fn deviating(more: &str) -> String {
    let deviation = "\n[[deviations]]\nmarket = \"de\"\nwhat = \"actions.reminder.reach\"\nis = 10\nwhy = \"trade fair\"\n\
        approved-by = [\"commerce\", \"legal\"]\nexpires = 2026-12-31\n";
    let charter = with(
        &unguarded(),
        "lapses     = \"36h\"",
        "lapses     = \"36h\"\nreach      = 5",
    );
    charter + deviation + more
}

// C03, C30: nor beside a deviation that somebody should have looked at again, in that market.
#[test]
fn no_new_policy_goes_live_beside_a_deviation_that_is_overdue() {
    let charter = deviating("review-by = 2026-12-10\n");
    let desk = Desk::with(&[("charter.toml", &charter)]);
    desk.at("2026-12-10T12:00:00Z");
    desk.policy("de", &gold());
    desk.at("2026-12-11T12:00:00Z");
    let refused = desk
        .node
        .load_policy("de", &rebuilt(&gold()))
        .expect_err("overdue")
        .to_string();
    assert!(
        refused.contains(
            "should have been reviewed by 2026-12-10: `platform@gifts.example` looks at it again"
        ),
        "{refused}"
    );
    desk.policy("gb", &gold());
}

// C03: nor beside a deviation that has ended, in that market.
#[test]
fn no_new_policy_goes_live_beside_a_deviation_that_has_ended() {
    let charter = deviating("");
    let desk = Desk::with(&[("charter.toml", &charter)]);
    desk.at("2026-12-31T22:59:59Z");
    desk.policy("de", &gold());
    desk.at("2026-12-31T23:00:00Z");
    let refused = desk
        .node
        .load_policy("de", &rebuilt(&gold()))
        .expect_err("ended")
        .to_string();
    assert!(
        refused.contains("the deviation of `actions.reminder.reach` ended on 2026-12-31: take it out, or have it approved anew"),
        "{refused}"
    );
    desk.policy("de", &gold());
    desk.policy("gb", &gold());
}

// A26: nothing runs without an owner and somebody to call.
#[test]
fn a_market_or_policy_without_anybody_to_ask_is_refused() {
    for gap in [
        "owner     = \"marketing-gb@gifts.example\"\n",
        "on-call   = \"+44 20 0000000\"\n",
    ] {
        let files = [("charter.toml".to_owned(), with(&unguarded(), gap, ""))];
        let complaints = Charter::compile(&files).expect_err("a gap").to_string();
        assert!(complaints.contains("is missing"), "{complaints}");
    }
    let files = [
        ("charter.toml".to_owned(), unguarded()),
        (
            "markets/de.toml".to_owned(),
            with(DE, "marketing-de@gifts.example", ""),
        ),
    ];
    assert!(Charter::compile(&files).is_err());
}

// C19: what has no record does not decide.
#[test]
fn a_policy_that_cannot_be_recorded_does_not_go_live() {
    let desk = Desk::with(&[("charter.toml", &unguarded())]);
    let gb = desk.node.charter().names.markets["gb"];
    desk.node.store().close().expect("a log");
    let refused = desk.node.load_policy("gb", &gold());
    assert!(matches!(refused, Err(LoadError::Log(_))), "{refused:?}");
    assert!(desk.node.era().policies.active(gb).is_none());
    let note = std::fs::read_to_string(desk.data().join("live.json")).expect("a note");
    assert!(note.contains("\"policies\": {}"), "{note}");
}
