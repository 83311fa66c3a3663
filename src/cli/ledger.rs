//! The ledger for commands: fed by those that act, asked by those that tell. It is never a reason for anything to fail.

use std::sync::Arc;

use super::{Failure, output, world};
use crate::drivers::{SqliteLedger, StateFolder, SystemClock};
use crate::forecast::{Forecast, ForecastStep};
use crate::ledger::{CatchUp, Live, Recorder, catch_up, make_anew, record};
use crate::ports::{Cause, Fault};
use crate::primitives::RunId;
use crate::run::{Entry, Watch};
use crate::steps::Progress;

/// Whoever watches a run: a person, and the ledger.
pub(super) struct Watched {
    person: Box<dyn Watch>,
    recorder: Recorder,
    live: Live,
}

/// Has the ledger watch a run as well. `resumes` is the run that goes on, where it is not a new one.
pub(super) async fn watched(
    person: Box<dyn Watch>,
    state: &Arc<StateFolder>,
    resumes: Option<&RunId>,
) -> Result<Watched, Failure> {
    let ledger = Arc::new(world::ledger()?);
    let (recorder, live) = record(ledger, Arc::clone(state) as _, Arc::new(SystemClock), resumes).await;
    Ok(Watched { person, recorder, live })
}

impl Watched {
    /// The run is over: what is shown is cleared away, and the ledger brought to its end.
    pub(super) async fn close(self) {
        drop((self.person, self.recorder));
        match self.live.close().await {
            Ok(done) => say_set_aside(&done),
            Err(fault) => {
                output::say(&format!("the ledger was not kept, which harms no backup: {fault}"));
            }
        }
    }
}

impl Watch for Watched {
    fn entry(&self, forecast: &Forecast, entry: &Entry) {
        self.person.entry(forecast, entry);
        self.recorder.entry(forecast, entry);
    }

    fn follow(&self, step: &ForecastStep, progress: &Arc<Progress>) {
        self.person.follow(step, progress);
    }

    fn stopping(&self) {
        self.person.stopping();
    }
}

fn say_set_aside(done: &CatchUp) {
    if let Some(place) = &done.set_aside {
        output::say(&format!(
            "the ledger was damaged, and was made anew from the journals; the damaged one is now {place}"
        ));
    }
}

/// A ledger that is asked.
pub(super) struct Asked {
    pub(super) ledger: SqliteLedger,
    state: Arc<StateFolder>,
}

impl Asked {
    /// This host's ledger, brought up to date with its journals. Where it cannot be used, that is said, and one is made of the journals
    /// for as long as the command takes.
    pub(super) async fn open() -> Result<Self, Failure> {
        let state = world::state()?;
        let ledger = world::ledger()?;
        match catch_up(&ledger, &*state).await {
            Ok(done) => {
                say_set_aside(&done);
                Ok(Self { ledger, state })
            }
            Err(fault) => {
                output::say(&format!(
                    "the ledger cannot be used, so what is told of runs is from the journals: {fault}"
                ));
                let ledger = SqliteLedger::in_memory();
                catch_up(&ledger, &*state).await?;
                Ok(Self { ledger, state })
            }
        }
    }

    /// Asks it something; where it turns out to be damaged, once more when it was made anew.
    pub(super) async fn ask<T>(&self, question: impl AsyncFn(&SqliteLedger) -> Result<T, Fault>) -> Result<T, Failure> {
        match question(&self.ledger).await {
            Err(fault) if fault.cause == Cause::Invalid => {
                say_set_aside(&make_anew(&self.ledger, &*self.state).await?);
                Ok(question(&self.ledger).await?)
            }
            answer => Ok(answer?),
        }
    }
}
