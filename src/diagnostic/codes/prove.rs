//! What a plan promises and cannot keep.

use super::Code;

/// All of this area, in the order of the documentation.
pub const ALL: &[&Code] =
    &[&RPO_BROKEN, &RPO_UNPROVEN, &RPO_NO_BACKUP, &RTO_BROKEN, &RTO_UNPROVEN, &SCHEDULE_OVERLAPS, &LOCKED_LONGER];

/// More may be lost than the objective allows.
pub static RPO_BROKEN: Code = Code::error(
    "sonae::rpo::broken",
    "more may be lost than the recovery point objective allows",
    r#"Just before a recovery point is complete, the newest one is of the slot before: the loss is the longest gap
between two slots, plus what a run waits for by `after`, plus the time that it takes. Both slots are shown, and every job that is waited for. With
several backups, the best of them counts.

Wrong:

```kdl must-fail inside=file
target "photos" {
    files "/home/photos"
    objective rpo="24h"
    backup "daily" { schedule "daily" at="05:30"; archive "tar.zip"; store "vault"; takes "40m" }
}
restore "photos" { recover "photos" { into path="/restore/photos" } }
```

Right:

```kdl inside=file
target "photos" {
    files "/home/photos"
    objective rpo="25h"
    backup "daily" { schedule "daily" at="05:30"; archive "tar.zip"; store "vault"; takes "40m" }
}
restore "photos" { recover "photos" { into path="/restore/photos" } }
```
"#,
)
.waivable();

/// Nothing proves the recovery point objective.
pub static RPO_UNPROVEN: Code = Code::error(
    "sonae::rpo::unproven",
    "nothing proves the recovery point objective",
    r#"How much may be lost follows from when a backup runs and how long it takes. A backup that says both with `schedule`
and `takes` proves it, where every job that it waits for says how long it takes, too.

Wrong:

```kdl must-fail inside=file
target "photos" {
    files "/home/photos"
    objective rpo="25h"
    backup "daily" { schedule "daily" at="05:30"; archive "tar.zip"; store "vault" }
}
restore "photos" { recover "photos" { into path="/restore/photos" } }
```

Right:

```kdl inside=file
target "photos" {
    files "/home/photos"
    objective rpo="25h"
    backup "daily" { schedule "daily" at="05:30"; archive "tar.zip"; store "vault"; takes "40m" }
}
restore "photos" { recover "photos" { into path="/restore/photos" } }
```
"#,
)
.waivable();

/// An rpo for what is not backed up.
pub static RPO_NO_BACKUP: Code = Code::error(
    "sonae::rpo::no-backup",
    "a recovery point objective for what is not backed up",
    r#"What has no recovery points has no recovery point objective: everything since it was made may be lost. How soon it
is back can still be promised.

Wrong:

```kdl must-fail inside=file
target "system" {
    no-backup "rebuilt from the machine image"
    objective rpo="24h"
}
```

Right:

```kdl inside=file
target "system" {
    no-backup "rebuilt from the machine image"
}
```
"#,
);

/// A restore takes longer than allowed.
pub static RTO_BROKEN: Code = Code::error(
    "sonae::rto::broken",
    "a restore takes longer than the recovery time objective allows",
    r#"Steps run one after the other, what stands in `parallel` side by side: the time of a restore is the sum of `takes`
along its longest path, whose steps are shown. What is recovered from cold storage is retrieved first, which counts too. Recoveries from a store with `limit side-by-side=` that would wait for each other there
count one behind the other. It holds against the `rto` of the restore and of every target that it recovers.

Wrong:

```kdl must-fail inside=file
target "photos" {
    files "/home/photos"
    objective rto="20m"
    backup "daily" { schedule "daily" at="05:30"; archive "tar.zip"; store "vault" }
}
restore "photos" { recover "photos" takes="30m" { into path="/restore/photos" } }
```

Right:

```kdl inside=file
target "photos" {
    files "/home/photos"
    objective rto="30m"
    backup "daily" { schedule "daily" at="05:30"; archive "tar.zip"; store "vault" }
}
restore "photos" { recover "photos" takes="30m" { into path="/restore/photos" } }
```
"#,
)
.waivable();

/// Nothing proves the recovery time objective.
pub static RTO_UNPROVEN: Code = Code::error(
    "sonae::rto::unproven",
    "nothing proves the recovery time objective",
    r#"A restore is proven to be within its time when every step of it says how long it takes.

Wrong:

```kdl must-fail inside=file
target "photos" {
    files "/home/photos"
    backup "daily" { schedule "daily" at="05:30"; archive "tar.zip"; store "vault" }
}
restore "photos" rto="30m" { recover "photos" { into path="/restore/photos" } }
```

Right:

```kdl inside=file
target "photos" {
    files "/home/photos"
    backup "daily" { schedule "daily" at="05:30"; archive "tar.zip"; store "vault" }
}
restore "photos" rto="30m" { recover "photos" takes="20m" { into path="/restore/photos" } }
```
"#,
)
.waivable();

/// A backup takes longer than the time to its next slot.
pub static SCHEDULE_OVERLAPS: Code = Code::warning(
    "sonae::schedule::overlaps",
    "a backup takes longer than the time to its next slot",
    r#"A backup that is not done when its next slot comes, copies and all, holds that slot up, and the one after it.

Wrong:

```kdl inside=file
target "photos" {
    files "/home/photos"
    backup "hourly" { schedule every="1h"; archive "tar.zip"; store "vault"; takes "90m" }
}
restore "photos" { recover "photos" { into path="/restore/photos" } }
```

Right:

```kdl inside=file
target "photos" {
    files "/home/photos"
    backup "hourly" { schedule every="2h"; archive "tar.zip"; store "vault"; takes "90m" }
}
restore "photos" { recover "photos" { into path="/restore/photos" } }
```
"#,
);

/// A lock holds what retention lets go.
pub static LOCKED_LONGER: Code = Code::warning(
    "sonae::store::locked-longer",
    "a lock holds recovery points that retention lets go",
    r#"What is deleted while its lock lasts goes nowhere: S3 puts a delete marker over it, and the version below stays, is paid for, and
brings back whoever finds it. Where `retention` lets a point go sooner than `lock-for` is over, the two say different things, and the lock
wins. Both are held against each other over all runs of the schedule, for every backup that is put or copied there.

Wrong:

```kdl inside=file
store "locked" { s3 bucket="example-locked" region="eu-central-1" object-lock="governance" lock-for="60d" }
target "photos" {
    files "/home/photos"
    backup "daily" { schedule "daily" at="04:30"; archive "tar.zip"; store "locked"; retention within="30d" }
}
restore "photos" { recover "photos" { into path="/restore/photos" } }
```

Right:

```kdl inside=file
store "locked" { s3 bucket="example-locked" region="eu-central-1" object-lock="governance" lock-for="30d" }
target "photos" {
    files "/home/photos"
    backup "daily" { schedule "daily" at="04:30"; archive "tar.zip"; store "locked"; retention within="30d" }
}
restore "photos" { recover "photos" { into path="/restore/photos" } }
```
"#,
);
