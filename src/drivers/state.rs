//! The local record of runs, in a folder: `runs/<run>.jsonl`, `locks/<resource>.lock`, `words/<run>`, and `identity`, which tells it from
//! others.
//!
//! Unaware of what is recorded. Invariants: a line that `append` answered for is on the disk; what was not ended by a line break
//! was never written; reading creates nothing.
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "this is the port on real files")]

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::fs::{File, OpenOptions, TryLockError};
use std::hash::BuildHasher as _;
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::blocking::blocking;
use super::durable;
use crate::ports::{Cause, Fault, JournalRead, JournalWrite, Lock, Locks};
use crate::primitives::{Digest, RunId};

/// Readable by its owner alone.
const FILE_MODE: u32 = 0o600;
/// Longest part of a lock's file name that is the resource's name: 255 bytes (`NAME_MAX`, limits.h(0p)) less what is added.
const LOCK_NAME_BYTES_MAX: usize = 160;

/// So much of a journal is read at once from its end.
const PIECE_BYTES: usize = 4096;
/// The longest note that is read.
const NOTE_BYTES_MAX: u64 = 4096;
/// Digits of the random number that tells one state folder from another.
const IDENTITY_DIGITS: usize = 32;

/// The folder of this host's state. It is made by the first writing call, readable by its owner alone.
#[derive(Debug, Clone)]
pub struct StateFolder {
    shared: Arc<Shared>,
}

#[derive(Debug)]
pub(super) struct Shared {
    folder: PathBuf,
    /// The journals that this process appends to, each with a whole last line.
    open: Mutex<HashMap<RunId, File>>,
}

impl StateFolder {
    /// The state in `folder`, which may not exist yet.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { shared: Arc::new(Shared { folder: folder.into(), open: Mutex::default() }) }
    }

    pub(super) async fn off<T: Send + 'static>(
        &self,
        what: &'static str,
        path: PathBuf,
        calls: impl FnOnce(&Shared, &PathBuf) -> io::Result<T> + Send + 'static,
    ) -> Result<T, Fault> {
        let shared = Arc::clone(&self.shared);
        blocking(what, move || {
            calls(&shared, &path).map_err(|error| Fault::from_io(format!("{what} {}", path.display()), &error))
        })
        .await
    }
}

impl StateFolder {
    /// Where it is kept what people said of a run.
    pub(super) fn words_of(&self, run: &RunId) -> PathBuf {
        self.shared.folder.join("words").join(run.to_string())
    }

    /// What tells this state folder from every other: a random number, made when it is asked for the first time. A copy of the folder has the same.
    ///
    /// # Errors
    /// When it can be neither read nor made.
    pub async fn identity(&self) -> Result<String, Fault> {
        self.off("read", self.shared.folder.join("identity"), |shared, path| match identity_in(path)? {
            Some(identity) => Ok(identity),
            None => shared.make_identity(path),
        })
        .await
    }
}

fn identity_in(path: &PathBuf) -> io::Result<Option<String>> {
    let text = if_there(std::fs::read_to_string(path))?.unwrap_or_default();
    let is_one = text.len() == IDENTITY_DIGITS + 1 && text.trim_end().bytes().all(|byte| byte.is_ascii_hexdigit());
    Ok(is_one.then(|| text.trim_end().to_owned()))
}

impl Shared {
    /// Whole or not at all; of two who make one at the same time, both take the one that stays.
    fn make_identity(&self, path: &PathBuf) -> io::Result<String> {
        let folder = durable::make_folders(&self.folder)?;
        let random = || RandomState::new().hash_one(std::process::id());
        let made = format!("{:016x}{:016x}", random(), random());
        let beside = self.folder.join(format!("identity-{made}"));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(&beside)?;
        writeln!(file, "{made}")?;
        file.sync_all()?;
        match std::fs::hard_link(&beside, path) {
            // What is there says nothing.
            Err(error) if error.kind() == ErrorKind::AlreadyExists && identity_in(path)?.is_none() => {
                std::fs::rename(&beside, path)?;
            }
            answer => {
                std::fs::remove_file(&beside)?;
                if_not_there(answer)?;
            }
        }
        rustix::fs::fsync(folder)?;
        identity_in(path)?.ok_or_else(|| io::Error::new(ErrorKind::InvalidData, "it holds no number"))
    }

    fn runs(&self) -> PathBuf {
        self.folder.join("runs")
    }

    fn journal(&self, run: &RunId) -> PathBuf {
        self.runs().join(format!("{run}.jsonl"))
    }

    fn append(&self, run: &RunId, line: &str) -> io::Result<()> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        // Taken out: where the writing fails it stays out, and the next append finds the torn line and cuts it off.
        let mut journal = match open.remove(run) {
            Some(journal) => journal,
            None => self.open_whole(run)?,
        };
        let length = journal.metadata()?.len();
        let written = journal.write_all(format!("{line}\n").as_bytes()).and_then(|()| journal.sync_data());
        match written {
            Ok(()) => drop(open.insert(run.clone(), journal)),
            // So that nothing was done; what cannot be cut off now is cut off, if it is torn, before the next line.
            Err(_) => drop(journal.set_len(length)),
        }
        written
    }

    fn open_whole(&self, run: &RunId) -> io::Result<File> {
        let path = self.journal(run);
        let runs = durable::make_folders(&self.runs())?;
        let mut journal = OpenOptions::new().read(true).append(true).create(true).mode(FILE_MODE).open(&path)?;
        let whole = whole_length(&mut journal)?;
        if whole < journal.metadata()?.len() {
            journal.set_len(whole)?;
            journal.sync_all()?;
        }
        rustix::fs::fsync(runs)?;
        Ok(journal)
    }
}

/// The last line of a journal. In one read where it is in the last piece of the file, as almost every one is.
fn last_line(path: &Path) -> io::Result<Option<String>> {
    let Some(mut file) = if_there(File::open(path))? else { return Ok(None) };
    let length = file.metadata()?.len();
    let mut piece = [0; PIECE_BYTES];
    let start = length.saturating_sub(PIECE_BYTES as u64);
    let piece = &mut piece[..usize::try_from(length - start).unwrap_or(PIECE_BYTES)];
    file.read_exact_at(piece, start)?;
    let is_break = |byte: &u8| *byte == b'\n';
    if let Some(end) = piece.iter().rposition(is_break)
        && let Some(before) = piece[..end].iter().rposition(is_break)
    {
        return text(piece[before + 1..end].to_vec()).map(Some);
    }
    let whole = line_break_before(&mut file, length)?;
    if whole == 0 {
        return Ok(None);
    }
    let begins = line_break_before(&mut file, whole - 1)?;
    file.seek(SeekFrom::Start(begins))?;
    let mut line = vec![];
    file.take(whole - 1 - begins).read_to_end(&mut line)?;
    text(line).map(Some)
}

fn text(bytes: Vec<u8>) -> io::Result<String> {
    String::from_utf8(bytes).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))
}

/// How long a file is up to its last line break.
fn whole_length(file: &mut File) -> io::Result<u64> {
    let length = file.metadata()?.len();
    line_break_before(file, length)
}

/// Where the byte behind the last line break before `end` is; the file's beginning where there is none. Read from the end, in small
/// pieces: a line is short, a journal may not be.
fn line_break_before(file: &mut File, mut end: u64) -> io::Result<u64> {
    let mut piece = [0; PIECE_BYTES];
    while end > 0 {
        let start = end.saturating_sub(piece.len() as u64);
        let length = usize::try_from(end - start).unwrap_or(piece.len());
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(&mut piece[..length])?;
        if let Some(at) = piece[..length].iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

/// None where it is not there.
fn if_there<T>(answer: io::Result<T>) -> io::Result<Option<T>> {
    match answer {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        answer => answer.map(Some),
    }
}

/// No error where something is there already.
fn if_not_there(answer: io::Result<()>) -> io::Result<()> {
    match answer {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        answer => answer,
    }
}

#[async_trait::async_trait]
impl JournalRead for StateFolder {
    async fn runs(&self) -> Result<Vec<RunId>, Fault> {
        self.off("list the runs in", self.shared.runs(), |_, folder| {
            let mut runs = Vec::new();
            for entry in if_there(std::fs::read_dir(folder))?.into_iter().flatten() {
                let name = entry?.file_name();
                // What has another name was put there by somebody else.
                let run = name.to_str().and_then(|name| name.strip_suffix(".jsonl")).map(RunId::parse);
                runs.extend(run.and_then(Result::ok));
            }
            runs.sort_unstable();
            Ok(runs)
        })
        .await
    }

    async fn lines(&self, run: &RunId) -> Result<Option<Vec<String>>, Fault> {
        self.off("read", self.shared.journal(run), |_, path| {
            let Some(mut bytes) = if_there(std::fs::read(path))? else { return Ok(None) };
            bytes.truncate(bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1));
            let text = text(bytes)?;
            Ok(Some(text.split_terminator('\n').map(str::to_owned).collect()))
        })
        .await
    }

    async fn last_line(&self, run: &RunId) -> Result<Option<String>, Fault> {
        self.off("read", self.shared.journal(run), |_, path| last_line(path)).await
    }

    /// All of them off this thread at once: handing each over by itself takes longer than reading it.
    async fn last_lines(&self, runs: &[RunId]) -> Vec<Result<Option<String>, Fault>> {
        let journals: Vec<PathBuf> = runs.iter().map(|run| self.shared.journal(run)).collect();
        let read = blocking("read", move || {
            let fault = |path: &Path, error| Fault::from_io(format!("read {}", path.display()), &error);
            Ok(journals.iter().map(|path| last_line(path).map_err(|error| fault(path, error))).collect())
        });
        read.await.unwrap_or_else(|died| vec![Err(died); runs.len()])
    }

    fn place(&self, run: &RunId) -> String {
        self.shared.journal(run).display().to_string()
    }
}

#[async_trait::async_trait]
impl JournalWrite for StateFolder {
    async fn append(&self, run: &RunId, line: &str) -> Result<(), Fault> {
        if line.contains('\n') {
            let action = format!("append to {}", self.place(run));
            return Err(Fault::permanent(Cause::Invalid, action, "a line holds a line break"));
        }
        let (run, line) = (run.clone(), line.to_owned());
        self.off("append to", self.shared.journal(&run), move |shared, _| shared.append(&run, &line)).await
    }

    async fn remove(&self, run: &RunId) -> Result<(), Fault> {
        let (run, words) = (run.clone(), self.words_of(run));
        self.off("remove", self.shared.journal(&run), move |shared, path| {
            shared.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&run);
            if if_there(std::fs::remove_file(path))?.is_some() {
                durable::sync_folder(&shared.runs())?;
            }
            if_there(std::fs::remove_dir_all(&words)).map(drop)
        })
        .await
    }
}

/// A lock of the operating system on an open file (flock(2)): gone when the file is closed, by whatever means.
#[derive(Debug)]
struct Held(#[expect(dead_code, reason = "held open, not used")] File);

impl Lock for Held {}

/// The resource as a file name: letters, digits, `-`, `_` and `.` as they are, all else as `%` and two hexadecimal
/// digits; a long one is cut, and told apart by its digest.
fn lock_name(resource: &str) -> String {
    let mut name = String::new();
    for byte in resource.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => name.push(char::from(byte)),
            _ => name.push_str(&format!("%{byte:02x}")),
        }
    }
    if name.len() > LOCK_NAME_BYTES_MAX {
        name.truncate(LOCK_NAME_BYTES_MAX);
        name.push('~');
        name.extend(Digest::of(resource.as_bytes()).to_string().chars().filter(char::is_ascii_alphanumeric));
    }
    format!("{name}.lock")
}

impl StateFolder {
    async fn take(&self, resource: &str, shared: bool) -> Result<Option<Box<dyn Lock>>, Fault> {
        let locks = self.shared.folder.join("locks");
        let held = self.off("lock", locks.join(lock_name(resource)), move |_, path| {
            durable::make_folders(&locks)?;
            let mut options = OpenOptions::new();
            let file = options.write(true).create(true).truncate(false).mode(FILE_MODE).open(path)?;
            match if shared { file.try_lock_shared() } else { file.try_lock() } {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(error),
            }
            if !shared {
                // The note of whoever held it before; the file itself stays when the lock is released.
                file.set_len(0)?;
            }
            Ok(Some(Held(file)))
        });
        Ok(held.await?.map(|held| Box::new(held) as Box<dyn Lock>))
    }
}

#[async_trait::async_trait]
impl Locks for StateFolder {
    async fn try_lock(&self, resource: &str) -> Result<Option<Box<dyn Lock>>, Fault> {
        self.take(resource, false).await
    }

    async fn try_share(&self, resource: &str) -> Result<Option<Box<dyn Lock>>, Fault> {
        self.take(resource, true).await
    }

    async fn leave_note(&self, resource: &str, note: &str) -> Result<(), Fault> {
        let note = format!("{note}\n");
        let path = self.shared.folder.join("locks").join(lock_name(resource));
        // Written in place: another file of that name would be another lock.
        self.off("write", path, move |_, path| {
            let mut file = OpenOptions::new().write(true).truncate(true).open(path)?;
            file.write_all(note.as_bytes())
        })
        .await
    }

    async fn note(&self, resource: &str) -> Result<Option<String>, Fault> {
        let path = self.shared.folder.join("locks").join(lock_name(resource));
        self.off("read", path, |_, path| {
            let Some(file) = if_there(File::open(path))? else { return Ok(None) };
            let mut bytes = vec![];
            file.take(NOTE_BYTES_MAX).read_to_end(&mut bytes)?;
            let text = String::from_utf8_lossy(&bytes);
            Ok(text.strip_suffix('\n').map(str::to_owned))
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lock_names_stay_in_their_folder_and_differ() {
        assert_eq!(lock_name("store/local"), "store%2flocal.lock");
        assert_eq!(lock_name("../x"), "..%2fx.lock");
        let long = |end: &str| lock_name(&format!("{}{end}", "あ".repeat(200)));
        assert!(long("a").len() <= 255, "{}", long("a").len());
        assert_ne!(long("a"), long("b"));
    }
}
