//! DB instances and their snapshots.

use std::collections::BTreeMap;

use aws_sdk_rds::Client;
use jiff::Timestamp;

use super::failed::{changed, deleted, found};
use super::{Source, listed, told};
use crate::ports::{AutomatedBackups, Database, DatabaseName, DatabaseSnapshot, Fault, NewDatabase, SnapshotName};

pub(super) async fn database(client: &Client, name: &DatabaseName) -> Result<Option<Database>, Fault> {
    let call = client.describe_db_instances().db_instance_identifier(&name.identifier);
    let answer = call.into_paginator().items().send().try_collect().await;
    let answer = found(&format!("look at {name}"), answer)?;
    Ok(answer.into_iter().next().map(|it| told::instance(it, name)))
}

pub(super) async fn automated_backups(client: &Client, name: &DatabaseName) -> Result<Vec<AutomatedBackups>, Fault> {
    let call = client.describe_db_instance_automated_backups().db_instance_identifier(&name.identifier);
    let answer = call.into_paginator().items().send().try_collect().await;
    let answer = found(&format!("look at the automated backups of {name}"), answer)?;
    // Those of other regions, which are replicated to this one, are named by another status.
    let is_here = |status: Option<&str>| matches!(status, Some("active" | "creating" | "retained"));
    let here = answer.into_iter().filter(|it| is_here(it.status.as_deref()));
    Ok(here.map(|it| told::backups_of_instance(it, name)).collect())
}

/// Those that are told by the name of the database, and those that are of the living one, whatever it was called when they were made.
pub(super) async fn snapshots(client: &Client, of: &DatabaseName) -> Result<Vec<DatabaseSnapshot>, Fault> {
    let mut all = listing(client, of, None).await?;
    if let Some(living) = database(client, of).await? {
        all.extend(listing(client, of, Some(&living.resource)).await?);
    }
    Ok(all)
}

async fn listing(client: &Client, of: &DatabaseName, resource: Option<&str>) -> Result<Vec<DatabaseSnapshot>, Fault> {
    let call = client.describe_db_snapshots();
    let call = match resource {
        Some(resource) => call.dbi_resource_id(resource),
        None => call.db_instance_identifier(&of.identifier),
    };
    let answer = call.into_paginator().items().send().try_collect().await;
    let answer = found(&format!("look at the snapshots of {of}"), answer)?;
    Ok(answer.into_iter().filter_map(|it| told::snapshot_of_instance(it, of.region.as_ref())).collect())
}

pub(super) async fn snapshot(client: &Client, name: &SnapshotName) -> Result<Option<DatabaseSnapshot>, Fault> {
    let call = client.describe_db_snapshots().db_snapshot_identifier(&name.identifier);
    let answer = call.into_paginator().items().send().try_collect().await;
    let answer = found(&format!("look at {name}"), answer)?;
    Ok(answer.into_iter().find_map(|it| told::snapshot_of_instance(it, name.region.as_ref())))
}

pub(super) async fn begin_snapshot(
    client: &Client,
    action: &str,
    of: &DatabaseName,
    name: &SnapshotName,
    tags: &BTreeMap<String, String>,
) -> Result<(), Fault> {
    let call = client
        .create_db_snapshot()
        .db_instance_identifier(&of.identifier)
        .db_snapshot_identifier(&name.identifier)
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
        .copy_db_snapshot()
        .source_db_snapshot_identifier(&from.arn)
        .target_db_snapshot_identifier(&to.identifier)
        .set_kms_key_id(kms_key.map(str::to_owned))
        .copy_tags(false)
        .set_tags(Some(told::as_tags(tags)));
    changed(action, call.send().await)
}

pub(super) async fn delete_snapshot(client: &Client, name: &SnapshotName) -> Result<(), Fault> {
    let call = client.delete_db_snapshot().db_snapshot_identifier(&name.identifier);
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
        .modify_db_instance()
        .db_instance_identifier(&of.identifier)
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
        .restore_db_instance_to_point_in_time()
        .set_source_db_instance_identifier(source.living())
        .set_source_dbi_resource_id(source.gone())
        .target_db_instance_identifier(&new.name.identifier)
        .set_restore_time(at.map(told::time))
        .set_use_latest_restorable_time(at.is_none().then_some(true))
        .set_db_instance_class(settings.class.clone())
        .set_db_subnet_group_name(settings.subnet_group.clone())
        .set_vpc_security_group_ids(listed(&settings.security_groups))
        .set_db_parameter_group_name(settings.parameter_group.clone())
        .set_option_group_name(settings.option_group.clone())
        .set_multi_az(settings.multi_az)
        .set_storage_type(settings.storage_type.clone())
        .set_iops(settings.iops)
        .set_port(settings.port)
        .set_publicly_accessible(settings.publicly_accessible)
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
        .restore_db_instance_from_db_snapshot()
        .db_snapshot_identifier(&name.identifier)
        .db_instance_identifier(&new.name.identifier)
        .set_db_instance_class(settings.class.clone())
        .set_db_subnet_group_name(settings.subnet_group.clone())
        .set_vpc_security_group_ids(listed(&settings.security_groups))
        .set_db_parameter_group_name(settings.parameter_group.clone())
        .set_option_group_name(settings.option_group.clone())
        .set_multi_az(settings.multi_az)
        .set_storage_type(settings.storage_type.clone())
        .set_iops(settings.iops)
        .set_port(settings.port)
        .set_publicly_accessible(settings.publicly_accessible)
        .set_deletion_protection(settings.deletion_protection)
        .set_enable_iam_database_authentication(settings.iam_authentication)
        .set_enable_cloudwatch_logs_exports(listed(&settings.log_exports))
        .set_tags(Some(told::as_tags(&new.tags)));
    changed(action, call.send().await)
}

pub(super) async fn begin_rename(client: &Client, action: &str, from: &DatabaseName, to: &str) -> Result<(), Fault> {
    let call = client
        .modify_db_instance()
        .db_instance_identifier(&from.identifier)
        .new_db_instance_identifier(to)
        .apply_immediately(true);
    changed(action, call.send().await)
}
