//! The host's keys: taken up at the start, and one for each market and period.

use std::path::PathBuf;

use crate::charter::Charter;
use crate::encoding;
use crate::evidence::{KeyChange, Kind};
use crate::keys::{DataKey, NoKeys, Period, Ring, Subject, Wrapped};
use crate::node::{Node, Settings};
use crate::store::{Log, Position, Refused};

/// The folder of the keys.
pub(crate) fn folder(settings: &Settings) -> PathBuf {
    let own = || settings.data.join("keys");
    settings.keys.clone().unwrap_or_else(own)
}

/// The keys; drawn where the host has recorded nothing yet. The data folder is ours by now.
pub(crate) fn open(settings: &Settings, log: &Log) -> Result<Ring, NoKeys> {
    match log.end() == Position::default() {
        true => Ring::make(&folder(settings)),
        false => Ring::open(&folder(settings)),
    }
}

impl Node {
    /// Gives each market a key that has none: for what is about nobody.
    pub(crate) fn key_markets(&self, charter: &Charter) -> Result<(), Refused> {
        let markets = charter.markets.iter();
        self.draw_keys(markets.map(|(_, market)| Subject::Market(market.key)))
    }

    /// The key of a period; drawn and recorded where it has just begun.
    pub(crate) fn key_period(&self, period: Period) -> Result<DataKey, Refused> {
        let subject = Subject::Period(period);
        loop {
            if let Some(key) = self.cache.own_key(subject) {
                return Ok(key);
            }
            self.draw_keys(std::iter::once(subject))?;
        }
    }

    fn draw_keys(&self, subjects: impl Iterator<Item = Subject>) -> Result<(), Refused> {
        let record = |epoch, keys: &[_]| self.rewrapped(epoch, keys);
        self.cache.draw_keys(Kind::Keys.number(), subjects, record)
    }

    pub(crate) fn rewrapped(&self, epoch: u32, keys: &[(Subject, Wrapped)]) -> Vec<u8> {
        encoding::encode(&KeyChange {
            at: self.clock.wall(),
            epoch,
            keys: keys.to_vec(),
            destroyed: Vec::new(),
        })
    }
}
