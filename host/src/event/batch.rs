//! A batch: a JSON array of events, kept apart, so that one bad event never spoils the others.

use serde_json::value::RawValue;

use crate::event::invalid::InvalidEvent;
use crate::limits::BATCH_EVENTS;

/// Takes a batch apart without looking into its events.
pub fn split(body: &[u8]) -> Result<Vec<&RawValue>, InvalidEvent> {
    let events: Vec<&RawValue> = serde_json::from_slice(body).map_err(|error| {
        if error.is_data() {
            InvalidEvent::not_an_event("", "a batch is a JSON array of events")
        } else {
            InvalidEvent::malformed(&error)
        }
    })?;
    match events.len() {
        found if found > BATCH_EVENTS => Err(InvalidEvent::TooMany {
            most: BATCH_EVENTS,
            found,
        }),
        _ => Ok(events),
    }
}
