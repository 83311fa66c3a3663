//! Damage that is seen too late, or by nobody.

use super::Code;

/// All of this area, in the order of the documentation.
pub const ALL: &[&Code] = &[&LATE, &UNSEEN, &NONE];

/// Damage is seen when nothing good is left.
pub static LATE: Code = Code::warning(
    "sonae::verify::late",
    "damage may be seen when no good recovery point is left",
    r#"Whatever damages backups without a word (a disk, a program that writes nonsense, somebody who encrypts) does so to every point that is made from then
on, until a verification or a drill reads one. By then a point from before must still be there. Look more often than points are let go, or keep some of
them for longer. Damage right behind one look is the worst: the message says on which days that is.

Wrong:

```kdl inside=file
target "photos" {
    files "/home/photos"
    backup "daily" { schedule "daily" at="05:30"; archive "tar.zip"; store "vault"; retention within="7d" }
}
restore "photos" { recover "photos" { into path="/restore/photos" } }
verify "monthly" { schedule "monthly" day=1 at="10:00"; targets "*"; depth "read" }
```

Right:

```kdl inside=file
target "photos" {
    files "/home/photos"
    backup "daily" { schedule "daily" at="05:30"; archive "tar.zip"; store "vault"; retention within="7d" }
}
restore "photos" { recover "photos" { into path="/restore/photos" } }
verify "twice-a-week" { schedule cron="0 10 * * mon,thu"; targets "*"; depth "read" }
```
"#,
);

/// Nothing sees damage to a target.
pub static UNSEEN: Code = Code::warning(
    "sonae::verify::unseen",
    "nothing sees damage to what is kept of a target",
    r#"The plan has verifications or drills, and none with a `schedule` reads what is kept of this target: it is selected by none, or at the depth
`"present"`, which sees that points are there and nothing of what they hold.

Wrong:

```kdl inside=file
target "photos" {
    files "/home/photos"
    backup "daily" { schedule "daily" at="05:30"; archive "tar.zip"; store "vault"; retention within="1y" }
}
restore "photos" { recover "photos" { into path="/restore/photos" } }
verify "monthly" { schedule "monthly" day=1 at="10:00"; targets "*"; depth "present" }
```

Right:

```kdl inside=file
target "photos" {
    files "/home/photos"
    backup "daily" { schedule "daily" at="05:30"; archive "tar.zip"; store "vault"; retention within="1y" }
}
restore "photos" { recover "photos" { into path="/restore/photos" } }
verify "monthly" { schedule "monthly" day=1 at="10:00"; targets "*"; depth "checksum" }
```
"#,
);

/// Nothing is ever looked at.
pub static NONE: Code = Code::advice(
    "sonae::verify::none",
    "what is kept is never looked at again",
    r#"A run reads back what it wrote. What becomes of it later is seen by a `verify`, or by a `drill` that restores it; else by whoever needs it.

Wrong:

```kdl inside=file
target "photos" {
    files "/home/photos"
    backup "daily" { schedule "daily" at="05:30"; archive "tar.zip"; store "vault"; retention within="1y" }
}
restore "photos" { recover "photos" { into path="/restore/photos" } }
```

Right:

```kdl inside=file
target "photos" {
    files "/home/photos"
    backup "daily" { schedule "daily" at="05:30"; archive "tar.zip"; store "vault"; retention within="1y" }
}
restore "photos" { recover "photos" { into path="/restore/photos" } }
verify "monthly" { schedule "monthly" day=1 at="10:00"; targets "*"; depth "read" }
```
"#,
);
