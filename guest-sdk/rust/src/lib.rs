//! What a market needs to write a policy in Rust.
//!
//! A policy is a pure function: an event and what is known come in, proposals or a hold go out. It is written as three
//! declarations and one function for each moment. Nothing else: no clock, no network, no files.
//!
//! ```
//! use kairos_sdk::prelude::*;
//!
//! kairos_sdk::reasons! {
//!     /// Why we act, and why not.
//!     pub enum Why {
//!         PointsEarned = "points_earned" { "en" => "You earned points with this order." },
//!         Delivered = "delivered" { "en" => "The order should have arrived." },
//!         NoCustomer = "no_customer" { "en" => "A guest's order brings no points." },
//!     }
//! }
//!
//! kairos_sdk::moment! {
//!     /// An order is paid.
//!     struct OrderPlaced: "order_placed" {
//!         data { order: Text, total: Money }
//!         reads { points: Reading<Integer>, days: Integer = "setting.review_days" }
//!         proposes { thank_you_banner by [web], review_request by [email] }
//!     }
//! }
//!
//! fn order_placed(order: &OrderPlaced<'_>) -> Decision {
//!     let Some(balance) = order.points.known() else {
//!         return Decision::hold(Why::NoCustomer);
//!     };
//!     let days = u32::try_from(order.days).unwrap_or(7);
//!     let banner = order
//!         .thank_you_banner()
//!         .with("points", order.total / Money::minor(100))
//!         .with("balance", balance)
//!         .score(2.0)
//!         .because(Why::PointsEarned);
//!     let review = order
//!         .review_request()
//!         .with("order", order.order)
//!         .in_days_at(days, 10, 0)
//!         .key("review")
//!         .unless("order.cancelled")
//!         .because(Why::Delivered);
//!     Decision::act_on([banner, review], Why::NoCustomer)
//! }
//!
//! kairos_sdk::policy! {
//!     name: "example",
//!     version: "1.0.0",
//!     owner: "marketing@gifts.example",
//!     worst_case: "A wrong number of points is shown.",
//!     reasons: Why,
//!     moments: { OrderPlaced => order_placed },
//! }
//!
//! // In the policy's tests; `cargo test` needs no host.
//! use kairos_sdk::testing::Asked;
//!
//! Asked::<Policy>::at("order_placed")
//!     .datum("order", "536365")
//!     .datum("total", Money::minor(13_912))
//!     .reading("points", 250)
//!     .reading("setting.review_days", 6)
//!     .decide()
//!     .proposes("thank_you_banner")
//!     .with("points", 139)
//!     .because(Why::PointsEarned);
//! ```
//!
//! `kairos policy build` turns the crate into `<name>.wasm`, a component of the world `kairos:policy/market-policy` that
//! imports nothing. Its `Cargo.toml` needs one dependency, this crate, and nothing about linking.

#[doc(hidden)]
pub mod contract;
mod value;
pub mod input;
mod proposal;
pub mod manifest;
mod macros;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;

#[cfg(target_arch = "wasm32")]
mod arena;
#[cfg(target_arch = "wasm32")]
mod bindings;

pub use contract::Str;
pub use input::{Occasion, Reading, Undecided};
pub use manifest::{Policy, Reason};
pub use proposal::{Answer, Decision, Draft, Proposal};
pub use value::{Duration, Instant, Money, Value};

/// What a policy writes with.
pub mod prelude {
    pub use crate::contract::Str;
    pub use crate::input::{
        Flag, Integer, Integers, Number, Occasion, Reading, Text, Texts, Undecided,
    };
    pub use crate::proposal::{Decision, Draft, Proposal};
    pub use crate::value::{Duration, Instant, Money, Value};
}
