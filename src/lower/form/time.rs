//! Times of day, dates, and rhythms.

use super::{Form, Kind, Readable, Refusal, codes, text};
use crate::plan::{TimeOfDay, Window};
use crate::primitives::Duration;
use crate::syntax::Value;

/// Two ASCII digits.
fn two_digits(text: &str) -> Option<i8> {
    (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

impl Readable for TimeOfDay {
    const FORM: Form = Form::Time;
    const KIND: Kind = Kind::Like(r"^[0-2][0-9]:[0-5][0-9]$");
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

impl Readable for Window {
    const FORM: Form = Form::Window;
    const KIND: Kind = Kind::Like(r"^[0-2][0-9]:[0-5][0-9]/([0-9]+[wdhms])+$");
    fn read(value: &Value) -> Result<Self, Refusal> {
        let text = text(value, Self::FORM)?;
        let refused =
            |problem: String| Refusal::new(&codes::BAD_WINDOW, problem, format!("write {}", Self::FORM.doc().1));
        let (at, length) = text.split_once('/').ok_or_else(|| refused(format!("{text:?} is not a window")))?;
        let at = TimeOfDay::read(&Value::String(at.to_owned())).map_err(|bad| refused(bad.message))?;
        let length = Duration::parse(length).map_err(|bad| refused(bad.problem))?;
        match length.seconds {
            60..=86_400 => Ok(Self { at, length }),
            _ => Err(refused(format!("a window of {length} is shorter than a minute or longer than a day"))),
        }
    }
}

impl Readable for jiff::civil::Date {
    const FORM: Form = Form::Date;
    const KIND: Kind = Kind::Like(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$");
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
pub(in crate::lower) struct MonthDay {
    pub(in crate::lower) month: i8,
    pub(in crate::lower) day: i8,
}

impl Readable for MonthDay {
    const FORM: Form = Form::MonthDay;
    const KIND: Kind = Kind::Like(r"^[01][0-9]-[0-3][0-9]$");
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
pub(in crate::lower) struct Cron(pub(in crate::lower) String);

impl Readable for Cron {
    const FORM: Form = Form::Cron;
    const KIND: Kind = Kind::Like(r"^\s*\S+(\s+\S+){4}\s*$");
    fn read(value: &Value) -> Result<Self, Refusal> {
        let text = text(value, Self::FORM)?;
        crate::calendar::check_cron(text)
            .map(|()| Self(text.to_owned()))
            .map_err(|malformed| Refusal::of(&codes::BAD_CRON, malformed))
    }
}
