//! Walking the evidence, record by record, and counting.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::action::{Action, Ruling, When};
use crate::charter::{Charter, Class, Reaction, Target};
use crate::clock::{Clock, Instant, Span};
use crate::evidence::{self, DecisionRecord, Kind, Opened, Outcome};
use crate::ids::Text;
use crate::keys::Keyring;
use crate::report::followed::{Fate, FollowedAction, Followings, Names};
use crate::report::ledger::{self, Ledger, Silence, Why};
use crate::report::outcomes::{Join, Joiner, Targets};
use crate::report::pressure::Pressure;
use crate::report::{Ask, FOLLOWED_ACTIONS, Report, figures, horizon, shares};

/// What happened in one market.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Tally {
    pub(super) events: u64,
    pub(super) decisions: BTreeMap<Outcome, u64>,
    pub(super) proposals: u64,
    pub(super) refused: u64,
    pub(super) outcomes: BTreeMap<Reaction, JoinTally>,
}

/// Outcomes of one sort, by whether they found what they are about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct JoinTally {
    pub(super) joined: u64,
    pub(super) unjoined: u64,
    pub(super) unnamed: u64,
}

/// What came of one action in one market.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct PastAction {
    pub(super) acted: u64,
    pub(super) reactions: BTreeMap<Reaction, u64>,
    pub(super) complained_of: u64,
    pub(super) too_late: u64,
    /// Either of these, each action once.
    pub(super) regretted: u64,
}

/// A part of a whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Part {
    pub(super) count: u64,
    pub(super) of: u64,
    /// Of which it is not known yet.
    pub(super) open: u64,
}

/// All that is counted.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) markets: BTreeMap<Text, Tally>,
    /// By market and action.
    pub(super) actions: BTreeMap<(Text, Text), PastAction>,
    /// By the figure's place in the charter, and market.
    pub(super) kpis: BTreeMap<(u16, Text), Part>,
    pub(super) pressure: Pressure,
    pub(super) ledger: Ledger,
}

impl Counts {
    /// Every market of which something is told.
    pub(super) fn seen(&self) -> BTreeSet<Text> {
        let acted = self.actions.keys().map(|(market, _)| market);
        self.markets.keys().chain(acted).cloned().collect()
    }
}

/// A report in the making.
pub struct Gathering {
    ask: Ask,
    charter: Arc<Charter>,
    horizon: Span,
    targets: Targets,
    names: Names,
    followings: Followings,
    counted: Counts,
    unreadable: u64,
    /// The last record's time, and when it really came.
    last: Option<(Instant, Instant)>,
}

impl Gathering {
    /// Of the figures of `charter`, which count for the whole time alike.
    pub fn new(ask: Ask, charter: Arc<Charter>) -> Self {
        Self {
            ask,
            horizon: horizon(&charter),
            targets: Targets::of(&charter),
            charter,
            names: Names::default(),
            followings: Followings::of_at_most(FOLLOWED_ACTIONS),
            counted: Counts::default(),
            unreadable: 0,
            last: None,
        }
    }

    /// Takes the next record of the log.
    pub fn meet(&mut self, (kind, content): (u8, &[u8]), keys: &dyn Keyring) {
        let is_event = matches!(Kind::from_number(kind), Some(Kind::Event | Kind::Consent));
        if !is_event {
            return;
        }
        let Ok(header) = evidence::open_header(content) else {
            self.unreadable += 1;
            return;
        };
        self.last = Some((header.at, header.arrived_at));
        let is_early = |begins| header.at < begins;
        if self.ask.begins(&self.charter).is_some_and(is_early) {
            return;
        }
        match evidence::open(content, keys) {
            Ok(opened) => self.event(&opened),
            Err(_) => self.unreadable += 1,
        }
    }

    fn event(&mut self, opened: &Opened) {
        let now = opened.header.at;
        while let Some(followed) = self.followings.let_go(now, self.horizon) {
            self.settle(&followed, now);
        }
        let is_in = self.ask.covers(now);
        let body = &opened.body;
        let market = &body.event.market;
        let joined = Joiner {
            charter: &self.charter,
            targets: &self.targets,
            names: &self.names,
            followings: &mut self.followings,
        }
        .join(opened);
        if is_in {
            let kpis = &mut self.counted.kpis;
            shares::count(&self.charter, opened, |kpi, holds| {
                let part = kpis.entry((kpi, market.clone())).or_default();
                part.of += 1;
                part.count += u64::from(holds);
            });
            self.tally(opened, joined);
        }
        for cancelled in &body.cancelled {
            let by = ledger::because(&cancelled.because);
            self.ended(opened, cancelled.id, (Why::Cancelled, &by));
        }
        for decided in &body.decisions {
            for id in &decided.replaced {
                self.ended(opened, *id, (Why::Replaced, &Text::default()));
            }
            for action in &decided.actions {
                self.follow(opened, decided, action);
            }
        }
    }

    fn tally(&mut self, opened: &Opened, joined: Option<(Reaction, Join)>) {
        let body = &opened.body;
        let market = &body.event.market;
        let tally = self.counted.markets.entry(market.clone()).or_default();
        tally.events += 1;
        if let Some((reaction, join)) = joined {
            let outcomes = tally.outcomes.entry(reaction).or_default();
            match join {
                Join::Joined => outcomes.joined += 1,
                Join::Unjoined => outcomes.unjoined += 1,
                Join::Unnamed => outcomes.unnamed += 1,
            }
        }
        for decided in &body.decisions {
            *tally.decisions.entry(decided.outcome).or_default() += 1;
            let refused = decided
                .rulings
                .iter()
                .filter(|ruled| matches!(ruled, Ruling::Refused { .. }));
            tally.proposals += decided.rulings.len() as u64;
            tally.refused += refused.count() as u64;
            self.counted.ledger.decision(market, decided);
        }
        if body.decisions.is_empty() {
            self.counted.ledger.add(Silence {
                market: market.clone(),
                moment: Text::default(),
                action: Text::default(),
                why: Why::Signal,
                by: body.event.kind.clone(),
            });
        }
    }

    fn ended(&mut self, opened: &Opened, id: crate::ids::ActionId, (why, by): (Why, &Text)) {
        let now = opened.header.at;
        let Some(followed) = self.followings.end(id, now) else {
            return;
        };
        let silence = Silence {
            market: self.names.at(followed.market),
            moment: self.names.at(followed.moment),
            action: self.names.at(followed.action),
            why,
            by: by.clone(),
        };
        if self.ask.covers(now) {
            self.counted.ledger.add(silence);
        }
    }

    fn follow(&mut self, opened: &Opened, decided: &DecisionRecord, action: &Action) {
        let body = &opened.body;
        let known = self.charter.names.actions.get(&action.action);
        let known = known.map(|known| self.charter.actions.at(*known));
        let to = known.map_or(Target::Customer, |action| action.to);
        let is_insight = known.is_some_and(|action| action.class == Class::Insight);
        let fate = match (action.approval, action.when) {
            (Some(until), _) => Fate::Waits(until),
            (None, When::Answered) => Fate::Acts(decided.now),
            (None, When::Due(due)) => Fate::Acts(due),
        };
        let followed = FollowedAction {
            market: self.names.place(&body.event.market),
            moment: self.names.place(&decided.moment),
            action: self.names.place(&action.action),
            is_contact: to == Target::Customer && !is_insight,
            customer: body.customer.filter(|_| to == Target::Customer),
            account: body.account.filter(|_| to == Target::Account),
            decisions: vec![decided.id],
            decided: decided.now,
            fate,
            reactions: 0,
            is_complained_of: false,
            came_too_late: false,
            met: Vec::new(),
        };
        self.followings.follow(action.id, followed);
    }

    /// Counts an action of which no more is heard.
    fn settle(&mut self, followed: &FollowedAction, now: Instant) {
        let market = self.names.at(followed.market);
        let action = self.names.at(followed.action);
        let acts = match followed.fate {
            Fate::Ended => return,
            Fate::Waits(until) => {
                if until < now && self.ask.covers(until) {
                    self.counted.ledger.add(Silence {
                        moment: self.names.at(followed.moment),
                        market,
                        action,
                        why: Why::Unapproved,
                        by: Text::default(),
                    });
                }
                return;
            }
            Fate::Acts(acts) => acts,
        };
        if acts > now || !self.ask.covers(acts) {
            return;
        }
        if let (true, Some(customer)) = (followed.is_contact, followed.customer) {
            self.counted.pressure.add(customer, followed.market);
        }
        for target in self.targets.per(&market, &action) {
            let key = (target.kpi, market.clone());
            let part = self.counted.kpis.entry(key).or_default();
            if acts.plus(target.within) > now {
                part.open += 1;
                continue;
            }
            part.of += 1;
            part.count += u64::from(followed.met.contains(&target.kpi));
        }
        let acted = self.counted.actions.entry((market, action)).or_default();
        acted.acted += 1;
        for reaction in Reaction::ALL {
            *acted.reactions.entry(reaction).or_default() += u64::from(followed.had(reaction));
        }
        let (complained, too_late) = (followed.is_complained_of, followed.came_too_late);
        acted.complained_of += u64::from(complained);
        acted.too_late += u64::from(too_late);
        acted.regretted += u64::from(complained || too_late);
    }

    /// The report. Where the host runs on the clock of old events, it is as late as the last of them.
    pub fn finish(mut self, clock: &Clock) -> Report {
        let now = match self.last {
            Some((at, arrived_at)) if at != arrived_at => at,
            Some((at, _)) => at.max(clock.wall()),
            None => clock.wall(),
        };
        while let Some(followed) = self.followings.take_oldest() {
            self.settle(&followed, now);
        }
        let markets = self.counted.markets.values();
        let decisions = markets.clone().flat_map(|tally| tally.decisions.values());
        Report {
            now,
            figures: figures::all(&self.counted, &self.names, (&self.charter, &self.ask)),
            events: markets.map(|tally| tally.events).sum(),
            decisions: decisions.sum(),
            unreadable: self.unreadable,
            let_go: self.followings.let_go,
            one_in: self.counted.pressure.one_in(),
            ask: self.ask,
            charter: self.charter,
        }
    }
}
