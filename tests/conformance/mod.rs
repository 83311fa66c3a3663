//! One suite a port, run on every driver and fake: what a port's documentation says, each sentence a case.

mod command;
mod conditions;
mod databases;
mod destination;
mod drivers;
mod in_memory;
mod journal;
mod leases;
mod ledger;
mod machines;
mod network;
mod parts;
mod provider;
mod rds;
mod s3;
mod scratch;
mod stage;
mod store;
mod store_model;
mod subversion;
mod tree;
mod world;

use sonae::ports::{Cause, Fault};

/// The cause of a refusal; it is an error of the test where the call was answered.
fn cause<T>(answer: Result<T, Fault>) -> Cause {
    match answer {
        Ok(_) => panic!("the call was not refused"),
        Err(fault) => fault.cause,
    }
}
