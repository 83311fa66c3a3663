//! The documentation says what the compiler does: pages written from its tables are current, and examples compile.

mod book;
mod commands;
mod examples;
mod exit_statuses;
mod generated;
mod plan_schema;
mod schemas;
mod tutorial;
mod worked_example;

use std::path::Path;
use std::process::{Command, Stdio};

pub(crate) use examples::plans_shown;
pub(crate) use schemas::{holds, holds_and_nothing_else, schema_of};

/// What a line of a page ends with and prints, typed in a folder by somebody whose machine is as it was installed.
fn shell(line: &str, folder: &Path) -> (i32, String) {
    let program = Path::new(env!("CARGO_BIN_EXE_sonae")).parent().unwrap().display().to_string();
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{line} 2>&1")]).current_dir(folder).stdin(Stdio::null());
    shell.env("PATH", format!("{program}:{}", std::env::var("PATH").unwrap()));
    shell.env("XDG_STATE_HOME", folder.join("../state")).env_remove("GIT_DIR").env_remove("GIT_WORK_TREE");
    for (name, value) in [("AUTHOR", "me"), ("COMMITTER", "me")] {
        shell.env(format!("GIT_{name}_NAME"), value).env(format!("GIT_{name}_EMAIL"), "me@example.org");
    }
    shell.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
    let output = shell.output().unwrap();
    (output.status.code().unwrap(), String::from_utf8_lossy(&output.stdout).into_owned())
}
