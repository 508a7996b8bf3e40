//! Whoever waits in line while somebody is erased is about somebody new.

use kairos::customer::{IdentityKey, Named};
use kairos_tests::desk::decide;

use super::*;

#[test]
fn an_event_that_waits_behind_an_erasure_is_of_somebody_new_golden_12() {
    let desk = shop();
    let person = id(&desk, "crm:canary-person");
    let waits = order("o-9", "crm:canary-person", 120);
    let waits = desk.read("gb", waits.to_string().as_bytes());
    desk.wait(async {
        let cache = desk.node.cache();
        let line = cache.line::<Customer>(person).await;
        let erased = desk.node.erase(Lookup::Id(person), "privacy");
        let decided = decide(desk.core(), waits.expect("an event"));
        // Each takes its place in the line at its first turn.
        let (erased, decided, ()) = tokio::join!(biased; erased, decided, async { drop(line) });
        erased.expect("an erasure");
        decided.expect("a decision");
    });
    let new = id(&desk, "crm:canary-person");
    assert_ne!(new, person);
    let desk = desk.restart();
    assert_eq!(id(&desk, "crm:canary-person"), new);
    assert_eq!(export(&desk, person), None);
}

#[test]
fn nobody_comes_back_under_the_id_of_who_became_known_and_was_erased_meanwhile_golden_12() {
    let desk = Desk::retail();
    let read = |number: u32| {
        let bought = order(&format!("o-{number}"), "crm:7", 120);
        let event = desk.read("gb", bought.to_string().as_bytes());
        event.expect("an event")
    };
    let (first, second) = (read(1), read(2));
    let subject = first.subject.clone().expect("a subject");
    let identity = first.charter.identities.at(subject.identity).key;
    let name = IdentityKey::of(desk.node.salt(), identity, &subject.value);
    let new = CustomerId::from_bytes([7; 16]);
    let cache = desk.node.cache();
    // Whoever is certainly new is not asked of the view: each takes its place in the line at its first turn.
    cache.learn_known(1_000).expect("a view that reads");
    desk.wait(async {
        let held = cache.reserve(name, || Named::Customer(new));
        let line = cache.line::<Customer>(new).await;
        let first = decide(desk.core(), first);
        let erased = desk.node.erase(Lookup::Id(new), "privacy");
        let second = decide(desk.core(), second);
        let opened = async { drop(line) };
        let (first, erased, second, ()) = tokio::join!(biased; first, erased, second, opened);
        first.expect("a decision");
        erased.expect("an erasure");
        second.expect("a decision");
        drop(held);
    });
    assert_ne!(id(&desk, "crm:7"), new);
    let desk = desk.restart_without_view();
    assert_ne!(id(&desk, "crm:7"), new);
}
