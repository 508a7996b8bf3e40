//! One decision before the boundary: a charter that can be changed at will, somebody it is about, a time, and proposals.
//! Nothing else of the host takes part.

use std::sync::Arc;

use kairos::absorb::{Parties, Situation};
use kairos::action::{Plan, Planner};
use kairos::boundary::{self, Author, Case, Permit, Verdict};
use kairos::charter::table::Index;
use kairos::charter::{Action, Charter, Class, Frame, Market};
use kairos::clock::{Instant, Span};
use kairos::customer::fields::Claim;
use kairos::customer::{
    Account, Consent, Contact, Customer, Given, Pending, Rank, Status, contacts,
};
use kairos::event::{About, Content, Event};
use kairos::ids::{AccountId, ActionId, Chance, CustomerId, DecisionId, Key, Text};
use kairos::policy::{Proposal, Timing};
use kairos::spending::{Overtaken, Purse, Spending};
use kairos::stop::{Scope, Stop, Stops};
use kairos::value::Value;

/// Noon of a Wednesday.
pub const NOON: &str = "2010-12-01T12:00:00Z";

/// One decision in the making.
pub struct Trial {
    charter: Arc<Charter>,
    pub standing: Parties,
    pub stops: Stops,
    pub spending: Arc<Spending>,
    pub now: Instant,
    pub market: &'static str,
    chance: Chance,
}

impl Trial {
    /// At noon in `gb`, about a customer who allowed marketing over every channel.
    pub fn new() -> Self {
        Self::under(charter())
    }

    /// The same under any charter that knows the market and the purpose.
    pub fn under(charter: Charter) -> Self {
        let mut chance = Chance::from_seed(b"trial");
        let now = at(NOON);
        let customer = Customer::new(CustomerId::draw(&mut chance), 0, now);
        let account = Account::new(AccountId::draw(&mut chance), now);
        let mut trial = Self {
            charter: Arc::new(charter),
            standing: Parties {
                customer: Some(customer),
                account: Some(account),
            },
            stops: Stops::default(),
            spending: Arc::default(),
            now,
            market: "gb",
            chance,
        };
        trial.says("marketing", Given::Granted);
        trial
    }

    pub fn charter(&mut self) -> &mut Charter {
        let charter = Arc::get_mut(&mut self.charter).expect("nobody else holds the charter");
        // What is worked out from the laws is so anew.
        charter.demands.take();
        charter
    }

    pub fn read(&self) -> &Charter {
        &self.charter
    }

    pub fn market(&mut self) -> &mut Market {
        let market = self.charter.names.markets[self.market];
        self.charter().markets.at_mut(market)
    }

    pub fn action(&mut self, name: &str) -> &mut Action {
        let action = self.charter.names.actions[name];
        self.charter().actions.at_mut(action)
    }

    /// What the market may do with an action.
    pub fn frame(&mut self, name: &str) -> &mut Frame {
        let action = usize::from(self.charter.names.actions[name].number());
        self.market().frames[action]
            .as_mut()
            .expect("it is granted")
    }

    /// What the market may do over a channel.
    pub fn channel(&mut self, name: &str) -> &mut kairos::charter::ChannelFrame {
        let channel = usize::from(self.charter.names.channels[name].number());
        &mut self.market().channels[channel]
    }

    pub fn status(&mut self) -> &mut Status {
        &mut self.customer().status
    }

    pub fn customer(&mut self) -> &mut Customer {
        self.standing.customer.as_mut().expect("a customer")
    }

    /// The customer says something about a purpose, over all channels.
    pub fn says(&mut self, purpose: &str, state: Given) {
        let refuses = matches!(state, Given::Denied | Given::Withdrawn);
        let consent = Consent {
            purpose: Some(Key::of("purpose", purpose)),
            channel: None,
            brand: (!refuses).then(|| Key::of("brand", "gifts")),
            market: (!refuses).then(|| Key::of("market", self.market)),
            state,
            source: Key::of("source", "shop"),
            at: self.now,
            proof: None,
            wording: None,
        };
        self.customer().consents.say(consent);
    }

    /// Stops what `scope` names, such as `channel:email`.
    pub fn stop(&mut self, scope: &str) {
        let stop = Stop {
            scope: Scope::parse(scope).expect("a scope"),
            reason: "a wrong price".into(),
            by: "ops".into(),
            at: self.now,
        };
        self.stops = Stops::new(self.stops.iter().cloned().chain([stop]).collect());
    }

    /// The customer's time zone, country and region, as fields.
    pub fn lives(&mut self, field: &str, value: &str) {
        self.knows(field, Value::Text(value.into()));
    }

    /// A field of the customer has a value.
    pub fn knows(&mut self, field: &str, value: Value) {
        let charter = Arc::clone(&self.charter);
        let claim = Claim {
            source: Key::of("source", "crm"),
            occurred_at: self.now,
            received_at: self.now,
            event: &"m-1".into(),
        };
        let field = charter.fields.at(charter.names.fields[field]);
        let fields = &mut self.customer().status.fields;
        fields.set(&charter, field, claim, value);
    }

    /// Something reached the customer.
    pub fn contact(&mut self, action: &str, channel: &str, when: &str) {
        let contact = Contact {
            action: Key::of("action", action),
            channel: Key::of("channel", channel),
            class: self.class(action),
            at: at(when),
        };
        contacts::add(&mut self.status().contacts, contact);
    }

    /// Something waits for its time.
    pub fn pending(&mut self, action: &str, channel: &str, due: &str) -> ActionId {
        let id = ActionId::draw(self.now, &mut self.chance);
        let of = self.read().names.actions[action];
        let pending = Pending {
            id,
            decision: DecisionId::draw(self.now, &mut self.chance),
            action: Key::of("action", action),
            channel: Key::of("channel", channel),
            due: at(due),
            until: at(due).plus(Span::from_days(1)),
            key: None,
            cancel_on: Vec::new(),
            class: self.class(action),
            market: Key::of("market", self.market),
            rank: Rank {
                weight: self.read().actions.at(of).weight,
                score: 0.0,
            },
            customer: None,
            approval: None,
        };
        self.status().pending.push(pending);
        id
    }

    fn class(&self, action: &str) -> Class {
        let action = self.charter.names.actions[action];
        self.charter.actions.at(action).class
    }

    /// What the boundary says to the proposals of the market's fallback, which has no manifest to keep to.
    pub fn judge(&self, proposals: &[Proposal]) -> Vec<Verdict> {
        self.judge_by(Author::Fallback, proposals)
    }

    pub fn judge_by(&self, by: Author<'_>, proposals: &[Proposal]) -> Vec<Verdict> {
        self.judge_with(&self.spending, by, proposals)
    }

    /// As one of several cores that share what is used up: judged again where others were faster.
    pub fn judge_with(
        &self,
        spending: &Arc<Spending>,
        by: Author<'_>,
        proposals: &[Proposal],
    ) -> Vec<Verdict> {
        let event = self.event();
        loop {
            let mut purse = Purse::of(spending);
            let verdicts = boundary::judge(&self.case(&event, by), proposals, &mut purse);
            if spending.settle(&purse, || Ok::<_, Overtaken>(())).is_ok() {
                return verdicts;
            }
        }
    }

    pub fn case<'a>(&'a self, event: &'a Event, by: Author<'a>) -> Case<'a> {
        Case {
            seen: self.seen(event),
            moment: self.charter.names.moments["page_viewed"],
            by,
            stops: &self.stops,
        }
    }

    fn seen<'a>(&'a self, event: &'a Event) -> Situation<'a> {
        Situation {
            event,
            now: self.now,
            standing: &self.standing,
        }
    }

    /// What the boundary says to one proposal.
    pub fn verdict(&self, proposal: &Proposal) -> Verdict {
        let mut verdicts = self.judge(std::slice::from_ref(proposal));
        verdicts.pop().expect("a verdict for a proposal")
    }

    /// The same in words.
    pub fn told(&self, proposal: &Proposal) -> String {
        words(&self.verdict(proposal))
    }

    /// Judges the proposals and notes what acts in the status, as a decision does; what was replaced.
    pub fn decide(&mut self, proposals: &[Proposal]) -> (Vec<Verdict>, Vec<ActionId>) {
        let verdicts = self.judge(proposals);
        let event = self.event();
        let mut chance = Chance::from_seed(&self.chance.bytes::<16>());
        let mut plan: Plan = Planner {
            seen: self.seen(&event),
            language: &"en".into(),
            salt: &[0; 32],
        }
        .plan(verdicts.clone(), &mut chance, &mut Purse::default());
        let decision = DecisionId::draw(self.now, &mut chance);
        plan.note(decision, self.now, &mut self.standing);
        (verdicts, plan.replaced)
    }

    /// An event of which nothing matters but where and when.
    pub fn event(&self) -> Event {
        Event {
            charter: Arc::clone(&self.charter),
            market: self.charter.names.markets[self.market],
            kind: self.charter.names.events["product.viewed"],
            id: "v-1".into(),
            source: "shop".into(),
            source_ix: None,
            subject: None,
            visitor: None,
            account: None,
            about: About::default(),
            is_gpc: false,
            channel: None,
            occurred_at: self.now,
            received_at: self.now,
            data: vec![None],
            dropped: 0,
            content: Content([0; 16]),
        }
    }
}

impl Default for Trial {
    fn default() -> Self {
        Self::new()
    }
}

pub fn at(time: &str) -> Instant {
    Instant::parse(time).expect("a time")
}

/// A proposal for now, without parameters.
pub fn propose(action: &str, channel: &str) -> Proposal {
    Proposal {
        action: action.into(),
        channel: channel.into(),
        timing: Timing::Now,
        lapses_after: None,
        key: None,
        parameters: Vec::new(),
        cancel_on: Vec::new(),
        score: 0.0,
        reason: Text::default(),
    }
}

/// A verdict in words.
pub fn words(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Permit(permit) => format!("permitted at {}{}", permit.due, moves(permit)),
        Verdict::Defer(permit) => format!("deferred until {}{}", permit.due, moves(permit)),
        Verdict::Yield => "yields".to_owned(),
        Verdict::Refuse(refusal) => format!("refused by {refusal}"),
    }
}

fn moves(permit: &Permit) -> String {
    let moved = permit.moved.iter();
    moved
        .map(|moved| format!("; {}: {}", moved.rule, moved.why))
        .collect()
}

/// The charter of every trial, as it stands before a test changes it.
pub fn charter() -> Charter {
    let file = (
        "charter.toml".to_owned(),
        include_str!("trial.toml").to_owned(),
    );
    Charter::compile(&[file]).unwrap_or_else(|complaints| panic!("{complaints}"))
}
