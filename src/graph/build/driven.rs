//! The steps of a restore that this version has a driver for.

use super::restore::{Earlier, output};
use super::{Builder, awaiting, needs};
use crate::catalog::host_name;
use crate::graph::{Argument, Driver, ProbeCheck, ReleaseSource, SqlCheck, StepKind};
use crate::plan::{
    Approve, Command, Deploy, Input, Into, MYSQL_PORT, Probe, ProbeKind, Recover, ReleaseFrom, RestoreStep, Secret,
    Source, SqlLogin, Switch, Target,
};
use crate::ports::{Person, SecretPlace};
use crate::primitives::{Digest, Duration, HostPath, JobName, Key, Name, PathBytes, Span, Spanned, StepId};

/// How long a probe is tried again where the plan says nothing.
const PATIENCE: Duration = Duration::from_seconds(60);

impl Builder<'_> {
    /// Adds a step that can be performed; none where it cannot.
    pub(super) fn driven<'s>(
        &mut self,
        restore: &Name,
        step: &'s RestoreStep,
        before: &[StepId],
        earlier: &mut Earlier<'s>,
    ) -> Option<StepId> {
        match step {
            RestoreStep::Recover(recover) if self.is_driven(recover) => {
                let Into::Path { path, host } = &recover.into else { return None };
                let host = host.as_ref().and_then(named);
                let into = HostPath { host, path: self.absolute(&path.value) };
                earlier.recovered.insert(&recover.target.value, into.clone());
                Some(self.recover(restore, recover, into, before))
            }
            RestoreStep::Recover(recover) => self.recover_database(restore, recover, before, earlier),
            RestoreStep::Probe(probe) => self.probe(restore, probe, before, earlier),
            RestoreStep::Approve(approve) => Some(self.approve(restore, approve, before)),
            RestoreStep::Command(command) => self.command(restore, command, before, earlier),
            RestoreStep::Launch(launch) => self.launch(restore, launch, before),
            RestoreStep::Switch(switch) => self
                .switch(restore, switch, before, earlier)
                .or_else(|| self.switch_database(restore, switch, before, earlier)),
            RestoreStep::Deploy(deploy) if is_known(deploy.host.as_ref()) => self.deploy(restore, deploy, before),
            _ => None,
        }
    }

    /// Adds a step under the first name that is free.
    pub(super) fn named(
        &mut self,
        restore: &Name,
        word: &str,
        kind: StepKind,
        before: &[StepId],
        span: Span,
    ) -> StepId {
        let name = self.numbered(&format!("restore/{restore}"), word);
        let after = before.iter().map(|on| needs(*on, span)).collect();
        let after = awaiting(kind.inputs(), after, span);
        self.add(name, kind, after, span)
    }

    /// Whether this version has a driver for what is recovered, wherever the points lie.
    fn is_driven(&self, recover: &Recover) -> bool {
        let target = self.targets.get(&recover.target.value);
        let is_folders = target.is_some_and(|target| target.source.as_ref().is_some_and(|of| of.files().is_some()));
        let is_placed = matches!(&recover.into, Into::Path { host, .. } if is_known(host.as_ref()));
        is_folders && is_placed && !whole_jobs(target.copied()).is_empty()
    }

    fn recover(&mut self, restore: &Name, recover: &Recover, into: HostPath, before: &[StepId]) -> StepId {
        let target = &recover.target.value;
        let jobs = whole_jobs(self.targets.get(target).copied());
        let lacks: Vec<Option<Driver>> = jobs.iter().map(|(_, store)| self.store_lacks(store)).collect();
        let from_host = recover.from_host.as_ref().map(|host| host_name(&host.value));
        let key = self.lacks_key(into.host.as_deref());
        let kind = StepKind::Recover { restore: restore.clone(), target: target.clone(), jobs, from_host, into };
        let id = self.named(restore, &format!("recover-{target}"), kind, before, recover.span);
        // While one of the stores can be read, a point may be found there.
        self.steps[id.index()].lacks =
            key.or_else(|| lacks.iter().all(Option::is_some).then(|| lacks.first().copied().flatten()).flatten());
        id
    }

    /// None where it looks at what nothing yields, which is told elsewhere.
    fn probe(&mut self, restore: &Name, probe: &Probe, before: &[StepId], earlier: &Earlier<'_>) -> Option<StepId> {
        let how = match &probe.kind {
            ProbeKind::Path(path) => ProbeCheck::Path(self.absolute(&path.value)),
            ProbeKind::Command(argv) => ProbeCheck::Command(words(argv, earlier)?),
            ProbeKind::Http { url, status } => {
                ProbeCheck::Http { url: url.value.clone(), status: status.as_ref().map_or(200, |status| status.value) }
            }
            ProbeKind::Tcp { host, port } => ProbeCheck::Tcp { host: self.reached(host, earlier)?, port: port.value },
            ProbeKind::Sql { query, host, login } => {
                ProbeCheck::Sql(Box::new(self.sql(&query.value, self.reached(host, earlier)?, login)))
            }
        };
        // What was just restored is there at once or never.
        let usual =
            if matches!(how, ProbeCheck::Path(_)) { None } else { probe.takes.as_ref().map(|takes| takes.value) };
        let none = if matches!(how, ProbeCheck::Path(_)) { Duration::default() } else { PATIENCE };
        let patience = probe.timeout.as_ref().map(|timeout| timeout.value).or(usual).unwrap_or(none);
        let (restore_name, shows) = (restore.clone(), probe.name.value.clone());
        let kind = StepKind::Probe { restore: restore_name, shows, how, patience };
        Some(self.named(restore, "probe", kind, before, probe.span))
    }

    fn sql(&self, query: &str, host: Argument, login: &SqlLogin) -> SqlCheck {
        let text = |written: &Option<Spanned<String>>| written.as_ref().map(|text| text.value.clone());
        let place = |secret: &Secret| match secret {
            Secret::Env(name) => SecretPlace::Env(name.clone()),
            Secret::File(path) => SecretPlace::File(self.absolute(path)),
        };
        SqlCheck {
            query: query.to_owned(),
            host,
            port: login.port.as_ref().map_or(MYSQL_PORT, |port| port.value),
            user: text(&login.user),
            password: login.password.as_ref().map(|password| place(&password.value)),
            database: text(&login.database),
            ca: login.ca.as_ref().map(|ca| self.absolute(&ca.value)),
        }
    }

    /// The address of a machine: by its name in the plan, as it is written, or as a step yields it.
    fn reached(&self, host: &Spanned<Input>, earlier: &Earlier<'_>) -> Option<Argument> {
        let written = match &host.value {
            Input::Text(written) => written,
            Input::Output(name) => return output(name, &earlier.labels).map(Argument::Output),
        };
        let declared = self.hosts.get(written.as_str()).and_then(|host| host.ssh.as_ref());
        Some(Argument::Text(declared.map_or_else(|| written.clone(), |ssh| ssh.address.value.clone())))
    }

    /// What is lacking to reach another host: `ssh` takes a private key from a file.
    fn lacks_key(&self, host: Option<&str>) -> Option<Driver> {
        let ssh = self.hosts.get(host?)?.ssh.as_ref()?;
        let is_in_environment = matches!(ssh.identity.as_ref()?.value, Secret::Env(_));
        is_in_environment.then_some(Driver::SshKeys)
    }

    fn approve(&mut self, restore: &Name, approve: &Approve, before: &[StepId]) -> StepId {
        let members = self.roles.get(&approve.by.value).map(|role| role.members.as_slice()).unwrap_or_default();
        let people = members
            .iter()
            .map(|member| Person { person: member.person.value.clone(), account: member.user.value.clone() });
        let (what, role, people) = (approve.name.value.clone(), approve.by.value.clone(), people.collect());
        let kind = StepKind::Approve { restore: restore.clone(), what, role, people };
        self.named(restore, "approve", kind, before, approve.span)
    }

    /// None where it takes in what is yielded by nothing, which is told elsewhere.
    fn command(
        &mut self,
        restore: &Name,
        command: &Command,
        before: &[StepId],
        earlier: &Earlier<'_>,
    ) -> Option<StepId> {
        let (argv, repeatable) = (words(&command.argv, earlier)?, command.repeatable);
        let on = match command.host.as_ref().map(|host| &host.value) {
            None => None,
            Some(Input::Text(name)) => Some(Argument::Text(name.clone())),
            Some(Input::Output(name)) => Some(output(name, &earlier.labels).map(Argument::Output)?),
        };
        let key = self.lacks_key(on.as_ref().and_then(Argument::text));
        let kind = StepKind::Command { restore: restore.clone(), argv, on, repeatable };
        let id = self.named(restore, "command", kind, before, command.span);
        self.steps[id.index()].lacks = key;
        if let Some(timeout) = &command.timeout {
            self.steps[id.index()].timeout = timeout.value;
        }
        Some(id)
    }

    /// None where the target is no release, which is told elsewhere.
    fn deploy(&mut self, restore: &Name, deploy: &Deploy, before: &[StepId]) -> Option<StepId> {
        let target = &deploy.target.value;
        let Some(Source::Release(release)) = self.targets.get(target)?.source.as_ref() else { return None };
        let from = self.release(&release.from)?;
        let host = deploy.host.as_ref().and_then(named);
        let store = from.store().and_then(|store| self.store_lacks(store));
        let lacks = self.lacks_key(host.as_deref()).or(store);
        let into = HostPath { host, path: self.absolute(&deploy.path.value) };
        let link = deploy.link.as_ref().map(|link| self.absolute(&link.value));
        // Two that put one release into one place are one after the other: the second finds what the first made.
        let same = self.steps.iter().rev().find(|step| {
            matches!(&step.kind, StepKind::Deploy { restore: of, target: other, into: there, .. }
                if of == restore && other == target && *there == into)
        });
        let before: Vec<StepId> = before.iter().copied().chain(same.map(|step| step.id)).collect();
        let kind = StepKind::Deploy { restore: restore.clone(), target: target.clone(), from, into, link };
        let id = self.named(restore, &format!("deploy-{target}"), kind, &before, deploy.span);
        self.steps[id.index()].lacks = lacks;
        Some(id)
    }

    fn release(&self, from: &ReleaseFrom) -> Option<ReleaseSource> {
        let digest = |hex: &str| Digest::try_from(format!("sha256:{}", hex.to_ascii_lowercase())).ok();
        Some(match from {
            ReleaseFrom::Svn(url) => ReleaseSource::Subversion { url: url.value.clone() },
            ReleaseFrom::Archive { path, store, sha256, strip } => {
                let (sha256, strip) = (digest(&sha256.value)?, strip.as_ref().map_or(0, |strip| strip.value.get()));
                match store {
                    None => ReleaseSource::File { path: self.absolute(&path.value), sha256, strip },
                    Some(store) => {
                        let (store, key) = (store.value.clone(), Key::parse(&path.value).ok()?);
                        ReleaseSource::Object { store, key, sha256, strip }
                    }
                }
            }
        })
    }

    /// None where nothing was recovered that can be renamed.
    fn switch(&mut self, restore: &Name, switch: &Switch, before: &[StepId], earlier: &Earlier<'_>) -> Option<StepId> {
        let target = &switch.target.value;
        let from = earlier.recovered.get(target)?;
        let files = self.targets.get(target)?.source.as_ref()?.files()?;
        let roots: Vec<PathBytes> = files.roots.iter().map(|root| self.absolute(&root.value)).collect();
        let moves = match roots.as_slice() {
            // Of one root the content is what was recovered; of several, whole paths lie below.
            [root] => vec![(from.path.clone(), root.clone())],
            several => several.iter().map(|root| (from.path.join(relative(root)), root.clone())).collect(),
        };
        let on = from.host.clone();
        let kind = StepKind::Switch { restore: restore.clone(), target: target.clone(), on, moves };
        Some(self.named(restore, &format!("switch-{target}"), kind, before, switch.span))
    }
}

/// Whether a step is done on a host that is known before it runs.
fn is_known(host: Option<&Spanned<Input>>) -> bool {
    host.is_none_or(|host| host.value.output().is_none())
}

/// A host as it is written.
fn named(host: &Spanned<Input>) -> Option<String> {
    match &host.value {
        Input::Text(name) => Some(name.clone()),
        Input::Output(_) => None,
    }
}

/// The words of a program, with the steps that yield those which are not written.
fn words(argv: &[Spanned<Input>], earlier: &Earlier<'_>) -> Option<Vec<Argument>> {
    let word = |word: &Spanned<Input>| match &word.value {
        Input::Text(text) => Some(Argument::Text(text.clone())),
        Input::Output(name) => output(name, &earlier.labels).map(Argument::Output),
    };
    argv.iter().map(word).collect()
}

fn relative(root: &PathBytes) -> &[u8] {
    root.as_bytes().strip_prefix(b"/").unwrap_or(root.as_bytes())
}

/// The jobs of a target whose recovery points hold all of it, with their stores.
fn whole_jobs(target: Option<&Target>) -> Vec<(JobName, Name)> {
    let of = |target: &Target| {
        let backups = target.backups.iter().filter_map(|backup| {
            let stored = backup.stored().filter(|stored| stored.select.is_none())?;
            Some((target.job(backup), stored.store.value.clone()))
        });
        backups.collect()
    };
    target.map(of).unwrap_or_default()
}
