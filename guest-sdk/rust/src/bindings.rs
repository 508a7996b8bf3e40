//! What `wit-bindgen` makes of `wit/policy.wit`. Nothing outside of this crate names it, except code that our macros write.
#![allow(
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
    pub_export_macro: true,
    export_macro_name: "export_component",
    default_bindings_module: "kairos_sdk::bindings",
});
