//! What to do next: a pure function from the state and an event to commands.
//!
//! Unaware of time, of tasks and of what steps do. Invariant: whatever changes the state is a record, and its command stands before
//! the command that it announces.

use std::time::Duration;

use super::retry::{self, Next};
use super::room::Room;
use super::state::{is_blind, to_be_decided};
use super::{End, Record, State, StepState};
use crate::ports::{Cause, Certainty, Fault};
use crate::primitives::StepId;
use crate::steps::StepOutput;

/// What comes to the dispatcher. What became of it is a [`Record`], which is what everybody else is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The executor is ready.
    Begin,
    /// An attempt at a step ended.
    Ended {
        /// Which.
        step: StepId,
        /// How.
        result: Result<Box<StepOutput>, Fault>,
        /// How much of its timeout it has left.
        left: Duration,
    },
    /// A pause before another attempt is over.
    PauseOver {
        /// Before which step's.
        step: StepId,
    },
    /// Somebody wants the run to stop.
    Interrupt,
}

/// What to do, in the order given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Write this to the journal, durably, before going on.
    Record(Record),
    /// Perform a step.
    Perform(StepId),
    /// Send `PauseOver` for a step after a while.
    Pause(StepId, Duration),
    /// Stop performing a step and forget it.
    Stop(StepId),
    /// Nothing is left to do.
    Finish,
}

/// What to do now that `event` happened. At most `side_by_side` steps are performed at once.
pub fn turn(state: &mut State, side_by_side: usize, event: Event) -> Vec<Command> {
    let mut turn = Turn { state, commands: vec![] };
    match event {
        Event::Begin => {}
        Event::Ended { step, result, left } => turn.ended(step, result, left),
        Event::PauseOver { step } => turn.state.pause_ends(step),
        Event::Interrupt => turn.interrupt(),
    }
    if !turn.state.is_interrupted() {
        turn.start(side_by_side);
    }
    turn.finish();
    turn.commands
}

struct Turn<'a> {
    state: &'a mut State,
    commands: Vec<Command>,
}

impl Turn<'_> {
    fn record(&mut self, record: Record) {
        let applied = self.state.apply(&record);
        assert_eq!(applied, Ok(()), "the dispatcher recorded what cannot have happened");
        self.commands.push(Command::Record(record));
    }

    fn ended(&mut self, step: StepId, result: Result<Box<StepOutput>, Fault>, left: Duration) {
        // An answer that comes after the step was stopped is of no attempt that counts.
        if !matches!(self.state.step(step), StepState::Running(_)) {
            return;
        }
        match result {
            Ok(output) => self.record(Record::Finished { step, output }),
            Err(fault) if fault.cause == Cause::Unanswered => self.record(Record::Waits { step, fault }),
            Err(fault) if self.is_in_doubt(step, &fault) => {
                let forecast = self.state.forecast();
                let fault = to_be_decided(&forecast.run, forecast.step(step), fault);
                self.record(Record::Waits { step, fault });
            }
            Err(fault) => {
                let next = retry::next(self.state, step, &fault, left);
                let again = matches!(next, Next::Again(_));
                self.record(Record::Failed { step, fault: next.told(fault), again });
                if let Next::Again(pause) = next {
                    self.commands.push(Command::Pause(step, pause));
                }
            }
        }
    }

    /// Whether nobody knows if a program was run to its end, so that only a person can say how it goes on.
    fn is_in_doubt(&self, step: StepId, fault: &Fault) -> bool {
        fault.certainty == Certainty::Unknown && is_blind(self.state.forecast().step(step))
    }

    fn interrupt(&mut self) {
        let running = |(step, state): (usize, &StepState)| {
            let id = u32::try_from(step).ok().map(StepId);
            id.filter(|_| matches!(state, StepState::Running(_) | StepState::Pausing(_)))
        };
        let stopped: Vec<StepId> = self.state.steps().iter().enumerate().filter_map(running).collect();
        self.commands.extend(stopped.into_iter().map(Command::Stop));
        self.record(Record::Interrupted);
    }

    /// Begins what can be begun, in the forecast's order.
    fn start(&mut self, side_by_side: usize) {
        let forecast = std::sync::Arc::clone(self.state.forecast());
        let mut room = Room::of(self.state, &forecast, side_by_side);
        for step in &forecast.steps {
            if room.is_full() {
                return;
            }
            let StepState::Waiting(attempts) = *self.state.step(step.id) else { continue };
            if room.has(step, attempts) && self.state.is_met(step) {
                room.take(step);
                self.record(Record::Started { step: step.id, attempt: attempts + 1 });
                self.commands.push(Command::Perform(step.id));
            }
        }
    }

    fn finish(&mut self) {
        if self.state.is_interrupted() {
            self.commands.push(Command::Finish);
        } else if self.state.steps().iter().all(StepState::is_settled) {
            // A run may die when its end stands in the journal and nobody was told.
            if self.state.end().is_none() {
                let end = End::of(self.state);
                self.record(Record::Ended { end });
            }
            self.commands.push(Command::Finish);
        } else if !self.state.steps().iter().any(StepState::is_under_way) {
            // What is left waits for a person.
            self.commands.push(Command::Finish);
        }
    }
}
