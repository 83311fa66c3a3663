//! What is forecast of databases, held against what a person would say of the same.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::switch::kept;
use super::*;
use crate::catalog::SnapshotPoint;
use crate::diagnostic::Sources;
use crate::fakes::FakeDatabases;
use crate::forecast::{self, Outlook, PointChoice};
use crate::graph::Graph;
use crate::ports::{
    AutomatedBackups, Database, DatabaseKind, DatabaseName, DatabaseSnapshot, SnapshotName, SnapshotOrigin,
};
use crate::primitives::{Name, PathBytes, Slot};
use crate::prove::ProvenPlan;
use crate::retention::{Rules, Verdict};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    at("2026-11-27T06:00:00Z")
}

fn prod() -> DatabaseName {
    DatabaseName { kind: DatabaseKind::Instance, identifier: "shop-prod".into(), region: Some("eu-central-1".into()) }
}

/// One that is kept for as many days, and whose newest moment is two minutes old.
fn database(days: u32) -> Database {
    let window = Some("18:00-18:30".to_owned());
    let latest = (days > 0).then(|| now() - SignedDuration::from_mins(2));
    Database { backup_days: days, window, latest, ..FakeDatabases::plain(prod()) }
}

fn cluster_plan() -> ProvenPlan {
    let text = r#"plan "home" { timezone "Asia/Tokyo" }
target "shop" {
    rds cluster="shop-prod" region="eu-central-1"
    backup "automated" { point-in-time max-lag="5m"; retention within="7d" }
}
restore "shop" {
    recover "shop" { into cluster="shop-restored" }
}"#;
    proven(text)
}

fn plan(on_drift: &str) -> ProvenPlan {
    let text = format!(
        r#"plan "home" {{ timezone "Asia/Tokyo" }}
target "shop" {{
    rds instance="shop-prod" region="eu-central-1"
    backup "automated" {{ point-in-time window="03:00/30m" max-lag="5m" {on_drift}; retention within="7d" }}
    backup "weekly" {{ snapshot; retention generations=2 }}
}}
restore "shop" {{
    recover "shop" {{ into instance="shop-restored" {{ instance-class "db.m6i.large" }} }}
    switch "shop"
}}"#
    );
    proven(&text)
}

fn proven(text: &str) -> ProvenPlan {
    let mut sources = Sources::default();
    let file = sources.add("home.kdl", text);
    let compiled = crate::prove::compile(&sources, file, &PathBytes::new(*b"/"), now());
    compiled.proven.unwrap_or_else(|| panic!("{:?}", compiled.diagnostics))
}

fn observed(
    database: Option<Database>,
    automated: Vec<AutomatedBackups>,
    snapshots: Vec<DatabaseSnapshot>,
) -> Observed {
    let mut seen = Observed::nothing(now());
    seen.databases.databases.insert(prod(), Ok(database));
    seen.databases.automated.insert(prod(), Ok(automated));
    seen.databases.snapshots.insert(prod(), Ok(snapshots));
    seen
}

fn who() -> Circumstances {
    Circumstances::plain(Name::parse("web-1").unwrap(), PathBytes::new(*b"/"))
}

fn actions(outlook: &Outlook) -> Vec<(DatabaseAction, Option<Fault>)> {
    let of = |step: &ForecastStep| match &step.action {
        Action::Database(action) => ((**action).clone(), step.foreseen.clone()),
        other => panic!("{other:?}"),
    };
    outlook.known().map(of).collect()
}

fn check(on_drift: &str, database: Option<Database>) -> (BackupsCheck, Option<Fault>) {
    let proven = plan(on_drift);
    let graph: Graph = proven.graph().of_jobs(&proven.plan().job_names().collect());
    let outlook = forecast::backup(proven.plan(), &graph, &observed(database, vec![], vec![]), &who());
    match actions(&outlook).swap_remove(0) {
        (DatabaseAction::Check(check), foreseen) => (check, foreseen),
        other => panic!("{other:?}"),
    }
}

#[test]
fn drift_is_told_and_is_corrected_only_as_the_plan_allows_and_never_to_keep_less() {
    let corrected = |drift: &str, days: u32| {
        let (check, foreseen) = check(drift, Some(database(days)));
        let corrected: Vec<BackupsSetting> = check.corrections().map(|drift| drift.setting).collect();
        (check.drift.len(), corrected, foreseen.is_some())
    };
    use BackupsSetting::Days;
    // As the plan says.
    assert_eq!(corrected("", 7), (0, vec![], false));
    assert_eq!(corrected("", 3), (1, vec![], true));
    assert_eq!(corrected(r#"on-drift="correct""#, 3), (1, vec![Days], false));
    // More than is promised is no trouble, and never cut.
    assert_eq!(corrected(r#"on-drift="correct""#, 14), (1, vec![], false));
    assert_eq!(corrected(r#"on-drift="enable""#, 14), (1, vec![], false));
    // From off to on goes by an explicit word alone.
    assert_eq!(corrected("", 0), (1, vec![], true));
    assert_eq!(corrected(r#"on-drift="correct""#, 0), (1, vec![], true));
    assert_eq!(corrected(r#"on-drift="enable""#, 0), (1, vec![Days], false));
    let elsewhen = Database { window: Some("02:00-02:30".into()), ..database(7) };
    let (told, _) = check("", Some(elsewhen.clone()));
    assert_eq!(told.drift[0].planned, "18:00-18:30 UTC");
    assert_eq!(told.corrections().count(), 0);
    assert_eq!(check(r#"on-drift="correct""#, Some(elsewhen)).0.corrections().count(), 1);
}

#[test]
fn what_breaks_the_promise_is_foreseen_with_what_to_do() {
    let why = |database: Option<Database>| check("", database).1.map(|fault| fault.to_string()).unwrap_or_default();
    assert!(why(None).ends_with("there is no such database"));
    assert!(why(Some(database(0))).contains(r#"on-drift="enable""#));
    assert!(why(Some(database(3))).contains("kept for 3 days, and the plan promises 7 days"));
    let late = Database { latest: Some(now() - SignedDuration::from_secs(301)), ..database(7) };
    assert!(why(Some(late)).contains("`max-lag` is 5m"));
    let just = Database { latest: Some(now() - SignedDuration::from_secs(300)), ..database(7) };
    assert_eq!(why(Some(just)), "");
    assert!(why(Some(Database { latest: None, ..database(7) })).contains("no moment yet"));
}

fn snapshot(job: &str, taken: Timestamp) -> DatabaseSnapshot {
    let (plan, job) = (Name::parse("home").unwrap(), crate::primitives::JobName::parse(job).unwrap());
    let point = SnapshotPoint::new(&plan, &job, Slot::new(taken));
    DatabaseSnapshot {
        name: point.name(&prod()),
        arn: String::new(),
        database: "shop-prod".into(),
        origin: SnapshotOrigin::Manual,
        status: "available".into(),
        percent: None,
        taken: Some(taken),
        allocated_gib: 20,
        encrypted: false,
        tags: point.tags(&RunId::new(taken, 1)),
    }
}

fn window(earliest: &str, latest: &str, retained: bool) -> AutomatedBackups {
    AutomatedBackups {
        resource: if retained { "db-gone".into() } else { database(7).resource },
        name: prod(),
        retained,
        earliest: Some(at(earliest)),
        latest: Some(at(latest)),
        allocated_gib: 20,
    }
}

fn recovered(proven: &ProvenPlan, seen: &Observed, choice: PointChoice) -> Outlook {
    let restore = Name::parse("shop").unwrap();
    let graph = proven.graph().of_restore(&restore);
    let wish = RestoreWish { restore, choice, from_host: None, only: None, into: None, planned: None };
    forecast::restore(proven.plan(), &graph, seen, &who(), &wish)
}

fn recovery(seen: &Observed, choice: PointChoice) -> (DatabaseRecovery, Option<Fault>) {
    match actions(&recovered(&plan(""), seen, choice)).swap_remove(0) {
        (DatabaseAction::Recover(recovery), foreseen) => (*recovery, foreseen),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_newest_moment_that_will_do_is_chosen_of_all_that_is_kept() {
    let living = window("2026-11-20T00:00:00Z", "2026-11-27T05:58:00Z", false);
    let old = snapshot("shop/weekly", at("2026-10-01T00:00:00Z"));
    let seen = observed(Some(database(7)), vec![living], vec![old.clone()]);
    let chosen = |choice: PointChoice| {
        let (recovery, foreseen) = recovery(&seen, choice);
        (recovery.moment.map(|moment| moment.to_string()), recovery.from, foreseen.map(|fault| fault.answer))
    };
    let newest = (Some("2026-11-27T05:58:00Z".into()), Some(KeptAs::AutomatedBackups), None);
    assert_eq!(chosen(PointChoice::Latest), newest);
    assert_eq!(chosen(PointChoice::At(at("2026-11-27T05:59:30Z"))), newest);
    // To the second, as RDS takes it.
    let moment = chosen(PointChoice::At(at("2026-11-25T03:04:05.9Z")));
    assert_eq!(moment.0.unwrap(), "2026-11-25T03:04:05Z");
    // Before the window there is the snapshot.
    let point = SnapshotPoint::of(&old).unwrap().point;
    let older = (Some("2026-10-01T00:00:00Z".into()), Some(KeptAs::Snapshot(point.clone())), None);
    assert_eq!(chosen(PointChoice::At(at("2026-11-01T00:00:00Z"))), older);
    assert_eq!(chosen(PointChoice::Point(point)), older);
    let nothing = chosen(PointChoice::At(at("2026-09-01T00:00:00Z")));
    assert_eq!(
        nothing.2.unwrap(),
        "the oldest is of 2026-10-01T00:00:00Z, and you asked for 2026-09-01T00:00:00Z or before"
    );
}

#[test]
fn what_is_retained_of_a_database_that_is_gone_brings_it_back() {
    let gone = window("2026-11-20T00:00:00Z", "2026-11-26T00:00:00Z", true);
    let (recovery, foreseen) = recovery(&observed(None, vec![gone], vec![]), PointChoice::Latest);
    assert_eq!(foreseen, None);
    assert!(recovery.source_gone);
    let new = recovery.new.unwrap();
    assert!(matches!(new.from, crate::ports::RestoreFrom::Moment { resource, .. } if resource == "db-gone"));
    // Of its settings, what the plan says is all that anybody knows.
    assert_eq!(
        new.settings,
        crate::ports::DatabaseSettings { class: Some("db.m6i.large".into()), ..Default::default() }
    );
}

#[test]
fn a_new_database_is_set_as_its_source_but_for_what_the_plan_says_and_defaults_go_unnamed() {
    let mut source = database(7);
    source.settings.class = Some("db.t4g.micro".into());
    source.settings.multi_az = Some(true);
    source.settings.subnet_group = Some("private".into());
    source.settings.security_groups = vec!["sg-1".into()];
    source.settings.deletion_protection = Some(true);
    source.settings.parameter_group = Some("default.mysql8.0".into());
    source.settings.option_group = Some("default:mysql-8-0".into());
    let living = window("2026-11-20T00:00:00Z", "2026-11-27T05:58:00Z", false);
    let settings =
        recovery(&observed(Some(source.clone()), vec![living], vec![]), PointChoice::Latest).0.new.unwrap().settings;
    let wanted = crate::ports::DatabaseSettings {
        class: Some("db.m6i.large".into()),
        parameter_group: None,
        option_group: None,
        ..source.settings
    };
    assert_eq!(settings, wanted);
}

#[test]
fn one_that_is_called_so_already_is_in_the_way() {
    let living = window("2026-11-20T00:00:00Z", "2026-11-27T05:58:00Z", false);
    let mut seen = observed(Some(database(7)), vec![living], vec![]);
    let there = FakeDatabases::plain(prod().renamed("shop-restored"));
    seen.databases.databases.insert(prod().renamed("shop-restored"), Ok(Some(there)));
    let (_, foreseen) = recovery(&seen, PointChoice::Latest);
    assert!(foreseen.unwrap().answer.starts_with("there is one of that name"));
}

#[test]
fn a_cluster_gets_as_many_instances_as_its_source_has_and_one_at_least() {
    let proven = cluster_plan();
    let prod = DatabaseName { kind: DatabaseKind::Cluster, ..prod() };
    let members = |source: Option<Database>| {
        let mut seen = Observed::nothing(now());
        let latest = window("2026-11-20T00:00:00Z", "2026-11-27T05:58:00Z", true);
        seen.databases.databases.insert(prod.clone(), Ok(source));
        seen.databases.automated.insert(prod.clone(), Ok(vec![AutomatedBackups { name: prod.clone(), ..latest }]));
        match actions(&recovered(&proven, &seen, PointChoice::Latest)).swap_remove(0) {
            (DatabaseAction::Recover(recovery), None) => recovery.members,
            other => panic!("{other:?}"),
        }
    };
    let of = |members: &[&str]| Database {
        members: members.iter().map(|member| (*member).to_owned()).collect(),
        ..FakeDatabases::plain(prod.clone())
    };
    assert_eq!(members(Some(of(&["b", "a"]))), ["shop-restored-1", "shop-restored-2"]);
    assert_eq!(members(Some(of(&[]))), ["shop-restored-1"]);
    assert_eq!(members(None), ["shop-restored-1"]);
}

#[test]
fn no_snapshot_goes_that_is_not_of_the_job() {
    let days = |number: i64| now() - SignedDuration::from_hours(24 * number);
    let mut others = snapshot("shop/monthly", days(9));
    let mut by_hand = snapshot("shop/weekly", days(8));
    by_hand.tags = BTreeMap::new();
    by_hand.name = SnapshotName { identifier: "by-hand".into(), ..by_hand.name };
    let mut of_rds = snapshot("shop/weekly", days(7));
    of_rds.origin = SnapshotOrigin::Automated;
    others.taken = Some(days(9));
    let own = [5, 4, 3, 2].map(|number| snapshot("shop/weekly", days(number)));
    let mut failed = snapshot("shop/weekly", days(6));
    failed.status = "failed".into();
    let seen: Vec<_> = own.iter().cloned().chain([others, by_hand, of_rds, failed.clone()]).collect();
    let proven = plan("");
    let graph = proven.graph().of_jobs(&proven.plan().job_names().collect());
    let who = Circumstances { accept_deletions: true, ..who() };
    let outlook = forecast::backup(proven.plan(), &graph, &observed(Some(database(7)), vec![], seen), &who);
    let prune = actions(&outlook).into_iter().find_map(|(action, _)| match action {
        DatabaseAction::Prune(prune) => Some(prune),
        _ => None,
    });
    let prune = prune.unwrap();
    let gone: Vec<&SnapshotName> = prune.snapshots.iter().map(|deletion| &deletion.name).collect();
    // Two generations: the new one and the newest of those that are there.
    assert_eq!(gone, own[..3].iter().map(|snapshot| &snapshot.name).collect::<Vec<_>>());
    assert_eq!(prune.failed, [failed.name]);
}

proptest! {
    /// Whatever there is, the newest good snapshot stays, and the oracle counts the same.
    #[test]
    fn as_many_generations_stay_as_the_rule_says(hours in proptest::collection::btree_set(1..2000_i64, 1..30), generations in 1..6_u32) {
        let taken: Vec<Timestamp> = hours.iter().map(|hours| now() - SignedDuration::from_hours(*hours)).collect();
        let seen: Vec<_> = taken.iter().map(|taken| snapshot("shop/weekly", *taken)).collect();
        let rules = Rules { generations: NonZeroU32::new(generations), ..Rules::default() };
        let (plan, job) = (Name::parse("home").unwrap(), crate::primitives::JobName::parse("shop/weekly").unwrap());
        let zone = jiff::tz::TimeZone::UTC;
        let verdicts = snapshot_verdicts(&seen, (&plan, &job), &rules, None, now(), &zone);
        let mut kept: Vec<Timestamp> = verdicts.iter().filter(|(_, verdict)| !matches!(verdict, Verdict::LetGo(_)))
            .map(|(point, _)| point.slot.time()).collect();
        kept.sort();
        let mut newest = taken.clone();
        newest.sort();
        let from = newest.len().saturating_sub(generations as usize);
        prop_assert_eq!(kept, newest[from..].to_vec());
    }

    #[test]
    fn what_is_kept_is_called_by_a_name_that_rds_takes(identifier in "[a-z][a-z0-9]{0,20}(-[a-z0-9]{1,20}){0,2}", second in 0..4_000_000_000_i64) {
        let run = RunId::new(Timestamp::from_second(second).unwrap(), 1);
        let name = kept(&prod().renamed(identifier), &run).identifier;
        prop_assert!(name.len() <= 63 && !name.contains("--") && !name.ends_with('-'));
    }
}
