//! The table of every word of the language. Decoding, suggestions and `docs/reference.md` are made from it.

use super::form::Form;
use super::word::{Arguments, NOTHING, Number, Times, Word, many, one, optional, plain, required};

/// The file itself.
pub static ROOT: Word = Word {
    name: "",
    doc: "A plan is one file, with those that it includes. The order of its blocks does not matter.",
    arguments: NOTHING,
    properties: &[],
    // `plan` is the first: what follows may stand in an included file too.
    children: &[&PLAN, &INCLUDE, &STORE, &TEMPLATE, &TARGET, &RESTORE],
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
    children: &[&TIMEZONE, &OWNER, &WAIVE],
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

/// `store`, a block of its own
pub static STORE: Word = Word {
    children: &[&LOCAL, &LIMIT, &ACCESS, &WAIVE],
    times: Times::Any,
    ..plain("store", one(Form::Name, "the store's name"), "Declares a place where backups live.")
};

/// `local`
pub static LOCAL: Word = Word {
    properties: &[required(
        "path",
        Form::Text,
        "The folder. It is made where it is missing; a relative one is relative to the plan file's folder.",
    )],
    times: Times::Required,
    ..plain("local", NOTHING, "The store is a folder of the host that backs up.")
};

/// `limit`
pub static LIMIT: Word = Word {
    properties: &[required("side-by-side", Form::Count, "How many steps of one run may use the store at once.")],
    ..plain(
        "limit",
        NOTHING,
        "Spares the store: the steps of a run, of backups and of restores, wait for each other there. By default only \
         `--side-by-side` limits them.",
    )
};

/// `access`
pub static ACCESS: Word = Word {
    children: &[&WRITE, &READ, &PRUNE],
    ..plain(
        "access",
        NOTHING,
        "Says who may do what in the store, by the store's own names for them. By default nothing is said.",
    )
};

/// `write`
pub static WRITE: Word =
    Word { times: Times::Any, ..plain("write", many(Form::Text, "principals of the store"), "Who adds backups.") };

/// `read`
pub static READ: Word =
    Word { times: Times::Any, ..plain("read", many(Form::Text, "principals of the store"), "Who reads backups.") };

/// `prune`
pub static PRUNE: Word =
    Word { times: Times::Any, ..plain("prune", many(Form::Text, "principals of the store"), "Who deletes backups.") };

/// `template`
pub static TEMPLATE: Word = Word {
    children: rest(TARGET.children),
    times: Times::Any,
    ..plain(
        "template",
        one(Form::Name, "the template's name"),
        "What several targets have in common. It may hold all that a `target`'s block may, but `use`; it is no target by itself.",
    )
};

/// `use`
pub static USE: Word = Word {
    times: Times::Any,
    ..plain(
        "use",
        one(Form::Name, "a declared template"),
        "Takes all words of a template as if they stood here. What the target says itself stands instead of the template's word, with its \
         whole block, where the word may stand only once.",
    )
};

/// `target`
pub static TARGET: Word = Word {
    properties: &[optional("area", Form::Name, "Groups targets for people and selections. By default none.")],
    // `use` is the first: what follows may stand in a template too.
    children: &[&USE, &FILES, &NO_BACKUP, &OBJECTIVE, &BACKUP, &WAIVE],
    times: Times::Any,
    ..plain(
        "target",
        one(Form::Name, "the target's name"),
        "Declares one thing that the policy speaks of. It has a `backup`, or a `no-backup` with its reason.",
    )
};

/// `files`
pub static FILES: Word = Word {
    children: &[&EXCLUDE, &ALLOW_EMPTY, &ALLOW_UNMOUNTED, &ONE_FILE_SYSTEM],
    ..plain(
        "files",
        many(Form::Text, "folders"),
        "The target is these folders with all below them. A relative one is relative to the plan file's folder.",
    )
};

/// `exclude`
pub static EXCLUDE: Word = Word {
    times: Times::Any,
    ..plain(
        "exclude",
        many(Form::Text, "globs"),
        "Leaves out what matches: the path below its root is compared, `*` stays within a folder, `**` crosses folders. A \
         folder that matches is left out with all below it.",
    )
};

/// `allow-empty`
pub static ALLOW_EMPTY: Word = plain(
    "allow-empty",
    NOTHING,
    "Says that an empty folder is fine. By default it fails its step, for it is most likely a disk that is not mounted.",
);

/// `one-file-system`
pub static ONE_FILE_SYSTEM: Word = plain(
    "one-file-system",
    NOTHING,
    "Says that other file systems which are mounted below these folders are not entered: their mount points are stored as empty \
     folders, and named. By default they are walked into like any folder.",
);

/// `allow-unmounted`
pub static ALLOW_UNMOUNTED: Word = plain(
    "allow-unmounted",
    NOTHING,
    "Says that a folder may be no mount point although it was one when the newest recovery point was made. By default that fails its \
     step, for its disk is most likely not mounted.",
);

/// `no-backup`
pub static NO_BACKUP: Word =
    plain("no-backup", one(Form::Text, "the reason"), "Says that the target is deliberately not backed up, and why.");

/// `objective`
pub static OBJECTIVE: Word = Word {
    properties: &[
        optional(
            "rpo",
            Form::Duration,
            "Recovery point objective: at most so much may be lost. By default nothing is promised.",
        ),
        optional(
            "rto",
            Form::Duration,
            "Recovery time objective: it is back within so long. By default nothing is promised.",
        ),
    ],
    ..plain(
        "objective",
        NOTHING,
        "What is promised of the target; the compiler proves it, or shows why it does not hold.",
    )
};

/// `backup`
pub static BACKUP: Word = Word {
    children: &[&SCHEDULE, &ARCHIVE, &INTO_STORE, &RETENTION, &GUARD, &TAKES, &TIMEOUT, &AFTER, &WAIVE],
    times: Times::Any,
    ..plain("backup", one(Form::Name, "the backup's name"), "One way the target is backed up: the job `target/backup`.")
};

/// `schedule`
pub static SCHEDULE: Word = Word {
    arguments: Arguments {
        number: Number::Optional,
        form: Form::ScheduleKind,
        what: "its kind, unless `every` or `cron` is given",
    },
    properties: &[
        optional("at", Form::Time, "The time of day; needed with each kind."),
        optional("weekday", Form::Weekday, "The day of the week; needed with, and only with, `\"weekly\"`."),
        optional(
            "day",
            Form::Day,
            "The day of the month; needed with, and only with, `\"monthly\"`. In a month without it, the last day.",
        ),
        optional(
            "date",
            Form::MonthDay,
            "The day of the year; needed with, and only with, `\"yearly\"`. 29 February is the 28th in a common year.",
        ),
        optional(
            "every",
            Form::Duration,
            "Instead of a kind: so often, at least a minute, counted from 1970-01-01T00:00Z.",
        ),
        optional("cron", Form::Cron, "Instead of a kind: a cron expression of five fields."),
        optional("timezone", Form::Zone, "The zone of the time of day. By default the plan's."),
    ],
    ..plain("schedule", NOTHING, "When the backup is due. By default it runs only when it is named.")
};

/// `archive`
pub static ARCHIVE: Word = Word {
    times: Times::Required,
    properties: &[
        optional(
            "method",
            Form::Method,
            "How it is compressed. By default `\"deflate\"`, which every tool reads; `\"zstd\"` is faster where the tools read it: `7z` from 23.01 on and `bsdtar` do, `unzip` does not.",
        ),
        optional(
            "level",
            Form::Level,
            "The higher, the smaller and the slower. By default 6 for deflate and 3 for zstd. What does not compress is stored as it is, whatever the level.",
        ),
    ],
    ..plain(
        "archive",
        one(Form::Archive, "the format"),
        "How the backup is packed: `\"tar.zip\"` is a zip that holds one tar.",
    )
};

/// `store` inside a backup
pub static INTO_STORE: Word =
    Word { times: Times::Required, ..plain("store", one(Form::Name, "a declared store"), "Where the backup is put.") };

/// `retention`
pub static RETENTION: Word = Word {
    properties: &[
        optional("generations", Form::Count, "Keeps the newest so many good points."),
        optional("within", Form::Period, "Keeps all whose data is younger."),
        optional("hourly", Form::Count, "Keeps the newest of each of the newest so many hours that have one."),
        optional("daily", Form::Count, "Likewise of days."),
        optional("weekly", Form::Count, "Likewise of weeks, which begin on Monday."),
        optional("monthly", Form::Count, "Likewise of months."),
        optional("yearly", Form::Count, "Likewise of years."),
    ],
    ..plain(
        "retention",
        NOTHING,
        "How long recovery points are kept. The rules add up: a point is kept while any of them keeps it. By default \
         nothing is ever deleted.",
    )
};

/// `guard`
pub static GUARD: Word = Word {
    properties: &[
        optional(
            "shrink",
            Form::Percentage,
            "By how much a new recovery point may be smaller, in files and in bytes. With `\"100%\"` it may be as small as it likes. By default `\"50%\"`.",
        ),
        optional(
            "delete",
            Form::Percentage,
            "How much of the job's recovery points one run may delete; two it always may. With `\"100%\"` it may delete all that retention lets go. By default `\"50%\"`.",
        ),
    ],
    ..plain(
        "guard",
        NOTHING,
        "Suspends deletion where something is amiss: a new recovery point is much smaller than the newest one of a usual size, or more of the \
         points would go than a run should delete. No point is deleted until that is over, or somebody says that it is meant \
         (`sonae run --accept-shrink`, `--accept-deletions`).",
    )
};

/// `takes`
pub static TAKES: Word = plain(
    "takes",
    one(Form::Duration, "a duration"),
    "How long it is expected to take, for planning and proof. By default nothing is assumed, and nothing can be proven.",
);

/// `timeout`
pub static TIMEOUT: Word =
    plain("timeout", one(Form::Duration, "a duration"), "When to give up. By default after a day.");

/// `after`
pub static AFTER: Word = Word {
    times: Times::Any,
    ..plain(
        "after",
        many(Form::Job, "jobs"),
        "The jobs that come first where they run together. Where one is not due, it is no tie.",
    )
};

/// `restore`
pub static RESTORE: Word = Word {
    properties: &[optional(
        "rto",
        Form::Duration,
        "Within how long all of it is done. By default nothing is promised.",
    )],
    children: &[&RECOVER, &PARALLEL, &PROBE, &WAIVE],
    times: Times::Any,
    ..plain(
        "restore",
        one(Form::Name, "the restore's name"),
        "Declares a way back. Its steps run in the order written.",
    )
};

/// `recover`
pub static RECOVER: Word = Word {
    properties: &[optional("takes", Form::Duration, "How long it is expected to take. By default nothing is assumed.")],
    children: &[&FROM, &INTO],
    times: Times::Any,
    ..plain(
        "recover",
        one(Form::Name, "a target that has a backup"),
        "Brings a target's recovery point back, beside what is there.",
    )
};

/// `from`
pub static FROM: Word = Word {
    properties: &[required("host", Form::Text, "The host's name.")],
    ..plain("from", NOTHING, "Whose recovery points. By default those of the host that restores.")
};

/// `into`
pub static INTO: Word = Word {
    properties: &[required(
        "path",
        Form::Text,
        "The folder that is made. A relative one is relative to the plan file's folder.",
    )],
    times: Times::Required,
    ..plain("into", NOTHING, "Where it is put; never over what is there.")
};

/// `parallel`
pub static PARALLEL: Word = Word {
    children: &[&RECOVER, &PARALLEL, &PROBE],
    times: Times::Any,
    ..plain("parallel", NOTHING, "Runs its steps side by side; the next step waits for all of them.")
};

/// `probe`
pub static PROBE: Word = Word {
    properties: &[optional("takes", Form::Duration, "How long it is expected to take. By default nothing is assumed.")],
    children: &[&PATH, &COMMAND],
    times: Times::Any,
    ..plain(
        "probe",
        one(Form::Text, "what it shows"),
        "Looks whether what was restored is well: by a `path` or by a `command`.",
    )
};

/// `path`
pub static PATH: Word = plain(
    "path",
    one(Form::Text, "a path"),
    "It is well when something is there. A relative path is relative to the plan file's folder.",
);

/// `command`
pub static COMMAND: Word = plain(
    "command",
    many(Form::Text, "a program and its arguments"),
    "It is well when the command exits with 0. It is run as it stands, never through a shell.",
);
