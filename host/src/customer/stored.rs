//! A status as it is encoded. What was added to the format stands behind what was there before, so that older states are
//! read as well.

use serde::ser::{Serialize, SerializeTuple as _, Serializer};
use serde::{Deserialize, Serialize as Encode};

use super::traces::{FieldTraces, ItemTraces};
use super::{Contact, Fields, Figures, ItemLists, Pending, Reached, Status, Timer};
use crate::clock::Instant;
use crate::ids::Key;

/// INVARIANT: its parts and their order are those of every status that was ever encoded.
#[derive(Deserialize)]
pub(super) struct StoredStatus {
    fields: Fields,
    windows: Figures,
    items: ItemLists,
    contacts: Vec<Contact>,
    pending: Vec<Pending>,
    segments: Vec<(Key, Instant)>,
    stages: Vec<Reached>,
    judged_by: u64,
    timers: Vec<Timer>,
    signals: Vec<(Key, Instant)>,
    end: End<FieldTraces, ItemTraces>,
}

/// When the host has to look again, and what is remembered for late events.
///
/// INVARIANT: the first two are encoded like an optional time, which is all that stood here before.
#[derive(Encode, Deserialize)]
enum End<Fields, Items> {
    Never,
    At(Instant),
    Traced(Option<Instant>, Fields, Items),
}

impl From<StoredStatus> for Status {
    fn from(stored: StoredStatus) -> Self {
        let (fades, fields, items) = match stored.end {
            End::Never => (None, FieldTraces::default(), ItemTraces::new()),
            End::At(at) => (Some(at), FieldTraces::default(), ItemTraces::new()),
            End::Traced(fades, fields, items) => (fades, fields, items),
        };
        let mut status = Self {
            fields: stored.fields,
            windows: stored.windows,
            items: stored.items,
            contacts: stored.contacts,
            pending: stored.pending,
            segments: stored.segments,
            stages: stored.stages,
            judged_by: stored.judged_by,
            timers: stored.timers,
            signals: stored.signals,
            fades,
        };
        status.fields.traces = fields;
        status.items.removed = items;
        status
    }
}

impl Serialize for Status {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (fields, items) = (&self.fields.traces, &self.items.removed);
        let end = match self.fades {
            _ if !fields.is_empty() || !items.is_empty() => End::Traced(self.fades, fields, items),
            Some(at) => End::At(at),
            None => End::Never,
        };
        let mut parts = serializer.serialize_tuple(11)?;
        parts.serialize_element(&self.fields)?;
        parts.serialize_element(&self.windows)?;
        parts.serialize_element(&self.items)?;
        parts.serialize_element(&self.contacts)?;
        parts.serialize_element(&self.pending)?;
        parts.serialize_element(&self.segments)?;
        parts.serialize_element(&self.stages)?;
        parts.serialize_element(&self.judged_by)?;
        parts.serialize_element(&self.timers)?;
        parts.serialize_element(&self.signals)?;
        parts.serialize_element(&end)?;
        parts.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::customer::traces::{Clear, Sum, Way, of_list};
    use crate::encoding::{decode, encode};

    /// A status as it was encoded before anything was remembered.
    type Before = (Vec<u8>, Vec<u8>, Option<Instant>);

    fn key() -> Key {
        Key::of("field", "points")
    }

    #[test]
    fn a_status_without_traces_is_encoded_as_it_always_was() {
        for fades in [None, Some(Instant::from_millis(1_291_204_800_000))] {
            let end: End<FieldTraces, ItemTraces> = match fades {
                Some(at) => End::At(at),
                None => End::Never,
            };
            let before: Before = (Vec::new(), Vec::new(), fades);
            let now = (Vec::<u8>::new(), Vec::<u8>::new(), end);
            assert_eq!(encode(&before), encode(&now));
            let status = Status {
                fades,
                ..Status::default()
            };
            assert_eq!(decode::<Status>(&encode(&status)).unwrap(), status);
        }
    }

    #[test]
    fn traces_are_read_as_they_were_written() {
        let at = Instant::from_millis(1_291_204_800_000);
        let mut status = Status::default();
        let sum = Sum {
            first: at,
            base: None,
        };
        status.fields.traces.sums.push((key(), sum));
        of_list(&mut status.fields.traces.lists, key()).touch(7, at, Way::In);
        status.fields.traces.note_clear(Clear {
            of: key(),
            source: key(),
            at,
        });
        of_list(&mut status.items.removed, key()).touch(8, at, Way::Out);
        for fades in [None, Some(at)] {
            status.fades = fades;
            assert_eq!(decode::<Status>(&encode(&status)).unwrap(), status);
        }
    }
}
