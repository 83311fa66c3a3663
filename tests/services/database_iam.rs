//! The policies that `export iam` prints, held against the calls that the commands make: none is missing, and none too many.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Check;
use super::estate::{Estate, set_otherwise};
use super::moto::MOTO;

pub(crate) const CHECKS: &[Check] = &[
    Check {
        name: "policies of IAM name the calls to RDS that are made, and no others",
        needs: MOTO,
        run: held_against,
    },
    Check {
        name: "an encrypted snapshot of RDS is copied with a key of the other region, and not without",
        needs: MOTO,
        run: copied,
    },
];

const ELSEWHERE: &str = "ap-northeast-3";

const PLAN: &str = r#"plan "one" { timezone "UTC"; }
target "shop" {
    rds KIND="shop" region="ap-northeast-1"
    backup "exact" { point-in-time max-lag="5m" on-drift="correct"; retention within="7d"; }
    backup "daily" { schedule "daily" at="02:00"; snapshot copy-to="ap-northeast-3" KEY; retention generations=1; }
}
restore "shop" { recover "shop" { into KIND="shop-new"; }; switch "shop"; }
restore "beside" { recover "shop" { into KIND="shop-beside"; }; }
"#;

fn estate(kind: &str, with_key: bool) -> Estate {
    let estate = Estate::new("");
    let key = if with_key { format!("kms-key=\"{}\"", estate.moto.key_in(ELSEWHERE)) } else { String::new() };
    std::fs::write(estate.scene.plan(), PLAN.replace("KIND", kind).replace("KEY", &key)).unwrap();
    if kind == "instance" {
        let mut otherwise = set_otherwise();
        otherwise["backup_retention_period"] = json!(3);
        estate.moto.put_instance("shop", &otherwise);
    } else {
        estate.moto.put_cluster("shop", &json!({ "backup_retention_period": 3 }));
        let member = json!({ "engine": "aurora-mysql", "db_cluster_identifier": "shop", "backup_retention_period": 1 });
        estate.moto.put_instance("shop-1", &member);
    }
    estate
}

/// The actions of RDS that a policy allows, but for one: tags are given with the call that makes what has them, and are asked to be allowed by
/// themselves.
fn allowed(estate: &Estate, purposes: &[&str]) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for purpose in purposes {
        let policy = estate.sonae(&["export", "iam", "plan.kdl", purpose]).exits(0).json();
        for statement in policy["Statement"].as_array().unwrap() {
            all.extend(
                statement["Action"].as_array().unwrap().iter().map(|action| action.as_str().unwrap().to_owned()),
            );
        }
    }
    all.retain(|action| action.starts_with("rds:") && action != "rds:AddTagsToResource");
    all
}

/// What the commands ask, that way.
fn asked(estate: &Estate, commands: &[&[&str]]) -> BTreeSet<String> {
    estate.moto.forget();
    for command in commands {
        estate.sonae(command).exits(0);
    }
    estate.moto.log().into_iter().collect()
}

fn held_against() {
    for kind in ["instance", "cluster"] {
        let estate = estate(kind, true);
        let all: &[&str] = &["run", "plan.kdl", "--all"];
        let read = asked(
            &estate,
            &[
                &["run", "plan.kdl", "--all", "--dry-run"],
                &["restore", "plan.kdl", "shop", "--dry-run"],
                &["points", "plan.kdl"],
                &["timeline", "plan.kdl"],
            ],
        );
        assert_eq!(read, allowed(&estate, &["read"]), "{kind}: read");
        assert_eq!(asked(&estate, &[all]), allowed(&estate, &["write"]), "{kind}: write");
        let pruned = asked(&estate, &[all]);
        let (write, prune) = (allowed(&estate, &["write"]), allowed(&estate, &["prune"]));
        assert!(pruned.is_subset(&write.union(&prune).cloned().collect()), "{kind}: {pruned:?}");
        let deletes: Vec<_> = prune.difference(&write).collect();
        assert!(deletes.len() == 1 && deletes.iter().all(|delete| pruned.contains(*delete)), "{kind}: {prune:?}");
        let snapshot = snapshot(&estate);
        let restore = asked(
            &estate,
            &[&["restore", "plan.kdl", "beside", "--point", &snapshot], &["restore", "plan.kdl", "shop"]],
        );
        assert_eq!(restore, allowed(&estate, &["restore"]), "{kind}: restore");
    }
}

/// The newest point that is a snapshot.
fn snapshot(estate: &Estate) -> String {
    let said = estate.sonae(&["points", "plan.kdl", "shop/daily"]).exits(0).stdout();
    let point = said.lines().filter_map(|line| line.split_whitespace().next()).rfind(|word| word.starts_with("20"));
    point.unwrap_or_else(|| panic!("{said}")).to_owned()
}

fn copied() {
    let without = estate("instance", false);
    without.sonae(&["run", "plan.kdl", "--all", "--dry-run"]).exits(4).says("kms-key");
    assert_eq!(without.moto.done(), Vec::<String>::new());
    let estate = estate("instance", true);
    for _ in 0..2 {
        estate.sonae(&["run", "plan.kdl", "--all"]).exits(0);
    }
    let copies = estate.aws(&["rds", "describe-db-snapshots", "--region", ELSEWHERE]);
    let copies = copies["DBSnapshots"].as_array().unwrap();
    let copies: Vec<&Value> = copies.iter().filter(|it| it["SnapshotType"] == "manual").collect();
    let (own, [copy]) = (estate.snapshots(), copies.as_slice()) else { panic!("one is kept: {copies:#?}") };
    assert_eq!((own.len(), &copy["DBSnapshotIdentifier"]), (1, &own[0]["DBSnapshotIdentifier"]));
    assert_eq!(copy["TagList"].as_array().unwrap().len(), 4, "{copy:#}");
    assert!(copy["KmsKeyId"].as_str().unwrap().contains(ELSEWHERE), "{copy:#}");
}
