//! How long the program takes to tell of many runs: `cargo bench --bench ledger`.
//!
//! A ledger of 750,000 runs is filled through its port (one every five minutes, for seven years; the steps of the last 400 days, as older
//! ones are forgotten), with the journals of the last 90 days beside it. Then the whole program is asked, again and again. It ends with 1
//! where `status` takes longer than its goal.
#![expect(clippy::disallowed_methods, reason = "a benchmark sets the real world up, and looks at it past the ports")]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "figures go to standard output, progress to standard error"
)]

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use sonae::drivers::SqliteLedger;
use sonae::ports::{JobRow, LedgerWrite, RunEnd, RunRow, RunUpdate, Series, StepEnd, StepRow};
use sonae::primitives::{JobName, Name, RunId};

const RUNS: u32 = 750_000;
const EVERY: SignedDuration = SignedDuration::from_mins(5);
/// Runs whose steps are still there, and runs whose journals are: of 400 and of 90 days.
const WITH_STEPS: u32 = 400 * 24 * 12;
const WITH_JOURNAL: u32 = 90 * 24 * 12;
/// What `status` may take.
const GOAL: Duration = Duration::from_millis(50);
const ROUNDS: usize = 21;

const PLAN: &str = r#"plan "home" { timezone "UTC"; }
store "shelf" { local path="store"; }
target "photos" {
    files "photos"
    backup "often" { schedule every="5m"; archive "tar.zip"; store "shelf"; retention generations=3; takes "1m"; }
}
restore "photos" { recover "photos" { into path="restored"; }; }
"#;

fn main() -> ExitCode {
    // Cargo gives it to benchmarks; without, this is `cargo test --all-targets`.
    if !std::env::args().any(|word| word == "--bench") {
        eprintln!("ledger: nothing is measured without `cargo bench`");
        return ExitCode::SUCCESS;
    }
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary folder");
    std::fs::write(folder.path().join("plan.kdl"), PLAN).expect("the plan is written");
    std::fs::create_dir(folder.path().join("photos")).expect("a folder");
    std::fs::write(folder.path().join("photos/cat"), "a cat").expect("a file");
    eprintln!("filling a ledger with {RUNS} runs");
    let began = Instant::now();
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(fill(folder.path()));
    eprintln!("filled in {:.0} s; three backups", began.elapsed().as_secs_f64());
    for _ in 0..3 {
        let ran = sonae(folder.path(), &["run", "plan.kdl", "--all", "--quiet", "--host", "web-1"]);
        assert!(ran.1, "the backup succeeds");
    }
    let size = std::fs::metadata(folder.path().join("state/sonae/ledger/ledger.sqlite")).expect("the ledger").len();
    println!("{RUNS} runs, {} MiB", size >> 20);
    let mut met = true;
    for words in [
        &["status", "plan.kdl", "--host", "web-1"][..],
        &["history"],
        &["history", "--job", "photos/often", "--limit", "100"],
    ] {
        let mut took: Vec<Duration> = (0..ROUNDS).map(|_| sonae(folder.path(), words).0).collect();
        took.sort_unstable();
        let (median, most) = (took[ROUNDS / 2], took[ROUNDS - 1]);
        let goal =
            if words[0] == "status" { format!(", at most {} ms wanted", GOAL.as_millis()) } else { String::new() };
        println!("{:<50} {:>6.1} ms, at most {:.1} ms{goal}", words.join(" "), ms(median), ms(most));
        met &= words[0] != "status" || median <= GOAL;
    }
    if met { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Runs the program; answers how long it took, and whether it exited with 0.
fn sonae(folder: &Path, words: &[&str]) -> (Duration, bool) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sonae"));
    command.args(words).current_dir(folder).env_clear().env("XDG_STATE_HOME", folder.join("state"));
    let began = Instant::now();
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit()).status();
    (began.elapsed(), status.expect("the program starts").success())
}

async fn fill(folder: &Path) {
    let state = folder.join("state/sonae");
    let ledger = SqliteLedger::new(state.join("ledger"));
    std::fs::create_dir_all(state.join("runs")).expect("a folder");
    let name = |text| Name::parse(text).expect("a name");
    let series = Series {
        plan: name("home"),
        job: JobName::parse("photos/often").expect("a job"),
        host: name("web-1"),
        place: folder.join("store").display().to_string(),
    };
    let newest = Timestamp::now();
    for number in 0..RUNS {
        let left = RUNS - number;
        let began = newest - EVERY * i32::try_from(left).expect("it is small");
        let run = RunId::new(began, number);
        if left < WITH_JOURNAL {
            // Its end is known, so that nobody reads it.
            std::fs::write(state.join(format!("runs/{run}.jsonl")), "").expect("a journal");
        }
        let steps = if left < WITH_STEPS { 5 } else { 0 };
        ledger.put(&update(run, began, &series, steps)).await.expect("a row");
    }
}

fn update(run: RunId, began: Timestamp, series: &Series, steps: u32) -> RunUpdate {
    let step = |step: u32| StepRow {
        step,
        name: format!("{}/{step}", series.job),
        end: StepEnd::Done,
        takes: None,
        attempts: 1,
        began: Some(began),
        ended: Some(began),
        fault: None,
    };
    let row = RunRow {
        run,
        plan: series.plan.clone(),
        host: series.host.clone(),
        restore: None,
        takes_back: None,
        allowed: None,
        part: false,
        began,
        last: began,
        end: RunEnd::Complete,
        entries: 12,
        bytes: 1 << 20,
    };
    let jobs = vec![JobRow { series: series.clone(), end: RunEnd::Complete }];
    RunUpdate { since: 0, run: row, jobs, steps: (0..steps).map(step).collect(), points: vec![] }
}
