//! Databases of Amazon RDS, on a server that imitates it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;
use sonae::drivers::{AwsAddress, RdsDatabases};
use sonae::ports::{
    Cause, Certainty, DatabaseKind, DatabaseName, Databases as _, DatabasesRead as _, Fault, SnapshotName,
};

use super::Check;
use super::conformance::databases::{Provider, all};
use super::moto::MOTO;
use super::slow_moto::{HOME, SlowMoto};

pub(crate) const CHECKS: &[Check] = &[
    Check { name: "databases of RDS are as the port says", needs: MOTO, run: as_the_port_says },
    Check { name: "what RDS refuses is told with what to do", needs: MOTO, run: refused },
    Check { name: "a lost answer of RDS is not known to have done nothing", needs: MOTO, run: lost },
    Check { name: "a snapshot of RDS that fails is seen to", needs: MOTO, run: failed },
    Check { name: "looking at RDS changes nothing there", needs: MOTO, run: looks },
    Check { name: "an RDS that is not there is said not to be", needs: &[], run: nobody },
    Check { name: BARE, needs: &[], run: bare },
];

/// Only a process of its own has an environment of its own.
const BARE: &str = "without credentials or a region RDS is not asked";
/// Holds which environment it is; only such a process has it.
const IN_A_BARE_ONE: &str = "SONAE_TEST_BARE";

fn wait<T>(what: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(what)
}

fn shop() -> DatabaseName {
    DatabaseName { kind: DatabaseKind::Instance, identifier: "shop".into(), region: Some(HOME.into()) }
}

fn snapshot(identifier: &str) -> SnapshotName {
    SnapshotName { kind: DatabaseKind::Instance, identifier: identifier.into(), region: Some(HOME.into()) }
}

fn as_the_port_says() {
    let moto = SlowMoto::start();
    moto.put_instance("shop", &json!({}));
    moto.put_cluster("pool", &json!({}));
    let of_pool = json!({ "engine": "aurora-mysql", "db_cluster_identifier": "pool", "backup_retention_period": 1 });
    moto.put_instance("pool-1", &of_pool);
    let key = moto.key_in("ap-northeast-3");
    let databases = moto.databases();
    let at = Provider {
        databases: &databases,
        home: HOME,
        elsewhere: ("ap-northeast-3", &key),
        pause: Duration::from_millis(100),
        delete: &|name| moto.delete_instance(&name.identifier),
    };
    wait(all(&at));
}

/// What `begin_snapshot` meets.
fn begin(databases: &RdsDatabases, identifier: &str) -> Result<(), Fault> {
    wait(databases.begin_snapshot(&shop(), &snapshot(identifier), &BTreeMap::new()))
}

fn refused() {
    let moto = SlowMoto::start();
    moto.put_instance("shop", &json!({}));
    let databases = moto.databases();
    let mut told = vec![];
    let mut meet = |settings: serde_json::Value| {
        moto.set(&settings);
        let fault = begin(&databases, "refused").unwrap_err();
        told.push(format!("{fault}\n  {:?}, {:?}, {:?}", fault.cause, fault.certainty, fault.retry_after));
        moto.set(&json!({ "throttle": {}, "busy": {}, "expired": false, "denied": [] }));
    };
    meet(json!({ "throttle": { "CreateDBSnapshot": 1 }, "retry_after": 7 }));
    meet(json!({ "busy": { "CreateDBSnapshot": 1 } }));
    meet(json!({ "expired": true }));
    meet(json!({ "denied": ["CreateDBSnapshot"] }));
    insta::assert_snapshot!("rds_refused", told.join("\n"));
    assert_eq!(wait(databases.snapshot(&snapshot("refused"))).unwrap(), None);
}

fn lost() {
    let moto = SlowMoto::start();
    moto.put_instance("shop", &json!({}));
    let databases = moto.databases();
    for (edge, identifier, was_done) in [("before", "not-done", false), ("after", "done", true)] {
        moto.set(&json!({ "drop": { edge: 1 } }));
        let fault = begin(&databases, identifier).unwrap_err();
        assert_eq!((fault.cause, fault.certainty), (Cause::Other, Certainty::Unknown), "{fault}");
        assert!(fault.answer.starts_with("the answer was lost"), "{fault}");
        let there = wait(databases.snapshot(&snapshot(identifier))).unwrap();
        assert_eq!(there.is_some(), was_done, "{identifier}");
    }
}

fn failed() {
    let moto = SlowMoto::start();
    moto.put_instance("shop", &json!({}));
    moto.set(&json!({ "fail": ["-1"], "takes": { "snapshot": 1.5, "restore": 0.2, "rename": 0.2, "change": 0.2 } }));
    let databases = moto.databases();
    begin(&databases, "night-1").unwrap();
    let mut percents = vec![];
    let ended = loop {
        let seen = wait(databases.snapshot(&snapshot("night-1"))).unwrap().unwrap();
        if seen.status != "creating" {
            break seen;
        }
        percents.extend(seen.percent);
        std::thread::sleep(Duration::from_millis(100));
    };
    assert!(ended.is_broken() && !ended.is_available(), "{ended:?}");
    assert!(percents.is_sorted() && percents.first() < percents.last(), "{percents:?}");
    wait(databases.delete_snapshot(&ended.name)).unwrap();
    moto.set(&json!({ "vanish": { "shop": 1 } }));
    assert!(wait(databases.database(&shop())).unwrap().is_some());
    assert_eq!(wait(databases.database(&shop())).unwrap(), None, "it vanished");
}

fn looks() {
    let moto = SlowMoto::start();
    moto.put_instance("shop", &json!({}));
    let databases = moto.databases();
    wait(async {
        databases.database(&shop()).await.unwrap().unwrap();
        databases.automated_backups(&shop()).await.unwrap();
        databases.snapshots(&shop()).await.unwrap();
        databases.snapshot(&snapshot("none")).await.unwrap();
    });
    let log = moto.log();
    assert!(!log.is_empty() && log.iter().all(|line| line.starts_with("rds:Describe")), "{log:?}");
}

fn nobody() {
    let endpoint = format!("http://127.0.0.1:{}", super::sshd::free_port());
    let databases = RdsDatabases::new(AwsAddress::at(endpoint, "AKIAIOSFODNN7EXAMPLE", "secret"));
    let fault = begin(&databases, "unsent").unwrap_err();
    assert_eq!((fault.cause, fault.certainty), (Cause::Other, Certainty::Transient), "{fault}");
    assert!(fault.answer.contains("not reached") && fault.answer.contains("refused"), "{fault}");
}

/// Looks at a database with nothing but the environment, whose name it is told; else begins processes that do.
fn bare() {
    let region = Some(("AWS_REGION", HOME));
    let Ok(which) = std::env::var(IN_A_BARE_ONE) else {
        in_a_bare_one("no credentials", region.as_slice());
        in_a_bare_one(
            "no region",
            &[("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "secret")],
        );
        return in_a_bare_one("no process", &[("AWS_PROFILE", "broken"), ("AWS_REGION", HOME)]);
    };
    let name = DatabaseName { region: None, ..shop() };
    let fault = wait(RdsDatabases::default().set_backups(&name, 7, None)).unwrap_err();
    let (cause, words): (Cause, &[&str]) = match which.as_str() {
        "no region" => (Cause::Invalid, &["no region is said", "AWS_REGION"]),
        "no process" => (Cause::Denied, &["credentials for AWS: they cannot be got", "exit"]),
        _ => (Cause::Denied, &["credentials for AWS: there are none", "AWS_PROFILE"]),
    };
    assert_eq!((fault.cause, fault.certainty), (cause, Certainty::Permanent), "{fault}");
    assert!(words.iter().all(|word| fault.answer.contains(word)), "{fault}");
}

fn in_a_bare_one(which: &str, environment: &[(&str, &str)]) {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join(".aws")).unwrap();
    std::fs::write(home.path().join(".aws/config"), "[profile broken]\ncredential_process = false\n").unwrap();
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", BARE])
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", home.path())
        .env(IN_A_BARE_ONE, which);
    let output = command.env("AWS_EC2_METADATA_DISABLED", "true").envs(environment.iter().copied()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{which}: {said}");
}
