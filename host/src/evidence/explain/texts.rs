//! The host's own words, by language.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::spelling;

/// The words of one language.
#[derive(Debug)]
pub struct Texts {
    /// BCP 47.
    pub language: &'static str,
    by_key: BTreeMap<String, String>,
}

static ALL: LazyLock<[Texts; 2]> = LazyLock::new(|| {
    [
        Texts::read("en", include_str!("en.toml")),
        Texts::read("de", include_str!("de.toml")),
    ]
});

impl Texts {
    /// Those of the first of `languages` that there are words in, whatever its region; English otherwise.
    pub fn of<'a>(languages: impl IntoIterator<Item = &'a str>) -> &'static Self {
        let [english, ..] = &*ALL;
        let base = |language: &'a str| language.split('-').next().unwrap_or_default();
        languages
            .into_iter()
            .find_map(|language| {
                let mut all = ALL.iter();
                all.find(|texts| texts.language.eq_ignore_ascii_case(base(language)))
            })
            .unwrap_or(english)
    }

    pub fn languages() -> impl Iterator<Item = &'static str> {
        ALL.iter().map(|texts| texts.language)
    }

    fn read(language: &'static str, text: &str) -> Self {
        let mut by_key = BTreeMap::new();
        let tables: toml_edit::DocumentMut = text.parse().unwrap_or_default();
        for (table, entries) in tables.iter() {
            let entries = entries.as_table().map(toml_edit::Table::iter);
            for (key, text) in entries.into_iter().flatten() {
                let text = text.as_str().unwrap_or_default().to_owned();
                by_key.insert(format!("{table}.{key}"), text);
            }
        }
        Self { language, by_key }
    }

    pub(super) fn find(&self, key: &str) -> Option<&str> {
        self.by_key.get(key).map(String::as_str)
    }

    /// The sentence of a key, with names put in; what is put in is never looked at again, and adds no line and no sentence.
    pub(super) fn say(&self, key: &str, names: &[(&str, &str)]) -> String {
        let mut rest = self.find(key).unwrap_or(key);
        let mut said = String::with_capacity(rest.len() + 32);
        while let Some((before, after)) = rest.split_once('{') {
            said.push_str(before);
            let (name, after) = after.split_once('}').unwrap_or((after, ""));
            let value = names.iter().find(|(known, _)| *known == name);
            said.push_str(&spelling::visible(value.map_or("", |(_, value)| value)));
            rest = after;
        }
        said + rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<&str> {
        let mut names: Vec<&str> = text
            .split('{')
            .skip(1)
            .filter_map(|rest| Some(rest.split_once('}')?.0))
            .collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn every_language_says_the_same_things() {
        let [english, others @ ..] = &*ALL;
        for texts in others {
            for (key, text) in &english.by_key {
                let own = texts.find(key);
                let own = own.unwrap_or_else(|| panic!("`{}` lacks `{key}`", texts.language));
                assert_eq!(names(own), names(text), "{} in {}", key, texts.language);
            }
            let more = texts.by_key.keys();
            let more = more.filter(|key| !key.starts_with("why.") && english.find(key).is_none());
            assert_eq!(more.collect::<Vec<_>>(), Vec::<&String>::new());
        }
        for rule in crate::boundary::NAMES {
            for texts in ALL.iter() {
                assert!(texts.find(&format!("rules.{rule}")).is_some(), "{rule}");
            }
        }
    }

    #[test]
    fn what_is_put_in_is_taken_as_it_is() {
        let texts = Texts::of(["de-AT"]);
        assert_eq!(texts.language, "de");
        let said = texts.say("known.unknown", &[("name", "{value}")]);
        assert_eq!(said, "{value} war nicht bekannt.");
        assert_eq!(Texts::of(["pt-BR", "en-GB"]).language, "en");
        assert_eq!(Texts::of([]).language, "en");
    }
}
