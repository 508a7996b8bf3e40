use serde::Deserialize;
use smol_str::SmolStr;

use super::*;
use crate::clock::{Instant, Span};
use crate::ids::{ActionId, Chance, CustomerId, Digest, Key, Text};
use crate::value::Value;

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
enum Shape {
    Unit,
    One(Text),
    Two(u8, i32),
    Named { of: Key, at: Option<Instant> },
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
struct Everything {
    shapes: Vec<Shape>,
    values: Vec<(Text, Value)>,
    times: Vec<Instant>,
    spans: Vec<Span>,
    ids: Vec<(CustomerId, ActionId)>,
    keys: Vec<Key>,
    digests: Vec<Digest>,
    closed: bytes::Bytes,
    names: Vec<Text>,
    is_on: bool,
}

fn texts(texts: &[&str]) -> Vec<Text> {
    texts.iter().copied().map(SmolStr::new).collect()
}

fn everything() -> Everything {
    let mut chance = Chance::from_seed(b"everything");
    let at = Instant::from_millis(1_291_192_000_000);
    let customer = CustomerId::draw(&mut chance);
    let action = ActionId::draw(at, &mut chance);
    let numbers = [0, 1, -1, 63, 64, -65, 1 << 40, i64::MAX, i64::MIN];
    let reals = [0.0, -0.0, 1.0, 0.7, f64::MIN_POSITIVE, f64::INFINITY];
    let (then, long) = (at.millis(), "x".repeat(300));
    let times = [then, then - 5, 1_795_000_000_000, then + 7, 0].into_iter();
    let times = times.chain(numbers);
    let values = numbers.map(Value::Integer).into_iter();
    let values = values.chain(reals.map(Value::Number));
    let values = values.chain([
        Value::Flag(true),
        Value::Text(SmolStr::new(&long)),
        Value::Instant(at),
        Value::Texts(texts(&["85123A", "71053", "85123A"]).into()),
        Value::Integers([6, 8, -1].into()),
    ]);
    let name = |value: &Value| SmolStr::new(value.kind().to_string());
    Everything {
        shapes: vec![
            Shape::Unit,
            Shape::One(SmolStr::new("order.placed")),
            Shape::Two(255, i32::MIN),
            Shape::Named {
                of: Key::of("field", "points"),
                at: Some(at),
            },
        ],
        values: values.map(|value| (name(&value), value)).collect(),
        times: times.map(Instant::from_millis).collect(),
        spans: vec![Span::from_millis(u64::MAX), Span::from_days(7)],
        ids: vec![
            (customer, action),
            (
                CustomerId::from_bytes([255; 16]),
                ActionId::from_bytes([255; 16]),
            ),
            (customer, action),
        ],
        keys: vec![
            Key::of("a", "b"),
            Key::of("field", "points"),
            Key::of("a", "b"),
        ],
        digests: vec![
            Digest::of(b"charter"),
            Digest::of(b"policy"),
            Digest::of(b""),
        ],
        closed: bytes::Bytes::from_static(b"0123456789abcdefclosed"),
        names: texts(&["points", "setting.review_days", "", "ß"]),
        is_on: true,
    }
}

fn vocabulary(number: u32, of: &[u8], names: &[&str]) -> Vocabulary {
    Vocabulary::new(Names {
        number,
        of: Digest::of(of),
        texts: texts(names),
        lists: vec![texts(names)],
    })
}

#[test]
fn values_come_back_as_they_were() {
    let value = everything();
    let bytes = encode(&value);
    assert_eq!(decode::<Everything>(&bytes).unwrap(), value);
    for length in 0..bytes.len() {
        assert!(decode::<Everything>(&bytes[..length]).is_err(), "{length}");
    }
    for place in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[place] ^= 0x15;
        // What comes of it does not matter, as long as something does.
        let _ = decode::<Everything>(&changed);
    }
}

#[test]
fn what_stands_in_a_table_is_told_by_its_place() {
    let charter = vocabulary(1, b"charter", &["order.placed", "text"]);
    let policy = vocabulary(2, b"policy", &["points", "setting.review_days", "", "ß"]);
    let tables = Tables {
        charter: Some(&charter),
        policy: Some(&policy),
    };
    let salted = || {
        let mut memory = Memory::default();
        memory.salt = Some(*b"0123456789abcdef");
        memory
    };
    let value = everything();
    let mut bytes = Vec::new();
    write(&value, (&mut salted(), tables), &mut bytes);
    let read = |memory: &mut Memory, tables| {
        let mut rest = &*bytes;
        let value = read::<Everything>(&mut rest, (memory, tables))?;
        all_read(rest).map(|()| value)
    };
    assert_eq!(read(&mut salted(), tables).unwrap(), value);
    let parts = [b"order.placed".as_slice(), b"points", b"0123456789abcdef"];
    for part in parts.into_iter().chain([charter.of.as_bytes().as_slice()]) {
        assert!(!bytes.windows(part.len()).any(|window| window == part));
    }
    assert!(read(&mut salted(), Tables::default()).is_err());
    assert!(read(&mut Memory::default(), tables).is_err());
}

#[test]
fn what_was_told_before_is_short() {
    let mut chance = Chance::from_seed(b"short");
    let at = Instant::from_millis(1_291_192_000_000);
    let arrived = Instant::from_millis(1_795_000_000_000);
    let (id, key) = (CustomerId::draw(&mut chance), Key::of("field", "points"));
    let text = SmolStr::new("load-4711");
    for (value, length) in [
        (encode(&vec![at; 9]), 8 + 8),
        (
            encode(&[at, arrived, at, arrived, at, arrived]),
            1 + 6 + 6 + 4,
        ),
        (encode(&vec![id; 9]), 2 + 17 + 8),
        (encode(&vec![key; 9]), 2 + 5 + 8),
        (encode(&vec![text; 9]), 2 + 10 + 8),
        (encode(&vec![1.0; 9]), 2 + 9 * 3),
    ] {
        assert_eq!(value.len(), length);
    }
}

#[test]
fn another_format_is_refused_in_words() {
    let mut bytes = encode(&7_u64);
    bytes[0] = FORMAT + 1;
    let newer = decode::<u64>(&bytes).unwrap_err();
    assert_eq!(
        newer.to_string(),
        "format 7 is newer than this host's 6: start a newer host"
    );
    bytes[0] = FORMAT - 1;
    let older = decode::<u64>(&bytes).unwrap_err().to_string();
    assert!(
        older.starts_with("format 5 is older than this host's 6"),
        "{older}"
    );
    assert!(matches!(decode::<u64>(&[]), Err(Undecodable::Short)));
    assert!(matches!(
        decode::<u64>(&[FORMAT, 7, 7]),
        Err(Undecodable::Trailing { extra: 1 })
    ));
}
