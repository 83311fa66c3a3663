//! Floor 1: the narrow calls by which the world is reached, each split in a reading and a writing half.
//!
//! Unaware of plans, steps and archives: a port says "put a part", "list a page", "rename". What is done with
//! them lives in `steps`. Invariant: whoever is handed only reading halves cannot change anything.

mod clock;
mod command;
mod compute;
mod databases;
mod fault;
mod journal;
mod keeping;
mod ledger;
mod machines;
mod network;
mod people;
mod scratch;
mod secrets;
mod store;
mod subversion;
mod tree;
mod users;

pub use clock::Clock;
pub use command::{CommandExit, CommandRun, Program, SAID_BYTES_MAX};
pub use compute::{Compute, Job};
pub use databases::{
    AutomatedBackups, Database, DatabaseKind, DatabaseName, DatabaseSettings, DatabaseSnapshot, Databases,
    DatabasesRead, NewDatabase, RestoreFrom, SnapshotName, SnapshotOrigin,
};
pub use fault::{Cause, Certainty, Fault};
pub use journal::{JournalRead, JournalWrite, Lock, Locks};
pub use keeping::{HiddenEnds, HiddenObject, HiddenPage, HiddenVersions, Keeping, ObjectLocks};
pub use ledger::{
    JobRow, LedgerRead, LedgerWrite, PastRestore, PointGone, PointMade, PointRow, RunDetail, RunEnd, RunRow,
    RunSummary, RunUpdate, RunsWanted, Series, StepEnd, StepRow,
};
pub use machines::{Image, ImageWanted, Machine, MachineChecks, Machines, MachinesRead, NewMachine};
pub use network::{Network, SqlQuery};
pub use people::{People, Person, Question, Word};
pub use scratch::{Scratch, ScratchTable};
pub use secrets::{Hidden, Revealed, SecretPlace, Secrets};
pub use store::{ObjectInfo, Page, PutMode, PutResult, Reading, StorePlace, StoreRead, StoreWrite, UploadId};
pub use subversion::{Revision, Subversion, SubversionRead};
pub use tree::{
    Attributes, Destination, EntryKind, FileRead, FileWrite, Meta, Names, ReadXattrs, Refused, TreeRead, TreeWrite,
    WholeFile,
};
pub use users::Users;
