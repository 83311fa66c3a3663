//! What is wrong with a plan's words: which are there, and which are not.

use super::Code;

/// All of this area, in the order of the documentation.
pub const ALL: &[&Code] = &[
    &MISSING_PLAN,
    &UNKNOWN_NODE,
    &UNKNOWN_PROPERTY,
    &UNEXPECTED_ARGUMENT,
    &MISSING_ARGUMENT,
    &MISSING_PROPERTY,
    &MISSING_NODE,
    &REPEATED_NODE,
    &UNEXPECTED_CHILDREN,
    &ANNOTATION,
    &DUPLICATE_NAME,
];

/// The file declares no plan.
pub static MISSING_PLAN: Code = Code::error(
    "sonae::word::missing-plan",
    "the file declares no plan",
    r#"A plan begins with its name: recovery points carry it. The one node `plan` may hold the time zone and the
owner.

Wrong:

```kdl must-fail
store "vault" { local path="/srv/backup" }
```

Right:

```kdl
plan "shop"
store "vault" { local path="/srv/backup" }
target "tools" { no-backup "reinstalled from the distribution" }
```
"#,
);

/// A word is not known where it stands.
pub static UNKNOWN_NODE: Code = Code::error(
    "sonae::word::unknown-node",
    "a word is not known where it stands",
    r#"Nothing is silently ignored: a word that does nothing would look like one that does. The help lists the words
that can stand there.

Wrong:

```kdl must-fail inside=backup
shedule "daily" at="05:30"
```

Right:

```kdl inside=backup
schedule "daily" at="05:30"
```
"#,
);

/// A property does not belong to its word.
pub static UNKNOWN_PROPERTY: Code = Code::error(
    "sonae::word::unknown-property",
    "a property does not belong to its word",
    r#"Nothing is silently ignored: a misspelt `generations` would otherwise keep backups for a time that nobody
chose. Which properties a `schedule` has depends on its kind.

Wrong:

```kdl must-fail inside=backup
retention genrations=7
```

Right:

```kdl inside=backup
retention generations=7
```
"#,
);

/// A word has an argument too many.
pub static UNEXPECTED_ARGUMENT: Code = Code::error(
    "sonae::word::unexpected-argument",
    "a word has an argument too many",
    r#"Arguments are the values without a name behind a word. Perhaps a property's name is missing, or the word takes
one value only.

Wrong:

```kdl must-fail inside=backup
takes "40m" "1h"
```

Right:

```kdl inside=backup
takes "40m"
```
"#,
);

/// A word lacks its argument.
pub static MISSING_ARGUMENT: Code = Code::error(
    "sonae::word::missing-argument",
    "a word lacks its argument",
    r#"Behind some words a value must stand: a name, a reason, a length of time.

Wrong:

```kdl must-fail inside=backup
timeout
```

Right:

```kdl inside=backup
timeout "3h"
```
"#,
);

/// A word lacks a property.
pub static MISSING_PROPERTY: Code = Code::error(
    "sonae::word::missing-property",
    "a word lacks a property",
    r#"The property has no default that would be right for everybody.

Wrong:

```kdl must-fail inside=backup
schedule "daily"
```

Right:

```kdl inside=backup
schedule "daily" at="05:30"
```
"#,
);

/// A block lacks a word.
pub static MISSING_NODE: Code = Code::error(
    "sonae::word::missing-node",
    "a block lacks a word",
    r#"The word has no default that would be right for everybody.

Wrong:

```kdl must-fail inside=file
target "photos" {
    files "/home/photos"
    backup "daily" { archive "tar.zip" }
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

/// A word is given twice in one block.
pub static REPEATED_NODE: Code = Code::error(
    "sonae::word::repeated-node",
    "a word is given twice in one block",
    r#"Only one of the two could hold.

Wrong:

```kdl must-fail inside=backup
takes "40m"
takes "50m"
```

Right:

```kdl inside=backup
takes "50m"
```
"#,
);

/// A word has a block that it cannot have.
pub static UNEXPECTED_CHILDREN: Code = Code::error(
    "sonae::word::unexpected-block",
    "a word has a block that it cannot have",
    r#"Nothing is silently ignored, a block in braces neither.

Wrong:

```kdl must-fail inside=backup
takes "40m" { timeout "3h" }
```

Right:

```kdl inside=backup
takes "40m"
timeout "3h"
```
"#,
);

/// A type annotation has no meaning here.
pub static ANNOTATION: Code = Code::error(
    "sonae::word::type-annotation",
    "a type annotation has no meaning here",
    r#"KDL allows `(type)` before a word or value. No word of the language takes one yet, and nothing is silently
ignored.

Wrong:

```kdl must-fail inside=backup
takes (duration)"40m"
```

Right:

```kdl inside=backup
takes "40m"
```
"#,
);

/// A name is declared twice.
pub static DUPLICATE_NAME: Code = Code::error(
    "sonae::word::duplicate-name",
    "a name is declared twice",
    r#"Recovery points, reports and other blocks refer to a block by its name. The first one is kept for the checks
that follow.

Wrong:

```kdl must-fail inside=file
store "vault" { local path="/mnt/backup" }
```

Right:

```kdl inside=file
store "spare" { local path="/mnt/backup" }
```
"#,
);
