//! What comes back together and is of different moments.

use super::Code;

/// All of this area, in the order of the documentation.
pub const ALL: &[&Code] = &[&SPREAD_BROKEN, &SPREAD_UNPROVEN, &SPREAD_UNSAID];

/// What comes back together may be further apart than is accepted.
pub static SPREAD_BROKEN: Code = Code::error(
    "sonae::spread::broken",
    "what comes back together may be further apart than is accepted",
    r#"A restore has one moment, and takes of each target the newest recovery point that is there. The one of a daily backup may be a day old
while a database comes back to the last minute. The widest spread over the calendar is shown, with the moment at which it is so.

Wrong:

```kdl must-fail inside=file
target "shop" {
    rds instance="shop-prod"
    backup "automated" { point-in-time max-lag="5m"; retention within="7d" }
}
target "photos" {
    files "/home/photos"
    backup "daily" { schedule "daily" at="05:30"; archive "tar.zip"; store "vault"; retention within="7d"; takes "40m" }
}
restore "data" {
    moment "latest" spread="12h"
    recover "shop" { into instance="shop-restored" }
    recover "photos" { into path="/restore/photos" }
}
```

Right:

```kdl inside=file
target "shop" {
    rds instance="shop-prod"
    backup "automated" { point-in-time max-lag="5m"; retention within="7d" }
}
target "photos" {
    files "/home/photos"
    backup "half-daily" { schedule cron="30 5,16 * * *"; archive "tar.zip"; store "vault"; retention within="7d"; takes "40m" }
}
restore "data" {
    moment "latest" spread="14h"
    recover "shop" { into instance="shop-restored" }
    recover "photos" { into path="/restore/photos" }
}
```
"#,
)
.waivable();

/// Nothing shows how far apart what comes back together may be.
pub static SPREAD_UNPROVEN: Code = Code::error(
    "sonae::spread::unproven",
    "nothing shows how far apart what comes back together may be",
    r#"How old the newest recovery point of a target may be is known where a backup of it has a `schedule` and a `takes`, or is kept by RDS to any moment.

Wrong:

```kdl must-fail inside=file
target "photos" {
    files "/home/photos"
    backup "daily" { schedule "daily" at="05:30"; archive "tar.zip"; store "vault"; retention within="7d"; takes "40m" }
}
target "letters" {
    files "/home/letters"
    backup "daily" { schedule "daily" at="05:30"; archive "tar.zip"; store "vault"; retention within="7d" }
}
restore "data" {
    moment "latest" spread="25h"
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
    backup "daily" { schedule "daily" at="05:30"; archive "tar.zip"; store "vault"; retention within="7d"; takes "5m" }
}
restore "data" {
    moment "latest" spread="25h"
    recover "photos" { into path="/restore/photos" }
    recover "letters" { into path="/restore/letters" }
}
```
"#,
)
.waivable();

/// What comes back together is far apart, and the plan says nothing of it.
pub static SPREAD_UNSAID: Code = Code::warning(
    "sonae::spread::unsaid",
    "what comes back together is far apart, and the plan says nothing of it",
    r#"A database that comes back to the last minute names files that are in no recovery point yet, where those are backed up daily. That may be
what is meant; then the restore says how much of it is accepted, and that is proven. It is warned of where a database comes back with
something of another rhythm, further apart than the least `rpo` of what comes back, or than an hour where there is none.

Wrong:

```kdl inside=file
target "shop" {
    rds instance="shop-prod"
    backup "automated" { point-in-time max-lag="5m"; retention within="7d" }
}
target "photos" {
    files "/home/photos"
    backup "daily" { schedule "daily" at="05:30"; archive "tar.zip"; store "vault"; retention within="7d"; takes "40m" }
}
restore "data" {
    recover "shop" { into instance="shop-restored" }
    recover "photos" { into path="/restore/photos" }
}
```

Right:

```kdl inside=file
target "shop" {
    rds instance="shop-prod"
    backup "automated" { point-in-time max-lag="5m"; retention within="7d" }
}
target "photos" {
    files "/home/photos"
    backup "daily" { schedule "daily" at="05:30"; archive "tar.zip"; store "vault"; retention within="7d"; takes "40m" }
}
restore "data" {
    moment "latest" spread="25h"
    recover "shop" { into instance="shop-restored" }
    recover "photos" { into path="/restore/photos" }
}
```
"#,
);
