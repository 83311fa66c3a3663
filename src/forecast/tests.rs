//! What the guards say of any row of days, against oracles that know nothing of manifests.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use proptest::prelude::*;

use super::shrink::earlier;
use super::*;
use crate::archive::{Crc32, Plain};
use crate::catalog::{
    MANIFEST_FORMAT_VERSION, Manifest, Named, Part, PointPlace, ReadBackRecord, StoredObject, Totals,
};
use crate::observe::{PointSeen, PointsSeen};
use crate::primitives::{Digest, Percentage, PointId, Slot};
use crate::retention::{Rules, Verdict};

fn day(number: i64) -> Timestamp {
    "2026-03-01T05:30:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_hours(24 * number)
}

fn root() -> PathBytes {
    PathBytes::new(*b"/srv/data")
}

/// What a run of that day would have written.
fn manifest(number: i64, held: Held, shrunk_from: Option<PointId>) -> Manifest {
    let at = day(number);
    let run = RunId::new(at, 7);
    let (plan, host) = (Name::parse("home").unwrap(), Name::parse("web-1").unwrap());
    let (job, slot) = (JobName::parse("data/daily").unwrap(), Slot::new(at));
    let place = PointPlace { plan: plan.clone(), job: job.clone(), host: host.clone(), point: run.point(slot) };
    let object = |part| StoredObject { key: place.key(part), size: 1, digest: Digest::of(b"") };
    Manifest {
        format_version: MANIFEST_FORMAT_VERSION,
        plan,
        job,
        host: host.to_string(),
        point: place.point.clone(),
        run,
        slot,
        began: at,
        moment: at,
        finished: at,
        roots: vec![root()],
        mounts: vec![],
        archive: object(Part::Archive),
        plain: Plain { size: 1, crc32: Crc32(0) },
        contents: object(Part::Contents),
        segments_at: 0,
        totals: Totals { files: held.files, bytes: held.bytes, ..Totals::default() },
        read_back: ReadBackRecord { at, entries: held.files },
        shrunk_from,
        clean: true,
        unread: Named::default(),
        not_stored: Named::default(),
        changed: Named::default(),
        not_entered: Named::default(),
    }
}

fn seen(manifests: Vec<Manifest>) -> PointsSeen {
    let point =
        |manifest: Manifest| PointSeen { place: manifest.place(), moment: manifest.moment, manifest: Ok(manifest) };
    PointsSeen { points: manifests.into_iter().map(point).collect(), ..PointsSeen::default() }
}

fn percentage(hundredths: u8) -> Percentage {
    Percentage::parse(&format!("{hundredths}%")).unwrap()
}

/// Whether a number is smaller by more than so many hundredths: by what is lost, as a fraction.
fn lost_more(now: u64, then: u64, hundredths: u8) -> bool {
    then > now && (then - now) as f64 / then as f64 > f64::from(hundredths) / 100.0
}

/// A store after each of some days, as the runs of those days leave it.
struct Days {
    rules: Rules,
    shrink: u8,
    manifests: Vec<Manifest>,
}

impl Days {
    /// A run: whether it was suspended, and the days whose points it deleted.
    fn run(&mut self, number: i64, held: Held, accepted: bool) -> (bool, Vec<Timestamp>) {
        let (now, before) = (day(number), seen(self.manifests.clone()));
        let guard = ShrinkGuard { shrink: percentage(self.shrink), than: earlier(&before, &[root()], now), accepted };
        let suspension = guard.judge(held);
        self.manifests.push(manifest(number, held, suspension.as_ref().map(|found| found.than.point.clone())));
        if suspension.is_some() {
            return (true, vec![]);
        }
        let verdicts = verdicts(&seen(self.manifests.clone()), &[root()], &self.rules, None, now, &TimeZone::UTC);
        let (kept, gone): (Vec<_>, Vec<_>) =
            self.manifests.drain(..).partition(|manifest| verdicts[&manifest.point].keeps());
        self.manifests = kept;
        (false, gone.into_iter().map(|manifest| manifest.moment).collect())
    }

    fn usual(&self) -> Vec<Timestamp> {
        let usual = self.manifests.iter().filter(|manifest| manifest.shrunk_from.is_none());
        usual.map(|manifest| manifest.moment).collect()
    }
}

fn held() -> impl Strategy<Value = Held> {
    (0_u64..40, 0_u64..400).prop_map(|(files, bytes)| Held { files, bytes })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_point_is_smaller_by_more_than_what_is_lost_says(
        then in held(), now in held(), hundredths in 0_u8..=100, accepted: bool,
    ) {
        let point = manifest(0, then, None).point;
        let guard = ShrinkGuard { shrink: percentage(hundredths), than: Some(Earlier { point, held: then }), accepted };
        let lost = lost_more(now.files, then.files, hundredths) || lost_more(now.bytes, then.bytes, hundredths);
        prop_assert_eq!(guard.judge(now).is_some(), lost && !accepted);
    }

    /// A loss is found again every day, until the source is of its usual size or somebody says that it is meant; and meanwhile
    /// nothing is deleted.
    #[test]
    fn a_loss_does_not_pass_because_a_day_passed(
        days in prop::collection::vec((held(), prop::bool::weighted(0.1)), 1..20),
        shrink in prop::sample::select(vec![0_u8, 20, 50, 90, 100]),
        generations in 1_u32..5,
    ) {
        let rules = Rules { generations: std::num::NonZeroU32::new(generations), ..Rules::default() };
        let mut store = Days { rules, shrink, manifests: vec![] };
        let mut usual: Vec<(Timestamp, Held)> = vec![];
        for (number, (held, accepted)) in (0_i64..).zip(days) {
            let lost = usual.last().is_some_and(|(_, then)| {
                lost_more(held.files, then.files, shrink) || lost_more(held.bytes, then.bytes, shrink)
            });
            let before = store.manifests.len();
            let (suspended, gone) = store.run(number, held, accepted);
            prop_assert_eq!(suspended, lost && !accepted);
            if suspended {
                prop_assert_eq!((gone.len(), store.manifests.len()), (0, before + 1));
            } else {
                usual.push((day(number), held));
            }
            // Points that were found too small take no place of the others.
            let newest: Vec<Timestamp> = usual.iter().rev().take(generations as usize).map(|(at, _)| *at).collect();
            let there = store.usual();
            prop_assert!(newest.iter().all(|at| there.contains(at)), "{newest:?} are not all in {there:?}");
        }
    }

    /// To be found too small takes no point away, its own least of all.
    #[test]
    fn what_is_found_too_small_lets_nothing_more_go(
        days in prop::collection::vec(any::<bool>(), 1..15), generations in 1_u32..5, within in prop::option::of(1_u16..10),
    ) {
        let within = within.map(|count| crate::primitives::Period { count, unit: crate::primitives::PeriodUnit::Days });
        let rules = Rules { generations: std::num::NonZeroU32::new(generations), within, ..Rules::default() };
        let now = day(days.len() as i64);
        let kept = |marked: bool| {
            let made = (0_i64..).zip(&days).map(|(number, small)| {
                let held = Held { files: 1, bytes: 1 };
                manifest(number, held, (marked && *small).then(|| manifest(0, held, None).point))
            });
            let verdicts = verdicts(&seen(made.collect()), &[root()], &rules, None, now, &TimeZone::UTC);
            verdicts.into_iter().filter(|(_, verdict)| Verdict::keeps(verdict)).map(|(id, _)| id).collect::<BTreeSet<_>>()
        };
        prop_assert!(kept(true).is_superset(&kept(false)));
    }
}

#[test]
fn a_point_is_held_against_the_newest_usual_one_of_its_folders() {
    let held = |files| Held { files, bytes: 1 };
    let of = |manifests: Vec<Manifest>, roots: &[PathBytes], now: Timestamp| {
        earlier(&seen(manifests), roots, now).map(|earlier| earlier.held.files)
    };
    let small = Some(manifest(1, held(1), None).point);
    let points = || vec![manifest(0, held(10), None), manifest(1, held(20), None), manifest(2, held(3), small.clone())];
    assert_eq!(of(points(), &[root()], day(3)), Some(20));
    assert_eq!(of(points(), &[PathBytes::new(*b"/moved/data"), PathBytes::new(*b"/new")], day(3)), Some(20));
    assert_eq!(of(points(), &[PathBytes::new(*b"/srv/other")], day(3)), None);
    assert_eq!(of(vec![], &[root()], day(3)), None);
    // Of the future, only where there is nothing else.
    assert_eq!(of(points(), &[root()], day(0)), Some(10));
    assert_eq!(of(points().split_off(1), &[root()], day(0)), Some(20));
    let mut linked = manifest(4, held(5), None);
    linked.totals.hard_links = 7;
    assert_eq!(of(vec![linked], &[root()], day(5)), Some(12));
}

#[test]
fn a_mount_point_is_remembered_from_the_newest_point_that_holds_the_folder() {
    let other = PathBytes::new(*b"/srv/other");
    let point = |number, mounted: bool, roots: Vec<PathBytes>| {
        let mounts = if mounted { roots.clone() } else { vec![] };
        Manifest { roots, mounts, ..manifest(number, Held { files: 1, bytes: 1 }, None) }
    };
    let of = |manifests: Vec<Manifest>, roots: &[PathBytes]| {
        let before = mount::before(&seen(manifests), roots, day(9));
        before.into_iter().map(|before| before.point).collect::<Vec<_>>()
    };
    let [plain, mounted] = [point(0, false, vec![root()]), point(1, true, vec![root()])];
    let without = point(2, false, vec![other.clone()]);
    assert_eq!(
        of(vec![plain.clone(), mounted.clone(), without], &[root(), other]),
        std::slice::from_ref(&mounted.point)
    );
    assert_eq!(of(vec![mounted.clone(), point(2, false, vec![root()])], &[root()]), []);
    // A folder of the same name elsewhere is not where the disk was.
    assert_eq!(of(vec![mounted], &[PathBytes::new(*b"/moved/data")]), []);
}
