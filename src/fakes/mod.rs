//! A seeded simulated world.
