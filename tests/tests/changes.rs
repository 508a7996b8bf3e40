//! A new charter, or a region's own choice, goes live in a running host, provably approved; and anybody can ask who decides
//! what.

#[path = "changes/archive.rs"]
mod archive;
#[path = "changes/asked.rs"]
mod asked;
#[path = "changes/choice.rs"]
mod choice;
#[path = "changes/command.rs"]
mod command;
#[path = "changes/deploy.rs"]
mod deploy;
#[path = "changes/frame.rs"]
mod frame;
#[path = "changes/live.rs"]
mod live;
#[path = "changes/schema.rs"]
mod schema;
#[path = "changes/signatures.rs"]
mod signatures;
#[path = "changes/start.rs"]
mod start;
