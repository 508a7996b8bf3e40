//! The answer: for people and for programs.

use std::fmt;

use jiff::civil::Date;
use serde_json::{Map, Value as Json, json};

use crate::ids::Text;

/// Somebody to ask.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Someone {
    pub name: Text,
    pub mail: Text,
}

/// What stands in a file.
#[derive(Clone, PartialEq, Debug)]
pub struct Written {
    /// Dotted, from the top of the file.
    pub key: String,
    pub value: Json,
    /// `charter.toml:42`
    pub place: String,
}

/// One market's part in it.
#[derive(Clone, PartialEq, Debug)]
pub struct InMarket {
    pub market: Text,
    pub owner: Someone,
    /// What the grant itself says, where each market has its own.
    pub granted: Option<Written>,
    /// What the market's own file says.
    pub chosen: Vec<Written>,
    /// What holds there in the end.
    pub in_the_end: Option<Json>,
    /// What deviates there, and until when.
    pub deviations: Vec<Deviating>,
}

/// A permission beyond the grant.
#[derive(Clone, PartialEq, Debug)]
pub struct Deviating {
    pub what: Text,
    pub is: Text,
    pub why: Text,
    pub approved_by: Vec<Someone>,
    pub expires: Date,
    pub place: Text,
}

/// A date by which somebody looks at it again.
#[derive(Clone, PartialEq, Debug)]
pub struct ToReview {
    pub by: Date,
    pub place: Text,
    pub is_overdue: bool,
}

/// Who decides one thing.
#[derive(Clone, PartialEq, Debug)]
pub struct Decides {
    /// Dotted.
    pub name: String,
    pub owner: Someone,
    /// Who must sign a change; nobody, where the charter names nobody.
    pub approvers: Vec<Someone>,
    pub central: Option<Written>,
    /// What a market may narrow of it, by the keys of its own file; empty for what is the same everywhere.
    pub local: Vec<&'static str>,
    pub markets: Vec<InMarket>,
    pub reviews: Vec<ToReview>,
}

impl Someone {
    fn json(&self) -> Json {
        json!({ "name": self.name, "mail": self.mail })
    }
}

/// `legal <legal@gifts.example>`, or a mail address alone.
impl fmt::Display for Someone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.name == self.mail {
            true => f.write_str(&self.mail),
            false => write!(f, "{} <{}>", self.name, self.mail),
        }
    }
}

impl Written {
    fn json(&self) -> Json {
        json!({ "key": self.key, "value": self.value, "place": self.place })
    }
}

impl InMarket {
    fn json(&self) -> Json {
        let deviations = self.deviations.iter().map(|one| {
            let by: Vec<Json> = one.approved_by.iter().map(Someone::json).collect();
            json!({
                "what": one.what, "is": one.is, "why": one.why, "approved-by": by,
                "expires": one.expires.to_string(), "place": one.place,
            })
        });
        let mut shown = Map::new();
        shown.insert("market".to_owned(), json!(self.market));
        shown.insert("owner".to_owned(), self.owner.json());
        if let Some(granted) = &self.granted {
            shown.insert("granted".to_owned(), granted.json());
        }
        let chosen: Vec<Json> = self.chosen.iter().map(Written::json).collect();
        shown.insert("chosen".to_owned(), json!(chosen));
        shown.insert("in-the-end".to_owned(), json!(self.in_the_end));
        shown.insert("deviations".to_owned(), deviations.collect());
        Json::Object(shown)
    }
}

impl Decides {
    pub fn json(&self) -> Json {
        let people = |all: &[Someone]| -> Vec<Json> { all.iter().map(Someone::json).collect() };
        let reviews = self.reviews.iter().map(|one| {
            json!({ "by": one.by.to_string(), "place": one.place, "overdue": one.is_overdue })
        });
        json!({
            "name": self.name,
            "owner": self.owner.json(),
            "approvers": people(&self.approvers),
            "central": self.central.as_ref().map(Written::json),
            "local": self.local,
            "markets": self.markets.iter().map(InMarket::json).collect::<Vec<_>>(),
            "reviews": reviews.collect::<Vec<_>>(),
        })
    }
}

impl fmt::Display for Decides {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.name)?;
        writeln!(f, "  decided by    {}", self.owner)?;
        let approvers: Vec<String> = self.approvers.iter().map(Someone::to_string).collect();
        match approvers.is_empty() {
            true => writeln!(f, "  approved by   nobody: [approvals] names nobody for it")?,
            false => writeln!(f, "  approved by   {}", approvers.join(", "))?,
        }
        if let Some(central) = &self.central {
            writeln!(f, "  stands in     {}", central.place)?;
            match &central.value {
                Json::Object(entries) => {
                    for (key, value) in entries {
                        writeln!(f, "                {key} = {}", shown(value))?;
                    }
                }
                value => writeln!(f, "                {}", shown(value))?,
            }
        }
        match self.local.as_slice() {
            [] => writeln!(f, "  markets may   change nothing of it")?,
            ["itself"] => writeln!(f, "  markets may   narrow it")?,
            keys => writeln!(f, "  markets may   narrow {}", keys.join(", "))?,
        }
        for review in &self.reviews {
            let overdue = if review.is_overdue { ", overdue" } else { "" };
            writeln!(
                f,
                "  review by     {} ({}){overdue}",
                review.by, review.place
            )?;
        }
        self.markets.iter().try_for_each(|market| market.fmt(f))
    }
}

impl fmt::Display for InMarket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  {:<12}  {}", self.market, self.owner)?;
        if let Some(granted) = &self.granted {
            writeln!(
                f,
                "                is granted {} ({})",
                shown(&granted.value),
                granted.place
            )?;
        }
        if self.chosen.is_empty() {
            writeln!(f, "                takes it as it is")?;
        }
        for chosen in &self.chosen {
            writeln!(
                f,
                "                chose {} = {} ({})",
                chosen.key,
                shown(&chosen.value),
                chosen.place
            )?;
        }
        for one in &self.deviations {
            let by: Vec<&str> = one.approved_by.iter().map(|by| by.name.as_str()).collect();
            writeln!(
                f,
                "                deviates until {}: {} is {}: {}, approved by {} ({})",
                one.expires,
                one.what,
                one.is,
                one.why,
                by.join(", "),
                one.place
            )?;
        }
        Ok(())
    }
}

/// A value on one line.
fn shown(value: &Json) -> String {
    crate::charter::effect::inline(value)
}
