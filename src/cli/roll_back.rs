//! `sonae roll-back`.

use std::collections::BTreeMap;

use super::arguments::{Dry, Form, RollBackArguments};
use super::hold::{Asker, hold, unless_interrupted};
use super::locks::Resource;
use super::{Failure, Seams, locks, output, run, terminal, world};
use crate::drivers::{Disk, StateFolder, SvnPrograms, SystemClock, TemporaryTables};
use crate::forecast::{self, Outlook, Placed, Put, Subject};
use crate::observe::{self, Reading};
use crate::ports::{Clock as _, JournalRead as _};
use crate::primitives::{HostPath, RunId};
use crate::report;
use crate::run::{ExitStatus, Recorded, recorded, roll_backs};

pub(super) fn roll_back(arguments: &RollBackArguments, seams: &Seams) -> Result<ExitStatus, Failure> {
    let state = world::state()?;
    let of = RunId::parse(&arguments.run).map_err(|bad| Failure::usage(format!("{}; {}", bad.problem, bad.help)))?;
    world::runtime()?.block_on(async {
        let found = the_restore(&state, &of).await?;
        if arguments.dry_run {
            let outlook = outlook(&state, &ended(&state, found).await?, SystemClock.now()).await?;
            let (dry_run, detailed_exitcode) = (true, arguments.detailed_exitcode);
            let dry = Dry { dry_run, detailed_exitcode, offline: false, now: None };
            return run::print(&outlook, &dry, arguments.format.format);
        }
        let into: Vec<HostPath> = found.forecast.steps.iter().filter_map(|step| step.action.destination()).collect();
        let stores = BTreeMap::new();
        let mut resources = locks::Finder { tree: &Disk, stores: &stores }.destinations(&into).await?;
        let databases = found.placed().iter().flat_map(|placed| placed.databases(&found.forecast)).collect::<Vec<_>>();
        resources.extend(databases.iter().map(Resource::of_new_database));
        let locations = BTreeMap::new();
        let asker = Asker { state: &state, locations: &locations, plan: "PLAN".to_owned() };
        let named = |at| forecast::run_of(&found.forecast.plan, &found.forecast.host, at);
        let mut interrupts = terminal::interrupts()?;
        let waits = run::waits(arguments.wait.lock_wait);
        let held = hold(&asker, &resources, &named, waits, &mut interrupts).await?;
        held.during(async |held| {
            // Read again under the lock: whoever held it until now may have gone further.
            let found = ended(&state, the_restore(&state, &of).await?).await?;
            let outlook = unless_interrupted(&mut interrupts, outlook(&state, &found, held.at)).await??;
            let said = report::roll_back::announced(&outlook);
            let forecast = run::performable(outlook)?;
            if let Some((step, fault)) = forecast.refused() {
                return Err(Failure::error(format!("{} would fail, so nothing was done: {fault}", step.name)));
            }
            if !arguments.pace.quiet && arguments.format.format == Form::Text {
                output::say(&said);
            }
            run::carry_out(forecast, arguments.format.format, &arguments.pace, held, &mut interrupts, seams).await
        })
        .await
    })
}

/// The run that is to be taken back, where it is a restore.
async fn the_restore(state: &StateFolder, of: &RunId) -> Result<Recorded, Failure> {
    let unknown = || {
        let place = state.place(of);
        Failure::usage(format!("there is no run {of} on this host ({place}); `sonae history` lists those there are"))
    };
    let found = recorded(state, of).await?.ok_or_else(unknown)?;
    match &found.forecast.subject {
        Subject::Restore { .. } => Ok(found),
        Subject::RollBack(back) => Err(Failure::usage(format!(
            "run {of} took run {} back, and is not taken back itself: carry out restore {} again instead",
            back.of, back.restore
        ))),
        Subject::Backup { .. } | Subject::Slice(_) => {
            Err(Failure::usage(format!("run {of} is a backup, and only a restore can be taken back")))
        }
    }
}

/// The same, where it has ended and nobody took it back.
async fn ended(state: &StateFolder, found: Recorded) -> Result<Recorded, Failure> {
    let of = &found.forecast.run;
    if found.state.end().is_none() {
        return Err(Failure::error(format!(
            "run {of} has not ended, and may be under way: `sonae resume {of}` goes on with it; take it back when it has ended"
        )));
    }
    let back = roll_backs(state, of.began()).await?;
    let Some(by) = back.iter().find(|(_, taken)| *taken == of).map(|(by, _)| by) else { return Ok(found) };
    Err(Failure::error(match recorded(state, by).await? {
        Some(begun) if begun.state.can_go_on() => {
            format!("run {by} takes run {of} back already: go on with `sonae resume {by}`")
        }
        _ => format!("run {of} was taken back already, by run {by}"),
    }))
}

/// What would be taken back, as things are now.
async fn outlook(state: &StateFolder, found: &Recorded, at: jiff::Timestamp) -> Result<Outlook, Failure> {
    let (of, placed) = (&found.forecast, found.placed());
    let (hosts, stores) = (world::reading_hosts(&of.hosts), BTreeMap::new());
    let reading = Reading {
        tree: &Disk,
        hosts: &hosts,
        stores: &stores,
        subversion: &SvnPrograms,
        databases: &world::databases(),
        machines: &*world::machines(),
        scratch: &TemporaryTables,
        clock: &SystemClock,
    };
    let links: Vec<_> = placed.iter().filter_map(|placed| placed.link(of)).collect();
    let places: Vec<_> = placed.iter().flat_map(|placed| placed.places(of)).collect();
    let databases: Vec<_> = placed.iter().flat_map(|placed| placed.databases(of)).collect();
    let seen = observe::in_service(&reading, &links, &places, &databases).await;
    let known = roll_backs(state, of.run.began()).await?.into_keys().collect();
    let outlook = forecast::roll_back(of, &placed, &seen, &known, at);
    if outlook.steps.is_empty() { Err(nothing(of.run.clone(), &placed)) } else { Ok(outlook) }
}

fn nothing(of: RunId, placed: &[Placed]) -> Failure {
    let is_machine = |placed: &Placed| matches!(placed.before, Put::Machine(_));
    let (machines, placed): (Vec<&Placed>, Vec<&Placed>) = placed.iter().partition(|placed| is_machine(placed));
    let why = match placed.iter().any(|placed| placed.is_done) {
        true => "where it put something, nothing was before".to_owned(),
        false if !machines.is_empty() => format!(
            "it launched a machine, which stays, until whoever does not need it terminates it: `aws ec2 describe-instances --filters \
             Name=tag:sonae:run,Values={of}` finds it"
        ),
        false => "it set no link, and switched no place and no database".to_owned(),
    };
    Failure::error(format!("there is nothing to take back of run {of}: {why}"))
}
