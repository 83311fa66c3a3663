//! Holds automated backups against what the plan promises, and sets them so where that was forecast.

use super::{DatabaseOutput, World};
use crate::forecast::{BackupsCheck, BackupsSetting};
use crate::ports::{Database, Fault};
use crate::steps::wait::{Look, Wait};

/// What is to be set.
struct Wanted<'a> {
    days: u32,
    window: Option<&'a str>,
}

pub(super) async fn check(world: &World<'_>, of: &BackupsCheck) -> Result<DatabaseOutput, Fault> {
    let mut seen = world.databases.database(&of.database).await?;
    let wanted = seen.as_ref().and_then(|seen| wanted(seen, of));
    let corrected = wanted.is_some();
    if let Some(wanted) = wanted {
        world.databases.set_backups(&of.database, wanted.days, wanted.window).await?;
        seen = set(world, of, &wanted).await?;
    }
    match of.broken(seen.as_ref(), world.clock.now()) {
        Some(fault) => Err(fault),
        None => Ok(DatabaseOutput::Checked { latest: seen.and_then(|seen| seen.latest), corrected }),
    }
}

/// What was forecast to be set, and is not so yet. What somebody changed since then is left: the next look tells of it.
fn wanted<'a>(seen: &Database, of: &'a BackupsCheck) -> Option<Wanted<'a>> {
    // Backups that were turned off since are not turned on in passing.
    if seen.backup_days == 0 && of.kept_days != Some(0) {
        return None;
    }
    let days = of.correction(BackupsSetting::Days).and(of.days).filter(|days| seen.backup_days < *days);
    let window = of.correction(BackupsSetting::Window).and(of.window.as_deref());
    let window = window.filter(|window| seen.window.as_deref() != Some(*window));
    (days.is_some() || window.is_some()).then(|| Wanted { days: days.unwrap_or(seen.backup_days), window })
}

/// Waits until it is set so; none where the database is gone.
async fn set(world: &World<'_>, of: &BackupsCheck, wanted: &Wanted<'_>) -> Result<Option<Database>, Fault> {
    let mut wait = Wait::default();
    loop {
        let look = world.databases.database(&of.database).await.map(|seen| {
            let is_set = seen.as_ref().is_none_or(|seen| {
                seen.is_available()
                    && seen.backup_days == wanted.days
                    && wanted.window.is_none_or(|window| seen.window.as_deref() == Some(window))
            });
            if is_set { Look::Ready(seen) } else { Look::NotYet }
        });
        if let Some(seen) = wait.after(look).await? {
            return Ok(seen);
        }
    }
}
