//! One whole decision in process, against the sandbox call inside it; a customer's encoding; the commit path without disk.

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use kairos::customer::Customer;
use kairos::customer::consent::Use;
use kairos::encoding;
use kairos_tests::desk::{Desk, consent, order};
use kairos_tests::policies::policy;
use serde_json::json;

/// Customers whom the host knows.
const KNOWN: u64 = 10_000;

/// An event in, a reply out: parse, decide by the policy of the United Kingdom, record, install. The log writes into the
/// operating system's memory, so no disk is waited for; who decides waits for the thread that writes.
fn decision(criterion: &mut Criterion) {
    let desk = Desk::retail_in_memory();
    desk.policy("gb", &policy("gb"));
    let event = |number: u64| {
        let subject = format!("crm:{}", 1 + number % KNOWN);
        order(&format!("o-{number}"), &subject, 139).to_string()
    };
    one_by_one(criterion, "path/decision", &desk, event);
    let spent = desk.policy_micros_of_last();
    eprintln!("the sandbox call inside the last of them took {spent} µs");
}

/// An event that is no moment: everything but the policy.
fn signal(criterion: &mut Criterion) {
    let event = |number: u64| {
        json!({ "specversion": "1.0", "id": format!("m-{number}"), "source": "crm", "type": "customer.changed",
                "subject": format!("crm:{}", 1 + number % KNOWN), "time": "2010-12-01T12:00:00Z",
                "data": { "language": "fr" } })
        .to_string()
    };
    one_by_one(criterion, "path/signal", &Desk::retail_in_memory(), event);
}

/// Sends event after event, made before the clock runs, once everybody is known.
fn one_by_one(criterion: &mut Criterion, name: &str, desk: &Desk, event: impl Fn(u64) -> String) {
    for number in 0..KNOWN {
        desk.answer("gb", event(number).as_bytes());
    }
    let mut number = KNOWN;
    criterion.bench_function(name, |bencher| {
        bencher.iter_batched_ref(
            || {
                number += 1;
                event(number)
            },
            |event| desk.answer("gb", event.as_bytes()),
            BatchSize::SmallInput,
        );
    });
}

/// A customer with a history of thirty orders.
fn encoding_of_a_customer(criterion: &mut Criterion) {
    let desk = Desk::retail_in_memory();
    for number in 0..30 {
        desk.send("gb", &order(&format!("o-{number}"), "crm:1", 20));
    }
    let customer: Customer = desk.customer_state("crm:1");
    let bytes = encoding::encode(&customer);
    eprintln!("a customer of thirty orders takes {} bytes", bytes.len());
    criterion.bench_function("customer/encode", |bencher| {
        bencher.iter(|| encoding::encode(&customer))
    });
    criterion.bench_function("customer/decode", |bencher| {
        bencher.iter(|| encoding::decode::<Customer>(&bytes).expect("a customer"));
    });
}

/// Whether the strictest of all laws is met, for somebody who said much, in the market with the most laws.
fn consent_of_a_customer(criterion: &mut Criterion) {
    let desk = Desk::retail_in_memory();
    for (number, market) in ["gb", "de", "fr", "nl", "us"].into_iter().enumerate() {
        desk.send(market, &consent(&format!("c-{number}"), "crm:1", "granted"));
    }
    let customer: Customer = desk.customer_state("crm:1");
    let charter = desk.node.charter();
    let of = |market: &str| Use {
        charter: &charter,
        market: charter.markets.at(charter.names.markets[market]),
        purpose: charter.names.purposes["marketing"],
        channel: charter.names.channels.get("email").copied(),
        residence: customer.residence(&charter),
        now: desk.node.clock().now(),
    };
    for market in ["gb", "us"] {
        let of = of(market);
        criterion.bench_function(&format!("consent/allow/{market}"), |bencher| {
            bencher.iter(|| customer.consents.allow(std::hint::black_box(of)));
        });
    }
}

criterion_group!(
    benches,
    decision,
    signal,
    encoding_of_a_customer,
    consent_of_a_customer
);
criterion_main!(benches);
