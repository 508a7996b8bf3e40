//! The United States: writes until somebody objects, and lets the boundary say where a state forbids it. `README.md` says it
//! in plain words.

use kairos_sdk::prelude::*;

kairos_sdk::reasons! {
    /// Why we act, and why not.
    pub enum Why {
        ReviewDue = "review_due" { "en" => "Your order has arrived: we would like to know how you like it.", "es" => "Su pedido ha llegado: ¿qué le parece?" },
        CartLeft = "cart_left" { "en" => "Something is still in your cart.", "es" => "Queda algo en su carrito." },
        ProductSeen = "product_seen" { "en" => "You looked at this product.", "es" => "Usted miró este producto." },
        BigSpender = "big_spender" { "en" => "You are one of our best customers.", "es" => "Usted es uno de nuestros mejores clientes." },
        SmallCart = "small_cart" { "en" => "The cart is too small for a reminder.", "es" => "El carrito es demasiado pequeño." },
        NothingSeen = "nothing_seen" { "en" => "We do not know what interests this customer.", "es" => "No sabemos qué le interesa." },
    }
}

kairos_sdk::moment! {
    /// An order is paid.
    struct OrderPlaced: "order_placed" {
        data { order: Text, skus: Texts }
        reads { review_days: Integer = "setting.review_days" }
        proposes { review_request by [email, sms] }
    }
}

kairos_sdk::moment! {
    /// Nothing has happened to a cart for a while, and something lies in it.
    struct CartLeft: "cart_left" {
        data {}
        reads {
            skus: Texts = "cart_skus",
            value: Money = "cart_value",
            floor: Money = "setting.cart_floor",
        }
        proposes { cart_reminder by [email] }
    }
}

kairos_sdk::moment! {
    /// The order that was just paid made a big spender.
    struct BecameBigSpender: "became_big_spender" {
        data {}
        reads { seen: Reading<Texts> = "seen_skus" }
        proposes { ad_audience by [ads] }
    }
}

kairos_sdk::moment! {
    /// A product page is seen.
    struct PageViewed: "page_viewed" {
        data { sku: Text }
        reads { is_big_spender: Reading<Flag> = "segment.big_spender" }
        proposes { ad_audience by [ads] }
    }
}

kairos_sdk::policy! {
    name: "us",
    version: "1.0.0",
    owner: "marketing-us@gifts.example",
    worst_case: "Someone gets one message too many, or sees an advertisement for what they have.",
    reasons: Why,
    moments: {
        OrderPlaced => order_placed,
        CartLeft => cart_left,
        BecameBigSpender => became_big_spender,
        PageViewed => page_viewed,
    },
}

/// A mail, and a text message besides: whether and when either may go out is for the boundary to know.
fn order_placed(order: &OrderPlaced<'_>) -> Decision {
    let days = u32::try_from(order.review_days).unwrap_or(9);
    let review = |channel: &'static str, key: &str, hour: u32| {
        order
            .review_request()
            .by(channel)
            .with("order", order.order)
            .with("skus", first(order.skus, 3))
            .in_days_at(days, hour, 0)
            .key(key)
            .because(Why::ReviewDue)
    };
    Decision::act_on(
        [
            review("email", "review", 10),
            review("sms", "review_sms", 19),
        ],
        Why::ReviewDue,
    )
}

fn cart_left(cart: &CartLeft<'_>) -> Decision {
    if cart.value < cart.floor {
        return Decision::hold(Why::SmallCart);
    }
    let reminder = cart
        .cart_reminder()
        .with("skus", first(cart.skus, 3))
        .key("cart")
        .because(Why::CartLeft);
    Decision::act(reminder)
}

fn became_big_spender(customer: &BecameBigSpender<'_>) -> Decision {
    match customer.seen.known() {
        Some(seen) if !seen.is_empty() => Decision::act(
            customer
                .ad_audience()
                .with("skus", first(seen, 10))
                .key("ads")
                .because(Why::BigSpender),
        ),
        _ => Decision::hold(Why::NothingSeen),
    }
}

fn page_viewed(page: &PageViewed<'_>) -> Decision {
    let score = if page.is_big_spender.is(true) {
        2.0
    } else {
        1.0
    };
    let audience = page
        .ad_audience()
        .with("skus", [page.sku])
        .key("ads")
        .score(score)
        .because(Why::ProductSeen);
    Decision::act(audience)
}

fn first<'a>(skus: &'a [Str<'a>], most: usize) -> &'a [Str<'a>] {
    skus.get(..most).unwrap_or(skus)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kairos_sdk::testing::Asked;

    fn cart(pounds: i64) -> Asked<Policy> {
        Asked::at("cart_left")
            .reading("cart_skus", ["85123A", "71053"])
            .reading("cart_value", Money::minor(pounds * 100))
            .reading("setting.cart_floor", Money::minor(2_500))
    }

    #[test]
    fn an_order_asks_for_a_review_by_mail_and_by_text_message() {
        let answer = Asked::<Policy>::at("order_placed")
            .datum("order", "536365")
            .datum("skus", ["85123A", "71053", "22752", "21730"])
            .reading("setting.review_days", 9)
            .decide();
        answer
            .proposes_only(2)
            .proposes("review_request")
            .with("skus", ["85123A", "71053", "22752"])
            .because(Why::ReviewDue);
    }

    #[test]
    fn a_cart_that_was_left_is_remembered_unless_it_is_small() {
        cart(30)
            .decide()
            .proposes("cart_reminder")
            .by("email")
            .key("cart");
        cart(20).decide().holds(Why::SmallCart);
    }

    #[test]
    fn who_became_a_big_spender_sees_what_they_looked_at() {
        let asked = || Asked::<Policy>::at("became_big_spender");
        asked()
            .reading("seen_skus", ["85123A"])
            .decide()
            .proposes("ad_audience")
            .by("ads")
            .with("skus", ["85123A"]);
        asked()
            .withheld("seen_skus")
            .decide()
            .holds(Why::NothingSeen);
    }

    #[test]
    fn a_page_view_is_shown_again_elsewhere() {
        Asked::<Policy>::at("page_viewed")
            .datum("sku", "85123A")
            .reading("segment.big_spender", true)
            .decide()
            .proposes("ad_audience")
            .because(Why::ProductSeen);
    }
}
