//! The law, as data: what each country or region asks for, by purpose and channel, with source and review date.

use crate::charter::Charter;
use crate::charter::channels::ChannelIx;
use crate::charter::consent::{Needs, PurposeIx};
use crate::charter::hours::{CalendarIx, Hours};
use crate::charter::markets::Market;
use crate::charter::table::index;
use crate::clock::Span;
use crate::ids::Text;
use crate::spelling;

index! {
    /// The law of one country or region.
    LawIx
}

/// What one country (`DE`) or region (`US-FL`, ISO 3166-2) asks for.
#[derive(Debug)]
pub struct Law {
    pub code: Text,
    /// `None` for a code that is none, which the loader refuses.
    pub place: Option<Place>,
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

/// A country (ISO 3166-1 alpha-2) or a region of one (ISO 3166-2), in capitals: its bytes as one number, so that asking
/// whether two are the same costs nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place(u64);

/// The bits that hold the region.
const REGION_BITS: u32 = 48;

impl Place {
    /// `DE`, `US-FL`
    pub fn parse(code: &str) -> Option<Self> {
        let is_capital = |byte: &u8| byte.is_ascii_uppercase();
        let (country, region) = code.as_bytes().split_at_checked(2)?;
        let is_region = match region {
            [] => true,
            [b'-', region @ ..] => {
                (1..=3).contains(&region.len())
                    && region
                        .iter()
                        .all(|byte| is_capital(byte) || byte.is_ascii_digit())
            }
            _ => false,
        };
        if !is_region || !country.iter().all(is_capital) {
            return None;
        }
        let mut bytes = [0; 8];
        bytes
            .iter_mut()
            .zip(code.bytes())
            .for_each(|(slot, byte)| *slot = byte);
        Some(Self(u64::from_be_bytes(bytes)))
    }

    /// The country that a text means, in whatever spelling it was stored.
    fn of_country(text: &str) -> Option<Self> {
        match Self::parse(text) {
            Some(place) if place.is_region() => Some(place.country()),
            Some(place) if spelling::is_country(text) => Some(place),
            _ => Self::parse(&spelling::country(text)?),
        }
    }

    /// The region that a text means, in whatever spelling it was stored.
    fn of_region(text: &str) -> Option<Self> {
        match spelling::is_region(text) {
            true => Self::parse(text),
            false => Self::parse(&spelling::region(text)?),
        }
    }

    /// Of a region, the country that it is in; of a country, itself.
    pub fn country(self) -> Self {
        Self(self.0 >> REGION_BITS << REGION_BITS)
    }

    pub fn is_region(self) -> bool {
        self != self.country()
    }
}

/// Where a person lives, as far as it is known: the stricter law of residence and market applies.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Residence {
    country: Option<Place>,
    /// Always one of `country`.
    region: Option<Place>,
    /// Something is said of it that has no meaning: the law of every place holds.
    is_unclear: bool,
}

impl Residence {
    /// A region that is none of that country is not known, and a country follows from its region.
    pub fn new(country: Option<&str>, region: Option<&str>) -> Self {
        let parsed = country.map(Place::of_country);
        let parsed_region = region.map(Place::of_region);
        let is_unclear = parsed == Some(None) || country.is_none() && parsed_region == Some(None);
        let region = parsed_region.flatten().filter(|place| place.is_region());
        let country = parsed.flatten().or(region.map(Place::country));
        Self {
            country,
            region: region.filter(|region| country == Some(region.country())),
            is_unclear,
        }
    }

    /// Whether something is said of it that has no meaning.
    pub fn is_unclear(self) -> bool {
        self.is_unclear
    }

    pub fn country(self) -> Option<Place> {
        self.country
    }

    pub fn region(self) -> Option<Place> {
        self.region
    }
}

impl Charter {
    /// The laws that protect somebody in a market: of the market's country, and of the country and region where the person
    /// lives. Where the region is not known, those of all regions of that country, so that the strictest holds.
    pub fn laws_for<'a>(
        &'a self,
        market: &'a Market,
        residence: Residence,
    ) -> impl Iterator<Item = &'a Law> + Clone {
        let Residence {
            country,
            region,
            is_unclear,
        } = residence;
        let home = country.or(market.place);
        let laws = self.laws.iter().filter(move |(index, law)| {
            let is_of_region = |place: Place| match region {
                Some(region) => place == region,
                None => place.is_region() && Some(place.country()) == home,
            };
            is_unclear
                || market.law == Some(*index)
                || law
                    .place
                    .is_some_and(|place| country == Some(place) || is_of_region(place))
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
