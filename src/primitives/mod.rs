//! Floor 0: the words everything else is said in — names, spans, quantities, ids, digests.
//!
//! Unaware of KDL, of plans and of the world. Invariant: a value of one of these types is valid; the
//! only way to get one from text is its `parse`, which says what is wrong and what to write instead.

mod compression;
mod data_segment;
mod digest;
mod id;
mod key;
mod name;
mod path;
mod quantity;
mod span;
mod text;
mod xattr;

pub use compression::{Compression, Method};
pub use data_segment::DataSegment;
pub use digest::{Digest, FileDigest, FileHasher, Hasher};
pub use id::{PointId, RunId, Slot, StepId, StepName};
pub use key::Key;
pub use name::{JobName, Name};
pub use path::{HostPath, PathBytes};
pub use quantity::{ByteSize, Duration, Percentage, Period, PeriodUnit, Rate};
pub use span::{FileId, Span, Spanned};
pub use text::{command_line, grouped, on_one_line};
pub use xattr::{ACL_ACCESS, ACL_DEFAULT, Xattrs};

/// Why a text is not a value: what is wrong, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct Malformed {
    /// What is wrong, lower case, without a full stop.
    pub problem: String,
    /// What to write instead.
    pub help: String,
}

impl Malformed {
    /// A refusal with its remedy.
    pub fn new(problem: impl Into<String>, help: impl Into<String>) -> Self {
        Self { problem: problem.into(), help: help.into() }
    }
}
