//! The forecast of a release that is put on a host.

use serde::{Deserialize, Serialize};

use super::restore::leftovers;
use super::{Action, Circumstances, ForecastStep, framed};
use crate::graph::{ReleaseSource, Step, StepKind, release_place};
use crate::observe::{DestinationSeen, LinkSeen, Observed, ReleaseSeen, release_folder, staging};
use crate::ports::{Cause, Certainty, Fault, Revision};
use crate::primitives::{ByteSize, HostPath, Name, PathBytes, RunId};

/// A release that is put on a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Deployment {
    /// Whose.
    pub target: Name,
    /// Where it is.
    pub from: ReleaseSource,
    /// Of a repository, which revision. Where it could not be said it is asked for when the step runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<Revision>,
    /// Why the release could not be looked at, where that may pass: an earlier step may be what brings its server back. It is looked at
    /// again when the step runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unseen: Option<Fault>,
    /// Of an archive, its bytes, where they were seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// The folder that it gets, which is of this run alone.
    pub into: PathBytes,
    /// On which other host, as the plan names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
    /// Where it is made before it gets its name.
    pub staging: PathBytes,
    /// Where what a repository holds is put first, on this host; it is removed then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fetched: Option<PathBytes>,
    /// What killed restores left beside it: it is removed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leftovers: Vec<PathBytes>,
    /// The link that is set to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<LinkMove>,
    /// Bytes free where it goes, when the forecast was made.
    pub free: Option<u64>,
}

impl Deployment {
    /// What the folders of such releases are called after.
    pub fn place(&self) -> HostPath {
        let above = self.into.to_path().parent().map(PathBytes::from_path).unwrap_or_default();
        release_place(&HostPath { host: self.on.clone(), path: above }, &self.target)
    }
}

/// A link that is set to a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct LinkMove {
    /// The link.
    pub link: PathBytes,
    /// Where it pointed when the forecast was made. What is there stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<PathBytes>,
}

/// The forecast of the step.
pub(super) fn deploy(step: &Step, observed: &Observed, who: &Circumstances, run: &RunId) -> ForecastStep {
    let StepKind::Deploy { target, from, into, link, .. } = &step.kind else { super::not_of_this_slice(&step.kind) };
    let place = release_place(into, target);
    let there = observed.destinations.get(&place);
    let seen = observed.releases.get(from);
    let at_link = |link: &PathBytes| observed.links.get(&HostPath { host: into.host.clone(), path: link.clone() });
    let (revision, size) = match seen {
        Some(Ok(ReleaseSeen::Revision(revision))) => (Some(revision.clone()), None),
        Some(Ok(ReleaseSeen::Archive(size))) => (None, Some(*size)),
        _ => (None, None),
    };
    let is_svn = matches!(from, ReleaseSource::Subversion { .. });
    let deployment = Deployment {
        target: target.clone(),
        from: from.clone(),
        revision,
        unseen: seen.and_then(|seen| seen.as_ref().err()).filter(|fault| may_pass(fault)).cloned(),
        size,
        into: release_folder(&place.path, run),
        on: into.host.clone(),
        staging: staging(&place.path, run),
        fetched: is_svn.then(|| who.fetched.join(format!("{run}-{}", step.id.0).as_bytes())),
        leftovers: leftovers(there, observed),
        link: link.as_ref().map(|link| LinkMove {
            link: link.clone(),
            was: match at_link(link) {
                Some(Ok(LinkSeen::To(was))) => Some(was.clone()),
                _ => None,
            },
        }),
        free: there.and_then(|there| there.free.as_ref().ok()).copied(),
    };
    let foreseen = seen
        .and_then(|seen| seen.as_ref().err().filter(|fault| !may_pass(fault)).cloned())
        .or_else(|| there.and_then(|there| place_fault(into, there, size)))
        .or_else(|| link.as_ref().and_then(|link| link_fault(link, at_link(link)?)));
    framed(step, Action::Deploy(Box::new(deployment)), foreseen)
}

fn may_pass(fault: &Fault) -> bool {
    fault.certainty != Certainty::Permanent
}

/// Why nothing can be put there. A release takes more than its archive, how much is not known.
fn place_fault(into: &HostPath, there: &DestinationSeen, size: Option<u64>) -> Option<Fault> {
    match (&there.exists, &there.free) {
        (Err(fault), _) => Some(fault.clone()),
        (_, Ok(free)) if size.is_some_and(|size| *free < size) => {
            let (needed, free) = (ByteSize(size.unwrap_or_default()), ByteSize(*free));
            let answer = format!("its archive alone has {needed}, and {free} are free");
            Some(Fault::permanent(Cause::Full, format!("deploy into {into}"), answer))
        }
        _ => None,
    }
}

/// Why a link cannot be set.
fn link_fault(link: &PathBytes, seen: &Result<LinkSeen, Fault>) -> Option<Fault> {
    match seen {
        Err(fault) => Some(fault.clone()),
        Ok(LinkSeen::Other) => Some(Fault::permanent(
            Cause::Exists,
            format!("point {link} to the release"),
            "something that is no link is there, and nothing is replaced but a link: move it away",
        )),
        Ok(LinkSeen::Nothing | LinkSeen::To(_)) => None,
    }
}
