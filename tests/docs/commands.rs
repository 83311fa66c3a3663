//! Every command that a page shows in a block is typed, in a folder that has what the page speaks of.
//!
//! The [tutorial](super::tutorial) and the page of the night type their own, and hold what they print.

use std::path::{Path, PathBuf};

use regex::Regex;

use super::shell;

/// The pages whose commands are typed here.
const PAGES: [&str; 5] = ["README.md", "docs/amazon.md", "docs/guide.md", "docs/operating.md", "docs/review.md"];

/// What stands for something of the reader's own, and what it is here. `/etc/sonae` and `/tmp` are whoever's the tests are.
const HERE: [(&str, &str); 7] = [
    ("/etc/sonae/", ""),
    ("/tmp/looking", "looking"),
    (" PLAN", " worked.kdl"),
    (" STORE", " vault"),
    ("$CI_MERGE_REQUEST_DIFF_BASE_SHA", "main"),
    // It says the same of fewer.
    ("--seeds 5000", "--seeds 3"),
    ("rehearse sonae.kdl\n", "rehearse sonae.kdl --seeds 3\n"),
];

/// Commands for which nothing is at hand, with what they are told: a point of a time or a host, and runs that wait, ended in the middle, or put something into
/// service.
const WITHOUT: [(&str, i32, &str); 6] = [
    ("--at \"2026-03-01 05:30\"", 1, "the oldest is of"),
    ("--from-host web-1", 1, "there is none of host web-1"),
    ("sonae approve 2", 64, "there is no run"),
    ("sonae resume 2", 64, "there is no run"),
    ("sonae resume", 1, "no run of this host can be resumed"),
    ("sonae roll-back 2", 64, "there is no run"),
];

const PLAN: &str = r#"plan "home"
store "here" {
    local path="sonae-store"
}
target "documents" {
    files "notes"
    objective rpo="25h"
    backup "daily" {
        schedule "daily" at="05:30"
        archive "tar.zip"
        store "here"
        retention generations=7 within="7d"
        takes "5m"
    }
}
restore "documents" {
    recover "documents" {
        into path="sonae-restored"
    }
}
"#;

/// A folder with plans of every name that the pages use, in a repository that was fetched from another.
struct Home {
    _temporary: tempfile::TempDir,
    folder: PathBuf,
}

impl Home {
    fn new(page: &str) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let home = Self { folder: temporary.path().join("home"), _temporary: temporary };
        for folder in ["notes", "plans"] {
            std::fs::create_dir_all(home.folder.join(folder)).unwrap();
        }
        std::fs::write(home.folder.join("notes/a.txt"), "remember\n").unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        std::fs::copy(root.join("plans/smaregi.kdl"), home.folder.join("worked.kdl")).unwrap();
        let mut plans = vec!["home.kdl", "home.kdl.before", "plan.kdl", "plans/shop.kdl"];
        // The first page begins with nothing.
        if page != "README.md" {
            plans.extend(["sonae.kdl", "sonae.kdl.before", "old.kdl"]);
        }
        for plan in plans {
            std::fs::write(home.folder.join(plan), PLAN).unwrap();
        }
        for line in [
            "sonae accept plans/shop.kdl",
            "git init --quiet --initial-branch=main",
            "git add --all",
            "git commit --quiet --message=plans",
            "git update-ref refs/remotes/origin/main main",
            "sonae run plan.kdl --all --quiet",
            "sonae run plan.kdl --all --quiet --host OLD-HOST",
        ] {
            home.types(line);
        }
        home
    }

    /// What a line prints that has to end well.
    fn types(&self, line: &str) -> String {
        let (status, told) = shell(line, &self.folder);
        assert_eq!(status, 0, "{line}\n{told}");
        told
    }

    /// A name of what there is: `points` has those of points, `history` those of runs.
    fn newest(&self, asked: &str) -> Option<String> {
        let told = self.types(asked);
        let name = Regex::new(r"\d{8}T\d{6}Z-[0-9a-f]{8}").unwrap();
        name.find(&told).map(|found| found.as_str().to_owned())
    }

    fn plan(&self) -> &'static str {
        if self.folder.join("sonae.kdl").exists() { "sonae.kdl" } else { "plan.kdl" }
    }

    /// A line of a page with what is here in the place of what the reader has.
    fn of_here(&self, line: &str) -> String {
        let mut here = format!("{line}\n");
        for (theirs, ours) in HERE {
            here = here.replace(theirs, ours);
        }
        let name = Regex::new(r"\d{8}T\d{6}Z-[0-9a-f]{8}").unwrap();
        if here.contains("--point ")
            && let Some(point) = self.newest(&format!("sonae points {}", self.plan()))
        {
            here = name.replace(&here, point).into_owned();
        } else if here.contains("history show")
            && let Some(run) = self.newest("sonae history")
        {
            here = name.replace(&here, run).into_owned();
        }
        here.trim_end().to_owned()
    }

    /// What is wrong with a line of a page.
    fn amiss(&self, page: &str, line: &str) -> Option<String> {
        for folder in ["sonae-restored", "looking"] {
            if self.folder.join(folder).exists() {
                std::fs::remove_dir_all(self.folder.join(folder)).unwrap();
            }
        }
        let here = self.of_here(line);
        let (status, told) = shell(&here, &self.folder);
        let is_well = match WITHOUT.iter().find(|(part, ..)| line.contains(part)) {
            Some((_, expected, says)) => status == *expected && told.contains(says),
            None => [0, 2, 3].contains(&status),
        };
        (!is_well).then(|| format!("{page}: {here}\n{told}\nexit {status}"))
    }
}

/// The commands of a page's blocks, without what is said of them.
fn commands(page: &str) -> Vec<String> {
    let (mut found, mut block): (_, Option<&str>) = (vec![], None);
    let said = Regex::new(r#"^((?:"[^"]*"|[^" ]| [^ #"]| "[^"]*")*).*$"#).unwrap();
    for line in page.lines() {
        if let Some(info) = line.strip_prefix("```") {
            block = if block.is_some() { None } else { Some(info) };
            continue;
        }
        let line = line.trim_start().trim_start_matches("$ ");
        if block.is_some_and(|info| !info.starts_with("kdl")) && line.starts_with("sonae ") {
            let command = said.captures(line).map_or(line, |found| found.get(1).map_or(line, |part| part.as_str()));
            let command = command.split(" | ").next().unwrap_or(command).split(" || ").next().unwrap_or(command);
            found.push(command.trim_end().to_owned());
        }
    }
    found
}

#[test]
fn every_command_of_the_pages_is_typed() {
    let (mut typed, mut amiss) = (0, vec![]);
    for page in PAGES {
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(page)).unwrap();
        let home = Home::new(page);
        for command in commands(&text) {
            amiss.extend(home.amiss(page, &command));
            typed += 1;
        }
    }
    assert!(amiss.is_empty(), "{}", amiss.join("\n\n"));
    assert!(typed >= 55, "{typed}");
}

#[test]
fn commands_are_told_from_what_is_said_of_them() {
    let page = "sonae no\n```text\n$ sonae init    writes it\nsonae a --at \"x  y # z\"  # why\n# sonae b\n  sonae c | dot > d\nother\n```\nsonae no\n```kdl\nsonae d\n```\n";
    assert_eq!(commands(page), ["sonae init", "sonae a --at \"x  y # z\"", "sonae c"]);
}
