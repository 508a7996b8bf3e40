//! What the promises share.

pub mod guest;
pub mod small_charter;
