//! `kairos decisions`: recorded decisions, for people and warehouses.

use std::path::PathBuf;

use crate::boundary::NAMES;
use crate::cli::replay::Which;
use crate::cli::say::say;
use crate::cli::{Ending, Failure};
use crate::decide::replay::{keychain, reader};
use crate::evidence::query::{Query, Whom};
use crate::evidence::{self, Keychain, Kind, Outcome};
use crate::ids::Text;
use crate::store::{Met, Position};

/// List recorded decisions of a data folder, oldest first, one JSON object a line (NDJSON).
///
/// To go on where an export ended, give the `position` of its last line to `--after`. Nothing is changed; a host may run on the
/// folder meanwhile.
///
/// kairos decisions data --market de --rule consent --since 7d
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The data folder.
    data: PathBuf,
    /// About this customer, by the id that the host gave, or as events name them: `crm:17850`.
    #[arg(long)]
    customer: Option<String>,
    #[command(flatten)]
    which: Which,
    #[arg(long)]
    moment: Option<String>,
    /// In which this action acts.
    #[arg(long)]
    action: Option<String>,
    /// In which this rule refused something.
    #[arg(long, value_parser = NAMES)]
    rule: Option<String>,
    /// How it ended.
    #[arg(long, value_parser = Outcome::ALL.map(Outcome::word))]
    outcome: Option<String>,
    /// A version such as `1.2.0`, or the beginning of a digest: `sha256:0123`.
    #[arg(long)]
    policy: Option<String>,
    /// Only what stands behind this position.
    #[arg(long, value_name = "POSITION")]
    after: Option<u64>,
    /// So many at the most.
    #[arg(long)]
    limit: Option<u64>,
}

pub(super) fn run(args: &Args) -> Result<Ending, Failure> {
    let query = query(args)?;
    let reader = reader(&args.data)?;
    let keys = keychain(args.which.place(&args.data), &reader)?;
    let mut listing = DecisionPrinter {
        query: &query,
        keys: &keys,
        after: args.after.map(Position::from_u64),
        left: args.limit.unwrap_or(u64::MAX),
        unreadable: None,
    };
    reader.walk(&mut |met| listing.meet(met))?;
    match listing.unreadable {
        None => Ok(Ending::Done),
        Some((position, error)) => {
            Err(format!("the record at {position} cannot be read: {error}").into())
        }
    }
}

fn query(args: &Args) -> Result<Query, Failure> {
    let text = |text: &Option<String>| text.as_deref().map(Text::new);
    let customer = args.customer.as_deref();
    let customer = customer.map(|id| {
        Whom::parse(id).ok_or_else(|| {
            format!("`{id}` is no customer: name one as events do, `crm:17850`, or by the id that `GET /v1/customers/…` shows")
        })
    });
    Ok(Query {
        filter: args.which.filter()?,
        customer: customer.transpose()?,
        moment: text(&args.moment),
        action: text(&args.action),
        rule: text(&args.rule),
        outcome: text(&args.outcome),
        policy: text(&args.policy),
    })
}

struct DecisionPrinter<'a> {
    query: &'a Query,
    keys: &'a Keychain,
    after: Option<Position>,
    left: u64,
    unreadable: Option<(Position, evidence::Unreadable)>,
}

impl DecisionPrinter<'_> {
    fn meet(&mut self, met: &Met<'_>) {
        let is_event = matches!(
            Kind::from_number(met.kind),
            Some(Kind::Event | Kind::Consent)
        );
        let is_behind = self.after.is_none_or(|after| met.position > after);
        if !is_event || !is_behind || self.left == 0 || self.unreadable.is_some() {
            return;
        }
        if let Err(error) = self.list(met) {
            self.unreadable = Some((met.position, error));
        }
    }

    fn list(&mut self, met: &Met<'_>) -> Result<(), evidence::Unreadable> {
        if !self
            .query
            .filter
            .lets_through(&evidence::open_header(met.content)?)
        {
            return Ok(());
        }
        let opened = match evidence::open(met.content, self.keys) {
            Err(unreadable) if unreadable.is_gone() => return Ok(()),
            opened => opened?,
        };
        for line in self.query.found(met.position, &opened) {
            if self.left > 0 {
                self.left -= 1;
                say!("{line}");
            }
        }
        Ok(())
    }
}
