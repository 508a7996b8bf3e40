//! What stands in clear in log and view tells nothing of a person, and an export nothing of somebody else.

use kairos::decide::{Approval, Judgement};
use kairos::event::Caller;
use kairos::ids::ActionId;
use kairos::operate::settle;
use kairos::store::Space;
use kairos_tests::office;

use super::*;

#[test]
fn an_export_tells_nothing_of_who_shared_a_browser_golden_12() {
    let desk = Desk::retail();
    let bought = |name: &str, person: &str| {
        desk.send(
            "gb",
            &consent(&format!("{name}-consent"), person, "confirmed"),
        );
        let mut bought = order(&format!("{name}-order"), person, 120);
        bought["visitor"] = json!("visitor:shared");
        desk.send("gb", &bought);
    };
    bought("first", "crm:1");
    bought("second", "crm:2");
    let told = |person: &str| export(&desk, id(&desk, person)).expect("an export");
    let (first, second) = (told("crm:1"), told("crm:2"));
    for (export, own, other) in [(&first, "first", "second"), (&second, "second", "first")] {
        let text = export.to_string();
        assert!(text.contains(&format!("{own}-order")), "{export:#}");
        assert!(!text.contains(&format!("{other}-order")), "{export:#}");
    }
    let records = first["records"].as_array().expect("records");
    let last = records.last().expect("a record");
    assert_eq!(last["of"], "somebody else", "{last:#}");
}

#[test]
fn no_digest_in_clear_confirms_a_guess_golden_12() {
    let desk = Desk::retail();
    let guess = order("o-1", "crm:1", 120).to_string();
    let guess = desk.read("gb", guess.as_bytes()).expect("an event").content;
    desk.send("gb", &order("o-1", "crm:1", 120));
    desk.wait(desk.node.cache().write_behind()).expect("a view");
    let found = places(&everything(&desk.data()), &guess.0);
    assert_eq!(found, Vec::<String>::new());
    let mut view = desk.node.store().view().scan(Space::Events, &[]);
    let holds = |value: &[u8]| value.windows(16).any(|part| part == guess.0);
    assert!(view.all(|pair| !holds(&pair.expect("a pair").1)));
}

#[test]
fn the_words_of_who_rejected_an_action_are_not_kept_in_clear_golden_12() {
    let desk = office::desk();
    desk.policy("gb", &office::policy(&[office::voucher(500)]));
    desk.send("gb", &consent("c-1", "crm:1", "granted"));
    let reply = desk.send("gb", &office::order("o-1", "crm:1"));
    let id = reply["decisions"][0]["waiting"][0]["id"].as_str();
    let judged = Judgement {
        action: id.and_then(ActionId::parse).expect("an id"),
        verdict: Approval::Reject,
        reason: "the canary complained".into(),
    };
    let settled = desk.wait(settle(desk.core(), &Caller::open(), &judged));
    assert_eq!(settled.expect("a rejection").fate.word(), "rejected");
    desk.wait(desk.node.cache().write_behind()).expect("a view");
    let found = places(&everything(&desk.data()), b"canary");
    assert!(!found.is_empty(), "the evidence has the words");
    assert!(
        found.iter().all(|place| place.starts_with("record")),
        "{found:?}"
    );
    let mut view = desk.node.store().view().scan(Space::Approvals, &[]);
    let holds = |value: &[u8]| value.windows(6).any(|part| part == b"canary");
    assert!(view.all(|pair| !holds(&pair.expect("a pair").1)));
}

#[test]
fn no_keys_are_left_in_a_folder_that_is_not_ours() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("holiday.jpg"), "x").expect("a file");
    let settings = kairos::node::Settings {
        charter: kairos_tests::desk::root().join("examples/retail/charter"),
        data: folder.path().to_owned(),
        ..kairos::node::Settings::default()
    };
    let opened = kairos::node::Node::open(settings, &kairos::telemetry::Telemetry::new());
    let Err(error) = opened else {
        panic!("the folder is taken");
    };
    let told = error.to_string();
    assert!(told.contains("holiday.jpg"), "{told}");
    assert!(!folder.path().join("keys").exists());
    assert_eq!(
        files(folder.path()).len(),
        1,
        "the folder is left as it was"
    );
}
