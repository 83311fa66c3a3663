//! The dispatcher on forecasts of any shape, against an oracle that knows nothing of turns.

mod limits;
mod retries;

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::{Command, End, Event, Outcome, Record, State, StepEnd, StepState, Times, forget, turn};
use crate::catalog::{Named, StoredObject, Totals};
use crate::forecast::{
    Action, Earlier, FORMAT_VERSION, Forecast, ForecastStep, Held, Selection, Shrunk, Subject, Suspension,
};
use crate::graph::{Effect, ProbeCheck};
use crate::ports::{Cause, Certainty, Fault, JournalRead as _, JournalWrite as _};
use crate::primitives::{Digest, Duration, JobName, Key, Name, PathBytes, Percentage, RunId, Slot, StepId, StepName};
use crate::steps::{Deleted, Packed, StepOutput};

/// More time than any pause.
const LEFT: std::time::Duration = std::time::Duration::from_secs(86_400);

/// What an attempt answers.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Answer {
    Ok,
    Fault(Certainty),
}

/// A step of a case: the steps before it (and whether it needs them), and what its attempts answer; then all is well.
type CaseStep = (Vec<(usize, bool)>, Vec<Answer>);

fn at(second: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_second(1_772_323_200 + second).unwrap()
}

fn forecast(case: &[CaseStep]) -> Arc<Forecast> {
    let step = |(place, (after, _)): (usize, &CaseStep)| ForecastStep {
        id: StepId(place as u32),
        name: StepName::new("case", &place.to_string()),
        effect: Effect::Read,
        after: after.iter().map(|(on, needs)| (StepId(*on as u32), *needs)).collect(),
        timeout: Duration::from_seconds(60),
        takes: None,
        action: Action::Probe {
            shows: String::new(),
            how: ProbeCheck::Path(PathBytes::default()),
            patience: Duration::default(),
        },
        yields: None,
        foreseen: None,
    };
    let name = |text| Name::parse(text).unwrap();
    Arc::new(Forecast {
        format_version: FORMAT_VERSION,
        plan: name("case"),
        run: RunId::new(at(0), 1),
        host: name("web-1"),
        subject: Subject::Restore { restore: name("case"), budget: None },
        at: at(0),
        timezone: "UTC".into(),
        base: PathBytes::new(*b"/"),
        stores: BTreeMap::new(),
        hosts: BTreeMap::new(),
        secrets: std::collections::BTreeSet::new(),
        limits: BTreeMap::new(),
        fail_fast: false,
        steps: case.iter().enumerate().map(step).collect(),
    })
}

fn answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        2 => Just(Answer::Ok),
        2 => Just(Answer::Fault(Certainty::Transient)),
        1 => Just(Answer::Fault(Certainty::Unknown)),
        1 => Just(Answer::Fault(Certainty::Permanent)),
    ]
}

/// A step as it is drawn: which steps it comes after and whether it needs them, and how each attempt at it ends.
type Drawn = (Vec<(prop::sample::Index, bool)>, Vec<Answer>);

fn case() -> impl Strategy<Value = Vec<CaseStep>> {
    let step = (
        prop::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 0..3),
        prop::collection::vec(answer(), 0..5),
    );
    prop::collection::vec(step, 1..9).prop_map(|steps| {
        let placed = |(place, (after, answers)): (usize, Drawn)| {
            let ties: BTreeMap<usize, bool> =
                after.into_iter().filter(|_| place > 0).map(|(on, needs)| (on.index(place), needs)).collect();
            (ties.into_iter().collect(), answers)
        };
        steps.into_iter().enumerate().map(placed).collect()
    })
}

fn fault(certainty: Certainty) -> Fault {
    Fault { certainty, ..Fault::permanent(Cause::Other, "ask", "no") }
}

/// What becomes of each step where nobody interrupts: decided by its ties and answers alone.
fn oracle(case: &[CaseStep]) -> Vec<StepEnd> {
    let mut ends: Vec<StepEnd> = vec![];
    for (after, answers) in case {
        let lost = after.iter().find(|(on, needs)| *needs && !matches!(ends[*on], StepEnd::Done(_)));
        let end = match lost {
            Some((on, _)) => StepEnd::Skipped(StepId(*on as u32)),
            None => alone(answers),
        };
        ends.push(end);
    }
    ends
}

/// Four attempts at the most, and none after a refusal for good.
fn alone(answers: &[Answer]) -> StepEnd {
    let all = answers.iter().copied().chain(std::iter::repeat(Answer::Ok));
    for (attempt, answer) in (1..=4).zip(all) {
        match answer {
            Answer::Ok => break,
            Answer::Fault(Certainty::Permanent) => return StepEnd::Failed(fault(Certainty::Permanent)),
            Answer::Fault(certainty) if attempt == 4 => return StepEnd::Failed(fault(certainty)),
            Answer::Fault(_) => {}
        }
    }
    StepEnd::Done(Box::new(StepOutput::Probed))
}

/// A run that a case and some choices drive.
struct Drive {
    case: Vec<CaseStep>,
    side_by_side: usize,
    state: State,
    records: Vec<Record>,
    performed: BTreeMap<StepId, usize>,
    /// Whether the executor was told that nothing is left to do.
    finished: bool,
}

impl Drive {
    fn new(case: Vec<CaseStep>, side_by_side: usize) -> Self {
        let state = State::new(forecast(&case));
        Self { case, side_by_side, state, records: vec![], performed: BTreeMap::new(), finished: false }
    }

    fn ids(&self, which: impl Fn(&StepState) -> bool) -> Vec<StepId> {
        let ids = self.state.steps().iter().enumerate().filter(|(_, state)| which(state));
        ids.map(|(place, _)| StepId(place as u32)).collect()
    }

    /// One turn, and everything that must hold of it.
    fn turn(&mut self, event: Event) {
        let before = self.state.clone();
        let commands = turn(&mut self.state, self.side_by_side, event.clone());
        for (place, command) in commands.iter().enumerate() {
            match command {
                Command::Record(record) => self.records.push(record.clone()),
                Command::Perform(step) => {
                    let announced =
                        matches!(&commands[place - 1], Command::Record(Record::Started { step: of, .. }) if of == step);
                    assert!(announced, "{step:?} is performed unannounced");
                    self.assert_may_run(*step);
                    *self.performed.entry(*step).or_default() += 1;
                }
                Command::Pause(step, _) => assert!(matches!(self.state.step(*step), StepState::Pausing(_))),
                Command::Stop(step) => {
                    assert_eq!(event, Event::Interrupt);
                    assert!(matches!(before.step(*step), StepState::Running(_) | StepState::Pausing(_)));
                }
                Command::Finish => {
                    assert_eq!(place + 1, commands.len(), "nothing comes after the end");
                    self.finished = true;
                }
            }
        }
        assert!(self.ids(|state| matches!(state, StepState::Running(_))).len() <= self.side_by_side);
        self.assert_folds();
    }

    fn assert_may_run(&self, step: StepId) {
        for (on, needs) in &self.case[step.index()].0 {
            let before = self.state.step(StepId(*on as u32));
            assert!(before.is_settled() && (!needs || matches!(before, StepState::Done(_))), "{step:?} before {on}");
        }
    }

    /// The journal alone tells what the dispatcher knows: whoever resumes from it knows the same.
    fn assert_folds(&self) {
        let mut folded = State::new(Arc::clone(self.state.forecast()));
        for record in &self.records {
            folded.apply(record).unwrap();
        }
        let mut known = self.state.clone();
        assert_eq!((folded.end(), folded.is_interrupted()), (known.end(), known.is_interrupted()));
        folded.apply(&Record::Resumed).unwrap();
        known.apply(&Record::Resumed).unwrap();
        assert_eq!(folded.steps(), known.steps());
    }

    /// An event that may come now; none where nothing is under way.
    fn next(&self, choice: usize) -> Option<Event> {
        let running = self.ids(|state| matches!(state, StepState::Running(_)));
        let pausing = self.ids(|state| matches!(state, StepState::Pausing(_)));
        let under_way = running.len() + pausing.len();
        let chosen = choice.checked_rem(under_way)?;
        if let Some(step) = pausing.get(chosen.wrapping_sub(running.len())).copied() {
            return Some(Event::PauseOver { step });
        }
        let step = running[chosen];
        let answer = self.case[step.index()].1.get(self.performed[&step] - 1).copied().unwrap_or(Answer::Ok);
        let result = match answer {
            Answer::Ok => Ok(Box::new(StepOutput::Probed)),
            Answer::Fault(certainty) => Err(fault(certainty)),
        };
        Some(Event::Ended { step, result, left: LEFT })
    }

    /// Answers that come too late change nothing.
    fn late(&mut self) {
        for step in self.ids(|state| !matches!(state, StepState::Running(_) | StepState::Pausing(_))) {
            let before = self.state.clone();
            for event in
                [Event::PauseOver { step }, Event::Ended { step, result: Ok(Box::new(StepOutput::Probed)), left: LEFT }]
            {
                let records = self.records.len();
                self.turn(event);
                assert_eq!((self.state.steps(), self.records.len()), (before.steps(), records));
            }
        }
    }

    /// Goes on until nothing is left to do, or an interrupt. Every event settles something or begins a pause, so it ends.
    fn go(&mut self, choices: &mut impl Iterator<Item = usize>, interrupt_at: Option<usize>) {
        self.finished = false;
        self.turn(Event::Begin);
        for number in 0..self.case.len() * 9 {
            if self.finished {
                return;
            }
            if interrupt_at == Some(number) {
                self.turn(Event::Interrupt);
                assert!(self.finished && self.state.is_interrupted());
                assert_eq!(self.ids(|state| matches!(state, StepState::Running(_) | StepState::Pausing(_))), []);
                return;
            }
            if number % 5 == 4 {
                self.late();
            }
            let event = self.next(choices.next().unwrap_or(0)).expect("something is under way until the end");
            self.turn(event);
        }
        panic!("the run does not end");
    }

    /// As `resume` does it: from the journal alone.
    fn resume(&mut self) {
        let mut state = State::new(Arc::clone(self.state.forecast()));
        self.records.push(Record::Resumed);
        for record in &self.records {
            state.apply(record).unwrap();
        }
        self.state = state;
    }

    fn ends(&self) -> Vec<StepEnd> {
        Outcome::of(&self.state, &Times::default(), at(9)).steps.into_iter().map(|step| step.end).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn every_order_of_events_ends_as_the_oracle_says(
        case in case(),
        side_by_side in 1_usize..4,
        choices in prop::collection::vec(any::<u16>(), 0..40),
    ) {
        let expected = oracle(&case);
        let mut drive = Drive::new(case, side_by_side);
        drive.go(&mut choices.into_iter().map(usize::from), None);
        let ends = drive.ends();
        for (step, (end, expected)) in ends.iter().zip(&expected).enumerate() {
            // Of several steps that were lost, the first that was decided is the reason.
            match (end, expected) {
                (StepEnd::Skipped(on), StepEnd::Skipped(_)) => {
                    let needed = drive.case[step].0.contains(&(on.index(), true));
                    prop_assert!(needed && !matches!(ends[on.index()], StepEnd::Done(_)));
                }
                _ => prop_assert_eq!(end, expected),
            }
        }
        let well = expected.iter().all(|end| matches!(end, StepEnd::Done(_)));
        prop_assert_eq!(drive.state.end(), Some(if well { End::Complete } else { End::Failed }));
        prop_assert!(drive.performed.values().all(|attempts| *attempts <= 4));
    }

    #[test]
    fn an_interrupt_stops_all_and_a_resumed_run_goes_on(
        case in case(),
        side_by_side in 1_usize..4,
        choices in prop::collection::vec(any::<u16>(), 0..40),
        interrupts in prop::collection::vec(0_usize..9, 1..4),
        is_restore in any::<bool>(),
    ) {
        let mut drive = Drive::new(case, side_by_side);
        if !is_restore {
            let subject = Subject::Backup { jobs: vec![], slots: BTreeMap::new() };
            drive.state = State::new(Arc::new(Forecast { subject, ..Forecast::clone(drive.state.forecast()) }));
        }
        let mut choices = choices.into_iter().map(usize::from);
        for at in interrupts {
            drive.go(&mut choices, Some(at));
            // What had ended stays as it was; but what failed of a restore may have been mended.
            let stays = |end: &StepEnd| matches!(end, StepEnd::Done(_)) || (*end != StepEnd::Open && !is_restore);
            let settled: Vec<_> = drive.ends().into_iter().map(|end| stays(&end).then_some(end)).collect();
            drive.resume();
            for (was, is) in settled.into_iter().zip(drive.ends()) {
                prop_assert!(was.is_none_or(|was| was == is));
            }
        }
        drive.go(&mut choices, None);
        prop_assert!(drive.state.end().is_some());
        // An attempt that was stopped has no answer, so no more can fail than the answers of each step say.
        for (step, end) in drive.ends().iter().enumerate() {
            prop_assert!(*end != StepEnd::Open);
            if let StepEnd::Failed(_) = end {
                prop_assert!(drive.case[step].1.iter().any(|answer| *answer != Answer::Ok));
            }
        }
    }
}

fn packed(unread: u64) -> StepOutput {
    let object = StoredObject { key: Key::parse("a/b").unwrap(), size: 1, digest: Digest::of(b"") };
    let none = Named::default();
    StepOutput::Packed(Box::new(Packed {
        moment: at(0),
        roots: vec![],
        mounts: vec![],
        archive: object.clone(),
        plain: crate::archive::Plain { size: 1, crc32: crate::archive::Crc32(0) },
        contents: object,
        segments_at: 0,
        totals: Totals::default(),
        unread: Named { count: unread, first: vec![] },
        not_stored: none.clone(),
        not_entered: Named::default(),
        changed: none,
    }))
}

fn suspended() -> StepOutput {
    let earlier = Earlier { point: RunId::new(at(0), 1).point(Slot::new(at(0))), held: Held { files: 9, bytes: 9 } };
    let shrunk = Shrunk { than: earlier, now: Held { files: 1, bytes: 1 }, shrink: Percentage::HALF };
    StepOutput::Deleted(Deleted { suspended: Some(Suspension::Shrunk(shrunk)), ..Deleted::default() })
}

#[test]
fn the_end_and_its_exit_status_say_the_worst_that_holds() {
    let end_of = |results: [Result<StepOutput, Fault>; 2], interrupt: bool| {
        let mut state = State::new(forecast(&[(vec![], vec![]), (vec![], vec![])]));
        turn(&mut state, 2, Event::Begin);
        for (step, result) in (0..).map(StepId).zip(results) {
            // The second step's answer comes too late, then.
            if interrupt && step == StepId(1) {
                turn(&mut state, 2, Event::Interrupt);
            }
            turn(&mut state, 2, Event::Ended { step, result: result.map(Box::new), left: LEFT });
        }
        let outcome = Outcome::of(&state, &Times::default(), at(5));
        assert_eq!((outcome.began, outcome.ended), (at(0), at(5)));
        (outcome.end, outcome.end.exit().code())
    };
    let refused = || Err(fault(Certainty::Permanent));
    assert_eq!(end_of([Ok(StepOutput::Probed), Ok(packed(0))], false), (End::Complete, 0));
    assert_eq!(end_of([Ok(StepOutput::Probed), Ok(packed(1))], false), (End::NotClean, 5));
    assert_eq!(end_of([Ok(suspended()), Ok(packed(0))], false), (End::Suspended, 6));
    assert_eq!(end_of([Ok(suspended()), Ok(packed(1))], false), (End::Suspended, 6));
    assert_eq!(end_of([refused(), Ok(suspended())], false), (End::Failed, 4));
    assert_eq!(end_of([refused(), Ok(packed(1))], false), (End::Failed, 4));
    assert_eq!(end_of([refused(), Ok(packed(1))], true), (End::Interrupted, 130));
}

#[test]
fn a_run_that_fails_fast_begins_no_further_job_and_ends_those_that_were_begun() {
    let none = || (vec![], vec![]);
    let mut forecast = Forecast::clone(&forecast(&[none(), none(), (vec![(1, true)], vec![]), none()]));
    forecast.fail_fast = true;
    for (step, job) in forecast.steps.iter_mut().zip(["a/daily", "b/daily", "b/daily", "c/daily"]) {
        let selection = Selection { roots: vec![], exclude: vec![], allow_empty: false, one_file_system: false };
        let (job, store) = (JobName::parse(job).unwrap(), Name::parse("vault").unwrap());
        step.action = Action::Look { job, store, selection, seen: None, mounts: vec![] };
    }
    let mut state = State::new(Arc::new(forecast));
    let ended = |step, result| Event::Ended { step: StepId(step), result, left: LEFT };
    let done = || Ok(Box::new(StepOutput::Probed));
    turn(&mut state, 2, Event::Begin);
    turn(&mut state, 2, ended(0, Err(fault(Certainty::Permanent))));
    assert_eq!(*state.step(StepId(3)), StepState::Skipped(StepId(0)));
    turn(&mut state, 2, ended(1, done()));
    assert_eq!(*state.step(StepId(2)), StepState::Running(1), "its job was begun");
    let last = turn(&mut state, 2, ended(2, done()));
    assert_eq!((last.last(), state.end()), (Some(&Command::Finish), Some(End::Failed)));
}

#[test]
fn a_run_whose_end_was_written_and_never_told_finishes_at_once() {
    let mut drive = Drive::new(vec![(vec![], vec![])], 1);
    drive.go(&mut std::iter::empty(), None);
    drive.resume();
    assert_eq!(turn(&mut drive.state, 1, Event::Begin), [Command::Finish]);
}

#[test]
fn a_journal_that_cannot_be_is_refused() {
    let started = Record::Started { step: StepId(0), attempt: 1 };
    let mut state = State::new(forecast(&[(vec![], vec![])]));
    let finished = Record::Finished { step: StepId(0), output: Box::new(StepOutput::Probed) };
    assert!(state.apply(&finished).is_err());
    assert!(state.apply(&Record::Started { step: StepId(7), attempt: 1 }).is_err());
    state.apply(&started).unwrap();
    assert!(state.apply(&started).is_err());
    state.apply(&finished).unwrap();
    assert!(state.apply(&started).is_err());
}

#[test]
fn only_old_journals_of_runs_that_ended_are_removed_and_the_newest_are_kept() {
    let world = crate::fakes::World::new(1);
    let journal = world.journal();
    let now = at(0);
    let begun = |days: i64, nonce: u32| RunId::new(at(-days * 86_400), nonce);
    let lines = |run: &RunId, ended: bool| {
        let forecast = Forecast { run: run.clone(), ..(*forecast(&[])).clone() };
        let records = [Record::Forecast { forecast: Box::new(forecast) }, Record::Ended { end: End::Complete }];
        let mut sums = super::LineSums::default();
        let entry = |record| serde_json::to_string(&super::Entry { at: now, record }).unwrap();
        let lines = records.into_iter().map(|record| sums.line(&entry(record)));
        lines.take(if ended { 2 } else { 1 }).collect::<Vec<_>>()
    };
    let forgotten = tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
        let write = async |run: &RunId, lines: Vec<String>| {
            for line in lines {
                journal.append(run, &line).await.unwrap();
            }
        };
        let (old, open, damaged) = (begun(400, 1), begun(400, 2), begun(400, 3));
        write(&old, lines(&old, true)).await;
        write(&open, lines(&open, false)).await;
        write(&damaged, lines(&old, true)).await;
        let young = begun(89, 4);
        write(&young, lines(&young, true)).await;
        // With these, none of the above is among the newest hundred.
        for number in 0..100 {
            let run = begun(80, 100 + number);
            write(&run, lines(&run, true)).await;
        }
        let before = journal.runs().await.unwrap();
        let gone = forget(&*journal, now).await.unwrap();
        let after = journal.runs().await.unwrap();
        let missing: Vec<RunId> = before.into_iter().filter(|run| !after.contains(run)).collect();
        assert_eq!((gone, missing), (1, vec![old]));
        // A host that runs seldom keeps its hundred, whatever their age.
        let later = now + jiff::SignedDuration::from_hours(24 * 1_000);
        let gone = forget(&*journal, later).await.unwrap();
        (gone, journal.runs().await.unwrap().len())
    });
    assert_eq!(forgotten, (1, 102), "the young one went; one open, one damaged and a hundred stay");
}
