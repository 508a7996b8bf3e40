//! Telephone numbers in the form of E.164: `+442079460000`.

use unicode_normalization::UnicodeNormalization as _;

use crate::ids::Text;
use crate::spelling::without_scheme;

/// Where a number without a country's code is called from: the code of the country, and what is dialled before a national
/// number inside it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CallingRegion {
    pub country: &'static str,
    code: &'static str,
    trunk: &'static str,
}

/// By ITU-T E.164 and the national numbering plans; a country that is not here takes international numbers alone.
const REGIONS: &[(&str, &str, &str)] = &[
    ("AT", "43", "0"),
    ("AU", "61", "0"),
    ("BE", "32", "0"),
    ("BG", "359", "0"),
    ("BR", "55", "0"),
    ("CA", "1", "1"),
    ("CH", "41", "0"),
    ("CN", "86", "0"),
    ("CY", "357", ""),
    ("CZ", "420", ""),
    ("DE", "49", "0"),
    ("DK", "45", ""),
    ("EE", "372", ""),
    ("ES", "34", ""),
    ("FI", "358", "0"),
    ("FR", "33", "0"),
    ("GB", "44", "0"),
    ("GR", "30", ""),
    ("HR", "385", "0"),
    ("IE", "353", "0"),
    ("IN", "91", "0"),
    ("IT", "39", ""),
    ("JP", "81", "0"),
    ("KR", "82", "0"),
    ("LU", "352", ""),
    ("LV", "371", ""),
    ("MT", "356", ""),
    ("MX", "52", ""),
    ("NL", "31", "0"),
    ("NO", "47", ""),
    ("NZ", "64", "0"),
    ("PL", "48", ""),
    ("PT", "351", ""),
    ("RO", "40", "0"),
    ("SE", "46", "0"),
    ("SI", "386", "0"),
    ("SK", "421", "0"),
    ("US", "1", "1"),
    ("ZA", "27", "0"),
];
/// Digits of a whole number; E.164 allows 15.
const DIGITS: std::ops::RangeInclusive<usize> = 8..=15;

impl CallingRegion {
    /// `None` of a country whose numbers are not known here.
    pub fn of(country: &str) -> Option<Self> {
        let found = REGIONS.iter().find(|(known, ..)| *known == country)?;
        let (country, code, trunk) = *found;
        Some(Self {
            country,
            code,
            trunk,
        })
    }

    pub fn countries() -> impl Iterator<Item = &'static str> {
        REGIONS.iter().map(|(country, ..)| *country)
    }
}

/// Without what is dialled inside the country alone, and some write behind its code all the same: +44 (0)20.
fn without_trunk(digits: &str) -> String {
    let of_country = |(_, code, trunk): &&(&str, &str, &str)| {
        let rest = digits.strip_prefix(code);
        *trunk == "0" && rest.is_some_and(|rest| rest.starts_with('0'))
    };
    match REGIONS.iter().find(of_country) {
        Some((_, code, _)) => {
            let rest = digits.strip_prefix(code).unwrap_or_default();
            format!("{code}{}", rest.trim_start_matches('0'))
        }
        None => digits.to_owned(),
    }
}

/// A number as one person writes it and another: digits alone, with the country's code. What it is not is the error.
pub fn phone(text: &str, region: Option<CallingRegion>) -> Result<Text, &'static str> {
    let text: String = without_scheme(text.trim(), "tel:").nfkc().collect();
    let (is_international, rest) = match text.strip_prefix('+').or_else(|| text.strip_prefix("00"))
    {
        Some(rest) => (true, rest),
        None => (false, text.as_str()),
    };
    let mut digits = String::with_capacity(rest.len());
    for one in rest.chars() {
        match one {
            '0'..='9' => digits.push(one),
            ' ' | '-' | '.' | '(' | ')' | '/' | '\u{2010}'..='\u{2015}' => {}
            _ => return Err("has something in it that is no digit"),
        }
    }
    if !is_international {
        let region = region.ok_or("has no country's code: it begins with `+`")?;
        let national = digits.strip_prefix(region.trunk).unwrap_or(&digits);
        digits = format!("{}{national}", region.code);
    }
    digits = without_trunk(&digits);
    if !DIGITS.contains(&digits.len()) || digits.starts_with('0') {
        return Err("has not as many digits as a number has");
    }
    Ok(Text::from(format!("+{digits}")))
}
