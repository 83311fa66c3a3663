//! Programs of this host.
#![expect(clippy::disallowed_methods, reason = "this is the port on real programs")]

use std::process::Stdio;

use nix::unistd::{Uid, User};
use rustix::io::Errno;
use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, Command};

use super::group::Group;
use super::tail::Tail;
use crate::ports::{Cause, CommandExit, CommandRun, Fault, Program};

/// Where programs are looked for: the usual folders of an administrator.
pub(super) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Runs programs, each in a process group of its own: an interrupt typed at the terminal reaches this process alone,
/// which decides what becomes of them. When the future is dropped the whole group is killed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Processes;

#[async_trait::async_trait]
impl CommandRun for Processes {
    async fn run(&self, program: &Program) -> Result<CommandExit, Fault> {
        let Some((name, arguments)) = program.argv.split_first() else {
            return Err(Fault::permanent(Cause::Invalid, "run a program", "no program is named"));
        };
        let action = || format!("run {name}");
        let mut child = Command::new(name)
            .args(arguments)
            .current_dir(program.folder.as_ref().map_or_else(|| "/".into(), crate::primitives::PathBytes::to_path))
            .env_clear()
            .envs(account())
            .envs(&program.environment)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| Fault::from_io(action(), &error))?;
        // Declared after the child, so dropped before it: while the leader is not yet reaped its number is nobody else's.
        let mut group = Group::of(&child);
        let ended = follow(&mut child).await.map_err(|error| Fault::from_io(action(), &error));
        if ended.is_ok() {
            group.let_be();
        }
        ended
    }
}

/// The plain environment of the account that this process runs as (environ(7)).
fn account() -> Vec<(&'static str, String)> {
    let mut plain = vec![("PATH", PATH.to_owned())];
    // An account that no table has an entry of has no home.
    if let Ok(Some(user)) = User::from_uid(Uid::effective()) {
        let home = user.dir.to_string_lossy().into_owned();
        plain.extend([("HOME", home), ("LOGNAME", user.name.clone()), ("USER", user.name)]);
    }
    plain
}

/// Reads what the program says until it ends. One that it left behind may hold a pipe open for ever, so the end
/// of the program, not of the pipes, is waited for.
async fn follow(child: &mut Child) -> std::io::Result<CommandExit> {
    let (mut stdout, mut stderr) = (Said::new(child.stdout.take()), Said::new(child.stderr.take()));
    let status = loop {
        tokio::select! {
            read = stdout.read() => read?,
            read = stderr.read() => read?,
            status = child.wait() => break status?,
        }
    };
    Ok(CommandExit { status: status.code(), stdout_tail: stdout.end()?, stderr_tail: stderr.end()? })
}

/// What comes through one pipe.
struct Said<P> {
    /// None once its end was read.
    pipe: Option<P>,
    tail: Tail,
}

impl<P: AsyncRead + IntoPipe + Unpin> Said<P> {
    fn new(pipe: Option<P>) -> Self {
        Self { pipe, tail: Tail::default() }
    }

    /// Takes what is next; never ready once all was read.
    async fn read(&mut self) -> std::io::Result<()> {
        let Some(pipe) = &mut self.pipe else { return std::future::pending().await };
        let mut buffer = [0; 4096];
        match pipe.read(&mut buffer).await? {
            0 => self.pipe = None,
            length => self.tail.push(&buffer[..length]),
        }
        Ok(())
    }

    /// Takes what the pipe still holds, and does not wait for more. The pipe does not block: tokio made it so.
    fn end(mut self) -> std::io::Result<String> {
        let Some(pipe) = self.pipe.take() else { return Ok(self.tail.text()) };
        let pipe = pipe.into_pipe()?;
        rustix::fs::fcntl_setfl(&pipe, rustix::fs::OFlags::NONBLOCK)?;
        let mut buffer = [0; 4096];
        // Bounded, so that one left behind who writes without end cannot hold us: a pipe holds 64 KiB (pipe(7)).
        for _ in 0..64 {
            match rustix::io::read(&pipe, &mut buffer) {
                Ok(0) | Err(Errno::AGAIN) => break,
                Ok(length) => self.tail.push(&buffer[..length]),
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(self.tail.text())
    }
}

/// What tokio reads a child's pipe through, both kinds of it.
trait IntoPipe {
    fn into_pipe(self) -> std::io::Result<std::os::fd::OwnedFd>;
}

impl IntoPipe for tokio::process::ChildStdout {
    fn into_pipe(self) -> std::io::Result<std::os::fd::OwnedFd> {
        self.into_owned_fd()
    }
}

impl IntoPipe for tokio::process::ChildStderr {
    fn into_pipe(self) -> std::io::Result<std::os::fd::OwnedFd> {
        self.into_owned_fd()
    }
}
