//! A lock of objects says who is bound by it, and for how long.

use super::Scene;
use crate::diagnostic::codes::store::HALF_A_LOCK;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::plan::{S3, StoreKind};

pub(super) fn run(scene: &Scene<'_>, out: &mut Diagnostics) {
    for store in &scene.plan.stores {
        if let StoreKind::S3(s3) = &store.kind {
            out.extend(half(s3));
        }
    }
}

fn half(s3: &S3) -> Option<Diagnostic> {
    let found =
        |message: &str, span, label: &str, help: &str| Diagnostic::new(&HALF_A_LOCK, message, span, label, help);
    match (&s3.object_lock, &s3.lock_for) {
        (Some(mode), None) => Some(found(
            "what is put there is locked for nobody knows how long",
            mode.span,
            "for how long?",
            "write how long behind it, as in `lock-for=\"30d\"`: no longer than `retention` keeps anything",
        )),
        (None, Some(lasts)) => Some(found(
            "nothing is locked, for all that `lock-for` says",
            lasts.span,
            "of which lock?",
            "write `object-lock=\"governance\"` before it, which whoever has `s3:BypassGovernanceRetention` can lift, or \
             `object-lock=\"compliance\"`, which nobody can; or take `lock-for` out",
        )),
        _ => None,
    }
}
