//! The routes that need a core or a body of their own size, found without a router: what one core alone owns is not
//! `Send`, and axum's handlers must be.

use http::Method;

use crate::decide::Approval;
use crate::reply::UNSUBSCRIBE;
use crate::server::figures::RouteKind;

/// Where a path leads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Target<'a> {
    Events {
        market: &'a str,
    },
    /// Both still percent-encoded.
    Consent {
        subject: &'a str,
        purpose: &'a str,
    },
    /// Still percent-encoded.
    Approval {
        action: &'a str,
        verdict: Approval,
    },
    Unsubscribe {
        token: &'a str,
    },
    /// A charter, or a market's own choice.
    Charter,
    Other,
}

impl<'a> Target<'a> {
    pub(super) fn of(path: &'a str) -> Self {
        Self::events(path)
            .or_else(|| Self::consent(path))
            .or_else(|| Self::approval(path))
            .or_else(|| Self::unsubscribe(path))
            .or_else(|| Self::charter(path))
            .unwrap_or(Self::Other)
    }

    /// As the figures tell it.
    pub(super) fn kind(self) -> RouteKind {
        match self {
            Self::Events { .. } => RouteKind::Event,
            Self::Consent { .. } => RouteKind::Consent,
            Self::Charter | Self::Approval { .. } | Self::Unsubscribe { .. } | Self::Other => {
                RouteKind::Other
            }
        }
    }

    /// What whoever got no answer in time does not know, and how to find out.
    pub(super) fn unanswered(self, method: &Method) -> &'static str {
        match self {
            _ if method.is_safe() => "nothing was changed: ask again",
            Self::Events { .. } => {
                "whether the event was decided is not known: send it again, with the same id and source"
            }
            Self::Consent { .. } => {
                "whether the consent was taken is not known: send it again, with the same `ce-id` where it had one"
            }
            Self::Approval { .. } => {
                "whether the action was settled is not known: send it again, it is settled only once"
            }
            Self::Unsubscribe { .. } => {
                "whether the consent was withdrawn is not known: send it again"
            }
            Self::Charter => {
                "whether what was sent is live is not known: read the charter again before sending anything"
            }
            Self::Other => {
                "whether it was done is not known: of stops, `GET /v1/stops` tells; send anything else again"
            }
        }
    }

    fn events(path: &'a str) -> Option<Self> {
        let market = path
            .strip_prefix("/v1/markets/")?
            .strip_suffix("/events")
            .filter(|market| is_segment(market))?;
        Some(Self::Events { market })
    }

    fn charter(path: &'a str) -> Option<Self> {
        let is_choice = path
            .strip_prefix("/v1/markets/")
            .and_then(|rest| rest.strip_suffix("/charter"))
            .is_some_and(is_segment);
        (path == "/v1/charter" || is_choice).then_some(Self::Charter)
    }

    fn consent(path: &'a str) -> Option<Self> {
        let (subject, purpose) = path
            .strip_prefix("/v1/customers/")?
            .split_once("/consents/")
            .filter(|(subject, purpose)| is_segment(subject) && is_segment(purpose))?;
        Some(Self::Consent { subject, purpose })
    }

    fn approval(path: &'a str) -> Option<Self> {
        let (action, verb) = path.strip_prefix("/v1/actions/")?.split_once('/')?;
        let verdict = match verb {
            "approve" => Approval::Approve,
            "reject" => Approval::Reject,
            _ => return None,
        };
        is_segment(action).then_some(Self::Approval { action, verdict })
    }

    fn unsubscribe(path: &'a str) -> Option<Self> {
        let token = path
            .strip_prefix(UNSUBSCRIBE)
            .filter(|token| is_segment(token))?;
        Some(Self::Unsubscribe { token })
    }
}

fn is_segment(text: &str) -> bool {
    !text.is_empty() && !text.contains('/')
}

/// `None` where an escape is cut short or the bytes are no text.
pub(super) fn percent_decoded(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        let code = digit(rest.next())? * 16 + digit(rest.next())?;
        bytes.push(u8::try_from(code).ok()?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_segments_lead_to_a_core() {
        let events = Target::Events { market: "gb" };
        let consent = Target::Consent {
            subject: "crm:1",
            purpose: "all",
        };
        let approval = Target::Approval {
            action: "a",
            verdict: Approval::Approve,
        };
        for (path, target) in [
            ("/v1/markets/gb/events", events),
            ("/v1/markets//events", Target::Other),
            ("/v1/markets/gb/x/events", Target::Other),
            ("/v1/markets/events", Target::Other),
            ("/v1/markets/gb/events/", Target::Other),
            ("/v1/customers/crm:1/consents/all", consent),
            ("/v1/customers/crm:1/consents/", Target::Other),
            ("/v1/customers/a/b/consents/all", Target::Other),
            ("/v1/actions/a/approve", approval),
            ("/v1/actions//approve", Target::Other),
            ("/v1/actions/a/approve/", Target::Other),
            ("/v1/actions/a", Target::Other),
            ("/v1/charter", Target::Charter),
            ("/v1/markets/gb/charter", Target::Charter),
            ("/v1/charter/fields/points", Target::Other),
        ] {
            assert_eq!(Target::of(path), target, "{path}");
        }
    }

    #[test]
    fn an_escape_is_whole_or_nothing() {
        assert_eq!(percent_decoded("crm%3A1"), Some("crm:1".into()));
        for bad in ["%", "%3", "%zz", "%ff", "%+1"] {
            assert_eq!(percent_decoded(bad), None, "{bad}");
        }
    }

    #[test]
    fn nobody_is_told_to_send_as_an_event_what_was_none() {
        for (method, path, says) in [
            (
                Method::POST,
                "/v1/markets/gb/events",
                "the same id and source",
            ),
            (Method::PUT, "/v1/customers/crm:1/consents/all", "`ce-id`"),
            (Method::POST, "/v1/actions/a/approve", "settled only once"),
            (Method::POST, "/v1/charter", "read the charter again"),
            (
                Method::PUT,
                "/v1/markets/gb/charter",
                "read the charter again",
            ),
            (Method::GET, "/v1/charter", "ask again"),
            (Method::PUT, "/v1/stops/all", "`GET /v1/stops` tells"),
        ] {
            let told = Target::of(path).unanswered(&method);
            assert!(told.contains(says), "{path}: {told}");
            assert_eq!(told.contains("event"), path.ends_with("/events"), "{told}");
        }
    }
}
