//! `kairos charter sign`.

use std::path::PathBuf;

use crate::charter::file::{CENTRAL, SIGNATURES, with_signatures};
use crate::charter::sign::{Central, PrivateKey};
use crate::charter::{Section, Signature};
use crate::cli::charter::load;
use crate::cli::say::say;
use crate::cli::{Ending, Failure};
use crate::ids::Text;

#[derive(clap::Args, Debug)]
pub(super) struct Sign {
    /// The folder.
    folder: PathBuf,
    /// In whose name: one of [people].
    #[arg(long = "as", value_name = "PERSON")]
    person: Text,
    /// The file with that person's private key, made by `kairos charter key new`.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Only this section; without it, every one that the person approves.
    #[arg(long, value_parser = section)]
    section: Vec<Section>,
}

fn section(name: &str) -> Result<Section, String> {
    Section::named(name).ok_or_else(|| {
        let known = Section::WHOLE.map(Section::word);
        format!(
            "it must be one of {}, or a word that [approvals] names",
            known.join(", ")
        )
    })
}

impl Sign {
    pub(super) fn run(self) -> Result<Ending, Failure> {
        // Nobody signs what no host would load.
        load(&self.folder)?;
        let central = std::fs::read_to_string(self.folder.join(CENTRAL))?;
        let central = Central::read(&central)?;
        let person = &self.person;
        if !central.people().any(|known| person == known) {
            let known: Vec<&str> = central.people().collect();
            return Err(format!(
                "`{person}` is not one of [people]: there are {}",
                known.join(", ")
            )
            .into());
        }
        let sections = if self.section.is_empty() {
            central.sections_of(person)
        } else {
            self.section.clone()
        };
        if sections.is_empty() {
            return Err(format!(
                "[approvals] names `{person}` for nothing: say which `--section` the host asks for"
            )
            .into());
        }
        let key = PrivateKey::read(&self.key)?;
        if central.key(person) != Some(key.public()) {
            say!(
                "note: the key is not the one that [people] has of `{person}`, {}: a host counts it only while its live charter has it",
                key.public()
            );
        }
        let signatures: Vec<Signature> = sections
            .into_iter()
            .map(|section| key.sign(person.clone(), section, central.digest(section)))
            .collect();
        let file = self.folder.join(SIGNATURES);
        let old = match std::fs::read_to_string(&file) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            read => read?,
        };
        std::fs::write(&file, with_signatures(&old, &signatures)?)?;
        for signature in &signatures {
            say!(
                "{person} signed section `{}`, {}",
                signature.section.word(),
                signature.digest
            );
        }
        Ok(Ending::Done)
    }
}
