//! Parts of a plan that a command is asked for: those of this host, and those that this version has drivers for.

use std::collections::{BTreeMap, BTreeSet};

use super::{Failure, output};
use crate::graph::{Driver, Graph, Slice};
use crate::plan::Plan;
use crate::primitives::{JobName, Name};
use crate::prove::Lacking;

/// Refuses what this version has no driver for, before anything is looked at or begun.
pub(super) fn refuse(graph: &Graph) -> Result<(), Failure> {
    let lacking = graph.lacking();
    if lacking.is_empty() {
        return Ok(());
    }
    let mut message = String::from("nothing was done, because this version has no driver for all of it:");
    for line in told(&lacking) {
        message.push_str(&format!("\n  {line}"));
    }
    message.push_str("\n`--dry-run` shows what would be done");
    if graph.steps().iter().any(|step| !lacking.contains_key(&step.kind.slice())) {
        message.push_str("; what is not named here can be run by its name");
    }
    Err(Failure::error(message))
}

/// What cannot be carried out, one line each.
pub(super) fn told(lacking: &Lacking) -> impl Iterator<Item = String> {
    lacking.iter().map(|(slice, drivers)| format!("{slice} {}", needed(drivers)))
}

/// That nobody is told by what a plan declares for that, where it does.
pub(super) fn untold(plan: &Plan) -> Option<String> {
    let names: Vec<String> = plan.notifies.iter().map(|notify| format!("\"{}\"", notify.name.value)).collect();
    (!names.is_empty()).then(|| format!("this version tells nobody: notify {} is not performed", names.join(", ")))
}

/// The jobs that this version cannot carry out, and what each needs.
pub(super) fn undone(graph: &Graph) -> BTreeMap<JobName, String> {
    let of = |(slice, drivers): (Slice, BTreeSet<Driver>)| match slice {
        Slice::Job(job) => Some((job, format!("it {}", needed(&drivers)))),
        _ => None,
    };
    graph.lacking().into_iter().filter_map(of).collect()
}

fn needed(drivers: &BTreeSet<Driver>) -> String {
    let drivers: Vec<String> = drivers.iter().map(Driver::to_string).collect();
    format!("needs a driver for {}", drivers.join(", "))
}

/// The jobs that were chosen whose stores can be asked, each with its store; the others are told.
pub(super) fn asked<'p, T>(
    plan: &'p Plan,
    chosen: &'p BTreeSet<JobName>,
    stores: &'p BTreeMap<Name, T>,
) -> impl Iterator<Item = (JobName, Name)> + use<'p, T> {
    let all = plan.backups().map(|(target, backup)| (target.job(backup), backup.store()));
    all.filter(|(job, _)| chosen.contains(job)).filter_map(|(job, store)| {
        let known = store.filter(|store| stores.contains_key(&store.value));
        if let (Some(store), None) = (store, known) {
            let store = &store.value;
            output::say(&format!("{job}: store {store} was not asked, as this version has no driver for it"));
        }
        Some((job, known?.value.clone()))
    })
}

/// Of the jobs that were chosen, those of a host. One that was named, and is of others, is refused; and so is a host that the plan does not
/// know, where it is one for several: a slip in its name, and nothing would ever be backed up there.
pub(super) fn of_host(
    plan: &Plan,
    chosen: BTreeSet<JobName>,
    were_named: bool,
    host: &Name,
) -> Result<BTreeSet<JobName>, Failure> {
    let targets: BTreeMap<_, _> = plan.targets.iter().map(|target| (&target.name.value, target)).collect();
    let (own, others): (BTreeSet<JobName>, BTreeSet<JobName>) =
        chosen.into_iter().partition(|job| targets.get(&job.target).is_none_or(|target| target.is_of(host)));
    let is_of_several = plan.targets.iter().any(|target| !target.hosts.is_empty());
    let is_declared = plan.hosts.iter().any(|declared| declared.name.value == *host);
    if is_of_several && !is_declared && !were_named {
        let hosts: Vec<&str> = plan.hosts.iter().map(|host| host.name.value.as_str()).collect();
        let message = format!("this is {host}, and the plan declares {}", hosts.join(", "));
        return Err(Failure::usage(format!("{message}; where it is one of them, say so with --host")));
    }
    let Some(other) = others.first().filter(|_| were_named || own.is_empty()) else { return Ok(own) };
    let hosts = targets.get(&other.target).map(|target| target.hosts.as_slice()).unwrap_or_default();
    let hosts: Vec<&str> = hosts.iter().map(|host| host.value.as_str()).collect();
    let message = format!("{other} is backed up on {}, and this is {host}", hosts.join(", "));
    Err(Failure::usage(format!("{message}; where it is one of them, say so with --host")))
}
