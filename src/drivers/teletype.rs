//! The terminal that controls this process (tty(4)), whatever standard output and standard error are.
//!
//! Unaware of what is asked. Invariant: only one asks at a time, and nobody is handed what was typed before it was asked.
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "this is the port on the real terminal")]

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::sync::OnceLock;

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::{Mutex, MutexGuard};

/// What is typed, a line each. One thread reads as long as the process lives: a read of a terminal cannot be called off, and whoever ends the
/// program must not have to type first.
static TYPED: OnceLock<Mutex<UnboundedReceiver<String>>> = OnceLock::new();

/// The terminal.
#[derive(Debug)]
pub struct Teletype(File);

/// The terminal, where nobody else asks.
#[derive(Debug)]
pub struct Asking<'t> {
    terminal: &'t Teletype,
    typed: MutexGuard<'static, UnboundedReceiver<String>>,
}

impl Teletype {
    /// Opens it.
    ///
    /// # Errors
    /// When this process has none.
    pub fn open() -> io::Result<Self> {
        OpenOptions::new().read(true).write(true).open("/dev/tty").map(Self)
    }

    /// Has it for oneself; what was typed until then is dropped.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn ask(&self) -> io::Result<Asking<'_>> {
        let typed = match TYPED.get() {
            Some(typed) => typed,
            None => {
                let lines = read_on(self.0.try_clone()?);
                TYPED.get_or_init(|| Mutex::new(lines))
            }
        };
        let mut typed = typed.lock().await;
        while typed.try_recv().is_ok() {}
        Ok(Asking { terminal: self, typed })
    }
}

fn read_on(file: File) -> UnboundedReceiver<String> {
    let (sender, lines) = unbounded_channel();
    std::thread::spawn(move || {
        // The end of what can be typed ends the thread, and with it the channel.
        let mut typed = BufReader::new(file).lines().map_while(Result::ok);
        while typed.next().is_some_and(|line| sender.send(line).is_ok()) {}
    });
    lines
}

impl Asking<'_> {
    /// Writes to it. Where that cannot be done nobody sits there.
    pub fn say(&self, text: &str) {
        let mut terminal = &self.terminal.0;
        let _nobody = terminal.write_all(text.as_bytes());
    }

    /// The next line that is typed; none where nothing more can be.
    pub async fn line(&mut self) -> Option<String> {
        self.typed.recv().await
    }
}
