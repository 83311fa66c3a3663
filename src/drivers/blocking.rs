//! Blocking system calls, off the executor's threads, and what their errors mean.
#![expect(clippy::disallowed_methods, reason = "the one place where blocking calls leave the executor's threads")]

use rustix::io::Errno;

use crate::ports::{Cause, Certainty, Fault};

/// Performs blocking calls on a thread that may block. One call of this costs a few microseconds, and more where the cores are busy, so the
/// callers put as many system calls as they can into one.
///
/// # Errors
/// Those of `calls`; `Unknown` where the thread died under it.
pub(super) async fn blocking<T: Send + 'static>(
    action: &'static str,
    calls: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    begin(action, calls).done().await
}

/// Begins to perform blocking calls on such a thread. They come to their end whether somebody waits for them or not.
pub(super) fn begin<T: Send + 'static>(
    action: &'static str,
    calls: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Begun<T> {
    Begun { action, task: tokio::task::spawn_blocking(calls) }
}

/// Blocking calls that were begun.
#[derive(Debug)]
pub(super) struct Begun<T> {
    action: &'static str,
    task: tokio::task::JoinHandle<Result<T, Fault>>,
}

impl<T> Begun<T> {
    /// Their answer, once. Whoever stops waiting for it may wait again.
    ///
    /// # Errors
    /// Theirs; `Unknown` where the thread died under them.
    pub(super) async fn done(&mut self) -> Result<T, Fault> {
        match (&mut self.task).await {
            Ok(answer) => answer,
            Err(died) => {
                let fault = Fault::permanent(Cause::Other, self.action, died.to_string());
                Err(Fault { certainty: Certainty::Unknown, ..fault })
            }
        }
    }
}

/// The fault of a system call. Beyond what `Fault::from_io` knows: a link where a folder or file should be (open(2): `ELOOP`,
/// `ENOTDIR`), a socket or a device without driver (`ENXIO`), a name that is too long are `Invalid`; a shortage of
/// descriptors or memory passes, and is the whole machine's. So does what a server does not answer in time (`ETIMEDOUT`), which is a whole
/// file system's. `EBUSY` and `ETXTBSY` are of one file alone.
pub(super) fn fault(action: impl Into<String>, errno: Errno) -> Fault {
    let mut fault = Fault::from_io(action, &errno.into());
    match errno {
        Errno::LOOP | Errno::NOTDIR | Errno::ISDIR | Errno::NXIO | Errno::NODEV | Errno::NAMETOOLONG | Errno::INVAL => {
            fault.cause = Cause::Invalid;
        }
        Errno::NFILE | Errno::MFILE | Errno::NOMEM | Errno::NOBUFS | Errno::AGAIN | Errno::INTR => {
            fault.certainty = Certainty::Transient;
        }
        _ => {}
    }
    fault
}

/// The fault of a call whose effect may not survive a power cut, as fsync(2) said. It is for good: a second fsync answers for what
/// was written after the first, and says nothing of what that lost.
pub(super) fn not_durable(action: impl Into<String>, errno: Errno) -> Fault {
    let fault = fault(action, errno);
    let answer = format!("it cannot be made durable: {}", fault.answer);
    Fault { certainty: Certainty::Permanent, answer, ..fault }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_stops_waiting_may_wait_again() {
        let (say, said) = std::sync::mpsc::channel();
        let mut begun = begin("wait", move || Ok(said.recv().unwrap()));
        tokio::select! {
            biased;
            answer = begun.done() => panic!("{answer:?}"),
            () = std::future::ready(()) => {}
        }
        say.send(7).unwrap();
        assert_eq!(begun.done().await.unwrap(), 7);
    }

    #[test]
    fn what_is_one_files_own_and_what_is_the_machines_are_told_apart() {
        let of = |errno| fault("open /a", errno);
        for errno in [Errno::BUSY, Errno::TXTBSY] {
            assert!(of(errno).is_busy() && !of(errno).is_general(), "{errno}");
        }
        for errno in [Errno::NFILE, Errno::MFILE, Errno::NOMEM, Errno::NOBUFS, Errno::TIMEDOUT, Errno::INTR] {
            assert!(of(errno).is_general() && !of(errno).is_busy(), "{errno}");
        }
        for errno in [Errno::IO, Errno::ACCESS, Errno::NOENT, Errno::STALE, Errno::LOOP] {
            assert!(of(errno).certainty == Certainty::Permanent && !of(errno).is_general(), "{errno}");
        }
    }
}
