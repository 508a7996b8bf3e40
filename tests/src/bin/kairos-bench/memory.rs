//! How much memory a customer and a market take, read off the operating system.

use std::fmt::Write as _;
use std::fs;

use anyhow::Result;

use crate::load::{self, Load};
use crate::server::Host;

/// Resident memory with so many customers in the cache.
pub struct OfCustomers {
    pub customers: u64,
    before_kib: u64,
    after_kib: u64,
}

impl OfCustomers {
    pub fn kib_each(&self) -> f64 {
        self.after_kib.saturating_sub(self.before_kib) as f64 / self.customers as f64
    }
}

/// Resident memory with so many markets, each with a policy.
pub struct OfMarkets {
    pub markets: u64,
    resident_kib: u64,
    none_kib: u64,
}

impl OfMarkets {
    pub fn kib_each(&self) -> f64 {
        self.resident_kib.saturating_sub(self.none_kib) as f64 / self.markets as f64
    }
}

/// Sends one event about each of `customers`.
pub fn of_customers(host: &Host, customers: u64) -> Result<OfCustomers> {
    let kairos = host.start(&["--durability", "process", "--cache-bytes", "4GiB"])?;
    load::run(
        kairos.at,
        &Load {
            customers: 1,
            events: Some(1_000),
            ..Load::default()
        },
    )?;
    let before_kib = kairos.resident_kib()?;
    load::run(
        kairos.at,
        &Load {
            customers,
            first: customers,
            events: Some(customers),
            ..Load::default()
        },
    )?;
    Ok(OfCustomers {
        customers,
        before_kib,
        after_kib: kairos.resident_kib()?,
    })
}

/// Starts a host with `markets` copies of the United Kingdom's market and policy.
pub fn of_markets(host: &Host, markets: u64) -> Result<OfMarkets> {
    let none_kib = with_markets(host, 0)?;
    Ok(OfMarkets {
        markets,
        resident_kib: with_markets(host, markets)?,
        none_kib,
    })
}

fn with_markets(host: &Host, markets: u64) -> Result<u64> {
    let folder = tempfile::TempDir::new()?;
    let (charter, policies) = (
        folder.path().join("charter"),
        folder.path().join("policies"),
    );
    fs::create_dir_all(&charter)?;
    fs::create_dir_all(&policies)?;
    let central = fs::read_to_string(host.charter.join("charter.toml"))?;
    let grant = section(&central, "[markets.gb]");
    let mut text = central.clone();
    let policy = fs::read(host.policies.join("gb.wasm"))?;
    for number in 0..markets {
        let _infallible = write!(
            text,
            "\n{}",
            grant.replace("[markets.gb]", &format!("[markets.m{number}]"))
        );
        fs::write(policies.join(format!("m{number}.wasm")), &policy)?;
    }
    fs::write(charter.join("charter.toml"), text)?;
    let host = Host {
        kairos: host.kairos.clone(),
        charter,
        policies,
    };
    let kairos = host.start(&[])?;
    load::run(
        kairos.at,
        &Load {
            events: Some(500),
            ..Load::default()
        },
    )?;
    kairos.resident_kib()
}

/// A section of a TOML file, to the next one.
fn section(text: &str, head: &str) -> String {
    let start = text.find(head).unwrap_or(text.len());
    let rest = text.get(start..).unwrap_or_default();
    let end = rest
        .get(1..)
        .and_then(|rest| rest.find("\n["))
        .map_or(rest.len(), |end| end + 1);
    rest.get(..end).unwrap_or_default().to_owned()
}
