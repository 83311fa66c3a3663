//! Plans of which this version can carry out a part: all of it is shown, that part is done, and the rest refused before anything is begun.

use super::scene::{Scene, settings};

const PLAN: &str = r#"plan "shop" {
    timezone "Asia/Tokyo"
    evidence store="shelf"
}
role "sysadmin" { member "admin-1@example.jp" user="admin1" }
host "web-1"
host "web-2"
store "shelf" {
    local path="shelf"
    access { write "backup"; read "sysadmin"; prune "sysadmin" }
}
store "far" {
    sftp host="far.example.jp" user="backup" path="/backup"
    access { write "backup"; read "sysadmin"; prune "sysadmin" }
}
notify "oncall" { command "/usr/local/bin/page" "oncall"; events "failure" "missed" }
notify "dead-man" { ping (env)"PING_URL"; events "success" }
target "photos" area="data" {
    hosts "web-1"
    files "photos"
    backup "daily" {
        schedule "daily" at="05:30"
        archive "tar.zip"
        store "shelf"
        retention generations=14
    }
}
target "videos" area="data" {
    hosts "web-1"
    files "videos"
    backup "daily" {
        schedule "daily" at="05:30"
        archive "tar.zip"
        store "far"
        retention generations=14
    }
}
target "mail" area="data" {
    hosts "web-2"
    files "mail"
    backup "daily" {
        schedule "daily" at="05:30"
        archive "tar.zip"
        store "shelf"
        retention generations=14
    }
}
target "orders" area="data" {
    hosts "web-1"
    mysql socket="/run/mysqld/mysqld.sock" user="backup"
    backup "automated" { dump; store "shelf"; retention within="7d" }
}
restore "photos" {
    recover "photos" { into path="photos.restored" }
    probe "the cat is there" { path "photos.restored/photos/cat.txt" }
}
restore "all" {
    approve "declare the incident" by="sysadmin"
    parallel {
        restore "photos"
        recover "videos" { into path="videos.restored" }
        recover "mail" { into path="mail.restored" }
        recover "orders" { into path="orders.restored" }
    }
    switch "orders"
    probe "orders are served" { tcp "localhost" port=3306 }
    announce "customers"
}
verify "weekly" { schedule "weekly" weekday="mon" at="10:00"; targets "*"; depth "deepest"; sign-off role="sysadmin" within="7d" }
drill "yearly" { schedule "yearly" date="06-01" at="10:00"; restore "all"; scratch "drill"; sign-off role="sysadmin" }
announce "customers" within="24h" { asks "what happened"; publish command="/usr/local/bin/publish" }
"#;

fn shop() -> Scene {
    let scene = Scene::with_plan();
    scene.write("plan.kdl", PLAN);
    scene.write("videos/sea.txt", "the sea, moving\n");
    scene.write("mail/inbox.txt", "hello\n");
    scene
}

#[test]
fn what_has_no_driver_is_refused_and_nothing_is_begun() {
    let scene = shop();
    let told = scene.types_all(&[
        "check plan.kdl",
        "run plan.kdl --all --host web-1",
        "run plan.kdl videos/daily photos/daily --host web-1",
        "run plan.kdl orders/automated --host web-1",
        "run plan.kdl mail/daily --host web-1",
        "run plan.kdl --all --host web-3",
        "restore plan.kdl all",
        "verify plan.kdl weekly",
        "drill plan.kdl yearly",
        "drill plan.kdl yearli",
        "announce plan.kdl customers",
    ]);
    settings().bind(|| insta::assert_snapshot!("no_driver", told));
    for left in ["shelf", "../state", "photos.restored"] {
        assert!(!scene.path(left).exists(), "{left}");
    }
}

#[test]
fn all_of_a_plan_is_shown_and_what_can_be_asked_is() {
    let scene = shop();
    let told = scene.types_all(&[
        "run plan.kdl --all --dry-run --host web-1 --now '2026-03-01 12:00'",
        "run plan.kdl --all --dry-run --offline --host web-2 --now '2026-03-01 12:00'",
        "run plan.kdl orders/automated videos/daily --dry-run --host web-1 --now '2026-03-01 12:00' --format json",
        "restore plan.kdl all --dry-run --now '2026-03-01 12:00'",
        "restore plan.kdl photos --dry-run --offline --now '2026-03-01 12:00'",
        "verify plan.kdl weekly --dry-run --now '2026-03-01 12:00'",
        "drill plan.kdl yearly --dry-run --now '2026-03-01 12:00'",
        "announce plan.kdl customers --dry-run --now '2026-03-01 12:00'",
    ]);
    settings().bind(|| insta::assert_snapshot!("shown", told));
    assert!(!scene.path("shelf").exists());
}

#[test]
fn what_is_never_backed_up_is_not_well() {
    let scene = shop();
    scene.types("run plan.kdl photos/daily --quiet --host web-1");
    let text = scene.types("status plan.kdl --host web-1");
    assert!(text.contains("videos/daily: look") && text.contains("photos/daily: well"), "{text}");
    assert!(!text.contains("mail/daily"), "it is another host's: {text}");
    assert!(text.contains("not backed up by this version: it needs a driver for stores by SFTP"), "{text}");
    assert!(text.ends_with("3 jobs, 2 to look at\n── exit 6\n"), "{text}");
    let nagios = scene.types("status plan.kdl videos/daily orders/automated --nagios --host web-1");
    assert!(nagios.contains("SONAE CRITICAL") && nagios.ends_with("── exit 2\n"), "{nagios}");
}

#[test]
fn what_has_drivers_is_done_beside_what_has_none() {
    let scene = shop();
    let told = scene.types_all(&[
        "run plan.kdl photos/daily --quiet --host web-1",
        "run plan.kdl --due --host web-1",
        "run plan.kdl --due --quiet --host web-2",
        "points plan.kdl --format json",
        "unlock plan.kdl",
        "run plan.kdl --due --quiet --host web-3",
        "status plan.kdl --host web-3",
        "rehearse plan.kdl --seeds 3",
    ]);
    // Names of runs and points, and sizes, differ: what is told of what is left out does not.
    let left_out: Vec<&str> = told
        .lines()
        .filter(|line| {
            line.contains("driver")
                || line.contains("declares")
                || line.starts_with("$ ")
                || line.starts_with("── exit")
        })
        .collect();
    settings().bind(|| insta::assert_snapshot!("beside", left_out.join("\n")));
    assert!(scene.path("shelf").exists());
}
