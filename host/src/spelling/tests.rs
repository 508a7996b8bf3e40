use super::*;

#[test]
fn one_address_is_one_however_it_is_typed() {
    for (typed, address) in [
        ("anna@example.org", "anna@example.org"),
        (" Anna@EXAMPLE.org ", "anna@example.org"),
        ("mailto:anna@example.org", "anna@example.org"),
        ("MAILTO:Anna@example.org?subject=x", "anna@example.org"),
        ("anna@example.org.", "anna@example.org"),
        ("jose\u{301}@example.org", "jos\u{e9}@example.org"),
        ("JOSE\u{301}.B@example.org", "jos\u{e9}.b@example.org"),
        ("bo@m\u{fc}nchen.example", "bo@xn--mnchen-3ya.example"),
        ("bo@MU\u{308}NCHEN.example", "bo@xn--mnchen-3ya.example"),
        ("bo@xn--MNCHEN-3YA.example", "bo@xn--mnchen-3ya.example"),
        ("\u{ff41}nna.c@example.org", "anna.c@example.org"),
        ("anna\u{ff20}example.org", "anna@example.org"),
        ("anna@example\u{3002}org", "anna@example.org"),
        ("o'neil+gift@example.org", "o'neil+gift@example.org"),
    ] {
        assert_eq!(email(typed).as_deref(), Ok(address), "{typed}");
        assert_eq!(email(address).as_deref(), Ok(address), "{address} again");
    }
    for wrong in [
        "",
        "anna",
        "@example.org",
        "anna@",
        "anna@.",
        "a b@example.org",
        "Anna <anna@example.org>",
        "a@b@c.org",
        "anna@exa mple.org",
        "a,b@example.org",
    ] {
        assert!(email(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn one_number_is_one_however_it_is_written() {
    let gb = CallingRegion::of("GB");
    for typed in [
        "+44 20 7946 0000",
        "0044 20 7946 0000",
        "020 7946 0000",
        "(020) 7946-0000",
        "+44 (0)20 7946 0000",
        "tel:+442079460000",
        "\u{ff0b}44 20 7946 0000",
    ] {
        assert_eq!(phone(typed, gb).as_deref(), Ok("+442079460000"), "{typed}");
    }
    assert_eq!(
        phone("06 12 34 56 78", CallingRegion::of("FR")).as_deref(),
        Ok("+33612345678")
    );
    assert_eq!(
        phone("06 12345678", CallingRegion::of("IT")).as_deref(),
        Ok("+390612345678"),
        "Italy dials the nought"
    );
    for (wrong, region) in [
        ("020 7946 0000", None),
        ("call me", gb),
        ("+44", gb),
        ("+44 20 7946 0000 ext 5", gb),
        ("+0 123456789", gb),
        ("1234567890123456", gb),
    ] {
        assert!(phone(wrong, region).is_err(), "{wrong}");
    }
}

#[test]
fn what_names_nobody_is_known_as_such() {
    for nobody in [
        "undefined",
        "null",
        "NULL",
        "None",
        "NaN",
        "[object Object]",
        "\"\"",
        "0",
        "00000",
        "anonymous",
        "guest",
        "true",
        "False",
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "(null)",
        "<null>",
        "''",
        "{{user_id}}",
        "${id}",
        "N/A",
        "-",
        "[]",
        "(not set)",
        "\"undefined\"",
        "ffffffffffffffffffffffffffffffff",
        "urn:uuid:00000000-0000-0000-0000-000000000000",
        "\u{ff55}\u{ff4e}\u{ff44}\u{ff45}\u{ff46}\u{ff49}\u{ff4e}\u{ff45}\u{ff44}",
        "[object Promise]",
        "-1",
        "0.0",
        "undefined.undefined",
        "undefined@undefined",
        "<user_id>",
        "%7Buser%7D",
    ] {
        assert!(is_nobody(nobody), "{nobody}");
    }
    for somebody in [
        "1",
        "10",
        "4711",
        "guest-4711",
        "nullman",
        "truehart",
        "undefined-1",
        "0001",
        "00000000-0000-0000-0000-000000000001",
        "a",
        "fff",
    ] {
        assert!(!is_nobody(somebody), "{somebody}");
    }
}

#[test]
fn places_are_what_they_mean_or_nothing() {
    for (text, code) in [
        ("DE", "DE"),
        ("de", "DE"),
        (" De ", "DE"),
        ("DEU", "DE"),
        ("UK", "GB"),
        ("uk", "GB"),
        ("EL", "GR"),
        ("USA", "US"),
    ] {
        assert_eq!(country(text).as_deref(), Some(code), "{text}");
    }
    for wrong in [
        "",
        "XX",
        "ZZ",
        "T1",
        "Germany",
        "D",
        "DEUT",
        "EU",
        "\u{414}\u{415}",
    ] {
        assert_eq!(country(wrong), None, "{wrong}");
    }
    assert_eq!(region("us_fl").as_deref(), Some("US-FL"));
    for wrong in ["FL", "Florida", "US-XX", "US", "XX-FL"] {
        assert_eq!(region(wrong), None, "{wrong}");
    }
    assert_eq!(time_zone("europe/berlin").as_deref(), Some("Europe/Berlin"));
    for wrong in [
        "W. Europe Standard Time",
        "UTC+9",
        "+09:00",
        "",
        "Mars/Base",
    ] {
        assert_eq!(time_zone(wrong), None, "{wrong}");
    }
    assert_eq!(language("EN_gb").as_deref(), Some("en-GB"));
    for wrong in ["", "deutsch", "english", "d", "de--at", "x"] {
        assert_eq!(language(wrong), None, "{wrong}");
    }
}

#[test]
fn what_nobody_sees_is_found() {
    for text in [
        "a\u{200b}b",
        "\u{feff}anna",
        "a\u{202e}b",
        "a\u{ad}b",
        "a\u{e0041}",
    ] {
        assert!(invisible(text).is_some(), "{text:?}");
    }
    assert_eq!(invisible("jos\u{e9}@m\u{fc}nchen.example"), None);
}
