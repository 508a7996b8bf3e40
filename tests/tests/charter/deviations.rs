//! The only way to widen: one market, approved, and it ends.

use kairos::charter::table::Index;
use kairos::charter::{Automation, Charter, Frame, Hours, Market};
use kairos::clock::{Instant, Span};
use proptest::prelude::*;

use crate::{GIFTS, complaints, gifts, told};

const CAPS: &str = r#"what        = "actions.company_insight.caps"
is          = [{ at-most = 2, per = "14d" }]"#;

/// The complaint about another deviation of `nl`.
fn deviating(what: &str, is: &str) -> String {
    told(
        "charter.toml",
        CAPS,
        &format!("what = \"{what}\"\nis = {is}"),
    )
}

// C03: what deviates must exist, fit its kind, and be granted. C21: what data mean never deviates.
#[test]
fn deviations_from_nothing() {
    for data in [
        "fields.points.merge",
        "segments.big_spender.is",
        "windows.orders_90d.over",
    ] {
        assert!(
            deviating(data, "\"max\"").contains("cannot deviate"),
            "{data}"
        );
    }
    insta::assert_snapshot!(deviating("actions.company_insight.cap", "5"), @"charter.toml:400: deviations.what: `actions.company_insight.cap` cannot deviate: write `actions.<action>.<key>` with a key of `channels`, `delay`, `lapses`, `pending`, `caps`, `automation` and `reach`, or `actions.<action>.parameters.<parameter>.…`");
    insta::assert_snapshot!(deviating("actions.company_insight", "5"), @"charter.toml:400: deviations.what: `actions.company_insight` cannot deviate: write `actions.<action>.<key>` with a key of `channels`, `delay`, `lapses`, `pending`, `caps`, `automation` and `reach`, or `actions.<action>.parameters.<parameter>.…`");
    insta::assert_snapshot!(deviating("actions.company_insight.parameters.signals", "5"), @"charter.toml:400: deviations.what: `actions.company_insight.parameters.signals` cannot deviate: write `actions.<action>.parameters.<parameter>.<key>` with a key of `between`, `one-of`, `at-most` and `required`");
    insta::assert_snapshot!(deviating("actions.company_insight.parameters.signals.type", "\"text\""), @"charter.toml:400: deviations.what: `actions.company_insight.parameters.signals.type` cannot deviate: write `actions.<action>.parameters.<parameter>.<key>` with a key of `between`, `one-of`, `at-most` and `required`");
    insta::assert_snapshot!(deviating("actions.company_insight.delay.most", "\"1d\""), @"charter.toml:400: deviations.what: `actions.company_insight.delay.most` cannot deviate: write `actions.<action>.delay.<key>` with a key of `min` and `max`");
    insta::assert_snapshot!(deviating("channels.email.mode", "\"respond\""), @"charter.toml:400: deviations.what: `channels.email.mode` cannot deviate: write `channels.<channel>.<key>` with a key of `caps`, `hours` and `slots`");
    insta::assert_snapshot!(deviating("moments.company_warm.when", "\"true\""), @"charter.toml:400: deviations.what: is the same in every market: which moments a market has is its grant");
    insta::assert_snapshot!(deviating("purposes.sales.needs", "\"nothing\""), @"charter.toml:400: deviations.what: `purposes.sales.needs` cannot deviate: there are `actions.<action>.…`, `channels.<channel>.…` and `caps`");
    insta::assert_snapshot!(deviating("actions.company_insigt.caps", "[]"), @"charter.toml:400: deviations.what: `company_insigt` is not an action of this charter: did you mean `company_insight`?");
    insta::assert_snapshot!(deviating("channels.mail.caps", "[]"), @"charter.toml:400: deviations.what: `mail` is not a channel of this charter: did you mean `email`?");
    insta::assert_snapshot!(deviating("actions.cart_reminder.caps", "[]"), @"charter.toml:400: deviations.what: `cart_reminder` is not granted to this market: add it to `actions` of [markets.nl]");
    insta::assert_snapshot!(deviating("actions.company_insight.parameters.signal.between", "[0, 5]"), @"charter.toml:400: deviations.what: `signal` is not a parameter of this action: did you mean `signals`?");
    insta::assert_snapshot!(deviating("actions.company_insight.caps", "5"), @r#"charter.toml:401: deviations.is: is `5`: write a list such as `[{ at-most = 1, per = "3d" }]`"#);
    insta::assert_snapshot!(deviating("actions.company_insight.automation", "\"always\""), @"charter.toml:401: deviations.is: `always` is none of `auto`, `approval` and `never`");
    insta::assert_snapshot!(deviating("actions.company_insight.parameters.signals.between", "[5, 0]"), @"charter.toml:401: deviations.is: is empty: `5` is more than `0`");
    insta::assert_snapshot!(deviating("actions.company_insight.channels", "[\"email\", \"fax\"]"), @"charter.toml:401: deviations.is: `fax` is not a channel of this charter: there are `ads`, `email`, `sales` and `web`");
    insta::assert_snapshot!(deviating("actions.company_insight.delay", "{ min = \"2d\", max = \"1d\" }"), @"charter.toml:401: deviations.is: is at least `2d` and at most `1d`: nothing could ever act");
    insta::assert_snapshot!(deviating("channels.sales.hours", "\"always\""), @r#"charter.toml:401: deviations.is: is `always`: write a list such as `[{ days = "mon-sat", from = "08:00", to = "20:00" }]`"#);
}

// A24, C03: everybody who signs for a section has approved what deviates from it.
#[test]
fn deviations_that_nobody_answers_for() {
    let entry = |from: &str, to: &str| told("charter.toml", from, to);
    const APPROVED: &str = "approved-by = [\"commerce\", \"legal\"]\nexpires     = 2026-12-31";
    insta::assert_snapshot!(entry(APPROVED, "approved-by = [\"commerce\"]\nexpires = 2026-12-31"), @"charter.toml:403: deviations.approved-by: lacks `legal`: [approvals] names `commerce` and `legal` for `actions`");
    insta::assert_snapshot!(entry(APPROVED, "approved-by = [\"commerce\", \"legall\"]\nexpires = 2026-12-31"), @"
    charter.toml:403: deviations.approved-by: `legall` is not one of [people]: did you mean `legal`?
    charter.toml:403: deviations.approved-by: lacks `legal`: [approvals] names `commerce` and `legal` for `actions`
    ");
    insta::assert_snapshot!(entry(APPROVED, "approved-by = [\"commerce\", \"legal\"]"), @"charter.toml:398: deviations.expires: is missing: the last day on which it holds, such as `2026-12-31`");
    insta::assert_snapshot!(entry(APPROVED, "approved-by = [\"commerce\", \"legal\"]\nexpires = \"never\""), @"charter.toml:404: deviations.expires: is `never`: write a date such as `2027-05-31`, without quotes");
    insta::assert_snapshot!(entry("why         = \"trade fair\"\n", ""), @"charter.toml:398: deviations.why: is missing: say why this market may what others may not");
    insta::assert_snapshot!(entry("market      = \"nl\"", "market = \"be\""), @"charter.toml:399: deviations.market: `be` is not a market of this charter: did you mean `de`?");
    insta::assert_snapshot!(entry("market      = \"nl\"", "markets = [\"nl\"]"), @"
    charter.toml:398: deviations.market: is missing: one of [markets], such as `de`
    charter.toml:399: deviations.markets: is not a key of this table: did you mean `market`?
    ");
}

// C03: two deviations never say different things of the same.
#[test]
fn deviations_that_overlap() {
    insta::assert_snapshot!(deviating("actions.company_insight.reach", "70"), @"charter.toml:408: deviations.what: overlaps `actions.company_insight.reach` at charter.toml:400 for the same market: one deviation says all of it");
    let second = |what: &str, is: &str| {
        let mut files = gifts(
            "charter.toml",
            CAPS,
            &format!("what = \"{what}\"\nis = {is}"),
        );
        files[0].1 = files[0].1.replace(
            "what        = \"actions.company_insight.reach\"\nis          = 80",
            "what = \"actions.company_insight.delay.min\"\nis = \"5m\"",
        );
        complaints(&files)
    };
    insta::assert_snapshot!(second("actions.company_insight.delay", "{ max = \"1d\" }"), @"charter.toml:408: deviations.what: overlaps `actions.company_insight.delay` at charter.toml:400 for the same market: one deviation says all of it");
    assert_eq!(
        second("actions.company_insight.delay.max", "\"1d\""),
        "accepted"
    );
}

/// `nl` with a choice of its own, under the deviations of the charter.
fn nl(choice: &str) -> Vec<(String, String)> {
    gifts(
        "markets/nl.toml",
        "[fallback]",
        &format!("{choice}\n[fallback]"),
    )
}

fn insight(charter: &Charter, at: &str) -> (Option<u32>, u32) {
    let now = Instant::parse(at).unwrap();
    let market = charter.market(charter.names.markets["nl"], now);
    let frame = market
        .frame(charter.names.actions["company_insight"])
        .unwrap();
    (frame.reach, frame.caps[0].at_most)
}

// C03, C20: a choice within a deviation is narrowed with it when it ends, and the line it must keep is the deviation's.
#[test]
fn a_choice_within_a_deviation_ends_with_it() {
    let charter = Charter::compile(&nl("[actions.company_insight]\nreach = 70")).unwrap();
    assert_eq!(insight(&charter, "2026-11-01T00:00:00Z"), (Some(70), 2));
    assert_eq!(insight(&charter, "2026-12-01T00:00:00Z"), (Some(50), 2));
    assert_eq!(insight(&charter, "2027-01-01T00:00:00Z"), (Some(50), 1));
    insta::assert_snapshot!(complaints(&nl("[actions.company_insight]\nreach = 90")), @"markets/nl.toml:7: actions.company_insight.reach: `90` is wider than `80` in charter.toml:409: a market can only narrow");
    insta::assert_snapshot!(complaints(&nl("[actions.company_insight]\ncaps = [{ at-most = 3, per = \"14d\" }]")), @"markets/nl.toml:7: actions.company_insight.caps: `3 per 14d` is wider than `2 per 14d` in charter.toml:401: a market can only narrow");
}

/// [`GIFTS`] with the first deviation and the choice of `nl` as given.
fn with(what: &str, is: &str, choice: &str) -> Charter {
    let mut files = gifts(
        "charter.toml",
        CAPS,
        &format!("what = \"{what}\"\nis = {is}"),
    );
    files[3].1 = files[3]
        .1
        .replace("[fallback]", &format!("{choice}\n[fallback]"));
    Charter::compile(&files).unwrap_or_else(|complaints| panic!("{complaints}"))
}

// C03: where a market chose only what a deviation added, nothing is left when it ends.
#[test]
fn what_a_deviation_alone_allowed_is_off_when_it_ends() {
    let now = Instant::parse("2026-12-15T00:00:00Z").unwrap();
    let later = Instant::parse("2027-01-15T00:00:00Z").unwrap();
    let has = |charter: &Charter, at: Instant| {
        let market = charter.market(charter.names.markets["nl"], at);
        market
            .frame(charter.names.actions["company_insight"])
            .is_some()
    };
    for (what, is, choice) in [
        (
            "channels",
            "[\"sales\", \"email\"]",
            "channels = [\"email\"]",
        ),
        (
            "parameters.signals.between",
            "[1, 1000]",
            "parameters.signals.between = [1, 2]",
        ),
    ] {
        let choice = format!("[actions.company_insight]\n{choice}");
        let charter = with(&format!("actions.company_insight.{what}"), is, &choice);
        assert!(has(&charter, now) && !has(&charter, later), "{what}");
    }
    let hours = r#"[{ days = "sun", from = "20:00", to = "23:00" }]"#;
    let charter = with(
        "channels.email.hours",
        hours,
        &format!("[channels.email]\nhours = {hours}"),
    );
    let open = |at: Instant| {
        let market = charter.market(charter.names.markets["nl"], at);
        market.channels[usize::from(charter.names.channels["email"].number())]
            .hours
            .clone()
            .unwrap()
    };
    assert_eq!(open(now).days[6], [(1200, 1380)]);
    assert_eq!(open(later).days[6], [(1200, 1320)]);
}

fn is_open(hours: Option<&Hours>, day: usize, minute: u16) -> bool {
    hours.is_none_or(|hours| {
        hours.days[day]
            .iter()
            .any(|(from, to)| (*from..*to).contains(&minute))
    })
}

/// Whether the frame allows nothing that the other refuses.
fn is_within(inner: &Frame, outer: &Frame) -> bool {
    let at_most = |inner: Option<u64>, outer: Option<u64>| {
        outer.is_none_or(|outer| inner.is_some_and(|inner| inner <= outer))
    };
    let millis = |span: Option<Span>| span.map(Span::millis);
    inner
        .channels
        .iter()
        .all(|one| outer.channels.contains(one))
        && at_most(millis(inner.lapses), millis(outer.lapses))
        && inner.delay.min >= outer.delay.min
        && at_most(millis(inner.delay.max), millis(outer.delay.max))
        && inner.pending >= outer.pending
        && outer.caps.iter().all(|cap| inner.caps.contains(cap))
        && inner.automation >= outer.automation
        && at_most(inner.reach.map(u64::from), outer.reach.map(u64::from))
        && inner
            .parameters
            .iter()
            .zip(&outer.parameters)
            .all(|(inner, outer)| {
                let between = outer.between.is_none_or(|(low, high)| {
                    inner
                        .between
                        .is_some_and(|(lowest, highest)| lowest >= low && highest <= high)
                });
                let one_of = outer.one_of.is_empty()
                    || !inner.one_of.is_empty()
                        && inner.one_of.iter().all(|one| outer.one_of.contains(one));
                between
                    && one_of
                    && inner.at_most <= outer.at_most
                    && inner.required >= outer.required
                    && (outer.unless.is_none() || inner.unless == outer.unless)
            })
}

fn check_within(inner: &Market, outer: &Market) -> Result<(), TestCaseError> {
    for (inner, outer) in inner.frames.iter().zip(&outer.frames) {
        match (inner, outer) {
            (Some(inner), Some(outer)) => {
                prop_assert!(is_within(inner, outer), "{:?}\n{:?}", inner, outer)
            }
            (None, _) => {}
            (Some(_), None) => prop_assert!(false, "an action was added"),
        }
    }
    for (inner, outer) in inner.channels.iter().zip(&outer.channels) {
        prop_assert!(outer.caps.iter().all(|cap| inner.caps.contains(cap)));
        for (day, minute) in
            (0..7).flat_map(|day| (0..1440).step_by(15).map(move |minute| (day, minute)))
        {
            prop_assert!(
                !is_open(inner.hours.as_ref(), day, minute)
                    || is_open(outer.hours.as_ref(), day, minute)
            );
        }
    }
    prop_assert!(outer.caps.iter().all(|cap| inner.caps.contains(cap)));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    // C03, C20, C22, A24: whatever a market chose, and however far it may deviate: once the deviation has ended, the market is
    // within what the charter grants to everybody.
    #[test]
    fn after_its_deviations_a_market_is_within_the_charter(
        reach in 1_u32..200, chosen in 1_u32..200, low in 0_i64..20, length in 0_i64..2_000, from in 0_u16..23, hours in 1_u16..24,
    ) {
        let high = low + length;
        let to = (from + hours).min(24);
        let mut files = gifts("charter.toml", CAPS, "what = \"actions.company_insight.parameters.signals.between\"\nis = [0, 2020]");
        files[0].1 = files[0].1
            .replace("is          = 80", &format!("is = {reach}"))
            .replace("[kpis]", "[[deviations]]\nmarket = \"nl\"\nwhat = \"channels.email.hours\"\nis = [{ days = \"mon-sun\", from = \"00:00\", to = \"24:00\" }]\nwhy = \"fair\"\napproved-by = [\"commerce\", \"legal\"]\nexpires = 2026-10-01\n[kpis]");
        files[3].1 = files[3].1.replace("[fallback]", &format!(
            "[actions.company_insight]\nreach = {chosen}\nparameters.signals.between = [{low}, {high}]\n[channels.email]\nhours = [{{ days = \"sat\", from = \"{from:02}:00\", to = \"{to:02}:00\" }}]\n[fallback]"
        ));
        let Ok(charter) = Charter::compile(&files) else {
            prop_assert!(chosen > reach);
            return Ok(());
        };
        let nl = charter.names.markets["nl"];
        let mut plain = GIFTS.map(|(name, text)| (name.to_owned(), text.to_owned())).to_vec();
        let (grants, _) = plain[0].1.split_once("[[deviations]]").unwrap();
        plain[0].1 = grants.to_owned();
        let granted = Charter::compile(&plain[..1]).unwrap();
        let later = Instant::parse("2027-06-01T00:00:00Z").unwrap();
        check_within(charter.market(nl, later), granted.markets.at(nl))?;
        // And as they end, one after the other, it only becomes narrower.
        let ends = ["2026-09-01T00:00:00Z", "2026-11-01T00:00:00Z", "2026-12-15T00:00:00Z", "2027-06-01T00:00:00Z"];
        let eras = ends.map(|at| charter.market(nl, Instant::parse(at).unwrap()));
        if reach >= 50 {
            for pair in eras.windows(2) {
                check_within(pair[1], pair[0])?;
            }
        }
    }
}

// A28: a deviation may let something act by itself that waits for a person elsewhere.
#[test]
fn a_deviation_may_lift_an_approval() {
    let mut files = gifts(
        "charter.toml",
        CAPS,
        "what = \"actions.thank_you.automation\"\nis = \"auto\"",
    );
    files[0].1 = files[0]
        .1
        .replacen("market      = \"nl\"", "market = \"de\"", 1);
    let charter = Charter::compile(&files).unwrap_or_else(|complaints| panic!("{complaints}"));
    let de = charter.names.markets["de"];
    let automation = |at: &str| {
        let market = charter.market(de, Instant::parse(at).unwrap());
        market
            .frame(charter.names.actions["thank_you"])
            .unwrap()
            .automation
    };
    assert_eq!(automation("2026-12-01T00:00:00Z"), Automation::Auto);
    assert_eq!(automation("2027-12-01T00:00:00Z"), Automation::Approval);
}
