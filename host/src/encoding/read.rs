//! From bytes to values.

use serde::de::value::U32Deserializer;
use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer as _, Visitor};

use super::Undecodable;
use super::memory::{Id, Memory, unzigzag};
use super::names::Tables;

/// What the next number or the next bytes are, by the type around them.
#[derive(Clone, Copy, Default)]
enum Form {
    #[default]
    Plain,
    Time,
    Key,
    Id(Id),
}

pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    memory: &'a mut Memory,
    tables: Tables<'a>,
    form: Form,
    /// Those that were told here.
    texts: Vec<&'a str>,
}

type Result<T> = std::result::Result<T, Undecodable>;

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8], memory: &'a mut Memory, tables: Tables<'a>) -> Self {
        Self {
            bytes,
            memory,
            tables,
            form: Form::Plain,
            texts: Vec::new(),
        }
    }

    /// What was not read.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes
    }

    fn byte(&mut self) -> Result<u8> {
        let (byte, rest) = self.bytes.split_first().ok_or(Undecodable::Short)?;
        self.bytes = rest;
        Ok(*byte)
    }

    fn take(&mut self, length: u64) -> Result<&'a [u8]> {
        let length = usize::try_from(length).map_err(|_| Undecodable::Short)?;
        let taken = self.bytes.split_at_checked(length);
        let (taken, rest) = taken.ok_or(Undecodable::Short)?;
        self.bytes = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (array, rest) = self.bytes.split_first_chunk().ok_or(Undecodable::Short)?;
        self.bytes = rest;
        Ok(*array)
    }

    fn long(&mut self) -> Result<u128> {
        let mut number = 0;
        for place in 0..10 {
            let byte = self.byte()?;
            number |= u128::from(byte & 0x7f) << (7 * place);
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(damaged("a number that does not end"))
    }

    fn number(&mut self) -> Result<u64> {
        // Most are short.
        match self.bytes.split_first() {
            Some((byte, rest)) if *byte < 0x80 => {
                self.bytes = rest;
                Ok(u64::from(*byte))
            }
            _ => Ok(self.long()? as u64),
        }
    }

    fn whole<N: TryFrom<u64>>(&mut self) -> Result<N> {
        N::try_from(self.number()?).map_err(|_| damaged("a number that is too large"))
    }

    fn signed<N: TryFrom<i64>>(&mut self) -> Result<N> {
        N::try_from(unzigzag(self.number()?)).map_err(|_| damaged("a number that is too large"))
    }

    fn time(&mut self) -> Result<i64> {
        let told = self.long()?;
        Ok(self.memory.time(told))
    }

    fn key(&mut self) -> Result<u32> {
        match self.number()? {
            0 => {
                let key = u32::from_le_bytes(self.array()?);
                self.memory.add_key(key);
                Ok(key)
            }
            back => self
                .memory
                .key(back)
                .ok_or(damaged("a key that nobody told")),
        }
    }

    fn id(&mut self, sort: Id) -> Result<[u8; 16]> {
        let back = self.number()?;
        if back > 0 {
            return self
                .memory
                .id(back)
                .ok_or(damaged("an id that nobody told"));
        }
        let id = match sort {
            Id::Drawn => self.array()?,
            Id::Sorted => {
                let [_, _, time @ ..] = self.time()?.to_be_bytes();
                let rest: [u8; 10] = self.array()?;
                let mut id = [0; 16];
                let (first, last) = id.split_at_mut(time.len());
                first.copy_from_slice(&time);
                last.copy_from_slice(&rest);
                id
            }
        };
        self.memory.add_id(id);
        Ok(id)
    }

    fn text(&mut self) -> Result<&'a str> {
        let told = self.number()?;
        let place = told >> 2;
        let found = match told & 3 {
            0 => {
                let text = std::str::from_utf8(self.take(place)?);
                let text = text.map_err(|_| damaged("a text that is none"))?;
                self.texts.push(text);
                Some(text)
            }
            1 => self.tables.charter.and_then(|table| table.text(place)),
            2 => self.tables.policy.and_then(|table| table.text(place)),
            _ => {
                let mut told = self.texts.iter().rev();
                told.nth(usize::try_from(place).unwrap_or(usize::MAX))
                    .copied()
            }
        };
        found.ok_or(damaged("a text that nobody told"))
    }

    /// Reads what stands in a table as if it stood here.
    fn elsewhere<T>(
        &mut self,
        bytes: Option<&'a [u8]>,
        read: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        let there = bytes.ok_or(damaged("a name that nobody told"))?;
        let here = std::mem::replace(&mut self.bytes, there);
        let value = read(self);
        self.bytes = here;
        value
    }
}

fn damaged(what: &'static str) -> Undecodable {
    Undecodable::Damaged(what.to_owned())
}

/// So many values, one after the other.
struct Parts<'a, 'b> {
    reader: &'a mut Reader<'b>,
    left: usize,
}

impl<'de> de::SeqAccess<'de> for Parts<'_, 'de> {
    type Error = Undecodable;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        seed.deserialize(&mut *self.reader).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        // Each takes a byte at least, whatever the length claims.
        Some(self.left.min(self.reader.bytes.len()))
    }
}

/// The content of a variant.
impl<'de> de::VariantAccess<'de> for Parts<'_, 'de> {
    type Error = Undecodable;

    fn unit_variant(self) -> Result<()> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value> {
        seed.deserialize(self.reader)
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value> {
        self.reader.deserialize_tuple(length, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.reader.deserialize_tuple(fields.len(), visitor)
    }
}

impl<'de> de::EnumAccess<'de> for Parts<'_, 'de> {
    type Error = Undecodable;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self)> {
        let variant: u32 = self.reader.whole()?;
        let variant: U32Deserializer<Undecodable> = variant.into_deserializer();
        Ok((seed.deserialize(variant)?, self))
    }
}

macro_rules! values {
    ($($method:ident: $visit:ident($value:ident);)*) => { $(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
            visitor.$visit(self.$value()?)
        }
    )* };
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Undecodable;

    values! {
        deserialize_i8: visit_i8(signed);
        deserialize_i16: visit_i16(signed);
        deserialize_i32: visit_i32(signed);
        deserialize_u8: visit_u8(byte);
        deserialize_u16: visit_u16(whole);
        deserialize_u64: visit_u64(number);
        deserialize_str: visit_str(text);
        deserialize_string: visit_str(text);
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.byte()? {
            0 => visitor.visit_bool(false),
            1 => visitor.visit_bool(true),
            _ => Err(damaged("neither yes nor no")),
        }
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_u32(match std::mem::take(&mut self.form) {
            Form::Key => self.key()?,
            _ => self.whole()?,
        })
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_i64(match std::mem::take(&mut self.form) {
            Form::Time => self.time()?,
            _ => unzigzag(self.number()?),
        })
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_f32(f64::from_bits(self.number()?.swap_bytes()) as f32)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_f64(f64::from_bits(self.number()?.swap_bytes()))
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if let Form::Id(sort) = std::mem::take(&mut self.form) {
            return visitor.visit_bytes(&self.id(sort)?);
        }
        let told = self.number()?;
        let bytes = self.take(told >> 1)?;
        match (told & 1, self.memory.salt) {
            (0, _) => visitor.visit_borrowed_bytes(bytes),
            (_, Some(salt)) => visitor.visit_byte_buf([&salt, bytes].concat()),
            (_, None) => Err(damaged("a salt that nobody told")),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.byte()? {
            0 => visitor.visit_none(),
            1 => visitor.visit_some(self),
            _ => Err(damaged("neither something nor nothing")),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        self.form = match name {
            "Instant" => Form::Time,
            "Key" => Form::Key,
            "Digest" => {
                let table = match self.byte()? {
                    0 => return visitor.visit_newtype_struct(self),
                    1 => self.tables.charter,
                    _ => self.tables.policy,
                };
                let digest = table.map(|table| table.of.as_bytes().as_slice());
                return self.elsewhere(digest, |reader| visitor.visit_newtype_struct(reader));
            }
            name => Id::of(name).map_or(Form::Plain, Form::Id),
        };
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let told = self.number()?;
        if told & 1 == 1 {
            let list = self.tables.policy.and_then(|table| table.list(told >> 1));
            return self.elsewhere(list, |reader| reader.deserialize_seq(visitor));
        }
        let left = usize::try_from(told >> 1).unwrap_or(usize::MAX);
        visitor.visit_seq(Parts { reader: self, left })
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, left: usize, visitor: V) -> Result<V::Value> {
        visitor.visit_seq(Parts { reader: self, left })
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value> {
        self.deserialize_tuple(length, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.deserialize_tuple(fields.len(), visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        let reader = self;
        visitor.visit_enum(Parts { reader, left: 0 })
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value> {
        Err(damaged("a type that does not say what it is"))
    }

    serde::forward_to_deserialize_any! {
        char unit unit_struct map identifier ignored_any
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}
