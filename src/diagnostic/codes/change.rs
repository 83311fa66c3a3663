//! What a change of a plan means: found where two plans are compared (`sonae diff`), never in one alone.

use super::Code;

/// How their names begin.
pub const AREA: &str = "sonae::change::";

/// All of this area, in the order of the documentation.
pub const ALL: &[&Code] =
    &[&OBJECTIVE, &LOST, &RARER, &RETENTION, &DELETES, &NARROWER, &GUARD, &ACCESS, &OPEN, &HISTORY, &PROVIDER, &GAP];

/// A promise is weaker, or gone.
pub static OBJECTIVE: Code = Code::error(
    "sonae::change::objective",
    "a promise is weaker than before, or gone",
    r#"The newer plan promises less: more may be lost (`rpo`), it may take longer until all is back (`rto`), less far back every moment can be brought back
(`any-point`), what comes back may lie further apart (`spread`), or people may take longer (`within`). Proofs hold a plan against what it promises; nobody but a reviewer holds
the promise against what the business needs. That it is meant is said with `waive` in the block that is changed.

Before:

```kdl inside=file
target "www" {
    files "/srv/www"
    backup "nightly" { archive "tar.zip"; store "vault"; schedule "daily" at="05:30"; retention generations=30; takes "20m" }
    objective rpo="25h"
}
restore "www" { recover "www" { into path="/restore/www" } }
```

After:

```kdl inside=file
target "www" {
    files "/srv/www"
    backup "nightly" { archive "tar.zip"; store "vault"; schedule "daily" at="05:30"; retention generations=30; takes "20m" }
    objective rpo="3d"
}
restore "www" { recover "www" { into path="/restore/www" } }
```
"#,
)
.waivable();

/// Something that protects is gone.
pub static LOST: Code = Code::error(
    "sonae::change::lost",
    "something that protected is gone",
    r#"A target, one of its hosts, a backup, a copy, a step of a restore, an approval, a notification, a verification, a drill or a sign-off is not in the newer plan any
more. Of what is gone there is no block left to put a `waive` into: it stands in the block that it was a part of, or in `plan`.

Before:

```kdl inside=file
target "www" {
    files "/srv/www"
    backup "nightly" { archive "tar.zip"; store "vault"; schedule "daily" at="05:30"; retention generations=30 }
    backup "hourly" { archive "tar.zip"; store "vault"; schedule every="1h"; retention generations=48 }
}
restore "www" { recover "www" { into path="/restore/www" } }
```

After:

```kdl inside=file
target "www" {
    files "/srv/www"
    backup "nightly" { archive "tar.zip"; store "vault"; schedule "daily" at="05:30"; retention generations=30 }
}
restore "www" { recover "www" { into path="/restore/www" } }
```
"#,
)
.waivable();

/// It comes round less often.
pub static RARER: Code = Code::error(
    "sonae::change::rarer",
    "it is done less often than before",
    r#"The longest time between two runs is longer than before, or it is as long and there are fewer runs, or there is no schedule any more. Whatever is promised, more can be lost, or damage is seen later.

Before:

```kdl inside=file
target "www" {
    files "/srv/www"
    backup "nightly" { archive "tar.zip"; store "vault"; schedule "daily" at="05:30"; retention within="60d" }
}
restore "www" { recover "www" { into path="/restore/www" } }
```

After:

```kdl inside=file
target "www" {
    files "/srv/www"
    backup "nightly" { archive "tar.zip"; store "vault"; schedule "weekly" weekday="sun" at="05:30"; retention within="60d" }
}
restore "www" { recover "www" { into path="/restore/www" } }
```
"#,
)
.waivable();

/// Less is kept.
pub static RETENTION: Code = Code::error(
    "sonae::change::retention",
    "less is kept than before",
    r#"The newer rules keep fewer recovery points, or for less long, than the older. Where points that are there would be deleted by it, that is
`sonae::change::deletes`; here nobody can say which, as nothing says when they are made, or none goes at once, and in the long
run less is kept: thirty points of runs by the hour are no thirty days. Rules that count days, as `daily=30`, hold whatever the
schedule is.

Before:

```kdl inside=file
target "www" {
    files "/srv/www"
    backup "by-hand" { archive "tar.zip"; store "vault"; retention generations=30 }
}
restore "www" { recover "www" { into path="/restore/www" } }
```

After:

```kdl inside=file
target "www" {
    files "/srv/www"
    backup "by-hand" { archive "tar.zip"; store "vault"; retention generations=7 }
}
restore "www" { recover "www" { into path="/restore/www" } }
```
"#,
)
.waivable();

/// Points go.
pub static DELETES: Code = Code::error(
    "sonae::change::deletes",
    "recovery points are deleted that the older plan would have kept",
    r#"The newer plan lets recovery points go that the older would keep: with the next run that prunes, or, of what a provider keeps, as soon as it is set so. What is told is counted
as if every run of the older plan had succeeded; `sonae diff --live` looks at the points that are there. Deleted points do not come back with the older plan.

Before:

```kdl inside=file
target "www" {
    files "/srv/www"
    backup "nightly" { archive "tar.zip"; store "vault"; schedule "daily" at="05:30"; retention generations=30 }
}
restore "www" { recover "www" { into path="/restore/www" } }
```

After:

```kdl inside=file
target "www" {
    files "/srv/www"
    backup "nightly" { archive "tar.zip"; store "vault"; schedule "daily" at="05:30"; retention generations=7 }
}
restore "www" { recover "www" { into path="/restore/www" } }
```
"#,
)
.waivable();

/// Less of the source is backed up.
pub static NARROWER: Code = Code::error(
    "sonae::change::narrower",
    "less is backed up than before",
    r#"A folder, a database or a region is left out that was backed up, or more is excluded. What is left out is missed only on the day on which it is needed.

Before:

```kdl inside=file
target "www" {
    files "/srv/www" "/srv/uploads"
    backup "nightly" { archive "tar.zip"; store "vault"; schedule "daily" at="05:30"; retention generations=30 }
}
restore "www" { recover "www" { into path="/restore/www" } }
```

After:

```kdl inside=file
target "www" {
    files "/srv/www"
    backup "nightly" { archive "tar.zip"; store "vault"; schedule "daily" at="05:30"; retention generations=30 }
}
restore "www" { recover "www" { into path="/restore/www" } }
```
"#,
)
.waivable();

/// A guard is looser.
pub static GUARD: Code = Code::error(
    "sonae::change::guard",
    "a guard is looser than before",
    r#"What would stop or fail a run that goes wrong stops it later, or not at all: an empty folder is fine now, a backup may shrink by more before deletions are suspended, more may be deleted at once, originals
are removed, a provider may lag further behind, an image may be older, or what is kept is looked at less closely.

Before:

```kdl inside=file
target "www" {
    files "/srv/www"
    backup "nightly" { archive "tar.zip"; store "vault"; schedule "daily" at="05:30"; retention generations=30 }
}
restore "www" { recover "www" { into path="/restore/www" } }
```

After:

```kdl inside=file
target "www" {
    files "/srv/www" { allow-empty }
    backup "nightly" { archive "tar.zip"; store "vault"; schedule "daily" at="05:30"; retention generations=30 }
}
restore "www" { recover "www" { into path="/restore/www" } }
```
"#,
)
.waivable();

/// More people or programs may do something.
pub static ACCESS: Code = Code::error(
    "sonae::change::access",
    "more people or programs may do something than before",
    r#"Somebody is in a role that approves or signs off, or among those who may write, read or prune a store, who was not; or it is not said any more who may; or another role approves, with people who did not.

Before:

```kdl inside=file
role "admins" { member "admin-1@example.jp" user="admin1" }
target "www" {
    files "/srv/www"
    backup "nightly" { archive "tar.zip"; store "vault"; schedule "daily" at="05:30"; retention generations=30 }
}
restore "www" { recover "www" { into path="/restore/www" }; approve "all is well" by="admins" }
```

After:

```kdl inside=file
role "admins" { member "admin-1@example.jp" user="admin1"; member "intern@example.jp" user="intern" }
target "www" {
    files "/srv/www"
    backup "nightly" { archive "tar.zip"; store "vault"; schedule "daily" at="05:30"; retention generations=30 }
}
restore "www" { recover "www" { into path="/restore/www" }; approve "all is well" by="admins" }
```
"#,
)
.waivable();

/// Encryption or a lock is off.
pub static OPEN: Code = Code::error(
    "sonae::change::open",
    "encryption or a lock is weaker than before, or off",
    r#"What is put into a store from now on is in the clear, or can be read by one more key, or can be deleted earlier or by more people; or a host's key is not held against what it was.

Before:

```kdl
plan "example"
store "vault" {
    s3 bucket="backups" object-lock="compliance" lock-for="30d"
}
target "www" {
    files "/srv/www"
    backup "nightly" { archive "tar.zip"; store "vault"; schedule "daily" at="05:30"; retention generations=60 }
}
restore "www" { recover "www" { into path="/restore/www" } }
```

After:

```kdl
plan "example"
store "vault" {
    s3 bucket="backups" object-lock="governance" lock-for="30d"
}
target "www" {
    files "/srv/www"
    backup "nightly" { archive "tar.zip"; store "vault"; schedule "daily" at="05:30"; retention generations=60 }
}
restore "www" { recover "www" { into path="/restore/www" } }
```
"#,
)
.waivable();

/// Earlier points are left behind.
pub static HISTORY: Code = Code::error(
    "sonae::change::history",
    "the recovery points made so far are left behind",
    r#"Recovery points carry the names of their target and backup, and lie where their store was when they were made. Where the newer plan has another name or another place for them, it begins anew:
what was made before is not listed, not restored and not pruned by it, and lies there until somebody deletes it. Move what lies in the store to its new place before the next run; or keep the name; or keep the older plan's block
beside the newer one until its points may go, and say so with `waive`.

Before:

```kdl
plan "example"
store "vault" {
    local path="/backup"
}
target "www" {
    files "/srv/www"
    backup "nightly" { archive "tar.zip"; store "vault"; schedule "daily" at="05:30"; retention generations=30 }
}
restore "www" { recover "www" { into path="/restore/www" } }
```

After:

```kdl
plan "example"
store "vault" {
    local path="/mnt/nas/backup"
}
target "www" {
    files "/srv/www"
    backup "nightly" { archive "tar.zip"; store "vault"; schedule "daily" at="05:30"; retention generations=30 }
}
restore "www" { recover "www" { into path="/restore/www" } }
```
"#,
)
.waivable();

/// A provider's automated backups go on or off.
pub static PROVIDER: Code = Code::error(
    "sonae::change::automated-backups",
    "automated backups of a database are turned on, or nobody holds them to the plan any more",
    r#"When the retention of automated backups of Amazon RDS goes from nothing to something, the database is out of service for a moment, longer where it is a DB instance in one zone; and when it goes to
nothing, all automated backups are deleted
(<https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithAutomatedBackups.BackupRetention.html>). With `on-drift "enable"` a run turns them on where they are off. Do that in a maintenance window, or by hand
before.

Before:

```kdl inside=file
target "db" {
    rds instance="shop"
    backup "any-moment" { point-in-time max-lag="10m" check-every="1h"; retention within="14d" }
}
restore "db" { recover "db" { into instance="shop-restored" } }
```

After:

```kdl inside=file
target "db" {
    rds instance="shop"
    backup "any-moment" { point-in-time max-lag="10m" check-every="1h" on-drift="enable"; retention within="14d" }
}
restore "db" { recover "db" { into instance="shop-restored" } }
```
"#,
)
.waivable();

/// Between the last run of the older schedule and the first of the newer lies more than either has.
pub static GAP: Code = Code::warning(
    "sonae::change::gap",
    "between the last run as it was and the first as it will be lies a longer time than either schedule has",
    r#"What falls before a job is first seen with its schedule is not due: a time of today that has passed is not caught up. So a schedule that is moved to an earlier time of day skips a day, where it is put into use
between the two times. Run the job once by hand, or put the change into use before the newer time.

Before:

```kdl inside=file
target "www" {
    files "/srv/www"
    backup "nightly" { archive "tar.zip"; store "vault"; schedule "daily" at="13:00"; retention generations=30 }
}
restore "www" { recover "www" { into path="/restore/www" } }
```

After, put into use at noon:

```kdl inside=file
target "www" {
    files "/srv/www"
    backup "nightly" { archive "tar.zip"; store "vault"; schedule "daily" at="05:30"; retention generations=30 }
}
restore "www" { recover "www" { into path="/restore/www" } }
```
"#,
);
