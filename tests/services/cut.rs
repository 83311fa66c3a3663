//! A wire to a server of HTTP on which one answer is lost: what was asked for is done, and whoever asked never hears of it.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

/// The wire; it is there until the test's process ends.
pub(crate) struct Wire {
    address: SocketAddr,
    shared: Arc<Shared>,
    lost: Receiver<()>,
}

struct Shared {
    server: SocketAddr,
    /// Which of the requests that change something loses its answer; none where this is 0.
    victim: AtomicU32,
    seen: AtomicU32,
    /// What was asked, a line each.
    asked: Mutex<Vec<String>>,
    /// All of it up to its body, whatever it asks.
    heads: Mutex<Vec<String>>,
    lost: Mutex<Sender<()>>,
}

impl Wire {
    /// To the server at that address, `http://…`.
    pub(crate) fn to(endpoint: &str) -> Self {
        let server = endpoint.trim_start_matches("http://").parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, lost) = channel();
        let shared = Arc::new(Shared {
            server,
            victim: AtomicU32::new(0),
            seen: AtomicU32::new(0),
            asked: Mutex::default(),
            heads: Mutex::default(),
            lost: Mutex::new(sender),
        });
        let of_all = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let shared = Arc::clone(&of_all);
                std::thread::spawn(move || shared.serve(client.unwrap()));
            }
        });
        Self { address, shared, lost }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on the answer to that request of those that change something is lost. They are counted from 1.
    pub(crate) fn lose(&self, nth: u32) {
        self.shared.seen.store(0, Ordering::SeqCst);
        self.shared.asked.lock().unwrap().clear();
        self.shared.victim.store(nth, Ordering::SeqCst);
        while self.lost.try_recv().is_ok() {}
    }

    /// What was asked since that was asked for last, each request up to its body.
    pub(crate) fn heads(&self) -> Vec<String> {
        std::mem::take(&mut *self.shared.heads.lock().unwrap())
    }

    /// Whether an answer was lost, by now.
    pub(crate) fn has_lost(&self) -> bool {
        self.lost.try_recv().is_ok()
    }

    /// What changed something since then, a line each: method and path.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.shared.asked.lock().unwrap().clone()
    }
}

impl Shared {
    /// Hands over one request after the other.
    fn serve(&self, client: TcpStream) {
        let Ok(mut server) = TcpStream::connect(self.server) else { return };
        let cut = Arc::new(AtomicBool::new(false));
        let back = (server.try_clone().unwrap(), client.try_clone().unwrap());
        let (hears, told) = (Arc::clone(&cut), self.lost.lock().unwrap().clone());
        std::thread::spawn(move || hand_back(back, &hears, &told));
        let mut client = BufReader::new(client);
        while let Some(head) = head(&mut client) {
            self.heads.lock().unwrap().push(head.clone());
            if self.is_victim(&head) {
                cut.store(true, Ordering::SeqCst);
            }
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<u64>().unwrap())
            });
            let sent = server.write_all(head.as_bytes());
            let body = &mut client.by_ref().take(length.unwrap_or(0));
            if sent.and_then(|()| std::io::copy(body, &mut server)).is_err() {
                return;
            }
        }
    }

    fn is_victim(&self, head: &str) -> bool {
        let line = head.lines().next().unwrap_or_default();
        if line.starts_with("GET ") || line.starts_with("HEAD ") {
            return false;
        }
        self.asked.lock().unwrap().push(line.trim_end_matches(" HTTP/1.1").to_owned());
        self.seen.fetch_add(1, Ordering::SeqCst) + 1 == self.victim.load(Ordering::SeqCst)
    }
}

/// A request up to its body; none at the end.
fn head(client: &mut BufReader<TcpStream>) -> Option<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if client.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    Some(head)
}

/// Hands answers back, but for the one that is lost. That a server goes on listening is no answer.
fn hand_back((mut server, mut client): (TcpStream, TcpStream), cut: &AtomicBool, told: &Sender<()>) {
    let mut buffer = vec![0; 1 << 16];
    loop {
        let length = match server.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(length) => length,
        };
        let bytes = &buffer[..length];
        if cut.load(Ordering::SeqCst) && !bytes.starts_with(b"HTTP/1.1 100") {
            let _nobody_listens = told.send(());
            break;
        }
        if client.write_all(bytes).is_err() {
            break;
        }
    }
    let _gone = client.shutdown(std::net::Shutdown::Both);
}
