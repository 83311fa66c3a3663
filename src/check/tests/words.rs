//! Rules on people, hosts, databases, logs and the steps of restores, case by case.

use super::{TODAY, checked, names};

/// A plan in which nothing is wrong, with these blocks beside it.
fn found(blocks: &str) -> Vec<&'static str> {
    let text = format!(
        r#"plan "p" {{ timezone "Asia/Tokyo" }}
role "admin" {{ member "a@example.org" user="a" }}
host "web-1"
host "web-2"
store "vault" {{ local path="/srv/backup"; access {{ write "b"; read "b"; prune "a" }} }}
store "far" {{ sftp host="h" user="u" path="/b"; access {{ write "b"; read "b"; prune "a" }} }}
target "base" {{ machine-image "ami-1"; no-backup "an image" }}
target "program" {{ release svn="https://svn.example.org/tags/1"; no-backup "a release" }}
target "db" {{
    rds instance="db"
    backup "kept" {{ point-in-time max-lag="5m"; retention within="7d" }}
}}
target "files" {{
    hosts "web-1"
    files "/srv/files"
    backup "daily" {{ schedule "daily" at="05:30"; archive "tar.zip"; store "vault"; retention generations=7; copy to="far" {{ retention generations=30 }} }}
}}
restore "all" {{
    approve "now" by="admin"
    launch "server" {{ image target="base"; instance-type "t"; subnet "s" }}
    deploy "program" {{ into path="/srv/program" }}
    recover "db" {{ into instance="db-2" }}
    recover "files" {{ into path="/srv/files.restored" }}
}}
{blocks}"#
    );
    names(&checked(&text, TODAY).1)
}

const NONE: &[&str] = &[];

#[test]
fn what_a_step_takes_in_was_yielded_before_it() {
    let restore = |steps: &str| found(&format!("restore \"r\" {{\n{steps}\n}}\n"));
    let launch = "launch \"a.b\" { image target=\"base\"; instance-type \"t\"; subnet \"s\" }";
    let probe = |input: &str| format!("probe \"p\" {{ tcp (output)\"{input}\" port=22 }}");
    for (steps, expected) in [
        (format!("{launch}; {}", probe("a.b.address")), NONE),
        (format!("parallel {{ {launch} }}; {}", probe("a.b.address")), NONE),
        (format!("{}; {launch}", probe("a.b.address")), &["sonae::output::unknown"]),
        (format!("parallel {{ {launch}; {} }}", probe("a.b.address")), &["sonae::output::unknown"]),
        (format!("restore \"all\"; {}", probe("server.address")), &["sonae::output::unknown"]),
        (format!("{launch}; {launch}; {}", probe("a.b.address")), &["sonae::output::ambiguous"]),
        (format!("{launch}; {}", probe("a.b.path")), &["sonae::output::not-yielded"]),
        (format!("{launch}; {}", probe("a.b.instance")), &["sonae::output::wrong-type"]),
        (
            "recover \"files\" { into path=\"/r\" }; command \"x\" host=(output)\"files.path\"".into(),
            &["sonae::output::wrong-type"],
        ),
        ("recover \"db\" { into instance=\"x\" }; command \"x\" host=(output)\"db.address\"".into(), NONE),
    ] {
        assert_eq!(restore(&steps), expected, "{steps}");
    }
}

#[test]
fn what_is_switched_to_was_recovered_before_it() {
    let restore = |steps: &str| found(&format!("restore \"r\" {{\n{steps}\n}}\n"));
    let recover = "recover \"files\" { into path=\"/r\" }";
    let nothing: &[&str] = &["sonae::restore::nothing-to-switch"];
    for (steps, expected) in [
        (format!("{recover}; switch \"files\""), NONE),
        (format!("parallel {{ {recover} }}; parallel {{ switch \"files\" }}"), NONE),
        (format!("switch \"files\"; {recover}"), nothing),
        (format!("parallel {{ {recover}; switch \"files\" }}"), nothing),
        (format!("{recover}; switch \"db\""), nothing),
        ("deploy \"program\" { into path=\"/p\" }; switch \"program\"".into(), nothing),
    ] {
        assert_eq!(restore(&steps), expected, "{steps}");
    }
}

#[test]
fn hosts_are_declared_or_addresses() {
    let unknown: &[&str] = &["sonae::host::unknown"];
    for (blocks, expected) in [
        (r#"restore "r" { probe "p" { tcp "web-2" port=22 } }"#, NONE),
        (r#"restore "r" { command "x" host="web-2" }"#, &["sonae::host::unreached"]),
        (r#"restore "r" { command "x" host="web-9" }"#, unknown),
        (r#"restore "r" { command "x" host="web-9.example.org" }"#, NONE),
        (r#"restore "r" { probe "p" { tcp "::1" port=22 } }"#, NONE),
        (r#"restore "r" { probe "p" { tcp "localhost" port=22 } }"#, NONE),
        (r#"restore "r" { probe "p" { tcp "db" port=22 } }"#, unknown),
        (r#"target "u" { hosts "web-2" "web-3"; files "/u"; no-backup "n" }"#, unknown),
        (r#"target "u" { files "/u"; no-backup "n" }"#, &["sonae::host::missing"]),
        (r#"target "u" { logs "/u"; no-backup "n" }"#, &["sonae::host::missing"]),
        (r#"target "u" { no-backup "n" }"#, NONE),
        (r#"target "u" { hosts "web-1"; machine-image "ami-2"; no-backup "n" }"#, &["sonae::host::of-no-host"]),
    ] {
        let mut found = found(blocks);
        // The image is launched by nothing, which is not what this is about.
        found.retain(|code| *code != "sonae::restore::missing");
        assert_eq!(found, expected, "{blocks}");
    }
}

#[test]
fn rds_keeps_so_many_whole_days_and_counts_nothing() {
    let kept = |retention: &str| {
        found(&format!(
            "target \"d\" {{ rds cluster=\"d\"; backup \"k\" {{ point-in-time max-lag=\"5m\"; retention {retention} }} }}\n\
             restore \"d\" {{ recover \"d\" {{ into cluster=\"e\" }} }}\n"
        ))
    };
    let refused: &[&str] = &["sonae::retention::of-rds"];
    for (retention, expected) in [
        ("within=\"1d\"", NONE),
        ("within=\"35d\"", NONE),
        ("within=\"5w\"", NONE),
        ("within=\"36d\"", refused),
        ("within=\"6w\"", refused),
        ("within=\"1mo\"", refused),
        ("generations=7", refused),
        ("within=\"7d\" monthly=3", refused),
    ] {
        assert_eq!(kept(retention), expected, "{retention}");
    }
}

#[test]
fn selections_are_of_days_and_keep_them_all() {
    let logs = |pattern: &str, words: &str| {
        found(&format!(
            "target \"l\" {{ hosts \"web-1\"; logs \"/l\"{pattern}; backup \"b\" {{ schedule \"daily\" at=\"02:00\"; archive \"tar.zip\"; \
             store \"vault\"; {words} }} }}\nrestore \"l\" {{ recover \"l\" {{ into path=\"/r\" }} }}\n"
        ))
    };
    let pattern = " pattern=\"a-%Y%m%d\"";
    for (pattern, words, expected) in [
        (pattern, "select \"unshipped-days\"; retention within=\"1y\"", NONE),
        (pattern, "select \"whole-months\" keep-newest=2; remove-originals; retention within=\"1y\"", NONE),
        ("", "retention generations=7", NONE),
        ("", "select \"unshipped-days\"; retention within=\"1y\"", &["sonae::select::no-days"]),
        (pattern, "remove-originals; retention within=\"1y\"", &["sonae::select::removes-all"]),
        (pattern, "select \"unshipped-days\"; retention within=\"1y\" generations=7", &["sonae::retention::per-day"]),
        (pattern, "select \"unshipped-days\"; retention within=\"1y\" monthly=12", NONE),
        (
            pattern,
            "select \"unshipped-days\"; retention within=\"1y\"; copy to=\"far\" { retention generations=2 }",
            &["sonae::retention::per-day"],
        ),
    ] {
        assert_eq!(logs(pattern, words), expected, "{pattern} {words}");
    }
}
