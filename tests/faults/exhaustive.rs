//! A death before and after every record of the journal and every call of the world; then the run goes on.

use std::collections::BTreeMap;

use sonae::catalog::PointPlace;
use sonae::fakes::{Edge, World};
use sonae::run::End;

use super::journey::{
    Ending, Journey, assert_consistent, assert_no_leftovers, assert_restored, assert_subset, keys, read_all, simulate,
};
use super::scene::{Past, Scene};

/// What the world is when all is over.
#[derive(Debug, PartialEq)]
struct Aftermath {
    keys: Vec<String>,
    holds: BTreeMap<PointPlace, String>,
    end: End,
}

/// What is run in a world that was set up the same each time.
#[derive(Clone, Copy, PartialEq)]
enum Subject {
    Backup,
    /// A backup of sources that lost most of what they held.
    Shrunk,
    Restore,
}

/// At which call the world dies, and on which side of it.
type Death<'a> = (&'a str, u64, Edge);

const RESTORED: [(&str, &str); 2] = [("/srv/docs", "/back/docs"), ("/srv/mail", "/back/mail/srv/mail")];

/// Runs through a death at that call; none where the run ends before it.
fn through(subject: Subject, past: &Past, side_by_side: usize, death: Option<Death<'_>>) -> Option<Aftermath> {
    simulate(async {
        let scene = Scene::with(41, past);
        let restores = subject == Subject::Restore;
        let scene = if restores { scene } else { scene.with_leftovers().await };
        if subject == Subject::Shrunk {
            scene.lose_much();
        }
        let forecast = if restores { scene.restore().await } else { scene.backup().await };
        let journey = Journey::new(&scene.world, forecast, side_by_side);
        if let Some((op, nth, edge)) = death {
            scene.world.crash_at(op, nth, edge);
        }
        let died = matches!(journey.attempt(None).await, Some(Ending::Died));
        if died != death.is_some() {
            return None;
        }
        let outcome = journey.to_the_end().await;
        assert_consistent(&outcome);
        assert_subset(&outcome);
        let named: Vec<_> =
            outcome.steps.iter().filter(|step| !matches!(step.end, sonae::run::StepEnd::Done(_))).collect();
        assert_eq!(named, Vec::<&sonae::run::StepOutcome>::new());
        assert_no_leftovers(&scene.world, journey.forecast(), false);
        if subject == Subject::Restore {
            assert_restored(&scene.world, &RESTORED);
        }
        Some(aftermath(journey.world(), &journey, outcome.end).await)
    })
}

async fn aftermath(world: &World, journey: &Journey, end: End) -> Aftermath {
    let keys = keys(world, journey.forecast()).into_iter().map(|(store, key)| format!("{store}:{key}")).collect();
    Aftermath { keys, holds: read_all(world, journey.forecast()).await, end }
}

/// Dies at the first, second, … call of an operation until the run has no more of them; says how often it died.
fn dies_everywhere(subject: Subject, op: &str, side_by_side: usize) -> u64 {
    let past = Past::of(41, if subject == Subject::Restore { 1 } else { 4 });
    let unbroken = through(subject, &past, side_by_side, None).unwrap();
    for edge in [Edge::Before, Edge::After] {
        for nth in 1.. {
            match through(subject, &past, side_by_side, Some((op, nth, edge))) {
                Some(broken) => assert_eq!(broken, unbroken, "after a death {edge:?} call {nth} of {op}"),
                None if edge == Edge::Before => break,
                None => return nth - 1,
            }
        }
    }
    0
}

#[test]
fn a_backup_survives_death_at_every_record() {
    assert!(dies_everywhere(Subject::Backup, "journal.append", 2) >= 30);
}

#[test]
fn a_backup_survives_death_at_every_change_of_a_store() {
    for op in ["store.begin", "store.part", "store.finish", "store.abort", "store.delete"] {
        assert!(dies_everywhere(Subject::Backup, op, 1) >= 1, "{op}");
    }
}

#[test]
fn a_backup_whose_deletions_are_suspended_survives_death_at_every_record_and_deletion() {
    assert!(dies_everywhere(Subject::Shrunk, "journal.append", 2) >= 30);
    assert!(dies_everywhere(Subject::Shrunk, "store.delete", 1) >= 1);
}

#[test]
fn a_restore_survives_death_at_every_record() {
    assert!(dies_everywhere(Subject::Restore, "journal.append", 2) >= 9);
}

#[test]
fn a_restore_survives_death_at_every_change_of_the_tree() {
    for op in ["tree.create", "tree.rename", "tree.remove", "destination", "file.write", "file.finish", "command"] {
        assert!(dies_everywhere(Subject::Restore, op, 1) >= 1, "{op}");
    }
}
