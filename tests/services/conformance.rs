//! The suites of the ports, for drivers that need a server.

#[path = "../conformance/command.rs"]
pub(crate) mod command;
#[path = "../conformance/databases.rs"]
pub(crate) mod databases;
#[path = "../conformance/destination.rs"]
pub(crate) mod destination;
#[cfg(feature = "ec2")]
#[path = "../conformance/machines.rs"]
pub(crate) mod machines;
#[path = "../conformance/network.rs"]
pub(crate) mod network;
#[path = "../conformance/s3.rs"]
pub(crate) mod s3;
#[path = "../conformance/stage.rs"]
pub(crate) mod stage;
#[path = "../conformance/store.rs"]
pub(crate) mod store;
#[path = "../conformance/subversion.rs"]
pub(crate) mod subversion;
#[path = "../conformance/tree.rs"]
pub(crate) mod tree;

use sonae::ports::{Cause, Fault};

/// The cause of a refusal; it is an error of the test where the call was answered.
pub(crate) fn cause<T>(answer: Result<T, Fault>) -> Cause {
    match answer {
        Ok(_) => panic!("the call was not refused"),
        Err(fault) => fault.cause,
    }
}
