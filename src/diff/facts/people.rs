//! What a plan says of people and machines.

use std::collections::BTreeSet;

use super::Flat;
use crate::diagnostic::codes::change::{ACCESS, LOST, OBJECTIVE, OPEN};
use crate::diff::change::Kind;
use crate::diff::fact::{Aspect, Entity, Rule, Value};
use crate::plan::{
    Announce, Channel, Host, Input, Member, Notify, Plan, Recover, Restore, RestoreStep, Role, Source, Ssh,
};

static MEMBERS: Aspect =
    Aspect::judged("member", Rule::EachOpens(&ACCESS), "more people may approve and sign off", "fewer people may");
static SSH: Aspect = Aspect::judged("ssh", Rule::Have(&LOST), "restores cannot reach it any more", "restores reach it");
static ADDRESS: Aspect = Aspect::neutral("address").within(&SSH);
static PORT: Aspect = Aspect::neutral("port");
static USER: Aspect = Aspect::neutral("user");
static IDENTITY: Aspect = Aspect::neutral("identity");
pub(super) static HOST_KEY: Aspect = Aspect::judged(
    "host-key",
    Rule::Have(&OPEN),
    "the machine's key is what the known_hosts files say, no more what the plan says",
    "the machine's key is held against the plan",
);
static CHANNEL: Aspect =
    Aspect::judged("channel", Rule::Other(&LOST), "whoever was told by it is not told in this way any more", "");
static TO: Aspect = Aspect::judged("to", Rule::Other(&LOST), "whoever was told by it is not told by it any more", "");
static TLS: Aspect = Aspect::judged(
    "tls from the first byte",
    Rule::Have(&OPEN),
    "what is told may be sent as it is",
    "what is told is sent encrypted",
);
static SMTP: Aspect = Aspect::neutral("smtp");
static PASSWORD: Aspect = Aspect::neutral("password");
static EVENTS: Aspect =
    Aspect::judged("on", Rule::Each(&LOST), "nobody is told of it by this any more", "it is told by this");
static WITHIN: Aspect =
    Aspect::judged("within", Rule::Less(&OBJECTIVE), "the notice may come later", "the notice comes sooner");
static ASKS: Aspect =
    Aspect::judged("asks", Rule::Each(&LOST), "the notice does not answer it any more", "the notice answers it too");
static PUBLISH: Aspect = Aspect::told("publish", "the notice is published another way");

impl Flat<'_> {
    pub(super) fn role(&mut self, role: &Role) {
        let mut entity = self.entity(Kind::Role, &role.name, role.span);
        let of = |member: &Member| (format!("{} ({})", member.person.value, member.user.value), member.person.span);
        // A role without anybody is no wider than one with somebody.
        let first = role.members.first().map_or(role.span, |member| member.person.span);
        entity.set_of(&MEMBERS, role.members.iter().map(of), first);
        self.add(entity, &role.waivers);
    }

    pub(super) fn hosts(&mut self, plan: &Plan) {
        let (backed_up, led_to) = (Hosts::backed_up(plan), Hosts::led_to(plan));
        for host in &plan.hosts {
            let is_of = |hosts: &Hosts<'_>| hosts.of_all || hosts.named.contains(host.name.value.as_str());
            self.host(host, is_of(&backed_up), is_of(&led_to));
        }
    }

    fn host(&mut self, host: &Host, is_backed_up: bool, is_led_to: bool) {
        let mut entity = self.entity(Kind::Host, &host.name, host.span);
        (entity.names_points, entity.is_idle) = (is_backed_up, !is_backed_up && !is_led_to);
        if let Some(ssh) = &host.ssh {
            ssh_facts(&mut entity, ssh);
        }
        self.add(entity, &host.waivers);
    }

    pub(super) fn notify(&mut self, notify: &Notify) {
        let mut entity = self.entity(Kind::Notify, &notify.name, notify.span);
        match &notify.channel {
            Channel::Email(email) => {
                entity.say(&CHANNEL, "email", notify.span);
                entity.say(&TO, &email.to.value, email.to.span);
                entity.say(&SMTP, &email.smtp.value, email.smtp.span);
                entity.flag(&TLS, email.smtp.value.to_string().starts_with("smtps://"), email.smtp.span);
                entity.maybe(&USER, email.user.as_ref());
                entity.maybe_shown(&PASSWORD, email.password.as_ref());
            }
            Channel::Ping(url) => entity.say(&CHANNEL, format!("ping {}", url.value), url.span),
            Channel::Command(words) => {
                let words: Vec<String> =
                    [String::from("command")].into_iter().chain(words.iter().map(|word| word.value.clone())).collect();
                entity.say(&CHANNEL, Value::List(words), notify.span);
            }
        }
        entity.set(&EVENTS, &notify.events);
        self.add(entity, &notify.waivers);
    }

    pub(super) fn announce(&mut self, announce: &Announce) {
        let mut entity = self.entity(Kind::Announce, &announce.name, announce.span);
        entity.say(&WITHIN, announce.within.value, announce.within.span);
        entity.set(&ASKS, &announce.asks);
        entity.say(&PUBLISH, &announce.publish.value, announce.publish.span);
        self.add(entity, &announce.waivers);
    }
}

/// Some hosts of a plan.
#[derive(Default)]
struct Hosts<'p> {
    of_all: bool,
    named: BTreeSet<&'p str>,
}

impl<'p> Hosts<'p> {
    /// Those whose names recovery points carry.
    fn backed_up(plan: &'p Plan) -> Self {
        let mut found = Self::default();
        for target in &plan.targets {
            let is_of_hosts = target.source.as_ref().is_some_and(Source::is_of_a_host);
            if is_of_hosts && target.backups.iter().any(|backup| backup.way.is_of_points()) {
                found.of_all |= target.hosts.is_empty();
                found.named.extend(target.hosts.iter().map(|host| host.value.as_str()));
            }
        }
        found
    }

    /// Those that something else names.
    fn led_to(plan: &'p Plan) -> Self {
        let mut found = Self::default();
        let without = plan.targets.iter().filter(|target| target.backups.is_empty());
        found.named.extend(without.flat_map(|target| &target.hosts).map(|host| host.value.as_str()));
        for step in plan.restores.iter().flat_map(Restore::flat) {
            if let Some(Input::Text(host)) = step.host().map(|host| &host.value) {
                found.named.insert(host);
            }
            if let RestoreStep::Recover(Recover { from_host: Some(from), .. }) = step {
                found.named.insert(&from.value);
            }
        }
        found
    }
}

fn ssh_facts(entity: &mut Entity, ssh: &Ssh) {
    entity.say(&SSH, Value::Said, ssh.span);
    entity.say(&ADDRESS, &ssh.address.value, ssh.address.span);
    entity.maybe(&PORT, ssh.port.as_ref());
    entity.maybe(&USER, ssh.user.as_ref());
    entity.maybe_shown(&IDENTITY, ssh.identity.as_ref());
    entity.maybe(&HOST_KEY, ssh.host_key.as_ref());
}
