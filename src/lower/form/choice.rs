//! Values that are one of a few words.

use super::{Form, Kind, Readable, Refusal, article, codes, text};
use crate::diagnostic::nearest;
use crate::plan::{Addressing, ArchiveFormat, Depth, Drift, Event, LockMode, Priority, Selection, ServerEncryption};
use crate::primitives::Method;
use crate::syntax::Value;

/// Types that are one of a few words.
macro_rules! chosen {
    ($type:ty, $form:expr, [$(($word:literal, $value:expr)),* $(,)?]) => {
        impl Readable for $type {
            const FORM: Form = $form;
            const KIND: Kind = Kind::OneOf(&[$($word),*]);
            fn read(value: &Value) -> Result<Self, Refusal> {
                let text = text(value, Self::FORM)?;
                match text {
                    $($word => return Ok($value),)*
                    _ => {}
                }
                let (name, doc) = Self::FORM.doc();
                let meant = nearest(text, [$($word),*]);
                let help = match meant {
                    Some(word) => format!("did you mean \"{word}\"? Write {doc}"),
                    None => format!("write {doc}"),
                };
                Err(Refusal::new(&codes::BAD_CHOICE, format!("{text:?} is not {} {name}", article(name)), help))
            }
        }
    };
}

/// The kinds of schedules that go by the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lower) enum ScheduleKind {
    Daily,
    Weekly,
    Monthly,
    Yearly,
}

chosen!(
    ScheduleKind,
    Form::ScheduleKind,
    [("daily", Self::Daily), ("weekly", Self::Weekly), ("monthly", Self::Monthly), ("yearly", Self::Yearly)]
);
chosen!(ArchiveFormat, Form::Archive, [("tar.zip", Self::TarZip)]);
chosen!(Addressing, Form::Addressing, [("path", Self::Path), ("host", Self::Host)]);
chosen!(ServerEncryption, Form::ServerEncryption, [("sse-s3", Self::S3), ("sse-kms", Self::Kms)]);
chosen!(LockMode, Form::LockMode, [("governance", Self::Governance), ("compliance", Self::Compliance)]);
chosen!(Method, Form::Method, [("deflate", Self::Deflate), ("zstd", Self::Zstd)]);
chosen!(
    jiff::civil::Weekday,
    Form::Weekday,
    [
        ("mon", Self::Monday),
        ("tue", Self::Tuesday),
        ("wed", Self::Wednesday),
        ("thu", Self::Thursday),
        ("fri", Self::Friday),
        ("sat", Self::Saturday),
        ("sun", Self::Sunday),
    ]
);
chosen!(Selection, Form::Selection, [("unshipped-days", Self::UnshippedDays), ("whole-months", Self::WholeMonths)]);
chosen!(Drift, Form::Drift, [("tell", Self::Tell), ("correct", Self::Correct), ("enable", Self::Enable)]);
chosen!(Priority, Form::Priority, [("normal", Self::Normal), ("low", Self::Low), ("idle", Self::Idle)]);
chosen!(
    Depth,
    Form::Depth,
    [
        ("present", Self::Present),
        ("checksum", Self::Checksum),
        ("read", Self::Read),
        ("restore", Self::Restore),
        ("deepest", Self::Deepest),
    ]
);
chosen!(
    Event,
    Form::Event,
    [
        ("failure", Self::Failure),
        ("missed", Self::Missed),
        ("recovered", Self::Recovered),
        ("success", Self::Success),
        ("suspended", Self::Suspended),
        ("approval", Self::Approval),
    ]
);

/// The moment that a restore goes back to, unless the command line says another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lower) enum Moment {
    /// The newest.
    Latest,
}

chosen!(Moment, Form::Moment, [("latest", Self::Latest)]);
