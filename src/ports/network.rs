//! What others serve, looked at from this host. Nothing is sent but the question.

use super::{Fault, Revealed};
use crate::primitives::PathBytes;

/// A question to a database server of MySQL's kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlQuery {
    /// The query.
    pub query: String,
    /// The server's name in DNS, or its IP address.
    pub host: String,
    /// The TCP port.
    pub port: u16,
    /// As whom; the account that this process runs as, where there is none.
    pub user: Option<String>,
    /// That user's password; none is given where there is none.
    pub password: Option<Revealed>,
    /// The database that names without one belong to.
    pub database: Option<String>,
    /// The file of the certificates (PEM) of which one must vouch for the server's name. Without it the connection is encrypted where the
    /// server can, whoever it is.
    pub ca: Option<PathBytes>,
}

/// Looks at what is served.
#[async_trait::async_trait]
pub trait Network: Send + Sync {
    /// The status with which a page answers a GET (RFC 9110); another that it leads to is not followed.
    ///
    /// # Errors
    /// `Invalid` where the URL is none; `Transient` where nothing answers within ten seconds.
    async fn http_status(&self, url: &str) -> Result<u16, Fault>;

    /// Returns when a connection to a TCP port was made, which is then closed.
    ///
    /// # Errors
    /// `Transient` where nothing takes it within ten seconds.
    async fn tcp_connect(&self, host: &str, port: u16) -> Result<(), Fault>;

    /// Whether a query yields a row. It is asked in a transaction that can only read. A connection is made within ten seconds; the query takes
    /// as long as it takes, and is given up when the future is dropped.
    ///
    /// # Errors
    /// `Denied` where the server refuses the user; `NotFound` where it has no such database, or the file of the certificates is not there;
    /// `Invalid` where the query is no SQL, is no reading one, or the server is not the one that the certificates vouch for; `Other` for what
    /// the server says else; `Transient` where nothing answers.
    async fn sql_row(&self, query: &SqlQuery) -> Result<bool, Fault>;
}
