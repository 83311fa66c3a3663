//! Tests that need real servers and tools.
fn main() {}
