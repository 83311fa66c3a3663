//! Words of restores.

use super::WAIVE;
use crate::lower::form::Form;
use crate::lower::word::{NOTHING, Property, Times, Word, many, one, optional, plain, required};

/// `restore`
pub static RESTORE: Word = Word {
    properties: &[optional(
        "rto",
        Form::Duration,
        "Within how long all of it is done. By default nothing is promised.",
    )],
    children: &[
        &MOMENT,
        &APPROVE,
        &RECOVER,
        &LAUNCH,
        &DEPLOY,
        &COMMAND_STEP,
        &PROBE,
        &SWITCH,
        &ANNOUNCE_STEP,
        &RESTORE_STEP,
        &PARALLEL,
        &WAIVE,
    ],
    times: Times::Any,
    ..plain(
        "restore",
        one(Form::Name, "the restore's name"),
        "Declares a way back. Its steps run in the order written.",
    )
};

/// `recover`
pub static RECOVER: Word = Word {
    properties: &[TAKES_STEP],
    children: &[&FROM, &INTO],
    times: Times::Any,
    ..plain(
        "recover",
        one(Form::Name, "a target that has a backup"),
        "Brings a target's recovery point back, beside what is there. Yields `path`, or of a database `instance` and `address`.",
    )
};

/// `from`
pub static FROM: Word = Word {
    properties: &[required("host", Form::Text, "The host's name.")],
    ..plain("from", NOTHING, "Whose recovery points. By default those of the host that restores.")
};

/// `into`
pub static INTO: Word = Word {
    properties: &[
        optional(
            "path",
            Form::Text,
            "The folder that is made, of a target that is folders or a `mysql`. A relative one is relative to the plan file's folder.",
        ),
        optional(
            "host",
            Form::Input,
            "A declared host, or an address; with `path`. By default the host that restores.",
        ),
        optional("instance", Form::Text, "The DB instance that is made, of an `rds` target that is an instance."),
        optional("cluster", Form::Text, "The Aurora cluster that is made, of an `rds` target that is a cluster."),
    ],
    children: &[&INSTANCE_CLASS, &SUBNET_GROUP, &INTO_SECURITY_GROUPS, &PARAMETER_GROUP, &OPTION_GROUP],
    times: Times::Required,
    ..plain(
        "into",
        NOTHING,
        "Where it is put; never over what is there. A database is set as the one that it is made from, but for what stands in the block.",
    )
};

/// `instance-class`
pub static INSTANCE_CLASS: Word = plain(
    "instance-class",
    one(Form::Text, "a class, as in `\"db.m6i.large\"`"),
    "The class of the new DB instance; of a cluster, of its instances. By default the source's.",
);

/// `subnet-group`
pub static SUBNET_GROUP: Word =
    plain("subnet-group", one(Form::Text, "its name"), "The DB subnet group. By default the source's.");

/// `security-groups` in `into`
pub static INTO_SECURITY_GROUPS: Word = plain(
    "security-groups",
    many(Form::Text, "their identifiers"),
    "The VPC security groups. By default the source's.",
);

/// `parameter-group`
pub static PARAMETER_GROUP: Word = plain(
    "parameter-group",
    one(Form::Text, "its name"),
    "The DB parameter group; of a cluster, its own. By default the source's.",
);

/// `option-group`
pub static OPTION_GROUP: Word =
    plain("option-group", one(Form::Text, "its name"), "The option group, of a DB instance. By default the source's.");

/// `parallel`
pub static PARALLEL: Word = Word {
    children: &[
        &APPROVE,
        &RECOVER,
        &LAUNCH,
        &DEPLOY,
        &COMMAND_STEP,
        &PROBE,
        &SWITCH,
        &ANNOUNCE_STEP,
        &RESTORE_STEP,
        &PARALLEL,
    ],
    times: Times::Any,
    ..plain("parallel", NOTHING, "Runs its steps side by side; the next step waits for all of them.")
};

/// `probe`
pub static PROBE: Word = Word {
    properties: &[
        optional(
            "timeout",
            Form::Duration,
            "How long it is tried again until it is well. By default as long as it `takes`, or `\"1m\"`; of a `path`, not at all.",
        ),
        TAKES_STEP,
    ],
    children: &[&PATH, &HTTP, &TCP, &SQL, &COMMAND],
    times: Times::Any,
    ..plain(
        "probe",
        one(Form::Text, "what it shows"),
        "Looks whether what was restored is well, in one way: `path`, `http`, `tcp`, `sql` or `command`.",
    )
};

/// `path`
pub static PATH: Word = plain(
    "path",
    one(Form::Text, "a path"),
    "It is well when something is there. A relative path is relative to the plan file's folder.",
);

/// `command` in `probe`
pub static COMMAND: Word = plain(
    "command",
    many(Form::Input, "a program and its arguments, of which some may be what earlier steps yield"),
    "It is well when the command exits with 0. It is run as it stands, never through a shell, from the plan file's folder, in the plain environment of the account that runs it.",
);

/// `http`
pub static HTTP: Word = Word {
    properties: &[optional("status", Form::Status, "The status that is well. By default 200.")],
    ..plain("http", one(Form::Url, "a URL"), "It is well when the page answers with the status.")
};

/// `tcp`
pub static TCP: Word = Word {
    properties: &[required("port", Form::Port, "The port.")],
    ..plain("tcp", one(Form::Input, "a declared host, or an address"), "It is well when something listens at the port.")
};

/// `sql`
pub static SQL: Word = Word {
    properties: &[
        required("host", Form::Input, "The database server: a declared host, or an address."),
        optional("port", Form::Port, "The TCP port. By default 3306."),
        optional("user", Form::Text, "As whom. By default the user that runs."),
        optional("password", Form::Secret, "The user's password. By default none is given."),
        optional("database", Form::Text, "The database that tables without one are looked for in. By default none."),
        optional(
            "ca",
            Form::Text,
            "The file of the certificates (PEM) of which one must vouch for the server's name; a relative path is relative to the plan file's \
             folder. By default the connection is encrypted where the server can, and whose it is is not asked.",
        ),
    ],
    ..plain(
        "sql",
        one(Form::Text, "a query"),
        "It is well when the query yields a row. It is asked of a MySQL or MariaDB server, in a transaction that can only read.",
    )
};

/// `moment`
pub static MOMENT: Word = Word {
    properties: &[optional(
        "spread",
        Form::Duration,
        "How far apart the data of two targets may be that come back together, logs left out: proven as an objective is. By default nothing \
         is promised, and what is far apart is warned of.",
    )],
    ..plain(
        "moment",
        one(Form::Moment, "which"),
        "The one moment to which everything goes back: of each target the newest recovery point that is there; `--at` and `--point` say \
         another. By default, and only, `\"latest\"`.",
    )
};

/// How long a step takes.
const TAKES_STEP: Property =
    optional("takes", Form::Duration, "How long it is expected to take. By default nothing is assumed.");

/// `approve`
pub static APPROVE: Word = Word {
    properties: &[required("by", Form::Name, "The role of the person."), TAKES_STEP],
    times: Times::Any,
    ..plain("approve", one(Form::Text, "what is approved"), "Waits for a person's word; there is no yes by default.")
};

/// `launch`
pub static LAUNCH: Word = Word {
    properties: &[TAKES_STEP],
    children: &[&IMAGE, &INSTANCE_TYPE, &SUBNET, &SECURITY_GROUPS, &USER_DATA, &TAGS],
    times: Times::Any,
    ..plain(
        "launch",
        one(Form::Text, "what it is called"),
        "Launches a machine from an image, and waits until its provider finds all well with it. Yields `instance` and `address`, its private one.",
    )
};

/// `image`
pub static IMAGE: Word = Word {
    properties: &[required("target", Form::Name, "A target that is a `machine-image`.")],
    times: Times::Required,
    ..plain("image", NOTHING, "From which image.")
};

/// `instance-type`
pub static INSTANCE_TYPE: Word = Word {
    times: Times::Required,
    ..plain("instance-type", one(Form::Text, "a type, as in `\"m6i.large\"`"), "What kind of machine.")
};

/// `subnet`
pub static SUBNET: Word =
    Word { times: Times::Required, ..plain("subnet", one(Form::Text, "its identifier"), "In which network.") };

/// `security-groups`
pub static SECURITY_GROUPS: Word =
    plain("security-groups", many(Form::Text, "their identifiers"), "What may reach it. By default the network's own.");

/// `user-data`
pub static USER_DATA: Word = plain(
    "user-data",
    one(Form::Text, "a file"),
    "What it is handed when it begins, at most 16 KiB. A relative path is relative to the plan file's folder. By default nothing.",
);

/// `tags`
pub static TAGS: Word = plain(
    "tags",
    many(Form::Tag, "tags"),
    "How it and its volumes are marked, beside what says whose they are. By default only so, and by its name.",
);

/// `deploy`
pub static DEPLOY: Word = Word {
    properties: &[TAKES_STEP],
    children: &[&DEPLOY_INTO],
    times: Times::Any,
    ..plain("deploy", one(Form::Name, "a target that is a `release`"), "Puts a release on a host. Yields `path`.")
};

/// `into` in `deploy`
pub static DEPLOY_INTO: Word = Word {
    properties: &[
        required("path", Form::Text, "The folder in which the release gets a folder of its own."),
        optional("host", Form::Input, "A declared host, or an address. By default the host that restores."),
        optional("link", Form::Text, "The link that is set to it, in one step, once it is whole. By default none."),
    ],
    times: Times::Required,
    ..plain("into", NOTHING, "Where it is put; what is there is kept.")
};

/// `command` in `restore`
pub static COMMAND_STEP: Word = Word {
    properties: &[
        optional("host", Form::Input, "A declared host, or an address. By default the host that restores."),
        optional("timeout", Form::Duration, "When to give up. By default after a day."),
        TAKES_STEP,
    ],
    children: &[&REPEATABLE],
    times: Times::Any,
    ..plain(
        "command",
        many(Form::Input, "a program and its arguments, of which some may be what earlier steps yield"),
        "Runs a program, which must exit with 0. It is run as it stands, never through a shell, from the plan file's folder (on another host from \
         the account's home), in the plain environment of the account that runs it.",
    )
};

/// `repeatable`
pub static REPEATABLE: Word = plain(
    "repeatable",
    NOTHING,
    "It does no harm to run it again. By default, where a run was stopped while it was under way, a person says whether it is run again.",
);

/// `switch`
pub static SWITCH: Word = Word {
    properties: &[TAKES_STEP],
    times: Times::Any,
    ..plain(
        "switch",
        one(Form::Name, "a target that was recovered"),
        "Puts what was recovered in the place of what is there, by renaming; what was there is kept beside, as `NAME.before-RUN`.",
    )
};

/// `announce` in `restore`
pub static ANNOUNCE_STEP: Word = Word {
    properties: &[TAKES_STEP],
    times: Times::Any,
    ..plain("announce", one(Form::Name, "a declared notice"), "Publishes the notice.")
};

/// `restore` in `restore`
pub static RESTORE_STEP: Word = Word {
    times: Times::Any,
    ..plain("restore", one(Form::Name, "a declared restore"), "Does all that another restore does.")
};
