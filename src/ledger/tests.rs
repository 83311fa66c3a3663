//! The ledger against the journals that it is an index of.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::{Fold, catch_up, make_anew, record};
use crate::fakes::World;
use crate::forecast::{Action, FORMAT_VERSION, Forecast, ForecastStep, Subject};
use crate::graph::{Effect, ProbeCheck};
use crate::ports::{
    Cause, Certainty, Fault, JournalWrite as _, LedgerRead as _, LedgerWrite as _, RunDetail, RunEnd, RunsWanted,
    StepEnd,
};
use crate::primitives::{Duration, Name, PathBytes, RunId, StepId, StepName};
use crate::run::{Command, Entry, Event, LineSums, Record, State, StepState, Watch, turn};
use crate::steps::StepOutput;

fn at(second: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_second(1_772_323_200 + second).unwrap()
}

/// A run of probes, of which each comes after the one before, where it is so drawn.
fn forecast(second: i64, ties: &[Option<bool>]) -> Arc<Forecast> {
    let step = |(place, tie): (usize, &Option<bool>)| ForecastStep {
        id: StepId(place as u32),
        name: StepName::new("case", &place.to_string()),
        effect: Effect::Read,
        after: tie.filter(|_| place > 0).map(|needs| (StepId(place as u32 - 1), needs)).into_iter().collect(),
        timeout: Duration::from_seconds(60),
        takes: None,
        action: Action::Probe {
            shows: String::new(),
            how: ProbeCheck::Path(PathBytes::new(*b"/case")),
            patience: Duration::default(),
        },
        yields: None,
        foreseen: None,
    };
    let name = |text| Name::parse(text).unwrap();
    Arc::new(Forecast {
        fail_fast: false,
        format_version: FORMAT_VERSION,
        plan: name("case"),
        run: RunId::new(at(second), 1),
        host: name("web-1"),
        subject: Subject::Restore { restore: name("case"), budget: None },
        at: at(second),
        timezone: "UTC".into(),
        base: PathBytes::new(*b"/"),
        stores: BTreeMap::new(),
        hosts: BTreeMap::new(),
        secrets: std::collections::BTreeSet::new(),
        limits: BTreeMap::new(),
        steps: ties.iter().enumerate().map(step).collect(),
    })
}

/// A run of a history: its ties, and what happens, one choice after the other.
type Drawn = (Vec<Option<bool>>, Vec<(u8, prop::sample::Index)>);

/// What a choice of 0 and 1 stands for; others are answers of steps.
const INTERRUPT: u8 = 0;
const RESUME: u8 = 1;

fn drawn() -> impl Strategy<Value = Drawn> {
    let ties = prop::collection::vec(prop::option::of(any::<bool>()), 1..6);
    (ties, prop::collection::vec((0..12_u8, any::<prop::sample::Index>()), 0..24))
}

fn records(commands: Vec<Command>) -> impl Iterator<Item = Record> {
    commands.into_iter().filter_map(|command| match command {
        Command::Record(record) => Some(record),
        _ => None,
    })
}

/// What comes of a choice where it can be made: an interrupt, the end of a pause, or an answer of a step that runs.
fn event(state: &State, kind: u8, which: &prop::sample::Index) -> Option<Event> {
    let of = |is: fn(&StepState) -> bool| -> Option<StepId> {
        let all = state.steps().iter().enumerate().filter(|(_, step)| is(step));
        let ids: Vec<StepId> = all.map(|(place, _)| StepId(place as u32)).collect();
        (!ids.is_empty()).then(|| *which.get(&ids))
    };
    if kind == INTERRUPT {
        return (!state.is_interrupted()).then_some(Event::Interrupt);
    }
    if kind == 2 && !state.is_interrupted() {
        return of(|step| matches!(step, StepState::Pausing(_))).map(|step| Event::PauseOver { step });
    }
    let step = of(|step| matches!(step, StepState::Running(_)))?;
    let certainty = [Certainty::Permanent, Certainty::Transient, Certainty::Unknown][usize::from(kind) % 3];
    let fault = Fault { certainty, ..Fault::permanent(Cause::Other, "ask\nwhom", "no") };
    let result = if kind > 7 { Err(fault) } else { Ok(Box::new(StepOutput::Probed)) };
    Some(Event::Ended { step, result, left: std::time::Duration::from_secs(60) })
}

/// The entries of a run that choices drive through the dispatcher. A resumption is one of a run that was interrupted or killed.
fn entries(forecast: &Arc<Forecast>, choices: &[(u8, prop::sample::Index)]) -> Vec<Entry> {
    let mut state = State::new(Arc::clone(forecast));
    let mut all = vec![Record::Forecast { forecast: Box::new((**forecast).clone()) }];
    all.extend(records(turn(&mut state, 2, Event::Begin)));
    for (kind, which) in choices {
        if state.end().is_some() {
            break;
        }
        if *kind == RESUME {
            state.apply(&Record::Resumed).unwrap();
            all.push(Record::Resumed);
            all.extend(records(turn(&mut state, 2, Event::Begin)));
        } else if let Some(event) = event(&state, *kind, which) {
            all.extend(records(turn(&mut state, 2, event)));
        }
    }
    let entry = |(second, record): (usize, Record)| {
        let at = forecast.at + jiff::SignedDuration::from_secs(second as i64);
        Entry { at, record }
    };
    all.into_iter().enumerate().map(entry).collect()
}

/// A run in a world, with its ledger: where it is resumed, the program that ran it before was killed, at a time of the ledger's own.
async fn live(world: &World, forecast: &Arc<Forecast>, entries: &[Entry]) {
    let start = async |resumes| record(world.ledger(), world.journal(), world.clock(), resumes).await;
    let (mut recorder, mut task) = start(None).await;
    let mut sums = LineSums::default();
    for entry in entries {
        if entry.record == Record::Resumed {
            drop((recorder, task));
            (recorder, task) = start(Some(&forecast.run)).await;
        }
        let line = sums.line(&serde_json::to_string(entry).unwrap());
        world.journal().append(&forecast.run, &line).await.unwrap();
        recorder.entry(forecast, entry);
    }
    drop(recorder);
    task.close().await.unwrap();
}

async fn all(world: &World) -> Vec<RunDetail> {
    let ledger = world.ledger();
    let mut found = vec![];
    for summary in ledger.runs(&RunsWanted { limit: usize::MAX, ..RunsWanted::default() }).await.unwrap() {
        found.push(ledger.run(&summary.run.run).await.unwrap().unwrap());
    }
    found
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// What is written while runs go on, are killed and are resumed is what the journals alone give.
    #[test]
    fn a_ledger_made_of_journals_is_the_one_that_was_kept(history in prop::collection::vec(drawn(), 1..5)) {
        wait(async {
            let (world, other) = (World::new(1), World::new(2));
            for (place, (ties, choices)) in history.iter().enumerate() {
                let forecast = forecast(100 * place as i64, ties);
                live(&world, &forecast, &entries(&forecast, choices)).await;
            }
            let kept = all(&world).await;
            prop_assert_eq!(kept.len(), history.len());
            catch_up(&*other.ledger(), &*world.journal()).await.unwrap();
            prop_assert_eq!(&all(&other).await, &kept);
            let again = catch_up(&*other.ledger(), &*world.journal()).await.unwrap();
            prop_assert_eq!(again.runs, 0, "also what did not end is read once");
            make_anew(&*world.ledger(), &*world.journal()).await.unwrap();
            prop_assert_eq!(all(&world).await, kept);
            Ok(())
        })?;
    }

    /// The rows that an entry changes, put upon those before, are all rows.
    #[test]
    fn what_differs_adds_up((ties, choices) in drawn()) {
        wait(async {
            let forecast = forecast(0, &ties);
            let entries = entries(&forecast, &choices);
            let mut fold = Fold::begin(&entries[0]).unwrap();
            let (bit_by_bit, at_once) = (World::new(1), World::new(2));
            bit_by_bit.ledger().put(&fold.whole()).await.unwrap();
            for entry in &entries[1..] {
                let update = fold.take(entry).unwrap();
                bit_by_bit.ledger().put(&update).await.unwrap();
            }
            at_once.ledger().put(&fold.whole()).await.unwrap();
            prop_assert_eq!(all(&bit_by_bit).await, all(&at_once).await);
            prop_assert_eq!(fold.run().entries, entries.len() as u64);
            Ok(())
        })?;
    }
}

#[test]
fn rows_say_what_happened() {
    let forecast = forecast(0, &[None, Some(true), None]);
    let fault = Fault::permanent(Cause::Other, "look\nat it", "no");
    let happened = [
        Record::Forecast { forecast: Box::new((*forecast).clone()) },
        Record::Started { step: StepId(0), attempt: 1 },
        Record::Failed {
            step: StepId(0),
            fault: Fault { certainty: Certainty::Transient, ..fault.clone() },
            again: true,
        },
        Record::Started { step: StepId(0), attempt: 2 },
        Record::Failed { step: StepId(0), fault, again: false },
        Record::Started { step: StepId(2), attempt: 1 },
        Record::Finished { step: StepId(2), output: Box::new(StepOutput::Probed) },
        Record::Ended { end: crate::run::End::Failed },
    ];
    let mut entries = (0..).zip(happened).map(|(second, record)| Entry { at: at(second), record });
    let mut fold = Fold::begin(&entries.next().unwrap()).unwrap();
    entries.for_each(|entry| drop(fold.take(&entry).unwrap()));
    let rows = fold.whole();
    assert_eq!((rows.run.end, rows.run.last, rows.run.entries), (RunEnd::Failed, at(7), 8));
    let steps: Vec<_> = rows.steps.iter().map(|row| (row.end, row.attempts, row.began, row.ended)).collect();
    let expected = [
        (StepEnd::Failed, 2, Some(at(1)), Some(at(4))),
        (StepEnd::Skipped, 0, None, None),
        (StepEnd::Done, 1, Some(at(5)), Some(at(6))),
    ];
    assert_eq!(steps, expected);
    let told = rows.steps[0].fault.as_deref().unwrap();
    assert!(told.contains("no") && !told.contains('\n'), "{told:?}");
    assert!(fold.take(&Entry { at: at(9), record: Record::Interrupted }).is_err(), "it had ended");
}
