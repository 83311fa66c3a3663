//! Stores in buckets, on servers of the test's own.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Check;
use super::conformance::{s3, store};
use super::cut::Wire;
use super::moto::{MOTO, Moto};
use super::needs::Need;
use super::noise::noise;
use super::scene::{SONAE, Said, Scene};
use super::ssh::each;
use super::tree::{assert_same, look};

pub(crate) const CHECKS: &[Check] = &[
    Check { name: "a bucket of moto does as the port of stores says", needs: MOTO, run: conforms },
    Check { name: "a job lives in a bucket of s3s-fs: made, listed, restored, pruned", needs: &[], run: lives_in_s3s },
    Check {
        name: "a manifest is read once of a bucket, and what is told is what is there",
        needs: &[],
        run: read_once,
    },
    Check { name: "a job lives in a bucket of moto: made, listed, restored, pruned", needs: MOTO, run: lives_in_moto },
    Check { name: "a run into a bucket that is killed before any answer makes no duplicate", needs: MOTO, run: killed },
    Check { name: "a run into a bucket that loses any answer once makes no duplicate", needs: MOTO, run: lost },
    Check {
        name: "a bucket of the service that SONAE_S3 names does as the port of stores says",
        needs: NAMED,
        run: conforms_elsewhere,
    },
    Check { name: "a job lives in a bucket of the service that SONAE_S3 names", needs: NAMED, run: lives_elsewhere },
];

/// The address of a service, with a bucket `bucket` that the keys of these tests may change, `http://127.0.0.1:9000`.
const SERVICE: &str = "SONAE_S3";
const NAMED: &[Need] = &[Need::Named(SERVICE)];

fn wait(work: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work);
}

fn conforms() {
    let moto = Moto::start();
    each(store::CASES, |name| {
        moto.reset();
        moto.asks("PUT", "/bucket", &[], "");
        wait(store::run(name, &s3::store(&moto.endpoint())));
    });
}

fn conforms_elsewhere() {
    let endpoint = std::env::var(SERVICE).unwrap();
    each(store::CASES, |name| wait(store::run(name, &s3::store_below(&endpoint, &below(name)))));
}

fn lives_elsewhere() {
    let shop = Shop::new("");
    let plan = PLAN.replace("ENDPOINT", &std::env::var(SERVICE).unwrap()).replace("a/part", &below("lives"));
    std::fs::write(shop.scene.plan(), plan).unwrap();
    lives(&shop);
}

/// Where nothing is yet of such a service.
fn below(name: &str) -> String {
    format!("{name}/{}", jiff::Timestamp::now().as_nanosecond())
}

/// A scene whose store is a bucket.
pub(crate) struct Shop {
    pub(crate) scene: Scene,
}

const PLAN: &str = r#"
plan "one" { timezone "UTC"; }
store "vault" { s3 bucket="bucket" prefix="a/part" region="us-east-1" endpoint="ENDPOINT"; }
target "files" { files "source"; backup "now" { archive "tar.zip"; store "vault"; retention generations=1; }; }
restore "files" { recover "files" { into path="restored"; }; }
"#;

impl Shop {
    /// More than one part, and small files.
    pub(crate) fn new(endpoint: &str) -> Self {
        let shop = Self { scene: Scene::new("") };
        shop.moves_to(endpoint);
        std::fs::create_dir_all(shop.scene.path("source/deep")).unwrap();
        std::fs::write(shop.scene.path("source/large"), noise(1, 18 << 20)).unwrap();
        std::fs::write(shop.scene.path("source/deep/small"), "content").unwrap();
        shop
    }

    /// The same bucket is reached by another way.
    pub(crate) fn moves_to(&self, endpoint: &str) {
        std::fs::write(self.scene.plan(), PLAN.replace("ENDPOINT", endpoint)).unwrap();
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.scene.command(SONAE, arguments);
        let (id, secret) = s3::keys();
        command.env("AWS_ACCESS_KEY_ID", id).env("AWS_SECRET_ACCESS_KEY", secret);
        command
    }

    pub(crate) fn sonae(&self, arguments: &[&str]) -> Said {
        Said::of(&mut self.command(arguments))
    }

    pub(crate) fn points(&self) -> Vec<Value> {
        let points = self.sonae(&["points", "plan.kdl", "--format", "json"]).exits(0).json();
        points["points"].as_array().unwrap().clone()
    }

    /// A run that is killed as soon as an answer is lost. False where none is, and it ended well.
    pub(crate) fn is_killed(&self, wire: &Wire) -> bool {
        let mut run = self.command(&["run", "plan.kdl", "--all", "--quiet"]);
        let mut run = run.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let begun = Instant::now();
        while run.try_wait().unwrap().is_none() {
            if wire.has_lost() {
                run.kill().unwrap();
                run.wait().unwrap();
                return true;
            }
            assert!(begun.elapsed() < Duration::from_secs(120), "it does not end");
            std::thread::sleep(Duration::from_millis(1));
        }
        let _said = Said::of_child(run).exits(0);
        false
    }
}

fn lives_in_s3s() {
    let server = s3::Server::start();
    lives(&Shop::new(&server.endpoint()));
}

/// How many manifests were read.
fn manifests_read(wire: &Wire) -> usize {
    let is_read = |head: &&String| head.starts_with("GET ") && head.lines().next().unwrap().contains(".manifest.json");
    wire.heads().iter().filter(is_read).count()
}

fn read_once() {
    let server = s3::Server::start();
    let wire = Wire::to(&server.endpoint());
    let shop = Shop::new(&wire.endpoint());
    shop.sonae(&["run", "plan.kdl", "--all", "--quiet"]).exits(0);
    manifests_read(&wire);
    let first = shop.points();
    assert_eq!(manifests_read(&wire), 1);
    assert_eq!(shop.points(), first);
    shop.sonae(&["run", "plan.kdl", "--all", "--dry-run"]).exits(0);
    assert_eq!(manifests_read(&wire), 0);
    // What deletes asks the store itself.
    shop.sonae(&["run", "plan.kdl", "--all", "--quiet"]).exits(0);
    assert!(manifests_read(&wire) > 0);
    let second = shop.points();
    assert!(second.len() == 1 && second != first, "{second:?}");
    assert_eq!(manifests_read(&wire), 1);
    // Somebody else has read none.
    let points = ["points", "plan.kdl", "--format", "json"];
    let elsewhere = Said::of(shop.command(&points).env("HOME", shop.scene.path("other"))).exits(0).json();
    assert_eq!(elsewhere["points"].as_array().unwrap(), &second);
    assert_eq!(manifests_read(&wire), 1);
    // Where nothing can be kept, all is told nonetheless.
    std::fs::write(shop.scene.path("file"), "").unwrap();
    for _ in 0..2 {
        let nowhere = Said::of(shop.command(&points).env("HOME", shop.scene.path("file"))).exits(0).json();
        assert_eq!(nowhere["points"].as_array().unwrap(), &second);
        assert_eq!(manifests_read(&wire), 1);
    }
    let cache = shop.scene.path("home/.cache/sonae/read.sqlite");
    let mode = std::os::unix::fs::PermissionsExt::mode(&cache.metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
}

fn lives_in_moto() {
    let moto = Moto::start();
    moto.asks("PUT", "/bucket", &[], "");
    lives(&Shop::new(&moto.endpoint()));
}

fn lives(shop: &Shop) {
    let dry = shop.sonae(&["run", "plan.kdl", "--all", "--dry-run"]).exits(0);
    assert!(dry.stdout().contains("pack"), "{dry}");
    assert_eq!(shop.points().len(), 0);
    shop.sonae(&["run", "plan.kdl", "--all"]).exits(0).says("s3://bucket/").says("/one/files/now/");
    let first = shop.points();
    assert_eq!(first.len(), 1);
    shop.sonae(&["run", "plan.kdl", "--all"]).exits(0);
    let second = shop.points();
    assert!(second.len() == 1 && second != first, "the newest is kept, and no other: {second:?}");
    shop.sonae(&["restore", "plan.kdl", "files"]).exits(0);
    let source = shop.scene.path("source");
    let below = source.strip_prefix("/").unwrap();
    let restored = [shop.scene.path("restored").join(below), shop.scene.path("restored")];
    let restored = restored.iter().find(|path| path.join("large").exists()).expect("it is there");
    assert_same(&look(&source), &look(restored));
}

/// What the bucket holds of points, by their keys, and what is under way.
fn held(moto: &Moto) -> (Vec<String>, bool) {
    let listed = moto.asks("GET", "/bucket?list-type=2", &[], "");
    let keys = listed.split("<Key>").skip(1).map(|rest| rest.split('<').next().unwrap().to_owned());
    let uploads = moto.asks("GET", "/bucket?uploads", &[], "");
    (keys.filter(|key| !key.contains("lease-")).collect(), uploads.contains("<UploadId>"))
}

fn killed() {
    told(|shop, wire| shop.is_killed(wire).then(|| shop.sonae(&["resume"])));
}

fn lost() {
    told(|shop, wire| {
        let said = shop.sonae(&["run", "plan.kdl", "--all"]);
        wire.has_lost().then_some(said)
    });
}

/// Loses the answer to each request of a run that changes something, one a run; what is done until the run is over is the caller's.
fn told(until_it_is_over: impl Fn(&Shop, &Wire) -> Option<Said>) {
    let moto = Moto::start();
    let wire = Wire::to(&moto.endpoint());
    let mut lost = vec![];
    for nth in 1.. {
        moto.reset();
        moto.asks("PUT", "/bucket", &[], "");
        let shop = Shop::new(&wire.endpoint());
        wire.lose(0);
        shop.sonae(&["run", "plan.kdl", "--all"]).exits(0);
        let before = shop.points();
        wire.lose(nth);
        let Some(said) = until_it_is_over(&shop, &wire) else { break };
        let at = wire.asked()[nth as usize - 1].clone();
        // Killed before it had begun, it has left nothing to go on with.
        let resumed = said.status() == Some(0) || {
            assert!(said.stderr().contains("can be resumed"), "{at}: {said}");
            shop.sonae(&["run", "plan.kdl", "--all"]).exits(0);
            false
        };
        let after = shop.points();
        assert!(after.len() == 1 && after != before, "after the answer to {at} was lost: {after:?}");
        let (keys, under_way) = held(&moto);
        assert!(keys.len() == 3 && !under_way, "after the answer to {at} was lost: {keys:?}");
        lost.push((at, resumed));
    }
    let methods = |method: &str| lost.iter().filter(|(at, _)| at.starts_with(method)).count();
    // Leases, parts and what is small; beginning and finishing an upload, and one that tries conditions; and what is pruned.
    assert!(methods("PUT ") >= 5 && methods("POST ") == 4 && methods("DELETE ") >= 3, "{lost:#?}");
    assert!(lost.iter().filter(|(_, resumed)| *resumed).count() >= 8, "{lost:#?}");
}
