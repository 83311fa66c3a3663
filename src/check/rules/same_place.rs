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

/// Where a store is, so that two are at one place when these are equal: what serves it, and the folder there. Names of hosts have no case (RFC 4343),
/// and a path of SFTP that does not begin at `/` begins at the folder of who logs in.
type Whereabouts<'p> = ([String; 2], Place<'p>);

fn whereabouts(kind: &StoreKind) -> (Whereabouts<'_>, Span) {
    match kind {
        StoreKind::Local { path } => (([String::new(), String::new()], Place::new(&path.value)), path.span),
        StoreKind::S3(s3) => {
            let endpoint = s3.endpoint.as_ref().map_or("s3", |endpoint| endpoint.value.trim_end_matches('/'));
            let prefix = s3.prefix.as_ref().map_or("", |prefix| prefix.value.trim_matches('/'));
            (([endpoint.to_ascii_lowercase(), s3.bucket.value.clone()], Place::new(prefix)), s3.span)
        }
        StoreKind::Sftp(sftp) => {
            let user = if sftp.path.value.starts_with('/') { "" } else { &*sftp.user.value };
            let host = format!("sftp {}", sftp.host.value.to_ascii_lowercase());
            (([host, user.to_owned()], Place::new(&sftp.path.value)), sftp.span)
        }
    }
}
