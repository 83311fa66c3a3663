//! What a plan says of restores and their steps.

use std::collections::BTreeMap;

use super::Flat;
use crate::diagnostic::codes::change::{LOST, OBJECTIVE, OPEN};
use crate::diff::change::Kind;
use crate::diff::fact::{Aspect, Entity, Rule, Shape, Value};
use crate::plan::{
    Approve, Command, Deploy, HostInput, Input, Into, IntoSettings, Launch, OutputName, Probe, ProbeKind, Recover,
    Restore, RestoreStep, SqlLogin,
};
use crate::primitives::Spanned;

static RTO: Aspect = Aspect::judged(
    "rto",
    Rule::Less(&OBJECTIVE),
    "it may take longer until all is back",
    "all is promised to be back sooner",
);
static SPREAD: Aspect = Aspect::judged(
    "spread",
    Rule::Less(&OBJECTIVE),
    "what comes back may lie further apart",
    "what comes back lies closer together",
);
static ORDER: Aspect = Aspect::judged(
    "order",
    Rule::Order(&LOST),
    "what was done only behind an approval or a look is no more behind it, or what was looked at is not there yet",
    "",
);
static TAKES: Aspect =
    Aspect::told("takes", "the proofs reckon with another length of the step; nothing is done otherwise");
static FROM_HOST: Aspect = Aspect::told("from-host", "it is brought back from the recovery points of another host");
static INTO: Aspect = Aspect::told("into", "it is brought back to another place");
static HOST: Aspect = Aspect::neutral("host");
static CLASS: Aspect = Aspect::neutral("class");
static SUBNET_GROUP: Aspect = Aspect::neutral("subnet-group");
static SECURITY_GROUPS: Aspect = Aspect::neutral("security-groups");
static PARAMETER_GROUP: Aspect = Aspect::neutral("parameter-group");
static OPTION_GROUP: Aspect = Aspect::neutral("option-group");
static LOOKS: Aspect =
    Aspect::told("looks", "it looks at something else; what it looked at so far, it does not look at any more");
static STATUS: Aspect = Aspect::told("status", "another answer is taken for well");
static PORT: Aspect = Aspect::neutral("port");
static USER: Aspect = Aspect::neutral("user");
static PASSWORD: Aspect = Aspect::neutral("password");
static DATABASE: Aspect = Aspect::neutral("database");
static CA: Aspect = Aspect::judged(
    "ca",
    Rule::Have(&OPEN),
    "the server's certificate is not held against a file any more",
    "the server's certificate is held against a file",
);
static TIMEOUT: Aspect = Aspect::neutral("timeout");
static BY: Aspect =
    Aspect::judged("by", Rule::Approver, "people may approve who may not so far", "fewer people may approve");
static IMAGE: Aspect = Aspect::told("image", "it is launched from another image");
static INSTANCE_TYPE: Aspect = Aspect::neutral("instance-type");
static SUBNET: Aspect = Aspect::neutral("subnet");
static USER_DATA: Aspect = Aspect::neutral("user-data");
static TAGS: Aspect = Aspect::neutral("tags");
static PATH: Aspect = Aspect::neutral("path");
static LINK: Aspect = Aspect::neutral("link");
static ARGUMENTS: Aspect = Aspect::told("arguments", "another program is run, or with other words");
static REPEATABLE: Aspect = Aspect::neutral("repeatable");

impl Flat<'_> {
    pub(super) fn restore(&mut self, restore: &Restore) {
        let mut entity = self.entity(Kind::Restore, &restore.name, restore.span);
        entity.maybe(&RTO, restore.rto.as_ref());
        entity.maybe(&SPREAD, restore.spread.as_ref());
        let owner = entity.subject.name.clone();
        let mut steps = Steps { owner, seen: BTreeMap::new(), entities: vec![] };
        let shape = restore.steps.iter().map(|step| steps.shape(self, step)).collect();
        entity.say(&ORDER, Value::Order(shape), restore.span);
        self.add(entity, &restore.waivers);
        self.entities.extend(steps.entities);
    }

    /// What a step is called, as the newer plan calls what it is about.
    fn title(&self, step: &RestoreStep) -> String {
        let of = |word: &str, kind, name| format!("{word} {}", self.names.name(kind, name));
        match step {
            RestoreStep::Recover(recover) => of("recover", Kind::Target, &recover.target.value),
            RestoreStep::Deploy(deploy) => of("deploy", Kind::Target, &deploy.target.value),
            RestoreStep::Switch(switch) => of("switch", Kind::Target, &switch.target.value),
            RestoreStep::Announce(announcing) => of("announce", Kind::Announce, &announcing.announce.value),
            RestoreStep::Restore(included) => of("restore", Kind::Restore, &included.restore.value),
            _ => step.title(),
        }
    }

    fn input(&self, input: &Input) -> String {
        match input {
            Input::Text(text) => self.names.of(Kind::Host, text),
            Input::Output(_) => self.written(input),
        }
    }

    /// As it is written, what a step puts out by the name that its target has in the newer plan.
    fn written(&self, input: &Input) -> String {
        match input {
            Input::Text(_) => input.to_string(),
            Input::Output(OutputName { step, slot }) => {
                let step = self.names.of(Kind::Target, step);
                Input::Output(OutputName { step, slot: slot.clone() }).to_string()
            }
        }
    }

    fn on_host(&self, entity: &mut Entity, host: &HostInput) {
        if let Some(host) = host {
            entity.say(&HOST, self.input(&host.value), host.span);
        }
    }

    fn step_facts(&self, entity: &mut Entity, step: &RestoreStep) {
        entity.maybe(&TAKES, step.takes());
        match step {
            RestoreStep::Recover(recover) => self.recover(entity, recover),
            RestoreStep::Probe(probe) => self.probe(entity, probe),
            RestoreStep::Approve(Approve { by, .. }) => {
                entity.say(&BY, self.role_of(&by.value), by.span);
            }
            RestoreStep::Launch(launch) => self.launch(entity, launch),
            RestoreStep::Deploy(deploy) => self.deploy(entity, deploy),
            RestoreStep::Command(command) => self.command(entity, command),
            RestoreStep::Switch(_) | RestoreStep::Announce(_) | RestoreStep::Restore(_) | RestoreStep::Parallel(_) => {}
        }
    }

    fn recover(&self, entity: &mut Entity, recover: &Recover) {
        if let Some(from) = &recover.from_host {
            entity.say(&FROM_HOST, self.names.of(Kind::Host, &from.value), from.span);
        }
        match &recover.into {
            Into::Path { path, host } => {
                entity.say(&INTO, &path.value, path.span);
                self.on_host(entity, host);
            }
            Into::Database { database, settings } => {
                entity.say(&INTO, database.to_string(), database.identifier().span);
                settings_facts(entity, settings);
            }
        }
    }

    fn probe(&self, entity: &mut Entity, probe: &Probe) {
        let (looks, span) = match &probe.kind {
            ProbeKind::Path(path) => (format!("path {}", path.value), path.span),
            ProbeKind::Command(words) => {
                let words: Vec<String> = words.iter().map(|word| self.written(&word.value)).collect();
                (format!("command {}", words.join(" ")), probe.span)
            }
            ProbeKind::Http { url, .. } => (format!("http {}", url.value), url.span),
            ProbeKind::Tcp { host, .. } => (format!("tcp {}", self.input(&host.value)), host.span),
            ProbeKind::Sql { query, host, .. } => {
                (format!("sql {} at {}", query.value, self.input(&host.value)), query.span)
            }
        };
        entity.say(&LOOKS, looks, span);
        match &probe.kind {
            ProbeKind::Http { status, .. } => entity.maybe(&STATUS, status.as_ref()),
            ProbeKind::Tcp { port, .. } => entity.maybe(&PORT, Some(port)),
            ProbeKind::Sql { login, .. } => login_facts(entity, login),
            ProbeKind::Path(_) | ProbeKind::Command(_) => {}
        }
        entity.maybe(&TIMEOUT, probe.timeout.as_ref());
    }

    fn launch(&self, entity: &mut Entity, launch: &Launch) {
        entity.say(&IMAGE, self.names.name(Kind::Target, &launch.image.value), launch.image.span);
        entity.maybe(&INSTANCE_TYPE, Some(&launch.instance_type));
        entity.maybe(&SUBNET, Some(&launch.subnet));
        entity.set(&SECURITY_GROUPS, &launch.security_groups);
        entity.maybe(&USER_DATA, launch.user_data.as_ref());
        entity.set(&TAGS, &launch.tags);
    }

    fn deploy(&self, entity: &mut Entity, deploy: &Deploy) {
        entity.maybe(&PATH, Some(&deploy.path));
        self.on_host(entity, &deploy.host);
        entity.maybe(&LINK, deploy.link.as_ref());
    }

    fn command(&self, entity: &mut Entity, command: &Command) {
        let written = |word: &Spanned<Input>| Spanned { value: self.written(&word.value), span: word.span };
        entity.list(&ARGUMENTS, &command.argv.iter().map(written).collect::<Vec<_>>());
        self.on_host(entity, &command.host);
        entity.maybe(&TIMEOUT, command.timeout.as_ref());
        entity.flag(&REPEATABLE, command.repeatable, command.span);
    }
}

fn settings_facts(entity: &mut Entity, settings: &IntoSettings) {
    entity.maybe(&CLASS, settings.class.as_ref());
    entity.maybe(&SUBNET_GROUP, settings.subnet_group.as_ref());
    entity.set(&SECURITY_GROUPS, &settings.security_groups);
    entity.maybe(&PARAMETER_GROUP, settings.parameter_group.as_ref());
    entity.maybe(&OPTION_GROUP, settings.option_group.as_ref());
}

fn login_facts(entity: &mut Entity, login: &SqlLogin) {
    entity.maybe(&PORT, login.port.as_ref());
    entity.maybe(&USER, login.user.as_ref());
    entity.maybe_shown(&PASSWORD, login.password.as_ref());
    entity.maybe(&DATABASE, login.database.as_ref());
    entity.maybe(&CA, login.ca.as_ref());
}

/// The steps of one restore so far.
struct Steps {
    owner: String,
    /// How many there are of a title.
    seen: BTreeMap<String, usize>,
    entities: Vec<Entity>,
}

impl Steps {
    fn shape(&mut self, flat: &Flat<'_>, step: &RestoreStep) -> Shape {
        if let RestoreStep::Parallel(steps) = step {
            return Shape::SideBySide(steps.iter().map(|step| self.shape(flat, step)).collect());
        }
        let title = flat.title(step);
        let seen = self.seen.entry(title.clone()).or_default();
        *seen += 1;
        let title = if *seen == 1 { title } else { format!("{title} ({seen})") };
        let name = flat.names.of(Kind::Step, &format!("{}: {title}", self.owner));
        let mut entity = Entity::new(Kind::Step, name.clone(), step.span());
        entity.owner = Some(self.owner.clone());
        // What a program does nobody here knows.
        entity.is_idle = matches!(step, RestoreStep::Command(_));
        entity.has_own_name = matches!(step, RestoreStep::Probe(_) | RestoreStep::Approve(_) | RestoreStep::Launch(_));
        flat.step_facts(&mut entity, step);
        self.entities.push(entity);
        // Without whose it is.
        Shape::One(name.strip_prefix(&format!("{}: ", self.owner)).unwrap_or(&name).to_owned())
    }
}
