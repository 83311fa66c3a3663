//! What is wrong with backups.

use super::Code;

/// All of this area, in the order of the documentation.
pub const ALL: &[&Code] = &[&UNKNOWN_JOB, &ITSELF, &NO_SCHEDULE, &NO_RETENTION, &NO_RULE];

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

Right:

```kdl inside=backup
schedule "daily" at="05:30"
```
"#,
);

/// A backup is kept for ever.
pub static NO_RETENTION: Code = Code::advice(
    "sonae::retention::none",
    "a backup is kept for ever",
    r#"Without `retention` nothing is ever deleted, and the store grows until it is full.

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
