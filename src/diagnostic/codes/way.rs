//! What is wrong with how backups are made.

use super::Code;

/// All of this area, in the order of the documentation.
pub const ALL: &[&Code] =
    &[&WRONG_WAY, &NO_DUMP, &NO_DAYS, &LEAVES_FOLDER, &PER_DAY, &RDS_RETENTION, &ONE_KEY, &SAME_STORE, &IN_THE_CLEAR];

/// A target of that kind cannot be backed up in that way.
pub static WRONG_WAY: Code = Code::error(
    "sonae::backup::wrong-way",
    "a target of that kind cannot be backed up in that way",
    r#"`archive` packs the files of a `files` or `logs` target; `dump` and `binary-log` are of a `mysql` target, `point-in-time` and `snapshot` of an `rds`
target. A `machine-image` and a `release` are kept where they come from: say so with `no-backup`.

Wrong:

```kdl must-fail inside=file
target "shop" {
    rds instance="shop-prod"
    backup "automated" { archive "tar.zip"; store "vault"; retention within="7d" }
}
restore "shop" { recover "shop" { into instance="shop-restored" } }
```

Right:

```kdl inside=file
target "shop" {
    rds instance="shop-prod"
    backup "automated" { point-in-time max-lag="5m"; retention within="7d" }
}
restore "shop" { recover "shop" { into instance="shop-restored" } }
```
"#,
);

/// A binary log has no dump that it follows.
pub static NO_DUMP: Code = Code::error(
    "sonae::backup::no-dump",
    "a binary log has no dump that it follows",
    r#"A `binary-log` holds what changed since something: without a `dump` of the same target there is nothing that it could be played onto.

Wrong:

```kdl must-fail inside=file
target "shop" {
    mysql socket="/run/mysqld/mysqld.sock"
    backup "log" { binary-log; store "vault"; schedule every="5m"; retention within="7d" }
}
restore "shop" { recover "shop" { into path="/restore/shop" } }
```

Right:

```kdl inside=file
target "shop" {
    mysql socket="/run/mysqld/mysqld.sock"
    backup "full" { dump; store "vault"; schedule "daily" at="03:00"; retention within="7d" }
    backup "log" { binary-log; store "vault"; schedule every="5m"; retention within="7d" }
}
restore "shop" { recover "shop" { into path="/restore/shop" } }
```
"#,
);

/// A selection by day, of files that are of no day.
pub static NO_DAYS: Code = Code::error(
    "sonae::select::no-days",
    "a selection by day, of files that are of no day",
    r#"`select` goes by the day that a file is of, which the `pattern` of a `logs` target says.

Wrong:

```kdl must-fail inside=file
target "access-log" {
    logs "/var/log/shop"
    backup "days" { select "unshipped-days"; archive "tar.zip"; store "vault"; schedule "daily" at="02:00"; retention within="1y" }
}
restore "access-log" { recover "access-log" { into path="/restore/log" } }
```

Right:

```kdl inside=file
target "access-log" {
    logs "/var/log/shop" pattern="access-%Y%m%d.log"
    backup "days" { select "unshipped-days"; archive "tar.zip"; store "vault"; schedule "daily" at="02:00"; retention within="1y" }
}
restore "access-log" { recover "access-log" { into path="/restore/log" } }
```
"#,
);

/// Originals would be removed that nothing selects.
pub static LEAVES_FOLDER: Code = Code::error(
    "sonae::select::removes-all",
    "originals would be removed that nothing selects",
    r#"`remove-originals` takes files out of their folder. Without a `select` that would be all of them, each time.

Wrong:

```kdl must-fail inside=file
target "access-log" {
    logs "/var/log/shop" pattern="access-%Y%m%d.log"
    backup "days" { remove-originals; archive "tar.zip"; store "vault"; schedule "daily" at="02:00"; retention within="1y" }
}
restore "access-log" { recover "access-log" { into path="/restore/log" } }
```

Right:

```kdl inside=file
target "access-log" {
    logs "/var/log/shop" pattern="access-%Y%m%d.log"
    backup "days" { select "whole-months"; remove-originals; archive "tar.zip"; store "vault"; schedule "daily" at="02:00"; retention within="1y" }
}
restore "access-log" { recover "access-log" { into path="/restore/log" } }
```
"#,
);

/// Generations of points that do not replace each other.
pub static PER_DAY: Code = Code::error(
    "sonae::retention::per-day",
    "generations of points that do not replace each other",
    r#"A recovery point of a `select` holds a day or a month that no other holds. `generations=7` would keep the last seven of them and let all older days go,
as if the newest had replaced them. Say `within`, which counts from the day that the data is of.

Wrong:

```kdl must-fail inside=file
target "access-log" {
    logs "/var/log/shop" pattern="access-%Y%m%d.log"
    backup "days" { select "unshipped-days"; archive "tar.zip"; store "vault"; schedule "daily" at="02:00"; retention generations=7 }
}
restore "access-log" { recover "access-log" { into path="/restore/log" } }
```

Right:

```kdl inside=file
target "access-log" {
    logs "/var/log/shop" pattern="access-%Y%m%d.log"
    backup "days" { select "unshipped-days"; archive "tar.zip"; store "vault"; schedule "daily" at="02:00"; retention within="1y" }
}
restore "access-log" { recover "access-log" { into path="/restore/log" } }
```
"#,
);

/// A retention that RDS does not have.
pub static RDS_RETENTION: Code = Code::error(
    "sonae::retention::of-rds",
    "a retention that RDS does not have",
    r#"RDS keeps what `point-in-time` needs for 1 to 35 whole days, counted by its own clock; it knows no generations.
([Backup retention period](https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithAutomatedBackups.BackupRetention.html))

Wrong:

```kdl must-fail inside=file
target "shop" {
    rds instance="shop-prod"
    backup "automated" { point-in-time max-lag="5m"; retention within="2mo" }
}
restore "shop" { recover "shop" { into instance="shop-restored" } }
```

Right:

```kdl inside=file
target "shop" {
    rds instance="shop-prod"
    backup "automated" { point-in-time max-lag="5m"; retention within="35d" }
}
restore "shop" { recover "shop" { into instance="shop-restored" } }
```
"#,
);

/// One key alone can read a store.
pub static ONE_KEY: Code = Code::advice(
    "sonae::encrypt::one-key",
    "one key alone can read a store",
    r#"When it is lost, so is everything that lies there. A second key, kept by somebody else or in a safe, costs nothing.

Wrong:

```kdl inside=file
store "far" { local path="/mnt/far"; encrypt "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p" }
```

Right:

```kdl inside=file
store "far" { local path="/mnt/far"; encrypt "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p" "age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg" }
```
"#,
);

/// A copy goes where the original, or another copy, is.
pub static SAME_STORE: Code = Code::error(
    "sonae::copy::same-store",
    "a copy goes where the original, or another copy, is",
    r#"A copy is for the day that a store is lost. In the same store it would be lost with it.

Wrong:

```kdl must-fail inside=file
target "photos" {
    files "/home/photos"
    backup "daily" { archive "tar.zip"; store "vault"; schedule "daily" at="05:30"; retention generations=7; copy to="vault" }
}
restore "photos" { recover "photos" { into path="/restore/photos" } }
```

Right:

```kdl inside=file
store "far" { local path="/mnt/far"; access { write "backup"; read "sysadmin"; prune "sysadmin" } }
target "photos" {
    files "/home/photos"
    backup "daily" { archive "tar.zip"; store "vault"; schedule "daily" at="05:30"; retention generations=7; copy to="far" { retention generations=30 } }
}
restore "photos" { recover "photos" { into path="/restore/photos" } }
```
"#,
);

/// A copy can be read by whoever reaches it, and the original cannot.
pub static IN_THE_CLEAR: Code = Code::warning(
    "sonae::copy::in-the-clear",
    "a copy can be read by whoever reaches it, and the original cannot",
    r#"Encryption is as good as the place where the data lies in the clear. A copy in a store without `encrypt` is one.

Wrong:

```kdl inside=file
store "near" { local path="/mnt/near"; access { write "backup"; read "sysadmin"; prune "sysadmin" }; encrypt "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p" "age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg" }
store "far" { local path="/mnt/far"; access { write "backup"; read "sysadmin"; prune "sysadmin" } }
target "photos" {
    files "/home/photos"
    backup "daily" { archive "tar.zip"; store "near"; schedule "daily" at="05:30"; retention generations=7; copy to="far" { retention generations=30 } }
}
restore "photos" { recover "photos" { into path="/restore/photos" } }
```

Right:

```kdl inside=file
store "near" { local path="/mnt/near"; access { write "backup"; read "sysadmin"; prune "sysadmin" }; encrypt "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p" "age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg" }
store "far" { local path="/mnt/far"; access { write "backup"; read "sysadmin"; prune "sysadmin" }; encrypt "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p" "age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg" }
target "photos" {
    files "/home/photos"
    backup "daily" { archive "tar.zip"; store "near"; schedule "daily" at="05:30"; retention generations=7; copy to="far" { retention generations=30 } }
}
restore "photos" { recover "photos" { into path="/restore/photos" } }
```
"#,
);
