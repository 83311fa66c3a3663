//! Words of verification, drills and notices.

use super::{SCHEDULE, TAKES, WAIVE};
use crate::lower::form::Form;
use crate::lower::word::{NOTHING, Times, Word, many, one, optional, plain, required};

/// `verify`
pub static VERIFY: Word = Word {
    children: &[&SCHEDULE, &TARGETS, &DEPTH, &SIGN_OFF, &TAKES, &WAIVE],
    times: Times::Any,
    ..plain("verify", one(Form::Name, "its name"), "Declares how what is kept is looked at, and when.")
};

/// `targets`
pub static TARGETS: Word =
    Word { times: Times::Required, ..plain("targets", many(Form::Selector, "which"), "Whose recovery points.") };

/// `depth`
pub static DEPTH: Word = Word {
    times: Times::Required,
    ..plain(
        "depth",
        one(Form::Depth, "how closely"),
        "`\"present\"`: they are there; `\"checksum\"`: the store has the digests of the manifest; `\"read\"`: they are read whole; \
         `\"restore\"`: they are restored into scratch; `\"deepest\"`: the closest that each can. What RDS keeps can be present only.",
    )
};

/// `sign-off`
pub static SIGN_OFF: Word = Word {
    properties: &[
        required("role", Form::Name, "The role of the person."),
        optional("within", Form::Duration, "Within how long. By default whenever."),
    ],
    ..plain("sign-off", NOTHING, "Whose word is waited for. By default nobody's.")
};

/// `drill`
pub static DRILL: Word = Word {
    children: &[&SCHEDULE, &RESTORES, &SCRATCH, &SIGN_OFF, &WAIVE],
    times: Times::Any,
    ..plain(
        "drill",
        one(Form::Name, "its name"),
        "Declares how restores are practised, and when: everything is put into scratch, never where it lives; `switch`, `command` and `announce` are left out, as they act on what is live.",
    )
};

/// `restore` in `drill`
pub static RESTORES: Word = Word {
    times: Times::Required,
    ..plain("restore", many(Form::Name, "declared restores"), "Which restores, one after the other.")
};

/// `scratch`
pub static SCRATCH: Word = plain(
    "scratch",
    one(Form::Text, "a folder"),
    "Below which everything is put. A relative one is relative to the plan file's folder. By default beside each destination, its name ending in \
     `.drill`.",
);

/// `announce`, a block of its own
pub static ANNOUNCE: Word = Word {
    properties: &[required("within", Form::Duration, "Within how long after the incident.")],
    children: &[&ASKS, &PUBLISH, &WAIVE],
    times: Times::Any,
    ..plain("announce", one(Form::Name, "its name"), "Declares a notice to those outside, customers for instance.")
};

/// `asks`
pub static ASKS: Word = Word {
    times: Times::Required,
    ..plain("asks", many(Form::Text, "questions"), "What a person is asked for it, in this order.")
};

/// `publish`
pub static PUBLISH: Word = Word {
    properties: &[required("command", Form::Text, "A program, which is handed the notice; never through a shell.")],
    times: Times::Required,
    ..plain("publish", NOTHING, "How it is published.")
};
