//! How one knows: looks at what is kept, and drills.

use super::{Schedule, Waiver};
use crate::primitives::{Duration, Name, Span, Spanned};

/// A look at what is kept, and a person's word on it.
#[derive(Debug, Clone)]
pub struct Verify {
    /// Its name.
    pub name: Spanned<Name>,
    /// When; without one it is done only when it is named.
    pub schedule: Option<Schedule>,
    /// Of which targets.
    pub targets: Vec<Spanned<Selector>>,
    /// How closely.
    pub depth: Spanned<Depth>,
    /// Whose word is waited for.
    pub sign_off: Option<SignOff>,
    /// How long it is expected to take.
    pub takes: Option<Spanned<Duration>>,
    /// Problems set aside for it.
    pub waivers: Vec<Waiver>,
    /// The node's name and arguments.
    pub span: Span,
}

/// Restores carried out into scratch, and a person's word on it.
#[derive(Debug, Clone)]
pub struct Drill {
    /// Its name.
    pub name: Spanned<Name>,
    /// When; without one it is done only when it is named.
    pub schedule: Option<Schedule>,
    /// Which restores, in this order.
    pub restores: Vec<Spanned<Name>>,
    /// The folder below which everything is put; beside the restores' own destinations where the plan says nothing.
    pub scratch: Option<Spanned<String>>,
    /// Whose word is waited for.
    pub sign_off: Option<SignOff>,
    /// Problems set aside for it.
    pub waivers: Vec<Waiver>,
    /// The node's name and arguments.
    pub span: Span,
}

/// A person's word.
#[derive(Debug, Clone)]
pub struct SignOff {
    /// The role of the person.
    pub role: Spanned<Name>,
    /// Within how long.
    pub within: Option<Spanned<Duration>>,
    /// The node's name and arguments.
    pub span: Span,
}

/// Which targets are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// All of them: `"*"`.
    All,
    /// Those of an area: `"area:data"`.
    Area(Name),
    /// This one.
    Target(Name),
}

impl Selector {
    /// Whether a target is meant.
    pub fn means(&self, target: &super::Target) -> bool {
        match self {
            Self::All => true,
            Self::Area(area) => target.area.as_ref().is_some_and(|of| of.value == *area),
            Self::Target(name) => target.name.value == *name,
        }
    }
}

impl std::fmt::Display for Selector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::All => f.write_str("*"),
            Self::Area(area) => write!(f, "area:{area}"),
            Self::Target(name) => write!(f, "{name}"),
        }
    }
}

/// How closely a recovery point is looked at. Each looks at all that the ones before it do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// It is there.
    Present,
    /// What the store says of its digests is what the manifest says.
    Checksum,
    /// It is read whole, and its digests are those of the manifest.
    Read,
    /// It is restored into scratch.
    Restore,
    /// The closest that each can: of what a provider keeps, that it is there.
    Deepest,
}

impl std::fmt::Display for Depth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Present => "present",
            Self::Checksum => "checksum",
            Self::Read => "read",
            Self::Restore => "restore",
            Self::Deepest => "deepest",
        })
    }
}
