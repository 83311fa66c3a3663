//! What is wrong between targets and stores.

use super::Code;

/// All of this area, in the order of the documentation.
pub const ALL: &[&Code] =
    &[&UNKNOWN_STORE, &INSIDE_SOURCE, &SAME_PLACE, &UNPROTECTED, &CONTRADICTION, &NO_SOURCE, &NESTED_ROOT, &BAD_GLOB];

/// A backup names a store that is not declared.
pub static UNKNOWN_STORE: Code = Code::error(
    "sonae::store::unknown",
    "a backup names a store that is not declared",
    r#"Each store is declared once, at the top, with `store "name" { … }`.

Wrong:

```kdl must-fail inside=target
backup "weekly" { archive "tar.zip"; store "valut" }
```

Right:

```kdl inside=target
backup "weekly" { archive "tar.zip"; store "vault" }
```
"#,
);

/// A store lies inside what is backed up to it.
pub static INSIDE_SOURCE: Code = Code::error(
    "sonae::store::inside-source",
    "a store lies inside what is backed up to it",
    r#"Each backup would pack all earlier ones, and grow until the disk is full. Exclude the store's folder, or move
it.

Wrong:

```kdl must-fail inside=file
store "inner" { local path="/home/photos/backup" }
target "photos" {
    files "/home/photos"
    backup "daily" { archive "tar.zip"; store "inner" }
}
restore "photos" { recover "photos" { into path="/restore/photos" } }
```

Right:

```kdl inside=file
store "inner" { local path="/home/photos/backup" }
target "photos" {
    files "/home/photos" { exclude "backup" }
    backup "daily" { archive "tar.zip"; store "inner" }
}
restore "photos" { recover "photos" { into path="/restore/photos" } }
```
"#,
);

/// Two stores lie at the same place.
pub static SAME_PLACE: Code = Code::error(
    "sonae::store::same-place",
    "two stores lie at the same place",
    r#"Two names for one folder look like two copies, and are one.

Wrong:

```kdl must-fail inside=file
store "copy" { local path="/srv/backup" }
```

Right:

```kdl inside=file
store "copy" { local path="/mnt/backup" }
```
"#,
);

/// A target has neither a backup nor a reason for having none.
pub static UNPROTECTED: Code = Code::error(
    "sonae::target::unprotected",
    "a target has neither a backup nor a reason for having none",
    r#"What is deliberately not backed up is said, with its reason, so that nobody has to guess whether it was
forgotten.

Wrong:

```kdl must-fail inside=file
target "photos" { files "/home/photos" }
```

Right:

```kdl inside=file
target "photos" { files "/home/photos"; no-backup "copies of what is on the camera cards" }
```
"#,
);

/// A target has a backup and a reason for having none.
pub static CONTRADICTION: Code = Code::error(
    "sonae::target::contradiction",
    "a target has a backup and a reason for having none",
    r#"Only one of the two can be true.

Wrong:

```kdl must-fail inside=target
no-backup "kept elsewhere"
```

Right:

```kdl inside=target
backup "weekly" { archive "tar.zip"; store "vault" }
```
"#,
);

/// A target has a backup but does not say of what.
pub static NO_SOURCE: Code = Code::error(
    "sonae::target::no-source",
    "a target has a backup but does not say of what",
    r#"A `files` line names the folders that are backed up.

Wrong:

```kdl must-fail inside=file
target "photos" {
    backup "daily" { archive "tar.zip"; store "vault" }
}
restore "photos" { recover "photos" { into path="/restore/photos" } }
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
);

/// A folder is backed up twice by one target.
pub static NESTED_ROOT: Code = Code::error(
    "sonae::target::nested-root",
    "a folder is backed up twice by one target",
    r#"One root is the other, or lies inside it: its files would be packed twice, and it is unclear which come back.

Wrong:

```kdl must-fail inside=file
target "photos" {
    files "/home/photos" "/home/photos/2026"
    no-backup "copies"
}
```

Right:

```kdl inside=file
target "photos" {
    files "/home/photos" "/srv/photos"
    no-backup "copies"
}
```
"#,
);

/// A pattern of what is left out cannot be read.
pub static BAD_GLOB: Code = Code::error(
    "sonae::target::bad-glob",
    "a pattern of what is left out cannot be read",
    r#"Patterns are globs: `*` within a folder, `**` across folders, `?` one character, `[a-z]` one of these, `{a,b}`
one of those.

Wrong:

```kdl must-fail inside=file
target "photos" {
    files "/home/photos" { exclude "**/[a" }
    no-backup "copies"
}
```

Right:

```kdl inside=file
target "photos" {
    files "/home/photos" { exclude "**/[a-z]" }
    no-backup "copies"
}
```
"#,
);
