//! What is certainly new is not asked of the view, and what is not new is never taken for it.

use kairos_tests::desk::{Desk, order};

#[test]
fn what_came_before_is_known_at_every_stage_of_learning_what_the_view_has() {
    // A repeat gets the first reply, and whoever is known stays who they are.
    let desk = Desk::retail();
    let sent = |number: u32| order(&format!("o-{number}"), &format!("crm:7{number}"), 5);
    let id = |desk: &Desk, number: u32| {
        desk.customer(&format!("crm:7{number}"))
            .map(|one| one["id"].clone())
    };
    (0..40).for_each(|number| drop(desk.send("gb", &sent(number))));
    let before: Vec<_> = (0..40).map(|number| id(&desk, number)).collect();
    let desk = desk.restart();
    for number in 0..40 {
        desk.node.cache().learn_known(3).expect("a view that reads");
        let (_, is_repeated) = desk.try_send("gb", &sent(number)).expect("a reply");
        assert!(is_repeated, "{number}");
        assert_eq!(id(&desk, number), before[number as usize]);
        let (_, is_repeated) = desk.try_send("gb", &sent(100 + number)).expect("a reply");
        assert!(!is_repeated, "{number}");
        assert!(id(&desk, 200 + number).is_none());
    }
    desk.node
        .cache()
        .learn_known(1_000)
        .expect("a view that reads");
    for number in 0..40 {
        for sent in [sent(number), sent(100 + number)] {
            assert!(desk.try_send("gb", &sent).expect("a reply").1, "{sent}");
        }
    }
}
