//! What is wrong with the order of things.

use super::Code;

/// All of this area, in the order of the documentation.
pub const ALL: &[&Code] = &[&CYCLE];

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
