//! [people] and [approvals].

use crate::charter::Charter;
use crate::charter::file::page::{Node, Shape};
use crate::charter::file::reading::{Findings, Keys, Section};
use crate::charter::file::values;
use crate::charter::markets::PublicKey;
use crate::charter::nearest::did_you_mean;
use crate::charter::people::{Approval, Person};
use crate::charter::sections;
use crate::ids::Text;

pub(super) const PERSON_KEYS: Keys = Keys {
    known: &["mail", "key"],
    later: &[],
    central: &[],
};

pub(super) fn read_people(top: &Section<'_>, findings: &Findings) -> Vec<Person> {
    top.open_each("people")
        .map(|(name, node)| read_person(name, node, findings))
        .collect()
}

/// A mail address, or a table of it and a key. Somebody of whom that is wrong is still known by name.
fn read_person(name: &str, node: &Node, findings: &Findings) -> Person {
    let name = Text::new(name);
    if !matches!(node.shape, Shape::Table(_)) {
        let plain = Section { node, findings };
        return Person {
            name,
            mail: plain.noted(node, values::mail(node)).unwrap_or_default(),
            key: None,
        };
    }
    let section = Section::open(node, &PERSON_KEYS, findings);
    let stand_in = section.has("key").then_some(PublicKey([0; 32]));
    Person {
        name,
        mail: section.required("mail", values::mail).unwrap_or_default(),
        key: section.optional("key", values::public_key).or(stand_in),
    }
}

pub(super) fn read_approvals(top: &Section<'_>, charter: &mut Charter, findings: &Findings) {
    let Some(node) = top.node.entry("approvals") else {
        return;
    };
    let section = Section { node, findings };
    for (name, node) in top.open_each("approvals") {
        if !sections::Section::words().any(|word| word == name) {
            let guess = did_you_mean(name, sections::Section::words());
            findings.say(
                node,
                format!("`{name}` is not a section of the charter{guess}"),
            );
        }
        let people = section.list(name, |node| read_approver(node, &charter.people));
        if matches!(&node.shape, Shape::List(entries) if entries.is_empty()) {
            findings.say(node, "is empty: name who must sign, or leave it out");
        }
        charter.approvals.push(Approval {
            section: Text::new(name),
            people,
        });
    }
}

/// One of the charter's people who can sign.
fn read_approver(node: &Node, people: &[Person]) -> Result<Text, String> {
    let name = values::text(node)?;
    match people.iter().find(|person| person.name == name) {
        Some(Person { key: Some(_), .. }) => Ok(name),
        Some(person) => Err(format!(
            "`{name}` has no key to sign with: write `{name} = {{ mail = \"{}\", key = \"ed25519:…\" }}` in [people]",
            person.mail
        )),
        None => {
            let known = people.iter().map(|person| person.name.as_str());
            Err(format!(
                "`{name}` is not one of [people]{}",
                did_you_mean(&name, known)
            ))
        }
    }
}
