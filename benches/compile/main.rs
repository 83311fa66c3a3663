//! How long plans take to compile: `cargo bench --bench compile`.
//!
//! The parser of KDL by itself beside all that is done behind it, for plans of three sizes; the whole program's dry run of 100,000
//! steps beside `ninja -n`, which is installed where it is missing; and its timeline of seven years of points every five minutes. What is to be reached says `docs/performance.md`; with `UPDATE_DOCS=1`
//! the figures are written there. It ends with 1 where a goal is missed.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a benchmark sets the real world up, and looks at it past the ports"
)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "figures go to standard output, progress to standard error"
)]

#[path = "../archives/machine.rs"]
mod machine;
#[path = "../archives/page.rs"]
mod page;
mod place {
    /// What a benchmark answers, where it can be measured.
    pub(crate) type Outcome<T> = Result<T, Box<dyn std::error::Error>>;
}
mod plans;

use std::fs::File;
use std::hint::black_box;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use place::Outcome;
use sonae::diagnostic::{Diagnostics, Sources};
use sonae::forecast::{Circumstances, unasked};
use sonae::primitives::PathBytes;
use sonae::report::diagnostics::{Colour, text};

const ROUNDS: usize = 5;
const SIZES: [usize; 3] = [100, 1_000, 10_000];

fn main() -> ExitCode {
    // Cargo gives it to benchmarks; without, this is `cargo test --all-targets`.
    if !std::env::args().any(|word| word == "--bench") {
        eprintln!("compile: nothing is measured without `cargo bench`");
        return ExitCode::SUCCESS;
    }
    match measure() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("compile: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Measures all, and says whether every goal was met.
fn measure() -> Outcome<bool> {
    machine::install(&["ninja"])?;
    let mut figures = format!("On {}.\n\n", machine::told(&["ninja"])?);
    let mut goals = vec![];
    figures.push_str(&format!("| median of {ROUNDS} | parser alone | all behind the reading | share |\n"));
    figures.push_str("| --- | --: | --: | --: |\n");
    let sizes = SIZES.map(|targets| (targets, stages(&plans::targets(targets))));
    for (targets, Stages { parser, behind }) in sizes {
        let share = ratio(behind, parser);
        figures.push_str(&format!(
            "| {targets} targets | {:.2} ms | {:.2} ms | {share:.2} |\n",
            ms(parser),
            ms(behind)
        ));
        goals.push((format!("{targets} targets: all behind the reading / parser"), share, 0.25));
    }
    let (least, most) = (sizes[0].1.behind, sizes[2].1.behind);
    goals.push(("10000 targets / 100 times 100 targets".into(), ratio(most, least * 100), 2.0));
    figures.push_str(&format!("\n| median of {ROUNDS} | all proofs |\n| --- | --: |\n"));
    let worked_example = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("plans/smaregi.kdl"))?;
    for (what, plan, most) in
        [("the worked example", worked_example, 50.0), ("1,000 targets, all with promises", plans::promises(), 1_000.0)]
    {
        let took = ms(proofs(&plan)?);
        figures.push_str(&format!("| {what} | {took:.1} ms |\n"));
        goals.push((format!("ms of all proofs of {what}"), took, most));
    }
    let (parsed, compared) = diff(&plans::promises())?;
    figures.push_str(&format!(
        "\n| median of {ROUNDS}, two plans of 1,000 targets | time |\n| --- | --: |\n| both read | {:.1} ms |\n| compared, each with a shorter retention | {:.1} ms |\n",
        ms(parsed),
        ms(compared)
    ));
    goals.push((
        "two plans of 1,000 targets read and compared / both read".into(),
        ratio(parsed + compared, parsed),
        2.0,
    ));
    let (sonae, ninja) = side_by_side()?;
    figures.push_str(&format!("\n| median of {ROUNDS} | wall time | CPU time |\n| --- | --: | --: |\n"));
    for (program, took) in [("sonae run --dry-run", sonae), ("ninja -n", ninja)] {
        figures.push_str(&format!("| {program} | {:.0} ms | {:.0} ms |\n", ms(took.wall), ms(took.cpu)));
    }
    let graph = ordered_and_printed(&plans::jobs())?;
    figures.push_str(&format!(
        "\nOf the dry run, {:.0} ms are for ordering the graph of 100,000 steps and printing it; most of the rest is the reading of the plan's text by \
         `kdl`, and the questions to sources and stores.\n",
        ms(graph)
    ));
    goals.push(("a graph of 100,000 steps ordered and printed / ninja -n".into(), ratio(graph, ninja.wall), 1.0));
    figures.push_str(&format!(
        "\n| median of {ROUNDS}, beyond `sonae --version` | wall time | CPU time |\n| --- | --: | --: |\n"
    ));
    for (kept, took) in timelines()? {
        figures.push_str(&format!(
            "| sonae timeline, kept for {kept} | {:.0} ms | {:.0} ms |\n",
            ms(took.wall),
            ms(took.cpu)
        ));
        goals.push((format!("ms of a timeline of seven years of five minutes, kept for {kept}"), ms(took.wall), 100.0));
    }
    figures.push_str("\n| goal | found | |\n| --- | --- | --- |\n");
    for (goal, found, most) in &goals {
        let met = if found <= most { "met" } else { "**MISSED**" };
        figures.push_str(&format!("| {goal} ≤ {most} | {found:.2} | {met} |\n"));
    }
    println!("\n{figures}");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        page::write("compile", &figures)?;
    }
    Ok(goals.iter().all(|(_, found, most)| found <= most))
}

/// How long it takes to read a plan and another with a change in every target, most of which are accepted there, and to compare them.
fn diff(old: &str) -> Outcome<(Duration, Duration)> {
    let shorter =
        [("within=\"30d\"", "within=\"20d\""), ("\"90d\"", "\"60d\""), ("\"1y\"", "\"6mo\""), ("\"9d\"", "\"8d\"")];
    let new = shorter.iter().fold(old.to_owned(), |plan, (from, to)| plan.replace(from, to));
    let accepted = "waive \"sonae::change::deletes\" reason=\"meant\" until=\"2099-01-01\";objective ";
    let new = new.replace("objective ", accepted);
    let mut sources = Sources::default();
    let files = [old, &new].map(|text| sources.add("plan.kdl", text));
    let read = |file| sonae::lower::read(&sources, file, &mut Diagnostics::default());
    let parsed = median(|| drop(black_box(files.map(read))));
    let lowered = |file| sonae::lower::lower(&read(file), &mut Diagnostics::default());
    let (Some(old), Some(new)) = (lowered(files[0]), lowered(files[1])) else { return Err("no plan".into()) };
    let now = jiff::Timestamp::constant(1_772_366_400, 0);
    let mut changes = 0;
    let compared = median(|| changes = black_box(sonae::diff::diff(Some(&old), Some(&new), now)).changes.len());
    if changes < 1_000 {
        return Err(format!("{changes} changes were found").into());
    }
    Ok((parsed, compared))
}

/// What the stages of one plan take.
#[derive(Clone, Copy)]
struct Stages {
    parser: Duration,
    behind: Duration,
}

fn stages(plan: &str) -> Stages {
    let mut sources = Sources::default();
    let file = sources.add("plan.kdl", plan);
    let base = PathBytes::new(&b"/plans"[..]);
    let now = jiff::Timestamp::constant(1_772_366_400, 0);
    let parser = median(|| drop(black_box(kdl::KdlDocument::parse_v2(plan))));
    let read = median(|| drop(black_box(sonae::syntax::parse(file, plan, &mut Diagnostics::default()))));
    let all = median(|| {
        let compiled = sonae::prove::compile(&sources, file, &base, now);
        assert!(compiled.proven.is_some(), "{}", text(&compiled.diagnostics, &sources, Colour::Plain));
        black_box(text(&compiled.diagnostics, &sources, Colour::Plain));
    });
    Stages { parser, behind: all.saturating_sub(read) }
}

/// What all proofs of a plan take.
fn proofs(plan: &str) -> Outcome<Duration> {
    let (mut sources, mut found) = (Sources::default(), Diagnostics::default());
    let file = sources.add("plan.kdl", plan);
    let document = sonae::syntax::parse(file, plan, &mut found);
    let read = sonae::lower::lower(&[document], &mut found).ok_or("no plan")?;
    let (base, today) = (PathBytes::new(&b"/plans"[..]), jiff::civil::date(2026, 3, 1));
    let checked = sonae::check::check(read, today, &mut found).map_err(|_| "errors")?;
    let graph = sonae::graph::compile(&checked, &base, &mut found).ok_or("a circle")?;
    Ok(median(|| {
        let proven = sonae::prove::prove(checked.clone(), graph.clone(), Diagnostics::default(), today);
        assert!(proven.proven.is_some(), "{}", text(&proven.diagnostics, &sources, Colour::Plain));
        black_box(proven);
    }))
}

/// The middle of several times: of the processor, of which what else the machine does takes none.
fn median(mut what: impl FnMut()) -> Duration {
    let one = |_| {
        let began = cpu();
        what();
        cpu().saturating_sub(began)
    };
    let mut took: Vec<Duration> = (0..ROUNDS).map(one).collect();
    took.sort_unstable();
    took[ROUNDS / 2]
}

/// What this process has spent in user and system mode.
fn cpu() -> Duration {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(spent.tv_sec.unsigned_abs(), u32::try_from(spent.tv_nsec).unwrap_or(0))
}

/// What the programs that this one ran have spent likewise.
fn cpu_of_programs() -> Outcome<Duration> {
    let spent = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_CHILDREN)?;
    let told = [spent.user_time(), spent.system_time()];
    let microseconds = |time: &nix::sys::time::TimeVal| time.tv_sec() * 1_000_000 + time.tv_usec();
    Ok(Duration::from_micros(told.iter().map(microseconds).sum::<i64>().unsigned_abs()))
}

/// What a whole program took.
#[derive(Clone, Copy)]
struct Took {
    wall: Duration,
    cpu: Duration,
}

/// A dry run of the program, and one of ninja, in turns.
fn side_by_side() -> Outcome<(Took, Took)> {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    for source in 0..plans::SOURCES {
        let source = folder.path().join(format!("source/{source}"));
        std::fs::create_dir_all(&source)?;
        std::fs::write(source.join("file"), "content")?;
    }
    std::fs::write(folder.path().join("plan.kdl"), plans::jobs())?;
    std::fs::write(folder.path().join("build.ninja"), plans::ninja())?;
    let sonae = &[env!("CARGO_BIN_EXE_sonae"), "run", "plan.kdl", "--all", "--dry-run"][..];
    let ninja = &["ninja", "-n"][..];
    // Once unmeasured, so that all is in memory.
    let (mut ours, mut theirs) = (vec![], vec![]);
    for round in 0..=ROUNDS {
        eprintln!("compile: round {round} of {ROUNDS}");
        let took = (whole(folder.path(), sonae)?, whole(folder.path(), ninja)?);
        if round > 0 {
            ours.push(took.0);
            theirs.push(took.1);
        }
    }
    Ok((middle(&ours), middle(&theirs)))
}

/// What timelines of seven years take beyond the program's start, by how long a point is kept.
fn timelines() -> Outcome<Vec<(&'static str, Took)>> {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let program = env!("CARGO_BIN_EXE_sonae");
    let mut all = vec![];
    for within in ["7d", "7y"] {
        std::fs::write(folder.path().join("plan.kdl"), plans::every_five_minutes(within))?;
        let timeline = [program, "timeline", "plan.kdl", "--from", "2026-01-01", "--to", "2033-01-01"];
        let mut took = vec![];
        for round in 0..=ROUNDS {
            eprintln!("compile: timeline of {within}, round {round} of {ROUNDS}");
            let (start, whole) = (whole(folder.path(), &[program, "--version"])?, whole(folder.path(), &timeline)?);
            if round > 0 {
                took.push(Took {
                    wall: whole.wall.saturating_sub(start.wall),
                    cpu: whole.cpu.saturating_sub(start.cpu),
                });
            }
        }
        let printed = std::fs::read_to_string(folder.path().join("printed"))?;
        if !printed.contains("736,416 points made") {
            return Err(format!("another timeline was expected:\n{printed}").into());
        }
        all.push((within, middle(&took)));
    }
    Ok(all)
}

/// The median of each of the times.
fn middle(all: &[Took]) -> Took {
    let of = |time: fn(&Took) -> Duration| {
        let mut all: Vec<Duration> = all.iter().map(time).collect();
        all.sort_unstable();
        all[ROUNDS / 2]
    };
    Took { wall: of(|took| took.wall), cpu: of(|took| took.cpu) }
}

/// What it takes to order the graph of a plan that was checked, and to print all of it.
fn ordered_and_printed(plan: &str) -> Outcome<Duration> {
    let (mut sources, mut found) = (Sources::default(), Diagnostics::default());
    let file = sources.add("plan.kdl", plan);
    let document = sonae::syntax::parse(file, plan, &mut found);
    let read = sonae::lower::lower(&[document], &mut found).ok_or("no plan")?;
    let (name, base) = (read.name.value.clone(), PathBytes::new(&b"/plans"[..]));
    let checked = sonae::check::check(read, jiff::civil::date(2026, 3, 1), &mut found).map_err(|_| "errors")?;
    let who = Circumstances::plain(name, base.clone());
    let mut took = vec![];
    for _ in 0..ROUNDS {
        let began = Instant::now();
        let graph = sonae::graph::compile(&checked, &base, &mut found).ok_or("a circle")?;
        let now = jiff::Timestamp::constant(1_772_366_400, 0);
        let printed = sonae::report::forecast::text(&unasked(checked.plan(), &graph, now, &who, None));
        took.push(began.elapsed());
        assert!(graph.steps().len() >= 100_000 && printed.lines().count() > 100_000, "{}", graph.steps().len());
    }
    took.sort_unstable();
    Ok(took[ROUNDS / 2])
}

/// What a whole program takes that prints into a file.
fn whole(folder: &Path, words: &[&str]) -> Outcome<Took> {
    let output = File::create(folder.join("printed"))?;
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).current_dir(folder).env("XDG_STATE_HOME", folder.join("state"));
    let (began, spent) = (Instant::now(), cpu_of_programs()?);
    let status = command.stdin(Stdio::null()).stdout(output).stderr(Stdio::inherit()).status()?;
    let took = Took { wall: began.elapsed(), cpu: cpu_of_programs()?.saturating_sub(spent) };
    if status.success() { Ok(took) } else { Err(format!("{} ended with {status}", words[0]).into()) }
}

fn ratio(own: Duration, other: Duration) -> f64 {
    own.as_secs_f64() / other.as_secs_f64()
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
