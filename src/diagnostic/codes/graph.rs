//! What is wrong with the order of things.

use super::Code;

/// All of this area, in the order of the documentation.
pub const ALL: &[&Code] = &[&CYCLE, &RESTORE_CYCLE, &TOO_MANY_TIES, &TOO_MANY_STEPS];

/// Backups wait for each other.
pub static CYCLE: Code = Code::error(
    "sonae::after::cycle",
    "backups wait for each other",
    r#"`after` says which backup comes first where both run together. When such ties lead back to where they began, none of
the backups could ever begin. Every tie of the circle is shown: remove one.

Wrong:

```kdl must-fail inside=file
target "photos" {
    files "/home/photos"
    backup "daily" { archive "tar.zip"; store "vault"; after "music/daily" }
}
target "music" {
    files "/home/music"
    backup "daily" { archive "tar.zip"; store "vault"; after "photos/daily" }
}
restore "all" {
    recover "photos" { into path="/restore/photos" }
    recover "music" { into path="/restore/music" }
}
```

Right:

```kdl inside=file
target "photos" {
    files "/home/photos"
    backup "daily" { archive "tar.zip"; store "vault"; after "music/daily" }
}
target "music" {
    files "/home/music"
    backup "daily" { archive "tar.zip"; store "vault" }
}
restore "all" {
    recover "photos" { into path="/restore/photos" }
    recover "music" { into path="/restore/music" }
}
```
"#,
);

/// Too many steps wait for too many.
pub static TOO_MANY_TIES: Code = Code::error(
    "sonae::restore::too-many-ties",
    "too many steps wait for too many",
    r#"Behind a `parallel`, each step waits for every step in it. Where a second `parallel` follows, every step of the one
waits for every step of the other: a thousand behind a thousand are a million ties. The restores of a plan may have half a
million.

A single step between the two blocks, such as a `probe`, takes most of them away: it waits for all that is before it, and
all that is behind waits for it alone.
"#,
);

/// Restores hold each other.
pub static RESTORE_CYCLE: Code = Code::error(
    "sonae::restore::cycle",
    "restores hold each other",
    r#"`restore "name"` inside a restore does all that the other does. When such lines lead back to where they began, there would be no end of
it. Every line of the circle is shown: remove one.

Wrong:

```kdl must-fail inside=file
restore "shop" { recover "documents" { into path="/restore/documents" }; restore "everything" }
restore "everything" { restore "shop" }
```

Right:

```kdl inside=file
restore "shop" { recover "documents" { into path="/restore/documents" } }
restore "everything" { restore "shop" }
```
"#,
);

/// A plan comes to too many steps.
pub static TOO_MANY_STEPS: Code = Code::error(
    "sonae::plan::too-many-steps",
    "a plan comes to too many steps",
    r#"Restores that hold restores, several of them each, double with every level; a `verify` has a step for every backup that it looks at. The
restores, drills and verifications of a plan may come to a hundred thousand steps. Hold each restore once, or make several plans.
"#,
);
