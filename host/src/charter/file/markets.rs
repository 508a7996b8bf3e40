//! [markets]: what each is granted.

use std::collections::HashMap;

use crate::charter::Charter;
use crate::charter::channels::Mode;
use crate::charter::events::MomentIx;
use crate::charter::file::choice::{Era, Narrowing};
use crate::charter::file::deviations::{self, Deviating, Lines};
use crate::charter::file::limits::{check_real_time, read_budget, read_limits};
use crate::charter::file::names::Choice;
use crate::charter::file::page::{Node, Shape};
use crate::charter::file::reading::{Findings, Keys, Section, refer};
use crate::charter::file::values;
use crate::charter::laws::Place;
use crate::charter::markets::{ChannelFrame, Frame, Market, PublicKey};
use crate::charter::people::Extension;
use crate::ids::{Key, Text};

/// The most keys whose signatures count in one market.
const KEYS_OF_A_MARKET: usize = 32;

pub(super) fn read_markets(
    top: &Section<'_>,
    choices: &[Choice<'_>],
    charter: &mut Charter,
    findings: &Findings,
) {
    check_brands(top, findings);
    let deviating = deviations::read_deviations(top, charter, findings);
    let (mut markets, mut widened) = (Vec::new(), Vec::new());
    for (name, node) in top.open_each("markets") {
        let Some(&index) = charter.names.markets.get(name) else {
            continue;
        };
        let choice = choices.iter().find(|choice| choice.market == index);
        let own = deviations::of_market(&deviating, index);
        let of = Granted {
            name,
            node,
            central: top.node,
            choice,
        };
        let quiet = Findings::default();
        let (mut told, mut era) = (findings, Era::Checked);
        for (ended, one) in own.iter().enumerate() {
            let earlier = ended.checked_sub(1).and_then(|before| own.get(before));
            if earlier.is_some_and(|earlier| earlier.expires() == one.expires()) {
                continue;
            }
            let holding = own.get(ended..).unwrap_or_default();
            let market = of.read((holding, era), charter, told);
            widened.push(Extension {
                of: index,
                until: one.deviation.ends(&market.zone),
                market,
            });
            // What is wrong was told; what goes beyond a grant without this deviation was right until it ended.
            (told, era) = (&quiet, Era::Later);
        }
        markets.push(of.read((&[], era), charter, told));
    }
    for market in markets {
        charter.markets.push(market);
    }
    widened.sort_by_key(|widened| widened.until);
    charter.widened = widened;
    charter.deviations = deviating.into_iter().map(|one| one.deviation).collect();
}

/// A market's grant and its choice, as they stand in the files.
struct Granted<'a> {
    name: &'a str,
    node: &'a Node,
    central: &'a Node,
    choice: Option<&'a Choice<'a>>,
}

impl Granted<'_> {
    /// The grant, widened by what deviates, then narrowed by the choice.
    fn read(
        &self,
        (deviating, era): (&[&Deviating<'_>], Era),
        charter: &Charter,
        findings: &Findings,
    ) -> Market {
        let mut market = read_market(self.name, self.node, charter, findings);
        for one in deviating {
            deviations::apply(one, &mut market, charter, findings);
        }
        if let Some(choice) = self.choice {
            let choice = Choice {
                market: choice.market,
                name: choice.name,
                section: Section {
                    node: choice.section.node,
                    findings,
                },
            };
            let narrowing = Narrowing {
                choice: &choice,
                lines: Lines {
                    central: self.central,
                    deviating,
                },
                charter,
                era,
            };
            narrowing.apply(&mut market);
        }
        market
    }
}

/// Stored consents know a brand by a short key: two brands must not share one.
fn check_brands(top: &Section<'_>, findings: &Findings) {
    let mut brands: HashMap<Key, &str> = HashMap::new();
    for (_, node) in top.open_each("markets") {
        let Some(Shape::Text(brand)) = node.entry("brand").map(|brand| &brand.shape) else {
            continue;
        };
        let other = brands.entry(Key::of("brand", brand)).or_insert(brand);
        if *other != brand {
            findings.say(
                node,
                format!(
                    "the brand `{brand}` has the same stored key as `{other}`: rename one of them"
                ),
            );
        }
    }
}

pub(super) const MARKET_KEYS: Keys = Keys {
    known: &[
        "brand",
        "country",
        "languages",
        "time-zone",
        "owner",
        "on-call",
        "moments",
        "actions",
        "limits",
        "budget",
        "keys",
        "review-by",
    ],
    later: &[],
    central: &[],
};

/// Each channel as the charter has it.
fn channels(charter: &Charter) -> Vec<ChannelFrame> {
    let channels = charter.channels.iter().map(|(_, channel)| ChannelFrame {
        caps: channel.caps.clone(),
        hours: channel.hours.clone(),
        slots: channel.slots.clone(),
    });
    channels.collect()
}

fn read_market(name: &str, node: &Node, charter: &Charter, findings: &Findings) -> Market {
    let section = Section::open(node, &MARKET_KEYS, findings);
    let brand = section.required("brand", values::text).unwrap_or_default();
    section.required("languages", |_| Ok(()));
    let languages = section.list("languages", values::language);
    if let Some(node) = node.entry("languages")
        && languages.is_empty()
    {
        findings.say(node, "names no language: write at least one, such as `en`");
    }
    let mut moments = section.list("moments", |node| {
        refer(node, &charter.names.moments, "a moment")
    });
    moments.sort_unstable();
    moments.dedup();
    let limits = read_limits(&section);
    check_real_time(
        node.nearest(&["limits", "real-time-moments"]),
        responding(&moments, charter),
        &limits,
        findings,
    );
    let country = section.optional("country", values::country);
    Market {
        name: Text::new(name),
        key: Key::of("market", name),
        brand_key: Key::of("brand", &brand),
        brand,
        law: country
            .as_ref()
            .and_then(|country| charter.names.laws.get(country).copied()),
        place: country.as_deref().and_then(Place::parse),
        country,
        languages,
        zone: section
            .required("time-zone", values::zone)
            .unwrap_or(jiff::tz::TimeZone::UTC),
        owner: section.owner(&charter.people),
        on_call: section
            .required("on-call", values::text)
            .unwrap_or_default(),
        written_against: None,
        limits,
        moments,
        frames: read_frames(&section, charter),
        channels: channels(charter),
        caps: charter.caps.clone(),
        holidays: Vec::new(),
        needs: Vec::new(),
        budget: read_budget(&section),
        retention: charter.retention,
        keys: read_keys(&section),
        settings: Vec::new(),
        fallbacks: Vec::new(),
    }
}

/// How many of `moments` somebody waits for.
pub(super) fn responding(moments: &[MomentIx], charter: &Charter) -> usize {
    let modes = moments.iter().map(|one| charter.moments.at(*one).mode);
    modes.filter(|mode| *mode == Mode::Respond).count()
}

/// Whose signatures on a policy count.
fn read_keys(section: &Section<'_>) -> Vec<PublicKey> {
    let mut keys: Vec<PublicKey> = Vec::new();
    for (key, node) in section.list("keys", |node| Ok((values::public_key(node)?, node))) {
        if keys.contains(&key) {
            section.findings.say(node, "names the same key twice");
        } else if keys.len() == KEYS_OF_A_MARKET {
            section.findings.say(
                node,
                format!("is one key too many: at most {KEYS_OF_A_MARKET}"),
            );
            break;
        } else {
            keys.push(key);
        }
    }
    keys
}

/// The charter's own bounds, for the actions that are granted.
fn read_frames(section: &Section<'_>, charter: &Charter) -> Vec<Option<Frame>> {
    let granted = section.list("actions", |node| {
        refer(node, &charter.names.actions, "an action")
    });
    let frames = charter.actions.iter().map(|(index, action)| {
        granted.contains(&index).then(|| Frame {
            channels: action.channels.clone(),
            parameters: action.parameters.clone(),
            lapses: action.lapses,
            delay: action.delay,
            pending: action.pending,
            caps: action.caps.clone(),
            automation: action.automation,
            reach: action.reach,
        })
    });
    frames.collect()
}
