//! Points that follow each other, told as one.

use jiff::Timestamp;
use serde::Serialize;

use super::Life;

/// So many sequences are told at most, half of them the first and half the last: beyond that, nobody reads on.
const TOLD_MAX: usize = 10_000;

/// Points of which each is the next that was made after the one before, and which are all there in the end, or all let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Sequence {
    /// How many.
    pub points: u64,
    /// Of when the data of the first is.
    pub first: Timestamp,
    /// Of when the data of the last is.
    pub last: Timestamp,
    /// When the first is there.
    pub committed: Timestamp,
    /// When the last is there.
    pub last_committed: Timestamp,
    /// When the first of them is let go that is; none where all are kept for more than a hundred years.
    pub let_go: Option<Timestamp>,
    /// When the last of them is let go; none where one is kept for more than a hundred years.
    pub last_let_go: Option<Timestamp>,
    /// Whether they are there at the end of the time that is told of.
    pub there: bool,
    /// Whether points between this sequence and the one before were let go earlier.
    pub after_gap: bool,
}

/// The sequences of points up to `to`, and how many are left out in their middle.
pub(super) fn sequences(lives: &[Life], to: Timestamp) -> (Vec<Sequence>, u64) {
    let mut ends: Vec<usize> = (1..lives.len())
        .filter(|at| {
            let (before, life) = (&lives[at - 1], &lives[*at]);
            !life.follows(before) || life.is_let_go(to) != before.is_let_go(to)
        })
        .collect();
    ends.push(lives.len());
    let omitted = ends.len().saturating_sub(TOLD_MAX);
    let starts = std::iter::once(0).chain(ends.iter().copied());
    let told = starts.zip(ends.iter().copied()).enumerate().filter(|(number, (start, end))| {
        let is_in_middle = (TOLD_MAX / 2..TOLD_MAX / 2 + omitted).contains(number);
        start < end && !is_in_middle
    });
    let after_gap = |start: usize| start > 0 && !lives[start].follows(&lives[start - 1]);
    let all = told.filter_map(|(_, (start, end))| Sequence::of(&lives[start..end], after_gap(start), to)).collect();
    (all, omitted as u64)
}

impl Sequence {
    fn of(lives: &[Life], after_gap: bool, to: Timestamp) -> Option<Self> {
        let (first, last) = (lives.first()?, lives.last()?);
        let (earliest, latest) = (Life::soonest_gone(lives)?, Life::last_gone(lives)?);
        Some(Self {
            points: lives.len() as u64,
            first: first.moment(),
            last: last.moment(),
            committed: first.committed(),
            last_committed: last.committed(),
            let_go: earliest.let_go(),
            last_let_go: latest.let_go(),
            there: !first.is_let_go(to),
            after_gap,
        })
    }
}
