//! Programs of another host.
//!
//! Whether ssh failed or the program ended with ssh's own 255 is not told by ssh's exit status: the script says when it is ready and how the
//! program ended, each by a line that nobody else can say. Before the program is told to go nothing was done; after that, without the last
//! line, it is not known how it ended.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};

use super::SshAddress;
use super::address::{Called, Calling};
use super::failed;
use super::marks::Marks;
use super::script::{ABSENT, ALONE, GO, login, script};
use crate::drivers::process::in_time;
use crate::ports::{Cause, Certainty, CommandExit, CommandRun, Fault, Program};

/// How `ssh` ends for troubles of its own (ssh(1)).
const SSHS_OWN: i32 = 255;
/// How long the other side may take to end a program whose time is over, and to say so.
const ENDING: Duration = Duration::from_secs(10);
/// How a shell tells that a signal ended a program (POSIX, 2.8.2).
const BY_SIGNAL: std::ops::RangeInclusive<i32> = 129..=192;

/// Programs on one host, each over a connection of its own, as the account's plain self: what it is given beside is said to its shell,
/// not to the server. A word that is no text, or a variable that no shell can have, is `Invalid`.
///
/// A death by signal is told by the shell there as 128 and the signal's number (POSIX, 2.8.2), so a program that ends by itself with such a
/// status (129 to 192) counts as one that a signal ended.
///
/// When a program's time is over the shell there is told to kill the program's process group, and says when that is done: an `ssh` that is
/// merely killed would leave the program to itself. Where nothing is heard of it, the program may still be running, and that is said.
///
/// When the future is dropped `ssh` is killed, and the shell there, which notices that its connection is gone, does the same. What is left
/// running is a program that made itself a session of its own, all of it where the host has no setsid(1), and
/// everything while the network between does not tell the host that the connection is gone (sshd_config(5), `ClientAliveInterval`).
#[derive(Debug, Clone)]
pub struct SshPrograms {
    address: SshAddress,
}

impl SshPrograms {
    /// Those of this host. Nothing is asked of it yet.
    pub fn new(address: SshAddress) -> Self {
        Self { address }
    }

    /// Runs these words, with all that the program is given but its own.
    ///
    /// # Errors
    /// As [`CommandRun::run`].
    pub(super) async fn run_words(&self, words: &[&[u8]], program: &Program) -> Result<CommandExit, Fault> {
        let random = || RandomState::new().hash_one(words);
        let mark = format!("{:016x}{:016x}", random(), random());
        let script = script(&mark, words, &program.environment)?;
        let name = String::from_utf8_lossy(words.first().copied().unwrap_or_default()).into_owned();
        let action = format!("run {name} on {}", self.address.shown());
        let calling = self.address.call(Called::Shell(&login())).await?;
        Running::new(calling, &mark, script, action, program).end(&self.address, program).await
    }
}

#[async_trait::async_trait]
impl CommandRun for SshPrograms {
    async fn run(&self, program: &Program) -> Result<CommandExit, Fault> {
        let words: Vec<&[u8]> = program.argv.iter().map(String::as_bytes).collect();
        self.run_words(&words, program).await
    }
}

/// A program that is being run.
struct Running {
    calling: Calling,
    action: String,
    /// None once the other side takes no more.
    stdin: Option<ChildStdin>,
    /// What it is to be told, and was not yet.
    to_say: Vec<u8>,
    told_to_go: bool,
    stdout: Heard<ChildStdout>,
    stderr: Heard<ChildStderr>,
}

impl Running {
    fn new(mut calling: Calling, mark: &str, script: Vec<u8>, action: String, program: &Program) -> Self {
        let child = &mut calling.child;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let marks = || Marks::new(mark, program.hidden.clone());
        let (stdout, stderr) = (Heard { pipe: stdout, marks: marks() }, Heard { pipe: stderr, marks: marks() });
        Self { calling, action, stdin, to_say: script, told_to_go: false, stdout, stderr }
    }

    async fn end(mut self, address: &SshAddress, program: &Program) -> Result<CommandExit, Fault> {
        if in_time(program.time, self.hear()).await.is_none() {
            return self.overdue(address, program).await;
        }
        if self.is_absent() {
            return Err(Fault::permanent(Cause::NotFound, self.action, "there is no such program on that host"));
        }
        self.ended(address).await
    }

    /// Hears what is said until it is over, and tells the program to go once it is heard.
    async fn hear(&mut self) {
        while !self.is_over() && !self.is_absent() {
            self.step().await;
            if !self.told_to_go && self.stdout.marks.first.is_some() && self.stderr.marks.first.is_some() {
                self.told_to_go = true;
                self.to_say.extend_from_slice(GO);
            }
        }
    }

    fn is_absent(&self) -> bool {
        self.stdout.marks.first.as_deref() == Some(ABSENT) && self.stderr.marks.first.is_some()
    }

    /// Has the program ended, whose time is over. The end of what the shell there is told is its order to kill it, and it says how the program
    /// ended then: nothing else tells that it did.
    async fn overdue(mut self, address: &SshAddress, program: &Program) -> Result<CommandExit, Fault> {
        if !self.told_to_go {
            return Err(program.not_begun(self.action));
        }
        self.stdin = None;
        self.to_say.clear();
        let _heard_or_not = tokio::time::timeout(ENDING, self.hear()).await;
        match self.status() {
            // By itself, at the last moment.
            Some(status) if !BY_SIGNAL.contains(&status) => self.ended(address).await,
            Some(_) if self.stdout.marks.first.as_deref() == Some(ALONE) => {
                let may_run =
                    format!("it was ended, and what it began itself may still be running on {}", address.shown());
                Err(program.not_ended(self.action, &may_run))
            }
            Some(_) => Err(program.ended(self.action)),
            None => Err(program.not_ended(self.action, &format!("it may still be running on {}", address.shown()))),
        }
    }

    /// How the program ended, where that was heard. Either stream says it; the other may have been lost with the connection.
    fn status(&self) -> Option<i32> {
        let told = self.stdout.marks.last.as_ref().or(self.stderr.marks.last.as_ref())?;
        told.parse().ok()
    }

    /// Whether it was said how the program ended, or nothing more can come.
    fn is_over(&self) -> bool {
        let is_said = self.stdout.marks.last.is_some() && self.stderr.marks.last.is_some();
        is_said || (self.stdout.pipe.is_none() && self.stderr.pipe.is_none())
    }

    /// Says or hears what comes first.
    async fn step(&mut self) {
        tokio::select! {
            () = self.stdout.read() => {}
            () = self.stderr.read() => {}
            written = say(&mut self.stdin, &self.to_say), if !self.to_say.is_empty() => match written {
                Ok(length) => drop(self.to_say.drain(..length)),
                // It is gone; what it said last is still read.
                Err(_gone) => {
                    self.stdin = None;
                    self.to_say.clear();
                }
            },
        }
    }

    async fn ended(self, address: &SshAddress) -> Result<CommandExit, Fault> {
        let status = self.status();
        let Self { calling, action, told_to_go, stdout, stderr, .. } = self;
        let (stdout_tail, stderr_tail) = (stdout.marks.text(), stderr.marks.text());
        if let Some(status) = status {
            let status = Some(status).filter(|status| !BY_SIGNAL.contains(status));
            return Ok(CommandExit { status, stdout_tail, stderr_tail });
        }
        if told_to_go {
            let said = failed::last_lines(&stderr_tail);
            let host = address.shown();
            let answer = format!(
                "the connection was lost, and it is not known how it ended; it may still be running on {host} (ssh: {said})"
            );
            return Err(Fault { certainty: Certainty::Unknown, ..Fault::permanent(Cause::Other, action, answer) });
        }
        // Any other status is that of what ran there instead of the script.
        if calling.status().await.is_some_and(|status| status != SSHS_OWN) {
            let said = failed::last_lines(&format!("{stdout_tail}\n{stderr_tail}"));
            let answer = format!("the account runs no programs there, and says: {said}");
            return Err(Fault::permanent(Cause::Denied, action, answer));
        }
        Err(failed::before(address, action, &stderr_tail))
    }
}

async fn say(stdin: &mut Option<ChildStdin>, bytes: &[u8]) -> std::io::Result<usize> {
    match stdin {
        Some(stdin) => stdin.write(bytes).await,
        None => std::future::pending().await,
    }
}

/// One of the streams.
struct Heard<P> {
    /// None once its end was read.
    pipe: Option<P>,
    marks: Marks,
}

impl<P: AsyncRead + Unpin> Heard<P> {
    /// Takes what is next; never ready once all was read. A pipe that cannot be read has ended.
    async fn read(&mut self) {
        let Some(pipe) = &mut self.pipe else { return std::future::pending().await };
        let mut buffer = [0; 8192];
        match pipe.read(&mut buffer).await {
            Ok(0) | Err(_) => self.pipe = None,
            Ok(length) => self.marks.push(buffer.get(..length).unwrap_or_default()),
        }
    }
}
