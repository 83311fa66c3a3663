//! What a row of the vocabulary says of a word.

use super::form::Form;

/// A word that may begin a line.
#[derive(Debug)]
pub struct Word {
    /// How it is written.
    pub name: &'static str,
    /// What it means, with its default. Sentences.
    pub doc: &'static str,
    /// What stands behind it.
    pub arguments: Arguments,
    /// What may stand behind it by name.
    pub properties: &'static [Property],
    /// The words of its block; none where it has no block.
    pub children: &'static [&'static Self],
    /// How often it may stand in one block.
    pub times: Times,
}

/// The values behind a word.
#[derive(Debug, Clone, Copy)]
pub struct Arguments {
    /// How many there may be.
    pub number: Number,
    /// How each is written.
    pub form: Form,
    /// What they are: "the target's name".
    pub what: &'static str,
}

impl Word {
    /// Whether something that stands behind it is a secret.
    pub(super) fn may_hold_a_secret(&self) -> bool {
        self.arguments.form == Form::Secret || self.properties.iter().any(|property| property.form == Form::Secret)
    }
}

/// How many values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Number {
    /// None.
    Zero,
    /// None or one.
    Optional,
    /// One.
    One,
    /// One or more.
    Many,
}

/// A value with a name.
#[derive(Debug)]
pub struct Property {
    /// How it is written.
    pub name: &'static str,
    /// What it means, with its default. Sentences.
    pub doc: &'static str,
    /// How its value is written.
    pub form: Form,
    /// Whether it must be there.
    pub required: bool,
}

/// How often a word may stand in one block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// Once or not at all.
    Optional,
    /// Exactly once.
    Required,
    /// As often as one likes.
    Any,
}

pub(super) const NOTHING: Arguments = Arguments { number: Number::Zero, form: Form::Text, what: "" };

pub(super) const fn one(form: Form, what: &'static str) -> Arguments {
    Arguments { number: Number::One, form, what }
}

pub(super) const fn many(form: Form, what: &'static str) -> Arguments {
    Arguments { number: Number::Many, form, what }
}

pub(super) const fn optional(name: &'static str, form: Form, doc: &'static str) -> Property {
    Property { name, doc, form, required: false }
}

pub(super) const fn required(name: &'static str, form: Form, doc: &'static str) -> Property {
    Property { name, doc, form, required: true }
}

/// A word with arguments alone, at most once in its block.
pub(super) const fn plain(name: &'static str, arguments: Arguments, doc: &'static str) -> Word {
    Word { name, doc, arguments, properties: &[], children: &[], times: Times::Optional }
}
