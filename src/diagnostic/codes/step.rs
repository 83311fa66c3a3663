//! What is wrong with the steps of restores.

use super::Code;

/// All of this area, in the order of the documentation.
pub const ALL: &[&Code] = &[
    &WRONG_TARGET,
    &WRONG_DESTINATION,
    &NOTHING_TO_SWITCH,
    &UNKNOWN_OUTPUT,
    &NOT_YIELDED,
    &WRONG_OUTPUT,
    &AMBIGUOUS_OUTPUT,
];

/// A step is of a target of another kind.
pub static WRONG_TARGET: Code = Code::error(
    "sonae::restore::wrong-target",
    "a step is of a target of another kind",
    r#"`launch` takes its image from a `machine-image` target, `deploy` a release from a `release` target; `recover` brings back what was backed up.

Wrong:

```kdl must-fail inside=file
restore "server" {
    launch "web server" { image target="documents"; instance-type "m6i.large"; subnet "subnet-1" }
    probe "it is up" { tcp (output)"web server.address" port=22 }
}
```

Right:

```kdl inside=file
target "base" area="system" { machine-image "ami-0abc"; no-backup "rebuilt from the image" }
restore "server" {
    launch "web server" { image target="base"; instance-type "m6i.large"; subnet "subnet-1" }
    probe "it is up" { tcp (output)"web server.address" port=22 }
}
```
"#,
);

/// A target of that kind cannot be put there.
pub static WRONG_DESTINATION: Code = Code::error(
    "sonae::restore::wrong-destination",
    "a target of that kind cannot be put there",
    r#"A database of RDS is brought back into an instance that is made; folders, and a MySQL server of one's own, into a folder that is made.

Wrong:

```kdl must-fail inside=file
target "shop" {
    rds instance="shop-prod"
    backup "automated" { point-in-time max-lag="5m"; retention within="7d" }
}
restore "shop" { recover "shop" { into path="/restore/shop" } }
```

Right:

```kdl inside=file
target "shop" {
    rds instance="shop-prod"
    backup "automated" { point-in-time max-lag="5m"; retention within="7d" }
}
restore "shop" { recover "shop" { into instance="shop-restored" } }
```
"#,
);

/// Nothing was recovered that could be switched to.
pub static NOTHING_TO_SWITCH: Code = Code::error(
    "sonae::restore::nothing-to-switch",
    "nothing was recovered that could be switched to",
    r#"`switch` puts what an earlier step of the same restore recovered in the place of what is there. Steps of one `parallel` are not before one another.

Wrong:

```kdl must-fail inside=restore
switch "documnets"
```

Right:

```kdl inside=restore
switch "documents"
```
"#,
);

/// No earlier step of that name.
pub static UNKNOWN_OUTPUT: Code = Code::error(
    "sonae::output::unknown",
    "no earlier step of that name",
    r#"`(output)` names a step that is before this one in the same restore, by what stands first behind its word. Steps of one `parallel` are not before one
another, and what another restore yields is not known here.

Wrong:

```kdl must-fail inside=file
target "base" area="system" { machine-image "ami-0abc"; no-backup "rebuilt from the image" }
restore "server" {
    launch "web server" { image target="base"; instance-type "m6i.large"; subnet "subnet-1" }
    probe "it is up" { tcp (output)"web-server.address" port=22 }
}
```

Right:

```kdl inside=file
target "base" area="system" { machine-image "ami-0abc"; no-backup "rebuilt from the image" }
restore "server" {
    launch "web server" { image target="base"; instance-type "m6i.large"; subnet "subnet-1" }
    probe "it is up" { tcp (output)"web server.address" port=22 }
}
```
"#,
);

/// The step has no such output.
pub static NOT_YIELDED: Code = Code::error(
    "sonae::output::not-yielded",
    "the step has no such output",
    r#"`launch` yields `instance` and `address`; `recover` yields `path`, or of a database of RDS `instance` and `address`; `deploy` yields `path`.

Wrong:

```kdl must-fail inside=file
target "base" area="system" { machine-image "ami-0abc"; no-backup "rebuilt from the image" }
restore "server" {
    launch "web server" { image target="base"; instance-type "m6i.large"; subnet "subnet-1" }
    probe "it is up" { tcp (output)"web server.adress" port=22 }
}
```

Right:

```kdl inside=file
target "base" area="system" { machine-image "ami-0abc"; no-backup "rebuilt from the image" }
restore "server" {
    launch "web server" { image target="base"; instance-type "m6i.large"; subnet "subnet-1" }
    probe "it is up" { tcp (output)"web server.address" port=22 }
}
```
"#,
);

/// An output is of another type than is needed.
pub static WRONG_OUTPUT: Code = Code::error(
    "sonae::output::wrong-type",
    "an output is of another type than is needed",
    r#"Where a host is meant, an `address` is needed: neither a `path` nor the identifier of an `instance` will do.

Wrong:

```kdl must-fail inside=file
target "base" area="system" { machine-image "ami-0abc"; no-backup "rebuilt from the image" }
restore "server" {
    launch "web server" { image target="base"; instance-type "m6i.large"; subnet "subnet-1" }
    probe "it is up" { tcp (output)"web server.instance" port=22 }
}
```

Right:

```kdl inside=file
target "base" area="system" { machine-image "ami-0abc"; no-backup "rebuilt from the image" }
restore "server" {
    launch "web server" { image target="base"; instance-type "m6i.large"; subnet "subnet-1" }
    probe "it is up" { tcp (output)"web server.address" port=22 }
}
```
"#,
);

/// Two earlier steps have that name.
pub static AMBIGUOUS_OUTPUT: Code = Code::error(
    "sonae::output::ambiguous",
    "two earlier steps have that name",
    r#"What an `(output)` names must be one step. Give one of the two another name.

Wrong:

```kdl must-fail inside=file
target "base" area="system" { machine-image "ami-0abc"; no-backup "rebuilt from the image" }
restore "server" {
    launch "web server" { image target="base"; instance-type "m6i.large"; subnet "subnet-1" }
    launch "web server" { image target="base"; instance-type "m6i.large"; subnet "subnet-2" }
    probe "it is up" { tcp (output)"web server.address" port=22 }
}
```

Right:

```kdl inside=file
target "base" area="system" { machine-image "ami-0abc"; no-backup "rebuilt from the image" }
restore "server" {
    launch "web server" { image target="base"; instance-type "m6i.large"; subnet "subnet-1" }
    probe "it is up" { tcp (output)"web server.address" port=22 }
}
```
"#,
);
