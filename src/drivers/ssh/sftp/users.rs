//! The user database of that host, asked by getent(1), as SFTP tells numbers alone.

use super::SftpTree;
use crate::ports::{Cause, Fault, Program, Users};

/// What getent(1) ends with where a key is in no table.
const NOT_FOUND: i32 = 2;

impl SftpTree {
    /// The first and the third field of an entry (passwd(5), group(5)): name and number. None where there is none.
    async fn entry(&self, table: &str, key: &str) -> Result<Option<(String, u32)>, Fault> {
        // Such a key would be another word, or no word.
        if key.is_empty() || key.starts_with('-') || key.contains([':', '\n', '\0']) {
            return Ok(None);
        }
        let words = [b"getent", table.as_bytes(), key.as_bytes()];
        let told = self.programs.run_words(&words, &Program::default()).await?;
        let action = || format!("ask for {key:?} in the table `{table}`");
        match told.status {
            Some(0) => {
                let fields: Vec<&str> = told.stdout_tail.lines().next().unwrap_or_default().split(':').collect();
                let found = match fields[..] {
                    [name, _, number, ..] => number.parse().ok().map(|number| (name.to_owned(), number)),
                    _ => None,
                };
                let strange = || Fault::permanent(Cause::Invalid, action(), "getent(1) there answers no entry of it");
                found.map(Some).ok_or_else(strange)
            }
            Some(NOT_FOUND) => Ok(None),
            _ => Err(Fault::permanent(
                Cause::Other,
                action(),
                format!("getent(1) failed there: {}", told.stderr_tail.trim()),
            )),
        }
    }

    async fn name(&self, table: &str, number: u32) -> Result<Option<String>, Fault> {
        let entry = self.entry(table, &number.to_string()).await?;
        Ok(entry.filter(|(_, found)| *found == number).map(|(name, _)| name))
    }

    /// A name that looks like a number would be taken for one.
    async fn number(&self, table: &str, name: &str) -> Result<Option<u32>, Fault> {
        let entry = self.entry(table, name).await?;
        Ok(entry.filter(|(found, _)| found == name).map(|(_, number)| number))
    }
}

#[async_trait::async_trait]
impl Users for SftpTree {
    async fn user_name(&self, uid: u32) -> Result<Option<String>, Fault> {
        self.name("passwd", uid).await
    }

    async fn group_name(&self, gid: u32) -> Result<Option<String>, Fault> {
        self.name("group", gid).await
    }

    async fn uid(&self, name: &str) -> Result<Option<u32>, Fault> {
        self.number("passwd", name).await
    }

    async fn gid(&self, name: &str) -> Result<Option<u32>, Fault> {
        self.number("group", name).await
    }
}
