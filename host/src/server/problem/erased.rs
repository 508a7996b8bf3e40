//! Whoever was erased, and whoever cannot be.

use http::StatusCode;

use crate::cache::CommitError;
use crate::evidence::Unreadable;
use crate::keys::Locked;
use crate::operate::EraseError;
use crate::server::problem::Problem;

impl Problem {
    /// It was there, and is not any more: for good.
    pub(super) fn gone(unreadable: &Unreadable) -> Self {
        let detail = unreadable.to_string();
        match unreadable {
            Unreadable::Locked(Locked::Expired { .. }) => {
                Self::new(StatusCode::GONE, "expired", "It is no longer kept", detail)
            }
            _ => Self::erased(detail),
        }
    }

    fn erased(detail: String) -> Self {
        Self::new(StatusCode::GONE, "erased", "It was erased", detail)
    }
}

impl From<EraseError> for Problem {
    fn from(not_erased: EraseError) -> Self {
        let detail = not_erased.to_string();
        match not_erased {
            EraseError::Unknown => Self::new(
                StatusCode::NOT_FOUND,
                "unknown",
                "It is not known here",
                detail,
            ),
            EraseError::Before => Self::erased(detail),
            EraseError::Busy | EraseError::Log(CommitError::Busy | CommitError::Outdated) => {
                Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "busy",
                    "The host is busy",
                    detail,
                )
                .retry_after(1)
            }
            EraseError::Failed(_) => Self::log_failed(detail),
            EraseError::Cache(_) | EraseError::Log(CommitError::Log(_)) => {
                Self::unreadable(&not_erased)
            }
        }
    }
}
