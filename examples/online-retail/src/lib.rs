//! Turns the Online Retail transactions into events: one `order.placed` for each invoice, one `order.cancelled` for
//! each cancellation. Every line of the input is accounted for: it is part of an event, or counted with its reason.

mod input;
mod line;
mod invoice;
mod event;
mod report;
mod books;

pub use books::Books;
pub use event::Event;
pub use input::{Unreadable, open, read_lines};
pub use line::Unused;
pub use report::{Place, Report};

/// The most lines of one invoice that become part of its event.
pub const LINES_PER_EVENT: usize = 1_000;
/// The longest line of the input, in bytes.
pub const LINE_BYTES: usize = 16 * 1024;
/// The longest stock code, in bytes.
pub const SKU_BYTES: usize = 32;
/// The most that one line may amount to, in pence.
pub const LINE_PENCE: i64 = 1_000_000_000_000_000;
/// The largest event that a host takes, in bytes.
const EVENT_BYTES: usize = 64 * 1024;
/// The most that an event takes besides its skus and quantities, in bytes.
const EVENT_FRAME_BYTES: usize = 1_024;
/// A sku with its quotes and comma, and its quantity of ten digits with its comma.
const ITEM_BYTES: usize = SKU_BYTES + 3 + 11;

const _: () = assert!(LINES_PER_EVENT * ITEM_BYTES + EVENT_FRAME_BYTES < EVENT_BYTES);
const _: () = assert!(LINE_PENCE <= i64::MAX / LINES_PER_EVENT as i64);
