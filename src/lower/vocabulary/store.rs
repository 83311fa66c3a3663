//! Words of stores.

use super::WAIVE;
use crate::lower::form::Form;
use crate::lower::word::{NOTHING, Times, Word, many, one, optional, plain, required};

/// `store`, a block of its own
pub static STORE: Word = Word {
    children: &[&LOCAL, &S3, &SFTP, &LIMIT, &ENCRYPT, &ACCESS, &WAIVE],
    times: Times::Any,
    ..plain(
        "store",
        one(Form::Name, "the store's name"),
        "Declares a place where backups live: `local`, `s3` or `sftp`.",
    )
};

/// `local`
pub static LOCAL: Word = Word {
    properties: &[required(
        "path",
        Form::Text,
        "The folder. It is made where it is missing; a relative one is relative to the plan file's folder.",
    )],
    ..plain("local", NOTHING, "The store is a folder of the host that backs up.")
};

/// `s3`
pub static S3: Word = Word {
    properties: &[
        required("bucket", Form::Text, "The bucket."),
        optional("region", Form::Text, "Its region. By default the one that the environment names."),
        optional("prefix", Form::Text, "What every key begins with. By default nothing."),
        optional("endpoint", Form::Url, "The service, where it is not Amazon's."),
        optional(
            "addressing",
            Form::Addressing,
            "Where requests name the bucket. By default in the path where there is an `endpoint`, else in the host's name.",
        ),
        optional(
            "storage-class",
            Form::Text,
            "How what is put is stored: one of Amazon's storage classes, or of the `endpoint`'s. By default as the bucket says.",
        ),
        optional(
            "retrieval",
            Form::Duration,
            "How long it takes at most, as the service says, until what it stores can be read; needed with the storage classes from which it must be retrieved \
             first, `\"GLACIER\"` and `\"DEEP_ARCHIVE\"`. It counts in every `rto`. By default nothing has to be retrieved.",
        ),
        optional(
            "encryption",
            Form::ServerEncryption,
            "With whose keys the service encrypts what it stores: S3's own, or those of AWS KMS. By default as the bucket says.",
        ),
        optional(
            "kms-key",
            Form::Text,
            "The key of AWS KMS that the service encrypts with, which is `encryption=\"sse-kms\"` as well. By default as the bucket says.",
        ),
        optional(
            "object-lock",
            Form::LockMode,
            "Locks the objects of each recovery point, for as long as `lock-for` says: their versions cannot be deleted then, but by whoever has \
             `s3:BypassGovernanceRetention`, or by nobody. The bucket must have been made for it. By default as the bucket says.",
        ),
        optional("lock-for", Form::Duration, "How long. It is needed with `object-lock`, and only then."),
    ],
    ..plain("s3", NOTHING, "The store is a bucket of Amazon S3, or of a service that speaks like it.")
};

/// `sftp`
pub static SFTP: Word = Word {
    properties: &[
        required("host", Form::Text, "The host's name in DNS, or its IP address."),
        required("user", Form::Text, "As whom."),
        required("path", Form::Text, "The folder there, absolute."),
        optional("port", Form::Port, "The TCP port. By default 22."),
        optional("identity", Form::Secret, "The private key. By default what ssh(1) would take."),
        optional(
            "host-key",
            Form::Text,
            "The host's public key, its type and its digits as a line of known_hosts has them. By default the known_hosts files say.",
        ),
    ],
    ..plain("sftp", NOTHING, "The store is a folder of another host, reached by SFTP.")
};

/// `encrypt`
pub static ENCRYPT: Word = plain(
    "encrypt",
    many(Form::Recipient, "public keys"),
    "Whoever has one of these private keys can read what lies in the store, its lists of files too, and nobody else can. By default it lies \
     there in the clear.",
);

/// `limit`
pub static LIMIT: Word = Word {
    properties: &[
        optional(
            "side-by-side",
            Form::Count,
            "How many steps of one run, of backups and of restores, may use it at once. By default only `--side-by-side` limits them.",
        ),
        optional("upload", Form::Rate, "How fast it may be written. By default as fast as it goes."),
    ],
    ..plain("limit", NOTHING, "Spares the store.")
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
