//! The command line of *sonae*.
fn main() {}
