//! What no policy can cross, rule by rule and for whatever is thrown at it.

#[path = "boundary/arbitration.rs"]
mod arbitration;
#[path = "boundary/caps.rs"]
mod caps;
#[path = "boundary/deviations.rs"]
mod deviations;
#[path = "boundary/hours.rs"]
mod hours;
#[path = "boundary/monotone.rs"]
mod monotone;
#[path = "boundary/rules.rs"]
mod rules;
#[path = "boundary/times.rs"]
mod times;
