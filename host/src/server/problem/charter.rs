//! Why a charter did not go live.

use http::StatusCode;
use serde_json::json;

use crate::charter::Complaints;
use crate::charter::sign::{Unapproved, Why};
use crate::charter::who::Unanswered;
use crate::operate::ChangeError;
use crate::policy::StrandedPolicy;
use crate::server::archive::BadArchive;
use crate::server::problem::Problem;
use crate::store;

impl From<ChangeError> for Problem {
    fn from(unchanged: ChangeError) -> Self {
        let detail = unchanged.to_string();
        match unchanged {
            ChangeError::Wrong(complaints) => Self::wrong(&complaints),
            ChangeError::Unapproved(unapproved) => Self::unapproved(&unapproved, detail),
            ChangeError::Strands(policies) => Self::strands(&policies, detail),
            ChangeError::UnknownMarket { market } => Self::unknown("market", &market),
            ChangeError::Unseen { .. } => Self::new(
                StatusCode::PRECONDITION_REQUIRED,
                "if-match-needed",
                "What is to be replaced must be named",
                detail,
            ),
            ChangeError::Overtaken { .. } | ChangeError::Superseded => Self::new(
                StatusCode::PRECONDITION_FAILED,
                "overtaken",
                "Somebody else was faster",
                detail,
            ),
            ChangeError::Log(store::Refused::Full { .. }) => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "busy",
                "The host cannot take more now",
                detail,
            )
            .retry_after(1),
            ChangeError::Log(store::Refused::Failed(_) | store::Refused::TooLarge { .. })
            | ChangeError::Failed(_) => Self::log_failed(detail),
            ChangeError::Kept(_) | ChangeError::Live(_) => Self::unreadable(&unchanged),
        }
    }
}

impl Problem {
    fn wrong(complaints: &Complaints) -> Self {
        let list = complaints.0.iter().map(|complaint| {
            json!({ "file": complaint.file, "line": complaint.line, "key": complaint.key, "what": complaint.what })
        });
        let detail = match complaints.0.len() {
            1 => "one thing is wrong with the charter".to_owned(),
            several => format!("{several} things are wrong with the charter"),
        };
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid-charter",
            "The charter is not right",
            detail,
        )
        .listing("complaints", list.collect())
    }

    fn unapproved(unapproved: &Unapproved, detail: String) -> Self {
        let list = unapproved.0.iter().map(|unsigned| {
            json!({
                "section": unsigned.section.word(),
                "digest": unsigned.digest.to_string(),
                "by": unsigned.by,
                "mail": unsigned.mail,
                "why": match unsigned.why {
                    Why::Missing => "missing",
                    Why::OtherContent(_) => "other-content",
                    Why::WrongKey => "wrong-key",
                    Why::NoKey => "no-key",
                },
                "command": unsigned.command(),
            })
        });
        let list = list.collect();
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "not-approved",
            "Those who decide it have not approved the charter",
            detail,
        )
        .listing("unsigned", list)
    }

    fn strands(policies: &[StrandedPolicy], detail: String) -> Self {
        let list = policies.iter().map(|policy| {
            json!({ "market": policy.market, "policy": policy.version, "why": policy.why.to_string() })
        });
        let list = list.collect();
        Self::new(
            StatusCode::CONFLICT,
            "strands-policies",
            "Live policies use what the charter takes away",
            detail,
        )
        .listing("policies", list)
    }

    pub(in crate::server) fn wrong_type(found: &str, wanted: &'static str) -> Self {
        let found: String = found.chars().take(64).collect();
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unknown-content-type",
            "The body is of a type that is not read here",
            format!("`content-type` is `{found}`, and must be `{wanted}`"),
        )
    }

    /// Where it was a change, it may or may not be live; reading the charter tells.
    pub(in crate::server) fn unfinished() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "unfinished",
            "The host did not get to the end of it",
            "the work ended without an answer: the host's log says why",
        )
    }

    pub(in crate::server) fn not_this_market(market: &str) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "not-yours",
            "The token does not speak for this",
            format!(
                "the token does not speak for market `{market}`: its own team decides its choice"
            ),
        )
    }

    /// What takes a token for all markets, and why.
    pub(in crate::server) fn not_central(because: &'static str) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "not-yours",
            "The token does not speak for this",
            because,
        )
    }
}

impl From<Unanswered> for Problem {
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            Unanswered::Unknown(unknown) => Self::new(
                StatusCode::NOT_FOUND,
                "unknown",
                "It is not known here",
                unknown.to_string(),
            ),
            Unanswered::Unreadable(complaint) => Self::unreadable(&complaint),
        }
    }
}

impl From<BadArchive> for Problem {
    fn from(bad: BadArchive) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "bad-archive",
            "The body is no tar of a charter's folder",
            bad.to_string(),
        )
    }
}
