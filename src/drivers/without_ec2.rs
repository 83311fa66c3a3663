//! What a program says of machines of Amazon EC2 that was built without the crate for them.
//!
//! Unaware of what is asked. Invariant: every call is refused, and says what to do.

use std::collections::BTreeMap;

use crate::ports::{Cause, Fault, Image, Machine, MachineChecks, Machines, MachinesRead, NewMachine};

/// No machines.
#[derive(Debug, Default)]
pub struct WithoutEc2;

fn refused<T>() -> Result<T, Fault> {
    let answer = "this program was built without it: take a released one, or build it with `cargo build --release --features ec2`";
    Err(Fault::permanent(Cause::Other, "reach Amazon EC2", answer))
}

#[async_trait::async_trait]
impl MachinesRead for WithoutEc2 {
    async fn image(&self, _: Option<&str>, _: &str) -> Result<Option<Image>, Fault> {
        refused()
    }

    async fn images_tagged(&self, _: Option<&str>, _: &str, _: &str) -> Result<Vec<Image>, Fault> {
        refused()
    }

    async fn machines_tagged(&self, _: Option<&str>, _: &BTreeMap<String, String>) -> Result<Vec<Machine>, Fault> {
        refused()
    }

    async fn machine(&self, _: Option<&str>, _: &str) -> Result<Option<Machine>, Fault> {
        refused()
    }

    async fn checks(&self, _: Option<&str>, _: &str) -> Result<Option<MachineChecks>, Fault> {
        refused()
    }
}

#[async_trait::async_trait]
impl Machines for WithoutEc2 {
    async fn launch(&self, _: &NewMachine, _: Option<&[u8]>) -> Result<Machine, Fault> {
        refused()
    }
}
