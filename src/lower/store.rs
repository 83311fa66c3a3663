//! `store "name" { … }`

use super::form::{Port, Recipient, Text, Url};
use super::view::View;
use super::vocabulary::{ACCESS, ENCRYPT, LIMIT, LOCAL, PRUNE, READ, S3, SFTP, STORE, WRITE};
use super::waiver::waivers;
use crate::diagnostic::{Diagnostic, Diagnostics, codes::word as codes};
use crate::plan::{self, Access, Sftp, Store, StoreKind};
use crate::primitives::{Name, Spanned};
use crate::syntax::Node;

/// The name, where there is one, and the store, where enough of it could be read.
pub(super) fn store(node: &Node, out: &mut Diagnostics) -> (Option<Spanned<Name>>, Option<Store>) {
    let mut view = View::new(node, &STORE, out);
    let name = view.argument::<Name>();
    let kind = view.one_of(&[&LOCAL, &S3, &SFTP]).and_then(|(word, node)| match word.name {
        name if name == LOCAL.name => local(node, view.out),
        name if name == S3.name => s3(node, view.out),
        _ => sftp(node, view.out),
    });
    let (side_by_side, upload) = view.child(&LIMIT).map_or((None, None), |node| limit(node, view.out));
    let encrypt = view.values_of::<Recipient>(&ENCRYPT).into_iter().map(|key| key.map(|key| key.0)).collect();
    let access = view.child(&ACCESS).map(|node| access(node, view.out));
    let waivers = waivers(&mut view, node.body);
    view.finish();
    let span = node.header;
    let store = name.clone().zip(kind).map(|(name, kind)| Store {
        name,
        kind,
        side_by_side,
        upload,
        encrypt,
        access,
        waivers,
        span,
    });
    (name, store)
}

fn local(node: &Node, out: &mut Diagnostics) -> Option<StoreKind> {
    let mut view = View::new(node, &LOCAL, out);
    let path = view.text("path");
    view.finish();
    Some(StoreKind::Local { path: path? })
}

fn s3(node: &Node, out: &mut Diagnostics) -> Option<StoreKind> {
    let mut view = View::new(node, &S3, out);
    let bucket = view.text("bucket");
    let (region, prefix) = (view.text("region"), view.text("prefix"));
    let endpoint = view.property::<Url>("endpoint").map(|url| url.map(|url| url.0));
    let addressing = view.property("addressing");
    let (storage_class, kms_key) = (view.text("storage-class"), view.text("kms-key"));
    let encryption = view.property("encryption");
    let retrieval = view.property("retrieval");
    let (object_lock, lock_for) = (view.property("object-lock"), view.property("lock-for"));
    view.finish();
    let span = node.header;
    let bucket = bucket?;
    Some(StoreKind::S3(plan::S3 {
        bucket,
        region,
        prefix,
        endpoint,
        addressing,
        storage_class,
        retrieval,
        encryption,
        kms_key,
        object_lock,
        lock_for,
        span,
    }))
}

fn sftp(node: &Node, out: &mut Diagnostics) -> Option<StoreKind> {
    let mut view = View::new(node, &SFTP, out);
    let (host, user) = (view.text("host"), view.text("user"));
    let path = view.property::<Text>("path").map(|path| path.map(|path| path.0));
    let port = view.property::<Port>("port").map(|port| port.map(|port| port.0));
    let (identity, host_key) = (view.property("identity"), view.text("host-key"));
    view.finish();
    let span = node.header;
    Some(StoreKind::Sftp(Sftp { host: host?, port, user: user?, path: path?, identity, host_key, span }))
}

/// How many steps at once, and how fast.
type Limits = (Option<Spanned<std::num::NonZeroU32>>, Option<Spanned<crate::primitives::Rate>>);

fn limit(node: &Node, out: &mut Diagnostics) -> Limits {
    let mut view = View::new(node, &LIMIT, out);
    let limits = (view.property("side-by-side"), view.property("upload"));
    if node.entries.is_empty() && !node.broken {
        let (message, help) = ("`limit` limits nothing", "write `side-by-side=…`, `upload=…` or both behind it");
        let label = "neither is here";
        view.out.push(Diagnostic::new(&codes::MISSING_PROPERTY, message, node.header, label, help));
    }
    view.finish();
    limits
}

fn access(node: &Node, out: &mut Diagnostics) -> Access {
    let mut view = View::new(node, &ACCESS, out);
    let (write, read, prune) = (view.texts_of(&WRITE), view.texts_of(&READ), view.texts_of(&PRUNE));
    view.finish();
    Access { write, read, prune, span: node.header }
}
