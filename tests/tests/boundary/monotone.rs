//! Whatever restriction is added and whatever permission is taken away: what was refused stays refused, and what was
//! permitted acts no sooner.

use std::sync::Arc;

use kairos::boundary::Verdict;
use kairos::charter::{
    Automation, Budget, Cap, Class, CoolDown, Holiday, Hours, Needs, OnPending, Pressure,
};
use kairos::clock::{Instant, Span};
use kairos::customer::Given;
use kairos::ids::Key;
use kairos::policy::{Proposal, Timing};
use kairos::value::Value;
use kairos_tests::trial::{Trial, at, propose, words};
use proptest::prelude::*;

const ACTIONS: [(&str, &str); 6] = [
    ("offer", "web"),
    ("offer", "email"),
    ("cart_reminder", "email"),
    ("service_note", "sms"),
    ("order_confirmation", "email"),
    ("loyalty_banner", "web"),
];

/// One restriction more, or one permission less. `u8`s choose among what there is.
#[derive(Clone, Debug)]
enum Restriction {
    CapOnAction(u8, Limit),
    CapOnChannel(u8, Limit),
    CapOnEverything(Limit),
    Pressure(Limit),
    Hours(u8, u8, u16, u16),
    LawOfCountry,
    LawHours(u16, u16),
    Holiday(u8),
    Complaint,
    CoolDown(u8),
    NoChannel(u8),
    NoSlot,
    NoGrant(u8),
    Parameters(u8),
    Bought,
    Promotion(u8),
    LongerDelay(u8, u16),
    ShorterDelay(u8, u16),
    Lapses(u8, u16),
    Keeps(u8),
    Automation(u8, bool),
    Needs(bool),
    Withdrawn,
    NothingSaid,
    Stop(u8),
    Reach(u8, u8),
    Budget(u8),
    Contact(u8, i8),
    Pending(u8, u8),
}

#[derive(Clone, Debug)]
struct Limit {
    at_most: u32,
    hours: u64,
    is_of_marketing: bool,
}

impl Limit {
    fn cap(&self) -> Cap {
        let counts = match self.is_of_marketing {
            true => vec![Class::Marketing],
            false => Vec::new(),
        };
        Cap {
            at_most: self.at_most,
            per: Span::from_millis(self.hours * 3_600_000),
            counts,
        }
    }
}

fn limit() -> impl Strategy<Value = Limit> {
    let hours = prop_oneof![1_u64..60, (1_u64..10).prop_map(|days| days * 24)];
    (0_u32..4, hours, any::<bool>()).prop_map(|(at_most, hours, is_of_marketing)| Limit {
        at_most,
        hours,
        is_of_marketing,
    })
}

/// Mostly about the action that is proposed, and about its time.
fn restriction(own: u8) -> impl Strategy<Value = Restriction> {
    let which = || prop_oneof![4 => Just(own), 1 => any::<u8>()];
    let times = prop_oneof![
        (which(), limit()).prop_map(|(which, limit)| Restriction::CapOnAction(which, limit)),
        (which(), limit()).prop_map(|(which, limit)| Restriction::CapOnChannel(which, limit)),
        limit().prop_map(Restriction::CapOnEverything),
        limit().prop_map(Restriction::Pressure),
        (which(), 0_u8..7, 0_u16..900, 901_u16..1441)
            .prop_map(|(which, day, from, to)| Restriction::Hours(which, day, from, to)),
        (0_u16..900, 901_u16..1441).prop_map(|(from, to)| Restriction::LawHours(from, to)),
        (0_u8..9).prop_map(Restriction::Holiday),
        (which(), 0_u16..1_500).prop_map(|(which, by)| Restriction::LongerDelay(which, by)),
        (which(), 0_u16..9_000).prop_map(|(which, to)| Restriction::ShorterDelay(which, to)),
        (which(), 0_u16..1_500).prop_map(|(which, to)| Restriction::Lapses(which, to)),
        (which(), -9_i8..1).prop_map(|(which, days)| Restriction::Contact(which, days)),
        (which(), 0_u8..150).prop_map(|(which, hours)| Restriction::Pending(which, hours)),
    ];
    let others = prop_oneof![
        Just(Restriction::LawOfCountry),
        Just(Restriction::Complaint),
        which().prop_map(Restriction::CoolDown),
        which().prop_map(Restriction::NoChannel),
        Just(Restriction::NoSlot),
        which().prop_map(Restriction::NoGrant),
        which().prop_map(Restriction::Parameters),
        Just(Restriction::Bought),
        which().prop_map(Restriction::Promotion),
        which().prop_map(Restriction::Keeps),
        (which(), any::<bool>()).prop_map(|(which, never)| Restriction::Automation(which, never)),
        any::<bool>().prop_map(Restriction::Needs),
        Just(Restriction::Withdrawn),
        Just(Restriction::NothingSaid),
        which().prop_map(Restriction::Stop),
        (which(), 0_u8..3).prop_map(|(which, to)| Restriction::Reach(which, to)),
        (0_u8..3).prop_map(Restriction::Budget),
    ];
    prop_oneof![5 => times, 1 => others]
}

fn of(which: u8) -> (&'static str, &'static str) {
    ACTIONS[usize::from(which) % ACTIONS.len()]
}

fn minutes(minutes: u16) -> Span {
    Span::from_millis(u64::from(minutes) * 60_000)
}

fn narrowed(hours: Option<&Hours>, other: &Hours) -> Hours {
    hours.map_or_else(|| other.clone(), |hours| hours.intersect(other))
}

impl Restriction {
    fn apply(&self, trial: &mut Trial, asked: Instant) {
        match self {
            Self::CapOnAction(which, limit) => {
                let cap = limit.cap();
                with_frame(trial, *which, |frame| frame.caps.push(cap));
            }
            Self::CapOnChannel(which, limit) => trial.channel(of(*which).1).caps.push(limit.cap()),
            Self::CapOnEverything(limit) => trial.market().caps.push(limit.cap()),
            Self::Pressure(limit) => press(trial, limit),
            Self::Hours(which, day, from, to) => {
                let mut hours = Hours {
                    days: std::array::from_fn(|_| vec![(*from, *to)]),
                };
                hours.days[usize::from(*day)].clear();
                let channel = trial.channel(of(*which).1);
                channel.hours = Some(narrowed(channel.hours.as_ref(), &hours));
            }
            Self::Contact(which, days) => {
                let (action, channel) = of(*which);
                let at = trial.now.millis() + i64::from(*days) * 86_400_000;
                trial.contact(action, channel, &Instant::from_millis(at).to_string());
            }
            Self::Pending(which, hours) => {
                let (action, channel) = of(*which);
                let due = trial
                    .now
                    .plus(Span::from_millis(u64::from(*hours) * 3_600_000));
                trial.pending(action, channel, &due.to_string());
            }
            _ => {
                self.apply_to_law(trial);
                self.apply_to_frame(trial, asked);
                self.apply_to_permission(trial);
            }
        }
    }

    fn apply_to_law(&self, trial: &mut Trial) {
        let de = trial.read().names.laws["DE"];
        match self {
            Self::LawOfCountry => trial.market().law = Some(de),
            Self::LawHours(from, to) => {
                let basis = &mut trial.charter().laws.at_mut(de).bases[0];
                let hours = Hours {
                    days: std::array::from_fn(|_| vec![(*from, *to)]),
                };
                basis.channel = None;
                basis.hours = Some(narrowed(basis.hours.as_ref(), &hours));
            }
            Self::Holiday(days) => {
                let calendar = trial.read().names.calendars["DE"];
                let date = jiff::civil::date(2010, 12, 1 + i8::try_from(*days).unwrap());
                let calendars = &mut trial.charter().calendars;
                calendars.at_mut(calendar).days.push(Holiday::Once(date));
                if !trial.market().holidays.contains(&calendar) {
                    trial.market().holidays.push(calendar);
                }
            }
            Self::Complaint => trial.knows("open_complaints", Value::Integer(1)),
            Self::CoolDown(which) => {
                let event = trial.read().names.events["order.placed"];
                let class = Class::ALL[usize::from(*which) % Class::ALL.len()];
                trial.charter().cool_downs.push(CoolDown {
                    name: "quiet".into(),
                    key: Key::of("cool-down", "quiet"),
                    after: vec![event],
                    lasts: Span::from_days(2),
                    refuses: vec![class],
                    reason: "quiet".into(),
                    owner: "platform".into(),
                });
                let signal = (Key::of("event", "order.placed"), trial.now);
                trial.status().signals.push(signal);
            }
            _ => {}
        }
    }

    fn apply_to_frame(&self, trial: &mut Trial, asked: Instant) {
        let now = trial.now;
        match self {
            Self::NoChannel(which) => {
                let channel = trial.read().names.channels[of(*which).1];
                with_frame(trial, *which, |frame| {
                    frame.channels.retain(|of| *of != channel)
                });
            }
            Self::NoSlot => trial.channel("web").slots = vec!["side".into()],
            Self::NoGrant(which) => {
                let action = trial.read().names.actions[of(*which).0];
                use kairos::charter::table::Index;
                trial.market().frames[usize::from(action.number())] = None;
            }
            Self::Parameters(which) => with_frame(trial, *which, |frame| {
                for parameter in &mut frame.parameters {
                    parameter.between = Some((0.0, 4.0));
                    parameter.required = *which > 200;
                }
            }),
            Self::Promotion(which) => with_frame(trial, *which, |frame| {
                for parameter in &mut frame.parameters {
                    parameter.is_promotion = true;
                }
            }),
            Self::LongerDelay(which, by) => with_frame(trial, *which, |frame| {
                frame.delay.min = frame.delay.min.max(minutes(*by));
            }),
            // What is asked for later than the latest is asked for sooner: another question, not a stricter answer.
            Self::ShorterDelay(which, to) if now.plus(minutes(*to)) >= asked => {
                with_frame(trial, *which, |frame| {
                    let max = frame
                        .delay
                        .max
                        .map_or(minutes(*to), |max| max.min(minutes(*to)));
                    frame.delay.max = Some(max);
                });
            }
            Self::Lapses(which, to) => with_frame(trial, *which, |frame| {
                let lapses = frame.lapses.unwrap_or(Span::from_days(1));
                frame.lapses = Some(lapses.min(minutes(*to)));
            }),
            Self::Keeps(which) => {
                with_frame(trial, *which, |frame| frame.pending = OnPending::Keep)
            }
            Self::Automation(which, is_never) => with_frame(trial, *which, |frame| {
                let stricter = match is_never {
                    true => Automation::Never,
                    false => Automation::Approval,
                };
                frame.automation = frame.automation.max(stricter);
            }),
            Self::Reach(which, to) => with_frame(trial, *which, |frame| {
                let reach = frame.reach.unwrap_or(u32::MAX);
                frame.reach = Some(reach.min((*to).into()));
            }),
            _ => {}
        }
    }

    fn apply_to_permission(&self, trial: &mut Trial) {
        match self {
            Self::Bought => {
                let charter = trial.event().charter;
                let items = charter.items.at(charter.names.items["bought"]);
                let now = trial.now;
                trial.status().items.add(items, &"85123A".into(), now);
            }
            Self::Needs(is_never) => {
                let purpose = trial.read().names.purposes["marketing"];
                let purpose = trial.charter().purposes.at_mut(purpose);
                let stricter = match is_never {
                    true => Needs::Never,
                    false => Needs::Confirmed,
                };
                purpose.needs = purpose.needs.max(stricter);
            }
            Self::Withdrawn => trial.says("marketing", Given::Withdrawn),
            Self::NothingSaid => trial.customer().consents = Default::default(),
            Self::Stop(which) => {
                let (action, channel) = of(*which);
                match which % 2 {
                    0 => trial.stop(&format!("action:{action}")),
                    _ => trial.stop(&format!("channel:{channel}")),
                }
            }
            Self::Budget(to) => {
                let to = u32::from(*to);
                let less = |budget: Option<u32>| Some(budget.map_or(to, |budget| budget.min(to)));
                let Budget {
                    actions_per_minute,
                    actions_per_day,
                    spend_per_day,
                } = &mut trial.market().budget;
                *actions_per_minute = less(*actions_per_minute);
                *actions_per_day = less(*actions_per_day);
                *spend_per_day = Some(spend_per_day.unwrap_or(i64::MAX).min(to.into()));
            }
            _ => {}
        }
    }
}

/// Tightens the pressure, or begins to press.
fn press(trial: &mut Trial, limit: &Limit) {
    match &mut trial.charter().pressure {
        Some(pressure) => pressure.at_most = pressure.at_most.min(limit.at_most * 2),
        pressure => {
            *pressure = Some(Pressure {
                at_most: limit.at_most * 3,
                per: Span::from_millis(limit.hours * 3_600_000),
                weights: vec![0, 1, 2, 3, 0],
                refuses: vec![Class::Marketing, Class::Service],
            });
        }
    }
}

/// Changes what the market may do with an action, if it still may.
fn with_frame(trial: &mut Trial, which: u8, change: impl FnOnce(&mut kairos::charter::Frame)) {
    use kairos::charter::table::Index;
    let action = trial.read().names.actions[of(which).0];
    if let Some(frame) = &mut trial.market().frames[usize::from(action.number())] {
        change(frame);
    }
}

fn proposal(own: u8) -> impl Strategy<Value = Proposal> {
    let hours = prop_oneof![Just(0_u64), 0_u64..120];
    let lapses = prop_oneof![0_u64..12, 0_u64..12, 0_u64..200];
    (
        hours,
        prop::option::weighted(0.8, lapses),
        any::<bool>(),
        0_u8..3,
    )
        .prop_map(move |(hours, lapses, has_parameters, score)| {
            let (action, channel) = of(own);
            let parameters = match (has_parameters, action) {
                (true, "cart_reminder") => vec![
                    ("sku".into(), Value::Text("85123A".into())),
                    ("discount".into(), Value::Integer(5)),
                ],
                (true, "order_confirmation") => vec![("discount".into(), Value::Integer(5))],
                _ => Vec::new(),
            };
            let timing = match (channel, hours) {
                ("web", _) | (_, 0) => Timing::Now,
                _ => Timing::After(Span::from_millis(hours * 3_600_000)),
            };
            Proposal {
                timing,
                lapses_after: lapses.map(|hours| Span::from_millis(hours * 3_600_000)),
                parameters,
                score: score.into(),
                ..propose(action, channel)
            }
        })
}

/// When it acts, with nothing used up yet; `None` where it does not.
fn due(trial: &mut Trial, proposal: &Proposal) -> Option<Instant> {
    trial.spending = Arc::default();
    match trial.verdict(proposal) {
        Verdict::Permit(permit) | Verdict::Defer(permit) => Some(permit.due),
        Verdict::Yield | Verdict::Refuse(_) => None,
    }
}

/// A proposal, and what is then held against it.
fn history() -> impl Strategy<Value = (Proposal, Vec<Restriction>)> {
    prop_oneof![3 => 1_u8..4, 1 => 0_u8..6].prop_flat_map(|own| {
        let restrictions = prop::collection::vec(restriction(own), 1..10);
        (proposal(own), restrictions)
    })
}

fn asked(now: Instant, timing: Timing) -> Instant {
    match timing {
        Timing::After(span) => now.plus(span),
        _ => now,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// A06, A24: no restriction ever lets anything through, or lets it act sooner.
    #[test]
    fn no_restriction_ever_permits_anything(
        (proposal, restrictions) in history(), zone in 0_usize..3, hour in 0_u64..48,
    ) {
        let mut trial = Trial::new();
        for action in ["offer", "cart_reminder"] {
            trial.action(action).cost = 1;
        }
        trial.now = at("2010-12-01T00:00:00Z").plus(Span::from_millis(hour * 3_600_000));
        trial.lives("time_zone", ["Europe/London", "Asia/Tokyo", "America/New_York"][zone]);
        let asked = asked(trial.now, proposal.timing);
        let mut before = due(&mut trial, &proposal);
        prop_assert!(before.is_some(), "without any restriction: {}", words(&trial.verdict(&proposal)));
        for (number, restriction) in restrictions.iter().enumerate() {
            restriction.apply(&mut trial, asked);
            let after = due(&mut trial, &proposal);
            let told = || words(&trial.verdict(&proposal));
            match (before, after) {
                (None, Some(_)) => prop_assert!(false, "{number}: {restriction:?} permits it: {}", told()),
                (Some(before), Some(after)) => prop_assert!(after >= before, "{number}: {restriction:?} hurries it: {}", told()),
                (_, None) => {}
            }
            before = after;
        }
    }
}
