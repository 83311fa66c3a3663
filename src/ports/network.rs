//! What others serve, looked at from this host. Nothing is sent but the question.

use super::Fault;

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
}
