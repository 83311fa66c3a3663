//! What is told of a plan: it adds up, and two of them are told apart.

use super::*;
use crate::diagnostic::{Diagnostics, Sources};
use crate::lower;
use crate::plan::Plan;

fn plan(backups: &str) -> Plan {
    let text = format!(
        "plan \"p\" {{ timezone \"Europe/Berlin\" }}\nstore \"s\" {{ local path=\"/s\" }}\nstore \"far\" {{ local path=\"/far\" }}\n\
         target \"t\" {{ files \"/t\"; {backups} }}\n"
    );
    let (mut sources, mut found) = (Sources::default(), Diagnostics::default());
    let file = sources.add("plan.kdl", &text);
    let documents = lower::read(&sources, file, &mut found);
    lower::lower(&documents, &mut found).unwrap()
}

fn asked(from: &str, to: &str, shown_at: Option<&str>) -> Question {
    Question { from: at(from), to: at(to), at: shown_at.map(at), since: None }
}

fn told_of(backups: &str, question: &Question) -> Timeline {
    timeline(&plan(backups), question, |_| true).unwrap()
}

fn of_points(job: &JobTimeline) -> &KeptPoints {
    match &job.keeps {
        Keeps::Points(points) => points,
        other => panic!("{other:?}"),
    }
}

const KINDS: [&str; 4] = [
    "schedule every=\"5h\"; takes \"7h\"; retention generations=9 monthly=3",
    "schedule \"weekly\" weekday=\"sun\" at=\"02:30\"; retention weekly=5 yearly=2",
    "schedule cron=\"*/20 1-3 * * mon-fri\"; takes \"5m\"; retention within=\"2w\" hourly=20",
    "schedule \"daily\" at=\"00:00\"; retention within=\"1mo\"",
];

#[test]
fn what_is_told_adds_up() {
    for (from, to) in
        [("2026-03-20T11:00:00Z", "2026-04-10T11:00:00Z"), ("2025-09-01T00:00:00Z", "2027-03-01T00:00:00Z")]
    {
        let question = asked(from, to, Some("2026-04-01T06:40:00Z").filter(|_| to < "2027"));
        for kind in KINDS {
            let of = told_of(&format!("backup \"b\" {{ archive \"tar.zip\"; store \"s\"; {kind} }}"), &question);
            let points = of_points(&of.jobs[0]);
            let Some(Kept::Points(rules)) =
                series(&plan(&format!("backup \"b\" {{ archive \"tar.zip\"; store \"s\"; {kind} }}")), None)
                    .pop()
                    .map(|series| series.kept)
            else {
                panic!("{kind}")
            };
            let there = |time: Timestamp| rules.between(time, time).unwrap();
            for one in &points.recoverable {
                let there = there(one.at);
                let (first, last) = (there.first().map(Life::moment), there.last().map(Life::moment));
                assert_eq!((one.points, one.earliest, one.latest), (Some(there.len() as u64), first, last), "{kind}");
            }
            let (before, after) = (there(question.from).len() as u64, there(question.to).len() as u64);
            assert_eq!(before + points.made - points.let_go, after, "{kind}");
            let of_cells: u64 = points.cells.iter().map(|cell| cell.there).sum();
            assert_eq!(points.earlier + of_cells, there(of.shown_at).len() as u64, "{kind}");
            let of_sequences: u64 = points.sequences.iter().map(|sequence| sequence.points).sum();
            assert_eq!((of_sequences, points.omitted), (points.lives.len() as u64, 0), "{kind}");
            for life in &points.lives {
                let of_it = points.sequences.iter().filter(|one| (one.first..=one.last).contains(&life.moment()));
                let ends: Vec<bool> =
                    of_it.map(|one| one.let_go <= life.let_go() && life.let_go() <= one.last_let_go).collect();
                assert_eq!(ends, [true], "{kind}");
            }
        }
    }
}

#[test]
fn the_longest_gap_is_between_points_that_are_there_together() {
    let question = asked("2026-03-01T00:00:00Z", "2026-03-20T00:00:00Z", None);
    let gap = |kind: &str| {
        let of = told_of(&format!("backup \"b\" {{ archive \"tar.zip\"; store \"s\"; {kind} }}"), &question);
        let gap = of_points(&of.jobs[0]).longest_gap;
        gap.map(|gap| [gap.from, gap.to].map(|time| time.strftime("%m-%d").to_string()).join(" "))
    };
    assert_eq!(gap("schedule cron=\"0 5 * * mon-fri\"; retention within=\"9d\"").as_deref(), Some("02-20 02-23"));
    // Points of one year and the next are there together, those of the days between are gone.
    assert_eq!(
        gap("schedule \"daily\" at=\"05:00\"; retention generations=1 yearly=2").as_deref(),
        Some("12-31 02-28")
    );
    assert_eq!(gap("schedule \"monthly\" day=10 at=\"05:00\"; retention generations=1"), Some("02-10 03-10".into()));
}

#[test]
fn very_many_sequences_are_told_of_both_ends() {
    let kind = "backup \"b\" { archive \"tar.zip\"; store \"s\"; schedule every=\"10m\"; retention hourly=14000 }";
    let of = told_of(kind, &asked("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z", None));
    let points = of_points(&of.jobs[0]);
    assert_eq!(points.sequences.len(), 10_000);
    assert!(points.omitted > 4_000, "{}", points.omitted);
    let (first, last) = (points.lives.first().map(Life::moment), points.lives.last().map(Life::moment));
    assert_eq!(points.sequences.first().map(|one| one.first), first);
    assert_eq!(points.sequences.last().map(|one| one.last), last);
}

#[test]
fn a_change_is_told_by_what_it_loses_and_gains() {
    let question = asked("2026-03-01T00:00:00Z", "2026-03-20T00:00:00Z", None);
    let daily = |retention: &str| {
        format!("backup \"b\" {{ archive \"tar.zip\"; store \"s\"; schedule \"daily\" at=\"05:00\"; {retention} }}")
    };
    let old = told_of(&daily("retention within=\"7d\""), &question);
    let same = compare(&old, &old);
    assert_eq!((same.changed.len(), same.only_old.len(), same.only_new.len(), same.same), (0, 0, 0, 1));
    let shorter = compare(&old, &told_of(&daily("retention within=\"3d\""), &question));
    let lost = shorter.changed[0].lost.unwrap();
    assert_eq!((lost.points, shorter.changed[0].gained, shorter.changed[0].moved.len()), (4, None, 2));
    assert_eq!((lost.first, lost.last), (at("2026-03-13T04:00:00Z"), at("2026-03-16T04:00:00Z")));
    let back = compare(&told_of(&daily("retention within=\"3d\""), &question), &old);
    assert_eq!((back.changed[0].gained, back.changed[0].lost), (Some(lost), None));
    // One that keeps the same points as the other is the same, however it says so.
    assert_eq!(compare(&old, &told_of(&daily("retention generations=7"), &question)).same, 1);
    let moved = compare(
        &old,
        &told_of(
            &daily("copy to=\"far\"; retention within=\"7d\"")
                .replace("store \"s\"", "store \"far\"")
                .replace("to=\"far\"", "to=\"s\""),
            &question,
        ),
    );
    let named = |of: &[JobPlace]| -> Vec<Place> { of.iter().map(|kept| kept.place.clone()).collect() };
    let name = |name: &str| crate::primitives::Name::parse(name).unwrap();
    assert_eq!(named(&moved.only_old), [Place::Store(name("s"))]);
    assert_eq!(named(&moved.only_new), [Place::Store(name("far")), Place::Copy(name("s"))]);
}

#[test]
fn a_copy_is_there_later_than_what_it_is_of() {
    let question = asked("2026-03-10T06:00:00Z", "2026-03-12T00:00:00Z", None);
    let with = |takes: &str, copy: &str| {
        told_of(
            &format!(
                "backup \"b\" {{ archive \"tar.zip\"; store \"s\"; schedule \"daily\" at=\"05:00\"; {takes}; retention within=\"1d\"; copy to=\"far\" {{ \
                 {copy}; retention within=\"1d\" }} }}"
            ),
            &question,
        )
    };
    let told = with("takes \"30m\"", "takes \"90m\"");
    let seen = |place: usize| {
        let lives = &of_points(&told.jobs[place]).lives;
        lives.iter().map(|life| (life.moment(), life.committed(), life.let_go().unwrap())).collect::<Vec<_>>()
    };
    let day = |day: u32, time: &str| at(&format!("2026-03-{day:02}T{time}:00Z"));
    // At five in Berlin it is four; what a run lets go is there until it is over.
    assert_eq!(seen(0), [10, 11].map(|of| (day(of, "04:00"), day(of, "04:30"), day(of + 1, "04:30"))));
    // A copy goes when that of the next day is there.
    assert_eq!(seen(1), [10, 11].map(|of| (day(of, "04:00"), day(of, "06:00"), day(of + 1, "06:00"))));
    let takes = |told: &Timeline| told.jobs.iter().map(|job| job.takes.map(|takes| takes.seconds)).collect::<Vec<_>>();
    assert_eq!(takes(&told), [Some(1_800), Some(7_200)]);
    assert_eq!(takes(&with("takes \"30m\"", "")), [Some(1_800), Some(1_800)]);
    assert_eq!(takes(&with("", "takes \"90m\"")), [None, Some(5_400)]);
}
