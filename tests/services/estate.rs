//! Databases on a slow moto, a plan for them, and the program and Amazon's own client to ask there.

use std::process::Command;

use serde_json::{Value, json};

use super::needs::program;
use super::scene::{SONAE, Said, Scene};
use super::slow_moto::{HOME, SlowMoto};

/// How the instances of these tests are set, where Amazon's own setting for a new one is another.
pub(crate) fn set_otherwise() -> Value {
    json!({
        "db_instance_class": "db.r6g.large",
        "allocated_storage": 40,
        "storage_type": "io1",
        "iops": 3000,
        "multi_az": true,
        "deletion_protection": true,
        "port": 3307,
        "enable_iam_database_authentication": true,
        "preferred_backup_window": "03:00-03:30",
    })
}

/// A folder with a plan, and a provider.
pub(crate) struct Estate {
    pub(crate) moto: SlowMoto,
    pub(crate) scene: Scene,
}

impl Estate {
    /// A provider that has none of the databases yet.
    pub(crate) fn new(plan: &str) -> Self {
        Self { moto: SlowMoto::start(), scene: Scene::new(plan) }
    }

    /// The program, at this provider.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.scene.command(SONAE, arguments);
        self.surround(&mut command);
        command
    }

    fn surround(&self, command: &mut Command) {
        command.env("AWS_ENDPOINT_URL", self.moto.endpoint()).env("AWS_REGION", HOME).env("AWS_DEFAULT_REGION", HOME);
        command.env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE").env("AWS_SECRET_ACCESS_KEY", "secret");
    }

    pub(crate) fn sonae(&self, arguments: &[&str]) -> Said {
        Said::of(&mut self.command(arguments))
    }

    /// What Amazon's own client is told.
    pub(crate) fn aws(&self, arguments: &[&str]) -> Value {
        let client = program("moto_server").unwrap().with_file_name("aws");
        let mut command = self.scene.command(client, arguments);
        self.surround(command.args(["--output", "json"]));
        let said = Said::of(&mut command).exits(0);
        if said.stdout().trim().is_empty() { Value::Null } else { said.json() }
    }

    /// All that is in a list of what it describes.
    pub(crate) fn all(&self, describe: &str, list: &str) -> Vec<Value> {
        self.aws(&["rds", describe])[list].as_array().unwrap().clone()
    }

    pub(crate) fn instances(&self) -> Vec<Value> {
        self.all("describe-db-instances", "DBInstances")
    }

    /// The one of that name.
    pub(crate) fn instance(&self, identifier: &str) -> Value {
        let all = self.instances();
        let found = all.iter().find(|instance| instance["DBInstanceIdentifier"] == identifier);
        found.unwrap_or_else(|| panic!("no {identifier}: {all:#?}")).clone()
    }

    /// The snapshots that somebody asked for.
    pub(crate) fn snapshots(&self) -> Vec<Value> {
        let all = self.all("describe-db-snapshots", "DBSnapshots");
        all.into_iter().filter(|snapshot| snapshot["SnapshotType"] == "manual").collect()
    }
}

/// The tag of that name, of something that has tags.
pub(crate) fn tag<'v>(of: &'v Value, name: &str) -> Option<&'v str> {
    of["TagList"].as_array()?.iter().find(|tag| tag["Key"] == name)?["Value"].as_str()
}

/// The run that a summary names.
pub(crate) fn run_of(said: &Said) -> String {
    let said = said.stdout() + &said.stderr();
    let after = ["sonae roll-back ", "sonae resume ", "run "]
        .iter()
        .find_map(|before| said.split(before).skip(1).find(|rest| rest.starts_with("20")));
    let after = after.unwrap_or_else(|| panic!("no run is named: {said}"));
    after.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect()
}
