//! [markets]: what each is granted.

use std::collections::HashMap;

use crate::charter::Charter;
use crate::charter::channels::Mode;
use crate::charter::events::MomentIx;
use crate::charter::file::limits::{check_real_time, read_budget, read_limits};
use crate::charter::file::page::Node;
use crate::charter::file::reading::{Findings, Keys, Section, refer};
use crate::charter::file::values;
use crate::charter::markets::{ChannelFrame, Frame, Market, PublicKey};
use crate::ids::{Key, Text};

/// The most keys whose signatures count in one market.
const KEYS_OF_A_MARKET: usize = 32;

pub(super) fn read_markets(top: &Section<'_>, charter: &mut Charter, findings: &Findings) {
    let mut brands: HashMap<Key, Text> = HashMap::new();
    for (name, node) in top.open_each("markets") {
        let market = read_market(name, node, charter, findings);
        let brand = brands
            .entry(market.brand_key)
            .or_insert_with(|| market.brand.clone());
        if *brand != market.brand {
            findings.say(
                node,
                format!(
                    "the brand `{}` has the same stored key as `{brand}`: rename one of them",
                    market.brand
                ),
            );
        }
        charter.markets.push(market);
    }
}

fn read_market(name: &str, node: &Node, charter: &Charter, findings: &Findings) -> Market {
    const KEYS: Keys = Keys {
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
    let section = Section::open(node, &KEYS, findings);
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
        country,
        languages,
        zone: section
            .required("time-zone", values::zone)
            .unwrap_or(jiff::tz::TimeZone::UTC),
        owner: section.owner(&charter.people),
        on_call: section
            .required("on-call", values::text)
            .unwrap_or_default(),
        limits,
        moments,
        frames: read_frames(&section, charter),
        channels: charter
            .channels
            .iter()
            .map(|(_, channel)| ChannelFrame {
                caps: channel.caps.clone(),
                hours: channel.hours.clone(),
                slots: channel.slots.clone(),
            })
            .collect(),
        caps: charter.caps.clone(),
        holidays: Vec::new(),
        needs: Vec::new(),
        budget: read_budget(&section),
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
