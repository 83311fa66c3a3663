//! The policies that `export iam` prints for buckets, held against the calls that the commands make: none is missing, and none too many.

use std::collections::BTreeSet;

use super::Check;
use super::conformance::s3::KEYS;
use super::cut::Wire;
use super::moto::{MOTO, Moto};
use super::noise::noise;
use super::scene::{SONAE, Said, Scene};

pub(crate) const CHECKS: &[Check] = &[Check {
    name: "policies of IAM name the calls to S3 that are made, and no others",
    needs: MOTO,
    run: held_against,
}];

const PLAN: &str = r#"
plan "one" { timezone "UTC"; }
store "vault" { s3 bucket="bucket" prefix="part" region="us-east-1" endpoint="ENDPOINT" LOCK; }
target "files" { files "source"; backup "now" { archive "tar.zip"; store "vault"; retention generations=1; }; }
restore "files" { recover "files" { into path="restored"; }; }
"#;

/// The action that a request must be allowed
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html>), and what it must be allowed besides.
fn actions(head: &str) -> Vec<&'static str> {
    let (line, headers) = head.split_once("\r\n").unwrap();
    let [method, target, _] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let asks = |name: &str| query.split('&').any(|word| word.split('=').next() == Some(name));
    let is_object = path.trim_matches('/').contains('/');
    let action = match (method, is_object) {
        ("GET", false) if asks("uploads") => "s3:ListBucketMultipartUploads",
        ("GET", false) if asks("versions") => "s3:ListBucketVersions",
        ("GET", false) if asks("versioning") => "s3:GetBucketVersioning",
        ("GET", false) if asks("lifecycle") => "s3:GetLifecycleConfiguration",
        ("GET", false) if asks("object-lock") => "s3:GetBucketObjectLockConfiguration",
        ("GET", false) if asks("list-type") => "s3:ListBucket",
        ("GET" | "HEAD", true) if query.is_empty() || query.starts_with("x-id=") => "s3:GetObject",
        ("PUT", true) if asks("retention") => "s3:PutObjectRetention",
        ("PUT" | "POST", true) => "s3:PutObject",
        ("DELETE", true) if asks("uploadId") => "s3:AbortMultipartUpload",
        ("DELETE", true) => "s3:DeleteObject",
        _ => panic!("nobody knows what must be allowed for {line}"),
    };
    // A checksum that is named and not there is refused by Amazon, and no emulator but one says so.
    let has = |name: &str| headers.to_ascii_lowercase().contains(&format!("\r\n{name}:"));
    let is_put = action == "s3:PutObject" && method == "PUT";
    assert!(!is_put || has("x-amz-checksum-crc32c"), "{head}");
    let locks = headers.to_ascii_lowercase().contains("x-amz-object-lock-mode");
    std::iter::once(action).chain(locks.then_some("s3:PutObjectRetention")).collect()
}

fn held_against() {
    for lock in ["", r#"object-lock="governance" lock-for="1h""#] {
        let moto = Moto::start();
        let wire = Wire::to(&moto.endpoint());
        moto.asks("PUT", "/bucket", &["x-amz-bucket-object-lock-enabled: true"], "");
        let scene = Scene::new(&PLAN.replace("ENDPOINT", &wire.endpoint()).replace("LOCK", lock));
        std::fs::create_dir(scene.path("source")).unwrap();
        // More than one part.
        std::fs::write(scene.path("source/large"), noise(1, 18 << 20)).unwrap();
        let sonae = |arguments: &[&str]| {
            let mut command = scene.command(SONAE, arguments);
            Said::of(command.env("AWS_ACCESS_KEY_ID", KEYS.0).env("AWS_SECRET_ACCESS_KEY", KEYS.1)).exits(0)
        };
        let asked = |commands: &[&[&str]]| {
            wire.heads();
            commands.iter().for_each(|command| drop(sonae(command)));
            wire.heads().iter().flat_map(|head| actions(head)).map(str::to_owned).collect::<BTreeSet<String>>()
        };
        // The headers that tell of a lock are left out for whoever may not see it: no request is for that alone.
        let allowed = |purpose: &str| {
            let policy = sonae(&["export", "iam", "plan.kdl", purpose]).json();
            let actions =
                policy["Statement"].as_array().unwrap().iter().flat_map(|it| it["Action"].as_array().unwrap());
            let actions = actions.map(|action| action.as_str().unwrap().to_owned());
            actions.filter(|action| action != "s3:GetObjectRetention").collect::<BTreeSet<String>>()
        };
        let all: &[&str] = &["run", "plan.kdl", "--all"];
        assert_eq!(asked(&[all]), allowed("write"), "{lock}: write");
        let read = asked(&[
            &["run", "plan.kdl", "--all", "--dry-run"],
            &["restore", "plan.kdl", "files", "--dry-run"],
            &["points", "plan.kdl"],
            &["points", "plan.kdl", "--deleted"],
        ]);
        assert_eq!(read, allowed("read"), "{lock}: read");
        let (pruned, write, prune) = (asked(&[all]), allowed("write"), allowed("prune"));
        assert!(pruned.is_subset(&write.union(&prune).cloned().collect()), "{lock}: {pruned:?}");
        let asks_all = prune.iter().all(|action| pruned.contains(action));
        assert!(asks_all && prune.contains("s3:DeleteObject"), "{lock}: {prune:?}");
    }
}
