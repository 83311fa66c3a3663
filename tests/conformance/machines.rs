//! `Machines`.

use std::collections::BTreeMap;
use std::time::Duration;

use sonae::ports::{Cause, Certainty, Fault, Machine, Machines, NewMachine};

/// A provider that the cases work with: of the account's own are the images `old` and `new`, which have the tag `role=web` and were made in this
/// order, and `coming`, which is newer, has it as well, and is not available.
pub(crate) struct Provider<'a> {
    pub(crate) machines: &'a dyn Machines,
    pub(crate) region: &'a str,
    pub(crate) subnet: &'a str,
    pub(crate) old: &'a str,
    pub(crate) new: &'a str,
    pub(crate) coming: &'a str,
    /// How long to wait before looking again.
    pub(crate) pause: Duration,
    /// Of the next machine nothing comes.
    pub(crate) fail_next: &'a (dyn Fn() + Sync),
}

impl Provider<'_> {
    fn wanted(&self, token: &str) -> NewMachine {
        NewMachine {
            region: Some(self.region.to_owned()),
            image: self.new.to_owned(),
            instance_type: "m6i.large".to_owned(),
            subnet: self.subnet.to_owned(),
            security_groups: vec![],
            token: token.to_owned(),
            tags: tags(token),
        }
    }

    async fn launched(&self, token: &str) -> Machine {
        self.machines.launch(&self.wanted(token), Some(b"#!/bin/sh\n")).await.unwrap()
    }

    /// Looks until the machine is as it should be.
    async fn until(&self, id: &str, is: fn(&Machine) -> bool) -> Machine {
        for _ in 0..300 {
            if let Some(seen) = self.machines.machine(Some(self.region), id).await.unwrap()
                && is(&seen)
            {
                return seen;
            }
            tokio::time::sleep(self.pause).await;
        }
        panic!("{id} did not come so far")
    }
}

fn tags(token: &str) -> BTreeMap<String, String> {
    [("Name", "web server"), ("sonae:run", token)].map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

fn told<T>(answer: Result<T, Fault>) -> (Cause, Certainty) {
    match answer {
        Ok(_) => panic!("the call was not refused"),
        Err(fault) => (fault.cause, fault.certainty),
    }
}

/// All cases, one after the other.
pub(crate) async fn all(at: &Provider<'_>) {
    images(at).await;
    one_token_launches_one_machine(at).await;
    what_cannot_be_launched_is_refused(at).await;
    one_that_dies_is_seen_to(at).await;
}

async fn images(at: &Provider<'_>) {
    let region = Some(at.region);
    let image = at.machines.image(region, at.old).await.unwrap().unwrap();
    assert!(image.is_available() && image.id == at.old && image.made.is_some(), "{image:?}");
    assert_eq!(at.machines.image(region, "ami-0123456789abcdef0").await.unwrap(), None);
    let tagged = at.machines.images_tagged(region, "role", "web").await.unwrap();
    let ids: Vec<&str> = tagged.iter().map(|image| image.id.as_str()).collect();
    assert_eq!(ids, [at.coming, at.new, at.old], "the newest first");
    assert!(!tagged[0].is_available(), "{:?}", tagged[0]);
    assert_eq!(at.machines.images_tagged(region, "role", "w*").await.unwrap(), [], "no pattern is meant");
    assert_eq!(at.machines.images_tagged(region, "role", "db").await.unwrap(), []);
}

async fn one_token_launches_one_machine(at: &Provider<'_>) {
    let region = Some(at.region);
    assert_eq!(at.machines.machines_tagged(region, &tags("first")).await.unwrap(), []);
    assert_eq!(at.machines.machine(region, "i-0123456789abcdef0").await.unwrap(), None);
    assert_eq!(at.machines.checks(region, "i-0123456789abcdef0").await.unwrap(), None);
    let begun = at.launched("first").await;
    assert!(!begun.is_running() && !begun.is_gone(), "{begun:?}");
    assert_eq!(at.launched("first").await.id, begun.id, "also while it is not seen yet");
    let other = NewMachine { instance_type: "m6i.xlarge".to_owned(), ..at.wanted("first") };
    let answer = at.machines.launch(&other, Some(b"#!/bin/sh\n")).await;
    assert_eq!(told(answer), (Cause::Exists, Certainty::Permanent), "other words");
    let up = at.until(&begun.id, Machine::is_running).await;
    assert!(up.address.is_some(), "{up:?}");
    let checks = at.machines.checks(region, &begun.id).await.unwrap();
    assert!(checks.is_none_or(|checks| !checks.are_ok()), "it has only just begun to run");
    for _ in 0..300 {
        if at.machines.checks(region, &begun.id).await.unwrap().is_some_and(|checks| checks.are_ok()) {
            break;
        }
        tokio::time::sleep(at.pause).await;
    }
    assert!(at.machines.checks(region, &begun.id).await.unwrap().unwrap().are_ok());
    assert_eq!(at.launched("first").await.id, begun.id, "also when it is long up");
    assert_ne!(at.launched("second").await.id, begun.id);
    let found = at.machines.machines_tagged(region, &tags("first")).await.unwrap();
    assert_eq!(found, [up], "by its tags, and no other");
}

async fn what_cannot_be_launched_is_refused(at: &Provider<'_>) {
    let launch = async |change: fn(&mut NewMachine), image: Option<&str>| {
        let mut new = at.wanted("refused");
        change(&mut new);
        new.image = image.unwrap_or(at.new).to_owned();
        told(at.machines.launch(&new, None).await)
    };
    let gone = (Cause::NotFound, Certainty::Permanent);
    assert_eq!(launch(|_| {}, Some("ami-0123456789abcdef0")).await, gone);
    assert_eq!(launch(|_| {}, Some(at.coming)).await, gone, "it is not available");
    let nowhere = launch(|new| "subnet-none".clone_into(&mut new.subnet), None).await;
    assert_eq!(nowhere, (Cause::Invalid, Certainty::Permanent));
    assert_eq!(at.machines.machines_tagged(Some(at.region), &tags("refused")).await.unwrap(), []);
}

async fn one_that_dies_is_seen_to(at: &Provider<'_>) {
    (at.fail_next)();
    let begun = at.launched("dies").await;
    let gone = at.until(&begun.id, Machine::is_gone).await;
    assert!(gone.reason.as_ref().is_some_and(|reason| reason.contains("InternalError")), "{gone:?}");
    assert_eq!(at.machines.checks(Some(at.region), &begun.id).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn the_simulated_provider_is_as_the_port_says() {
    use jiff::SignedDuration;
    use sonae::ports::{Clock as _, Image};

    let world = sonae::fakes::World::tied_to_tokio(1);
    let machines = world.machines();
    let now = world.clock().now();
    for (id, days, state) in [("ami-old", 9, "available"), ("ami-new", 2, "available"), ("ami-coming", 1, "pending")] {
        let made = now.checked_sub(SignedDuration::from_hours(24 * days)).ok();
        let image = Image { id: id.to_owned(), name: String::new(), state: state.to_owned(), made };
        machines.put_image(Some("home"), image, &[("role", "web")]);
    }
    let at = Provider {
        machines: &*machines,
        region: "home",
        subnet: "subnet-1",
        old: "ami-old",
        new: "ami-new",
        coming: "ami-coming",
        pause: Duration::from_secs(5),
        fail_next: &|| machines.fail_next("Client error on launch (Client.InternalError)"),
    };
    all(&at).await;
}

#[tokio::test]
async fn a_program_that_was_built_without_ec2_refuses_every_call_and_says_what_to_do() {
    use sonae::ports::MachinesRead as _;

    let (machines, none) = (sonae::drivers::WithoutEc2, BTreeMap::new());
    let new = NewMachine {
        region: None,
        image: "ami-1".to_owned(),
        instance_type: "m6i.large".to_owned(),
        subnet: "subnet-1".to_owned(),
        security_groups: vec![],
        token: "token".to_owned(),
        tags: BTreeMap::new(),
    };
    let faults = [
        machines.image(None, "ami-1").await.unwrap_err(),
        machines.images_tagged(None, "role", "web").await.unwrap_err(),
        machines.machines_tagged(None, &none).await.unwrap_err(),
        machines.machine(None, "i-1").await.unwrap_err(),
        machines.checks(None, "i-1").await.unwrap_err(),
        machines.launch(&new, None).await.unwrap_err(),
    ];
    for fault in faults {
        assert!(fault.certainty == Certainty::Permanent && fault.answer.contains("--features ec2"), "{fault}");
    }
}
