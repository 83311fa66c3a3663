//! What an account of AWS must be allowed, and what a bucket must refuse, so that a plan can be carried out and nothing else: policies of IAM
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>).
//!
//! Unaware of who has which role. Invariant: a policy names the actions that the commands ask for and no others, on what the plan names alone.

mod machines;

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Value, json};

use crate::catalog::{Part, plan_prefix};
use crate::plan::{
    Backup, Drift, Into, Plan, PointInTime, Rds, Recover, Restore, RestoreStep, S3, Source, Store, StoreKind, Target,
    Way,
};
use crate::ports::{DatabaseKind, DatabaseName};

/// The version of the policy language.
const LANGUAGE: &str = "2012-10-17";

/// What somebody does who needs a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Looks: dry runs, `points`, `status`, and restores of files.
    Read,
    /// Backs up: adds recovery points, and reads them back. Deletes none.
    Write,
    /// Deletes what retention lets go.
    Prune,
    /// Brings databases back and puts them into service, and launches machines.
    Restore,
}

/// A statement of a policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    sid: String,
    effect: &'static str,
    action: BTreeSet<&'static str>,
    resource: BTreeSet<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<Value>,
}

/// The least policy of somebody who does that for a plan. `account` is the number of the AWS account; any where none is given.
pub fn policy(plan: &Plan, purpose: Purpose, account: Option<&str>) -> Value {
    let mut policy = Policy { plan, account: account.unwrap_or("*").to_owned(), statements: vec![] };
    for store in &plan.stores {
        if let StoreKind::S3(s3) = &store.kind {
            policy.bucket(store, s3, purpose);
        }
    }
    for target in &plan.targets {
        if let Some(Source::Rds(rds)) = &target.source {
            policy.database(target, rds, purpose);
        }
        if let Some(Source::MachineImage(image)) = &target.source {
            machines::allow(&mut policy, target, image, purpose);
        }
    }
    policy.value()
}

/// Whether a plan has anything that lies in AWS.
pub fn is_of_aws(plan: &Plan) -> bool {
    let in_s3 = plan.stores.iter().any(|store| matches!(store.kind, StoreKind::S3(_)));
    let is_run = |target: &Target| matches!(target.source, Some(Source::Rds(_) | Source::MachineImage(_)));
    in_s3 || plan.targets.iter().any(is_run)
}

struct Policy<'p> {
    plan: &'p Plan,
    account: String,
    statements: Vec<Statement>,
}

impl Policy<'_> {
    fn allow(
        &mut self,
        sid: &str,
        actions: &[&'static str],
        resources: impl IntoIterator<Item = String>,
        condition: Option<Value>,
    ) {
        let (action, resource) =
            (actions.iter().copied().collect::<BTreeSet<_>>(), resources.into_iter().collect::<BTreeSet<_>>());
        if action.is_empty() || resource.is_empty() {
            return;
        }
        // Databases of one kind are named together.
        if let Some(known) = self.statements.iter_mut().find(|known| known.sid == sid && known.condition == condition) {
            known.action.extend(action);
            known.resource.extend(resource);
            return;
        }
        self.statements.push(Statement { sid: sid.to_owned(), effect: "Allow", action, resource, condition });
    }

    fn value(self) -> Value {
        json!({ "Version": LANGUAGE, "Statement": self.statements })
    }

    /// A store in S3. What lies in it begins with its prefix and the plan's name.
    fn bucket(&mut self, store: &Store, s3: &S3, purpose: Purpose) {
        let sid = |word: &str| format!("{word}{}", camel(store.name.value.as_str()));
        let bucket = vec![format!("arn:aws:s3:::{}", s3.bucket.value)];
        let all = keys(self.plan, s3);
        let object = |ending: &str| format!("arn:aws:s3:::{}/{all}{ending}", s3.bucket.value);
        let objects = vec![object("*")];
        let listed = json!({ "StringLike": { "s3:prefix": format!("{all}*") } });
        // Every command that looks at a store lists it and reads from it.
        self.allow(&sid("List"), &["s3:ListBucket"], bucket.clone(), Some(listed.clone()));
        self.allow(&sid("Uploads"), &["s3:ListBucketMultipartUploads"], bucket.clone(), None);
        if purpose != Purpose::Restore {
            // What becomes of what is deleted.
            let kept =
                ["s3:GetBucketVersioning", "s3:GetBucketObjectLockConfiguration", "s3:GetLifecycleConfiguration"];
            self.allow(&sid("Keeping"), &kept, bucket.clone(), None);
        }
        self.allow(&sid("Read"), &["s3:GetObject"], objects.clone(), None);
        match purpose {
            Purpose::Read => self.allow(&sid("Deleted"), &["s3:ListBucketVersions"], bucket, Some(listed)),
            Purpose::Restore => {}
            Purpose::Write => {
                self.allow(&sid("Add"), &["s3:PutObject", "s3:AbortMultipartUpload"], objects.clone(), None);
                if s3.object_lock.is_some() {
                    // What is locked is looked at again.
                    self.allow(&sid("Lock"), &["s3:PutObjectRetention", "s3:GetObjectRetention"], objects, None);
                }
                // Its own lease and pins are given back.
                let own = ["*/lease-*", "*/pin-*"].map(&object);
                self.allow(&sid("GiveBack"), &["s3:DeleteObject"], own, None);
            }
            Purpose::Prune => {
                self.allow(&sid("Delete"), &["s3:DeleteObject", "s3:AbortMultipartUpload"], objects.clone(), None);
                if s3.object_lock.is_some() {
                    self.allow(&sid("Locks"), &["s3:GetObjectRetention"], objects, None);
                }
            }
        }
        if let Some(key) = &s3.kms_key {
            let actions: &[&str] = match purpose {
                Purpose::Write => &["kms:Decrypt", "kms:GenerateDataKey"],
                _ => &["kms:Decrypt"],
            };
            let region = s3.region.as_ref().map(|region| region.value.as_str());
            self.key(&sid("Key"), &key.value, region, actions);
        }
    }

    /// A key of KMS, by its ARN, its identifier or an alias.
    fn key(&mut self, sid: &str, key: &str, region: Option<&str>, actions: &[&'static str]) {
        let arn = |what: &str| format!("arn:aws:kms:{}:{}:{what}", region.unwrap_or("*"), self.account);
        let (resource, condition) = match key {
            key if key.starts_with("arn:") && !key.contains(":alias/") => (key.to_owned(), None),
            key if key.contains("alias/") => {
                let alias =
                    key.rsplit_once(":alias/").map_or_else(|| key.to_owned(), |(_, name)| format!("alias/{name}"));
                (arn("key/*"), Some(json!({ "ForAnyValue:StringEquals": { "kms:ResourceAliases": alias } })))
            }
            key => (arn(&format!("key/{key}")), None),
        };
        self.allow(sid, actions, [resource], condition);
    }

    fn database(&mut self, target: &Target, rds: &Rds, purpose: Purpose) {
        let database = rds.name();
        let calls = Calls::of(database.kind);
        let mut looks = BTreeSet::from([calls.describe]);
        for backup in &target.backups {
            match &backup.way {
                Way::PointInTime(_) => looks.insert(calls.describe_automated),
                Way::Snapshot(_) => looks.insert(calls.describe_snapshots),
                Way::Stored(_) => continue,
            };
        }
        if database.kind == DatabaseKind::Cluster && purpose != Purpose::Prune {
            // The class of its instances.
            looks.insert("rds:DescribeDBInstances");
        }
        // Lists of databases and snapshots are asked for by a filter, which no resource of a policy can say.
        self.allow("LookAtDatabases", &looks.into_iter().collect::<Vec<_>>(), ["*".to_owned()], None);
        match purpose {
            Purpose::Read => {}
            Purpose::Write => target.backups.iter().for_each(|backup| self.back_up(backup, &database, &calls)),
            Purpose::Prune => target.backups.iter().for_each(|backup| self.prune(backup, &database, &calls)),
            Purpose::Restore => self.restores(target, rds, &database, &calls),
        }
    }

    fn arn(&self, region: Option<&str>, what: &str) -> String {
        arn(region, &self.account, what)
    }

    /// The snapshots of a plan's jobs, in a region.
    fn snapshots(&self, calls: &Calls, region: Option<&str>) -> String {
        let plan = crate::catalog::identifier(&format!("sonae-{}", self.plan.name.value), 255);
        self.arn(region, &format!("{}:{plan}-*", calls.snapshot_word))
    }

    fn back_up(&mut self, backup: &Backup, database: &DatabaseName, calls: &Calls) {
        let region = database.region.as_deref();
        let itself = self.arn(region, &format!("{}:{}", calls.word, database.identifier));
        match &backup.way {
            Way::PointInTime(PointInTime { on_drift: Drift::Correct | Drift::Enable, .. }) => {
                self.allow("SetBackups", &[calls.modify], [itself], None);
            }
            Way::Snapshot(kept) => {
                let made = self.snapshots(calls, region);
                self.allow(
                    "MakeSnapshots",
                    &[calls.create_snapshot, "rds:AddTagsToResource"],
                    [itself, made.clone()],
                    None,
                );
                if let Some(to) = &kept.copy_to {
                    let copied = self.snapshots(calls, Some(&to.value));
                    self.allow("CopySnapshots", &[calls.copy_snapshot, "rds:AddTagsToResource"], [made, copied], None);
                    if let Some(key) = &kept.kms_key {
                        let uses = ["kms:CreateGrant", "kms:DescribeKey"];
                        self.key("CopyKey", &key.value, Some(&to.value), &uses);
                    }
                }
            }
            Way::PointInTime(_) | Way::Stored(_) => {}
        }
    }

    fn prune(&mut self, backup: &Backup, database: &DatabaseName, calls: &Calls) {
        let Way::Snapshot(kept) = &backup.way else { return };
        let copies = kept.copy_to.as_ref().map(|to| self.snapshots(calls, Some(&to.value)));
        let own = self.snapshots(calls, database.region.as_deref());
        self.allow("DeleteSnapshots", &[calls.delete_snapshot], [own].into_iter().chain(copies), None);
    }

    fn restores(&mut self, target: &Target, rds: &Rds, database: &DatabaseName, calls: &Calls) {
        let (region, account) = (database.region.as_deref(), self.account.clone());
        let steps: Vec<&RestoreStep> = self.plan.restores.iter().flat_map(Restore::flat).collect();
        let part = |what: &str| arn(region, &account, what);
        let named = |identifier: &str| part(&format!("{}:{identifier}", calls.word));
        let itself = named(&database.identifier);
        // What a switch calls the one that was in service.
        let kept = named(&format!("{}-until-*", database.identifier));
        let of_target = |recover: &&Recover| recover.target.value == target.name.value;
        let recovers = steps.iter().filter_map(|step| match step {
            RestoreStep::Recover(recover) => Some(recover).filter(of_target),
            _ => None,
        });
        let mut made = BTreeSet::new();
        for recover in recovers {
            if let Into::Database { database, .. } = &recover.into {
                made.insert(rds.another(database).identifier);
            }
        }
        let new: BTreeSet<String> = made.iter().map(|identifier| named(identifier)).collect();
        if new.is_empty() {
            return;
        }
        // What a new database is set to is named in the call, so each of it is a resource of it.
        let groups = [part("subgrp:*"), part(&format!("{}:*", calls.parameter_group_word)), part("og:*")];
        let switches = steps
            .iter()
            .any(|step| matches!(step, RestoreStep::Switch(switch) if switch.target.value == target.name.value));
        for backup in &target.backups {
            match &backup.way {
                Way::PointInTime(_) => {
                    let from = [itself.clone(), part("auto-backup:*"), part("cluster-auto-backup:*")];
                    let from = from
                        .into_iter()
                        .filter(|arn| calls.word == "cluster" || !arn.contains(":cluster-auto-backup:"));
                    let all = from.chain(new.iter().cloned()).chain(groups.clone());
                    self.allow("RestoreToMoment", &[calls.restore_to_moment, "rds:AddTagsToResource"], all, None);
                }
                Way::Snapshot(_) => {
                    let from = [self.snapshots(calls, region)];
                    let all = from.into_iter().chain(new.iter().cloned()).chain(groups.clone());
                    self.allow("RestoreSnapshot", &[calls.restore_snapshot, "rds:AddTagsToResource"], all, None);
                }
                Way::Stored(_) => {}
            }
        }
        if database.kind == DatabaseKind::Cluster {
            let members = made.iter().map(|cluster| part(&format!("db:{cluster}-*")));
            let all = members.chain(new.iter().cloned()).chain([part("subgrp:*"), part("pg:*")]);
            self.allow("MakeInstances", &["rds:CreateDBInstance", "rds:AddTagsToResource"], all, None);
        }
        if switches {
            self.allow("Rename", &[calls.modify], new.into_iter().chain([itself, kept]), None);
        }
    }
}

/// What the calls of RDS are called, for instances and for clusters
/// (<https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html>).
struct Calls {
    word: &'static str,
    snapshot_word: &'static str,
    parameter_group_word: &'static str,
    describe: &'static str,
    describe_automated: &'static str,
    describe_snapshots: &'static str,
    create_snapshot: &'static str,
    copy_snapshot: &'static str,
    delete_snapshot: &'static str,
    modify: &'static str,
    restore_to_moment: &'static str,
    restore_snapshot: &'static str,
}

impl Calls {
    const fn of(kind: DatabaseKind) -> Self {
        match kind {
            DatabaseKind::Instance => Self {
                word: "db",
                snapshot_word: "snapshot",
                parameter_group_word: "pg",
                describe: "rds:DescribeDBInstances",
                describe_automated: "rds:DescribeDBInstanceAutomatedBackups",
                describe_snapshots: "rds:DescribeDBSnapshots",
                create_snapshot: "rds:CreateDBSnapshot",
                copy_snapshot: "rds:CopyDBSnapshot",
                delete_snapshot: "rds:DeleteDBSnapshot",
                modify: "rds:ModifyDBInstance",
                restore_to_moment: "rds:RestoreDBInstanceToPointInTime",
                restore_snapshot: "rds:RestoreDBInstanceFromDBSnapshot",
            },
            DatabaseKind::Cluster => Self {
                word: "cluster",
                snapshot_word: "cluster-snapshot",
                parameter_group_word: "cluster-pg",
                describe: "rds:DescribeDBClusters",
                describe_automated: "rds:DescribeDBClusterAutomatedBackups",
                describe_snapshots: "rds:DescribeDBClusterSnapshots",
                create_snapshot: "rds:CreateDBClusterSnapshot",
                copy_snapshot: "rds:CopyDBClusterSnapshot",
                delete_snapshot: "rds:DeleteDBClusterSnapshot",
                modify: "rds:ModifyDBCluster",
                restore_to_moment: "rds:RestoreDBClusterToPointInTime",
                restore_snapshot: "rds:RestoreDBClusterFromSnapshot",
            },
        }
    }
}

fn arn(region: Option<&str>, account: &str, what: &str) -> String {
    format!("arn:aws:rds:{}:{account}:{what}", region.unwrap_or("*"))
}

/// What the keys of a plan begin with in a bucket.
fn keys(plan: &Plan, s3: &S3) -> String {
    let prefix = s3.prefix.as_ref().map_or("", |prefix| prefix.value.trim_matches('/'));
    let gap = if prefix.is_empty() { "" } else { "/" };
    format!("{prefix}{gap}{}", plan_prefix(&plan.name.value))
}

/// The policy of a store's bucket: manifests are written once and never over one that is there
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html>), and whoever may only write deletes no recovery
/// point. None where the store is no bucket.
pub fn bucket_policy(plan: &Plan, store: &Store) -> Option<Value> {
    let StoreKind::S3(s3) = &store.kind else { return None };
    let all = keys(plan, s3);
    let object = |ending: &str| format!("arn:aws:s3:::{}/{all}*{ending}", s3.bucket.value);
    let mut statements = vec![json!({
        "Sid": "ManifestsAreWrittenOnce",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": object(Part::Manifest.ending()),
        "Condition": {
            "Null": { "s3:if-none-match": "true" },
            // The parts of an upload carry no condition; the call that makes them an object does.
            "Bool": { "s3:ObjectCreationOperation": "true" },
        },
    })];
    let writers = store.access.as_ref().map(|access| {
        let may_prune = |who: &str| access.prune.iter().any(|pruner| pruner.value == who);
        let writers = access.write.iter().map(|writer| writer.value.as_str()).filter(|who| !may_prune(who));
        writers.collect::<BTreeSet<&str>>()
    });
    let writers = writers.filter(|writers| !writers.is_empty());
    if let Some(writers) = writers {
        let parts: Vec<String> = Part::ALL.iter().map(|part| object(part.ending())).collect();
        statements.push(json!({
            "Sid": "WritersDeleteNoRecoveryPoint",
            "Effect": "Deny",
            "Principal": { "AWS": writers },
            "Action": ["s3:DeleteObject", "s3:DeleteObjectVersion"],
            "Resource": parts,
        }));
    }
    statements.push(json!({
        "Sid": "OnlyOverTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [format!("arn:aws:s3:::{}", s3.bucket.value), format!("arn:aws:s3:::{}/*", s3.bucket.value)],
        "Condition": { "Bool": { "aws:SecureTransport": "false" } },
    }));
    Some(json!({ "Version": LANGUAGE, "Statement": statements }))
}

/// `backup-server` as a part of a statement's name, which is of letters and digits.
fn camel(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let capital = |word: &str| {
        let (first, rest) = word.split_at(1);
        first.to_ascii_uppercase() + rest
    };
    words.map(capital).collect()
}
