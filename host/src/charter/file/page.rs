//! One file as a tree in which every value knows where it stands.

use std::fmt;
use std::sync::Arc;

use toml_edit::{Document, Item, TableLike, Value};

use crate::charter::file::Complaint;

/// A value of a file, with its place.
#[derive(Debug)]
pub(in crate::charter) struct Node {
    file: Arc<str>,
    pub(in crate::charter) line: usize,
    /// Dotted, from the top of the file.
    pub(in crate::charter) path: String,
    pub(in crate::charter) shape: Shape,
}

#[derive(Debug)]
pub(in crate::charter) enum Shape {
    Text(String),
    Integer(i64),
    Number(f64),
    Flag(bool),
    Date(toml_edit::Datetime),
    List(Vec<Node>),
    Table(Vec<(String, Node)>),
}

impl Node {
    pub(in crate::charter) fn parse(file: &str, text: &str) -> Result<Self, Complaint> {
        let lines = Lines::of(file, text);
        match Document::parse(text) {
            Ok(document) => Ok(lines.table(document.as_table(), 1, String::new())),
            Err(error) => Err(Complaint {
                file: file.to_owned(),
                line: error.span().map_or(1, |span| lines.at(span.start)),
                key: String::new(),
                what: format!(
                    "is not TOML: {}",
                    error.message().lines().next().unwrap_or_default()
                ),
            }),
        }
    }

    pub(in crate::charter) fn file(&self) -> &str {
        &self.file
    }

    /// The entries of a table, in the file's order; none where it is no table.
    pub(in crate::charter) fn entries(&self) -> &[(String, Self)] {
        match &self.shape {
            Shape::Table(entries) => entries,
            _ => &[],
        }
    }

    pub(in crate::charter) fn entry(&self, key: &str) -> Option<&Self> {
        self.entries()
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, node)| node)
    }

    /// As far down `path` as the file goes.
    pub(in crate::charter) fn nearest(&self, path: &[&str]) -> &Self {
        path.iter()
            .try_fold(self, |node, key| node.entry(key).ok_or(node))
            .unwrap_or_else(|node| node)
    }

    /// `charter.toml:42`.
    pub(in crate::charter) fn place(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }

    /// As the file has it, in short, for complaints.
    pub(in crate::charter) fn shown(&self) -> String {
        match &self.shape {
            Shape::Text(text) => format!("`{}`", text.chars().take(60).collect::<String>()),
            Shape::Integer(integer) => format!("`{integer}`"),
            Shape::Number(number) => format!("`{number}`"),
            Shape::Flag(flag) => format!("`{flag}`"),
            Shape::Date(date) => format!("`{date}`"),
            Shape::List(_) => "a list".to_owned(),
            Shape::Table(_) => "a table".to_owned(),
        }
    }
}

/// The value as TOML, in one line.
impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.shape {
            Shape::Text(text) => write!(f, "{text:?}"),
            Shape::Integer(integer) => integer.fmt(f),
            Shape::Number(number) => write!(f, "{number:?}"),
            Shape::Flag(flag) => flag.fmt(f),
            Shape::Date(date) => date.fmt(f),
            Shape::List(entries) => {
                f.write_str("[")?;
                for (position, entry) in entries.iter().enumerate() {
                    f.write_str(if position == 0 { "" } else { ", " })?;
                    entry.fmt(f)?;
                }
                f.write_str("]")
            }
            Shape::Table(entries) => {
                f.write_str("{ ")?;
                for (position, (key, entry)) in entries.iter().enumerate() {
                    f.write_str(if position == 0 { "" } else { ", " })?;
                    write!(f, "{} = {entry}", joined("", key))?;
                }
                f.write_str(" }")
            }
        }
    }
}

/// A key as a path shows it: quoted where it has dots of its own.
pub(in crate::charter) fn joined(path: &str, key: &str) -> String {
    let plain = key
        .chars()
        .all(|letter| letter.is_ascii_alphanumeric() || "_-".contains(letter))
        && !key.is_empty();
    let key = if plain {
        key.to_owned()
    } else {
        format!("{key:?}")
    };
    if path.is_empty() {
        key
    } else {
        format!("{path}.{key}")
    }
}

struct Lines {
    file: Arc<str>,
    ends: Vec<usize>,
}

impl Lines {
    fn of(file: &str, text: &str) -> Self {
        let ends = text
            .bytes()
            .enumerate()
            .filter(|(_, byte)| *byte == b'\n')
            .map(|(at, _)| at);
        Self {
            file: Arc::from(file),
            ends: ends.collect(),
        }
    }

    fn at(&self, offset: usize) -> usize {
        self.ends.partition_point(|end| *end < offset) + 1
    }

    fn node(&self, line: usize, path: String, shape: Shape) -> Node {
        Node {
            file: self.file.clone(),
            line,
            path,
            shape,
        }
    }

    fn table(&self, table: &dyn TableLike, line: usize, path: String) -> Node {
        let entries = table.iter().filter_map(|(key, item)| {
            let span = table.get_key_value(key).and_then(|(key, _)| key.span());
            let line = span
                .or_else(|| item.span())
                .map_or(line, |span| self.at(span.start));
            Some((key.to_owned(), self.item(item, line, joined(&path, key))?))
        });
        let entries = entries.collect();
        self.node(line, path, Shape::Table(entries))
    }

    fn item(&self, item: &Item, line: usize, path: String) -> Option<Node> {
        match item {
            Item::None => None,
            Item::Value(value) => Some(self.value(value, line, path)),
            Item::Table(table) => Some(self.table(table, line, path)),
            Item::ArrayOfTables(tables) => {
                let tables = tables.iter().map(|table| {
                    let line = table.span().map_or(line, |span| self.at(span.start));
                    self.table(table, line, path.clone())
                });
                let tables = tables.collect();
                Some(self.node(line, path, Shape::List(tables)))
            }
        }
    }

    fn value(&self, value: &Value, line: usize, path: String) -> Node {
        let shape = match value {
            Value::String(text) => Shape::Text(text.value().clone()),
            Value::Integer(integer) => Shape::Integer(*integer.value()),
            Value::Float(number) => Shape::Number(*number.value()),
            Value::Boolean(flag) => Shape::Flag(*flag.value()),
            Value::Datetime(date) => Shape::Date(*date.value()),
            Value::InlineTable(table) => return self.table(table, line, path),
            Value::Array(list) => Shape::List(
                list.iter()
                    .map(|entry| {
                        let line = entry.span().map_or(line, |span| self.at(span.start));
                        self.value(entry, line, path.clone())
                    })
                    .collect(),
            ),
        };
        self.node(line, path, shape)
    }
}
