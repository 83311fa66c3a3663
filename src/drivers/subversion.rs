//! Repositories of Subversion, by its own program, svn(1): it knows the account's certificates and passwords.
#![expect(clippy::disallowed_types, reason = "the folder that a real program exports into is made")]

use std::os::unix::fs::DirBuilderExt as _;

use jiff::Timestamp;

use super::blocking::blocking;
use super::process::Processes;
use crate::ports::{
    Cause, Certainty, CommandExit, CommandRun as _, Fault, Program, Revision, Subversion, SubversionRead,
};
use crate::primitives::PathBytes;

/// Runs svn(1), which must be installed where it is asked for anything.
#[derive(Debug, Clone, Copy, Default)]
pub struct SvnPrograms;

#[async_trait::async_trait]
impl SubversionRead for SvnPrograms {
    async fn last_changed(&self, url: &str) -> Result<Revision, Fault> {
        let action = || format!("look at {url}");
        // What stands behind the last `@` is a revision: none, so that one in the URL is part of it.
        let exit = svn(&["info", "--xml", "--non-interactive", &format!("{url}@")], None, action).await?;
        revision(&exit.stdout_tail).ok_or_else(|| {
            let answer = format!("svn(1) answered what is not understood: {}", exit.stdout_tail.trim());
            Fault::permanent(Cause::Invalid, action(), answer)
        })
    }
}

#[async_trait::async_trait]
impl Subversion for SvnPrograms {
    async fn export(&self, url: &str, revision: u64, into: &PathBytes) -> Result<(), Fault> {
        let (above, name) = (into.to_path(), into.to_path());
        let (Some(above), Some(name)) = (above.parent(), name.file_name().and_then(|name| name.to_str())) else {
            return Err(Fault::permanent(Cause::Invalid, format!("export into {into}"), "it is no folder's name"));
        };
        let folder = above.to_owned();
        blocking("make the folder for an export", move || {
            let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder);
            made.map_err(|error| Fault::from_io(format!("make {}", folder.display()), &error))
        })
        .await?;
        let (number, from) = (revision.to_string(), format!("{url}@{revision}"));
        let words = ["export", "--quiet", "--non-interactive", "--revision", &number, &from, name];
        let folder = PathBytes::from_path(above);
        svn(&words, Some(folder), || format!("export {url} at revision {revision}")).await.map(drop)
    }
}

async fn svn(words: &[&str], folder: Option<PathBytes>, action: impl Fn() -> String) -> Result<CommandExit, Fault> {
    let argv = ["svn"].iter().chain(words).map(|word| (*word).to_owned()).collect();
    // Names are UTF-8 in repositories; in the plain C locale others than ASCII ones could not be written.
    let environment = [("LC_ALL".to_owned(), "C.UTF-8".to_owned())].into();
    let exit =
        Processes.run(&Program { argv, environment, folder, ..Program::default() }).await.map_err(
            |fault| match fault.cause {
                Cause::NotFound => {
                    Fault { action: action(), answer: "svn(1) is needed: install Subversion".into(), ..fault }
                }
                _ => fault,
            },
        )?;
    let said = exit.stderr_tail.clone();
    exit.succeeded(&action).map_err(|fault| classified(fault, &said))
}

/// Why, by the numbers of what svn(1) says (`svn_error_codes.h` of Subversion 1.14).
fn classified(fault: Fault, said: &str) -> Fault {
    let is_said = |codes: &[&str]| codes.iter().any(|code| said.contains(code));
    // An untrusted certificate, no password, no right.
    let (cause, certainty) = if is_said(&["E230001", "E215004", "E170001"]) {
        (Cause::Denied, Certainty::Permanent)
    // No such path, repository or revision.
    } else if is_said(&["E160013", "W160013", "E170000", "W170000", "E180001", "E160006"]) {
        (Cause::NotFound, Certainty::Permanent)
    } else if said.contains("E000028") {
        (Cause::Full, Certainty::Permanent)
    } else if is_said(&["E155000", "E000017"]) {
        (Cause::Exists, Certainty::Permanent)
    // It does not answer, or is cut off.
    } else if is_said(&["E170013", "E210002", "E120108", "E175012"]) {
        (Cause::Other, Certainty::Transient)
    } else {
        (Cause::Other, Certainty::Permanent)
    };
    Fault { cause, certainty, ..fault }
}

/// The last change that an answer in XML tells of (`svn-info.rnc` of Subversion).
fn revision(xml: &str) -> Option<Revision> {
    let document = roxmltree::Document::parse(xml).ok()?;
    let commit = document.descendants().find(|node| node.has_tag_name("commit"))?;
    let text = |name: &str| commit.children().find(|node| node.has_tag_name(name))?.text().map(str::to_owned);
    Some(Revision {
        number: commit.attribute("revision")?.parse().ok()?,
        committed: text("date")?.parse::<Timestamp>().ok()?,
        author: text("author"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read() {
        let xml = r#"<?xml version="1.0" encoding="UTF-8"?>
<info><entry kind="dir" path="trunk" revision="9"><url>file:///srv/svn/trunk</url>
<commit revision="7"><author>r&#252;diger</author><date>2026-03-01T05:30:02.123456Z</date></commit></entry></info>"#;
        let found = revision(xml).unwrap();
        assert_eq!((found.number, found.author.as_deref()), (7, Some("rüdiger")));
        assert_eq!(found.committed.to_string(), "2026-03-01T05:30:02.123456Z");
        assert_eq!(revision("svn: E170013"), None);
    }

    #[test]
    fn what_may_pass_is_told_from_what_does_not() {
        let of = |said: &str| {
            let fault = classified(Fault::permanent(Cause::Other, "look", said), said);
            (fault.cause, fault.certainty)
        };
        let refused =
            "svn: E170013: Unable to connect to a repository at URL 'svn://127.0.0.1:1/x'\nsvn: E000111: Can't connect";
        assert_eq!(of(refused), (Cause::Other, Certainty::Transient));
        let denied = "svn: E170013: Unable to connect to a repository\nsvn: E170001: Authorization failed";
        assert_eq!(of(denied), (Cause::Denied, Certainty::Permanent));
        let gone =
            "svn: warning: W160013: URL 'file:///r/x' non-existent in revision 2\nsvn: E200009: Could not display info";
        assert_eq!(of(gone), (Cause::NotFound, Certainty::Permanent));
    }
}
