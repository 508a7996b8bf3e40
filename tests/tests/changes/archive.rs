//! A tar is read in memory, and only what a charter's folder holds is taken out of it.

use kairos::server::Access;
use kairos_tests::Host;

use crate::frame::{DE, post_bytes, tar, unguarded, version, with};

fn host() -> Host {
    Host::of(&[("charter.toml", &unguarded())], |_| Access::Open)
}

/// One entry with any name, of any sort, that says it has so many bytes.
fn entry(name: &[u8], sort: tar::EntryType, size: u64, content: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_old();
    header.as_old_mut().name[..name.len()].copy_from_slice(name);
    header.set_size(size);
    header.set_entry_type(sort);
    header.set_mode(0o644);
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend_from_slice(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

fn ended(entries: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = entries.concat();
    bytes.resize(bytes.len() + 1024, 0);
    bytes
}

fn file(name: &str, text: &str) -> Vec<u8> {
    entry(
        name.as_bytes(),
        tar::EntryType::Regular,
        text.len() as u64,
        text.as_bytes(),
    )
}

#[test]
fn a_hostile_archive_is_refused_and_touches_nothing() {
    let host = host();
    let good = with(&unguarded(), "version   = \"1\"", "version   = \"2\"");
    let charter = || file("charter.toml", &good);
    let link = |sort| entry(b"markets/de.toml", sort, 0, b"");
    let all = |extra: Vec<u8>| ended(&[charter(), extra]);
    let whole = ended(&[charter(), file("markets/de.toml", DE)]);
    let mut twice_ended = whole.clone();
    twice_ended.extend_from_slice(&charter());
    for (body, wanted) in [
        (
            all(file("../charter.toml", "x")),
            "`../charter.toml` is no part of a charter",
        ),
        (
            all(file("markets/../../x.toml", "x")),
            "`markets/../../x.toml` is no part of a charter",
        ),
        (
            all(file("/etc/passwd", "x")),
            "`/etc/passwd` is no part of a charter",
        ),
        (
            all(file("markets/a/b.toml", "x")),
            "`markets/a/b.toml` is no part of a charter",
        ),
        (
            all(file("charter/charter.toml", "x")),
            "is no part of a charter",
        ),
        (
            all(file("README.md", "x")),
            "`README.md` is no part of a charter",
        ),
        (
            all(entry(b"policies/", tar::EntryType::Directory, 0, b"")),
            "`policies/` is no part of a charter",
        ),
        (
            all(link(tar::EntryType::Symlink)),
            "`markets/de.toml` is no file but a symbolic link",
        ),
        (
            all(link(tar::EntryType::Link)),
            "`markets/de.toml` is no file but a link",
        ),
        (
            all(link(tar::EntryType::Char)),
            "`markets/de.toml` is no file but something else",
        ),
        (
            all(link(tar::EntryType::Fifo)),
            "`markets/de.toml` is no file but something else",
        ),
        (
            all(entry(b"markets/de.toml", tar::EntryType::GNUSparse, 0, b"")),
            "",
        ),
        (all(charter()), "`charter.toml` is in it twice"),
        (
            all(file("./charter.toml", &good)),
            "`charter.toml` is in it twice",
        ),
        (
            all(entry(
                b"markets/de.toml",
                tar::EntryType::Regular,
                100 << 20,
                b"x",
            )),
            "`markets/de.toml` has 104857600 bytes, and at most 1048576 are read",
        ),
        (
            all(entry(
                b"markets/de.toml",
                tar::EntryType::Regular,
                4096,
                b"x",
            )),
            "",
        ),
        (
            all(entry(
                b"markets/de.toml",
                tar::EntryType::Regular,
                2,
                &[0xff, 0xfe],
            )),
            "is not text in UTF-8",
        ),
        (
            all(entry(b"x", tar::EntryType::GNULongName, 3 << 20, b"x")),
            "",
        ),
        (
            ended(&[file("markets/de.toml", DE)]),
            "`charter.toml` is not in it",
        ),
        (ended(&[]), "`charter.toml` is not in it"),
        (whole[..whole.len() - 1024].to_vec(), "it is cut off"),
        (whole[..charter().len()].to_vec(), "it is cut off"),
        (whole[..700].to_vec(), "it is cut off"),
        (twice_ended, "or more follows after its end"),
        (b"not a tar".to_vec(), "it is cut off"),
        (vec![0xff; 4096], "it is cut off"),
        (
            [vec![0xff; 4096], vec![0; 1024]].concat(),
            "it does not read as a tar",
        ),
    ] {
        let told = post_bytes(&host, &body, &[]).told();
        assert!(
            told.starts_with("400 bad-archive: ") && told.contains(wanted),
            "{wanted}: {told}"
        );
    }
    let large = post_bytes(&host, &vec![0; (4 << 20) + 1], &[]);
    assert_eq!(large.status, 413);
    let plain = host.ask(&kairos_tests::Request {
        method: "POST",
        path: "/v1/charter",
        headers: &[("content-type", "application/zip")],
        body: &whole,
    });
    assert_eq!(
        plain.told(),
        "415 unknown-content-type: `content-type` is `application/zip`, and must be `application/x-tar`"
    );
    assert_eq!(version(&host), "1", "after all of that");
    assert!(!host.folder().join("x.toml").exists());
}

#[test]
fn what_tar_itself_packs_is_read() {
    let host = host();
    let charter = with(&unguarded(), "version   = \"1\"", "version   = \"2\"");
    let folder = |name: &[u8]| entry(name, tar::EntryType::Directory, 0, b"");
    let body = ended(&[
        folder(b"./"),
        file("./charter.toml", &charter),
        folder(b"./markets/"),
        file("./markets/de.toml", DE),
    ]);
    let answer = post_bytes(&host, &body, &[]);
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(version(&host), "2");
    let body = tar(&[("charter.toml", &charter)]);
    assert_eq!(
        post_bytes(&host, &body, &[]).status,
        200,
        "the choice of de stays"
    );
    assert!(host.node.market_choice("de").is_some());
}
