//! Databases that a provider runs: what would be done with them, and what was.

use std::fmt::Write as _;

use super::words::{advice, count, counted, suspension, time};
use crate::forecast::{
    BackupsCheck, BackupsSetting, DatabaseAction, DatabaseRecovery, DatabaseSwitch, KeptAs, NewSnapshot, SnapshotCopy,
    SnapshotPrune,
};
use crate::ports::{DatabaseSettings, RestoreFrom};
use crate::primitives::on_one_line;
use crate::steps::{DatabaseOutput, Omission, SnapshotMade, SnapshotsDeleted};

/// A step's word, what it is about, and lines of detail.
pub(super) fn forecast(action: &DatabaseAction, timezone: &str) -> (&'static str, String, Vec<String>) {
    match action {
        DatabaseAction::Check(of) => ("check", check(of), checked(of, timezone)),
        DatabaseAction::Snapshot(of) => ("snapshot", format!("of {}", of.database), made(of)),
        DatabaseAction::Copy(of) => ("copy", format!("{} into {}", of.from, region(of)), copied(of)),
        DatabaseAction::Prune(of) => ("delete", deletions(of), deleted(of, timezone)),
        DatabaseAction::Recover(of) => ("recover", format!("{} into {}", of.target, of.into), recovered(of, timezone)),
        DatabaseAction::Switch(of) => ("switch", of.target.to_string(), switched(of)),
    }
}

/// Whether it would leave everything as it is.
pub(super) fn is_nothing(action: &DatabaseAction) -> bool {
    match action {
        DatabaseAction::Prune(of) => (of.snapshots.is_empty() || of.suspended.is_some()) && of.failed.is_empty(),
        _ => false,
    }
}

fn check(of: &BackupsCheck) -> String {
    format!("that {} can be brought back to any moment up to {} ago", of.database, of.max_lag)
}

fn checked(of: &BackupsCheck, timezone: &str) -> Vec<String> {
    let kept = of.kept_days.map(|days| match days {
        0 => "automated backups are off".to_owned(),
        days => format!("kept for {}", counted(u64::from(days), "day")),
    });
    let from = of.earliest.map_or_else(String::new, |earliest| format!("from {} ", time(earliest, timezone)));
    let moments = of.latest.map(|latest| format!("to any moment {from}to {}", time(latest, timezone)));
    let drift = of.drift.iter().map(|drift| {
        let what = match drift.setting {
            BackupsSetting::Days => "kept for",
            BackupsSetting::Window => "daily backup in the window",
        };
        let (is, planned) = (on_one_line(&drift.is), &drift.planned);
        match drift.corrected {
            true => format!("~ {what} {is}: is set to {planned}, as the plan says"),
            false => format!("~ {what} {is}, and the plan says {planned}: left as it is"),
        }
    });
    kept.into_iter().chain(moments).chain(drift).collect()
}

fn made(of: &NewSnapshot) -> Vec<String> {
    let size =
        of.allocated_gib.map(|gib| format!("{gib} GiB are allocated; what changed since the last one is stored"));
    let named = format!("{}, recovery point {}", of.of.name, of.of.point);
    [Some(named), size].into_iter().flatten().collect()
}

fn region(of: &SnapshotCopy) -> &str {
    of.of.name.region.as_deref().unwrap_or("the same region")
}

fn copied(of: &SnapshotCopy) -> Vec<String> {
    of.kms_key.iter().map(|key| format!("encrypted with {}", on_one_line(key))).collect()
}

fn deletions(of: &SnapshotPrune) -> String {
    let whose = format!("snapshots of {}", of.database);
    let number = counted(of.snapshots.len() as u64, "recovery point");
    match (&of.unseen, of.snapshots.len(), &of.suspended, &of.rules) {
        (Some(_), ..) => format!("{whose}: what there is is not known, so nothing is deleted"),
        (None, _, _, None) => format!("{whose}: nothing, the plan sets no retention"),
        (None, 0, ..) => format!("{whose}: nothing, retention keeps all of them"),
        (None, _, Some(_), _) => format!("{whose}: nothing now, {number} that retention lets go are kept"),
        (None, ..) => format!("{whose}: {number} that retention lets go"),
    }
}

fn deleted(of: &SnapshotPrune, timezone: &str) -> Vec<String> {
    let unseen = of.unseen.iter().map(|fault| on_one_line(&fault.to_string()));
    let suspended = of.suspended.iter().flat_map(|why| [suspension(why), advice(why).to_owned()]);
    let snapshots = of
        .snapshots
        .iter()
        .map(|deletion| format!("{} of {}: {}", deletion.name, time(deletion.taken, timezone), deletion.reason));
    let failed = of.failed.iter().map(|name| format!("{name}, which failed"));
    unseen.chain(suspended).chain(snapshots).chain(failed).collect()
}

fn recovered(of: &DatabaseRecovery, timezone: &str) -> Vec<String> {
    let mut details = vec![];
    if let (Some(moment), Some(from)) = (of.moment, &of.from) {
        let from = match from {
            KeptAs::AutomatedBackups => format!("from the automated backups of {}", of.database),
            KeptAs::Snapshot(point) => format!("from the snapshot that is recovery point {point}"),
        };
        details.push(format!("data of {}, {from}", time(moment, timezone)));
    }
    if of.source_gone {
        let why = "so what the plan does not say of the new one is as RDS sets it for this account";
        details.push(format!("{} is gone, {why}", of.database));
    }
    if let Some(new) = &of.new {
        details.extend(settings(&new.settings));
        if let RestoreFrom::Snapshot(name) = &new.from {
            details.push(format!("made from {name}"));
        }
    }
    if let Some(gib) = of.allocated_gib {
        details.push(format!("{gib} GiB of storage"));
    }
    if !of.members.is_empty() {
        details.push(format!("with the instances {}", of.members.join(", ")));
    }
    details.push("begins without a history of its own: earlier moments are in what is kept of the other one".into());
    details
}

/// How it is set: what RDS would otherwise choose by itself.
fn settings(of: &DatabaseSettings) -> Option<String> {
    let yes_or_no = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    let told = [
        ("class", of.class.clone()),
        ("subnet group", of.subnet_group.clone()),
        ("security groups", Some(of.security_groups.join(" ")).filter(|groups| !groups.is_empty())),
        ("parameter group", of.parameter_group.clone()),
        ("option group", of.option_group.clone()),
        ("Multi-AZ", of.multi_az.map(yes_or_no)),
        ("storage", of.storage_type.clone()),
        ("IOPS", of.iops.map(|iops| count(u64::from(iops.unsigned_abs())))),
        ("port", of.port.map(|port| port.to_string())),
        ("public", of.publicly_accessible.map(yes_or_no)),
        ("deletion protection", of.deletion_protection.map(yes_or_no)),
        ("IAM logins", of.iam_authentication.map(yes_or_no)),
        ("log exports", Some(of.log_exports.join(" ")).filter(|logs| !logs.is_empty())),
    ];
    let told: Vec<String> =
        told.into_iter().filter_map(|(word, value)| Some(format!("{word} {}", on_one_line(&value?)))).collect();
    (!told.is_empty()).then(|| told.join(", "))
}

fn switched(of: &DatabaseSwitch) -> Vec<String> {
    let becomes = format!("{} becomes {}", of.from.identifier, of.to.identifier);
    let kept = match &of.replaces {
        Some(_) => {
            format!("what is called so now becomes {}, and is kept until somebody deletes it", of.kept.identifier)
        }
        None => "none is called so now".into(),
    };
    let history = of.kept_days.filter(|days| *days > 0).map(|days| {
        format!("its automated backups stay with it, for {}; the new one's begin then", counted(u64::from(days), "day"))
    });
    let between = of
        .replaces
        .as_ref()
        .map(|_| "between the two renames, which take minutes, the service has no database".to_owned());
    [Some(becomes), Some(kept), history, between].into_iter().flatten().collect()
}

/// What was done.
pub(super) fn outcome(done: &DatabaseOutput, action: &DatabaseAction, timezone: &str, lines: &mut String) {
    let _ = match (done, action) {
        (DatabaseOutput::Checked { latest, corrected }, DatabaseAction::Check(of)) => {
            if *corrected {
                for drift in of.corrections() {
                    let _ = writeln!(lines, "{}: set to {}; it was {}", of.job, drift.planned, on_one_line(&drift.is));
                }
            }
            let latest = latest.map_or_else(String::new, |latest| format!(" up to {}", time(latest, timezone)));
            writeln!(lines, "{}: {} can be brought back to any moment{latest}", of.job, of.database)
        }
        (DatabaseOutput::Snapshot(made), DatabaseAction::Snapshot(of)) => {
            snapshot(&of.of.job, &of.of.point.to_string(), made, timezone, lines)
        }
        (DatabaseOutput::Copy(made), DatabaseAction::Copy(of)) => {
            writeln!(lines, "{}: copied as {}", of.of.job, made.name)
        }
        (DatabaseOutput::Pruned(deleted), DatabaseAction::Prune(of)) => {
            pruned(deleted, of, lines);
            Ok(())
        }
        (DatabaseOutput::Recovered { database, address, port, moment }, DatabaseAction::Recover(of)) => {
            let moment = moment.map_or_else(String::new, |moment| format!(", data of {}", time(moment, timezone)));
            let _ = writeln!(lines, "{}: restored into {database}{moment}", of.target);
            writeln!(lines, "  at         {} port {port}", on_one_line(address))
        }
        (DatabaseOutput::Switched { kept }, DatabaseAction::Switch(of)) => {
            let _ = writeln!(lines, "{}: switched", of.target);
            let _ = writeln!(lines, "  in place   {}", of.to);
            kept.iter().try_for_each(|kept| writeln!(lines, "  kept       {kept}, which was there until now"))
        }
        _ => Ok(()),
    };
}

fn snapshot(
    job: &crate::primitives::JobName,
    point: &str,
    made: &SnapshotMade,
    timezone: &str,
    lines: &mut String,
) -> std::fmt::Result {
    writeln!(lines, "{job}: recovery point {point}")?;
    let was_there = if made.was_there { "; another run had asked for it" } else { "" };
    writeln!(lines, "  kept as    {}, data of {}{was_there}", made.name, time(made.taken, timezone))
}

fn pruned(deleted: &SnapshotsDeleted, of: &SnapshotPrune, lines: &mut String) {
    let job = &of.job;
    if let Some(fault) = &of.unseen {
        let why = on_one_line(&fault.to_string());
        let _ = writeln!(
            lines,
            "{job}: no snapshot was deleted, as nobody knew which there are: {why}; a later run deletes them"
        );
    }
    if !deleted.points.is_empty() {
        let points = counted(deleted.points.len() as u64, "snapshot");
        let _ = writeln!(lines, "{job}: deleted {points} of {} that retention lets go", of.database);
    }
    if deleted.failed > 0 {
        let _ = writeln!(lines, "{job}: removed {} that had failed", counted(deleted.failed, "snapshot"));
    }
    if let Some(why) = &deleted.suspended {
        let _ = writeln!(lines, "{job}: deletions are suspended: {}", suspension(why));
        let _ = writeln!(lines, "  look       {}", advice(why));
    }
    for (point, why) in &deleted.omitted {
        let why = match why {
            Omission::GoneAlready => "it was gone already",
            Omission::KeptNow => "a retention rule keeps it now: others that were counted on are gone",
            Omission::Unusable => "it is not as it was: look at what `sonae points` says of it",
            // Said above, of all of them; or of no snapshot.
            _ => continue,
        };
        let _ = writeln!(lines, "{job}: did not delete {point}: {why}");
    }
}
