//! Tells whoever watches a restore how it stands against its time: after each step, and as soon as it looks as if it will be late.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::drivers::SystemClock;
use crate::forecast::Forecast;
use crate::ports::Clock as _;
use crate::report;
use crate::run::{Entry, Record, Times};

/// How often it is looked whether it is late.
const LOOKED_EVERY: Duration = Duration::from_secs(1);

/// How a line is said.
pub(super) type Say = Arc<dyn Fn(&str) + Send + Sync>;

/// The clock of the run that is watched.
pub(super) struct Stopwatch {
    shared: Arc<Mutex<Shared>>,
    say: Say,
    ticker: Mutex<Option<tokio::task::JoinHandle<()>>>,
}

struct Shared {
    times: Times,
    /// Whether it was said that it is late, and nothing else since.
    said_late: bool,
}

impl Stopwatch {
    /// One that goes on from what is known of a run.
    pub(super) fn new(times: Times, say: Say) -> Self {
        let shared = Arc::new(Mutex::new(Shared { times, said_late: false }));
        Self { shared, say, ticker: Mutex::default() }
    }

    /// Takes in what happened; answers how the restore stands where a step has ended.
    pub(super) fn entry(&self, forecast: &Forecast, entry: &Entry) -> Option<String> {
        let mut shared = lock(&self.shared);
        shared.times.take(entry);
        let pace = shared.times.pace(forecast, entry.at)?;
        drop(shared);
        self.tick(forecast);
        matches!(entry.record, Record::Finished { .. }).then(|| report::pace::so_far(&pace))
    }

    /// From now on it is looked again and again.
    fn tick(&self, forecast: &Forecast) {
        let mut ticker = self.ticker.lock().unwrap_or_else(PoisonError::into_inner);
        if ticker.is_some() {
            return;
        }
        let (forecast, shared, say) = (forecast.clone(), Arc::clone(&self.shared), Arc::clone(&self.say));
        *ticker = Some(tokio::spawn(async move {
            loop {
                tokio::time::sleep(LOOKED_EVERY).await;
                if let Some(line) = looked(&forecast, &shared) {
                    say(&line);
                }
            }
        }));
    }
}

/// That it is late, where that is new.
fn looked(forecast: &Forecast, shared: &Mutex<Shared>) -> Option<String> {
    let mut shared = lock(shared);
    let pace = shared.times.pace(forecast, SystemClock.now())?;
    let is_late = !pace.late().is_zero();
    let is_new = is_late && !shared.said_late;
    shared.said_late = is_late;
    is_new.then(|| report::pace::late(&pace, forecast))
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Stopwatch {
    fn drop(&mut self) {
        if let Some(ticker) = self.ticker.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            ticker.abort();
        }
    }
}
