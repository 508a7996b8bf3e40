//! Which names an expression may use, and what they are.

use crate::charter::Charter;
use crate::charter::consent::{Basis, PurposeIx};
use crate::charter::events::{DatumIx, EventIx};
use crate::charter::fields::{Field, FieldIx, ItemsIx, Type, WindowIx};
use crate::charter::markets::MarketIx;
use crate::charter::nearest::did_you_mean;
use crate::charter::segments::{SegmentIx, StageIx};
use crate::ids::{Map, Text};

/// What an expression may look at.
#[derive(Clone, Copy)]
pub(in crate::charter) struct Scope<'a> {
    /// As far as it is compiled: events with their data, fields, windows and items.
    pub(in crate::charter) charter: &'a Charter,
    /// The event at hand.
    pub(in crate::charter) event: Option<EventIx>,
    /// Whose local names are in sight besides the central ones.
    pub(in crate::charter) market: Option<MarketIx>,
    pub(in crate::charter) sight: Sight,
}

/// How far an expression sees.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::charter) enum Sight {
    /// The event's data alone: for what is counted while the event is absorbed.
    Data,
    /// The data, and all that is known of the customer.
    Everything,
    /// The data, and what may be copied into this field: what rests on a contract or on the field's own purpose, and is
    /// kept no shorter.
    CopiedInto(FieldIx),
}

/// What a name stands for.
pub(super) enum Named {
    Datum(DatumIx, Type),
    Field(FieldIx, Type),
    Window(WindowIx),
    Items(ItemsIx),
    Segment(SegmentIx),
    Stage(StageIx),
}

impl Scope<'_> {
    pub(super) fn find(&self, name: &str) -> Result<Named, String> {
        if let Some(datum) = name.strip_prefix("data.") {
            return self.datum(name, datum);
        }
        let names = &self.charter.names;
        let found = if let Some(&field) = names.fields.get(name) {
            self.field(name, field)?
        } else if let Some(&window) = names.windows.get(name) {
            Named::Window(window)
        } else if let Some(&items) = names.items.get(name) {
            Named::Items(items)
        } else if let Some(segment) = name.strip_prefix("segment.") {
            Named::Segment(named(&names.segments, segment, "a segment")?)
        } else if let Some(stage) = name.strip_prefix("stage.") {
            Named::Stage(named(&names.stages, stage, "a stage")?)
        } else {
            return Err(self.unknown(name));
        };
        match self.sight {
            Sight::Everything => Ok(found),
            Sight::Data => Err(format!(
                "`{name}` cannot be read here: what is counted follows from the event's `data` alone"
            )),
            Sight::CopiedInto(field) => self.check_copy(name, &found, field).map(|()| found),
        }
    }

    /// What is for a purpose that somebody must allow is not used for another.
    pub(in crate::charter) fn check_purpose(
        &self,
        name: &str,
        purpose: PurposeIx,
        into: &Field,
    ) -> Result<(), String> {
        let of = self.charter.purposes.at(purpose);
        match purpose == into.purpose || of.basis == Basis::Contract {
            true => Ok(()),
            false => Err(format!(
                "`{name}` is for `{}`, and `{}` is for `{}`: what is copied stays for the same purpose",
                of.name,
                into.name,
                self.charter.purposes.at(into.purpose).name
            )),
        }
    }

    /// A copy is guarded as what it was copied from: no purpose is lost on the way, and nothing is kept for longer.
    fn check_copy(&self, name: &str, found: &Named, into: FieldIx) -> Result<(), String> {
        let charter = self.charter;
        let into = charter.fields.at(into);
        let (purposes, retention) = match found {
            // What the event itself is for is asked once, of the whole update.
            Named::Datum(..) => return Ok(()),
            Named::Field(field, _) => {
                let field = charter.fields.at(*field);
                (std::slice::from_ref(&field.purpose), field.retention)
            }
            Named::Window(window) => {
                let window = charter.windows.at(*window);
                (std::slice::from_ref(&window.purpose), None)
            }
            Named::Items(items) => {
                let items = charter.items.at(*items);
                (std::slice::from_ref(&items.purpose), items.retention)
            }
            Named::Segment(segment) => (&*charter.segments.at(*segment).purposes, None),
            Named::Stage(stage) => (&*charter.stages.at(*stage).purposes, None),
        };
        for purpose in purposes {
            self.check_purpose(name, *purpose, into)?;
        }
        match retention {
            Some(kept) if into.retention.is_none_or(|own| own > kept) => Err(format!(
                "`{name}` is kept for `{kept}`: give `{}` a `retention` of at most as much",
                into.name
            )),
            _ => Ok(()),
        }
    }

    /// The item type of the text that `name` stands for, such as `sku`.
    pub(super) fn item_type(&self, name: &str) -> Option<&str> {
        match self.find(name).ok()? {
            Named::Datum(datum, _) => self
                .charter
                .events
                .at(self.event?)
                .data
                .at(datum)
                .of
                .as_deref(),
            Named::Field(field, _) => self.charter.fields.at(field).of.as_deref(),
            Named::Window(_) | Named::Items(_) | Named::Segment(_) | Named::Stage(_) => None,
        }
    }

    fn datum(&self, name: &str, datum: &str) -> Result<Named, String> {
        let Some(event) = self.event else {
            return Err(format!("`{name}` cannot be read here: no event is at hand"));
        };
        let event = self.charter.events.at(event);
        match event.data.iter().find(|(_, known)| known.name == datum) {
            Some((index, known)) if known.market.is_none() || known.market == self.market => {
                Ok(Named::Datum(index, known.ty))
            }
            Some(_) => Err(format!(
                "`{name}` is the datum of one market, not of this one"
            )),
            None => {
                let known = event.data.iter().map(|(_, datum)| datum.name.as_str());
                Err(format!(
                    "`{datum}` is not declared in the data of `{}`{}",
                    event.name,
                    did_you_mean(datum, known)
                ))
            }
        }
    }

    fn field(&self, name: &str, field: FieldIx) -> Result<Named, String> {
        let known = self.charter.fields.at(field);
        if known.market.is_some() && known.market != self.market {
            return Err(format!(
                "`{name}` is the field of one market, not of this one"
            ));
        }
        Ok(Named::Field(field, known.ty))
    }

    fn unknown(&self, name: &str) -> String {
        if name == "data" {
            return "`data` is not a value: name one of its entries, such as `data.total`"
                .to_owned();
        }
        if name == "segment" || name == "stage" {
            return format!("`{name}` is not a value: name one of them, such as `{name}.loyal`");
        }
        let data = self.event.map(|event| &self.charter.events.at(event).data);
        if data.is_some_and(|data| data.iter().any(|(_, datum)| datum.name == name)) {
            return format!(
                "`{name}` is not a field, window or item list: did you mean `data.{name}`?"
            );
        }
        let names = &self.charter.names;
        if names.segments.contains_key(name) {
            return format!("`{name}` is a segment: read it as `segment.{name}`");
        }
        if names.stages.contains_key(name) {
            return format!("`{name}` is a stage: read it as `stage.{name}`");
        }
        let known = names
            .fields
            .keys()
            .chain(names.windows.keys())
            .chain(names.items.keys());
        format!(
            "`{name}` is not a field, window or item list{}",
            did_you_mean(name, known.map(|name| name.as_str()))
        )
    }
}

fn named<I: Copy>(names: &Map<Text, I>, name: &str, what: &str) -> Result<I, String> {
    names.get(name).copied().ok_or_else(|| {
        let known = names.keys().map(|name| name.as_str());
        format!(
            "`{name}` is not {what} of this charter{}",
            did_you_mean(name, known)
        )
    })
}
