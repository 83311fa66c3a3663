//! In which order recovery points are listed: by the moment of their data, also where that is within one second.

use jiff::SignedDuration;
use sonae::catalog::{Part, job_prefix};
use sonae::observe::{self, PointsSeen};
use sonae::report::points::{JobPoints, report, text};

use super::{compile_file, past};
use crate::faults::scene;

/// Points of one job that were made within one second: every tenth of it, and at the half by a second host as well.
fn within_a_second() -> (past::Job, PointsSeen) {
    let plan = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/plans/two-stores.kdl");
    let proven = compile_file(&plan).proven.unwrap();
    let world = past::fresh(&proven);
    let job = past::jobs(proven.graph()).remove(0);
    let plant = |host: &str, ms: i64| {
        past::plant(&world, &proven, &job, &scene::name(host), SignedDuration::from_millis(3_600_000 - ms), true)
    };
    // The order in which they are made is not the one in which they are listed.
    let made: Vec<_> = [7, 2, 9, 5, 0, 8, 3, 6, 1, 4].iter().map(|tenth| plant("web-1", tenth * 100)).collect();
    plant("web-2", 500);
    world.store(job.store.as_str()).plant(&made[0].key(Part::Archive), None);
    let prefix = job_prefix(&proven.plan().name.value, &job.name);
    let store = world.store(job.store.as_str());
    let seen =
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(observe::points(&*store, &prefix));
    (job, seen.unwrap())
}

#[test]
fn points_are_listed_in_the_order_of_their_moments() {
    let (job, seen) = within_a_second();
    let table = [JobPoints { job: &job.name, store: &job.store, seen: &seen }];
    insta::assert_snapshot!("of_one_second", text(&table, &[], "UTC"));

    let json = serde_json::to_value(report(&table, &[])).unwrap();
    let points = json["points"].as_array().unwrap();
    let key = |point: &serde_json::Value| {
        let text = |field: &str| point[field].as_str().unwrap().to_owned();
        (text("moment").parse::<jiff::Timestamp>().unwrap(), text("point"))
    };
    let listed: Vec<_> = points.iter().map(key).collect();
    assert_eq!((listed.len(), json["unusable"].as_array().unwrap().len()), (10, 1));
    assert!(listed.is_sorted(), "{listed:#?}");
    assert_eq!(listed.windows(2).filter(|pair| pair[0].0 == pair[1].0).count(), 1, "two are of one moment");
    let mut by_identity = listed.clone();
    by_identity.sort_by(|a, b| a.1.cmp(&b.1));
    assert_ne!(by_identity, listed, "their identities alone say another order");
}
