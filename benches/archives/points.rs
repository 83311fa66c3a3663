//! A bucket with many recovery points, and how long it takes to list them.

use std::fs;
use std::net::TcpListener;
use std::sync::Arc;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::dto::*;
use s3s::service::S3ServiceBuilder;
use s3s::{S3, S3Request, S3Response, S3Result, s3_error};
use tokio::runtime::Runtime;

use super::contest::{Findings, median};
use super::launch::mebibytes;
use super::place::{Outcome, Place, SONAE, stage};
use super::s3_server::KEYS;

/// Almost a year of one every five minutes.
const POINTS: u64 = 100_000;
const ROUNDS: usize = 5;
const SECONDS_MOST: f64 = 3.0;
/// 2026-01-01T00:00:00Z, in seconds since 1970.
const FIRST: i64 = 1_767_225_600;

/// 100,000 recovery points in a bucket of a server on this host: listed for the first time on a host, and again.
pub(crate) fn points() -> Outcome<Findings> {
    let place = Place::new(1 << 30, 1000)?;
    let (endpoint, _serving) = serve()?;
    fs::write(
        place.path("plan.kdl"),
        format!(
            r#"plan "bench" {{ timezone "UTC" }}
store "bucket" {{ s3 bucket="bucket" region="us-east-1" endpoint="{endpoint}" }}
target "log" {{
    files "log"
    backup "often" {{ archive "tar.zip"; store "bucket"; retention within="1y" }}
}}
restore "log" {{ recover "log" {{ into path="restored" }} }}
"#
        ),
    )?;
    let listed = [stage([SONAE, "points", "plan.kdl"])];
    eprintln!("archives: {POINTS} points for the first time");
    let first = place.run(&listed, Some("first"))?;
    let mut again = Vec::new();
    for round in 1..=ROUNDS {
        eprintln!("archives: round {round} of {ROUNDS}");
        again.push(place.run(&listed, Some("again"))?);
    }
    let [text, other] = ["first", "again"].map(|name| fs::read_to_string(place.path(name)));
    let text = text?;
    let told = text.lines().filter(|line| line.contains("2026-")).count() as u64;
    if told < POINTS || text != other? {
        return Err(format!("{told} points of {POINTS} were told, or others the second time").into());
    }
    let wall = median(again.iter().map(|took| took.wall)).as_secs_f64();
    let peak = mebibytes(again.iter().map(|took| took.peak).max().unwrap_or_default());
    let mut findings = Findings::default();
    findings.line("| `sonae points` | wall time | CPU time | peak memory |");
    findings.line("| --- | --: | --: | --: |");
    for (name, took) in [
        ("for the first time on a host", &first),
        ("again, slowest", again.iter().max_by_key(|took| took.wall).unwrap_or(&first)),
    ] {
        let (wall, cpu) = (took.wall.as_secs_f64(), took.cpu.as_secs_f64());
        findings.line(&format!("| {name} | {wall:.2} s | {cpu:.2} s | {:.0} MiB |", mebibytes(took.peak)));
    }
    findings.line("");
    findings.goals();
    findings.goal(
        &format!("{POINTS} points that were listed before on this host, median of {ROUNDS}, ≤ {SECONDS_MOST} s"),
        &format!("{wall:.2} s; peak memory {peak:.0} MiB"),
        wall <= SECONDS_MOST,
    );
    Ok(findings)
}

fn serve() -> Outcome<(String, Runtime)> {
    let mut service = S3ServiceBuilder::new(Many::new());
    service.set_auth(SimpleAuth::from_single(KEYS.0, KEYS.1));
    let service = service.build();
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let endpoint = format!("http://{}", listener.local_addr()?);
    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener).expect("it listens");
        let http = Builder::new(TokioExecutor::new());
        while let Ok((socket, _)) = listener.accept().await {
            // As services do: else small pieces of an answer wait for each other.
            socket.set_nodelay(true).expect("it is a socket");
            let connection = http.serve_connection(TokioIo::new(socket), service.clone()).into_owned();
            tokio::spawn(async move { drop(connection.await) });
        }
    });
    Ok((endpoint, runtime))
}

/// Recovery points that are made up when they are asked for: three objects each.
struct Many {
    /// In order, with the sizes.
    objects: Arc<Vec<(String, i64)>>,
}

const ARCHIVE_BYTES: i64 = 1_000_000;
const CONTENTS_BYTES: i64 = 5_000;

impl Many {
    fn new() -> Self {
        let mut objects = Vec::new();
        for number in 0..POINTS {
            let point = point(number);
            let key = |part: &str| format!("bench/log/often/web-1/{point}{part}");
            let manifest = manifest(&point).len();
            objects.push((key(".contents.jsonl.gz"), CONTENTS_BYTES));
            objects.push((key(".manifest.json"), i64::try_from(manifest).unwrap_or_default()));
            objects.push((key(".tar.zip"), ARCHIVE_BYTES));
        }
        Self { objects: Arc::new(objects) }
    }
}

/// The identity of a point.
fn point(number: u64) -> String {
    let slot = jiff::Timestamp::from_second(FIRST + 300 * i64::try_from(number).unwrap_or_default());
    format!("{}-{number:08x}", slot.unwrap_or_default().strftime("%Y%m%dT%H%M%SZ"))
}

/// As a backup of a folder of 109 files writes it.
fn manifest(point: &str) -> String {
    let slot = &point[..16];
    let moment = jiff::fmt::strtime::parse("%Y%m%dT%H%M%SZ", slot).and_then(|parsed| parsed.to_datetime());
    let moment = moment.map(|moment| moment.to_string()).unwrap_or_default();
    let digest = "0b6ec2c2bc32b6bb4ddb6876b485b3e743c9bdac733a641fd6c8d6eb4bae7c9d";
    format!(
        r#"{{
  "format_version": 1,
  "plan": "bench",
  "job": "log/often",
  "host": "web-1",
  "point": "{point}",
  "run": "{point}",
  "slot": "{slot}",
  "began": "{moment}.955459217Z",
  "moment": "{moment}.975102552Z",
  "finished": "{moment}.995102552Z",
  "roots": ["/var/log/often"],
  "mounts": [],
  "archive": {{ "key": "bench/log/often/web-1/{point}.tar.zip", "size": {ARCHIVE_BYTES}, "digest": "sha256:{digest}" }},
  "plain": {{ "size": 1734144, "crc32": "9c8fe7c7" }},
  "contents": {{
    "key": "bench/log/often/web-1/{point}.contents.jsonl.gz",
    "size": {CONTENTS_BYTES},
    "digest": "sha256:{digest}"
  }},
  "segments_at": 5621,
  "totals": {{ "files": 85, "folders": 20, "symlinks": 4, "hard_links": 0, "bytes": 1545328 }},
  "read_back": {{ "at": "{moment}.995102552Z", "entries": 109 }},
  "clean": true,
  "unread": {{ "count": 0, "first": [] }},
  "not_stored": {{ "count": 0, "first": [] }},
  "changed": {{ "count": 0, "first": [] }},
  "not_entered": {{ "count": 0, "first": [] }}
}}
"#
    )
}

type Answer<T> = S3Result<S3Response<T>>;

#[async_trait::async_trait]
impl S3 for Many {
    async fn list_objects_v2(&self, asked: S3Request<ListObjectsV2Input>) -> Answer<ListObjectsV2Output> {
        let asked = asked.input;
        let prefix = asked.prefix.unwrap_or_default();
        let after = asked.start_after.or(asked.continuation_token).unwrap_or_default();
        let most = usize::try_from(asked.max_keys.unwrap_or(1000)).unwrap_or(1000).min(1000);
        let first = self.objects.partition_point(|(key, _)| *key <= after || *key < prefix);
        let mut found = self.objects[first..].iter().take_while(|(key, _)| key.starts_with(&prefix));
        let stored = || Some(Timestamp::from(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_767_225_600)));
        let object = |(key, size): &(String, i64)| Object {
            key: Some(key.clone()),
            size: Some(*size),
            last_modified: stored(),
            ..Object::default()
        };
        let contents: Vec<Object> = found.by_ref().take(most).map(object).collect();
        let more = found.next().is_some();
        Ok(S3Response::new(ListObjectsV2Output {
            next_continuation_token: contents.last().filter(|_| more).and_then(|object| object.key.clone()),
            is_truncated: Some(more),
            key_count: i32::try_from(contents.len()).ok(),
            contents: Some(contents),
            ..ListObjectsV2Output::default()
        }))
    }

    async fn list_multipart_uploads(
        &self,
        _asked: S3Request<ListMultipartUploadsInput>,
    ) -> Answer<ListMultipartUploadsOutput> {
        Ok(S3Response::new(ListMultipartUploadsOutput { is_truncated: Some(false), ..Default::default() }))
    }

    async fn get_object(&self, asked: S3Request<GetObjectInput>) -> Answer<GetObjectOutput> {
        let key = asked.input.key;
        let name = key.rsplit_once('/').map(|(_, name)| name).and_then(|name| name.strip_suffix(".manifest.json"));
        let bytes = manifest(name.ok_or_else(|| s3_error!(NoSuchKey))?).into_bytes();
        Ok(S3Response::new(GetObjectOutput {
            content_length: i64::try_from(bytes.len()).ok(),
            body: Some(StreamingBlob::wrap(futures_util::stream::once(async move {
                Ok::<_, std::convert::Infallible>(bytes::Bytes::from(bytes))
            }))),
            ..GetObjectOutput::default()
        }))
    }
}
