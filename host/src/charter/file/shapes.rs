//! What may stand where in the files of a charter, by the same tables of keys and words that the loader reads with: for
//! editors, and for whoever asks what a market may choose.

pub(in crate::charter) mod central;
pub(in crate::charter) mod choice;

use crate::charter::actions::Class;
use crate::charter::consent::Needs;
use crate::charter::file::reading::Keys;
use crate::charter::file::{actions, bounds, consent, hours, laws, moments, typing};

pub(in crate::charter) use central::CENTRAL;
pub(in crate::charter) use choice::CHOICE;

/// What may stand in one place.
#[derive(Clone, Copy)]
pub(in crate::charter) enum Form {
    Table(Keyed),
    /// A table whose keys are names, of what the text says.
    Named(&'static str, &'static Form),
    List(&'static Form),
    Either(&'static [Form]),
    /// One of a few words.
    Words(fn() -> Vec<&'static str>),
    /// A text of this pattern, such as the example.
    Pattern {
        pattern: &'static str,
        example: &'static str,
    },
    Text,
    /// A text in the charter's part of CEL.
    Expression,
    Flag,
    /// A whole number from this one on.
    Whole(i64),
    Number,
    Date,
    Anything,
}

/// A table with keys that Kairos defines.
#[derive(Clone, Copy)]
pub(in crate::charter) struct Keyed {
    keys: &'static Keys,
    /// What is particular here; any other key means what it means everywhere.
    own: &'static [(&'static str, Form)],
    pub(in crate::charter) needs: &'static [&'static str],
}

impl Keyed {
    /// Its keys, in the loader's order, and what may stand under each.
    pub(in crate::charter) fn entries(&self) -> impl Iterator<Item = (&'static str, Form)> + '_ {
        self.keys.known.iter().map(|key| {
            let own = self.own.iter().chain(EVERYWHERE);
            let form = own.clone().find(|(name, _)| name == key);
            (*key, form.map_or(Form::Anything, |(_, form)| *form))
        })
    }
}

impl Form {
    /// What may stand under `key` of a table.
    pub(in crate::charter) fn under(&self, key: &str) -> Option<Self> {
        match self {
            Self::Table(table) => {
                let found = table.entries().find(|(name, _)| *name == key);
                found.map(|(_, form)| form)
            }
            Self::Named(_, form) => Some(**form),
            Self::Either(forms) => forms.iter().find_map(|form| form.under(key)),
            _ => None,
        }
    }
}

fn words<T>(words: &[(&'static str, T)]) -> Vec<&'static str> {
    words.iter().map(|(word, _)| *word).collect()
}

const fn table(
    keys: &'static Keys,
    own: &'static [(&'static str, Form)],
    needs: &'static [&'static str],
) -> Form {
    Form::Table(Keyed { keys, own, needs })
}

const TEXTS: Form = Form::List(&Form::Text);
const DURATION: Form = Form::Pattern {
    pattern: "^[0-9]+(ms|s|m|h|d)$",
    example: "90d",
};
const SIZE: Form = Form::Pattern {
    pattern: "^[0-9]+(B|KiB|MiB)$",
    example: "2MiB",
};
const KEY: Form = Form::Pattern {
    pattern: "^ed25519:[0-9a-fA-F]{64}$",
    example: "ed25519:…",
};
const TYPE: Form = Form::Words(|| words(typing::TYPES));
const CLASSES: Form = Form::List(&Form::Words(|| Class::ALL.map(Class::word).to_vec()));
const NEEDS: Form = Form::Words(|| words(&Needs::WORDS));
const BETWEEN: Form = Form::List(&Form::Number);
const CAPS: Form = Form::List(&table(
    &bounds::CAP_KEYS,
    &[("per", DURATION), ("counts", CLASSES)],
    &["at-most", "per"],
));
const HOURS: Form = Form::List(&table(
    &hours::HOURS_KEYS,
    &[("days", DAYS), ("from", TIME_OF_DAY), ("to", TIME_OF_DAY)],
    &["days", "from", "to"],
));
const DAYS: Form = Form::Pattern {
    pattern: "^(mon|tue|wed|thu|fri|sat|sun)([,-] *(mon|tue|wed|thu|fri|sat|sun))*$",
    example: "mon-sat",
};
const TIME_OF_DAY: Form = Form::Pattern {
    pattern: "^([01][0-9]|2[0-4]):[0-5][0-9]$",
    example: "08:00",
};
/// What a key means wherever nothing else is said of it.
const EVERYWHERE: &[(&str, Form)] = &[
    ("meaning", Form::Text),
    ("owner", Form::Text),
    ("purpose", Form::Text),
    ("reason", Form::Text),
    ("market", Form::Text),
    ("charter", Form::Text),
    ("version", Form::Text),
    ("unit", Form::Text),
    ("of", Form::Text),
    ("slot", Form::Text),
    ("source", Form::Text),
    ("mail", Form::Text),
    ("why", Form::Text),
    ("channel", Form::Text),
    ("action", Form::Text),
    ("real-time", Form::Text),
    ("worst-case", Form::Text),
    ("connector", Form::Text),
    ("review-by", Form::Date),
    ("earliest-event", Form::Date),
    ("expires", Form::Date),
    ("type", TYPE),
    ("one-of", TEXTS),
    ("between", BETWEEN),
    ("at-most", Form::Whole(1)),
    ("required", Form::Flag),
    ("promotion", Form::Flag),
    ("per", Form::Words(|| words(consent::PER))),
    ("retention", DURATION),
    ("max-age", DURATION),
    ("lapses", DURATION),
    ("lateness", DURATION),
    ("over", DURATION),
    ("step", DURATION),
    ("lasts", DURATION),
    ("valid", DURATION),
    ("within", DURATION),
    ("silence", DURATION),
    ("approve-within", DURATION),
    ("when", Form::Expression),
    ("still", Form::Expression),
    ("is", Form::Expression),
    ("where", Form::Expression),
    ("caps", CAPS),
    ("hours", HOURS),
    ("refuses", CLASSES),
    ("slots", TEXTS),
    ("channels", TEXTS),
    ("moments", TEXTS),
    ("actions", TEXTS),
    ("languages", TEXTS),
    ("after", TEXTS),
    ("unless", TEXTS),
    ("requires", TEXTS),
    ("writers", TEXTS),
    ("leading-source", TEXTS),
    ("may-send", TEXTS),
    ("subjects", TEXTS),
    ("purposes", TEXTS),
    ("approved-by", TEXTS),
    ("reach", Form::Whole(1)),
    ("weight", Form::Whole(1)),
    ("cost", Form::Whole(0)),
    ("keep", Form::Whole(1)),
    ("needs", NEEDS),
    ("kind", Form::Words(|| words(laws::KINDS))),
    ("mode", Form::Words(|| words(moments::MODES))),
    ("class", Form::Words(|| words(moments::CLASSES))),
    ("automation", Form::Words(|| words(actions::AUTOMATIONS))),
    ("pending", Form::Words(|| words(actions::PENDING))),
    ("key", Form::Text),
    ("keys", Form::List(&KEY)),
    ("value", Form::Anything),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn check(form: &Form, path: &str) {
        match form {
            Form::Table(table) => {
                for (key, _) in table.own {
                    assert!(table.keys.known.contains(key), "{path}.{key} is no key");
                }
                for key in table.needs {
                    assert!(table.keys.known.contains(key), "{path}.{key} is no key");
                }
                for (key, form) in table.entries() {
                    let is_any = matches!(form, Form::Anything);
                    assert!(
                        !is_any || ["value", "is"].contains(&key),
                        "{path}.{key} has no form"
                    );
                    check(&form, &format!("{path}.{key}"));
                }
            }
            Form::Named(_, form) | Form::List(form) => check(form, path),
            Form::Either(forms) => forms.iter().for_each(|form| check(form, path)),
            _ => {}
        }
    }

    #[test]
    fn every_key_that_the_loader_reads_has_a_form() {
        check(&CENTRAL, "charter");
        check(&CHOICE, "market");
    }
}
