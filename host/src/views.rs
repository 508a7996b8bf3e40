//! What people and machines are shown: customers, decisions and their explanations, what waits for a person, exports.

mod approvals;
mod disclosures;
mod explain;
mod export;
mod history;
mod look;
mod markets;
mod sight;
mod told;
mod trace;
mod words;

pub use approvals::Page;
pub use disclosures::Disclosures;
pub use explain::Question;
pub use history::{Cursor, Found};
pub use look::{CustomerView, Lookup, Unseen};
pub use words::NoWords;
