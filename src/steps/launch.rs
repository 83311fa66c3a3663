//! Launches a machine, and waits until its provider finds all well with it.
//!
//! Unaware of providers, and of what the machine will do. Invariants: it is looked first, each time, so that a step of a run has one machine; a
//! machine is never terminated, and whoever hears of a fault hears of the machine that is left.

use serde::{Deserialize, Serialize};

use super::wait::{Look, Wait};
use super::{StepOutput, World};
use crate::catalog::machine_identity;
use crate::forecast::{ForecastStep, Launch, UserData, terminates};
use crate::observe::user_data;
use crate::ports::{Cause, Fault, Machine, MachineChecks, NewMachine};
use crate::primitives::{Digest, RunId};

/// So many looks in a row, which are a quarter of a minute apart, may find that a machine does not work: while it boots they sometimes do.
const IMPAIRED_MAX: u32 = 20;

/// A machine that is up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Launched {
    /// What its provider calls it.
    pub instance: String,
    /// Its private IP address.
    pub address: String,
    /// The image that it was launched from.
    pub image: String,
    /// Its region; the one that the environment named where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
}

pub(super) async fn launch(
    world: &World<'_>,
    step: &ForecastStep,
    run: &RunId,
    of: &Launch,
) -> Result<StepOutput, Fault> {
    let unsaid = || Fault::permanent(Cause::NotFound, step.name.to_string(), "no image was chosen");
    let new = of.new.as_ref().ok_or_else(|| step.foreseen.clone().unwrap_or_else(unsaid))?;
    let data = match &of.user_data {
        Some(data) => Some(handed(world, data).await?),
        None => None,
    };
    let begun = begun(world, step, run, new, data.as_deref()).await?;
    let region = new.region.as_deref();
    let up = up(world, region, &begun.id).await.map_err(|fault| left(fault, &begun.id, region))?;
    let unreachable = || {
        let fault = Fault::permanent(Cause::Other, format!("wait for machine {}", up.id), "it has no private address");
        left(fault, &up.id, region)
    };
    let address = up.address.clone().ok_or_else(unreachable)?;
    let (image, region) = (new.image.clone(), new.region.clone());
    Ok(StepOutput::Launched(Launched { instance: up.id, address, image, region }))
}

/// What the file holds, where it is what it was.
async fn handed(world: &World<'_>, of: &UserData) -> Result<Vec<u8>, Fault> {
    let data = user_data(world.tree, &of.path).await?;
    if Digest::of(&data) == of.digest {
        return Ok(data);
    }
    let answer = "it was changed since the run was forecast: begin the restore anew";
    Err(Fault::permanent(Cause::Invalid, format!("read the user data {}", of.path), answer))
}

/// The machine that this step of the run launched, now or before.
async fn begun(
    world: &World<'_>,
    step: &ForecastStep,
    run: &RunId,
    new: &NewMachine,
    data: Option<&[u8]>,
) -> Result<Machine, Fault> {
    let identity = machine_identity(run, &step.name);
    let mut wait = Wait::default();
    loop {
        let found = world.machines.machines_tagged(new.region.as_deref(), &identity).await;
        let found = found.map(|all| {
            // One that is gone is told only where none is left.
            let best = all.iter().find(|machine| !machine.is_gone()).or(all.first());
            Look::Ready(best.cloned())
        });
        match wait.after(found).await? {
            Some(Some(machine)) => return Ok(machine),
            // The token makes it one machine, also where the last one launched is not seen yet.
            Some(None) => return world.machines.launch(new, data).await,
            None => {}
        }
    }
}

/// Waits until it runs and its provider's checks find all well.
async fn up(world: &World<'_>, region: Option<&str>, id: &str) -> Result<Machine, Fault> {
    let mut wait = Wait::default();
    let mut impaired = 0;
    loop {
        let look = look(world, region, id).await.and_then(|seen| match seen {
            Seen::Up(machine) => Ok(Look::Ready(machine)),
            Seen::Coming => {
                impaired = 0;
                Ok(Look::NotYet)
            }
            Seen::Impaired(checks) => {
                impaired += 1;
                if impaired > IMPAIRED_MAX { Err(does_not_work(id, &checks)) } else { Ok(Look::NotYet) }
            }
        });
        if let Some(machine) = wait.after(look).await? {
            return Ok(machine);
        }
    }
}

/// How far a machine is.
enum Seen {
    Up(Machine),
    Coming,
    Impaired(MachineChecks),
}

async fn look(world: &World<'_>, region: Option<&str>, id: &str) -> Result<Seen, Fault> {
    // What was just launched is not seen everywhere at once.
    let Some(machine) = world.machines.machine(region, id).await? else { return Ok(Seen::Coming) };
    match machine.state.as_str() {
        "running" => {}
        "pending" => return Ok(Seen::Coming),
        state => {
            let reason = machine.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
            let answer = format!("it is {state}, and will not come up{reason}");
            return Err(Fault::permanent(Cause::Other, format!("wait for machine {id}"), answer));
        }
    }
    Ok(match world.machines.checks(region, id).await? {
        Some(checks) if checks.are_ok() => Seen::Up(machine),
        Some(checks) if checks.are_impaired() => Seen::Impaired(checks),
        _ => Seen::Coming,
    })
}

fn does_not_work(id: &str, checks: &MachineChecks) -> Fault {
    let answer = format!(
        "its provider's checks say that it does not work ({checks}), for 5 minutes now: `aws ec2 get-console-output --instance-id {id}` shows how \
         far it booted"
    );
    Fault::permanent(Cause::Other, format!("wait for machine {id}"), answer)
}

/// A fault of what came after the launch: the machine is there, and costs.
fn left(fault: Fault, id: &str, region: Option<&str>) -> Fault {
    let stays = format!("machine {id} is left as it is, until somebody says `{}`", terminates(id, region));
    Fault { answer: format!("{}; {stays}", fault.answer), ..fault }
}

#[cfg(test)]
mod tests;
