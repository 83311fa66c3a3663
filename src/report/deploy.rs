//! Releases: what would be deployed, and what was.

use std::fmt::Write as _;

use super::outcome::named;
use super::words::{counted, time};
use crate::forecast::Deployment;
use crate::primitives::{ByteSize, HostPath, on_one_line};
use crate::steps::Deployed;

/// What a deployment is about, and lines of detail.
pub(super) fn forecast(of: &Deployment, timezone: &str) -> (String, Vec<String>) {
    let place = HostPath { host: of.on.clone(), path: of.into.clone() };
    let mut details = vec![format!("from {}", of.from)];
    if let Some(revision) = &of.revision {
        let by = revision.author.as_ref().map_or_else(String::new, |author| format!(" by {}", on_one_line(author)));
        details.push(format!("revision {} of {}{by}", revision.number, time(revision.committed, timezone)));
    }
    if let Some(fault) = &of.unseen {
        details.push(format!(
            "it cannot be looked at now, and will be when the step begins: {}",
            on_one_line(&fault.answer)
        ));
    }
    if let Some(size) = of.size {
        details.push(format!("{}, its digest is looked at before anything is unpacked", ByteSize(size)));
    }
    if let Some(link) = &of.link {
        let was = match &link.was {
            Some(was) => format!("; it points to {was} now, which stays"),
            None => "; nothing is there now".to_owned(),
        };
        details.push(format!("then {} points to it{was}", link.link));
    }
    details.extend(of.leftovers.iter().map(|folder| format!("removes {folder}, which a killed restore left")));
    (format!("{} into {place}", of.target), details)
}

/// What was deployed.
pub(super) fn outcome(deployed: &Deployed, of: &Deployment, lines: &mut String) {
    let revision = deployed.revision.map_or_else(String::new, |revision| format!(" revision {revision},"));
    let holds = format!("{}, {}", counted(deployed.totals.files, "file"), ByteSize(deployed.totals.bytes));
    let _ = writeln!(lines, "{}: deployed{revision} {holds}", of.target);
    let _ = writeln!(lines, "  into       {}", HostPath { host: of.on.clone(), path: of.into.clone() });
    if let Some(link) = &of.link {
        let _ = writeln!(lines, "  in place   {}, which points to it", link.link);
    }
    if let Some(previous) = &deployed.previous {
        let _ = writeln!(lines, "  kept       {previous}, to which it pointed until now");
    }
    for folder in &deployed.removed {
        let _ = writeln!(lines, "  removed    {folder}, which a killed restore left");
    }
    named("left over", &deployed.not_removed, "killed restores left them, and they could not be removed", lines);
    named("not set", &deployed.unset, "this user or file system may not set all that they had", lines);
}
