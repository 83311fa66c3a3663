//! Which attempts are repeated, when, and what waits for them: against an oracle that goes by the records alone, and against a store
//! that is dead for a while.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::{LEFT, fault};
use crate::forecast::{Action, Forecast, Selection};
use crate::graph::{Effect, ProbeCheck};
use crate::ports::{Certainty, Fault};
use crate::primitives::{JobName, Name, StepId};
use crate::run::{Command, Event, Record, State, StepState, turn};
use crate::steps::StepOutput;

/// A forecast of looks, each of a job of its own, on the stores of these names; where there is none, of a command.
pub(super) fn looks_on(stores: &[Option<&str>]) -> Arc<Forecast> {
    let mut forecast = Forecast::clone(&super::forecast(&vec![(vec![], vec![]); stores.len()]));
    for (step, store) in forecast.steps.iter_mut().zip(stores) {
        let Some(store) = store else {
            step.effect = Effect::Execute;
            step.action = Action::Probe {
                shows: String::new(),
                how: ProbeCheck::Command(vec![]),
                patience: crate::primitives::Duration::default(),
            };
            continue;
        };
        let (job, store) = (JobName::parse(&format!("job-{}/daily", step.id.0)).unwrap(), Name::parse(store).unwrap());
        let selection = Selection { roots: vec![], exclude: vec![], allow_empty: false, one_file_system: false };
        step.action = Action::Look { job, store, selection, seen: None, mounts: vec![] };
    }
    Arc::new(forecast)
}

/// An answer, how long it asks to be left alone, and how much of its time the step has left then, in seconds.
type Drawn = (Option<Certainty>, Option<u64>, u64);

fn drawn() -> impl Strategy<Value = Drawn> {
    let certainty = prop_oneof![
        2 => Just(None),
        5 => Just(Some(Certainty::Transient)),
        2 => Just(Some(Certainty::Unknown)),
        1 => Just(Some(Certainty::Permanent)),
    ];
    (certainty, prop::option::weighted(0.2, 0_u64..90), prop_oneof![4 => Just(86_400_u64), 1 => 0_u64..30])
}

fn ended(step: StepId, (certainty, after, left): Drawn) -> Event {
    let result = certainty.map_or_else(
        || Ok(Box::new(StepOutput::Probed)),
        |certainty| {
            Err(Fault { retry_after: after.map(crate::primitives::Duration::from_seconds), ..fault(certainty) })
        },
    );
    Event::Ended { step, result, left: Duration::from_secs(left) }
}

/// What the records say was repeated less what succeeded since, never below nothing; of a store, or of all.
fn repeats(forecast: &Forecast, records: &[Record], of: Option<&Name>) -> u32 {
    let counts = |step: &StepId| of.is_none() || forecast.step(*step).action.store() == of;
    records.iter().fold(0, |so_far: u32, record| match record {
        Record::Failed { step, again: true, .. } if counts(step) => so_far + 1,
        Record::Finished { step, .. } if counts(step) => so_far.saturating_sub(1),
        Record::Resumed => 0,
        _ => so_far,
    })
}

/// Whether an attempt that ended so may be repeated at all, whatever pause it would take.
fn may_be_repeated(forecast: &Forecast, records: &[Record], step: StepId, certainty: Certainty) -> bool {
    let attempts = records.iter().filter(|record| matches!(record, Record::Started { step: of, .. } if *of == step));
    let store = forecast.step(step).action.store();
    let is_command = store.is_none();
    certainty != Certainty::Permanent
        && !(is_command && certainty == Certainty::Unknown)
        && attempts.count() < 4
        && repeats(forecast, records, None) < 30
        && store.is_none_or(|store| repeats(forecast, records, Some(store)) < 10)
}

/// The steps in a state of some kind.
pub(super) fn that(state: &State, is: impl Fn(&StepState) -> bool) -> Vec<StepId> {
    (0..).map(StepId).zip(state.steps()).filter(|(_, of)| is(of)).map(|(step, _)| step).collect()
}

/// Drives a run by choices, holds every failure against the oracle, and answers all commands.
fn drive(stores: &[Option<&str>], answers: &[Drawn], choices: &[u16]) -> Vec<Command> {
    let forecast = looks_on(stores);
    let mut state = State::new(Arc::clone(&forecast));
    let (mut records, mut all) = (vec![], vec![]);
    let (mut event, mut answers) = (Event::Begin, answers.iter().copied());
    for choice in choices.iter().copied().chain(std::iter::repeat(0)) {
        let resting: Vec<Option<&Name>> = that(&state, |of| matches!(of, StepState::Pausing(_)))
            .iter()
            .map(|step| forecast.step(*step).action.store())
            .collect();
        let over = match &event {
            Event::PauseOver { step } => forecast.step(*step).action.store(),
            _ => None,
        };
        let commands = turn(&mut state, 2, event.clone());
        if let Event::Ended { step, result: Err(told), left } = &event {
            judge(&forecast, &records, (*step, told, *left), &commands);
        }
        for command in &commands {
            match command {
                Command::Record(record) => {
                    if let Record::Started { step, attempt: 1 } = record {
                        let store = forecast.step(*step).action.store();
                        let rests = resting.contains(&store) && over != store;
                        assert!(store.is_none() || !rests, "a job begins on a store that is given a pause");
                    }
                    records.push(record.clone());
                }
                Command::Finish => {
                    all.extend(commands.clone());
                    return all;
                }
                _ => {}
            }
        }
        all.extend(commands);
        let mut under_way = that(&state, |of| matches!(of, StepState::Running(_)));
        let running = under_way.len();
        under_way.extend(that(&state, |of| matches!(of, StepState::Pausing(_))));
        let place = usize::from(choice) % under_way.len();
        let (step, is_running) = (under_way[place], place < running);
        event = match is_running {
            true => ended(step, answers.next().unwrap_or((None, None, 9))),
            false => Event::PauseOver { step },
        };
    }
    unreachable!("every event settles something or begins a pause")
}

/// One failure, as it was recorded, against what the records before it say.
fn judge(forecast: &Forecast, before: &[Record], (step, told, left): (StepId, &Fault, Duration), commands: &[Command]) {
    let Command::Record(Record::Failed { fault, again, .. }) = &commands[0] else { panic!("it is recorded first") };
    let asked = told.retry_after.map_or(Duration::ZERO, |after| after.to_std());
    let attempt =
        before.iter().filter(|record| matches!(record, Record::Started { step: of, .. } if *of == step)).count();
    let longest = Duration::from_secs(4_u64.pow(attempt as u32 - 1));
    let pause = commands.iter().find_map(|command| match command {
        Command::Pause(of, pause) if *of == step => Some(*pause),
        _ => None,
    });
    assert_eq!(pause.is_some(), *again);
    if !may_be_repeated(forecast, before, step, told.certainty) {
        assert!(!again, "{told:?} after {before:?}");
    } else if let Some(pause) = pause {
        assert!(
            pause >= asked.max(longest / 2) && pause <= asked.max(longest) && pause < left,
            "{pause:?} of {left:?}"
        );
    } else {
        assert!(left <= asked.max(longest), "there was time for another attempt");
    }
    let is_told = fault.answer != told.answer;
    let ran_out = attempt >= 4 || told.certainty == Certainty::Permanent;
    assert_eq!(is_told, !again && !ran_out, "why it is not tried again: {}", fault.answer);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn attempts_are_repeated_as_the_records_say_and_each_time_alike(
        stores in prop::collection::vec(prop_oneof![3 => Just(Some("vault")), 2 => Just(Some("shelf")), 1 => Just(None)], 1..30),
        answers in prop::collection::vec(drawn(), 0..120),
        choices in prop::collection::vec(any::<u16>(), 0..120),
    ) {
        prop_assert_eq!(drive(&stores, &answers, &choices), drive(&stores, &answers, &choices));
    }
}

/// A run on a store that refuses everything until so many seconds have passed: how long it took, and how many steps are done.
fn on_a_store_that_is_dead_for(seconds: f64, jobs: usize) -> (f64, usize) {
    let forecast = looks_on(&vec![Some("vault"); jobs]);
    let mut state = State::new(Arc::clone(&forecast));
    let (mut now, mut pauses) = (0.0, BTreeMap::new());
    let mut event = Event::Begin;
    loop {
        for command in turn(&mut state, 2, event.clone()) {
            match command {
                Command::Pause(step, pause) => drop(pauses.insert(step, now + pause.as_secs_f64())),
                Command::Finish => return (now, that(&state, |of| matches!(of, StepState::Done(_))).len()),
                _ => {}
            }
        }
        let refused = (now < seconds).then_some(Certainty::Transient);
        event = match that(&state, |of| matches!(of, StepState::Running(_))).first() {
            Some(step) => ended(*step, (refused, None, LEFT.as_secs())),
            None => {
                let step = *pauses.iter().min_by(|a, b| a.1.total_cmp(b.1)).expect("something is under way").0;
                now = pauses.remove(&step).unwrap();
                Event::PauseOver { step }
            }
        };
    }
}

#[test]
fn a_store_that_refuses_everything_does_not_make_every_job_wait() {
    let (took, done) = on_a_store_that_is_dead_for(f64::INFINITY, 50);
    assert!(
        took < 4.0 * 21.0,
        "it took {took} s, and 50 jobs by themselves would take {} s or more",
        50.0 * 10.5 / 2.0
    );
    assert_eq!(done, 0);
}

#[test]
fn a_store_that_comes_back_within_the_pauses_costs_no_job() {
    for seconds in [0.1, 1.0, 3.0, 8.0, 10.0] {
        let (took, done) = on_a_store_that_is_dead_for(seconds, 50);
        assert_eq!(done, 50, "dead for {seconds} s, over after {took} s");
    }
}

#[test]
fn pauses_grow_and_the_fourth_attempt_is_the_last() {
    let mut state = State::new(super::forecast(&[(vec![], vec![])]));
    turn(&mut state, 1, Event::Begin);
    let mut pauses = vec![];
    for _ in 0..4 {
        for command in turn(&mut state, 1, ended(StepId(0), (Some(Certainty::Transient), None, 60))) {
            if let Command::Pause(step, pause) = command {
                pauses.push(pause.as_secs_f64());
                turn(&mut state, 1, Event::PauseOver { step });
            }
        }
    }
    let [first, second, third] = pauses[..] else { panic!("{pauses:?}") };
    assert!(
        (0.5..=1.0).contains(&first) && (2.0..=4.0).contains(&second) && (8.0..=16.0).contains(&third),
        "{pauses:?}"
    );
    assert!(matches!(state.step(StepId(0)), StepState::Failed(told) if *told == fault(Certainty::Transient)));
}

#[test]
fn a_fault_that_is_not_tried_again_says_why() {
    let told = |stores: &[Option<&str>], answer: Drawn| {
        let mut state = State::new(looks_on(stores));
        turn(&mut state, 1, Event::Begin);
        turn(&mut state, 1, ended(StepId(0), answer));
        match state.step(StepId(0)) {
            StepState::Failed(fault) => fault.to_string(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        told(&[Some("vault")], (Some(Certainty::Transient), Some(40), 30)),
        "ask: no; not tried again: a pause of 40 s would outlast its timeout of 1m"
    );
    assert_eq!(
        told(&[None], (Some(Certainty::Unknown), None, 30)),
        "ask: no; not tried again: it may have been done, and nothing shows whether it was"
    );
}

#[test]
fn whoever_resumes_a_run_may_try_again_what_was_given_up() {
    let mut state = State::new(looks_on(&[Some("vault"); 12]));
    let mut records = vec![];
    for step in (0..10).map(StepId) {
        records.push(Record::Started { step, attempt: 1 });
        records.push(Record::Failed { step, fault: fault(Certainty::Transient), again: true });
    }
    records.extend([Record::Started { step: StepId(10), attempt: 1 }]);
    let is_again = |state: &mut State, step| {
        let commands = turn(state, 1, ended(step, (Some(Certainty::Transient), None, 60)));
        matches!(commands[0], Command::Record(Record::Failed { again: true, .. }))
    };
    records.iter().for_each(|record| state.apply(record).unwrap());
    let mut spent = state.clone();
    assert!(!is_again(&mut spent, StepId(10)));
    let StepState::Failed(told) = spent.step(StepId(10)) else { panic!("it failed for good") };
    let expected = "ask: no; not tried again: waiting for store vault has not helped 10 times in this run";
    assert_eq!(told.to_string(), expected);
    state.apply(&Record::Resumed).unwrap();
    state.apply(&Record::Started { step: StepId(11), attempt: 1 }).unwrap();
    assert!(is_again(&mut state, StepId(11)));
}
