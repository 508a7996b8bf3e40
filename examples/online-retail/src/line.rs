//! One line of the input: part of an order, part of a cancellation, or neither and why.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::{LINE_PENCE, SKU_BYTES};

/// Why a line is not part of an event.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, thiserror::Error)]
pub enum Unused {
    #[error("malformed: longer than 16 KiB")]
    TooLong,
    #[error("malformed: a quote is never closed")]
    OpenQuote,
    #[error("malformed: not as many columns as the first line has")]
    Columns,
    #[error("malformed: invoice number")]
    InvoiceNumber,
    #[error("malformed: stock code")]
    StockCode,
    #[error("malformed: quantity")]
    Quantity,
    #[error("malformed: invoice date")]
    InvoiceDate,
    #[error("malformed: unit price")]
    UnitPrice,
    #[error("malformed: customer")]
    Customer,
    #[error("malformed: amount out of range")]
    Amount,
    #[error("an adjustment of bad debt")]
    Adjustment,
    #[error("bookkeeping: a fee, charge, commission, discount or sample")]
    Bookkeeping,
    #[error("a stock remark: not sold, the quantity is not positive")]
    StockRemark,
    #[error("a cancellation that takes nothing back: the quantity is not negative")]
    NothingTakenBack,
    #[error("nothing was charged: the price is 0")]
    Free,
    #[error("the price is negative")]
    NegativePrice,
    #[error("the amount is not in whole pence")]
    PartOfAPenny,
    #[error("another customer or country than the rest of its invoice")]
    OtherCustomer,
    #[error("its invoice was in an earlier file")]
    EarlierFile,
    #[error("more than 1,000 lines of one invoice")]
    TooManyLines,
}

impl Unused {
    /// Whether the line could not be understood; otherwise it was understood and is no part of an order.
    pub fn is_malformed(self) -> bool {
        self <= Self::Amount
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Sort {
    Order,
    Cancellation,
}

/// A line that is part of an order or of a cancellation.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Line {
    pub(crate) invoice: String,
    pub(crate) sort: Sort,
    pub(crate) sku: String,
    /// Positive, also in a cancellation.
    pub(crate) quantity: u32,
    /// Positive, also in a cancellation; at most `LINE_PENCE`.
    pub(crate) pence: i64,
    pub(crate) time: Timestamp,
    pub(crate) customer: Option<String>,
    pub(crate) market: &'static str,
}

/// Where the columns are, by the names in the first line.
#[derive(Clone, Debug)]
pub(crate) struct Columns {
    invoice: usize,
    sku: usize,
    quantity: usize,
    date: usize,
    price: usize,
    customer: usize,
    country: usize,
    count: usize,
}

impl Columns {
    /// Finds the columns; the error is the name of one that is not there.
    pub(crate) fn find(first_line: &[u8]) -> Result<Self, &'static str> {
        let text = String::from_utf8_lossy(first_line);
        let names = split(text.trim_start_matches('\u{feff}')).unwrap_or_default();
        let find = |name| names.iter().position(|column| column == name).ok_or(name);
        Ok(Self {
            invoice: find("InvoiceNo")?,
            sku: find("StockCode")?,
            quantity: find("Quantity")?,
            date: find("InvoiceDate")?,
            price: find("UnitPrice")?,
            customer: find("CustomerID")?,
            country: find("Country")?,
            count: names.len(),
        })
    }
}

impl Line {
    /// Decides whether a line is part of an order. A description that is missing or not UTF-8 does not matter.
    pub(crate) fn read(line: &[u8], columns: &Columns) -> Result<Self, Unused> {
        let text = String::from_utf8_lossy(line);
        let cells = split(&text).ok_or(Unused::OpenQuote)?;
        if cells.len() != columns.count {
            return Err(Unused::Columns);
        }
        let cell = |index: usize| cells.get(index).map_or("", |cell| cell.trim());
        let invoice = Number::read(cell(columns.invoice)).ok_or(Unused::InvoiceNumber)?;
        let sku = stock_code(cell(columns.sku)).ok_or(Unused::StockCode)?;
        let quantity: i32 = cell(columns.quantity)
            .parse()
            .map_err(|_| Unused::Quantity)?;
        let time = instant(cell(columns.date)).ok_or(Unused::InvoiceDate)?;
        let price = Price::read(cell(columns.price)).ok_or(Unused::UnitPrice)?;
        let customer = customer(cell(columns.customer))?;
        let sort = invoice.sort()?;
        if BOOKKEEPING.contains(&sku) {
            return Err(Unused::Bookkeeping);
        }
        Ok(Self {
            quantity: sold(sort, quantity)?,
            pence: price.times(quantity.unsigned_abs())?,
            invoice: invoice.text,
            sort,
            sku: sku.to_owned(),
            time,
            customer,
            market: market(cell(columns.country)),
        })
    }
}

/// Stock codes of what the shop books among its invoices and no customer orders: fees and charges of banks and
/// platforms, commission, bad debt, discounts given later, samples. Carriage and manual lines are part of an order.
const BOOKKEEPING: [&str; 6] = ["AMAZONFEE", "BANK CHARGES", "B", "CRUK", "D", "S"];

/// An invoice number: digits, after `C` for a cancellation and `A` for an adjustment.
struct Number {
    text: String,
    letter: Option<char>,
}

impl Number {
    fn read(text: &str) -> Option<Self> {
        let letter = text.chars().next().filter(|first| !first.is_ascii_digit());
        let digits = match letter {
            None => text,
            Some('A' | 'C') => text.get(1..)?,
            Some(_) => return None,
        };
        (is_digits(digits) && digits.len() <= 12).then(|| Self {
            text: text.to_owned(),
            letter,
        })
    }

    fn sort(&self) -> Result<Sort, Unused> {
        match self.letter {
            None => Ok(Sort::Order),
            Some('C') => Ok(Sort::Cancellation),
            Some(_) => Err(Unused::Adjustment),
        }
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn stock_code(text: &str) -> Option<&str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b" _-.".contains(&byte);
    (!text.is_empty() && text.len() <= SKU_BYTES && text.bytes().all(plain)).then_some(text)
}

/// The instant of a time on the shop's clock, in London. In the hour that comes twice in October, the first is
/// meant (summer time); a time in the hour that March skips is read as an hour later.
fn instant(text: &str) -> Option<Timestamp> {
    let local = DateTime::strptime("%Y-%m-%d %H:%M:%S", text).ok()?;
    let london = TimeZone::get("Europe/London").ok()?;
    london
        .to_ambiguous_zoned(local)
        .compatible()
        .ok()
        .map(|time| time.timestamp())
}

/// A customer's number, written `17850.0` or `17850`; empty means nobody known.
fn customer(text: &str) -> Result<Option<String>, Unused> {
    let number = text.strip_suffix(".0").unwrap_or(text);
    if text.is_empty() {
        Ok(None)
    } else if is_digits(number) && number.len() <= 18 {
        Ok(Some(number.to_owned()))
    } else {
        Err(Unused::Customer)
    }
}

fn sold(sort: Sort, quantity: i32) -> Result<u32, Unused> {
    match sort {
        Sort::Order if quantity <= 0 => Err(Unused::StockRemark),
        Sort::Cancellation if quantity >= 0 => Err(Unused::NothingTakenBack),
        Sort::Order | Sort::Cancellation => Ok(quantity.unsigned_abs()),
    }
}

/// A price in millionths of a pound, exactly as written.
struct Price(i64);

impl Price {
    const DECIMALS: usize = 6;
    const PER_PENNY: i128 = 10_000;

    fn read(text: &str) -> Option<Self> {
        let (minus, digits) = match text.strip_prefix('-') {
            Some(digits) => (-1, digits),
            None => (1, text),
        };
        let (pounds, decimals) = digits.split_once('.').unwrap_or((digits, "0"));
        let decimals = match decimals.trim_end_matches('0') {
            "" if is_digits(decimals) => "0",
            significant => significant,
        };
        if !is_digits(pounds) || !is_digits(decimals) || decimals.len() > Self::DECIMALS {
            return None;
        }
        let width = Self::DECIMALS;
        let exact: i64 = format!("{pounds}{decimals:0<width$}").parse().ok()?;
        Some(Self(minus * exact))
    }

    fn times(&self, quantity: u32) -> Result<i64, Unused> {
        match self.0 {
            0 => return Err(Unused::Free),
            ..0 => return Err(Unused::NegativePrice),
            _ => {}
        }
        let amount = i128::from(self.0) * i128::from(quantity);
        if amount % Self::PER_PENNY != 0 {
            return Err(Unused::PartOfAPenny);
        }
        match i64::try_from(amount / Self::PER_PENNY) {
            Ok(pence) if pence <= LINE_PENCE => Ok(pence),
            Ok(_) | Err(_) => Err(Unused::Amount),
        }
    }
}

fn market(country: &str) -> &'static str {
    match country {
        "United Kingdom" => "gb",
        "Germany" => "de",
        "France" => "fr",
        "Netherlands" => "nl",
        _ => "intl",
    }
}

/// Splits a line at its commas; a quoted column may hold commas, and quotes written twice. `None`: a quote stays open.
/// A column never goes on in the next line: so one bad quote spoils one line and not the rest of the file.
fn split(line: &str) -> Option<Vec<String>> {
    let mut columns = Vec::with_capacity(8);
    let mut column = String::new();
    let mut quoted = false;
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.next_if_eq(&'"').is_some() => column.push('"'),
            '"' if quoted => quoted = false,
            '"' if column.is_empty() => quoted = true,
            ',' if !quoted => columns.push(std::mem::take(&mut column)),
            other => column.push(other),
        }
    }
    columns.push(column);
    (!quoted).then_some(columns)
}

#[cfg(test)]
mod tests;
