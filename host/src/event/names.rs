//! Whom an event is about: identities in their normal form.

use crate::charter::{Charter, Identity, Normal, Per, Strength};
use crate::event::Name;
use crate::event::envelope::has_control;
use crate::event::invalid::{InvalidEvent, nearest};
use crate::ids::Text;
use crate::limits::IDENTITY_BYTES;
use crate::spelling;

/// Which attribute names somebody, and so what kind of identity may stand there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum NameAttribute {
    Subject,
    Visitor,
    Account,
}

impl NameAttribute {
    pub(super) fn attribute(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Visitor => "visitor",
            Self::Account => "account",
        }
    }

    pub(super) fn pointer(self) -> &'static str {
        match self {
            Self::Subject => "/subject",
            Self::Visitor => "/visitor",
            Self::Account => "/account",
        }
    }
}

impl Name {
    /// Reads `namespace:value` as the name of a customer, in its normal form.
    pub fn parse(charter: &Charter, text: &str) -> Result<Self, InvalidEvent> {
        Self::named(charter, NameAttribute::Subject, text)
    }

    /// The same to look somebody up: what has no normal form may still be kept as it was typed.
    pub fn lookup(charter: &Charter, text: &str) -> Result<Self, InvalidEvent> {
        let refused = match Self::parse(charter, text) {
            Ok(name) => return Ok(name),
            Err(refused) => refused,
        };
        let named = text.split_once(':').and_then(|(namespace, value)| {
            let identity = charter.names.identities.get(namespace)?;
            Some((*identity, value.trim()))
        });
        match named {
            Some((identity, value)) if !value.is_empty() && value.len() <= IDENTITY_BYTES => {
                let value = Text::new(value);
                let former = former(&value, &value);
                Ok(Self {
                    identity,
                    value,
                    former,
                })
            }
            _ => Err(refused),
        }
    }

    /// Reads what stands in the attribute `naming`.
    pub(super) fn named(
        charter: &Charter,
        naming: NameAttribute,
        text: &str,
    ) -> Result<Self, InvalidEvent> {
        let unfit = |what: String| InvalidEvent::unfit(naming.pointer(), what);
        let attribute = naming.attribute();
        let Some((namespace, value)) = text.split_once(':') else {
            return Err(unfit(format!(
                "`{attribute}` must be `namespace:value`, with one of {}",
                namespaces(charter, naming)
            )));
        };
        let Some(identity) = charter.names.identities.get(namespace).copied() else {
            let meant = nearest(namespace, charter.names.identities.keys());
            return Err(unfit(format!(
                "`{attribute}` is in the unknown namespace `{}`: {}",
                namespace.chars().take(32).collect::<String>(),
                match meant {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => format!("it must be one of {}", namespaces(charter, naming)),
                }
            )));
        };
        let defined = charter.identities.at(identity);
        if !fits(naming, defined.of, defined.strength) {
            return Err(unfit(format!(
                "`{attribute}` cannot be a `{namespace}`: it must be one of {}",
                namespaces(charter, naming)
            )));
        }
        let value = value.trim();
        check_value(attribute, value, defined).map_err(unfit)?;
        let normal = match defined.normal {
            Normal::Exact => {
                return Ok(Self {
                    identity,
                    value: Text::new(value),
                    former: Vec::new(),
                });
            }
            Normal::Email => spelling::email(value),
            Normal::Phone(region) => spelling::phone(value, region),
        };
        let normal = normal
            .map_err(|what| unfit(format!("`{attribute}` is no `{namespace}`: it {what}")))?;
        Ok(Self {
            identity,
            former: former(value, &normal),
            value: normal,
        })
    }
}

/// Whether a value may name somebody at all; what is wrong is the error.
fn check_value(attribute: &str, value: &str, identity: &Identity) -> Result<(), String> {
    let namespace = &identity.name;
    if value.is_empty() || has_control(value) {
        return Err(format!(
            "`{attribute}` has no value after `{namespace}:`, or control characters in it"
        ));
    }
    if value.len() > IDENTITY_BYTES {
        return Err(format!(
            "`{attribute}` has a value of {} bytes, and may have {IDENTITY_BYTES}",
            value.len()
        ));
    }
    if let Some(unseen) = spelling::invisible(value) {
        return Err(format!(
            "`{attribute}` has a character in it that nobody sees, {}",
            unseen.escape_unicode()
        ));
    }
    let is_listed = |nobody: &Text| nobody.eq_ignore_ascii_case(value);
    if spelling::is_nobody(value) || identity.nobody.iter().any(is_listed) {
        return Err(format!(
            "`{attribute}` has a value after `{namespace}:` that names nobody, such as `undefined`: leave it out where nobody is known"
        ));
    }
    Ok(())
}

/// What may have been kept of it before identities had a normal form: as it was typed, or in small letters.
fn former(value: &str, normal: &Text) -> Vec<Text> {
    let mut former = vec![Text::new(value), Text::from(value.to_lowercase())];
    former.dedup();
    former.retain(|text| text != normal);
    former
}

fn fits(naming: NameAttribute, of: Per, strength: Strength) -> bool {
    match naming {
        NameAttribute::Subject => of == Per::Customer,
        NameAttribute::Visitor => of == Per::Customer && strength == Strength::Weak,
        NameAttribute::Account => of == Per::Account,
    }
}

fn namespaces(charter: &Charter, naming: NameAttribute) -> String {
    let names: Vec<String> = charter
        .identities
        .iter()
        .filter(|(_, identity)| fits(naming, identity.of, identity.strength))
        .map(|(_, identity)| format!("`{}`", identity.name))
        .collect();
    names.join(", ")
}
