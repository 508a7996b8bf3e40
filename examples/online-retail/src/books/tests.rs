use super::*;
use crate::LINES_PER_EVENT;
use crate::report::Place;

const HEADER: &str =
    "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";

fn books(inputs: &[&str]) -> (Vec<serde_json::Value>, Report) {
    let mut books = Books::default();
    for (index, lines) in inputs.iter().enumerate() {
        let input = format!("{HEADER}{lines}");
        books
            .enter(&format!("{index}.csv"), input.as_bytes())
            .unwrap();
    }
    let (events, report) = books.close();
    assert!(report.adds_up(), "{report}");
    let events = events
        .iter()
        .map(|event| serde_json::to_value(event).unwrap());
    (events.collect(), report)
}

fn unused(report: &Report) -> Vec<(Unused, u64, String)> {
    let unused = report.unused.iter();
    unused
        .map(|(reason, (count, place))| (*reason, *count, place.to_string()))
        .collect()
}

#[test]
fn a_bad_quote_spoils_its_own_line_only() {
    let (events, report) = books(&["\
1,71053,\"L,6,2010-12-01 08:26:00,3.39,,France
2,71053,L,6,2010-12-01 08:26:00,3.39,,France
rubbish
"]);
    assert_eq!(events.len(), 1);
    assert_eq!(
        unused(&report),
        [
            (Unused::OpenQuote, 1, "0.csv:2".into()),
            (Unused::Columns, 1, "0.csv:4".into()),
        ]
    );
    assert_eq!(report.malformed(), 2);
}

#[test]
fn an_invoice_of_another_customer_is_not_mixed() {
    let (events, report) = books(&["\
1,71053,L,6,2010-12-01 08:26:00,3.39,17850.0,France
1,71053,L,6,2010-12-01 08:26:00,3.39,17851.0,France
1,71053,L,6,2010-12-01 08:26:00,3.39,17850.0,Germany
"]);
    assert_eq!(events[0]["data"]["total"]["amount"], "20.34");
    assert_eq!(
        unused(&report),
        [(Unused::OtherCustomer, 2, "0.csv:3".into())]
    );
}

#[test]
fn the_same_file_twice_gives_each_invoice_once() {
    let line = "1,71053,L,6,2010-12-01 08:26:00,3.39,17850.0,France\n";
    let (events, report) = books(&[line, line]);
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["data"]["total"]["amount"], "20.34");
    assert_eq!(
        unused(&report),
        [(Unused::EarlierFile, 1, "1.csv:2".into())]
    );
}

#[test]
fn an_invoice_without_end_stays_within_a_hosts_limits() {
    let sku = "A".repeat(crate::SKU_BYTES);
    let line = format!("1,{sku},L,2147483647,2010-12-01 08:26:00,0.01,17850.0,France\n");
    let (events, report) = books(&[&line.repeat(LINES_PER_EVENT + 5)]);
    assert_eq!(
        unused(&report),
        [(Unused::TooManyLines, 5, "0.csv:1002".into())]
    );
    assert_eq!(events[0]["data"]["total"]["amount"], "21474836470.00");
    assert!(events[0].to_string().len() < 64 * 1024);
}

#[test]
fn an_input_without_its_columns_cannot_be_read() {
    for input in ["", "\n", "a,b\n1,2\n"] {
        let read = Books::default().enter("x", input.as_bytes());
        assert!(matches!(read, Err(Unreadable::NoColumn { .. })));
    }
}

#[test]
fn an_invoice_of_stock_remarks_becomes_no_event_and_its_lines_are_counted() {
    let (events, report) = books(&["\
1,21777,,-10,2010-12-01 16:50:00,0.0,,United Kingdom
1,21778,damaged,5,2010-12-01 16:50:00,0.0,,United Kingdom
"]);
    assert!(events.is_empty());
    assert_eq!(report.lines, 2);
    assert_eq!(report.lines_not_used(), 2);
    assert_eq!(report.malformed(), 0);
}

#[test]
fn lines_become_one_event_with_an_exact_total_and_parallel_items() {
    let (events, report) = books(&["\
536365,85123A,HEART,6,2010-12-01 08:27:00,2.55,17850.0,United Kingdom
536365,85123A,HEART,1,2010-12-01 08:26:00,2.55,17850.0,United Kingdom
536365,71053,,8,2010-12-01 08:26:00,2.75,17850.0,United Kingdom
"]);
    assert_eq!(
        events,
        [serde_json::json!({
            "specversion": "1.0", "id": "inv-536365", "source": "shop/gb", "type": "order.placed",
            "subject": "crm:17850", "time": "2010-12-01T08:26:00Z", "channel": "web", "market": "gb",
            "data": {
                "order": "536365", "total": { "amount": "39.85", "currency": "GBP" },
                "skus": ["85123A", "85123A", "71053"], "quantities": [6, 1, 8]
            }
        })]
    );
    assert_eq!((report.orders, report.lines_of_orders), (1, 3));
}

#[test]
fn a_cancellation_is_an_event_of_its_own_with_positive_amounts() {
    let (events, report) = books(&["\
C536379,22429,JUG,-2,2010-12-06 10:45:00,4.25,,Norway
"]);
    assert_eq!(
        events,
        [serde_json::json!({
            "specversion": "1.0", "id": "inv-C536379", "source": "shop/intl", "type": "order.cancelled",
            "time": "2010-12-06T10:45:00Z", "channel": "web", "market": "intl",
            "data": {
                "order": "C536379", "total": { "amount": "8.50", "currency": "GBP" },
                "skus": ["22429"], "quantities": [2]
            }
        })]
    );
    assert_eq!((report.cancellations, report.without_customer), (1, 1));
}

#[test]
fn events_come_in_the_order_of_their_time() {
    let (events, _) = books(&[
        "3,1,L,1,2010-12-03 08:00:00,1.0,,France\n2,1,L,1,2010-12-01 08:00:00,1.0,,France\n",
        "1,1,L,1,2010-12-01 08:00:00,1.0,,France\n",
    ]);
    let ids: Vec<_> = events.iter().map(|event| event["id"].as_str()).collect();
    assert_eq!(ids, [Some("inv-1"), Some("inv-2"), Some("inv-3")]);
}

#[test]
fn a_place_reads_as_file_and_line() {
    let place = Place {
        input: "a.csv".into(),
        line: 7,
    };
    assert_eq!(place.to_string(), "a.csv:7");
}
