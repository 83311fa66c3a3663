//! What is wrong with stores by themselves.

use super::Code;

/// All of this area, in the order of the documentation.
pub const ALL: &[&Code] =
    &[&UNUSED, &NO_ACCESS, &NESTED, &UNKNOWN_CLASS, &NO_RETRIEVAL, &NEEDLESS_RETRIEVAL, &NEEDLESS_KEY, &HALF_A_LOCK];

/// No backup is put in a store.
pub static UNUSED: Code = Code::warning(
    "sonae::store::unused",
    "no backup is put in a store",
    r#"A store that no backup names looks like a second copy, and holds nothing. Either a backup was meant to go there, or the
store is left over.

Wrong:

```kdl inside=file
store "offsite" { local path="/mnt/offsite" }
```

Right:

```kdl inside=file
store "offsite" { local path="/mnt/offsite" }
target "photos" {
    files "/home/photos"
    backup "weekly" { schedule "weekly" weekday="sun" at="04:30"; archive "tar.zip"; store "offsite"; retention weekly=8 }
}
restore "photos" { recover "photos" { into path="/restore/photos" } }
```
"#,
);

/// A store does not say who may reach it.
pub static NO_ACCESS: Code = Code::advice(
    "sonae::store::no-access",
    "a store does not say who may reach it",
    r#"Whoever can read a store reads all that was ever backed up, and whoever can delete there can take every way back. `access`
says who adds, reads and deletes backups, by the store's own names for them: for a folder, its users and groups. It is written down for
whoever sets the folder's permissions and whoever reviews them; `sonae` does not change those. Where one person has one disk, there is
little to say, and the advice can be waived.

Wrong:

```kdl inside=file
store "spare" { local path="/mnt/spare" }
```

Right:

```kdl inside=file
store "spare" {
    local path="/mnt/spare"
    access { write "backup"; read "sysadmin"; prune "sysadmin" }
}
```
"#,
);

/// A store lies inside another.
pub static NESTED: Code = Code::warning(
    "sonae::store::nested",
    "a store lies inside another",
    r#"Two stores look like two copies. Where the folder of one lies in the other's, whoever may delete the outer deletes both, a disk
that fails takes both, and what the outer is given in permissions and space holds for the inner as well.

Wrong:

```kdl inside=file
store "copy" { local path="/srv/backup/copy" }
```

Right:

```kdl inside=file
store "copy" { local path="/mnt/copy" }
```
"#,
);

/// A storage class that Amazon does not have.
pub static UNKNOWN_CLASS: Code = Code::error(
    "sonae::store::unknown-class",
    "a storage class that Amazon S3 does not have",
    r#"Amazon refuses what is put with a storage class that it does not have. The classes are written as its interface writes
them. With an `endpoint` the service is another's, and whatever it calls its classes is taken.

Wrong:

```kdl must-fail inside=file
store "cold" { s3 bucket="example-cold" region="eu-central-1" storage-class="GLACIAL" }
target "photos" {
    files "/home/photos"
    backup "monthly" { schedule "monthly" day=1 at="04:30"; archive "tar.zip"; store "cold"; retention monthly=12 }
}
restore "photos" { recover "photos" { into path="/restore/photos" } }
```

Right:

```kdl inside=file
store "cold" { s3 bucket="example-cold" region="eu-central-1" storage-class="STANDARD_IA" }
target "photos" {
    files "/home/photos"
    backup "monthly" { schedule "monthly" day=1 at="04:30"; archive "tar.zip"; store "cold"; retention monthly=12 }
}
restore "photos" { recover "photos" { into path="/restore/photos" } }
```
"#,
);

/// Cold storage, and nothing says how long a retrieval takes.
pub static NO_RETRIEVAL: Code = Code::error(
    "sonae::store::no-retrieval",
    "what lies in cold storage comes back after nobody knows how long",
    r#"What is stored as `GLACIER` or `DEEP_ARCHIVE` cannot be read: it must be retrieved first, which takes hours. `retrieval` says how
many at most. It is the provider's word, counts in the time of every restore that reads the store, and makes what is promised of that time
assumed, not proven.

Wrong:

```kdl must-fail inside=file
store "cold" { s3 bucket="example-cold" region="eu-central-1" storage-class="DEEP_ARCHIVE" }
target "photos" {
    files "/home/photos"
    backup "monthly" { schedule "monthly" day=1 at="04:30"; archive "tar.zip"; store "cold"; retention monthly=12 }
}
restore "photos" { recover "photos" { into path="/restore/photos" } }
```

Right:

```kdl inside=file
store "cold" { s3 bucket="example-cold" region="eu-central-1" storage-class="DEEP_ARCHIVE" retrieval="12h" }
target "photos" {
    files "/home/photos"
    backup "monthly" { schedule "monthly" day=1 at="04:30"; archive "tar.zip"; store "cold"; retention monthly=12 }
}
restore "photos" { recover "photos" { into path="/restore/photos" } }
```
"#,
);

/// A retrieval where nothing is retrieved.
pub static NEEDLESS_RETRIEVAL: Code = Code::error(
    "sonae::store::needless-retrieval",
    "a retrieval is waited for where everything is read at once",
    r#"`retrieval` says how long it takes until cold storage hands out what it holds. All other storage classes do at once: either the
`storage-class` is not the one that was meant, or the `retrieval` is left over.

Wrong:

```kdl must-fail inside=file
store "cold" { s3 bucket="example-cold" region="eu-central-1" storage-class="STANDARD_IA" retrieval="12h" }
target "photos" {
    files "/home/photos"
    backup "monthly" { schedule "monthly" day=1 at="04:30"; archive "tar.zip"; store "cold"; retention monthly=12 }
}
restore "photos" { recover "photos" { into path="/restore/photos" } }
```

Right:

```kdl inside=file
store "cold" { s3 bucket="example-cold" region="eu-central-1" storage-class="STANDARD_IA" }
target "photos" {
    files "/home/photos"
    backup "monthly" { schedule "monthly" day=1 at="04:30"; archive "tar.zip"; store "cold"; retention monthly=12 }
}
restore "photos" { recover "photos" { into path="/restore/photos" } }
```
"#,
);

/// A key of KMS, and encryption with others.
pub static NEEDLESS_KEY: Code = Code::error(
    "sonae::store::needless-key",
    "a key of AWS KMS is named where S3 is to encrypt with its own",
    r#"`encryption="sse-s3"` lets S3 encrypt with keys of its own. A `kms-key` beside it would never be used: one of both is not meant.

Wrong:

```kdl must-fail inside=file
store "safe" { s3 bucket="example-safe" region="eu-central-1" encryption="sse-s3" kms-key="alias/backup" }
target "photos" {
    files "/home/photos"
    backup "daily" { schedule "daily" at="04:30"; archive "tar.zip"; store "safe"; retention generations=14 }
}
restore "photos" { recover "photos" { into path="/restore/photos" } }
```

Right:

```kdl inside=file
store "safe" { s3 bucket="example-safe" region="eu-central-1" encryption="sse-kms" kms-key="alias/backup" }
target "photos" {
    files "/home/photos"
    backup "daily" { schedule "daily" at="04:30"; archive "tar.zip"; store "safe"; retention generations=14 }
}
restore "photos" { recover "photos" { into path="/restore/photos" } }
```
"#,
);

/// A lock without a time, or a time without a lock.
pub static HALF_A_LOCK: Code = Code::error(
    "sonae::store::half-a-lock",
    "a lock of objects lacks its mode or its time",
    r#"`object-lock` says whom a lock binds, and `lock-for` how long it lasts from when something is put. One without the other locks
nothing, or for nobody knows how long; what a compliance lock holds cannot be taken away by anybody, so no time is made up.

Wrong:

```kdl must-fail inside=file
store "locked" { s3 bucket="example-locked" region="eu-central-1" object-lock="compliance" }
target "photos" {
    files "/home/photos"
    backup "daily" { schedule "daily" at="04:30"; archive "tar.zip"; store "locked"; retention within="30d" }
}
restore "photos" { recover "photos" { into path="/restore/photos" } }
```

Right:

```kdl inside=file
store "locked" { s3 bucket="example-locked" region="eu-central-1" object-lock="compliance" lock-for="30d" }
target "photos" {
    files "/home/photos"
    backup "daily" { schedule "daily" at="04:30"; archive "tar.zip"; store "locked"; retention within="30d" }
}
restore "photos" { recover "photos" { into path="/restore/photos" } }
```
"#,
);
