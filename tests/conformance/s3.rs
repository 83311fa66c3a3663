//! A server that holds to the letter of S3: signatures, checksums, conditions, ranges and sizes of parts. It is s3s-fs, and what that lacks:
//! it lists no uploads, takes one that is not there for one that is another's, and a folder of its own for an object, looks at no checksum of
//! a part, and answers in pieces of 4 KiB.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Crc32c};
use s3s::dto::*;
use s3s::service::S3ServiceBuilder;
use s3s::{S3, S3Request, S3Response, S3Result, s3_error};
use s3s_fs::FileSystem;
use sonae::drivers::{S3Address, S3Store};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// The access key that it knows, and its secret.
pub(crate) const KEYS: (&str, &str) = ("identifier", "a secret of forty characters, or nearly so");

/// A server with one bucket, gone with the test.
pub(crate) struct Server {
    /// Gone with it, where it is its own.
    _folder: Option<TempDir>,
    address: SocketAddr,
    unconditional: Arc<Mutex<Option<Unconditional>>>,
    parts: Arc<Mutex<Parts>>,
    runtime: Option<Runtime>,
}

/// What becomes of parts, and what became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Parts {
    /// Whether one whose signature does not cover it is refused, as a bucket's policy may say.
    pub(crate) must_be_signed: bool,
    /// What it makes of their checksums.
    pub(crate) checksums: Checksums,
    /// Whether the next one is changed on its way here.
    pub(crate) spoils_next: bool,
    /// How many came with a signature that covers them, and how many without.
    pub(crate) signed: u32,
    pub(crate) unsigned: u32,
}

/// What a service makes of the checksum of a part.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Checksums {
    /// It refuses what has another.
    #[default]
    Compared,
    /// It answers with that of what came, whatever was to come.
    Told,
    /// It knows none.
    Unknown,
}

impl Server {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut server = Self::within(folder.path());
        server._folder = Some(folder);
        server
    }

    /// One that keeps what it holds in that folder.
    pub(crate) fn within(folder: &Path) -> Self {
        std::fs::create_dir_all(folder.join("bucket")).unwrap();
        let files = FileSystem::new(folder).unwrap();
        let (root, unconditional) = (folder.into(), Arc::new(Mutex::new(None)));
        let parts = Arc::new(Mutex::new(Parts::default()));
        let of_server = (Arc::clone(&unconditional), Arc::clone(&parts));
        let whole = Whole { files, root, uploads: Arc::default(), unconditional: of_server.0, parts: of_server.1 };
        let mut service = S3ServiceBuilder::new(whole);
        service.set_auth(SimpleAuth::from_single(KEYS.0, KEYS.1));
        let service = service.build();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        listener.set_nonblocking(true).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let http = Builder::new(TokioExecutor::new());
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                // As services do: else small pieces of an answer wait for each other.
                socket.set_nodelay(true).unwrap();
                let connection = http.serve_connection(TokioIo::new(socket), service.clone()).into_owned();
                tokio::spawn(async move { drop(connection.await) });
            }
        });
        Self { _folder: None, address, unconditional, parts, runtime: Some(runtime) }
    }

    /// From now on it passes over the conditions of such calls, as older services do.
    pub(crate) fn passes_over_conditions_of(&self, of: Unconditional) {
        *self.unconditional.lock().unwrap() = Some(of);
    }

    /// What becomes of parts.
    pub(crate) fn parts(&self) -> MutexGuard<'_, Parts> {
        self.parts.lock().unwrap()
    }

    /// Where it is, as a plan's `endpoint` says it.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be dropped where nothing may wait.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A part of the bucket `bucket` of a service.
pub(crate) fn store(endpoint: &str) -> S3Store {
    store_below(endpoint, "a/part")
}

/// The same, another part.
pub(crate) fn store_below(endpoint: &str, prefix: &str) -> S3Store {
    let address = S3Address {
        bucket: "bucket".into(),
        region: Some("us-east-1".into()),
        prefix: prefix.into(),
        endpoint: Some(endpoint.into()),
        ..S3Address::default()
    };
    let (id, secret) = keys();
    S3Store::with_keys(address, &id, &secret)
}

/// What every client of these tests has: `SONAE_S3_KEYS`, an identifier and a secret with the last `:` between, where the service is somebody's own.
pub(crate) fn keys() -> (String, String) {
    let given = std::env::var("SONAE_S3_KEYS").unwrap_or_default();
    let (id, secret) = given.rsplit_once(':').unwrap_or(KEYS);
    (id.to_owned(), secret.to_owned())
}

/// s3s-fs, whole.
struct Whole {
    files: FileSystem,
    root: PathBuf,
    /// The keys of those that are under way.
    uploads: Arc<Mutex<BTreeMap<String, String>>>,
    unconditional: Arc<Mutex<Option<Unconditional>>>,
    parts: Arc<Mutex<Parts>>,
}

/// What a service does whatever was made its condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unconditional {
    /// It puts objects.
    Puts,
    /// It makes objects of uploads.
    Uploads,
}

impl Whole {
    fn is_folder(&self, bucket: &str, key: &str) -> bool {
        self.root.join(bucket).join(key).is_dir()
    }

    fn is_unconditional(&self, of: Unconditional) -> bool {
        *self.unconditional.lock().unwrap() == Some(of)
    }

    fn must_know(&self, upload: &str) -> S3Result<()> {
        match self.uploads.lock().unwrap().contains_key(upload) {
            true => Ok(()),
            false => Err(s3_error!(NoSuchUpload)),
        }
    }
}

type Answer<T> = S3Result<S3Response<T>>;

/// So much is sent at once, about as services do: of s3s-fs each 4 KiB would cost both sides a call.
const PIECE_BYTES: usize = 64 << 10;

/// A file, or that much of it.
fn in_pieces(path: &Path, range: Option<Range>) -> S3Result<StreamingBlob> {
    let file = Arc::new(File::open(path).map_err(|error| s3_error!(error, InternalError))?);
    let size = file.metadata().map_err(|error| s3_error!(error, InternalError))?.len();
    let range = range.map_or(Ok(0..size), |range| range.check(size))?;
    let pieces = stream::try_unfold(range.start, move |at| {
        let (file, left) = (Arc::clone(&file), range.end - at);
        async move {
            let mut piece = vec![0; PIECE_BYTES.min(left as usize)];
            if piece.is_empty() {
                return Ok::<_, io::Error>(None);
            }
            let read = move || file.read_exact_at(&mut piece, at).map(|()| piece);
            let piece = tokio::task::spawn_blocking(read).await??;
            let next = at + piece.len() as u64;
            Ok(Some((Bytes::from(piece), next)))
        }
    });
    Ok(StreamingBlob::wrap(pieces))
}

/// A part whose last piece is followed by an error where its checksum is another than it must be. What it is, is noted.
fn summed(
    body: StreamingBlob,
    must_be: Option<String>,
    mut spoils: bool,
    found: Arc<Mutex<Option<String>>>,
) -> StreamingBlob {
    let hasher = ChecksumHasher { crc32c: Some(Crc32c::new()), ..ChecksumHasher::default() };
    let pieces = stream::try_unfold(Some((body, hasher)), move |state| {
        let (must_be, found, spoils) = (must_be.clone(), Arc::clone(&found), std::mem::take(&mut spoils));
        async move {
            let Some((mut body, mut hasher)) = state else { return Ok(None) };
            let Some(piece) = body.next().await.transpose().map_err(io::Error::other)? else {
                let sum = hasher.finalize().checksum_crc32c;
                let is_other = must_be.is_some() && must_be != sum;
                *found.lock().unwrap() = sum;
                return if is_other { Err(io::Error::other("it is not what its checksum says")) } else { Ok(None) };
            };
            let piece = if spoils { piece.iter().map(|byte| !byte).collect() } else { piece };
            hasher.update(&piece);
            Ok(Some((piece, Some((body, hasher)))))
        }
    });
    StreamingBlob::wrap(pieces)
}

#[async_trait::async_trait]
impl S3 for Whole {
    async fn create_bucket(&self, asked: S3Request<CreateBucketInput>) -> Answer<CreateBucketOutput> {
        self.files.create_bucket(asked).await
    }

    async fn head_bucket(&self, asked: S3Request<HeadBucketInput>) -> Answer<HeadBucketOutput> {
        self.files.head_bucket(asked).await
    }

    async fn list_objects_v2(&self, mut asked: S3Request<ListObjectsV2Input>) -> Answer<ListObjectsV2Output> {
        asked.input.delimiter = asked.input.delimiter.filter(|delimiter| !delimiter.is_empty());
        self.files.list_objects_v2(asked).await
    }

    async fn list_objects(&self, mut asked: S3Request<ListObjectsInput>) -> Answer<ListObjectsOutput> {
        asked.input.delimiter = asked.input.delimiter.filter(|delimiter| !delimiter.is_empty());
        self.files.list_objects(asked).await
    }

    async fn head_object(&self, asked: S3Request<HeadObjectInput>) -> Answer<HeadObjectOutput> {
        match self.is_folder(&asked.input.bucket, &asked.input.key) {
            true => Err(s3_error!(NoSuchKey)),
            false => self.files.head_object(asked).await,
        }
    }

    async fn get_object(&self, asked: S3Request<GetObjectInput>) -> Answer<GetObjectOutput> {
        match self.is_folder(&asked.input.bucket, &asked.input.key) {
            true => Err(s3_error!(NoSuchKey)),
            false => {
                let (path, range) = (self.root.join(&asked.input.bucket).join(&asked.input.key), asked.input.range);
                let mut answer = self.files.get_object(asked).await?;
                if answer.output.content_length > Some(PIECE_BYTES as i64) {
                    answer.output.body = Some(in_pieces(&path, range)?);
                }
                Ok(answer)
            }
        }
    }

    async fn put_object(&self, mut asked: S3Request<PutObjectInput>) -> Answer<PutObjectOutput> {
        if self.is_unconditional(Unconditional::Puts) {
            asked.input.if_none_match = None;
        }
        self.files.put_object(asked).await
    }

    async fn delete_object(&self, asked: S3Request<DeleteObjectInput>) -> Answer<DeleteObjectOutput> {
        match self.is_folder(&asked.input.bucket, &asked.input.key) {
            true => Ok(S3Response::new(DeleteObjectOutput::default())),
            false => self.files.delete_object(asked).await,
        }
    }

    async fn create_multipart_upload(
        &self,
        asked: S3Request<CreateMultipartUploadInput>,
    ) -> Answer<CreateMultipartUploadOutput> {
        let key = asked.input.key.clone();
        let answer = self.files.create_multipart_upload(asked).await?;
        let upload = answer.output.upload_id.clone().unwrap();
        self.uploads.lock().unwrap().insert(upload, key);
        Ok(answer)
    }

    async fn upload_part(&self, mut asked: S3Request<UploadPartInput>) -> Answer<UploadPartOutput> {
        self.must_know(&asked.input.upload_id)?;
        let is_unsigned = asked.headers.get("x-amz-content-sha256").is_some_and(|of| of == "UNSIGNED-PAYLOAD");
        let (spoils, checksums) = {
            let mut parts = self.parts.lock().unwrap();
            *if is_unsigned { &mut parts.unsigned } else { &mut parts.signed } += 1;
            if is_unsigned && parts.must_be_signed {
                return Err(s3_error!(AccessDenied));
            }
            (std::mem::take(&mut parts.spoils_next), parts.checksums)
        };
        let (wanted, found) = (asked.input.checksum_crc32c.clone(), Arc::default());
        let must_be = wanted.clone().filter(|_| checksums == Checksums::Compared);
        let summed = |body| summed(body, must_be.clone(), spoils, Arc::clone(&found));
        asked.input.body = asked.input.body.take().map(summed);
        let answer = self.files.upload_part(asked).await;
        let found = found.lock().unwrap().take();
        match answer {
            Err(_) if must_be.is_some() && found != must_be => Err(s3_error!(BadDigest)),
            Ok(mut answer) => {
                answer.output.checksum_crc32c = found.filter(|_| wanted.is_some() && checksums != Checksums::Unknown);
                Ok(answer)
            }
            answer => answer,
        }
    }

    async fn complete_multipart_upload(
        &self,
        mut asked: S3Request<CompleteMultipartUploadInput>,
    ) -> Answer<CompleteMultipartUploadOutput> {
        if self.is_unconditional(Unconditional::Uploads) {
            asked.input.if_none_match = None;
        }
        let upload = asked.input.upload_id.clone();
        self.must_know(&upload)?;
        let answer = self.files.complete_multipart_upload(asked).await?;
        self.uploads.lock().unwrap().remove(&upload);
        Ok(answer)
    }

    async fn abort_multipart_upload(
        &self,
        asked: S3Request<AbortMultipartUploadInput>,
    ) -> Answer<AbortMultipartUploadOutput> {
        let upload = asked.input.upload_id.clone();
        self.must_know(&upload)?;
        let answer = self.files.abort_multipart_upload(asked).await?;
        self.uploads.lock().unwrap().remove(&upload);
        Ok(answer)
    }

    async fn list_multipart_uploads(
        &self,
        asked: S3Request<ListMultipartUploadsInput>,
    ) -> Answer<ListMultipartUploadsOutput> {
        let prefix = asked.input.prefix.unwrap_or_default();
        let uploads = self.uploads.lock().unwrap().clone();
        let mut uploads: Vec<(String, String)> = uploads.into_iter().map(|(upload, key)| (key, upload)).collect();
        uploads.sort();
        uploads.retain(|(key, _)| key.starts_with(&prefix));
        let uploads = uploads.into_iter().map(|(key, upload)| MultipartUpload {
            key: Some(key),
            upload_id: Some(upload),
            ..MultipartUpload::default()
        });
        let output = ListMultipartUploadsOutput {
            uploads: Some(uploads.collect()),
            is_truncated: Some(false),
            ..ListMultipartUploadsOutput::default()
        };
        Ok(S3Response::new(output))
    }
}
