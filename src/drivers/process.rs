//! Programs of this host.
#![expect(clippy::disallowed_methods, reason = "this is the port on real programs")]

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::unistd::{Uid, User};
use rustix::io::Errno;
use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

use super::group::Group;
use super::tail::Tail;
use crate::ports::{Cause, CommandExit, CommandRun, Fault, Hidden, Program};

/// How long a program that was killed may take to be gone.
const LAST_MOMENTS: Duration = Duration::from_secs(5);
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
        let mut said = Saying::of(&mut child, program);
        let ended = match in_time(program.time, said.follow(&mut child)).await {
            Some(ended) => ended.and_then(|status| said.exit(status)).map_err(|error| Fault::from_io(action(), &error)),
            None => {
                group.kill();
                let is_gone = tokio::time::timeout(LAST_MOMENTS, child.wait()).await.is_ok();
                // It may belong to somebody else by now, as what sudo(8) runs does.
                let may_run = "it cannot be ended, and may still be running";
                return Err(if is_gone { program.ended(action()) } else { program.not_ended(action(), may_run) });
            }
        };
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

/// What comes of it, where that comes in so much time, if there is a limit.
pub(super) async fn in_time<T>(time: Option<Duration>, future: impl Future<Output = T>) -> Option<T> {
    match time {
        Some(time) => tokio::time::timeout(time, future).await.ok(),
        None => Some(future.await),
    }
}

/// What a program says.
struct Saying {
    stdout: Said<ChildStdout>,
    stderr: Said<ChildStderr>,
}

impl Saying {
    fn of(child: &mut Child, program: &Program) -> Self {
        let stdout = Said::new(child.stdout.take(), program.hidden.clone());
        Self { stdout, stderr: Said::new(child.stderr.take(), program.hidden.clone()) }
    }

    /// Reads it until the program ends. One that it left behind may hold a pipe open for ever, so the end of the program, not of the
    /// pipes, is waited for.
    async fn follow(&mut self, child: &mut Child) -> std::io::Result<ExitStatus> {
        loop {
            tokio::select! {
                read = self.stdout.read() => read?,
                read = self.stderr.read() => read?,
                status = child.wait() => return status,
            }
        }
    }

    fn exit(self, status: ExitStatus) -> std::io::Result<CommandExit> {
        Ok(CommandExit { status: status.code(), stdout_tail: self.stdout.end()?, stderr_tail: self.stderr.end()? })
    }
}

/// What comes through one pipe.
struct Said<P> {
    /// None once its end was read.
    pipe: Option<P>,
    tail: Tail,
}

impl<P: AsyncRead + IntoPipe + Unpin> Said<P> {
    fn new(pipe: Option<P>, hidden: Hidden) -> Self {
        Self { pipe, tail: Tail::new(hidden) }
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

impl IntoPipe for ChildStdout {
    fn into_pipe(self) -> std::io::Result<std::os::fd::OwnedFd> {
        self.into_owned_fd()
    }
}

impl IntoPipe for ChildStderr {
    fn into_pipe(self) -> std::io::Result<std::os::fd::OwnedFd> {
        self.into_owned_fd()
    }
}
