//! What lies in cold storage says how long it takes to come back out of it.

use super::Scene;
use crate::diagnostic::codes::store::{NEEDLESS_RETRIEVAL, NO_RETRIEVAL, UNKNOWN_CLASS};
use crate::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::plan::{S3, StoreKind};
use crate::primitives::Spanned;

/// Amazon's storage classes, as its interface names them
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>).
const CLASSES: &[&str] = &[
    "STANDARD",
    "REDUCED_REDUNDANCY",
    "STANDARD_IA",
    "ONEZONE_IA",
    "INTELLIGENT_TIERING",
    "GLACIER",
    "DEEP_ARCHIVE",
    "OUTPOSTS",
    "GLACIER_IR",
    "SNOW",
    "EXPRESS_ONEZONE",
    "FSX_OPENZFS",
    "FSX_ONTAP",
];

/// Those from which an object must be retrieved before it can be read, with how long Amazon says that a standard and a bulk retrieval take
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects-retrieval-options.html>).
const COLD: &[(&str, &str, &str)] = &[("GLACIER", "5h", "12h"), ("DEEP_ARCHIVE", "12h", "48h")];

/// The one that can be told to move what is not read into archives of its own.
const MAY_BE_COLD: &str = "INTELLIGENT_TIERING";

pub(super) fn run(scene: &Scene<'_>, out: &mut Diagnostics) {
    for store in &scene.plan.stores {
        let StoreKind::S3(s3) = &store.kind else { continue };
        out.extend(unknown(s3).or_else(|| no_retrieval(s3)).or_else(|| needless(s3)));
    }
}

/// A class that Amazon does not have. What another service has, nobody knows here.
fn unknown(s3: &S3) -> Option<Diagnostic> {
    let class = s3.storage_class.as_ref().filter(|class| s3.endpoint.is_none() && !CLASSES.contains(&&*class.value))?;
    let upper = class.value.to_uppercase().replace('-', "_");
    let meant = CLASSES.iter().find(|known| **known == upper).copied();
    let help = match meant.or_else(|| nearest(&upper, CLASSES.iter().copied())) {
        Some(meant) => format!("did you mean \"{meant}\"?"),
        None => format!("write one of {}; or its `endpoint`, where the service is not Amazon's", CLASSES.join(", ")),
    };
    let message = format!("Amazon S3 has no storage class \"{}\"", class.value);
    Some(Diagnostic::new(&UNKNOWN_CLASS, message, class.span, "not a storage class", help))
}

fn no_retrieval(s3: &S3) -> Option<Diagnostic> {
    let class = s3.storage_class.as_ref().filter(|_| s3.retrieval.is_none())?;
    let (_, standard, bulk) = COLD.iter().find(|(cold, ..)| *cold == class.value)?;
    let message = format!("what is stored as \"{}\" must be retrieved before it can be read", class.value);
    let help = format!(
        "write how long that takes at most, as in `retrieval=\"{standard}\"`, which is Amazon's word for a standard retrieval; a bulk \
         retrieval takes up to {bulk}"
    );
    Some(Diagnostic::new(&NO_RETRIEVAL, message, class.span, "and nothing says how long that takes", help))
}

fn needless(s3: &S3) -> Option<Diagnostic> {
    let retrieval = s3.retrieval.as_ref()?;
    let waits = |class: &str| COLD.iter().any(|(cold, ..)| *cold == class) || class == MAY_BE_COLD;
    // Which classes another service has, and which of them wait, is its own.
    let is_theirs = s3.endpoint.is_some() && s3.storage_class.is_some();
    if is_theirs || s3.storage_class.as_ref().is_some_and(|class| waits(&class.value)) {
        return None;
    }
    let (message, label) = match &s3.storage_class {
        Some(class) => (format!("what is stored as \"{}\" is read at once", class.value), "nothing is waited for"),
        None => ("a retrieval, and no storage class from which anything is retrieved".to_owned(), "of which class?"),
    };
    let help = "take `retrieval` out, or write the `storage-class` that it is of: \"GLACIER\" or \"DEEP_ARCHIVE\"";
    let found = Diagnostic::new(&NEEDLESS_RETRIEVAL, message, retrieval.span, label, help);
    let class: Option<&Spanned<String>> = s3.storage_class.as_ref();
    Some(class.into_iter().fold(found, |found, class| found.also(class.span, "read at once")))
}
