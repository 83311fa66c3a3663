//! The forecast of a machine that is launched: from which image, chosen once, and with which words.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Action, Circumstances, ForecastStep, framed};
use crate::catalog::{machine_tags, machine_token};
use crate::graph::{LaunchStep, Step};
use crate::observe::Observed;
use crate::plan::Plan;
use crate::ports::{Cause, Fault, Image, ImageWanted, NewMachine};
use crate::primitives::{Digest, Duration, Name, PathBytes, RunId};

/// A machine that is launched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Launch {
    /// What people call it.
    pub shows: String,
    /// The target whose image it is.
    pub target: Name,
    /// Which image is meant.
    pub wanted: ImageWanted,
    /// Which was chosen; none where there was none that will do (then `foreseen` says why).
    pub image: Option<Image>,
    /// How old it may be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age: Option<Duration>,
    /// How old it was, where it is older than it may be, and a person said that it will do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_age: Option<Duration>,
    /// What is asked of the provider.
    pub new: Option<NewMachine>,
    /// What it is handed when it begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_data: Option<UserData>,
}

/// A file that a machine is handed. What it holds is not written down, as it may be nobody's business.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct UserData {
    /// Where it is, absolute.
    pub path: PathBytes,
    /// Its bytes.
    pub bytes: u64,
    /// Of all of them: a file that was changed since is not handed over.
    pub digest: Digest,
}

/// A machine that a restore launched, and that is there for as long as nobody terminates it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct MachineLeft {
    /// What people call it.
    pub shows: String,
    /// What its provider calls it; none where nobody knows whether it was launched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// Its region; the one that the environment names where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
}

/// The command line of Amazon's own client that terminates a machine, for a person who does not need it any more.
pub fn terminates(instance: &str, region: Option<&str>) -> String {
    let region = region.map_or_else(String::new, |region| format!(" --region {region}"));
    format!("aws ec2 terminate-instances --instance-ids {instance}{region}")
}

/// How old an image is; none where nobody says when it was made.
pub fn image_age(image: &Image, now: Timestamp) -> Option<Duration> {
    let age = now.duration_since(image.made?).max(SignedDuration::ZERO);
    Some(Duration::from_seconds(age.as_secs().unsigned_abs()))
}

/// The image that machines are launched from, of those that were found, the newest first.
///
/// # Errors
/// Why none of them will do, and what to write instead.
pub fn image_chosen<'i>(wanted: &ImageWanted, found: &'i Result<Vec<Image>, Fault>) -> Result<&'i Image, Fault> {
    let found = found.as_ref().map_err(Fault::clone)?;
    let fault = |cause, answer: String| Fault::permanent(cause, format!("look at {wanted}"), answer);
    if let Some(image) = found.iter().find(|image| image.is_available()) {
        return Ok(image);
    }
    Err(match (wanted, found.first()) {
        (ImageWanted::Id(_), None) => fault(
            Cause::NotFound,
            "there is no such image: it was deregistered, or is of another region or account; have the plan name another `machine-image`".into(),
        ),
        (ImageWanted::NewestTagged { name, value }, None) => fault(
            Cause::NotFound,
            format!(
                "no image of this account has that tag in that region: make one, or mark one: `aws ec2 create-tags --resources ami-… --tags Key={name},Value={value}`"
            ),
        ),
        (_, Some(image)) => fault(
            Cause::Invalid,
            format!("{} is {}, and only one that is available can be launched from: have the plan name another `machine-image`", image.id, image.state),
        ),
    })
}

/// Why an image is too old, where it is.
pub fn image_too_old(image: &Image, max_age: Option<Duration>, now: Timestamp) -> Option<Fault> {
    let max = max_age?;
    let answer = match (image_age(image, now), image.made) {
        (Some(age), _) if age <= max => return None,
        (Some(age), Some(made)) => format!("it was made at {made}, {age} ago, and `max-age` is {max}: make a new one"),
        _ => format!("nobody says when it was made, and `max-age` is {max}"),
    };
    Some(Fault::permanent(Cause::Other, format!("look at image {}", image.id), answer))
}

/// The forecast of the step.
pub(super) fn launch(
    plan: &Plan,
    step: &Step,
    of: &LaunchStep,
    observed: &Observed,
    who: &Circumstances,
    run: &RunId,
) -> ForecastStep {
    let seen = &observed.machines;
    let asked = (of.region.clone(), of.image.clone());
    let unasked = || Fault::permanent(Cause::Other, format!("look at {}", of.image), "nobody asked for it");
    let chosen = seen.images.get(&asked).map_or_else(|| Err(unasked()), |found| image_chosen(&of.image, found));
    let image = chosen.as_ref().ok().copied();
    let too_old = image.and_then(|image| image_too_old(image, of.max_age, observed.at));
    let data = of.user_data.as_ref().and_then(|path| Some((path, seen.user_data.get(path)?)));
    let unreadable = data.and_then(|(_, seen)| seen.as_ref().err()).cloned();
    let accepted_age = too_old.as_ref().and(image).filter(|_| who.accept_old_image);
    let launch = Launch {
        shows: of.shows.clone(),
        target: of.target.clone(),
        wanted: of.image.clone(),
        image: image.cloned(),
        max_age: of.max_age,
        accepted_age: accepted_age.map(|image| image_age(image, observed.at).unwrap_or_default()),
        new: image.map(|image| new(plan, step, of, image, run)),
        user_data: data.and_then(|(path, seen)| {
            let (bytes, digest) = seen.as_ref().ok()?;
            Some(UserData { path: path.clone(), bytes: *bytes, digest: *digest })
        }),
    };
    let too_old = too_old.filter(|_| !who.accept_old_image).map(but_better_than_none);
    let foreseen = chosen.err().or(too_old).or(unreadable);
    framed(step, Action::Launch(Box::new(launch)), foreseen)
}

/// At three in the morning an old image may be better than none.
fn but_better_than_none(fault: Fault) -> Fault {
    Fault { answer: format!("{}; or launch from it all the same, with --accept-old-image", fault.answer), ..fault }
}

fn new(plan: &Plan, step: &Step, of: &LaunchStep, image: &Image, run: &RunId) -> NewMachine {
    // Consoles list machines by that tag.
    let mut tags = std::collections::BTreeMap::from([("Name".to_owned(), of.shows.clone())]);
    tags.extend(of.tags.iter().cloned());
    tags.extend(machine_tags(&plan.name.value, run, &step.name));
    NewMachine {
        region: of.region.clone(),
        image: image.id.clone(),
        instance_type: of.instance_type.clone(),
        subnet: of.subnet.clone(),
        security_groups: of.security_groups.clone(),
        token: machine_token(run, &step.name),
        tags,
    }
}

#[cfg(test)]
mod tests;
