//! Whom an event is about: identities in their normal form.

use crate::charter::{Charter, Per, Strength};
use crate::event::Name;
use crate::event::envelope::has_control;
use crate::event::invalid::{InvalidEvent, nearest};
use crate::ids::Text;
use crate::limits::IDENTITY_BYTES;

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
        if value.is_empty() || has_control(value) {
            return Err(unfit(format!(
                "`{attribute}` has no value after `{namespace}:`, or control characters in it"
            )));
        }
        if value.len() > IDENTITY_BYTES {
            return Err(unfit(format!(
                "`{attribute}` has a value of {} bytes, and may have {IDENTITY_BYTES}",
                value.len()
            )));
        }
        // Addresses are one address however they are typed; every other identity is taken as it is.
        let value = match namespace {
            "email" if value.chars().any(char::is_uppercase) => Text::new(value.to_lowercase()),
            _ => Text::new(value),
        };
        Ok(Self { identity, value })
    }
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
