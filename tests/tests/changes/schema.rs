//! The schema that editors use is the loader's own, and current.

use kairos::charter::schema;
use kairos_tests::retail_charter;
use serde_json::Value;

use crate::frame::{DE, charter};

/// What of `value` does not fit, with its place.
fn unfit(schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut say = |what: &str| wrong.push(format!("{at}: {what}"));
    if let Some(any) = schema["anyOf"].as_array() {
        let least = any
            .iter()
            .map(|one| unfit(one, value, at))
            .min_by_key(Vec::len);
        return least.unwrap_or_default();
    }
    let is_right = match schema["type"].as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64(),
        Some("number") => value.is_number(),
        Some(other) => panic!("`{other}` is no type"),
        None => true,
    };
    if !is_right {
        say(&format!("{value} is of another type"));
    }
    if let Some(words) = schema["enum"]
        .as_array()
        .filter(|words| !words.contains(value))
    {
        say(&format!("{value} is none of {words:?}"));
    }
    if let (Some(least), Some(number)) = (schema["minimum"].as_i64(), value.as_i64())
        && number < least
    {
        say(&format!("{number} is too little"));
    }
    if let (Some(pattern), Some(text)) = (schema["pattern"].as_str(), value.as_str())
        && !regex::Regex::new(pattern)
            .expect("a pattern")
            .is_match(text)
    {
        say(&format!("`{text}` is not `{pattern}`"));
    }
    for key in schema["required"].as_array().into_iter().flatten() {
        if value.get(key.as_str().expect("a key")).is_none() {
            say(&format!("{key} is missing"));
        }
    }
    for (key, value) in value.as_object().into_iter().flatten() {
        let at = format!("{at}.{key}");
        match (
            schema["properties"].get(key),
            &schema["additionalProperties"],
        ) {
            (Some(schema), _) | (None, schema @ Value::Object(_)) => {
                wrong.extend(unfit(schema, value, &at))
            }
            (None, Value::Bool(false)) => wrong.push(format!("{at}: is no key")),
            (None, _) => {}
        }
    }
    for (place, value) in value.as_array().into_iter().flatten().enumerate() {
        wrong.extend(unfit(&schema["items"], value, &format!("{at}[{place}]")));
    }
    wrong
}

fn check(schema: &Value, file: &str, text: &str) -> Vec<String> {
    let value = schema::as_json(file, text).expect("TOML");
    unfit(schema, &value, file)
}

#[test]
fn the_published_schema_is_current() {
    for (name, schema) in [("charter", schema::central()), ("market", schema::choice())] {
        let file = retail_charter().join(format!("schema/{name}.json"));
        let published = std::fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(
            published,
            format!("{schema:#}\n"),
            "`kairos charter schema {name} > {}` makes it current",
            file.display()
        );
    }
}

#[test]
fn charters_that_load_fit_the_schema_and_wrong_ones_do_not() {
    let (central, choice) = (schema::central(), schema::choice());
    let folder = retail_charter();
    let files = kairos::charter::Charter::read(&folder).expect("files");
    for (name, text) in &files {
        let schema = if name == "charter.toml" {
            &central
        } else {
            &choice
        };
        assert_eq!(check(schema, name, text), Vec::<String>::new());
        let reference = text.lines().next().expect("a line");
        assert!(
            reference.starts_with("#:schema "),
            "{name} names its schema first"
        );
    }
    assert_eq!(
        check(&central, "charter.toml", &charter()),
        Vec::<String>::new()
    );
    assert_eq!(check(&choice, "de.toml", DE), Vec::<String>::new());
    for (from, to) in [
        (
            "max-age        = \"1095d\"",
            "max-age        = \"three years\"",
        ),
        (
            "merge          = \"leading-source\"",
            "merge          = \"last\"",
        ),
        ("reach      = 1_000_000", "reach      = \"many\""),
        ("unit           = \"points\"", "units          = \"points\""),
        ("meaning = \"fulfil an order\"\n", ""),
    ] {
        let wrong = crate::frame::with(&charter(), from, to);
        assert!(!check(&central, "charter.toml", &wrong).is_empty(), "{to}");
    }
    assert!(
        !check(
            &choice,
            "de.toml",
            &format!("{DE}\n[purposes.x]\nbasis = \"contract\"")
        )
        .is_empty()
    );
}
