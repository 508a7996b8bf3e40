//! How much consent a use of data demands, where and of whom: the laws, worked out once per charter, so that asking costs a
//! few comparisons.

use crate::charter::consent::{Basis, Needs, PurposeIx};
use crate::charter::laws::{Law, LawIx, Place, Residence};
use crate::charter::table::Index;
use crate::charter::{ChannelIx, Charter, Market};
use crate::clock::Span;

/// What a use demands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Demand {
    /// `None` where not even an objection matters: what was ordered.
    pub needs: Option<Needs>,
    /// Who asks for it.
    pub by: Demanding,
    /// A consent is good for so long.
    pub valid: Option<(Span, Demanding)>,
}

/// Who demands something.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Demanding {
    /// The purpose itself.
    #[default]
    Purpose,
    /// The market, beyond the law.
    Market,
    /// A law, by one of its bases.
    Law(LawIx, u16),
}

impl Demand {
    /// Both: the strictest of each.
    fn and(self, other: Self) -> Self {
        let (needs, by) = match other.needs > self.needs {
            true => (other.needs, other.by),
            false => (self.needs, self.by),
        };
        let valid = match (self.valid, other.valid) {
            (Some(own), Some(others)) if others.0 < own.0 => Some(others),
            (own, others) => own.or(others),
        };
        Self { needs, by, valid }
    }
}

/// What every law demands, by purpose and channel.
#[derive(Debug, Default)]
pub struct Demands {
    /// The channels, and one place for none.
    width: usize,
    /// By law; `None` where it says nothing.
    laws: Vec<Vec<Option<Demand>>>,
    places: Vec<(Place, LawIx)>,
    /// By country: of all its regions together.
    regions: Vec<(Place, Vec<Option<Demand>>)>,
}

impl Demands {
    fn of(charter: &Charter) -> Self {
        let width = charter.channels.len() + 1;
        let laws: Vec<_> = charter
            .laws
            .iter()
            .map(|law| said_by(charter, law))
            .collect();
        let mut places = Vec::new();
        let mut regions: Vec<(Place, Vec<Option<Demand>>)> = Vec::new();
        for ((index, law), said) in charter.laws.iter().zip(&laws) {
            let Some(place) = law.place else {
                continue;
            };
            places.push((place, index));
            if !place.is_region() {
                continue;
            }
            match regions.iter_mut().find(|(of, _)| *of == place.country()) {
                Some((_, all)) => {
                    let pairs = all.iter_mut().zip(said);
                    pairs.for_each(|(all, own)| *all = joined(*all, *own));
                }
                None => regions.push((place.country(), said.clone())),
            }
        }
        Self {
            width,
            laws,
            places,
            regions,
        }
    }

    fn law_of(&self, place: Place) -> Option<LawIx> {
        let mut places = self.places.iter();
        places.find_map(|(of, law)| (*of == place).then_some(*law))
    }

    fn place(&self, purpose: PurposeIx, channel: Option<ChannelIx>) -> usize {
        let channel = channel.map_or(0, |channel| usize::from(channel.number()) + 1);
        usize::from(purpose.number()) * self.width + channel
    }
}

fn joined(one: Option<Demand>, other: Option<Demand>) -> Option<Demand> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.and(other)),
        (one, other) => one.or(other),
    }
}

/// What one law says of every purpose and channel: for the channel, else for all channels.
fn said_by(charter: &Charter, (index, law): (LawIx, &Law)) -> Vec<Option<Demand>> {
    let channels =
        || std::iter::once(None).chain(charter.channels.iter().map(|(channel, _)| Some(channel)));
    let purposes = charter.purposes.iter().map(|(purpose, _)| purpose);
    purposes
        .flat_map(|purpose| channels().map(move |channel| (purpose, channel)))
        .map(|(purpose, channel)| {
            let bases = || {
                let numbered = (0..).zip(&law.bases);
                let about = numbered.filter(move |(_, basis)| basis.purpose == purpose);
                let own = about
                    .clone()
                    .filter(move |(_, basis)| basis.channel.is_some() && basis.channel == channel);
                own.chain(about.filter(|(_, basis)| basis.channel.is_none()))
            };
            let needs = bases().find_map(|(number, basis)| Some((basis.needs?, number)));
            let valid = bases().find_map(|(number, basis)| Some((basis.valid?, number)));
            if needs.is_none() && valid.is_none() {
                return None;
            }
            let demanding = |number| Demanding::Law(index, number);
            Some(Demand {
                needs: needs.map(|(needs, _)| needs),
                by: needs.map_or(Demanding::Purpose, |(_, number)| demanding(number)),
                valid: valid.map(|(span, number)| (span, demanding(number))),
            })
        })
        .collect()
}

/// What a purpose demands where no law speaks of it.
fn default_of(charter: &Charter, purpose: PurposeIx) -> Demand {
    let purpose = charter.purposes.at(purpose);
    Demand {
        needs: match purpose.basis {
            Basis::Contract => None,
            Basis::LegitimateInterest => Some(Needs::Nothing),
            Basis::OptIn => Some(purpose.needs),
        },
        ..Demand::default()
    }
}

/// A use of data: what for, over which channel, where.
#[derive(Clone, Copy, Debug)]
pub struct DataUse<'a> {
    pub purpose: PurposeIx,
    /// `None` where no channel is involved.
    pub channel: Option<ChannelIx>,
    pub market: &'a Market,
}

impl Charter {
    /// The strictest of what the law of the market's country, the law where the person lives and the market itself demand;
    /// what the purpose demands, where a country has no law about it. Where the region is not known, the laws of all regions
    /// of the person's country count; where what is stored has no meaning, those of every place.
    pub fn demand(&self, of: DataUse<'_>, residence: Residence) -> Demand {
        let demands = self.demands.get_or_init(|| Demands::of(self));
        let place = demands.place(of.purpose, of.channel);
        let said = |law: Option<LawIx>| -> Option<Demand> {
            let said = demands.laws.get(usize::from(law?.number()))?;
            *said.get(place)?
        };
        let own = default_of(self, of.purpose);
        let of_country = |law: Option<LawIx>| match said(law) {
            None => own,
            Some(said) if said.needs.is_none() => said.and(own),
            Some(said) => said,
        };
        let mut demand = of_country(of.market.law);
        let (country, home) = (residence.country(), of.market.place);
        if let Some(country) = country.filter(|country| Some(*country) != home) {
            demand = demand.and(of_country(demands.law_of(country)));
        }
        let regional = match residence.region() {
            Some(region) => said(demands.law_of(region)),
            None => country.or(home).and_then(|country| {
                let (_, all) = demands.regions.iter().find(|(of, _)| *of == country)?;
                *all.get(place)?
            }),
        };
        if let Some(regional) = regional {
            demand = demand.and(regional);
        }
        if residence.is_unclear() {
            let said = demands.laws.iter().filter_map(|law| *law.get(place)?);
            demand = said.fold(demand.and(own), Demand::and);
        }
        let mut stricter = of.market.needs.iter();
        match stricter.find(|(purpose, _)| *purpose == of.purpose) {
            Some((_, needs)) => demand.and(Demand {
                needs: Some(*needs),
                by: Demanding::Market,
                valid: None,
            }),
            None => demand,
        }
    }
}
