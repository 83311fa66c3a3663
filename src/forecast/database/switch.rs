//! What was recovered gets the name by which the service reaches its database.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::catalog::{TAG_RUN, identifier};
use crate::observe::Observed;
use crate::ports::{Cause, Database, DatabaseName, Fault};
use crate::primitives::{Name, RunId, Slot};

/// The longest identifier of a DB instance or cluster
/// (<https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html>).
const IDENTIFIER_BYTES_MAX: usize = 63;

/// Databases that are renamed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DatabaseSwitch {
    /// Of which target.
    pub target: Name,
    /// What was recovered.
    pub from: DatabaseName,
    /// What it is called then.
    pub to: DatabaseName,
    /// What the one that is called so now is called then.
    pub kept: DatabaseName,
    /// The identity of what gets that name (`DbiResourceId`), where it is known before: of what a roll-back puts there again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub puts: Option<String>,
    /// The identity of the one that is called so now; none where there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
    /// For how many days that one's automated backups are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_days: Option<u32>,
}

pub(super) fn switch(
    target: &Name,
    (database, from): (&DatabaseName, &DatabaseName),
    observed: &Observed,
    run: &RunId,
) -> (DatabaseSwitch, Option<Fault>) {
    let foreseen = observed.databases.databases.get(database).and_then(|seen| seen.as_ref().err()).cloned();
    let seen = observed.databases.database(database);
    let switch = DatabaseSwitch {
        target: target.clone(),
        from: from.clone(),
        to: database.clone(),
        kept: kept(database, run),
        puts: None,
        replaces: seen.map(|seen| seen.resource.clone()),
        kept_days: seen.map(|seen| seen.backup_days),
    };
    (switch, foreseen)
}

/// What a database that is put out of service by a run is called.
pub(in crate::forecast) fn kept(database: &DatabaseName, run: &RunId) -> DatabaseName {
    let until = format!("-until-{}", Slot::new(run.began()).to_string().to_ascii_lowercase());
    let named = identifier(&database.identifier, IDENTIFIER_BYTES_MAX - until.len());
    database.renamed(format!("{named}{until}"))
}

/// What was put out of service by a run gets its name back, and what that run put there the name under which it was recovered.
pub(in crate::forecast) fn switched_back(
    of: &DatabaseSwitch,
    run: &RunId,
    seen: &BTreeMap<DatabaseName, Result<Option<Database>, Fault>>,
) -> (DatabaseSwitch, Option<Fault>) {
    let look = |name: &DatabaseName| seen.get(name).and_then(|seen| seen.as_ref().ok()).and_then(Option::as_ref);
    let (kept, now) = (look(&of.kept), look(&of.to));
    let fault = |cause, answer: String| Some(Fault::permanent(cause, format!("take {} back", of.to), answer));
    let unseen = [&of.kept, &of.to].into_iter().find_map(|name| seen.get(name)?.as_ref().err().cloned());
    let is_ours = |there: &Database| there.tags.get(TAG_RUN) == Some(&run.to_string());
    let foreseen = match (unseen, kept, now) {
        (Some(fault), ..) => Some(fault),
        (None, None, _) => fault(
            Cause::NotFound,
            format!("{}, which was there before, is gone: it was put back already, or deleted", of.kept),
        ),
        (None, Some(_), Some(now)) if !is_ours(now) => fault(
            Cause::Exists,
            "it is another database now than the one that the run put there: take that back first".into(),
        ),
        (None, Some(_), _) => None,
    };
    let back = DatabaseSwitch {
        target: of.target.clone(),
        from: of.kept.clone(),
        to: of.to.clone(),
        kept: of.from.clone(),
        puts: kept.map(|kept| kept.resource.clone()),
        replaces: now.map(|now| now.resource.clone()),
        kept_days: now.map(|now| now.backup_days),
    };
    (back, foreseen)
}
