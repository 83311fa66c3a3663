//! What is wrong with a value by itself.

use super::Code;

/// All of this area, in the order of the documentation.
pub const ALL: &[&Code] = &[
    &WRONG_TYPE,
    &BAD_NAME,
    &BAD_JOB,
    &BAD_DURATION,
    &BAD_PERIOD,
    &BAD_PERCENTAGE,
    &BAD_COUNT,
    &BAD_LEVEL,
    &BAD_TIME,
    &BAD_DATE,
    &BAD_DAY,
    &BAD_CHOICE,
    &BAD_CRON,
    &TOO_OFTEN,
    &EMPTY,
    &LITERAL_SECRET,
    &BAD_VARIABLE,
    &PRIVATE_KEY,
    &BAD_OUTPUT,
    &BAD_RATE,
    &BAD_WINDOW,
    &BAD_TEXT,
    &OUT_OF_RANGE,
];

/// A value is of another type than is expected.
pub static WRONG_TYPE: Code = Code::error(
    "sonae::value::wrong-type",
    "a value is of another type than is expected",
    r#"Texts, names, times and durations are strings; counts and days are whole numbers without quotes.

Wrong:

```kdl must-fail inside=backup
retention generations="7"
```

Right:

```kdl inside=backup
retention generations=7
```
"#,
);

/// A name holds what a name cannot.
pub static BAD_NAME: Code = Code::error(
    "sonae::value::bad-name",
    "a name holds what a name cannot",
    r#"Names become parts of object keys and file names: ASCII letters, digits, `-`, `_` and `.`, beginning with a
letter or digit, at most 64 bytes.

Wrong:

```kdl must-fail inside=file
store "the vault" { local path="/mnt/backup" }
```

Right:

```kdl inside=file
store "the-vault" { local path="/mnt/backup" }
```
"#,
);

/// A job is not named as target/backup.
pub static BAD_JOB: Code = Code::error(
    "sonae::value::bad-job",
    "a job is not named as target/backup",
    r#"A job is one backup of one target.

Wrong:

```kdl must-fail inside=target
backup "weekly" { archive "tar.zip"; store "vault"; after "daily" }
```

Right:

```kdl inside=target
backup "weekly" { archive "tar.zip"; store "vault"; after "documents/daily" }
```
"#,
);

/// A duration cannot be read.
pub static BAD_DURATION: Code = Code::error(
    "sonae::value::bad-duration",
    "a duration cannot be read",
    r#"A number without a unit could be seconds or days. Write whole numbers with a unit each, largest first: `w`,
`d`, `h`, `m`, `s`.

Wrong:

```kdl must-fail inside=backup
timeout "90"
```

Right:

```kdl inside=backup
timeout "90m"
```
"#,
);

/// A calendar period cannot be read.
pub static BAD_PERIOD: Code = Code::error(
    "sonae::value::bad-period",
    "a calendar period cannot be read",
    r#"How long things are kept is counted in days, weeks, months or years: `7d`, `2w`, `2mo`, `7y`. `2m` is refused,
for it could be minutes or months, and a slip there costs data.

Wrong:

```kdl must-fail inside=backup
retention within="2m"
```

Right:

```kdl inside=backup
retention within="2mo"
```
"#,
);

/// A percentage cannot be read.
pub static BAD_PERCENTAGE: Code = Code::error(
    "sonae::value::bad-percentage",
    "a percentage cannot be read",
    r#"A share is written in whole hundredths with its unit, `"0%"` to `"100%"`: a number alone could be a count or a fraction.

Wrong:

```kdl must-fail inside=backup
guard shrink="0.5"
```

Right:

```kdl inside=backup
guard shrink="50%"
```
"#,
);

/// A count is out of range.
pub static BAD_COUNT: Code = Code::error(
    "sonae::value::bad-count",
    "a count is out of range",
    r#"A retention rule counts from one up: zero or less would keep nothing. Leave the rule out instead.

Wrong:

```kdl must-fail inside=backup
retention generations=-7
```

Right:

```kdl inside=backup
retention generations=7
```
"#,
);

/// A compression method has no such level.
pub static BAD_LEVEL: Code = Code::error(
    "sonae::value::bad-level",
    "a compression method has no such level",
    r#"Deflate has the levels 0 (stored as it is) to 12, zstd 1 to 19. The higher the level, the smaller the archive and the longer it
takes. By default deflate has 5 and zstd 3.

Wrong:

```kdl must-fail inside=target
backup "yearly" {
    archive "tar.zip" level=15
    store "vault"
}
```

Right:

```kdl inside=target
backup "yearly" {
    archive "tar.zip" method="zstd" level=15
    store "vault"
}
```
"#,
);

/// A time of day does not exist.
pub static BAD_TIME: Code = Code::error(
    "sonae::value::bad-time",
    "a time of day does not exist",
    r#"Times of day are written `"05:30"`, from `"00:00"` to `"23:59"`, always with two digits each.

Wrong:

```kdl must-fail inside=backup
schedule "daily" at="25:30"
```

Right:

```kdl inside=backup
schedule "daily" at="01:30"
```
"#,
);

/// A date does not exist.
pub static BAD_DATE: Code = Code::error(
    "sonae::value::bad-date",
    "a date does not exist",
    r#"Dates are written `"2027-04-01"`; a day of every year is written `"04-01"`.

Wrong:

```kdl must-fail inside=backup
schedule "yearly" date="02-30" at="05:30"
```

Right:

```kdl inside=backup
schedule "yearly" date="02-28" at="05:30"
```
"#,
);

/// A day of the month does not exist.
pub static BAD_DAY: Code = Code::error(
    "sonae::value::bad-day",
    "a day of the month does not exist",
    r#"A month has the days 1 to 31. In a month without the day, its last day is taken.

Wrong:

```kdl must-fail inside=backup
schedule "monthly" day=32 at="05:30"
```

Right:

```kdl inside=backup
schedule "monthly" day=31 at="05:30"
```
"#,
);

/// A value is none of those that are possible.
pub static BAD_CHOICE: Code = Code::error(
    "sonae::value::bad-choice",
    "a value is none of those that are possible",
    r#"The help lists the possible values.

Wrong:

```kdl must-fail inside=backup
schedule "weekly" weekday="monday" at="05:30"
```

Right:

```kdl inside=backup
schedule "weekly" weekday="mon" at="05:30"
```
"#,
);

/// A cron expression cannot be read.
pub static BAD_CRON: Code = Code::error(
    "sonae::value::bad-cron",
    "a cron expression cannot be read",
    r#"A cron expression has five fields: minute, hour, day of the month, month, day of the week (crontab(5)).

Wrong:

```kdl must-fail inside=backup
schedule cron="30 25 * * *"
```

Right:

```kdl inside=backup
schedule cron="30 5 * * *"
```
"#,
);

/// A schedule runs more than once a minute.
pub static TOO_OFTEN: Code = Code::error(
    "sonae::value::too-often",
    "a schedule runs more than once a minute",
    r#"The finest schedule is a minute: cron looks no more often, and what is due is decided in minutes.

Wrong:

```kdl must-fail inside=backup
schedule every="30s"
```

Right:

```kdl inside=backup
schedule every="5m"
```
"#,
);

/// A text is empty.
pub static EMPTY: Code = Code::error(
    "sonae::value::empty-text",
    "a text is empty",
    r#"An empty path, reason or principal says nothing.

Wrong:

```kdl must-fail inside=backup
waive "sonae::retention::none" reason="" until="2100-01-01"
```

Right:

```kdl inside=backup
waive "sonae::retention::none" reason="kept for ever by law" until="2100-01-01"
```
"#,
);

/// A secret is written into the plan.
pub static LITERAL_SECRET: Code = Code::error(
    "sonae::secret::literal",
    "a secret is written into the plan",
    r#"A plan is read by many: it lies in a repository, in pull requests, on every host. It names a secret, and never holds one: by a
variable of the environment or by a file that its readers alone can read. One that was written into a plan is known to all who could read
that plan, so change it.

Wrong:

```kdl must-fail inside=file
notify "mail" {
    email to="me@example.org" smtp="smtps://mail.example.org" user="sonae" password="open sesame"
    events "failure"
}
```

Right:

```kdl inside=file
notify "mail" {
    email to="me@example.org" smtp="smtps://mail.example.org" user="sonae" password=(env)"SMTP_PASSWORD"
    events "failure"
}
```
"#,
);

/// A secret's variable has a name that no variable has.
pub static BAD_VARIABLE: Code = Code::error(
    "sonae::secret::bad-variable",
    "a secret's variable has a name that no variable can have",
    r#"`(env)` names a variable of the environment: ASCII letters, digits and `_`, not beginning with a digit. What stands there is not
repeated in the message, as it may be the secret itself.

Wrong:

```kdl must-fail inside=file
notify "dead-man" { ping (env)"https://example.org/ping/f3a1"; events "success" }
```

Right:

```kdl inside=file
notify "dead-man" { ping (env)"PING_URL"; events "success" }
```
"#,
);

/// A private key is written into the plan.
pub static PRIVATE_KEY: Code = Code::error(
    "sonae::secret::private-key",
    "a private key is written into the plan",
    r#"`encrypt` takes public keys: whoever has the private half of one can read the backups, and nobody else can. The private half belongs to those people,
and neither into a plan nor on the host that backs up. One that was written into a plan is known to all who could read that plan, so make a new pair.

Wrong:

```kdl must-fail inside=file
store "far" { local path="/mnt/far"; encrypt "AGE-SECRET-KEY-1QQPQYRSZSJGF…" }
```

Right:

```kdl inside=file
store "far" { local path="/mnt/far"; encrypt "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p" "age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg" }
```
"#,
);

/// A value does not name an output.
pub static BAD_OUTPUT: Code = Code::error(
    "sonae::value::bad-output",
    "a value does not name an output",
    r#"`(output)` names what an earlier step of the same restore yields: the step, as what stands first behind its word, then a point and
the output.

Wrong:

```kdl must-fail inside=file
target "base" area="system" { machine-image "ami-0abc"; no-backup "rebuilt from the image" }
restore "server" {
    launch "web server" { image target="base"; instance-type "m6i.large"; subnet "subnet-1" }
    probe "it is up" { tcp (output)"web server" port=22 }
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

/// A rate cannot be read.
pub static BAD_RATE: Code = Code::error(
    "sonae::value::bad-rate",
    "a rate cannot be read",
    r#"A rate is a whole number and a unit: `B/s`, `KiB/s`, `MiB/s` or `GiB/s`. `MB/s` is refused, for people mean two things by it.

Wrong:

```kdl must-fail inside=file
store "far" { local path="/mnt/far"; limit upload="50MB/s" }
```

Right:

```kdl inside=file
store "far" { local path="/mnt/far"; limit upload="50MiB/s" }
```
"#,
);

/// A window cannot be read.
pub static BAD_WINDOW: Code = Code::error(
    "sonae::value::bad-window",
    "a window cannot be read",
    r#"A window is a time of day, `/`, and how long it lasts: at least a minute, at most a day.

Wrong:

```kdl must-fail inside=file
target "shop" {
    rds instance="shop-prod"
    backup "automated" { point-in-time window="03:00-03:30" max-lag="5m"; retention within="7d" }
}
```

Right:

```kdl inside=file
target "shop" {
    rds instance="shop-prod"
    backup "automated" { point-in-time window="03:00/30m" max-lag="5m"; retention within="7d" }
}
restore "shop" { recover "shop" { into instance="shop-restored" } }
```
"#,
);

/// A text does not look like what it must be.
pub static BAD_TEXT: Code = Code::error(
    "sonae::value::bad-text",
    "a text does not look like what it must be",
    r#"Some texts have a form of their own: a URL, a tag, a key, a digest, the names of a day's files. What is wrong with this one, and what it must
look like, is said with it. A key of age has a checksum, so that a slip of the pen is noticed before anything is encrypted to nobody.

Wrong:

```kdl must-fail inside=restore
probe "the shop answers" { http "shop.example.org/health" }
```

Right:

```kdl inside=restore
probe "the shop answers" { http "https://shop.example.org/health" }
```
"#,
);

/// A number is outside of what there is.
pub static OUT_OF_RANGE: Code = Code::error(
    "sonae::value::out-of-range",
    "a number is outside of what there is",
    r#"A TCP port is from 1 to 65535, a status of HTTP from 100 to 599.

Wrong:

```kdl must-fail inside=restore
probe "the shop answers" { http "https://shop.example.org/health" status=20 }
```

Right:

```kdl inside=restore
probe "the shop answers" { http "https://shop.example.org/health" status=200 }
```
"#,
);
