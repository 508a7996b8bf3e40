//! What a manifest may declare.

use super::*;

/// What loading says of a manifest that `change` made of a good one, for market `gb` or `de`.
#[track_caller]
fn check(market: &str, change: impl FnOnce(&mut Manifest), expected: &str) {
    let mut guest = Guest::quiet();
    change(&mut guest.manifest);
    let found = match Active::check(&engines(), market, &guest.component(), &small_charter()) {
        Ok(_) => "good".to_owned(),
        Err(refused) => refused.to_string(),
    };
    assert_eq!(
        found.trim_start_matches("the manifest is outside of the charter: "),
        expected
    );
}

#[test]
fn a_manifest_inside_the_charter_is_good() {
    check("gb", |_| {}, "good");
    check("de", |_| {}, "good");
}

// A26
#[test]
fn a_policy_without_an_owner_or_a_worst_case_is_refused() {
    check(
        "gb",
        |manifest| {
            manifest.owner = " ".into();
            manifest.worst_case = "".into();
        },
        "`owner` is empty: a policy has a name, a version, an owner and a worst case; \
         `worst-case` is empty: a policy has a name, a version, an owner and a worst case",
    );
}

#[test]
fn moments_are_known_granted_and_named_once() {
    check(
        "gb",
        |manifest| manifest.moments[0].name = "page_view".into(),
        "moment `page_view` is not in the charter: did you mean `page_viewed`?",
    );
    check(
        "de",
        |manifest| {
            manifest.moments[0].name = "order_placed".into();
            manifest.moments[0].data.clear();
        },
        "moment `order_placed` is not granted to market `de`, only `page_viewed`",
    );
    check(
        "gb",
        |manifest| manifest.moments.push(manifest.moments[0].clone()),
        "moment `page_viewed` stands twice",
    );
    check(
        "gb",
        |manifest| manifest.moments.clear(),
        "it handles no moment",
    );
    check(
        "gb",
        |manifest| manifest.moments = vec![manifest.moments[0].clone(); 65],
        "65 moments, at most 64 are allowed",
    );
}

#[track_caller]
fn check_read(market: &str, name: &str, kind: Kind, expected: &str) {
    check(
        market,
        |manifest| manifest.moments[0].reads = vec![input(name, kind)],
        expected,
    );
}

#[test]
fn a_reading_that_the_charter_does_not_know_is_refused_with_what_was_meant() {
    for (name, expected) in [
        (
            "pointz",
            "`pointz` is nothing that the charter knows: did you mean `points`?",
        ),
        (
            "order_90d",
            "`order_90d` is nothing that the charter knows: did you mean `orders_90d`?",
        ),
        (
            "consent.marketin",
            "`consent.marketin` is nothing that the charter knows: did you mean `consent.marketing`?",
        ),
        (
            "consent.marketing.fax",
            "`consent.marketing.fax` is nothing that the charter knows: did you mean `consent.marketing`?",
        ),
        (
            "contacts.email.soon",
            "`contacts.email.soon` is nothing that the charter knows: did you mean `contacts.email.7d`?",
        ),
        (
            "contacts.email.0d",
            "`contacts.email.0d` is nothing that the charter knows: did you mean `contacts.email.7d`?",
        ),
        (
            "pending.nothing",
            "`pending.nothing` is nothing that the charter knows",
        ),
        (
            "setting.floors",
            "`setting.floors` is nothing that the charter knows: did you mean `setting.floor`?",
        ),
        (
            "segment.big_spender",
            "`segment.big_spender` is nothing that the charter knows",
        ),
        (
            "stage.loyalty",
            "`stage.loyalty` is nothing that the charter knows",
        ),
        ("sold[sku]", "`sold[sku]` is nothing that the charter knows"),
        ("", "`` is nothing that the charter knows"),
        ("]", "`]` is nothing that the charter knows"),
    ] {
        check_read(
            "gb",
            name,
            Kind::Integer,
            &format!("moment `page_viewed`: {expected}"),
        );
    }
}

#[test]
fn an_item_is_looked_up_by_a_datum_of_its_own_type() {
    check_read(
        "gb",
        "bought[business]",
        Kind::Instant,
        "moment `page_viewed`: `bought[business]` is looked up by a text of `sku`, but `business` is a flag",
    );
    check_read(
        "gb",
        "bought[skus]",
        Kind::Instant,
        "moment `page_viewed`: event `product.viewed` has no datum `skus`: did you mean `sku`?",
    );
}

#[test]
fn a_kind_that_differs_from_the_charters_is_refused() {
    check_read(
        "gb",
        "points",
        Kind::Text,
        "moment `page_viewed`: `points` is declared as text, the charter says integer",
    );
    check_read(
        "gb",
        "bought[sku]",
        Kind::Flag,
        "moment `page_viewed`: `bought[sku]` is declared as flag, the charter says instant",
    );
    check(
        "gb",
        |manifest| manifest.moments[0].data[0].kind = Kind::Texts,
        "moment `page_viewed`: `sku` is declared as texts, the charter says text",
    );
}

#[test]
fn what_belongs_to_another_market_is_refused() {
    check_read(
        "gb",
        "de.gift_wrap",
        Kind::Flag,
        "moment `page_viewed`: `de.gift_wrap` belongs to market `de` alone",
    );
    check_read("de", "de.gift_wrap", Kind::Flag, "good");
    check(
        "gb",
        |manifest| {
            manifest.moments[0]
                .data
                .push(input("de.gift_wrap", Kind::Flag))
        },
        "moment `page_viewed`: `de.gift_wrap` belongs to market `de` alone",
    );
    check(
        "de",
        |manifest| {
            manifest.moments[0]
                .data
                .push(input("de.gift_wrap", Kind::Flag))
        },
        "good",
    );
}

#[test]
fn inputs_stand_once_and_are_not_too_many() {
    check(
        "gb",
        |manifest| {
            manifest.moments[0]
                .reads
                .push(input("points", Kind::Integer))
        },
        "moment `page_viewed` asks for `points` twice",
    );
    check(
        "gb",
        |manifest| manifest.moments[0].data.push(input("pages", Kind::Integer)),
        "moment `page_viewed`: event `product.viewed` has no datum `pages`",
    );
    check(
        "gb",
        |manifest| {
            manifest.moments[0].reads = (0..65)
                .map(|number| input(&format!("f{number}"), Kind::Flag))
                .collect()
        },
        "65 reads of a moment, at most 64 are allowed",
    );
}

#[test]
fn actions_and_channels_are_granted() {
    let proposing = |action: &'static str, channels: &'static [&'static str]| {
        move |manifest: &mut Manifest| {
            manifest.moments[0].proposes = vec![may_propose(action, channels)]
        }
    };
    check("gb", proposing("cart_reminder", &["email"]), "good");
    check(
        "de",
        proposing("cart_reminder", &["email"]),
        "moment `page_viewed`: action `cart_reminder` is not granted to market `de`",
    );
    check(
        "gb",
        proposing("cart_remainder", &["email"]),
        "moment `page_viewed`: action `cart_remainder` is not in the charter: did you mean `cart_reminder`?",
    );
    check(
        "gb",
        proposing("cart_reminder", &["web"]),
        "moment `page_viewed`: action `cart_reminder` may not use channel `web` here, only `email`",
    );
    check(
        "gb",
        proposing("cart_reminder", &[]),
        "moment `page_viewed`: action `cart_reminder` names no channel, `email` are possible",
    );
}

#[test]
fn reasons_are_for_machines_and_for_people() {
    check(
        "gb",
        |manifest| manifest.reasons.push(reason("quiet")),
        "reason `quiet` stands twice",
    );
    check(
        "gb",
        |manifest| manifest.reasons[0].sentences.clear(),
        "reason `quiet` has no sentence for people",
    );
    check(
        "gb",
        |manifest| manifest.worst_case = "x".repeat(1_025).into(),
        "worst-case has 1025 bytes, at most 1024 are allowed",
    );
}

#[test]
fn an_unknown_market_is_refused() {
    check(
        "gbr",
        |_| {},
        "market `gbr` is not in the charter: did you mean `gb`?",
    );
}

#[test]
fn a_manifest_is_bound_by_position() {
    let charter = small_charter();
    let active =
        Active::check(&engines(), "gb", &Guest::quiet().component(), &charter).expect("good");
    let inputs = active
        .inputs(moment_named(&charter, "page_viewed"))
        .expect("it handles it");
    assert!(
        active
            .inputs(moment_named(&charter, "order_placed"))
            .is_none()
    );
    let reads: Vec<_> = inputs.reads.iter().map(|read| read.read).collect();
    let email = charter.names.channels["email"];
    let marketing = charter.names.purposes["marketing"];
    assert_eq!(
        reads,
        [
            Read::Field(charter.names.fields["points"]),
            Read::Field(charter.names.fields["cart_skus"]),
            Read::Field(charter.names.fields["cart_value"]),
            Read::Window(charter.names.windows["orders_90d"]),
            Read::Item(charter.names.items["bought"], Index::from_number(0)),
            Read::Consent(marketing, None),
            Read::Consent(marketing, Some(email)),
            Read::Contacts(email, Span::from_days(7)),
            Read::Pending(charter.names.actions["cart_reminder"]),
            Read::Setting(0),
        ]
    );
    let moment = moment_named(&charter, "page_viewed");
    let (banner, web) = action_over(&charter, "loyalty_banner", "web");
    let (reminder, email) = action_over(&charter, "cart_reminder", "email");
    assert!(active.may_propose(moment, banner, web));
    assert!(!active.may_propose(moment, banner, email));
    assert!(!active.may_propose(moment, reminder, email));
    assert_eq!(
        active.version.as_str(),
        &format!("1.2.0+{}", &active.digest.to_string()[..19])
    );
}
