//! Anybody can ask who decides what, what a change changes, and what a market may do in the end.

use kairos::charter::Charter;
use kairos::charter::diff::{Sort, compare};
use kairos::charter::who::who;
use kairos::clock::Instant;
use kairos::server::Access;
use kairos_tests::Host;
use serde_json::{Value, json};

use crate::frame::{DE, charter, with};

fn now() -> Instant {
    Instant::parse("2026-11-02T12:00:00Z").expect("a time")
}

fn compiled(central: &str, de: &str) -> Charter {
    let files = [
        ("charter.toml".to_owned(), central.to_owned()),
        ("markets/de.toml".to_owned(), de.to_owned()),
    ];
    Charter::compile(&files).unwrap_or_else(|complaints| panic!("{complaints}"))
}

fn asked(name: &str) -> String {
    match who(&compiled(&charter(), DE), name, now()) {
        Ok(decides) => decides.to_string(),
        Err(error) => error.to_string(),
    }
}

// C31, A33, C02: for any field, action or limit: who decides, what range is local, what the market chose.
#[test]
fn it_is_told_who_decides_what() {
    for (name, told) in [
        (
            "points",
            "fields.points
  decided by    data <data@gifts.example>
  approved by   data <data@gifts.example>
  stands in     charter.toml:39
                leading-source = [\"shop\"]
                max-age = \"1095d\"
                meaning = \"one for every euro\"
                merge = \"leading-source\"
                owner = \"data\"
                purpose = \"service\"
                retention = \"1095d\"
                type = \"integer\"
                unit = \"points\"
  markets may   change nothing of it
  review by     2027-05-31 (charter.toml:3)
",
        ),
        (
            "actions.reminder.caps",
            "actions.reminder.caps
  decided by    commerce <commerce@gifts.example>
  approved by   commerce <commerce@gifts.example>, legal <legal@gifts.example>
  stands in     charter.toml:101
                [{ at-most = 1, per = \"3d\" }]
  markets may   narrow it
  review by     2027-05-31 (charter.toml:3)
  gb            marketing-gb@gifts.example
                takes it as it is
  de            marketing-de@gifts.example
                chose actions.reminder.caps = [{ at-most = 1, per = \"7d\" }] (markets/de.toml:10)
",
        ),
        (
            "fuel",
            "limits.fuel
  decided by    platform <platform@gifts.example>
  approved by   platform <platform@gifts.example>
  markets may   narrow fuel
  gb            marketing-gb@gifts.example
                is granted 2000000 (charter.toml:114)
                takes it as it is
  de            marketing-de@gifts.example
                is granted 2000000 (charter.toml:125)
                takes it as it is
",
        ),
        (
            "pointz",
            "`pointz` is nothing in this charter: did you mean `points`?",
        ),
        ("", "`` is nothing in this charter"),
        (
            "actions.reminder.nothing",
            "`actions.reminder.nothing` is nothing in this charter",
        ),
    ] {
        assert_eq!(asked(name), told);
    }
    let channel = asked("email");
    for line in [
        "  markets may   narrow caps, hours, slots\n",
        "                chose channels.email.hours = [{ days = \"mon-sat\", from = \"08:00\", to = \"20:00\" }] (markets/de.toml:6)\n",
    ] {
        assert!(channel.contains(line), "{channel}");
    }
}

#[test]
fn a_deviation_and_a_local_name_have_their_own_answers() {
    let deviation = "\n[[deviations]]\nmarket = \"gb\"\nwhat = \"actions.reminder.caps\"\nis = [{ at-most = 2, per = \"3d\" }]\n\
        why = \"trade fair\"\napproved-by = [\"commerce\", \"legal\"]\nexpires = 2026-12-31\n";
    let central = charter() + deviation;
    let local = format!(
        "{DE}\n[fields.\"de.gift_wrap\"]\ntype = \"flag\"\nmeaning = \"asked for gift wrap\"\n\
         owner = \"marketing-de@gifts.example\"\npurpose = \"service\"\nmax-age = \"365d\"\nretention = \"365d\"\n"
    );
    let charter = compiled(&central, &local);
    let caps = who(&charter, "reminder.caps", now())
        .expect("an answer")
        .to_string();
    let until = "deviates until 2026-12-31: actions.reminder.caps is [{ at-most = 2, per = \"3d\" }]: trade fair, approved by \
        commerce, legal (charter.toml:129)";
    assert!(caps.contains(until), "{caps}");
    let own = who(&charter, "de.gift_wrap", now())
        .expect("an answer")
        .json();
    assert_eq!(own["owner"]["mail"], "marketing-de@gifts.example");
    assert_eq!(own["approvers"], json!([]), "nobody else decides it");
    assert_eq!(own["central"]["place"], "markets/de.toml:15");
    let purpose = who(&charter, "purposes.marketing", now())
        .expect("an answer")
        .json();
    assert_eq!(purpose["owner"]["mail"], "legal@gifts.example");
    assert_eq!(purpose["local"], json!(["needs"]));
}

// A27, C20: a change is told in plain words, section by section and market by market.
#[test]
fn a_change_is_told_in_plain_words() {
    let before = compiled(&charter(), DE);
    let after = [
        ("version   = \"1\"", "version   = \"2\""),
        ("reach      = 1_000_000", "reach      = 1000"),
        (
            "\"none\", \"silver\", \"gold\"",
            "\"none\", \"silver\", \"gold\", \"black\"",
        ),
        ("per = \"3d\"", "per = \"2d\""),
        ("needs    = \"granted\"", "needs    = \"confirmed\""),
        ("max-age        = \"1095d\"", "max-age        = \"365d\""),
        (
            "moments   = [\"page_viewed\", \"order_placed\"]",
            "moments   = [\"page_viewed\"]",
        ),
        (
            "actions   = [\"loyalty_banner\", \"reminder\"]",
            "actions   = [\"loyalty_banner\"]",
        ),
        ("\"22:00\"", "\"21:00\""),
    ]
    .iter()
    .fold(charter(), |text, (from, to)| with(&text, from, to));
    let after = compiled(&after, &DE.replace("[0, 5]", "[0, 3]"));
    let told = compare(&before, &after, now()).expect("a comparison");
    let lines = |differences: &[kairos::charter::diff::Difference]| -> Vec<String> {
        differences.iter().map(ToString::to_string).collect()
    };
    let sections: Vec<(&str, Vec<String>)> = told
        .sections
        .iter()
        .map(|(section, differences)| (section.word(), lines(differences)))
        .collect();
    assert_eq!(
        sections,
        [
            (
                "fields",
                vec!["narrowed  fields.points.max-age: \"1095d\" → \"365d\"  (charter.toml:47)".to_owned()]
            ),
            (
                "purposes",
                vec!["narrowed  purposes.marketing.needs: \"granted\" → \"confirmed\"  (charter.toml:36)".to_owned()]
            ),
            (
                "actions",
                vec![
                    "narrowed  channels.email.hours: [{ days = \"mon-sun\", from = \"07:00\", to = \"22:00\" }] → \
                     [{ days = \"mon-sun\", from = \"07:00\", to = \"21:00\" }]  (charter.toml:81)"
                        .to_owned(),
                    "narrowed  actions.loyalty_banner.reach: 1000000 → 1000  (charter.toml:89)".to_owned(),
                    "widened   actions.loyalty_banner.parameters.tier.one-of: [\"none\", \"silver\", \"gold\"] → \
                     [\"none\", \"silver\", \"gold\", \"black\"]  (charter.toml:92)"
                        .to_owned(),
                    "widened   actions.reminder.caps: [{ at-most = 1, per = \"3d\" }] → [{ at-most = 1, per = \"2d\" }]  \
                     (charter.toml:101)"
                        .to_owned(),
                ]
            ),
            (
                "markets",
                vec![
                    "narrowed  markets.gb.moments: [\"page_viewed\", \"order_placed\"] → [\"page_viewed\"]  (charter.toml:112)"
                        .to_owned(),
                    "narrowed  markets.gb.actions: [\"loyalty_banner\", \"reminder\"] → [\"loyalty_banner\"]  (charter.toml:113)"
                        .to_owned(),
                ]
            ),
            ("charter", vec!["changed   version: \"1\" → \"2\"  (charter.toml:1)".to_owned()]),
        ]
    );
    let markets: Vec<(&str, Vec<String>)> = told
        .markets
        .iter()
        .map(|(market, differences)| (market.as_str(), lines(differences)))
        .collect();
    let (_, de) = markets.first().expect("de");
    assert!(
        de.contains(
            &"narrowed  actions.reminder.parameters.discount.between: [0, 5] → [0, 3]".to_owned()
        ),
        "{de:#?}"
    );
    let (_, gb) = markets.get(1).expect("gb");
    assert!(
        gb.contains(&"removed   actions.reminder".to_owned()),
        "{gb:#?}"
    );
    let demands: Vec<String> = told
        .demands
        .iter()
        .map(|demand| format!("{}: {}", demand.section.word(), demand.people.join(", ")))
        .collect();
    assert_eq!(
        demands,
        [
            "actions: commerce, legal",
            "charter: platform",
            "fields: data",
            "markets: platform",
            "purposes: legal"
        ]
    );
    assert!(
        compare(&before, &compiled(&charter(), DE), now())
            .expect("a comparison")
            .is_empty()
    );
}

// C31, C20: the same over HTTP.
#[test]
fn a_running_host_tells_what_is_live() {
    let host = Host::of(
        &[("charter.toml", &charter()), ("markets/de.toml", DE)],
        |_| Access::Open,
    );
    let live = host.get("/v1/charter").json();
    assert_eq!(live["version"], "1");
    assert_eq!(
        live["owner"],
        json!({ "name": "platform", "mail": "platform@gifts.example" })
    );
    let sections = live["sections"].as_array().expect("sections");
    let actions = sections
        .iter()
        .find(|one| one["section"] == "actions")
        .expect("actions");
    assert_eq!(actions["approvers"].as_array().expect("people").len(), 2);
    let markets = live["markets"].as_array().expect("markets");
    let de = markets
        .iter()
        .find(|one| one["market"] == "de")
        .expect("de");
    assert_eq!(
        de["in-the-end"]["actions"]["reminder"]["parameters"]["discount"]["between"],
        json!([0, 5])
    );
    assert_eq!(de["in-the-end"]["settings"]["floor"], 3000);
    let tag = host
        .get("/v1/markets/de/charter")
        .header("etag")
        .expect("a tag")
        .to_owned();
    assert_eq!(
        format!("\"{}\"", de["choice"].as_str().expect("a digest")),
        tag
    );
    for (path, name) in [
        ("fields/points", "fields.points"),
        ("actions/reminder", "actions.reminder"),
        ("actions/reminder.caps", "actions.reminder.caps"),
        ("events/order.placed", "events.\"order.placed\""),
        ("limits/fuel", "limits.fuel"),
        ("moments/page_viewed", "moments.page_viewed"),
        ("purposes/marketing", "purposes.marketing"),
        ("channels/email", "channels.email"),
        ("markets/de", "markets.de"),
    ] {
        let told: Value = host.get(&format!("/v1/charter/{path}")).json();
        assert_eq!(told["name"], name, "{path}: {told:#}");
        assert!(
            told["owner"]["mail"]
                .as_str()
                .expect("a mail")
                .contains('@'),
            "{told:#}"
        );
    }
    assert_eq!(
        host.get("/v1/charter/fields/pointz").told(),
        "404 unknown: `fields.pointz` is nothing in this charter"
    );
    assert_eq!(
        host.get("/v1/markets/gb/charter").told(),
        "404 unknown: there is no choice of market `gb`"
    );
}

#[test]
fn a_lapse_is_compared_with_the_day_that_holds_without_one() {
    let sort = |before: &str, after: &str| {
        let text = |lapses: &str| with(&charter(), "lapses     = \"36h\"\n", lapses);
        let (before, after) = (text(before), text(after));
        let told = compare(&compiled(&before, DE), &compiled(&after, DE), now());
        let told = told.expect("a comparison");
        let (_, differences) = &told.sections[0];
        differences[0].sort
    };
    let (none, short, long) = ("", "lapses = \"12h\"\n", "lapses = \"30d\"\n");
    assert_eq!(sort(none, short), Sort::Narrowed);
    assert_eq!(sort(short, none), Sort::Widened);
    assert_eq!(sort(short, long), Sort::Widened);
    // What a policy may ask for is less, and what holds where it asks for nothing is more.
    assert_eq!(sort(none, long), Sort::Changed);
    assert_eq!(sort(long, none), Sort::Changed);
}
