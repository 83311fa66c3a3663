//! The forecast of a roll-back: what a restore put into service is taken out of it again, and what was there before is put back.
//!
//! Unaware of plans: all that it needs stands in the journal of the restore, as what is there may be of another plan by now. Invariant:
//! nothing is deleted, and nothing is touched of which it is not plain that the restore put it there.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::database::switched_back;
use super::{
    Action, DatabaseAction, DatabaseSwitch, Deployment, FORMAT_VERSION, Forecast, ForecastStep, MachineLeft, Move,
    Outlook, OutlookStep, Subject, run_of,
};
use crate::graph::Effect;
use crate::observe::{InService, LinkNow, LinkSeen, PlaceNow, kept_beside, release_run};
use crate::ports::{Cause, DatabaseName, Fault};
use crate::primitives::{HostPath, Name, PathBytes, RunId, StepId, StepName};

/// What a roll-back is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RollBack {
    /// The run that is taken back.
    pub of: RunId,
    /// Which restore it carried out.
    pub restore: Name,
    /// The folders that it made: nobody else may be at work on them.
    pub destinations: Vec<HostPath>,
    /// What stays as it is, as nothing was there before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stays: Vec<HostPath>,
    /// The machines that it launched, which stay as they are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub machines: Vec<MachineLeft>,
}

/// What a step of a restore put into service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Which step.
    pub step: StepId,
    /// What was there before.
    pub before: Put,
    /// Whether the step said so; else it failed, and the world says how far it came.
    pub is_done: bool,
}

/// What was there before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// A link was set, which pointed there.
    Link(Option<PathBytes>),
    /// Places were switched, and what was there is called so.
    Places(Vec<PathBytes>),
    /// A database was, and the one that was in service is called so.
    Database(Option<DatabaseName>),
    /// Nothing: a machine was launched.
    Machine(MachineLeft),
}

impl Placed {
    /// What was renamed of databases, where one was kept.
    fn database<'f>(&self, of: &'f Forecast) -> Option<&'f DatabaseSwitch> {
        let (Put::Database(Some(_)), Action::Database(action)) = (&self.before, &of.step(self.step).action) else {
            return None;
        };
        match &**action {
            DatabaseAction::Switch(switch) => Some(switch),
            _ => None,
        }
    }

    /// The databases that were renamed, by the names that they have since.
    pub fn databases(&self, of: &Forecast) -> Vec<DatabaseName> {
        self.database(of).map(|switch| vec![switch.to.clone(), switch.kept.clone()]).unwrap_or_default()
    }

    /// The link that was set, and where it pointed, where it did.
    pub fn link(&self, of: &Forecast) -> Option<(HostPath, PathBytes)> {
        let (Put::Link(Some(previous)), Action::Deploy(deployment)) = (&self.before, &of.step(self.step).action) else {
            return None;
        };
        let link = deployment.link.as_ref()?.link.clone();
        Some((HostPath::on(deployment.on.as_deref(), link), previous.clone()))
    }

    /// The places that were switched and of which something was kept.
    pub fn places(&self, of: &Forecast) -> Vec<HostPath> {
        let (Put::Places(kept), Action::Switch { on, moves, .. }) = (&self.before, &of.step(self.step).action) else {
            return vec![];
        };
        let moves = moves.iter().filter(|step| kept.contains(&step.kept));
        moves.map(|step| HostPath::on(on.as_deref(), step.to.clone())).collect()
    }
}

/// Forecasts that what a restore put into service is taken back, the last first. `placed` is in the order in which it was put there, and
/// `roll_backs` are the runs that are known to be roll-backs themselves.
pub fn roll_back(
    of: &Forecast,
    placed: &[Placed],
    seen: &InService,
    roll_backs: &BTreeSet<RunId>,
    at: Timestamp,
) -> Outlook {
    let restore = match &of.subject {
        Subject::Restore { restore, .. } => restore.clone(),
        _ => of.plan.clone(),
    };
    let run = run_of(&of.plan, &of.host, at);
    let back = Back { of, seen, roll_backs, run: &run };
    let (mut stays, mut machines) = (vec![], vec![]);
    let mut steps: Vec<ForecastStep> = vec![];
    for placed in placed.iter().rev() {
        let before = of.step(placed.step);
        let taken = match (&placed.before, &before.action) {
            (Put::Link(previous), Action::Deploy(deployment)) => {
                back.link(deployment, previous.as_ref(), placed.is_done, &mut stays)
            }
            (Put::Places(kept), Action::Switch { target, on, moves }) => {
                let on = on.as_deref();
                let (moves, foreseen) = back.moves((on, moves), kept, placed.is_done, &mut stays);
                let action = Action::Switch { target: target.clone(), on: on.map(str::to_owned), moves };
                Some((action, foreseen)).filter(|(action, _)| !is_empty(action))
            }
            (Put::Machine(machine), _) => {
                machines.push(machine.clone());
                None
            }
            (Put::Database(_), _) => placed.database(of).and_then(|switch| back.database(switch, placed.is_done)),
            _ => None,
        };
        if let Some((action, foreseen)) = taken {
            let id = StepId(u32::try_from(steps.len()).unwrap_or(u32::MAX));
            let after = steps.last().map(|last| (last.id, true)).into_iter().collect();
            let (name, timeout) = (named(&before.name), before.timeout);
            let effect = Effect::Replace;
            steps.push(ForecastStep { id, name, effect, after, timeout, takes: None, action, yields: None, foreseen });
        }
    }
    let named: BTreeSet<&str> = steps.iter().filter_map(|step| step.action.host()).collect();
    let hosts = of.hosts.iter().filter(|(name, _)| named.contains(name.as_str()));
    let hosts = hosts.map(|(name, location)| (name.clone(), location.clone())).collect();
    let destinations: BTreeSet<HostPath> = of.steps.iter().filter_map(|step| step.action.destination()).collect();
    let destinations = destinations.into_iter().collect();
    Forecast {
        format_version: FORMAT_VERSION,
        plan: of.plan.clone(),
        host: of.host.clone(),
        subject: Subject::RollBack(RollBack { of: of.run.clone(), restore, destinations, stays, machines }),
        at,
        timezone: of.timezone.clone(),
        base: of.base.clone(),
        stores: BTreeMap::new(),
        hosts,
        secrets: BTreeSet::new(),
        limits: BTreeMap::new(),
        fail_fast: false,
        steps: steps.into_iter().map(|step| OutlookStep::Known(Box::new(step))).collect(),
        run,
    }
}

fn is_empty(action: &Action) -> bool {
    matches!(action, Action::Switch { moves, .. } if moves.is_empty())
}

/// The name of the step that takes another back: `roll-back/site/link-shop` for `restore/site/deploy-shop`.
fn named(before: &StepName) -> StepName {
    let (owner, kind) = before.as_str().rsplit_once('/').unwrap_or(("", before.as_str()));
    let owner = owner.strip_prefix("restore").unwrap_or(owner);
    let kind = kind.strip_prefix("deploy").map_or_else(|| kind.to_owned(), |rest| format!("link{rest}"));
    StepName::new(format!("roll-back{owner}"), &kind)
}

/// What a roll-back is made from.
struct Back<'a> {
    of: &'a Forecast,
    seen: &'a InService,
    roll_backs: &'a BTreeSet<RunId>,
    run: &'a RunId,
}

impl Back<'_> {
    /// A link goes back to where it pointed.
    fn link(
        &self,
        deployment: &Deployment,
        previous: Option<&PathBytes>,
        is_done: bool,
        stays: &mut Vec<HostPath>,
    ) -> Option<(Action, Option<Fault>)> {
        let at = HostPath::on(deployment.on.as_deref(), deployment.link.as_ref()?.link.clone());
        let Some(previous) = previous else {
            stays.extend(is_done.then_some(at));
            return None;
        };
        let now = self.seen.links.get(&at)?;
        let is_set = matches!(now, Ok(LinkNow { at: LinkSeen::To(now), .. }) if *now == deployment.into);
        if !is_done && !is_set {
            return None;
        }
        let action = Action::Link {
            target: deployment.target.clone(),
            on: at.host.clone(),
            link: at.path.clone(),
            from: deployment.into.clone(),
            to: previous.clone(),
        };
        Some((action, link_fault(deployment, &at, previous, now)))
    }

    /// A database gets its name back.
    fn database(&self, of: &DatabaseSwitch, is_done: bool) -> Option<(Action, Option<Fault>)> {
        let kept = self.seen.databases.get(&of.kept);
        // The step failed before it renamed anything.
        if !is_done && matches!(kept, Some(Ok(None))) {
            return None;
        }
        let (switch, foreseen) = switched_back(of, &self.of.run, &self.seen.databases);
        Some((Action::Database(Box::new(DatabaseAction::Switch(switch))), foreseen))
    }

    /// What was kept goes back to its places, the last first; and why it cannot.
    fn moves(
        &self,
        (on, moves): (Option<&str>, &[Move]),
        kept: &[PathBytes],
        is_done: bool,
        stays: &mut Vec<HostPath>,
    ) -> (Vec<Move>, Option<Fault>) {
        let (mut back, mut foreseen) = (vec![], None);
        for before in moves.iter().rev() {
            let at = HostPath::on(on, before.to.clone());
            if !kept.contains(&before.kept) {
                stays.push(at);
                continue;
            }
            let now = self.seen.places.get(&at);
            let is_kept = matches!(now, Some(Ok(now)) if now.kept.contains(&self.of.run));
            if !is_done && !is_kept {
                continue;
            }
            foreseen = foreseen.or_else(|| self.place_fault(before, now?));
            back.push(Move {
                from: before.kept.clone(),
                to: before.to.clone(),
                kept: kept_beside(&before.to, self.run),
                replaces: matches!(now, Some(Ok(PlaceNow { there: true, .. }))),
            });
        }
        (back, foreseen)
    }

    /// Why what was kept cannot go back to its place.
    fn place_fault(&self, before: &Move, now: &Result<PlaceNow, Fault>) -> Option<Fault> {
        let Move { to, kept, .. } = before;
        let now = match now {
            Err(fault) => return Some(fault.clone()),
            Ok(now) => now,
        };
        let fault = |cause, answer| Some(Fault::permanent(cause, format!("take {to} back"), answer));
        if !now.kept.contains(&self.of.run) {
            let answer = format!("{kept}, which was there before, is gone: it was put back already, or moved away");
            return fault(Cause::NotFound, answer);
        }
        // Of two runs of one second nobody can tell which was later.
        let is_later = |run: &&RunId| **run != self.of.run && run.began() >= self.of.run.began();
        let later = now.kept.iter().rev().filter(is_later).find(|run| !self.roll_backs.contains(run))?;
        let answer =
            format!("run {later} switched it later, and kept {}: take that back first", kept_beside(to, later));
        fault(Cause::Exists, answer)
    }
}

/// Why a link cannot go back to where it pointed.
fn link_fault(
    deployment: &Deployment,
    at: &HostPath,
    previous: &PathBytes,
    now: &Result<LinkNow, Fault>,
) -> Option<Fault> {
    let fault = |cause, answer: String| Some(Fault::permanent(cause, format!("take the link {at} back"), answer));
    let now = match now {
        Err(fault) => return Some(fault.clone()),
        Ok(now) => now,
    };
    match &now.at {
        LinkSeen::To(to) if *to == deployment.into && now.previous => None,
        LinkSeen::To(to) if *to == deployment.into => {
            fault(Cause::NotFound, format!("{previous}, to which it pointed before, is not there any more"))
        }
        LinkSeen::To(to) if to == previous => {
            fault(Cause::Exists, format!("it points to {previous} already: it was taken back"))
        }
        LinkSeen::To(to) => {
            let by = match release_run(&deployment.place().path, to) {
                Some(run) => format!(", which run {run} deployed later: take that back first"),
                None => ": somebody set it since, so set it by hand".to_owned(),
            };
            fault(Cause::Exists, format!("it points to {to} now{by}"))
        }
        LinkSeen::Nothing => fault(Cause::NotFound, "nothing is there any more".into()),
        LinkSeen::Other => fault(Cause::Exists, "something that is no link is there now".into()),
    }
}
