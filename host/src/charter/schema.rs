//! JSON Schema 2020-12 of the charter's files, for editors: made from the tables that the loader reads with.

use serde_json::{Map, Value as Json, json};

use crate::charter::Complaint;
use crate::charter::file::page::{Node, Shape};
use crate::charter::file::reading::hint;
use crate::charter::file::shapes::{CENTRAL, CHOICE, Form};

/// Of `charter.toml`.
pub fn central() -> Json {
    whole(&CENTRAL, "The charter: what means the same in every market")
}

/// Of `markets/<market>.toml`.
pub fn choice() -> Json {
    whole(&CHOICE, "A market's own choice, which can only narrow")
}

/// A TOML file as editors hold it against a schema: dates are texts.
pub fn as_json(file: &str, text: &str) -> Result<Json, Complaint> {
    Node::parse(file, text).map(|page| plain(&page))
}

pub(in crate::charter) fn plain(node: &Node) -> Json {
    match &node.shape {
        Shape::Text(text) => json!(text),
        Shape::Integer(integer) => json!(integer),
        Shape::Number(number) => json!(number),
        Shape::Flag(flag) => json!(flag),
        Shape::Date(date) => json!(date.to_string()),
        Shape::List(entries) => entries.iter().map(plain).collect(),
        Shape::Table(entries) => {
            let entries = entries.iter().map(|(key, node)| (key.clone(), plain(node)));
            Json::Object(entries.collect())
        }
    }
}

fn whole(form: &Form, title: &str) -> Json {
    let mut schema = Map::new();
    schema.insert(
        "$schema".to_owned(),
        json!("https://json-schema.org/draft/2020-12/schema"),
    );
    schema.insert("title".to_owned(), json!(title));
    if let Json::Object(body) = of(form) {
        schema.extend(body);
    }
    Json::Object(schema)
}

fn of(form: &Form) -> Json {
    match form {
        Form::Table(table) => {
            let entries = table
                .entries()
                .map(|(key, form)| (key.to_owned(), described(key, of(&form))));
            let properties: Map<String, Json> = entries.collect();
            match table.needs.is_empty() {
                true => {
                    json!({ "type": "object", "additionalProperties": false, "properties": properties })
                }
                false => {
                    json!({ "type": "object", "additionalProperties": false, "properties": properties, "required": table.needs })
                }
            }
        }
        Form::Named(what, form) => json!({
            "type": "object",
            "description": format!("By the name of {what}."),
            "additionalProperties": of(form),
        }),
        Form::List(form) => json!({ "type": "array", "items": of(form) }),
        Form::Either(forms) => json!({ "anyOf": forms.iter().map(of).collect::<Vec<_>>() }),
        Form::Words(words) => json!({ "enum": words() }),
        Form::Pattern { pattern, example } => {
            json!({ "type": "string", "pattern": pattern, "examples": [example] })
        }
        Form::Text => json!({ "type": "string", "minLength": 1 }),
        Form::Expression => {
            json!({ "type": "string", "description": "An expression, in the charter's part of CEL." })
        }
        Form::Flag => json!({ "type": "boolean" }),
        Form::Whole(least) => json!({ "type": "integer", "minimum": least }),
        Form::Number => json!({ "type": "number" }),
        Form::Date => json!({ "type": "string", "format": "date" }),
        Form::Anything => json!({}),
    }
}

/// With what the loader says where the key is missing.
fn described(key: &str, mut schema: Json) -> Json {
    if let (Some(hint), Json::Object(schema)) = (hint(key).strip_prefix(": "), &mut schema) {
        schema.insert("description".to_owned(), json!(hint));
    }
    schema
}
