//! Faults chosen by a seed: refusals, lost answers, throttling, half-written bytes, delays, full disks, clocks that jump, deaths and
//! interrupts, at any call. Of each pair of a fault and a step that there can be, one came.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

use sonae::primitives::PathBytes;
use sonae::rehearse::{Case, FaultKind, Pairs, Sound, Stage, StepKind, Story, Weather, each, possible, shrink};

use super::scene::{PLAN, proven};

/// Seeds that are lived through at once.
const WIDTH: usize = 2;
/// As of when the plan is compiled.
pub(super) const NOW: &str = "2026-03-01T00:00:00Z";

/// A program that is released in a repository, and one that is in an archive of a store.
const RELEASES: &str = r#"
target "shop" { release svn="https://svn.example.org/shop/tags/current"; no-backup "in the repository"; }
target "tools" {
    release archive="releases/tools.tar" store="vault" sha256="5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03" strip=1
    no-backup "in the store"
}
"#;
/// A database that a provider runs, with both ways in which it is kept.
const DATABASE: &str = r#"
target "orders" {
    rds instance="orders-prod" region="eu-central-1"
    backup "automated" { point-in-time max-lag="15m" on-drift="correct"; retention within="14d" }
    backup "nightly" { schedule "daily" at="03:30"; snapshot copy-to="eu-west-1"; retention generations=2; takes "5m" }
}
"#;
/// A machine that a provider launches.
const MACHINE: &str = r#"
target "base" { machine-image newest-tagged="role=web" max-age="30d" region="eu-central-1"; no-backup "built anew each month"; }
"#;
const ROLE: &str = "\nrole \"admin\" { member \"admin-1@example.jp\" user=\"admin1\"; }\n";

/// The plan, which looks at more of what was restored: so that there is time for something to go wrong meanwhile.
pub(super) fn plan() -> String {
    let probe = |path: &str| format!("probe {path:?} takes=\"1m\" {{ path {path:?} }}\n    ");
    let run = |word: &str| format!("probe {word:?} takes=\"1m\" {{ command \"look\" {word:?} }}\n    ");
    let paths =
        ["/back/mail/srv/mail/x", "/back/mail/srv/lists", "/back/docs/kept", "/back/docs/link", "/back/docs", "/back"];
    let more = paths.map(probe).concat() + &["docs", "mail", "lists"].map(run).concat();
    // A person says yes, what was recovered gets its place, and a program is told.
    let approve = |word: &str| format!("approve {word:?} by=\"admin\" takes=\"1m\"\n    ");
    let approvals = ["once", "twice", "thrice"].map(approve).concat();
    let deploy = |target: &str, link: &str| {
        format!("deploy {target:?} takes=\"1m\" {{ into path=\"/srv/{target}\" link={link:?}; }}\n    ")
    };
    let deploys = deploy("shop", "/srv/serving") + &deploy("tools", "/srv/tools/current");
    let database = "recover \"orders\" takes=\"5m\" { into instance=\"orders-restored\"; }\n    ";
    let last = "switch \"orders\" takes=\"1m\"\n    switch \"docs\" takes=\"1m\"\n    switch \"mail\" takes=\"1m\"\n    command \"tell\" takes=\"1m\"\n}";
    let launch = "launch \"web server\" takes=\"5m\" { image target=\"base\"; instance-type \"m6i.large\"; subnet \"subnet-1\"; }\n    \
                  probe \"it listens\" takes=\"1m\" { tcp (output)\"web server.address\" port=22; }\n    \
                  command \"configure\" (output)\"web server.instance\" takes=\"1m\" host=(output)\"web server.address\" { repeatable; }\n    ";
    let plan = PLAN.replace("probe \"a program", &format!("{launch}{more}{approvals}probe \"a program"));
    // Beside what is recovered, where stores are asked most.
    let recover = "recover \"docs\" takes=\"5m\"";
    let plan = plan.replace(recover, &format!("{deploys}{database}{recover}"));
    let plan = plan.trim_end().strip_suffix('}').unwrap().to_owned() + last + RELEASES + DATABASE + MACHINE + ROLE;
    assert!(plan.contains("thrice") && plan.contains(&deploys));
    plan
}

pub(super) fn stage() -> Stage {
    Stage::set(&proven("sim.kdl", &plan()), &PathBytes::new(*b"/plans")).unwrap()
}

fn live(stage: &Stage, seed: u64) -> Story {
    stage.live(&Weather::of(seed), Box::new(Sound))
}

/// What is said of a failure: its seed, the smallest plan that fails so, and what happens in it.
fn told(story: &Story) -> String {
    let broken = story.broken.clone().unwrap();
    let (base, plant) = (PathBytes::new(*b"/plans"), || Box::new(Sound) as Box<dyn sonae::rehearse::Planted>);
    let text = plan();
    let case = Case {
        text: &text,
        base: &base,
        now: NOW.parse().unwrap(),
        stop: &AtomicBool::new(false),
        plant: &plant,
        invariant: broken.invariant,
    };
    let smallest = shrink(&case, &Weather::of(story.seed)).map(|smallest| smallest.to_string());
    let lines = || format!("it was not broken again\n{}", story.told.lines.join("\n"));
    format!("seed {}: {}: {broken:?}\n{}", story.seed, story.subject, smallest.unwrap_or_else(lines))
}

/// The pairs that there can be and that never came, and those that came and cannot be.
fn surprises(pairs: &Pairs) -> Vec<String> {
    let mut found = vec![];
    for fault in FaultKind::ALL {
        for step in StepKind::ALL {
            let times = pairs.get(&(fault, step)).copied().unwrap_or(0);
            match possible(fault, step) {
                Ok(()) if times == 0 => found.push(format!("{fault:?} never struck {step:?}")),
                Err(why) if times > 0 => found.push(format!("{fault:?} struck {step:?}, though {why}")),
                _ => {}
            }
        }
    }
    found
}

#[test]
fn whatever_happens_no_promise_is_broken_and_everything_that_can_happen_does() {
    let asked = std::env::var("SONAE_SEEDS").ok();
    let seeds: u64 = asked.as_deref().map_or(2_000, |text| text.parse().expect("SONAE_SEEDS is a number"));
    let stage = stage();
    let (mut ends, mut deaths, mut interrupts, mut attempts, mut calls) = (BTreeMap::new(), 0, 0, 0, 0);
    let mut pairs = Pairs::new();
    let mut broken: Vec<Story> = vec![];
    let stop = AtomicBool::new(false);
    each(
        0..seeds,
        WIDTH,
        &stop,
        |seed| live(&stage, seed),
        |story| {
            *ends.entry(story.exit().map(|status| status.code())).or_insert(0_u64) += 1;
            deaths += story.deaths;
            interrupts += story.interrupts;
            attempts += story.attempts;
            calls += story.calls;
            for (pair, times) in &story.told.pairs {
                *pairs.entry(*pair).or_insert(0) += times;
            }
            broken.extend(story.broken.is_some().then_some(story));
        },
    );
    let figures = format!(
        "{seeds} seeds, {calls} calls: {attempts} attempts under faults, {deaths} deaths, {interrupts} interrupts; exit statuses {ends:?}"
    );
    if asked.is_some() {
        let mut rarest: Vec<_> = pairs.iter().map(|((fault, step), times)| (*times, *fault, *step)).collect();
        rarest.sort();
        rarest.truncate(6);
        sonae_says(&format!("{figures}; the rarest pairs: {rarest:?}"));
    }
    broken.sort_by_key(|story| story.seed);
    assert!(broken.is_empty(), "{} of {figures}\n{}", broken.len(), told(&broken[0]));
    if seeds >= 2_000 {
        assert_eq!(surprises(&pairs), [""; 0], "{figures}");
    }
    assert!(
        deaths > seeds / 5 && interrupts > 0 && ends.contains_key(&Some(0)) && ends.contains_key(&Some(4)),
        "{figures}"
    );
}

#[expect(
    clippy::print_stderr,
    reason = "whoever asks for the figures, by `--nocapture` or a number of seeds, wants to see them"
)]
pub(super) fn sonae_says(figures: &str) {
    eprintln!("{figures}");
}

#[test]
fn the_same_seed_is_the_same_story() {
    let stage = stage();
    for seed in 0..6 {
        assert_eq!(live(&stage, seed), live(&stage, seed), "seed {seed}");
    }
}

#[test]
fn a_pair_that_never_came_and_one_that_cannot_be_are_noticed() {
    let mut pairs = Pairs::new();
    let all = surprises(&pairs).len();
    pairs.insert((FaultKind::Crash, StepKind::Pack), 1);
    assert_eq!(surprises(&pairs).len(), all - 1);
    pairs.insert((FaultKind::DiskFull, StepKind::ReadBack), 1);
    assert_eq!(surprises(&pairs).len(), all);
}

#[test]
fn a_database_that_is_asked_with_a_password_breaks_no_promise() {
    let ask = |at: u32| {
        let rows = "sql \"SELECT 1\" host=\"db.example.org\" password=(env)\"DB_PASSWORD\"";
        format!("probe \"rows {at}\" takes=\"1m\" {{ {rows}; }}\n    ")
    };
    let plan = PLAN.replace("probe \"a program", &((0..8).map(ask).collect::<String>() + "probe \"a program"));
    let stage = Stage::set(&proven("sim.kdl", &plan), &PathBytes::new(*b"/plans")).unwrap();
    let stories: Vec<Story> = (0..150).map(|seed| live(&stage, seed)).collect();
    // Among what is held against them: no secret is told.
    let broken: Vec<_> = stories.iter().filter_map(|story| Some((story.seed, story.broken.as_ref()?))).collect();
    assert!(broken.is_empty(), "{broken:#?}");
    let told = |words: &str| stories.iter().filter(|story| story.told.lines.join("\n").contains(words)).count();
    assert!(told("network.sql") > 0 && told("secrets.reveal") > 0, "neither the server nor the secret went wrong");
}
