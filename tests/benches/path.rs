//! One whole decision in process, against the sandbox call inside it; a customer's encoding; the commit path without disk.

use criterion::{Criterion, criterion_group, criterion_main};
use kairos::customer::Customer;
use kairos::customer::consent::Use;
use kairos::encoding;
use kairos_tests::desk::{Desk, consent, order};
use kairos_tests::policies::policy;
use serde_json::json;

/// An event in, a reply out: parse, decide by the policy of the United Kingdom, record, install. The log writes into the
/// operating system's memory, so no disk is waited for.
fn decision(criterion: &mut Criterion) {
    let desk = Desk::retail_in_memory();
    desk.policy("gb", &policy("gb"));
    desk.send("gb", &consent("c-1", "crm:1", "granted"));
    let mut number = 0_u64;
    criterion.bench_function("path/decision", |bencher| {
        bencher.iter(|| {
            number += 1;
            desk.answer(
                "gb",
                order(&format!("o-{number}"), "crm:1", 139)
                    .to_string()
                    .as_bytes(),
            )
        });
    });
    let spent = desk.policy_micros_of_last();
    eprintln!("the sandbox call inside the last of them took {spent} µs");
}

/// An event that is no moment: everything but the policy.
fn signal(criterion: &mut Criterion) {
    let desk = Desk::retail_in_memory();
    let mut number = 0_u64;
    criterion.bench_function("path/signal", |bencher| {
        bencher.iter(|| {
            number += 1;
            let event = json!({ "specversion": "1.0", "id": format!("m-{number}"), "source": "crm", "type": "customer.changed",
                                "subject": "crm:1", "time": "2010-12-01T12:00:00Z", "data": { "language": "fr" } });
            desk.answer("gb", event.to_string().as_bytes())
        });
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
