//! What cannot be brought back to every moment.

use super::Code;

/// All of this area, in the order of the documentation.
pub const ALL: &[&Code] = &[&BROKEN, &UNPROVEN, &ORPHANS, &GAPS];

/// Some moment of the last days cannot be brought back.
pub static BROKEN: Code = Code::error(
    "sonae::any-point::broken",
    "a target cannot be brought back to every moment that is promised",
    r#"A moment is brought back from the dump before it and every binary log since. So at the far end of the last 7 days stands a dump that
is older than 7 days: both dumps and logs must be kept for those days and for the longest time between two dumps. The message says when the promise is
first broken, and what is let go then.

Wrong:

```kdl must-fail inside=file
target "ledgers" {
    mysql socket="/run/mysqld/mysqld.sock"
    objective any-point="7d"
    backup "full" { schedule "daily" at="02:00"; dump; store "vault"; retention within="7d" }
    backup "changes" { schedule every="15m"; binary-log; store "vault"; retention within="8d" }
}
restore "ledgers" { recover "ledgers" { into path="/restore/ledgers" } }
```

Right:

```kdl inside=file
target "ledgers" {
    mysql socket="/run/mysqld/mysqld.sock"
    objective any-point="7d"
    backup "full" { schedule "daily" at="02:00"; dump; store "vault"; retention within="8d" }
    backup "changes" { schedule every="15m"; binary-log; store "vault"; retention within="8d" }
}
restore "ledgers" { recover "ledgers" { into path="/restore/ledgers" } }
```
"#,
)
.waivable();

/// Nothing shows that every moment can be brought back.
pub static UNPROVEN: Code = Code::error(
    "sonae::any-point::unproven",
    "nothing shows that every moment can be brought back",
    r#"A recovery point of files is of one moment, and what was between two of them is gone. Every moment comes back from what RDS keeps by
`point-in-time`, or from a `dump` and a `binary-log` of a MySQL server, both with a `schedule`.

Wrong:

```kdl must-fail inside=file
target "photos" {
    files "/home/photos"
    objective any-point="7d"
    backup "daily" { schedule "daily" at="05:30"; archive "tar.zip"; store "vault"; retention within="8d" }
}
restore "photos" { recover "photos" { into path="/restore/photos" } }
```

Right:

```kdl inside=file
target "photos" {
    files "/home/photos"
    backup "daily" { schedule "daily" at="05:30"; archive "tar.zip"; store "vault"; retention within="8d" }
}
restore "photos" { recover "photos" { into path="/restore/photos" } }
```
"#,
)
.waivable();

/// Logs outlive the dump that they need.
pub static ORPHANS: Code = Code::warning(
    "sonae::any-point::orphans",
    "binary logs outlive the dump that they need",
    r#"A binary log says what changed since the dump before it. Once that dump is let go, nothing can be made of the log: its days look kept, and are
not. Keep dumps longer than logs, by the longest time between two dumps; or say with `objective any-point=` of which days every moment can be brought back,
and that is proven instead.

Wrong:

```kdl inside=file
target "ledgers" {
    mysql socket="/run/mysqld/mysqld.sock"
    backup "full" { schedule "daily" at="02:00"; dump; store "vault"; retention within="30d" }
    backup "changes" { schedule every="15m"; binary-log; store "vault"; retention within="30d" }
}
restore "ledgers" { recover "ledgers" { into path="/restore/ledgers" } }
```

Right:

```kdl inside=file
target "ledgers" {
    mysql socket="/run/mysqld/mysqld.sock"
    backup "full" { schedule "daily" at="02:00"; dump; store "vault"; retention within="31d" }
    backup "changes" { schedule every="15m"; binary-log; store "vault"; retention within="30d" }
}
restore "ledgers" { recover "ledgers" { into path="/restore/ledgers" } }
```
"#,
);

/// Logs are kept with gaps.
pub static GAPS: Code = Code::warning(
    "sonae::any-point::gaps",
    "binary logs are kept with gaps",
    r#"Rules such as `daily=` keep one recovery point of each day and let the others go. Of binary logs that leaves gaps: a log is of use only
with every one between it and the dump before it.

Wrong:

```kdl inside=file
target "ledgers" {
    mysql socket="/run/mysqld/mysqld.sock"
    backup "full" { schedule "daily" at="02:00"; dump; store "vault"; retention within="31d" }
    backup "changes" { schedule every="15m"; binary-log; store "vault"; retention within="2d" daily=30 }
}
restore "ledgers" { recover "ledgers" { into path="/restore/ledgers" } }
```

Right:

```kdl inside=file
target "ledgers" {
    mysql socket="/run/mysqld/mysqld.sock"
    backup "full" { schedule "daily" at="02:00"; dump; store "vault"; retention within="31d" }
    backup "changes" { schedule every="15m"; binary-log; store "vault"; retention within="30d" }
}
restore "ledgers" { recover "ledgers" { into path="/restore/ledgers" } }
```
"#,
);
