//! The way out of a message in one click (RFC 8058): a token that says who objects to what, and that nobody else can make.

use crate::ids::{CustomerId, Key, Text};

/// How a token begins; another form would begin otherwise.
const FORM: u8 = 1;
const SAID_BYTES: usize = 1 + 16 + 3 * 4;
const MAC_BYTES: usize = 16;

/// Who objects, to what, over which channel, and in which market it was said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WayOut {
    pub customer: CustomerId,
    pub purpose: Key,
    pub channel: Key,
    pub market: Key,
}

impl WayOut {
    /// The token, under the data folder's secret `salt`: letters and digits alone.
    pub fn token(&self, salt: &[u8; 32]) -> Text {
        let mut bytes = Vec::with_capacity(SAID_BYTES + MAC_BYTES);
        bytes.push(FORM);
        bytes.extend(self.customer.as_bytes());
        for key in [self.purpose, self.channel, self.market] {
            bytes.extend(key.to_bytes());
        }
        let mac = mac(salt, &bytes);
        bytes.extend(mac);
        let mut token = String::with_capacity(2 * bytes.len());
        for byte in bytes {
            for digit in [byte >> 4, byte & 15] {
                token.extend(char::from_digit(digit.into(), 16));
            }
        }
        token.into()
    }

    /// `None` for anything that was not made under this `salt`.
    pub fn parse(salt: &[u8; 32], token: &str) -> Option<Self> {
        if token.len() != 2 * (SAID_BYTES + MAC_BYTES) {
            return None;
        }
        let digits: Option<Vec<u32>> = token.chars().map(|digit| digit.to_digit(16)).collect();
        let bytes: Vec<u8> = digits?
            .chunks_exact(2)
            .filter_map(|pair| match pair {
                [high, low] => u8::try_from(high * 16 + low).ok(),
                _ => None,
            })
            .collect();
        let (said, shown) = bytes.split_at_checked(SAID_BYTES)?;
        // Compared as hashes are: in the same time, wherever the first difference is.
        if blake3::hash(&mac(salt, said)) != blake3::hash(shown) {
            return None;
        }
        let (form, rest) = said.split_first()?;
        let (customer, rest) = rest.split_first_chunk::<16>()?;
        let (purpose, rest) = rest.split_first_chunk::<4>()?;
        let (channel, rest) = rest.split_first_chunk::<4>()?;
        let (market, _) = rest.split_first_chunk::<4>()?;
        (*form == FORM).then(|| Self {
            customer: CustomerId::from_bytes(*customer),
            purpose: Key::from_bytes(*purpose),
            channel: Key::from_bytes(*channel),
            market: Key::from_bytes(*market),
        })
    }
}

fn mac(salt: &[u8; 32], said: &[u8]) -> [u8; MAC_BYTES] {
    let mut hasher = blake3::Hasher::new_keyed(salt);
    hasher.update(b"unsubscribe\0").update(said);
    let mut mac = [0; MAC_BYTES];
    hasher.finalize_xof().fill(&mut mac);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Chance;

    #[test]
    fn only_a_whole_token_of_this_folder_is_a_way_out() {
        let way = WayOut {
            customer: CustomerId::draw(&mut Chance::from_seed(b"somebody")),
            purpose: Key::of("purpose", "marketing"),
            channel: Key::of("channel", "email"),
            market: Key::of("market", "gb"),
        };
        let token = way.token(&[1; 32]);
        assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_eq!(WayOut::parse(&[1; 32], &token), Some(way));
        assert_eq!(WayOut::parse(&[2; 32], &token), None);
        for place in 0..token.len() {
            let mut other = token.as_bytes().to_vec();
            other[place] = if other[place] == b'0' { b'1' } else { b'0' };
            let other = String::from_utf8(other).unwrap();
            assert_eq!(WayOut::parse(&[1; 32], &other), None, "{place}");
        }
        for bad in ["", "0", &token[1..], "é", &"é".repeat(45)] {
            assert_eq!(WayOut::parse(&[1; 32], bad), None, "{bad}");
        }
    }
}
