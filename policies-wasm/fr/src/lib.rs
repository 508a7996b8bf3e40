//! France: loyalty tiers on every page, and reminders that wait. `README.md` says it in plain words.

use kairos_sdk::prelude::*;

kairos_sdk::reasons! {
    /// Why we act, and why not.
    pub enum Why {
        TierShown = "tier_shown" { "fr" => "Votre niveau de fidélité.", "en" => "Your loyalty tier." },
        TierReached = "tier_reached" { "fr" => "Vous venez d'atteindre un nouveau niveau de fidélité.", "en" => "You just reached a new loyalty tier." },
        RestockDue = "restock_due" { "fr" => "Il est temps de recommander.", "en" => "It is time to order again." },
        CartWaits = "cart_waits" { "fr" => "Votre panier vous attend.", "en" => "Your cart is waiting." },
        SmallCart = "small_cart" { "fr" => "Le panier est trop petit pour un rappel.", "en" => "The cart is too small for a reminder." },
        OldPoints = "old_points" { "fr" => "Le solde de points n'est pas connu.", "en" => "The points are not known, or too old to be shown." },
        JustBought = "just_bought" { "fr" => "Ce produit vient d'être acheté.", "en" => "This product was bought just now." },
    }
}

kairos_sdk::moment! {
    /// An order is paid.
    struct OrderPlaced: "order_placed" {
        data { total: Money, skus: Texts }
        reads {
            points: Reading<Integer>,
            silver: Integer = "setting.silver",
            gold: Integer = "setting.gold",
            restock_days: Integer = "setting.restock_days",
        }
        proposes { loyalty_banner by [web], restock_reminder by [email] }
    }
}

kairos_sdk::moment! {
    /// A cart changed, and something lies in it.
    struct CartUpdated: "cart_updated" {
        data { skus: Texts, value: Money }
        reads {
            points: Reading<Integer>,
            gold: Integer = "setting.gold",
            floor: Money = "setting.cart_floor",
        }
        proposes { cart_reminder by [email] }
    }
}

kairos_sdk::moment! {
    /// A product page is seen.
    struct PageViewed: "page_viewed" {
        data { sku: Text }
        reads {
            points: Reading<Integer>,
            bought: Reading<Instant> = "bought[sku]",
            silver: Integer = "setting.silver",
            gold: Integer = "setting.gold",
        }
        proposes { loyalty_banner by [web] }
    }
}

kairos_sdk::policy! {
    name: "fr",
    version: "1.0.0",
    owner: "marketing-fr@gifts.example",
    worst_case: "A wrong tier is shown, or someone who has bought is reminded.",
    reasons: Why,
    moments: { OrderPlaced => order_placed, CartUpdated => cart_updated, PageViewed => page_viewed },
}

/// A tier, and how many points are missing to the next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Tier {
    name: &'static str,
    missing: Option<i64>,
}

impl Tier {
    fn of(points: i64, silver: i64, gold: i64) -> Self {
        let points = points.max(0);
        let (name, missing) = match points {
            points if points >= gold => ("gold", None),
            points if points >= silver => ("silver", Some(gold - points)),
            points => ("none", Some(silver - points)),
        };
        Self { name, missing }
    }

    fn shown_by(self, banner: Draft) -> Draft {
        let banner = banner.with("tier", self.name);
        match self.missing {
            Some(missing) => banner.with("missing", missing),
            None => banner,
        }
    }
}

fn order_placed(order: &OrderPlaced<'_>) -> Decision {
    let Some(points) = order.points.known() else {
        return Decision::hold(Why::OldPoints);
    };
    let now = Tier::of(points, order.silver, order.gold);
    let earned = order.total / Money::minor(100);
    let before = Tier::of(points - earned, order.silver, order.gold);
    let why = if before.name == now.name {
        Why::TierShown
    } else {
        Why::TierReached
    };
    let banner = now.shown_by(order.loyalty_banner()).score(2.0).because(why);
    if now.name == "none" {
        return Decision::act(banner);
    }
    let reminder = order
        .restock_reminder()
        .with("skus", first_three(order.skus))
        .in_days_at(u32::try_from(order.restock_days).unwrap_or(21), 18, 30)
        .key("restock")
        .unless("order.placed")
        .score(1.0)
        .because(Why::RestockDue);
    Decision::act_on([banner, reminder], why)
}

/// The reminder waits three hours, and through the night: nobody is reminded of a cart at two in the morning.
fn cart_updated(cart: &CartUpdated<'_>) -> Decision {
    if cart.value < cart.floor {
        return Decision::hold(Why::SmallCart);
    }
    let reminder = cart
        .cart_reminder()
        .with("skus", first_three(cart.skus))
        .key("cart")
        .unless("order.placed");
    let reminder = match cart.occasion.local_hour() {
        0..7 => reminder.in_days_at(0, 10, 0),
        7..18 => reminder.after(Duration::hours(3)),
        _ => reminder.in_days_at(1, 10, 0),
    };
    let is_gold = cart.points.known_or(0) >= cart.gold;
    let reminder = if is_gold {
        reminder.with("percent", 10)
    } else {
        reminder
    };
    Decision::act(reminder.because(Why::CartWaits))
}

fn page_viewed(page: &PageViewed<'_>) -> Decision {
    let Some(points) = page.points.known() else {
        return Decision::hold(Why::OldPoints);
    };
    let bought = page.bought.known();
    if bought.is_some_and(|bought| page.occasion.now.since(bought) < Duration::days(2)) {
        return Decision::hold(Why::JustBought);
    }
    let tier = Tier::of(points, page.silver, page.gold);
    Decision::act(tier.shown_by(page.loyalty_banner()).because(Why::TierShown))
}

fn first_three<'a>(skus: &'a [Str<'a>]) -> &'a [Str<'a>] {
    skus.get(..3).unwrap_or(skus)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kairos_sdk::testing::{Asked, NOW};

    fn order(total: i64) -> Asked<Policy> {
        Asked::at("order_placed")
            .datum("total", Money::minor(total))
            .datum("skus", ["22728", "22727", "22726", "21724"])
            .reading("setting.silver", 300)
            .reading("setting.gold", 1000)
            .reading("setting.restock_days", 21)
    }

    /// `NOW` is ten in the morning in UTC.
    fn cart(hours_east: i32) -> Asked<Policy> {
        Asked::at("cart_updated")
            .datum("skus", ["22728"])
            .datum("value", 4500)
            .reading("setting.gold", 1000)
            .reading("setting.cart_floor", 2000)
            .utc_offset_minutes(hours_east * 60)
    }

    fn page() -> Asked<Policy> {
        Asked::at("page_viewed")
            .datum("sku", "22728")
            .reading("setting.silver", 300)
            .reading("setting.gold", 1000)
    }

    #[test]
    fn a_tier_says_what_is_missing_to_the_next() {
        let expect = |points, name, missing| {
            assert_eq!(
                Tier::of(points, 300, 1000),
                Tier { name, missing },
                "{points} points"
            );
        };
        expect(-40, "none", Some(300));
        expect(0, "none", Some(300));
        expect(299, "none", Some(1));
        expect(300, "silver", Some(700));
        expect(999, "silver", Some(1));
        expect(1000, "gold", None);
    }

    #[test]
    fn a_first_small_order_shows_the_way_to_silver() {
        order(13_000)
            .reading("points", 130)
            .decide()
            .proposes_only(1)
            .proposes("loyalty_banner")
            .with("tier", "none")
            .with("missing", 170)
            .right_now()
            .because(Why::TierShown);
    }

    #[test]
    fn the_order_that_reaches_a_tier_says_so_and_plans_a_reminder() {
        let answer = order(20_000).reading("points", 330).decide();
        answer
            .proposes("loyalty_banner")
            .with("tier", "silver")
            .because(Why::TierReached);
        answer
            .proposes("restock_reminder")
            .with("skus", ["22728", "22727", "22726"])
            .in_days_at(21, 18, 30)
            .unless("order.placed");
    }

    #[test]
    fn gold_has_nothing_missing() {
        order(20_000)
            .reading("points", 2400)
            .decide()
            .proposes("loyalty_banner")
            .with("tier", "gold")
            .without("missing")
            .because(Why::TierShown);
    }

    #[test]
    fn old_points_are_not_shown() {
        order(20_000).decide().holds(Why::OldPoints);
        page()
            .stale("points", 500, NOW)
            .decide()
            .holds(Why::OldPoints);
    }

    #[test]
    fn the_reminder_of_a_cart_waits_and_sleeps_at_night() {
        cart(1)
            .decide()
            .proposes("cart_reminder")
            .after(Duration::hours(3));
        cart(9)
            .decide()
            .proposes("cart_reminder")
            .in_days_at(1, 10, 0);
        cart(-8)
            .decide()
            .proposes("cart_reminder")
            .in_days_at(0, 10, 0);
    }

    #[test]
    fn only_gold_is_reminded_with_a_discount() {
        cart(1)
            .reading("points", 1000)
            .decide()
            .proposes("cart_reminder")
            .with("percent", 10);
        cart(1)
            .reading("points", 999)
            .decide()
            .proposes("cart_reminder")
            .without("percent");
    }

    #[test]
    fn a_small_cart_is_left_alone() {
        cart(1).datum("value", 1999).decide().holds(Why::SmallCart);
    }

    #[test]
    fn a_page_shows_the_tier_unless_its_product_was_just_bought() {
        page()
            .reading("points", 500)
            .decide()
            .proposes("loyalty_banner")
            .with("tier", "silver");
        let bought = |days| {
            let then = NOW.millis() - i64::try_from(Duration::days(days).millis()).unwrap();
            page()
                .reading("points", 500)
                .reading("bought[sku]", Instant::from_millis(then))
        };
        bought(1).decide().holds(Why::JustBought);
        bought(3).decide().proposes("loyalty_banner");
    }
}
