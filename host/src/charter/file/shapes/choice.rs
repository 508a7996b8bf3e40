//! What may stand in `markets/<market>.toml`.

use crate::charter::file::choice::{channels, frames, whole};
use crate::charter::file::{events, fallback, names};

use super::central::{BUDGET, DATA, FIELD, KPI, LIMITS, RETENTION, UPDATES};
use super::{DURATION, Form, NEEDS, TEXTS, table};

const OWN_PARAMETER: Form = table(&frames::PARAMETER_KEYS, &[], &[]);
const OWN_ACTION: Form = table(
    &frames::ACTION_KEYS,
    &[
        (
            "delay",
            table(
                &frames::DELAY_KEYS,
                &[("min", DURATION), ("max", DURATION)],
                &[],
            ),
        ),
        ("parameters", Form::Named("a parameter", &OWN_PARAMETER)),
    ],
    &[],
);
const FALLBACK: Form = Form::Either(&[
    Form::Words(|| vec!["hold"]),
    table(
        &fallback::FALLBACK_KEYS,
        &[("parameters", Form::Named("a parameter", &Form::Anything))],
        &["action", "channel"],
    ),
]);

/// `markets/<market>.toml`.
pub(in crate::charter) const CHOICE: Form = table(
    &names::CHOICE_KEYS,
    &[
        ("actions", Form::Named("an action", &OWN_ACTION)),
        (
            "channels",
            Form::Named("a channel", &table(&channels::CHANNEL_KEYS, &[], &[])),
        ),
        ("holidays", TEXTS),
        ("needs", Form::Named("a purpose", &NEEDS)),
        ("limits", table(&whole::LIMIT_KEYS, LIMITS, &[])),
        ("budget", table(&whole::BUDGET_KEYS, BUDGET, &[])),
        ("retention", RETENTION),
        ("fields", Form::Named("a field of the market's own", &FIELD)),
        (
            "events",
            Form::Named(
                "an event",
                &table(
                    &events::LOCAL_EVENT_KEYS,
                    &[("data", DATA), ("updates", UPDATES)],
                    &[],
                ),
            ),
        ),
        (
            "settings",
            Form::Named(
                "a setting",
                &table(&fallback::SETTING_KEYS, &[], &["type", "value", "meaning"]),
            ),
        ),
        ("fallback", Form::Named("a moment", &FALLBACK)),
        ("kpis", Form::Named("a figure of the market's own", &KPI)),
    ],
    &["market", "charter", "owner"],
);
