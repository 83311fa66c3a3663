//! What RDS may answer in the midst of a run: it is said with what to do, and the run is gone on with.

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Check;
use super::estate::{Estate, run_of, set_otherwise};
use super::moto::MOTO;
use super::scene::Said;

pub(crate) const CHECKS: &[Check] = &[
    Check { name: "a restore of RDS that is refused is told, and gone on with", needs: MOTO, run: refused },
    Check { name: "an RDS that has too much to do is waited for", needs: MOTO, run: busy },
];

const PLAN: &str = r#"plan "one" { timezone "UTC"; }
target "shop" {
    rds instance="shop" region="ap-northeast-1"
    backup "exact" { point-in-time max-lag="5m"; retention within="7d"; }
    backup "daily" { schedule "daily" at="02:00"; snapshot; retention generations=1; }
}
restore "shop" { recover "shop" { into instance="shop-new"; }; switch "shop"; }
"#;

fn estate() -> Estate {
    let estate = Estate::new(PLAN);
    estate.moto.put_instance("shop", &set_otherwise());
    estate
}

/// A restore to which that happens once the new instance is being made.
fn struck(estate: &Estate, what: &Value) -> Said {
    estate.moto.set(&json!({ "takes": { "snapshot": 0.4, "restore": 2.5, "rename": 0.3, "change": 0.2 } }));
    let mut restore = estate.command(&["restore", "plan.kdl", "shop"]);
    let mut restore = restore.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    while estate.moto.done().is_empty() && restore.try_wait().unwrap().is_none() {
        assert!(begun.elapsed() < Duration::from_secs(60), "nothing is restored");
        std::thread::sleep(Duration::from_millis(20));
    }
    estate.moto.set(what);
    Said::of_child(restore)
}

fn refused() {
    let mut told = vec![];
    for what in [
        json!({ "expired": true }),
        json!({ "denied": ["DescribeDBInstances"] }),
        json!({ "denied": ["ModifyDBInstance"] }),
        json!({ "vanish": { "shop-new": 1 } }),
    ] {
        let estate = estate();
        let said = struck(&estate, &what).exits(4);
        let run = run_of(&said);
        let lines = said.stdout() + &said.stderr();
        told.push(what.to_string());
        told.extend(lines.lines().filter(|line| line.starts_with("failed: ")).map(without_time));
        estate.moto.set(&json!({ "expired": false, "denied": [], "vanish": {} }));
        estate.sonae(&["resume", &run]).exits(0);
        let mut names: Vec<Value> =
            estate.instances().into_iter().map(|instance| instance["DBInstanceIdentifier"].clone()).collect();
        names.sort_by_key(ToString::to_string);
        let [shop, kept] = names.as_slice() else { panic!("{what}: {names:?}") };
        assert!(shop == "shop" && kept.as_str().unwrap().starts_with("shop-until-"), "{what}: {names:?}");
        let restored = estate.moto.done().iter().filter(|call| call.contains("Restore")).count();
        assert_eq!(restored, if what.get("vanish").is_some() { 2 } else { 1 }, "{what}");
    }
    insta::assert_snapshot!("database_refused", told.join("\n"));
}

/// Without the time that a name is made of.
fn without_time(line: &str) -> String {
    let Some((before, after)) = line.split_once("-until-") else { return line.to_owned() };
    format!("{before}-until-TIME{}", after.trim_start_matches(|c: char| c.is_ascii_alphanumeric()))
}

fn busy() {
    let estate = estate();
    for (name, action) in [("throttle", "CreateDBSnapshot"), ("busy", "CreateDBSnapshot")] {
        estate.moto.set(&json!({ name: { action: 2 } }));
        estate.sonae(&["run", "plan.kdl", "--all", "--quiet"]).exits(0);
        assert_eq!(estate.snapshots().len(), 1, "{name} {action}");
    }
    // Before it has begun, nothing is lost by saying so.
    estate.moto.forget();
    estate.moto.set(&json!({ "busy": { "DescribeDBInstances": 1 } }));
    estate.sonae(&["restore", "plan.kdl", "shop"]).exits(1).says("RequestLimitExceeded");
    assert_eq!(estate.moto.done(), Vec::<String>::new());
    estate.moto.set(&json!({ "throttle": { "RestoreDBInstanceToPointInTime": 2, "ModifyDBInstance": 1 } }));
    estate.sonae(&["restore", "plan.kdl", "shop"]).exits(0);
    assert_eq!(estate.instances().len(), 2);
    let done = estate.moto.done();
    assert_eq!(done.iter().filter(|call| call.contains("Restore") || call.contains("Modify")).count(), 3, "{done:#?}");
}
