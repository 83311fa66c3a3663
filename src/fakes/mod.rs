//! A simulated world, for tests and rehearsals: the ports in memory, with a seed, faults on demand, and a death from which it can be
//! revived.
//!
//! Unaware of plans and steps. Invariants: the same seed, script and calls give the same history; a dead world answers nobody, and
//! what was begun before a death does nothing after it; what was durable before a death is there after it, unfinished
//! uploads and half-restored files included.

mod clock;
mod command;
mod compute;
mod databases;
mod dice;
mod faults;
mod journal;
mod ledger;
mod machines;
mod network;
mod people;
mod scratch;
mod secrets;
mod store;
mod subversion;
mod tree;
mod world;

pub use clock::FakeClock;
pub use command::FakeCommands;
pub use compute::FakeCompute;
pub use databases::{FakeDatabases, Takes};
pub use dice::Dice;
pub use faults::{FaultScript, Injected};
pub use journal::FakeJournal;
pub use ledger::FakeLedger;
pub use machines::{FakeMachine, FakeMachines, Launching};
pub use network::FakeNetwork;
pub use people::FakePeople;
pub use scratch::FakeScratch;
pub use secrets::{FakeSecrets, SECRET};
pub use store::FakeStore;
pub use subversion::FakeSubversion;
pub use tree::FakeTree;
pub use world::{Call, Edge, Struck, World};
