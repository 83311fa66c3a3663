//! Amazon RDS, as moto imitates it, made as slow and as strict as Amazon's: `slow_moto/server.py` says in what, and what can be planted.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};

use sonae::drivers::{AwsAddress, RdsDatabases};

use super::needs::program;
use super::sshd::free_port;

/// The region that the tests are at home in.
pub(crate) const HOME: &str = "ap-northeast-1";
/// A server that is not up by then never will be.
const UP_WITHIN: Duration = Duration::from_secs(60);
/// It ends with whoever holds the other end of its input, however that ends.
const WITH_ITS_PARENT: &str = r#""$@" & server=$!; read -r _; kill -9 $server"#;

/// A server.
pub(crate) struct SlowMoto {
    server: Child,
    port: u16,
    home: tempfile::TempDir,
}

impl SlowMoto {
    /// One that holds nothing, and logs what it is asked.
    pub(crate) fn start() -> Self {
        let home = tempfile::Builder::new().prefix("sonae-slow-moto-").tempdir().unwrap();
        let port = free_port();
        let settings = json!({ "log": home.path().join("log"), "done": home.path().join("done") });
        let python = program("moto_server").unwrap().with_file_name("python3");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/services/slow_moto/server.py");
        let mut command = Command::new("sh");
        command.args(["-c", WITH_ITS_PARENT, "sh"]).arg(python).args([script, &port.to_string()]);
        command.env("SLOW_MOTO", settings.to_string()).env("PYTHONDONTWRITEBYTECODE", "1").current_dir(home.path());
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let mut moto = Self { server: command.spawn().unwrap(), port, home };
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = moto.server.try_wait().unwrap();
            assert!(ended.is_none() && begun.elapsed() < UP_WITHIN, "moto is not up: {ended:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
        moto
    }

    /// Where it is.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its databases, by the driver.
    pub(crate) fn databases(&self) -> RdsDatabases {
        RdsDatabases::new(AwsAddress::at(self.endpoint(), "AKIAIOSFODNN7EXAMPLE", "secret"))
    }

    /// Each call that it was asked, `rds:CreateDBSnapshot`.
    pub(crate) fn log(&self) -> Vec<String> {
        self.lines("log")
    }

    /// Each change that it carried out, with the names in it, and `held` for an answer that it keeps to itself.
    pub(crate) fn done(&self) -> Vec<String> {
        self.lines("done")
    }

    /// Begins both lists anew.
    pub(crate) fn forget(&self) {
        for name in ["log", "done"] {
            std::fs::write(self.home.path().join(name), "").unwrap();
        }
    }

    fn lines(&self, name: &str) -> Vec<String> {
        let lines = std::fs::read_to_string(self.home.path().join(name)).unwrap_or_default();
        lines.lines().map(str::to_owned).collect()
    }

    /// Sets what its script says can be set.
    pub(crate) fn set(&self, settings: &Value) {
        self.says("/slow/set", settings);
    }

    /// An instance that has been there for two days, made of moto's words and those that every instance has.
    pub(crate) fn put_instance(&self, identifier: &str, more: &Value) {
        let like = json!({
            "db_instance_identifier": identifier,
            "db_instance_class": "db.t4g.medium",
            "engine": "mysql",
            "allocated_storage": 20,
            "backup_retention_period": 7,
            "preferred_backup_window": "18:00-18:30",
            "storage_encrypted": true,
            "master_username": "master",
            "master_user_password": "a-master-password",
        });
        self.says("/slow/put", &json!({ "region": HOME, "kind": "instance", "like": merged(like, more) }));
    }

    /// A cluster of the same kind.
    pub(crate) fn put_cluster(&self, identifier: &str, more: &Value) {
        let like = json!({
            "db_cluster_identifier": identifier,
            "engine": "aurora-mysql",
            "backup_retention_period": 7,
            "preferred_backup_window": "18:00-18:30",
            "storage_encrypted": true,
            "master_username": "master",
            "master_user_password": "a-master-password",
        });
        self.says("/slow/put", &json!({ "region": HOME, "kind": "cluster", "like": merged(like, more) }));
    }

    /// Deletes an instance; its automated backups are retained.
    pub(crate) fn delete_instance(&self, identifier: &str) {
        self.says("/slow/delete", &json!({ "region": HOME, "identifier": identifier, "keep": true }));
    }

    /// A key that is in that region.
    pub(crate) fn key_in(&self, region: &str) -> String {
        self.says("/slow/key", &json!({ "region": region }))
    }

    fn says(&self, path: &str, body: &Value) -> String {
        let mut socket = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let body = body.to_string();
        let length = body.len();
        write!(
            socket,
            "POST {path} HTTP/1.1\r\nHost: slow\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        let (head, said) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{path}: {answer}"));
        assert!(head.starts_with("HTTP/1.1 200"), "{path} {body}: {answer}");
        said.to_owned()
    }
}

impl Drop for SlowMoto {
    fn drop(&mut self) {
        // One that ended in the meantime is no error.
        let _gone = Pid::from_raw(self.server.id().cast_signed()).map(|pid| kill_process_group(pid, Signal::KILL));
        let _reaped = self.server.wait();
    }
}

fn merged(mut like: Value, more: &Value) -> Value {
    let (Some(like_map), Some(more)) = (like.as_object_mut(), more.as_object()) else { return like };
    like_map.extend(more.clone());
    like
}
