//! The figures of a report: what each counts, of what, and what it means.

use serde_json::{Value as Json, json};

use crate::charter::{Charter, Measured, Reaction};
use crate::evidence::Outcome;
use crate::ids::Text;
use crate::report::Ask;
use crate::report::followed::Names;
use crate::report::gather::{Counts, Part, PastAction, Tally};
use crate::report::pressure::Spread;

/// The columns of a report as CSV.
pub const CSV_HEAD: &str =
    "group,figure,scope,market,moment,action,by,value,unit,count,of,open,meaning";

/// What a figure is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Group {
    /// The charter's own figures.
    Kpi,
    Decisions,
    Pressure,
    Suppressed,
    Regret,
    Outcomes,
    /// The ledger of silence.
    NotDone,
}

impl Group {
    pub const ALL: [Self; 7] = [
        Self::Kpi,
        Self::Decisions,
        Self::Pressure,
        Self::Suppressed,
        Self::Regret,
        Self::Outcomes,
        Self::NotDone,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Self::Kpi => "kpi",
            Self::Decisions => "decisions",
            Self::Pressure => "pressure",
            Self::Suppressed => "suppressed",
            Self::Regret => "regret",
            Self::Outcomes => "outcomes",
            Self::NotDone => "not_done",
        }
    }
}

/// Whether a figure means the same everywhere (C25).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    Central,
    /// A market's own: never compared, never summed over markets (C07).
    Local,
}

impl Scope {
    pub fn word(self) -> &'static str {
        match self {
            Self::Central => "central",
            Self::Local => "local",
        }
    }
}

/// One figure of one market, or of all together.
#[derive(Clone, PartialEq, Debug)]
pub struct Figure {
    pub group: Group,
    pub name: Text,
    pub scope: Scope,
    /// `None` for all markets together.
    pub market: Option<Text>,
    pub moment: Text,
    pub action: Text,
    /// The rule or the reason, in the ledger of silence.
    pub by: Text,
    /// `None` where there is nothing to take a share of.
    pub value: Option<f64>,
    /// `share`, `mean`, `count`
    pub unit: &'static str,
    pub count: u64,
    pub of: Option<u64>,
    /// Of which it is not known yet: not in `of`.
    pub open: u64,
    pub meaning: Text,
}

impl Figure {
    fn new(group: Group, name: &str, market: Option<&Text>) -> Self {
        Self {
            group,
            name: Text::new(name),
            scope: Scope::Central,
            market: market.cloned(),
            moment: Text::default(),
            action: Text::default(),
            by: Text::default(),
            value: None,
            unit: "count",
            count: 0,
            of: None,
            open: 0,
            meaning: Text::default(),
        }
    }

    fn counting(mut self, count: u64) -> Self {
        self.value = Some(count as f64);
        self.count = count;
        self
    }

    fn share(mut self, count: u64, of: u64) -> Self {
        self.unit = "share";
        self.value = (of > 0).then(|| count as f64 / of as f64);
        self.count = count;
        self.of = Some(of);
        self
    }

    fn of_action(mut self, action: &Text) -> Self {
        self.action = action.clone();
        self
    }

    fn meaning(mut self, meaning: &str) -> Self {
        self.meaning = Text::new(meaning);
        self
    }

    pub fn json(&self) -> Json {
        let text = |text: &Text| (!text.is_empty()).then(|| text.to_string());
        json!({
            "group": self.group.word(), "figure": self.name, "scope": self.scope.word(), "market": self.market,
            "moment": text(&self.moment), "action": text(&self.action), "by": text(&self.by), "value": self.value,
            "unit": self.unit, "count": self.count, "of": self.of, "open": self.open, "meaning": self.meaning,
        })
    }

    /// One line, in the order of [`CSV_HEAD`].
    pub fn csv(&self) -> String {
        let market = self.market.as_deref().unwrap_or("(all)");
        let value = self
            .value
            .map_or_else(String::new, |value| value.to_string());
        let of = self.of.map_or_else(String::new, |of| of.to_string());
        let (count, open) = (self.count.to_string(), self.open.to_string());
        let cells = [
            self.group.word(),
            &self.name,
            self.scope.word(),
            market,
            &self.moment,
            &self.action,
            &self.by,
            &value,
            self.unit,
            &count,
            &of,
            &open,
            &self.meaning,
        ];
        cells.map(cell).join(",")
    }
}

/// Quoted where it must be; what a spreadsheet would take for a formula is text.
fn cell(text: &str) -> String {
    let guarded = match text.starts_with(['=', '+', '-', '@']) {
        true => format!("'{text}"),
        false => text.to_owned(),
    };
    match guarded.contains(['"', ',', '\n', '\r']) {
        true => format!("\"{}\"", guarded.replace('"', "\"\"")),
        false => guarded,
    }
}

/// Everything that was counted, as figures, in the order in which a report shows them.
pub(super) fn all(
    counted: &Counts,
    names: &Names,
    (charter, ask): (&Charter, &Ask),
) -> Vec<Figure> {
    let mut figures = Vec::new();
    kpis(counted, (charter, ask), &mut figures);
    markets(counted, ask, &mut figures);
    pressure(counted, (names, ask), &mut figures);
    actions(counted, ask, &mut figures);
    for (silence, count) in counted.ledger.lines() {
        let line = Figure {
            moment: silence.moment.clone(),
            action: silence.action.clone(),
            by: silence.by.clone(),
            ..Figure::new(Group::NotDone, silence.why.word(), Some(&silence.market))
        };
        figures.push(line.counting(count).meaning(silence.why.meaning()));
    }
    figures.retain(|figure| match (&figure.market, &ask.market) {
        (Some(market), _) => ask.wants(market),
        (None, Some(_)) => false,
        (None, None) => true,
    });
    // Within a group as they were made: by market, then name.
    figures.sort_by_key(|figure| figure.group);
    figures
}

fn kpis(counted: &Counts, (charter, ask): (&Charter, &Ask), figures: &mut Vec<Figure>) {
    let seen = counted.seen();
    for (place, kpi) in (0..).zip(&charter.kpis) {
        let figure = |market: Option<&Text>, part: Part| {
            let mut figure = Figure::new(Group::Kpi, &kpi.name, market)
                .share(part.count, part.of)
                .meaning(&kpi.meaning);
            figure.open = part.open;
            if let Measured::Outcome { per_action, .. } = kpi.measured {
                figure.action = charter.actions.at(per_action).name.clone();
            }
            if kpi.market.is_some() {
                figure.scope = Scope::Local;
            }
            figure
        };
        let mut all = Part::default();
        for (index, market) in charter.markets.iter() {
            if kpi.market.is_some_and(|own| own != index) || !ask.wants(&market.name) {
                continue;
            }
            let key = (place, market.name.clone());
            let part = counted.kpis.get(&key).copied().unwrap_or_default();
            let may_act = match kpi.measured {
                Measured::Outcome { per_action, .. } => {
                    charter.widest(index).frame(per_action).is_some()
                }
                Measured::Share { .. } => true,
            };
            if (may_act && seen.contains(&market.name)) || part != Part::default() {
                figures.push(figure(Some(&market.name), part));
            }
            all.count += part.count;
            all.of += part.of;
            all.open += part.open;
        }
        // A market's own figure is of that market alone (C07).
        if kpi.market.is_none() {
            figures.push(figure(None, all));
        }
    }
}

fn markets(counted: &Counts, ask: &Ask, figures: &mut Vec<Figure>) {
    let mut all = Tally::default();
    let wanted = counted.markets.iter().filter(|(name, _)| ask.wants(name));
    for (market, tally) in wanted {
        one_market(Some(market), tally, figures);
        all.add(tally);
    }
    one_market(None, &all, figures);
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.events += other.events;
        self.proposals += other.proposals;
        self.refused += other.refused;
        for (outcome, count) in &other.decisions {
            *self.decisions.entry(*outcome).or_default() += count;
        }
        for (reaction, joined) in &other.outcomes {
            let sum = self.outcomes.entry(*reaction).or_default();
            sum.joined += joined.joined;
            sum.unjoined += joined.unjoined;
            sum.unnamed += joined.unnamed;
        }
    }
}

fn one_market(market: Option<&Text>, tally: &Tally, figures: &mut Vec<Figure>) {
    let decisions = |name: &str| Figure::new(Group::Decisions, name, market);
    let all: u64 = tally.decisions.values().sum();
    figures.push(
        decisions("events")
            .counting(tally.events)
            .meaning("events that were taken"),
    );
    figures.push(
        decisions("decisions")
            .counting(all)
            .meaning("decisions that were taken about them"),
    );
    for outcome in Outcome::ALL {
        let count = tally.decisions.get(&outcome).copied().unwrap_or_default();
        let name = format!("decisions_{}", outcome.word());
        figures.push(
            decisions(&name)
                .share(count, all)
                .meaning("decisions that ended so, of all"),
        );
    }
    figures.push(
        Figure::new(Group::Suppressed, "suppressed", market)
            .share(tally.refused, tally.proposals)
            .meaning("proposals that a rule refused, of all proposals"),
    );
    for (reaction, joined) in &tally.outcomes {
        for (sort, count, meaning) in [
            (
                "joined",
                joined.joined,
                "events that name a decision or an action that is known",
            ),
            (
                "unjoined",
                joined.unjoined,
                "events that name a decision or an action that is not known, or no longer followed",
            ),
            (
                "unnamed",
                joined.unnamed,
                "events that name no decision and no action",
            ),
        ] {
            let name = format!("{}_{sort}", reaction.word());
            let figure = Figure::new(Group::Outcomes, &name, market).counting(count);
            figures.push(figure.meaning(meaning));
        }
    }
}

fn pressure(counted: &Counts, (names, ask): (&Names, &Ask), figures: &mut Vec<Figure>) {
    let (by_market, all) = counted.pressure.spread(names.all());
    let seen = counted.seen();
    let markets = seen.iter().filter(|name| ask.wants(name));
    let markets = markets.map(|name| {
        let spread = by_market.get(name).copied().unwrap_or_default();
        (Some(name), spread)
    });
    for (market, spread) in markets.chain([(None, all)]) {
        let Spread {
            customers,
            contacts,
            p95,
            most,
        } = spread;
        let figure = |name: &str| Figure::new(Group::Pressure, name, market);
        let mut mean = figure("contacts_per_customer").share(contacts, customers);
        mean.unit = "mean";
        figures.push(
            mean.meaning("actions that reached customers, for each customer who was reached"),
        );
        figures.push(
            figure("contacts_p95")
                .counting(p95)
                .meaning("nineteen of twenty customers were reached no more often"),
        );
        figures.push(
            figure("contacts_most")
                .counting(most)
                .meaning("how often the customer was reached who was reached most"),
        );
    }
}

fn actions(counted: &Counts, ask: &Ask, figures: &mut Vec<Figure>) {
    let mut all = PastAction::default();
    let seen = counted.seen();
    for market in seen.iter().filter(|name| ask.wants(name)) {
        let own = counted.actions.iter();
        let own = own.filter(|((of, _), _)| of == market);
        let mut whole = PastAction::default();
        for ((_, action), acted) in own.clone() {
            one_action(market, (action, acted), figures);
            whole.acted += acted.acted;
            whole.regretted += acted.regretted;
        }
        figures.push(regret(Some(market), &whole));
        all.acted += whole.acted;
        all.regretted += whole.regretted;
    }
    figures.push(regret(None, &all));
}

fn regret(market: Option<&Text>, acted: &PastAction) -> Figure {
    Figure::new(Group::Regret, "regret", market)
        .share(acted.regretted, acted.acted)
        .meaning("actions that were complained of, or came after what they were to bring about, of those that acted")
}

fn one_action(market: &Text, (action, acted): (&Text, &PastAction), figures: &mut Vec<Figure>) {
    let part = |group, name: &str, count| {
        Figure::new(group, name, Some(market))
            .of_action(action)
            .share(count, acted.acted)
    };
    figures.push(
        part(Group::Regret, "complained_of", acted.complained_of)
            .meaning("actions that a complaint followed, of those that acted"),
    );
    figures.push(
        part(Group::Regret, "too_late", acted.too_late)
            .meaning("actions before which the purchase they were to bring about was made already, of those that acted"),
    );
    for reaction in Reaction::ALL {
        let count = acted.reactions.get(&reaction).copied().unwrap_or_default();
        let figure = part(Group::Outcomes, reaction.word(), count);
        figures.push(figure.meaning("actions of which it was said, of those that acted"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_never_taken_for_more_than_text() {
        for (text, shown) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("a \"b\"", "\"a \"\"b\"\"\""),
            ("=1+1", "'=1+1"),
            ("-1,2", "\"'-1,2\""),
        ] {
            assert_eq!(cell(text), shown);
        }
    }
}
