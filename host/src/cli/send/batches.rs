//! Events into batches: one lane for each connection, one market to a batch, the order kept for each customer.

use std::collections::HashSet;

use super::lines::EventLine;
use crate::ids::Text;
use crate::limits;

/// The events of one request.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) market: Text,
    pub(super) events: Vec<EventLine>,
}

/// The batches that are being filled.
///
/// INVARIANT: events of one key leave in the order in which they came. They share a lane, a lane's batches are sent
/// one after another, and no key is in two open batches of a lane at once.
#[derive(Debug)]
pub(super) struct Lanes {
    lanes: Vec<Vec<Open>>,
    events_per_batch: usize,
    open_events: usize,
}

/// A batch that is ready, and its lane.
pub(super) type Ready = (usize, Batch);

#[derive(Debug)]
struct Open {
    market: Text,
    events: Vec<EventLine>,
    keys: HashSet<u64>,
    bytes: usize,
}

/// The brackets around a batch.
const BRACKETS_BYTES: usize = 2;

impl Lanes {
    pub(super) fn new(lanes: usize, events_per_batch: usize) -> Self {
        Self {
            lanes: (0..lanes.max(1)).map(|_| Vec::new()).collect(),
            events_per_batch: events_per_batch.clamp(1, limits::BATCH_EVENTS),
            open_events: 0,
        }
    }

    /// Adds an event; returns what is ready to leave, in order.
    pub(super) fn add(&mut self, event: EventLine) -> Vec<Ready> {
        let count = self.lanes.len() as u64;
        let number = usize::try_from(event.key % count).unwrap_or_default();
        let full = self.events_per_batch;
        let mut ready = Vec::new();
        if let Some(lane) = self.lanes.get_mut(number) {
            add(lane, event, full, &mut ready);
        }
        self.open_events += 1;
        self.open_events -= ready.iter().map(|batch| batch.events.len()).sum::<usize>();
        let mut ready: Vec<Ready> = ready.into_iter().map(|batch| (number, batch)).collect();
        // A small market must not fall behind the others by more than this: its batches leave before they are full.
        if self.open_events >= self.lanes.len() * self.events_per_batch {
            ready.extend(self.drain());
        }
        ready
    }

    /// Takes everything that is still open.
    pub(super) fn drain(&mut self) -> Vec<Ready> {
        self.open_events = 0;
        let lanes = self.lanes.iter_mut().enumerate();
        lanes
            .flat_map(|(number, lane)| lane.drain(..).map(move |open| (number, open.close())))
            .collect()
    }
}

fn add(lane: &mut Vec<Open>, event: EventLine, full: usize, ready: &mut Vec<Batch>) {
    let elsewhere = |open: &Open| open.market != event.market && open.keys.contains(&event.key);
    close_where(lane, elsewhere, ready);
    let overflows = |open: &Open| open.market == event.market && !open.has_room_for(&event);
    close_where(lane, overflows, ready);
    let market = event.market.clone();
    match lane.iter_mut().find(|open| open.market == market) {
        Some(open) => open.push(event),
        None => lane.push(Open::with(event)),
    }
    let is_full = |open: &Open| open.market == market && open.events.len() >= full;
    close_where(lane, is_full, ready);
}

fn close_where(lane: &mut Vec<Open>, so: impl Fn(&Open) -> bool, ready: &mut Vec<Batch>) {
    if let Some(index) = lane.iter().position(so) {
        ready.push(lane.remove(index).close());
    }
}

impl Open {
    fn with(event: EventLine) -> Self {
        let mut open = Self {
            market: event.market.clone(),
            events: Vec::new(),
            keys: HashSet::new(),
            bytes: BRACKETS_BYTES,
        };
        open.push(event);
        open
    }

    fn has_room_for(&self, event: &EventLine) -> bool {
        self.bytes + event.json.len() < limits::BATCH_BODY_BYTES
    }

    fn push(&mut self, event: EventLine) {
        self.bytes += event.json.len() + 1;
        self.keys.insert(event.key);
        self.events.push(event);
    }

    fn close(self) -> Batch {
        Batch {
            market: self.market,
            events: self.events,
        }
    }
}

/// The body of a request with these events.
pub(super) fn body(events: &[EventLine]) -> String {
    let jsons: Vec<&str> = events.iter().map(|event| event.json.as_str()).collect();
    format!("[{}]", jsons.join(","))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::super::lines::Origin;
    use super::*;

    fn event(line: u64, subject: u64, market: &str, padding: usize) -> EventLine {
        let json = serde_json::json!({
            "id": line.to_string(), "market": market, "subject": format!("crm:{subject}"),
            "pad": "x".repeat(padding),
        });
        let origin = Origin::File { line, bytes: 1 };
        EventLine::read(json.to_string().as_bytes(), origin).unwrap()
    }

    fn all(lanes: &mut Lanes, events: Vec<EventLine>) -> Vec<Ready> {
        let mut ready: Vec<Ready> = events.into_iter().flat_map(|one| lanes.add(one)).collect();
        ready.extend(lanes.drain());
        ready
    }

    proptest! {
        #[test]
        fn every_event_leaves_once_and_a_subjects_events_leave_in_order(
            events in prop::collection::vec((0_u64..6, 0_usize..3), 0..200),
            lanes in 1_usize..5,
            batch in 1_usize..20,
        ) {
            let markets = ["gb", "de", "fr"];
            let events: Vec<_> = events
                .iter()
                .enumerate()
                .map(|(line, (subject, market))| event(line as u64, *subject, markets[*market], 0))
                .collect();
            let count = events.len();
            let ready = all(&mut Lanes::new(lanes, batch), events);
            let mut last: HashMap<u64, (usize, u64)> = HashMap::new();
            let mut seen = 0;
            for (lane, batch_out) in &ready {
                prop_assert!(batch_out.events.len() <= batch && !batch_out.events.is_empty());
                for event in &batch_out.events {
                    prop_assert_eq!(&event.market, &batch_out.market);
                    let line = event.origin.line();
                    if let Some((lane_before, line_before)) = last.insert(event.key, (*lane, line)) {
                        prop_assert_eq!(lane_before, *lane);
                        prop_assert!(line_before < line);
                    }
                    seen += 1;
                }
            }
            prop_assert_eq!(seen, count);
        }
    }

    #[test]
    fn a_batch_stays_below_what_a_host_takes() {
        let large = limits::EVENT_BODY_BYTES - 100;
        let events = (0..100)
            .map(|line| event(line, line, "gb", large))
            .collect();
        let ready = all(&mut Lanes::new(1, 1_000), events);
        let fits = |(_, batch): &Ready| body(&batch.events).len() <= limits::BATCH_BODY_BYTES;
        assert!(ready.iter().all(fits));
        assert_eq!(ready.len(), 100_usize.div_ceil(16));
    }

    #[test]
    fn a_small_market_leaves_before_its_batch_is_full() {
        let mut lanes = Lanes::new(1, 10);
        assert!(lanes.add(event(0, 0, "nl", 0)).is_empty());
        let ready: Vec<Ready> = (1..10)
            .flat_map(|line| lanes.add(event(line, line, "gb", 0)))
            .collect();
        let markets: Vec<&str> = ready
            .iter()
            .map(|(_, batch)| batch.market.as_str())
            .collect();
        assert_eq!(markets, ["nl", "gb"]);
    }

    #[test]
    fn a_body_is_a_json_list() {
        let events = [event(1, 1, "gb", 0), event(2, 2, "gb", 0)];
        let list: Vec<serde_json::Value> = serde_json::from_str(&body(&events)).unwrap();
        assert_eq!(list.len(), 2);
        assert_eq!(body(&[]), "[]");
    }
}
