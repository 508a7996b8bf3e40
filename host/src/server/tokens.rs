//! Tokens: what callers show. The file holds only hashes; the token itself is shown once, to whoever made it.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

use crate::clock::Instant;
use crate::event::{Caller, Markets, Role, Voice};
use crate::ids::{Chance, Text, from_hex, to_hex};

/// What every token begins with, so that scanners find one that was leaked.
const PREFIX: &str = "kairos_";
const HEAD: &str =
    "# Who may call this host. Made by `kairos token new`; only hashes of tokens stand here.\n";

/// A token file that does not read, or cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum InvalidTokens {
    #[error("the tokens in `{}` cannot be read: make some with `kairos token new`", .0.display())]
    Read(PathBuf, #[source] std::io::Error),
    #[error("the tokens in `{}` cannot be written", .0.display())]
    Write(PathBuf, #[source] std::io::Error),
    #[error("`{}` is not TOML", .0.display())]
    Toml(PathBuf, #[source] toml_edit::TomlError),
    #[error("`{}`: token {number}: {what}", .file.display())]
    Entry {
        file: PathBuf,
        /// From 1.
        number: usize,
        what: String,
    },
    #[error("there is a token `{0}` already: take another name, or remove it from the file first")]
    Twice(Text),
}

/// The callers of a host, by the hashes of their tokens.
#[derive(Default, Debug)]
pub struct Tokens {
    by_hash: HashMap<[u8; 32], Arc<Caller>>,
}

impl Tokens {
    /// Reads a file of tokens.
    pub fn read(file: &Path) -> Result<Self, InvalidTokens> {
        let document = open(file)?;
        let mut tokens = Self::default();
        for (number, entry) in entries(&document).enumerate() {
            let (hash, caller) = read_entry(entry).map_err(|what| InvalidTokens::Entry {
                file: file.to_owned(),
                number: number + 1,
                what,
            })?;
            tokens.by_hash.insert(hash, Arc::new(caller));
        }
        Ok(tokens)
    }

    /// Who shows `token`. Found by its hash, so that the time it takes says nothing about the token.
    pub fn caller(&self, token: &str) -> Option<Arc<Caller>> {
        let secret: [u8; 32] = from_hex(token.strip_prefix(PREFIX)?)?;
        self.by_hash
            .get(blake3::hash(&secret).as_bytes())
            .map(Arc::clone)
    }

    pub fn len(&self) -> usize {
        self.by_hash.len()
    }

    pub fn is_empty(&self) -> bool {
        self.by_hash.is_empty()
    }
}

/// What a new token lets its caller do.
#[derive(Clone, Debug)]
pub struct Grant {
    pub name: Text,
    pub source: Option<Text>,
    pub markets: Markets,
    pub roles: Vec<Role>,
}

impl Grant {
    /// Draws a token, appends its hash to `file`, and gives the token: nobody can read it again.
    pub fn issue(
        &self,
        file: &Path,
        now: Instant,
        chance: &mut Chance,
    ) -> Result<String, InvalidTokens> {
        let mut document = match open(file) {
            Err(InvalidTokens::Read(_, error)) if error.kind() == std::io::ErrorKind::NotFound => {
                DocumentMut::new()
            }
            opened => opened?,
        };
        let named = |entry: &Table| entry.get("name").and_then(Item::as_str) == Some(&*self.name);
        if entries(&document).any(named) {
            return Err(InvalidTokens::Twice(self.name.clone()));
        }
        let secret: [u8; 32] = chance.bytes();
        let entry = self.entry(&blake3::hash(&secret), now);
        let tokens = document
            .entry("tokens")
            .or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
        if let Some(tokens) = tokens.as_array_of_tables_mut() {
            tokens.push(entry);
        }
        write(file, &document.to_string())
            .map_err(|error| InvalidTokens::Write(file.to_owned(), error))?;
        Ok(format!("{PREFIX}{}", to_hex(&secret)))
    }

    fn entry(&self, hash: &blake3::Hash, now: Instant) -> Table {
        let mut entry = Table::new();
        entry.insert("name", value(self.name.as_str()));
        entry.insert("hash", value(format!("blake3:{hash}")));
        if let Some(source) = &self.source {
            entry.insert("source", value(source.as_str()));
        }
        let markets = match &self.markets {
            Markets::All => vec!["*".to_owned()],
            Markets::Some(markets) => markets.iter().map(Text::to_string).collect(),
        };
        entry.insert("markets", value(toml_edit::Array::from_iter(markets)));
        let roles = self.roles.iter().map(|role| role.name());
        entry.insert("roles", value(toml_edit::Array::from_iter(roles)));
        entry.insert("created", value(now.to_string()));
        entry
    }
}

fn open(file: &Path) -> Result<DocumentMut, InvalidTokens> {
    std::fs::read_to_string(file)
        .map_err(|error| InvalidTokens::Read(file.to_owned(), error))?
        .parse()
        .map_err(|error| InvalidTokens::Toml(file.to_owned(), error))
}

fn entries(document: &DocumentMut) -> impl Iterator<Item = &Table> {
    document
        .get("tokens")
        .and_then(Item::as_array_of_tables)
        .into_iter()
        .flatten()
}

fn read_entry(entry: &Table) -> Result<([u8; 32], Caller), String> {
    const KEYS: [&str; 6] = ["name", "hash", "source", "markets", "roles", "created"];
    if let Some((key, _)) = entry.iter().find(|(key, _)| !KEYS.contains(key)) {
        return Err(format!("`{key}` is no key of a token, only {KEYS:?}"));
    }
    let text = |key: &str| match entry.get(key) {
        None => Ok(None),
        Some(item) => match item.as_str() {
            Some(text) => Ok(Some(text)),
            None => Err(format!("`{key}` must be a text")),
        },
    };
    let texts = |key: &str| -> Result<Vec<&str>, String> {
        let wrong = || format!("`{key}` must be a list of texts");
        let list = entry.get(key).and_then(Item::as_array).ok_or_else(wrong)?;
        list.iter()
            .map(|item| item.as_str().ok_or_else(wrong))
            .collect()
    };
    let name = text("name")?.ok_or("`name` is missing")?;
    let hash = text("hash")?
        .and_then(|hash| hash.strip_prefix("blake3:"))
        .and_then(from_hex)
        .ok_or("`hash` must be `blake3:` and 64 hexadecimal digits")?;
    let markets = match texts("markets")?.as_slice() {
        ["*"] => Markets::All,
        markets => Markets::Some(markets.iter().map(Text::new).collect()),
    };
    let role = |name: &str| Role::named(name).ok_or_else(|| format!("`{name}` is no role"));
    let caller = Caller {
        name: Text::new(name),
        roles: texts("roles")?
            .into_iter()
            .map(role)
            .collect::<Result<_, _>>()?,
        markets,
        voice: match text("source")? {
            Some(source) => Voice::One(Text::new(source)),
            None => Voice::None,
        },
    };
    Ok((hash, caller))
}

/// Writes beside the file and renames, so that a host never reads half of it; only the owner may read it.
fn write(file: &Path, text: &str) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut beside = file.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let mut new = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)?;
    if !text.starts_with('#') {
        new.write_all(HEAD.as_bytes())?;
    }
    new.write_all(text.as_bytes())?;
    new.sync_all()?;
    std::fs::rename(beside, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(name: &str) -> Grant {
        Grant {
            name: name.into(),
            source: Some("shop".into()),
            markets: Markets::Some(vec!["gb".into()]),
            roles: vec![Role::Decide],
        }
    }

    #[test]
    fn a_token_is_known_by_its_hash_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tokens.toml");
        let mut chance = Chance::from_seed(b"tokens");
        let now = Instant::default();
        let first = grant("a").issue(&file, now, &mut chance).unwrap();
        let second = grant("b").issue(&file, now, &mut chance).unwrap();
        let twice = grant("a").issue(&file, now, &mut chance).unwrap_err();
        assert!(twice.to_string().contains("there is a token `a` already"));
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(!text.contains(first.trim_start_matches(PREFIX)));
        let tokens = Tokens::read(&file).unwrap();
        let caller = tokens.caller(&second).unwrap();
        assert_eq!(caller.name, "b");
        assert!(caller.may(Role::Decide) && !caller.may(Role::Evidence));
        assert!(caller.speaks_for("gb") && !caller.speaks_for("de"));
        for wrong in [
            "",
            "kairos_",
            "kairos_00",
            &first[1..],
            &first.to_uppercase(),
        ] {
            assert!(tokens.caller(wrong).is_none(), "{wrong}");
        }
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_wrong_entry_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tokens.toml");
        for (text, complaint) in [
            ("[[tokens]]\nname = \"a\"", "token 1: `hash` must be"),
            (
                "[[tokens]]\nsecret = \"a\"",
                "token 1: `secret` is no key of a token",
            ),
            ("tokens = [", "is not TOML"),
        ] {
            std::fs::write(&file, text).unwrap();
            let invalid = Tokens::read(&file).unwrap_err().to_string();
            assert!(invalid.contains(complaint), "{invalid}");
        }
    }
}
