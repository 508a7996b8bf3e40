//! The Rust kit for policies.
