//! Single values: durations, sizes, zones, names and the like. Errors say what would be right.

use crate::charter::file::page::{Node, Shape};
use crate::charter::nearest::{did_you_mean, quoted};
use crate::charter::{Currency, Person, PublicKey, Rate};
use crate::clock::Span;
use crate::ids::Text;
use crate::limits;

/// The longest span that a charter may name: a hundred years.
const LONGEST_MS: u64 = 36_500 * 86_400_000;
/// The longest name, in bytes.
const NAME_BYTES: usize = 64;

type Read<T> = Result<T, String>;

/// A text that is not empty.
pub(super) fn text(node: &Node) -> Read<Text> {
    match &node.shape {
        Shape::Text(text) if text.trim().is_empty() => Err("is empty: write something".to_owned()),
        Shape::Text(text) if text.len() > limits::TEXT_BYTES => Err(format!(
            "is {} bytes long: at most {}",
            text.len(),
            limits::TEXT_BYTES
        )),
        Shape::Text(text) => Ok(Text::new(text)),
        _ => Err(format!("is {}: write a text in quotes", node.shown())),
    }
}

/// An expression, not yet parsed.
pub(super) fn source_of(node: &Node) -> Read<&str> {
    match &node.shape {
        Shape::Text(text) => Ok(text),
        _ => Err(format!(
            "is {}: write an expression in quotes",
            node.shown()
        )),
    }
}

pub(super) fn flag(node: &Node) -> Read<bool> {
    match node.shape {
        Shape::Flag(flag) => Ok(flag),
        _ => Err(format!("is {}: write `true` or `false`", node.shown())),
    }
}

pub(super) fn integer(node: &Node) -> Read<i64> {
    match node.shape {
        Shape::Integer(integer) => Ok(integer),
        _ => Err(format!("is {}: write a whole number", node.shown())),
    }
}

/// A whole number from 1 to `most`.
pub(super) fn count(node: &Node, most: u64) -> Read<u64> {
    u64::try_from(integer(node)?)
        .ok()
        .filter(|count| (1..=most).contains(count))
        .ok_or_else(|| format!("is {}: write a whole number from 1 to {most}", node.shown()))
}

/// [`count`] for what is kept in memory.
pub(super) fn entries(node: &Node, most: usize) -> Read<usize> {
    let most = u64::try_from(most).unwrap_or(u64::MAX);
    count(node, most).map(|count| usize::try_from(count).unwrap_or(usize::MAX))
}

/// `90d`, `45m`, `5ms`; more than nothing.
pub(super) fn duration(node: &Node) -> Read<Span> {
    let wrong = || {
        format!(
            "is {}: write a duration such as `90d`, `45m` or `5ms`",
            node.shown()
        )
    };
    let written = text(node).map_err(|_| wrong())?;
    match Span::parse(&written).ok_or_else(wrong)? {
        span if span == Span::default() => {
            Err("is no time at all: write a duration such as `1s`".to_owned())
        }
        span if span.millis() <= LONGEST_MS => Ok(span),
        _ => Err(format!("is {}: at most `36500d`", node.shown())),
    }
}

/// [`duration`], or none at all: `0s`.
pub(super) fn delay(node: &Node) -> Read<Span> {
    let is_none =
        matches!(&node.shape, Shape::Text(text) if Span::parse(text) == Some(Span::default()));
    if is_none {
        Ok(Span::default())
    } else {
        duration(node)
    }
}

/// `512KiB`, `2MiB`.
pub(super) fn size(node: &Node) -> Read<usize> {
    let wrong = || {
        format!(
            "is {}: write a size such as `512KiB` or `2MiB`",
            node.shown()
        )
    };
    let written = text(node).map_err(|_| wrong())?;
    let (number, unit) = number_and_unit(&written).ok_or_else(wrong)?;
    let unit_bytes = match unit {
        "B" => 1,
        "KiB" => 1024,
        "MiB" => 1024 * 1024,
        _ => return Err(wrong()),
    };
    let bytes = number
        .checked_mul(unit_bytes)
        .and_then(|bytes| usize::try_from(bytes).ok());
    bytes.filter(|bytes| *bytes > 0).ok_or_else(wrong)
}

fn number_and_unit(written: &str) -> Option<(u64, &str)> {
    let digits = written.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = written.split_at_checked(digits)?;
    Some((number.parse().ok()?, unit))
}

/// An exact decimal, written as a text so that nothing is rounded.
pub(super) fn rate(node: &Node) -> Read<Rate> {
    const MOST_DECIMALS: usize = 9;
    let wrong = || {
        format!(
            "is {}: write a decimal in quotes such as `\"1.15\"`",
            node.shown()
        )
    };
    let Shape::Text(written) = &node.shape else {
        return Err(wrong());
    };
    let (whole, part) = written.split_once('.').unwrap_or((written, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty()
        || !is_digits(whole)
        || !is_digits(part)
        || written.ends_with('.')
        || part.len() > MOST_DECIMALS
    {
        return Err(wrong());
    }
    let digits: u64 = format!("{whole}{part}").parse().map_err(|_| wrong())?;
    if digits == 0 {
        return Err("is nothing: a rate is more than 0".to_owned());
    }
    Ok(Rate {
        digits,
        decimals: u8::try_from(part.len()).unwrap_or_default(),
    })
}

pub(super) fn date(node: &Node) -> Read<jiff::civil::Date> {
    let wrong = || {
        format!(
            "is {}: write a date such as `2027-05-31`, without quotes",
            node.shown()
        )
    };
    match &node.shape {
        Shape::Date(date) if date.time.is_none() => date.to_string().parse().map_err(|_| wrong()),
        _ => Err(wrong()),
    }
}

pub(super) fn zone(node: &Node) -> Read<jiff::tz::TimeZone> {
    let name = text(node)?;
    jiff::tz::TimeZone::get(&name).map_err(|_| {
        let known: Vec<String> = jiff::tz::db()
            .available()
            .map(|name| name.as_str().to_owned())
            .collect();
        format!(
            "`{name}` is not an IANA time zone such as `Europe/Berlin`{}",
            did_you_mean(&name, known.iter().map(String::as_str))
        )
    })
}

/// A BCP 47 tag, by its shape: `de`, `pt-BR`.
pub(super) fn language(node: &Node) -> Read<Text> {
    let tag = text(node)?;
    let mut parts = tag.split('-');
    let is_language = parts.next().is_some_and(|part| {
        (2..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_lowercase())
    });
    let is_rest = parts.all(|part| {
        (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    });
    if is_language && is_rest {
        Ok(tag)
    } else {
        Err(format!(
            "`{tag}` is not a language tag such as `de` or `pt-BR`"
        ))
    }
}

/// An ISO 3166-1 alpha-2 code, by its shape.
pub(super) fn country(node: &Node) -> Read<Text> {
    let code = text(node)?;
    if code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase()) {
        Ok(code)
    } else {
        Err(format!(
            "`{code}` is not a country code of two capitals such as `DE`"
        ))
    }
}

pub(super) fn currency(node: &Node) -> Read<Currency> {
    currency_code(&text(node)?)
}

/// An ISO 4217 code, by its shape, with the decimals that the standard gives it.
pub(super) fn currency_code(code: &str) -> Read<Currency> {
    let letters: Option<[u8; 3]> = code.as_bytes().try_into().ok();
    let Some(letters) = letters.filter(|letters| letters.iter().all(u8::is_ascii_uppercase)) else {
        return Err(format!(
            "`{code}` is not a currency code of three capitals such as `EUR`"
        ));
    };
    let decimals = match code {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX"
        | "UYI" | "VND" | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        "CLF" | "UYW" => 4,
        _ => 2,
    };
    Ok(Currency {
        code: letters,
        decimals,
    })
}

pub(super) fn mail(node: &Node) -> Read<Text> {
    let address = text(node)?;
    if is_mail(&address) {
        Ok(address)
    } else {
        Err(format!("`{address}` is not a mail address"))
    }
}

/// `ed25519:` and 64 hexadecimal digits.
pub(super) fn public_key(node: &Node) -> Read<PublicKey> {
    let written = text(node)?;
    PublicKey::parse(&written).ok_or_else(|| {
        format!(
            "is {}: write an Ed25519 public key as `ed25519:` and 64 hexadecimal digits",
            node.shown()
        )
    })
}

/// One of the charter's people, or a mail address.
pub(super) fn owner(node: &Node, people: &[Person]) -> Read<Text> {
    let owner = text(node)?;
    if is_mail(&owner) || people.iter().any(|person| person.name == owner) {
        return Ok(owner);
    }
    let known = people.iter().map(|person| person.name.as_str());
    Err(format!(
        "`{owner}` is neither one of [people] nor a mail address{}",
        did_you_mean(&owner, known)
    ))
}

fn is_mail(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty()
            && host.contains('.')
            && !host.contains('@')
            && !text.contains(char::is_whitespace)
    })
}

/// One of a few words.
pub(super) fn word<T: Copy>(node: &Node, words: &[(&str, T)]) -> Read<T> {
    let typed = text(node)?;
    words
        .iter()
        .find(|(word, _)| *word == typed)
        .map(|(_, meaning)| *meaning)
        .ok_or_else(|| {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            format!("`{typed}` is none of {}", quoted(&known))
        })
}

/// Whether `name` is snake_case, as names are that the platform defines.
pub(super) fn is_snake_case(name: &str) -> bool {
    name.len() <= NAME_BYTES
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}
