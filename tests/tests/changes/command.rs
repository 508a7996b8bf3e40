//! The same from the command line: keys, signatures, loading and asking.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use kairos::server::Access;
use kairos_tests::Host;

use crate::frame::{DE, charter, put, unguarded, version, with};

const BINARY: &str = env!("CARGO_BIN_EXE_host-under-test");

/// Runs `kairos charter` with these words; the exit status and all that it said.
fn run(words: &[&str]) -> (i32, String) {
    kairos_tests::run(BINARY, &[&["charter"], words].concat())
}

fn write(folder: &Path, files: &[(&str, &str)]) -> String {
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
    folder.display().to_string()
}

// A24, A27: from a new key to a loaded charter, as people do it.
#[test]
fn a_charter_is_signed_and_loaded_from_the_command_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let key = folder.path().join("legal.key").display().to_string();
    let (status, public) = run(&["key", "new", &key]);
    assert_eq!(status, 0, "{public}");
    let mode = std::fs::metadata(&key)
        .expect("a file")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(
        !public.contains("kairos_signing_"),
        "the secret is not shown"
    );
    let (status, said) = run(&["key", "new", &key]);
    assert_eq!(status, 1, "a key is never overwritten: {said}");
    let old = with(&charter(), &kairos_tests_key("legal"), public.trim());
    let host = Host::of(&[("charter.toml", &old), ("markets/de.toml", DE)], |_| {
        Access::Open
    });
    let url = format!("http://{}", host.address);
    let new = with(&old, "needs    = \"granted\"", "needs    = \"confirmed\"");
    let new = write(&folder.path().join("new"), &[("charter.toml", &new)]);

    let (status, said) = run(&["diff", &new, "--url", &url]);
    assert_eq!(status, 1, "{said}");
    assert!(
        said.contains("narrowed  purposes.marketing.needs"),
        "{said}"
    );
    assert!(
        said.contains("who must sign\n  section `purposes`, sha256:"),
        "{said}"
    );
    let (status, said) = run(&["push", &new, "--url", &url]);
    assert_eq!(status, 1);
    assert!(
        said.contains("kairos charter sign DIR --as legal --key FILE --section purposes"),
        "{said}"
    );
    let (status, said) = run(&["sign", &new, "--as", "legal", "--key", &key]);
    assert_eq!(status, 0, "{said}");
    assert!(
        said.contains("legal signed section `purposes`, sha256:"),
        "{said}"
    );
    assert!(
        said.contains("legal signed section `actions`, sha256:"),
        "{said}"
    );
    // Signing again replaces, and check reads them.
    assert_eq!(
        run(&[
            "sign",
            &new,
            "--as",
            "legal",
            "--key",
            &key,
            "--section",
            "purposes"
        ])
        .0,
        0
    );
    let signatures =
        std::fs::read_to_string(Path::new(&new).join("signatures.toml")).expect("a file");
    assert_eq!(signatures.matches("[[signatures]]").count(), 2);
    assert_eq!(run(&["check", &new]).0, 0);
    let (status, said) = run(&["push", &new, "--url", &url]);
    assert_eq!(status, 0, "{said}");
    assert!(said.starts_with("charter 1 is live, sha256:"), "{said}");
    assert_eq!(
        run(&["push", &new, "--url", &url]).1,
        "charter 1 was live already\n"
    );
    assert_eq!(version(&host), "1");
    // What is live comes back as it is, the choice of de too.
    let pulled = folder.path().join("pulled").display().to_string();
    assert_eq!(run(&["pull", &pulled, "--url", &url]).0, 0);
    let de = std::fs::read_to_string(Path::new(&pulled).join("markets/de.toml")).expect("a file");
    assert_eq!(de, DE);
    assert_eq!(
        run(&["diff", &pulled, "--url", &url]),
        (0, "nothing differs\n".to_owned())
    );
}

fn kairos_tests_key(person: &str) -> String {
    crate::frame::key(person).public().to_string()
}

#[test]
fn what_cannot_be_signed_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let central = charter();
    let charter = write(folder.path(), &[("charter.toml", &central)]);
    let key = folder.path().join("a.key").display().to_string();
    assert_eq!(run(&["key", "new", &key]).0, 0);
    let sign = |person: &str, more: &[&str]| {
        run(&[&["sign", &charter, "--as", person, "--key", &key], more].concat())
    };
    assert!(
        sign("nobody", &[])
            .1
            .contains("`nobody` is not one of [people]: there are platform, legal, data, commerce")
    );
    assert!(
        sign("legal", &["--section", "x"])
            .1
            .contains("it must be one of fields, purposes, actions, markets, charter")
    );
    assert!(
        sign("legal", &[])
            .1
            .contains("note: the key is not the one that [people] has of `legal`")
    );
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).expect("a mode");
    assert!(sign("legal", &[]).1.contains("others may read"));
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).expect("a mode");
    std::fs::write(&key, "ssh-ed25519 AAAA").expect("a file");
    assert!(
        sign("legal", &[])
            .1
            .contains("is no private key of `kairos charter key new`")
    );
    write(
        folder.path(),
        &[(
            "charter.toml",
            &with(&central, "basis   = \"contract\"", "basis   = \"x\""),
        )],
    );
    let (status, said) = sign("legal", &[]);
    assert!(
        status == 1 && said.contains("charter.toml:"),
        "nobody signs what is wrong: {said}"
    );
}

// C30, C03: what is overdue or ended is warned of before it blocks.
#[test]
fn a_check_warns_of_what_is_overdue() {
    let folder = tempfile::tempdir().expect("a folder");
    let deviation = "\n[[deviations]]\nmarket = \"de\"\nwhat = \"actions.reminder.caps\"\nis = [{ at-most = 2, per = \"3d\" }]\n\
        why = \"trade fair\"\napproved-by = [\"commerce\", \"legal\"]\nexpires = 2020-12-31\n";
    let central = with(
        &charter(),
        "review-by = 2027-05-31",
        "review-by = 2020-05-31",
    ) + deviation;
    let charter = write(folder.path(), &[("charter.toml", &central)]);
    let (status, said) = run(&["check", &charter]);
    assert_eq!(status, 0, "{said}");
    for warning in [
        "warning: charter.toml:3: the charter should have been reviewed by 2020-05-31 (platform@gifts.example), and no new \
         policy goes live until it is",
        "warning: charter.toml:129: the deviation of `actions.reminder.caps` ended on 2020-12-31: no new policy of `de` goes \
         live until it is taken out",
    ] {
        assert!(said.contains(warning), "{said}");
    }
    let (_, said) = run(&["check", &charter, "--json"]);
    let told: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    let warnings = told["warnings"].as_array().expect("a list");
    let dated = warnings
        .iter()
        .filter(|one| one.to_string().contains("2020-"));
    assert_eq!(dated.count(), 2, "{warnings:#?}");
}

// B10: a delay that no action asked for at once survives.
#[test]
fn a_check_warns_of_an_action_that_comes_too_late() {
    let folder = tempfile::tempdir().expect("a folder");
    let email = "channels   = [\"email\"]\n";
    let central = with(
        &charter(),
        email,
        &format!("{email}delay = {{ min = \"2d\" }}\n"),
    );
    let (_, said) = run(&[
        "check",
        &write(folder.path(), &[("charter.toml", &central)]),
    ]);
    let warning = "warning: charter.toml: `actions.reminder` acts after `2d` at the earliest and lapses `36h` after its time: \
        asked for at once, it is always refused";
    assert!(said.contains(warning), "{said}");
}

#[test]
fn what_a_market_may_do_in_the_end_is_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let charter = write(
        folder.path(),
        &[("charter.toml", &charter()), ("markets/de.toml", DE)],
    );
    let (status, said) = run(&["show", &charter, "de"]);
    assert_eq!(status, 0);
    for line in [
        "parameters = { discount = { between = [0, 5] } }\n",
        "caps = [{ at-most = 1, per = \"3d\" }, { at-most = 1, per = \"7d\" }]\n",
        "[channels.email]\nhours = [{ days = \"mon-sat\", from = \"08:00\", to = \"20:00\" }]\n",
        "memory = \"2MiB\"\n",
        "floor = 3000\n",
    ] {
        assert!(said.contains(line), "{said}");
    }
    assert_eq!(run(&["show", &charter, "fr"]).0, 1);
    let (status, said) = run(&["who", "fuel", &charter, "--json"]);
    assert_eq!(status, 0);
    let told: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(told["markets"][0]["granted"]["value"], 2_000_000);
}

#[test]
fn a_reader_that_stops_early_is_no_failure() {
    let folder = tempfile::tempdir().expect("a folder");
    let charter = write(folder.path(), &[("charter.toml", &charter())]);
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let output = Command::new(BINARY)
        .args(["charter", "who", "reminder", &charter])
        .stdout(writer)
        .output()
        .expect("a process");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

// C27: what a region chose meanwhile is not undone by a push, unless somebody says so.
#[test]
fn a_push_of_what_was_overtaken_says_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let host = Host::of(
        &[("charter.toml", &unguarded()), ("markets/de.toml", DE)],
        |_| Access::Open,
    );
    let url = format!("http://{}", host.address);
    let pulled = folder.path().join("pulled").display().to_string();
    assert_eq!(run(&["pull", &pulled, "--url", &url]).0, 0);
    let next = |version: &str| {
        let to = format!("version   = \"{version}\"");
        let central = with(&unguarded(), "version   = \"1\"", &to);
        write(Path::new(&pulled), &[("charter.toml", &central)])
    };
    // The platform's own pushes follow each other.
    for version in ["2", "3"] {
        let (status, said) = run(&["push", &next(version), "--url", &url]);
        assert_eq!(status, 0, "{said}");
    }
    let tag = host.get("/v1/markets/de/charter");
    let tag = tag.header("etag").expect("a tag");
    let narrower = DE.replace("[0, 5]", "[0, 2]");
    assert_eq!(
        put(&host, "de", &narrower, &[("if-match", tag)]).status,
        200
    );
    let (status, said) = run(&["push", &next("4"), "--url", &url]);
    assert_eq!(status, 1, "{said}");
    for words in [
        "another charter is live by now",
        "kairos charter pull",
        "--force",
    ] {
        assert!(said.contains(words), "{said}");
    }
    assert_eq!(version(&host), "3");
    assert_eq!(run(&["push", &pulled, "--url", &url, "--force"]).0, 0);
    assert_eq!(version(&host), "4");
    assert_eq!(run(&["check", &pulled]).0, 0);
    assert_eq!(run(&["push", &next("5"), "--url", &url]).0, 0);
}

#[test]
fn a_diff_with_a_host_keeps_the_choices_that_a_push_keeps() {
    let folder = tempfile::tempdir().expect("a folder");
    let host = Host::of(
        &[("charter.toml", &unguarded()), ("markets/de.toml", DE)],
        |_| Access::Open,
    );
    let url = format!("http://{}", host.address);
    let diff = |central: &str| {
        let new = write(folder.path(), &[("charter.toml", central)]);
        run(&["diff", &new, "--url", &url])
    };
    assert_eq!(diff(&unguarded()), (0, "nothing differs\n".to_owned()));
    let narrower = with(&unguarded(), "between = [0, 10]", "between = [0, 4]");
    let (status, said) = diff(&narrower);
    assert_eq!(status, 1);
    assert!(
        said.contains("markets/de.toml:9: actions.reminder.parameters.discount.between"),
        "{said}"
    );
}
