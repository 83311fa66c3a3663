//! Journals that were damaged or tampered with: refused, or carried out without doing a finished step again.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::sync::{Arc, OnceLock};

use proptest::prelude::*;
use serde_json::Value;
use sonae::fakes::{Edge, World};
use sonae::ports::{Cause, Fault, JournalWrite, StoreWrite};
use sonae::primitives::{Name, RunId};
use sonae::run::{self, LineSums, Ports, Recorded};
use tokio::sync::mpsc;

use super::journey::{Journey, Nobody, simulate};
use super::scene::{Past, Scene};

fn past() -> &'static Past {
    static PAST: OnceLock<Past> = OnceLock::new();
    PAST.get_or_init(|| Past::of(41, 3))
}

async fn scene(restore: bool) -> (Scene, sonae::forecast::Forecast) {
    let scene = Scene::with(41, past());
    if restore {
        let forecast = scene.restore().await;
        return (scene, forecast);
    }
    let scene = scene.with_leftovers().await;
    let forecast = scene.backup().await;
    (scene, forecast)
}

/// What is done to a journal.
#[derive(Debug, Clone)]
enum Mutation {
    Drop(prop::sample::Index),
    Double(prop::sample::Index),
    Swap(prop::sample::Index, prop::sample::Index),
    /// A bit of a line.
    Flip(prop::sample::Index, prop::sample::Index, u8),
    /// A number somewhere in a line's JSON.
    Number(prop::sample::Index, prop::sample::Index, u64),
    /// A value of a line becomes a copy of another value of the journal.
    Copy(prop::sample::Index, prop::sample::Index, prop::sample::Index, prop::sample::Index),
    /// A member of an array goes.
    Shorten(prop::sample::Index, prop::sample::Index),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let index = any::<prop::sample::Index>;
    let number = prop_oneof![0_u64..20, Just(u64::MAX), Just(u64::from(u32::MAX)), any::<u64>()];
    prop_oneof![
        1 => index().prop_map(Mutation::Drop),
        1 => index().prop_map(Mutation::Double),
        1 => (index(), index()).prop_map(|(a, b)| Mutation::Swap(a, b)),
        1 => (index(), index(), 0_u8..8).prop_map(|(line, at, bit)| Mutation::Flip(line, at, bit)),
        3 => (index(), index(), number).prop_map(|(line, at, number)| Mutation::Number(line, at, number)),
        3 => (index(), index(), index(), index()).prop_map(|(a, b, c, d)| Mutation::Copy(a, b, c, d)),
        2 => (index(), index()).prop_map(|(line, at)| Mutation::Shorten(line, at)),
    ]
}

/// Where the values lie that `which` chooses (RFC 6901).
fn places(value: &Value, which: fn(&Value) -> bool) -> Vec<String> {
    let mut found = if which(value) { vec![String::new()] } else { vec![] };
    let mut below = |name: String, value: &Value| {
        found.extend(places(value, which).into_iter().map(|rest| format!("/{name}{rest}")));
    };
    match value {
        Value::Array(items) => items.iter().enumerate().for_each(|(at, item)| below(at.to_string(), item)),
        Value::Object(fields) => {
            fields.iter().for_each(|(name, field)| below(name.replace('~', "~0").replace('/', "~1"), field));
        }
        _ => {}
    }
    found
}

/// Changes one value of a line, where there is one that `which` chooses.
fn change(line: &mut String, at: prop::sample::Index, which: fn(&Value) -> bool, how: impl FnOnce(&mut Value)) {
    let mut json: Value = serde_json::from_str(line).unwrap();
    let places = places(&json, which);
    if !places.is_empty() {
        how(json.pointer_mut(&places[at.index(places.len())]).unwrap());
        *line = json.to_string();
    }
}

fn mutate(lines: &mut Vec<String>, mutation: &Mutation) {
    match mutation {
        Mutation::Drop(at) => drop(lines.remove(at.index(lines.len()))),
        Mutation::Double(at) => {
            let at = at.index(lines.len());
            lines.insert(at, lines[at].clone());
        }
        Mutation::Swap(a, b) => {
            let (a, b) = (a.index(lines.len()), b.index(lines.len()));
            lines.swap(a, b);
        }
        Mutation::Flip(line, at, bit) => {
            let line = line.index(lines.len());
            let mut bytes = lines[line].clone().into_bytes();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            lines[line] = String::from_utf8_lossy(&bytes).into_owned();
        }
        Mutation::Number(line, at, number) => {
            let line = line.index(lines.len());
            change(&mut lines[line], *at, Value::is_number, |value| *value = (*number).into());
        }
        Mutation::Copy(from, what, line, at) => {
            let from: Value = serde_json::from_str(&lines[from.index(lines.len())]).unwrap();
            let places = places(&from, |_| true);
            let copy = from.pointer(&places[what.index(places.len())]).unwrap().clone();
            let line = line.index(lines.len());
            change(&mut lines[line], *at, |_| true, |value| *value = copy);
        }
        Mutation::Shorten(line, at) => {
            let line = line.index(lines.len());
            let filled = |value: &Value| value.as_array().is_some_and(|items| !items.is_empty());
            change(&mut lines[line], *at, filled, |value| drop(value.as_array_mut().map(Vec::pop)));
        }
    }
}

/// The lines with sums that are right.
fn summed(lines: &[String]) -> Vec<String> {
    let mut sums = LineSums::default();
    let bare = |line: &String| match serde_json::from_str(line) {
        Ok(Value::Object(mut entry)) => {
            entry.remove("sum");
            Value::Object(entry).to_string()
        }
        _ => line.clone(),
    };
    lines.iter().map(|line| sums.line(&bare(line))).collect()
}

/// Puts a journal into a world where it could be; answers the run as it is read.
async fn planted(world: &World, run: &RunId, lines: &[String]) -> Option<Recorded> {
    for line in lines {
        world.journal().append(run, &line.replace('\n', " ")).await.unwrap();
    }
    match run::recorded(&*world.journal(), run).await {
        Ok(recorded) => recorded,
        Err(Fault { cause: Cause::Invalid, .. }) => None,
        Err(fault) => panic!("{fault}"),
    }
}

fn numbers(lines: &[String], record: &str) -> Vec<u64> {
    let all = lines.iter().map(|line| serde_json::from_str::<Value>(line).unwrap());
    all.filter(|line| line["record"] == record).filter_map(|line| line["step"].as_u64()).collect()
}

/// Goes on with what the journal says, to the end, in a world where the original run died.
async fn go_on(world: &World, run: &RunId, recorded: Recorded) {
    let before = world.journal().written(run).unwrap();
    let store = |name: &Name| (name.clone(), world.store(name.as_str()) as Arc<dyn StoreWrite>);
    let ports = Ports {
        tree: world.tree(),
        stores: recorded.forecast.stores.keys().map(store).collect(),
        commands: world.commands(),
        hosts: BTreeMap::new(),
        network: world.network(),
        people: world.people(),
        subversion: world.subversion(),
        databases: world.databases(),
        machines: world.machines(),
        reach: super::scene::reach(world),
        secrets: world.secrets(),
        clock: world.clock(),
        scratch: world.scratch(),
        compute: Arc::new(sonae::fakes::FakeCompute),
        journal: world.journal(),
        locks: world.journal(),
        leases: sonae::steps::Leases::Alone,
    };
    let (_sender, mut interrupts) = mpsc::channel(1);
    let outcome =
        run::resume(recorded, &[], NonZeroUsize::new(2).unwrap(), &ports, &Nobody, &mut interrupts).await.unwrap();
    super::journey::assert_consistent(&outcome);
    let told = sonae::report::outcome::text(&outcome, &|_, key| key.to_string());
    assert!(!told.is_empty() && !sonae::report::forecast::text(&(&*outcome.forecast).into()).is_empty());
    let all = world.journal().written(run).unwrap();
    assert!(!all.iter().any(|line| line.contains("a bug of this program")), "{all:#?}");
    let finished: BTreeSet<u64> = numbers(&before, "finished").into_iter().collect();
    let again: Vec<u64> = numbers(&all[before.len()..], "started");
    assert!(again.iter().all(|step| !finished.contains(step)), "{finished:?} were finished, and {again:?} begun");
    let read = run::recorded(&*world.journal(), run).await.unwrap().unwrap();
    assert!(read.state.end().is_some(), "what a resumed run writes can be read again");
}

/// A world in which a run died after so many records, and its journal.
async fn died(restore: bool, after: usize) -> (World, RunId, Vec<String>) {
    let (scene, forecast) = scene(restore).await;
    let run = forecast.run.clone();
    scene.world.crash_at("journal.append", after as u64, Edge::After);
    let _died = Journey::new(&scene.world, forecast, 2).attempt(None).await;
    scene.world.restart();
    let lines = scene.world.journal().written(&run).unwrap();
    scene.world.journal().remove(&run).await.unwrap();
    (scene.world, run, lines)
}

/// How many records a whole run writes.
fn records(restore: bool) -> usize {
    static COUNTS: OnceLock<[usize; 2]> = OnceLock::new();
    let count = |restore| {
        simulate(async {
            let (scene, forecast) = scene(restore).await;
            super::journey::unbroken(&scene.world, forecast.clone(), 2).await;
            scene.world.journal().written(&forecast.run).unwrap().len()
        })
    };
    let _past = past();
    COUNTS.get_or_init(|| [false, true].map(count))[usize::from(restore)]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) })]

    /// What is damaged by accident has sums that are not right: only a loss at the end cannot be told from a death.
    #[test]
    fn a_damaged_journal_is_refused_or_a_beginning_of_the_real_one(
        restore: bool, after: prop::sample::Index, mutation in mutation(),
    ) {
        let after = 1 + after.index(records(restore));
        simulate(async {
            let (world, run, lines) = died(restore, after).await;
            let mut damaged = lines.clone();
            mutate(&mut damaged, &mutation);
            if let Some(recorded) = planted(&world, &run, &damaged).await {
                let whole: Vec<Value> = damaged.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
                let real: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
                assert!(real.starts_with(&whole), "{mutation:?} was not noticed");
                go_on(&world, &run, recorded).await;
            }
        });
    }

    /// Whoever writes the sums anew gets what the lines say carried out, and no more: no panic, no finished step again.
    #[test]
    fn a_journal_that_was_tampered_with_is_refused_or_carried_out(
        restore: bool, after: prop::sample::Index, mutations in prop::collection::vec(mutation(), 1..3),
    ) {
        let after = 1 + after.index(records(restore));
        simulate(async {
            let (world, run, mut lines) = died(restore, after).await;
            for mutation in &mutations {
                let whole = lines.iter().all(|line| serde_json::from_str::<Value>(line).is_ok());
                if whole && !lines.is_empty() {
                    mutate(&mut lines, mutation);
                }
            }
            if let Some(recorded) = planted(&world, &run, &summed(&lines)).await {
                go_on(&world, &run, recorded).await;
            }
        });
    }
}
