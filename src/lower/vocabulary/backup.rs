//! Words of backups.

use super::WAIVE;
use crate::lower::form::Form;
use crate::lower::word::{Arguments, NOTHING, Number, Property, Times, Word, many, one, optional, plain, required};

/// `backup`
pub static BACKUP: Word = Word {
    children: &[
        &SCHEDULE,
        &SELECT,
        &ARCHIVE,
        &DUMP,
        &BINARY_LOG,
        &POINT_IN_TIME,
        &SNAPSHOT,
        &INTO_STORE,
        &COPY,
        &REMOVE_ORIGINALS,
        &RETENTION,
        &GUARD,
        &TAKES,
        &TIMEOUT,
        &AFTER,
        &BEFORE_BACKUP,
        &AFTER_BACKUP,
        &PRIORITY,
        &WAIVE,
    ],
    times: Times::Any,
    ..plain(
        "backup",
        one(Form::Name, "the backup's name"),
        "One way the target is backed up: the job `target/backup`. It makes an `archive` of files, a `dump` or the `binary-log` of a MySQL \
         server, or has RDS keep `point-in-time` recovery or a `snapshot`.",
    )
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

/// How an archive or a dump is compressed.
const COMPRESSION: &[Property] = &[
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
];

/// `archive`
pub static ARCHIVE: Word = Word {
    properties: COMPRESSION,
    ..plain(
        "archive",
        one(Form::Archive, "the format"),
        "Files are packed: `\"tar.zip\"` is a zip that holds one tar. Of a `files` or `logs` target.",
    )
};

/// `dump`
pub static DUMP: Word = Word {
    properties: COMPRESSION,
    ..plain("dump", NOTHING, "Databases are dumped, consistent in themselves, while they go on. Of a `mysql` target.")
};

/// `binary-log`
pub static BINARY_LOG: Word = Word {
    properties: COMPRESSION,
    ..plain(
        "binary-log",
        NOTHING,
        "What the databases changed since the last one. With a `dump` before it, it brings back any moment. Of a `mysql` target.",
    )
};

/// `point-in-time`
pub static POINT_IN_TIME: Word = Word {
    properties: &[
        optional(
            "window",
            Form::Window,
            "When RDS makes its daily full backup, in the plan's zone. By default as it is set there.",
        ),
        required(
            "max-lag",
            Form::Duration,
            "How far the newest moment may lie back. RDS's word, held against it at each look.",
        ),
        optional("check-every", Form::Duration, "How often it is looked at. By default whenever the job is run."),
        optional(
            "on-drift",
            Form::Drift,
            "What is done where the database is set otherwise than `window` and `retention within=` say. By default `\"tell\"`.",
        ),
    ],
    ..plain(
        "point-in-time",
        NOTHING,
        "RDS itself keeps a daily full backup and the transaction log, and brings back any moment within `retention within=`. Of an `rds` target.",
    )
};

/// `snapshot`
pub static SNAPSHOT: Word = Word {
    properties: &[
        optional("copy-to", Form::Text, "A further region that it is copied to."),
        optional("kms-key", Form::Text, "The key of AWS KMS that the copy is encrypted with there."),
    ],
    ..plain("snapshot", NOTHING, "RDS makes and keeps a snapshot. Of an `rds` target.")
};

/// `select`
pub static SELECT: Word = Word {
    properties: &[optional(
        "keep-newest",
        Form::Count,
        "How many months stay out of it, the running one among them; with, and only with, `\"whole-months\"`. By default 2.",
    )],
    ..plain(
        "select",
        one(Form::Selection, "by which rule"),
        "Which files of a `logs` target, by the day they are of. `\"unshipped-days\"`: every day that is over and not in the store, one recovery \
         point a day. `\"whole-months\"`: every month but the newest, one recovery point a month. By default all files as they stand.",
    )
};

/// `copy`
pub static COPY: Word = Word {
    properties: &[required("to", Form::Name, "A declared store.")],
    children: &[&RETENTION, &TAKES],
    times: Times::Any,
    ..plain(
        "copy",
        NOTHING,
        "A further copy of each recovery point, read back as the first was, and kept by a `retention` of its own. Its `takes` begins when the \
         first is there.",
    )
};

/// `remove-originals`
pub static REMOVE_ORIGINALS: Word = plain(
    "remove-originals",
    NOTHING,
    "The files leave their folder once their archive is in the store and was read back; one that changed since, or is open, stays. With `select`.",
);

/// `store` inside a backup
pub static INTO_STORE: Word =
    plain("store", one(Form::Name, "a declared store"), "Where the backup is put. What RDS keeps is put nowhere.");

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

/// `before-backup`
pub static BEFORE_BACKUP: Word = plain(
    "before-backup",
    many(Form::Text, "a program and its arguments"),
    "Is run before the source is looked at; where it fails, the job does. It is run as it stands, never through a shell.",
);

/// `after-backup`
pub static AFTER_BACKUP: Word = plain(
    "after-backup",
    many(Form::Text, "a program and its arguments"),
    "Is run when the recovery point exists, and also when the job failed behind `before-backup`. It is run as it stands, never through a shell.",
);

/// `priority`
pub static PRIORITY: Word = plain(
    "priority",
    one(Form::Priority, "how much"),
    "How much of the host the job may take: `\"low\"` less than others, `\"idle\"` what nobody else wants. By default `\"normal\"`.",
);
