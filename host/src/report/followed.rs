//! Actions on their way: planned, acted, and how somebody took them.

use std::collections::{HashMap, VecDeque};

use crate::charter::Reaction;
use crate::clock::{Instant, Span};
use crate::ids::{AccountId, ActionId, CustomerId, DecisionId, Text};

/// One action and what came of it so far.
#[derive(Clone, Debug)]
pub(super) struct FollowedAction {
    /// Places in the list of names.
    pub(super) market: u16,
    pub(super) moment: u16,
    pub(super) action: u16,
    /// Whether it reaches the customer, and not a colleague.
    pub(super) is_contact: bool,
    pub(super) customer: Option<CustomerId>,
    /// Whom it is about, where it goes to an account.
    pub(super) account: Option<AccountId>,
    pub(super) decisions: Vec<DecisionId>,
    pub(super) decided: Instant,
    pub(super) fate: Fate,
    /// One bit for each reaction.
    pub(super) reactions: u8,
    pub(super) is_complained_of: bool,
    /// What it was to bring about had happened between its planning and its acting.
    pub(super) came_too_late: bool,
    /// The charter's figures whose outcome came in time.
    pub(super) met: Vec<u16>,
}

/// Whether it acts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    Acts(Instant),
    /// A person must approve it until then.
    Waits(Instant),
    /// It was cancelled or replaced before it acted.
    Ended,
}

impl FollowedAction {
    pub(super) fn acts(&self) -> Option<Instant> {
        match self.fate {
            Fate::Acts(at) => Some(at),
            Fate::Waits(_) | Fate::Ended => None,
        }
    }

    pub(super) fn react(&mut self, reaction: Reaction) {
        self.reactions |= 1 << reaction as u8;
    }

    pub(super) fn had(&self, reaction: Reaction) -> bool {
        self.reactions & (1 << reaction as u8) != 0
    }

    /// What it was to bring about happened at `at`; whether that was in time.
    pub(super) fn reached(&mut self, at: Instant, within: Span) -> bool {
        let Some(acts) = self.acts() else {
            return false;
        };
        self.came_too_late |= self.decided <= at && at < acts;
        acts <= at && at <= acts.plus(within)
    }

    /// Until when it is worth following.
    fn until(&self, horizon: Span) -> Instant {
        let from = match self.fate {
            Fate::Acts(at) | Fate::Waits(at) => at,
            Fate::Ended => self.decided,
        };
        from.plus(horizon)
    }
}

/// All that are followed.
pub(super) struct Followings {
    actions: HashMap<ActionId, FollowedAction>,
    by_decision: HashMap<DecisionId, Vec<ActionId>>,
    by_customer: HashMap<CustomerId, Vec<ActionId>>,
    by_account: HashMap<AccountId, Vec<ActionId>>,
    /// In the order of their decisions.
    order: VecDeque<ActionId>,
    most: usize,
    pub(super) let_go: u64,
}

impl Followings {
    pub(super) fn of_at_most(most: usize) -> Self {
        Self {
            actions: HashMap::new(),
            by_decision: HashMap::new(),
            by_customer: HashMap::new(),
            by_account: HashMap::new(),
            order: VecDeque::new(),
            most,
            let_go: 0,
        }
    }

    pub(super) fn get_mut(&mut self, id: ActionId) -> Option<&mut FollowedAction> {
        self.actions.get_mut(&id)
    }

    /// Begins to follow; an action that was approved goes on under the decision that approved it.
    pub(super) fn follow(&mut self, id: ActionId, followed: FollowedAction) {
        for decision in &followed.decisions {
            self.by_decision.entry(*decision).or_default().push(id);
        }
        if let Some(known) = self.actions.get_mut(&id) {
            known.fate = followed.fate;
            known.decisions.extend(followed.decisions);
            return;
        }
        if let Some(customer) = followed.customer {
            self.by_customer.entry(customer).or_default().push(id);
        }
        if let Some(account) = followed.account {
            self.by_account.entry(account).or_default().push(id);
        }
        self.order.push_back(id);
        self.actions.insert(id, followed);
    }

    /// The action of that id, or all of the decision of that id.
    pub(super) fn named(&self, id: &str) -> Vec<ActionId> {
        if let Some(action) = ActionId::parse(id).filter(|id| self.actions.contains_key(id)) {
            return vec![action];
        }
        let decision = DecisionId::parse(id).and_then(|id| self.by_decision.get(&id));
        decision.cloned().unwrap_or_default()
    }

    /// Everything that is followed and about somebody.
    pub(super) fn about(
        &self,
        customer: Option<CustomerId>,
        account: Option<AccountId>,
    ) -> Vec<ActionId> {
        let customer = customer.and_then(|customer| self.by_customer.get(&customer));
        let account = account.and_then(|account| self.by_account.get(&account));
        let all = customer.into_iter().chain(account).flatten();
        all.copied().collect()
    }

    /// An action will not act; `true` where it was known and had not acted before.
    pub(super) fn end(&mut self, id: ActionId, at: Instant) -> Option<&FollowedAction> {
        let followed = self.actions.get_mut(&id)?;
        let is_over = match followed.fate {
            Fate::Acts(acts) => acts <= at,
            Fate::Waits(_) => false,
            Fate::Ended => true,
        };
        if is_over {
            return None;
        }
        followed.fate = Fate::Ended;
        Some(followed)
    }

    /// Lets go of what was followed for long enough, and of the oldest where there are too many.
    pub(super) fn let_go(&mut self, now: Instant, horizon: Span) -> Option<FollowedAction> {
        let oldest = self.order.front()?;
        let is_over = self
            .actions
            .get(oldest)
            .is_none_or(|followed| followed.until(horizon) < now);
        let is_too_many = self.actions.len() > self.most;
        if !is_over && !is_too_many {
            return None;
        }
        self.let_go += u64::from(!is_over);
        self.take_oldest()
    }

    pub(super) fn take_oldest(&mut self) -> Option<FollowedAction> {
        let id = self.order.pop_front()?;
        let followed = self.actions.remove(&id)?;
        for decision in &followed.decisions {
            forget(&mut self.by_decision, decision, id);
        }
        if let Some(customer) = &followed.customer {
            forget(&mut self.by_customer, customer, id);
        }
        if let Some(account) = &followed.account {
            forget(&mut self.by_account, account, id);
        }
        Some(followed)
    }
}

fn forget<K: Eq + std::hash::Hash>(map: &mut HashMap<K, Vec<ActionId>>, key: &K, id: ActionId) {
    if let Some(ids) = map.get_mut(key) {
        ids.retain(|one| *one != id);
        if ids.is_empty() {
            map.remove(key);
        }
    }
}

/// Names, each kept once.
#[derive(Default)]
pub(super) struct Names {
    all: Vec<Text>,
    places: HashMap<Text, u16>,
}

impl Names {
    pub(super) fn place(&mut self, name: &Text) -> u16 {
        if let Some(place) = self.places.get(name) {
            return *place;
        }
        // More names than that no charter has: the last one stands for the rest.
        let place = u16::try_from(self.all.len()).unwrap_or(u16::MAX);
        if self.all.len() <= usize::from(u16::MAX) {
            self.all.push(name.clone());
            self.places.insert(name.clone(), place);
        }
        place
    }

    pub(super) fn at(&self, place: u16) -> Text {
        self.all
            .get(usize::from(place))
            .cloned()
            .unwrap_or_default()
    }

    pub(super) fn all(&self) -> &[Text] {
        &self.all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Chance;

    fn followed(decided: i64) -> FollowedAction {
        FollowedAction {
            market: 0,
            moment: 0,
            action: 0,
            is_contact: true,
            customer: None,
            account: None,
            decisions: Vec::new(),
            decided: Instant::from_millis(decided),
            fate: Fate::Acts(Instant::from_millis(decided + 10)),
            reactions: 0,
            is_complained_of: false,
            came_too_late: false,
            met: Vec::new(),
        }
    }

    // A43: memory is bounded, and what was followed for too short is told.
    #[test]
    fn the_oldest_is_let_go_where_there_are_too_many() {
        let mut chance = Chance::from_seed(b"followed");
        let mut all = Followings::of_at_most(2);
        for decided in 0..5 {
            let at = Instant::from_millis(decided);
            all.follow(ActionId::draw(at, &mut chance), followed(decided));
            while all.let_go(at, Span::from_days(1)).is_some() {}
        }
        assert_eq!((all.actions.len(), all.let_go), (2, 3));
        let later = Instant::from_millis(0).plus(Span::from_days(2));
        while all.let_go(later, Span::from_days(1)).is_some() {}
        assert_eq!((all.actions.len(), all.let_go), (0, 3));
    }

    #[test]
    fn what_happened_before_it_acted_came_too_late() {
        let at = Instant::from_millis;
        for (when, in_time, too_late) in [
            (-1, false, false),
            (0, false, true),
            (9, false, true),
            (10, true, false),
            (15, true, false),
            (16, false, false),
        ] {
            let mut one = followed(0);
            let reached = one.reached(at(when), Span::from_millis(5));
            assert_eq!((reached, one.came_too_late), (in_time, too_late), "{when}");
        }
    }
}
