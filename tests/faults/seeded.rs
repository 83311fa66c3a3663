//! Faults chosen by a seed.
