//! Six databases of RDS from one template, from the first dry run to the day that they are brought back, as an operator sees it and as
//! Amazon's own client does.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Check;
use super::estate::{Estate, run_of, set_otherwise, tag};
use super::moto::MOTO;
use super::slow_moto::HOME;

pub(crate) const CHECKS: &[Check] = &[
    Check { name: "six databases of RDS are snapshotted, and one that fails stops no other", needs: MOTO, run: nights },
    Check { name: "six databases of RDS are brought back, put into service, and taken back", needs: MOTO, run: back },
    Check { name: "backups of RDS that are set otherwise are put right, or told", needs: MOTO, run: drift },
    Check { name: "a snapshot of RDS is due once", needs: MOTO, run: due },
];

const SIX: [&str; 6] = ["auth", "cart", "crm", "mail", "shop", "wiki"];

/// All of one template, each with a restore of its own, and one that brings all back side by side.
fn plan() -> String {
    let mut plan = String::from(
        r#"plan "estate" { timezone "UTC"; }
template "database" {
    backup "automated" { point-in-time window="03:00/30m" max-lag="5m" check-every="1h" on-drift="correct"; retention within="7d"; }
    backup "daily" { schedule "daily" at="02:00"; snapshot; retention generations=2; }
}
"#,
    );
    let (mut recovers, mut switches) = (String::new(), String::new());
    for name in SIX {
        writeln!(plan, r#"target "{name}" {{ use "database"; rds instance="{name}" region="{HOME}"; }}"#).unwrap();
        writeln!(recovers, r#"recover "{name}" {{ into instance="{name}-new"; }};"#).unwrap();
        writeln!(
            switches,
            r#"command "/bin/sh" "-c" "echo $1 >> addresses" "sh" (output)"{name}.address"
            switch "{name}""#
        )
        .unwrap();
    }
    write!(plan, "restore \"all\" {{\nparallel {{\n{recovers}}}\n{switches}}}\n").unwrap();
    plan
}

fn estate() -> Estate {
    let estate = Estate::new(&plan());
    for name in SIX {
        estate.moto.put_instance(name, &set_otherwise());
    }
    estate
}

/// What only looks.
const LOOKS: [&[&str]; 6] = [
    &["check", "plan.kdl"],
    &["run", "plan.kdl", "--all", "--dry-run"],
    &["run", "plan.kdl", "--due", "--dry-run"],
    &["restore", "plan.kdl", "all", "--dry-run"],
    &["points", "plan.kdl"],
    &["timeline", "plan.kdl"],
];

const ALL: [&str; 4] = ["run", "plan.kdl", "--all", "--quiet"];

fn nights() {
    let estate = estate();
    LOOKS.iter().for_each(|looks| drop(estate.sonae(looks).exits(0)));
    let log = estate.moto.log();
    assert!(!log.is_empty() && log.iter().all(|call| call.starts_with("rds:Describe")), "{log:?}");
    assert_eq!(estate.moto.done(), Vec::<String>::new());

    estate.moto.set(&json!({ "fail": ["crm-daily"] }));
    let told = estate.sonae(&ALL).exits(4).says("failed: crm/daily/snapshot").says("run it again, and it is made anew");
    let failed = told.stdout().lines().filter(|line| line.starts_with("failed: ")).count();
    assert_eq!(failed, 1, "{told}");
    let by_status = |status: &str| estate.snapshots().iter().filter(|it| it["Status"] == status).count();
    assert_eq!((by_status("available"), by_status("failed")), (5, 1));
    estate.sonae(&ALL).exits(0);
    for _ in 0..2 {
        estate.sonae(&ALL).exits(0);
    }
    let snapshots = estate.snapshots();
    for name in SIX {
        let own: Vec<&Value> = snapshots.iter().filter(|it| it["DBInstanceIdentifier"] == name).collect();
        assert_eq!(own.len(), 2, "{name}: {own:#?}");
        for snapshot in own {
            assert_eq!(snapshot["Status"], "available");
            assert_eq!(tag(snapshot, "sonae:plan"), Some("estate"));
            assert_eq!(tag(snapshot, "sonae:job"), Some(format!("{name}/daily").as_str()));
            assert!(tag(snapshot, "sonae:point").is_some() && tag(snapshot, "sonae:run").is_some(), "{snapshot:#}");
        }
    }
    counted(&estate);
    let done = estate.moto.done();
    assert_eq!(done.len(), done.iter().collect::<BTreeSet<_>>().len(), "nothing is done twice: {done:#?}");
    assert!(done.iter().all(|call| !call.contains("Attribute")), "nothing is shared: {done:#?}");
}

/// What goes by a shorter retention is counted among the snapshots that there are, and looked at alone: with the one that the run makes, the older plan would keep
/// the newer of two.
fn counted(estate: &Estate) {
    let before = estate.moto.done();
    std::fs::write(estate.scene.path("fewer.kdl"), plan().replace("generations=2", "generations=1")).unwrap();
    let told = estate.sonae(&["diff", "plan.kdl", "fewer.kdl", "--live"]).exits(3);
    let told = told.stdout();
    let lies: Vec<&str> =
        told.lines().filter(|line| line.contains("at the provider lie 2 recovery points now, ")).collect();
    assert!(lies.len() == 6 && lies.iter().all(|line| line.contains("prunes deletes 1 recovery point, of ")), "{told}");
    assert_eq!(estate.moto.done(), before);
}

/// How a database is set, but for what names it.
fn settings(of: &Value) -> Value {
    let same = [
        "DBInstanceClass",
        "AllocatedStorage",
        "StorageType",
        "Iops",
        "MultiAZ",
        "DeletionProtection",
        "Engine",
        "DBParameterGroups",
        "VpcSecurityGroups",
        "DBSubnetGroup",
        "IAMDatabaseAuthenticationEnabled",
        "PubliclyAccessible",
        "StorageEncrypted",
        "KmsKeyId",
    ];
    same.iter().map(|name| ((*name).to_owned(), of[name].clone())).collect::<serde_json::Map<_, _>>().into()
}

fn back() {
    let estate = estate();
    let before = SIX.map(|name| estate.instance(name));
    let told = estate.sonae(&["restore", "plan.kdl", "all"]).exits(0);
    let run = run_of(&told);
    let now = SIX.map(|name| estate.instance(name));
    let all = estate.instances();
    assert_eq!(all.len(), 12, "{all:#?}");
    for ((name, before), now) in SIX.iter().zip(&before).zip(&now) {
        assert_ne!(now["DbiResourceId"], before["DbiResourceId"], "{name} is a new one");
        let kept: Vec<&Value> = all.iter().filter(|it| it["DbiResourceId"] == before["DbiResourceId"]).collect();
        let [kept] = kept.as_slice() else { panic!("{name} is kept: {kept:#?}") };
        let kept = kept["DBInstanceIdentifier"].as_str().unwrap();
        assert!(kept.starts_with(&format!("{name}-until-")), "{kept}");
        assert_eq!(settings(now), settings(before), "{name}");
        assert_eq!((tag(now, "sonae:plan"), tag(now, "sonae:run")), (Some("estate"), Some(run.as_str())));
    }
    let addresses = std::fs::read_to_string(estate.scene.path("addresses")).unwrap();
    let addresses: Vec<&str> = addresses.lines().collect();
    assert_eq!(addresses.len(), 6);
    assert!(SIX.iter().zip(&addresses).all(|(name, address)| address.starts_with(&format!("{name}-new."))));

    estate.sonae(&["roll-back", &run, "--dry-run"]).exits(0).says("auth");
    estate.sonae(&["roll-back", &run]).exits(0);
    for (name, before) in SIX.iter().zip(&before) {
        assert_eq!(estate.instance(name)["DbiResourceId"], before["DbiResourceId"], "{name} serves again");
        estate.instance(&format!("{name}-new"));
    }
    assert_eq!(estate.instances().len(), 12, "nothing is deleted");
    let done = estate.moto.done();
    assert_eq!(done.iter().filter(|call| call.contains("Restore")).count(), 6);
    assert_eq!(done.iter().filter(|call| call.contains("ModifyDBInstance")).count(), 24, "{done:#?}");
    assert_eq!(done.len(), 30, "{done:#?}");
}

fn drift() {
    let of = |name: &str, on_drift: &str| {
        format!(
            r#"target "{name}" {{
    rds instance="{name}" region="{HOME}"
    backup "automated" {{ point-in-time window="03:00/30m" max-lag="5m" on-drift="{on_drift}"; retention within="7d"; }}
}}
restore "{name}" {{ recover "{name}" {{ into instance="{name}-new"; }}; }}
"#
        )
    };
    let plan = r#"plan "drift" { timezone "UTC"; }"#.to_owned() + "\n";
    let estate = Estate::new(
        &(plan + &of("right", "correct") + &of("told", "tell") + &of("off", "correct") + &of("on", "enable")),
    );
    let set = |name: &str, days: u32| {
        let more = json!({ "backup_retention_period": days, "preferred_backup_window": "05:00-05:30" });
        estate.moto.put_instance(name, &more);
    };
    [("right", 3), ("told", 3), ("off", 0), ("on", 0)].iter().for_each(|(name, days)| set(name, *days));
    estate.sonae(&["run", "plan.kdl", "--all", "--dry-run"]).exits(4).says("kept for 3 days: is set to 7 days");
    assert_eq!(estate.moto.done(), Vec::<String>::new());
    estate.sonae(&ALL).exits(4).says("right/automated: set to 7 days; it was 3 days");
    let set = |name: &str| {
        let found = estate.instance(name);
        (found["BackupRetentionPeriod"].as_u64().unwrap(), found["PreferredBackupWindow"].as_str().unwrap().to_owned())
    };
    assert_eq!(set("right"), (7, "03:00-03:30".into()));
    assert_eq!(set("told"), (3, "05:00-05:30".into()));
    assert_eq!(set("off").0, 0, "backups that are off are turned on by no one who was not asked to");
    assert_eq!(set("on").0, 7);
    let told = estate.sonae(&ALL);
    let told =
        told.exits(4).says("it is kept for 3 days, and the plan promises 7 days").says("automated backups are off");
    assert!(!told.stderr().contains("failed: right") && !told.stdout().contains("failed: right"), "{told}");
}

fn due() {
    let estate = estate();
    estate.sonae(&["run", "plan.kdl", "--due"]).exits(0);
    assert_eq!(estate.snapshots().len(), 6);
    estate.moto.forget();
    estate.sonae(&["run", "plan.kdl", "--due"]).exits(0);
    assert_eq!(estate.moto.done(), Vec::<String>::new(), "a slot is filled once");
    assert_eq!(estate.snapshots().len(), 6);
}
