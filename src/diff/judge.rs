//! What a change of one aspect means, from its two values alone.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};

use super::change::Judgement;
use super::fact::{Aspect, Rule, Shape, Value, When, in_months, spans};
use crate::calendar::Occurrences;
use crate::diagnostic::Code;
use crate::diagnostic::codes::change::{ACCESS, HISTORY, OPEN, PROVIDER};
use crate::plan::{Drift, Rhythm};
use crate::primitives::{Duration, Period};
use crate::prove::WINDOW;
use crate::retention::Rules;

/// What a change means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) judgement: Judgement,
    pub(super) code: Option<&'static Code>,
    pub(super) because: Vec<String>,
}

impl Verdict {
    pub(super) fn neutral() -> Self {
        Self { judgement: Judgement::Neutral, code: None, because: vec![] }
    }

    pub(super) fn stronger(because: &str) -> Self {
        Self { judgement: Judgement::Strengthens, code: None, because: sentence(because) }
    }

    pub(super) fn weaker(code: &'static Code, because: &str) -> Self {
        Self { judgement: Judgement::Weakens, code: Some(code), because: sentence(because) }
    }

    pub(super) fn hazard(code: &'static Code, because: &str) -> Self {
        Self { judgement: Judgement::Hazard, code: Some(code), because: sentence(because) }
    }
}

fn sentence(because: &str) -> Vec<String> {
    (!because.is_empty()).then(|| because.to_owned()).into_iter().collect()
}

/// The longest gaps of the schedules seen so far.
#[derive(Default)]
pub(super) struct Judge {
    gaps: HashMap<(Rhythm, String), Option<Waits>>,
}

/// The longest and the shortest time between two runs, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Waits {
    longest: u64,
    shortest: u64,
    /// In the mean.
    usual: u64,
}

/// How often something is done in the mean is counted in so many whole weeks, where it is done daily or more often in the fewer, and else in the more.
const WEEKS: [(i64, u64); 2] = [(52, 52 * 7), (208, 1)];

/// How many seconds lie between two runs in the mean; none where there are fewer than two.
fn usual(times: &Occurrences) -> Option<u64> {
    let first = times.after(WINDOW.start).next()?;
    WEEKS.into_iter().find_map(|(weeks, least)| {
        let end = first.checked_add(jiff::SignedDuration::from_hours(weeks * 7 * 24)).ok()?;
        let (mut count, mut last) = (0_u64, first);
        for run in times.after(first).take_while(|run| *run <= end) {
            (count, last) = (count + 1, run);
        }
        let seconds = u64::try_from(last.duration_since(first).as_secs()).ok()?;
        (count >= least).then(|| seconds / count)
    })
}

/// Which way something goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Weaker,
    Neither,
    Stronger,
}

impl Judge {
    /// Of two values that differ; none where a plan says nothing.
    pub(super) fn of(&mut self, aspect: &Aspect, old: Option<&Value>, new: Option<&Value>) -> Verdict {
        let (way, code) = match aspect.rule {
            Rule::Neutral => return Verdict { because: sentence(aspect.weaker), ..Verdict::neutral() },
            Rule::Less(code) => (amounts(old, new, true), code),
            Rule::More(code) => (amounts(old, new, false), code),
            Rule::Have(_) if old.is_some() && new.is_some() => {
                let because = sentence("it is another than so far");
                return Verdict { because, ..Verdict::neutral() };
            }
            Rule::Have(code) => (there(old, new), code),
            Rule::HaveThere(_) if old.is_some() && new.is_some() => {
                return Verdict::hazard(&HISTORY, "what was put there so far stays where it was");
            }
            Rule::HaveThere(code) => (there(old, new), code),
            Rule::HaveNot(code) => (opposite(there(old, new)), code),
            Rule::Each(code) => (members(old, new), code),
            Rule::Folders(code) => (folders(old, new), code),
            Rule::EachOrAll(code) => (members_or_all(old, new), code),
            // Whoever comes opens, also in the place of one who goes.
            Rule::EachOpens(code) => (members(new, old), code),
            Rule::Approver => (approvers(old, new), &ACCESS),
            Rule::Keys => (keys(old, new), &OPEN),
            Rule::Retention(code) => match rules(old, new) {
                Way::Neither if is_shorter_at_times(old, new) => {
                    return Verdict::weaker(code, "a month has 28 to 31 days: after some of them less is kept");
                }
                way => (way, code),
            },
            Rule::Schedule(code) => return self.schedule(code, aspect, old, new),
            Rule::Place => return Verdict::hazard(&HISTORY, aspect.weaker),
            Rule::Waiver => return waiver(aspect, old, new),
            Rule::Drift => return drift(old, new),
            Rule::Other(code) => (if old.is_some() { Way::Weaker } else { Way::Neither }, code),
            Rule::Order(code) => (order(old, new), code),
            Rule::Select(code) => match grain(old).cmp(&grain(new)) {
                Ordering::Equal => {
                    let because = sentence(match new {
                        Some(_) => {
                            "a point holds one day, each day once, and no longer all that lies in the folder: a day leaves the store with its point"
                        }
                        None => "a point holds all that lies in the folder, and no longer one day alone",
                    });
                    return Verdict { because, ..Verdict::neutral() };
                }
                Ordering::Greater => (Way::Weaker, code),
                Ordering::Less => (Way::Stronger, code),
            },
        };
        match way {
            Way::Weaker => Verdict::weaker(code, aspect.weaker),
            Way::Neither => Verdict::neutral(),
            Way::Stronger => Verdict::stronger(aspect.stronger),
        }
    }

    fn schedule(&mut self, code: &'static Code, aspect: &Aspect, old: Option<&Value>, new: Option<&Value>) -> Verdict {
        let mut gap = |value: Option<&Value>| match value {
            Some(Value::Schedule(when)) => self.waits(when),
            _ => None,
        };
        let told = |gap: u64| Duration::from_seconds(gap);
        match (gap(old), gap(new)) {
            _ if new.is_none() => Verdict::weaker(code, "it is done only when somebody runs it"),
            (None, Some(_)) => Verdict::stronger("it is done by itself"),
            (Some(before), Some(after)) if is_only_the_clock(old, new) => {
                let because = format!(
                    "the clock of another zone: up to {} lie between two runs, where it was {}",
                    told(after.longest),
                    told(before.longest)
                );
                Verdict {
                    because: if before.longest == after.longest { vec![] } else { vec![because] },
                    ..Verdict::neutral()
                }
            }
            (Some(before), Some(after)) if before.longest == after.longest => {
                // Months are not all as long.
                let is_more = |one: Waits, other: Waits| one.usual > other.usual + other.usual / 50;
                let often = format!("every {} in the mean, where it was {}", told(after.usual), told(before.usual));
                match (is_more(after, before), is_more(before, after)) {
                    (true, _) => Verdict::weaker(code, &format!("it is done less often: {often}")),
                    (_, true) => Verdict::stronger(&format!("it is done more often: {often}")),
                    _ => Verdict::neutral(),
                }
            }
            (Some(old), Some(new)) => {
                let is_weaker = new.longest > old.longest;
                let because = format!(
                    "{}: up to {} lie between two runs, where it was {}",
                    if is_weaker { aspect.weaker } else { aspect.stronger },
                    told(new.longest),
                    told(old.longest)
                );
                // What is done all day and rests at night loses less by day than what is done twice a day.
                let is_slower = new.shortest > old.shortest;
                let slower =
                    format!("the shortest is longer: {}, where it was {}", told(new.shortest), told(old.shortest));
                match (is_weaker, is_slower) {
                    (true, _) => Verdict::weaker(code, &because),
                    (false, true) => Verdict { because: vec![because, slower], ..Verdict::neutral() },
                    (false, false) => Verdict::stronger(&because),
                }
            }
            (Some(_), None) => Verdict::weaker(code, "it comes round less than twice in 28 years"),
            (None, None) => Verdict::neutral(),
        }
    }

    /// The longest time between two occurrences, in seconds; none where there are fewer than two.
    pub(super) fn gap(&mut self, when: &When) -> Option<u64> {
        self.waits(when).map(|waits| waits.longest)
    }

    fn waits(&mut self, when: &When) -> Option<Waits> {
        let key = (when.schedule.rhythm.clone(), when.schedule.timezone.value.clone());
        *self.gaps.entry(key).or_insert_with(|| {
            let times = Occurrences::of(&when.schedule).ok()?;
            let gaps = times.gaps(WINDOW.start, WINDOW.end)?;
            let (longest, shortest) = (gaps.longest.seconds(), gaps.shortest.seconds());
            Some(Waits { longest, shortest, usual: usual(&times).unwrap_or(longest) })
        })
    }
}

/// Whether two schedules say the same of the clocks of two zones. What a promise has to hold of that, the proofs say.
fn is_only_the_clock(old: Option<&Value>, new: Option<&Value>) -> bool {
    matches!((old, new), (Some(Value::Schedule(old)), Some(Value::Schedule(new))) if old.schedule.rhythm == new.schedule.rhythm)
}

fn opposite(way: Way) -> Way {
    match way {
        Way::Weaker => Way::Stronger,
        Way::Neither => Way::Neither,
        Way::Stronger => Way::Weaker,
    }
}

/// Days are finer than months; where nothing is selected, a run packs all there is.
fn grain(select: Option<&Value>) -> u8 {
    match select {
        Some(Value::Level(level, _)) => *level,
        _ => 2,
    }
}

fn there(old: Option<&Value>, new: Option<&Value>) -> Way {
    match (old, new) {
        (Some(_), None) => Way::Weaker,
        (None, Some(_)) => Way::Stronger,
        _ => Way::Neither,
    }
}

fn amounts(old: Option<&Value>, new: Option<&Value>, less_is_stronger: bool) -> Way {
    let (Some(before), Some(after)) = (old.and_then(Value::amount), new.and_then(Value::amount)) else {
        return there(old, new);
    };
    match (before.total_cmp(&after), less_is_stronger) {
        (Ordering::Equal, _) => Way::Neither,
        (Ordering::Less, true) | (Ordering::Greater, false) => Way::Weaker,
        _ => Way::Stronger,
    }
}

static NOBODY: BTreeSet<String> = BTreeSet::new();

fn set(value: Option<&Value>) -> &BTreeSet<String> {
    match value {
        Some(Value::Set(set)) => set,
        _ => &NOBODY,
    }
}

fn members(old: Option<&Value>, new: Option<&Value>) -> Way {
    let (old, new) = (set(old), set(new));
    if !new.is_superset(old) {
        Way::Weaker
    } else if new.len() > old.len() {
        Way::Stronger
    } else {
        Way::Neither
    }
}

/// A folder protects all that lies in it.
fn folders(old: Option<&Value>, new: Option<&Value>) -> Way {
    let is_within = |folder: &String, others: &BTreeSet<String>| {
        others.iter().any(|other| std::path::Path::new(folder).starts_with(other))
    };
    let all_within = |these: &BTreeSet<String>, others| these.iter().all(|folder| is_within(folder, others));
    match (all_within(set(old), set(new)), all_within(set(new), set(old))) {
        (false, _) => Way::Weaker,
        (true, false) => Way::Stronger,
        (true, true) => Way::Neither,
    }
}

/// Nothing said, and `*`, are all there are.
fn members_or_all(old: Option<&Value>, new: Option<&Value>) -> Way {
    let is_all = |value: Option<&Value>| set(value).is_empty() || set(value).contains("*");
    match (is_all(old), is_all(new)) {
        (true, true) => Way::Neither,
        (true, false) => Way::Weaker,
        (false, true) => Way::Stronger,
        (false, false) => members(old, new),
    }
}

/// Nobody new may approve: then it is no weaker.
fn approvers(old: Option<&Value>, new: Option<&Value>) -> Way {
    match (old, new) {
        (Some(Value::Approver(before)), Some(Value::Approver(after))) if !before.who.is_superset(&after.who) => {
            Way::Weaker
        }
        (Some(Value::Approver(before)), Some(Value::Approver(after))) if before.who.len() > after.who.len() => {
            Way::Stronger
        }
        _ => Way::Neither,
    }
}

/// Without a key all can read it; with one more, one more can. With one less, fewer can, and it may be the one that was counted on.
fn keys(old: Option<&Value>, new: Option<&Value>) -> Way {
    match (set(old).is_empty(), set(new).is_empty()) {
        (true, false) => Way::Stronger,
        (false, true) => Way::Weaker,
        _ if set(old).is_superset(set(new)) => Way::Neither,
        _ => members(new, old),
    }
}

/// Without rules everything is kept. They add up; so one plan's keep more where none of its rules keeps less.
fn rules(old: Option<&Value>, new: Option<&Value>) -> Way {
    let of = |value: Option<&Value>| match value {
        Some(Value::Rules(rules)) => (**rules).clone(),
        _ => Rules::default(),
    };
    let (old, new) = (of(old), of(new));
    match (old.is_empty(), new.is_empty()) {
        (true, true) => return Way::Neither,
        (true, false) => return Way::Weaker,
        (false, true) => return Way::Stronger,
        (false, false) => {}
    }
    match (keeps_no_less(&new, &old), keeps_no_less(&old, &new)) {
        (true, false) => Way::Stronger,
        // Whether more or less is kept, where one rule keeps more and another less, the points say.
        (true, true) | (false, false) => Way::Neither,
        (false, true) => Way::Weaker,
    }
}

/// Whether each of the two has a rule that keeps more than the other's.
pub(super) fn are_mixed(old: &Rules, new: &Rules) -> bool {
    !old.is_empty() && !new.is_empty() && !keeps_no_less(old, new) && !keeps_no_less(new, old)
}

/// Whether one stretch of time is longer than another in one month, and shorter in another.
fn lengths_cross(one: Option<Period>, other: Option<Period>) -> bool {
    !is_no_shorter(one, other) && !is_no_shorter(other, one)
}

/// Whether less is kept after some months, whatever else the rules say: where another rule keeps more, the points say.
fn is_shorter_at_times(old: Option<&Value>, new: Option<&Value>) -> bool {
    let [Some(Value::Rules(old)), Some(Value::Rules(new))] = [old, new] else { return false };
    let besides = |rules: &Rules| Rules { within: None, ..rules.clone() };
    lengths_cross(old.within, new.within) && keeps_no_less(&besides(old), &besides(new))
}

/// Whether it is never shorter, whichever months it spans.
fn is_no_shorter(one: Option<Period>, other: Option<Period>) -> bool {
    let Some(other) = other else { return true };
    let Some(one) = one else { return false };
    match [one, other].map(in_months) {
        [Some(one), Some(other)] => one >= other,
        _ => spans(one).start() >= spans(other).end(),
    }
}

/// Whether each rule of the one keeps as much as that of the other, or more.
pub(super) fn keeps_no_less(one: &Rules, other: &Rules) -> bool {
    one.generations >= other.generations
        && is_no_shorter(one.within, other.within)
        && other.thinned.iter().all(|(unit, count)| one.thinned.get(unit).is_some_and(|of| of >= count))
}

fn drift(old: Option<&Value>, new: Option<&Value>) -> Verdict {
    let strength = |value: Option<&Value>| match value {
        Some(Value::Text(word)) if *word == Drift::Enable.to_string() => 2,
        Some(Value::Text(word)) if *word == Drift::Correct.to_string() => 1,
        _ => 0,
    };
    match (strength(old), strength(new)) {
        (before, 2) if before < 2 => Verdict::hazard(
            &PROVIDER,
            "where automated backups are off, the next run turns them on, and the database may be out of service for a moment",
        ),
        (2, 1) => Verdict::weaker(&PROVIDER, "where automated backups are off, no run turns them on any more"),
        (before, after) if after < before => Verdict::weaker(
            &PROVIDER,
            "where the provider keeps less than the plan says, no run sets it right any more",
        ),
        (before, after) if after > before => {
            Verdict::stronger("where the provider keeps less than the plan says, the next run sets it right")
        }
        _ => Verdict::neutral(),
    }
}

/// What an approval let through, and a look was to see, or to let through, still is.
fn order(old: Option<&Value>, new: Option<&Value>) -> Way {
    let (Some(Value::Order(old)), Some(Value::Order(new))) = (old, new) else { return Way::Neither };
    let both = &Shape::steps(old) & &Shape::steps(new);
    let is = |step: &str, words: &[&str]| words.iter().any(|word| step.starts_with(word));
    let guards = |steps: &[Shape]| -> BTreeSet<(String, String)> {
        let pairs = Shape::before(&Shape::only(steps, &both)).into_iter();
        let is_one = |(first, later): &(String, String)| {
            is(first, &["approve "])
                || (is(later, &["probe "]) && !is(first, &["probe ", "announce "]))
                || (is(first, &["probe "]) && is(later, &["switch ", "announce "]))
        };
        pairs.filter(is_one).collect()
    };
    if guards(new).is_superset(&guards(old)) { Way::Neither } else { Way::Weaker }
}

/// A waiver is a decision that was made, with its reason: it needs no other.
fn waiver(aspect: &Aspect, old: Option<&Value>, new: Option<&Value>) -> Verdict {
    match (old, new) {
        (None, Some(_)) => Verdict { judgement: Judgement::Weakens, code: None, because: sentence(aspect.weaker) },
        (Some(_), None) => Verdict::stronger(aspect.stronger),
        // They begin with their last days.
        (Some(Value::Text(before)), Some(Value::Text(after))) if until(after) > until(before) => {
            Verdict { judgement: Judgement::Weakens, code: None, because: sentence("it is set aside for longer") }
        }
        _ => Verdict::neutral(),
    }
}

/// `until 2026-06-30`: of a year of four digits, the later is the greater.
fn until(waiver: &str) -> &str {
    waiver.split(':').next().unwrap_or(waiver)
}
