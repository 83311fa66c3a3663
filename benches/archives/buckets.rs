//! A bucket beside those who put files into buckets, and take them out.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};

use super::contest::{Contender, Findings, Standing, hold};
use super::launch::mebibytes;
use super::machine;
use super::noise::noise;
use super::place::{Outcome, Place, SONAE, Stage, stage};
use super::s3_server::{KEYS, Server};

/// What is put: it does not pack, so that whoever packs has no less to put than the others.
const BYTES: u64 = 2 << 30;
/// Room for it, what three put of it, and what three take out in all rounds, with some to spare.
const BYTES_FREE: u64 = 20 << 30;
const ROUNDS: usize = 3;
/// Of the wall time of the faster of the others.
const SHARE: f64 = 0.9;
const PEAK_MOST: u64 = 128 << 20;

/// 2 GiB into a bucket of a server on this host, and out of it again.
pub(crate) fn buckets() -> Outcome<Findings> {
    let place = Place::new(BYTES_FREE, 1000)?;
    eprintln!("archives: making what is put into a bucket");
    fs::create_dir(place.path("tree"))?;
    let mut file = BufWriter::new(File::create(place.path("tree/file"))?);
    for piece in 0..BYTES >> 20 {
        file.write_all(&noise(piece, 1 << 20))?;
    }
    file.flush()?;
    drop(file);
    let server = Server::within(&place.path("served"));
    let endpoint = server.endpoint();
    fs::write(place.path("plan.kdl"), plan(&endpoint))?;
    let mut findings = Findings::default();
    let to = hold(&place, &puts(&endpoint), ROUNDS)?;
    findings.table(&to, "in the bucket");
    findings.goals();
    let [own, rclone, aws, rclone_read, aws_read] = &to[..] else { return Err("five were to be compared".into()) };
    findings.told(own, faster(rclone, aws));
    findings.at_most(own, faster(rclone_read, aws_read), SHARE);
    memory(&mut findings, own);
    findings.line("");
    let from = hold(&place, &takes(&endpoint), ROUNDS)?;
    for standing in &from {
        if standing.bytes != BYTES {
            return Err(format!("one took out {} bytes of {BYTES}", standing.bytes).into());
        }
    }
    findings.table(&from, "taken out");
    findings.goals();
    let [own, rclone, aws, rclone_kept, aws_kept] = &from[..] else { return Err("five were to be compared".into()) };
    findings.told(own, faster(rclone, aws));
    findings.at_most(own, faster(rclone_kept, aws_kept), SHARE);
    memory(&mut findings, own);
    Ok(findings)
}

fn faster<'s>(one: &'s Standing, other: &'s Standing) -> &'s Standing {
    if one.wall() < other.wall() { one } else { other }
}

fn memory(findings: &mut Findings, own: &Standing) {
    let (peak, most) = (own.peak(), mebibytes(PEAK_MOST));
    findings.goal(&format!("peak memory ≤ {most:.0} MiB"), &format!("{:.0} MiB", mebibytes(peak)), peak <= PEAK_MOST);
}

fn plan(endpoint: &str) -> String {
    format!(
        r#"plan "bench" {{ timezone "UTC" }}
store "bucket" {{ s3 bucket="bucket" region="us-east-1" prefix="sonae" endpoint="{endpoint}" }}
target "tree" {{
    files "tree"
    backup "now" {{ archive "tar.zip"; store "bucket" }}
}}
restore "tree" {{ recover "tree" {{ into path="restored" }} }}
"#
    )
}

/// What every program finds its way into the bucket by.
pub(crate) fn environment() -> [(&'static str, &'static str); 4] {
    [
        ("AWS_ACCESS_KEY_ID", KEYS.0),
        ("AWS_SECRET_ACCESS_KEY", KEYS.1),
        ("AWS_REGION", "us-east-1"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ]
}

fn rclone<const N: usize>(endpoint: &str, what: &str, of: [&str; N]) -> Stage {
    // Without asking whether the bucket is there; by the path, as others' services are.
    let flags = ["--s3-provider=Other", "--s3-env-auth", "--s3-no-check-bucket", "--config=", "--s3-region=us-east-1"];
    let endpoint = format!("--s3-endpoint={endpoint}");
    stage(["rclone", what, &endpoint].into_iter().chain(flags).chain(of))
}

fn aws(endpoint: &str, from: &str, to: &str) -> Stage {
    stage([&*machine::program("aws"), "--endpoint-url", endpoint, "s3", "cp", "--only-show-errors", from, to])
}

/// Programs one after the other, the second only where the first ended well.
fn and(first: &Stage, second: &Stage) -> Stage {
    let script = r#"at=$1; shift; "${@:1:at}" && shift "$at" && exec "$@""#;
    let at = first.len().to_string();
    let shell = ["bash", "-c", script, "bash", &at].map(str::to_owned);
    shell.into_iter().chain(first.iter().chain(second).cloned()).collect()
}

/// One program, which makes that and nothing else.
fn alone(name: &str, removed: &'static [&'static str], made: &'static str, of: Stage) -> Contender {
    let (pipeline, first, output) = (vec![of], None, None);
    Contender { name: name.into(), removed, aside: &[], first, pipeline, output, made }
}

/// The others by themselves, and with what `sonae run` does: what was put is read once more.
fn puts(endpoint: &str) -> [Contender; 5] {
    let own = stage([SONAE, "run", "plan.kdl", "tree/now", "--quiet"]);
    let by_rclone = rclone(endpoint, "copyto", ["tree/file", ":s3:bucket/rclone/file"]);
    let read_by_rclone = rclone(endpoint, "check", ["tree", ":s3:bucket/rclone", "--download"]);
    let by_aws = aws(endpoint, "tree/file", "s3://bucket/aws/file");
    let read_by_aws = aws(endpoint, "s3://bucket/aws/file", "-");
    let (of_rclone, of_aws) = ("served/bucket/rclone", "served/bucket/aws");
    [
        alone("sonae run", &["served/bucket/sonae"], "served/bucket/sonae", own),
        alone("rclone copyto", &["served/bucket/rclone"], of_rclone, by_rclone.clone()),
        alone("aws s3 cp", &["served/bucket/aws"], of_aws, by_aws.clone()),
        alone("rclone copyto, check", &["served/bucket/rclone"], of_rclone, and(&by_rclone, &read_by_rclone)),
        alone("aws s3 cp, and back", &["served/bucket/aws"], of_aws, and(&by_aws, &read_by_aws)),
    ]
}

/// The others by themselves, and with what `sonae restore` does: what was taken out is on the disk at its end.
fn takes(endpoint: &str) -> [Contender; 5] {
    let own = stage([SONAE, "restore", "plan.kdl", "tree", "--quiet"]);
    let by_rclone = rclone(endpoint, "copyto", [":s3:bucket/rclone/file", "rcloned/file"]);
    let by_aws = aws(endpoint, "s3://bucket/aws/file", "copied/file");
    let kept = |file| stage(["sync", "--file-system", file]);
    let (kept_of_rclone, kept_of_aws) = (and(&by_rclone, &kept("rcloned/file")), and(&by_aws, &kept("copied/file")));
    [
        alone("sonae restore", &["restored"], "restored", own),
        alone("rclone copyto", &["rcloned"], "rcloned", by_rclone),
        alone("aws s3 cp", &["copied"], "copied", by_aws),
        alone("rclone copyto, sync", &["rcloned"], "rcloned", kept_of_rclone),
        alone("aws s3 cp, sync", &["copied"], "copied", kept_of_aws),
    ]
}
