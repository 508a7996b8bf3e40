//! Who must approve a changed section, and whether they did: Ed25519 signatures over the section's canonical content.

mod key;

use std::collections::BTreeSet;
use std::fmt;

use ed25519_dalek::VerifyingKey;

use crate::charter::PublicKey;
use crate::charter::file::page::{Node, Shape};
use crate::charter::file::{CENTRAL, Complaint, Signature};
use crate::charter::sections::{Section, canonical, digest};
use crate::ids::{Digest, Text, to_hex};

pub use key::{NoKey, PrivateKey};

/// A `charter.toml` as those who approve it see it: its sections, and who must sign them next time.
#[derive(Debug)]
pub struct Central {
    page: Node,
}

/// A section that changed, and who must sign it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Demand {
    pub section: Section,
    /// Of the new content.
    pub digest: Digest,
    pub people: Vec<Text>,
}

/// A signature that counted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Approved {
    pub section: Section,
    pub digest: Digest,
    pub by: Text,
}

/// One signature that is missing or does not count.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unsigned {
    pub section: Section,
    /// What must be signed.
    pub digest: Digest,
    pub by: Text,
    pub mail: Text,
    pub why: Why,
}

/// Why a signature does not count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Why {
    Missing,
    /// Another content was signed: it was changed since, or the signature is an old one.
    OtherContent(Digest),
    /// It was not made with the key that the live charter has of that person.
    WrongKey,
    /// The live charter has no key of that person, so nobody can sign in that name.
    NoKey,
}

/// Every signature that is missing; never empty.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unapproved(pub Vec<Unsigned>);

impl Central {
    /// Reads the text of a `charter.toml`; it need not be right.
    pub fn read(text: &str) -> Result<Self, Complaint> {
        Node::parse(CENTRAL, text).map(|page| Self { page })
    }

    /// Of the section's canonical content.
    pub fn digest(&self, section: Section) -> Digest {
        digest(section, &self.page)
    }

    /// What `next` changes, and whose signatures this charter, the live one, wants for it (A24, A27). Without [approvals]
    /// nobody has to sign.
    pub fn demands(&self, next: &Self) -> Vec<Demand> {
        if self.approvals().is_empty() {
            return Vec::new();
        }
        let changed: BTreeSet<&str> = self.changed(next);
        let mut demands: Vec<Demand> = Vec::new();
        for word in &changed {
            let section = self.section_of(word);
            let people = match *word {
                "deviations" => [self.approvers(section), self.deviators(next)].concat(),
                _ if section == Section::CHARTER => self.keepers(&changed),
                _ => self.approvers(section),
            };
            match demands.iter_mut().find(|known| known.section == section) {
                Some(known) => known.people.extend(people),
                None => demands.push(Demand {
                    section,
                    digest: next.digest(section),
                    people,
                }),
            }
        }
        for demand in &mut demands {
            demand.people.sort_unstable();
            demand.people.dedup();
        }
        demands.sort_by_key(|demand| demand.section);
        demands
    }

    /// The words at the top whose content is not the same in both.
    fn changed<'a>(&'a self, next: &'a Self) -> BTreeSet<&'a str> {
        let content = |of: &Self, word: &str| of.page.entry(word).map(|node| canonical(word, node));
        let words = self.page.entries().iter().chain(next.page.entries());
        words
            .map(|(word, _)| word.as_str())
            .filter(|word| content(self, word) != content(next, word))
            .collect()
    }

    /// What must be signed for a word to change: itself where [approvals] names it, else its group.
    fn section_of(&self, word: &str) -> Section {
        let named = self.approvals().iter().any(|(name, _)| name == word);
        match Section::named(word).filter(|_| named) {
            Some(section) => section,
            None => Section::group_of(word),
        }
    }

    /// Checks the signatures of what `next` changes against the keys of this charter, the live one.
    pub fn approve(
        &self,
        next: &Self,
        signatures: &[Signature],
    ) -> Result<Vec<Approved>, Unapproved> {
        let (mut approved, mut unsigned) = (Vec::new(), Vec::new());
        for demand in self.demands(next) {
            for by in &demand.people {
                let (section, digest) = (demand.section, demand.digest);
                match self.check(by, &demand, signatures) {
                    Ok(()) => approved.push(Approved {
                        section,
                        digest,
                        by: by.clone(),
                    }),
                    Err(why) => unsigned.push(Unsigned {
                        section,
                        digest,
                        by: by.clone(),
                        mail: self.mail(by),
                        why,
                    }),
                }
            }
        }
        match unsigned.is_empty() {
            true => Ok(approved),
            false => Err(Unapproved(unsigned)),
        }
    }

    /// Whether one of the signatures by that person counts; else the reason why the best of them does not.
    fn check(&self, by: &str, demand: &Demand, signatures: &[Signature]) -> Result<(), Why> {
        let key = self.key(by).ok_or(Why::NoKey)?;
        let mut why = Why::Missing;
        let theirs = signatures
            .iter()
            .filter(|signature| signature.by == by && signature.section == demand.section);
        for signature in theirs {
            if signature.digest != demand.digest {
                why = match why {
                    Why::WrongKey => Why::WrongKey,
                    _ => Why::OtherContent(signature.digest),
                };
            } else if verifies(&key, signature) {
                return Ok(());
            } else {
                why = Why::WrongKey;
            }
        }
        Err(why)
    }

    /// The sections that [approvals] here, or being the owner, lets that person sign.
    pub fn sections_of(&self, person: &str) -> Vec<Section> {
        let approves = |people: &Node| texts(people).any(|name| name == person);
        let mut sections: Vec<Section> = self
            .approvals()
            .iter()
            .filter(|(_, people)| approves(people))
            .filter_map(|(word, _)| Section::named(word))
            .collect();
        if self.owner() == Some(person) {
            sections.push(Section::CHARTER);
        }
        let mut deviations = self.deviations().iter();
        if deviations.any(|one| one.entry("approved-by").is_some_and(approves)) {
            sections.push(self.section_of("deviations"));
        }
        sections.sort_unstable();
        sections.dedup();
        sections
    }

    /// Whether a market is granted anything.
    pub fn grants(&self, market: &str) -> bool {
        self.table("markets").iter().any(|(name, _)| name == market)
    }

    pub fn people(&self) -> impl Iterator<Item = &str> {
        self.table("people").iter().map(|(name, _)| name.as_str())
    }

    /// What that person's signatures are checked with.
    pub fn key(&self, person: &str) -> Option<PublicKey> {
        let (_, node) = self
            .table("people")
            .iter()
            .find(|(name, _)| name == person)?;
        PublicKey::parse(text(node.entry("key")?)?)
    }

    fn mail(&self, person: &str) -> Text {
        let found = self.table("people").iter().find(|(name, _)| name == person);
        let mail = found.and_then(|(_, node)| text(node).or_else(|| text(node.entry("mail")?)));
        Text::new(mail.unwrap_or_default())
    }

    fn owner(&self) -> Option<&str> {
        text(self.page.entry("owner")?)
    }

    fn approvals(&self) -> &[(String, Node)] {
        self.table("approvals")
    }

    /// Whom [approvals] names for a section.
    fn approvers(&self, section: Section) -> Vec<Text> {
        let named = self
            .approvals()
            .iter()
            .find(|(word, _)| word == section.word());
        named.map_or_else(Vec::new, |(_, people)| texts(people).collect())
    }

    /// Who signs what holds the approvals themselves: the owner; without a key of the owner, and where people or approvals
    /// change, everybody who approves anything and has a key.
    fn keepers(&self, changed: &BTreeSet<&str>) -> Vec<Text> {
        if let Some(owner) = self.owner().filter(|owner| self.key(owner).is_some()) {
            return vec![Text::new(owner)];
        }
        if !["people", "approvals", "owner"]
            .iter()
            .any(|word| changed.contains(word))
        {
            return Vec::new();
        }
        let all = self
            .approvals()
            .iter()
            .flat_map(|(_, people)| texts(people));
        all.filter(|person| self.key(person).is_some()).collect()
    }

    /// Who approved what `next` lets a market do that others may not, and this charter did not.
    fn deviators(&self, next: &Self) -> Vec<Text> {
        let content = |deviation: &Node| canonical("deviations", deviation);
        let known: Vec<String> = self.deviations().iter().map(content).collect();
        let new = next
            .deviations()
            .iter()
            .filter(|deviation| !known.contains(&content(deviation)));
        new.filter_map(|deviation| deviation.entry("approved-by"))
            .flat_map(texts)
            .collect()
    }

    fn deviations(&self) -> &[Node] {
        match self.page.entry("deviations").map(|node| &node.shape) {
            Some(Shape::List(deviations)) => deviations,
            _ => &[],
        }
    }

    fn table(&self, word: &str) -> &[(String, Node)] {
        self.page.entry(word).map_or(&[], Node::entries)
    }
}

fn text(node: &Node) -> Option<&str> {
    match &node.shape {
        Shape::Text(text) => Some(text),
        _ => None,
    }
}

fn texts(node: &Node) -> impl Iterator<Item = Text> + '_ {
    let entries = match &node.shape {
        Shape::List(entries) => entries.as_slice(),
        _ => &[],
    };
    entries.iter().filter_map(text).map(Text::new)
}

/// What is signed: the section and its digest, and nothing that another purpose could give to sign.
fn message(section: Section, digest: Digest) -> Vec<u8> {
    let mut message = format!("kairos charter signature 1\0{}\0", section.word()).into_bytes();
    message.extend_from_slice(digest.as_bytes());
    message
}

fn verifies(key: &PublicKey, signature: &Signature) -> bool {
    let message = message(signature.section, signature.digest);
    VerifyingKey::from_bytes(&key.0).is_ok_and(|key| {
        key.verify_strict(
            &message,
            &ed25519_dalek::Signature::from_bytes(&signature.bytes),
        )
        .is_ok()
    })
}

impl Signature {
    /// As `signatures.toml` writes it.
    pub fn shown(&self) -> String {
        format!("ed25519:{}", to_hex(&self.bytes))
    }
}

/// The command that makes what is missing.
impl Unsigned {
    pub fn command(&self) -> String {
        format!(
            "kairos charter sign DIR --as {} --key FILE --section {}",
            self.by,
            self.section.word()
        )
    }
}

impl fmt::Display for Unsigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            section,
            digest,
            by,
            mail,
            why,
        } = self;
        let section = section.word();
        write!(f, "section `{section}` is changed and `{by}` ({mail}) ")?;
        match why {
            Why::Missing => f.write_str("has not signed it")?,
            Why::OtherContent(other) => write!(f, "has signed another content, {other}")?,
            Why::WrongKey => f.write_str(
                "is not who signed it: the signature does not fit the key that the live charter has of them",
            )?,
            Why::NoKey => {
                return write!(
                    f,
                    "must sign it, but has no key in the live charter: load a charter that changes nothing but \
                     `people.{by}` first, as {{ mail = \"{mail}\", key = \"ed25519:…\" }}, with a key of `kairos charter key new`"
                );
            }
        }
        write!(f, "; to sign {digest}: {}", self.command())
    }
}

impl fmt::Display for Unapproved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the charter is not approved:")?;
        self.0
            .iter()
            .try_for_each(|unsigned| write!(f, "\n  {unsigned}"))
    }
}

impl std::error::Error for Unapproved {}
