//! What a kind of load came to, server by server and round by round.

use crate::load::Figures;
use crate::path::Setting;

/// What came of it: the bare server first, then each host.
pub struct Contest {
    pub setting: Setting,
    /// Requests a second, of an open loop.
    pub pace: Option<f64>,
    pub lanes: Vec<Lane>,
}

/// One server, and how it did round by round.
#[derive(Clone)]
pub struct Lane {
    pub name: String,
    pub turns: Vec<Turn>,
    /// What an event took.
    pub bytes: Option<Bytes>,
}

/// One server, one round.
#[derive(Clone)]
pub struct Turn {
    pub figures: Figures,
    /// Microseconds of a processor for each request.
    pub core_micros: f64,
}

/// Bytes written, in all or for each event.
#[derive(Clone, Copy)]
pub struct Bytes {
    pub log: f64,
    pub files: f64,
}

impl Turn {
    pub fn rate(&self) -> f64 {
        self.figures.rate()
    }

    pub fn line(&self) -> String {
        format!(
            "{}, {:.1} µs of a core each",
            self.figures.line(),
            self.core_micros
        )
    }
}

impl Lane {
    pub fn median(&self, figure: impl Fn(&Turn) -> f64) -> f64 {
        median(self.turns.iter().map(figure))
    }

    /// How much more another has of something, round by round.
    pub fn ratio(&self, other: &Self, figure: impl Fn(&Turn) -> f64) -> f64 {
        let pairs = self.turns.iter().zip(&other.turns);
        median(pairs.map(|(own, other)| figure(own) / figure(other)))
    }
}

/// The one in the middle.
pub fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<_> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}
