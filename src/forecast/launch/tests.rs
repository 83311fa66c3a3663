//! What is forecast of machines, held against what a person would say of the same.

use super::*;
use crate::diagnostic::Sources;
use crate::forecast::{self, PointChoice, RestoreWish};
use crate::prove::ProvenPlan;

fn now() -> Timestamp {
    "2026-11-27T06:00:00Z".parse().unwrap()
}

fn days(count: i64) -> Option<Timestamp> {
    now().checked_sub(SignedDuration::from_hours(24 * count)).ok()
}

fn image(id: &str, state: &str, made: Option<Timestamp>) -> Image {
    Image { id: id.into(), name: format!("web {id}"), state: state.into(), made }
}

fn plan(which: &str, more: &str) -> ProvenPlan {
    let text = format!(
        r#"plan "home" {{ timezone "Asia/Tokyo" }}
target "base" {{ machine-image {which} max-age="30d" region="eu-central-1"; no-backup "built anew" }}
restore "system" {{
    launch "web server" {{ image target="base"; instance-type "m6i.large"; subnet "subnet-1"; {more} }}
    launch "web server 2" {{ image target="base"; instance-type "m6i.large"; subnet "subnet-1" }}
}}"#
    );
    let mut sources = Sources::default();
    let file = sources.add("home.kdl", text);
    let compiled = crate::prove::compile(&sources, file, &PathBytes::new(*b"/plans"), now());
    compiled.proven.unwrap_or_else(|| panic!("{:?}", compiled.diagnostics))
}

fn tagged() -> ImageWanted {
    ImageWanted::NewestTagged { name: "role".into(), value: "web".into() }
}

/// The launches of the restore, where these images are there.
fn launches(
    (proven, wanted): (&ProvenPlan, &ImageWanted),
    found: Result<Vec<Image>, Fault>,
    change: impl Fn(&mut Observed, &mut Circumstances),
) -> Vec<(Launch, Option<Fault>)> {
    let name = Name::parse("system").unwrap();
    let graph = proven.graph().of_restore(&name);
    let mut observed = Observed::nothing(now());
    observed.machines.images.insert((Some("eu-central-1".into()), wanted.clone()), found);
    let mut who = Circumstances::plain(Name::parse("web-1").unwrap(), PathBytes::new(*b"/plans"));
    change(&mut observed, &mut who);
    let wish = RestoreWish {
        restore: name,
        choice: PointChoice::Latest,
        from_host: None,
        only: None,
        into: None,
        planned: None,
    };
    let outlook = forecast::restore(proven.plan(), &graph, &observed, &who, &wish);
    let of = |step: &ForecastStep| match &step.action {
        Action::Launch(launch) => ((**launch).clone(), step.foreseen.clone()),
        other => panic!("{other:?}"),
    };
    let all = outlook.known().map(of).collect();
    outlook.performable().unwrap().check().unwrap();
    all
}

#[test]
fn the_newest_that_is_available_is_chosen_and_each_step_asks_in_its_own_name() {
    let proven = plan(r#"newest-tagged="role=web""#, r#"tags "role=web" "sonae:run=mine""#);
    let found = vec![
        image("ami-3", "pending", days(1)),
        image("ami-2", "available", days(2)),
        image("ami-1", "available", days(9)),
    ];
    let all = launches((&proven, &tagged()), Ok(found), |_, _| {});
    let new: Vec<&NewMachine> = all.iter().map(|(launch, _)| launch.new.as_ref().unwrap()).collect();
    assert_eq!([&new[0].image, &new[1].image], ["ami-2", "ami-2"]);
    assert!(all.iter().all(|(launch, foreseen)| foreseen.is_none() && launch.accepted_age.is_none()), "{all:?}");
    assert_ne!(new[0].token, new[1].token);
    assert!(new.iter().all(|new| new.token.len() <= 64 && new.token.is_ascii()));
    let tag = |of: usize, name: &str| new[of].tags.get(name).map(String::as_str);
    assert_eq!([tag(0, "role"), tag(0, "Name"), tag(1, "role")], [Some("web"), Some("web server"), None]);
    assert_eq!(
        [tag(0, "sonae:step"), tag(1, "sonae:step")],
        [Some("restore/system/launch"), Some("restore/system/launch-2")]
    );
    assert_ne!(tag(0, "sonae:run"), Some("mine"), "nobody's tags stand in for the run's");
}

#[test]
fn what_will_not_do_is_refused_with_what_to_write() {
    let (by_tag, by_id) = (plan(r#"newest-tagged="role=web""#, ""), plan(r#""ami-1""#, ""));
    let id = ImageWanted::Id("ami-1".into());
    let foreseen = |of: (&ProvenPlan, &ImageWanted), found| {
        let all = launches(of, found, |_, _| {});
        assert!(all.iter().all(|(_, foreseen)| *foreseen == all[0].1));
        all[0].1.clone().map(|fault| (fault.cause, fault.answer))
    };
    let (by_tag, by_id) = ((&by_tag, &tagged()), (&by_id, &id));
    let is = |found: Option<(Cause, String)>, cause: Cause, words: &str| {
        assert!(found.as_ref().is_some_and(|(is, answer)| *is == cause && answer.contains(words)), "{found:?}");
    };
    is(foreseen(by_id, Ok(vec![])), Cause::NotFound, "have the plan name another `machine-image`");
    is(foreseen(by_tag, Ok(vec![])), Cause::NotFound, "Key=role,Value=web");
    is(foreseen(by_id, Ok(vec![image("ami-1", "failed", days(1))])), Cause::Invalid, "is failed");
    is(foreseen(by_id, Ok(vec![image("ami-1", "available", None)])), Cause::Other, "--accept-old-image");
    let denied = Fault::permanent(Cause::Denied, "look", "no");
    is(foreseen(by_tag, Err(denied)), Cause::Denied, "no");
    // To the second.
    let max = SignedDuration::from_hours(24 * 30);
    let of_age = |age: SignedDuration| vec![image("ami-1", "available", now().checked_sub(age).ok())];
    assert_eq!(foreseen(by_id, Ok(of_age(max))), None);
    is(foreseen(by_id, Ok(of_age(max + SignedDuration::from_secs(1)))), Cause::Other, "--accept-old-image");
    assert_eq!(foreseen(by_id, Ok(of_age(SignedDuration::from_secs(-5)))), None, "a clock may be behind");
}

#[test]
fn a_person_may_say_that_an_old_image_will_do() {
    let (proven, id) = (plan(r#""ami-1""#, ""), ImageWanted::Id("ami-1".into()));
    let old = || Ok(vec![image("ami-1", "available", days(31))]);
    let all = launches((&proven, &id), old(), |_, who| who.accept_old_image = true);
    assert_eq!(all[0].1, None);
    assert_eq!(all[0].0.accepted_age, Some(Duration::from_seconds(31 * 86_400)));
    // What is not there no word brings back.
    let all = launches((&proven, &id), Ok(vec![]), |_, who| who.accept_old_image = true);
    assert!(all[0].1.is_some() && all[0].0.new.is_none());
}

#[test]
fn what_a_machine_is_handed_is_known_by_its_digest_and_one_that_cannot_be_read_is_refused() {
    let (proven, id) = (plan(r#""ami-1""#, r#"user-data "begin.sh""#), ImageWanted::Id("ami-1".into()));
    let path = PathBytes::new(*b"/plans/begin.sh");
    let good = || Ok(vec![image("ami-1", "available", days(1))]);
    let digest = Digest::of(b"#!/bin/sh\n");
    let all = launches((&proven, &id), good(), |observed, _| {
        observed.machines.user_data.insert(path.clone(), Ok((10, digest)));
    });
    assert_eq!(all[0].0.user_data, Some(UserData { path: path.clone(), bytes: 10, digest }));
    assert_eq!((&all[0].1, &all[1].0.user_data), (&None, &None));
    let fault = Fault::permanent(Cause::NotFound, "read", "it is not there");
    let all = launches((&proven, &id), good(), |observed, _| {
        observed.machines.user_data.insert(path.clone(), Err(fault.clone()));
    });
    assert_eq!((&all[0].1, &all[1].1), (&Some(fault), &None));
}

#[test]
fn a_journal_that_launches_something_else_is_not_believed() {
    let (proven, id) = (plan(r#""ami-1""#, ""), ImageWanted::Id("ami-1".into()));
    let name = Name::parse("system").unwrap();
    let graph = proven.graph().of_restore(&name);
    let mut observed = Observed::nothing(now());
    let found = Ok(vec![image("ami-1", "available", days(1))]);
    observed.machines.images.insert((Some("eu-central-1".into()), id), found);
    let who = Circumstances::plain(Name::parse("web-1").unwrap(), PathBytes::new(*b"/"));
    let (choice, none) = (PointChoice::Latest, None);
    let wish = RestoreWish { restore: name, choice, from_host: None, only: None, into: none, planned: None };
    let forecast = forecast::restore(proven.plan(), &graph, &observed, &who, &wish).performable().unwrap();
    forecast.check().unwrap();
    let changed = |change: fn(&mut Launch)| {
        let mut forecast = forecast.clone();
        let Action::Launch(launch) = &mut forecast.steps[1].action else { panic!("it launches") };
        change(launch);
        forecast.check().unwrap_err()
    };
    let new = |launch: &mut Launch| launch.new.clone().unwrap();
    let told = [
        changed(|launch| launch.new.as_mut().unwrap().image = "ami-2".into()),
        changed(|launch| launch.image.as_mut().unwrap().id = "ami-2".into()),
        changed(|launch| launch.new.as_mut().unwrap().token.push('x')),
        changed(|launch| drop(launch.new.as_mut().unwrap().tags.remove("sonae:run"))),
        changed(|launch| launch.new = None),
    ];
    assert!(told.iter().all(|told| !told.is_empty()), "{told:?}");
    // The token of another step.
    let mut swapped = forecast.clone();
    let Action::Launch(first) = &mut swapped.steps[0].action else { panic!("it launches") };
    let first = new(first);
    let Action::Launch(second) = &mut swapped.steps[1].action else { panic!("it launches") };
    second.new = Some(first);
    assert!(swapped.check().is_err());
}
