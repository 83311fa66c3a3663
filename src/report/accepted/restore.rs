//! Facts of restores.

use super::{Facts, or_none, quoted, texts, value};
use crate::plan::{
    Deploy, Into, IntoSettings, Launch, MYSQL_PORT, Probe, ProbeKind, RdsDatabase, Recover, Restore, RestoreStep,
};

impl Facts {
    pub(super) fn restore(&mut self, restore: &Restore) {
        let of = format!("restore {}", restore.name.value);
        self.fact(&of, format!("rto {}", or_none(value(restore.rto.as_ref()))));
        self.fact(&of, format!("spread {}", or_none(value(restore.spread.as_ref()))));
        self.waivers(&of, &restore.waivers);
        self.steps(&format!("{of} step "), &restore.steps);
    }

    /// Steps one after the other; those side by side have a number more.
    fn steps(&mut self, before: &str, steps: &[RestoreStep]) {
        for (at, step) in steps.iter().enumerate() {
            let of = format!("{before}{}", at + 1);
            if let RestoreStep::Parallel(children) = step {
                self.fact(&of, "parallel");
                self.steps(&format!("{of}."), children);
            } else {
                self.step(&of, step);
            }
        }
    }

    fn step(&mut self, of: &str, step: &RestoreStep) {
        match step {
            RestoreStep::Recover(recover) => self.recover(of, recover),
            RestoreStep::Probe(probe) => self.probe(of, probe),
            RestoreStep::Approve(approve) => {
                self.fact(of, format!("approve {}", quoted(&approve.name.value)));
                self.fact(of, format!("by {}", approve.by.value));
            }
            RestoreStep::Launch(launch) => self.launch(of, launch),
            RestoreStep::Deploy(deploy) => self.deploy(of, deploy),
            RestoreStep::Command(command) => {
                self.program_of_step(of, "command", &command.argv);
                self.optional(of, "host", command.host.as_ref());
                self.optional(of, "timeout", command.timeout.as_ref());
            }
            RestoreStep::Switch(switch) => self.fact(of, format!("switch {}", switch.target.value)),
            RestoreStep::Announce(announcing) => self.fact(of, format!("announce {}", announcing.announce.value)),
            RestoreStep::Restore(included) => return self.fact(of, format!("restore {}", included.restore.value)),
            RestoreStep::Parallel(_) => return,
        }
        self.fact(of, format!("takes {}", or_none(value(step.takes()))));
    }

    fn recover(&mut self, of: &str, recover: &Recover) {
        self.fact(of, format!("recover {}", recover.target.value));
        let host = recover.from_host.as_ref().map(|host| quoted(&host.value));
        self.fact(of, format!("from host {}", host.unwrap_or_else(|| "that restores".into())));
        match &recover.into {
            Into::Database { database, settings } => {
                let word = match database {
                    RdsDatabase::Instance(_) => "instance",
                    RdsDatabase::Cluster(_) => "cluster",
                };
                self.fact(of, format!("into {word} {}", quoted(&database.identifier().value)));
                let IntoSettings { class, subnet_group, security_groups, parameter_group, option_group } = &**settings;
                for (word, value) in [
                    ("instance-class", class),
                    ("subnet-group", subnet_group),
                    ("parameter-group", parameter_group),
                    ("option-group", option_group),
                ] {
                    if value.is_some() {
                        self.optional_text(of, word, value.as_ref());
                    }
                }
                if !security_groups.is_empty() {
                    self.each(of, "security-group", texts(security_groups));
                }
            }
            Into::Path { path, host } => {
                self.fact(of, format!("into path {}", quoted(&path.value)));
                if host.is_some() {
                    self.optional(of, "into host", host.as_ref());
                }
            }
        }
    }

    fn launch(&mut self, of: &str, launch: &Launch) {
        self.fact(of, format!("launch {}", quoted(&launch.name.value)));
        self.fact(of, format!("image target {}", launch.image.value));
        self.fact(of, format!("instance-type {}", quoted(&launch.instance_type.value)));
        self.fact(of, format!("subnet {}", quoted(&launch.subnet.value)));
        self.each(of, "security-group", texts(&launch.security_groups));
        self.optional_text(of, "user-data", launch.user_data.as_ref());
        self.each(of, "tag", texts(&launch.tags));
    }

    fn deploy(&mut self, of: &str, deploy: &Deploy) {
        self.fact(of, format!("deploy {}", deploy.target.value));
        self.fact(of, format!("into path {}", quoted(&deploy.path.value)));
        self.optional(of, "into host", deploy.host.as_ref());
        self.optional_text(of, "into link", deploy.link.as_ref());
    }

    fn probe(&mut self, of: &str, probe: &Probe) {
        self.fact(of, format!("probe {}", quoted(&probe.name.value)));
        match &probe.kind {
            ProbeKind::Path(path) => self.fact(of, format!("path {}", quoted(&path.value))),
            ProbeKind::Command(argv) => self.program_of_step(of, "command", argv),
            ProbeKind::Http { url, status } => {
                let status = status.as_ref().map_or(200, |status| status.value);
                self.fact(of, format!("http {} status {status}", quoted(&url.value)));
            }
            ProbeKind::Tcp { host, port } => self.fact(of, format!("tcp {} port {}", host.value, port.value)),
            ProbeKind::Sql { query, host, login } => {
                let port = login.port.as_ref().map_or(MYSQL_PORT, |port| port.value);
                self.fact(of, format!("sql {} host {} port {port}", quoted(&query.value), host.value));
                self.optional_text(of, "user", login.user.as_ref());
                self.optional(of, "password", login.password.as_ref());
                self.optional_text(of, "database", login.database.as_ref());
                self.optional_text(of, "ca", login.ca.as_ref());
            }
        }
    }
}
