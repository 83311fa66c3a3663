//! How what a restore put into service is now: the links that it set, and the places that it switched.
//!
//! Unaware of what was there before and of what will become of it.

use std::collections::{BTreeMap, BTreeSet};

use super::Reading;
use super::questions::named_in;
use super::releases::{LinkSeen, link};
use super::staging::kept_run;
use crate::ports::{Database, DatabaseName, Fault, TreeRead};
use crate::primitives::{HostPath, PathBytes, RunId};

/// What is at a link now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkNow {
    /// Where it points.
    pub at: LinkSeen,
    /// Whether that is there to which it pointed before.
    pub previous: bool,
}

/// What is in a place now, and beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceNow {
    /// Whether something is there.
    pub there: bool,
    /// The runs that put something else there, of which what was there until then still lies beside.
    pub kept: BTreeSet<RunId>,
}

/// All that was asked.
#[derive(Debug, Clone, Default)]
pub struct InService {
    /// What is at links.
    pub links: BTreeMap<HostPath, Result<LinkNow, Fault>>,
    /// What is in places.
    pub places: BTreeMap<HostPath, Result<PlaceNow, Fault>>,
    /// Which databases there are.
    pub databases: BTreeMap<DatabaseName, Result<Option<Database>, Fault>>,
}

/// Looks at links, each with where it pointed before, at places, and for databases.
pub async fn in_service(
    reading: &Reading<'_>,
    links: &[(HostPath, PathBytes)],
    places: &[HostPath],
    databases: &[DatabaseName],
) -> InService {
    let mut seen = InService::default();
    for (at, previous) in links {
        let now = match reading.tree_of(at.host.as_deref()) {
            Ok(tree) => link_now(tree, &at.path, previous).await,
            Err(fault) => Err(fault),
        };
        seen.links.insert(at.clone(), now);
    }
    for place in places {
        let now = match reading.tree_of(place.host.as_deref()) {
            Ok(tree) => place_now(tree, &place.path).await,
            Err(fault) => Err(fault),
        };
        seen.places.insert(place.clone(), now);
    }
    for name in databases {
        seen.databases.insert(name.clone(), reading.databases.database(name).await);
    }
    seen
}

async fn link_now(tree: &dyn TreeRead, at: &PathBytes, previous: &PathBytes) -> Result<LinkNow, Fault> {
    let above = at.to_path().parent().map(PathBytes::from_path).unwrap_or_default();
    // What a link says is relative to the folder that it lies in (symlink(7)).
    let previous =
        if previous.as_bytes().starts_with(b"/") { previous.clone() } else { above.join(previous.as_bytes()) };
    Ok(LinkNow { at: link(tree, at).await?, previous: tree.stat(&previous).await?.is_some() })
}

async fn place_now(tree: &dyn TreeRead, place: &PathBytes) -> Result<PlaceNow, Fault> {
    let there = tree.stat(place).await?.is_some();
    let Some(above) = place.to_path().parent().map(PathBytes::from_path) else {
        return Ok(PlaceNow { there, kept: BTreeSet::new() });
    };
    let kept = named_in(tree, &above, &|name| kept_run(place, name)).await?;
    Ok(PlaceNow { there, kept: kept.into_iter().map(|(_, run)| run).collect() })
}
