//! Names of users and groups, and their numbers, as a host has them (passwd(5), group(5), nsswitch.conf(5)).

use super::Fault;

/// The user database of the host that a tree is on: the numbers in its [`super::Meta`] mean what this says. None where there is
/// no such name or number. A call may ask a server.
#[async_trait::async_trait]
pub trait Users: Send + Sync {
    /// The name of a user.
    ///
    /// # Errors
    /// When the database cannot be asked.
    async fn user_name(&self, uid: u32) -> Result<Option<String>, Fault>;

    /// The name of a group.
    ///
    /// # Errors
    /// When the database cannot be asked.
    async fn group_name(&self, gid: u32) -> Result<Option<String>, Fault>;

    /// The number of a user.
    ///
    /// # Errors
    /// When the database cannot be asked.
    async fn uid(&self, name: &str) -> Result<Option<u32>, Fault>;

    /// The number of a group.
    ///
    /// # Errors
    /// When the database cannot be asked.
    async fn gid(&self, name: &str) -> Result<Option<u32>, Fault>;
}
