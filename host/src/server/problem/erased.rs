//! Whoever was erased, and whoever cannot be.

use http::StatusCode;

use crate::cache::NotCommitted;
use crate::evidence::Unreadable;
use crate::keys::Locked;
use crate::operate::NotErased;
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

impl From<NotErased> for Problem {
    fn from(not_erased: NotErased) -> Self {
        let detail = not_erased.to_string();
        match not_erased {
            NotErased::Unknown => Self::new(
                StatusCode::NOT_FOUND,
                "unknown",
                "It is not known here",
                detail,
            ),
            NotErased::Before => Self::erased(detail),
            NotErased::Busy | NotErased::Log(NotCommitted::Busy | NotCommitted::Outdated) => {
                Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "busy",
                    "The host is busy",
                    detail,
                )
                .retry_after(1)
            }
            NotErased::Failed(_) => Self::log_failed(detail),
            NotErased::Cache(_) | NotErased::Log(NotCommitted::Log(_)) => {
                Self::unreadable(&not_erased)
            }
        }
    }
}
