//! A manifest held against the charter: every name becomes an index, and what is not granted is refused.

use crate::charter::{
    ActionIx, ChannelIx, Charter, DatumIx, EventKind, FieldIx, Market, MarketIx, MomentIx, Per,
};
use crate::clock::Span;
use crate::context::{DatumInput, Inputs, Read, ReadInput};
use crate::ids::Text;
use crate::policy::manifest::{Input, Manifest, MayPropose, Moment};
use crate::policy::{Outside, Refused};
use crate::value::Kind;

/// The longest span over which contacts are counted, in days.
const CONTACT_DAYS: u64 = 365;

/// A manifest by the indices of one charter.
#[derive(Debug)]
pub(super) struct Binding {
    /// In the order of the manifest's moments.
    pub(super) inputs: Vec<Inputs>,
    /// Sorted.
    pub(super) proposes: Vec<(MomentIx, ActionIx, ChannelIx)>,
}

/// The market of that name.
pub(super) fn market_named(charter: &Charter, name: &str) -> Result<MarketIx, Refused> {
    match charter.names.markets.get(name) {
        Some(market) => Ok(*market),
        None => Err(Refused::UnknownMarket {
            market: Text::new(name),
            near: nearest(name, charter.names.markets.keys().map(Text::as_str)),
        }),
    }
}

impl Binding {
    /// Binds the manifest for one market; otherwise everything that is outside, in the manifest's order.
    pub(super) fn of(
        manifest: &Manifest,
        charter: &Charter,
        market: &Market,
    ) -> Result<Self, Vec<Outside>> {
        let faults = manifest.faults();
        if !faults.is_empty() {
            return Err(faults);
        }
        let mut binder = Binder {
            charter,
            market,
            outside: Vec::new(),
        };
        let mut bound = Self {
            inputs: Vec::new(),
            proposes: Vec::new(),
        };
        for (number, moment) in (0..).zip(&manifest.moments) {
            let Some(index) = binder.moment(moment) else {
                continue;
            };
            if bound.inputs.iter().any(|inputs| inputs.moment == index) {
                binder.outside.push(Outside::MomentTwice {
                    moment: moment.name.clone(),
                });
                continue;
            }
            bound.inputs.push(binder.inputs(number, index, moment));
            for may in &moment.proposes {
                let pairs = binder.proposes(moment, may);
                bound.proposes.extend(
                    pairs
                        .into_iter()
                        .map(|(action, channel)| (index, action, channel)),
                );
            }
        }
        if !binder.outside.is_empty() {
            return Err(binder.outside);
        }
        bound.proposes.sort_unstable();
        bound.proposes.dedup();
        Ok(bound)
    }
}

struct Binder<'a> {
    charter: &'a Charter,
    market: &'a Market,
    outside: Vec<Outside>,
}

/// Where a reading comes from and what kind it has.
type Found = Result<(Read, Kind), Outside>;

impl Binder<'_> {
    fn moment(&mut self, moment: &Moment) -> Option<MomentIx> {
        let known = &self.charter.names.moments;
        let Some(index) = known.get(&moment.name).copied() else {
            self.outside.push(Outside::UnknownMoment {
                moment: moment.name.clone(),
                near: nearest(&moment.name, known.keys().map(Text::as_str)),
            });
            return None;
        };
        if !self.market.handles(index) {
            let granted = self.market.moments.iter();
            self.outside.push(Outside::MomentNotGranted {
                moment: moment.name.clone(),
                market: self.market.name.clone(),
                granted: granted
                    .map(|moment| self.charter.moments.at(*moment).name.clone())
                    .collect(),
            });
            return None;
        }
        Some(index)
    }

    fn inputs(&mut self, number: u32, index: MomentIx, moment: &Moment) -> Inputs {
        let mut data = Vec::with_capacity(moment.data.len());
        for input in &moment.data {
            match self.datum(index, moment, input) {
                Ok(datum) => data.push(DatumInput {
                    name: input.name.clone(),
                    datum,
                    required: input.required,
                }),
                Err(outside) => self.outside.push(outside),
            }
        }
        let mut reads = Vec::with_capacity(moment.reads.len());
        for input in &moment.reads {
            match self.read(index, moment, input) {
                Ok(read) => reads.push(ReadInput {
                    name: input.name.clone(),
                    read,
                    required: input.required,
                }),
                Err(outside) => self.outside.push(outside),
            }
        }
        Inputs {
            moment: index,
            number,
            data,
            reads,
        }
    }

    fn event(&self, moment: MomentIx) -> &EventKind {
        self.charter.events.at(self.charter.moments.at(moment).on)
    }

    fn datum(&self, index: MomentIx, moment: &Moment, input: &Input) -> Result<DatumIx, Outside> {
        let event = self.event(index);
        let found = event
            .data
            .iter()
            .find(|(_, datum)| datum.name == input.name);
        let Some((datum, declared)) = found else {
            return Err(Outside::UnknownDatum {
                moment: moment.name.clone(),
                event: event.name.clone(),
                input: input.name.clone(),
                near: nearest(
                    &input.name,
                    event.data.iter().map(|(_, datum)| datum.name.as_str()),
                ),
            });
        };
        self.check_owner(moment, input, declared.market)?;
        check_kind(moment, input, declared.ty.kind())?;
        Ok(datum)
    }

    fn read(&self, index: MomentIx, moment: &Moment, input: &Input) -> Result<Read, Outside> {
        let (read, kind) = match self.field(&input.name) {
            Some(field) => {
                let declared = self.charter.fields.at(field);
                self.check_owner(moment, input, declared.market)?;
                (Read::Field(field), declared.ty.kind())
            }
            None => self.other_reading(index, moment, input)?,
        };
        check_kind(moment, input, kind)?;
        Ok(read)
    }

    /// A customer's field by its name, an account's as `account.<name>`.
    fn field(&self, name: &str) -> Option<FieldIx> {
        let (name, per) = match name.strip_prefix("account.") {
            Some(name) => (name, Per::Account),
            None => (name, Per::Customer),
        };
        let field = self.charter.names.fields.get(name).copied()?;
        (self.charter.fields.at(field).per == per).then_some(field)
    }

    /// What is no field: windows by name, the rest by how it is written.
    fn other_reading(&self, index: MomentIx, moment: &Moment, input: &Input) -> Found {
        let name = input.name.as_str();
        if let Some(window) = self.charter.names.windows.get(name) {
            let kind = self.charter.windows.at(*window).ty.kind();
            return Ok((Read::Window(*window), kind));
        }
        if let Some((items, datum)) = name.strip_suffix(']').and_then(|name| name.split_once('[')) {
            return self.item(index, moment, input, (items, datum));
        }
        let unknown = || self.unknown(moment, input);
        let (sort, rest) = name.split_once('.').ok_or_else(unknown)?;
        match sort {
            "consent" => self.consent(rest),
            "contacts" => self.contacts(rest),
            "pending" => self.pending(rest),
            "setting" => self.setting(rest),
            "segment" => self.segment(rest),
            "stage" => self.stage(rest),
            _ => None,
        }
        .ok_or_else(unknown)
    }

    fn segment(&self, name: &str) -> Option<(Read, Kind)> {
        let segment = *self.charter.names.segments.get(name)?;
        Some((Read::Segment(segment), Kind::Flag))
    }

    fn stage(&self, name: &str) -> Option<(Read, Kind)> {
        let stage = *self.charter.names.stages.get(name)?;
        Some((Read::Stage(stage), Kind::Text))
    }

    fn consent(&self, rest: &str) -> Option<(Read, Kind)> {
        let (purpose, channel) = match rest.split_once('.') {
            Some((purpose, channel)) => {
                let channel = self.charter.names.channels.get(channel)?;
                (purpose, Some(*channel))
            }
            None => (rest, None),
        };
        let purpose = *self.charter.names.purposes.get(purpose)?;
        Some((Read::Consent(purpose, channel), Kind::Text))
    }

    fn contacts(&self, rest: &str) -> Option<(Read, Kind)> {
        let (channel, span) = rest.split_once('.')?;
        let channel = *self.charter.names.channels.get(channel)?;
        Some((Read::Contacts(channel, span_of(span)?), Kind::Integer))
    }

    fn pending(&self, action: &str) -> Option<(Read, Kind)> {
        let action = *self.charter.names.actions.get(action)?;
        Some((Read::Pending(action), Kind::Flag))
    }

    fn setting(&self, name: &str) -> Option<(Read, Kind)> {
        let settings = &self.market.settings;
        let place = settings.iter().position(|setting| setting.name == name)?;
        let kind = settings.get(place)?.value.kind();
        Some((Read::Setting(u16::try_from(place).ok()?), kind))
    }

    /// `bought[sku]`: the datum must name items of the same type.
    fn item(
        &self,
        index: MomentIx,
        moment: &Moment,
        input: &Input,
        (items, by): (&str, &str),
    ) -> Found {
        let Some(list) = self.charter.names.items.get(items).copied() else {
            return Err(self.unknown(moment, input));
        };
        let event = self.event(index);
        let Some((datum, declared)) = event.data.iter().find(|(_, datum)| datum.name == by) else {
            return Err(Outside::UnknownDatum {
                moment: moment.name.clone(),
                event: event.name.clone(),
                input: Text::new(by),
                near: nearest(by, event.data.iter().map(|(_, datum)| datum.name.as_str())),
            });
        };
        self.check_owner(moment, input, declared.market)?;
        let wanted = &self.charter.items.at(list).item;
        let is_one = declared.ty.kind() == Kind::Text;
        if !is_one || declared.of.as_ref() != Some(wanted) {
            let of = declared.of.as_ref();
            return Err(Outside::WrongItem {
                moment: moment.name.clone(),
                input: input.name.clone(),
                datum: Text::new(by),
                wanted: Text::from(format!("a text of `{wanted}`")),
                found: Text::from(match of {
                    Some(of) => format!("a {} of `{of}`", declared.ty.name()),
                    None => format!("a {}", declared.ty.name()),
                }),
            });
        }
        Ok((Read::Item(list, datum), Kind::Instant))
    }

    /// A local field or datum is its own market's alone.
    fn check_owner(
        &self,
        moment: &Moment,
        input: &Input,
        owner: Option<MarketIx>,
    ) -> Result<(), Outside> {
        match owner.map(|owner| &self.charter.markets.at(owner).name) {
            Some(owner) if *owner != self.market.name => Err(Outside::OtherMarkets {
                moment: moment.name.clone(),
                input: input.name.clone(),
                market: owner.clone(),
            }),
            _ => Ok(()),
        }
    }

    fn unknown(&self, moment: &Moment, input: &Input) -> Outside {
        let names = &self.charter.names;
        let plain = names.fields.keys().chain(names.windows.keys()).cloned();
        let written = (names.purposes.keys().map(|name| format!("consent.{name}")))
            .chain(names.actions.keys().map(|name| format!("pending.{name}")))
            .chain(
                names
                    .channels
                    .keys()
                    .map(|name| format!("contacts.{name}.7d")),
            )
            .chain(names.segments.keys().map(|name| format!("segment.{name}")))
            .chain(names.stages.keys().map(|name| format!("stage.{name}")))
            .chain(
                self.market
                    .settings
                    .iter()
                    .map(|one| format!("setting.{}", one.name)),
            )
            .map(Text::from);
        let all: Vec<_> = plain.chain(written).collect();
        Outside::UnknownReading {
            moment: moment.name.clone(),
            input: input.name.clone(),
            near: nearest(&input.name, all.iter().map(Text::as_str)),
        }
    }

    fn proposes(&mut self, moment: &Moment, may: &MayPropose) -> Vec<(ActionIx, ChannelIx)> {
        match self.action(moment, may) {
            Ok(pairs) => pairs,
            Err(outside) => {
                self.outside.extend(outside);
                Vec::new()
            }
        }
    }

    fn action(
        &self,
        moment: &Moment,
        may: &MayPropose,
    ) -> Result<Vec<(ActionIx, ChannelIx)>, Vec<Outside>> {
        let known = &self.charter.names.actions;
        let (moment, action) = (moment.name.clone(), may.action.clone());
        let Some(index) = known.get(&may.action).copied() else {
            let near = nearest(&may.action, known.keys().map(Text::as_str));
            return Err(vec![Outside::UnknownAction {
                moment,
                action,
                near,
            }]);
        };
        let Some(frame) = self.market.frame(index) else {
            let market = self.market.name.clone();
            return Err(vec![Outside::ActionNotGranted {
                moment,
                action,
                market,
            }]);
        };
        let name_of = |channel: &ChannelIx| self.charter.channels.at(*channel).name.clone();
        let possible: Vec<_> = frame.channels.iter().map(name_of).collect();
        if may.channels.is_empty() {
            return Err(vec![Outside::NoChannel {
                moment,
                action,
                possible,
            }]);
        }
        let (mut pairs, mut outside) = (Vec::new(), Vec::new());
        for channel in &may.channels {
            match frame
                .channels
                .iter()
                .find(|granted| name_of(granted) == *channel)
            {
                Some(granted) => pairs.push((index, *granted)),
                None => outside.push(Outside::ChannelNotGranted {
                    moment: moment.clone(),
                    action: action.clone(),
                    channel: channel.clone(),
                    possible: possible.clone(),
                }),
            }
        }
        if outside.is_empty() {
            Ok(pairs)
        } else {
            Err(outside)
        }
    }
}

fn check_kind(moment: &Moment, input: &Input, right: Kind) -> Result<(), Outside> {
    if input.kind == right {
        return Ok(());
    }
    Err(Outside::WrongKind {
        moment: moment.name.clone(),
        input: input.name.clone(),
        declared: input.kind,
        right,
    })
}

/// Reads `7d`, `12h`, `45m`, `30s`.
fn span_of(text: &str) -> Option<Span> {
    let span = Span::parse(text).filter(|span| *span != Span::default())?;
    let is_whole = span.millis().is_multiple_of(1_000);
    (is_whole && span <= Span::from_days(CONTACT_DAYS)).then_some(span)
}

/// The known name that was probably meant: at most a third of it differs.
fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<Text> {
    known
        .map(|known| (distance(name, known), known))
        .filter(|(distance, known)| *distance * 3 <= known.chars().count().max(3))
        .min()
        .map(|(_, known)| Text::new(known))
}

/// How many letters must be added, removed or replaced.
fn distance(one: &str, other: &str) -> usize {
    const LONGEST: usize = 128;
    if one.len() > LONGEST || other.len() > LONGEST {
        return usize::MAX / 3;
    }
    let other: Vec<_> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (above, letter) in (1..).zip(one.chars()) {
        let mut diagonal = above - 1;
        let mut left = above;
        for (cell, candidate) in row.iter_mut().skip(1).zip(&other) {
            let replaced = diagonal + usize::from(letter != *candidate);
            diagonal = *cell;
            left = replaced.min(left + 1).min(diagonal + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = above;
        }
    }
    row.last().copied().unwrap_or(0)
}
