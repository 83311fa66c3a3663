//! Sources for any plan: of each kind of entry one, small.

use std::collections::BTreeSet;

use crate::fakes::World;
use crate::graph::{Graph, ProbeCheck, StepKind};
use crate::ports::{Attributes, EntryKind};
use crate::primitives::{PathBytes, Xattrs};

/// It stands in files, and in no output.
pub(super) const SECRET: &str = "the-content-of-a-file-is-told-to-nobody-9b1d4c";

/// The roots of a graph's sources, each once.
fn roots(graph: &Graph) -> BTreeSet<PathBytes> {
    let of = |kind: &StepKind| match kind {
        StepKind::Look { roots, .. } => roots.to_vec(),
        _ => vec![],
    };
    graph.steps().iter().flat_map(|step| of(&step.kind)).collect()
}

/// Fills the sources, and puts where probes look what they look for.
pub(super) fn fill(world: &World, graph: &Graph) {
    let tree = world.tree();
    for root in roots(graph) {
        let at = |name: &str| root.join(name.as_bytes());
        let big: Vec<u8> = (0..3_000_u32).flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        tree.put_file(at("kept/text").as_bytes(), format!("{SECRET}\n"));
        tree.put_file(at("kept/data").as_bytes(), big);
        tree.put_hard_link(at("kept/again").as_bytes(), at("kept/text").as_bytes());
        tree.put_file(at("kept/empty").as_bytes(), "");
        tree.put_symlink(at("link").as_bytes(), "kept/text");
        tree.put_special(at("pipe").as_bytes(), EntryKind::Fifo);
        let mut xattrs = Xattrs::default();
        let noted = xattrs.insert("user.note", "text").is_ok();
        let attributes =
            Attributes { mode: 0o4711, owner: Some((7, 61_000)), mtime_s: -5, mtime_ns: u32::from(noted), xattrs };
        for name in ["kept", "kept/text"] {
            tree.put_attributes(at(name).as_bytes(), &attributes);
        }
    }
    for path in looked_for(graph) {
        if !tree.is_there(&path) {
            tree.put_file(path.as_bytes(), "a probe looks for it");
        }
    }
}

/// Of every source, most of what it holds goes.
pub(super) fn lose_much(world: &World, graph: &Graph) {
    for root in roots(graph) {
        world.tree().put_file(root.join(b"kept/data").as_bytes(), "little");
    }
}

/// Where probes look: what lies in what was restored comes from the source.
fn looked_for(graph: &Graph) -> Vec<PathBytes> {
    let mut paths = vec![];
    for step in graph.steps() {
        let StepKind::Probe { restore, how: ProbeCheck::Path(path), .. } = &step.kind else { continue };
        // What lies above what is restored is there with it.
        if graph.destinations().iter().any(|into| into.path.starts_with(path)) {
            continue;
        }
        let restored = graph.steps().iter().find_map(|other| match &other.kind {
            StepKind::Recover { restore: of, jobs, into, .. } if of == restore && path.starts_with(&into.path) => {
                Some((jobs, &into.path))
            }
            _ => None,
        });
        match restored {
            Some((jobs, into)) => {
                let roots = graph.steps().iter().find_map(|other| match &other.kind {
                    StepKind::Look { job, roots, .. } if jobs.iter().any(|(of, _)| of == job) => Some(roots),
                    _ => None,
                });
                let rest = path.as_bytes().get(into.as_bytes().len()..).unwrap_or_default();
                let rest = rest.strip_prefix(b"/").unwrap_or(rest);
                match roots.map(std::ops::Deref::deref) {
                    _ if rest.is_empty() => {}
                    Some([root]) => paths.push(root.join(rest)),
                    _ => paths.push(PathBytes::new(*b"/").join(rest)),
                }
            }
            None => paths.push(path.clone()),
        }
    }
    paths
}
