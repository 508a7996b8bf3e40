//! What may stand in `charter.toml`.

use crate::charter::actions::Class;
use crate::charter::events::Reaction;
use crate::charter::file::{
    CENTRAL_KEYS, actions, bounds, channels, consent, deviations, events, fields, hours, kpis,
    laws, limits, markets, moments, parameters, people, retention, rules, segments, updates,
    windows,
};

use super::{DURATION, Form, KEY, SIZE, TEXTS, table, words};

pub(super) const RETENTION: Form = table(
    &retention::RETENTION_KEYS,
    &[
        ("decisions", DURATION),
        ("consents", DURATION),
        ("states", DURATION),
    ],
    &[],
);
pub(super) const FIELD: Form = table(
    &fields::FIELD_KEYS,
    &[
        ("merge", Form::Words(|| words(fields::MERGES))),
        ("sensitivity", Form::Words(|| words(fields::SENSITIVITIES))),
    ],
    &["type", "meaning", "owner", "purpose"],
);
const DATUM: Form = table(
    &events::DATUM_KEYS,
    &[("maps", Form::Named("a text of the source", &Form::Text))],
    &["type"],
);
pub(super) const DATA: Form = Form::Named("a datum", &DATUM);
pub(super) const UPDATES: Form = Form::List(&table(
    &updates::UPDATE_KEYS,
    &[
        ("set", Form::Text),
        ("add", Form::Text),
        ("clear", Form::Text),
        ("append", Form::Text),
        ("remove", Form::Text),
        ("to", Form::Expression),
        ("by", Form::Expression),
        ("value", Form::Expression),
    ],
    &[],
));
const PRESENCE: Form = Form::Words(|| words(events::PRESENCES));
const OUTCOME: Form = table(
    &events::OUTCOME_KEYS,
    &[
        (
            "is",
            Form::Words(|| Reaction::ALL.map(Reaction::word).to_vec()),
        ),
        ("of", Form::Text),
        ("within", DURATION),
    ],
    &["is"],
);
const EVENT: Form = table(
    &events::EVENT_KEYS,
    &[
        ("data", DATA),
        ("updates", UPDATES),
        ("subject", PRESENCE),
        ("account", PRESENCE),
        ("outcome", OUTCOME),
    ],
    &["meaning", "owner", "purpose"],
);
const PARAMETER: Form = table(
    &parameters::PARAMETER_KEYS,
    &[("unless", Form::Text)],
    &["type"],
);
const DELAY: Form = table(
    &bounds::DELAY_KEYS,
    &[("min", DURATION), ("max", DURATION)],
    &[],
);
const CANCEL_ON: Form = Form::List(&table(
    &actions::CANCEL_KEYS,
    &[("event", Form::Text)],
    &["event"],
));
const ACTION: Form = table(
    &actions::ACTION_KEYS,
    &[
        (
            "class",
            Form::Words(|| Class::ALL.map(Class::word).to_vec()),
        ),
        ("to", Form::Words(|| words(actions::TARGETS))),
        ("parameters", Form::Named("a parameter", &PARAMETER)),
        ("delay", DELAY),
        ("cancel-on", CANCEL_ON),
    ],
    &["meaning", "class", "channels", "purpose", "owner"],
);
const WINDOW: Form = table(
    &windows::WINDOW_KEYS,
    &[
        ("count", TEXTS),
        ("sum", Form::Expression),
        ("distinct", Form::Text),
        ("of", TEXTS),
        ("minus", TEXTS),
    ],
    &["over", "step", "meaning", "owner", "purpose"],
);
const BY_EVENT: Form = Form::Named("an event", &Form::Expression);
const ITEMS: Form = table(
    &windows::ITEMS_KEYS,
    &[("add", BY_EVENT), ("remove", BY_EVENT)],
    &["key", "add", "keep", "meaning", "owner", "purpose"],
);
const STAGE: Form = table(
    &segments::STAGE_KEYS,
    &[(
        "order",
        Form::List(&Form::Named("a step", &Form::Expression)),
    )],
    &["order", "meaning", "owner"],
);
const MOMENT: Form = table(
    &moments::MOMENT_KEYS,
    &[("on", Form::Text)],
    &["mode", "class", "real-time", "worst-case", "owner"],
);
const IDENTITY: Form = table(
    &consent::IDENTITY_KEYS,
    &[
        ("strength", Form::Words(|| words(consent::STRENGTHS))),
        ("store", Form::Words(|| words(consent::STORES))),
        ("of", Form::Words(|| words(consent::PER))),
        ("needs", Form::Text),
        ("normal", Form::Words(|| words(consent::NORMALS))),
        ("region", Form::Text),
        ("nobody", TEXTS),
    ],
    &["meaning"],
);
const PURPOSE: Form = table(
    &consent::PURPOSE_KEYS,
    &[("basis", Form::Words(|| words(consent::BASES)))],
    &["meaning", "basis", "owner"],
);
const PERSON: Form = Form::Either(&[
    Form::Text,
    table(&people::PERSON_KEYS, &[("key", KEY)], &["mail"]),
]);
const BASIS: Form = table(&laws::BASIS_KEYS, &[], &["kind", "source", "review-by"]);
const LAW: Form = Form::Named(
    "a purpose, `holidays` or `gpc`",
    &Form::Either(&[
        table(
            &laws::HOLIDAYS_KEYS,
            &[("calendar", Form::Text)],
            &["calendar", "kind", "source", "review-by"],
        ),
        table(
            &laws::GPC_KEYS,
            &[],
            &["purposes", "kind", "source", "review-by"],
        ),
        Form::Named("a channel, or `all`", &BASIS),
    ]),
);
const CALENDAR: Form = table(
    &hours::CALENDAR_KEYS,
    &[("days", TEXTS)],
    &["days", "kind", "source", "review-by"],
);
pub(super) const KPI: Form = table(
    &kpis::KPI_KEYS,
    &[
        ("outcome", Form::Text),
        ("per-action", Form::Text),
        ("share", table(&kpis::SHARE_KEYS, &[], &["of", "where"])),
    ],
    &["meaning", "owner"],
);
pub(super) const LIMITS: &[(&str, Form)] = &[
    ("fuel", Form::Whole(1)),
    ("time", DURATION),
    ("memory", SIZE),
    ("violations", Form::Whole(1)),
    ("real-time-moments", Form::Whole(0)),
    ("local-fields", Form::Whole(0)),
];
pub(super) const BUDGET: &[(&str, Form)] = &[
    ("actions-per-minute", Form::Whole(1)),
    ("actions-per-day", Form::Whole(1)),
    ("spend-per-day", Form::Whole(0)),
];
const MARKET: Form = table(
    &markets::MARKET_KEYS,
    &[
        ("brand", Form::Text),
        ("country", Form::Text),
        ("time-zone", Form::Text),
        ("on-call", Form::Text),
        (
            "limits",
            table(
                &limits::LIMIT_KEYS,
                LIMITS,
                &[
                    "fuel",
                    "time",
                    "memory",
                    "real-time-moments",
                    "local-fields",
                ],
            ),
        ),
        ("budget", table(&limits::BUDGET_KEYS, BUDGET, &[])),
    ],
    &[
        "brand",
        "languages",
        "time-zone",
        "owner",
        "on-call",
        "limits",
    ],
);
const DEVIATION: Form = table(
    &deviations::DEVIATION_KEYS,
    &[("what", Form::Text), ("is", Form::Anything)],
    &["market", "what", "is", "why", "approved-by", "expires"],
);

/// `charter.toml`.
pub(in crate::charter) const CENTRAL: Form = table(
    &CENTRAL_KEYS,
    &[
        (
            "currency",
            Form::Pattern {
                pattern: "^[A-Z]{3}$",
                example: "EUR",
            },
        ),
        (
            "rates",
            Form::Named(
                "a currency",
                &Form::Pattern {
                    pattern: "^[0-9]+(\\.[0-9]{1,9})?$",
                    example: "1.15",
                },
            ),
        ),
        ("people", Form::Named("somebody", &PERSON)),
        ("approvals", Form::Named("a section", &TEXTS)),
        (
            "sources",
            Form::Named("a source", &table(&consent::SOURCE_KEYS, &[], &["meaning"])),
        ),
        ("identities", Form::Named("an identity", &IDENTITY)),
        (
            "customer",
            table(
                &fields::CUSTOMER_KEYS,
                &[
                    ("country", Form::Text),
                    ("region", Form::Text),
                    ("time-zone", Form::Text),
                    ("language", Form::Text),
                ],
                &[],
            ),
        ),
        ("purposes", Form::Named("a purpose", &PURPOSE)),
        ("fields", Form::Named("a field", &FIELD)),
        ("windows", Form::Named("a window", &WINDOW)),
        ("items", Form::Named("a list of items", &ITEMS)),
        (
            "segments",
            Form::Named(
                "a segment",
                &table(&segments::SEGMENT_KEYS, &[], &["is", "meaning", "owner"]),
            ),
        ),
        ("stages", Form::Named("a stage", &STAGE)),
        ("retention", RETENTION),
        ("events", Form::Named("an event", &EVENT)),
        ("moments", Form::Named("a moment", &MOMENT)),
        (
            "channels",
            Form::Named(
                "a channel",
                &table(
                    &channels::CHANNEL_KEYS,
                    &[],
                    &["mode", "class", "connector"],
                ),
            ),
        ),
        (
            "pressure",
            table(
                &rules::PRESSURE_KEYS,
                &[
                    ("per", DURATION),
                    ("weights", Form::Named("a channel", &Form::Whole(0))),
                ],
                &["at-most", "per", "refuses"],
            ),
        ),
        (
            "cool-downs",
            Form::Named(
                "a cool-down",
                &table(
                    &rules::COOL_DOWN_KEYS,
                    &[],
                    &["after", "lasts", "refuses", "reason", "owner"],
                ),
            ),
        ),
        (
            "suppressions",
            Form::Named(
                "a suppression",
                &table(
                    &rules::SUPPRESSION_KEYS,
                    &[],
                    &["when", "refuses", "reason", "owner"],
                ),
            ),
        ),
        ("actions", Form::Named("an action", &ACTION)),
        ("calendars", Form::Named("a calendar", &CALENDAR)),
        (
            "laws",
            Form::Named("a country, or a region such as `US-FL`", &LAW),
        ),
        ("markets", Form::Named("a market", &MARKET)),
        ("deviations", Form::List(&DEVIATION)),
        ("kpis", Form::Named("a figure", &KPI)),
    ],
    &["version", "owner", "currency"],
);
