//! What is wrong with a text as KDL.

use super::Code;

/// All of this area, in the order of the documentation.
pub const ALL: &[&Code] = &[
    &TOO_LARGE,
    &TOO_MANY_WORDS,
    &TOO_DEEP,
    &TOO_MANY_ERRORS,
    &TOO_MANY_PROBLEMS,
    &UNCLOSED_BLOCK,
    &STRAY_BRACE,
    &UNCLOSED_STRING,
    &UNCLOSED_COMMENT,
    &BAD_STRING,
    &BARE_VALUE,
    &UNEXPECTED,
    &MISSING_VALUE,
    &DUPLICATE_PROPERTY,
    &CONTROL_CHARACTER,
];

/// The file is too large.
pub static TOO_LARGE: Code = Code::error(
    "sonae::syntax::too-large",
    "the file is too large",
    r#"A plan is written and read by people; a file of more than a mebibyte is likely not a plan. Nothing of it is
read.
"#,
);

/// The file has too many words.
pub static TOO_MANY_WORDS: Code = Code::error(
    "sonae::syntax::too-many-words",
    "the file has too many words",
    r#"Ten thousand targets take some 220,000 words, values and marks such as `{`, `=` and `/-`. A file of a mebibyte with more than
250,000 of them, of a few bytes each, is likely not a plan, and would take a lot of memory. Nothing of it is read.
"#,
);

/// Blocks lie in one another too deep.
pub static TOO_DEEP: Code = Code::error(
    "sonae::syntax::too-deep",
    "blocks lie in one another too deep",
    r#"No word of the language needs more than a few levels. Usually the `}` of an earlier block is missing. Nothing
of the file is read.
"#,
);

/// There are too many syntax errors to show.
pub static TOO_MANY_ERRORS: Code = Code::error(
    "sonae::syntax::too-many-errors",
    "there are too many syntax errors to show",
    r#"After a hundred syntax errors the rest of the file is not read: it is likely not a plan, or one early slip
makes all that follows unreadable. Correct the first ones and check again.
"#,
);

/// There are more problems than are told.
pub static TOO_MANY_PROBLEMS: Code = Code::error(
    "sonae::plan::too-many-problems",
    "there are more problems than are told",
    r#"Of errors, of warnings and of pieces of advice a hundred thousand each are kept. A file with more of one is likely not a plan. What
says that there are more weighs as much as they do.
"#,
);

/// A block is never closed.
pub static UNCLOSED_BLOCK: Code = Code::error(
    "sonae::syntax::unclosed-block",
    "a block is never closed",
    r#"Each `{` needs its `}`. Where the lines of a block are indented, the block is taken to end before the next
line that is not, so that the blocks behind it are still read.

Wrong:

```kdl must-fail inside=file
store "spare" {
    local path="/mnt/backup"
```

Right:

```kdl inside=file
store "spare" {
    local path="/mnt/backup"
}
```
"#,
);

/// A closing brace closes nothing.
pub static STRAY_BRACE: Code = Code::error(
    "sonae::syntax::stray-brace",
    "a closing brace closes nothing",
    r#"There is one `}` more than there are `{`.

Wrong:

```kdl must-fail inside=file
store "spare" { local path="/mnt/backup" } }
```

Right:

```kdl inside=file
store "spare" { local path="/mnt/backup" }
```
"#,
);

/// A string is never closed.
pub static UNCLOSED_STRING: Code = Code::error(
    "sonae::syntax::unclosed-string",
    "a string is never closed",
    r#"A string ends on the line it began on, with the quotes it began with. For a text of several lines, begin it
with `"""` and a line end, and close it with `"""` on a line of its own.

Wrong:

```kdl must-fail inside=backup
schedule "daily" at="05:30
```

Right:

```kdl inside=backup
schedule "daily" at="05:30"
```
"#,
);

/// A comment is never closed.
pub static UNCLOSED_COMMENT: Code = Code::error(
    "sonae::syntax::unclosed-comment",
    "a comment is never closed",
    r#"A `/*` comment ends with `*/`; comments may hold comments, and each needs its own end. What follows was not
read.

Wrong:

```kdl must-fail inside=file
/* the old disk
store "spare" { local path="/mnt/backup" }
```

Right:

```kdl inside=file
/* the old disk */
store "spare" { local path="/mnt/backup" }
```
"#,
);

/// A string cannot be read.
pub static BAD_STRING: Code = Code::error(
    "sonae::syntax::bad-string",
    "a string cannot be read",
    r##"In a string, `\` begins an escape: `\\`, `\"`, `\n`, `\t`, `\s`, `\u{41}`. In a raw string, `#"C:\new"#`, it
does not.

Wrong:

```kdl must-fail inside=file
target "photos" {
    files "/mnt/C:\photos"
    no-backup "copies"
}
```

Right:

```kdl inside=file
target "photos" {
    files #"/mnt/C:\photos"#
    no-backup "copies"
}
```
"##,
);

/// A value needs quotes.
pub static BARE_VALUE: Code = Code::error(
    "sonae::syntax::bare-value",
    "a value needs quotes",
    r#"Without quotes, only words of letters and plain numbers can be written. Times, durations and paths need
quotes; true and false are `#true` and `#false`.

Wrong:

```kdl must-fail inside=backup
takes 40m
```

Right:

```kdl inside=backup
takes "40m"
```
"#,
);

/// Something is where it cannot be.
pub static UNEXPECTED: Code = Code::error(
    "sonae::syntax::unexpected",
    "something is where it cannot be",
    r#"A line is a word, then its arguments and properties, then its block in braces: `word "argument"
property="value" { … }`.

Wrong:

```kdl must-fail inside=backup
takes "40m") =
```

Right:

```kdl inside=backup
takes "40m"
```
"#,
);

/// A value is missing.
pub static MISSING_VALUE: Code = Code::error(
    "sonae::syntax::missing-value",
    "a value is missing",
    r#"Behind `=` comes the property's value, on the same line.

Wrong:

```kdl must-fail inside=backup
schedule "daily" at=
```

Right:

```kdl inside=backup
schedule "daily" at="05:30"
```
"#,
);

/// A property is given twice.
pub static DUPLICATE_PROPERTY: Code = Code::error(
    "sonae::syntax::duplicate-property",
    "a property is given twice",
    r#"KDL would silently take the last one; which of the two was meant, only its author knows.

Wrong:

```kdl must-fail inside=backup
retention generations=7 generations=14
```

Right:

```kdl inside=backup
retention generations=14
```
"#,
);

/// A character that cannot be seen.
pub static CONTROL_CHARACTER: Code = Code::error(
    "sonae::syntax::control-character",
    "a character that cannot be seen",
    r#"Control characters and those that turn the direction of writing make a plan read differently from what it
says. They are refused everywhere but in comments; in a string they can be escaped.
"#,
);
