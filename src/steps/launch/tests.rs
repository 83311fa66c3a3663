//! A machine that is launched by a simulated provider, each call of which can be the one that fails.

use std::sync::Arc;
use std::time::Duration as Wall;

use jiff::SignedDuration;

use super::*;
use crate::catalog::{machine_tags, machine_token};
use crate::fakes::{FakeMachines, FaultScript, Injected, Launching, World as Fakes};
use crate::forecast::Action;
use crate::graph::{Effect, OutputKind};
use crate::ports::{Certainty, Clock as _, Image, ImageWanted};
use crate::primitives::{Duration, Name, PathBytes, StepId, StepName};
use crate::steps::tests::in_world;

const IMAGE: &str = "ami-1";

/// A world whose clock stands still but while somebody waits.
struct Stage {
    fakes: Fakes,
    run: RunId,
    step: ForecastStep,
}

impl Stage {
    fn new() -> Self {
        let fakes = Fakes::tied_to_tokio(7);
        let (run, name) = (RunId::new(fakes.clock().now(), 1), StepName::new("restore/system", "launch"));
        let made = Some(fakes.clock().now());
        let image = Image { id: IMAGE.into(), name: String::new(), state: "available".into(), made };
        fakes.machines().put_image(None, image.clone(), &[]);
        let new = NewMachine {
            region: None,
            image: IMAGE.into(),
            instance_type: "m6i.large".into(),
            subnet: "subnet-1".into(),
            security_groups: vec![],
            token: machine_token(&run, &name),
            tags: machine_tags(&Name::parse("home").unwrap(), &run, &name),
        };
        let launch = Launch {
            shows: "web server".into(),
            target: Name::parse("base").unwrap(),
            wanted: ImageWanted::Id(IMAGE.into()),
            image: Some(image),
            max_age: None,
            accepted_age: None,
            new: Some(new),
            user_data: None,
        };
        let step = ForecastStep {
            id: StepId(0),
            name,
            effect: Effect::Add,
            after: vec![],
            timeout: Duration::from_seconds(3_600),
            takes: None,
            action: Action::Launch(Box::new(launch)),
            yields: Some(OutputKind::Instance),
            foreseen: None,
        };
        Self { fakes, run, step }
    }

    fn machines(&self) -> Arc<FakeMachines> {
        self.fakes.machines()
    }

    fn since(&self, then: jiff::Timestamp) -> SignedDuration {
        self.fakes.clock().now().duration_since(then)
    }

    fn handing(mut self, content: &[u8], read: &[u8]) -> Self {
        self.fakes.tree().put_folder("/plans");
        self.fakes.tree().put_file("/plans/begin.sh", read);
        let (path, digest) = (PathBytes::new(*b"/plans/begin.sh"), Digest::of(content));
        if let Action::Launch(of) = &mut self.step.action {
            of.user_data = Some(UserData { path, bytes: content.len() as u64, digest });
        }
        self
    }

    /// Performs the step once.
    async fn perform(&self) -> Result<Launched, Fault> {
        let Action::Launch(of) = &self.step.action else { unreachable!("it launches") };
        let launched = in_world(&self.fakes, async |world| launch(world, &self.step, &self.run, of).await).await;
        match launched? {
            StepOutput::Launched(launched) => Ok(launched),
            other => panic!("{other:?}"),
        }
    }

    /// Performs it until it is done or fails for good.
    async fn persist(&self) -> Result<Launched, Fault> {
        loop {
            match self.perform().await {
                Err(fault) if fault.certainty != Certainty::Permanent => tokio::time::sleep(Wall::from_secs(30)).await,
                ended => return ended,
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn it_is_done_when_the_checks_find_all_well_and_yields_the_private_address() {
    let stage = Stage::new();
    let begun = stage.fakes.clock().now();
    let launched = stage.perform().await.unwrap();
    assert!(
        stage.since(begun) >= SignedDuration::from_mins(3),
        "the checks end after three minutes: {:?}",
        stage.since(begun)
    );
    let told = stage.machines().all_told();
    assert_eq!((&launched.instance, Some(&launched.address)), (&told[0].id, told[0].address.as_ref()));
    assert_eq!(launched.image, IMAGE);
    // Performed again it is the same, at once.
    let begun = stage.fakes.clock().now();
    assert_eq!(stage.perform().await.unwrap(), launched);
    assert_eq!((stage.machines().all().len(), stage.since(begun)), (1, SignedDuration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn whichever_call_fails_or_is_not_heard_of_there_is_one_machine() {
    let calls = ["machines-tagged", "launch", "machine", "checks"];
    for call in calls {
        for nth in 1..=3 {
            for what in
                [Injected::LoseAnswer, Injected::RefuseOnce(Cause::Other), Injected::Throttle(Wall::from_secs(9))]
            {
                let stage = Stage::new();
                stage.fakes.script(FaultScript::new().nth(&format!("machines.{call}"), nth, what));
                stage.persist().await.unwrap_or_else(|fault| panic!("{call} {nth} {what:?}: {fault}"));
                assert_eq!(stage.machines().all().len(), 1, "{call} {nth} {what:?}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_is_not_seen_yet_is_not_launched_again_nor_given_up() {
    let stage = Stage::new();
    let takes = Launching { seen: SignedDuration::from_secs(600), ..Launching::default() };
    stage.machines().set_takes(takes);
    stage.fakes.script(FaultScript::new().nth("machines.launch", 1, Injected::LoseAnswer));
    assert_eq!(stage.perform().await.unwrap_err().certainty, Certainty::Unknown);
    stage.perform().await.unwrap();
    assert_eq!(stage.machines().all().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn one_that_dies_is_told_with_the_reason_and_no_other_takes_its_place() {
    let stage = Stage::new();
    stage.machines().fail_next("Client.InternalError: Client error on launch");
    let fault = stage.perform().await.unwrap_err();
    let id = stage.machines().all()[0].id.clone();
    assert_eq!(fault.certainty, Certainty::Permanent);
    assert!(fault.answer.contains("Client error on launch"), "{fault}");
    assert!(fault.answer.contains(&format!("aws ec2 terminate-instances --instance-ids {id}")), "{fault}");
    stage.perform().await.unwrap_err();
    assert_eq!(stage.machines().all().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn one_whose_checks_fail_for_a_while_is_waited_for_and_one_whose_checks_fail_for_long_is_told() {
    let stage = Stage::new();
    stage.machines().impair_next(SignedDuration::from_mins(4));
    stage.perform().await.unwrap();

    let stage = Stage::new();
    stage.machines().impair_next(SignedDuration::from_hours(9));
    let begun = stage.fakes.clock().now();
    let fault = stage.perform().await.unwrap_err();
    assert!(fault.answer.contains("instance impaired") && fault.answer.contains("get-console-output"), "{fault}");
    let waited = stage.since(begun);
    assert!((5..8).contains(&waited.as_mins()), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn it_is_handed_what_the_file_held_when_the_run_was_forecast_or_nothing_is_launched() {
    let stage = Stage::new().handing(b"#!/bin/sh\n", b"#!/bin/sh\n");
    stage.perform().await.unwrap();
    assert_eq!(stage.machines().all()[0].user_data.as_deref(), Some(b"#!/bin/sh\n".as_slice()));

    let stage = Stage::new().handing(b"#!/bin/sh\n", b"#!/bin/sh\nrm -rf /\n");
    let fault = stage.perform().await.unwrap_err();
    assert!(fault.answer.contains("changed since"), "{fault}");
    assert_eq!(stage.machines().all().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_image_that_is_gone_by_then_is_told() {
    let stage = Stage::new();
    stage.machines().deregister(IMAGE);
    assert_eq!(stage.perform().await.unwrap_err().cause, Cause::NotFound);
    assert_eq!(stage.machines().all().len(), 0);
}
