//! A plan file in another folder: what it says of paths is the same, and what they lead to is not.

use super::change::{Change, Judgement, Kind, Subject, What};
use crate::diagnostic::codes::change::HISTORY;
use crate::plan::{Plan, Source, StoreKind};

/// The folders of the files of two plans, which are not the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Where the older's was, as people call it.
    pub old: String,
    /// Where the newer's is.
    pub new: String,
}

impl Moved {
    /// The change that this is; none where every path is absolute.
    pub(super) fn change(&self, new: &Plan) -> Option<Change> {
        let mut lead = relative(new);
        let more = lead.len().saturating_sub(SHOWN);
        lead.truncate(SHOWN);
        lead.extend((more > 0).then(|| format!("and {more} more")));
        let because = format!(
            "paths that do not begin at `/` begin at that folder, and lead to other places from now on: {}; what was put there so far stays where it was",
            lead.join(", ")
        );
        (!lead.is_empty()).then(|| Change {
            subject: Subject { kind: Kind::Plan, name: String::new() },
            what: What::Changed {
                word: "folder of its file".to_owned(),
                old: Some(self.old.clone()),
                new: Some(self.new.clone()),
            },
            judgement: Judgement::Hazard,
            because: vec![because],
            code: Some(&HISTORY),
            waived: None,
            span: new.name.span,
        })
    }
}

/// So many of what has a relative path are named.
const SHOWN: usize = 6;

/// The stores and targets that a relative path leads to.
fn relative(plan: &Plan) -> Vec<String> {
    let is_relative = |path: &str| !path.starts_with('/');
    let stores = plan.stores.iter().filter_map(|store| match &store.kind {
        StoreKind::Local { path } if is_relative(&path.value) => Some(format!("store {}", store.name.value)),
        _ => None,
    });
    let targets = plan.targets.iter().filter_map(|target| {
        let files = match target.source.as_ref()? {
            Source::Files(files) => files,
            Source::Logs(logs) => &logs.files,
            _ => return None,
        };
        let any = files.roots.iter().any(|root| is_relative(&root.value.to_string()));
        any.then(|| format!("target {}", target.name.value))
    });
    stores.chain(targets).collect()
}
