//! The table of every word of the language. Decoding, suggestions, `docs/language.md` and `schema/plan.schema.kdl` are made from it.

mod backup;
mod examples;
mod people;
mod restore;
mod store;
mod target;
mod watch;

pub use backup::*;
pub use examples::{EXAMPLES, Example};
pub use people::*;
pub use restore::*;
pub use store::*;
pub use target::*;
pub use watch::*;

use super::form::Form;
use super::word::{NOTHING, Times, Word, one, plain, required};

/// The file itself.
pub static ROOT: Word = Word {
    name: "",
    doc: "A plan is one file, with those that it includes. The order of its blocks does not matter.",
    arguments: NOTHING,
    properties: &[],
    // `plan` is the first: what follows may stand in an included file too.
    children: &[
        &PLAN, &INCLUDE, &ROLE, &HOST, &STORE, &NOTIFY, &TEMPLATE, &TARGET, &RESTORE, &VERIFY, &DRILL, &ANNOUNCE,
    ],
    times: Times::Required,
};

/// A file that is included: all but `plan`.
pub static PART: Word = Word { children: rest(ROOT.children), ..plain("", NOTHING, ROOT.doc) };

/// All words of a block but the first.
const fn rest(children: &'static [&'static Word]) -> &'static [&'static Word] {
    match children {
        [_, rest @ ..] => rest,
        [] => children,
    }
}

/// `include`
pub static INCLUDE: Word = Word {
    times: Times::Any,
    ..plain(
        "include",
        one(Form::Text, "a file, relative to the folder of the file that it stands in"),
        "Takes the blocks of another file as if they stood here. That file may hold all but `plan`, and may include others; each file is \
         included once. Paths of sources, stores and restores are relative to the plan file's folder, also where they stand in an included file.",
    )
};

/// `plan`
pub static PLAN: Word = Word {
    children: &[&TIMEZONE, &OWNER, &EVIDENCE, &WAIVE],
    times: Times::Required,
    ..plain("plan", one(Form::Name, "the plan's name"), "Names the plan, and says what holds for all of it.")
};

/// `timezone`
pub static TIMEZONE: Word = plain(
    "timezone",
    one(Form::Zone, "an IANA time zone"),
    "The zone of every time of day and of every calendar day. By default `UTC`.",
);

/// `owner`
pub static OWNER: Word = plain("owner", one(Form::Text, "a person or an address"), "Who answers for the plan.");

/// `evidence`
pub static EVIDENCE: Word = Word {
    properties: &[required("store", Form::Name, "A declared store.")],
    ..plain(
        "evidence",
        NOTHING,
        "Where sign-offs, the results of drills and holds lie. By default on the host where they were made, and nowhere else.",
    )
};

/// `waive`
pub static WAIVE: Word = Word {
    properties: &[
        required("reason", Form::Text, "Why it is set aside."),
        required(
            "until",
            Form::Date,
            "The last day it is set aside, in the plan's zone; from the next day on, the waiver is an error.",
        ),
    ],
    times: Times::Any,
    ..plain(
        "waive",
        one(Form::Code, "the code of a diagnostic"),
        "Sets a diagnostic aside within the block that it stands in; inside `plan`, in the whole plan.",
    )
};
