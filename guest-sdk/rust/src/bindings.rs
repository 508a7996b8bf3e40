//! The type of the component, which `wit-bindgen` makes of `wit/policy.wit` and the module carries with it.
#![allow(
    dead_code,
    unsafe_code,
    unreachable_pub,
    missing_debug_implementations,
    elided_lifetimes_in_paths,
    clippy::all,
    clippy::too_many_lines,
    clippy::needless_pass_by_value,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::unreachable,
    clippy::allow_attributes_without_reason,
    reason = "generated code"
)]

wit_bindgen::generate!({
    path: "../../wit",
    world: "market-policy",
});
