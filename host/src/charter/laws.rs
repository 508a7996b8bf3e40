//! The law, as data: what each country or region asks for, by purpose and channel, with source and review date.

use crate::charter::Charter;
use crate::charter::channels::ChannelIx;
use crate::charter::consent::{Needs, PurposeIx};
use crate::charter::hours::{CalendarIx, Hours};
use crate::charter::markets::Market;
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

impl Charter {
    /// The laws that protect somebody in a market: of the market's country, and of the country and region where the person
    /// lives. Where the region is not known, those of all regions of that country, so that the strictest holds.
    pub fn laws_for<'a>(
        &'a self,
        market: &'a Market,
        country: Option<&'a str>,
        region: Option<&'a str>,
    ) -> impl Iterator<Item = &'a Law> + Clone {
        let home = country.or(market.country.as_deref());
        let laws = self.laws.iter().filter(move |(index, law)| {
            let code = law.code.as_str();
            let is_of_region = || match region {
                Some(region) => code == region,
                None => code.split_once('-').is_some_and(|(of, _)| home == Some(of)),
            };
            market.law == Some(*index) || country == Some(code) || is_of_region()
        });
        laws.map(|(_, law)| law)
    }
}

impl LawBasis {
    /// Whether it is about using data for `purpose` over `channel`.
    pub fn is_about(&self, purpose: PurposeIx, channel: ChannelIx) -> bool {
        self.purpose == purpose && self.channel.is_none_or(|of| of == channel)
    }
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
