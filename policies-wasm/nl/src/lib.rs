//! The Netherlands: wholesale. Colleagues in sales are told; customers are not written to. `README.md` says it in plain words.

use kairos_sdk::prelude::*;

kairos_sdk::reasons! {
    /// Why we act, and why not.
    pub enum Why {
        CompanyBuys = "company_buys" { "nl" => "Een bedrijf bestelt vaker.", "en" => "A company orders repeatedly." },
        CompanyReads = "company_reads" { "nl" => "Meerdere mensen van een bedrijf lezen onze documenten.", "en" => "Several people of a company read our documents." },
        BuysLikeACompany = "buys_like_a_company" { "nl" => "Een klant zonder bedrijf koopt op grote schaal in.", "en" => "A customer without a company buys like one." },
        PrivateBuyer = "private_buyer" { "nl" => "Een particuliere bestelling is niets voor verkoop.", "en" => "A private order is nothing for sales." },
        KeyAccount = "key_account" { "nl" => "Dit bedrijf heeft al een vaste contactpersoon.", "en" => "This company already has its contact with us." },
        FirstOrder = "first_order" { "nl" => "Een eerste bestelling van een bedrijf is nog geen patroon.", "en" => "A company's first order is no pattern yet." },
        NotBusiness = "not_business" { "nl" => "Dit document werd niet zakelijk opgevraagd.", "en" => "The document was not fetched for business." },
    }
}

kairos_sdk::moment! {
    /// An order is paid.
    struct OrderPlaced: "order_placed" {
        data { order: Text, total: Money, quantities: Integers }
        reads {
            company_orders: Reading<Integer> = "account_orders_90d",
            tier: Reading<Text> = "account.tier",
            large_order: Money = "setting.large_order",
            large_lot: Integer = "setting.large_lot",
        }
        proposes { company_insight by [sales], lead_insight by [sales] }
    }
}

kairos_sdk::moment! {
    /// Several people of a company fetched documents.
    struct CompanyWarm: "company_warm" {
        data { document: Text, business: Flag }
        reads {
            signals: Integer = "account_signals_14d",
            people: Integer = "account_people_14d",
            tier: Reading<Text> = "account.tier",
        }
        proposes { company_insight by [sales] }
    }
}

kairos_sdk::policy! {
    name: "nl",
    version: "1.0.0",
    owner: "sales-nl@gifts.example",
    worst_case: "Sales calls a company that is not interested.",
    reasons: Why,
    moments: { OrderPlaced => order_placed, CompanyWarm => company_warm },
}

fn order_placed(order: &OrderPlaced<'_>) -> Decision {
    match order.company_orders.known() {
        Some(orders) if orders > 0 => order_of_a_company(order, orders),
        Some(_) | None => order_of_a_person(order),
    }
}

fn order_of_a_company(order: &OrderPlaced<'_>, orders: i64) -> Decision {
    if order.tier.is("key") {
        return Decision::hold(Why::KeyAccount);
    }
    if orders < 2 {
        return Decision::hold(Why::FirstOrder);
    }
    let insight = order
        .company_insight()
        .with("signals", orders)
        .in_days_at(1, 9, 0)
        .key("insight")
        .score(1.0);
    Decision::act(with_tier(insight, &order.tier).because(Why::CompanyBuys))
}

/// Who buys like a company, and is none that we know, is a lead.
fn order_of_a_person(order: &OrderPlaced<'_>) -> Decision {
    let pieces = order
        .quantities
        .iter()
        .copied()
        .fold(0_i64, i64::saturating_add);
    if order.total < order.large_order && pieces < order.large_lot {
        return Decision::hold(Why::PrivateBuyer);
    }
    let lead = order
        .lead_insight()
        .with("order", order.order)
        .with("total", order.total)
        .with("pieces", pieces)
        .in_days_at(1, 9, 0)
        .key("lead")
        .unless("order.cancelled")
        .because(Why::BuysLikeACompany);
    Decision::act(lead)
}

fn company_warm(company: &CompanyWarm<'_>) -> Decision {
    if !company.business {
        return Decision::hold(Why::NotBusiness);
    }
    if company.tier.is("key") {
        return Decision::hold(Why::KeyAccount);
    }
    let urgent = company.document == "price_list" || company.document == "contract";
    let insight = company
        .company_insight()
        .with("signals", company.signals)
        .with("people", company.people)
        .with("document", company.document)
        .key("insight")
        .score(if urgent { 2.0 } else { 1.0 });
    let insight = if urgent {
        insight
    } else {
        insight.in_days_at(1, 9, 0)
    };
    Decision::act(with_tier(insight, &company.tier).because(Why::CompanyReads))
}

fn with_tier(insight: Draft, tier: &Reading<&str>) -> Draft {
    match tier.known() {
        Some(tier) => insight.with("tier", tier),
        None => insight,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kairos_sdk::testing::Asked;

    fn order(pounds: i64, quantities: [i64; 2]) -> Asked<Policy> {
        Asked::at("order_placed")
            .datum("order", "539491")
            .datum("total", Money::minor(pounds * 100))
            .datum("quantities", quantities)
            .reading("setting.large_order", 50_000)
            .reading("setting.large_lot", 200)
    }

    fn warm(document: &str) -> Asked<Policy> {
        Asked::at("company_warm")
            .datum("document", document)
            .datum("business", true)
            .reading("account_signals_14d", 4)
            .reading("account_people_14d", 2)
    }

    #[test]
    fn a_private_order_is_nothing_for_sales() {
        order(71, [6, 12]).decide().holds(Why::PrivateBuyer);
    }

    #[test]
    fn a_large_order_or_a_large_lot_of_nobodys_company_is_a_lead() {
        order(8521, [6, 12])
            .decide()
            .proposes_only(1)
            .proposes("lead_insight")
            .by("sales")
            .with("total", 852_100)
            .with("pieces", 18)
            .in_days_at(1, 9, 0)
            .because(Why::BuysLikeACompany);
        order(71, [150, 50])
            .decide()
            .proposes("lead_insight")
            .with("pieces", 200);
    }

    #[test]
    fn sales_hears_of_a_company_from_its_second_order_on() {
        order(71, [6, 12])
            .reading("account_orders_90d", 1)
            .decide()
            .holds(Why::FirstOrder);
        order(71, [6, 12])
            .reading("account_orders_90d", 2)
            .reading("account.tier", "trade")
            .decide()
            .proposes_only(1)
            .proposes("company_insight")
            .with("signals", 2)
            .with("tier", "trade")
            .because(Why::CompanyBuys);
    }

    #[test]
    fn a_key_account_has_its_contact_already() {
        order(9000, [600, 12])
            .reading("account_orders_90d", 7)
            .reading("account.tier", "key")
            .decide()
            .holds(Why::KeyAccount);
        warm("contract")
            .reading("account.tier", "key")
            .decide()
            .holds(Why::KeyAccount);
    }

    #[test]
    fn a_company_that_reads_prices_is_called_at_once() {
        warm("price_list")
            .decide()
            .proposes("company_insight")
            .with("signals", 4)
            .with("people", 2)
            .with("document", "price_list")
            .without("tier")
            .right_now()
            .key("insight");
        warm("catalogue")
            .decide()
            .proposes("company_insight")
            .in_days_at(1, 9, 0);
    }

    #[test]
    fn a_private_download_is_no_sign() {
        warm("catalogue")
            .datum("business", false)
            .decide()
            .holds(Why::NotBusiness);
    }
}
