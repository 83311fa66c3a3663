//! Words of targets and their sources.

use super::{BACKUP, WAIVE, rest};
use crate::lower::form::Form;
use crate::lower::word::{Arguments, NOTHING, Number, Times, Word, many, one, optional, plain, required};

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
    children: &[
        &USE,
        &HOSTS,
        &FILES,
        &LOGS,
        &RDS,
        &MYSQL,
        &MACHINE_IMAGE,
        &RELEASE,
        &NO_BACKUP,
        &OBJECTIVE,
        &BACKUP,
        &WAIVE,
    ],
    times: Times::Any,
    ..plain(
        "target",
        one(Form::Name, "the target's name"),
        "Declares one thing that the policy speaks of. It has a `backup`, or a `no-backup` with its reason.",
    )
};

/// `hosts`
pub static HOSTS: Word = plain(
    "hosts",
    many(Form::Name, "declared hosts"),
    "Where the target is: each of these hosts backs up its own. By default every host that runs the plan does; but once one target names \
     its hosts, all that are of a host must.",
);

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

/// `logs`
pub static LOGS: Word = Word {
    properties: &[optional(
        "pattern",
        Form::Pattern,
        "Which files are of which day, for a `select`. By default they are of no day, as those that do not rotate.",
    )],
    children: &[&EXCLUDE, &ALLOW_EMPTY, &ALLOW_UNMOUNTED, &ONE_FILE_SYSTEM, &ROTATES],
    ..plain(
        "logs",
        many(Form::Text, "folders"),
        "The target is the logs in these folders. As `files`, and a backup can select them by the day that they are of.",
    )
};

/// `rotates`
pub static ROTATES: Word = Word {
    properties: &[required(
        "keep",
        Form::Period,
        "How long the file of a day stays, from the beginning of that day: it may be gone at the beginning of the day that comes so much later.",
    )],
    ..plain(
        "rotates",
        NOTHING,
        "Says that others delete files too, as log rotation does; with `pattern`. Every day must then be in an archive before its file is gone, \
         which is proven. By default nobody but this plan deletes any.",
    )
};

/// `rds`
pub static RDS: Word = Word {
    properties: &[
        optional("instance", Form::Text, "The DB instance's identifier; this or `cluster`."),
        optional("cluster", Form::Text, "The Aurora cluster's identifier; this or `instance`."),
        optional("region", Form::Text, "Its region. By default the one that the environment names."),
    ],
    ..plain("rds", NOTHING, "The target is a database of Amazon RDS.")
};

/// `mysql`
pub static MYSQL: Word = Word {
    properties: &[
        optional("socket", Form::Text, "The Unix socket at which it listens; this or `host`."),
        optional("host", Form::Text, "Its name in DNS, or its IP address; this or `socket`."),
        optional("port", Form::Port, "The TCP port. By default 3306."),
        optional("user", Form::Text, "As whom. By default the user that runs."),
        optional("password", Form::Secret, "The user's password. By default none is given."),
    ],
    children: &[&DATABASES],
    ..plain("mysql", NOTHING, "The target is a MySQL or MariaDB server of one's own.")
};

/// `databases`
pub static DATABASES: Word = plain(
    "databases",
    many(Form::Text, "names of databases"),
    "Only these are backed up. By default all are, with the accounts.",
);

/// `machine-image`
pub static MACHINE_IMAGE: Word = Word {
    arguments: Arguments {
        number: Number::Optional,
        form: Form::Text,
        what: "the image's identifier, unless `newest-tagged` is given",
    },
    properties: &[
        optional(
            "newest-tagged",
            Form::Tag,
            "Instead of an identifier: the newest of one's own images that has this tag.",
        ),
        optional("max-age", Form::Duration, "How old it may be. By default as old as it likes."),
        optional("region", Form::Text, "Its region. By default the one that the environment names."),
    ],
    ..plain("machine-image", NOTHING, "The target is an image that machines are launched from (an AMI).")
};

/// `release`
pub static RELEASE: Word = Word {
    properties: &[
        optional("svn", Form::Url, "A folder of a Subversion repository; this or `archive`."),
        optional(
            "archive",
            Form::Text,
            "An archive, a `.tar`, `.tar.gz`, `.tgz` or `.tar.zst`; this or `svn`. A relative path is relative to the plan file's folder.",
        ),
        optional(
            "store",
            Form::Name,
            "The store that the archive lies in; `archive` is its key then. By default a file.",
        ),
        optional("sha256", Form::Digest, "The archive's digest; needed with, and only with, `archive`."),
        optional(
            "strip",
            Form::Count,
            "How many leading folders of the archive's paths are left out, as with tar(1)'s `--strip-components`. By default none.",
        ),
    ],
    ..plain("release", NOTHING, "The target is a program, in the version that was released.")
};

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
        optional(
            "any-point",
            Form::Period,
            "It can be brought back to any moment of so many last days, up to the newest recovery point: of `point-in-time`, or of a `dump` with a \
             `binary-log`. By default nothing is promised.",
        ),
    ],
    ..plain(
        "objective",
        NOTHING,
        "What is promised of the target; the compiler proves it, or shows why it does not hold.",
    )
};
