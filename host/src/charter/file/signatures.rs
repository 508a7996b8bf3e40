//! `signatures.toml`: who approved which content of which section.

use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

use crate::charter::file::page::{Node, Shape};
use crate::charter::file::reading::{Findings, Keys, Section};
use crate::charter::file::{CHARTER_FILE_BYTES, Complaints, SIGNATURES, too_large, values};
use crate::charter::nearest::quoted;
use crate::charter::sections;
use crate::ids::{Digest, Text, from_hex};

const HEAD: &str = "# Who approved what. Made by `kairos charter sign`; a host asks for it when a section changes.\n";

/// What one of the people signed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signature {
    pub by: Text,
    pub section: sections::Section,
    /// Of the section's canonical content.
    pub digest: Digest,
    /// Ed25519.
    pub bytes: [u8; 64],
}

impl Signature {
    /// Reads the text of a `signatures.toml`.
    pub fn read_all(text: &str) -> Result<Vec<Self>, Complaints> {
        let findings = Findings::default();
        let signatures = read(text, &findings);
        match findings.is_empty() {
            true => Ok(signatures),
            false => Err(findings.into_complaints(&[])),
        }
    }
}

/// The text of a `signatures.toml` with `new` in it, in the places of what the same people signed of the same sections before.
pub fn with_signatures(old: &str, new: &[Signature]) -> Result<String, toml_edit::TomlError> {
    let mut page: DocumentMut = old.parse()?;
    if old.is_empty() {
        page.decor_mut().set_prefix(HEAD);
    }
    let entries = page
        .entry("signatures")
        .or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    let Some(entries) = entries.as_array_of_tables_mut() else {
        return Ok(old.to_owned());
    };
    let text = |entry: &Table, key: &str| entry.get(key).and_then(Item::as_str).map(Text::new);
    entries.retain(|entry| {
        !new.iter().any(|signature| {
            text(entry, "by").is_some_and(|by| by == signature.by)
                && text(entry, "section").is_some_and(|section| section == signature.section.word())
        })
    });
    for signature in new {
        let mut entry = Table::new();
        entry.insert("by", value(signature.by.as_str()));
        entry.insert("section", value(signature.section.word()));
        entry.insert("digest", value(signature.digest.to_string()));
        entry.insert("signature", value(signature.shown()));
        entries.push(entry);
    }
    Ok(page.to_string())
}

/// Says what is wrong with the signatures among `files`, where there are any.
pub(super) fn check(files: &[(String, String)], findings: &Findings) {
    if let Some((_, text)) = files.iter().find(|(name, _)| name == SIGNATURES) {
        read(text, findings);
    }
}

fn read(text: &str, findings: &Findings) -> Vec<Signature> {
    const KEYS: Keys = Keys {
        known: &["signatures"],
        later: &[],
        central: &[],
    };
    if text.len() as u64 > CHARTER_FILE_BYTES {
        findings.about_file(SIGNATURES, &too_large(text.len() as u64));
        return Vec::new();
    }
    let page = match Node::parse(SIGNATURES, text) {
        Ok(page) => page,
        Err(complaint) => {
            findings.add(complaint);
            return Vec::new();
        }
    };
    let top = Section::open(&page, &KEYS, findings);
    let entries = top.list("signatures", Ok);
    entries
        .into_iter()
        .filter_map(|entry| read_one(entry, findings))
        .collect()
}

fn read_one(node: &Node, findings: &Findings) -> Option<Signature> {
    const KEYS: Keys = Keys {
        known: &["by", "section", "digest", "signature"],
        later: &[],
        central: &[],
    };
    let entry = Section::open(node, &KEYS, findings);
    let by = entry.required("by", values::text);
    let section = entry.required("section", section);
    let digest = entry.required("digest", |node| {
        let digest = hexadecimal::<32>(node, "sha256:")?;
        Ok(Digest::from_bytes(digest))
    });
    let bytes = entry.required("signature", |node| hexadecimal::<64>(node, "ed25519:"));
    Some(Signature {
        by: by?,
        section: section?,
        digest: digest?,
        bytes: bytes?,
    })
}

fn section(node: &Node) -> Result<sections::Section, String> {
    let name = values::text(node)?;
    sections::Section::named(&name).ok_or_else(|| {
        let known = sections::Section::WHOLE.map(sections::Section::word);
        format!("`{name}` is no section: there are {}", quoted(&known))
    })
}

fn hexadecimal<const N: usize>(node: &Node, prefix: &str) -> Result<[u8; N], String> {
    let found = match &node.shape {
        Shape::Text(text) => text.strip_prefix(prefix).and_then(from_hex::<N>),
        _ => None,
    };
    found.ok_or_else(|| {
        format!(
            "is {}: write `{prefix}` and {} hexadecimal digits, as `kairos charter sign` does",
            node.shown(),
            2 * N
        )
    })
}
