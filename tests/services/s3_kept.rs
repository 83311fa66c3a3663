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
    Check { name: "what a bucket with versions hides is told, and comes back", needs: MOTO, run: hidden },
    Check { name: "recovery points that somebody else deleted come back", needs: MOTO, run: deleted_by_others },
    Check { name: "what is locked is told when it is deleted", needs: MOTO, run: locked_beyond },
    Check { name: "what is hidden is found among thousands of versions", needs: MOTO, run: among_thousands },
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
    let dry = shop.sonae(&["run", "plan.kdl", "--all", "--dry-run"]);
    dry.says("needs a bucket that locks objects, and bucket does not");
    let said = shop.sonae(&["run", "plan.kdl", "--all"]).exits(4);
    said.says("aws s3api create-bucket --object-lock-enabled-for-bucket").says("take `object-lock` out of the plan");
    assert_eq!(shop.listed("Versions"), Vec::<String>::new());
}

const RUN: [&str; 3] = ["run", "plan.kdl", "--all"];
const HIDDEN: [&str; 3] = ["points", "plan.kdl", "--deleted"];
const FOR_GOOD: &str =
    "the bucket keeps versions: it is only hidden, stays and is paid for, for good: no lifecycle rule ends it";

impl Shop {
    fn points(&self) -> Vec<String> {
        let points = self.sonae(&["points", "plan.kdl", "--format", "json"]).exits(0).json();
        let point = |point: &Value| point["point"].as_str().unwrap().to_owned();
        points["points"].as_array().unwrap().iter().map(point).collect()
    }

    fn hidden(&self) -> Vec<Value> {
        let hidden = self.sonae(&[&HIDDEN[..], &["--format", "json"]].concat()).exits(0).json();
        hidden["jobs"][0]["points"].as_array().unwrap().clone()
    }

    /// Does what is said to bring a point back, word by word, in a shell.
    fn bring_back(&self, hidden: &Value) {
        for object in hidden["objects"].as_array().unwrap() {
            let mut shell = self.scene.command("sh", &["-c", object["back"].as_str().unwrap()]);
            let aws = program("aws").unwrap();
            let path = format!("{}:{}", aws.parent().unwrap().display(), std::env::var("PATH").unwrap());
            shell.env("PATH", path).env("AWS_ACCESS_KEY_ID", KEYS.0).env("AWS_SECRET_ACCESS_KEY", KEYS.1);
            Said::of(&mut shell).exits(0);
        }
    }
}

fn hidden() {
    let shop = Shop::new("", &[]);
    shop.sonae(&RUN).exits(0);
    shop.sonae(&HIDDEN).exits(0).says("the store keeps nothing of what is deleted");
    shop.aws(&["put-bucket-versioning", "--versioning-configuration", "Status=Enabled"]);
    // What is made by hand in one second is in no order.
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    shop.sonae(&RUN).exits(0).says("B hidden").says(FOR_GOOD).says("NoncurrentVersionExpiration");
    // What was there before versions were kept is hidden as well, under a marker.
    assert_eq!(shop.hidden().len(), 1);
    let rule = json!({ "Rules": [
        { "ID": "others", "Status": "Enabled", "Filter": { "Prefix": "elsewhere/" },
          "NoncurrentVersionExpiration": { "NoncurrentDays": 3 } },
        { "ID": "all", "Status": "Enabled", "Filter": { "Prefix": "" }, "NoncurrentVersionExpiration": { "NoncurrentDays": 45 } },
    ] });
    shop.aws(&["put-bucket-lifecycle-configuration", "--lifecycle-configuration", &rule.to_string()]);
    let ends = "is only hidden, stays and is paid for, until a lifecycle rule ends it 45d later";
    shop.sonae(&[&RUN[..], &["--dry-run"]].concat()).exits(0).says(ends);
    let second = shop.points();
    shop.sonae(&RUN).exits(0).says(ends);
    let hidden = shop.hidden();
    assert_eq!(hidden.len(), 2, "{hidden:?}");
    assert_eq!(hidden[1]["point"], second[0], "the oldest is first");
    assert_eq!(hidden[1]["objects"].as_array().map(Vec::len), Some(3));
    shop.sonae(&HIDDEN).exits(0).says(&second[0]).says("what brings it back:").says(ends);
    shop.bring_back(&hidden[1]);
    let back = shop.points();
    assert!(back.len() == 2 && back[0] == second[0], "{back:?}");
    assert_eq!(shop.hidden().len(), 1);
    shop.sonae(&["restore", "plan.kdl", "files", "--point", &second[0]]).exits(0);
    shop.aws(&["put-bucket-versioning", "--versioning-configuration", "Status=Suspended"]);
    shop.sonae(&RUN).exits(0).says("what was put while the bucket kept versions is only hidden");
}

fn deleted_by_others() {
    let shop = Shop::new("", &[]);
    shop.aws(&["put-bucket-versioning", "--versioning-configuration", "Status=Enabled"]);
    shop.sonae(&RUN).exits(0);
    let before = shop.points();
    for key in shop.listed("Versions") {
        shop.aws(&["delete-object", "--key", &key]);
    }
    assert_eq!(shop.points(), Vec::<String>::new());
    let hidden = shop.hidden();
    assert_eq!(hidden.len(), 1, "{hidden:?}");
    shop.bring_back(&hidden[0]);
    assert_eq!((shop.points(), shop.hidden().len()), (before, 0));
    shop.sonae(&["restore", "plan.kdl", "files"]).exits(0);
    // A manifest alone makes a point vanish.
    let manifest = shop.listed("Versions").into_iter().find(|key| key.ends_with(".manifest.json")).unwrap();
    shop.aws(&["delete-object", "--key", &manifest]);
    let hidden = shop.hidden();
    assert_eq!(hidden[0]["objects"].as_array().map(Vec::len), Some(1), "{hidden:?}");
    shop.bring_back(&hidden[0]);
    assert_eq!(shop.points().len(), 1);
}

fn locked_beyond() {
    let shop = Shop::new(r#"object-lock="compliance" lock-for="30d""#, LOCKABLE);
    shop.sonae(&RUN).exits(0);
    let dry = shop.sonae(&[&RUN[..], &["--dry-run"]].concat()).exits(0);
    dry.says(FOR_GOOD).says("what is locked there stays for 30d from when it was put at least");
    let run = shop.sonae(&RUN).exits(0).says("  locked     until ");
    let day = (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(720)).strftime("until %Y-%m-%d").to_string();
    run.says(&day).says("whatever is set");
    // The versions are there, and nobody takes them away.
    let archives = shop.listed("Versions").into_iter().filter(|key| key.ends_with(".tar.zip")).count();
    assert_eq!((archives, shop.listed("DeleteMarkers").len(), shop.hidden().len()), (2, 3, 1));
}

fn among_thousands() {
    let shop = Shop::new("", &[]);
    shop.aws(&["put-bucket-versioning", "--versioning-configuration", "Status=Enabled"]);
    shop.sonae(&RUN).exits(0);
    let before = shop.points();
    shop.sonae(&RUN).exits(0);
    let folder = format!("/bucket/part/one/files/now/{}", shop.host());
    // Nobody looks at the signature, which must be there.
    let signed = "Authorization: AWS4-HMAC-SHA256 Credential=identifier/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0";
    let asks = |method: &str, path: &str, body: &str| shop.moto.asks(method, path, &[signed], body);
    // More than a page of one key before the points, and of many behind them.
    for _ in 0..1_050 {
        asks("PUT", &format!("{folder}/0-before"), "");
    }
    for number in 0..1_050 {
        asks("PUT", &format!("{folder}/lease-{number:012}-x"), "");
    }
    // Of another host, behind all of these, and what this server passes over: the first that lies behind a key that it is told.
    asks("PUT", "/bucket/part/one/files/now/zz/0-passed-over", "");
    let other = format!("/bucket/part/one/files/now/zz/{}", before[0]);
    for ending in ["tar.zip", "contents.jsonl.gz", "manifest.json"] {
        asks("PUT", &format!("{other}.{ending}"), "content");
        asks("DELETE", &format!("{other}.{ending}"), "");
    }
    let hidden = shop.hidden();
    let seen: Vec<_> =
        hidden.iter().map(|point| (point["point"].as_str().unwrap(), point["host"].as_str().unwrap())).collect();
    assert_eq!(seen, [(before[0].as_str(), shop.host().as_str()), (before[0].as_str(), "zz")]);
    assert!(hidden.iter().all(|point| point["objects"].as_array().map(Vec::len) == Some(3)), "{hidden:?}");
}

impl Shop {
    fn host(&self) -> String {
        let points = self.sonae(&["points", "plan.kdl", "--format", "json"]).exits(0).json();
        points["points"][0]["host"].as_str().unwrap().to_owned()
    }
}
