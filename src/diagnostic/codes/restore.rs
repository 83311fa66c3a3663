//! What is wrong with restores.

use super::Code;

/// All of this area, in the order of the documentation.
pub const ALL: &[&Code] =
    &[&MISSING_RESTORE, &UNKNOWN_TARGET, &NO_POINTS, &SAME_DESTINATION, &OVER_SOURCE, &INSIDE_SOURCE, &NO_STEP];

/// No restore brings a target back.
pub static MISSING_RESTORE: Code = Code::error(
    "sonae::restore::missing",
    "no restore brings a target back",
    r#"A backup that nobody has said how to restore is a hope. Each target with a backup is named by a `recover` in
some `restore`.

Wrong:

```kdl must-fail inside=file
target "photos" {
    files "/home/photos"
    backup "daily" { archive "tar.zip"; store "vault" }
}
```

Right:

```kdl inside=file
target "photos" {
    files "/home/photos"
    backup "daily" { archive "tar.zip"; store "vault" }
}
restore "photos" { recover "photos" { into path="/restore/photos" } }
```
"#,
)
.waivable();

/// A restore recovers a target that is not declared.
pub static UNKNOWN_TARGET: Code = Code::error(
    "sonae::restore::unknown-target",
    "a restore recovers a target that is not declared",
    r#"`recover` names a target of this plan.

Wrong:

```kdl must-fail inside=restore
recover "docments" { into path="/restore/again" }
```

Right:

```kdl inside=restore
recover "documents" { into path="/restore/again" }
```
"#,
);

/// A restore recovers a target that has no backup.
pub static NO_POINTS: Code = Code::error(
    "sonae::restore::no-backup",
    "a restore recovers a target that has no backup",
    r#"There are no recovery points to recover from.

Wrong:

```kdl must-fail inside=file
target "tools" { no-backup "reinstalled" }
restore "tools" { recover "tools" { into path="/restore/tools" } }
```

Right:

```kdl inside=file
target "tools" { no-backup "reinstalled" }
```
"#,
);

/// Two steps of a restore write to the same folder.
pub static SAME_DESTINATION: Code = Code::error(
    "sonae::restore::same-destination",
    "two steps of a restore write to the same folder",
    r#"A restore never overwrites: the second step would be refused in the middle of an incident.

Wrong:

```kdl must-fail inside=restore
recover "documents" { into path="/restore/documents" }
```

Right:

```kdl inside=restore
recover "documents" { into path="/restore/documents-again" }
```
"#,
);

/// A restore goes over what is backed up.
pub static OVER_SOURCE: Code = Code::error(
    "sonae::restore::over-source",
    "a restore goes over what is backed up",
    r#"A restore makes its folder and never writes over one that is there. Into a folder that is backed up, or one that holds it, it is
refused for as long as anything is there: in the middle of an incident, when files are damaged and not gone. Restore beside, look, and
rename. A plan that is only for a machine on which nothing is left may set this aside with `waive`; `sonae restore --into` goes elsewhere at
any time.

Wrong:

```kdl must-fail inside=restore
recover "documents" { into path="/home/documents" }
```

Right:

```kdl inside=restore
recover "documents" { into path="/home/documents.restored" }
```
"#,
)
.waivable();

/// A restore goes into what is backed up.
pub static INSIDE_SOURCE: Code = Code::warning(
    "sonae::restore::inside-source",
    "a restore goes into what is backed up",
    r#"What is restored there is packed by the next backup, as a second copy of everything. Restore beside, or leave the folder out.

Wrong:

```kdl inside=restore
recover "documents" { into path="/home/documents/restored" }
```

Right:

```kdl inside=file
target "photos" {
    files "/home/photos" { exclude "restored" }
    backup "daily" { schedule "daily" at="05:30"; archive "tar.zip"; store "vault"; retention generations=7 }
}
restore "photos" { recover "photos" { into path="/home/photos/restored" } }
```
"#,
);

/// A restore does nothing.
pub static NO_STEP: Code = Code::error(
    "sonae::restore::empty",
    "a restore does nothing",
    r#"A restore without a step, or with an empty `parallel`, looks like a way back and is none.

Wrong:

```kdl must-fail inside=file
restore "photos"
```

Right:

```kdl inside=file
restore "photos" { recover "documents" { into path="/restore/photos" } }
```
"#,
);
