//! Runs about databases of RDS, killed when a change is done and before its answer is there: each is carried out once.

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Check;
use super::estate::{Estate, run_of, set_otherwise};
use super::moto::MOTO;
use super::scene::Said;

pub(crate) const CHECKS: &[Check] = &[
    Check {
        name: "an instance of RDS is worked on once, whichever answer a kill comes before",
        needs: MOTO,
        run: instance,
    },
    Check {
        name: "a cluster of RDS is worked on once, whichever answer a kill comes before",
        needs: MOTO,
        run: cluster,
    },
];

/// What is done, in this order: a night's snapshot, which is all that says that the night was done and so stays, two more, of which the second
/// lets the first go, a restore that is put into service, and the way back.
const PHASES: [&[&str]; 5] = [
    &["run", "plan.kdl", "--due"],
    &["run", "plan.kdl", "--all"],
    &["run", "plan.kdl", "--all"],
    &["restore", "plan.kdl", "shop"],
    &["roll-back"],
];
/// What each of them changes at the provider: an instance is restored, a cluster and its only instance are.
const CHANGES: [(&str, usize); 2] = [("instance", 1 + 1 + 2 + 3 + 2), ("cluster", 1 + 1 + 2 + 4 + 2)];
const ENDS_WITHIN: Duration = Duration::from_secs(120);

const PLAN: &str = r#"plan "one" { timezone "UTC"; }
target "shop" {
    rds KIND="shop" region="ap-northeast-1"
    backup "daily" { schedule "daily" at="02:00"; snapshot; retention generations=1; }
    EXACT
}
restore "shop" { recover "shop" { into KIND="shop-new"; }; switch "shop"; }
"#;

fn instance() {
    let exact = r#"backup "exact" { point-in-time max-lag="5m"; retention within="7d"; }"#;
    told(CHANGES[0], &PLAN.replace("EXACT", exact), |estate| estate.moto.put_instance("shop", &set_otherwise()));
}

fn cluster() {
    told(CHANGES[1], &PLAN.replace("EXACT", ""), |estate| {
        estate.moto.put_cluster("shop", &json!({}));
        let member = json!({ "engine": "aurora-mysql", "db_cluster_identifier": "shop", "backup_retention_period": 1 });
        estate.moto.put_instance("shop-1", &member);
    });
}

/// Does it all undisturbed, and once for each change, killed after it; all end alike.
fn told((kind, changes): (&str, usize), plan: &str, put: fn(&Estate)) {
    let plan = plan.replace("KIND", kind);
    let ends = |kill_at: usize| {
        let estate = Estate::new(&plan);
        put(&estate);
        estate.moto.set(&json!({ "hold": kill_at }));
        let killed: usize = PHASES.iter().scan(String::new(), |run, phase| Some(carry_out(&estate, phase, run))).sum();
        assert_eq!(killed, usize::from(kill_at > 0), "change {kill_at} was held");
        let done = estate.moto.done();
        let held = done.iter().position(|line| line == "held");
        assert_eq!(held, kill_at.checked_sub(1).map(|before| before + 1), "{done:#?}");
        let done: Vec<String> = done.iter().filter(|line| *line != "held").map(|line| unnamed(line)).collect();
        (done, stands(&estate))
    };
    let undisturbed = ends(0);
    assert_eq!(undisturbed.0.len(), changes, "{:#?}", undisturbed.0);
    std::thread::scope(|scope| {
        let all: Vec<_> = (1..=changes).map(|kill_at| (kill_at, scope.spawn(move || ends(kill_at)))).collect();
        for (kill_at, end) in all {
            let end = end.join().unwrap();
            assert_eq!(end, undisturbed, "killed before the answer to {}", undisturbed.0[kill_at - 1]);
        }
    });
}

/// One phase, gone on with if it was killed; whether it was.
fn carry_out(estate: &Estate, phase: &[&str], run: &mut String) -> usize {
    let mut arguments = phase.to_vec();
    if phase == ["roll-back"] {
        arguments.push(run);
    }
    if phase[0] == "restore" {
        // The newest moment is behind the newest snapshot, to the second.
        std::thread::sleep(Duration::from_secs(3));
    }
    let before = estate.moto.done().len();
    let mut child = estate.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if estate.moto.done()[before..].iter().any(|line| line == "held") {
            child.kill().unwrap();
            child.wait().unwrap();
            // A tick goes on by itself.
            let goes_on: &[&str] = if phase.contains(&"--due") { phase } else { &["resume"] };
            let said = estate.sonae(goes_on).exits(0);
            remember(phase, &said, run);
            return 1;
        }
        assert!(begun.elapsed() < ENDS_WITHIN, "{arguments:?} does not end");
        std::thread::sleep(Duration::from_millis(20));
    }
    let said = Said::of_child(child).exits(0);
    remember(phase, &said, run);
    0
}

/// A restore's run, for the way back.
fn remember(phase: &[&str], said: &Said, run: &mut String) {
    if phase[0] == "restore" {
        *run = run_of(said);
    }
}

/// What is at the provider, with what came of it.
fn stands(estate: &Estate) -> Vec<String> {
    let lists = [
        ("describe-db-instances", "DBInstances", "DBInstanceIdentifier", "DBInstanceStatus"),
        ("describe-db-clusters", "DBClusters", "DBClusterIdentifier", "Status"),
        ("describe-db-snapshots", "DBSnapshots", "DBSnapshotIdentifier", "Status"),
        ("describe-db-cluster-snapshots", "DBClusterSnapshots", "DBClusterSnapshotIdentifier", "Status"),
    ];
    let mut all: Vec<String> = lists
        .into_iter()
        .flat_map(|(describe, list, name, status)| {
            let all = estate.all(describe, list).into_iter();
            all.filter(|it| it["SnapshotType"] != "automated")
                .map(move |it| format!("{} {}", word(&it[name]), word(&it[status])))
        })
        .map(|line| unnamed(&line))
        .collect();
    all.sort();
    all
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or("-")
}

/// Without the times that names are made of, and what distinguishes those of one time.
fn unnamed(line: &str) -> String {
    let part = |part: &str| {
        let digits = part.chars().filter(char::is_ascii_digit).count();
        if part.len() >= 8 && digits >= 1 && part.chars().all(|c| c.is_ascii_hexdigit() || "tz".contains(c)) {
            "…".to_owned()
        } else {
            part.to_owned()
        }
    };
    line.split('-').map(|piece| piece.split(' ').map(part).collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join("-")
}
