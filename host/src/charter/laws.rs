//! The law, as data: what each country or region asks for, by purpose and channel, with source and review date.

use crate::charter::channels::ChannelIx;
use crate::charter::consent::{Needs, PurposeIx};
use crate::charter::hours::{CalendarIx, Hours};
use crate::charter::table::index;
use crate::clock::Span;
use crate::ids::Text;

index! {
    /// The law of one country or region.
    LawIx
}

/// What one country (`DE`) or region (`US-FL`, ISO 3166-2) asks for.
#[derive(Debug)]
pub struct Law {
    pub code: Text,
    pub bases: Vec<LawBasis>,
    /// Days on which no marketing goes out.
    pub holidays: Option<(CalendarIx, Origin)>,
    /// The purposes that `Sec-GPC: 1` withdraws.
    pub gpc: Option<(Vec<PurposeIx>, Origin)>,
}

/// What it asks for one purpose over one channel.
#[derive(Debug)]
pub struct LawBasis {
    pub purpose: PurposeIx,
    /// `None` for all channels.
    pub channel: Option<ChannelIx>,
    pub needs: Option<Needs>,
    /// A consent is good for so long; then it has expired.
    pub valid: Option<Span>,
    pub hours: Option<Hours>,
    pub origin: Origin,
}

/// Where a rule comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Origin {
    pub kind: OriginKind,
    pub source: Text,
    pub review_by: Option<jiff::civil::Date>,
}

/// How binding it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OriginKind {
    Law,
    /// A code of conduct.
    Code,
    Custom,
}

impl OriginKind {
    pub fn word(self) -> &'static str {
        match self {
            Self::Law => "law",
            Self::Code => "code",
            Self::Custom => "custom",
        }
    }
}
