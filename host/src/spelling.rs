//! One way to write what people write in several: addresses, telephone numbers, countries, time zones, languages. What has
//! no meaning has none here either; nothing is guessed.

mod phone;

use std::borrow::Cow;

use idna::AsciiDenyList;
use jiff::tz::TimeZone;
use unicode_normalization::UnicodeNormalization as _;

use crate::ids::Text;

pub use phone::{CallingRegion, phone};

/// What names nobody, whoever sends it: what programs write where they have no id, without quotes and brackets around it.
const NOBODY: &[&str] = &[
    "undefined",
    "undef",
    "null",
    "nil",
    "none",
    "nan",
    "nul",
    "void",
    "empty",
    "missing",
    "unknown",
    "anonymous",
    "anon",
    "guest",
    "true",
    "false",
    "object",
    "n/a",
    "na",
    "#n/a",
    "not set",
    "no value",
    "unidentified",
    "function",
    "native code",
    "-1",
    "\\n",
];
/// What stands around a value that was never filled in.
const QUOTES: &[char] = &[
    '"', '\'', '`', '(', ')', '[', ']', '{', '}', '<', '>', '$', '%', ' ',
];
/// Files of the time zones' database in which nobody lives.
const NO_ZONES: &[&str] = &["Factory", "localtime", "posixrules", "Etc/Unknown"];
/// How a template begins that nobody filled in.
const TEMPLATES: &[&str] = &["{{", "${", "<%", "%%", "{%", "[[", "#{", "%7b", "%7B"];
/// What stands between two parts of a value.
const BETWEEN: &[char] = &['.', ',', ':', ';', '/', '|', '_', '-', '@', ' '];
/// Characters that nobody sees, and that are no control characters: Unicode's format characters, fillers and selectors.
const INVISIBLE: &[(char, char)] = &[
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{600}', '\u{605}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{6dd}', '\u{6dd}'),
    ('\u{70f}', '\u{70f}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{2028}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{2800}', '\u{2800}'),
    ('\u{3164}', '\u{3164}'),
    // For private use: everybody sees another thing there.
    ('\u{e000}', '\u{f8ff}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fffd}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e0fff}'),
    ('\u{f0000}', '\u{10ffff}'),
];

/// Whether it is the name of nobody: what a program writes where it has none, or a number of noughts.
pub fn is_nobody(value: &str) -> bool {
    // Most ids are numbers.
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return value.bytes().all(|byte| byte == b'0');
    }
    if TEMPLATES.iter().any(|begin| value.starts_with(begin)) {
        return true;
    }
    if value.starts_with('<') && value.ends_with('>') {
        return true;
    }
    let plain: Cow<'_, str> = match value.is_ascii() {
        true => Cow::Borrowed(value),
        false => value.nfkc().collect(),
    };
    let bare = plain.trim_matches(QUOTES).to_lowercase();
    let bare = bare.strip_prefix("urn:uuid:").unwrap_or(&bare);
    // `[object Promise]`: what JavaScript makes of anything that is no text.
    let is_object = bare.starts_with("object ") && plain.starts_with('[');
    // The greatest UUID says as little as the one of noughts.
    let is_greatest = bare.len() >= 32 && bare.chars().all(|one| matches!(one, 'f' | '-'));
    let says_nothing = |part: &str| NOBODY.contains(&part) || part.chars().all(|one| one == '0');
    is_object || is_greatest || NOBODY.contains(&bare) || bare.split(BETWEEN).all(says_nothing)
}

/// The first character that nobody sees, if there is one.
pub fn invisible(text: &str) -> Option<char> {
    if text.is_ascii() {
        return None;
    }
    text.chars().find(|one| is_invisible(*one))
}

fn is_invisible(one: char) -> bool {
    let mut ranges = INVISIBLE.iter();
    !one.is_ascii() && ranges.any(|(from, to)| (*from..=*to).contains(&one))
}

/// A text from outside as it is shown: on one line, with nothing in it that a terminal obeys or that nobody sees. What is not
/// shown stands as JSON escapes it.
pub fn visible(text: &str) -> Cow<'_, str> {
    escaped(text, &[])
}

/// The same of a text of several lines, which may have tabs.
pub fn visible_lines(text: &str) -> Cow<'_, str> {
    escaped(text, &['\n', '\t'])
}

fn escaped<'a>(text: &'a str, kept: &[char]) -> Cow<'a, str> {
    let is_shown = |one: char| kept.contains(&one) || !one.is_control() && !is_invisible(one);
    if text.chars().all(is_shown) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for one in text.chars() {
        match one {
            one if is_shown(one) => shown.push(one),
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            one => {
                let mut units = [0; 2];
                for unit in one.encode_utf16(&mut units) {
                    shown.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    Cow::Owned(shown)
}

/// An e-mail address as one person types it and another: composed characters, small letters, the domain in its ASCII form;
/// without `mailto:` and a final dot. What it is not is the error.
pub fn email(text: &str) -> Result<Text, &'static str> {
    let text = match without_scheme(text.trim(), "mailto:") {
        whole if whole.len() == text.trim().len() => whole,
        // Behind the address, a link may say what to write.
        link => link.split('?').next().unwrap_or_default(),
    };
    if is_plain_email(text) {
        return Ok(Text::new(text));
    }
    let lower = text.nfkc().collect::<String>().to_lowercase();
    let address: String = lower.nfc().collect();
    let Some((local, domain)) = address.rsplit_once('@') else {
        return Err("has no `@`");
    };
    let is_outside =
        |one: char| one.is_whitespace() || matches!(one, '@' | '<' | '>' | ',' | ';' | ':' | '"');
    if local.is_empty() || local.contains(is_outside) {
        return Err("has no single name before its `@`");
    }
    if local.len() > LOCAL_BYTES || local.split('.').any(str::is_empty) {
        return Err("has a name before its `@` that none can have");
    }
    let domain = domain.trim_end_matches('.');
    let ascii = idna::domain_to_ascii_cow(domain.as_bytes(), AsciiDenyList::URL);
    match ascii {
        Ok(domain) if is_domain(&domain) => Ok(Text::from(format!("{local}@{domain}"))),
        _ => Err("has no domain after its `@`"),
    }
}

/// The longest name before the `@`, by RFC 5321.
const LOCAL_BYTES: usize = 64;

/// Whether mail can be sent to a domain of that name: labels that DNS knows, and no number of a network.
fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty() && label.len() <= 63 && !label.starts_with('-') && !label.ends_with('-')
    };
    let last = domain.rsplit('.').next().unwrap_or_default();
    domain.split('.').all(is_label) && !last.bytes().all(|byte| byte.is_ascii_digit())
}

/// Most are typed as they should be.
fn is_plain_email(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_word = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| is_plain(byte) || b"_-+".contains(&byte))
    };
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    // A label in its ASCII form is looked at by the library.
    let is_label = |label: &str| {
        !label.starts_with('x') && label.bytes().all(|byte| is_plain(byte) || byte == b'-')
    };
    local.len() <= LOCAL_BYTES
        && local.split('.').all(is_word)
        && domain.split('.').all(is_label)
        && is_domain(domain)
}

fn without_scheme<'a>(text: &'a str, scheme: &str) -> &'a str {
    match text.split_at_checked(scheme.len()) {
        Some((begin, rest)) if begin.eq_ignore_ascii_case(scheme) => rest,
        _ => text,
    }
}

/// Whether it is a country's ISO 3166-1 code, alpha-2, as it is written.
pub fn is_country(code: &str) -> bool {
    rust_iso3166::from_alpha2(code).is_some()
}

/// A country's ISO 3166-1 code, alpha-2: `DE`; of `de`, `DEU` and `UK` too. `None` of anything else.
pub fn country(text: &str) -> Option<Text> {
    let code = text.trim().to_ascii_uppercase();
    let code = match code.as_str() {
        // Reserved for them, and written by many.
        "UK" => "GB",
        "EL" => "GR",
        code => code,
    };
    let found = match code.len() {
        2 => rust_iso3166::from_alpha2(code),
        3 => rust_iso3166::from_alpha3(code),
        _ => None,
    };
    found.map(|country| Text::new(country.alpha2))
}

/// Whether it is a region's ISO 3166-2 code, as it is written.
pub fn is_region(code: &str) -> bool {
    rust_iso3166::iso3166_2::from_code(code).is_some()
}

/// A region's ISO 3166-2 code: `US-FL`. `None` of anything else.
pub fn region(text: &str) -> Option<Text> {
    let code = text.trim().to_ascii_uppercase().replace('_', "-");
    let known = rust_iso3166::iso3166_2::from_code(&code)?;
    Some(Text::new(known.code))
}

/// The name of an IANA time zone: `Europe/Berlin`. `None` of anything else, such as an offset.
pub fn time_zone(text: &str) -> Option<Text> {
    let zone = TimeZone::get(text.trim()).ok()?;
    let name = zone.iana_name()?;
    (!NO_ZONES.contains(&name)).then(|| Text::new(name))
}

/// A BCP 47 language tag: `en-GB`. `None` of anything else.
pub fn language(text: &str) -> Option<Text> {
    let tag = text.trim().replace('_', "-");
    let tag = oxilangtag::LanguageTag::parse_and_normalize(&tag).ok()?;
    let primary = tag.primary_language();
    let is_code = (2..=3).contains(&primary.len());
    is_code.then(|| Text::new(tag.as_str()))
}

#[cfg(test)]
mod tests;
