//! Whole numbers, each within its bounds.

use std::num::NonZeroU32;

use super::{Form, Kind, Readable, Refusal, codes};
use crate::syntax::Value;

impl Readable for NonZeroU32 {
    const FORM: Form = Form::Count;
    const KIND: Kind = Kind::Whole(1, u32::MAX);
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
pub(in crate::lower) struct Level(pub(in crate::lower) u8);

impl Readable for Level {
    const FORM: Form = Form::Level;
    const KIND: Kind = Kind::Whole(0, 19);
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
pub(in crate::lower) struct Day(pub(in crate::lower) i8);

impl Readable for Day {
    const FORM: Form = Form::Day;
    const KIND: Kind = Kind::Whole(1, 31);
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

/// A whole number within bounds.
macro_rules! bounded {
    ($(#[$doc:meta])* $type:ident, $form:expr, $least:literal..=$most:literal) => {
        $(#[$doc])*
        pub(in crate::lower) struct $type(pub(in crate::lower) u16);
        impl Readable for $type {
            const FORM: Form = $form;
            const KIND: Kind = Kind::Whole($least, $most);
            fn read(value: &Value) -> Result<Self, Refusal> {
                let Value::Integer(number) = value else { return Err(Refusal::wrong_type(value, Self::FORM)) };
                match u16::try_from(*number) {
                    Ok(within @ $least..=$most) => Ok(Self(within)),
                    _ => {
                        let (name, doc) = Self::FORM.doc();
                        let problem = format!("there is no {name} {number}");
                        Err(Refusal::new(&codes::OUT_OF_RANGE, problem, format!("write {doc}")))
                    }
                }
            }
        }
    };
}
bounded!(
    /// A TCP port.
    Port,
    Form::Port,
    1..=65535
);
bounded!(
    /// A status of HTTP (RFC 9110).
    Status,
    Form::Status,
    100..=599
);
