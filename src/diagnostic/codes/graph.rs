//! What is wrong with the order of things.

use super::Code;

/// All of this area, in the order of the documentation.
pub const ALL: &[&Code] = &[&CYCLE, &TOO_MANY_TIES];

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
