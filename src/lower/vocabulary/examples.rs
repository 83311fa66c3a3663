//! An example of each word, for the page of the language.
//!
//! Unaware of whether they hold: a test compiles each in an otherwise complete plan, and another sees that every word has one that uses it.

use super::*;

/// How a word is used.
#[derive(Debug)]
pub struct Example {
    /// Which word.
    pub word: &'static Word,
    /// The block that it is a piece of; a whole plan where that is empty.
    pub inside: &'static str,
    /// KDL.
    pub text: &'static str,
    /// A file that it includes: its name, and its text.
    pub beside: Option<(&'static str, &'static str)>,
}

const fn of(word: &'static Word, inside: &'static str, text: &'static str) -> Example {
    Example { word, inside, text, beside: None }
}

/// A database of RDS.
const OF_RDS: &str = r#"target "shop" area="data" {
    rds instance="shop-prod" region="eu-central-1"
    backup "automated" {
        point-in-time window="03:00/30m" max-lag="5m" check-every="5m" on-drift="correct"
        retention within="7d"
    }
}
restore "shop" {
    recover "shop" {
        into instance="shop-restored" {
            instance-class "db.m6i.large"
            subnet-group "restored"
            security-groups "sg-0123456789abcdef0"
            parameter-group "shop-mysql8"
            option-group "shop-mysql8"
        }
    }
}"#;

/// A MySQL server.
const OF_MYSQL: &str = r#"target "ledgers" area="data" {
    mysql socket="/run/mysqld/mysqld.sock" user="backup" {
        databases "ledgers" "invoices"
    }
    backup "full" {
        schedule "daily" at="02:00"
        dump method="zstd"
        store "vault"
        retention within="31d"
    }
    backup "changes" {
        schedule every="15m"
        binary-log
        store "vault"
        retention within="30d"
    }
}
restore "ledgers" { recover "ledgers" { into path="/restore/ledgers" } }"#;

/// Logs.
const OF_LOGS: &str = r#"target "access-log" area="log" {
    logs "/var/log/shop" pattern="access-%Y%m%d.log" {
        rotates keep="4mo"
    }
    backup "days" {
        schedule "daily" at="02:00"
        select "unshipped-days"
        archive "tar.zip"
        store "vault"
        retention within="1y"
    }
    backup "months" {
        schedule "monthly" day=1 at="03:00"
        select "whole-months" keep-newest=2
        archive "tar.zip"
        store "vault"
        remove-originals
        retention within="7y"
    }
}
restore "access-log" { recover "access-log" { into path="/restore/access-log" } }"#;

/// A machine that is launched.
const OF_LAUNCH: &str = r#"target "system" area="system" {
    machine-image newest-tagged="role=web" max-age="90d" region="eu-central-1"
    no-backup "built anew each month"
}
restore "server" {
    launch "web server" takes="10m" {
        image target="system"
        instance-type "m6i.large"
        subnet "subnet-0123456789abcdef0"
        security-groups "sg-0123456789abcdef0"
        user-data "first-boot.sh"
        tags "role=web" "stage=restored"
    }
}"#;

/// A release that is put on a host.
const OF_RELEASE: &str = r#"target "shop-program" area="application" {
    release archive="releases/shop-4.2.tar.gz" sha256="5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
    no-backup "kept where it is built"
}
restore "shop-program" {
    deploy "shop-program" takes="5m" { into path="/srv/shop/releases" link="/srv/shop/current" }
}"#;

/// Somebody who is asked.
const OF_APPROVE: &str = r#"role "sysadmin" {
    member "admin@example.org" user="admin"
}
restore "documents-in-place" {
    approve "put the documents back" by="sysadmin" takes="10m"
    recover "documents" { into path="/home/documents.restored" }
    switch "documents"
}"#;

/// What outsiders are told.
const OF_ANNOUNCE: &str = r#"announce "outage" within="1h" {
    asks "what is not working?" "when will it be back?"
    publish command="/usr/local/bin/publish-status"
}
restore "with-notice" {
    announce "outage"
    recover "documents" { into path="/restore/with-notice" }
}"#;

/// How what is kept is looked at.
const OF_VERIFY: &str = r#"role "sysadmin" { member "admin@example.org" user="admin" }
verify "weekly" {
    schedule "weekly" weekday="sun" at="10:00"
    targets "*"
    depth "read"
    sign-off role="sysadmin" within="3d"
    takes "2h"
}"#;

/// How a restore is practised.
const OF_DRILL: &str = r#"drill "yearly" {
    schedule "yearly" date="11-01" at="10:00"
    restore "documents"
    scratch "/srv/drill"
}"#;

/// Who is told.
const OF_NOTIFY: &str = r#"notify "oncall" {
    email to="oncall@example.org" smtp="smtps://mail.example.org" user="sonae" password=(env)"SMTP_PASSWORD"
    events "failure" "missed" "recovered"
}"#;

/// Who may do what.
const OF_ACCESS: &str = r#"store "archive" {
    local path="/srv/archive"
    access {
        write "backup"
        read "sysadmin" "auditor"
        prune "sysadmin"
    }
}"#;

/// What takes other backups into account.
const OF_BACKUP: &str = r#"backup "weekly" {
    schedule "weekly" weekday="sun" at="04:00"
    after "documents/daily"
    archive "tar.zip" level=9
    store "vault"
    retention weekly=8
    takes "30m"
    timeout "3h"
}"#;

/// One of each word, but for the file itself.
pub static EXAMPLES: &[Example] = &[
    of(
        &PLAN,
        "",
        r#"plan "home" {
    timezone "Europe/Zurich"
    owner "me@example.org"
}
store "disk" {
    local path="/mnt/backup"
    access { write "me"; read "me"; prune "me" }
}
target "music" { no-backup "ripped from discs that are in the cellar" }
target "photos" {
    files "/home/me/photos"
    backup "daily" { schedule "daily" at="04:30"; archive "tar.zip"; store "disk"; retention within="1y" }
}
restore "photos" { recover "photos" { into path="/home/me/photos.restored" } }"#,
    ),
    of(&TIMEZONE, "plan", r#"timezone "Asia/Tokyo""#),
    of(&OWNER, "plan", r#"owner "sysadmin@example.org""#),
    of(&EVIDENCE, "plan", r#"evidence store="vault""#),
    of(
        &WAIVE,
        "backup",
        r#"schedule "daily" at="02:30"
waive "sonae::retention::none" reason="kept for ever by law" until="2100-01-01""#,
    ),
    Example {
        beside: Some(("parts/stores.kdl", "store \"attic\" { local path=\"/mnt/attic\" }")),
        ..of(&INCLUDE, "file", r#"include "parts/stores.kdl""#)
    },
    of(&ROLE, "file", OF_APPROVE),
    of(
        &MEMBER,
        "file",
        r#"role "sysadmin" {
    member "admin@example.org" user="admin"
    member "deputy@example.org" user="deputy"
}"#,
    ),
    of(
        &HOST,
        "file",
        r#"host "web-1" {
    ssh address="web-1.example.org" user="deploy" identity=(file)"/etc/sonae/id_ed25519"
}"#,
    ),
    of(&SSH, "file", r#"host "web-2" { ssh address="192.0.2.7" port=2222 user="deploy" }"#),
    of(&NOTIFY, "file", OF_NOTIFY),
    of(&EMAIL, "file", OF_NOTIFY),
    of(
        &PING,
        "file",
        r#"notify "dead-man" {
    ping (env)"PING_URL"
    events "success"
}"#,
    ),
    of(
        &NOTIFY_COMMAND,
        "file",
        r#"notify "chat" {
    command "/usr/local/bin/tell-chat" "--room" "backups"
    events "failure"
}"#,
    ),
    of(&EVENTS, "file", OF_NOTIFY),
    of(&STORE, "file", OF_ACCESS),
    of(&LOCAL, "file", r#"store "disk" { local path="/mnt/backup" }"#),
    of(
        &S3,
        "file",
        r#"store "bucket" {
    s3 bucket="example-backup" region="eu-central-1" prefix="prod" storage-class="STANDARD_IA"
}"#,
    ),
    of(
        &SFTP,
        "file",
        r#"store "backup-server" {
    sftp host="backup.example.org" user="backup" path="/srv/backup" identity=(file)"/etc/sonae/id_ed25519"
}"#,
    ),
    of(
        &LIMIT,
        "file",
        r#"store "slow" {
    local path="/mnt/slow"
    limit side-by-side=1
}"#,
    ),
    of(
        &ENCRYPT,
        "file",
        r#"store "elsewhere" {
    local path="/mnt/elsewhere"
    encrypt "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p" "age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg"
}"#,
    ),
    of(&ACCESS, "file", OF_ACCESS),
    of(&WRITE, "file", OF_ACCESS),
    of(&READ, "file", OF_ACCESS),
    of(&PRUNE, "file", OF_ACCESS),
    of(
        &TEMPLATE,
        "file",
        r#"template "nightly" {
    backup "daily" { schedule "daily" at="03:30"; archive "tar.zip"; store "vault"; retention generations=14 }
}
target "mail" { use "nightly"; files "/var/mail" }
restore "mail" { recover "mail" { into path="/restore/mail" } }"#,
    ),
    of(
        &USE,
        "file",
        r#"template "reproducible" { no-backup "installed anew from the image" }
target "operating-system" area="system" { use "reproducible" }
target "tools" area="system" { use "reproducible" }"#,
    ),
    of(
        &TARGET,
        "file",
        r#"target "projects" area="data" {
    files "/home/projects" "/srv/repositories"
    backup "daily" { schedule "daily" at="03:30"; archive "tar.zip"; store "vault"; retention daily=14 weekly=8 }
}
restore "projects" { recover "projects" { into path="/restore/projects" } }"#,
    ),
    of(
        &HOSTS,
        "",
        r#"plan "two-servers"
host "web-1"
host "web-2"
store "disk" { local path="/mnt/backup"; access { write "backup"; read "admin"; prune "admin" } }
target "uploads" {
    hosts "web-1" "web-2"
    files "/srv/uploads"
    backup "daily" { schedule "daily" at="04:30"; archive "tar.zip"; store "disk"; retention within="30d" }
}
restore "uploads" { recover "uploads" { from host="web-1"; into path="/restore/uploads" } }"#,
    ),
    of(
        &FILES,
        "file",
        r#"target "wiki" {
    files "/srv/wiki" { exclude "**/.cache" }
    backup "daily" { schedule "daily" at="03:30"; archive "tar.zip"; store "vault"; retention daily=14 }
}
restore "wiki" { recover "wiki" { into path="/restore/wiki" } }"#,
    ),
    of(
        &EXCLUDE,
        "file",
        r#"target "code" {
    files "/home/code" { exclude "**/target" "**/node_modules" "scratch" }
    backup "daily" { schedule "daily" at="03:30"; archive "tar.zip"; store "vault"; retention daily=14 }
}
restore "code" { recover "code" { into path="/restore/code" } }"#,
    ),
    of(
        &ALLOW_EMPTY,
        "file",
        r#"target "inbox" {
    files "/srv/inbox" { allow-empty }
    backup "daily" { schedule "daily" at="03:30"; archive "tar.zip"; store "vault"; retention daily=14 }
}
restore "inbox" { recover "inbox" { into path="/restore/inbox" } }"#,
    ),
    of(
        &ALLOW_UNMOUNTED,
        "file",
        r#"target "stick" {
    files "/media/stick" { allow-unmounted }
    backup "daily" { schedule "daily" at="03:30"; archive "tar.zip"; store "vault"; retention daily=14 }
}
restore "stick" { recover "stick" { into path="/restore/stick" } }"#,
    ),
    of(
        &ONE_FILE_SYSTEM,
        "file",
        r#"target "root" {
    files "/srv/root" { one-file-system }
    backup "daily" { schedule "daily" at="03:30"; archive "tar.zip"; store "vault"; retention daily=14 }
}
restore "root" { recover "root" { into path="/restore/root" } }"#,
    ),
    of(&LOGS, "file", OF_LOGS),
    of(&ROTATES, "file", OF_LOGS),
    of(&RDS, "file", OF_RDS),
    of(&MYSQL, "file", OF_MYSQL),
    of(&DATABASES, "file", OF_MYSQL),
    of(&MACHINE_IMAGE, "file", OF_LAUNCH),
    of(&RELEASE, "file", OF_RELEASE),
    of(&NO_BACKUP, "file", r#"target "cache" { no-backup "made anew from the data" }"#),
    of(
        &OBJECTIVE,
        "file",
        r#"target "invoices" area="data" {
    files "/srv/invoices"
    objective rpo="25h" rto="1h"
    backup "daily" {
        schedule "daily" at="05:30"
        archive "tar.zip"
        store "vault"
        retention generations=7
        takes "40m"
    }
}
restore "invoices" { recover "invoices" takes="30m" { into path="/restore/invoices" } }"#,
    ),
    of(&BACKUP, "target", OF_BACKUP),
    of(
        &SCHEDULE,
        "target",
        r#"backup "a" { schedule "daily" at="05:30"; archive "tar.zip"; store "vault"; retention within="30d" }
backup "b" { schedule "weekly" weekday="sun" at="06:00" timezone="Asia/Tokyo"; archive "tar.zip"; store "vault"; retention within="60d" }
backup "c" { schedule "yearly" date="02-29" at="08:00"; archive "tar.zip"; store "vault"; retention within="7y" }
backup "d" { schedule every="5m"; archive "tar.zip"; store "vault"; retention within="2d" }
backup "e" { schedule cron="30 5 * * 1-5"; archive "tar.zip"; store "vault"; retention within="2w" }"#,
    ),
    of(&SELECT, "file", OF_LOGS),
    of(&ARCHIVE, "target", OF_BACKUP),
    of(&DUMP, "file", OF_MYSQL),
    of(&BINARY_LOG, "file", OF_MYSQL),
    of(&POINT_IN_TIME, "file", OF_RDS),
    of(
        &SNAPSHOT,
        "file",
        r#"target "orders" area="data" {
    rds cluster="orders-prod"
    backup "weekly" {
        schedule "weekly" weekday="sun" at="04:00"
        snapshot copy-to="eu-west-1"
        retention generations=8
    }
}
restore "orders" { recover "orders" { into cluster="orders-restored" } }"#,
    ),
    of(&INTO_STORE, "target", OF_BACKUP),
    of(
        &COPY,
        "file",
        r#"store "second" { local path="/mnt/second" }
target "contracts" area="data" {
    files "/srv/contracts"
    backup "daily" {
        schedule "daily" at="03:30"
        archive "tar.zip"
        store "vault"
        copy to="second" { retention within="7y" }
        retention generations=14
    }
}
restore "contracts" { recover "contracts" { into path="/restore/contracts" } }"#,
    ),
    of(&REMOVE_ORIGINALS, "file", OF_LOGS),
    of(
        &RETENTION,
        "target",
        r#"backup "kept-long" {
    schedule "daily" at="05:30"
    archive "tar.zip"
    store "vault"
    retention generations=7 within="30d" monthly=12 yearly=7
}"#,
    ),
    of(
        &GUARD,
        "backup",
        r#"schedule "daily" at="02:30"
retention generations=14
guard shrink="20%" delete="30%""#,
    ),
    of(&TAKES, "target", OF_BACKUP),
    of(&TIMEOUT, "target", OF_BACKUP),
    of(&AFTER, "target", OF_BACKUP),
    of(
        &BEFORE_BACKUP,
        "backup",
        r#"schedule "daily" at="02:30"
retention generations=14
before-backup "/usr/local/bin/quiesce" "documents"
after-backup "/usr/local/bin/resume" "documents""#,
    ),
    of(
        &AFTER_BACKUP,
        "backup",
        r#"schedule "daily" at="02:30"
retention generations=14
after-backup "/usr/local/bin/tidy-up""#,
    ),
    of(
        &PRIORITY,
        "backup",
        r#"schedule "daily" at="02:30"
retention generations=14
priority "low""#,
    ),
    of(
        &RESTORE,
        "file",
        r#"restore "rehearsal" rto="1h" {
    recover "documents" takes="20m" { into path="/rehearsal/documents" }
    probe "they are there" takes="1m" { path "/rehearsal/documents" }
}"#,
    ),
    of(
        &MOMENT,
        "file",
        r#"restore "newest" { moment "latest" spread="25h"; recover "documents" { into path="/restore/newest" } }"#,
    ),
    of(&APPROVE, "file", OF_APPROVE),
    of(
        &RECOVER,
        "file",
        r#"restore "elsewhere" { recover "documents" takes="20m" { into path="/mnt/elsewhere/documents" } }"#,
    ),
    of(
        &FROM,
        "file",
        r#"restore "of-the-old-host" {
    recover "documents" { from host="old-host"; into path="/restore/of-the-old-host" }
}"#,
    ),
    of(&INSTANCE_CLASS, "file", OF_RDS),
    of(&SUBNET_GROUP, "file", OF_RDS),
    of(&INTO_SECURITY_GROUPS, "file", OF_RDS),
    of(&PARAMETER_GROUP, "file", OF_RDS),
    of(&OPTION_GROUP, "file", OF_RDS),
    of(&INTO, "file", r#"restore "beside" { recover "documents" { into path="/restore/beside" } }"#),
    of(
        &PARALLEL,
        "file",
        r#"restore "side-by-side" {
    parallel {
        recover "documents" { into path="/restore/side-by-side" }
        probe "the disk is mounted" { path "/restore" }
    }
}"#,
    ),
    of(&PROBE, "restore", r#"probe "the documents are there" takes="1m" { path "/restore/documents" }"#),
    of(&PATH, "restore", r#"probe "there is a report" { path "/restore/documents/report.pdf" }"#),
    of(&COMMAND, "restore", r#"probe "the documents are whole" { command "/usr/local/bin/check-documents" "--all" }"#),
    of(&HTTP, "restore", r#"probe "the page answers" { http "https://www.example.org/health" status=204 }"#),
    of(&TCP, "restore", r#"probe "the server listens" { tcp "www.example.org" port=443 }"#),
    of(
        &SQL,
        "file",
        r#"target "shop" { rds instance="shop-prod"; backup "automated" { point-in-time max-lag="5m"; retention within="7d" } }
restore "shop" {
    recover "shop" { into instance="shop-restored" }
    probe "orders are there" {
        sql "SELECT 1 FROM orders LIMIT 1" host=(output)"shop.address" user="sonae" password=(env)"SHOP_PASSWORD"
    }
}"#,
    ),
    of(&LAUNCH, "file", OF_LAUNCH),
    of(&IMAGE, "file", OF_LAUNCH),
    of(&INSTANCE_TYPE, "file", OF_LAUNCH),
    of(&SUBNET, "file", OF_LAUNCH),
    of(&SECURITY_GROUPS, "file", OF_LAUNCH),
    of(&USER_DATA, "file", OF_LAUNCH),
    of(&TAGS, "file", OF_LAUNCH),
    of(&DEPLOY, "file", OF_RELEASE),
    of(&DEPLOY_INTO, "file", OF_RELEASE),
    of(&COMMAND_STEP, "restore", r#"command "/usr/local/sbin/configure" "--all" timeout="1h" takes="10m""#),
    of(&REPEATABLE, "restore", r#"command "/usr/local/sbin/warm-cache" takes="5m" { repeatable }"#),
    of(&SWITCH, "file", OF_APPROVE),
    of(&ANNOUNCE_STEP, "file", OF_ANNOUNCE),
    of(&RESTORE_STEP, "file", r#"restore "everything" { restore "documents" }"#),
    of(&VERIFY, "file", OF_VERIFY),
    of(&TARGETS, "file", OF_VERIFY),
    of(&DEPTH, "file", OF_VERIFY),
    of(&SIGN_OFF, "file", OF_VERIFY),
    of(&DRILL, "file", OF_DRILL),
    of(&RESTORES, "file", OF_DRILL),
    of(&SCRATCH, "file", OF_DRILL),
    of(&ANNOUNCE, "file", OF_ANNOUNCE),
    of(&ASKS, "file", OF_ANNOUNCE),
    of(&PUBLISH, "file", OF_ANNOUNCE),
];
