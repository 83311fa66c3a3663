//! How each kind of value is written, and reading it.

mod choice;
mod kind;
mod named;
mod number;
mod text;
mod time;

pub use kind::Kind;

pub(super) use choice::{Moment, ScheduleKind};
pub(super) use number::{Day, Level, Port, Status};
pub(super) use text::{CodeName, Digest, Pattern, Recipient, Tag, Text, Url, Zone};
pub(super) use time::{Cron, MonthDay};

use crate::diagnostic::{Code, codes::value as codes};
use crate::primitives::Malformed;
use crate::syntax::Value;

/// A kind of value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// Any text that is not empty.
    Text,
    /// A declared name.
    Name,
    /// `"target/backup"`.
    Job,
    /// `"4h30m"`.
    Duration,
    /// `"2mo"`.
    Period,
    /// `"50%"`.
    Percentage,
    /// A whole number from 1.
    Count,
    /// A day of the month.
    Day,
    /// `"05:30"`.
    Time,
    /// `"2027-04-01"`.
    Date,
    /// `"04-01"`.
    MonthDay,
    /// `"mon"`.
    Weekday,
    /// `"Asia/Tokyo"`.
    Zone,
    /// `"30 5 * * *"`.
    Cron,
    /// `"tar.zip"`.
    Archive,
    /// `"path"`.
    Addressing,
    /// `"sse-kms"`.
    ServerEncryption,
    /// `"compliance"`.
    LockMode,
    /// `"zstd"`.
    Method,
    /// A compression level.
    Level,
    /// `"daily"`.
    ScheduleKind,
    /// `"sonae::retention::none"`.
    Code,
    /// `(env)"SMTP_PASSWORD"`.
    Secret,
    /// A text, or `(output)"web server.address"`.
    Input,
    /// `"50MiB/s"`.
    Rate,
    /// `"03:00/30m"`.
    Window,
    /// `"access-%Y%m%d.log"`.
    Pattern,
    /// `"https://example.org"`.
    Url,
    /// `"name=value"`.
    Tag,
    /// `"age1…"`.
    Recipient,
    /// 64 hexadecimal digits.
    Digest,
    /// A TCP port.
    Port,
    /// A status of HTTP.
    Status,
    /// `"unshipped-days"`.
    Selection,
    /// `"correct"`.
    Drift,
    /// `"low"`.
    Priority,
    /// `"failure"`.
    Event,
    /// `"area:data"`.
    Selector,
    /// `"read"`.
    Depth,
    /// `"latest"`.
    Moment,
}

impl Form {
    /// All of them, in the order of the reference.
    pub const ALL: [Self; 40] = [
        Self::Text,
        Self::Name,
        Self::Job,
        Self::Duration,
        Self::Period,
        Self::Percentage,
        Self::Count,
        Self::Day,
        Self::Time,
        Self::Date,
        Self::MonthDay,
        Self::Weekday,
        Self::Zone,
        Self::Cron,
        Self::Archive,
        Self::Addressing,
        Self::ServerEncryption,
        Self::LockMode,
        Self::Method,
        Self::Level,
        Self::ScheduleKind,
        Self::Code,
        Self::Secret,
        Self::Input,
        Self::Rate,
        Self::Window,
        Self::Pattern,
        Self::Url,
        Self::Tag,
        Self::Recipient,
        Self::Digest,
        Self::Port,
        Self::Status,
        Self::Selection,
        Self::Drift,
        Self::Priority,
        Self::Event,
        Self::Selector,
        Self::Depth,
        Self::Moment,
    ];

    /// What to write: its name and how it is written.
    pub const fn doc(self) -> (&'static str, &'static str) {
        match self {
            Self::Text => ("text", "a string that is not empty, as in `\"the reason\"`"),
            Self::Name => {
                ("name", "ASCII letters, digits, `-`, `_` and `.`, beginning with a letter or digit, at most 64 bytes")
            }
            Self::Job => ("job", "a target and its backup, as in `\"documents/daily\"`"),
            Self::Duration => (
                "duration",
                "whole numbers with a unit each (w, d, h, m, s), largest first, as in `\"4h30m\"`; a day is 24 hours",
            ),
            Self::Period => (
                "period",
                "a whole number and one unit (d, w, mo, y), as in `\"7d\"` or `\"2mo\"`; counted by the calendar",
            ),
            Self::Percentage => ("percentage", "a whole number from 0 to 100 and `%`, as in `\"50%\"`"),
            Self::Count => ("count", "a whole number from 1, without quotes, as in `7`"),
            Self::Day => ("day", "a whole number from 1 to 31, without quotes"),
            Self::Time => ("time", "hours and minutes, `\"00:00\"` to `\"23:59\"`"),
            Self::Date => ("date", "year, month and day, as in `\"2027-04-01\"`"),
            Self::MonthDay => ("day of the year", "month and day, as in `\"04-01\"`"),
            Self::Weekday => {
                ("weekday", "one of `\"mon\"`, `\"tue\"`, `\"wed\"`, `\"thu\"`, `\"fri\"`, `\"sat\"`, `\"sun\"`")
            }
            Self::Zone => ("zone", "a name of the IANA time zone database, as in `\"Asia/Tokyo\"`"),
            Self::Cron => {
                ("cron expression", "five fields (minute, hour, day, month, weekday), as in `\"30 5 * * 1-5\"`")
            }
            Self::Archive => ("archive format", "`\"tar.zip\"`"),
            Self::Addressing => ("addressing", "`\"path\"` or `\"host\"`"),
            Self::ServerEncryption => ("encryption by the service", "`\"sse-s3\"` or `\"sse-kms\"`"),
            Self::LockMode => ("lock of objects", "`\"governance\"` or `\"compliance\"`"),
            Self::Method => ("compression method", "`\"deflate\"` or `\"zstd\"`"),
            Self::Level => (
                "compression level",
                "a whole number from 0 to 12 for deflate, 1 to 19 for zstd, without quotes, as in `9`",
            ),
            Self::ScheduleKind => ("schedule kind", "one of `\"daily\"`, `\"weekly\"`, `\"monthly\"`, `\"yearly\"`"),
            Self::Code => ("code", "the code of a diagnostic, as in `\"sonae::retention::none\"`"),
            Self::Secret => (
                "secret",
                "where it is, never what it is: `(env)\"SMTP_PASSWORD\"`, a variable of the environment, or `(file)\"/run/secrets/smtp\"`, a file",
            ),
            Self::Input => (
                "text or output",
                "a string, or what an earlier step of the restore yields: `(output)\"web server.address\"`, the step and its output",
            ),
            Self::Rate => ("rate", "a whole number and one unit (B/s, KiB/s, MiB/s, GiB/s), as in `\"50MiB/s\"`"),
            Self::Window => ("window", "a time of day and a duration, as in `\"03:00/30m\"`"),
            Self::Pattern => (
                "file name pattern",
                "a file's name in which `%Y`, `%m` and `%d` stand for the day it is of, and `*` for anything, as in `\"access-%Y%m%d.log*\"`",
            ),
            Self::Url => ("URL", "a scheme, `://` and an address, as in `\"https://example.org/health\"`"),
            Self::Tag => ("tag", "a name, `=` and a value, as in `\"role=web\"`"),
            Self::Recipient => ("age recipient", "the public key of whoever can read it (age-keygen(1)): `\"age1…\"`"),
            Self::Digest => ("SHA-256", "64 hexadecimal digits, as sha256sum(1) prints them"),
            Self::Port => ("port", "a whole number from 1 to 65535, without quotes"),
            Self::Status => ("status", "a whole number from 100 to 599, without quotes, as in `200`"),
            Self::Selection => ("selection", "`\"unshipped-days\"` or `\"whole-months\"`"),
            Self::Drift => (
                "drift",
                "`\"tell\"`; `\"correct\"`: it is set as the plan says, but never so that less is kept; or `\"enable\"`: likewise, and \
                 automated backups are turned on where they are off",
            ),
            Self::Priority => ("priority", "`\"normal\"`, `\"low\"` or `\"idle\"`"),
            Self::Event => (
                "event",
                "one of `\"failure\"`, `\"missed\"`, `\"recovered\"`, `\"success\"`, `\"suspended\"`, `\"approval\"`",
            ),
            Self::Selector => ("selector", "`\"*\"`, an area as in `\"area:data\"`, or a target's name"),
            Self::Depth => ("depth", "one of `\"present\"`, `\"checksum\"`, `\"read\"`, `\"restore\"`, `\"deepest\"`"),
            Self::Moment => ("moment", "`\"latest\"`"),
        }
    }
}

/// "a", or "an" before a vowel.
fn article(noun: &str) -> &'static str {
    if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}

/// Why a value was refused.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) code: &'static Code,
    pub(super) message: String,
    pub(super) help: String,
}

impl Refusal {
    fn new(code: &'static Code, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { code, message: message.into(), help: help.into() }
    }

    fn of(code: &'static Code, malformed: Malformed) -> Self {
        Self::new(code, malformed.problem, malformed.help)
    }

    fn wrong_type(value: &Value, form: Form) -> Self {
        let (name, doc) = form.doc();
        Self::new(
            &codes::WRONG_TYPE,
            format!("{} stands where {} {name} is expected", value.kind(), article(name)),
            format!("write {doc}"),
        )
    }
}

/// A value that a plan can hold.
pub(super) trait Readable: Sized {
    /// How it is written.
    const FORM: Form;
    /// What a program can know of it.
    const KIND: Kind;
    /// The type annotations that mean something before it.
    const ANNOTATIONS: &'static [&'static str] = &[];
    fn read(value: &Value) -> Result<Self, Refusal>;
    /// The same with one of `ANNOTATIONS` before it.
    fn read_annotated(_annotation: &str, value: &Value) -> Result<Self, Refusal> {
        Self::read(value)
    }
}

/// The text of a value that must be a string.
fn text(value: &Value, form: Form) -> Result<&str, Refusal> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(Refusal::wrong_type(other, form)),
    }
}

/// A text that says something.
fn some_text(value: &Value, form: Form) -> Result<String, Refusal> {
    let text = text(value, form)?;
    if text.trim().is_empty() {
        return Err(Refusal::new(&codes::EMPTY, "a text is empty", format!("write {}", form.doc().1)));
    }
    if text.contains('\0') {
        return Err(Refusal::new(
            &codes::EMPTY,
            "a text holds a zero byte, behind which nothing is read",
            "remove `\\u{0}`",
        ));
    }
    Ok(text.to_owned())
}
