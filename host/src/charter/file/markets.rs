//! [markets]: what each is granted.

use std::collections::HashMap;

use crate::charter::Charter;
use crate::charter::channels::Mode;
use crate::charter::events::MomentIx;
use crate::charter::file::page::Node;
use crate::charter::file::reading::{Findings, Keys, Section, refer};
use crate::charter::file::values;
use crate::charter::markets::{Budget, ChannelFrame, Frame, Limits, Market};
use crate::clock::Span;
use crate::ids::{Key, Text};
use crate::limits;

/// The most fields that one market may add.
const LOCAL_FIELDS: u64 = 1_000;

/// So many proposals outside of manifest or frame in one hour quarantine a policy, where the charter does not say.
const VIOLATIONS_PER_HOUR: u32 = 100;

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
        ],
        later: &["keys"],
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
    Market {
        name: Text::new(name),
        key: Key::of("market", name),
        brand_key: Key::of("brand", &brand),
        brand,
        country: section.optional("country", values::country),
        languages,
        zone: section
            .required("time-zone", values::zone)
            .unwrap_or(jiff::tz::TimeZone::UTC),
        owner: section.owner(&charter.people),
        on_call: section
            .required("on-call", values::text)
            .unwrap_or_default(),
        limits: read_limits(&section, &moments, charter),
        moments,
        frames: read_frames(&section, charter),
        law: None,
        channels: charter
            .channels
            .iter()
            .map(|_| ChannelFrame::default())
            .collect(),
        caps: Vec::new(),
        holidays: Vec::new(),
        needs: Vec::new(),
        budget: Budget::default(),
        keys: Vec::new(),
        settings: Vec::new(),
        fallbacks: Vec::new(),
    }
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

fn read_limits(section: &Section<'_>, moments: &[MomentIx], charter: &Charter) -> Limits {
    const KEYS: Keys = Keys {
        known: &[
            "fuel",
            "time",
            "memory",
            "real-time-moments",
            "local-fields",
        ],
        later: &[],
        central: &[],
    };
    let none = Limits {
        fuel: 0,
        time: Span::default(),
        memory_bytes: 0,
        violations_per_hour: VIOLATIONS_PER_HOUR,
    };
    let Some(node) = section.required("limits", Ok) else {
        return none;
    };
    let section = Section::open(node, &KEYS, section.findings);
    section.required("real-time-moments", |node| {
        let most = values::integer(node)?;
        let responding = moments
            .iter()
            .filter(|moment| charter.moments.at(**moment).mode == Mode::Respond)
            .count();
        if i64::try_from(responding).is_ok_and(|responding| responding <= most) {
            Ok(())
        } else {
            Err(format!(
                "is {most}, and the market is granted {responding} moments of mode `respond`"
            ))
        }
    });
    section.required("local-fields", local_fields);
    Limits {
        fuel: section
            .required("fuel", |node| values::count(node, limits::POLICY_FUEL))
            .unwrap_or_default(),
        time: section.required("time", policy_time).unwrap_or_default(),
        memory_bytes: section
            .required("memory", policy_memory)
            .unwrap_or_default(),
        violations_per_hour: VIOLATIONS_PER_HOUR,
    }
}

/// How many fields a market may add.
pub(super) fn local_fields(node: &Node) -> Result<u64, String> {
    match values::integer(node)? {
        0 => Ok(0),
        _ => values::count(node, LOCAL_FIELDS),
    }
}

fn policy_time(node: &Node) -> Result<Span, String> {
    let time = values::duration(node)?;
    let most = Span::from_millis(limits::POLICY_BUDGET_MS);
    if time > most {
        Err(format!("is `{time}`: a decision may take at most `{most}`"))
    } else {
        Ok(time)
    }
}

fn policy_memory(node: &Node) -> Result<usize, String> {
    let bytes = values::size(node)?;
    if bytes > limits::POLICY_MEMORY_BYTES {
        return Err(format!(
            "is {}: a policy may have at most `{}MiB`",
            node.shown(),
            limits::POLICY_MEMORY_BYTES / 1024 / 1024
        ));
    }
    Ok(bytes)
}
