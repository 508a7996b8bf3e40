//! Everything has a limit. The ones that several modules share stand here, and agree at compile time.

/// The largest body of one event, in bytes.
pub const EVENT_BODY_BYTES: usize = 64 * 1024;
/// The largest body of a batch, in bytes.
pub const BATCH_BODY_BYTES: usize = 1024 * 1024;
/// The largest body of a charter, in bytes: a tar of its folder.
pub const CHARTER_BODY_BYTES: usize = 4 * 1024 * 1024;
/// The most events in a batch.
pub const BATCH_EVENTS: usize = 1_000;
/// The longest text in an event, in bytes.
pub const TEXT_BYTES: usize = 1_024;
/// The longest list in an event; a charter may ask for less.
pub const LIST_ITEMS: usize = 1_000;
/// The longest event id or source, in bytes.
pub const EVENT_NAME_BYTES: usize = 256;
/// The longest identity value, in bytes.
pub const IDENTITY_BYTES: usize = 256;

/// The most proposals in one decision.
pub const PROPOSALS: usize = 16;
/// The most parameters in one proposal.
pub const PARAMETERS: usize = 32;
/// The longest text that a policy may return, in bytes.
pub const POLICY_TEXT_BYTES: usize = 1_024;
/// The most moments in one manifest.
pub const MANIFEST_MOMENTS: usize = 64;
/// The most inputs of one moment, data and readings each.
pub const MANIFEST_INPUTS: usize = 64;
/// The most reasons in one manifest.
pub const MANIFEST_REASONS: usize = 256;

/// The most that a charter may allow one decision of a policy, in milliseconds.
pub const POLICY_BUDGET_MS: u64 = 100;
/// The most that a policy may take where nobody waits for it, as when a decision is computed again, in milliseconds.
pub const PATIENT_BUDGET_MS: u64 = 60_000;
/// The most memory that a charter may allow a policy, in bytes.
pub const POLICY_MEMORY_BYTES: usize = 32 * 1024 * 1024;
/// The most fuel that a charter may allow one decision.
pub const POLICY_FUEL: u64 = 1_000_000_000;
/// The largest policy file, in bytes.
pub const POLICY_FILE_BYTES: u64 = 32 * 1024 * 1024;
/// How long a whole request may take, in milliseconds.
pub const REQUEST_BUDGET_MS: u64 = 10_000;

/// The largest record of the evidence log, in bytes.
pub const RECORD_BYTES: usize = 4 * 1024 * 1024;

const _: () = assert!(POLICY_BUDGET_MS < REQUEST_BUDGET_MS);
const _: () = assert!(POLICY_BUDGET_MS < PATIENT_BUDGET_MS);
const _: () = assert!(EVENT_BODY_BYTES < BATCH_BODY_BYTES);
const _: () = assert!(BATCH_BODY_BYTES < RECORD_BYTES);
