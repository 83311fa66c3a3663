//! What a person sees while a run goes on: bars on a terminal, plain lines elsewhere, nothing where quiet; and the
//! signals by which they stop it.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use super::pace::Stopwatch;
use super::{Failure, output};
use crate::forecast::{Forecast, ForecastStep};
use crate::ports::Fault;
use crate::primitives::{ByteSize, StepId};
use crate::report::words::{counted, lease_lost, suspension};
use crate::run::{Entry, Record, Times, Watch};
use crate::steps::{Progress, StepOutput};

/// Who watches: the terminal, a log, or nobody. `times` is what is known of a run that goes on.
pub(super) fn watch(quiet: bool, times: Times) -> Box<dyn Watch> {
    if quiet {
        Box::new(Nobody)
    } else if std::io::stderr().is_terminal() {
        Box::new(Bars::new(times))
    } else {
        Box::new(Lines::new(times))
    }
}

/// SIGINT and SIGTERM, as messages.
pub(super) fn interrupts() -> Result<mpsc::Receiver<()>, Failure> {
    let (send, receive) = mpsc::channel(1);
    for kind in [SignalKind::interrupt(), SignalKind::terminate()] {
        let mut signals =
            signal(kind).map_err(|error| Failure::error(format!("cannot listen for signals: {error}")))?;
        let send = send.clone();
        tokio::spawn(async move {
            // Ends with the channel, when the run is over.
            while signals.recv().await.is_some() && send.send(()).await.is_ok() {}
        });
    }
    Ok(receive)
}

struct Nobody;

impl Watch for Nobody {
    fn entry(&self, _: &Forecast, _: &Entry) {}
}

/// One line when a step ends: what a log wants.
struct Lines {
    running: Mutex<BTreeMap<StepId, Arc<Progress>>>,
    stopwatch: Stopwatch,
}

impl Lines {
    fn new(times: Times) -> Self {
        Self { running: Mutex::default(), stopwatch: Stopwatch::new(times, Arc::new(output::say)) }
    }

    fn take(&self, step: StepId) -> Option<Arc<Progress>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&step)
    }
}

impl Watch for Lines {
    fn follow(&self, step: &ForecastStep, progress: &Arc<Progress>) {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).insert(step.id, Arc::clone(progress));
    }

    fn entry(&self, forecast: &Forecast, entry: &Entry) {
        let pace = self.stopwatch.entry(forecast, entry);
        let Some(told) = Told::of(forecast, &entry.record) else { return };
        let progress = self.take(told.step.id);
        match told.failed {
            Some(why) => output::say(&why),
            None => {
                let went = progress.map(|progress| how_far(&progress)).unwrap_or_default();
                output::say(&format!("{}: done{went}", told.step.name));
            }
        }
        pace.iter().for_each(|line| output::say(line));
        told.held_back.iter().for_each(|why| output::say(why));
    }

    fn stopping(&self) {
        output::say(STOPPING);
    }
}

const STOPPING: &str = "interrupted: stopping";

/// What of an entry a person is told while the run goes on: how an attempt at a step ended.
struct Told<'a> {
    step: &'a ForecastStep,
    /// Why it failed; none where it is done.
    failed: Option<String>,
    /// Why it left deletions undone, if it did.
    held_back: Vec<String>,
}

impl<'a> Told<'a> {
    fn of(forecast: &'a Forecast, record: &Record) -> Option<Self> {
        match record {
            Record::Finished { step, output } => {
                let step = forecast.step(*step);
                Some(Self { step, failed: None, held_back: held_back(step, output) })
            }
            Record::Failed { step, fault, again } => {
                let step = forecast.step(*step);
                Some(Self { step, failed: Some(failed(step, fault, *again)), held_back: vec![] })
            }
            Record::Waits { step, fault } => {
                let step = forecast.step(*step);
                Some(Self { step, failed: Some(format!("{}: waits: {fault}", step.name)), held_back: vec![] })
            }
            Record::Forecast { .. }
            | Record::Decided { .. }
            | Record::Started { .. }
            | Record::Interrupted
            | Record::Resumed
            | Record::Ended { .. } => None,
        }
    }
}

/// What is to be said of a deletion that did not do all that it should.
fn held_back(step: &ForecastStep, output: &StepOutput) -> Vec<String> {
    let suspended =
        output.suspension().map(|why| format!("{}: deletions are suspended: {}", step.name, suspension(why)));
    let lost = output.lease_lost().map(|why| format!("{}: nothing more was deleted: {}", step.name, lease_lost(why)));
    suspended.into_iter().chain(lost).collect()
}

fn failed(step: &ForecastStep, fault: &Fault, again: bool) -> String {
    let next = if again { "; trying again" } else { "" };
    format!("{}: failed: {fault}{next}", step.name)
}

/// `, 1,234 entries, 4.5 MiB`; nothing for a step that does not count.
fn how_far(progress: &Progress) -> String {
    let counts = progress.counts();
    match (counts.entries, counts.bytes) {
        (0, 0) => String::new(),
        (entries, 0) => format!(", {}", counted(entries, "object")),
        (0, bytes) => format!(", {}", ByteSize(bytes)),
        (entries, bytes) => format!(", {}, {}", entries_counted(entries), ByteSize(bytes)),
    }
}

fn entries_counted(entries: u64) -> String {
    counted(entries, "entry").replace("entrys", "entries")
}

/// A bar a step.
struct Bars {
    all: MultiProgress,
    running: Mutex<BTreeMap<StepId, Bar>>,
    stopwatch: Stopwatch,
}

struct Bar {
    bar: ProgressBar,
    ticker: tokio::task::JoinHandle<()>,
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.ticker.abort();
    }
}

impl Bars {
    fn new(times: Times) -> Self {
        let all = BARS.clone();
        let say = |line: &str| {
            if BARS.println(line).is_err() {
                output::say(line);
            }
        };
        Self { all, running: Mutex::default(), stopwatch: Stopwatch::new(times, Arc::new(say)) }
    }

    /// Takes a step's bar away.
    fn clear(&self, step: StepId) {
        let bar = self.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&step);
        if let Some(bar) = bar {
            bar.bar.finish_and_clear();
        }
    }

    /// Says a line above the bars.
    fn line(&self, text: &str) {
        if self.all.println(text).is_err() {
            output::say(text);
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

/// Keeps a bar up to date, for as long as the task lives; it becomes a bar once the bytes in all are known.
async fn follow(bar: ProgressBar, progress: Arc<Progress>) {
    loop {
        let counts = progress.counts();
        if let (Some(total), None) = (counts.bytes_total, bar.length()) {
            bar.set_length(total);
            bar.set_style(style("{spinner} {prefix} [{bar:24}] {binary_bytes} of {binary_total_bytes} {msg} {eta}"));
        }
        if bar.length().is_some() {
            bar.set_position(counts.bytes);
            bar.set_message(entries_counted(counts.entries));
        } else if counts.entries + counts.bytes > 0 {
            bar.set_message(format!("{}, {}", entries_counted(counts.entries), ByteSize(counts.bytes)));
        }
        bar.tick();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

impl Watch for Bars {
    fn follow(&self, step: &ForecastStep, progress: &Arc<Progress>) {
        let bar = self.all.add(ProgressBar::new_spinner());
        bar.set_style(style("{spinner} {prefix} {msg} {elapsed}"));
        bar.set_prefix(step.name.to_string());
        let ticker = tokio::spawn(follow(bar.clone(), Arc::clone(progress)));
        self.running.lock().unwrap_or_else(PoisonError::into_inner).insert(step.id, Bar { bar, ticker });
    }

    fn entry(&self, forecast: &Forecast, entry: &Entry) {
        let pace = self.stopwatch.entry(forecast, entry);
        let Some(told) = Told::of(forecast, &entry.record) else { return };
        self.clear(told.step.id);
        match told.failed {
            Some(why) => self.line(&format!("✗ {why}")),
            None => self.line(&format!("✓ {}", told.step.name)),
        }
        pace.iter().for_each(|line| self.line(&format!("  {line}")));
        told.held_back.iter().for_each(|why| self.line(&format!("! {why}")));
    }

    fn stopping(&self) {
        self.line(STOPPING);
    }
}

/// The bars of this process.
static BARS: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

/// While it lives no bar is drawn: somebody types.
pub(super) struct Aside;

/// Puts the bars aside.
pub(super) fn aside() -> Aside {
    BARS.set_draw_target(ProgressDrawTarget::hidden());
    Aside
}

impl Drop for Aside {
    fn drop(&mut self) {
        BARS.set_draw_target(ProgressDrawTarget::stderr());
    }
}
