//! What is wrong with backups.

use super::Code;

/// All of this area, in the order of the documentation.
pub const ALL: &[&Code] =
    &[&UNKNOWN_JOB, &ITSELF, &NO_SCHEDULE, &CLOCK_CHANGE, &SHORT_MONTH, &NO_RETENTION, &NO_RULE, &TOO_SHORT];

/// A backup comes after one that is not declared.
pub static UNKNOWN_JOB: Code = Code::error(
    "sonae::after::unknown-job",
    "a backup comes after one that is not declared",
    r#"`after` names a job of this plan: a target and its backup.

Wrong:

```kdl must-fail inside=target
backup "weekly" { archive "tar.zip"; store "vault"; after "documents/dayly" }
```

Right:

```kdl inside=target
backup "weekly" { archive "tar.zip"; store "vault"; after "documents/daily" }
```
"#,
);

/// A backup comes after itself.
pub static ITSELF: Code = Code::error(
    "sonae::after::itself",
    "a backup comes after itself",
    r#"It would wait for ever.

Wrong:

```kdl must-fail inside=backup
after "documents/daily"
```

Right:

```kdl inside=backup
takes "40m"
```
"#,
);

/// A backup has no schedule.
pub static NO_SCHEDULE: Code = Code::advice(
    "sonae::schedule::none",
    "a backup has no schedule",
    r#"It runs only when a person names it. That is fine for a first plan, and no protection against forgetting.

Wrong:

```kdl inside=target
backup "weekly" { archive "tar.zip"; store "vault"; retention generations=7 }
```

Right:

```kdl inside=backup
schedule "daily" at="05:30"
```
"#,
);

/// The clock jumps over a time of a schedule, or shows it twice.
pub static CLOCK_CHANGE: Code = Code::warning(
    "sonae::schedule::clock-change",
    "the clock jumps over a time of a schedule, or shows it twice",
    r#"Where a zone sets its clock forward, some times of one day do not exist, and where it sets it back, some come twice. Such a
schedule has one rule (`docs/calendar.md`): a time that is jumped over is moved on by the length of the jump, and of a time that comes twice
the first one is meant. So nothing is left out and nothing runs twice, but on that day it runs at another time than the plan says, beside
other jobs than usual. The first such day of the next five years is shown.

Wrong:

```kdl inside=backup
schedule "daily" at="02:30" timezone="Europe/Zurich"
```

Right:

```kdl inside=backup
schedule "daily" at="03:30" timezone="Europe/Zurich"
```

What must run every hour, whatever the clock does, is written `every="1h"`.
"#,
);

/// Not every month has the day of a schedule.
pub static SHORT_MONTH: Code = Code::advice(
    "sonae::schedule::short-month",
    "not every month has the day of a schedule",
    r#"In a month without the day, its last day is taken, and 29 February is the 28th in a common year. Nothing is left out; but a run
on 28 February is not one on the 31st. Where the last day of each month is what is meant, waive the advice.

Wrong:

```kdl inside=backup
schedule "monthly" day=31 at="05:30"
```

Right:

```kdl inside=backup
schedule "monthly" day=28 at="05:30"
```
"#,
);

/// A backup is kept for ever.
pub static NO_RETENTION: Code = Code::advice(
    "sonae::retention::none",
    "a backup is kept for ever",
    r#"Without `retention` nothing is ever deleted, and the store grows until it is full.

Wrong:

```kdl inside=target
backup "weekly" { schedule "weekly" weekday="sun" at="04:30"; archive "tar.zip"; store "vault" }
```

Right:

```kdl inside=backup
retention generations=7 within="30d"
```
"#,
);

/// A retention has no rule.
pub static NO_RULE: Code = Code::error(
    "sonae::retention::empty",
    "a retention has no rule",
    r#"A `retention` without a rule would keep nothing. To keep everything, leave the line out.

Wrong:

```kdl must-fail inside=backup
retention
```

Right:

```kdl inside=backup
retention generations=7
```
"#,
);

/// No rule keeps a point until the next one is made.
pub static TOO_SHORT: Code = Code::warning(
    "sonae::retention::too-short",
    "no rule keeps a point until the next one is made",
    r#"Where `within` is shorter than the time between two runs, a point is past it before the next is made. It still stays, because the
newest good point is never deleted, and goes when the next one is there. So there is never more than one point: what was damaged or
deleted before the last run cannot be brought back. At the very instant at which `within` is over, a point is no longer kept, so that
`within="1d"` is too short for a daily backup.

Wrong:

```kdl inside=backup
schedule "weekly" weekday="sun" at="05:30"
retention within="3d"
```

Right:

```kdl inside=backup
schedule "weekly" weekday="sun" at="05:30"
retention within="4w"
```
"#,
);
