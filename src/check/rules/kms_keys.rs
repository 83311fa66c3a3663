//! A key of AWS KMS is named where it is used.

use super::Scene;
use crate::diagnostic::codes::store::NEEDLESS_KEY;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::plan::{S3, ServerEncryption, StoreKind};

pub(super) fn run(scene: &Scene<'_>, out: &mut Diagnostics) {
    for store in &scene.plan.stores {
        if let StoreKind::S3(s3) = &store.kind {
            out.extend(needless(s3));
        }
    }
}

fn needless(s3: &S3) -> Option<Diagnostic> {
    let encryption = s3.encryption.as_ref().filter(|encryption| encryption.value == ServerEncryption::S3)?;
    let key = s3.kms_key.as_ref()?;
    let message = format!("S3 is to encrypt with its own keys, and not with {:?}", key.value);
    let help = "write `encryption=\"sse-kms\"`, or take `kms-key` out";
    let found = Diagnostic::new(&NEEDLESS_KEY, message, key.span, "a key of AWS KMS", help);
    Some(found.also(encryption.span, "S3's own keys"))
}
