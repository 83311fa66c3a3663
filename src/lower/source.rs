//! What a target is: `files`, `logs`, `rds`, `mysql`, `machine-image` or `release`.

use super::form::{Digest, Pattern, Port, Tag, Text, Url};
use super::view::View;
use super::vocabulary::{
    ALLOW_EMPTY, ALLOW_UNMOUNTED, DATABASES, EXCLUDE, FILES, LOGS, MACHINE_IMAGE, MYSQL, ONE_FILE_SYSTEM, RDS, RELEASE,
    ROTATES,
};
use super::word::Word;
use crate::diagnostic::{Diagnostic, Diagnostics, codes::value::BAD_TEXT, codes::word as codes};
use crate::plan::{
    Files, ImageChoice, Logs, MachineImage, Mysql, MysqlAddress, Rds, RdsDatabase, Release, ReleaseFrom, Source,
};
use crate::primitives::{Key, Period, Spanned};
use crate::syntax::Node;

/// The source in a target's block; none where there is none, or it could not be read.
pub(super) fn source(block: &mut View<'_, '_>) -> Option<Source> {
    let (word, node) = block.at_most_one_of(&[&FILES, &LOGS, &RDS, &MYSQL, &MACHINE_IMAGE, &RELEASE])?;
    match word.name {
        name if name == FILES.name => Some(Source::Files(folders(View::new(node, word, block.out)))),
        name if name == LOGS.name => Some(Source::Logs(logs(node, word, block.out))),
        name if name == RDS.name => rds(node, block.out).map(Source::Rds),
        name if name == MYSQL.name => mysql(node, block.out).map(Source::Mysql),
        name if name == MACHINE_IMAGE.name => machine_image(node, block.out).map(Source::MachineImage),
        _ => release(node, block.out).map(Source::Release),
    }
}

/// What `files` and `logs` have in common.
fn folders(mut view: View<'_, '_>) -> Files {
    let roots = view.arguments::<Text>().into_iter().map(|root| root.map(|root| root.0)).collect();
    let exclude = view.texts_of(&EXCLUDE);
    let (allow_empty, allow_unmounted) = (view.is_said(&ALLOW_EMPTY), view.is_said(&ALLOW_UNMOUNTED));
    let one_file_system = view.is_said(&ONE_FILE_SYSTEM);
    let span = view.node.header;
    view.finish();
    Files { roots, exclude, allow_empty, allow_unmounted, one_file_system, span }
}

fn logs(node: &Node, word: &'static Word, out: &mut Diagnostics) -> Logs {
    let mut view = View::new(node, word, out);
    let pattern = view.property::<Pattern>("pattern").map(|pattern| pattern.map(|pattern| pattern.0));
    let rotates = view.child(&ROTATES).and_then(|node| rotates(node, view.out));
    Logs { files: folders(view), pattern, rotates }
}

fn rotates(node: &Node, out: &mut Diagnostics) -> Option<Spanned<Period>> {
    let mut view = View::new(node, &ROTATES, out);
    let keep = view.needed("keep");
    view.finish();
    keep
}

fn rds(node: &Node, out: &mut Diagnostics) -> Option<Rds> {
    let mut view = View::new(node, &RDS, out);
    let one = view.one_property(["instance", "cluster"]);
    let (instance, cluster) = (view.text("instance"), view.text("cluster"));
    let region = view.text("region");
    view.finish();
    let database = match one? {
        "instance" => RdsDatabase::Instance(instance?),
        _ => RdsDatabase::Cluster(cluster?),
    };
    Some(Rds { database, region, span: node.header })
}

fn mysql(node: &Node, out: &mut Diagnostics) -> Option<Mysql> {
    let mut view = View::new(node, &MYSQL, out);
    let one = view.one_property(["socket", "host"]);
    let (socket, host) = (view.text("socket"), view.text("host"));
    let port = match one {
        Some("socket") => None,
        _ => view.property::<Port>("port").map(|port| port.map(|port| port.0)),
    };
    let (user, password) = (view.text("user"), view.property("password"));
    let databases = view.texts_of(&DATABASES);
    if one == Some("socket") {
        view.called("a `mysql` with `socket`");
    }
    view.finish();
    let address = match one? {
        "socket" => MysqlAddress::Socket(socket?),
        _ => MysqlAddress::Tcp { host: host?, port },
    };
    Some(Mysql { address, user, password, databases, span: node.header })
}

fn machine_image(node: &Node, out: &mut Diagnostics) -> Option<MachineImage> {
    let mut view = View::new(node, &MACHINE_IMAGE, out);
    let (id, is_given) = view.optional_argument::<Text>();
    let has_tag = view.has("newest-tagged");
    let tag = view.property::<Tag>("newest-tagged").map(|tag| tag.map(|tag| tag.0));
    let (max_age, region) = (view.property("max-age"), view.text("region"));
    let image = match (id, tag) {
        (Some(id), None) if !has_tag => Some(ImageChoice::Id(id.map(|id| id.0))),
        (None, Some(tag)) if !is_given => Some(ImageChoice::NewestTagged(tag)),
        _ => None,
    };
    let (message, label) = if is_given && has_tag {
        ("`machine-image` has both an identifier and `newest-tagged`", "both are here")
    } else {
        ("`machine-image` does not say which image", "neither an identifier nor `newest-tagged` is here")
    };
    if is_given == has_tag && !node.broken {
        let help = "write the image's identifier behind it, as in \"ami-0abc\", or `newest-tagged=\"name=value\"`";
        view.out.push(Diagnostic::new(&codes::MISSING_ARGUMENT, message, node.header, label, help));
    }
    view.finish();
    Some(MachineImage { image: image?, max_age, region, span: node.header })
}

fn release(node: &Node, out: &mut Diagnostics) -> Option<Release> {
    let mut view = View::new(node, &RELEASE, out);
    let one = view.one_property(["svn", "archive"]);
    let svn = view.property::<Url>("svn").map(|url| url.map(|url| url.0));
    let archive = view.text("archive");
    let (store, sha256, strip) = match one {
        Some("archive") => {
            let sha256 = view.needed::<Digest>("sha256").map(|digest| digest.map(|digest| digest.0));
            (view.property("store"), sha256, view.property("strip"))
        }
        _ => (None, None, None),
    };
    if one == Some("svn") {
        view.called("a `release` with `svn`");
    }
    let refused = archive.as_ref().and_then(|archive| unread(archive, store.is_some()));
    let is_refused = refused.is_some();
    view.out.extend(refused);
    view.finish();
    if is_refused {
        return None;
    }
    let from = match one? {
        "svn" => ReleaseFrom::Svn(svn?),
        _ => ReleaseFrom::Archive { path: archive?, store, sha256: sha256?, strip },
    };
    Some(Release { from, span: node.header })
}

/// Archives that are common, and that this version cannot unpack, by how their names end.
const UNREAD: &[&str] = &[".zip", ".xz", ".txz", ".bz2", ".tbz2", ".lz4", ".7z", ".rar", ".deb", ".rpm"];

/// Why an archive of that name cannot be deployed.
fn unread(archive: &Spanned<String>, is_in_store: bool) -> Option<Diagnostic> {
    let lower = archive.value.to_ascii_lowercase();
    if let Some(end) = UNREAD.iter().find(|end| lower.ends_with(**end)) {
        let message = format!("a release in a `{end}` cannot be unpacked");
        let help = "pack it as a `.tar`, `.tar.gz` or `.tar.zst`";
        return Some(Diagnostic::new(&BAD_TEXT, message, archive.span, "of another kind", help));
    }
    let malformed = Key::parse(&archive.value).err().filter(|_| is_in_store)?;
    let label = "its key in the store";
    Some(Diagnostic::new(&BAD_TEXT, malformed.problem, archive.span, label, format!("write {}", malformed.help)))
}
