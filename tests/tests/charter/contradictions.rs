//! Rules of charter.toml that contradict each other, or could never hold.

use crate::{complaints, gifts, told};

fn central(from: &str, to: &str) -> String {
    told("charter.toml", from, to)
}

const KEY: &str =
    r#", key = "ed25519:0202020202020202020202020202020202020202020202020202020202020202" }"#;

// A24, A27: who signs can sign.
#[test]
fn approvals_of_people_who_cannot_sign() {
    insta::assert_snapshot!(central(r#"fields    = ["data"]"#, r#"fields = ["service"]"#), @r#"charter.toml:23: approvals.fields: `service` has no key to sign with: write `service = { mail = "service@gifts.example", key = "ed25519:…" }` in [people]"#);
    insta::assert_snapshot!(central(r#"fields    = ["data"]"#, r#"fields = ["dat"]"#), @"charter.toml:23: approvals.fields: `dat` is not one of [people]: did you mean `data`?");
    insta::assert_snapshot!(central(r#"fields    = ["data"]"#, r#"feilds = ["data"]"#), @"charter.toml:23: approvals.feilds: `feilds` is not a section of the charter: did you mean `fields`?");
    insta::assert_snapshot!(central(r#"fields    = ["data"]"#, r#"fields = []"#), @"charter.toml:23: approvals.fields: is empty: name who must sign, or leave it out");
    insta::assert_snapshot!(central(KEY, r#", key = "ed25519:02" }"#), @"charter.toml:17: people.legal.key: is `ed25519:02`: write an Ed25519 public key as `ed25519:` and 64 hexadecimal digits");
    insta::assert_snapshot!(central(KEY, r#", key = "rsa:02" }"#), @"charter.toml:17: people.legal.key: is `rsa:02`: write an Ed25519 public key as `ed25519:` and 64 hexadecimal digits");
    insta::assert_snapshot!(central(r#"legal    = { mail = "legal@gifts.example""#, r#"legal = { mail = "legal""#), @"charter.toml:17: people.legal.mail: `legal` is not a mail address");
    insta::assert_snapshot!(central(r#"legal    = { mail = "legal@gifts.example""#, r#"legal = { post = "legal""#), @"
    charter.toml:17: people.legal.post: is not a key of this table: there may be `mail` and `key`
    charter.toml:17: people.legal.mail: is missing: a mail address
    ");
}

// C01, C11, A14: fields and data that could not be filled, or must not be.
#[test]
fn fields_and_data_that_contradict_themselves() {
    insta::assert_snapshot!(central(r#"sensitivity = "special""#, r#"sensitivity = "secret""#), @"charter.toml:104: fields.allergies.sensitivity: `secret` is none of `ordinary`, `personal` and `special`");
    insta::assert_snapshot!(central(r#"purpose = "profiling", sensitivity = "special""#, r#"purpose = "service", sensitivity = "special""#), @"charter.toml:104: fields.allergies.sensitivity: is `special`, which rests on consent alone: `service` is not a purpose of basis `opt-in`");
    insta::assert_snapshot!(central(r#"writers = ["shop", "crm"]"#, r#"writers = ["shop"], leading-source = ["crm"]"#), @"charter.toml:103: fields.newsletter.leading-source: `crm` leads, and is none of the `writers`: name it there too");
    insta::assert_snapshot!(central(r#"writers = ["shop", "crm"]"#, r#"writers = ["web"]"#), @"charter.toml:103: fields.newsletter.writers: `web` is not a source of this charter: there are `callcentre`, `crm` and `shop`");
    insta::assert_snapshot!(central(r#"W = "weekly""#, r#"W = "monthly""#), @r#"charter.toml:184: events."customer.changed".data.newsletter.maps.W: `monthly` is none of `none`, `weekly` and `daily`"#);
    insta::assert_snapshot!(central(r#"W = "weekly""#, r#"daily = "weekly""#), @r#"charter.toml:184: events."customer.changed".data.newsletter.maps.daily: `daily` is one of the values itself"#);
    insta::assert_snapshot!(central(r#"one-of = ["none", "weekly", "daily"], maps"#, "maps"), @r#"charter.toml:184: events."customer.changed".data.newsletter.maps: maps to the values of `one-of`, and there are none: name them"#);
    insta::assert_snapshot!(central(r#"points    = { type = "integer""#, r#"points = { type = "integer", one-of = ["1"]"#), @"charter.toml:102: fields.points.one-of: lists texts, and this is of type `integer`: use `between` for amounts");
    insta::assert_snapshot!(central("review-by = 2026-12-31", r#"review-by = "soon""#), @"charter.toml:103: fields.newsletter.review-by: is `soon`: write a date such as `2027-05-31`, without quotes");
    insta::assert_snapshot!(central(r#"needs     = "profiling""#, r#"needs = "profilling""#), @"charter.toml:59: identities.visitor.needs: `profilling` is not a purpose of this charter: did you mean `profiling`?");
}

// A34: what the host makes, nobody sends.
#[test]
fn the_hosts_own_events_are_not_sent_and_not_defined() {
    insta::assert_snapshot!(central(r#"may-send  = ["customer.changed"]"#, r#"may-send = ["customer.changed", "segment.entered", "silence.elapsed", "action.approved"]"#), @"
    charter.toml:43: sources.crm.may-send: `segment.entered` is made by the host: no source sends it
    charter.toml:43: sources.crm.may-send: `silence.elapsed` is made by the host: no source sends it
    charter.toml:43: sources.crm.may-send: `action.approved` is made by the host: no source sends it
    ");
    insta::assert_snapshot!(central("[sources.crm]", "[sources.kairos]\nmeaning = \"me\"\n[sources.crm]"), @"charter.toml:41: sources.kairos: `kairos` is the host itself: no source of a charter is called so");
    insta::assert_snapshot!(central(r#"[events."cart.updated"]"#, "[events.\"stage.entered\"]\n[events.\"cart.updated\"]"), @r#"charter.toml:145: events."stage.entered": is built in, and made by the host: leave it out, and name it where it is of use"#);
    insta::assert_snapshot!(central(r#"add = { "order.placed" = "data.skus" }"#, r#"add = { "segment.entered" = "data.segment" }"#), @r#"charter.toml:116: items.bought.add."segment.entered": `segment.entered` is built in, and none of its data names items"#);
    assert_eq!(
        central(
            r#"count = ["order.placed"]"#,
            r#"count = ["order.placed", "segment.entered"]"#
        ),
        "accepted"
    );
}

// A04, A44, B08: a moment is on an event or after a silence, and nobody waits for a silence.
#[test]
fn moments_that_could_never_come() {
    insta::assert_snapshot!(central(r#"silence    = "45m""#, "silence = \"45m\"\non = \"cart.updated\""), @"charter.toml:202: moments.cart_left.on: contradicts `silence`: a moment is on an event, or after a silence");
    insta::assert_snapshot!(central("after      = [\"cart.updated\"]\n", ""), @"charter.toml:200: moments.cart_left.after: is missing: the events after which it counts");
    insta::assert_snapshot!(central(r#"after      = ["cart.updated"]"#, "after = []"), @"charter.toml:202: moments.cart_left.after: is empty: name the events after which it must be silent");
    insta::assert_snapshot!(central(r#"unless     = ["order.placed"]"#, r#"unless = ["order.placed", "cart.updated"]"#), @"charter.toml:203: moments.cart_left.unless: `cart.updated` starts the silence anew and ends it: name it in `after` or in `unless`");
    insta::assert_snapshot!(central(r#"after      = ["cart.updated"]"#, r#"after = ["silence.elapsed"]"#), @"charter.toml:202: moments.cart_left.after: is `silence.elapsed`: a silence does not break a silence");
    insta::assert_snapshot!(central("silence    = \"45m\" ", "on = \"cart.updated\" "), @"
    charter.toml:202: moments.cart_left.after: belongs to `silence`, which says how long nothing must have come
    charter.toml:203: moments.cart_left.unless: belongs to `silence`, which says how long nothing must have come
    ");
    insta::assert_snapshot!(central(r#"on         = "segment.entered""#, r#"on = "silence.elapsed""#), @"charter.toml:213: moments.big_spender.on: is `silence.elapsed`, which is there for silences: write `silence` and `after` instead");
    insta::assert_snapshot!(central("silence    = \"45m\" ", "silence = \"soon\" "), @"charter.toml:201: moments.cart_left.silence: is `soon`: write a duration such as `90d`, `45m` or `5ms`");
    insta::assert_snapshot!(central("when       = \"cart_skus != []\"\nmode       = \"inspire\"", "when = \"cart_skus != []\"\nmode = \"respond\""), @"charter.toml:205: moments.cart_left.mode: is `respond`, and after a silence nobody waits: `inspire`");
    insta::assert_snapshot!(central(r#"when       = "data.segment == 'big_spender'""#, r#"when = "data.segmant == 'big_spender'""#), @"charter.toml:214: moments.big_spender.when: `segmant` is not declared in the data of `segment.entered`: did you mean `segment`?");
    insta::assert_snapshot!(central(r#"requires   = ["language", "country"]"#, r#"requires = ["langage", "spend_365d"]"#), @"
    charter.toml:215: moments.big_spender.requires: `langage` is not a field of this charter: did you mean `language`?
    charter.toml:215: moments.big_spender.requires: `spend_365d` is not a field of this charter
    ");
    insta::assert_snapshot!(central("real-time-moments = 5", "real-time-moments = 0"), @"charter.toml:370: markets.de.limits.real-time-moments: is 0, and the market's moments of mode `respond` are 1");
}

// A21: caps that could not be counted.
#[test]
fn caps_beyond_what_is_remembered() {
    let caps = |caps: &str| {
        central(
            r#"caps       = [{ at-most = 1, per = "3d" }]"#,
            &format!("caps = {caps}"),
        )
    };
    insta::assert_snapshot!(caps(r#"[{ at-most = 33, per = "3d" }]"#), @"charter.toml:282: actions.cart_reminder.caps.at-most: is `33`: write a whole number from 1 to 32");
    insta::assert_snapshot!(caps(r#"[{ at-most = 0, per = "3d" }]"#), @"charter.toml:282: actions.cart_reminder.caps.at-most: is `0`: write a whole number from 1 to 32");
    insta::assert_snapshot!(caps(r#"[{ at-most = 1, per = "367d" }]"#), @"charter.toml:282: actions.cart_reminder.caps.per: is `367d`: contacts are remembered for at most `366d`");
    insta::assert_snapshot!(caps(r#"[{ at-most = 1 }]"#), @"charter.toml:282: actions.cart_reminder.caps.per: is missing: a duration such as `7d`; whole days are the customer's own");
    insta::assert_snapshot!(caps(r#"[{ at-most = 1, per = "3d", counts = ["mail"] }]"#), @"charter.toml:282: actions.cart_reminder.caps.counts: `mail` is none of `transactional`, `service`, `insight`, `marketing` and `ads`");
    insta::assert_snapshot!(caps(r#"[{ at-most = 1, per = "3d", counts = [] }]"#), @"charter.toml:282: actions.cart_reminder.caps.counts: is empty: name the classes, such as `marketing`");
    insta::assert_snapshot!(caps(r#"{ at-most = 1, per = "3d" }"#), @r#"charter.toml:282: actions.cart_reminder.caps: is a table: write a list such as `[{ at-most = 1, per = "3d" }]`"#);
    insta::assert_snapshot!(caps(&format!("[{}]", vec![r#"{ at-most = 1, per = "3d" }"#; 17].join(", "))), @"charter.toml:282: actions.cart_reminder.caps: is one cap too many: at most 16");
}

// D17: hours that nobody can read, or that never open.
#[test]
fn hours_that_contradict_themselves() {
    let hours = |hours: &str| {
        central(
            r#"hours = [{ days = "mon-sun", from = "07:00", to = "22:00" }]"#,
            &format!("hours = {hours}"),
        )
    };
    insta::assert_snapshot!(hours("[]"), @"charter.toml:255: channels.email.hours: is empty, so it would never be open: leave it out for always");
    insta::assert_snapshot!(hours(r#""09:00-17:00""#), @r#"charter.toml:255: channels.email.hours: is `09:00-17:00`: write a list such as `[{ days = "mon-sat", from = "08:00", to = "20:00" }]`"#);
    insta::assert_snapshot!(hours(r#"[{ days = "mon-fri", from = "08:00", to = "20:00" }, { days = "fri,sat", from = "19:30", to = "21:00" }]"#), @"charter.toml:255: channels.email.hours: overlaps on fri: 08:00-20:00 and 19:30-21:00");
    insta::assert_snapshot!(hours(r#"[{ days = "mon-fri", from = "20:00", to = "08:00" }]"#), @"charter.toml:255: channels.email.hours.to: is not after 20:00: what goes past midnight is written as two entries, to `24:00` and from `00:00`");
    insta::assert_snapshot!(hours(r#"[{ days = "mon-fri", from = "8:00", to = "25:00" }]"#), @"
    charter.toml:255: channels.email.hours.from: is `8:00`: write a time from `00:00` to `23:59`
    charter.toml:255: channels.email.hours.to: is `25:00`: write a time from `00:00` to `24:00`
    ");
    insta::assert_snapshot!(hours(r#"[{ days = "mon-fri", from = "24:00", to = "24:00" }]"#), @"charter.toml:255: channels.email.hours.from: is `24:00`: write a time from `00:00` to `23:59`");
    insta::assert_snapshot!(hours(r#"[{ days = "monday", from = "08:00", to = "20:00" }]"#), @"charter.toml:255: channels.email.hours.days: is `monday`: write days such as `mon-fri`, `mon,wed` or `sat`");
    insta::assert_snapshot!(hours(r#"[{ days = "fri-mon", from = "08:00", to = "20:00" }]"#), @"charter.toml:255: channels.email.hours.days: `fri-mon` goes past sunday: a week begins on monday, so write two parts such as `fri-sun,mon`");
    insta::assert_snapshot!(hours(r#"[{ days = "mon,mon-tue", from = "08:00", to = "20:00" }]"#), @"charter.toml:255: channels.email.hours.days: names mon twice");
    insta::assert_snapshot!(hours(r#"[{ days = "mon-fri", from = "08:00" }]"#), @"charter.toml:255: channels.email.hours.to: is missing");
    insta::assert_snapshot!(central(r#"slots = ["top", "side"]"#, r#"hours = [{ days = "sat", from = "08:00", to = "24:00" }]"#), @"
    charter.toml:254: channels.web.hours: are for `inspire`: somebody waits for a response, whatever the hour
    markets/de.toml:16: channels.web.slots: names slots, and `web` has none of its own to choose from
    ");
}

// A33: a law without its source is hearsay.
#[test]
fn laws_and_calendars_that_cannot_be_checked() {
    insta::assert_snapshot!(central(r#"kind = "law", source = "FTSA", review-by = 2026-11-30"#, r#"kind = "rule""#), @"
    charter.toml:351: laws.US-FL.marketing.email.kind: `rule` is none of `law`, `code` and `custom`
    charter.toml:351: laws.US-FL.marketing.email.source: is missing: where it is written
    charter.toml:351: laws.US-FL.marketing.email.review-by: is missing: the date by which somebody must look at it again, such as `2027-03-31`
    ");
    insta::assert_snapshot!(central(r#"valid = "548d", hours = [{ days = "mon-sat", from = "08:00", to = "20:00" }, { days = "sun", from = "12:00", to = "18:00" }], "#, ""), @"charter.toml:351: laws.US-FL.marketing.email: asks for nothing: write at least one of `needs`, `valid` and `hours`");
    insta::assert_snapshot!(central("marketing.all   = {", "marketing = {"), @r#"charter.toml:346: laws.US.marketing: does not say for which channel: write one of [channels] or `all`, such as `marketing.email = { needs = "granted", … }`"#);
    insta::assert_snapshot!(central("marketing.all   = {", "marketing.fax = {"), @"charter.toml:346: laws.US.marketing.fax: `fax` is not a channel of this charter: there are `ads`, `all`, `email`, `sales` and `web`");
    insta::assert_snapshot!(central("marketing.all   = {", "service.all = {"), @"charter.toml:346: laws.US.service: is a purpose of basis `contract`: what was ordered needs no consent and waits for no hours");
    insta::assert_snapshot!(central("marketing.all   = {", "marketting.all = {"), @"charter.toml:346: laws.US.marketting: `marketting` is not a purpose of this charter: did you mean `marketing`?");
    insta::assert_snapshot!(central("[laws.US-FL]", "[laws.Florida]"), @"charter.toml:350: laws.Florida: `Florida` is not a name for a law: write a country or a region, such as `DE` or `US-FL`");
    insta::assert_snapshot!(central(r#"{ calendar = "US""#, r#"{ calendar = "UK""#), @"charter.toml:347: laws.US.holidays.calendar: `UK` is not a calendar of this charter: did you mean `US`?");
    insta::assert_snapshot!(central(r#"purposes = ["profiling", "marketing"]"#, r#"purposes = ["service"]"#), @"charter.toml:348: laws.US.gpc.purposes: `service` is a purpose of basis `contract`: nothing withdraws it");
    insta::assert_snapshot!(central(r#"purposes = ["profiling", "marketing"]"#, "purposes = []"), @"charter.toml:348: laws.US.gpc.purposes: is empty: name the purposes that `Sec-GPC: 1` withdraws");
    insta::assert_snapshot!(central("[purposes.sales]", "[purposes.gpc]\nmeaning = \"x\"\nbasis = \"opt-in\"\nowner = \"legal\"\n[purposes.sales]"), @"charter.toml:90: purposes.gpc: `gpc` is a word of [laws]: choose another name");
    let days = |day: &str| central(r#"["03-08", "2028-06-17"]"#, day);
    for wrong in [
        "02-30",
        "13-01",
        "1-1",
        "easter39",
        "easter+99",
        "0th mon 05",
        "6th mon 05",
        "4th thursday 11",
        "last mon 13",
        "2026-02-29",
    ] {
        let told = days(&format!("[\"{wrong}\"]"));
        let said = format!("calendars.DE-BE.days: is `{wrong}`: write a day such as `12-25`, ");
        assert!(told.contains(&said), "{told}");
    }
    insta::assert_snapshot!(days(r#"["02-29", "04-31"]"#), @"charter.toml:330: calendars.DE-BE.days: is `04-31`: write a day such as `12-25`, `easter+39`, `4th thu 11`, `last mon 05` or `2026-09-22`");
    insta::assert_snapshot!(days("[]"), @"charter.toml:330: calendars.DE-BE.days: is empty: name at least one day, such as `12-25`");
    insta::assert_snapshot!(days(r#"["03-08", "03-08"]"#), @"charter.toml:330: calendars.DE-BE.days: names `03-08` twice");
    insta::assert_snapshot!(central("[calendars.DE-BE]", "[calendars.berlin]"), @"
    charter.toml:329: calendars.berlin: `berlin` is not a name for a calendar: write a country or a region, such as `DE` or `US-FL`
    markets/de.toml:10: holidays: `DE-BE` is not a calendar of this charter: there are `DE`, `US` and `berlin`
    ");
}

// B10, B19, D14, A28: actions whose rules contradict each other.
#[test]
fn actions_that_could_never_act_as_they_say() {
    insta::assert_snapshot!(central(r#"delay      = { min = "0s", max = "3d" }"#, r#"delay = { min = "4d", max = "3d" }"#), @"
    charter.toml:277: actions.cart_reminder.delay: is at least `4d` and at most `3d`: nothing could ever act
    markets/de.toml:28: actions.cart_reminder.delay: is at least `4d` and at most `2d`: nothing could ever act
    markets/de.toml:30: actions.cart_reminder.delay.min: `75m` is wider than `4d` in charter.toml:277: a market can only narrow
    ");
    insta::assert_snapshot!(central(r#"slot       = "top"  "#, "delay = { min = \"5m\" }\npending = \"keep\"\ncancel-on = []\nslot = \"top\"  "), @"
    charter.toml:264: actions.loyalty_banner.delay: is at least `5m`, and `web` answers at once: split it into two actions
    charter.toml:265: actions.loyalty_banner.pending: is for what waits, and all of its channels answer at once
    charter.toml:266: actions.loyalty_banner.cancel-on: is for what waits, and all of its channels answer at once
    ");
    insta::assert_snapshot!(central(r#"slot       = "top"  "#, r#"slot = "bottom"  "#), @"charter.toml:264: actions.loyalty_banner.slot: `bottom` is none of the slots of `web`: `top` and `side`");
    insta::assert_snapshot!(central(r#"automation     = "approval""#, r#"automation = "never""#), @r#"charter.toml:294: actions.thank_you.approve-within: is for what a person may approve, and this is `automation = "never"`"#);
    insta::assert_snapshot!(central(r#"automation     = "approval""#, r#"automation = "maybe""#), @"charter.toml:293: actions.thank_you.automation: `maybe` is none of `auto`, `approval` and `never`");
    insta::assert_snapshot!(central("class      = \"transactional\"\nchannels   = [\"email\"]\npurpose    = \"service\"", "class = \"transactional\"\nchannels = [\"email\"]\npurpose = \"marketing\"\ncaps = [{ at-most = 1, per = \"1d\" }]"), @"
    charter.toml:305: actions.order_confirmation.purpose: is `marketing`, and what is `transactional` rests on a purpose of basis `contract`
    charter.toml:306: actions.order_confirmation.caps: never hold back what is `transactional`: leave them out, or choose another class
    ");
    insta::assert_snapshot!(central(r#"parameters = { order = { type = "text", required = true } }"#, r#"parameters = { order = { type = "text", promotion = true } }"#), @"charter.toml:306: actions.order_confirmation.parameters.order.promotion: promotes, and what is `transactional` may not: make it an action of its own");
    insta::assert_snapshot!(central(r#"pending    = "replace""#, r#"pending = "queue""#), @"charter.toml:279: actions.cart_reminder.pending: `queue` is none of `both`, `replace` and `keep`");
    insta::assert_snapshot!(central(r#"{ event = "complaint.opened" }]"#, r#"{ event = "complaint.opend" }, { when = "true" }, { event = "order.placed", when = "data.value > 3" }]"#), @"
    charter.toml:280: actions.cart_reminder.cancel-on.event: `complaint.opend` is not an event of this charter: did you mean `complaint.opened`?
    charter.toml:280: actions.cart_reminder.cancel-on.event: is missing: one of [events]
    charter.toml:280: actions.cart_reminder.cancel-on.when: `value` is not declared in the data of `order.placed`: there are `de.gift_wrap`, `order`, `skus` and `total`
    ");
    insta::assert_snapshot!(central(r#"still      = "cart_skus != []""#, r#"still = "data.skus != []""#), @"charter.toml:281: actions.cart_reminder.still: `data.skus` cannot be read here: no event is at hand");
    insta::assert_snapshot!(central(r#"at-most = 3, required = true, unless = "bought""#, r#"at-most = 3, required = true, unless = "points""#), @"charter.toml:276: actions.cart_reminder.parameters.skus.unless: `points` is not an item list of this charter: there is only `bought`");
    insta::assert_snapshot!(central(r#"of = "sku", at-most = 3, required"#, "at-most = 3, required"), @r#"charter.toml:276: actions.cart_reminder.parameters.skus.unless: is `bought`, whose items are of `sku`: give the parameter `of = "sku"`"#);
    insta::assert_snapshot!(central(r#"unit = "percent", between = [0, 10]"#, r#"unit = "percent", unless = "bought""#), @"charter.toml:276: actions.cart_reminder.parameters.discount.unless: looks up what a text names, and this is of type `integer`");
    insta::assert_snapshot!(central("reach      = 5000", "reach = 0"), @"charter.toml:284: actions.cart_reminder.reach: is `0`: write a whole number from 1 to 4294967295");
    insta::assert_snapshot!(central("cost           = 250", "cost = -1"), @"charter.toml:297: actions.thank_you.cost: is `-1`: write minor units of the charter's currency, from 0");
    insta::assert_snapshot!(central("weight     = 10", "weight = 0"), @"charter.toml:268: actions.loyalty_banner.weight: is `0`: write a whole number from 1 to 1000000");
}

// A45, B11, B19: what holds back holds back something, and never what is owed.
#[test]
fn rules_that_hold_nothing_back_or_too_much() {
    insta::assert_snapshot!(central("at-most = 12\n", "at-most = 0\n"), @"charter.toml:242: pressure.at-most: is `0`: write a whole number from 1 to 4294967295");
    insta::assert_snapshot!(central("at-most = 12\n", "at-most = 33\n"), @"charter.toml:242: pressure.at-most: is 33, and a contact over `ads` weighs 1: of one action and channel 32 contacts are remembered, so it must be at most 32");
    insta::assert_snapshot!(central("weights = { email = 3, web = 0 }", "weights = { mail = 3, web = -1 }"), @"
    charter.toml:244: pressure.weights.mail: `mail` is not a channel of this charter: did you mean `email`?
    charter.toml:244: pressure.weights.web: is `-1`: write a whole number from 0 to 1000
    ");
    insta::assert_snapshot!(central(r#"refuses = ["marketing", "ads"]
reason  = "something went wrong""#, "refuses = [\"transactional\"]"), @"
    charter.toml:234: cool-downs.bad_experience.reason: is missing: say in words for a marketer why
    charter.toml:237: cool-downs.bad_experience.refuses: names `transactional`: what is owed to the customer is never held back by this
    ");
    insta::assert_snapshot!(central(r#"after   = ["complaint.closed", "order.cancelled"]"#, "after = []"), @"charter.toml:235: cool-downs.bad_experience.after: is empty: name the events after which it is quiet");
    insta::assert_snapshot!(central(r#"refuses = ["marketing"]               # message classes"#, "refuses = []"), @"charter.toml:249: suppressions.open_complaint.refuses: is empty: name the classes, such as `marketing`");
    insta::assert_snapshot!(central(r#"when    = "open_complaints > 0""#, r#"when = "data.case != ''""#), @"charter.toml:248: suppressions.open_complaint.when: `data.case` cannot be read here: no event is at hand");
    insta::assert_snapshot!(central("[suppressions.open_complaint]", "[suppressions.Open]"), @"charter.toml:247: suppressions.Open: `Open` is not a name for a suppression: write snake_case, such as `open`");
}

// A29, A30, A36: grants that cannot be kept.
#[test]
fn markets_whose_grant_cannot_be_read() {
    insta::assert_snapshot!(central("violations = 20", "violations = 0"), @"charter.toml:370: markets.de.limits.violations: is `0`: write a whole number from 1 to 4294967295");
    insta::assert_snapshot!(central("actions-per-minute = 600", "actions-per-second = 600"), @"charter.toml:371: markets.de.budget.actions-per-second: is not a key of this table: there may be `actions-per-minute`, `actions-per-day` and `spend-per-day`");
    insta::assert_snapshot!(central("spend-per-day = 100_000", "spend-per-day = -5"), @"charter.toml:371: markets.de.budget.spend-per-day: is `-5`: write minor units of the charter's currency, from 0");
    insta::assert_snapshot!(central(&format!("\"ed25519:01{}\"", "00".repeat(31)), "\"ed25519:00\", 5"), @"
    charter.toml:372: markets.de.keys: is `ed25519:00`: write an Ed25519 public key as `ed25519:` and 64 hexadecimal digits
    charter.toml:372: markets.de.keys: is `5`: write a text in quotes
    ");
    let same = format!("\"ed25519:01{}\"", "00".repeat(31));
    insta::assert_snapshot!(central(&same, &format!("{same}, {same}")), @"charter.toml:372: markets.de.keys: names the same key twice");
    insta::assert_snapshot!(central("Europe/Berlin", "Europe/Bonn"), @"charter.toml:365: markets.de.time-zone: `Europe/Bonn` is not an IANA time zone such as `Europe/Berlin`: did you mean `Europe/London`?");
}

// C25, C28: a figure that measures nothing; a market's own is marked as its own by its name.
#[test]
fn figures_that_measure_nothing() {
    insta::assert_snapshot!(central(r#"outcome = "bought", within = "3d", per-action = "cart_reminder""#, r#"outcome = "bougth", per-action = "reminder""#), @"
    charter.toml:415: kpis.reminder_conversion.outcome: `bougth` is neither an item list nor an event of this charter: did you mean `bought`?
    charter.toml:415: kpis.reminder_conversion.within: is missing: a duration such as `3d`
    charter.toml:415: kpis.reminder_conversion.per-action: `reminder` is not an action of this charter: there are `cart_reminder`, `company_insight`, `loyalty_banner`, `order_confirmation` and `thank_you`
    ");
    insta::assert_snapshot!(central(r#"share = { of = "order.placed", where = "data.total > 10000" }"#, r#"share = { of = "order.placed", where = "data.value > 10000" }, within = "3d""#), @"
    charter.toml:416: kpis.wrapped_share.within: belongs to `outcome`, and this figure is a `share`
    charter.toml:416: kpis.wrapped_share.share.where: `value` is not declared in the data of `order.placed`: there are `de.gift_wrap`, `order`, `skus` and `total`
    ");
    insta::assert_snapshot!(central(r#"share = { of = "order.placed", where = "data.total > 10000" }, "#, ""), @"charter.toml:416: kpis.wrapped_share: does not say what it measures: write `share = { of = …, where = … }`, or `outcome`, `within` and `per-action`");
    insta::assert_snapshot!(told("markets/de.toml", r#"[kpis."de.wrapped_share"]"#, "[kpis.wrapped_share]"), @"markets/de.toml:52: kpis.wrapped_share: `wrapped_share` means the same in every market: charter.toml alone defines it");
    insta::assert_snapshot!(told("markets/de.toml", r#"[kpis."de.wrapped_share"]"#, r#"[kpis."fr.wrapped_share"]"#), @r#"markets/de.toml:52: kpis."fr.wrapped_share": `fr.wrapped_share` is not the market's own name: write `de.wrapped_share`"#);
    insta::assert_snapshot!(told("markets/de.toml", r#"share   = { of = "order.placed", where = "data.de.gift_wrap" }"#, r#"outcome = "bought", within = "3d", per-action = "company_insight""#.replace(", ", "\n").as_str()), @r#"markets/de.toml:55: kpis."de.wrapped_share".per-action: `company_insight` is not granted to this market"#);
}

// C05, D13: a market's own field is no way round the consent that a central one asks for.
#[test]
fn a_copy_stays_for_the_purpose_of_what_it_was_copied_from() {
    let told = |to: &str| {
        let update = format!("{{ set = \"de.gift_wrap\", to = \"{to}\" }}");
        told(
            "markets/de.toml",
            "{ set = \"de.gift_wrap\", to = \"data.de.gift_wrap\" }",
            &update,
        )
    };
    insta::assert_snapshot!(told("newsletter == 'daily'"), @r#"markets/de.toml:43: events."order.placed".updates.to: `newsletter` is for `marketing`, and `de.gift_wrap` is for `service`: what is copied stays for the same purpose"#);
    insta::assert_snapshot!(told("account_signals_14d > 0"), @r#"markets/de.toml:43: events."order.placed".updates.to: `account_signals_14d` is for `sales`, and `de.gift_wrap` is for `service`: what is copied stays for the same purpose"#);
    insta::assert_snapshot!(told("segment.warm"), @r#"markets/de.toml:43: events."order.placed".updates.to: `segment.warm` is for `sales`, and `de.gift_wrap` is for `service`: what is copied stays for the same purpose"#);
    insta::assert_snapshot!(told("cart_value > 0"), @r#"markets/de.toml:43: events."order.placed".updates.to: `cart_value` is kept for `30d`: give `de.gift_wrap` a `retention` of at most as much"#);
    let viewed = "[events.\"product.viewed\"]\nupdates = [{ set = \"de.gift_wrap\", to = \"true\" }]\n[settings]";
    insta::assert_snapshot!(crate::told("markets/de.toml", "[settings]", viewed), @r#"markets/de.toml:46: events."product.viewed".updates.set: `product.viewed` is for `profiling`, and `de.gift_wrap` is for `service`: what is copied stays for the same purpose"#);
}

// C04, C05: a local name never shadows a central one, wherever it stands.
#[test]
fn local_names_never_shadow() {
    insta::assert_snapshot!(told("markets/de.toml", "[settings]", "[segments]\nbig_spender = { is = \"true\" }\n[settings]"), @"markets/de.toml:45: segments: is decided by charter.toml alone: there may be `market`, `charter`, `owner`, `languages`, `moments`, `actions`, `channels`, `caps`, `holidays`, `needs`, `limits`, `budget`, `retention`, `fields`, `events`, `settings`, `fallback` and `kpis`");
    insta::assert_snapshot!(told("markets/de.toml", r#"[fields."de.gift_wrap"]"#, "[fields.points]"), @r#"
    markets/de.toml:33: fields.points: `points` means the same in every market: charter.toml alone defines it
    markets/de.toml:43: events."order.placed".updates.set: `de.gift_wrap` is not a field of this charter
    "#);
    let mut files = gifts(
        "charter.toml",
        "[segments]",
        "[segments]\nwrapped = { is = \"de.gift_wrap\", meaning = \"x\", owner = \"data\" }\n",
    );
    insta::assert_snapshot!(complaints(&files), @"charter.toml:119: segments.wrapped.is: `de.gift_wrap` is the field of one market, not of this one");
    files.retain(|(name, _)| name != "markets/de.toml");
    insta::assert_snapshot!(complaints(&files), @"charter.toml:119: segments.wrapped.is: `de.gift_wrap` is not a field, window or item list");
}
