//! The steps of a restore, and of a restore that is practised.

use std::collections::HashMap;

use super::{Builder, Deed, argv, needs};
use crate::graph::{Driver, Effect, LAUNCHED, Output, OutputKind, Slice};
use crate::plan::{Deploy, Input, Into, Launch, OutputName, Probe, ProbeKind, Recover, Restore, RestoreStep, Source};
use crate::ports::DatabaseName;
use crate::primitives::{Duration, HostPath, Name, PathBytes, Spanned, StepId};

/// What a line of steps is compiled for.
pub(super) struct Line<'s> {
    pub(super) slice: &'s Slice,
    /// Where everything is put where it is practised; what touches the live service is then left out.
    pub(super) scratch: Option<&'s Scratch>,
}

/// Where a drill puts what it restores.
pub(super) enum Scratch {
    /// Below a folder, by the names of the targets.
    Below(PathBytes),
    /// Beside the restore's own destinations.
    Beside,
}

impl Scratch {
    fn path(&self, target: &Name, destination: &PathBytes) -> PathBytes {
        match self {
            Self::Below(folder) => folder.join(target.as_str().as_bytes()),
            Self::Beside => PathBytes::new([destination.as_bytes(), b".drill"].concat()),
        }
    }
}

/// What is known of the steps of one restore that were compiled so far.
#[derive(Default)]
pub(super) struct Earlier<'s> {
    /// Where targets were put.
    pub(super) recovered: HashMap<&'s Name, HostPath>,
    /// As which databases.
    pub(super) databases: HashMap<&'s Name, DatabaseName>,
    /// Those that yield something, by what others call them; the last where several are called the same.
    pub(super) labels: HashMap<&'s str, StepId>,
    /// Where a drill puts what the plan puts elsewhere.
    moved: Vec<(PathBytes, PathBytes)>,
}

impl Builder<'_> {
    pub(super) fn restore(&mut self, restore: &Restore) {
        let slice = Slice::Restore(restore.name.value.clone());
        self.whole(&Line { slice: &slice, scratch: None }, restore, vec![]);
    }

    /// All steps of a restore, within whichever line. What its steps yield is known within it alone.
    pub(super) fn whole(&mut self, line: &Line<'_>, restore: &Restore, before: Vec<StepId>) -> Vec<StepId> {
        self.sequence(line, &restore.steps, before, &mut Earlier::default())
    }

    /// Adds steps one after the other; each waits for all that end the one before. Answers what ends the last.
    fn sequence<'s>(
        &mut self,
        line: &Line<'_>,
        steps: &'s [RestoreStep],
        before: Vec<StepId>,
        earlier: &mut Earlier<'s>,
    ) -> Vec<StepId> {
        steps.iter().fold(before, |before, step| match step {
            RestoreStep::Parallel(children) => {
                let ends: Vec<StepId> = children
                    .iter()
                    .flat_map(|child| self.sequence(line, std::slice::from_ref(child), before.clone(), earlier))
                    .collect();
                if ends.is_empty() { before } else { ends }
            }
            RestoreStep::Restore(included) => {
                let held = self.restores.get(&included.restore.value).copied();
                held.map_or(before.clone(), |held| self.whole(line, held, before))
            }
            RestoreStep::Switch(_) | RestoreStep::Command(_) | RestoreStep::Announce(_) if line.scratch.is_some() => {
                before
            }
            single => vec![self.single(line, single, &before, earlier)],
        })
    }

    fn single<'s>(
        &mut self,
        line: &Line<'_>,
        step: &'s RestoreStep,
        before: &[StepId],
        earlier: &mut Earlier<'s>,
    ) -> StepId {
        let driven = match (line.slice, line.scratch) {
            (Slice::Restore(restore), None) => self.driven(restore, step, before, earlier),
            _ => None,
        };
        let id = driven.unwrap_or_else(|| self.described(line, step, before, earlier));
        let retrieval = self.retrieval(step);
        let takes = step.takes().map(|takes| takes.value.seconds.saturating_add(retrieval));
        self.steps[id.index()].takes = takes.map(Duration::from_seconds);
        if let Some(label) = step.label() {
            earlier.labels.insert(label, id);
        }
        if let (RestoreStep::Recover(Recover { target, into: Into::Path { path, .. }, .. }), Some(scratch)) =
            (step, line.scratch)
        {
            let planned = self.absolute(&path.value);
            let into = scratch.path(&target.value, &planned);
            earlier.moved.push((planned, into));
        }
        id
    }

    /// How long it takes at most until what a step recovers is handed out by the store that it lies in, in seconds.
    fn retrieval(&self, step: &RestoreStep) -> u64 {
        let RestoreStep::Recover(recover) = step else { return 0 };
        let backups = self.targets.get(&recover.target.value).into_iter().flat_map(|target| &target.backups);
        let stores = backups.filter_map(|backup| self.stores.get(&backup.store()?.value)?.retrieval());
        stores.map(|retrieval| retrieval.seconds).max().unwrap_or(0)
    }

    /// A step that no driver performs, or that is practised.
    fn described(&mut self, line: &Line<'_>, step: &RestoreStep, before: &[StepId], earlier: &Earlier<'_>) -> StepId {
        let (name, mut deed) = self.deed(line, step, earlier);
        if line.scratch.is_some() {
            deed.lacks = Driver::Drills;
        }
        let inputs = step.inputs().filter_map(|input| output(input, &earlier.labels)).collect::<Vec<_>>();
        let yielded = |input: &Output| self.steps[input.step.index()].kind.yields().contains(&input.kind);
        let inputs = inputs.into_iter().filter(yielded).collect();
        let span = step.span();
        let after = before.iter().map(|on| needs(*on, span)).collect();
        let id = self.undriven(line.slice, &name, deed, inputs, after, span);
        if let RestoreStep::Command(command) = step
            && let Some(timeout) = &command.timeout
        {
            self.steps[id.index()].timeout = timeout.value;
        }
        id
    }

    /// What a step is called, and what it does in words.
    fn deed(&self, line: &Line<'_>, step: &RestoreStep, earlier: &Earlier<'_>) -> (String, Deed) {
        let plain = |word: &'static str, what: String, effect, lacks| Deed {
            word,
            what,
            details: vec![],
            effect,
            yields: &[],
            lacks,
        };
        match step {
            RestoreStep::Recover(recover) => {
                (format!("recover-{}", recover.target.value), self.recovering(line, recover))
            }
            RestoreStep::Probe(probe) => ("probe".into(), self.probing(probe, earlier)),
            RestoreStep::Approve(approve) => {
                let what = format!("{:?}, by a person with the role {}", approve.name.value, approve.by.value);
                ("approve".into(), plain("approve", what, Effect::Read, Driver::Drills))
            }
            RestoreStep::Launch(launch) => ("launch".into(), self.launching(launch)),
            RestoreStep::Deploy(deploy) => (format!("deploy-{}", deploy.target.value), self.deploying(line, deploy)),
            RestoreStep::Command(command) => {
                let what = shown(&command.argv) + &on(command.host.as_ref());
                ("command".into(), plain("command", what, Effect::Execute, Driver::NewMachines))
            }
            RestoreStep::Switch(switch) => {
                let target = &switch.target.value;
                let what = format!("{target}: what was recovered into its place, what is there beside");
                (format!("switch-{target}"), plain("switch", what, Effect::Replace, self.recovers_with(target)))
            }
            RestoreStep::Announce(announcing) => {
                let name = &announcing.announce.value;
                let what = format!("the notice {name}");
                (format!("announce-{name}"), plain("announce", what, Effect::Execute, Driver::Notices))
            }
            RestoreStep::Parallel(_) | RestoreStep::Restore(_) => unreachable!("what holds steps is no step"),
        }
    }

    fn recovering(&self, line: &Line<'_>, recover: &Recover) -> Deed {
        let lacks = match &recover.into {
            Into::Path { host: Some(host), .. } if host.value.output().is_some() => Driver::NewMachines,
            _ => self.recovers_with(&recover.target.value),
        };
        let yields: &'static [OutputKind] = match lacks {
            Driver::Rds => &[OutputKind::Instance, OutputKind::Address],
            _ => &[OutputKind::Path],
        };
        let into = match &recover.into {
            Into::Path { path, host } => {
                format!("{}{}", self.place(line, &recover.target.value, &path.value), on(host.as_ref()))
            }
            Into::Database { database, .. } if line.scratch.is_some() => format!("{database}-drill"),
            Into::Database { database, .. } => database.to_string(),
        };
        let what = format!("{} into {into}", recover.target.value);
        let from = recover.from_host.as_ref().map(|host| format!("recovery points of host {}", host.value));
        Deed { word: "recover", what, details: from.into_iter().collect(), effect: Effect::Add, yields, lacks }
    }

    /// What recovers a target that is not folders which are kept whole.
    fn recovers_with(&self, target: &Name) -> Driver {
        match self.targets.get(target).and_then(|target| target.source.as_ref()) {
            Some(Source::Rds(_)) => Driver::Rds,
            Some(Source::Mysql(_)) => Driver::Mysql,
            _ => Driver::LogDays,
        }
    }

    /// In a drill, what lies below what was recovered is looked for where that is.
    fn probing(&self, probe: &Probe, earlier: &Earlier<'_>) -> Deed {
        let (how, effect) = match &probe.kind {
            ProbeKind::Path(path) => {
                let planned = self.absolute(&path.value);
                let moved = earlier.moved.iter().find(|(from, _)| planned.to_path().starts_with(from.to_path()));
                let path = moved.map_or_else(|| planned.clone(), |(from, into)| planned.moved(from, into));
                (format!("something is at {path}"), Effect::Read)
            }
            ProbeKind::Command(words) => (format!("{} exits with 0", shown(words)), Effect::Execute),
            ProbeKind::Http { url, status } => {
                let status = status.as_ref().map_or(200, |status| status.value);
                (format!("{} answers {status}", url.value), Effect::Read)
            }
            ProbeKind::Tcp { host, port } => {
                (format!("{} listens at port {}", host.value.shown(), port.value), Effect::Read)
            }
            ProbeKind::Sql { query, host, .. } => {
                (format!("{:?} yields a row at {}", query.value, host.value.shown()), Effect::Read)
            }
        };
        let what = probe.name.value.clone();
        // What it looks at is the machine that a step launches, or the database that one brings back.
        let lacks = if matches!(probe.kind, ProbeKind::Sql { .. }) { Driver::Rds } else { Driver::NewMachines };
        Deed { word: "probe", what, details: vec![how], effect, yields: &[], lacks }
    }

    /// Where something is put: where the plan says, or into scratch.
    fn place(&self, line: &Line<'_>, target: &Name, written: &str) -> String {
        let destination = self.absolute(written);
        line.scratch.map_or_else(|| destination.to_string(), |scratch| scratch.path(target, &destination).to_string())
    }

    /// One that is practised.
    fn launching(&self, launch: &Launch) -> Deed {
        let (what, details) = match self.launch_step(&launch.image.value, launch) {
            Some(step) => step.described(),
            None => (format!("{:?} from the image of {}", launch.name.value, launch.image.value), vec![]),
        };
        Deed { word: "launch", what, details, effect: Effect::Add, yields: LAUNCHED, lacks: Driver::Drills }
    }

    fn deploying(&self, line: &Line<'_>, deploy: &Deploy) -> Deed {
        let target = self.targets.get(&deploy.target.value);
        let from = match target.and_then(|target| target.source.as_ref()) {
            Some(Source::Release(release)) => release.from.to_string(),
            _ => String::new(),
        };
        let into = self.place(line, &deploy.target.value, &deploy.path.value);
        let what = format!("{} from {from} into {into}{}", deploy.target.value, on(deploy.host.as_ref()));
        let link = deploy
            .link
            .as_ref()
            .filter(|_| line.scratch.is_none())
            .map(|link| format!("then sets {} to it", link.value));
        Deed {
            word: "deploy",
            what,
            details: link.into_iter().collect(),
            effect: Effect::Replace,
            yields: &[OutputKind::Path],
            // Where it is not practised: it goes to the machine that a step launches.
            lacks: Driver::NewMachines,
        }
    }
}

/// A program and its arguments as the plan has them.
fn shown(words: &[Spanned<Input>]) -> String {
    let words: Vec<String> = words.iter().map(|word| word.value.shown()).collect();
    argv(words.iter().map(String::as_str))
}

/// ` on web-1`, where a plan says which host.
fn on(host: Option<&Spanned<Input>>) -> String {
    host.map_or_else(String::new, |host| format!(" on {}", host.value.shown()))
}

/// What an input refers to, among the steps that were compiled before.
pub(super) fn output(input: &OutputName, labels: &HashMap<&str, StepId>) -> Option<Output> {
    let step = labels.get(input.step.as_str())?;
    let kinds = [OutputKind::Instance, OutputKind::Address, OutputKind::Path];
    let kind = kinds.into_iter().find(|kind| kind.slot() == Some(input.slot.as_str()))?;
    Some(Output { step: *step, kind })
}
