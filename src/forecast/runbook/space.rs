//! The space that a restore needs, for each file system that it puts something on.
//!
//! Invariant: what comes to one file system is summed; where nobody can tell which one a folder is on, what goes into one folder is.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::forecast::{Action, Outlook, Recovery};
use crate::observe::Observed;
use crate::primitives::{HostPath, PathBytes};

/// What goes to one file system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Space {
    /// On which other host, as the plan names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The folders that are made there.
    pub folders: Vec<PathBytes>,
    /// Bytes that come there; none where that is not known of one of them.
    pub needed: Option<u64>,
    /// Bytes free there; none where that could not be found out.
    pub free: Option<u64>,
}

impl Space {
    /// Whether more comes there than there is room for, as far as that is known.
    pub fn is_short(&self) -> bool {
        matches!((self.needed, self.free), (Some(needed), Some(free)) if needed > free)
    }
}

/// Where something goes: the host, and the file system, or else the folder above.
type Place = (Option<String>, Result<u64, PathBytes>);

/// What all recoveries come to, in the order of their first.
pub(super) fn space(outlook: &Outlook, observed: Option<&Observed>) -> Vec<Space> {
    let (mut places, mut found) = (BTreeMap::<Place, usize>::new(), Vec::<Space>::new());
    for step in outlook.known() {
        let Action::Recover(recovery) = &step.action else { continue };
        let new = Space { host: recovery.on.clone(), folders: vec![], needed: Some(0), free: recovery.free };
        let place = *places.entry(place(recovery, observed)).or_insert_with(|| {
            found.push(new);
            found.len() - 1
        });
        let of = &mut found[place];
        of.folders.push(recovery.into.clone());
        of.needed = of.needed.zip(needed(recovery)).map(|(sum, needed)| sum.saturating_add(needed));
        of.free = of.free.min(recovery.free);
    }
    found
}

fn place(recovery: &Recovery, observed: Option<&Observed>) -> Place {
    let at = HostPath { host: recovery.on.clone(), path: recovery.into.clone() };
    let disk = observed.and_then(|observed| observed.destinations.get(&at)?.disk);
    let above = || recovery.into.to_path().parent().map_or_else(|| recovery.into.clone(), PathBytes::from_path);
    (recovery.on.clone(), disk.ok_or_else(above))
}

/// Of one path, what the point's contents say.
fn needed(recovery: &Recovery) -> Option<u64> {
    match &recovery.only {
        None => Some(recovery.manifest.as_ref()?.totals.space()),
        Some(_) => Some(recovery.part?.space()),
    }
}
