//! Simulated programs.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use super::world::Shared;
use crate::ports::{Cause, CommandExit, CommandRun, Fault, Program};

/// Programs that end as the test says: one that has no script ends well.
#[derive(Debug)]
pub struct FakeCommands {
    world: Arc<Shared>,
    scripts: Mutex<BTreeMap<String, VecDeque<CommandExit>>>,
}

impl FakeCommands {
    pub(super) fn new(world: Arc<Shared>) -> Self {
        Self { world, scripts: Mutex::default() }
    }

    /// The program ends so, one after the other; the last again and again. Without any it cannot be started.
    pub fn script(&self, program: &str, exits: impl IntoIterator<Item = CommandExit>) {
        let mut scripts = self.scripts.lock().unwrap_or_else(PoisonError::into_inner);
        scripts.insert(program.to_owned(), exits.into_iter().collect());
    }

    fn exit(&self, program: &str) -> Option<CommandExit> {
        let mut scripts = self.scripts.lock().unwrap_or_else(PoisonError::into_inner);
        match scripts.get_mut(program) {
            None => Some(CommandExit { status: Some(0), ..CommandExit::default() }),
            Some(exits) if exits.len() > 1 => exits.pop_front(),
            Some(exits) => exits.front().cloned(),
        }
    }
}

#[async_trait::async_trait]
impl CommandRun for FakeCommands {
    async fn run(&self, program: &Program) -> Result<CommandExit, Fault> {
        let argv = &program.argv;
        let call = self.world.call(None, "command.run", argv.join(" "), || {
            let Some(program) = argv.first() else {
                return Err(Fault::permanent(Cause::Invalid, "run a program", "no program is named"));
            };
            let no_such = || Fault::permanent(Cause::NotFound, format!("run {program}"), "no such program");
            self.exit(program).ok_or_else(no_such)
        });
        let exit = match program.time {
            Some(time) => {
                tokio::time::timeout(time, call).await.unwrap_or_else(|_| Err(program.ended("run a program")))?
            }
            None => call.await?,
        };
        let told = |said: String| String::from_utf8_lossy(&program.hidden.without(said.as_bytes(), 0)).into_owned();
        Ok(CommandExit { stdout_tail: told(exit.stdout_tail), stderr_tail: told(exit.stderr_tail), ..exit })
    }
}
