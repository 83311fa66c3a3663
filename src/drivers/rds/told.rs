//! What RDS tells, in the port's words.

use std::collections::BTreeMap;

use aws_sdk_rds::primitives::DateTime;
use aws_sdk_rds::types::{
    DbCluster, DbClusterAutomatedBackup, DbClusterSnapshot, DbInstance, DbInstanceAutomatedBackup, DbSnapshot,
    RestoreWindow, Tag, VpcSecurityGroupMembership,
};
use jiff::Timestamp;

use crate::ports::{
    AutomatedBackups, Database, DatabaseKind, DatabaseName, DatabaseSettings, DatabaseSnapshot, SnapshotName,
    SnapshotOrigin,
};

/// The tag of a copied snapshot of a cluster that says when the original was taken, which RDS does not tell of it.
const TAKEN: &str = "sonae:taken";

/// A count of RDS, which is never negative; what is above is the most that there is.
fn count(number: Option<i32>) -> u32 {
    u32::try_from(number.unwrap_or(0)).unwrap_or(0)
}

fn moment(time: Option<DateTime>) -> Option<Timestamp> {
    let time = time?;
    Timestamp::new(time.secs(), i32::try_from(time.subsec_nanos()).ok()?).ok()
}

/// A moment as RDS takes it: whole seconds.
pub(super) fn time(moment: Timestamp) -> DateTime {
    DateTime::from_secs(moment.as_second())
}

fn tags(tags: Option<Vec<Tag>>) -> BTreeMap<String, String> {
    let pair = |tag: Tag| Some((tag.key?, tag.value.unwrap_or_default()));
    tags.into_iter().flatten().filter_map(pair).collect()
}

/// Tags as RDS takes them.
pub(super) fn as_tags(tags: &BTreeMap<String, String>) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// The tags of a copy of a snapshot of a cluster.
pub(super) fn tags_of_copy(given: &BTreeMap<String, String>, taken: Option<Timestamp>) -> Vec<Tag> {
    let taken = taken.map(|taken| Tag::builder().key(TAKEN).value(taken.to_string()).build());
    as_tags(given).into_iter().chain(taken).collect()
}

fn groups(all: Option<Vec<VpcSecurityGroupMembership>>) -> Vec<String> {
    all.into_iter().flatten().filter_map(|group| group.vpc_security_group_id).collect()
}

/// Operations a second that are provisioned beyond what comes with the storage, which nobody may ask for
/// (<https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html>).
fn provisioned(storage: Option<&str>, iops: Option<i32>) -> Option<i32> {
    let least = if storage.is_some_and(|storage| storage.starts_with("io")) { 0 } else { 3_000 };
    iops.filter(|iops| *iops > least)
}

/// An instance. Its name is that which was asked for.
pub(super) fn instance(it: DbInstance, name: &DatabaseName) -> Database {
    let address = it.endpoint.and_then(|endpoint| {
        let port = u16::try_from(endpoint.port?).ok()?;
        Some((endpoint.address?, port))
    });
    let settings = DatabaseSettings {
        class: it.db_instance_class,
        subnet_group: it.db_subnet_group.and_then(|group| group.db_subnet_group_name),
        security_groups: groups(it.vpc_security_groups),
        parameter_group: it
            .db_parameter_groups
            .unwrap_or_default()
            .into_iter()
            .find_map(|it| it.db_parameter_group_name),
        option_group: it.option_group_memberships.unwrap_or_default().into_iter().find_map(|it| it.option_group_name),
        multi_az: it.multi_az,
        iops: provisioned(it.storage_type.as_deref(), it.iops),
        storage_type: it.storage_type,
        port: address.as_ref().map(|(_, port)| i32::from(*port)),
        publicly_accessible: it.publicly_accessible,
        deletion_protection: it.deletion_protection,
        iam_authentication: it.iam_database_authentication_enabled,
        log_exports: it.enabled_cloudwatch_logs_exports.unwrap_or_default(),
    };
    Database {
        name: name.clone(),
        resource: it.dbi_resource_id.unwrap_or_default(),
        status: it.db_instance_status.unwrap_or_default(),
        engine: it.engine.unwrap_or_default(),
        backup_days: count(it.backup_retention_period),
        window: it.preferred_backup_window,
        latest: moment(it.latest_restorable_time),
        address,
        settings,
        members: vec![],
        cluster: it.db_cluster_identifier,
        allocated_gib: count(it.allocated_storage),
        encrypted: it.storage_encrypted.unwrap_or(false),
        tags: tags(it.tag_list),
    }
}

/// A cluster. The class of its instances is that of the one that is written to, which is told apart.
pub(super) fn cluster(it: DbCluster, name: &DatabaseName) -> Database {
    let port = it.port.and_then(|port| u16::try_from(port).ok());
    let settings = DatabaseSettings {
        class: it.db_cluster_instance_class,
        subnet_group: it.db_subnet_group,
        security_groups: groups(it.vpc_security_groups),
        parameter_group: it.db_cluster_parameter_group,
        option_group: None,
        multi_az: None,
        storage_type: it.storage_type,
        iops: it.iops.filter(|iops| *iops > 0),
        port: it.port,
        publicly_accessible: it.publicly_accessible,
        deletion_protection: it.deletion_protection,
        iam_authentication: it.iam_database_authentication_enabled,
        log_exports: it.enabled_cloudwatch_logs_exports.unwrap_or_default(),
    };
    let mut members = it.db_cluster_members.unwrap_or_default();
    members.sort_by_key(|member| !member.is_cluster_writer.unwrap_or(false));
    Database {
        name: name.clone(),
        resource: it.db_cluster_resource_id.unwrap_or_default(),
        status: it.status.unwrap_or_default(),
        engine: it.engine.unwrap_or_default(),
        backup_days: count(it.backup_retention_period),
        window: it.preferred_backup_window,
        latest: moment(it.latest_restorable_time),
        address: it.endpoint.zip(port),
        settings,
        members: members.into_iter().filter_map(|member| member.db_instance_identifier).collect(),
        cluster: None,
        allocated_gib: 0,
        encrypted: it.storage_encrypted.unwrap_or(false),
        tags: tags(it.tag_list),
    }
}

fn window(it: Option<RestoreWindow>) -> (Option<Timestamp>, Option<Timestamp>) {
    it.map_or((None, None), |it| (moment(it.earliest_time), moment(it.latest_time)))
}

/// The automated backups of an instance.
pub(super) fn backups_of_instance(it: DbInstanceAutomatedBackup, name: &DatabaseName) -> AutomatedBackups {
    let (earliest, latest) = window(it.restore_window);
    AutomatedBackups {
        resource: it.dbi_resource_id.unwrap_or_default(),
        name: name.clone(),
        retained: it.status.as_deref() == Some("retained"),
        earliest,
        latest,
        allocated_gib: count(it.allocated_storage),
    }
}

/// The automated backups of a cluster.
pub(super) fn backups_of_cluster(it: DbClusterAutomatedBackup, name: &DatabaseName) -> AutomatedBackups {
    let (earliest, latest) = window(it.restore_window);
    AutomatedBackups {
        resource: it.db_cluster_resource_id.unwrap_or_default(),
        name: name.clone(),
        retained: it.status.as_deref() == Some("retained"),
        earliest,
        latest,
        allocated_gib: 0,
    }
}

/// Those that others made (AWS Backup, other accounts) are nobody's here.
fn origin(kind: Option<&str>) -> Option<SnapshotOrigin> {
    match kind {
        Some("manual") => Some(SnapshotOrigin::Manual),
        Some("automated") => Some(SnapshotOrigin::Automated),
        _ => None,
    }
}

fn percent(told: Option<i32>) -> Option<u8> {
    u8::try_from(told?).ok().map(|percent| percent.min(100))
}

/// A time that says nothing while the snapshot is being made.
fn taken(status: &str, time: Option<DateTime>) -> Option<Timestamp> {
    moment(time).filter(|_| !matches!(status, "creating" | "copying" | "pending"))
}

/// A snapshot of an instance; none where somebody else made it.
pub(super) fn snapshot_of_instance(it: DbSnapshot, region: Option<&String>) -> Option<DatabaseSnapshot> {
    let status = it.status.unwrap_or_default();
    let name = SnapshotName {
        kind: DatabaseKind::Instance,
        identifier: it.db_snapshot_identifier.unwrap_or_default(),
        region: region.cloned(),
    };
    Some(DatabaseSnapshot {
        name,
        arn: it.db_snapshot_arn.unwrap_or_default(),
        database: it.db_instance_identifier.unwrap_or_default(),
        origin: origin(it.snapshot_type.as_deref())?,
        taken: taken(&status, it.original_snapshot_create_time.or(it.snapshot_create_time)),
        status,
        percent: percent(it.percent_progress),
        allocated_gib: count(it.allocated_storage),
        encrypted: it.encrypted.unwrap_or(false),
        tags: tags(it.tag_list),
    })
}

/// A snapshot of a cluster; none where somebody else made it.
pub(super) fn snapshot_of_cluster(it: DbClusterSnapshot, region: Option<&String>) -> Option<DatabaseSnapshot> {
    let status = it.status.unwrap_or_default();
    let name = SnapshotName {
        kind: DatabaseKind::Cluster,
        identifier: it.db_cluster_snapshot_identifier.unwrap_or_default(),
        region: region.cloned(),
    };
    let mut tags = tags(it.tag_list);
    let original = tags.remove(TAKEN).and_then(|taken| taken.parse().ok());
    let told = taken(&status, it.snapshot_create_time);
    Some(DatabaseSnapshot {
        name,
        arn: it.db_cluster_snapshot_arn.unwrap_or_default(),
        database: it.db_cluster_identifier.unwrap_or_default(),
        origin: origin(it.snapshot_type.as_deref())?,
        taken: told.map(|told| original.unwrap_or(told)),
        status,
        percent: percent(it.percent_progress),
        allocated_gib: 0,
        encrypted: it.storage_encrypted.unwrap_or(false),
        tags,
    })
}
