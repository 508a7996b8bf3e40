//! The United Kingdom: thanks at once, asks for a review some days later, rewards large orders, and tries to win back who
//! cancels. `README.md` says it in plain words.

use kairos_sdk::prelude::*;

kairos_sdk::reasons! {
    /// Why we act, and why not.
    pub enum Why {
        PointsEarned = "points_earned" { "en" => "You earned points with this order." },
        ReviewDue = "review_due" { "en" => "Your order has arrived: we would like to know how you like it." },
        LargeOrder = "large_order" { "en" => "A large order deserves a thank-you." },
        OftenCancelled = "often_cancelled" { "en" => "You cancelled more than once lately." },
        LargeCancelled = "large_cancelled" { "en" => "You cancelled a large order." },
        NoCustomer = "no_customer" { "en" => "A guest's order: there is nobody to thank or to write to." },
        NothingPaid = "nothing_paid" { "en" => "Nothing was paid for this order." },
        SmallCancellation = "small_cancellation" { "en" => "A small cancellation is nothing to write about." },
        MayNotWrite = "may_not_write" { "en" => "We may not write to this customer." },
    }
}

kairos_sdk::moment! {
    /// An order is paid.
    struct OrderPlaced: "order_placed" {
        data { order: Text, total: Money, skus: Texts, quantities: Integers }
        reads {
            points: Reading<Integer>,
            review_days: Integer = "setting.review_days",
            voucher_floor: Money = "setting.voucher_floor",
        }
        proposes { thank_you_banner by [web], review_request by [email], voucher by [email] }
    }
}

kairos_sdk::moment! {
    /// An order, or a part of it, is taken back.
    struct OrderCancelled: "order_cancelled" {
        data { total: Money }
        reads {
            cancellations: Reading<Integer> = "cancellations_90d",
            spend: Reading<Money> = "spend_365d",
            consent: Reading<Text> = "consent.marketing.email",
            floor: Money = "setting.winback_floor",
        }
        proposes { win_back by [email] }
    }
}

kairos_sdk::policy! {
    name: "gb",
    version: "1.0.0",
    owner: "marketing-gb@gifts.example",
    worst_case: "A wrong number of points is shown, or someone gets one mail too many.",
    reasons: Why,
    moments: { OrderPlaced => order_placed, OrderCancelled => order_cancelled },
}

const POUND: Money = Money::minor(100);
/// The most products that a review asks about.
const REVIEWED: usize = 3;

fn order_placed(order: &OrderPlaced<'_>) -> Decision {
    let Some(balance) = order.points.known() else {
        return Decision::hold(Why::NoCustomer);
    };
    if order.total < POUND {
        return Decision::hold(Why::NothingPaid);
    }
    let mut proposals = vec![banner(order, balance), review(order)];
    if order.total >= order.voucher_floor {
        proposals.push(thanks_for_a_large_order(order));
    }
    Decision::act_on(proposals, Why::NothingPaid)
}

fn banner(order: &OrderPlaced<'_>, balance: i64) -> Proposal {
    order
        .thank_you_banner()
        .with("points", order.total / POUND)
        .with("balance", balance)
        .score(3.0)
        .because(Why::PointsEarned)
}

fn review(order: &OrderPlaced<'_>) -> Proposal {
    order
        .review_request()
        .with("order", order.order)
        .with("skus", most_bought(order))
        .in_days_at(u32::try_from(order.review_days).unwrap_or(7), 10, 0)
        .key("review")
        .unless("order.cancelled")
        .score(1.0)
        .because(Why::ReviewDue)
}

/// Two per cent of the order. How much is too much is not for this policy to know: the charter says it.
fn thanks_for_a_large_order(order: &OrderPlaced<'_>) -> Proposal {
    order
        .voucher()
        .with("amount", order.total.percent(2))
        .after(Duration::hours(2))
        .key("voucher")
        .unless("order.cancelled")
        .score(2.0)
        .because(Why::LargeOrder)
}

/// The products of which most pieces were bought, most first; of equals the one that stands first in the order.
fn most_bought<'a>(order: &OrderPlaced<'a>) -> Vec<Str<'a>> {
    let mut most: Vec<(Str<'a>, i64)> = Vec::with_capacity(REVIEWED + 1);
    for (sku, pieces) in order.skus.iter().zip(order.quantities.iter().copied()) {
        let last_above = most.iter().rposition(|&(_, more)| more >= pieces);
        let place = last_above.map_or(0, |above| above + 1);
        if place < REVIEWED {
            most.insert(place, (*sku, pieces));
            most.truncate(REVIEWED);
        }
    }
    most.into_iter().map(|(sku, _)| sku).collect()
}

fn order_cancelled(cancelled: &OrderCancelled<'_>) -> Decision {
    let Some(times) = cancelled.cancellations.known() else {
        return Decision::hold(Why::NoCustomer);
    };
    let often = times >= 2;
    let large = cancelled.total >= cancelled.floor;
    if !often && !large {
        return Decision::hold(Why::SmallCancellation);
    }
    if !matches!(cancelled.consent.known(), Some("granted" | "confirmed")) {
        return Decision::hold(Why::MayNotWrite);
    }
    let is_loyal = cancelled.spend.known_or(Money::default()) >= POUND * 200;
    let win_back = cancelled
        .win_back()
        .with("percent", if is_loyal { 10 } else { 5 })
        .in_days_at(3, 11, 0)
        .key("win_back")
        .unless("order.placed")
        .because(if often {
            Why::OftenCancelled
        } else {
            Why::LargeCancelled
        });
    Decision::act(win_back)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kairos_sdk::testing::Asked;

    fn order(pounds: i64) -> Asked<Policy> {
        Asked::at("order_placed")
            .datum("order", "536365")
            .datum("total", POUND * pounds)
            .datum("skus", ["85123A", "71053", "22752", "21730"])
            .datum("quantities", [6, 24, 2, 8])
            .reading("setting.review_days", 6)
            .reading("setting.voucher_floor", POUND * 500)
    }

    fn cancellation(pounds: i64, times: i64) -> Asked<Policy> {
        Asked::at("order_cancelled")
            .datum("total", POUND * pounds)
            .reading("setting.winback_floor", POUND * 20)
            .reading("cancellations_90d", times)
            .reading("spend_365d", POUND * 50)
    }

    #[test]
    fn an_order_shows_its_points_at_once_and_asks_for_a_review_later() {
        let answer = order(139).reading("points", 250).decide();
        answer
            .proposes_only(2)
            .proposes("thank_you_banner")
            .by("web")
            .with("points", 139)
            .with("balance", 250)
            .right_now()
            .because(Why::PointsEarned);
        answer
            .proposes("review_request")
            .by("email")
            .with("order", "536365")
            .with("skus", ["71053", "21730", "85123A"])
            .in_days_at(6, 10, 0)
            .key("review")
            .unless("order.cancelled")
            .because(Why::ReviewDue);
    }

    #[test]
    fn of_equal_quantities_the_first_of_the_order_counts() {
        order(139)
            .datum("skus", ["a", "b", "c", "d", "e"])
            .datum("quantities", [5, 6, 5, 5, 6])
            .reading("points", 250)
            .decide()
            .proposes("review_request")
            .with("skus", ["b", "e", "a"]);
    }

    #[test]
    fn a_guest_gets_nothing() {
        order(139).decide().holds(Why::NoCustomer);
    }

    #[test]
    fn an_order_without_a_payment_is_no_occasion() {
        order(0)
            .reading("points", 0)
            .decide()
            .holds(Why::NothingPaid);
    }

    #[test]
    fn a_large_order_earns_two_per_cent_whatever_the_charter_will_say() {
        let answer = order(500).reading("points", 500).decide();
        answer.proposes("voucher").with("amount", POUND * 10);
        let answer = order(9000).reading("points", 9000).decide();
        answer.proposes("voucher").with("amount", POUND * 180);
        let answer = order(499).reading("points", 499).decide();
        answer.does_not_propose("voucher");
    }

    #[test]
    fn a_small_first_cancellation_is_let_go() {
        cancellation(19, 1).decide().holds(Why::SmallCancellation);
    }

    #[test]
    fn nobody_is_won_back_who_did_not_agree_to_mail() {
        cancellation(40, 1).decide().holds(Why::MayNotWrite);
        cancellation(40, 1)
            .reading("consent.marketing.email", "withdrawn")
            .decide()
            .holds(Why::MayNotWrite);
    }

    #[test]
    fn who_cancels_twice_is_won_back_with_a_small_discount() {
        cancellation(2, 2)
            .reading("consent.marketing.email", "granted")
            .decide()
            .proposes("win_back")
            .with("percent", 5)
            .in_days_at(3, 11, 0)
            .unless("order.placed")
            .because(Why::OftenCancelled);
    }

    #[test]
    fn a_good_customer_is_won_back_with_a_larger_one() {
        cancellation(40, 1)
            .reading("consent.marketing.email", "confirmed")
            .reading("spend_365d", POUND * 900)
            .decide()
            .proposes("win_back")
            .with("percent", 10)
            .because(Why::LargeCancelled);
    }
}
