//! What a program can know of a value before it compiles the plan: for the schema, and for editors.
//!
//! Each kind stands beside the reading of the value. Invariant: what can be read is of its kind; not all that is of the kind can be read (a
//! 31 February looks like a day of a year).

use super::{
    CodeName, Cron, Day, Digest, Form, Level, Moment, MonthDay, Pattern, Port, Readable, Recipient, ScheduleKind,
    Status, Tag, Text, Url, Zone,
};
use crate::plan::{
    Addressing, ArchiveFormat, Depth, Drift, Event, Input, LockMode, Priority, Secret, Selection, Selector,
    ServerEncryption, TimeOfDay, Window,
};
use crate::primitives::{Duration, JobName, Method, Name, Percentage, Period, Rate};

/// What a program can know of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A whole number from the first to the last.
    Whole(u32, u32),
    /// A text in which the expression (ECMA-262's, in what all engines have in common) finds something.
    Like(&'static str),
}

/// Text that says something.
pub(super) const SOME: Kind = Kind::Like(r"\S");

impl Form {
    /// What a program can know of such a value.
    pub const fn kind(self) -> Kind {
        self.read_as().0
    }

    /// The type annotations that mean something before it.
    pub const fn annotations(self) -> &'static [&'static str] {
        self.read_as().1
    }

    /// Whether one of them must be there.
    pub const fn needs_annotation(self) -> bool {
        matches!(self, Self::Secret)
    }

    const fn read_as(self) -> (Kind, &'static [&'static str]) {
        const fn of<T: Readable>() -> (Kind, &'static [&'static str]) {
            (T::KIND, T::ANNOTATIONS)
        }
        match self {
            Self::Text => of::<Text>(),
            Self::Name => of::<Name>(),
            Self::Job => of::<JobName>(),
            Self::Duration => of::<Duration>(),
            Self::Period => of::<Period>(),
            Self::Percentage => of::<Percentage>(),
            Self::Count => of::<std::num::NonZeroU32>(),
            Self::Day => of::<Day>(),
            Self::Time => of::<TimeOfDay>(),
            Self::Date => of::<jiff::civil::Date>(),
            Self::MonthDay => of::<MonthDay>(),
            Self::Weekday => of::<jiff::civil::Weekday>(),
            Self::Zone => of::<Zone>(),
            Self::Cron => of::<Cron>(),
            Self::Archive => of::<ArchiveFormat>(),
            Self::Addressing => of::<Addressing>(),
            Self::ServerEncryption => of::<ServerEncryption>(),
            Self::LockMode => of::<LockMode>(),
            Self::Method => of::<Method>(),
            Self::Level => of::<Level>(),
            Self::ScheduleKind => of::<ScheduleKind>(),
            Self::Code => of::<CodeName>(),
            Self::Secret => of::<Secret>(),
            Self::Input => of::<Input>(),
            Self::Rate => of::<Rate>(),
            Self::Window => of::<Window>(),
            Self::Pattern => of::<Pattern>(),
            Self::Url => of::<Url>(),
            Self::Tag => of::<Tag>(),
            Self::Recipient => of::<Recipient>(),
            Self::Digest => of::<Digest>(),
            Self::Port => of::<Port>(),
            Self::Status => of::<Status>(),
            Self::Selection => of::<Selection>(),
            Self::Drift => of::<Drift>(),
            Self::Priority => of::<Priority>(),
            Self::Event => of::<Event>(),
            Self::Selector => of::<Selector>(),
            Self::Depth => of::<Depth>(),
            Self::Moment => of::<Moment>(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex::Regex;

    use super::*;
    use crate::syntax::Value;

    /// The form that a value is read as, and whether it can be: without an annotation, or with its first.
    fn read<T: Readable>(value: &Value) -> (Form, bool) {
        let with = T::ANNOTATIONS.first().is_some_and(|annotation| T::read_annotated(annotation, value).is_ok());
        (T::FORM, with || T::read(value).is_ok())
    }

    fn readings(value: &Value) -> Vec<(Form, bool)> {
        vec![
            read::<Text>(value),
            read::<Name>(value),
            read::<JobName>(value),
            read::<Duration>(value),
            read::<Period>(value),
            read::<Percentage>(value),
            read::<std::num::NonZeroU32>(value),
            read::<Day>(value),
            read::<TimeOfDay>(value),
            read::<jiff::civil::Date>(value),
            read::<MonthDay>(value),
            read::<jiff::civil::Weekday>(value),
            read::<Zone>(value),
            read::<Cron>(value),
            read::<ArchiveFormat>(value),
            read::<Addressing>(value),
            read::<ServerEncryption>(value),
            read::<LockMode>(value),
            read::<Method>(value),
            read::<Level>(value),
            read::<ScheduleKind>(value),
            read::<CodeName>(value),
            read::<Secret>(value),
            read::<Input>(value),
            read::<Rate>(value),
            read::<Window>(value),
            read::<Pattern>(value),
            read::<Url>(value),
            read::<Tag>(value),
            read::<Recipient>(value),
            read::<Digest>(value),
            read::<Port>(value),
            read::<Status>(value),
            read::<Selection>(value),
            read::<Drift>(value),
            read::<Priority>(value),
            read::<Event>(value),
            read::<Selector>(value),
            read::<Depth>(value),
            read::<Moment>(value),
        ]
    }

    fn is_of_kind(kind: Kind, value: &Value) -> bool {
        match (kind, value) {
            (Kind::OneOf(words), Value::String(text)) => words.contains(&text.as_str()),
            (Kind::Like(expression), Value::String(text)) => Regex::new(expression).unwrap().is_match(text),
            (Kind::Whole(least, most), Value::Integer(number)) => {
                (i128::from(least)..=i128::from(most)).contains(number)
            }
            _ => false,
        }
    }

    fn what_is_read_is_of_its_kind(value: &Value) -> usize {
        let read: Vec<_> = readings(value).into_iter().filter(|(_, is_read)| *is_read).collect();
        for (form, _) in &read {
            assert!(is_of_kind(form.kind(), value), "{form:?}: {value:?}");
        }
        read.len()
    }

    #[test]
    fn each_form_is_read_as_itself_and_each_word_is_read() {
        let forms: Vec<Form> = readings(&Value::Null).into_iter().map(|(form, _)| form).collect();
        assert_eq!(forms, Form::ALL);
        for form in Form::ALL {
            let Kind::OneOf(words) = form.kind() else { continue };
            assert!(!words.is_empty());
            for word in words {
                assert!(readings(&Value::String((*word).to_owned())).contains(&(form, true)), "{form:?}: {word}");
                assert!(form.doc().1.contains(&format!("\"{word}\"")), "{form:?}: {word} is not documented");
            }
        }
    }

    #[test]
    fn what_the_reference_shows_is_of_its_kind_and_is_read() {
        let mut shown = 0;
        for form in Form::ALL {
            for text in form.doc().1.split('`').skip(1).step_by(2) {
                let (annotation, text) = text.split_once(')').unwrap_or(("", text));
                let Some(text) = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) else { continue };
                // Without its annotation, or with another, it may be another value.
                if form.annotations().first().is_some_and(|first| annotation != format!("({first}")) {
                    continue;
                }
                // The beginning of a key, not a key.
                if text.ends_with('…') {
                    continue;
                }
                let value = Value::String(text.to_owned());
                assert!(readings(&value).contains(&(form, true)), "{form:?}: {annotation} {text}");
                what_is_read_is_of_its_kind(&value);
                shown += 1;
            }
        }
        assert!(shown > 40, "{shown}");
    }

    #[test]
    fn numbers_at_their_bounds() {
        for form in Form::ALL {
            let Kind::Whole(least, most) = form.kind() else { continue };
            let reads = |number: i128| readings(&Value::Integer(number)).contains(&(form, true));
            let (least, most) = (i128::from(least), i128::from(most));
            assert!(reads(least) && reads(most) && !reads(least - 1), "{form:?}");
            // Which levels there are depends on the method; that is said later.
            assert!(form == Form::Level || !reads(most + 1), "{form:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_of_its_kind(
            text in prop_oneof![
                "[0-9]{1,3}(w|d|h|m|s|mo|y|%|KiB/s|MiB/s|B/s)([0-9]{1,2}[hms])?",
                "[0-2][0-9]:[0-5][0-9](/[0-9]{1,2}[hm])?",
                "[0-9]{4}-[01][0-9]-[0-3][0-9]",
                "[01][0-9]-[0-3][0-9]",
                "[a-z0-9*,/-]{1,4}( [a-z0-9*,/-]{1,3}){4}",
                "[a-zA-Z]{1,5}://[ -~]{0,8}",
                "[ -~]{0,6}[/.:=][ -~]{0,6}",
                "[a-z]{0,3}%Y[-*]?%m.?%d[a-z*]{0,3}",
                "(area:)?[A-Za-z0-9._-]{0,66}",
                "[0-9a-fA-F]{64}",
                any::<String>(),
            ],
        ) {
            what_is_read_is_of_its_kind(&Value::String(text));
        }
    }
}
