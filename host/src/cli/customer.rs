//! `kairos customer`: what is known of somebody, all of it, who looked at it, and nothing any more.

use clap::Subcommand;
use http::Method;
use serde_json::{Value, json};

use crate::cli::client::{Asking, segment, word};
use crate::cli::say::say;
use crate::cli::{Ending, Failure};

/// Look at what is known of a customer and who looked at it, export all of it, or erase it.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Show what is known now, as JSON. Needs the role `customer`; a token for some markets sees what is theirs or central.
    ///
    /// kairos customer show crm:17850 --token-file customer.token
    Show(Whom),
    /// Write everything that is known and was recorded, as JSON. Needs the role `customer`; the whole of it, a token for all
    /// markets.
    ///
    /// kairos customer export crm:17850 --token-file customer.token > customer.json
    Export(Whom),
    /// List who looked at it, when and by which route, oldest first. Needs the roles `customer` and `evidence`.
    ///
    /// kairos customer disclosures crm:17850 --token-file evidence.token
    Disclosures(Whom),
    /// Erase everything that is known, from the next decision on; what is left in old files cannot be read any more within the
    /// time of `kairos serve --rotate-keys-every`. Needs the roles `customer` and `erase`, and a token for all markets. There is no way
    /// back.
    ///
    /// kairos customer erase crm:17850 --token-file erase.token
    Erase(Whom),
}

#[derive(clap::Args, Debug)]
struct Whom {
    /// The host's own id, or a name as events tell it: `crm:17850`.
    customer: String,
    #[command(flatten)]
    asking: Asking,
}

pub(super) fn run(args: &Args) -> Result<Ending, Failure> {
    match &args.command {
        Command::Show(whom) => say!("{:#}", whom.find()?),
        Command::Export(whom) => {
            let path = format!("{}/export", whom.path()?);
            say!("{:#}", whom.asking.to.ask(Method::GET, &path, None)?);
        }
        Command::Disclosures(whom) => whom.disclosures()?,
        Command::Erase(whom) => {
            let gone = whom.asking.to.ask(Method::DELETE, &whom.path()?, None)?;
            whom.asking.tell(&gone, told);
        }
    }
    Ok(Ending::Done)
}

impl Whom {
    /// Names may be personal, so they travel in a body.
    fn find(&self) -> Result<Value, Failure> {
        let to = &self.asking.to;
        if !self.customer.contains(':') {
            let path = format!("/v1/customers/{}", segment(&self.customer));
            return to.ask(Method::GET, &path, None);
        }
        let body = json!({ "subject": self.customer });
        to.ask(Method::POST, "/v1/customers/find", Some(&body))
    }

    fn path(&self) -> Result<String, Failure> {
        Ok(format!("/v1/customers/{}", segment(&self.id()?)))
    }

    fn id(&self) -> Result<String, Failure> {
        Ok(if self.customer.contains(':') {
            word(&self.find()?, "id")
        } else {
            self.customer.clone()
        })
    }

    fn disclosures(&self) -> Result<(), Failure> {
        let list = format!("/v1/disclosures?customer={}", segment(&self.id()?));
        let mut path = list.clone();
        loop {
            let page = self.asking.to.ask(Method::GET, &path, None)?;
            let lines = page.get("disclosures").and_then(Value::as_array);
            for line in lines.into_iter().flatten() {
                self.asking.tell(line, disclosed);
            }
            if page.get("more") != Some(&Value::Bool(true)) {
                return Ok(());
            }
            path = format!("{list}&cursor={}", word(&page, "next"));
        }
    }
}

fn disclosed(line: &Value) -> String {
    let word = |name| word(line, name);
    format!("{}  {}  {}", word("at"), word("by"), word("route"))
}

fn told(gone: &Value) -> String {
    let word = |name| word(gone, name);
    format!(
        "erased at {}; the record at {} is the proof, and old copies can be read by nobody from {} on",
        word("at"),
        word("proof"),
        word("keys_destroyed_by")
    )
}
