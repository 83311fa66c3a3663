//! How each kind of value is written, and reading it.

use std::num::NonZeroU32;

use crate::diagnostic::{Code, codes::value as codes, nearest};
use crate::plan::{ArchiveFormat, TimeOfDay};
use crate::primitives::{Duration, JobName, Malformed, Method, Name, Percentage, Period};
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
    /// `"zstd"`.
    Method,
    /// A compression level.
    Level,
    /// `"daily"`.
    ScheduleKind,
    /// `"sonae::retention::none"`.
    Code,
}

impl Form {
    /// All of them, in the order of the reference.
    pub const ALL: [Self; 19] = [
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
        Self::Method,
        Self::Level,
        Self::ScheduleKind,
        Self::Code,
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
            Self::Method => ("compression method", "`\"deflate\"` or `\"zstd\"`"),
            Self::Level => (
                "compression level",
                "a whole number from 0 to 12 for deflate, 1 to 19 for zstd, without quotes, as in `9`",
            ),
            Self::ScheduleKind => ("schedule kind", "one of `\"daily\"`, `\"weekly\"`, `\"monthly\"`, `\"yearly\"`"),
            Self::Code => ("code", "the code of a diagnostic, as in `\"sonae::retention::none\"`"),
        }
    }
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
            format!("{} stands where a {name} is expected", value.kind()),
            format!("write {doc}"),
        )
    }
}

/// A value that a plan can hold.
pub(super) trait Readable: Sized {
    /// How it is written.
    const FORM: Form;
    fn read(value: &Value) -> Result<Self, Refusal>;
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

/// Types whose `parse` says itself what is wrong.
macro_rules! parsed {
    ($type:ty, $form:expr, $code:expr) => {
        impl Readable for $type {
            const FORM: Form = $form;
            fn read(value: &Value) -> Result<Self, Refusal> {
                Self::parse(text(value, Self::FORM)?).map_err(|malformed| Refusal::of($code, malformed))
            }
        }
    };
}
parsed!(Name, Form::Name, &codes::BAD_NAME);
parsed!(JobName, Form::Job, &codes::BAD_JOB);
parsed!(Duration, Form::Duration, &codes::BAD_DURATION);
parsed!(Period, Form::Period, &codes::BAD_PERIOD);
parsed!(Percentage, Form::Percentage, &codes::BAD_PERCENTAGE);

/// Texts of which no more is known here.
macro_rules! worded {
    ($(#[$doc:meta])* $type:ident, $form:expr) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub(super) struct $type(pub(super) String);
        impl Readable for $type {
            const FORM: Form = $form;
            fn read(value: &Value) -> Result<Self, Refusal> {
                some_text(value, Self::FORM).map(Self)
            }
        }
    };
}
worded!(
    /// Any text.
    Text,
    Form::Text
);
worded!(
    /// A zone; whether there is one of that name is `check`'s.
    Zone,
    Form::Zone
);
worded!(
    /// A diagnostic's code; whether there is one of that name is `check`'s.
    CodeName,
    Form::Code
);

impl Readable for NonZeroU32 {
    const FORM: Form = Form::Count;
    fn read(value: &Value) -> Result<Self, Refusal> {
        let Value::Integer(number) = value else { return Err(Refusal::wrong_type(value, Self::FORM)) };
        let refused = |problem: &str| {
            Refusal::new(&codes::BAD_COUNT, format!("the count {number} is {problem}"), "write a whole number from 1")
        };
        let count = u32::try_from(*number).map_err(|_| refused(if *number < 0 { "negative" } else { "too large" }))?;
        Self::new(count).ok_or_else(|| refused("nothing"))
    }
}

/// A compression level; whether a method has it is said where the method is known.
pub(super) struct Level(pub(super) u8);

impl Readable for Level {
    const FORM: Form = Form::Level;
    fn read(value: &Value) -> Result<Self, Refusal> {
        let Value::Integer(number) = value else { return Err(Refusal::wrong_type(value, Self::FORM)) };
        let refused = |_| {
            let help = format!("write {}", Self::FORM.doc().1);
            Refusal::new(&codes::BAD_LEVEL, format!("there is no compression level {number}"), help)
        };
        u8::try_from(*number).map(Self).map_err(refused)
    }
}

/// A day of the month, 1 to 31.
pub(super) struct Day(pub(super) i8);

impl Readable for Day {
    const FORM: Form = Form::Day;
    fn read(value: &Value) -> Result<Self, Refusal> {
        match value {
            Value::Integer(number) => match i8::try_from(*number) {
                Ok(day @ 1..=31) => Ok(Self(day)),
                _ => Err(Refusal::new(
                    &codes::BAD_DAY,
                    format!("no month has a day {number}"),
                    "write a day from 1 to 31",
                )),
            },
            other => Err(Refusal::wrong_type(other, Self::FORM)),
        }
    }
}

/// Two ASCII digits.
fn two_digits(text: &str) -> Option<i8> {
    (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

impl Readable for TimeOfDay {
    const FORM: Form = Form::Time;
    fn read(value: &Value) -> Result<Self, Refusal> {
        let text = text(value, Self::FORM)?;
        let halves = text.split_once(':').and_then(|(hour, minute)| Some((two_digits(hour)?, two_digits(minute)?)));
        let help = "write hours and minutes from \"00:00\" to \"23:59\", two digits each";
        match halves {
            Some((hour @ 0..=23, minute @ 0..=59)) => Ok(Self { hour, minute }),
            Some(_) => Err(Refusal::new(&codes::BAD_TIME, format!("there is no time of day {text:?}"), help)),
            None => Err(Refusal::new(&codes::BAD_TIME, format!("{text:?} is not a time of day"), help)),
        }
    }
}

impl Readable for jiff::civil::Date {
    const FORM: Form = Form::Date;
    fn read(value: &Value) -> Result<Self, Refusal> {
        let text = text(value, Self::FORM)?;
        // Only the plain form: jiff would read a time behind it too.
        let plain = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        let date = plain.then(|| text.parse().ok()).flatten();
        let help = "write year, month and day, as in \"2027-04-01\"";
        date.ok_or_else(|| Refusal::new(&codes::BAD_DATE, format!("{text:?} is not a date"), help))
    }
}

/// A day of every year; 29 February is one.
pub(super) struct MonthDay {
    pub(super) month: i8,
    pub(super) day: i8,
}

impl Readable for MonthDay {
    const FORM: Form = Form::MonthDay;
    fn read(value: &Value) -> Result<Self, Refusal> {
        let text = text(value, Self::FORM)?;
        let halves = text.split_once('-').and_then(|(month, day)| Some((two_digits(month)?, two_digits(day)?)));
        // A leap year has every day that any year has.
        let known = halves.filter(|(month, day)| jiff::civil::Date::new(2024, *month, *day).is_ok());
        let help = "write month and day, as in \"04-01\"";
        let refused = || Refusal::new(&codes::BAD_DATE, format!("{text:?} is not a day of the year"), help);
        known.map(|(month, day)| Self { month, day }).ok_or_else(refused)
    }
}

/// A cron expression of five fields that can be read.
pub(super) struct Cron(pub(super) String);

impl Readable for Cron {
    const FORM: Form = Form::Cron;
    fn read(value: &Value) -> Result<Self, Refusal> {
        let text = text(value, Self::FORM)?;
        crate::calendar::check_cron(text)
            .map(|()| Self(text.to_owned()))
            .map_err(|malformed| Refusal::of(&codes::BAD_CRON, malformed))
    }
}

/// Types that are one of a few words.
macro_rules! chosen {
    ($type:ty, $form:expr, $words:expr) => {
        impl Readable for $type {
            const FORM: Form = $form;
            fn read(value: &Value) -> Result<Self, Refusal> {
                let text = text(value, Self::FORM)?;
                let words = $words;
                if let Some((_, found)) = words.iter().find(|(word, _)| *word == text) {
                    return Ok(*found);
                }
                let (name, doc) = Self::FORM.doc();
                let meant = nearest(text, words.iter().map(|(word, _)| *word));
                let help = match meant {
                    Some(word) => format!("did you mean \"{word}\"? Write {doc}"),
                    None => format!("write {doc}"),
                };
                Err(Refusal::new(&codes::BAD_CHOICE, format!("{text:?} is not a {name}"), help))
            }
        }
    };
}

/// The kinds of schedules that go by the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScheduleKind {
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
