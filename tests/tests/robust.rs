//! What holds when things go wrong: kills, hang-ups, races, new policies under load, a full disk. Against a host process.

#[path = "robust/disk.rs"]
mod disk;
#[path = "robust/events.rs"]
mod events;
#[path = "robust/kill.rs"]
mod kill;
#[path = "robust/known.rs"]
mod known;
#[path = "robust/markets.rs"]
mod markets;
#[path = "robust/process.rs"]
mod process;
#[path = "robust/race.rs"]
mod race;
#[path = "robust/swap.rs"]
mod swap;
#[path = "robust/withdrawal.rs"]
mod withdrawal;
