//! How much memory a customer and a market take, read off the operating system.

use std::fmt::Write as _;
use std::fs;

use anyhow::Result;

use crate::load::{self, Load};
use crate::server::Host;
use crate::traffic::{Customers, Traffic};

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
    let load = |first, events| Load {
        traffic: Traffic::orders(Customers::Turn(events)),
        first,
        events,
        seconds: f64::INFINITY,
        ..Load::default()
    };
    load::run(kairos.at, &load(0, 1_000))?;
    let before_kib = kairos.resident_kib()?;
    load::run(kairos.at, &load(customers, customers))?;
    Ok(OfCustomers {
        customers,
        before_kib,
        after_kib: kairos.resident_kib()?,
    })
}

/// Starts a host with `markets` copies of the United Kingdom's market and policy.
pub fn of_markets(host: &Host, markets: u64) -> Result<OfMarkets> {
    let none_kib = resident_kib(host, 0)?;
    Ok(OfMarkets {
        markets,
        resident_kib: resident_kib(host, markets)?,
        none_kib,
    })
}

/// The host with `markets` more markets, `m0` and so on, each like the United Kingdom's; they stand in the folder.
pub fn with_markets(host: &Host, markets: u64) -> Result<(tempfile::TempDir, Host)> {
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
    Ok((folder, host))
}

fn resident_kib(host: &Host, markets: u64) -> Result<u64> {
    let (_folder, host) = with_markets(host, markets)?;
    let kairos = host.start(&[])?;
    let mut load = Load {
        events: 500,
        ..Load::default()
    };
    load.traffic.markets = markets;
    load::run(kairos.at, &load)?;
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
