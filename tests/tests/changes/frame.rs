//! The charter that these promises are about, who signs it, and how it is sent.

use kairos::charter::file::with_signatures;
use kairos::charter::sign::{Central, PrivateKey};
use kairos::charter::{Section, Signature};
use kairos::ids::{Chance, Text};
use kairos::policy::Decision;
use kairos::value::Kind;
use kairos_tests::guest::{Guest, banner, input};
use kairos_tests::{Answer, Host, Request};

const CHARTER: &str = include_str!("charter/charter.toml");
pub const DE: &str = include_str!("charter/markets/de.toml");

/// That person's key, always the same.
pub fn key(person: &str) -> PrivateKey {
    PrivateKey::draw(&mut Chance::from_seed(person.as_bytes()))
}

/// `charter.toml`, with everybody's key in it.
pub fn charter() -> String {
    ["platform", "legal", "data", "commerce"].into_iter().fold(
        CHARTER.to_owned(),
        |text, person| {
            let public = key(person).public().to_string();
            text.replace(&format!("KEY-OF-{person}"), &public)
        },
    )
}

/// The same without [approvals]: whoever may load it needs nobody's signature.
pub fn unguarded() -> String {
    let text = charter();
    let (before, rest) = text.split_once("[approvals]").expect("approvals");
    let (_, after) = rest.split_once("\n[sources").expect("sources");
    format!("{before}[sources{after}")
}

/// `text` with `from` replaced, which must be in it.
pub fn with(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "`{from}` is not in it");
    text.replacen(from, to, 1)
}

/// What that person signs of a `charter.toml`.
pub fn signature(charter: &str, by: &str, section: &str) -> Signature {
    let central = Central::read(charter).expect("TOML");
    let section = Section::named(section).expect("a section");
    key(by).sign(Text::new(by), section, central.digest(section))
}

/// A `signatures.toml` of these people for these sections.
pub fn signed(charter: &str, by: &[(&str, &str)]) -> String {
    let signatures: Vec<Signature> = by
        .iter()
        .map(|(by, section)| signature(charter, by, section))
        .collect();
    with_signatures("", &signatures).expect("TOML")
}

/// A tar of these files.
pub fn tar(files: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, text) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        archive
            .append_data(&mut header, name, text.as_bytes())
            .expect("room");
    }
    archive.into_inner().expect("a tar")
}

pub fn post(host: &Host, files: &[(&str, &str)]) -> Answer {
    post_bytes(host, &tar(files), &[])
}

pub fn post_bytes(host: &Host, body: &[u8], headers: &[(&str, &str)]) -> Answer {
    let headers = [&[("content-type", "application/x-tar")], headers].concat();
    host.ask(&Request {
        method: "POST",
        path: "/v1/charter",
        headers: &headers,
        body,
    })
}

pub fn put(host: &Host, market: &str, text: &str, headers: &[(&str, &str)]) -> Answer {
    let headers = [&[("content-type", "application/toml")], headers].concat();
    host.ask(&Request {
        method: "PUT",
        path: &format!("/v1/markets/{market}/charter"),
        headers: &headers,
        body: text.as_bytes(),
    })
}

/// Which version is live.
pub fn version(host: &Host) -> String {
    host.node.charter().version.to_string()
}

/// A policy that always shows the gold banner on a page.
pub fn gold() -> Vec<u8> {
    let mut guest = Guest::that_decides(Decision::Act(vec![banner("gold")]));
    let moment = guest.manifest.moments.first_mut().expect("a moment");
    moment.data = vec![input("sku", Kind::Text)];
    moment.reads = vec![input("points", Kind::Integer)];
    guest.component()
}

pub fn viewed(id: &str) -> String {
    format!(
        r#"{{ "specversion": "1.0", "id": "{id}", "source": "shop", "type": "product.viewed", "subject": "crm:{id}",
        "data": {{ "sku": "a" }} }}"#
    )
}
