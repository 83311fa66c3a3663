//! `sonae resume`.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::arguments::{Form, Pace, Wait};
use super::hold::{Asker, Held, hold};
use super::locks::Resource;
use super::{Failure, Seams, ledger, locks, output, pins, run, terminal, world};
use crate::drivers::{Disk, StateFolder};
use crate::forecast::ForecastStep;
use crate::ports::JournalRead;
use crate::primitives::RunId;
use crate::run::{Decision, ExitStatus, Outcome, Ports, Recorded, StepState, recorded, roll_backs};

/// What a person says of steps of which nobody knows whether they were done.
#[derive(Clone, Copy)]
pub(super) struct Said<'a> {
    /// These are performed again.
    pub(super) again: &'a [String],
    /// These are done.
    pub(super) done: &'a [String],
}

pub(super) fn resume(
    named: Option<&str>,
    said: Said<'_>,
    wait: &Wait,
    pace: &Pace,
    seams: &Seams,
) -> Result<ExitStatus, Failure> {
    let state = world::state()?;
    world::runtime()?.block_on(async {
        let found = match named {
            Some(text) => the_run(&state, text).await?,
            None => the_only_one(&state).await?,
        };
        let run_id = found.forecast.run.clone();
        let mut interrupts = terminal::interrupts()?;
        let held = held_for(&state, &found, run::waits(wait.lock_wait), &mut interrupts).await?;
        held.during(async |held| {
            // Read again under the lock: whoever held it until now may have gone further.
            let found = resumable(&state, &run_id).await?.ok_or_else(|| ended(&run_id))?;
            let decided = decided(&found, said)?;
            let outcome = go_on(found, &decided, pace, held, &mut interrupts, seams).await?;
            Ok(run::tell(&outcome, Form::Text, pace.quiet))
        })
        .await
    })
}

/// Takes what a run needs for itself, to go on with it.
pub(super) async fn held_for(
    state: &Arc<StateFolder>,
    found: &Recorded,
    wait: Option<std::time::Duration>,
    interrupts: &mut mpsc::Receiver<()>,
) -> Result<Held, Failure> {
    hold(&asker(state, found), &resources_of(found).await?, &|_| found.forecast.run.clone(), wait, interrupts).await
}

fn asker<'a>(state: &'a Arc<StateFolder>, found: &'a Recorded) -> Asker<'a> {
    Asker { state, locations: &found.forecast.stores, plan: "PLAN".to_owned() }
}

/// Goes on with a run for which all is held.
pub(super) async fn go_on(
    found: Recorded,
    decided: &[Decision],
    pace: &Pace,
    held: &Held,
    interrupts: &mut mpsc::Receiver<()>,
    seams: &Seams,
) -> Result<Outcome, Failure> {
    let run_id = found.forecast.run.clone();
    held.note(&run_id).await;
    held.settle(&asker(&held.state, &found), &found.forecast).await?;
    let is_open = |step: &ForecastStep| !matches!(found.state.step(step.id), StepState::Done(_));
    for point in pins::pin(held, &found.forecast.stores, &found.forecast, &is_open).await? {
        output::say(&pins::gone(&point));
    }
    let ports = Ports { leases: held.keeper.leases(), ..world::writing(&found.forecast, &held.state, seams) };
    let watch = ledger::watched(terminal::watch(pace.quiet, found.times.clone()), &held.state, Some(&run_id)).await?;
    if !pace.quiet {
        output::say(&format!("resuming run {run_id}, begun {}", found.forecast.at));
    }
    let outcome = crate::run::resume(found, decided, pace.side_by_side, &ports, &watch, interrupts).await;
    watch.close().await;
    outcome.map_err(|fault| run::stopped(&run_id, &fault))
}

/// What becomes of the steps that are in doubt, as far as somebody said so.
fn decided(found: &Recorded, said: Said<'_>) -> Result<Vec<Decision>, Failure> {
    let in_doubt = found.in_doubt();
    let of = |name: &String, again: bool| {
        if said.again.contains(name) && said.done.contains(name) {
            return Err(Failure::usage(format!("{name} is either run again or done")));
        }
        let step = in_doubt.iter().find(|step| step.name.as_str() == name);
        step.map(|step| Decision { step: step.id, again }).ok_or_else(|| {
            let names: Vec<&str> = in_doubt.iter().map(|step| step.name.as_str()).collect();
            let there = if names.is_empty() { "no step is".to_owned() } else { names.join(", ") };
            Failure::usage(format!("step {name} is not in doubt; {there}"))
        })
    };
    let (again, done) = (said.again.iter().map(|name| of(name, true)), said.done.iter().map(|name| of(name, false)));
    again.chain(done).collect()
}

/// A run that can be gone on with; none where it has.
pub(super) async fn resumable(state: &StateFolder, run: &RunId) -> Result<Option<Recorded>, Failure> {
    Ok(recorded(state, run).await?.filter(|found| found.state.can_go_on()))
}

pub(super) async fn the_run(state: &StateFolder, text: &str) -> Result<Recorded, Failure> {
    let run = RunId::parse(text).map_err(|bad| Failure::usage(format!("{}; {}", bad.problem, bad.help)))?;
    if state.lines(&run).await?.is_none() {
        return Err(Failure::usage(format!("there is no run {run} on this host ({})", state.place(&run))));
    }
    if let Some(by) = roll_backs(state, run.began()).await?.into_iter().find(|(_, of)| *of == run).map(|(by, _)| by) {
        return Err(Failure::error(format!("run {run} was taken back by run {by}: begin the restore anew instead")));
    }
    resumable(state, &run).await?.ok_or_else(|| ended(&run))
}

fn ended(run: &RunId) -> Failure {
    Failure::error(format!("run {run} has ended: there is nothing to resume; run it again instead"))
}

async fn the_only_one(state: &StateFolder) -> Result<Recorded, Failure> {
    let (mut open, mut held, mut failed) = (vec![], vec![], None);
    for run in state.runs().await? {
        match recorded(state, &run).await {
            Ok(Some(found)) if found.state.end().is_none() => match is_held(state, &found).await? {
                true => held.push(run),
                false => open.push(found),
            },
            // Whoever goes on with a restore that failed names it: it may be of long ago, and what it puts back older still.
            Ok(Some(found)) if found.state.can_go_on() => failed = Some(run),
            Ok(_) => {}
            // One that cannot be read is no reason to leave the others.
            Err(fault) => output::say(&format!("left alone: {fault}")),
        }
    }
    let names: Vec<String> = open.iter().map(|found| found.forecast.run.to_string()).collect();
    match (open.pop(), open.is_empty()) {
        (Some(one), true) => Ok(one),
        (None, _) if held.is_empty() => {
            let named =
                failed.map_or_else(String::new, |run| format!("; restore {run} failed: name it to go on with it"));
            Err(Failure::error(format!("no run of this host can be resumed: each has ended{named}")))
        }
        (None, _) => Err(nothing_but(&held)),
        (Some(_), false) => {
            Err(Failure::usage(format!("more than one run can be resumed; name one: {}", names.join(", "))))
        }
    }
}

/// Whether somebody holds a lock of this run: it is alive, or another run is at work on the same.
async fn is_held(state: &StateFolder, found: &Recorded) -> Result<bool, Failure> {
    Ok(locks::take(state, &resources_of(found).await?).await?.is_err())
}

async fn resources_of(found: &Recorded) -> Result<Vec<Resource>, Failure> {
    let stores = world::reading(&found.forecast.stores);
    locks::Finder { tree: &Disk, stores: &stores }.of(&found.forecast).await
}

/// Nothing is dead: whoever asks again later may find something.
fn nothing_but(held: &[RunId]) -> Failure {
    let names: Vec<String> = held.iter().map(RunId::to_string).collect();
    let message = format!(
        "no run of this host can be resumed now: {} under way, or another run holds the lock; wait until it is done",
        if let [one] = names.as_slice() { format!("{one} is") } else { format!("{} are", names.join(", ")) }
    );
    Failure { status: ExitStatus::Locked, message }
}
