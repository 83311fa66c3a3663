//! Which recovery points there are when, from the plan alone.

use super::scene::{Scene, data, settings};
use super::transcript;

/// All kinds of backups: with a copy, thinned, by hand, with changes, of days and months, on several hosts.
const SHOP: &str = r#"plan "shop" {
    timezone "Europe/Berlin"
}
host "web-1" { ssh address="web-1.internal" user="deploy" }
host "web-2" { ssh address="web-2.internal" user="deploy" }
host "db-1" { ssh address="db-1.internal" user="deploy" }
store "vault" { local path="/srv/vault"; access { write "a"; read "a"; prune "a" } }
store "offsite" { sftp host="far.internal" user="backup" path="/b"; access { write "a"; read "a"; prune "a" } }

target "documents" {
    hosts "web-1" "web-2"
    files "/srv/documents"
    backup "daily" {
        schedule "daily" at="05:30"
        archive "tar.zip"
        store "vault"
        takes "40m"
        retention within="3d" weekly=4 monthly=3
        copy to="offsite" { takes "6h"; retention within="30d" }
    }
    backup "by-hand" { archive "tar.zip"; store "vault" }
    backup "kept" { schedule "weekly" weekday="sun" at="04:00"; archive "tar.zip"; store "vault"; takes "10m" }
}
target "database" {
    hosts "db-1"
    mysql socket="/run/mysql.sock" user="backup" password=(env)"PASSWORD"
    backup "dump" { schedule "daily" at="04:00"; dump; store "vault"; takes "20m"; retention within="7d" }
    backup "changes" { schedule every="1h"; binary-log; store "vault"; takes "1m"; retention within="4d" }
}
target "log" {
    hosts "web-1"
    logs "/var/log/shop" pattern="shop-%Y%m%d.log"
    backup "days" { schedule "daily" at="04:30"; select "unshipped-days"; archive "tar.zip"; store "vault"; retention within="30d" }
}
target "orders" {
    rds instance="orders" region="eu-central-1"
    backup "automated" { point-in-time max-lag="5m"; retention within="7d" }
    backup "monthly" { snapshot; schedule "monthly" day=1 at="06:00"; retention generations=2 }
}
restore "all" {
    moment "latest" spread="25h"
    recover "documents" { from host="web-1"; into path="/srv/restored" }
    recover "database" { into path="/srv/database.restored" }
    recover "log" { into path="/srv/log.restored" }
    recover "orders" { into instance="orders-restored" }
}
"#;

fn scene() -> Scene {
    let scene = Scene::new();
    scene.write("shop.kdl", SHOP);
    scene
}

/// What is typed, and what it prints; without the warnings of the plan.
fn quietly(told: &str) -> String {
    let (before, rest) = told.split_once("── stderr").unwrap_or((told, ""));
    let exit = rest.find("── exit").map_or("", |at| &rest[at..]);
    format!("{before}{exit}")
}

#[test]
fn a_timeline_tells_what_there_is_when() {
    let scene = scene();
    // Clocks are set forward on 29 March.
    let told = quietly(&scene.types("timeline shop.kdl --from 2026-03-15 --to 2026-04-15 --at '2026-04-01 12:00'"));
    transcript!("timeline", told);
    assert!(!scene.path("../state").exists(), "asking makes nothing");
}

#[test]
fn a_plan_that_begins_has_nothing_older() {
    let scene = scene();
    let line = "timeline shop.kdl --from 2026-03-15 --to 2026-03-22 --since 2026-03-18 --target documents log orders";
    transcript!("timeline_since", quietly(&scene.types(line)));
}

#[test]
fn targets_and_hosts_can_be_chosen() {
    let scene = scene();
    let jobs = |line: &str| -> Vec<String> {
        let told = scene.types(&format!("timeline shop.kdl --from 2026-03-15 --format json {line}"));
        let json: serde_json::Value = serde_json::from_str(data(&told)).unwrap();
        let job = |of: &serde_json::Value| of["job"].as_str().unwrap().to_owned();
        json["jobs"].as_array().unwrap().iter().map(job).collect()
    };
    assert_eq!(jobs("--target log database"), ["database/dump", "database/changes", "log/days"]);
    // What is of no host is of each.
    assert_eq!(jobs("--host db-1"), ["database/dump", "database/changes", "orders/automated", "orders/monthly"]);
    assert_eq!(jobs("--host db-1 --target orders"), ["orders/automated", "orders/monthly"]);
}

#[test]
fn thirty_one_days_from_today_are_usual() {
    let scene = scene();
    let told = scene.types("timeline shop.kdl --now 2026-03-20T22:30:00Z --target log");
    assert!(data(&told).starts_with("shop: 2026-03-20 to 2026-04-20 Europe/Berlin,"), "{told}");
    let told = scene.types("timeline shop.kdl --now 2026-03-20T23:30:00Z --target log");
    assert!(data(&told).starts_with("shop: 2026-03-21 to 2026-04-21 Europe/Berlin,"), "{told}");
}

#[test]
fn a_page_has_a_table_and_the_points_folded() {
    let scene = scene();
    let line = "timeline shop.kdl --from 2026-03-15 --to 2026-04-15 --format markdown";
    transcript!("timeline_markdown", quietly(&scene.types(line)));
}

#[test]
fn a_calendar_is_a_picture() {
    let scene = scene();
    let svg = |line: &str| data(&scene.types(&format!("timeline shop.kdl --format svg {line}"))).to_owned();
    let days = svg("--from 2026-03-15 --to 2026-03-29 --at 2026-03-25");
    transcript!("timeline_svg", &days);
    for (line, column) in [
        ("--from 2026-01-01 --to 2026-06-01", "2026-04"),
        ("--from 2026-01-01 --to 2030-01-01", "2029"),
        ("--from 2026-01-01 --to 2056-01-01", "2055"),
    ] {
        let picture = svg(line);
        assert!(picture.contains(&format!(">{column}</text>")), "{picture}");
    }
    for picture in [days, svg("--from 2026-01-01 --to 2026-01-02 --target log")] {
        assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"), "{picture}");
        assert!(!picture.contains("<script") && !picture.contains("href"), "{picture}");
        for element in ["svg", "g", "text", "title", "desc", "style"] {
            let opened =
                picture.matches(&format!("<{element} ")).count() + picture.matches(&format!("<{element}>")).count();
            assert_eq!(opened, picture.matches(&format!("</{element}>")).count(), "{element} in {picture}");
        }
    }
}

#[test]
fn what_a_change_loses_and_gains_is_told() {
    let scene = scene();
    let newer = SHOP
        .replace("within=\"3d\" weekly=4 monthly=3", "within=\"7d\" weekly=2")
        .replace(
            "dump; store \"vault\"; takes \"20m\"; retention within=\"7d\"",
            "dump; store \"vault\"; takes \"20m\"; retention within=\"2d\"",
        )
        .replace("copy to=\"offsite\" { takes \"6h\"; retention within=\"30d\" }", "")
        .replace(
            "select \"unshipped-days\"; archive \"tar.zip\"; store \"vault\"",
            "select \"unshipped-days\"; archive \"tar.zip\"; store \"offsite\"",
        )
        .replace(
            "backup \"by-hand\" { archive",
            "backup \"by-hand\" { schedule \"monthly\" day=1 at=\"12:00\"; archive",
        )
        .replace("within=\"7d\"; }", "within=\"7d\" }");
    scene.write("newer.kdl", &newer);
    let line = "timeline newer.kdl --compare shop.kdl --from 2026-03-15 --to 2026-04-15";
    let told = [line.to_owned(), format!("{line} --format markdown"), line.replace("shop.kdl", "newer.kdl")];
    let told: Vec<String> = told.iter().map(|line| quietly(&scene.types(line))).collect();
    transcript!("timeline_compare", told.join("\n"));
    let json = scene.types(&format!("{line} --format json"));
    let json: serde_json::Value = serde_json::from_str(data(&json)).unwrap();
    assert_eq!(json["only_old"][0]["place"], serde_json::json!({ "copy": "offsite" }));
    let daily = &json["changed"][0];
    assert_eq!((daily["job"].as_str(), daily["any_moment"].as_bool()), (Some("documents/daily"), Some(false)));
    assert!(daily["lost"]["points"].as_u64() > Some(0) && daily["gained"]["points"].as_u64() > Some(0), "{json:#}");
}

#[test]
fn what_cannot_be_shown_says_why() {
    let scene = scene();
    scene.write("broken.kdl", "plan \"broken\"\nstore");
    let many = "plan \"many\"\nstore \"s\" { local path=\"s\"; access { write \"a\"; read \"a\"; prune \"a\" } }\ntarget \"t\" { files \"/t\"\n\
        backup \"b\" { schedule every=\"1m\"; archive \"tar.zip\"; store \"s\"; retention within=\"99y\" } }\n\
        restore \"r\" { recover \"t\" { into path=\"/r\" } }\n";
    scene.write("many.kdl", many);
    let told = [
        "timeline shop.kdl --from 2026-03-15 --to 2026-03-14",
        "timeline shop.kdl --from 2026-03-15 --to 2026-03-15",
        "timeline shop.kdl --from 15.3.2026",
        "timeline shop.kdl --from 2026-02-30",
        "timeline shop.kdl --from 1900-01-01 --to 2026-01-01",
        "timeline shop.kdl --from 2026-03-15 --at 2026-03-14",
        "timeline shop.kdl --from 9999-12-20",
        "timeline shop.kdl --target lock",
        "timeline shop.kdl --host web-3",
        "timeline shop.kdl --host db-1 --target log",
        "timeline shop.kdl --compare shop.kdl --format svg",
        "timeline shop.kdl --compare nowhere.kdl",
        "timeline shop.kdl --compare broken.kdl",
        "timeline nowhere.kdl",
        "timeline many.kdl",
    ]
    .map(|line| scene.types(line));
    transcript!("timeline_errors", told.join("\n"));
}

#[test]
fn seven_years_of_five_minutes_are_told_in_a_few_lines() {
    let scene = scene();
    let often = SHOP
        .replace("schedule every=\"1h\"", "schedule every=\"5m\"")
        .replace("retention within=\"4d\"", "retention within=\"7y\"");
    scene.write("often.kdl", &often);
    let told = scene.types("timeline often.kdl --from 2026-01-01 --to 2033-01-01 --target database");
    let lines: Vec<&str> = data(&told).lines().collect();
    assert!(
        lines.contains(&"  736,416 points made, 736,416 let go, longest gap 5m (2019-01-01 00:00 → 2019-01-01 00:05)"),
        "{told}"
    );
    assert!(lines.len() < 30, "{told}");
}

/// The guide shows what is typed and printed for the plan at its top.
#[test]
fn what_the_guide_shows_is_what_is_printed() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/guide.md");
    let guide = std::fs::read_to_string(&path).unwrap();
    let scene = Scene::new();
    let plan = guide.split("```kdl\n").nth(1).unwrap().split("```").next().unwrap();
    scene.write("home.kdl", plan);
    assert!(plan.contains("within=\"30d\""), "{plan}");
    scene.write("home.kdl.before", &plan.replace("within=\"30d\"", "within=\"60d\""));
    let mut blocks = guide.split("```console\n");
    let mut current = blocks.next().unwrap().to_owned();
    let mut shown = 0;
    for block in blocks {
        let (console, rest) = block.split_once("```").unwrap();
        let line = console.lines().next().and_then(|line| line.strip_prefix("$ sonae ")).unwrap();
        current.push_str(&format!("```console\n$ sonae {line}\n{}```{rest}", data(&scene.types(line))));
        shown += 1;
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &current).unwrap();
    }
    assert!(shown >= 3, "{shown}");
    assert!(guide == current, "docs/guide.md is out of date: run `UPDATE_DOCS=1 cargo test`\n{current}");
}
