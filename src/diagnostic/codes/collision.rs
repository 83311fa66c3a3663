//! What runs at once and should not.

use super::Code;

/// All of this area, in the order of the documentation.
pub const ALL: &[&Code] = &[&COLLISION_HEAVY, &COLLISION_WINDOW, &COLLISION_PRUNING];

/// Two heavy backups are at work at once.
pub static COLLISION_HEAVY: Code = Code::warning(
    "sonae::collision::heavy",
    "two heavy backups are at work at once",
    r#"Backups that take ten minutes or longer are at work on one host, or on one database server, at the same time: both take longer than
they say, and so does what the host is there for. `run` performs two steps side by side, and a backup that becomes due while another is at work is a run of its own. Backups that
are due at the same time and tied by `after` follow each other. It is warned of the first time in the calendar, with how often it is so.

Wrong:

```kdl inside=file
target "photos" {
    files "/home/photos"
    backup "daily" { schedule "daily" at="05:30"; archive "tar.zip"; store "vault"; retention within="7d"; takes "40m" }
}
target "letters" {
    files "/home/letters"
    backup "weekly" { schedule "weekly" weekday="mon" at="06:00"; archive "tar.zip"; store "vault"; retention within="30d"; takes "15m" }
}
restore "all" {
    recover "photos" { into path="/restore/photos" }
    recover "letters" { into path="/restore/letters" }
}
```

Right:

```kdl inside=file
target "photos" {
    files "/home/photos"
    backup "daily" { schedule "daily" at="05:30"; archive "tar.zip"; store "vault"; retention within="7d"; takes "40m" }
}
target "letters" {
    files "/home/letters"
    backup "weekly" { schedule "weekly" weekday="mon" at="05:30"; after "photos/daily"; archive "tar.zip"; store "vault"; retention within="30d"; takes "15m" }
}
restore "all" {
    recover "photos" { into path="/restore/photos" }
    recover "letters" { into path="/restore/letters" }
}
```
"#,
);

/// A window falls into another.
pub static COLLISION_WINDOW: Code = Code::warning(
    "sonae::collision::window",
    "a window falls into another",
    r#"RDS makes its daily backup of a database in a window, and makes one backup of it at a time: a snapshot that is due in the window waits or is refused, a dump
is slow, and two windows of one database contradict each other. A `verify` or `drill` that begins in the window, or while a heavy backup is being made, looks at what is not there yet.

Wrong:

```kdl inside=file
target "shop" {
    rds instance="shop-prod"
    backup "automated" { point-in-time window="03:00/30m" max-lag="5m"; retention within="7d" }
    backup "nightly" { snapshot; schedule "daily" at="03:10"; retention within="30d"; takes "10m" }
}
restore "shop" { recover "shop" { into instance="shop-restored" } }
```

Right:

```kdl inside=file
target "shop" {
    rds instance="shop-prod"
    backup "automated" { point-in-time window="03:00/30m" max-lag="5m"; retention within="7d" }
    backup "nightly" { snapshot; schedule "daily" at="04:10"; retention within="30d"; takes "10m" }
}
restore "shop" { recover "shop" { into instance="shop-restored" } }
```
"#,
);

/// Recovery points are deleted while they are looked at.
pub static COLLISION_PRUNING: Code = Code::warning(
    "sonae::collision::pruning",
    "recovery points are deleted while they are looked at",
    r#"A run of a backup ends by deleting the points that retention lets go. A `verify` or `drill` that looks at the points of the same backup meanwhile may find
that one of them is gone. Where who writes to the store may not delete there (`access`), a run deletes nothing, and nothing is warned of; neither is it where no other time
would help, because the backup runs too often.

Wrong:

```kdl inside=file
store "disk" { local path="/srv/disk" }
target "photos" {
    files "/home/photos"
    backup "daily" { schedule "daily" at="05:30"; archive "tar.zip"; store "disk"; retention within="7d"; takes "40m" }
}
restore "photos" { recover "photos" { into path="/restore/photos" } }
verify "weekly" { schedule "weekly" weekday="mon" at="06:00"; targets "*"; depth "read" }
```

Right:

```kdl inside=file
store "disk" { local path="/srv/disk" }
target "photos" {
    files "/home/photos"
    backup "daily" { schedule "daily" at="05:30"; archive "tar.zip"; store "disk"; retention within="7d"; takes "40m" }
}
restore "photos" { recover "photos" { into path="/restore/photos" } }
verify "weekly" { schedule "weekly" weekday="mon" at="07:00"; targets "*"; depth "read" }
```
"#,
);
