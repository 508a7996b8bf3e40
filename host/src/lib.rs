//! Kairos turns a customer's event into the right decision for the customer's market, inside the central boundaries,
//! and keeps the evidence to explain every decision. The modules stand in reading order; each imports only from above.

// Words.
pub mod ids;
pub mod value;
pub mod clock;
pub mod limits;
pub mod encoding;

// Ground.
pub mod charter;
pub mod store;

// The path.
pub mod event;
pub mod context;
pub mod policy;

// Edges.
pub mod cli;
