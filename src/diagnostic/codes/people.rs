//! What is wrong with people, hosts and who is told.

use super::Code;

/// All of this area, in the order of the documentation.
pub const ALL: &[&Code] = &[
    &UNKNOWN_ROLE,
    &EMPTY_ROLE,
    &UNUSED_ROLE,
    &UNKNOWN_HOST,
    &NO_HOSTS,
    &STRAY_HOSTS,
    &NOBODY_TOLD,
    &NO_DEAD_MAN,
    &UNKNOWN_ANNOUNCE,
    &UNREACHED,
];

/// A role is named that is not declared.
pub static UNKNOWN_ROLE: Code = Code::error(
    "sonae::role::unknown",
    "a role is named that is not declared",
    r#"`approve` and `sign-off` name a role, and a role says which people have it. Nobody could ever give the word that is waited for.

Wrong:

```kdl must-fail inside=file
restore "shop" {
    approve "declare the incident" by="sysadmn"
    recover "documents" { into path="/restore/shop" }
}
role "sysadmin" { member "admin-1@example.org" user="admin1" }
```

Right:

```kdl inside=file
restore "shop" {
    approve "declare the incident" by="sysadmin"
    recover "documents" { into path="/restore/shop" }
}
role "sysadmin" { member "admin-1@example.org" user="admin1" }
```
"#,
);

/// A role that nobody has.
pub static EMPTY_ROLE: Code = Code::error(
    "sonae::role::empty",
    "a role that nobody has",
    r#"A word that is waited for would never come.

Wrong:

```kdl must-fail inside=file
role "sysadmin" { }
drill "yearly" { restore "documents"; sign-off role="sysadmin" }
```

Right:

```kdl inside=file
role "sysadmin" { member "admin-1@example.org" user="admin1" }
drill "yearly" { restore "documents"; sign-off role="sysadmin" }
```
"#,
);

/// A role that nothing waits for.
pub static UNUSED_ROLE: Code = Code::warning(
    "sonae::role::unused",
    "a role that nothing waits for",
    r#"A role is declared for an `approve` or a `sign-off`. One that none of them names is most likely left over, or one of them lacks.

Wrong:

```kdl inside=file
role "sysadmin" { member "admin-1@example.org" user="admin1" }
```

Right:

```kdl inside=file
role "sysadmin" { member "admin-1@example.org" user="admin1" }
drill "yearly" { restore "documents"; sign-off role="sysadmin" }
```
"#,
);

/// A host is named that is not declared.
pub static UNKNOWN_HOST: Code = Code::error(
    "sonae::host::unknown",
    "a host is named that is not declared",
    r#"`hosts` names hosts that are declared at the top, with `host "name"`. A host is known by the name that its recovery points carry, so that a slip
would be a host whose part nobody runs.

Wrong:

```kdl must-fail inside=file
host "web-1"
target "photos" {
    hosts "web1"
    files "/home/photos"
    backup "daily" { archive "tar.zip"; store "vault" }
}
restore "photos" { recover "photos" { into path="/restore/photos" } }
```

Right:

```kdl
plan "example"
host "web-1"
store "vault" { local path="/srv/backup" }
target "photos" {
    hosts "web-1"
    files "/home/photos"
    backup "daily" { archive "tar.zip"; store "vault"; schedule "daily" at="02:30"; retention generations=7 }
}
restore "photos" { recover "photos" { into path="/restore/photos" } }
```
"#,
);

/// Some targets name their hosts, and this one does not.
pub static NO_HOSTS: Code = Code::error(
    "sonae::host::missing",
    "some targets name their hosts, and this one does not",
    r#"Once one target of folders or of a server of one's own names its `hosts`, the plan is one for several hosts, and each runs its own part. A target without
`hosts` would be backed up by all of them, or was forgotten.

Wrong:

```kdl must-fail inside=file
host "web-1"
target "photos" {
    hosts "web-1"
    files "/home/photos"
    backup "daily" { archive "tar.zip"; store "vault" }
}
restore "photos" { recover "photos" { into path="/restore/photos" } }
```

Right:

```kdl
plan "example"
host "web-1"
host "web-2"
store "vault" { local path="/srv/backup" }
target "photos" {
    hosts "web-1" "web-2"
    files "/home/photos"
    backup "daily" { archive "tar.zip"; store "vault"; schedule "daily" at="02:30"; retention generations=7 }
}
restore "photos" { recover "photos" { into path="/restore/photos" } }
```
"#,
);

/// What belongs to no host names hosts.
pub static STRAY_HOSTS: Code = Code::error(
    "sonae::host::of-no-host",
    "what belongs to no host names hosts",
    r#"What a provider runs, and what is not backed up, is of no host: whichever host runs the plan looks after it.

Wrong:

```kdl must-fail inside=file
host "web-1"
target "shop" {
    hosts "web-1"
    rds instance="shop-prod"
    backup "automated" { point-in-time max-lag="5m"; retention within="7d" }
}
restore "shop" { recover "shop" { into instance="shop-restored" } }
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

/// Nobody is told when a backup fails.
pub static NOBODY_TOLD: Code = Code::advice(
    "sonae::notify::nobody",
    "nobody is told when a backup fails",
    r#"A backup that fails unseen is found out on the day that it is needed. A `notify` with the event `failure` tells somebody. A host whose cron
sends mail tells too, as long as that mail works and is read, and a run that never began sends none: so this is advice, and no warning.

Wrong:

```kdl inside=file
notify "mail" {
    email to="me@example.org" smtp="smtps://mail.example.org"
    events "success"
}
```

Right:

```kdl inside=file
notify "mail" {
    email to="me@example.org" smtp="smtps://mail.example.org"
    events "failure" "missed"
}
```
"#,
);

/// Nobody outside notices when backups stop.
pub static NO_DEAD_MAN: Code = Code::advice(
    "sonae::notify::no-ping",
    "nobody outside notices when backups stop",
    r#"A host that is down, or whose cron is, says nothing. Something outside that expects a `ping` after each success does, when none comes.

Wrong:

```kdl inside=file
notify "mail" {
    email to="me@example.org" smtp="smtps://mail.example.org"
    events "failure" "missed"
}
```

Right:

```kdl inside=file
notify "mail" {
    email to="me@example.org" smtp="smtps://mail.example.org"
    events "failure" "missed"
}
notify "dead-man" { ping (env)"PING_URL"; events "success" }
```
"#,
);

/// A notice is named that is not declared.
pub static UNKNOWN_ANNOUNCE: Code = Code::error(
    "sonae::announce::unknown",
    "a notice is named that is not declared",
    r#"`announce` in a restore names a notice that is declared at the top.

Wrong:

```kdl must-fail inside=file
restore "shop" {
    recover "documents" { into path="/restore/shop" }
    announce "costumers"
}
announce "customers" within="24h" { asks "what happened"; publish command="/usr/local/bin/publish" }
```

Right:

```kdl inside=file
restore "shop" {
    recover "documents" { into path="/restore/shop" }
    announce "customers"
}
announce "customers" within="24h" { asks "what happened"; publish command="/usr/local/bin/publish" }
```
"#,
);

/// A step is done on a host that nothing says how to reach.
pub static UNREACHED: Code = Code::warning(
    "sonae::host::unreached",
    "a step is done on a host that nothing says how to reach",
    r#"A host without `ssh` only runs its own part. A step of a restore that is done there cannot be begun from another host. Where it is the very host that
restores, leave `host` out.

Wrong:

```kdl inside=file
host "web-1"
restore "shop" {
    recover "documents" { into path="/restore/shop" }
    command "systemctl" "restart" "shop" host="web-1"
}
```

Right:

```kdl inside=file
host "web-1" { ssh address="web-1.internal" }
restore "shop" {
    recover "documents" { into path="/restore/shop" }
    command "systemctl" "restart" "shop" host="web-1"
}
```
"#,
);
