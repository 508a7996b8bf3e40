//! A market's file that would widen: refused, with its line and the line of charter.toml that it breaks.

use kairos::charter::Charter;

use crate::{complaints, gifts, told};

fn de(from: &str, to: &str) -> String {
    told("markets/de.toml", from, to)
}

/// Another line for `[actions.cart_reminder]` of `de`, in the place of its first.
fn reminder(line: &str) -> String {
    de(
        "parameters.discount.between = [0, 5]  # inside 0 to 10",
        line,
    )
}

// C20, C22, A33: every kind of bound, one by one.
#[test]
fn actions_that_would_be_wider() {
    insta::assert_snapshot!(reminder("parameters.discount.between = [0, 15]"), @"markets/de.toml:23: actions.cart_reminder.parameters.discount.between: 0 to 15 is wider than 0 to 10 in charter.toml:276: a market can only narrow");
    insta::assert_snapshot!(reminder("parameters.discount.unless = \"bought\""), @"markets/de.toml:23: actions.cart_reminder.parameters.discount.unless: looks up what a text names, and this is of type `integer`");
    insta::assert_snapshot!(reminder("parameters.discounts.between = [0, 5]"), @"markets/de.toml:23: actions.cart_reminder.parameters.discounts: `discounts` is not a parameter of `cart_reminder`: did you mean `discount`?");
    insta::assert_snapshot!(reminder("parameters.skus.required = false"), @"markets/de.toml:23: actions.cart_reminder.parameters.skus.required: optional is wider than required in charter.toml:276: a market can only narrow");
    insta::assert_snapshot!(reminder("channels = [\"email\", \"sales\"]"), @"markets/de.toml:23: actions.cart_reminder.channels: `sales` is not among the channels of charter.toml:274: a market can only narrow");
    insta::assert_snapshot!(reminder("channels = []"), @"markets/de.toml:23: actions.cart_reminder.channels: is empty: name at least one channel, or leave it out");
    insta::assert_snapshot!(reminder("cancel-on = []"), @"markets/de.toml:23: actions.cart_reminder.cancel-on: is decided by charter.toml alone: there may be `channels`, `delay`, `lapses`, `pending`, `caps`, `automation`, `reach` and `parameters`");
    insta::assert_snapshot!(de("parameters.skus.at-most     = 2", "parameters.skus.at-most = 4"), @"markets/de.toml:24: actions.cart_reminder.parameters.skus.at-most: `4` is wider than `3` in charter.toml:276: a market can only narrow");
    insta::assert_snapshot!(de(r#"lapses                      = "1d""#, r#"lapses = "37h""#), @"markets/de.toml:27: actions.cart_reminder.lapses: `37h` is wider than `36h` in charter.toml:278: a market can only narrow");
    insta::assert_snapshot!(de(r#"delay.max                   = "2d""#, r#"delay.max = "4d""#), @"markets/de.toml:28: actions.cart_reminder.delay.max: `4d` is wider than `3d` in charter.toml:277: a market can only narrow");
    insta::assert_snapshot!(de(r#"delay.max                   = "2d""#, r#"delay.max = "1h""#), @"markets/de.toml:28: actions.cart_reminder.delay: is at least `75m` and at most `1h`: nothing could ever act");
    insta::assert_snapshot!(de(r#"pending                     = "keep""#, r#"pending = "both""#), @"markets/de.toml:29: actions.cart_reminder.pending: `both` is wider than `replace` in charter.toml:279: a market can only narrow");
    insta::assert_snapshot!(de("reach                       = 1000", "reach = 6000"), @"markets/de.toml:26: actions.cart_reminder.reach: `6000` is wider than `5000` in charter.toml:284: a market can only narrow");
    insta::assert_snapshot!(de(r#"{ at-most = 1, per = "7d" }"#, r#"{ at-most = 2, per = "3d" }"#), @"markets/de.toml:31: actions.cart_reminder.caps: `2 per 3d` is wider than `1 per 3d` in charter.toml:282: a market can only narrow");
    insta::assert_snapshot!(de(r#"{ at-most = 1, per = "7d" }"#, r#"{ at-most = 1, per = "1d", counts = ["marketing"] }"#), @"markets/de.toml:31: actions.cart_reminder.caps: `1 per 1d of marketing` is wider than `1 per 3d` in charter.toml:282: a market can only narrow");
    insta::assert_snapshot!(de(r#"caps                        = [{ at-most = 1, per = "7d" }]"#, "caps = []"), @"markets/de.toml:31: actions.cart_reminder.caps: is empty: the caps of charter.toml go on holding, so leave it out");
    insta::assert_snapshot!(de("[actions.cart_reminder]", "[actions.thank_you]\nautomation = \"auto\"\n[actions.cart_reminder]"), @"markets/de.toml:23: actions.thank_you.automation: `auto` is wider than `approval` in charter.toml:293: a market can only narrow");
    insta::assert_snapshot!(de("[actions.cart_reminder]", "[actions.thank_you]\nparameters.present.one-of = [\"car\", \"card\"]\n[actions.cart_reminder]"), @"markets/de.toml:23: actions.thank_you.parameters.present.one-of: `car` and `card` is wider than `none`, `card` and `mug` in charter.toml:292: a market can only narrow");
    insta::assert_snapshot!(de("[actions.cart_reminder]", "[actions.loyalty_banner]\ndelay.min = \"1m\"\n[actions.cart_reminder]"), @"markets/de.toml:23: actions.loyalty_banner.delay: is at least `1m`, and `web` answers at once");
    insta::assert_snapshot!(de("[actions.cart_reminder]", "[actions.company_insight]\nreach = 5\n[actions.cart_reminder]"), @"markets/de.toml:22: actions.company_insight: `company_insight` is not granted to this market by charter.toml:369");
    // From one in three days, two in thirty is another question, and both hold.
    assert_eq!(
        de(
            r#"{ at-most = 1, per = "7d" }"#,
            r#"{ at-most = 2, per = "30d" }"#
        ),
        "accepted"
    );
    // Without the charter's earliest delay, none is wider.
    let mut files = gifts(
        "charter.toml",
        r#"delay      = { min = "0s", max = "3d" }"#,
        r#"delay = { min = "2h", max = "3d" }"#,
    );
    insta::assert_snapshot!(complaints(&files), @"markets/de.toml:30: actions.cart_reminder.delay.min: `75m` is wider than `2h` in charter.toml:277: a market can only narrow");
    files[1].1 = files[1].1.replace(
        r#"delay.min                   = "75m""#,
        r#"delay.min = "2h""#,
    );
    assert_eq!(complaints(&files), "accepted");
}

// A30, A33, A36, A44: what a market chooses for all of its actions.
#[test]
fn whole_markets_that_would_be_wider() {
    insta::assert_snapshot!(de(r#"languages = ["de"]"#, r#"languages = ["de", "tr"]"#), @"markets/de.toml:7: languages: `de` and `tr` is wider than `de` and `en` in charter.toml:364: a market can only narrow");
    insta::assert_snapshot!(de(r#"languages = ["de"]"#, "languages = []"), @"markets/de.toml:7: languages: names no language: write at least one, or leave it out");
    insta::assert_snapshot!(de(r#"moments   = ["page_viewed", "cart_left"]"#, r#"moments = ["page_viewed", "company_warm"]"#), @"
    markets/de.toml:8: moments: `company_warm` is not granted to this market by charter.toml:368
    markets/de.toml:50: fallback.cart_left: `cart_left` is none of this market's moments: it is never asked there
    ");
    insta::assert_snapshot!(de(r#"moments   = ["page_viewed", "cart_left"]"#, r#"moments = ["page_viewed"]"#), @"markets/de.toml:50: fallback.cart_left: `cart_left` is none of this market's moments: it is never asked there");
    insta::assert_snapshot!(de(r#"caps      = [{ at-most = 3, per = "7d" }]"#, r#"caps = [{ at-most = 5, per = "7d", counts = ["ads"] }]"#), @"markets/de.toml:9: caps: `5 per 7d of ads` is wider than `4 per 7d of marketing, ads` in charter.toml:9: a market can only narrow");
    insta::assert_snapshot!(de(r#"holidays  = ["DE-BE"]"#, r#"holidays = ["DE-BY"]"#), @"markets/de.toml:10: holidays: `DE-BY` is not a calendar of this charter: did you mean `DE-BE`?");
    insta::assert_snapshot!(de("limits    = { fuel = 1_000_000, local-fields = 2 }", "limits = { fuel = 3_000_000, time = \"6ms\", memory = \"3MiB\", violations = 21, real-time-moments = 6, local-fields = 11 }"), @"
    markets/de.toml:12: limits.fuel: `3000000` is wider than `2000000` in charter.toml:370: a market can only narrow
    markets/de.toml:12: limits.time: `6ms` is wider than `5ms` in charter.toml:370: a market can only narrow
    markets/de.toml:12: limits.memory: `3MiB` is wider than `2MiB` in charter.toml:370: a market can only narrow
    markets/de.toml:12: limits.violations: `21` is wider than `20` in charter.toml:370: a market can only narrow
    markets/de.toml:12: limits.real-time-moments: `6` is wider than `5` in charter.toml:370: a market can only narrow
    markets/de.toml:12: limits.local-fields: `11` is wider than `10` in charter.toml:370: a market can only narrow
    ");
    insta::assert_snapshot!(de("local-fields = 2", "local-fields = 0"), @r#"markets/de.toml:33: fields."de.gift_wrap": is one field too many: markets/de.toml:12 grants 0"#);
    insta::assert_snapshot!(de("fuel = 1_000_000", "real-time-moments = 0"), @"markets/de.toml:12: limits.real-time-moments: is 0, and the market's moments of mode `respond` are 1");
    insta::assert_snapshot!(de("actions-per-day = 20_000", "actions-per-minute = 601, actions-per-day = 50_001, spend-per-day = 100_001"), @"
    markets/de.toml:13: budget.actions-per-minute: `601` is wider than `600` in charter.toml:371: a market can only narrow
    markets/de.toml:13: budget.actions-per-day: `50001` is wider than `50000` in charter.toml:371: a market can only narrow
    markets/de.toml:13: budget.spend-per-day: `100001` is wider than `100000` in charter.toml:371: a market can only narrow
    ");
    insta::assert_snapshot!(told("markets/fr.toml", "[settings]", "[actions]\ncompany_insight.reach = 3\n[settings]"), @"markets/fr.toml:10: actions.company_insight: `company_insight` is not granted to this market by charter.toml:382");
    assert_eq!(
        told(
            "markets/fr.toml",
            "[settings]",
            "[budget]\nspend-per-day = 5\n[settings]"
        ),
        "accepted"
    );
}

// C22: a market may ask for more consent than the law and the charter do, never for less.
#[test]
fn consent_that_would_be_looser() {
    let needs = |needs: &str| {
        de(
            r#"needs     = { marketing = "confirmed", sales = "granted" }"#,
            &format!("needs = {needs}"),
        )
    };
    insta::assert_snapshot!(needs(r#"{ marketing = "soft" }"#), @"markets/de.toml:11: needs.marketing: `soft` is wider than `confirmed` in charter.toml:342: a market can only narrow");
    insta::assert_snapshot!(needs(r#"{ service = "granted" }"#), @"markets/de.toml:11: needs.service: is of a purpose of basis `contract`: what was ordered needs no consent");
    insta::assert_snapshot!(needs(r#"{ selling = "granted" }"#), @"markets/de.toml:11: needs.selling: `selling` is not a purpose of charter.toml: there are `marketing`, `profiling`, `sales` and `service`");
    insta::assert_snapshot!(needs(r#"{ marketing = "double" }"#), @"markets/de.toml:11: needs.marketing: `double` is none of `nothing`, `soft`, `granted`, `confirmed` and `never`");
    assert_eq!(
        needs(r#"{ marketing = "never", profiling = "confirmed", sales = "nothing" }"#),
        "accepted"
    );
    // In France the law asks for less than the charter would, and the market for no less than the law.
    let fr = |needs: &str| {
        told(
            "markets/fr.toml",
            "[settings]",
            &format!("[needs]\nmarketing = \"{needs}\"\n[settings]"),
        )
    };
    insta::assert_snapshot!(fr("soft"), @"markets/fr.toml:10: needs.marketing: `soft` is wider than `granted` in charter.toml:354: a market can only narrow");
    assert_eq!(fr("granted"), "accepted");
}

// A33, D17: hours and slots of a channel.
#[test]
fn channels_that_would_be_wider() {
    let hours = |hours: &str| {
        de(
            r#"hours = [{ days = "mon-sat", from = "08:00", to = "20:00" }]"#,
            &format!("hours = [{hours}]"),
        )
    };
    insta::assert_snapshot!(hours(r#"{ days = "mon-sat", from = "08:00", to = "22:30" }"#), @"markets/de.toml:20: channels.email.hours: `mon 08:00-22:30` is wider than `mon 07:00-22:00` in charter.toml:255: a market can only narrow");
    insta::assert_snapshot!(hours(r#"{ days = "mon-sat", from = "08:00", to = "20:00" }, { days = "sun", from = "06:00", to = "09:00" }, { days = "sun", from = "10:00", to = "11:00" }"#), @"markets/de.toml:20: channels.email.hours: `sun 06:00-09:00 and 10:00-11:00` is wider than `sun 07:00-22:00` in charter.toml:255: a market can only narrow");
    insta::assert_snapshot!(hours(""), @"markets/de.toml:20: channels.email.hours: is empty, so it would never be open: leave it out for always");
    assert_eq!(
        hours(r#"{ days = "sun", from = "07:00", to = "22:00" }"#),
        "accepted"
    );
    insta::assert_snapshot!(de(r#"slots = ["top"]"#, r#"slots = ["top", "pop-up"]"#), @"markets/de.toml:16: channels.web.slots: `top` and `pop-up` is wider than `top` and `side` in charter.toml:254: a market can only narrow");
    insta::assert_snapshot!(de(r#"slots = ["top"]"#, r#"hours = [{ days = "sun", from = "07:00", to = "22:00" }]"#), @"markets/de.toml:16: channels.web.hours: are for `inspire`: somebody waits for a response, whatever the hour");
    insta::assert_snapshot!(de("[channels.email]\n", "[channels.email]\nslots = [\"header\"]\n"), @"markets/de.toml:19: channels.email.slots: names slots, and `email` has none of its own to choose from");
    insta::assert_snapshot!(de(r#"caps  = [{ at-most = 2, per = "7d", counts = ["marketing"] }]"#, r#"caps = [{ at-most = 3, per = "6d", counts = ["marketing"] }]"#), @"markets/de.toml:19: channels.email.caps: `3 per 6d of marketing` is wider than `3 per 7d of marketing` in charter.toml:255: a market can only narrow");
    insta::assert_snapshot!(de("[channels.web]", "[channels.sms]\n[channels.web]"), @"markets/de.toml:15: channels.sms: `sms` is not a channel of charter.toml: there are `ads`, `email`, `sales` and `web`");
    insta::assert_snapshot!(de("[channels.web]", "[channels.sales]\nclass = \"assisted\"\n[channels.web]"), @"markets/de.toml:16: channels.sales.class: is decided by charter.toml alone: there may be `caps`, `hours` and `slots`");
}

// A33: a market may leave out moments and actions that it is granted.
#[test]
fn a_market_takes_less_than_it_is_granted() {
    let files = gifts("markets/fr.toml", "[settings]", "[settings]").into_iter().map(|(name, text)| {
        let text = match name.as_str() {
            "markets/fr.toml" => text.replace("[channels.email]", "moments = [\"page_viewed\"]\nactions = [\"loyalty_banner\"]\n[channels.email]").replace("cart_left   = \"hold\"\n", ""),
            _ => text,
        };
        (name, text)
    });
    let charter = Charter::compile(&files.collect::<Vec<_>>())
        .unwrap_or_else(|complaints| panic!("{complaints}"));
    let fr = charter.markets.at(charter.names.markets["fr"]);
    assert_eq!(fr.moments, [charter.names.moments["page_viewed"]]);
    assert!(fr.frame(charter.names.actions["loyalty_banner"]).is_some());
    assert!(fr.frame(charter.names.actions["cart_reminder"]).is_none());
    insta::assert_snapshot!(told("markets/fr.toml", "[channels.email]", "actions = [\"loyalty_banner\", \"company_insight\", \"nothing\"]\n[channels.email]"), @"
    markets/fr.toml:6: actions: `company_insight` is not granted to this market by charter.toml:382
    markets/fr.toml:6: actions: `nothing` is not an action of this charter: there are `cart_reminder`, `company_insight`, `loyalty_banner`, `order_confirmation` and `thank_you`
    ");
}

// Where charter.toml does not say when an action lapses, a day holds; a market can only make it shorter.
#[test]
fn a_lapse_beyond_the_default_is_wider() {
    let thank_you = |lapses: &str| {
        let table = format!("[actions.thank_you]\nlapses = \"{lapses}\"\n[actions.cart_reminder]");
        de("[actions.cart_reminder]", &table)
    };
    insta::assert_snapshot!(thank_you("30d"), @"markets/de.toml:23: actions.thank_you.lapses: `30d` is wider than the default of `1d` in charter.toml:287: a market can only narrow");
    assert_eq!(thank_you("1d"), "accepted");
    assert_eq!(thank_you("2h"), "accepted");
}

#[test]
fn a_market_has_one_choice_in_one_file() {
    let mut files = gifts("charter.toml", "", "");
    let (_, de) = files[1].clone();
    files.push(("markets/de.toml.toml".to_owned(), de.clone()));
    insta::assert_snapshot!(complaints(&files), @"markets/de.toml.toml:3: market: is `de`, and the file is that of `de.toml`: they must be the same");
    files.pop();
    files.push(("markets/de.toml".to_owned(), de));
    insta::assert_snapshot!(complaints(&files), @"markets/de.toml:3: market: `de` has a choice already: a market has one, in one file");
}
