//! What a changed backup means for its recovery points, told with the change that brings it about.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::change::{Change, Judgement};
use super::fact::{Entity, Value, When};
use super::facts::{COPY_RETENTION, RETENTION_OF_POINTS, SCHEDULE, SELECT};
use super::judge::{Judge, are_mixed};
use super::points::{Effect, Gone, Lot, Lying, Runs, Sides};
use crate::calendar::{self, Occurrences};
use crate::diagnostic::codes::change::{DELETES, GAP, RETENTION};
use crate::primitives::{Duration, Percentage, grouped};
use crate::retention::CalendarUnit;
use crate::timeline::{Making, Place};

/// Tells of those changes from `first` on that are about what is kept, and adds what follows from the moment at which the newer plan takes over.
pub(super) fn tell(
    sides: &Sides<'_>,
    judge: &mut Judge,
    [old, new]: [&Entity; 2],
    changes: &mut [Change],
    first: usize,
) {
    let Some(both) = sides.both(&new.subject.name) else { return };
    let praised: Vec<usize> = changes[first..]
        .iter()
        .map(|change| if change.judgement == Judgement::Strengthens { change.because.len() } else { 0 })
        .collect();
    let when = [old, new].map(schedule_of);
    let about = |words: &[&str], changes: &[Change]| {
        changes[first..].iter().position(|change| is_about(change, words)).map(|at| at + first)
    };
    if about(&[SCHEDULE.word, SELECT.word, RETENTION_OF_POINTS.word, COPY_RETENTION.word], changes).is_some() {
        let mut counted = vec![];
        let mut wait = |side: usize| when[side].as_ref().and_then(|when| judge.gap(when));
        let waits = wait(0).zip(wait(1)).map(|(old, new)| [old, new]);
        let runs = Runs { waits, at_the_same_times: when[0] == when[1] };
        for effect in sides.effects(both, runs) {
            let own = match &effect.place {
                Place::Copy(store) => format!("{} {store}", COPY_RETENTION.word),
                Place::Store(_) | Place::Provider => RETENTION_OF_POINTS.word.to_owned(),
            };
            let at = about(&[&own], changes)
                .or_else(|| about(&[SCHEDULE.word], changes))
                .or_else(|| about(&[SELECT.word], changes));
            if let Some(at) = at {
                let is_asked = sides.lying(&new.subject.name).any(|lying| lying.store.as_ref() == effect.place.store());
                tell_effect(sides, &effect, is_asked, &mut changes[at]);
                in_the_long_run(&effect, &mut changes[at]);
                tell_passed_over(&effect, &mut changes[at]);
                tell_nothing_goes(&effect, &mut changes[at]);
                tell_guard(&effect, both[1].1.guard.delete, &mut changes[at]);
                if effect.gone != Gone::Uncounted {
                    counted.push(at);
                }
            }
        }
        for lying in sides.lying(&new.subject.name) {
            if let Some(at) = about(&[RETENTION_OF_POINTS.word], changes) {
                tell_lying(sides, lying, &mut changes[at]);
            }
        }
        let uncounted = (first..changes.len()).filter(|at| !counted.contains(at));
        for at in uncounted.collect::<Vec<_>>() {
            tell_mixed([old, new], &mut changes[at]);
        }
    }
    if let (Some(at), Some(before), Some(after)) = (about(&[SCHEDULE.word], changes), &when[0], &when[1])
        && let Some(because) = gap(sides, judge, before, after)
    {
        let change = &mut changes[at];
        if change.judgement < Judgement::Weakens {
            (change.judgement, change.code) = (Judgement::Hazard, Some(&GAP));
        }
        change.because.push(because);
    }
    for (change, praised) in changes[first..].iter_mut().zip(praised) {
        praise_last(change, praised);
    }
}

/// What is better comes after what is worse; of rules that keep less in the end nothing is.
fn praise_last(change: &mut Change, praised: usize) {
    if change.judgement == Judgement::Strengthens || praised == 0 {
        return;
    }
    let praise: Vec<String> = change.because.drain(..praised).collect();
    if is_about(change, &[SCHEDULE.word, SELECT.word]) {
        change.because.extend(praise.into_iter().map(|praise| format!("on the other hand, {praise}")));
    }
}

fn schedule_of(entity: &Entity) -> Option<When> {
    let fact = entity.facts.iter().find(|fact| *fact.aspect == SCHEDULE)?;
    match &fact.value {
        Value::Schedule(when) => Some((**when).clone()),
        _ => None,
    }
}

fn is_about(change: &Change, words: &[&str]) -> bool {
    let Some(word) = change.word() else { return false };
    words.iter().any(|of| word == *of || (*of == COPY_RETENTION.word && word.starts_with(COPY_RETENTION.word)))
}

/// Of rules of which one keeps more and another less, and of which no points are counted: what the other keeps may be gone.
fn tell_mixed(of: [&Entity; 2], change: &mut Change) {
    let [Some(old), Some(new)] = of.map(|entity| {
        let mut facts = entity.facts.iter().filter(|fact| Some(&*fact.word()) == change.word());
        facts.find_map(|fact| match &fact.value {
            Value::Rules(rules) => Some(rules),
            _ => None,
        })
    }) else {
        return;
    };
    if change.judgement < Judgement::Weakens && are_mixed(old, new) {
        (change.judgement, change.code) = (Judgement::Weakens, Some(&RETENTION));
        change.because.push(
            "one rule keeps less than it did, and another more: how many points that lets go depends on when they were made"
                .to_owned(),
        );
    }
}

/// Where more goes than one run may delete unasked.
fn tell_guard(effect: &Effect, guard: Percentage, change: &mut Change) {
    if let Gone::Some(Lot { points, there, .. }) = effect.gone
        && points.saturating_mul(100) > there.saturating_mul(guard.hundredths().into())
    {
        change.because.push(format!(
            "that is more than {guard} of them: such a run deletes nothing until somebody says that it is meant (`--accept-deletions`)"
        ));
    }
}

/// `is_asked` is whether what is really there is told beside it.
fn tell_effect(sides: &Sides<'_>, effect: &Effect, is_asked: bool, change: &mut Change) {
    let times = Times { making: effect.making, zone: &sides.zone };
    let place = place_of(effect);
    let deletes = match effect.gone {
        Gone::None => None,
        Gone::Some(gone) => {
            let gone = deleted(gone, (effect.earliest, effect.hosts), &place, &times);
            let when = if is_asked { "had every run succeeded: the next" } else { "the next" };
            Some(format!("{when} run that prunes {gone}"))
        }
        // No run lets a provider keep less.
        Gone::AllBefore(left) if effect.place == Place::Provider => {
            let left = times.in_zone(left);
            change.because.push(format!("the database has to be set so by hand; then all of before {left} is gone"));
            None
        }
        Gone::AllBefore(left) => Some(format!(
            "the next run that prunes deletes all recovery points{place} of before {}",
            times.in_zone(left)
        )),
        Gone::Uncounted => {
            change.because.push(format!("there are more recovery points{place} than are counted"));
            None
        }
    };
    if let Some(deletes) = deletes {
        (change.judgement, change.code) = (Judgement::Deletes, Some(&DELETES));
        change.because.push(deletes);
    }
}

fn place_of(effect: &Effect) -> String {
    match &effect.place {
        Place::Store(store) | Place::Copy(store) => format!(" in {store}"),
        Place::Provider => String::new(),
    }
}

/// What is really there, and what of it goes.
fn tell_lying(sides: &Sides<'_>, lying: &Lying, change: &mut Change) {
    let times = Times { making: sides.making(&lying.job), zone: &sides.zone };
    // In a store, points of other folders are of another plan, or of what the plan once said.
    let (place, own) = match &lying.store {
        Some(store) => (format!("in {store}"), " of its folders"),
        None => ("at the provider".to_owned(), ""),
    };
    let of = lying.of.as_ref().map(|of| format!(" {of}")).unwrap_or_default();
    let there = match &lying.there[..] {
        [] => format!("{place} lies no recovery point{of}{own} now"),
        [only] => format!("{place} lies 1 recovery point{of} now, of {}", times.in_zone(*only)),
        [oldest, .., newest] => format!(
            "{place} lie {} recovery points{of} now, {} … {}",
            grouped(lying.there.len() as u64),
            times.of(*oldest),
            times.in_zone(*newest)
        ),
    };
    let goes = match (&lying.goes[..], &lying.there[..]) {
        (_, []) => String::new(),
        ([], _) => ": by this change none of them goes".to_owned(),
        ([first, ..], there) => {
            (change.judgement, change.code) = (Judgement::Deletes, Some(&DELETES));
            let left = there.iter().find(|moment| !lying.goes.contains(moment)).copied();
            let last = lying.goes.last().copied().unwrap_or(*first);
            let there_now = there.len() as u64;
            let gone = Lot { points: lying.goes.len() as u64, there: there_now, first: *first, last, left };
            format!(": the next run that prunes {}", deleted(gone, (there.first().copied(), 1), "", &times))
        }
    };
    change.because.push(there + &goes);
}

/// How the moments of points are shown.
struct Times<'a> {
    making: Option<Making>,
    zone: &'a TimeZone,
}

impl Times<'_> {
    /// A day or a month, where a point is all of that.
    fn of(&self, moment: Timestamp) -> String {
        let local = self.zone.to_datetime(moment);
        match self.making {
            Some(Making::EachDay) => local.date().to_string(),
            Some(Making::EachMonth { .. }) => local.strftime("%Y-%m").to_string(),
            Some(Making::EachRun) | None => calendar::local(moment, self.zone),
        }
    }

    fn in_zone(&self, moment: Timestamp) -> String {
        match self.making {
            Some(Making::EachDay | Making::EachMonth { .. }) => self.of(moment),
            Some(Making::EachRun) | None => calendar::local_in(moment, self.zone),
        }
    }
}

/// Of each of several hosts go as many.
fn deleted(gone: Lot, (earliest, hosts): (Option<Timestamp>, u64), place: &str, times: &Times<'_>) -> String {
    let Lot { points, first, last, left, .. } = gone;
    let each = if hosts > 1 { format!(", {} of each of {hosts} hosts", grouped(points)) } else { String::new() };
    let (when, noun) = match points {
        1 => (format!("of {}", times.in_zone(first)), if hosts > 1 { "points" } else { "point" }),
        _ => (format!("{} … {}", times.of(first), times.in_zone(last)), "points"),
    };
    let which = format!("deletes {} recovery {noun}{place}{each}, {when}", grouped(points * hosts));
    let moves = earliest
        .zip(left)
        .filter(|(before, left)| left > before)
        .map(|(before, left)| format!("; its earliest moves from {} to {}", times.of(before), times.in_zone(left)));
    which + &moves.unwrap_or_default()
}

/// What does not go at once, and is kept no more in the end.
fn in_the_long_run(effect: &Effect, change: &mut Change) {
    let Some(fading) = &effect.fading else { return };
    if change.judgement < Judgement::Weakens {
        (change.judgement, change.code) = (Judgement::Weakens, Some(&RETENTION));
    }
    change.because.push(fading.told(&place_of(effect)));
}

/// Of rules of which one keeps less, and others as much as is kept anyhow.
fn tell_nothing_goes(effect: &Effect, change: &mut Change) {
    let is_judged_by_rules =
        change.code == Some(&RETENTION) && is_about(change, &[RETENTION_OF_POINTS.word, COPY_RETENTION.word]);
    if is_judged_by_rules && effect.making.is_some() && effect.gone == Gone::None && effect.fading.is_none() {
        change.because.push(format!(
            "while every run succeeds, as much is kept{} by the other rules; after some that fail it may be less",
            place_of(effect)
        ));
    }
}

/// What only one point has, where each had all that there was, and a rule passes over.
fn tell_passed_over(effect: &Effect, change: &mut Change) {
    let (Some(Making::EachRun), Some((making, rules))) = (effect.making, &effect.newer) else { return };
    let (one, several, longest) = match making {
        Making::EachRun => return,
        Making::EachDay => ("day", "days", CalendarUnit::Day),
        Making::EachMonth { .. } => ("month", "months", CalendarUnit::Month),
    };
    let mut passing = rules.thinned.keys().filter(|unit| **unit > longest);
    if let Some(unit) = passing.next() {
        if change.judgement < Judgement::Weakens {
            (change.judgement, change.code) = (Judgement::Weakens, Some(&RETENTION));
        }
        change.because.push(format!(
            "a point holds one {one} alone: of each {unit} only the last of its {several} is kept{}, where no other rule keeps more",
            place_of(effect)
        ));
    }
}

/// Where longer than either schedule has lies between the last run by the older and the first by the newer.
fn gap(sides: &Sides<'_>, judge: &mut Judge, before: &When, after: &When) -> Option<String> {
    let last = Occurrences::of(&before.schedule).ok()?.last_at_or_before(sides.now)?;
    let next = Occurrences::of(&after.schedule).ok()?.after(sides.now).next()?;
    let between = u64::try_from(next.duration_since(last).as_secs()).ok()?;
    let usual = judge.gap(before).max(judge.gap(after))?;
    let time = |time: Timestamp| calendar::local_in(time, &sides.zone);
    // So much a run may be late anyhow.
    (between > usual + usual / 24).then(|| {
        format!(
            "put into use now, the next run is at {}, {} after the last at {}: longer than either schedule has",
            time(next),
            Duration::from_seconds(between),
            time(last)
        )
    })
}
