//! Gives what was recovered the name by which the service reaches its database; the one that has it is kept under another.
//!
//! Where a run was killed in the midst of it, the identities of the two databases show how far it came. The service has no database from
//! when the first is renamed until the second is.

use super::{DatabaseOutput, World};
use crate::catalog::TAG_RUN;
use crate::forecast::DatabaseSwitch;
use crate::ports::{Cause, Database, DatabaseName, Fault};
use crate::primitives::RunId;
use crate::steps::wait::{Look, Wait};

pub(super) async fn switch(world: &World<'_>, run: &RunId, of: &DatabaseSwitch) -> Result<DatabaseOutput, Fault> {
    let is_ours = |there: &Database| match &of.puts {
        Some(resource) => there.resource == *resource,
        None => there.tags.get(TAG_RUN) == Some(&run.to_string()),
    };
    if let Some(Standing { recovered, in_service }) = standing(world, of, &is_ours).await? {
        match (&in_service, &of.replaces) {
            (Some(there), Some(resource)) if there.resource == *resource => {
                rename(world, &of.to, &of.kept, resource).await?;
            }
            (Some(_), _) => {
                let answer = format!(
                    "{} is another database than the one that was there when the restore began: somebody is at work on it",
                    of.to
                );
                return Err(Fault::permanent(Cause::Exists, action(of), answer));
            }
            (None, _) => {}
        }
        rename(world, &of.from, &of.to, &recovered.resource).await?;
    }
    available(world, &of.to).await?;
    let kept = world.databases.database(&of.kept).await?;
    Ok(DatabaseOutput::Switched { kept: kept.map(|kept| kept.name) })
}

/// How far it came: what is to serve, and what serves.
struct Standing {
    recovered: Database,
    in_service: Option<Database>,
}

fn action(of: &DatabaseSwitch) -> String {
    format!("switch {} to {}", of.from, of.to.identifier)
}

/// None where it serves already. Before the service loses its database, there is to be one in its place; one that is being renamed, as an
/// attempt before asked for, is waited for.
async fn standing(
    world: &World<'_>,
    of: &DatabaseSwitch,
    is_ours: &(dyn Fn(&Database) -> bool + Sync),
) -> Result<Option<Standing>, Fault> {
    let mut wait = Wait::default();
    loop {
        let look = look(world, of, is_ours).await;
        if let Some(standing) = wait.after(look).await? {
            return Ok(standing);
        }
    }
}

async fn look(
    world: &World<'_>,
    of: &DatabaseSwitch,
    is_ours: &(dyn Fn(&Database) -> bool + Sync),
) -> Result<Look<Option<Standing>>, Fault> {
    // In this order: what gets its new name between the two looks is seen under it.
    let recovered = world.databases.database(&of.from).await?;
    let in_service = world.databases.database(&of.to).await?;
    if in_service.as_ref().is_some_and(is_ours) {
        return Ok(Look::Ready(None));
    }
    match recovered.filter(is_ours) {
        Some(recovered) if recovered.is_available() => Ok(Look::Ready(Some(Standing { recovered, in_service }))),
        Some(_) => Ok(Look::NotYet),
        None => {
            let answer = format!("{}, which is to get that name, is not there", of.from);
            Err(Fault::permanent(Cause::NotFound, action(of), answer))
        }
    }
}

async fn available(world: &World<'_>, name: &DatabaseName) -> Result<(), Fault> {
    let mut wait = Wait::default();
    loop {
        let look =
            world.databases.database(name).await.map(|there| {
                if there.is_some_and(|there| there.is_available()) { Look::Ready(()) } else { Look::NotYet }
            });
        if wait.after(look).await?.is_some() {
            return Ok(());
        }
    }
}

/// Renames a database, and returns when it has its new name and the old one is free.
async fn rename(world: &World<'_>, from: &DatabaseName, to: &DatabaseName, resource: &str) -> Result<(), Fault> {
    let (mut wait, mut asked) = (Wait::default(), false);
    loop {
        let look = renamed(world, (from, to), resource, &mut asked).await;
        if wait.after(look).await?.is_some() {
            return Ok(());
        }
    }
}

/// Asks for the new name once; where that could not be answered, the step is tried again, and looks first.
async fn renamed(
    world: &World<'_>,
    (from, to): (&DatabaseName, &DatabaseName),
    resource: &str,
    asked: &mut bool,
) -> Result<Look<()>, Fault> {
    let is_it = |there: &Option<Database>| there.as_ref().is_some_and(|there| there.resource == resource);
    let (old, new) = (world.databases.database(from).await?, world.databases.database(to).await?);
    if is_it(&new) && old.is_none() {
        return Ok(Look::Ready(()));
    }
    if new.is_some() && !is_it(&new) {
        let answer = "there is one of that name already: rename it, or delete it";
        return Err(Fault::permanent(Cause::Exists, format!("rename {from} to {}", to.identifier), answer));
    }
    // An attempt before asked for it: to ask again is refused, in whatever words.
    *asked |= old.as_ref().is_some_and(|old| old.status == "renaming");
    if is_it(&old) && !*asked {
        world.databases.begin_rename(from, &to.identifier).await?;
        *asked = true;
    }
    Ok(Look::NotYet)
}
