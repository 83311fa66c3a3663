//! Two stores lie at two places.

use std::collections::BTreeMap;

use super::Scene;
use crate::check::place::Place;
use crate::diagnostic::{Diagnostic, Diagnostics, codes};
use crate::plan::StoreKind;
use crate::primitives::Span;

pub(super) fn run(scene: &Scene<'_>, out: &mut Diagnostics) {
    let mut places = BTreeMap::new();
    for store in &scene.plan.stores {
        let (place, span) = whereabouts(&store.kind);
        match places.get(&place) {
            None => drop(places.insert(place, span)),
            Some(first) => {
                let (message, help) = ("two stores lie at the same place", "give one of them another folder or prefix");
                let found = Diagnostic::new(&codes::target::SAME_PLACE, message, span, "the same place", help);
                out.push(found.also(*first, "first used here"));
            }
        }
    }
}

/// Where a store is, so that two are at one place when these are equal: what serves it, and the folder there.
type Whereabouts<'p> = ([&'p str; 2], Place<'p>);

fn whereabouts(kind: &StoreKind) -> (Whereabouts<'_>, Span) {
    match kind {
        StoreKind::Local { path } => (([""; 2], Place::new(&path.value)), path.span),
        StoreKind::S3(s3) => {
            let endpoint = s3.endpoint.as_ref().map_or("s3", |endpoint| endpoint.value.as_str());
            let prefix = s3.prefix.as_ref().map_or("", |prefix| prefix.value.as_str());
            (([endpoint, s3.bucket.value.as_str()], Place::new(prefix)), s3.span)
        }
        StoreKind::Sftp(sftp) => (([sftp.host.value.as_str(), "sftp"], Place::new(&sftp.path.value)), sftp.span),
    }
}
