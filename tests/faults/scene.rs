//! A plan, its sources, a past, and the ports to it.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use sonae::diagnostic::{Severity, Sources};
use sonae::fakes::World;
use sonae::forecast::{self, Circumstances, Forecast, Outlook, PointChoice, RestoreWish};
use sonae::observe::{self, Observed, Reading};
use sonae::plan::Plan;
use sonae::ports::{Attributes, Clock, EntryKind, StoreRead, StoreWrite, TreeRead};
use sonae::primitives::{JobName, Key, Name, PathBytes, Slot, Xattrs};
use sonae::prove::{ProvenPlan, compile};
use sonae::steps::{self, Host, Reach};

/// Three jobs in two stores, one tied to another, each with another retention; and the way back.
pub(super) const PLAN: &str = r#"
plan "sim"
store "vault" { local path="/vault" }
store "spare" { local path="/spare" }
target "docs" {
    files "/srv/docs" { exclude "**/*.tmp" }
    backup "daily" {
        schedule "daily" at="05:30"
        archive "tar.zip"
        store "vault"
        retention generations=2
        takes "5m"
    }
    backup "second" {
        schedule "daily" at="06:30"
        archive "tar.zip"
        store "spare"
        after "docs/daily"
        retention within="2d"
        takes "5m"
    }
}
target "mail" {
    files "/srv/mail" "/srv/lists"
    backup "nightly" {
        schedule "daily" at="01:30"
        archive "tar.zip"
        store "vault"
        retention daily=2
        takes "5m"
    }
}
restore "all" rto="30m" {
    parallel {
        recover "docs" takes="5m" { into path="/back/docs" }
        recover "mail" takes="5m" { into path="/back/mail" }
    }
    probe "the documents are back" takes="1m" { path "/back/docs/a/text" }
    probe "a program says so" takes="1m" { command "look" "/back" }
}
"#;

pub(crate) fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

/// A plan that compiles, with relative paths relative to `/plans`.
pub(crate) fn proven(file: &str, text: &str) -> ProvenPlan {
    let mut sources = Sources::default();
    let id = sources.add(file, text);
    let now = "2026-03-01T00:00:00Z".parse().unwrap();
    let compiled = compile(&sources, id, &PathBytes::new(*b"/plans"), now);
    let errors: Vec<_> = compiled.diagnostics.iter().filter(|found| found.severity == Severity::Error).collect();
    compiled.proven.unwrap_or_else(|| panic!("{file}: {errors:#?}"))
}

/// This host, as its superuser.
pub(crate) fn who() -> Circumstances {
    Circumstances {
        host: name("web-1"),
        base: PathBytes::new(*b"/plans"),
        fetched: PathBytes::new(*b"/var/lib/sonae/fetched"),
        superuser: true,
        superuser_on: std::collections::BTreeSet::new(),
        accept_shrink: false,
        slots: BTreeMap::new(),
        accept_deletions: false,
        accept_old_image: false,
        fail_fast: false,
    }
}

/// The reading half of a world, for a plan's stores.
pub(crate) async fn observe(plan: &Plan, graph: &sonae::graph::Graph, world: &World) -> Observed {
    let reading = |store: &sonae::plan::Store| {
        let store = &store.name.value;
        (store.clone(), world.store(store.as_str()) as Arc<dyn StoreRead>)
    };
    let stores: BTreeMap<Name, Arc<dyn StoreRead>> = plan.stores.iter().map(reading).collect();
    let hosts = graph.steps().iter().filter_map(|step| step.kind.host());
    let hosts = hosts.map(|name| (name.to_owned(), world.tree() as Arc<dyn TreeRead>)).collect();
    let reading = Reading {
        tree: &*world.tree() as &dyn TreeRead,
        hosts: &hosts,
        stores: &stores,
        subversion: &*world.subversion(),
        databases: &*world.databases(),
        machines: &*world.machines(),
        scratch: &*world.scratch(),
        clock: &*world.clock() as &dyn Clock,
    };
    observe::observe(graph, &reading, &plan.name.value, &who().host).await
}

/// The forecast of a backup of all jobs as the world is now.
pub(crate) async fn backup(proven: &ProvenPlan, world: &World) -> Forecast {
    backup_by(proven, world, &who()).await
}

pub(crate) async fn backup_by(proven: &ProvenPlan, world: &World, who: &Circumstances) -> Forecast {
    outlook_by(proven, world, who).await.performable().unwrap()
}

/// The same of a plan that may hold what has no driver.
pub(crate) async fn outlook_by(proven: &ProvenPlan, world: &World, who: &Circumstances) -> Outlook {
    let jobs = proven.plan().job_names().collect();
    let graph = proven.graph().of_jobs(&jobs);
    let observed = observe(proven.plan(), &graph, world).await;
    forecast::backup(proven.plan(), &graph, &observed, who)
}

/// The host at any address: what is there is there by whatever host it is looked at.
pub(super) fn reach(world: &World) -> Reach {
    let world = world.clone();
    Arc::new(move |_| Host { tree: world.tree(), commands: world.commands() })
}

fn wish(restore: &str, only: Option<PathBytes>) -> RestoreWish {
    let (restore, choice) = (name(restore), PointChoice::Latest);
    RestoreWish { restore, choice, from_host: None, only, into: None, planned: None }
}

/// The forecast of a restore of the newest points as the world is now.
pub(crate) async fn restore(proven: &ProvenPlan, world: &World, restore: &str) -> Forecast {
    restore_outlook(proven, world, restore).await.performable().unwrap()
}

/// The same of a plan that may hold what has no driver.
pub(crate) async fn restore_outlook(proven: &ProvenPlan, world: &World, restore: &str) -> Outlook {
    let wish = wish(restore, None);
    let graph = proven.graph().of_restore(&wish.restore);
    let observed = observe(proven.plan(), &graph, world).await;
    forecast::restore(proven.plan(), &graph, &observed, &who(), &wish)
}

/// The same of one path.
async fn restore_path(proven: &ProvenPlan, world: &World, restore: &str, only: &str) -> Forecast {
    let (only, who) = (PathBytes::new(only.as_bytes()), who());
    let wish = wish(restore, Some(only.clone()));
    let graph = proven.graph().of_restore(&wish.restore).beside(false);
    let mut observed = observe(proven.plan(), &graph, world).await;
    let mut parts = BTreeMap::new();
    for (store, manifest) in forecast::chosen(&graph, &observed, &who, &wish) {
        let totals = steps::part_totals(&*world.store(store.as_str()), &*world.scratch(), manifest, &only).await;
        parts.insert(manifest.place(), totals);
    }
    observed.parts = parts;
    forecast::restore(proven.plan(), &graph, &observed, &who, &wish).performable().unwrap()
}

/// A simulated host with the plan's sources.
pub(super) struct Scene {
    pub(super) world: World,
    pub(super) proven: ProvenPlan,
    plan: String,
}

/// What a store held after some days without a mishap: made once, and put into each world.
pub(super) struct Past {
    seed: u64,
    days: u32,
    proven: ProvenPlan,
    objects: Vec<(&'static str, BTreeMap<Key, Bytes>)>,
}

impl Past {
    /// A backup of everything, once a day.
    pub(super) fn of(seed: u64, days: u32) -> Self {
        super::journey::simulate(async {
            let scene = Scene::bare(seed, proven("sim.kdl", PLAN));
            for _ in 0..days {
                let outcome = super::journey::unbroken(&scene.world, scene.backup().await, 1).await;
                assert_eq!(outcome.end, sonae::run::End::Complete);
                scene.world.clock().advance(jiff::SignedDuration::from_hours(24));
            }
            let objects = ["vault", "spare"].map(|name| (name, scene.world.store(name).objects()));
            Self { seed, days, proven: scene.proven, objects: objects.into() }
        })
    }
}

impl Past {
    /// Nothing yet.
    pub(super) fn of_nothing(seed: u64) -> Self {
        Self { seed, days: 0, proven: proven("sim.kdl", PLAN), objects: vec![] }
    }
}

impl Scene {
    /// The same with other words in its plan.
    pub(super) fn replacing(self, from: &str, to: &str) -> Self {
        let plan = self.plan.replace(from, to);
        assert_ne!(plan, self.plan);
        Self { proven: proven("sim.kdl", &plan), plan, ..self }
    }

    /// The same with a plan that says that the documents' disk need not be mounted.
    pub(super) fn allowing_unmounted(self) -> Self {
        self.replacing("exclude \"**/*.tmp\"", "exclude \"**/*.tmp\"; allow-unmounted")
    }

    /// The sources alone.
    fn bare(seed: u64, proven: ProvenPlan) -> Self {
        Self::filled(World::tied_to_tokio(seed), seed, proven)
    }

    fn filled(world: World, seed: u64, proven: ProvenPlan) -> Self {
        let scene = Self { world, proven, plan: PLAN.to_owned() };
        scene.fill(seed);
        scene
    }

    /// The sources, and that past.
    pub(super) fn with(seed: u64, past: &Past) -> Self {
        let scene = Self::filled(World::tied_to_tokio(seed), past.seed, past.proven.clone());
        for (name, objects) in &past.objects {
            for (key, bytes) in objects {
                scene.world.store(name).plant(key, Some(bytes.clone()));
            }
        }
        scene.world.clock().advance(jiff::SignedDuration::from_hours(24 * i64::from(past.days)));
        scene
    }

    /// One of each kind of thing; how much of it, the seed decides.
    fn fill(&self, seed: u64) {
        let tree = self.world.tree();
        tree.put_file("/srv/docs/a/text", "some text\n");
        tree.put_file("/srv/docs/a/skipped.tmp", "not stored");
        tree.put_hard_link("/srv/docs/a/again", "/srv/docs/a/text");
        tree.put_symlink("/srv/docs/to", "a/text");
        tree.put_file("/srv/lists/members", vec![7; (seed % 5_000) as usize]);
        for number in 0..seed % 4 {
            tree.put_file(format!("/srv/mail/new/{number}"), vec![number as u8; 3_000 * number as usize]);
        }
        tree.put_special("/srv/mail/socket", EntryKind::Socket);
        tree.put_file("/srv/mail/x", "");
        let mut xattrs = Xattrs::default();
        xattrs.insert("user.note", "text").unwrap();
        xattrs.insert("security.capability", [1, 0, 0, 2]).unwrap();
        let attributes = Attributes { mode: 0o4711, owner: Some((7, 61_000)), mtime_s: -5, mtime_ns: 9, xattrs };
        for name in ["/srv/docs/a", "/srv/docs/a/text", "/srv/docs/to"] {
            tree.put_attributes(name, &attributes);
        }
        tree.put_folder("/back");
    }

    /// What an older run left: an archive without a manifest, and an upload that was never finished.
    pub(super) async fn with_leftovers(self) -> Self {
        let old = "sim/docs/daily/web-1/20260105T053000Z-0000abcd";
        let vault = self.world.store("vault");
        vault.plant(&Key::parse(&format!("{old}.tar.zip")).unwrap(), Some("half".into()));
        vault.begin(&Key::parse("sim/mail/nightly/web-1/20260105T053000Z-0000abcd.tar.zip").unwrap()).await.unwrap();
        self
    }

    /// Of every source, most of what it holds goes.
    pub(super) fn lose_much(&self) {
        self.world.tree().put_file("/srv/docs/a/text", "so");
        self.world.tree().put_file("/srv/lists/members", "7");
    }

    /// A backup after somebody said that smaller points are meant.
    pub(super) async fn backup_accepted(&self) -> Forecast {
        let accepting = Circumstances { accept_shrink: true, ..who() };
        backup_by(&self.proven, &self.world, &accepting).await
    }

    /// A backup of jobs that are due.
    pub(super) async fn backup_due(&self, slots: BTreeMap<JobName, Slot>) -> Forecast {
        backup_by(&self.proven, &self.world, &Circumstances { slots, ..who() }).await
    }

    /// A backup after somebody said that all deletions are meant.
    pub(super) async fn backup_deleting(&self) -> Forecast {
        let accepting = Circumstances { accept_deletions: true, ..who() };
        backup_by(&self.proven, &self.world, &accepting).await
    }

    pub(super) async fn backup(&self) -> Forecast {
        backup(&self.proven, &self.world).await
    }

    pub(super) async fn restore(&self) -> Forecast {
        restore(&self.proven, &self.world, "all").await
    }

    pub(super) async fn restore_path(&self, only: &str) -> Forecast {
        restore_path(&self.proven, &self.world, "all", only).await
    }
}
