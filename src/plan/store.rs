//! Stores: where backups live and who may do what there.

use std::num::NonZeroU32;

use super::Waiver;
use crate::primitives::{Name, Span, Spanned};

/// A place for backups.
#[derive(Debug, Clone)]
pub struct Store {
    /// Its name.
    pub name: Spanned<Name>,
    /// What it is.
    pub kind: StoreKind,
    /// How many steps of one run may use it at once, where that is limited.
    pub side_by_side: Option<Spanned<NonZeroU32>>,
    /// Who may do what, in the store's own principals.
    pub access: Option<Access>,
    /// Problems set aside for this store.
    pub waivers: Vec<Waiver>,
    /// The node's name and arguments.
    pub span: Span,
}

/// What a store is.
#[derive(Debug, Clone)]
pub enum StoreKind {
    /// A folder of this host.
    Local {
        /// The folder, as written; a relative one is relative to the plan file's folder.
        path: Spanned<String>,
    },
}

/// The principals that may write, read and prune. Compared with the real thing by the audit.
#[derive(Debug, Clone)]
pub struct Access {
    /// Who adds backups.
    pub write: Vec<Spanned<String>>,
    /// Who reads them.
    pub read: Vec<Spanned<String>>,
    /// Who deletes them.
    pub prune: Vec<Spanned<String>>,
    /// The node's name.
    pub span: Span,
}
