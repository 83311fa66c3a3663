//! When a slot that failed is tried again, and a run that died is gone on with.

use std::time::Duration;

use crate::primitives::{Digest, JobName, Name, RunId, Slot};

/// The wait after the first failure.
const FIRST_S: u64 = 5 * 60;
/// The longest wait, before what is added so that hosts do not start together.
const LONGEST_S: u64 = 60 * 60;
/// Up to so much of the wait is added: one part in four.
const SPREAD: u64 = 4;

/// The wait after so many failures of a slot, counted from the end of the last one: 5 minutes, doubled with each failure up to an
/// hour, and up to a quarter more. What is added follows from host, job, slot and count: each time the same, and for no two hosts.
pub fn delay(failures: u32, host: &Name, job: &JobName, slot: Slot) -> Duration {
    spread(failures, &format!("{host}\n{job}\n{slot}\n{failures}"))
}

/// The wait before a run that died is gone on with, when that was in vain so many times, counted from the last that is known of it. At first
/// there is none; then as `delay`.
pub fn delay_of_run(in_vain: u32, run: &RunId) -> Duration {
    if in_vain == 0 { Duration::ZERO } else { spread(in_vain, &format!("{run}\n{in_vain}")) }
}

fn spread(failures: u32, told: &str) -> Duration {
    let doubled = 2_u64.checked_pow(failures.saturating_sub(1)).and_then(|times| FIRST_S.checked_mul(times));
    let wait = doubled.unwrap_or(LONGEST_S).min(LONGEST_S);
    let [a, b, c, d, ..] = *Digest::of(told.as_bytes()).as_bytes();
    let added = u64::from(u32::from_be_bytes([a, b, c, d])) % (wait / SPREAD + 1);
    Duration::from_secs(wait + added)
}
