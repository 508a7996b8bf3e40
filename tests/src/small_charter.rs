//! A charter of two markets, small enough to know by heart.

use std::hash::Hash;

use kairos::charter::channels::{Latency, Mode};
use kairos::charter::consent::{Basis, Needs};
use kairos::charter::events::Presence;
use kairos::charter::table::{Index, Table};
use kairos::charter::{
    Action, ActionIx, Automation, Budget, Channel, ChannelFrame, ChannelIx, Charter, Class,
    Currency, Datum, Delay, EventKind, Field, Frame, Items, Limits, Market, Measure, Merge, Moment,
    Names, OnPending, OwnFields, Per, Purpose, Retention, Sensitivity, Setting, Target, Type,
    Window,
};
use kairos::clock::Span;
use kairos::ids::{Digest, Key, Map, Text};
use kairos::value::Value;

/// What one decision may cost in it.
pub const LIMITS: Limits = Limits {
    fuel: 2_000_000,
    time: Span::from_millis(50),
    memory_bytes: 2 * 1024 * 1024,
    violations_per_hour: 100,
    real_time_moments: 5,
    local_fields: 10,
};

/// Market `gb` may show a banner on the web and send a mail; `de` may only show the banner.
///
/// `page_viewed` is the moment that both handle; `order_placed` is granted to `gb` alone.
pub fn small_charter() -> Charter {
    let purposes = table([purpose("service"), purpose("marketing")]);
    let markets = table([market("gb", 2), market("de", 1)]);
    let events = table([
        event(
            "product.viewed",
            vec![
                datum("sku", Type::Text, Some("sku")),
                datum("business", Type::Flag, None),
                local_datum("de.gift_wrap"),
            ],
        ),
        event(
            "order.placed",
            vec![
                datum("total", Type::Money, None),
                datum("skus", Type::Texts, Some("sku")),
            ],
        ),
    ]);
    let moments = table([moment("page_viewed", 0), moment("order_placed", 1)]);
    let fields = table([
        field("points", Type::Integer, None),
        field("cart_skus", Type::Texts, None),
        field("cart_value", Type::Money, None),
        field("de.gift_wrap", Type::Flag, Some(Index::from_number(1))),
    ]);
    let windows = table([window("orders_90d")]);
    let items = table([bought()]);
    let channels = table([
        channel("web", Mode::Respond),
        channel("email", Mode::Inspire),
    ]);
    let actions = table([action("loyalty_banner", 0), action("cart_reminder", 1)]);
    let names = Names {
        purposes: names(&purposes, |one: &Purpose| &one.name),
        fields: names(&fields, |one: &Field| &one.name),
        windows: names(&windows, |one: &Window| &one.name),
        items: names(&items, |one: &Items| &one.name),
        events: names(&events, |one: &EventKind| &one.name),
        moments: names(&moments, |one: &Moment| &one.name),
        channels: names(&channels, |one: &Channel| &one.name),
        actions: names(&actions, |one: &Action| &one.name),
        markets: names(&markets, |one: &Market| &one.name),
        ..Names::default()
    };
    Charter {
        version: "1".into(),
        digest: Digest::of(b"a small charter"),
        owner: "platform".into(),
        review_by: None,
        earliest_event: kairos::clock::Instant::default(),
        currency: Currency {
            code: *b"EUR",
            decimals: 2,
        },
        rates: Vec::new(),
        people: Vec::new(),
        approvals: Vec::new(),
        sources: Table::new(),
        identities: Table::new(),
        customer: OwnFields::default(),
        purposes,
        fields,
        windows,
        items,
        segments: Table::new(),
        stages: Table::new(),
        memberships: Vec::new(),
        events,
        moments,
        channels,
        caps: Vec::new(),
        pressure: None,
        cool_downs: Vec::new(),
        suppressions: Vec::new(),
        calendars: Table::new(),
        laws: Table::new(),
        retention: Retention::default(),
        demands: std::sync::OnceLock::new(),
        actions,
        markets,
        deviations: Vec::new(),
        widened: Vec::new(),
        kpis: Vec::new(),
        reviews: Vec::new(),
        names,
        files: Vec::new(),
    }
}

fn table<I: Index, T>(entries: impl IntoIterator<Item = T>) -> Table<I, T> {
    let mut table = Table::new();
    for entry in entries {
        table.push(entry).expect("a small table");
    }
    table
}

fn names<I: Index + Eq + Hash, T>(table: &Table<I, T>, name: impl Fn(&T) -> &Text) -> Map<Text, I> {
    table
        .iter()
        .map(|(index, entry)| (name(entry).clone(), index))
        .collect()
}

fn purpose(name: &str) -> Purpose {
    Purpose {
        name: name.into(),
        key: Key::of("purpose", name),
        meaning: Text::default(),
        basis: Basis::OptIn,
        channels: Vec::new(),
        needs: Needs::Granted,
        owner: "legal".into(),
    }
}

fn market(name: &str, moments: u16) -> Market {
    let banner = Frame {
        channels: vec![Index::from_number(0)],
        parameters: Vec::new(),
        lapses: None,
        delay: Delay::default(),
        pending: OnPending::Both,
        caps: Vec::new(),
        automation: Automation::Auto,
        reach: None,
    };
    let reminder = Frame {
        channels: vec![Index::from_number(1)],
        parameters: Vec::new(),
        lapses: None,
        delay: Delay::default(),
        pending: OnPending::Both,
        caps: Vec::new(),
        automation: Automation::Auto,
        reach: None,
    };
    Market {
        name: name.into(),
        key: Key::of("market", name),
        brand: "gifts".into(),
        brand_key: Key::of("brand", "gifts"),
        place: None,
        country: None,
        languages: vec!["en".into()],
        zone: jiff::tz::TimeZone::UTC,
        owner: "marketing".into(),
        on_call: "marketing".into(),
        written_against: None,
        moments: (0..moments).map(Index::from_number).collect(),
        law: None,
        frames: vec![Some(banner), (name == "gb").then_some(reminder)],
        channels: vec![ChannelFrame::default(), ChannelFrame::default()],
        caps: Vec::new(),
        holidays: Vec::new(),
        needs: Vec::new(),
        budget: Budget::default(),
        retention: Retention::default(),
        keys: Vec::new(),
        limits: LIMITS,
        settings: vec![Setting {
            name: "floor".into(),
            value: Value::Integer(3_000),
            meaning: Text::default(),
        }],
        fallbacks: Vec::new(),
    }
}

fn event(name: &str, data: Vec<Datum>) -> EventKind {
    EventKind {
        name: name.into(),
        key: Key::of("event", name),
        meaning: Text::default(),
        owner: "data".into(),
        purpose: Some(Index::from_number(0)),
        data: table(data),
        updates: Vec::new(),
        subject: Presence::Optional,
        account: Presence::Optional,
        built_in: None,
        outcome: None,
        windows: Vec::new(),
        items: Vec::new(),
        moments: Vec::new(),
        memberships: Vec::new(),
        starts: Vec::new(),
        ends: Vec::new(),
    }
}

fn datum(name: &str, ty: Type, of: Option<&str>) -> Datum {
    Datum {
        name: name.into(),
        ty,
        of: of.map(Text::new),
        at_most: 100,
        required: false,
        between: None,
        own: None,
        one_of: Vec::new(),
        maps: Vec::new(),
        market: None,
    }
}

fn local_datum(name: &str) -> Datum {
    Datum {
        market: Some(Index::from_number(1)),
        ..datum(name, Type::Flag, None)
    }
}

fn moment(name: &str, on: u16) -> Moment {
    Moment {
        name: name.into(),
        key: Key::of("moment", name),
        on: Index::from_number(on),
        silence: None,
        when: None,
        requires: Vec::new(),
        mode: Mode::Respond,
        class: Latency::Interactive,
        real_time: Text::default(),
        worst_case: Text::default(),
        owner: "commerce".into(),
        lateness: None,
    }
}

fn field(name: &str, ty: Type, market: Option<kairos::charter::MarketIx>) -> Field {
    Field {
        name: name.into(),
        key: Key::of("field", name),
        ty,
        at_most: 50,
        of: None,
        meaning: Text::default(),
        unit: None,
        owner: "data".into(),
        merge: Merge::Latest,
        leading: Vec::new(),
        writers: Vec::new(),
        sensitivity: Sensitivity::Ordinary,
        one_of: Vec::new(),
        review_by: None,
        purpose: Index::from_number(0),
        max_age: None,
        retention: None,
        per: Per::Customer,
        market,
    }
}

fn window(name: &str) -> Window {
    Window {
        name: name.into(),
        key: Key::of("window", name),
        measure: Measure::Count,
        plus: Vec::new(),
        minus: Vec::new(),
        over: Span::from_days(90),
        step: Span::from_days(1),
        per: Per::Customer,
        ty: Type::Integer,
        at_most: 0,
        purpose: Index::from_number(0),
        meaning: Text::default(),
        owner: "data".into(),
    }
}

fn bought() -> Items {
    Items {
        name: "bought".into(),
        key: Key::of("items", "bought"),
        item: "sku".into(),
        add: Vec::new(),
        remove: Vec::new(),
        keep: 500,
        retention: None,
        purpose: Index::from_number(0),
        meaning: Text::default(),
        owner: "commerce".into(),
    }
}

fn channel(name: &str, mode: Mode) -> Channel {
    Channel {
        name: name.into(),
        key: Key::of("channel", name),
        mode,
        class: Latency::Interactive,
        connector: "reply".into(),
        caps: Vec::new(),
        hours: None,
        slots: Vec::new(),
    }
}

fn action(name: &str, channel: u16) -> Action {
    Action {
        name: name.into(),
        key: Key::of("action", name),
        meaning: Text::default(),
        class: Class::Service,
        to: Target::Customer,
        channels: vec![Index::from_number(channel)],
        purpose: Index::from_number(0),
        slot: None,
        parameters: Vec::new(),
        delay: Delay::default(),
        lapses: None,
        pending: OnPending::Both,
        cancel_on: Vec::new(),
        still: None,
        caps: Vec::new(),
        automation: Automation::Auto,
        approve_within: Span::from_days(1),
        reach: None,
        cost: 0,
        weight: 100,
        owner: "commerce".into(),
    }
}

/// The moment of that name.
pub fn moment_named(charter: &Charter, name: &str) -> kairos::charter::MomentIx {
    charter.names.moments[name]
}

/// The action and the channel of those names.
pub fn action_over(charter: &Charter, action: &str, channel: &str) -> (ActionIx, ChannelIx) {
    (
        charter.names.actions[action],
        charter.names.channels[channel],
    )
}
