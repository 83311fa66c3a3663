//! What is wrong with verification and drills.

use super::Code;

/// All of this area, in the order of the documentation.
pub const ALL: &[&Code] = &[&UNKNOWN_SELECTED, &NOTHING_SELECTED, &UNKNOWN_RESTORE];

/// Nothing is selected by that name.
pub static UNKNOWN_SELECTED: Code = Code::error(
    "sonae::verify::unknown-target",
    "nothing is selected by that name",
    r#"`targets` names targets and areas of this plan. What is selected by a name that nothing has would never be looked at.

Wrong:

```kdl must-fail inside=file
verify "monthly" { schedule "monthly" day=1 at="10:00"; targets "area:dta"; depth "read" }
```

Right:

```kdl inside=file
verify "monthly" { schedule "monthly" day=1 at="10:00"; targets "area:data"; depth "read" }
```
"#,
);

/// What is selected has no backup.
pub static NOTHING_SELECTED: Code = Code::error(
    "sonae::verify::nothing",
    "what is selected has no backup",
    r#"A look at what is kept needs something that is kept.

Wrong:

```kdl must-fail inside=file
target "base" area="system" { no-backup "installed anew" }
verify "monthly" { schedule "monthly" day=1 at="10:00"; targets "base"; depth "read" }
```

Right:

```kdl inside=file
target "base" area="system" { no-backup "installed anew" }
verify "monthly" { schedule "monthly" day=1 at="10:00"; targets "documents"; depth "read" }
```
"#,
);

/// A restore is named that is not declared.
pub static UNKNOWN_RESTORE: Code = Code::error(
    "sonae::restore::unknown",
    "a restore is named that is not declared",
    r#"`restore` in a `drill` or in another restore names a restore of this plan.

Wrong:

```kdl must-fail inside=file
drill "yearly" { restore "docments" }
```

Right:

```kdl inside=file
drill "yearly" { restore "documents" }
```
"#,
);
