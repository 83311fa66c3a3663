//! This test binary as the program itself, with a journal that kills it around a certain record.
//!
//! Only a test can stand between the program and its journal; all else is the program's own `main`.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rustix::process::{Signal, getpid, kill_process};
use serde_json::Value;
use sonae::cli::Seams;
use sonae::ports::{Fault, JournalRead, JournalWrite};
use sonae::primitives::RunId;

use super::scene::{Said, Scene};

/// Holds the order, `<record's number> <before or after> <so many ms later> <file>`; only a child has it.
const ORDER: &str = "SONAE_TEST_CHILD";

/// On which side of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Edge {
    /// It is not written.
    Before,
    /// It is durable.
    After,
}

impl Edge {
    pub(crate) const BOTH: [Self; 2] = [Self::Before, Self::After];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
        }
    }
}

/// Runs the program in a scene, killed around the so-manieth record that it writes. Tells how it ended, and at what it
/// was killed: a step's kind and the record, as in `pack started`.
pub(crate) fn killed_at(scene: &Scene, arguments: &[&str], record: u32, edge: Edge) -> (Said, Option<String>) {
    killed_later(scene, arguments, (record, edge), Duration::ZERO)
}

/// The same, so long after the record: inside of what the record begins.
pub(crate) fn killed_later(
    scene: &Scene,
    arguments: &[&str],
    (record, edge): (u32, Edge),
    later: Duration,
) -> (Said, Option<String>) {
    let note = scene.path("killed-at");
    let mut command = Command::new(std::env::current_exe().unwrap());
    scene.surround(command.args(arguments));
    command.env(ORDER, format!("{record} {} {} {}", edge.word(), later.as_millis(), note.display()));
    let said = Said::of(&mut command);
    let at = std::fs::read_to_string(&note).ok();
    if at.is_some() {
        std::fs::remove_file(note).unwrap();
    }
    (said, at)
}

/// Does what a child is asked to; none where this process is no child.
pub(crate) fn if_asked() -> Option<ExitCode> {
    let _order = std::env::var_os(ORDER)?;
    let status = sonae::cli::main(std::env::args_os(), &Seams { journal: |inner| Arc::new(Deadly::new(inner)) });
    Some(ExitCode::from(status.code()))
}

/// A journal that kills.
struct Deadly {
    inner: Arc<dyn JournalWrite>,
    record: u32,
    edge: Edge,
    later: Duration,
    note: PathBuf,
    written: AtomicU32,
}

impl Deadly {
    fn new(inner: Arc<dyn JournalWrite>) -> Self {
        let order = std::env::var(ORDER).unwrap();
        let [record, edge, later, note] = order.splitn(4, ' ').collect::<Vec<_>>()[..] else { panic!("{order}") };
        let later = Duration::from_millis(later.parse().unwrap());
        let edge = if edge == "before" { Edge::Before } else { Edge::After };
        Self {
            inner,
            record: record.parse().unwrap(),
            edge,
            later,
            note: Path::new(note).into(),
            written: AtomicU32::new(0),
        }
    }

    async fn die(&self, run: &RunId, line: &str) {
        let lines = self.inner.lines(run).await.unwrap().unwrap_or_default();
        let (note, told) = (self.note.clone(), told(lines.first().map_or(line, String::as_str), line));
        let die = move || {
            std::fs::write(&note, told).unwrap();
            kill_process(getpid(), Signal::KILL).unwrap();
        };
        if self.later.is_zero() {
            die();
            return std::future::pending().await;
        }
        // Meanwhile all goes on.
        let later = self.later;
        std::thread::spawn(move || {
            std::thread::sleep(later);
            die();
        });
    }
}

/// A record in two words: of which kind its step is, and what became of it.
fn told(first: &str, line: &str) -> String {
    let [first, record]: [Value; 2] = [first, line].map(|line| serde_json::from_str(line).unwrap());
    let step = record["step"].as_u64().and_then(|id| usize::try_from(id).ok());
    let kind = step.map_or("run", |id| first["forecast"]["steps"][id]["action"]["do"].as_str().unwrap());
    // However it looks, it is a probe.
    let kind = if kind.starts_with("probe") { "probe" } else { kind };
    format!("{kind} {}", record["record"].as_str().unwrap())
}

#[async_trait::async_trait]
impl JournalRead for Deadly {
    async fn runs(&self) -> Result<Vec<RunId>, Fault> {
        self.inner.runs().await
    }

    async fn lines(&self, run: &RunId) -> Result<Option<Vec<String>>, Fault> {
        self.inner.lines(run).await
    }

    fn place(&self, run: &RunId) -> String {
        self.inner.place(run)
    }
}

#[async_trait::async_trait]
impl JournalWrite for Deadly {
    async fn append(&self, run: &RunId, line: &str) -> Result<(), Fault> {
        let now = self.written.fetch_add(1, Ordering::SeqCst) + 1 == self.record;
        if now && self.edge == Edge::Before {
            self.die(run, line).await;
        }
        self.inner.append(run, line).await?;
        if now {
            self.die(run, line).await;
        }
        Ok(())
    }

    async fn remove(&self, run: &RunId) -> Result<(), Fault> {
        self.inner.remove(run).await
    }
}
