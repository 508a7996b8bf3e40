use super::*;

const HEADER: &[u8] =
    b"InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country";

fn read(line: &[u8]) -> Result<Line, Unused> {
    Line::read(line, &Columns::find(HEADER).unwrap())
}

#[track_caller]
fn refused(line: &str, reason: Unused) {
    assert_eq!(read(line.as_bytes()), Err(reason), "{line}");
}

/// Quantity and price as written, and what they come to.
#[track_caller]
fn amount(quantity: &str, price: &str, expected: Result<i64, Unused>) {
    let letter = if quantity.starts_with('-') { "C" } else { "" };
    let line = format!(
        "{letter}536365,71053,LANTERN,{quantity},2010-12-01 08:26:00,{price},17850.0,France"
    );
    assert_eq!(read(line.as_bytes()).map(|line| line.pence), expected);
}

#[test]
fn a_malformed_line_is_refused_with_what_is_wrong() {
    refused("", Unused::Columns);
    refused(
        "536365,71053,LANTERN,6,2010-12-01 08:26:00,3.39,17850.0",
        Unused::Columns,
    );
    refused(
        "536365,71053,\"LANTERN,6,2010-12-01 08:26:00,3.39,17850.0,France",
        Unused::OpenQuote,
    );
    refused(
        ",71053,L,6,2010-12-01 08:26:00,3.39,,France",
        Unused::InvoiceNumber,
    );
    refused(
        "C,71053,L,6,2010-12-01 08:26:00,3.39,,France",
        Unused::InvoiceNumber,
    );
    refused(
        "X1,71053,L,6,2010-12-01 08:26:00,3.39,,France",
        Unused::InvoiceNumber,
    );
    refused(
        "É1,71053,L,6,2010-12-01 08:26:00,3.39,,France",
        Unused::InvoiceNumber,
    );
    refused("1,,L,6,2010-12-01 08:26:00,3.39,,France", Unused::StockCode);
    refused(
        "1,\"7\"\"1\",L,6,2010-12-01 08:26:00,3.39,,France",
        Unused::StockCode,
    );
    refused(
        "1,71053,L,six,2010-12-01 08:26:00,3.39,,France",
        Unused::Quantity,
    );
    refused(
        "1,71053,L,1.5,2010-12-01 08:26:00,3.39,,France",
        Unused::Quantity,
    );
    refused(
        "1,71053,L,9999999999,2010-12-01 08:26:00,3.39,,France",
        Unused::Quantity,
    );
    refused(
        "1,71053,L,6,2010-13-01 08:26:00,3.39,,France",
        Unused::InvoiceDate,
    );
    refused(
        "1,71053,L,6,01/12/2010 08:26,3.39,,France",
        Unused::InvoiceDate,
    );
    refused(
        "1,71053,L,6,2010-12-01 08:26:00,3.39,Smith,France",
        Unused::Customer,
    );
    refused(
        "1,71053,L,6,2010-12-01 08:26:00,3.39,17850.5,France",
        Unused::Customer,
    );
}

#[test]
fn a_price_that_is_no_plain_decimal_is_refused() {
    for price in [
        "",
        "-",
        ".",
        "1.",
        ".5",
        "1,5",
        "1e3",
        "NaN",
        "inf",
        "+1",
        "--1",
        "1.2.3",
        "0.0000001",
    ] {
        let line = format!("1,71053,L,6,2010-12-01 08:26:00,\"{price}\",,France");
        refused(&line, Unused::UnitPrice);
    }
    amount("1", "99999999999999999999", Err(Unused::UnitPrice));
}

#[test]
fn what_the_shop_books_beside_orders_is_no_order() {
    refused(
        "A563185,B,Adjust bad debt,1,2011-08-12 14:50:00,11062.06,,United Kingdom",
        Unused::Adjustment,
    );
    refused(
        "C1,AMAZONFEE,F,-1,2010-12-01 08:26:00,5.0,,France",
        Unused::Bookkeeping,
    );
    refused(
        "C1,D,Discount,-1,2010-12-01 08:26:00,27.5,14527.0,France",
        Unused::Bookkeeping,
    );
    refused(
        "1,21777,,-10,2010-12-01 16:50:00,0.0,,United Kingdom",
        Unused::StockRemark,
    );
    refused(
        "1,21777,lost,0,2010-12-01 16:50:00,1.0,,United Kingdom",
        Unused::StockRemark,
    );
    refused(
        "C1,21777,L,10,2010-12-01 16:50:00,1.0,,France",
        Unused::NothingTakenBack,
    );
    amount("6", "0.0", Err(Unused::Free));
    amount("6", "-0.0", Err(Unused::Free));
    amount("1", "-11062.06", Err(Unused::NegativePrice));
}

#[test]
fn amounts_are_exact() {
    amount("6", "2.55", Ok(1530));
    amount("-6", "2.55", Ok(1530));
    amount("3", "0.1", Ok(30));
    amount("1", "4", Ok(400));
    amount("1", "4.000000000", Ok(400));
    amount("1", "0.001", Err(Unused::PartOfAPenny));
    amount("10", "0.001", Ok(1));
    amount("2147483647", "0.01", Ok(2_147_483_647));
    amount("2147483647", "9999999999.99", Err(Unused::Amount));
}

#[test]
fn an_order_line_is_read_whole() {
    let line = read(
        b"536365,85123A,\"HEART, \"\"WHITE\"\" \xff\",6,2010-12-01 08:26:00,2.55,17850.0,Germany",
    );
    assert_eq!(
        line,
        Ok(Line {
            invoice: "536365".into(),
            sort: Sort::Order,
            sku: "85123A".into(),
            quantity: 6,
            pence: 1530,
            time: "2010-12-01T08:26:00Z".parse().unwrap(),
            customer: Some("17850".into()),
            market: "de",
        })
    );
}

#[test]
fn every_country_has_a_market() {
    for (country, expected) in [
        ("United Kingdom", "gb"),
        ("Germany", "de"),
        ("France", "fr"),
        ("Netherlands", "nl"),
        ("EIRE", "intl"),
        ("", "intl"),
    ] {
        assert_eq!(market(country), expected);
    }
}

#[test]
fn london_time_becomes_utc_and_the_hour_that_comes_twice_is_the_first() {
    for (local, utc) in [
        ("2010-12-01 08:26:00", "2010-12-01T08:26:00Z"),
        ("2011-06-30 20:08:00", "2011-06-30T19:08:00Z"),
        ("2011-10-30 01:30:00", "2011-10-30T00:30:00Z"),
        ("2011-03-27 01:30:00", "2011-03-27T01:30:00Z"),
    ] {
        assert_eq!(instant(local).unwrap().to_string(), utc);
    }
}

#[test]
fn columns_are_found_by_name_and_a_missing_one_is_named() {
    let line = "\u{feff}Country,CustomerID,UnitPrice,InvoiceDate,Quantity,StockCode,InvoiceNo";
    assert_eq!(Columns::find(line.as_bytes()).unwrap().invoice, 6);
    assert_eq!(
        Columns::find(b"InvoiceNo;StockCode").unwrap_err(),
        "InvoiceNo"
    );
    assert_eq!(Columns::find(b"").unwrap_err(), "InvoiceNo");
}
