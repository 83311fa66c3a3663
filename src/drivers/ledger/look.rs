//! A ledger opened so that nothing of it changes: no file is made, none is locked for others, none is written.
//!
//! Unaware of what is read. Invariant: what cannot be read without a change is not read. What another process has written and not yet put
//! into the file itself may be missing.

use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::schema::{self, Unusable};
use super::{BUSY, beside, inode};

/// The connection to a file that is there.
pub(super) fn open(file: &Path) -> Result<Connection, Unusable> {
    // Where nobody has written since it was last closed there is no log, and the file is all there is (sqlite.org/uri.html: `immutable`).
    // Else the log is read with the index of it that is there; none is made (`readonly_shm`).
    let is_closed = inode(&beside(file, "-wal")).is_err();
    let how = if is_closed { "immutable=1" } else { "mode=ro&readonly_shm=1" };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(format!("file:{}?{how}", escaped(file)), flags)?;
    connection.busy_timeout(BUSY)?;
    schema::require(&connection)?;
    Ok(connection)
}

/// A path as it stands in a URI (RFC 3986).
fn escaped(file: &Path) -> String {
    let mut text = String::new();
    for byte in file.as_os_str().as_bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' => text.push(char::from(*byte)),
            byte if byte.is_ascii_alphanumeric() => text.push(char::from(*byte)),
            byte => drop(write!(text, "%{byte:02X}")),
        }
    }
    text
}
