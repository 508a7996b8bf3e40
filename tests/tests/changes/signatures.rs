//! A changed section loads only with the signatures of the people that the live charter names.

use kairos::charter::file::with_signatures;
use kairos::ids::Text;
use kairos::server::Access;
use kairos_tests::{Host, retail_charter};
use serde_json::Value;

use crate::frame::{charter, key, post, signature, signed, version, with};

fn host() -> Host {
    Host::of(&[("charter.toml", &charter())], |_| Access::Open)
}

/// Sends a charter with signatures; who must still sign what and why, as `section by why`.
fn missing(host: &Host, charter: &str, signatures: &str) -> Vec<String> {
    let answer = post(
        host,
        &[("charter.toml", charter), ("signatures.toml", signatures)],
    );
    if answer.status == 200 {
        return Vec::new();
    }
    let problem = answer.json();
    assert_eq!(problem["type"], "/problems/not-approved", "{problem:#}");
    let text = |one: &Value, name: &str| one[name].as_str().unwrap_or_default().to_owned();
    let list = problem["unsigned"].as_array().expect("a list");
    for one in list {
        assert!(text(one, "digest").starts_with("sha256:"));
        assert!(text(one, "mail").ends_with("@gifts.example"));
        assert!(text(one, "command").starts_with("kairos charter sign DIR --as "));
    }
    list.iter()
        .map(|one| {
            format!(
                "{} {} {}",
                text(one, "section"),
                text(one, "by"),
                text(one, "why")
            )
        })
        .collect()
}

fn less_reach() -> String {
    with(&charter(), "reach      = 1_000_000", "reach      = 1000")
}

// A24, A27: four eyes, each with a right of their own.
#[test]
fn without_the_right_signatures_nothing_changes() {
    let host = host();
    let next = less_reach();
    let both = ["actions commerce missing", "actions legal missing"];
    assert_eq!(missing(&host, &next, ""), both);
    // One is not enough, and others do not count.
    let one = signed(
        &next,
        &[
            ("commerce", "actions"),
            ("data", "actions"),
            ("platform", "actions"),
        ],
    );
    assert_eq!(missing(&host, &next, &one), ["actions legal missing"]);
    // Nor does the signature of another section.
    let other = signed(&next, &[("commerce", "actions"), ("legal", "purposes")]);
    assert_eq!(missing(&host, &next, &other), ["actions legal missing"]);
    // Nor one made in the name of somebody else.
    let forged = {
        let right = signature(&next, "legal", "actions");
        key("commerce").sign(Text::new("legal"), right.section, right.digest)
    };
    let forged = with_signatures("", &[signature(&next, "commerce", "actions"), forged]);
    assert_eq!(
        missing(&host, &next, &forged.expect("TOML")),
        ["actions legal wrong-key"]
    );
    assert_eq!(version(&host), "1");
    let right = signed(&next, &[("commerce", "actions"), ("legal", "actions")]);
    assert_eq!(missing(&host, &next, &right), Vec::<String>::new());
}

#[test]
fn an_old_signature_is_good_for_the_old_content_alone() {
    let host = host();
    let next = less_reach();
    let signatures = signed(&next, &[("commerce", "actions"), ("legal", "actions")]);
    let other = with(&next, "reach      = 1000", "reach      = 2000");
    assert_eq!(
        missing(&host, &other, &signatures),
        [
            "actions commerce other-content",
            "actions legal other-content"
        ]
    );
    // What was signed is told in words, with what must be.
    let answer = post(
        &host,
        &[("charter.toml", &other), ("signatures.toml", &signatures)],
    );
    let detail = answer.json()["detail"].as_str().expect("words").to_owned();
    assert!(
        detail.contains("has signed another content, sha256:"),
        "{detail}"
    );
    assert!(
        detail.contains("kairos charter sign DIR --as legal --key FILE --section actions"),
        "{detail}"
    );
    // Comments, spaces and the order of tables are no content.
    let (before, markets) = next.split_once("[markets.gb]").expect("a market");
    let (gb, de) = markets.split_once("[markets.de]").expect("a market");
    let moved = format!("# moved\n{before}[markets.de]{de}\n[markets.gb] # and\n{gb}");
    assert_eq!(missing(&host, &moved, &signatures), Vec::<String>::new());
}

#[test]
fn whoever_holds_the_approvals_guards_them() {
    let host = host();
    // A new key for legal, and what only legal may change: the live charter's keys count, and the owner's.
    let robbed = with(
        &charter(),
        &key("legal").public().to_string(),
        &key("robber").public().to_string(),
    );
    let robbed = with(&robbed, "needs    = \"granted\"", "needs    = \"soft\"");
    let by_robber = {
        let right = signature(&robbed, "legal", "purposes");
        key("robber").sign(Text::new("legal"), right.section, right.digest)
    };
    let signatures = with_signatures("", &[by_robber]).expect("TOML");
    assert_eq!(
        missing(&host, &robbed, &signatures),
        ["charter platform missing", "purposes legal wrong-key"]
    );
    // Nor does leaving the approvals out help.
    let (before, rest) = robbed.split_once("[approvals]").expect("approvals");
    let (_, after) = rest.split_once("\n[sources").expect("sources");
    let unguarded = format!("{before}[sources{after}");
    assert_eq!(
        missing(&host, &unguarded, &signatures),
        ["charter platform missing", "purposes legal wrong-key"]
    );
    // The owner may change a key; from then on it counts.
    let renewed = with(
        &charter(),
        &key("legal").public().to_string(),
        &key("new").public().to_string(),
    );
    assert_eq!(
        missing(
            &host,
            &renewed,
            &signed(&renewed, &[("platform", "charter")])
        ),
        Vec::<String>::new()
    );
    let softer = with(&renewed, "needs    = \"granted\"", "needs    = \"soft\"");
    let old = signed(&softer, &[("legal", "purposes")]);
    assert_eq!(missing(&host, &softer, &old), ["purposes legal wrong-key"]);
}

#[test]
fn a_deviation_needs_those_who_approved_it() {
    let host = host();
    let deviation = "\n[[deviations]]\nmarket = \"de\"\nwhat = \"actions.reminder.caps\"\nis = [{ at-most = 2, per = \"3d\" }]\n\
        why = \"trade fair\"\napproved-by = [\"commerce\", \"legal\"]\nexpires = 2099-12-31\n";
    let next = charter() + deviation;
    assert_eq!(
        missing(&host, &next, ""),
        [
            "markets commerce missing",
            "markets legal missing",
            "markets platform missing"
        ]
    );
    let all = [
        ("commerce", "markets"),
        ("legal", "markets"),
        ("platform", "markets"),
    ];
    assert_eq!(
        missing(&host, &next, &signed(&next, &all)),
        Vec::<String>::new()
    );
    // Once it is live, other changes of the section do not need them again.
    let next = with(&next, "+44 20 0000000", "+44 20 1111111");
    assert_eq!(missing(&host, &next, ""), ["markets platform missing"]);
}

#[test]
fn a_section_named_for_itself_has_its_own_people() {
    let own = with(
        &charter(),
        "purposes = [\"legal\"]",
        "purposes = [\"legal\"]\nlaws = [\"data\"]",
    );
    let host = Host::of(&[("charter.toml", &own)], |_| Access::Open);
    let law = "\n[laws.DE]\nmarketing.email = { needs = \"confirmed\", kind = \"law\", source = \"UWG\", review-by = 2099-03-31 }\n";
    let next = own + law;
    assert_eq!(missing(&host, &next, ""), ["laws data missing"]);
    assert_eq!(
        missing(&host, &next, &signed(&next, &[("data", "laws")])),
        Vec::<String>::new()
    );
}

#[test]
fn a_file_of_signatures_that_does_not_read_is_a_complaint() {
    let host = host();
    let next = less_reach();
    for (text, wanted) in [
        ("signatures = 1", "signatures.toml:1: signatures: is `1`"),
        (
            "[[signatures]]\nby = \"legal\"\n",
            "signatures.toml:1: signatures.section: is missing",
        ),
        (
            "[[signatures]]\nby = \"legal\"\nsection = \"x\"\ndigest = \"sha256:00\"\nsignature = \"ed25519:00\"\n",
            "signatures.toml:4: signatures.digest: is `sha256:00`: write `sha256:` and 64 hexadecimal digits",
        ),
    ] {
        let problem = post(&host, &[("charter.toml", &next), ("signatures.toml", text)]).json();
        let complaints: Vec<String> = problem["complaints"]
            .as_array()
            .unwrap_or_else(|| panic!("{problem:#}"))
            .iter()
            .map(|one| {
                format!(
                    "{}:{}: {}: {}",
                    one["file"].as_str().unwrap(),
                    one["line"],
                    one["key"].as_str().unwrap(),
                    one["what"].as_str().unwrap()
                )
            })
            .collect();
        assert!(
            complaints.iter().any(|one| one.starts_with(wanted)),
            "{complaints:#?}"
        );
    }
}

/// The example's charter.toml with the keys in [people] and the block of [approvals] turned on, as its comment says.
fn example_that_is_guarded() -> String {
    let text = std::fs::read_to_string(retail_charter().join("charter.toml")).expect("a file");
    let text = ["platform", "legal", "data", "commerce"]
        .into_iter()
        .fold(text, |text, person| {
            let public = key(person).public();
            let (mail, line) = (
                format!("\"{person}@gifts.example\""),
                format!("{{ mail = \"{person}@gifts.example\", key = \"{public}\" }}"),
            );
            with(&text, &format!("= {mail}\n"), &format!("= {line}\n"))
        });
    let (before, rest) = text.split_once("# [approvals]\n").expect("approvals");
    let (block, after) = rest.split_once("\n\n").expect("an end");
    let block: String = block
        .lines()
        .map(|line| line.strip_prefix("# ").expect("a comment").to_owned() + "\n")
        .collect();
    format!("{before}[approvals]\n{block}\n{after}")
}

// A24: the block that the example leaves off is right as it stands.
#[test]
fn the_examples_approvals_guard_it() {
    let live = example_that_is_guarded();
    let files = kairos::charter::Charter::read(&retail_charter()).expect("files");
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, text)| match name.as_str() {
            "charter.toml" => ("charter.toml", live.as_str()),
            name => (name, text.as_str()),
        })
        .collect();
    let host = Host::of(&files, |_| Access::Open);
    for (from, to, wanted) in [
        (
            "max-age        = \"30d\"",
            "max-age        = \"29d\"",
            ["fields data missing"].as_slice(),
        ),
        (
            "at-most = 12",
            "at-most = 11",
            &["actions commerce missing", "actions legal missing"],
        ),
    ] {
        assert_eq!(missing(&host, &with(&live, from, to), ""), wanted);
    }
}
