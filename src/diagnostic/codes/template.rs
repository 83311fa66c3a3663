//! What is wrong with templates and their uses.

use super::Code;

/// All of this area, in the order of the documentation.
pub const ALL: &[&Code] = &[&UNKNOWN, &NESTED, &REPEATED, &CONFLICT, &TOO_MUCH, &UNUSED];

/// A target uses a template that is not declared.
pub static UNKNOWN: Code = Code::error(
    "sonae::template::unknown",
    "a target uses a template that is not declared",
    r#"Each template is declared once, at the top, with `template "name" { … }`, in the plan's file or in one that it includes.

Wrong:

```kdl must-fail inside=file
template "hourly" { backup "hourly" { schedule every="1h"; archive "tar.zip"; store "vault"; retention hourly=48 } }
target "mail" { use "hurly"; files "/var/mail" }
restore "mail" { recover "mail" { into path="/restore/mail" } }
```

Right:

```kdl inside=file
template "hourly" { backup "hourly" { schedule every="1h"; archive "tar.zip"; store "vault"; retention hourly=48 } }
target "mail" { use "hourly"; files "/var/mail" }
restore "mail" { recover "mail" { into path="/restore/mail" } }
```
"#,
);

/// A template uses another.
pub static NESTED: Code = Code::error(
    "sonae::template::nested",
    "a template uses another",
    r#"What a target is made of is found in its own block and in the templates that it names, nowhere else. A target may use several.

Wrong:

```kdl must-fail inside=file
template "promised" { objective rpo="2h" }
template "hourly" {
    use "promised"
    backup "hourly" { schedule every="1h"; archive "tar.zip"; store "vault"; retention hourly=48; takes "5m" }
}
target "mail" { use "hourly"; files "/var/mail" }
restore "mail" { recover "mail" { into path="/restore/mail" } }
```

Right:

```kdl inside=file
template "promised" { objective rpo="2h" }
template "hourly" {
    backup "hourly" { schedule every="1h"; archive "tar.zip"; store "vault"; retention hourly=48; takes "5m" }
}
target "mail" { use "promised"; use "hourly"; files "/var/mail" }
restore "mail" { recover "mail" { into path="/restore/mail" } }
```
"#,
);

/// A template is used twice in one target.
pub static REPEATED: Code = Code::error(
    "sonae::template::repeated",
    "a template is used twice in one target",
    r#"Its words would stand there twice; only once could they hold.

Wrong:

```kdl must-fail inside=file
template "remade" { no-backup "it is made anew" }
target "cache" { use "remade"; use "remade" }
```

Right:

```kdl inside=file
template "remade" { no-backup "it is made anew" }
target "cache" { use "remade" }
```
"#,
);

/// Two templates of one target say the same word.
pub static CONFLICT: Code = Code::error(
    "sonae::template::conflict",
    "two templates of one target say the same word",
    r#"A word that may stand once in a target cannot come from two templates. Where the target says it itself, that stands instead of both.

Wrong:

```kdl must-fail inside=file
template "remade" { no-backup "it is made anew" }
template "rented" { no-backup "it belongs to somebody else" }
target "cache" { use "remade"; use "rented" }
```

Right:

```kdl inside=file
template "remade" { no-backup "it is made anew" }
template "rented" { no-backup "it belongs to somebody else" }
target "cache" { use "remade" }
target "rack" { use "rented" }
```
"#,
);

/// Templates put too many words into targets.
pub static TOO_MUCH: Code = Code::error(
    "sonae::template::too-much",
    "templates put too many words into targets",
    r#"All uses of templates together put in at most 50,000 words, a few times what the largest plan has without any. From the use that is too
much on, none is put in.
"#,
);

/// No target uses a template.
pub static UNUSED: Code = Code::warning(
    "sonae::template::unused",
    "no target uses a template",
    r#"What it says of backups holds for nothing. Perhaps a `use` was forgotten.

Wrong:

```kdl inside=file
template "remade" { no-backup "it is made anew" }
target "cache" { no-backup "it is made anew" }
```

Right:

```kdl inside=file
template "remade" { no-backup "it is made anew" }
target "cache" { use "remade" }
```
"#,
);
