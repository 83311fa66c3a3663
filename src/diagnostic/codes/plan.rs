//! What is wrong with a plan as a whole, and with its waivers.

use super::Code;

/// All of this area, in the order of the documentation.
pub const ALL: &[&Code] =
    &[&NO_TARGET, &TOO_MANY_PAIRS, &UNKNOWN_ZONE, &EXPIRED, &UNKNOWN_CODE, &NOT_WAIVABLE, &UNUSED];

/// The plan has no target.
pub static NO_TARGET: Code = Code::error(
    "sonae::plan::no-target",
    "the plan has no target",
    r#"A plan without a target protects nothing and would pass every check.

Wrong:

```kdl must-fail
plan "shop"
```

Right:

```kdl
plan "shop"
target "tools" { no-backup "reinstalled from the distribution" }
```
"#,
);

/// Backups with folders, and recoveries with backups, are too many pairs.
pub static TOO_MANY_PAIRS: Code = Code::error(
    "sonae::plan::too-many-pairs",
    "there are too many pairs of backups and folders",
    r#"Each backup of a target looks at every folder that the target names and every pattern that it leaves out, and each `recover` at
the points of every backup of its target: a thousand backups of a target with a thousand folders are a million pairs. All pairs of a
plan together may be 200,000.

Name a folder above several, back a target up in fewer ways, or make several plans of one.
"#,
);

/// A time zone is not known.
pub static UNKNOWN_ZONE: Code = Code::error(
    "sonae::timezone::unknown",
    "a time zone is not known",
    r#"Zones are those of the IANA time zone database, by name: `Asia/Tokyo`, `Europe/Zurich`, `UTC`. The database is
built in, so that a plan means the same on every machine.

Wrong:

```kdl must-fail inside=backup
schedule "daily" at="05:30" timezone="Asia/Tokio"
```

Right:

```kdl inside=backup
schedule "daily" at="05:30" timezone="Asia/Tokyo"
```
"#,
);

/// A waiver has expired.
pub static EXPIRED: Code = Code::error(
    "sonae::waiver::expired",
    "a waiver has expired",
    r#"A waiver holds up to and including its day, so that what was set aside is looked at again.

Wrong:

```kdl must-fail inside=backup
waive "sonae::retention::none" reason="until the new disk comes" until="2020-01-01"
```

Right:

```kdl inside=backup
waive "sonae::retention::none" reason="until the new disk comes" until="2100-01-01"
```
"#,
);

/// A waiver names a code that does not exist.
pub static UNKNOWN_CODE: Code = Code::error(
    "sonae::waiver::unknown-code",
    "a waiver names a code that does not exist",
    r#"The codes are listed in `docs/diagnostics/`, and shown with each diagnostic.

Wrong:

```kdl must-fail inside=backup
waive "sonae::retention::non" reason="kept for ever by law" until="2100-01-01"
```

Right:

```kdl inside=backup
waive "sonae::retention::none" reason="kept for ever by law" until="2100-01-01"
```
"#,
);

/// A waiver names what cannot be set aside.
pub static NOT_WAIVABLE: Code = Code::error(
    "sonae::waiver::not-waivable",
    "a waiver names what cannot be set aside",
    r#"Some problems leave a plan without a meaning; there is nothing left that could be run.

Wrong:

```kdl must-fail inside=backup
waive "sonae::store::unknown" reason="later" until="2100-01-01"
```

Right:

```kdl inside=backup
waive "sonae::retention::none" reason="kept for ever by law" until="2100-01-01"
```
"#,
);

/// A waiver sets nothing aside.
pub static UNUSED: Code = Code {
    waivable: false,
    ..Code::warning(
        "sonae::waiver::unused",
        "a waiver sets nothing aside",
        r#"The problem is gone, or the waiver stands in another block than the problem. Remove it, so that it cannot hide
a later one.

Wrong:

```kdl inside=backup
retention generations=7
waive "sonae::retention::none" reason="kept for ever by law" until="2100-01-01"
```

Right:

```kdl inside=backup
retention generations=7
```
"#,
    )
};
