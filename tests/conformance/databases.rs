//! `Databases`.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sonae::ports::{
    AutomatedBackups, Cause, Certainty, Database, DatabaseKind, DatabaseName, DatabaseSettings, DatabaseSnapshot,
    Databases, Fault, NewDatabase, RestoreFrom, SnapshotName, SnapshotOrigin,
};

/// A provider that the cases work with: the instance `shop` (20 GiB, kept for 7 days, its backup window 18:00-18:30) and the encrypted cluster
/// `pool` with the instance `pool-1` have been there long enough to be brought back.
pub(crate) struct Provider<'a> {
    pub(crate) databases: &'a dyn Databases,
    pub(crate) home: &'a str,
    /// Another region, and a key there.
    pub(crate) elsewhere: (&'a str, &'a str),
    /// How long to wait before looking again.
    pub(crate) pause: Duration,
    /// Deletes an instance behind everybody's back; its automated backups are retained.
    pub(crate) delete: &'a (dyn Fn(&DatabaseName) + Sync),
}

impl Provider<'_> {
    fn instance(&self, identifier: &str) -> DatabaseName {
        DatabaseName {
            kind: DatabaseKind::Instance,
            identifier: identifier.to_owned(),
            region: Some(self.home.to_owned()),
        }
    }

    fn cluster(&self, identifier: &str) -> DatabaseName {
        DatabaseName { kind: DatabaseKind::Cluster, ..self.instance(identifier) }
    }

    /// A name for a snapshot of it.
    fn of(&self, database: &DatabaseName, identifier: &str) -> SnapshotName {
        let DatabaseName { kind, region, .. } = database.clone();
        SnapshotName { kind, identifier: identifier.to_owned(), region }
    }

    /// Looks until there is what was looked for.
    async fn until<T>(&self, what: &str, look: impl AsyncFn() -> Option<T>) -> T {
        for _ in 0..200 {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(self.pause).await;
        }
        panic!("{what} did not come")
    }

    async fn available(&self, name: &DatabaseName) -> Database {
        let look = async || self.databases.database(name).await.unwrap().filter(Database::is_available);
        self.until(&format!("{name}"), look).await
    }

    async fn made(&self, name: &SnapshotName) -> DatabaseSnapshot {
        let look = async || self.databases.snapshot(name).await.unwrap().filter(DatabaseSnapshot::is_available);
        self.until(&format!("{name}"), look).await
    }

    /// A snapshot, made to its end.
    async fn snapshot(&self, of: &DatabaseName, identifier: &str) -> DatabaseSnapshot {
        self.available(of).await;
        let name = self.of(of, identifier);
        self.databases.begin_snapshot(of, &name, &tags(identifier)).await.unwrap();
        let made = self.made(&name).await;
        self.available(of).await;
        made
    }

    async fn window(&self, of: &DatabaseName) -> (AutomatedBackups, Timestamp, Timestamp) {
        let look = async || {
            let living = self.databases.automated_backups(of).await.unwrap().into_iter().next()?;
            let window = living.earliest.zip(living.latest)?;
            Some((living, window.0, window.1))
        };
        self.until(&format!("automated backups of {of}"), look).await
    }
}

fn tags(value: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("sonae:job".to_owned(), value.to_owned()), ("owner".to_owned(), "あれ".to_owned())])
}

fn told<T>(answer: Result<T, Fault>) -> (Cause, Certainty) {
    let Err(fault) = answer else { panic!("the call was not refused") };
    assert!(!fault.action.is_empty() && !fault.answer.is_empty(), "{fault:?}");
    (fault.cause, fault.certainty)
}

const NOT_FOUND: (Cause, Certainty) = (Cause::NotFound, Certainty::Permanent);
const EXISTS: (Cause, Certainty) = (Cause::Exists, Certainty::Permanent);
const INVALID: (Cause, Certainty) = (Cause::Invalid, Certainty::Permanent);
const BUSY: (Cause, Certainty) = (Cause::Busy, Certainty::Transient);

/// Every case.
pub(crate) async fn all(at: &Provider<'_>) {
    what_is_not_there_is_none(at).await;
    a_database_is_told(at).await;
    the_moments_to_which_it_can_be_brought_back_move(at).await;
    for of in [at.instance("shop"), at.cluster("pool")] {
        a_snapshot_is_begun_and_seen(at, &of).await;
        snapshots_are_told_by_age(at, &of).await;
        a_snapshot_is_refused(at, &of).await;
        a_copy_is_its_own(at, &of).await;
        a_copy_is_refused(at, &of).await;
        a_snapshot_is_deleted(at, &of).await;
        backups_are_set(at, &of).await;
        a_database_is_restored_from_a_snapshot(at, &of).await;
        a_database_is_brought_back_to_a_moment(at, &of).await;
        a_restore_is_refused(at, &of).await;
        a_database_is_renamed(at, &of).await;
    }
    a_cluster_gets_its_instances(at).await;
    what_is_left_of_a_database_that_is_gone(at).await;
}

async fn what_is_not_there_is_none(at: &Provider<'_>) {
    for none in [at.instance("none"), at.cluster("none")] {
        assert_eq!(at.databases.database(&none).await.unwrap(), None);
        assert_eq!(at.databases.automated_backups(&none).await.unwrap(), []);
        assert_eq!(at.databases.snapshots(&none).await.unwrap(), []);
        assert_eq!(at.databases.snapshot(&at.of(&none, "none")).await.unwrap(), None);
    }
    assert_eq!(at.databases.database(&at.cluster("shop")).await.unwrap(), None, "an instance is no cluster");
}

async fn a_database_is_told(at: &Provider<'_>) {
    let shop = at.available(&at.instance("shop")).await;
    assert_eq!(shop.name, at.instance("shop"), "the name is that which was asked for");
    assert_eq!((shop.engine.as_str(), shop.backup_days, shop.allocated_gib), ("mysql", 7, 20));
    assert_eq!(shop.window.as_deref(), Some("18:00-18:30"));
    assert!(shop.resource.starts_with("db-"), "{shop:?}");
    assert!(shop.address.clone().is_some_and(|(host, port)| host.starts_with("shop.") && port == 3306), "{shop:?}");
    assert_eq!(shop.cluster, None);
    let pool = at.available(&at.cluster("pool")).await;
    assert_eq!((pool.engine.as_str(), pool.members.as_slice()), ("aurora-mysql", ["pool-1".to_owned()].as_slice()));
    assert!(pool.resource.starts_with("cluster-") && pool.encrypted, "{pool:?}");
    let member = at.available(&at.instance("pool-1")).await;
    assert_eq!(member.cluster.as_deref(), Some("pool"));
    assert_eq!(at.databases.automated_backups(&member.name).await.unwrap(), [], "a cluster is backed up as one");
}

async fn the_moments_to_which_it_can_be_brought_back_move(at: &Provider<'_>) {
    for of in [at.instance("shop"), at.cluster("pool")] {
        let (living, earliest, latest) = at.window(&of).await;
        assert!(earliest < latest, "{living:?}");
        assert_eq!((&living.name, living.retained), (&of, false));
        let told = at.available(&of).await;
        assert_eq!(told.resource, living.resource);
        assert!(told.latest >= Some(latest));
        let look = async || at.databases.database(&of).await.unwrap().filter(|it| it.latest > Some(latest));
        at.until("a newer moment", look).await;
    }
}

async fn a_snapshot_is_begun_and_seen(at: &Provider<'_>, of: &DatabaseName) {
    at.available(of).await;
    let name = at.of(of, "first");
    at.databases.begin_snapshot(of, &name, &tags("first")).await.unwrap();
    let seen = at.databases.snapshot(&name).await.unwrap().unwrap();
    assert_eq!((&seen.name, seen.status.as_str(), seen.taken), (&name, "creating", None));
    assert!(seen.percent.is_none_or(|percent| percent < 100), "{seen:?}");
    assert!(!seen.is_available() && !seen.is_broken());
    assert_eq!(told(at.databases.delete_snapshot(&name).await), BUSY);
    let again = at.of(of, "again");
    assert_eq!(told(at.databases.begin_snapshot(of, &again, &tags("again")).await), BUSY, "it is backing up");
    let made = at.made(&name).await;
    assert!(made.taken.is_some() && made.percent.is_none_or(|percent| percent == 100), "{made:?}");
    assert_eq!((made.database.as_str(), made.origin), (of.identifier.as_str(), SnapshotOrigin::Manual));
    assert_eq!(made.tags, tags("first"));
    assert!(made.arn.starts_with("arn:") && made.arn.ends_with(":first"), "{}", made.arn);
    let database = at.available(of).await;
    assert_eq!((made.allocated_gib, made.encrypted), (database.allocated_gib, database.encrypted));
}

async fn snapshots_are_told_by_age(at: &Provider<'_>, of: &DatabaseName) {
    at.snapshot(of, "second").await;
    let third = at.of(of, "a-third");
    at.databases.begin_snapshot(of, &third, &tags("third")).await.unwrap();
    let all = at.databases.snapshots(of).await.unwrap();
    let manual = all.iter().filter(|snapshot| snapshot.origin == SnapshotOrigin::Manual);
    let manual: Vec<&str> = manual.map(|snapshot| snapshot.name.identifier.as_str()).collect();
    assert_eq!(manual, ["first", "second", "a-third"], "the oldest first, that which is being made last");
    let taken: Vec<Option<Timestamp>> = all.iter().map(|snapshot| snapshot.taken).collect();
    assert!(taken.iter().zip(&taken[1..]).all(|(a, b)| b.is_none() || (a.is_some() && a <= b)), "{taken:?}");
    assert!(all.iter().all(|snapshot| snapshot.name.region == of.region && snapshot.database == of.identifier));
    if of.kind == DatabaseKind::Instance {
        let daily = all.iter().find(|snapshot| snapshot.origin == SnapshotOrigin::Automated).unwrap();
        assert_eq!(at.databases.snapshot(&daily.name).await.unwrap().as_ref(), Some(daily));
    }
    at.made(&third).await;
}

async fn a_snapshot_is_refused(at: &Provider<'_>, of: &DatabaseName) {
    at.available(of).await;
    let begin = async |of: &DatabaseName, name: &str| {
        told(at.databases.begin_snapshot(of, &at.of(of, name), &tags("refused")).await)
    };
    assert_eq!(begin(of, "first").await, EXISTS);
    assert_eq!(begin(&of.renamed("none"), "refused").await, NOT_FOUND);
    assert_eq!(at.databases.snapshot(&at.of(of, "refused")).await.unwrap(), None);
}

async fn a_copy_is_its_own(at: &Provider<'_>, of: &DatabaseName) {
    let first = at.made(&at.of(of, "first")).await;
    let (region, key) = at.elsewhere;
    let near = at.of(of, "near");
    let far = SnapshotName { region: Some(region.to_owned()), ..at.of(of, "far") };
    at.databases.begin_copy(&first, &near, None, &tags("near")).await.unwrap();
    at.made(&near).await;
    at.databases.begin_copy(&first, &far, Some(key), &tags("far")).await.unwrap();
    for (name, job) in [(near, "near"), (far, "far")] {
        let copy = at.made(&name).await;
        assert_eq!(copy.taken, first.taken, "its data is as old as the original's");
        assert_eq!((copy.tags, copy.origin), (tags(job), SnapshotOrigin::Manual));
        assert_eq!(copy.database, of.identifier);
        assert!(copy.arn.contains(name.region.as_deref().unwrap()), "{}", copy.arn);
        at.databases.delete_snapshot(&name).await.unwrap();
    }
}

async fn a_copy_is_refused(at: &Provider<'_>, of: &DatabaseName) {
    let first = at.made(&at.of(of, "first")).await;
    let copy = async |from: &DatabaseSnapshot, to: &SnapshotName| {
        told(at.databases.begin_copy(from, to, None, &tags("refused")).await)
    };
    assert_eq!(copy(&first, &at.of(of, "second")).await, EXISTS);
    let gone = DatabaseSnapshot { name: at.of(of, "gone"), arn: first.arn.replace(":first", ":gone"), ..first.clone() };
    assert_eq!(copy(&gone, &at.of(of, "refused")).await, NOT_FOUND);
    let (region, _) = at.elsewhere;
    let far = SnapshotName { region: Some(region.to_owned()), ..at.of(of, "refused") };
    if first.encrypted {
        assert_eq!(copy(&first, &far).await, INVALID);
    }
    assert_eq!(at.databases.snapshot(&far).await.unwrap(), None);
}

async fn a_snapshot_is_deleted(at: &Provider<'_>, of: &DatabaseName) {
    let second = at.of(of, "second");
    at.databases.delete_snapshot(&second).await.unwrap();
    let look = async || at.databases.snapshot(&second).await.unwrap().is_none().then_some(());
    at.until("the deletion", look).await;
    at.databases.delete_snapshot(&second).await.unwrap();
    assert!(at.databases.snapshot(&at.of(of, "first")).await.unwrap().is_some());
}

async fn backups_are_set(at: &Provider<'_>, of: &DatabaseName) {
    at.databases.set_backups(of, 14, Some("03:00-03:30")).await.unwrap();
    let set = async |days| {
        let look = async || at.databases.database(of).await.unwrap().filter(|it| it.backup_days == days);
        at.until("so many days", look).await.window
    };
    assert_eq!(set(14).await.as_deref(), Some("03:00-03:30"));
    at.available(of).await;
    at.databases.set_backups(of, 7, None).await.unwrap();
    assert_eq!(set(7).await.as_deref(), Some("03:00-03:30"), "the window is left as it is");
    at.available(of).await;
    assert_eq!(told(at.databases.set_backups(of, 36, None).await), INVALID);
    assert_eq!(told(at.databases.set_backups(&of.renamed("none"), 7, None).await), NOT_FOUND);
}

fn new(name: &DatabaseName, from: RestoreFrom, like: &Database) -> NewDatabase {
    let settings = DatabaseSettings {
        class: like.settings.class.clone(),
        deletion_protection: Some(true),
        port: Some(3310),
        ..DatabaseSettings::default()
    };
    NewDatabase { name: name.clone(), from, engine: like.engine.clone(), settings, tags: tags("new") }
}

async fn is_as_it_was_wanted(at: &Provider<'_>, new: &NewDatabase) -> Database {
    let seen = at.databases.database(&new.name).await.unwrap().unwrap();
    assert_eq!(seen.status, "creating");
    let there = at.available(&new.name).await;
    assert_eq!((&there.name, &there.engine, &there.tags), (&new.name, &new.engine, &new.tags));
    assert_eq!(there.settings.deletion_protection, Some(true));
    assert_eq!(there.address.clone().map(|(_, port)| port), Some(3310), "{there:?}");
    there
}

async fn a_database_is_restored_from_a_snapshot(at: &Provider<'_>, of: &DatabaseName) {
    let like = at.available(of).await;
    let name = of.renamed(format!("{}-from-snapshot", of.identifier));
    let new = new(&name, RestoreFrom::Snapshot(at.of(of, "first")), &like);
    at.databases.begin_restore(&new).await.unwrap();
    let there = is_as_it_was_wanted(at, &new).await;
    assert_ne!(there.resource, like.resource);
    assert_eq!(told(at.databases.begin_restore(&new).await), EXISTS);
}

async fn a_database_is_brought_back_to_a_moment(at: &Provider<'_>, of: &DatabaseName) {
    let like = at.available(of).await;
    let (living, _, latest) = at.window(of).await;
    let before = latest - SignedDuration::from_secs(1);
    for (index, moment) in [Some(before), None].into_iter().enumerate() {
        let name = of.renamed(format!("{}-moment-{index}", of.identifier));
        let from =
            RestoreFrom::Moment { resource: living.resource.clone(), database: of.identifier.clone(), at: moment };
        let new = new(&name, from, &like);
        at.databases.begin_restore(&new).await.unwrap();
        is_as_it_was_wanted(at, &new).await;
    }
}

async fn a_restore_is_refused(at: &Provider<'_>, of: &DatabaseName) {
    let like = at.available(of).await;
    let (living, earliest, latest) = at.window(of).await;
    let restore = async |from| told(at.databases.begin_restore(&new(&of.renamed("refused"), from, &like)).await);
    let moment = |resource: &str, database: &str, moment| RestoreFrom::Moment {
        resource: resource.to_owned(),
        database: database.to_owned(),
        at: moment,
    };
    let hours = SignedDuration::from_hours(24);
    for outside in [earliest - hours, latest + hours] {
        assert_eq!(restore(moment(&living.resource, &of.identifier, Some(outside))).await, INVALID);
    }
    assert_eq!(restore(moment("db-NONE", "none", None)).await, NOT_FOUND);
    assert_eq!(restore(RestoreFrom::Snapshot(at.of(of, "none"))).await, NOT_FOUND);
    assert_eq!(at.databases.database(&of.renamed("refused")).await.unwrap(), None);
}

async fn a_database_is_renamed(at: &Provider<'_>, of: &DatabaseName) {
    let was = at.available(of).await;
    let kept = of.renamed(format!("{}-kept", of.identifier));
    let beside = of.renamed(format!("{}-from-snapshot", of.identifier));
    assert_eq!(told(at.databases.begin_rename(of, &beside.identifier).await), EXISTS);
    assert_eq!(told(at.databases.begin_rename(&of.renamed("none"), "refused").await), NOT_FOUND);
    at.databases.begin_rename(of, &kept.identifier).await.unwrap();
    let renamed = at.available(&kept).await;
    assert_eq!((&renamed.resource, renamed.backup_days), (&was.resource, was.backup_days));
    assert!(renamed.address.is_some_and(|(host, _)| host.starts_with(&format!("{}.", kept.identifier))));
    assert_eq!(at.databases.database(of).await.unwrap(), None);
    let (backups, ..) = at.window(&kept).await;
    assert_eq!((&backups.resource, backups.retained), (&was.resource, false), "its automated backups stay its own");
    let is_first = |snapshot: &DatabaseSnapshot| snapshot.name == at.of(of, "first");
    assert!(at.databases.snapshots(&kept).await.unwrap().iter().any(is_first), "its snapshots stay its own");
    for member in &renamed.members {
        let member = at.databases.database(&at.instance(member)).await.unwrap().unwrap();
        assert_eq!(member.cluster.as_deref(), Some(kept.identifier.as_str()));
    }
    at.databases.begin_rename(&kept, &of.identifier).await.unwrap();
    at.available(of).await;
}

async fn a_cluster_gets_its_instances(at: &Provider<'_>) {
    let cluster = at.cluster("pool-from-snapshot");
    let settings = DatabaseSettings { class: Some("db.r6g.large".to_owned()), ..DatabaseSettings::default() };
    let begin = async |cluster: &DatabaseName, identifier: &str| {
        at.databases.begin_member(cluster, identifier, "aurora-mysql", &settings, &tags("member")).await
    };
    assert_eq!(at.available(&cluster).await.members, Vec::<String>::new());
    begin(&cluster, "member-1").await.unwrap();
    let member = at.available(&at.instance("member-1")).await;
    assert_eq!((member.cluster.as_deref(), &member.tags), (Some("pool-from-snapshot"), &tags("member")));
    assert_eq!(member.settings.class.as_deref(), Some("db.r6g.large"));
    assert_eq!(told(begin(&cluster, "member-1").await), EXISTS);
    assert_eq!(told(begin(&at.cluster("none"), "refused").await), NOT_FOUND);
    begin(&cluster, "a-member").await.unwrap();
    at.available(&at.instance("a-member")).await;
    assert_eq!(at.available(&cluster).await.members, ["member-1", "a-member"], "that which is written to is first");
}

async fn what_is_left_of_a_database_that_is_gone(at: &Provider<'_>) {
    let shop = at.instance("shop");
    let (living, ..) = at.window(&shop).await;
    let like = at.available(&shop).await;
    (at.delete)(&shop);
    let look = async || at.databases.database(&shop).await.unwrap().is_none().then_some(());
    at.until("the deletion", look).await;
    let left = at.databases.automated_backups(&shop).await.unwrap();
    let [left] = left.as_slice() else { panic!("{left:?}") };
    assert_eq!((&left.resource, &left.name, left.retained), (&living.resource, &shop, true));
    let is_first = |snapshot: &DatabaseSnapshot| snapshot.name == at.of(&shop, "first");
    assert!(at.databases.snapshots(&shop).await.unwrap().iter().any(is_first));
    let from = RestoreFrom::Moment { resource: left.resource.clone(), database: "shop".to_owned(), at: left.latest };
    let new = new(&shop, from, &like);
    at.databases.begin_restore(&new).await.unwrap();
    let back = is_as_it_was_wanted(at, &new).await;
    assert_ne!(back.resource, left.resource);
    let all = async || {
        let all = at.databases.automated_backups(&shop).await.unwrap();
        (all.len() == 2).then(|| all.into_iter().map(|it| (it.resource, it.retained)).collect::<Vec<_>>())
    };
    let all = at.until("backups of both", all).await;
    assert_eq!(all, [(back.resource, false), (left.resource.clone(), true)], "the living one first");
}

#[tokio::test(start_paused = true)]
async fn a_fake_provider() {
    let world = sonae::fakes::World::tied_to_tokio(1);
    let databases = world.databases();
    let at = Provider {
        databases: &*databases,
        home: "home-1",
        elsewhere: ("away-1", "a-key"),
        pause: Duration::from_secs(20),
        delete: &|name| databases.delete(name, true),
    };
    databases.put(sonae::fakes::FakeDatabases::plain(at.instance("shop")));
    let pool = sonae::fakes::FakeDatabases::plain(at.cluster("pool"));
    databases.put(Database { members: vec!["pool-1".to_owned()], ..pool });
    let member = sonae::fakes::FakeDatabases::plain(at.instance("pool-1"));
    databases.put(Database { cluster: Some("pool".to_owned()), engine: "aurora-mysql".to_owned(), ..member });
    all(&at).await;
}
