//! The steps that launch machines.

use super::Builder;
use crate::graph::{LaunchStep, StepKind};
use crate::plan::{ImageChoice, Launch, Source};
use crate::ports::ImageWanted;
use crate::primitives::{Duration, Name, StepId};

/// A machine that is not up by then, beyond what the plan expects, never will be.
const LAUNCH_MAX: Duration = Duration::from_seconds(3_600);

impl Builder<'_> {
    /// None where the target is no image, which is told elsewhere.
    pub(super) fn launch(&mut self, restore: &Name, launch: &Launch, before: &[StepId]) -> Option<StepId> {
        let step = self.launch_step(restore, launch)?;
        let id = self.named(restore, "launch", StepKind::Launch(Box::new(step)), before, launch.span);
        let takes = launch.takes.as_ref().map_or(0, |takes| takes.value.seconds);
        self.steps[id.index()].timeout = Duration::from_seconds(takes.saturating_add(LAUNCH_MAX.seconds));
        Some(id)
    }

    pub(super) fn launch_step(&self, restore: &Name, launch: &Launch) -> Option<LaunchStep> {
        let target = &launch.image.value;
        let Some(Source::MachineImage(image)) = self.targets.get(target)?.source.as_ref() else { return None };
        let pair = |tag: &str| {
            let (name, value) = tag.split_once('=').unwrap_or((tag, ""));
            (name.to_owned(), value.to_owned())
        };
        Some(LaunchStep {
            restore: restore.clone(),
            shows: launch.name.value.clone(),
            target: target.clone(),
            image: match &image.image {
                ImageChoice::Id(id) => ImageWanted::Id(id.value.clone()),
                ImageChoice::NewestTagged(tag) => {
                    let (name, value) = pair(&tag.value);
                    ImageWanted::NewestTagged { name, value }
                }
            },
            max_age: image.max_age.as_ref().map(|age| age.value),
            region: image.region.as_ref().map(|region| region.value.clone()),
            instance_type: launch.instance_type.value.clone(),
            subnet: launch.subnet.value.clone(),
            security_groups: launch.security_groups.iter().map(|group| group.value.clone()).collect(),
            user_data: launch.user_data.as_ref().map(|file| self.absolute(&file.value)),
            tags: launch.tags.iter().map(|tag| pair(&tag.value)).collect(),
        })
    }
}
