//! The decision.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::{Bucket, KeepReason, LetGoReason, Rules};
use crate::calendar;

/// A point that is decided about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate<I> {
    /// Its identity: orders points whose data is of one moment.
    pub id: I,
    /// What its data is as of.
    pub moment: Timestamp,
    /// Whether it is complete and was read back.
    pub good: bool,
}

/// What is decided about a point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It stays, for these reasons: at least one.
    Keep(Vec<KeepReason>),
    /// No rule keeps it.
    LetGo(LetGoReason),
}

/// Decides about each point; the verdicts stand in the order of the points.
pub fn decide<I: Ord>(points: &[Candidate<I>], rules: &Rules, now: Timestamp, zone: &TimeZone) -> Vec<Verdict> {
    let mut newest_first: Vec<usize> = (0..points.len()).collect();
    newest_first.sort_by(|a, b| {
        let key = |at: &usize| (points[*at].moment, &points[*at].id);
        key(b).cmp(&key(a))
    });
    let mut reasons: Vec<Vec<KeepReason>> = points.iter().map(|_| vec![]).collect();
    let good: Vec<usize> = newest_first.iter().copied().filter(|at| points[*at].good).collect();
    if let Some(newest) = good.first() {
        reasons[*newest].push(KeepReason::NewestGood);
    }
    for (at, rank) in good.iter().zip(1..=rules.generations.unwrap_or(0)) {
        reasons[*at].push(KeepReason::Generation(rank));
    }
    for (bucket, count) in &rules.buckets {
        newest_of_each(points, &good, *bucket, *count, zone, &mut reasons);
    }
    let good_moments = good.first().map(|at| points[*at].moment);
    for (point, reasons) in points.iter().zip(&mut reasons) {
        reasons.extend(by_itself(point, rules, now, zone, good_moments));
    }
    let verdict = |(point, reasons): (&Candidate<I>, Vec<KeepReason>)| match reasons.is_empty() {
        true => Verdict::LetGo(LetGoReason { good: point.good, rules: rules.clone() }),
        false => Verdict::Keep(reasons),
    };
    points.iter().zip(reasons).map(verdict).collect()
}

/// What keeps a point whatever the others are, but for the newest good one.
fn by_itself<I>(
    point: &Candidate<I>,
    rules: &Rules,
    now: Timestamp,
    zone: &TimeZone,
    newest_good: Option<Timestamp>,
) -> Vec<KeepReason> {
    let mut reasons = vec![];
    if rules.is_empty() {
        reasons.push(KeepReason::NoRules);
    }
    if point.moment > now {
        reasons.push(KeepReason::FromTheFuture);
    }
    if let Some(period) = rules.within {
        let until = calendar::expiry(point.moment, period, zone);
        if now < until {
            reasons.push(KeepReason::Within(period, until));
        }
    }
    if !point.good && newest_good.is_none_or(|newest| newest <= point.moment) {
        reasons.push(KeepReason::NoNewerGood);
    }
    reasons
}

/// Keeps the newest good point of each of the newest `count` buckets that have one.
fn newest_of_each<I>(
    points: &[Candidate<I>],
    good_newest_first: &[usize],
    bucket: Bucket,
    count: u32,
    zone: &TimeZone,
    reasons: &mut [Vec<KeepReason>],
) {
    let mut seen = BTreeSet::new();
    for at in good_newest_first {
        let name = bucket_of(points[*at].moment, bucket, zone);
        if !seen.contains(&name) {
            if seen.len() as u64 == u64::from(count) {
                return;
            }
            seen.insert(name);
            reasons[*at].push(KeepReason::NewestOf(bucket));
        }
    }
}

/// A name that moments share exactly when they are in one bucket.
fn bucket_of(moment: Timestamp, bucket: Bucket, zone: &TimeZone) -> (i16, i16, i8, i32) {
    let zoned = moment.to_zoned(zone.clone());
    let date = zoned.date();
    match bucket {
        Bucket::Hour => (date.year(), date.day_of_year(), zoned.hour(), zoned.offset().seconds()),
        Bucket::Day => (date.year(), date.day_of_year(), 0, 0),
        Bucket::Week => (date.iso_week_date().year(), i16::from(date.iso_week_date().week()), 0, 0),
        Bucket::Month => (date.year(), i16::from(date.month()), 0, 0),
        Bucket::Year => (date.year(), 0, 0, 0),
    }
}
