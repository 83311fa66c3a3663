//! `Subversion`.

use sonae::ports::{Cause, Certainty, Subversion, TreeRead};
use sonae::primitives::PathBytes;

use super::cause;

/// A repository that the cases look into: `URL/release` has `bin/run` since revision 3, and `bin/more` since 5; `URL/none` is not there.
pub(crate) struct Repository<'a> {
    pub(crate) subversion: &'a dyn Subversion,
    pub(crate) tree: &'a dyn TreeRead,
    pub(crate) url: String,
    /// A folder that is there, and empty.
    pub(crate) folder: PathBytes,
}

/// Every case.
pub(crate) async fn all(at: &Repository<'_>) {
    the_last_change_is_told(at).await;
    a_revision_is_exported_as_it_was(at).await;
    nothing_is_put_over_what_is_there(at).await;
    what_is_not_there_is_said_so(at).await;
}

async fn the_last_change_is_told(at: &Repository<'_>) {
    let found = at.subversion.last_changed(&format!("{}/release", at.url)).await.unwrap();
    assert_eq!(found.number, 5);
    assert!(found.author.is_some_and(|author| !author.is_empty()));
}

async fn is_there(at: &Repository<'_>, path: &PathBytes) -> bool {
    at.tree.stat(path).await.unwrap().is_some()
}

async fn a_revision_is_exported_as_it_was(at: &Repository<'_>) {
    for (revision, more) in [(3, false), (4, false), (5, true)] {
        let into = at.folder.join(format!("above/r{revision}").as_bytes());
        at.subversion.export(&format!("{}/release", at.url), revision, &into).await.unwrap();
        assert!(is_there(at, &into.join(b"bin/run")).await);
        assert_eq!(is_there(at, &into.join(b"bin/more")).await, more, "revision {revision}");
        assert!(!is_there(at, &into.join(b".svn")).await);
    }
}

async fn nothing_is_put_over_what_is_there(at: &Repository<'_>) {
    let (url, into) = (format!("{}/release", at.url), at.folder.join(b"twice"));
    at.subversion.export(&url, 3, &into).await.unwrap();
    assert_eq!(cause(at.subversion.export(&url, 5, &into).await), Cause::Exists);
    assert!(!is_there(at, &into.join(b"bin/more")).await);
}

async fn what_is_not_there_is_said_so(at: &Repository<'_>) {
    let (url, into) = (format!("{}/none", at.url), at.folder.join(b"none"));
    let fault = at.subversion.last_changed(&url).await.unwrap_err();
    assert_eq!((fault.cause, fault.certainty), (Cause::NotFound, Certainty::Permanent), "{fault}");
    assert_eq!(cause(at.subversion.export(&url, 5, &into).await), Cause::NotFound);
}

#[tokio::test]
async fn a_fake_repository() {
    let world = sonae::fakes::World::new(1);
    let (subversion, tree) = (world.subversion(), world.tree());
    subversion.commit("svn://fake/release", 3, &[("bin/run", "run")]);
    subversion.commit("svn://fake/release", 5, &[("bin/run", "run"), ("bin/more", "more")]);
    tree.put_folder("/exports");
    let folder = PathBytes::new(*b"/exports");
    all(&Repository { subversion: &*subversion, tree: &*tree, url: "svn://fake".into(), folder }).await;
}
