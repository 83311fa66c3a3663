//! Queries to MySQL and MariaDB servers, over TCP.
//!
//! Invariants: a query cannot write; a password goes nowhere in clear text; nothing of this host is sent because a server asks for it.

use std::error::Error as _;
use std::time::Duration;

use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, DriverError, Error, IoError, Opts, OptsBuilder, ServerError, SslOpts};
use nix::unistd::{Uid, User};

use super::blocking::blocking;
use super::network::{PATIENCE, causes, transient};
use crate::ports::{Cause, Certainty, Fault, SqlQuery};
use crate::primitives::PathBytes;

/// A connection that is idle so long is asked whether it is still one: a query may take hours, and the server be gone meanwhile.
const KEEPALIVE: Duration = Duration::from_secs(30);
/// The longest answer that is taken, in bytes; the server's own default.
const PACKET_BYTES_MAX: usize = 16 << 20;
/// After so long a server may end an idle connection, in seconds. None is idle here; said so that the server is not asked for it.
const IDLE_S_MAX: usize = 28_800;
/// What makes the query one that cannot write, also where it ends the transaction first; and of many rows one is enough.
const FIRST: [&str; 3] =
    ["SET SESSION sql_select_limit = 1", "SET SESSION TRANSACTION READ ONLY", "START TRANSACTION READ ONLY"];

/// Whether the query yields a row; of many, only the first is waited for.
pub(super) async fn row(query: &SqlQuery) -> Result<bool, Fault> {
    let action = format!("ask {} port {}", query.host, query.port);
    let mut connection = match tokio::time::timeout(PATIENCE, connect(query, &action)).await {
        Ok(connected) => connected?,
        Err(_) => return Err(transient(action, format!("no answer within {} s", PATIENCE.as_secs()))),
    };
    for statement in FIRST {
        connection.query_drop(statement).await.map_err(|error| fault(&action, query, &error))?;
    }
    let mut answer =
        connection.query_iter(query.query.as_str()).await.map_err(|error| fault(&action, query, &error))?;
    let first = answer.next().await.map_err(|error| fault(&action, query, &error))?;
    Ok(first.is_some())
}

/// Encrypted; in clear where the server cannot, and nothing says that it must.
async fn connect(query: &SqlQuery, action: &str) -> Result<Conn, Fault> {
    let options = options(query, action)?;
    let encrypted = SslOpts::default();
    let encrypted = match &query.ca {
        // Whoever it is: better than to be read by all.
        None => encrypted.with_danger_accept_invalid_certs(true).with_danger_skip_domain_validation(true),
        Some(ca) => {
            encrypted.with_disable_built_in_roots(true).with_root_certs(vec![certificates(ca, action).await?.into()])
        }
    };
    match Conn::new(Opts::from(options.clone().ssl_opts(encrypted))).await {
        Err(Error::Driver(DriverError::NoClientSslFlagFromServer)) if query.ca.is_none() => {
            Conn::new(Opts::from(options)).await.map_err(|error| fault(action, query, &error))
        }
        answered => answered.map_err(|error| fault(action, query, &error)),
    }
}

fn options(query: &SqlQuery, action: &str) -> Result<OptsBuilder, Fault> {
    let user = match &query.user {
        Some(user) => Some(user.clone()),
        None => User::from_uid(Uid::effective()).ok().flatten().map(|user| user.name),
    };
    let password = query.password.as_ref().map(|password| password.text(action)).transpose()?;
    Ok(OptsBuilder::default()
        .ip_or_hostname(&query.host)
        .tcp_port(query.port)
        .user(user)
        .pass(password)
        .db_name(query.database.as_ref())
        // Else it would go on at whatever socket the server names.
        .prefer_socket(false)
        .tcp_keepalive(Some(KEEPALIVE))
        .max_allowed_packet(Some(PACKET_BYTES_MAX))
        .wait_timeout(Some(IDLE_S_MAX)))
}

async fn certificates(ca: &PathBytes, action: &str) -> Result<Vec<u8>, Fault> {
    let (path, action) = (ca.to_path(), format!("{action}: read the certificates {ca}"));
    #[expect(clippy::disallowed_methods, reason = "this is the port on real servers")]
    let read = move || std::fs::read(&path).map_err(|error| Fault::from_io(action, &error));
    blocking("read certificates", read).await
}

/// What an error means. What is not known to be for good may pass.
fn fault(action: &str, query: &SqlQuery, error: &Error) -> Fault {
    let for_good = |cause, answer: String| Fault::permanent(cause, action, answer);
    match error {
        Error::Server(said) => refused(action, said),
        Error::Driver(DriverError::NoClientSslFlagFromServer) => {
            for_good(Cause::Invalid, "the server cannot encrypt, and `ca` says that it must".into())
        }
        Error::Driver(
            refused @ (DriverError::UnknownAuthPlugin { .. }
            | DriverError::MysqlOldPasswordDisabled
            | DriverError::CleartextPluginDisabled),
        ) => for_good(
            Cause::Denied,
            format!("the server wants the password in a way that is not safe or not known: {refused}"),
        ),
        Error::Io(error) if query.ca.is_some() && is_of_encryption(error) => {
            for_good(Cause::Invalid, format!("the server is not the one that `ca` vouches for: {error}"))
        }
        other => transient(action.to_owned(), other.source().map_or_else(|| other.to_string(), causes)),
    }
}

/// Whether it is about who the server is, or how it encrypts; what is read while hands are shaken comes in an error of reading.
fn is_of_encryption(error: &IoError) -> bool {
    match error {
        IoError::Tls(_) => true,
        IoError::Io(error) => error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()),
    }
}

/// What the server said (<https://mariadb.com/kb/en/mariadb-error-code-reference/>, <https://dev.mysql.com/doc/mysql-errors/8.4/en/>).
fn refused(action: &str, said: &ServerError) -> Fault {
    let answer = format!("{} ({})", said.message, said.code);
    let permanent = |cause| Fault::permanent(cause, action, answer.clone());
    match said.code {
        // No such user, no password or another, no right to the database, the table or the column, not from this host, locked, expired.
        1044 | 1045 | 1130 | 1142 | 1143 | 1227 | 1251 | 1524 | 1698 | 1820 | 1862 | 3118 | 4151 => {
            permanent(Cause::Denied)
        }
        1049 => permanent(Cause::NotFound),
        // No SQL, nothing at all, or what would write.
        1064 | 1065 | 1149 | 1792 => permanent(Cause::Invalid),
        // Too many connections, about to end, killed, waited for in vain.
        1040 | 1053 | 1203 | 1205 | 1213 | 1317 | 1927 => {
            Fault { certainty: Certainty::Transient, ..permanent(Cause::Other) }
        }
        _ => permanent(Cause::Other),
    }
}
