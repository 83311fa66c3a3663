//! Amazon's services, as moto imitates them: a server of the test's own, on a port that is free, gone with the test.
//!
//! It looks at no signature unless it is told to, and at no checksum. Conditions, versions, locks and policies are as Amazon's.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use super::needs::{Need, program};
use super::sshd::free_port;

/// What a check with a server needs.
pub(crate) const MOTO: &[Need] = &[Need::Python("moto_server"), Need::Python("aws")];
/// A server that is not up by then never will be.
const UP_WITHIN: Duration = Duration::from_secs(60);
/// It ends with whoever holds the other end of its input, however that ends.
const WITH_ITS_PARENT: &str = r#""$@" & server=$!; read -r _; kill -9 $server"#;

/// A server.
pub(crate) struct Moto {
    server: Child,
    port: u16,
    home: tempfile::TempDir,
}

impl Moto {
    /// One that holds nothing.
    pub(crate) fn start() -> Self {
        Self::launched(|port, _| {
            let arguments = ["-H", "127.0.0.1", "-p", port].map(str::to_owned);
            (program("moto_server").unwrap(), arguments.to_vec(), vec![])
        })
    }

    /// One that is launched so, once it is up: a program with its arguments and what stands in its environment, told its port and its folder.
    pub(crate) fn launched(
        how: impl FnOnce(&str, &Path) -> (PathBuf, Vec<String>, Vec<(&'static str, String)>),
    ) -> Self {
        let home = tempfile::Builder::new().prefix("sonae-moto-").tempdir().unwrap();
        let port = free_port();
        let (program, arguments, environment) = how(&port.to_string(), home.path());
        let mut command = Command::new("sh");
        command.args(["-c", WITH_ITS_PARENT, "sh"]).arg(program).args(arguments).envs(environment);
        command.current_dir(home.path()).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut moto = Self { server: command.process_group(0).spawn().unwrap(), port, home };
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = moto.server.try_wait().unwrap();
            assert!(ended.is_none() && begun.elapsed() < UP_WITHIN, "moto is not up: {ended:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
        moto
    }

    /// The folder that it was launched in, which goes with it.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// Where it is, as a plan's `endpoint` says it.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// It holds nothing again.
    pub(crate) fn reset(&self) {
        self.asks("POST", "/moto-api/reset", &[], "");
    }

    /// Asks it, past everything that is tested: `headers` are lines, and the path begins with `/`. Answers the body of what it answers,
    /// which is no refusal.
    pub(crate) fn asks(&self, method: &str, path: &str, headers: &[&str], body: &str) -> String {
        let mut socket = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
        let length = body.len();
        let host = format!("127.0.0.1:{}", self.port);
        write!(
            socket,
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
        )
        .unwrap();
        let mut answer = vec![];
        socket.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{method} {path}: {answer}"));
        assert!(head.starts_with("HTTP/1.1 2"), "{method} {path}: {answer}");
        body.to_owned()
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        // One that ended in the meantime is no error.
        let _gone = Pid::from_raw(self.server.id().cast_signed()).map(|pid| kill_process_group(pid, Signal::KILL));
        let _reaped = self.server.wait();
    }
}
