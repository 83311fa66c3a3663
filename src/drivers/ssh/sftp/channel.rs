//! Carries packets to the server and its answers back, as many as there are at once.
//!
//! Unaware of what they mean. Invariant: every request is answered, or told why not: by the time the connection is known to be lost nobody
//! waits any more.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader, BufWriter};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;

use super::refusal::No;
use super::wire::{Entry, PACKET_BYTES_MAX, Reply, Request, read_reply, read_version};
use crate::drivers::ssh::address::Calling;
use crate::drivers::ssh::failed::last_lines;
use crate::drivers::tail::Tail;

/// What lies between this process and its `ssh` at once.
const BUFFER_BYTES: usize = 256 * 1024;
/// How long `ssh`'s last words are waited for when its output has ended.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// A connection whose `ssh` ends when this is dropped.
pub(super) struct Channel {
    shared: Arc<Shared>,
    outgoing: mpsc::UnboundedSender<Request>,
    carrying: AbortHandle,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    next: u32,
    waiting: HashMap<u32, oneshot::Sender<Reply>>,
    lost: Option<Lost>,
}

/// Why it is over.
#[derive(Debug, Clone)]
pub(super) struct Lost {
    /// All that `ssh` said.
    pub(super) said: String,
    /// What the server said that is no SFTP.
    pub(super) broken: Option<String>,
}

impl Lost {
    fn words(&self) -> String {
        match &self.broken {
            Some(broken) => broken.clone(),
            None if self.said.trim().is_empty() => "it ended without a word".to_owned(),
            None => last_lines(&self.said),
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Channel {
    /// Begins to speak SFTP; answers the server's extensions.
    ///
    /// # Errors
    /// Why it did not come to that.
    pub(super) async fn begin(calling: Calling) -> Result<(Self, Vec<(String, String)>), Lost> {
        let (outgoing, requests) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared::default());
        let (greeted, greeting) = oneshot::channel();
        let carrying = tokio::spawn(carry(calling, requests, Arc::clone(&shared), greeted)).abort_handle();
        let channel = Self { shared, outgoing, carrying };
        let _ended_already = channel.outgoing.send(Request::init());
        match greeting.await {
            Ok(extensions) => Ok((channel, extensions)),
            Err(_ended) => {
                let lost = channel.shared.state().lost.clone();
                Err(lost.unwrap_or(Lost { said: String::new(), broken: None }))
            }
        }
    }

    /// Sends a request behind those before it; they are done in this order.
    pub(super) fn send(&self, mut request: Request) -> Coming {
        let (sender, receiver) = oneshot::channel();
        let mut state = self.shared.state();
        if state.lost.is_none() {
            state.next = state.next.wrapping_add(1);
            let number = state.next;
            request.number(number);
            if self.outgoing.send(request).is_ok() {
                state.waiting.insert(number, sender);
            }
        }
        drop(state);
        Coming { receiver, shared: Arc::clone(&self.shared) }
    }

    /// Whether it is over.
    pub(super) fn is_lost(&self) -> bool {
        self.outgoing.is_closed() || self.shared.state().lost.is_some()
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.carrying.abort();
    }
}

/// An answer that is to come.
pub(super) struct Coming {
    receiver: oneshot::Receiver<Reply>,
    shared: Arc<Shared>,
}

impl Coming {
    async fn reply(self) -> Result<Reply, No> {
        match self.receiver.await {
            Ok(Reply::Status(code, words)) => match No::of_status(code, words.clone()) {
                Some(no) => Err(no),
                None => Ok(Reply::Status(code, words)),
            },
            Ok(reply) => Ok(reply),
            Err(_lost) => {
                let lost = self.shared.state().lost.as_ref().map(Lost::words);
                Err(No::Lost(lost.unwrap_or_else(|| "it was given up".to_owned())))
            }
        }
    }

    /// That it was done.
    pub(super) async fn done(self) -> Result<(), No> {
        match self.reply().await? {
            Reply::Status(..) => Ok(()),
            _ => Err(No::confused()),
        }
    }

    /// What was opened.
    pub(super) async fn handle(self) -> Result<Bytes, No> {
        match self.reply().await? {
            Reply::Handle(handle) => Ok(handle),
            _ => Err(No::confused()),
        }
    }

    /// What was read.
    pub(super) async fn data(self) -> Result<Bytes, No> {
        match self.reply().await? {
            Reply::Data(data) => Ok(data),
            _ => Err(No::confused()),
        }
    }

    /// Names in a folder; the one name that was asked for.
    pub(super) async fn names(self) -> Result<Vec<Entry>, No> {
        match self.reply().await? {
            Reply::Names(names) => Ok(names),
            _ => Err(No::confused()),
        }
    }

    /// Attributes.
    pub(super) async fn attrs(self) -> Result<super::wire::Attrs, No> {
        match self.reply().await? {
            Reply::Attrs(attrs) => Ok(attrs),
            _ => Err(No::confused()),
        }
    }

    /// What an extension answers.
    pub(super) async fn extended(self) -> Result<Bytes, No> {
        match self.reply().await? {
            Reply::Extended(bytes) => Ok(bytes),
            _ => Err(No::confused()),
        }
    }
}

/// Carries until the connection ends, and says then why.
async fn carry(
    mut calling: Calling,
    requests: mpsc::UnboundedReceiver<Request>,
    shared: Arc<Shared>,
    greeted: oneshot::Sender<Vec<(String, String)>>,
) {
    // Whoever waits for the greeting is told that there is none when it is known why.
    let mut greeted = Some(greeted);
    let ending = Ending(&shared);
    let child = &mut calling.child;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (last_words, listening) = oneshot::channel::<()>();
    let mut said = Tail::default();
    let reading = async {
        let broken = read(stdout, &shared, &mut greeted).await;
        // Its last words come when its output has ended, or nobody listens any more.
        let _heard = tokio::time::timeout(LAST_WORDS, listening).await;
        broken
    };
    let hearing = async {
        hear(stderr, &mut said).await;
        drop(last_words);
        std::future::pending().await
    };
    let broken = tokio::select! {
        broken = reading => broken,
        () = write(stdin, requests) => None,
        () = hearing => None,
    };
    shared.state().lost = Some(Lost { said: said.text(), broken });
    drop(ending);
}

/// The end of a connection, also where it is given up.
struct Ending<'a>(&'a Shared);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.lost.get_or_insert_with(|| Lost { said: "it was given up".to_owned(), broken: None });
        // Their senders go, and that is the answer.
        state.waiting.clear();
    }
}

/// Hands answers to those who wait for them, until there are no more; answers what was no answer.
async fn read(
    stdout: Option<ChildStdout>,
    shared: &Shared,
    greeted: &mut Option<oneshot::Sender<Vec<(String, String)>>>,
) -> Option<String> {
    let mut stdout = BufReader::with_capacity(BUFFER_BYTES, stdout?);
    let first = match packet(&mut stdout).await? {
        Ok(first) => first,
        Err(broken) => return Some(broken),
    };
    let Some(extensions) = read_version(first) else {
        return Some("the server speaks no SFTP of version 3".to_owned());
    };
    if let Some(greeted) = greeted.take() {
        // Who connected may be gone.
        let _gone = greeted.send(extensions);
    }
    loop {
        let packet = match packet(&mut stdout).await? {
            Ok(packet) => packet,
            Err(broken) => return Some(broken),
        };
        let Some((number, reply)) = read_reply(packet) else {
            return Some("an answer of the server is none".to_owned());
        };
        if let Some(waiting) = shared.state().waiting.remove(&number) {
            // Who asked may be gone.
            let _gone = waiting.send(reply);
        }
    }
}

/// The next packet without its length; none where there are no more, and why it can be none where it is too long.
async fn packet(stdout: &mut BufReader<ChildStdout>) -> Option<Result<Bytes, String>> {
    let mut head = [0; 4];
    stdout.read_exact(&mut head).await.ok()?;
    let length = u32::from_be_bytes(head) as usize;
    if length > PACKET_BYTES_MAX {
        let begins = String::from_utf8_lossy(&head).into_owned();
        return Some(Err(format!(
            "what comes is no SFTP, and begins with {begins:?}: does the account's shell say something when it begins?"
        )));
    }
    let mut packet = BytesMut::zeroed(length);
    stdout.read_exact(&mut packet).await.ok()?;
    Some(Ok(packet.freeze()))
}

/// Sends what is to be sent, several at once where several wait. Never returns before the connection ends: that is told by what is read.
async fn write(stdin: Option<ChildStdin>, mut requests: mpsc::UnboundedReceiver<Request>) {
    if let Some(stdin) = stdin {
        let mut stdin = BufWriter::with_capacity(BUFFER_BYTES, stdin);
        while let Some(request) = requests.recv().await {
            let (head, body) = request.finish();
            let mut sent = stdin.write_all(&head).await;
            if sent.is_ok() {
                sent = stdin.write_all(&body).await;
            }
            if sent.is_ok() && requests.is_empty() {
                sent = stdin.flush().await;
            }
            if sent.is_err() {
                break;
            }
        }
    }
    std::future::pending().await
}

/// Keeps the end of what `ssh` says, until it says no more.
async fn hear(stderr: Option<ChildStderr>, said: &mut Tail) {
    let Some(mut stderr) = stderr else { return };
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = stderr.read(&mut buffer).await {
        said.push(buffer.get(..length).unwrap_or_default());
    }
}
