//! Bad charters: each line of each complaint, word for word.

use crate::refused;

#[test]
fn a_file_that_is_no_toml() {
    insta::assert_snapshot!(refused("charter.toml", r#"owner     = "platform""#, "owner = "), @"charter.toml:2: is not TOML: string values must be quoted, expected literal string");
    insta::assert_snapshot!(refused("charter.toml", "[people]", "[people]\n[people]"), @"charter.toml:8: is not TOML: duplicate key");
}

#[test]
fn keys_that_nobody_knows() {
    insta::assert_snapshot!(refused("charter.toml", "review-by =", "reviewby ="), @"charter.toml:3: reviewby: is not a key of this table: did you mean `review-by`?");
    insta::assert_snapshot!(refused("charter.toml", r#"merge          = "leading-source""#, r#"merge-rule = "latest""#), @"charter.toml:51: fields.points.merge-rule: is not a key of this table: there may be `type`, `of`, `at-most`, `unit`, `meaning`, `owner`, `leading-source`, `merge`, `purpose`, `max-age`, `retention`, `per`, `sensitivity`, `writers`, `one-of` and `review-by`");
    insta::assert_snapshot!(refused("charter.toml", r#"slot       = "top""#, r#"slots = "top""#), @"charter.toml:155: actions.banner.slots: is not a key of this table: did you mean `slot`?");
    insta::assert_snapshot!(refused("charter.toml", r#"strength = "strong""#, r#"strengh = "strong""#), @r#"
    charter.toml:16: identities.crm.strength: is missing: `strong` or `weak`
    charter.toml:18: identities.crm.strengh: is not a key of this table: did you mean `strength`?
    "#);
    insta::assert_snapshot!(refused("charter.toml", "required = true }\nskus ", "required = true, colour = \"red\" }\nskus "), @r#"charter.toml:115: events."order.placed".data.total.colour: is not a key of this table: there may be `type`, `of`, `at-most`, `required`, `between`, `one-of` and `maps`"#);
    insta::assert_snapshot!(refused("markets/de.toml", "[settings]", "[setting]"), @"markets/de.toml:23: setting: is not a key of this table: did you mean `settings`?");
}

// A11: a moment says who owns it, why it cannot wait, and the worst that can happen.
#[test]
fn what_is_missing() {
    insta::assert_snapshot!(refused("charter.toml", "owner     = \"platform\"\n", ""), @"charter.toml:1: owner: is missing: one of [people] or a mail address");
    insta::assert_snapshot!(refused("charter.toml", "at-most = 50\n", ""), @"charter.toml:56: fields.cart_skus.at-most: is missing: everything has a limit");
    insta::assert_snapshot!(refused("charter.toml", "on-call   = \"+49 30 0000000\"\n", ""), @"charter.toml:171: markets.de.on-call: is missing: whom to call at night; nothing runs without");
    insta::assert_snapshot!(refused("charter.toml", "real-time  = \"the page waits\"\n", ""), @"charter.toml:127: moments.order_placed.real-time: is missing: say why this cannot wait");
}

#[test]
fn words_that_come_later_are_refused_and_never_ignored() {
    insta::assert_snapshot!(refused("charter.toml", r#"basis   = "contract""#, "basis = \"contract\"\nretention = \"365d\""), @"charter.toml:30: purposes.service.retention: is not yet supported: this version of Kairos would not act on it, so leave it out");
    insta::assert_snapshot!(refused("charter.toml", r#"over    = "90d""#, "over = \"90d\"\nretention = \"365d\""), @"charter.toml:75: windows.orders_90d.retention: is not yet supported: this version of Kairos would not act on it, so leave it out");
}

#[test]
fn values_of_the_wrong_shape() {
    insta::assert_snapshot!(refused("charter.toml", "review-by = 2027-05-31", r#"review-by = "2027-05-31""#), @"charter.toml:3: review-by: is `2027-05-31`: write a date such as `2027-05-31`, without quotes");
    insta::assert_snapshot!(refused("charter.toml", r#"currency  = "EUR""#, r#"currency = "Euro""#), @"charter.toml:4: currency: `Euro` is not a currency code of three capitals such as `EUR`");
    insta::assert_snapshot!(refused("charter.toml", r#"GBP = "1.15""#, r#"GBP = 1.15, EUR = "1", usd = "2", CHF = "0""#), @r#"
    charter.toml:5: rates.GBP: is `1.15`: write a decimal in quotes such as `"1.15"`
    charter.toml:5: rates.EUR: is the charter's own currency: rates are for the others
    charter.toml:5: rates.usd: `usd` is not a currency code of three capitals such as `EUR`
    charter.toml:5: rates.CHF: is nothing: a rate is more than 0
    "#);
    insta::assert_snapshot!(refused("charter.toml", r#"max-age        = "1095d""#, r#"max-age = "3 years""#), @"charter.toml:53: fields.points.max-age: is `3 years`: write a duration such as `90d`, `45m` or `5ms`");
    insta::assert_snapshot!(refused("charter.toml", r#"lateness   = "1d""#, "lateness = 5"), @"charter.toml:135: moments.order_placed.lateness: is `5`: write a duration such as `90d`, `45m` or `5ms`");
    insta::assert_snapshot!(refused("charter.toml", r#"lateness   = "1d""#, r#"lateness = "0s""#), @"charter.toml:135: moments.order_placed.lateness: is no time at all: write a duration such as `1s`");
    insta::assert_snapshot!(refused("charter.toml", r#"memory = "2MiB""#, r#"memory = "2MB""#), @"charter.toml:180: markets.de.limits.memory: is `2MB`: write a size such as `512KiB` or `2MiB`");
    insta::assert_snapshot!(refused("charter.toml", r#""Europe/Berlin""#, r#""Europe/Berln""#), @"charter.toml:175: markets.de.time-zone: `Europe/Berln` is not an IANA time zone such as `Europe/Berlin`: did you mean `Europe/Berlin`?");
    insta::assert_snapshot!(refused("charter.toml", r#"["de", "en"]"#, r#"["german"]"#), @r#"
    charter.toml:174: markets.de.languages: `german` is not a language tag such as `de` or `pt-BR`
    charter.toml:174: markets.de.languages: names no language: write at least one, such as `en`
    "#);
    insta::assert_snapshot!(refused("charter.toml", r#"["de", "en"]"#, "[]"), @"charter.toml:174: markets.de.languages: names no language: write at least one, such as `en`");
    insta::assert_snapshot!(refused("charter.toml", r#"country   = "DE""#, r#"country = "de""#), @"charter.toml:173: markets.de.country: `de` is not a country code of two capitals such as `DE`");
    insta::assert_snapshot!(refused("charter.toml", r#"type           = "integer""#, r#"type = "int""#), @r#"
    charter.toml:46: fields.points.type: `int` is none of `flag`, `integer`, `number`, `money`, `text`, `instant`, `texts` and `integers`
    charter.toml:113: events."order.placed".updates.add: `points` is of type `text`: only amounts are added to
    charter.toml:129: moments.order_placed.when: `>=` compares a text with an integer: both sides must be of one kind
    "#);
    insta::assert_snapshot!(refused("charter.toml", r#"basis   = "contract""#, r#"basis = "consent""#), @"charter.toml:29: purposes.service.basis: `consent` is none of `contract`, `opt-in` and `legitimate-interest`");
    insta::assert_snapshot!(refused("charter.toml", r#"needs    = "confirmed""#, r#"needs = "double""#), @"charter.toml:36: purposes.marketing.needs: `double` is none of `nothing`, `soft`, `granted`, `confirmed` and `never`");
    insta::assert_snapshot!(refused("charter.toml", r#"meaning  = "web shop""#, r#"meaning = """#), @"charter.toml:12: sources.shop.meaning: is empty: write something");
    insta::assert_snapshot!(refused("charter.toml", r#"legal    = "legal@gifts.example""#, r#"legal = "legal""#), @"charter.toml:9: people.legal: `legal` is not a mail address");
    insta::assert_snapshot!(refused("charter.toml", r#"subjects = ["crm"]"#, r#"subjects = "crm""#), @"charter.toml:14: sources.shop.subjects: is `crm`: write a list in `[` and `]`");
    insta::assert_snapshot!(refused("charter.toml", "[items.bought]", "[items]\nbasket = 3\n[items.bought]"), @"charter.toml:102: items.basket: is `3`: write a table");
}

#[test]
fn names_are_snake_case_and_unambiguous() {
    insta::assert_snapshot!(refused("charter.toml", "[fields.points]", "[fields.Loyalty-Points]"), @r#"
    charter.toml:45: fields.Loyalty-Points: `Loyalty-Points` is not a name for a field: write snake_case, such as `loyalty_points`
    charter.toml:113: events."order.placed".updates.add: `points` is not a field of this charter: there are `Loyalty-Points`, `cart_skus`, `de.gift_wrap`, `language` and `score`
    charter.toml:129: moments.order_placed.when: `points` is not a field, window or item list
    "#);
    insta::assert_snapshot!(refused("charter.toml", r#"[events."product.viewed"]"#, r#"[events."ProductViewed"]"#), @r#"
    charter.toml:13: sources.shop.may-send: `product.viewed` is not an event of this charter: did you mean `ProductViewed`?
    charter.toml:92: windows.people_14d.of: `product.viewed` is not an event of this charter: did you mean `ProductViewed`?
    charter.toml:119: events.ProductViewed: `ProductViewed` is not a name for an event: write snake_case parts, such as `order.placed`
    charter.toml:138: moments.page_viewed.on: `product.viewed` is not an event of this charter: did you mean `ProductViewed`?
    "#);
    insta::assert_snapshot!(refused("charter.toml", "[fields.score]", "[fields.data]"), @"charter.toml:65: fields.data: `data` is a word of the expressions: choose another name");
    insta::assert_snapshot!(refused("charter.toml", "[windows.orders_90d]", "[windows.points]"), @r#"
    charter.toml:72: windows.points: `points` is also a field: an expression could not tell them apart
    charter.toml:129: moments.order_placed.when: `orders_90d` is not a field, window or item list
    "#);
    insta::assert_snapshot!(refused("charter.toml", r#"[events."product.viewed"]"#, r#"[events."consent.given"]"#), @r#"
    charter.toml:13: sources.shop.may-send: `product.viewed` is not an event of this charter: there are `consent.given`, `consent.withdrawn` and `order.placed`
    charter.toml:92: windows.people_14d.of: `product.viewed` is not an event of this charter
    charter.toml:119: events."consent.given": is built in: leave it out, and name it in `may-send` of its sources
    charter.toml:138: moments.page_viewed.on: `product.viewed` is not an event of this charter
    "#);
}

#[test]
fn two_names_with_one_stored_key() {
    insta::assert_snapshot!(refused("charter.toml", "[fields.score]", "[fields.field_2277]\ntype = \"flag\"\nmeaning = \"a\"\nowner = \"legal\"\npurpose = \"service\"\n[fields.field_59655]"), @"charter.toml:70: fields.field_59655: `field_59655` has the same stored key as `field_2277`: rename one of them");
}

#[test]
fn references_that_lead_nowhere() {
    insta::assert_snapshot!(refused("charter.toml", r#"on         = "order.placed""#, r#"on = "order.place""#), @"charter.toml:128: moments.order_placed.on: `order.place` is not an event of this charter: did you mean `order.placed`?");
    insta::assert_snapshot!(refused("charter.toml", r#"owner     = "platform""#, r#"owner = "plattform""#), @"charter.toml:2: owner: `plattform` is neither one of [people] nor a mail address: did you mean `platform`?");
    insta::assert_snapshot!(refused("charter.toml", r#""product.viewed", "consent.given"]"#, r#""product.seen", "consent.gven"]"#), @r#"
    charter.toml:13: sources.shop.may-send: `product.seen` is not an event of this charter: there are `consent.given`, `consent.withdrawn`, `order.placed` and `product.viewed`
    charter.toml:13: sources.shop.may-send: `consent.gven` is not an event of this charter: did you mean `consent.given`?
    "#);
    insta::assert_snapshot!(refused("charter.toml", r#"subjects = ["crm"]"#, r#"subjects = ["company", "mail"]"#), @r#"
    charter.toml:14: sources.shop.subjects: is an identity of accounts: an event names it as its `account`
    charter.toml:14: sources.shop.subjects: `mail` is not an identity of this charter: there are `company` and `crm`
    "#);
    insta::assert_snapshot!(refused("charter.toml", r#"leading-source = ["shop"]"#, r#"leading-source = ["crm"]"#), @"charter.toml:50: fields.points.leading-source: `crm` is not a source of this charter: there is only `shop`");
    insta::assert_snapshot!(refused("charter.toml", r#"language = "language""#, r#"language = "points""#), @"charter.toml:25: customer.language: `points` cannot be it: it must be a central field of a customer, of type `text`");
    insta::assert_snapshot!(refused("charter.toml", "channels = [\"email\"]\nneeds", "channels = [\"ads\"]\nneeds"), @"charter.toml:35: purposes.marketing.channels: `ads` is not a channel of this charter: there are `email` and `web`");
    insta::assert_snapshot!(refused("charter.toml", r#"count   = ["order.placed"]"#, r#"count = ["order.paid"]"#), @"charter.toml:73: windows.orders_90d.count: `order.paid` is not an event of this charter: did you mean `order.placed`?");
    insta::assert_snapshot!(refused("charter.toml", r#"channels   = ["web", "email"]"#, r#"channels = ["wep"]"#), @r#"
    charter.toml:153: actions.banner.channels: `wep` is not a channel of this charter: did you mean `web`?
    markets/de.toml:6: actions.banner.channels: `web` is not among the channels of charter.toml:153: a market can only narrow
    markets/de.toml:27: fallback.order_placed.channel: `web` is not a channel of this action in this market
    "#);
    insta::assert_snapshot!(refused("charter.toml", r#"channels   = ["web", "email"]"#, "channels = []"), @r#"
    charter.toml:153: actions.banner.channels: is empty: without a channel the action reaches nobody
    markets/de.toml:6: actions.banner.channels: `web` is not among the channels of charter.toml:153: a market can only narrow
    markets/de.toml:27: fallback.order_placed.channel: `web` is not a channel of this action in this market
    "#);
    insta::assert_snapshot!(refused("charter.toml", "moments   = [\"order_placed\"]\nactions   = [\"banner\"]", "moments = [\"orderplaced\"]\nactions = [\"baner\"]"), @"
    charter.toml:178: markets.de.moments: `orderplaced` is not a moment of this charter: did you mean `order_placed`?
    charter.toml:179: markets.de.actions: `baner` is not an action of this charter: did you mean `banner`?
    markets/de.toml:5: actions.banner: `banner` is not granted to this market by charter.toml:179
    markets/de.toml:27: fallback.order_placed: `order_placed` is none of this market's moments: it is never asked there
    ");
    insta::assert_snapshot!(refused("charter.toml", r#"add     = { "order.placed" = "data.skus" }"#, r#"add = { "order.paid" = "data.skus" }"#), @r#"charter.toml:103: items.bought.add."order.paid": `order.paid` is not an event of this charter: did you mean `order.placed`?"#);
}

#[test]
fn fields_and_windows_that_make_no_sense() {
    insta::assert_snapshot!(refused("charter.toml", "leading-source = [\"shop\"]\n", ""), @r#"charter.toml:50: fields.points.merge: is `leading-source`, and none is named: add `leading-source = ["…"]`"#);
    insta::assert_snapshot!(refused("charter.toml", r#"merge          = "leading-source""#, r#"merge = "union""#), @"charter.toml:51: fields.points.merge: is `union`, which joins lists: this is none, so use `latest` or `max`");
    insta::assert_snapshot!(refused("charter.toml", r#"merge   = "union""#, r#"merge = "max""#), @"charter.toml:62: fields.cart_skus.merge: is `max`, which compares amounts and instants: this is none, so use `latest`");
    insta::assert_snapshot!(refused("charter.toml", r#"unit           = "points""#, "at-most = 3"), @"charter.toml:47: fields.points.at-most: is for lists and texts, and this is of type `integer`");
    insta::assert_snapshot!(refused("charter.toml", "at-most = 50", "at-most = 5000"), @"charter.toml:59: fields.cart_skus.at-most: is `5000`: write a whole number from 1 to 1000");
    insta::assert_snapshot!(refused("charter.toml", r#"step    = "1d""#, r#"step = "1m""#), @"charter.toml:75: windows.orders_90d.step: makes 129600 buckets of `90d`, and at most 1000 are kept: write a larger one");
    insta::assert_snapshot!(refused("charter.toml", r#"step    = "1d""#, r#"step = "91d""#), @"charter.toml:75: windows.orders_90d.step: is longer than the window of `90d`");
    insta::assert_snapshot!(refused("charter.toml", r#"sum     = "data.total""#, r#"sum = "data.note""#), @"charter.toml:81: windows.spend_365d.sum: must be of kind integer, and this is a text");
    insta::assert_snapshot!(refused("charter.toml", r#"sum     = "data.total""#, r#"sum = "points""#), @"charter.toml:81: windows.spend_365d.sum: `points` cannot be read here: what is counted follows from the event's `data` alone");
    insta::assert_snapshot!(refused("charter.toml", r#"sum     = "data.total""#, "sum = \"data.total\"\ncount = [\"order.placed\"]"), @"charter.toml:80: windows.spend_365d: does not say what it measures: write one of `count`, `sum` and `distinct`");
    insta::assert_snapshot!(refused("charter.toml", "type    = \"money\"\n", "type    = \"number\"\n"), @"charter.toml:85: windows.spend_365d.type: `number` is none of `integer` and `money`");
    insta::assert_snapshot!(refused("charter.toml", "per      = \"account\"\n", ""), @r#"charter.toml:90: windows.people_14d: counts different customers, so it must be `per = "account"`"#);
    insta::assert_snapshot!(refused("charter.toml", r#"add     = { "order.placed" = "data.skus" }"#, r#"add = { "order.placed" = "data.note" }"#), @r#"charter.toml:103: items.bought.add."order.placed": `data.note` does not say what it names: give the datum `of = "sku"`"#);
    insta::assert_snapshot!(refused("charter.toml", r#"key     = "sku""#, r#"key = "order""#), @r#"
    charter.toml:103: items.bought.add."order.placed": `data.skus` is of `sku`, and these items are of `order`
    charter.toml:139: moments.page_viewed.when: `bought` is looked up by `order`, and `data.sku` is of `sku`
    "#);
    insta::assert_snapshot!(refused("charter.toml", "keep    = 500", "keep = 0"), @"charter.toml:104: items.bought.keep: is `0`: write a whole number from 1 to 10000");
}

#[test]
fn updates_that_do_not_fit() {
    insta::assert_snapshot!(refused("charter.toml", r#"{ clear = "cart_skus" }"#, r#"{ clear = "cart_sku" }"#), @r#"charter.toml:113: events."order.placed".updates.clear: `cart_sku` is not a field of this charter: did you mean `cart_skus`?"#);
    insta::assert_snapshot!(refused("charter.toml", r#"{ clear = "cart_skus" }"#, r#"{ clear = "cart_skus", to = "1" }"#), @r#"charter.toml:113: events."order.placed".updates.to: does not belong to `clear`"#);
    insta::assert_snapshot!(refused("charter.toml", r#"{ clear = "cart_skus" }"#, r#"{ set = "cart_skus", add = "points" }"#), @r#"charter.toml:113: events."order.placed".updates: does not say what to do: write one of `set … to`, `add … by`, `clear`, `append … value` and `remove … value`"#);
    insta::assert_snapshot!(refused("charter.toml", r#"{ clear = "cart_skus" }"#, r#"{ set = "cart_skus" }"#), @r#"charter.toml:113: events."order.placed".updates.to: is missing"#);
    insta::assert_snapshot!(refused("charter.toml", r#"{ clear = "cart_skus" }"#, r#"{ set = "cart_skus", to = "data.note" }"#), @r#"charter.toml:113: events."order.placed".updates.to: must be of kind texts, and this is a text"#);
    insta::assert_snapshot!(refused("charter.toml", r#"{ clear = "cart_skus" }"#, r#"{ add = "language", by = "1" }"#), @r#"charter.toml:113: events."order.placed".updates.add: `language` is of type `text`: only amounts are added to"#);
    insta::assert_snapshot!(refused("charter.toml", r#"{ clear = "cart_skus" }"#, r#"{ append = "points", value = "1" }"#), @r#"charter.toml:113: events."order.placed".updates.append: `points` is of type `integer`, and `append` is for `texts` and `integers`"#);
    insta::assert_snapshot!(refused("charter.toml", r#"{ clear = "cart_skus" }"#, r#"{ append = "cart_skus", value = "1" }"#), @r#"charter.toml:113: events."order.placed".updates.value: must be of kind texts, and this is an integer"#);
    insta::assert_snapshot!(refused("charter.toml", r#"{ clear = "cart_skus" }"#, r#"{ clear = "de.gift_wrap" }"#), @r#"charter.toml:113: events."order.placed".updates.clear: `de.gift_wrap` is a market's own: only that market's file changes it"#);
    insta::assert_snapshot!(refused("charter.toml", r#"by = "data.total / 100""#, r#"by = "data.total / 100.0""#), @r#"charter.toml:113: events."order.placed".updates.by: must be of kind integer, and this is a number"#);
}

#[test]
fn moments_know_how_fast_they_are() {
    insta::assert_snapshot!(refused("charter.toml", r#"class      = "interactive""#, r#"class = "outbound""#), @"charter.toml:131: moments.order_placed.class: is `outbound`, and somebody waits for a response: `interactive` or `assisted`");
    insta::assert_snapshot!(refused("charter.toml", "class      = \"outbound\"\nreal-time  = \"tomorrow", "class = \"interactive\"\nreal-time  = \"tomorrow"), @"charter.toml:141: moments.page_viewed.class: is `interactive`, and nobody waits for an inspiration: `assisted` or `outbound`");
    insta::assert_snapshot!(refused("charter.toml", r#"mode       = "respond""#, r#"mode = "answer""#), @"charter.toml:130: moments.order_placed.mode: `answer` is none of `respond` and `inspire`");
}

#[test]
fn bounds_that_do_not_fit_their_type() {
    insta::assert_snapshot!(refused("charter.toml", "between = [0, 1000]", "between = [0.5, 1000]"), @"charter.toml:160: actions.banner.parameters.missing.between: `0.5` does not fit the type `integer`: write whole numbers");
    insta::assert_snapshot!(refused("charter.toml", "between = [0, 1000]", "between = [1000, 0]"), @"charter.toml:160: actions.banner.parameters.missing.between: is empty: `1000` is more than `0`");
    insta::assert_snapshot!(refused("charter.toml", "between = [0, 1000]", "between = [0]"), @"charter.toml:160: actions.banner.parameters.missing.between: is a list: write the lowest and the highest, such as `[0, 10]`");
    insta::assert_snapshot!(refused("charter.toml", "between = [0, 1000]", r#"one-of = ["a"]"#), @"charter.toml:160: actions.banner.parameters.missing.one-of: lists texts, and this is of type `integer`: use `between` for amounts");
    insta::assert_snapshot!(refused("charter.toml", r#"one-of = ["none", "silver", "gold"]"#, "between = [0, 1]"), @"charter.toml:159: actions.banner.parameters.tier.between: bounds an amount, and this is of type `text`: use `one-of` or `at-most`");
    insta::assert_snapshot!(refused("charter.toml", r#"one-of = ["none", "silver", "gold"]"#, "one-of = []"), @"charter.toml:159: actions.banner.parameters.tier.one-of: is empty, so nothing would be allowed: name the values");
    insta::assert_snapshot!(refused("charter.toml", r#"one-of = ["none", "silver", "gold"]"#, r#"one-of = ["none", "none"]"#), @"charter.toml:159: actions.banner.parameters.tier.one-of: names `none` twice");
    insta::assert_snapshot!(refused("charter.toml", r#"type = "flag" }"#, r#"type = "flag", of = "sku", at-most = 3 }"#), @r#"
    charter.toml:124: events."product.viewed".data.business.of: says what a text names, and this is of type `flag`
    charter.toml:124: events."product.viewed".data.business.at-most: is for lists and texts, and this is of type `flag`
    "#);
}

#[test]
fn limits_beyond_the_hosts() {
    insta::assert_snapshot!(refused("charter.toml", "fuel = 2_000_000", "fuel = 2_000_000_000"), @"charter.toml:180: markets.de.limits.fuel: is `2000000000`: write a whole number from 1 to 1000000000");
    insta::assert_snapshot!(refused("charter.toml", r#"time = "5ms""#, r#"time = "1s""#), @"charter.toml:180: markets.de.limits.time: is `1s`: a decision may take at most `100ms`");
    insta::assert_snapshot!(refused("charter.toml", r#"memory = "2MiB""#, r#"memory = "64MiB""#), @"charter.toml:180: markets.de.limits.memory: is `64MiB`: a policy may have at most `32MiB`");
    insta::assert_snapshot!(refused("charter.toml", "real-time-moments = 1", "real-time-moments = 0"), @"charter.toml:180: markets.de.limits.real-time-moments: is 0, and the market's moments of mode `respond` are 1");
}

#[test]
fn choices_that_would_widen() {
    insta::assert_snapshot!(refused("markets/de.toml", "between = [10, 500]", "between = [0, 1001]"), @"markets/de.toml:9: actions.banner.parameters.missing.between: 0 to 1001 is wider than 0 to 1000 in charter.toml:160: a market can only narrow");
    insta::assert_snapshot!(refused("markets/de.toml", "between = [10, 500]", "between = [-1, 5]"), @"markets/de.toml:9: actions.banner.parameters.missing.between: -1 to 5 is wider than 0 to 1000 in charter.toml:160: a market can only narrow");
    insta::assert_snapshot!(refused("markets/de.toml", r#"["none", "silver"]"#, r#"["none", "platinum"]"#), @"markets/de.toml:8: actions.banner.parameters.tier.one-of: `none` and `platinum` is wider than `none`, `silver` and `gold` in charter.toml:159: a market can only narrow");
    insta::assert_snapshot!(refused("markets/de.toml", "at-most    = 2", "at-most = 4"), @"markets/de.toml:10: actions.banner.parameters.skus.at-most: `4` is wider than `3` in charter.toml:161: a market can only narrow");
    insta::assert_snapshot!(refused("markets/de.toml", "parameters.skus.required   = true", "parameters.tier.required = false"), @"markets/de.toml:11: actions.banner.parameters.tier.required: optional is wider than required in charter.toml:159: a market can only narrow");
    insta::assert_snapshot!(refused("markets/de.toml", r#"lapses                     = "2d""#, r#"lapses = "8d""#), @"markets/de.toml:7: actions.banner.lapses: `8d` is wider than `7d` in charter.toml:156: a market can only narrow");
    insta::assert_snapshot!(refused("markets/de.toml", "[actions.banner]\nchannels                   = [\"web\"]", "[actions.mail]\nchannels = [\"web\"]\n[actions.banner]"), @"markets/de.toml:5: actions.mail: `mail` is not granted to this market by charter.toml:179");
    insta::assert_snapshot!(refused("charter.toml", r#"channels   = ["web", "email"]"#, r#"channels = ["email"]"#), @r#"
    markets/de.toml:6: actions.banner.channels: `web` is not among the channels of charter.toml:153: a market can only narrow
    markets/de.toml:27: fallback.order_placed.channel: `web` is not a channel of this action in this market
    "#);
    insta::assert_snapshot!(refused("markets/de.toml", r#"lapses                     = "2d""#, r#"purpose = "marketing""#), @"markets/de.toml:7: actions.banner.purpose: is decided by charter.toml alone: there may be `channels`, `delay`, `lapses`, `pending`, `caps`, `automation`, `reach` and `parameters`");
    insta::assert_snapshot!(refused("markets/de.toml", r#"lapses                     = "2d""#, r#"parameters.missing.type = "number""#), @"markets/de.toml:7: actions.banner.parameters.missing.type: is decided by charter.toml alone: there may be `between`, `one-of`, `at-most`, `required` and `unless`");
    insta::assert_snapshot!(refused("markets/de.toml", r#"lapses                     = "2d""#, "parameters.tire.required = true"), @"markets/de.toml:7: actions.banner.parameters.tire: `tire` is not a parameter of `banner`: did you mean `tier`?");
    insta::assert_snapshot!(refused("markets/de.toml", "[settings]", "[moments.x]\n[markets.de]\n[windows.x]\n[settings]"), @"
    markets/de.toml:23: moments: is a table: write a list in `[` and `]`
    markets/de.toml:24: markets: is decided by charter.toml alone: there may be `market`, `charter`, `owner`, `languages`, `moments`, `actions`, `channels`, `caps`, `holidays`, `needs`, `limits`, `budget`, `retention`, `fields`, `events`, `settings`, `fallback` and `kpis`
    markets/de.toml:25: windows: is decided by charter.toml alone: there may be `market`, `charter`, `owner`, `languages`, `moments`, `actions`, `channels`, `caps`, `holidays`, `needs`, `limits`, `budget`, `retention`, `fields`, `events`, `settings`, `fallback` and `kpis`
    ");
    insta::assert_snapshot!(refused("markets/de.toml", "[settings]", "[channels.email]\nmode = \"respond\"\n[settings]"), @"markets/de.toml:24: channels.email.mode: is decided by charter.toml alone: there may be `caps`, `hours` and `slots`");
}

#[test]
fn choices_that_meddle_with_what_is_central() {
    insta::assert_snapshot!(refused("markets/de.toml", r#"[fields."de.gift_wrap"]"#, "[fields.points]"), @r#"
    markets/de.toml:13: fields.points: `points` means the same in every market: charter.toml alone defines it
    markets/de.toml:21: events."order.placed".updates.set: `de.gift_wrap` is not a field of this charter: there are `cart_skus`, `language`, `points` and `score`
    "#);
    insta::assert_snapshot!(refused("markets/de.toml", r#"[fields."de.gift_wrap"]"#, "[fields.gift_wrap]"), @r#"
    markets/de.toml:13: fields.gift_wrap: `gift_wrap` is not the market's own name: write `de.gift_wrap`
    markets/de.toml:21: events."order.placed".updates.set: `de.gift_wrap` is not a field of this charter: there are `cart_skus`, `language`, `points` and `score`
    "#);
    insta::assert_snapshot!(refused("markets/de.toml", r#"[fields."de.gift_wrap"]"#, r#"[fields."fr.gift_wrap"]"#), @r#"
    markets/de.toml:13: fields."fr.gift_wrap": `fr.gift_wrap` is not the market's own name: write `de.gift_wrap`
    markets/de.toml:21: events."order.placed".updates.set: `de.gift_wrap` is not a field of this charter: there are `cart_skus`, `language`, `points` and `score`
    "#);
    insta::assert_snapshot!(refused("markets/de.toml", r#""de.gift_wrap" = { type"#, "total = { type"), @r#"
    markets/de.toml:20: events."order.placed".data.total: `total` means the same in every market: charter.toml alone defines it
    markets/de.toml:21: events."order.placed".updates.to: `de.gift_wrap` is not declared in the data of `order.placed`: there are `note`, `skus` and `total`
    "#);
    insta::assert_snapshot!(refused("markets/de.toml", r#"data    = { "de.gift_wrap" = { type = "flag" } }"#, r#"data = { "de.gift_wrap" = { type = "flag", required = true } }"#), @r#"markets/de.toml:20: events."order.placed".data."de.gift_wrap": is `required`: that would refuse the event in this market, so only central data may be"#);
    insta::assert_snapshot!(refused("markets/de.toml", r#"set = "de.gift_wrap", to = "data.de.gift_wrap""#, r#"add = "points", by = "1""#), @r#"markets/de.toml:21: events."order.placed".updates.add: `points` means the same in every market: a market's file changes only its own fields"#);
    insta::assert_snapshot!(refused("markets/de.toml", r#"[events."order.placed"]"#, r#"[events."order.plced"]"#), @r#"markets/de.toml:19: events."order.plced": `order.plced` is not an event of charter.toml: did you mean `order.placed`?"#);
    insta::assert_snapshot!(refused("markets/de.toml", r#"[events."order.placed"]"#, r#"[events."consent.given"]"#), @r#"markets/de.toml:19: events."consent.given": is built in: a market adds nothing to it"#);
    insta::assert_snapshot!(refused("markets/de.toml", "data    = {", "purpose = \"marketing\"\ndata    = {"), @r#"markets/de.toml:20: events."order.placed".purpose: is decided by charter.toml alone: there may be `data` and `updates`"#);
    insta::assert_snapshot!(refused("markets/de.toml", r#"[fields."de.gift_wrap"]"#, "[fields.\"de.a\"]\ntype = \"flag\"\nmeaning = \"a\"\nowner = \"de@gifts.example\"\npurpose = \"service\"\n[fields.\"de.gift_wrap\"]"), @r#"markets/de.toml:18: fields."de.gift_wrap": is one field too many: charter.toml:180 grants 1"#);
}

#[test]
fn files_that_are_not_granted() {
    insta::assert_snapshot!(refused("markets/de.toml", r#"market  = "de""#, r#"market = "at""#), @r#"
    markets/de.toml:1: market: is `at`, and the file is that of `de`: they must be the same
    markets/de.toml:1: market: `at` is granted nothing: charter.toml has no [markets.at]: there are `de` and `fr`
    "#);
    insta::assert_snapshot!(refused("markets/de.toml", r#"market  = "de""#, r#"market = "fr""#), @"markets/de.toml:1: market: is `fr`, and the file is that of `de`: they must be the same");
    insta::assert_snapshot!(refused("markets/de.toml", "market  = \"de\"\n", ""), @"markets/de.toml:1: market: is missing: one of [markets], such as `de`");
    insta::assert_snapshot!(refused("charter.toml", "[markets.de]", "[markets.at]"), @"markets/de.toml:1: market: `de` is granted nothing: charter.toml has no [markets.de]: there are `at` and `fr`");
}

#[test]
fn fallbacks_and_settings_that_could_not_be_used() {
    insta::assert_snapshot!(refused("markets/de.toml", "order_placed = {", "page_viewed = {"), @"markets/de.toml:27: fallback.page_viewed: `page_viewed` is none of this market's moments: it is never asked there");
    insta::assert_snapshot!(refused("markets/de.toml", "order_placed = {", "order_plced = {"), @"markets/de.toml:27: fallback.order_plced: `order_plced` is not a moment of charter.toml: did you mean `order_placed`?");
    insta::assert_snapshot!(refused("markets/de.toml", r#"action = "banner""#, r#"action = "mail""#), @"markets/de.toml:27: fallback.order_placed.action: `mail` is not granted to this market");
    insta::assert_snapshot!(refused("markets/de.toml", r#"channel = "web""#, r#"channel = "email""#), @"markets/de.toml:27: fallback.order_placed.channel: `email` is not a channel of this action in this market");
    insta::assert_snapshot!(refused("markets/de.toml", r#"tier = "none", "#, ""), @"markets/de.toml:27: fallback.order_placed.parameters: lacks `tier`, which the action requires");
    insta::assert_snapshot!(refused("markets/de.toml", r#"tier = "none""#, r#"tier = "gold""#), @"markets/de.toml:27: fallback.order_placed.parameters.tier: `gold` is none of `none` and `silver`");
    insta::assert_snapshot!(refused("markets/de.toml", r#"skus = ["a"]"#, r#"skus = ["a", "b", "c"]"#), @"markets/de.toml:27: fallback.order_placed.parameters.skus: has 3, and at most 2 are allowed");
    insta::assert_snapshot!(refused("markets/de.toml", r#"skus = ["a"]"#, r#"skus = ["a"], missing = 5"#), @"markets/de.toml:27: fallback.order_placed.parameters.missing: 5 is not between 10 and 500");
    insta::assert_snapshot!(refused("markets/de.toml", r#"skus = ["a"]"#, r#"skus = ["a"], colour = 5"#), @"markets/de.toml:27: fallback.order_placed.parameters.colour: `colour` is not a parameter of this action: there are `missing`, `share`, `skus` and `tier`");
    insta::assert_snapshot!(refused("markets/de.toml", r#"order_placed = { action = "banner", channel = "web", parameters = { tier = "none", skus = ["a"] } }"#, r#"order_placed = "stop""#), @r#"markets/de.toml:27: fallback.order_placed: is `stop`: write `"hold"` or an action with its channel and parameters"#);
    insta::assert_snapshot!(refused("markets/de.toml", "value = 3000", "value = 30.5"), @"markets/de.toml:24: settings.floor.value: is `30.5`, and must be of type `money`, in minor units");
    insta::assert_snapshot!(refused("markets/de.toml", r#"type = "money", value"#, r#"typ = "money", value"#), @r#"
    markets/de.toml:24: settings.floor.typ: is not a key of this table: did you mean `type`?
    markets/de.toml:24: settings.floor.type: is missing: `flag`, `integer`, `number`, `money`, `text`, `instant`, `texts` or `integers`
    "#);
}
