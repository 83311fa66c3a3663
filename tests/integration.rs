//! Integration tests.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests set the real world up, and look at it past the ports"
)]

mod cli;
mod conformance;
mod corpus;
mod docs;
mod faults;
mod oracles;
mod tidy;
