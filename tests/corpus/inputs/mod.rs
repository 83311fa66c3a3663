//! Inputs that are no plans, or are more than a plan: whatever a file holds, `check` answers it.
//!
//! Each input has a seed of its own. `SONAE_INPUTS=1000000` tries more of them than a test run does, and `SONAE_INPUTS_SEED=7` begins at
//! another seed: both are named where one fails, with the file in which the input is, made smaller where that could be done.

mod answered;
mod made;
mod many;

use std::io::Write as _;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::Beside;
use answered::assert_answered;

/// How many are tried where nobody says.
const INPUTS: u64 = 8_000;

/// How long one may take before it is said to hang: many times what the slowest takes on a busy machine, in a build that is not optimised.
const HANGS_AFTER: Duration = Duration::from_secs(20);

/// How many are tried at once. A thread's stack is a fourth of that of the program's main thread.
const WORKERS: usize = 2;

/// What a worker is at: since when, and with what.
type At = Mutex<Option<(Instant, u64, Vec<u8>)>>;

#[test]
fn whatever_a_file_holds_is_answered() {
    let (first, inputs) = (number("SONAE_INPUTS_SEED", 0), number("SONAE_INPUTS", INPUTS));
    let pool = made::pool();
    each_watched(first..first + inputs, |seed| made::made(seed, &pool), |seed| made::beside(seed, &pool));
}

/// What is never reached is not tried.
#[test]
fn inputs_reach_several_files_and_templates() {
    let pool = made::pool();
    let (mut proven, mut codes) = (0, std::collections::BTreeSet::new());
    for seed in 0..2_000 {
        let text = String::from_utf8_lossy(&made::made(seed, &pool)).into_owned();
        let compiled = super::compile_with("input.kdl", &text, &made::beside(seed, &pool));
        let is_several = sonae::lower::in_one(&compiled.sources, Default::default()).trim_end() != text.trim_end();
        proven += usize::from(is_several && compiled.proven.is_some());
        codes.extend(compiled.codes());
    }
    let area = |name: &str| codes.iter().filter(|code| code.starts_with(&format!("sonae::{name}::"))).count();
    assert!(proven > 0 && area("include") >= 3 && area("template") >= 4, "{proven} proven; {codes:?}");
}

#[test]
fn what_is_too_much_is_answered() {
    let texts = many::texts();
    each_watched(
        0..texts.len() as u64,
        |number| texts[usize::try_from(number).unwrap()].clone().into_bytes(),
        |_| many::beside(),
    );
}

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).map_or(otherwise, |text| text.parse().unwrap_or_else(|error| panic!("{variable}: {error}")))
}

/// Tries the input of each seed, and fails with the first that is not answered, or not in time.
fn each_watched(
    seeds: std::ops::Range<u64>,
    input: impl Fn(u64) -> Vec<u8> + Sync,
    beside: impl Fn(u64) -> Vec<(String, String)> + Sync,
) {
    let desks: [At; WORKERS] = Default::default();
    let (done, failed) = (AtomicBool::new(false), Mutex::new(None));
    std::thread::scope(|scope| {
        let (input, beside, failed) = (&input, &beside, &failed);
        let begin = |(worker, desk)| {
            let seeds = seeds.clone().skip(worker).step_by(WORKERS);
            scope.spawn(move || work(seeds, input, beside, desk, failed))
        };
        let workers: Vec<_> = desks.iter().enumerate().map(begin).collect();
        scope.spawn(|| watch(&desks, &done));
        workers.into_iter().for_each(|worker| worker.join().unwrap());
        done.store(true, Ordering::Relaxed);
    });
    if let Some(failure) = failed.into_inner().unwrap() {
        panic!("{failure}");
    }
}

fn work(
    seeds: impl Iterator<Item = u64>,
    input: impl Fn(u64) -> Vec<u8>,
    beside: impl Fn(u64) -> Vec<(String, String)>,
    desk: &At,
    failed: &Mutex<Option<String>>,
) {
    for seed in seeds {
        if failed.lock().unwrap().is_some() {
            return;
        }
        let (bytes, beside) = (input(seed), beside(seed));
        *desk.lock().unwrap() = Some((Instant::now(), seed, bytes.clone()));
        if let Err(why) = attempt(seed, &bytes, &beside) {
            let smaller = halved(bytes, |bytes| {
                *desk.lock().unwrap() = Some((Instant::now(), seed, bytes.to_vec()));
                attempt(seed, bytes, &beside).is_err()
            });
            *failed.lock().unwrap() =
                Some(format!("seed {seed}: {why}\nthe input is in {}", kept_beside(seed, &smaller, &beside).display()));
        }
        *desk.lock().unwrap() = None;
    }
}

/// One input, once.
///
/// # Errors
/// Says what it panicked with.
fn attempt(seed: u64, bytes: &[u8], beside: &Beside) -> Result<(), String> {
    std::panic::catch_unwind(AssertUnwindSafe(|| assert_answered(seed, bytes, beside))).map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without words").to_owned()
    })
}

/// What is left of an input when halves, quarters, … are taken out for as long as it fails.
fn halved(mut bytes: Vec<u8>, fails: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut length = bytes.len() / 2;
    while length > 0 {
        let mut start = 0;
        while start < bytes.len() {
            let mut less = bytes.clone();
            less.drain(start..(start + length).min(bytes.len()));
            if fails(&less) {
                bytes = less;
            } else {
                start += length;
            }
        }
        length /= 2;
    }
    bytes
}

fn kept(seed: u64, bytes: &[u8]) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("input-{seed}.kdl"));
    std::fs::write(&path, bytes).unwrap();
    path
}

/// The same with what it may include.
fn kept_beside(seed: u64, bytes: &[u8], beside: &Beside) -> PathBuf {
    for (name, text) in beside {
        std::fs::write(PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name), text).unwrap();
    }
    kept(seed, bytes)
}

/// Ends the whole process where an input hangs: nothing else ends a thread.
fn watch(desks: &[At], done: &AtomicBool) {
    while !done.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(50));
        for desk in desks {
            if let Some((_, seed, bytes)) =
                desk.lock().unwrap().as_ref().filter(|(since, ..)| since.elapsed() > HANGS_AFTER)
            {
                let kept = kept(*seed, bytes);
                let said =
                    format!("seed {seed}: no answer within {HANGS_AFTER:?}\nthe input is in {}\n", kept.display());
                // Not by a macro: what a test prints is lost when it aborts.
                std::io::stderr().write_all(said.as_bytes()).unwrap();
                std::process::abort();
            }
        }
    }
}
