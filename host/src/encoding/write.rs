//! From values to bytes.

use std::fmt;

use serde::ser::{self, Serialize, Serializer};

use super::memory::{Id, Memory, TEXTS_REACH, zigzag};
use super::names::{Tables, Vocabulary};

/// A value that cannot be encoded: a fault in its type.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Unencodable(String);

impl ser::Error for Unencodable {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// What the next number or the next bytes are, by the type around them.
#[derive(Clone, Copy, Default)]
enum Form {
    #[default]
    Plain,
    Time,
    Key,
    Id(Id),
}

pub(super) struct Writer<'a> {
    bytes: &'a mut Vec<u8>,
    memory: &'a mut Memory,
    tables: Tables<'a>,
    form: Form,
    /// Where the texts stand that were told here, by their first bytes and their length.
    texts: Vec<(u64, usize)>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(bytes: &'a mut Vec<u8>, memory: &'a mut Memory, tables: Tables<'a>) -> Self {
        Self {
            bytes,
            memory,
            tables,
            form: Form::Plain,
            texts: Vec::new(),
        }
    }

    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    fn time(&mut self, time: i64) {
        let mut number = self.memory.tell_time(time);
        while number >= 0x80 {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    fn key(&mut self, key: u32) {
        let back = self.memory.find_key(key);
        self.number(back.unwrap_or_default());
        if back.is_none() {
            self.bytes.extend_from_slice(&key.to_le_bytes());
        }
    }

    fn id(&mut self, sort: Id, id: &[u8; 16]) {
        let back = self.memory.find_id(id);
        self.number(back.unwrap_or_default());
        if back.is_some() {
            return;
        }
        let (time, rest) = id.split_at(6);
        match sort {
            Id::Drawn => self.bytes.extend_from_slice(id),
            Id::Sorted => {
                let time = time.iter().fold(0, |sum, byte| sum << 8 | i64::from(*byte));
                self.time(time);
                self.bytes.extend_from_slice(rest);
            }
        }
    }

    fn text(&mut self, text: &str) {
        let place = |table: Option<&Vocabulary>| table.and_then(|table| table.place(text));
        if let Some(place) = place(self.tables.policy) {
            return self.number(u64::from(place) << 2 | 2);
        }
        if let Some(place) = place(self.tables.charter) {
            return self.number(u64::from(place) << 2 | 1);
        }
        let mark = mark(text);
        let mut told = self.texts.iter().rev().take(TEXTS_REACH);
        let found = told.position(|(known, at)| {
            let end = at + text.len();
            *known == mark && self.bytes.get(*at..end) == Some(text.as_bytes())
        });
        if let Some(back) = found {
            return self.number((back as u64) << 2 | 3);
        }
        self.number((text.len() as u64) << 2);
        self.texts.push((mark, self.bytes.len()));
        self.bytes.extend_from_slice(text.as_bytes());
    }
}

/// Texts that differ in it are not the same.
fn mark(text: &str) -> u64 {
    let mut mark = [0; 8];
    let (length, first) = mark.split_at_mut(1);
    length.fill(text.len() as u8);
    for (place, byte) in first.iter_mut().zip(text.bytes()) {
        *place = byte;
    }
    u64::from_le_bytes(mark)
}

/// The parts of a value, one after the other.
pub(super) struct Parts<'a, 'b> {
    writer: &'a mut Writer<'b>,
    /// Of a list: where it begins, and how many texts were told before it.
    list: Option<(usize, usize)>,
}

impl Parts<'_, '_> {
    fn part<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unencodable> {
        value.serialize(&mut *self.writer)
    }

    /// A list that the policy's table has is told by its place there.
    fn finish(self) {
        let writer = self.writer;
        let (Some((start, texts)), Some(table)) = (self.list, writer.tables.policy) else {
            return;
        };
        let list = writer.bytes.get(start..).unwrap_or_default();
        // One that is empty is no longer than its place; what it tells in full may be referred to later.
        if list.len() > 1
            && writer.texts.len() == texts
            && let Some(place) = table.list_place(list)
        {
            writer.bytes.truncate(start);
            writer.number(u64::from(place) << 1 | 1);
        }
    }
}

macro_rules! parts {
    ($($trait:ident: $method:ident($($key:ident)?),)*) => { $(
        impl ser::$trait for Parts<'_, '_> {
            type Ok = ();
            type Error = Unencodable;

            fn $method<T: Serialize + ?Sized>(
                &mut self,
                $($key: &'static str,)?
                value: &T,
            ) -> Result<(), Unencodable> {
                $(let _ = $key;)?
                self.part(value)
            }

            fn end(self) -> Result<(), Unencodable> {
                self.finish();
                Ok(())
            }
        }
    )* };
}

parts! {
    SerializeSeq: serialize_element(),
    SerializeTuple: serialize_element(),
    SerializeTupleStruct: serialize_field(),
    SerializeTupleVariant: serialize_field(),
    SerializeStruct: serialize_field(_name),
    SerializeStructVariant: serialize_field(_name),
}

macro_rules! numbers {
    ($($method:ident($type:ty) => $convert:expr;)*) => { $(
        fn $method(self, value: $type) -> Result<(), Unencodable> {
            self.number($convert(value));
            Ok(())
        }
    )* };
}

macro_rules! unknown {
    ($($method:ident($($type:ty),*) -> $ok:ty;)*) => { $(
        fn $method(self, $(_: $type),*) -> Result<$ok, Unencodable> {
            Err(Unencodable(stringify!($method).to_owned()))
        }
    )* };
}

impl<'a, 'b> Serializer for &'a mut Writer<'b> {
    type Ok = ();
    type Error = Unencodable;
    type SerializeSeq = Parts<'a, 'b>;
    type SerializeTuple = Parts<'a, 'b>;
    type SerializeTupleStruct = Parts<'a, 'b>;
    type SerializeTupleVariant = Parts<'a, 'b>;
    type SerializeMap = ser::Impossible<(), Unencodable>;
    type SerializeStruct = Parts<'a, 'b>;
    type SerializeStructVariant = Parts<'a, 'b>;

    numbers! {
        serialize_i8(i8) => |value| zigzag(i64::from(value));
        serialize_i16(i16) => |value| zigzag(i64::from(value));
        serialize_i32(i32) => |value| zigzag(i64::from(value));
        serialize_u16(u16) => u64::from;
        serialize_u64(u64) => |value| value;
        // Most have few binary places, and then few bytes that are not zero, the first ones.
        serialize_f32(f32) => |value: f32| f64::from(value).to_bits().swap_bytes();
        serialize_f64(f64) => |value: f64| value.to_bits().swap_bytes();
    }

    unknown! {
        serialize_char(char) -> ();
        serialize_unit() -> ();
        serialize_unit_struct(&'static str) -> ();
        serialize_map(Option<usize>) -> Self::SerializeMap;
    }

    fn serialize_bool(self, value: bool) -> Result<(), Unencodable> {
        self.serialize_u8(u8::from(value))
    }

    fn serialize_u8(self, value: u8) -> Result<(), Unencodable> {
        self.bytes.push(value);
        Ok(())
    }

    fn serialize_u32(self, value: u32) -> Result<(), Unencodable> {
        match std::mem::take(&mut self.form) {
            Form::Key => self.key(value),
            _ => self.number(u64::from(value)),
        }
        Ok(())
    }

    fn serialize_i64(self, value: i64) -> Result<(), Unencodable> {
        match std::mem::take(&mut self.form) {
            Form::Time => self.time(value),
            _ => self.number(zigzag(value)),
        }
        Ok(())
    }

    fn serialize_str(self, value: &str) -> Result<(), Unencodable> {
        self.text(value);
        Ok(())
    }

    /// Ids come as bytes too. What begins with the record's salt is told without it.
    fn serialize_bytes(self, value: &[u8]) -> Result<(), Unencodable> {
        match (std::mem::take(&mut self.form), value.try_into()) {
            (Form::Id(sort), Ok(id)) => self.id(sort, id),
            _ => {
                let salt = self.memory.salt.as_ref();
                let rest = salt.and_then(|salt| value.strip_prefix(salt));
                let is_salted = u64::from(rest.is_some());
                let rest = rest.unwrap_or(value);
                self.number((rest.len() as u64) << 1 | is_salted);
                self.bytes.extend_from_slice(rest);
            }
        }
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Unencodable> {
        self.serialize_u8(0)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Unencodable> {
        self.bytes.push(1);
        value.serialize(self)
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        variant: u32,
        _: &'static str,
    ) -> Result<(), Unencodable> {
        self.number(u64::from(variant));
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Unencodable> {
        self.form = match name {
            "Instant" => Form::Time,
            "Key" => Form::Key,
            "Digest" => return self.digest(value),
            name => Id::of(name).map_or(Form::Plain, Form::Id),
        };
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        variant: u32,
        _: &'static str,
        value: &T,
    ) -> Result<(), Unencodable> {
        self.number(u64::from(variant));
        value.serialize(self)
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Parts<'a, 'b>, Unencodable> {
        let length = length.ok_or_else(|| Unencodable("a list of unknown length".to_owned()))?;
        let list = Some((self.bytes.len(), self.texts.len()));
        self.number((length as u64) << 1);
        Ok(Parts { writer: self, list })
    }

    fn serialize_tuple(self, _: usize) -> Result<Parts<'a, 'b>, Unencodable> {
        Ok(Parts {
            writer: self,
            list: None,
        })
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        length: usize,
    ) -> Result<Parts<'a, 'b>, Unencodable> {
        self.serialize_tuple(length)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        variant: u32,
        _: &'static str,
        length: usize,
    ) -> Result<Parts<'a, 'b>, Unencodable> {
        self.number(u64::from(variant));
        self.serialize_tuple(length)
    }

    fn serialize_struct(
        self,
        _: &'static str,
        length: usize,
    ) -> Result<Parts<'a, 'b>, Unencodable> {
        self.serialize_tuple(length)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        variant: u32,
        _: &'static str,
        length: usize,
    ) -> Result<Parts<'a, 'b>, Unencodable> {
        self.number(u64::from(variant));
        self.serialize_tuple(length)
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

impl Writer<'_> {
    /// A digest that one of the tables is of is told by which.
    fn digest<T: Serialize + ?Sized>(&mut self, digest: &T) -> Result<(), Unencodable> {
        let start = self.bytes.len();
        self.bytes.push(0);
        digest.serialize(&mut *self)?;
        let told = self.bytes.get(start + 1..).unwrap_or_default();
        let is_of = |table: Option<&Vocabulary>| {
            table.is_some_and(|table| table.of.as_bytes().as_slice() == told)
        };
        let table = match (is_of(self.tables.charter), is_of(self.tables.policy)) {
            (true, _) => 1,
            (_, true) => 2,
            (false, false) => return Ok(()),
        };
        self.bytes.truncate(start);
        self.bytes.push(table);
        Ok(())
    }
}
