//! Logs that are lost between rotation, archives and their retention.

use super::Code;

/// All of this area, in the order of the documentation.
pub const ALL: &[&Code] = &[&CUSTODY_BROKEN];

/// A day of a log is nowhere, though it is promised.
pub static CUSTODY_BROKEN: Code = Code::error(
    "sonae::custody::broken",
    "a day of a log is nowhere, though it is promised",
    r#"The log of a day lies in its folder until log rotation deletes it, which `rotates` says, or until `remove-originals` does. Before that, an archive of it
must be in a store and read back; and one must be kept for as long as the longest `within` of the backups that `select` days or months says. It is looked at day by day, by
the calendar; the first day that is lost is shown with its dates.

Wrong:

```kdl must-fail inside=file
target "access-log" {
    logs "/var/log/shop" pattern="access-%Y%m%d.log" { rotates keep="5d" }
    backup "days" { select "unshipped-days"; archive "tar.zip"; store "vault"; schedule "weekly" weekday="mon" at="02:00"; retention within="1y"; takes "10m" }
}
restore "access-log" { recover "access-log" { into path="/restore/log" } }
```

Right:

```kdl inside=file
target "access-log" {
    logs "/var/log/shop" pattern="access-%Y%m%d.log" { rotates keep="5d" }
    backup "days" { select "unshipped-days"; archive "tar.zip"; store "vault"; schedule "daily" at="02:00"; retention within="1y"; takes "10m" }
}
restore "access-log" { recover "access-log" { into path="/restore/log" } }
```
"#,
)
.waivable();
