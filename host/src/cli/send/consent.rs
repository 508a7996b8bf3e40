//! Simulated consents, for data that holds none: the same subjects on every run.

use std::collections::HashSet;
use std::str::FromStr;

use serde_json::json;

use super::lines::{EventLine, Origin, hash};
use crate::ids::Text;

/// A share in whole per cent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::cli) struct Share(u8);

/// Text that is not a share.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no share such as `60%`")]
pub(in crate::cli) struct InvalidShare(String);

impl FromStr for Share {
    type Err = InvalidShare;

    fn from_str(text: &str) -> Result<Self, InvalidShare> {
        let number = text
            .strip_suffix('%')
            .and_then(|number| number.parse().ok());
        match number {
            Some(percent @ 0..=100) => Ok(Self(percent)),
            Some(_) | None => Err(InvalidShare(text.to_owned())),
        }
    }
}

impl Share {
    fn holds(self, subject: u64) -> bool {
        subject % 100 < u64::from(self.0)
    }
}

/// Gives a confirmed consent to marketing by email, for a share of the subjects, ahead of each one's first event.
#[derive(Debug)]
pub(super) struct Consents {
    share: Share,
    seen: HashSet<u64>,
}

impl Consents {
    pub(super) fn simulated(share: Share) -> Self {
        Self {
            share,
            seen: HashSet::new(),
        }
    }

    /// The consent that goes ahead of `event`, when this is its subject's first and the subject is in the share.
    pub(super) fn ahead_of(&mut self, event: &EventLine) -> Option<EventLine> {
        let subject = event.subject.as_ref()?;
        let known_by = hash(format!("simulated consent\0{subject}").as_bytes());
        if !self.seen.insert(known_by) || !self.share.holds(known_by) {
            return None;
        }
        let id = Text::from(format!("simulated-consent-{known_by:016x}"));
        let mut json = json!({
            "specversion": "1.0",
            "id": id,
            "source": format!("shop/{}", event.market),
            "type": "consent.given",
            "subject": subject,
            "market": event.market,
            "data": {
                "purpose": "marketing",
                "state": "confirmed",
                "channels": ["email"],
                "proof": "simulated",
            },
        });
        if let (Some(time), Some(members)) = (&event.time, json.as_object_mut()) {
            members.insert("time".to_owned(), json!(time));
        }
        Some(EventLine {
            origin: Origin::Simulated {
                line: event.origin.line(),
            },
            key: event.key,
            id,
            kind: Text::new_static("consent.given"),
            market: event.market.clone(),
            subject: Some(subject.clone()),
            time: event.time.clone(),
            json: json.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(subject: &str) -> EventLine {
        let json = json!({
            "id": "1", "market": "gb", "subject": subject, "time": "2010-12-01T08:26:00Z",
        });
        EventLine::read(
            json.to_string().as_bytes(),
            Origin::File { line: 7, bytes: 9 },
        )
        .unwrap()
    }

    fn chosen(share: &str) -> Vec<EventLine> {
        let mut consents = Consents::simulated(share.parse().unwrap());
        (0..1_000)
            .filter_map(|number| consents.ahead_of(&event(&format!("crm:{number}"))))
            .collect()
    }

    #[test]
    fn a_share_is_written_in_per_cent() {
        for text in ["60", "%", "-1%", "101%", "6 0%", "0.6", "1000%", ""] {
            assert!(text.parse::<Share>().is_err(), "{text}");
        }
        assert_eq!("60%".parse::<Share>().unwrap(), Share(60));
    }

    #[test]
    fn the_same_subjects_are_chosen_on_every_run_and_a_larger_share_keeps_them() {
        let sixty = chosen("60%");
        assert_eq!(sixty, chosen("60%"));
        assert!((540..660).contains(&sixty.len()), "{}", sixty.len());
        let more = chosen("80%");
        assert!(sixty.iter().all(|consent| more.contains(consent)));
        assert!(chosen("0%").is_empty());
        assert_eq!(chosen("100%").len(), 1_000);
    }

    #[test]
    fn a_consent_comes_once_and_says_that_it_is_simulated() {
        let mut consents = Consents::simulated(Share(100));
        let first = event("crm:17850");
        let consent = consents.ahead_of(&first).unwrap();
        assert_eq!(consents.ahead_of(&first), None);
        assert_eq!((consent.key, consent.origin.bytes()), (first.key, 0));
        let json: serde_json::Value = serde_json::from_str(&consent.json).unwrap();
        assert_eq!(json["data"]["proof"], "simulated");
        assert_eq!(json["source"], "shop/gb");
        assert_eq!(json["time"], "2010-12-01T08:26:00Z");
        assert!(
            json["id"]
                .as_str()
                .unwrap()
                .starts_with("simulated-consent-")
        );
    }
}
