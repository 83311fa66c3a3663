//! Aurora's DB clusters, their instances and their snapshots.

use std::collections::BTreeMap;

use aws_sdk_rds::Client;
use aws_sdk_rds::types::{DbInstance, Filter};
use jiff::Timestamp;

use super::failed::{changed, deleted, found};
use super::{Source, listed, told};
use crate::ports::{
    AutomatedBackups, Database, DatabaseName, DatabaseSettings, DatabaseSnapshot, Fault, NewDatabase, SnapshotName,
};

pub(super) async fn database(client: &Client, name: &DatabaseName) -> Result<Option<Database>, Fault> {
    let call = client.describe_db_clusters().db_cluster_identifier(&name.identifier);
    let answer = call.into_paginator().items().send().try_collect().await;
    let answer = found(&format!("look at {name}"), answer)?;
    let Some(mut cluster) = answer.into_iter().next().map(|it| told::cluster(it, name)) else { return Ok(None) };
    if let (None, Some(writer)) = (&cluster.settings.class, cluster.members.first())
        && let Some(writer) = instance(client, name, writer).await?
    {
        cluster.settings.class = writer.db_instance_class;
        cluster.settings.publicly_accessible = writer.publicly_accessible;
    }
    Ok(Some(cluster))
}

/// An instance of a cluster; none where it is no more. What the cluster does not tell of its instances is told of the one that is written to.
async fn instance(client: &Client, cluster: &DatabaseName, member: &str) -> Result<Option<DbInstance>, Fault> {
    let filter = Filter::builder().name("db-cluster-id").values(&cluster.identifier).build();
    let call = client.describe_db_instances().filters(filter);
    let answer = call.into_paginator().items().send().try_collect().await;
    let members = found(&format!("look at the instances of {cluster}"), answer)?;
    Ok(members.into_iter().find(|it| it.db_instance_identifier.as_deref() == Some(member)))
}

pub(super) async fn automated_backups(client: &Client, name: &DatabaseName) -> Result<Vec<AutomatedBackups>, Fault> {
    let call = client.describe_db_cluster_automated_backups().db_cluster_identifier(&name.identifier);
    let answer = call.into_paginator().items().send().try_collect().await;
    let answer = found(&format!("look at the automated backups of {name}"), answer)?;
    Ok(answer.into_iter().map(|it| told::backups_of_cluster(it, name)).collect())
}

/// Those that are told by the name of the cluster, and those that are of the living one, whatever it was called when they were made.
pub(super) async fn snapshots(client: &Client, of: &DatabaseName) -> Result<Vec<DatabaseSnapshot>, Fault> {
    let mut all = listing(client, of, None).await?;
    if let Some(living) = database(client, of).await? {
        all.extend(listing(client, of, Some(&living.resource)).await?);
    }
    Ok(all)
}

async fn listing(client: &Client, of: &DatabaseName, resource: Option<&str>) -> Result<Vec<DatabaseSnapshot>, Fault> {
    let call = client.describe_db_cluster_snapshots();
    let call = match resource {
        Some(resource) => call.db_cluster_resource_id(resource),
        None => call.db_cluster_identifier(&of.identifier),
    };
    let answer = call.into_paginator().items().send().try_collect().await;
    let answer = found(&format!("look at the snapshots of {of}"), answer)?;
    Ok(answer.into_iter().filter_map(|it| told::snapshot_of_cluster(it, of.region.as_ref())).collect())
}

pub(super) async fn snapshot(client: &Client, name: &SnapshotName) -> Result<Option<DatabaseSnapshot>, Fault> {
    let call = client.describe_db_cluster_snapshots().db_cluster_snapshot_identifier(&name.identifier);
    let answer = call.into_paginator().items().send().try_collect().await;
    let answer = found(&format!("look at {name}"), answer)?;
    Ok(answer.into_iter().find_map(|it| told::snapshot_of_cluster(it, name.region.as_ref())))
}

pub(super) async fn begin_snapshot(
    client: &Client,
    action: &str,
    of: &DatabaseName,
    name: &SnapshotName,
    tags: &BTreeMap<String, String>,
) -> Result<(), Fault> {
    let call = client
        .create_db_cluster_snapshot()
        .db_cluster_identifier(&of.identifier)
        .db_cluster_snapshot_identifier(&name.identifier)
        .set_tags(Some(told::as_tags(tags)));
    changed(action, call.send().await)
}

pub(super) async fn begin_copy(
    client: &Client,
    action: &str,
    from: &DatabaseSnapshot,
    to: &SnapshotName,
    kms_key: Option<&str>,
    tags: &BTreeMap<String, String>,
) -> Result<(), Fault> {
    let call = client
        .copy_db_cluster_snapshot()
        .source_db_cluster_snapshot_identifier(&from.arn)
        .target_db_cluster_snapshot_identifier(&to.identifier)
        .set_kms_key_id(kms_key.map(str::to_owned))
        .copy_tags(false)
        .set_tags(Some(told::tags_of_copy(tags, from.taken)));
    changed(action, call.send().await)
}

pub(super) async fn delete_snapshot(client: &Client, name: &SnapshotName) -> Result<(), Fault> {
    let call = client.delete_db_cluster_snapshot().db_cluster_snapshot_identifier(&name.identifier);
    deleted(&format!("delete {name}"), call.send().await)
}

pub(super) async fn set_backups(
    client: &Client,
    action: &str,
    of: &DatabaseName,
    days: i32,
    window: Option<&str>,
) -> Result<(), Fault> {
    let call = client
        .modify_db_cluster()
        .db_cluster_identifier(&of.identifier)
        .backup_retention_period(days)
        .set_preferred_backup_window(window.map(str::to_owned))
        .apply_immediately(true);
    changed(action, call.send().await)
}

pub(super) async fn restore_moment(
    client: &Client,
    action: &str,
    new: &NewDatabase,
    source: Source<'_>,
    at: Option<Timestamp>,
) -> Result<(), Fault> {
    let settings = &new.settings;
    let call = client
        .restore_db_cluster_to_point_in_time()
        .set_source_db_cluster_identifier(source.living())
        .set_source_db_cluster_resource_id(source.gone())
        .db_cluster_identifier(&new.name.identifier)
        .restore_type("full-copy")
        .set_restore_to_time(at.map(told::time))
        .set_use_latest_restorable_time(at.is_none().then_some(true))
        .set_db_subnet_group_name(settings.subnet_group.clone())
        .set_vpc_security_group_ids(listed(&settings.security_groups))
        .set_db_cluster_parameter_group_name(settings.parameter_group.clone())
        .set_storage_type(settings.storage_type.clone())
        .set_iops(settings.iops)
        .set_port(settings.port)
        .set_deletion_protection(settings.deletion_protection)
        .set_enable_iam_database_authentication(settings.iam_authentication)
        .set_enable_cloudwatch_logs_exports(listed(&settings.log_exports))
        .set_tags(Some(told::as_tags(&new.tags)));
    changed(action, call.send().await)
}

pub(super) async fn restore_snapshot(
    client: &Client,
    action: &str,
    new: &NewDatabase,
    name: &SnapshotName,
) -> Result<(), Fault> {
    let settings = &new.settings;
    let call = client
        .restore_db_cluster_from_snapshot()
        .snapshot_identifier(&name.identifier)
        .db_cluster_identifier(&new.name.identifier)
        .engine(&new.engine)
        .set_db_subnet_group_name(settings.subnet_group.clone())
        .set_vpc_security_group_ids(listed(&settings.security_groups))
        .set_db_cluster_parameter_group_name(settings.parameter_group.clone())
        .set_storage_type(settings.storage_type.clone())
        .set_iops(settings.iops)
        .set_port(settings.port)
        .set_deletion_protection(settings.deletion_protection)
        .set_enable_iam_database_authentication(settings.iam_authentication)
        .set_enable_cloudwatch_logs_exports(listed(&settings.log_exports))
        .set_tags(Some(told::as_tags(&new.tags)));
    changed(action, call.send().await)
}

pub(super) async fn begin_member(
    client: &Client,
    cluster: &DatabaseName,
    identifier: &str,
    engine: &str,
    settings: &DatabaseSettings,
    tags: &BTreeMap<String, String>,
) -> Result<(), Fault> {
    let call = client
        .create_db_instance()
        .db_cluster_identifier(&cluster.identifier)
        .db_instance_identifier(identifier)
        .engine(engine)
        .set_db_instance_class(settings.class.clone())
        .set_publicly_accessible(settings.publicly_accessible)
        .set_tags(Some(told::as_tags(tags)));
    let action = format!("begin the instance {identifier} of {cluster}");
    changed(&action, call.send().await)
}

pub(super) async fn begin_rename(client: &Client, action: &str, from: &DatabaseName, to: &str) -> Result<(), Fault> {
    let call = client
        .modify_db_cluster()
        .db_cluster_identifier(&from.identifier)
        .new_db_cluster_identifier(to)
        .apply_immediately(true);
    changed(action, call.send().await)
}
