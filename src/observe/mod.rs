//! Floor 7: the world asked, by reading ports only.
//!
//! Unaware of what will be done about it. Invariant: it is handed only the reading halves, so it cannot change anything.

mod databases;
mod hidden;
mod in_service;
mod inside;
mod level;
mod machines;
mod mounts;
mod points;
mod questions;
mod releases;
mod slots;
mod staging;
pub mod walk;

pub use databases::DatabasesSeen;
pub use hidden::{PointHidden, hidden};
pub use in_service::{InService, LinkNow, PlaceNow, in_service};
pub use inside::outside;
pub use machines::{ImageAsked, MachinesSeen, USER_DATA_BYTES_MAX, images, user_data};
pub use mounts::{is_mount, mounts};
pub use points::{PointSeen, PointsSeen, manifest, points};
pub use questions::{DestinationSeen, Observed, PlaceSeen, Reading, SourceSeen, StagingSeen, destinations, observe};
pub use releases::{LinkSeen, ReleaseSeen, link};
pub use slots::{JobSeen, SlotsSeen, other_jobs, slots};
pub use staging::{kept_beside, release_folder, release_run, staging, staging_run};
pub use walk::WalkTotals as SourceTotals;
