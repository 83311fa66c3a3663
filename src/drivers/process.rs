//! Programs of this host.
#![expect(clippy::disallowed_methods, reason = "this is the port on real programs")]

use std::collections::VecDeque;
use std::process::Stdio;

use rustix::io::Errno;
use rustix::process::{Pid, Signal};
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, ChildStderr, Command};

use crate::ports::{Cause, CommandExit, CommandRun, Fault};

/// How much of what a program says on standard error is kept.
const TAIL_BYTES_MAX: usize = 4096;

/// Runs programs, each in a process group of its own: an interrupt typed at the terminal reaches this process alone,
/// which decides what becomes of them. When the future is dropped the whole group is killed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Processes;

#[async_trait::async_trait]
impl CommandRun for Processes {
    async fn run(&self, argv: &[String]) -> Result<CommandExit, Fault> {
        let Some((program, arguments)) = argv.split_first() else {
            return Err(Fault::permanent(Cause::Invalid, "run a program", "no program is named"));
        };
        let action = || format!("run {program}");
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
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

/// Reads standard error until the program ends. One that it left behind may hold the pipe open for ever, so the end
/// of the program, not of the pipe, is waited for.
async fn follow(child: &mut Child) -> std::io::Result<CommandExit> {
    let mut tail = Tail::default();
    let Some(mut stderr) = child.stderr.take() else {
        return Ok(tail.exit(child.wait().await?));
    };
    let mut buffer = [0; TAIL_BYTES_MAX];
    loop {
        let status = tokio::select! {
            read = stderr.read(&mut buffer) => match read? {
                0 => child.wait().await?,
                length => {
                    tail.push(&buffer[..length]);
                    continue;
                }
            },
            status = child.wait() => {
                let status = status?;
                drain(stderr, &mut tail)?;
                status
            }
        };
        return Ok(tail.exit(status));
    }
}

/// Takes what the pipe still holds, and does not wait for more. The pipe does not block: tokio made it so.
fn drain(stderr: ChildStderr, tail: &mut Tail) -> std::io::Result<()> {
    let pipe = stderr.into_owned_fd()?;
    rustix::fs::fcntl_setfl(&pipe, rustix::fs::OFlags::NONBLOCK)?;
    let mut buffer = [0; TAIL_BYTES_MAX];
    // Bounded, so that one left behind who writes without end cannot hold us: a pipe holds 64 KiB (pipe(7)).
    for _ in 0..64 {
        match rustix::io::read(&pipe, &mut buffer) {
            Ok(0) | Err(Errno::AGAIN) => break,
            Ok(length) => tail.push(&buffer[..length]),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(())
}

#[derive(Default)]
struct Tail(VecDeque<u8>);

impl Tail {
    fn push(&mut self, bytes: &[u8]) {
        self.0.extend(bytes);
        let surplus = self.0.len().saturating_sub(TAIL_BYTES_MAX);
        self.0.drain(..surplus);
    }

    fn exit(self, status: std::process::ExitStatus) -> CommandExit {
        CommandExit { status: status.code(), stderr_tail: self.text() }
    }

    /// As text. What is not UTF-8 grows when it is replaced, and the first character may have lost its beginning: both
    /// cost only the front of the tail.
    fn text(self) -> String {
        let bytes: Vec<u8> = self.0.into_iter().collect();
        let cut = bytes.len() == TAIL_BYTES_MAX;
        let broken = if cut { bytes.iter().take(3).take_while(|byte| **byte & 0xc0 == 0x80).count() } else { 0 };
        let mut text = String::from_utf8_lossy(&bytes[broken..]).into_owned();
        let surplus = text.len().saturating_sub(TAIL_BYTES_MAX);
        text.drain(..text.ceil_char_boundary(surplus));
        text
    }
}

/// A process group that is killed when this is dropped.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| Pid::from_raw(id.cast_signed())))
    }

    fn let_be(&mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.0 {
            // The only error left is that all of it is gone already.
            let _gone = rustix::process::kill_process_group(leader, Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_the_end_in_whole_characters_and_bounded() {
        let mut tail = Tail::default();
        for _ in 0..2000 {
            tail.push("あ".as_bytes());
        }
        tail.push(b"end");
        let text = tail.text();
        assert!(text.len() <= TAIL_BYTES_MAX && text.len() > TAIL_BYTES_MAX - 6, "{}", text.len());
        assert!(text.starts_with('あ') && text.ends_with("あend"), "{text}");

        let mut noise = Tail::default();
        noise.push(&[0xff; 10_000]);
        assert!(noise.text().len() <= TAIL_BYTES_MAX);
    }
}
