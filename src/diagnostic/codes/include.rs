//! What is wrong between the files of a plan.

use super::Code;

/// All of this area, in the order of the documentation.
pub const ALL: &[&Code] = &[&UNREADABLE, &CYCLE, &TWICE, &PLAN, &TOO_MUCH];

/// A file cannot be included.
pub static UNREADABLE: Code = Code::error(
    "sonae::include::unreadable",
    "a file cannot be included",
    r#"The path is relative to the folder of the file in which the `include` stands. It leads to a file of text in UTF-8, of at most one
mebibyte: no folder and no device. What the file would have declared is not reported as missing.

Wrong:

```kdl must-fail inside=file
include "lgos.kdl"
```

Right:

```kdl file=logs.kdl
// logs.kdl
target "logs" { no-backup "they are shipped elsewhere" }
```

```kdl inside=file
include "logs.kdl"
```
"#,
);

/// A file includes itself.
pub static CYCLE: Code = Code::error(
    "sonae::include::cycle",
    "a file includes itself",
    r#"By way of others, or directly. An included file need not include what it speaks of: all files of a plan know each other's names.

Wrong:

```kdl file=logs.kdl
// logs.kdl
include "stores.kdl"
target "logs" { no-backup "they are shipped elsewhere" }
```

```kdl file=stores.kdl
// stores.kdl
include "logs.kdl"
store "spare" { local path="/mnt/backup" }
```

```kdl must-fail inside=file
include "logs.kdl"
```

Right:

```kdl file=logs.kdl
// logs.kdl
target "logs" { no-backup "they are shipped elsewhere" }
```

```kdl file=stores.kdl
// stores.kdl
store "spare" { local path="/mnt/backup" }
```

```kdl inside=file
include "logs.kdl"
include "stores.kdl"
```
"#,
);

/// A file is included twice.
pub static TWICE: Code = Code::error(
    "sonae::include::twice",
    "a file is included twice",
    r#"Once is enough: what a file declares holds for the whole plan. Two paths that lead to one file, by way of a link or `..`, are the same
file.

Wrong:

```kdl file=logs.kdl
// logs.kdl
target "logs" { no-backup "they are shipped elsewhere" }
```

```kdl must-fail inside=file
include "logs.kdl"
include "./logs.kdl"
```

Right:

```kdl file=logs.kdl
// logs.kdl
target "logs" { no-backup "they are shipped elsewhere" }
```

```kdl inside=file
include "logs.kdl"
```
"#,
);

/// An included file declares a plan.
pub static PLAN: Code = Code::error(
    "sonae::include::plan",
    "an included file declares a plan",
    r#"A plan has one name, one time zone and one owner. They stand in the file that is named on the command line; a file that it includes
may hold any other block. Two whole plans stay two plans, each with its own store.

Wrong:

```kdl file=logs.kdl
// logs.kdl
plan "logs"
target "logs" { no-backup "they are shipped elsewhere" }
```

```kdl must-fail inside=file
include "logs.kdl"
```

Right:

```kdl file=logs.kdl
// logs.kdl
target "logs" { no-backup "they are shipped elsewhere" }
```

```kdl inside=file
include "logs.kdl"
```
"#,
);

/// A plan is of too many files, or they are too large together.
pub static TOO_MUCH: Code = Code::error(
    "sonae::include::too-much",
    "a plan is of too many files, or they are too large together",
    r#"A plan is of at most 256 files, and all together are no larger than one may be: a mebibyte. From the one that is too much on, nothing is
included. What many targets have in common is written once, as a `template`.
"#,
);
