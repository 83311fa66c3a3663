//! What dead runs leave unfinished in a bucket, and whose it is.

use std::os::unix::process::CommandExt as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use rustix::process::{Pid, Signal, kill_process_group};
use sonae::drivers::{S3Address, S3Store};
use sonae::ports::{StoreRead as _, StoreWrite as _, UploadId};
use sonae::primitives::{Key, Slot};

use super::Check;
use super::conformance::s3;
use super::due::{FAKETIME, sonae_at};
use super::moto::{MOTO, Moto};
use super::noise::noise;
use super::s3::Shop;

pub(crate) const CHECKS: &[Check] = &[
    Check {
        name: "what dead runs left under way in s3s-fs is thrown away, and nothing of anybody else",
        needs: &[],
        run: of_s3s,
    },
    Check {
        name: "what dead runs left under way in moto is thrown away, and nothing of anybody else",
        needs: MOTO,
        run: of_moto,
    },
    Check {
        name: "an upload that a run was killed in is thrown away by a run of the next day",
        needs: &[MOTO[0], MOTO[1], FAKETIME],
        run: killed,
    },
];

/// A run that has nothing under way by then never will.
const BEGINS_WITHIN: Duration = Duration::from_secs(60);

/// Does it with the whole bucket: keys are as the bucket has them.
fn with<T>(endpoint: &str, work: impl AsyncFnOnce(S3Store) -> T) -> T {
    let address = S3Address {
        bucket: "bucket".into(),
        region: Some("us-east-1".into()),
        endpoint: Some(endpoint.into()),
        ..S3Address::default()
    };
    let store = S3Store::with_keys(address, s3::KEYS.0, s3::KEYS.1);
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work(store))
}

/// What is under way in the bucket, by its keys.
fn under_way(endpoint: &str) -> Vec<String> {
    let of = |upload: UploadId| upload.key.as_str().to_owned();
    let mut keys: Vec<String> =
        with(endpoint, async |store| store.uploads("").await.unwrap()).into_iter().map(of).collect();
    keys.sort();
    keys
}

/// Begins an upload with a part.
fn begin(endpoint: &str, key: &str) {
    with(endpoint, async |store| {
        let upload = store.begin(&Key::parse(key).unwrap()).await.unwrap();
        store.part(&upload, 1, Bytes::from_static(b"a part")).await.unwrap();
    });
}

fn of_s3s() {
    let server = s3::Server::start();
    sweeps(&server.endpoint());
}

fn of_moto() {
    let moto = Moto::start();
    moto.asks("PUT", "/bucket", &[], "");
    sweeps(&moto.endpoint());
}

fn sweeps(endpoint: &str) {
    let shop = Shop::new(endpoint);
    shop.sonae(&["run", "plan.kdl", "--all"]).exits(0);
    let host = shop.points()[0]["host"].as_str().unwrap().to_owned();
    let point = |hours: i64, host: &str, ending: &str| {
        let slot = Slot::new(Timestamp::now() - SignedDuration::from_hours(hours));
        format!("a/part/one/files/now/{host}/{slot}-0badcafe.{ending}")
    };
    let dead = [point(30, &host, "tar.zip"), point(26, &host, "contents.jsonl.gz")];
    let mut others = vec![
        // May be alive, as nobody's step is given more than a day.
        point(2, &host, "tar.zip"),
        // Another host's, which that one looks after.
        point(30, "elsewhere", "tar.zip"),
        // Nobody knows what they are.
        format!("a/part/one/files/now/{host}/notes.txt"),
        "a/part/another/files/now/film".to_owned(),
        format!("a/parting/one/files/now/{host}/film"),
        "film".to_owned(),
    ];
    dead.iter().chain(&others).for_each(|key| begin(endpoint, key));
    let dry = shop.sonae(&["run", "plan.kdl", "--all", "--dry-run"]).exits(0);
    dead.iter().for_each(|key| assert!(dry.stdout().contains(key.trim_start_matches("a/part/")), "{key}: {dry}"));
    shop.sonae(&["run", "plan.kdl", "--all"]).exits(0);
    others.sort();
    assert_eq!(under_way(endpoint), others);
}

fn killed() {
    let moto = Moto::start();
    moto.asks("PUT", "/bucket", &[], "");
    let shop = Shop::new(&moto.endpoint());
    // What it is packing does not end before it is killed.
    let large = std::fs::File::create(shop.scene.path("source/huge")).unwrap();
    large.set_len(64 << 30).unwrap();
    std::fs::write(shop.scene.path("source/before"), noise(2, 40 << 20)).unwrap();
    let mut run = sonae_at(&shop.scene, Timestamp::now() - SignedDuration::from_hours(26));
    run.args(["run", "plan.kdl", "--all", "--quiet"]);
    run.env("AWS_ACCESS_KEY_ID", s3::KEYS.0).env("AWS_SECRET_ACCESS_KEY", s3::KEYS.1);
    let mut run = run.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0).spawn().unwrap();
    let begun = Instant::now();
    while !under_way(&moto.endpoint()).iter().any(|key| key.ends_with(".tar.zip")) {
        assert!(begun.elapsed() < BEGINS_WITHIN && run.try_wait().unwrap().is_none(), "nothing is under way");
        std::thread::sleep(Duration::from_millis(20));
    }
    // faketime waits for what it starts.
    kill_process_group(Pid::from_child(&run), Signal::KILL).unwrap();
    run.wait().unwrap();
    let left = under_way(&moto.endpoint());
    assert!(left.iter().any(|key| key.ends_with(".tar.zip")), "{left:?}");
    std::fs::remove_file(shop.scene.path("source/huge")).unwrap();
    shop.sonae(&["run", "plan.kdl", "--all"]).exits(0);
    assert_eq!(under_way(&moto.endpoint()), Vec::<String>::new());
    assert_eq!(shop.points().len(), 1);
}
