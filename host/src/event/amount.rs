//! Money: an exact decimal, in the charter's currency, in minor units.

use crate::charter::{Charter, Currency, Rate};

/// An amount that is not money here.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum InvalidAmount {
    #[error("is no decimal number such as \"139.12\"")]
    NotDecimal,
    #[error("has {found} decimals, and {code} has {most}")]
    TooManyDecimals {
        found: usize,
        code: String,
        most: u8,
    },
    #[error("is too large")]
    TooLarge,
    #[error("is in {code}, for which the charter has no rate; it keeps {own}")]
    NoRate { code: String, own: String },
    #[error("is in `{code}`, which is no ISO 4217 code such as `EUR`")]
    NoCode { code: String },
}

/// An amount as it came, and as the charter counts it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Money {
    /// In minor units of the charter's currency.
    pub(super) own: i64,
    /// In minor units of the currency it came in.
    pub(super) given: i64,
    pub(super) code: [u8; 3],
}

/// Reads `amount` in the currency `code`; another currency than the charter's is converted at the charter's rate,
/// rounded half to even.
pub(super) fn money(charter: &Charter, amount: &str, code: &str) -> Result<Money, InvalidAmount> {
    let own = charter.currency;
    let bytes: [u8; 3] = code
        .as_bytes()
        .try_into()
        .ok()
        .filter(|bytes: &[u8; 3]| bytes.iter().all(u8::is_ascii_uppercase))
        .ok_or_else(|| InvalidAmount::NoCode {
            code: code.chars().take(8).collect(),
        })?;
    if bytes == own.code {
        let given = minor_units(amount, own)?;
        return Ok(Money {
            own: given,
            given,
            code: bytes,
        });
    }
    let (currency, rate) = charter
        .rates
        .iter()
        .find(|(currency, _)| currency.code == bytes)
        .ok_or_else(|| InvalidAmount::NoRate {
            code: code.to_owned(),
            own: text(own),
        })?;
    let given = minor_units(amount, *currency)?;
    let own = convert(given, *currency, *rate, own).ok_or(InvalidAmount::TooLarge)?;
    Ok(Money {
        own,
        given,
        code: bytes,
    })
}

pub(super) fn text(currency: Currency) -> String {
    String::from_utf8_lossy(&currency.code).into_owned()
}

fn minor_units(amount: &str, currency: Currency) -> Result<i64, InvalidAmount> {
    let (negative, digits) = match amount.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, amount),
    };
    let (whole, fraction) = match digits.split_once('.') {
        Some((_, "")) => return Err(InvalidAmount::NotDecimal),
        Some(parts) => parts,
        None => (digits, ""),
    };
    let decimal = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !decimal(whole) || !decimal(fraction) {
        return Err(InvalidAmount::NotDecimal);
    }
    if fraction.len() > usize::from(currency.decimals) {
        return Err(InvalidAmount::TooManyDecimals {
            found: fraction.len(),
            code: text(currency),
            most: currency.decimals,
        });
    }
    let padding = usize::from(currency.decimals) - fraction.len();
    whole
        .bytes()
        .chain(fraction.bytes())
        .chain(std::iter::repeat_n(b'0', padding))
        .try_fold(0_i64, |sum, digit| {
            sum.checked_mul(10)?.checked_add(i64::from(digit - b'0'))
        })
        .map(|sum| if negative { -sum } else { sum })
        .ok_or(InvalidAmount::TooLarge)
}

/// `None` where the result does not fit.
fn convert(given: i64, from: Currency, rate: Rate, to: Currency) -> Option<i64> {
    let ten = |decimals: u8| 10_i128.checked_pow(u32::from(decimals));
    let dividend = i128::from(given)
        .checked_mul(i128::from(rate.digits))?
        .checked_mul(ten(to.decimals)?)?;
    let divisor = ten(from.decimals)?.checked_mul(ten(rate.decimals)?)?;
    let quotient = dividend.div_euclid(divisor);
    let twice = dividend.rem_euclid(divisor).checked_mul(2)?;
    let up = twice > divisor || (twice == divisor && quotient % 2 != 0);
    i64::try_from(quotient + i128::from(up)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EUR: Currency = Currency {
        code: *b"EUR",
        decimals: 2,
    };
    const JPY: Currency = Currency {
        code: *b"JPY",
        decimals: 0,
    };

    #[test]
    fn an_amount_is_exact_or_refused() {
        for (amount, currency, expected) in [
            ("139.12", EUR, Ok(13912)),
            ("-0.5", EUR, Ok(-50)),
            ("7", EUR, Ok(700)),
            ("7", JPY, Ok(7)),
            ("", EUR, Err(InvalidAmount::NotDecimal)),
            (".5", EUR, Err(InvalidAmount::NotDecimal)),
            ("5.", EUR, Err(InvalidAmount::NotDecimal)),
            ("+5", EUR, Err(InvalidAmount::NotDecimal)),
            ("1e3", EUR, Err(InvalidAmount::NotDecimal)),
            ("1,000", EUR, Err(InvalidAmount::NotDecimal)),
            ("99999999999999999999", EUR, Err(InvalidAmount::TooLarge)),
            (
                "1.5",
                JPY,
                Err(InvalidAmount::TooManyDecimals {
                    found: 1,
                    code: "JPY".into(),
                    most: 0,
                }),
            ),
        ] {
            assert_eq!(minor_units(amount, currency), expected, "{amount}");
        }
    }

    #[test]
    fn another_currency_is_rounded_half_to_even() {
        let half = Rate {
            digits: 5,
            decimals: 1,
        };
        for (given, expected) in [(1, 0), (3, 2), (5, 2), (-1, 0), (-3, -2), (-5, -2), (4, 2)] {
            assert_eq!(convert(given, EUR, half, EUR), Some(expected), "{given}");
        }
        let yen = Rate {
            digits: 62,
            decimals: 4,
        };
        assert_eq!(convert(1000, JPY, yen, EUR), Some(620));
        let huge = Rate {
            digits: u64::MAX,
            decimals: 0,
        };
        assert_eq!(convert(i64::MAX, EUR, huge, EUR), None);
    }
}
