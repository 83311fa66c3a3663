//! What a bucket keeps beyond deletion: versions, delete markers, and what is locked. Looked at with Amazon's own client.

use std::process::Command;

use serde_json::{Value, json};

use super::Check;
use super::conformance::s3::KEYS;
use super::moto::{MOTO, Moto};
use super::needs::program;
use super::scene::{SONAE, Said, Scene};

pub(crate) const CHECKS: &[Check] = &[
    Check { name: "the objects of recovery points are locked in a bucket, and no others", needs: MOTO, run: locked },
    Check { name: "a bucket that locks nothing is told with what to do", needs: MOTO, run: not_made_for_it },
];

const PLAN: &str = r#"
plan "one" { timezone "UTC"; }
store "vault" { s3 bucket="bucket" prefix="part" region="us-east-1" endpoint="ENDPOINT" LOCK; }
target "files" { files "source"; backup "now" { archive "tar.zip"; store "vault"; retention generations=1; }; }
restore "files" { recover "files" { into path="restored"; }; }
"#;

/// A scene whose store is a bucket of a server of its own.
struct Shop {
    scene: Scene,
    moto: Moto,
}

impl Shop {
    /// `bucket` is what `create-bucket` is told of it besides.
    fn new(lock: &str, bucket: &[&str]) -> Self {
        let moto = Moto::start();
        let scene = Scene::new(&PLAN.replace("ENDPOINT", &moto.endpoint()).replace("LOCK", lock));
        std::fs::create_dir(scene.path("source")).unwrap();
        std::fs::write(scene.path("source/file"), "content").unwrap();
        let shop = Self { scene, moto };
        shop.aws(&[&["create-bucket"], bucket].concat());
        shop
    }

    /// Amazon's client asks for something of the bucket.
    fn aws(&self, arguments: &[&str]) -> Value {
        let mut command = Command::new(program("aws").unwrap());
        self.scene.surround(&mut command);
        command.args(["s3api", "--endpoint-url", &self.moto.endpoint(), "--region", "us-east-1", "--output", "json"]);
        command.args(arguments).args(["--bucket", "bucket"]);
        command.env("AWS_ACCESS_KEY_ID", KEYS.0).env("AWS_SECRET_ACCESS_KEY", KEYS.1);
        let said = Said::of(&mut command).exits(0);
        if said.stdout().trim().is_empty() { json!({}) } else { said.json() }
    }

    fn sonae(&self, arguments: &[&str]) -> Said {
        let mut command = self.scene.command(SONAE, arguments);
        Said::of(command.env("AWS_ACCESS_KEY_ID", KEYS.0).env("AWS_SECRET_ACCESS_KEY", KEYS.1))
    }

    /// The keys of what is there, or of its delete markers: `Versions` or `DeleteMarkers`, those of leases left out.
    fn listed(&self, what: &str) -> Vec<String> {
        let listed = self.aws(&["list-object-versions"]);
        let keys = listed[what].as_array().into_iter().flatten().map(|found| found["Key"].as_str().unwrap().to_owned());
        keys.filter(|key| !key.contains("/lease-")).collect()
    }
}

const LOCKABLE: &[&str] = &["--object-lock-enabled-for-bucket"];

fn locked() {
    let shop = Shop::new(r#"object-lock="governance" lock-for="30d""#, LOCKABLE);
    // More than one part.
    std::fs::write(shop.scene.path("source/large"), super::noise::noise(1, 18 << 20)).unwrap();
    let dry = shop.sonae(&["run", "plan.kdl", "--all", "--dry-run"]).exits(0);
    dry.says("recovery points locked (governance) for 30d, until ");
    shop.sonae(&["run", "plan.kdl", "--all"]).exits(0);
    let now = jiff::Timestamp::now();
    let there = shop.listed("Versions");
    assert_eq!(there.len(), 3, "{there:?}");
    for key in there {
        let head = shop.aws(&["head-object", "--key", &key]);
        assert_eq!(head["ObjectLockMode"], "GOVERNANCE", "{key}: {head}");
        let until: jiff::Timestamp = head["ObjectLockRetainUntilDate"].as_str().unwrap().parse().unwrap();
        let lasts = until.duration_since(now).as_hours();
        assert!((719..=720).contains(&lasts), "{key}: {head}");
    }
}

fn not_made_for_it() {
    let shop = Shop::new(r#"object-lock="compliance" lock-for="1d""#, &[]);
    let said = shop.sonae(&["run", "plan.kdl", "--all"]).exits(4);
    said.says("aws s3api create-bucket --object-lock-enabled-for-bucket").says("take `object-lock` out of the plan");
    assert_eq!(shop.listed("Versions"), Vec::<String>::new());
}
