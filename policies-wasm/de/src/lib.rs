//! Germany: writes only to who confirmed it, says little, gives little. `README.md` says it in plain words.

use kairos_sdk::prelude::*;

kairos_sdk::reasons! {
    /// Why we act, and why not.
    pub enum Why {
        ReviewDue = "review_due" { "de" => "Ihre Bestellung ist angekommen: Wie gefällt sie Ihnen?", "en" => "The order has arrived: we would like to know how you like it." },
        RegularCustomer = "regular_customer" { "de" => "Sie bestellen regelmäßig bei uns.", "en" => "You order from us regularly." },
        CartWaits = "cart_waits" { "de" => "In Ihrem Warenkorb liegt noch etwas.", "en" => "Something is still in your cart." },
        NotConfirmed = "not_confirmed" { "de" => "Die Einwilligung in E-Mails ist nicht bestätigt.", "en" => "Consent to e-mail is not confirmed." },
        Objected = "objected" { "de" => "E-Mails sind nicht erwünscht.", "en" => "E-mails are not wanted." },
        ConsentUnknown = "consent_unknown" { "de" => "Zu E-Mails liegt keine Einwilligung vor.", "en" => "Nothing was said about e-mails." },
        SmallCart = "small_cart" { "de" => "Der Warenkorb ist zu klein für eine Erinnerung.", "en" => "The cart is too small for a reminder." },
        NothingPaid = "nothing_paid" { "de" => "Für diese Bestellung wurde nichts bezahlt.", "en" => "Nothing was paid for this order." },
    }
}

kairos_sdk::moment! {
    /// An order is paid.
    struct OrderPlaced: "order_placed" {
        data { order: Text, total: Money, skus: Texts, gift_wrap: Option<Flag> = "de.gift_wrap" }
        reads {
            orders: Reading<Integer> = "orders_90d",
            consent: Reading<Text> = "consent.marketing.email",
            review_days: Integer = "setting.review_days",
        }
        proposes { review_request by [email], discount by [email] }
    }
}

kairos_sdk::moment! {
    /// A cart changed, and something lies in it.
    struct CartUpdated: "cart_updated" {
        data { skus: Texts, value: Money }
        reads {
            consent: Reading<Text> = "consent.marketing.email",
            floor: Money = "setting.cart_floor",
        }
        proposes { cart_reminder by [email] }
    }
}

kairos_sdk::policy! {
    name: "de",
    version: "1.0.0",
    owner: "marketing-de@gifts.example",
    worst_case: "Someone who confirmed e-mails gets one too many.",
    reasons: Why,
    moments: { OrderPlaced => order_placed, CartUpdated => cart_updated },
}

/// Orders in 90 days that make a regular customer.
const REGULAR: i64 = 3;
/// No discount of this policy is larger, whatever the charter would allow.
const LARGEST_PERCENT: i64 = 5;

fn order_placed(order: &OrderPlaced<'_>) -> Decision {
    if order.total <= Money::default() {
        return Decision::hold(Why::NothingPaid);
    }
    if let Some(why) = silence(&order.consent) {
        return Decision::hold(why);
    }
    let orders = order.orders.known_or(0);
    let mut proposals = vec![review(order)];
    if orders >= REGULAR {
        proposals.push(discount(order, orders));
    }
    Decision::act_on(proposals, Why::NotConfirmed)
}

/// Why we may not write; nothing where the customer confirmed that we may.
fn silence(consent: &Reading<&str>) -> Option<Why> {
    match consent {
        Reading::Known("confirmed", _) => None,
        Reading::Known("denied" | "withdrawn", _) => Some(Why::Objected),
        Reading::Known(..) | Reading::Stale(..) => Some(Why::NotConfirmed),
        Reading::Unknown | Reading::Withheld => Some(Why::ConsentUnknown),
    }
}

/// A gift is unwrapped later than an order arrives: its review waits four days more.
fn review(order: &OrderPlaced<'_>) -> Proposal {
    let days = u32::try_from(order.review_days).unwrap_or(10);
    let wait = if order.gift_wrap == Some(true) { 4 } else { 0 };
    order
        .review_request()
        .with("order", order.order)
        .with("skus", first_three(order.skus))
        .in_days_at(days + wait, 10, 0)
        .key("review")
        .unless("order.cancelled")
        .unless("consent.withdrawn")
        .because(Why::ReviewDue)
}

/// One per cent for each order of the last 90 days.
fn discount(order: &OrderPlaced<'_>, orders: i64) -> Proposal {
    order
        .discount()
        .with("percent", orders.min(LARGEST_PERCENT))
        .in_days_at(1, 9, 0)
        .key("discount")
        .unless("order.cancelled")
        .unless("consent.withdrawn")
        .score(1.0)
        .because(Why::RegularCustomer)
}

fn cart_updated(cart: &CartUpdated<'_>) -> Decision {
    if let Some(why) = silence(&cart.consent) {
        return Decision::hold(why);
    }
    if cart.value < cart.floor {
        return Decision::hold(Why::SmallCart);
    }
    let reminder = cart
        .cart_reminder()
        .with("skus", first_three(cart.skus))
        .after(Duration::hours(24))
        .key("cart")
        .unless("order.placed")
        .unless("consent.withdrawn")
        .because(Why::CartWaits);
    Decision::act(reminder)
}

fn first_three<'a>(skus: &'a [Str<'a>]) -> &'a [Str<'a>] {
    skus.get(..3).unwrap_or(skus)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kairos_sdk::testing::Asked;

    fn order() -> Asked<Policy> {
        Asked::at("order_placed")
            .datum("order", "536527")
            .datum("total", Money::minor(26_170))
            .datum("skus", ["22809", "84347", "84945", "22242"])
            .reading("orders_90d", 1)
            .reading("setting.review_days", 10)
    }

    fn cart(minor_units: i64) -> Asked<Policy> {
        Asked::at("cart_updated")
            .datum("skus", ["22809"])
            .datum("value", Money::minor(minor_units))
            .reading("setting.cart_floor", 3000)
    }

    const CONSENT: &str = "consent.marketing.email";

    #[test]
    fn nothing_is_proposed_without_a_confirmed_consent() {
        order().decide().holds(Why::ConsentUnknown);
        order()
            .withheld(CONSENT)
            .decide()
            .holds(Why::ConsentUnknown);
        for state in ["requested", "granted", "soft"] {
            order()
                .reading(CONSENT, state)
                .decide()
                .holds(Why::NotConfirmed);
            cart(9000)
                .reading(CONSENT, state)
                .decide()
                .holds(Why::NotConfirmed);
        }
        for state in ["denied", "withdrawn"] {
            order()
                .reading(CONSENT, state)
                .decide()
                .holds(Why::Objected);
            cart(9000)
                .reading(CONSENT, state)
                .decide()
                .holds(Why::Objected);
        }
    }

    #[test]
    fn who_confirmed_is_asked_for_a_review_after_ten_days() {
        order()
            .reading(CONSENT, "confirmed")
            .decide()
            .proposes_only(1)
            .proposes("review_request")
            .with("skus", ["22809", "84347", "84945"])
            .in_days_at(10, 10, 0)
            .unless("order.cancelled")
            .unless("consent.withdrawn")
            .because(Why::ReviewDue);
    }

    #[test]
    fn the_review_of_a_wrapped_gift_waits_longer() {
        order()
            .datum("de.gift_wrap", true)
            .reading(CONSENT, "confirmed")
            .decide()
            .proposes("review_request")
            .in_days_at(14, 10, 0);
    }

    #[test]
    fn a_regular_customer_gets_a_discount_of_at_most_five_per_cent() {
        for (orders, percent) in [(3, 3), (5, 5), (6, 5), (400, 5)] {
            order()
                .reading(CONSENT, "confirmed")
                .reading("orders_90d", orders)
                .decide()
                .proposes("discount")
                .with("percent", percent)
                .because(Why::RegularCustomer);
        }
        let second = order()
            .reading(CONSENT, "confirmed")
            .reading("orders_90d", 2);
        second.decide().does_not_propose("discount");
    }

    #[test]
    fn a_free_order_is_no_occasion() {
        order()
            .datum("total", 0)
            .reading(CONSENT, "confirmed")
            .decide()
            .holds(Why::NothingPaid);
    }

    #[test]
    fn a_cart_is_reminded_of_after_a_day_and_without_a_discount() {
        cart(3000)
            .reading(CONSENT, "confirmed")
            .decide()
            .proposes("cart_reminder")
            .without("percent")
            .after(Duration::hours(24))
            .key("cart")
            .unless("order.placed");
        cart(2999)
            .reading(CONSENT, "confirmed")
            .decide()
            .holds(Why::SmallCart);
    }
}
