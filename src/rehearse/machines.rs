//! Images for any plan, of which a simulated provider launches machines, and what becomes of them.

use jiff::SignedDuration;

use crate::catalog::TAG_RUN;
use crate::fakes::{FakeMachine, Launching, World};
use crate::forecast::{Action, Launch};
use crate::graph::{Graph, OutputKind, StepKind};
use crate::ports::{Clock as _, Image, ImageWanted};
use crate::run::{Outcome, StepEnd};

use super::law::{Broken, Invariant};
use super::verdict::Verdict;

/// Has the provider hold the images that a graph's steps launch from.
pub(super) fn plant(world: &World, graph: &Graph) {
    // What takes a provider minutes takes seconds here: a person who interrupts is not to find it waiting each time.
    world.machines().set_takes(Launching {
        seen: SignedDuration::from_millis(500),
        runs: SignedDuration::from_secs(1),
        well: SignedDuration::from_secs(3),
    });
    for step in graph.steps() {
        let StepKind::Launch(of) = &step.kind else { continue };
        let region = of.region.as_deref();
        let image = |id: &str| Image {
            id: id.to_owned(),
            name: String::new(),
            state: "available".to_owned(),
            made: Some(world.clock().now()),
        };
        match &of.image {
            ImageWanted::Id(id) => world.machines().put_image(region, image(id), &[]),
            ImageWanted::NewestTagged { name, value } => {
                let id = format!("ami-of-{value}");
                world.machines().put_image(region, image(&id), &[(name, value)]);
            }
        }
    }
}

fn machine(world: &World, of: &Launch) -> Option<(usize, FakeMachine)> {
    let token = &of.new.as_ref()?.token;
    world.machines().all().into_iter().enumerate().find(|(_, machine)| machine.new.token == *token)
}

/// What a word comes to that is yielded by a launch.
pub(super) fn yielded(world: &World, of: &Launch, kind: OutputKind) -> String {
    let Some((number, machine)) = machine(world, of) else { return String::new() };
    match kind {
        OutputKind::Instance => machine.id,
        _ => world.machines().all_told()[number].address.clone().unwrap_or_default(),
    }
}

/// Of each step that launches, the provider runs one machine at most, and no machine of the run is of none; what is done is there.
///
/// # Errors
/// What is otherwise.
pub(super) fn held(world: &World, outcome: &Outcome) -> Verdict<()> {
    let broken = |invariant, what: String| Err(Broken { invariant, what });
    let run = outcome.forecast.run.to_string();
    let launches: Vec<&Launch> = outcome
        .forecast
        .steps
        .iter()
        .filter_map(|step| match &step.action {
            Action::Launch(of) => Some(&**of),
            _ => None,
        })
        .collect();
    let of_run: Vec<FakeMachine> =
        world.machines().all().into_iter().filter(|there| there.new.tags.get(TAG_RUN) == Some(&run)).collect();
    for there in &of_run {
        if !launches.iter().any(|of| of.new.as_ref() == Some(&there.new)) {
            return broken(Invariant::Forecast, format!("{} was launched, and is in no forecast", there.id));
        }
        if of_run.iter().filter(|other| other.new.tags == there.new.tags).count() > 1 {
            return broken(Invariant::Once, format!("{} is not the only machine of its step", there.id));
        }
    }
    for step in &outcome.steps {
        let Action::Launch(of) = &outcome.forecast.step(step.step).action else { continue };
        if matches!(step.end, StepEnd::Done(_)) && machine(world, of).is_none() {
            return broken(Invariant::Restored, format!("{:?} is done, and no machine is there", of.shows));
        }
    }
    Ok(())
}
