//! How far a run has come: a fold over its journal.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::retry::Repeats;
use super::{End, Record};
use crate::forecast::{Action, Forecast, ForecastStep, Subject};
use crate::ports::{Cause, Certainty, Fault};
use crate::primitives::{JobName, RunId, StepId};
use crate::steps::{Said, StepOutput};

/// How far a step has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepState {
    /// Not begun, or stopped; so many attempts were made.
    Waiting(u32),
    /// Being performed, for the so-manieth time.
    Running(u32),
    /// Failed for the so-manieth time, and about to be tried again.
    Pausing(u32),
    /// Put down after the so-manieth attempt, until a person has said something.
    Unanswered(u32, Fault),
    /// Stopped in the so-manieth attempt, and may have been done; a person says what becomes of it.
    InDoubt(u32, Fault),
    /// Done.
    Done(Box<StepOutput>),
    /// Failed for good.
    Failed(Fault),
    /// Never begun, because that step did not succeed.
    Skipped(StepId),
}

impl StepState {
    /// Whether nothing more will come of it.
    pub fn is_settled(&self) -> bool {
        matches!(self, Self::Done(_) | Self::Failed(_) | Self::Skipped(_))
    }

    /// Whether something will come of it by itself.
    pub(super) fn is_under_way(&self) -> bool {
        matches!(self, Self::Running(_) | Self::Pausing(_))
    }

    /// For complaints.
    fn word(&self) -> &'static str {
        match self {
            Self::Waiting(_) => "waiting",
            Self::Running(_) => "under way",
            Self::Pausing(_) => "about to be tried again",
            Self::Unanswered(..) => "waiting for a person",
            Self::InDoubt(..) => "in doubt",
            Self::Done(_) => "done",
            Self::Failed(_) => "failed",
            Self::Skipped(_) => "skipped",
        }
    }
}

/// Whether nothing can show if a step was done, and doing it twice may do harm.
pub(super) fn is_blind(step: &ForecastStep) -> bool {
    matches!(step.action, Action::Command { repeatable: false, .. })
}

fn in_doubt(run: &RunId, step: &ForecastStep) -> Fault {
    let answer = "the run was stopped while it was under way, and it may have been done";
    let fault = Fault::permanent(Cause::Unanswered, "its program", answer);
    to_be_decided(run, step, Fault { certainty: Certainty::Unknown, ..fault })
}

/// The fault of a step in doubt, with what a person does about it.
pub(super) fn to_be_decided(run: &RunId, step: &ForecastStep, fault: Fault) -> Fault {
    let name = &step.name;
    let answer = format!("{}: look, then `sonae resume {run} --again {name}` or `--done {name}`", fault.answer);
    Fault { answer, ..fault }
}

/// How far a run has come.
#[derive(Debug, Clone)]
pub struct State {
    forecast: Arc<Forecast>,
    steps: Vec<StepState>,
    /// How often each was begun.
    attempts: Vec<u32>,
    repeats: Repeats,
    interrupted: bool,
    end: Option<End>,
}

impl State {
    /// A run of which nothing is done.
    pub fn new(forecast: Arc<Forecast>) -> Self {
        let steps = vec![StepState::Waiting(0); forecast.steps.len()];
        let attempts = vec![0; steps.len()];
        Self { forecast, steps, attempts, repeats: Repeats::default(), interrupted: false, end: None }
    }

    /// What the run is to do.
    pub fn forecast(&self) -> &Arc<Forecast> {
        &self.forecast
    }

    /// How far each step has come, by id.
    pub fn steps(&self) -> &[StepState] {
        &self.steps
    }

    /// How far a step has come.
    pub fn step(&self, id: StepId) -> &StepState {
        &self.steps[id.index()]
    }

    /// Whether a step was ever begun.
    pub(super) fn is_begun(&self, id: StepId) -> bool {
        self.attempts[id.index()] > 0
    }

    /// What was tried again.
    pub(super) fn repeats(&self) -> &Repeats {
        &self.repeats
    }

    /// Whether somebody interrupted it.
    pub fn is_interrupted(&self) -> bool {
        self.interrupted
    }

    /// How it ended, if it did.
    pub fn end(&self) -> Option<End> {
        self.end
    }

    /// Whether it can be gone on with: it has not ended, or is a restore, or takes one back, and something of it failed. Whatever is done of that stays done. Of
    /// one that a person turned down nothing is gone on with: that word stays.
    pub fn can_go_on(&self) -> bool {
        self.end.is_none() || (self.end == Some(End::Failed) && self.is_of_a_person() && !self.is_turned_down())
    }

    fn is_turned_down(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, StepState::Failed(fault) if fault.cause == Cause::Refused))
    }

    /// Whether somebody began it who waits for what it does: a restore, or that one is taken back.
    fn is_of_a_person(&self) -> bool {
        matches!(self.forecast.subject, Subject::Restore { .. } | Subject::RollBack(_))
    }

    /// Takes in what happened.
    ///
    /// # Errors
    /// When it cannot have happened in this state: the journal is damaged, or of another program.
    pub fn apply(&mut self, record: &Record) -> Result<(), String> {
        if self.end.is_some() && *record != Record::Resumed {
            return Err("the run had ended".into());
        }
        match record {
            Record::Forecast { .. } => return Err("a second forecast".into()),
            Record::Started { step, attempt } => self.start(*step, *attempt)?,
            Record::Finished { step, output } => {
                self.running(*step)?;
                self.steps[step.index()] = StepState::Done(output.clone());
                self.repeats.done(self.forecast.step(*step).action.store());
            }
            Record::Failed { step, fault, again } => {
                let attempt = self.running(*step)?;
                if *again {
                    self.repeats.again(self.forecast.step(*step).action.store());
                    self.steps[step.index()] = StepState::Pausing(attempt);
                } else {
                    self.steps[step.index()] = StepState::Failed(fault.clone());
                }
                self.skip_what_cannot_run();
                if self.forecast.fail_fast && !*again {
                    self.skip_what_has_not_begun(*step);
                }
            }
            Record::Waits { step, fault } => {
                let attempt = self.running(*step)?;
                self.steps[step.index()] = match self.forecast.step(*step).action {
                    Action::Command { .. } => StepState::InDoubt(attempt, fault.clone()),
                    _ => StepState::Unanswered(attempt, fault.clone()),
                };
            }
            Record::Decided { step, again } => self.decide(*step, *again)?,
            Record::Interrupted => {
                self.interrupted = true;
                self.stop_what_runs();
            }
            Record::Resumed => {
                self.interrupted = false;
                // Whoever goes on with it may have mended what was refused.
                self.repeats = Repeats::default();
                self.stop_what_runs();
                self.take_up_again();
            }
            Record::Ended { end } => self.ended(*end)?,
        }
        Ok(())
    }

    fn start(&mut self, step: StepId, attempt: u32) -> Result<(), String> {
        let attempts = match self.known(step)? {
            // The end of a pause is no record: that the step begins again says it.
            StepState::Waiting(attempts) | StepState::Pausing(attempts) => *attempts,
            other => return Err(format!("step {} started when it was {}", step.0, other.word())),
        };
        if self.interrupted {
            return Err(format!("step {} started in a run that was interrupted", step.0));
        }
        if attempts.checked_add(1) != Some(attempt) {
            return Err(format!("step {} started for attempt {attempt} after {attempts}", step.0));
        }
        if !self.is_met(&self.forecast.steps[step.index()]) {
            return Err(format!("step {} started before a step that it comes after had ended", step.0));
        }
        self.steps[step.index()] = StepState::Running(attempt);
        self.attempts[step.index()] = attempt;
        Ok(())
    }

    /// What a person was waited for may have been said by now. What failed of a restore may have been mended: nobody begins all of it anew for
    /// that. What failed of a backup stays failed, for the next one makes a newer point.
    fn take_up_again(&mut self) {
        let reopens = self.can_go_on() && self.is_of_a_person();
        for (state, attempts) in self.steps.iter_mut().zip(&self.attempts) {
            match state {
                StepState::Unanswered(..) => *state = StepState::Waiting(*attempts),
                StepState::Failed(_) | StepState::Skipped(_) if reopens => *state = StepState::Waiting(*attempts),
                _ => {}
            }
        }
        if reopens {
            self.end = None;
        }
    }

    fn decide(&mut self, step: StepId, again: bool) -> Result<(), String> {
        let StepState::InDoubt(attempts, _) = *self.known(step)? else {
            return Err(format!("somebody decided on step {}, which was not in doubt", step.0));
        };
        let done = || StepState::Done(Box::new(StepOutput::Ran(Said { by_word: true, ..Said::default() })));
        self.steps[step.index()] = if again { StepState::Waiting(attempts) } else { done() };
        Ok(())
    }

    fn ended(&mut self, end: End) -> Result<(), String> {
        if !self.steps.iter().all(StepState::is_settled) || End::of(self) != end {
            return Err(format!("the run ended as {end:?}, which does not follow from its steps"));
        }
        self.end = Some(end);
        Ok(())
    }

    /// Whether all that a step comes after has come to its end, and what it needs is done.
    pub(super) fn is_met(&self, step: &ForecastStep) -> bool {
        step.after.iter().all(|(on, needs)| match self.step(*on) {
            StepState::Done(_) => true,
            other => !needs && other.is_settled(),
        })
    }

    /// After a failure, where the run is to stop at the first: no further job is begun, and none that was is left half done.
    fn skip_what_has_not_begun(&mut self, because: StepId) {
        let forecast = Arc::clone(&self.forecast);
        let jobs = self.begun_jobs(&forecast);
        for step in &forecast.steps {
            let goes_on = step.action.job().is_some_and(|job| jobs.contains(job));
            if !goes_on && *self.step(step.id) == StepState::Waiting(0) {
                self.steps[step.id.index()] = StepState::Skipped(because);
            }
        }
    }

    /// The jobs of which a step was begun.
    pub(super) fn begun_jobs<'a>(&self, forecast: &'a Forecast) -> BTreeSet<&'a JobName> {
        let is_begun = |state: &StepState| !matches!(state, StepState::Waiting(0) | StepState::Skipped(_));
        let begun = forecast.steps.iter().filter(|step| is_begun(self.step(step.id)));
        begun.filter_map(|step| step.action.job()).collect()
    }

    /// A pause is over. Not a record: after a crash, every pause is over.
    pub(super) fn pause_ends(&mut self, step: StepId) {
        if let StepState::Pausing(attempts) = self.steps[step.index()] {
            self.steps[step.index()] = StepState::Waiting(attempts);
        }
    }

    fn known(&mut self, step: StepId) -> Result<&mut StepState, String> {
        self.steps.get_mut(step.index()).ok_or_else(|| format!("there is no step {}", step.0))
    }

    fn running(&mut self, step: StepId) -> Result<u32, String> {
        match self.known(step)? {
            StepState::Running(attempt) => Ok(*attempt),
            other => Err(format!("step {} ended when it was {}", step.0, other.word())),
        }
    }

    /// What was being performed is in an unknown state: it waits, and looks before it repeats anything. What cannot look is in doubt.
    fn stop_what_runs(&mut self) {
        for (state, step) in self.steps.iter_mut().zip(&self.forecast.steps) {
            match *state {
                StepState::Running(attempts) if is_blind(step) => {
                    *state = StepState::InDoubt(attempts, in_doubt(&self.forecast.run, step));
                }
                StepState::Running(attempts) | StepState::Pausing(attempts) => *state = StepState::Waiting(attempts),
                _ => {}
            }
        }
    }

    /// Skips every step that needs one which failed or was skipped; ids are in order, so one pass reaches all.
    fn skip_what_cannot_run(&mut self) {
        let forecast = Arc::clone(&self.forecast);
        for step in &forecast.steps {
            let lost = |on: &StepId| matches!(self.step(*on), StepState::Failed(_) | StepState::Skipped(_));
            let because = step.after.iter().find(|(on, needs)| *needs && lost(on)).map(|(on, _)| *on);
            if let (Some(because), StepState::Waiting(_)) = (because, self.step(step.id)) {
                self.steps[step.id.index()] = StepState::Skipped(because);
            }
        }
    }
}
