//! Kairos turns a customer's event into the right decision for the customer's market, inside the central boundaries,
//! and keeps the evidence to explain every decision. The modules stand in reading order; each imports only from above.

// Words.
pub mod clock;
pub mod ids;
pub mod value;
pub mod spelling;
pub mod limits;
pub mod encoding;

// Ground.
pub mod keys;
pub mod charter;
pub mod customer;
pub mod store;

// The path.
pub mod event;
pub mod stop;
pub mod spending;
pub mod cache;
pub mod absorb;
pub mod moment;
pub mod context;
pub mod policy;
pub mod boundary;
pub mod action;
pub mod evidence;
pub mod reply;

// The path, whole.
pub mod telemetry;
pub mod era;
pub mod node;
pub mod decide;
pub mod report;

// Offices.
pub mod views;
pub mod operate;

// Edges.
pub mod server;
pub mod settings;
pub mod cli;
