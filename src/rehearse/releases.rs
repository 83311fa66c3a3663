//! Releases for any plan, small, and what becomes of them.
//!
//! Nobody can make an archive that has a digest which was written down before. So what is rehearsed has the digest of the archive that is there.

use crate::fakes::World;
use crate::forecast::{Action, Deployment, Forecast};
use crate::graph::{Graph, ReleaseSource, StepKind};
use crate::ports::TreeRead as _;
use crate::primitives::{Digest, PathBytes};
use crate::run::{Outcome, StepEnd};
use crate::steps::StepOutput;

use super::law::{Broken, Invariant};
use super::verdict::Verdict;

/// What a release holds.
const FILES: [(&str, &str); 3] = [("bin/serve", "a program"), ("etc/serve.conf", "listen = 80"), ("empty", "")];

/// Where links point before.
const BEFORE: &[u8] = b"/the/release/before";

/// Puts releases where a graph's steps take them from.
pub(super) fn plant(world: &World, graph: &Graph) {
    for step in graph.steps() {
        let StepKind::Deploy { from, link, .. } = &step.kind else { continue };
        if let Some(link) = link {
            world.tree().put_symlink(link.as_bytes(), BEFORE);
        }
        match from {
            ReleaseSource::Subversion { url } => world.subversion().commit(url, 7, &FILES),
            ReleaseSource::File { path, strip, .. } => world.tree().put_file(path.as_bytes(), archive(*strip)),
            ReleaseSource::Object { store, key, strip, .. } => {
                world.store(store.as_str()).plant(key, Some(archive(*strip).into()));
            }
        }
    }
}

/// The same forecast, of the releases that are there.
pub(super) fn of_what_is_there(mut forecast: Forecast) -> Forecast {
    for step in &mut forecast.steps {
        let Action::Deploy(deployment) = &mut step.action else { continue };
        match &mut deployment.from {
            ReleaseSource::File { sha256, strip, .. } | ReleaseSource::Object { sha256, strip, .. } => {
                *sha256 = Digest::of(&archive(*strip));
            }
            ReleaseSource::Subversion { .. } => {}
        }
    }
    forecast
}

fn archive(strip: u32) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, content) in FILES {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o755);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_size(content.len() as u64);
        let path = format!("{}{path}", "release/".repeat(strip as usize));
        // Memory takes all that is written.
        let _whole = tar.append_data(&mut header, path, content.as_bytes()).is_ok();
    }
    tar.into_inner().unwrap_or_default()
}

/// What was deployed is whole, and its link points to it; nothing lies beside it. Answers how many were.
///
/// # Errors
/// What is otherwise.
pub(super) async fn deployed(world: &World, outcome: &Outcome) -> Verdict<usize> {
    let mut made = 0;
    for step in &outcome.steps {
        let Action::Deploy(of) = &outcome.forecast.step(step.step).action else { continue };
        let StepEnd::Done(output) = &step.end else { continue };
        made += 1;
        let wrong = is_whole(world, of).await.err().or_else(|| knows_the_last(of, output));
        if let Some(what) = wrong {
            return Err(Broken { invariant: Invariant::Restored, what });
        }
    }
    Ok(made)
}

/// However often it was begun, it says where the link pointed before the run.
fn knows_the_last(of: &Deployment, output: &StepOutput) -> Option<String> {
    let StepOutput::Deployed(deployed) = output else { return Some(format!("it yielded {output:?}")) };
    let was = of.link.as_ref().and_then(|link| link.was.as_ref());
    let told = deployed.previous.as_ref();
    (told != was).then(|| format!("the link pointed to {was:?}, and it says {told:?}"))
}

async fn is_whole(world: &World, of: &Deployment) -> Result<(), String> {
    let tree = world.tree();
    for (path, content) in FILES {
        let path = of.into.join(path.as_bytes());
        if tree.content(path.as_bytes()).as_deref() != Some(content.as_bytes()) {
            return Err(format!("{path} is not what the release holds"));
        }
    }
    let beside = [Some(&of.staging), of.fetched.as_ref()].into_iter().flatten().find(|folder| tree.is_there(folder));
    if let Some(left) = beside {
        return Err(format!("{left} is left"));
    }
    let Some(link) = &of.link else { return Ok(()) };
    let points_to = tree.read_link(&link.link).await.map_err(|fault| fault.to_string())?;
    // A later step may have set the same link.
    let is_release = |path: &PathBytes| path.to_path().parent() == of.into.to_path().parent();
    if is_release(&points_to) { Ok(()) } else { Err(format!("{} points to {points_to}", link.link)) }
}
