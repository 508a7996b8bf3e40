//! What a market chooses for all of its actions: moments, languages, caps, holidays, consent, limits, budget.

use crate::charter::channels::ChannelIx;
use crate::charter::consent::{Basis, Needs, PurposeIx};
use crate::charter::file::choice::Narrowing;
use crate::charter::file::laws::ALL_CHANNELS;
use crate::charter::file::limits::{BUDGET, LIMITS, check_real_time, read_limit, read_part};
use crate::charter::file::markets::responding;
use crate::charter::file::order::{Among, AtLeast, AtMost, Bound, Bytes, Word};
use crate::charter::file::page::{Node, Shape};
use crate::charter::file::reading::{Keys, Section, refer};
use crate::charter::file::retention::{RETENTION_KEYS, read_kept};
use crate::charter::file::values;
use crate::charter::markets::Market;
use crate::charter::nearest::did_you_mean;
use crate::ids::Text;
use crate::keys::Class;

pub(in crate::charter::file) const LIMIT_KEYS: Keys = Keys {
    known: &LIMITS,
    later: &[],
    central: &[],
};

pub(in crate::charter::file) const BUDGET_KEYS: Keys = Keys {
    known: &BUDGET,
    later: &[],
    central: &[],
};

impl Narrowing<'_> {
    pub(super) fn narrow_whole(&self, market: &mut Market) {
        let section = &self.choice.section;
        self.keep_moments(market);
        self.narrow_languages(market);
        self.with_caps(section, &["caps"], &mut market.caps);
        for calendar in section.list("holidays", |node| {
            refer(node, &self.charter.names.calendars, "a calendar")
        }) {
            if !market.holidays.contains(&calendar) {
                market.holidays.push(calendar);
            }
        }
        self.narrow_needs(market);
        self.narrow_limits(market);
        self.narrow_budget(market);
        self.narrow_retention(market);
        self.check_local_fields(market);
    }

    /// The moments that the market takes; the others are off.
    fn keep_moments(&self, market: &mut Market) {
        let section = &self.choice.section;
        if !section.has("moments") {
            return;
        }
        let kept = section.list("moments", |node| {
            let moment = refer(node, &self.charter.names.moments, "a moment")?;
            match market.handles(moment) {
                true => Ok(moment),
                false => Err(self.not_granted(&values::text(node)?, "moments")),
            }
        });
        // Where it is no list at all, that is the one thing to say.
        let node = section.node.entry("moments");
        if node.is_some_and(|node| matches!(node.shape, Shape::List(_))) {
            market.moments.retain(|moment| kept.contains(moment));
        }
    }

    fn narrow_languages(&self, market: &mut Market) {
        let section = &self.choice.section;
        let read = |node: &Node| match &node.shape {
            Shape::List(tags) if tags.is_empty() => {
                Err("names no language: write at least one, or leave it out".to_owned())
            }
            Shape::List(tags) => {
                let tags: Result<Vec<Text>, String> = tags.iter().map(values::language).collect();
                tags.map(|tags| Among(Some(tags)))
            }
            _ => Err(format!("is {}: write a list in `[` and `]`", node.shown())),
        };
        let path = ["markets", self.choice.name, "languages"];
        let granted = Among(Some(market.languages.clone()));
        let chosen = self.narrowed((section, "languages"), &path, granted, read);
        if let Some(languages) = chosen.and_then(|chosen| chosen.0) {
            market.languages = languages;
        }
    }

    /// How much consent the market itself asks for, by purpose: more than the law and the charter do.
    fn narrow_needs(&self, market: &mut Market) {
        let purposes = &self.charter.names.purposes;
        for (name, node) in self.choice.section.open_each("needs") {
            let Some(&purpose) = purposes.get(name) else {
                let guess = did_you_mean(name, purposes.keys().map(|name| name.as_str()));
                self.choice.section.findings.say(
                    node,
                    format!("`{name}` is not a purpose of charter.toml{guess}"),
                );
                continue;
            };
            let chosen = self.read_needs(purpose, node, market);
            let chosen = self.choice.section.noted(node, chosen);
            market.needs.extend(chosen.map(|needs| (purpose, needs)));
        }
    }

    fn read_needs(
        &self,
        purpose: PurposeIx,
        node: &Node,
        market: &Market,
    ) -> Result<Needs, String> {
        let chosen = values::word(node, &Needs::WORDS)?;
        if self.charter.purposes.at(purpose).basis == Basis::Contract {
            return Err(
                "is of a purpose of basis `contract`: what was ordered needs no consent".to_owned(),
            );
        }
        let (granted, line) = self.least_needed(purpose, market);
        let (bound, granted) = (AtLeast(chosen), AtLeast(granted));
        if bound.is_within(&granted) {
            return Ok(chosen);
        }
        let (wide, granted) = bound.compared(&granted);
        Err(format!(
            "{wide} is wider than {granted} in {line}: a market can only narrow"
        ))
    }

    /// The least that is needed over any channel, by the law of the country or else by the purpose, and where it stands.
    fn least_needed(&self, purpose: PurposeIx, market: &Market) -> (Needs, String) {
        let defined = self.charter.purposes.at(purpose);
        let central = self.lines.central;
        let own = (
            defined.needs,
            central
                .nearest(&["purposes", &defined.name, "needs"])
                .place(),
        );
        let Some(law) = market.law.map(|law| self.charter.laws.at(law)) else {
            return own;
        };
        let over = |channel: Option<ChannelIx>| {
            let mut bases = law.bases.iter().filter(|basis| basis.purpose == purpose);
            let basis = bases.find(|basis| basis.channel == channel && basis.needs.is_some())?;
            let word = channel.map_or(ALL_CHANNELS, |one| {
                self.charter.channels.at(one).name.as_str()
            });
            let path = [
                "laws",
                law.code.as_str(),
                defined.name.as_str(),
                word,
                "needs",
            ];
            Some((basis.needs?, central.nearest(&path).place()))
        };
        let channels: Vec<ChannelIx> = match defined.channels.is_empty() {
            true => self.charter.channels.iter().map(|(one, _)| one).collect(),
            false => defined.channels.clone(),
        };
        let needed = channels.into_iter().map(|channel| {
            over(Some(channel))
                .or_else(|| over(None))
                .unwrap_or_else(|| own.clone())
        });
        needed.min_by_key(|(needs, _)| *needs).unwrap_or(own)
    }

    fn narrow_limits(&self, market: &mut Market) {
        let Some(node) = self.choice.section.node.entry("limits") else {
            return;
        };
        let section = Section::open(node, &LIMIT_KEYS, self.choice.section.findings);
        let granted = market.limits;
        let mut chosen = granted;
        for (key, node) in node.entries() {
            section.noted(node, read_limit(key, node, &mut chosen));
        }
        let limits = &mut market.limits;
        limits.fuel = self.lower(&section, "fuel", chosen.fuel, granted.fuel);
        limits.time = self.lower(&section, "time", chosen.time, granted.time);
        let memory = self.lower(
            &section,
            "memory",
            Bytes(chosen.memory_bytes),
            Bytes(granted.memory_bytes),
        );
        limits.memory_bytes = memory.0;
        limits.violations_per_hour = self.lower(
            &section,
            "violations",
            chosen.violations_per_hour,
            granted.violations_per_hour,
        );
        limits.real_time_moments = self.lower(
            &section,
            "real-time-moments",
            chosen.real_time_moments,
            granted.real_time_moments,
        );
        limits.local_fields = self.lower(
            &section,
            "local-fields",
            chosen.local_fields,
            granted.local_fields,
        );
        if let Some(node) = node.entry("real-time-moments") {
            let responding = responding(&market.moments, self.charter);
            check_real_time(node, responding, &market.limits, section.findings);
        }
    }

    /// The lower of a limit that was chosen and one that is granted.
    fn lower<T: Copy + Ord + Word>(
        &self,
        section: &Section<'_>,
        key: &str,
        chosen: T,
        granted: T,
    ) -> T {
        let path = ["markets", self.choice.name, "limits", key];
        let read = |_: &Node| Ok(AtMost(Some(chosen)));
        let both = self.narrowed((section, key), &path, AtMost(Some(granted)), read);
        both.and_then(|both| both.0).unwrap_or(granted)
    }

    fn narrow_budget(&self, market: &mut Market) {
        let Some(node) = self.choice.section.node.entry("budget") else {
            return;
        };
        let section = Section::open(node, &BUDGET_KEYS, self.choice.section.findings);
        let granted = market.budget;
        let mut chosen = granted;
        for (key, node) in node.entries() {
            section.noted(node, read_part(key, node, &mut chosen));
        }
        let [minute, day, spend] = BUDGET;
        let budget = &mut market.budget;
        budget.actions_per_minute = self.cheaper(
            &section,
            minute,
            chosen.actions_per_minute,
            granted.actions_per_minute,
        );
        budget.actions_per_day = self.cheaper(
            &section,
            day,
            chosen.actions_per_day,
            granted.actions_per_day,
        );
        budget.spend_per_day =
            self.cheaper(&section, spend, chosen.spend_per_day, granted.spend_per_day);
    }

    fn cheaper<T: Copy + Ord + Word>(
        &self,
        section: &Section<'_>,
        key: &str,
        chosen: Option<T>,
        granted: Option<T>,
    ) -> Option<T> {
        let path = ["markets", self.choice.name, "budget", key];
        let read = |_: &Node| Ok(AtMost(chosen));
        let both = self.narrowed((section, key), &path, AtMost(granted), read);
        both.map_or(granted, |both| both.0)
    }

    /// How long the evidence can be read in this market: no longer than everywhere (C17).
    fn narrow_retention(&self, market: &mut Market) {
        let Some(node) = self.choice.section.node.entry("retention") else {
            return;
        };
        let section = Section::open(node, &RETENTION_KEYS, self.choice.section.findings);
        for class in Class::ALL {
            let granted = market.retention.of(class);
            let read = |node: &Node| read_kept(node).map(|kept| AtMost(Some(kept)));
            let path = ["retention", class.word()];
            let both = self.narrowed((&section, class.word()), &path, AtMost(granted), read);
            *market.retention.of_mut(class) = both.map_or(granted, |both| both.0);
        }
    }

    fn check_local_fields(&self, market: &Market) {
        let own = self.choice.section.node.entry("limits");
        let own = own.and_then(|limits| limits.entry("local-fields"));
        let grant = ["markets", self.choice.name, "limits", "local-fields"];
        let most = market.limits.local_fields;
        let over = (0..)
            .zip(self.choice.section.open_each("fields"))
            .find(|(position, _)| *position == most);
        if let Some((_, (_, node))) = over {
            let place = own.map_or_else(|| self.lines.central.nearest(&grant).place(), Node::place);
            self.choice.section.findings.say(
                node,
                format!("is one field too many: {place} grants {most}"),
            );
        }
    }
}
