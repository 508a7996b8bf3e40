//! What all rules of the boundary cost on one proposal, under the example's whole charter.

use criterion::{Criterion, criterion_group, criterion_main};
use kairos::boundary::{self, Author};
use kairos::charter::Charter;
use kairos::clock::Span;
use kairos::customer::Given;
use kairos::policy::{Proposal, Timing};
use kairos::spending::Purse;
use kairos::value::Value;
use kairos_tests::retail_charter;
use kairos_tests::trial::{Trial, propose};

/// A customer of the United Kingdom with a zone, a residence, some contacts and something that waits.
fn customer() -> Trial {
    let charter = Charter::load(&retail_charter()).expect("the example's charter");
    let mut trial = Trial::under(charter);
    trial.says("marketing", Given::Confirmed);
    trial.lives("country", "GB");
    trial.lives("time_zone", "Europe/London");
    for (channel, when) in [
        ("email", "2010-11-12T10:00:00Z"),
        ("email", "2010-11-20T10:00:00Z"),
        ("web", "2010-12-01T11:00:00Z"),
    ] {
        trial.contact("review_request", channel, when);
    }
    trial.pending("voucher", "email", "2010-12-02T10:00:00Z");
    trial
}

fn review(timing: Timing) -> Proposal {
    let skus = ["85123A", "71053"].map(Into::into).into_iter().collect();
    Proposal {
        timing,
        key: Some("review".into()),
        parameters: vec![
            ("order".into(), Value::Text("536365".into())),
            ("skus".into(), Value::Texts(skus)),
        ],
        ..propose("review_request", "email")
    }
}

fn rules(criterion: &mut Criterion) {
    let trial = customer();
    let event = trial.event();
    let morning = Timing::Local {
        days: 6,
        minute: 600,
    };
    let night = Timing::After(Span::from_millis(36 * 3_600_000));
    for (name, proposal) in [
        ("boundary/permit", review(morning)),
        ("boundary/defer", review(night)),
        ("boundary/refuse", propose("win_back", "email")),
    ] {
        let proposals = [proposal];
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| {
                let case = trial.case(&event, Author::Fallback);
                boundary::judge(&case, &proposals, &mut Purse::of(&trial.spending))
            });
        });
    }
}

criterion_group!(benches, rules);
criterion_main!(benches);
