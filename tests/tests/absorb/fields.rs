//! Fields: who may say what, who wins where two disagree, and where a value comes from.

use serde_json::{Value, json};

use crate::{at, counted, desk, event, from, order, with};

fn lead(id: &str, source: &str, time: &str, stage: &str) -> Value {
    from(
        source,
        at(time, id, "lead.changed", "crm:1", json!({ "stage": stage })),
    )
}

fn lifecycle(desk: &kairos_tests::desk::Desk) -> Value {
    desk.customer("crm:1").unwrap()["status"]["fields"]["lifecycle"].clone()
}

#[test]
fn a_form_never_overwrites_the_leading_source_and_the_conflict_is_counted() {
    // A17, C04, C08, C11, C13, golden 7: the CRM says sql, the form says mql later.
    let desk = desk();
    desk.at("2010-12-01T12:30:00Z");
    desk.send("gb", &lead("l-1", "crm", "2010-12-01T12:00:00Z", "sql"));
    assert_eq!(
        counted(&desk, "kairos_field_conflicts_total{field=\"lifecycle\"}"),
        0
    );
    desk.send("gb", &lead("l-2", "form", "2010-12-01T12:10:00Z", "mql"));
    let fact = lifecycle(&desk);
    assert_eq!(
        (
            &fact["value"],
            &fact["source"],
            &fact["event"],
            &fact["charter"]
        ),
        (&json!("sql"), &json!("crm"), &json!("l-1"), &json!("1")),
        "where it comes from is shown"
    );
    assert_eq!(fact["occurred_at"], "2010-12-01T12:00:00Z");
    assert_eq!(fact["received_at"], "2010-12-01T12:30:00Z");
    assert_eq!(
        counted(&desk, "kairos_field_conflicts_total{field=\"lifecycle\"}"),
        1
    );
    // The same word is no conflict, from whomever it comes; a repeat is not counted again.
    desk.send("gb", &lead("l-3", "form", "2010-12-01T12:11:00Z", "sql"));
    desk.send("gb", &lead("l-2", "form", "2010-12-01T12:10:00Z", "mql"));
    assert_eq!(
        counted(&desk, "kairos_field_conflicts_total{field=\"lifecycle\"}"),
        1
    );
}

#[test]
fn a_conflict_is_settled_the_same_way_in_every_order_of_arrival() {
    // A16, A17, C11
    let words = [
        ("crm", "2010-12-01T12:00:00Z", "lead"),
        ("shop", "2010-12-01T12:10:00Z", "mql"),
        ("crm", "2010-12-01T11:00:00Z", "sql"),
    ];
    for order in [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ] {
        let desk = desk();
        desk.at("2010-12-01T12:30:00Z");
        for place in order {
            let (source, time, stage) = words[place];
            desk.send("gb", &lead(&format!("l-{place}"), source, time, stage));
        }
        assert_eq!(lifecycle(&desk)["value"], "lead", "{order:?}");
    }
}

#[test]
fn a_source_without_the_right_to_write_is_refused_and_counted() {
    // C01: only the shop writes points.
    let desk = desk();
    desk.send("gb", &order("o-1", "crm:1", 5));
    let mut change = from(
        "crm",
        event(
            "l-1",
            "lead.changed",
            "crm:1",
            json!({ "stage": "lead", "points": 999 }),
        ),
    );
    change["channel"] = Value::Null;
    desk.send("gb", &change);
    let fields = desk.customer("crm:1").unwrap()["status"]["fields"].clone();
    assert_eq!(fields["points"]["value"], 5);
    assert_eq!(
        fields["lifecycle"]["value"], "lead",
        "the rest of the event counts"
    );
    assert_eq!(
        counted(&desk, "kairos_refused_writes_total{field=\"points\"}"),
        1
    );
}

#[test]
fn what_a_source_calls_otherwise_is_mapped_and_what_no_field_knows_is_never_stored() {
    // A14, C04: `hot` means sql; `lost` is a word of the event, and none of the field.
    let desk = desk();
    desk.send("gb", &lead("l-1", "form", "2010-12-01T12:00:00Z", "hot"));
    assert_eq!(lifecycle(&desk)["value"], "sql");
    desk.send("gb", &lead("l-2", "crm", "2010-12-01T12:00:00Z", "2"));
    assert_eq!(lifecycle(&desk)["value"], "mql");
    desk.send("gb", &lead("l-3", "crm", "2010-12-01T12:00:00Z", "lost"));
    assert_eq!(lifecycle(&desk)["value"], "mql");
    assert_eq!(
        counted(&desk, "kairos_refused_writes_total{field=\"lifecycle\"}"),
        1
    );
    let unknown = desk.try_send("gb", &lead("l-4", "crm", "2010-12-01T12:00:00Z", "cold"));
    let error = format!("{:?}", unknown.unwrap_err());
    assert!(
        error.contains("`data.stage` is none of `lead`, `mql`, `sql`, `lost`"),
        "{error}"
    );
    // A repeat is a repeat as it came, whatever it is called here.
    let (_, repeated) = desk
        .try_send("gb", &lead("l-1", "form", "2010-12-01T12:00:00Z", "hot"))
        .unwrap();
    assert!(repeated);
    assert!(
        desk.try_send("gb", &lead("l-1", "form", "2010-12-01T12:00:00Z", "sql"))
            .is_err()
    );
}

#[test]
fn what_was_cleared_is_not_filled_by_something_older() {
    // A16: the cart of before the order arrives after it.
    let desk = desk();
    desk.at("2010-12-01T13:00:00Z");
    let cart =
        |id: &str, time: &str| at(time, id, "cart.updated", "crm:1", json!({ "skus": ["1"] }));
    desk.send(
        "gb",
        &with(
            order("o-1", "crm:1", 5),
            "time",
            json!("2010-12-01T12:30:00Z"),
        ),
    );
    desk.send("gb", &cart("c-1", "2010-12-01T12:20:00Z"));
    let fields = |desk: &kairos_tests::desk::Desk| {
        desk.customer("crm:1").unwrap()["status"]["fields"].clone()
    };
    assert_eq!(fields(&desk)["cart_skus"], Value::Null);
    let desk = desk.restart();
    desk.send("gb", &cart("c-2", "2010-12-01T12:25:00Z"));
    assert_eq!(
        fields(&desk)["cart_skus"],
        Value::Null,
        "and it is remembered"
    );
    desk.send("gb", &cart("c-3", "2010-12-01T12:40:00Z"));
    assert_eq!(fields(&desk)["cart_skus"]["value"], json!(["1"]));
}

#[test]
fn nobody_but_the_host_says_what_the_host_says() {
    // A03: a source cannot make a segment, a silence or an approval happen.
    let desk = desk();
    for kind in [
        "segment.entered",
        "silence.elapsed",
        "stage.entered",
        "action.approved",
    ] {
        let forged = event(
            "x-1",
            kind,
            "crm:1",
            json!({ "segment": "vip", "moment": "cart_left" }),
        );
        let error = format!("{:?}", desk.try_send("gb", &forged).unwrap_err());
        assert!(
            error.contains(&format!("`{kind}` is said by the host alone")),
            "{error}"
        );
    }
}

#[test]
fn a_moment_whose_data_is_not_to_be_relied_on_is_blocked_and_nobody_is_asked() {
    // A12, A18
    let desk = desk();
    let reply = desk.send("gb", &order("o-1", "crm:1", 5));
    let decision = &reply["decisions"][0];
    assert_eq!(
        (
            &decision["moment"],
            &decision["outcome"],
            &decision["because"]
        ),
        (
            &json!("order_placed"),
            &json!("blocked"),
            &json!("data quality: `lifecycle` is unknown")
        )
    );
    let evidence = desk.decision(decision["id"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&evidence["known"], &evidence["proposals"]),
        (&Value::Null, &json!([]))
    );
    desk.send("gb", &lead("l-1", "crm", "2010-12-01T12:00:00Z", "lead"));
    let reply = desk.send("gb", &order("o-2", "crm:1", 5));
    assert_eq!(reply["decisions"][0]["outcome"], "act");
    desk.at("2011-12-02T12:00:00Z");
    let reply = desk.send(
        "gb",
        &with(
            order("o-3", "crm:1", 5),
            "time",
            json!("2011-12-02T12:00:00Z"),
        ),
    );
    assert_eq!(
        reply["decisions"][0]["because"],
        "data quality: `lifecycle` is stale"
    );
}
