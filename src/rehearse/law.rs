//! What holds after every event, whatever happens: the invariants of `docs/invariants.md`, held against a simulated world.
//!
//! Unaware of how anything is performed: it sees what stands in the journal and what the world holds. Invariant: it never changes
//! the world it judges, and the first thing that is broken is what is told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{StepKind, databases, machines, past_points};
use crate::catalog::{Manifest, Part, PointPlace, StoredObject};
use crate::fakes::World;
use crate::forecast::{Action, DatabaseAction, Forecast, Leftover};
use crate::graph::{Argument, OutputKind, ProbeCheck};
use crate::ports::{Clock as _, UploadId};
use crate::primitives::{Digest, Key, Name, PathBytes, StepId};

/// A promise that holds whatever happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Invariant {
    /// What is performed is a subset of what was forecast and announced; without faults it is all of it.
    Forecast,
    /// The newest good copy is never deleted, and nothing before what replaces it exists.
    LastCopy,
    /// What retention keeps is not deleted.
    Retention,
    /// No step begins before what it depends on.
    Order,
    /// Each effect comes at most once.
    Once,
    /// A resumed run ends in the same world as one that nothing broke.
    Resumed,
    /// Nothing that is secret stands in any output.
    Secret,
    /// Each job has a good recovery point, and each that is shown can be read.
    Recoverable,
    /// A restore that says that it is done made what was at the source.
    Restored,
    /// A run comes to an end by itself, and by no bug.
    Ends,
}

impl Invariant {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Forecast,
        Self::LastCopy,
        Self::Retention,
        Self::Order,
        Self::Once,
        Self::Resumed,
        Self::Secret,
        Self::Recoverable,
        Self::Restored,
        Self::Ends,
    ];

    /// What is promised, in a few words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Forecast => "nothing is done that was not forecast",
            Self::LastCopy => "the newest good copy is never deleted",
            Self::Retention => "nothing is deleted that retention keeps",
            Self::Order => "no step begins before what it depends on",
            Self::Once => "each effect comes at most once",
            Self::Resumed => "a resumed run ends as an unbroken one",
            Self::Secret => "nothing secret is told",
            Self::Recoverable => "each job has a good recovery point",
            Self::Restored => "a restore ends as the source was",
            Self::Ends => "a run ends by itself",
        }
    }
}

/// A promise that did not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Broken {
    /// Which.
    pub invariant: Invariant,
    /// What happened.
    pub what: String,
}

/// What a run may do to the world, and what became of the world so far.
#[derive(Debug)]
pub struct Law {
    world: World,
    forecast: Forecast,
    /// What stands in the sources, and in no output.
    secrets: Vec<String>,
    known: Mutex<Known>,
}

/// How far a step has come, as the journal has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Come {
    Waiting,
    Running,
    /// A program that may have been run to its end: somebody says what becomes of it.
    InDoubt,
    Done,
    Lost,
}

#[derive(Debug)]
struct Known {
    broken: Option<Broken>,
    /// How many lines of the journal were heard.
    heard: usize,
    steps: Vec<Come>,
    stores: BTreeMap<Name, Held>,
    /// How often each thing came to be in this run.
    came: BTreeMap<String, u64>,
    /// The destinations that are there.
    made: BTreeSet<PathBytes>,
    /// The latest time that the clock ever showed.
    latest: Timestamp,
}

/// What a store held when it was last looked at.
#[derive(Debug, Default)]
struct Held {
    objects: BTreeMap<Key, Bytes>,
    manifests: BTreeMap<Key, Manifest>,
    /// The newest point that was ever there, of each job and host.
    newest: BTreeMap<String, (Timestamp, Key)>,
}

/// What of a line of the journal says how far a step has come.
#[derive(Deserialize)]
struct Heard {
    record: String,
    step: Option<StepId>,
    again: Option<bool>,
}

impl Law {
    /// The law of a run, as the world is before it.
    pub fn new(world: &World, forecast: &Forecast, secrets: &[String]) -> Arc<Self> {
        let known = Known {
            broken: None,
            heard: 0,
            steps: vec![Come::Waiting; forecast.steps.len()],
            stores: forecast.stores.keys().map(|store| (store.clone(), Held::default())).collect(),
            came: BTreeMap::new(),
            made: BTreeSet::new(),
            latest: world.clock().now(),
        };
        let law = Self {
            world: world.clone(),
            forecast: forecast.clone(),
            secrets: secrets.to_vec(),
            known: Mutex::new(known),
        };
        law.hold();
        law.known().came.clear();
        Arc::new(law)
    }

    /// The first promise that did not hold.
    pub fn broken(&self) -> Option<Broken> {
        self.known().broken.clone()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes down that a promise did not hold.
    pub(super) fn broke(&self, invariant: Invariant, what: impl Into<String>) {
        self.known().broke(invariant, what);
    }

    /// Holds a text that people or programs are told against what is secret.
    pub(super) fn said(&self, text: &str) {
        if self.secrets.iter().any(|secret| text.contains(secret)) {
            self.broke(Invariant::Secret, format!("what a file holds is told: {}", shortened(text)));
        }
    }

    /// What holds whenever anything happened: every point that a store shows is whole, the newest is still there, and nothing came twice.
    pub fn hold(&self) {
        let mut known = self.known();
        known.latest = known.latest.max(self.world.clock().now());
        for store in self.forecast.stores.keys() {
            known.hold_store(store, self.world.store(store.as_str()).objects());
        }
        for step in &self.forecast.steps {
            let Action::Recover(recovery) = &step.action else { continue };
            if !self.world.tree().is_there(&recovery.into) {
                known.made.remove(&recovery.into);
            } else if known.made.insert(recovery.into.clone()) {
                known.came(format!("{}", recovery.into));
            }
        }
    }

    /// Reads on in the journal.
    pub(super) fn hear(&self) {
        let lines = self.world.journal().written(&self.forecast.run).unwrap_or_default();
        let mut new = vec![];
        {
            let mut known = self.known();
            known.latest = known.latest.max(self.world.clock().now());
            for (number, line) in lines.iter().enumerate().skip(known.heard) {
                known.take_in(&self.forecast, number, line);
                new.push(line.clone());
            }
            known.heard = lines.len();
        }
        new.iter().for_each(|line| self.said(line));
    }

    /// The kinds of the steps that the journal says are being performed.
    pub(super) fn running(&self) -> BTreeSet<StepKind> {
        self.hear();
        let known = self.known();
        let running = self.forecast.steps.iter().filter(|step| known.steps[step.id.index()] == Come::Running);
        running.map(|step| StepKind::of(&step.action)).collect()
    }

    /// The step that may change the world so was forecast, and is being performed.
    fn must_be_announced(&self, what: &str, may: impl Fn(&Action) -> bool) {
        self.hear();
        let mut known = self.known();
        let is_running = |step: StepId| known.steps[step.index()] == Come::Running;
        if !self.forecast.steps.iter().any(|step| is_running(step.id) && may(&step.action)) {
            known.broke(Invariant::Forecast, format!("{what}: no step that was forecast to do so is announced"));
        }
    }

    pub(super) fn may_write(&self, store: &Name, key: &Key) {
        self.must_be_announced(&format!("write {store}:{key}"), |action| match action {
            Action::Pack { new, .. } => {
                new.store == *store && [Part::Archive, Part::Contents].iter().any(|part| new.key(*part) == *key)
            }
            Action::Commit { new, .. } => new.store == *store && new.key(Part::Manifest) == *key,
            _ => false,
        });
    }

    pub(super) fn may_delete(&self, store: &Name, key: &Key) {
        self.must_be_announced(&format!("delete {store}:{key}"), |action| match action {
            Action::Delete { store: of, points, leftovers, suspended, .. } => {
                let points = if suspended.is_some() { &[] } else { points.as_slice() };
                let point = points.iter().any(|gone| Part::ALL.iter().any(|part| gone.place.key(*part) == *key));
                of == store && (point || leftovers.iter().any(|left| is_object(left, key)))
            }
            _ => false,
        });
        let Some((place, part)) = PointPlace::parse(key) else { return };
        let known = self.known();
        let manifests = known.stores.get(store).map(|held| &held.manifests);
        let new = manifests.and_then(|manifests| self.new_point(&place, manifests));
        let is_shrunk = new.is_some_and(|manifest| manifest.shrunk_from.is_some());
        let kept = part == Part::Manifest && manifests.is_some_and(|held| self.keeps(&place, held, known.latest));
        let is_replaced = new.is_some();
        drop(known);
        if !is_replaced {
            self.broke(Invariant::LastCopy, format!("{key} is deleted before what replaces it exists"));
        } else if is_shrunk && !self.is_leftover(key) {
            self.broke(Invariant::LastCopy, format!("{key} is deleted for a point that is much smaller"));
        } else if kept {
            self.broke(Invariant::Retention, format!("{key} is deleted, and retention keeps it"));
        }
    }

    /// The point that this run made for the job of another one.
    fn new_point<'a>(&self, place: &PointPlace, held: &'a BTreeMap<Key, Manifest>) -> Option<&'a Manifest> {
        let new = self.forecast.steps.iter().find_map(|step| match &step.action {
            Action::Commit { new, .. } if new.place.job == place.job => Some(new.key(Part::Manifest)),
            _ => None,
        });
        held.get(&new?)
    }

    /// Whether the rules keep a point, of what is there at this moment.
    fn keeps(&self, place: &PointPlace, held: &BTreeMap<Key, Manifest>, now: Timestamp) -> bool {
        let rules = self.forecast.steps.iter().find_map(|step| match &step.action {
            Action::Delete { job, rules, timezone, .. } if *job == place.job => Some((rules.as_ref()?, timezone)),
            _ => None,
        });
        rules.is_some_and(|(rules, zone)| past_points::keeps(place, held, rules, zone, now))
    }

    fn is_leftover(&self, key: &Key) -> bool {
        let of = |action: &Action| matches!(action, Action::Delete { leftovers, .. } if leftovers.iter().any(|left| is_object(left, key)));
        self.forecast.steps.iter().any(|step| of(&step.action))
    }

    pub(super) fn may_abort(&self, store: &Name, upload: &UploadId) {
        self.must_be_announced(&format!("abort {}", upload.key), |action| match action {
            Action::Pack { new, .. } => {
                new.store == *store && [Part::Archive, Part::Contents].iter().any(|part| new.key(*part) == upload.key)
            }
            Action::Commit { new, .. } => new.store == *store && new.key(Part::Manifest) == upload.key,
            Action::Delete { store: of, leftovers, .. } => {
                of == store && leftovers.contains(&Leftover::Upload(upload.clone()))
            }
            _ => false,
        });
    }

    pub(super) fn may_make(&self, path: &PathBytes) {
        self.must_be_announced(&format!("change {path}"), |action| match action {
            Action::Recover(recovery) => {
                recovery.staging == *path || recovery.into == *path || recovery.leftovers.contains(path)
            }
            Action::Deploy(of) => {
                let own = [Some(&of.staging), Some(&of.into), of.fetched.as_ref(), of.link.as_ref().map(|of| &of.link)];
                own.into_iter().flatten().any(|name| name == path) || of.leftovers.contains(path)
            }
            Action::Link { link, .. } => link == path,
            Action::Switch { moves, .. } => {
                moves.iter().any(|step| [&step.from, &step.to, &step.kept].into_iter().any(|name| name == path))
            }
            _ => false,
        });
    }

    /// Folders above a release are made as well, for all to look into.
    pub(super) fn may_make_folder(&self, path: &PathBytes) {
        let is_above = |action: &Action| matches!(action, Action::Deploy(of) if of.into.starts_with(path));
        if !self.forecast.steps.iter().any(|step| is_above(&step.action)) {
            self.may_make(path);
        }
    }

    pub(super) fn may_run(&self, argv: &[String]) {
        let what = format!("run {}", argv.join(" "));
        self.must_be_announced(&what, |action| match action {
            Action::Probe { how: ProbeCheck::Command(of), .. } | Action::Command { argv: of, .. } => {
                self.are_words(of, argv)
            }
            _ => false,
        });
    }

    /// Whether these are the words of a program, with what earlier steps yielded.
    fn are_words(&self, of: &[Argument], argv: &[String]) -> bool {
        let yielded = |word: &Argument| match word {
            Argument::Text(text) => text.clone(),
            Argument::Output(output) => match &self.forecast.step(output.step).action {
                Action::Recover(recovery) => recovery.into.to_string(),
                Action::Deploy(deployment) => deployment.into.to_string(),
                Action::Launch(of) => machines::yielded(&self.world, of, output.kind),
                Action::Database(action) => match (&**action, output.kind) {
                    (DatabaseAction::Recover(of), OutputKind::Instance) => of.into.identifier.clone(),
                    (DatabaseAction::Recover(of), _) => databases::address(&self.world, &of.into),
                    _ => String::new(),
                },
                _ => String::new(),
            },
        };
        of.iter().map(yielded).eq(argv.iter().cloned())
    }
}

/// How far a step has come that was stopped. Nobody runs a program again that may have been run to its end, unless it does no harm.
fn put_down(action: &Action) -> Come {
    match action {
        Action::Command { repeatable: false, .. } => Come::InDoubt,
        _ => Come::Waiting,
    }
}

fn is_object(left: &Leftover, key: &Key) -> bool {
    matches!(left, Leftover::Object(object) if object.key == *key)
}

fn shortened(text: &str) -> String {
    text.chars().take(200).collect()
}

impl Known {
    fn broke(&mut self, invariant: Invariant, what: impl Into<String>) {
        self.broken.get_or_insert_with(|| Broken { invariant, what: what.into() });
    }

    fn came(&mut self, what: String) {
        let times = self.came.entry(what.clone()).or_default();
        *times += 1;
        if *times > 1 {
            self.broke(Invariant::Once, format!("{what} is made again"));
        }
    }

    fn take_in(&mut self, forecast: &Forecast, number: usize, line: &str) {
        let heard: Heard = match serde_json::from_str(line) {
            Ok(heard) => heard,
            Err(error) => return self.broke(Invariant::Forecast, format!("a line of the journal: {error}")),
        };
        if line.contains("a bug of this program") {
            self.broke(Invariant::Ends, format!("a step ended by a bug: {}", shortened(line)));
        }
        match (heard.record.as_str(), heard.step.filter(|step| step.index() < self.steps.len())) {
            ("forecast", _) if number == 0 => {}
            ("started", Some(step)) => self.start(forecast, step),
            (word @ ("finished" | "failed"), Some(step)) => {
                let name = &forecast.step(step).name;
                match self.steps[step.index()] {
                    Come::Running => {}
                    Come::Done => self.broke(Invariant::Once, format!("{name} ends again")),
                    _ => self.broke(Invariant::Forecast, format!("{name} ends unannounced")),
                }
                self.steps[step.index()] = match (word, heard.again) {
                    ("finished", _) => Come::Done,
                    (_, Some(true)) => Come::Waiting,
                    _ => Come::Lost,
                };
                self.lose(forecast);
            }
            ("interrupted" | "resumed", None) => {
                let running = self.steps.iter_mut().zip(&forecast.steps).filter(|(come, _)| **come == Come::Running);
                running.for_each(|(come, step)| *come = put_down(&step.action));
            }
            ("waits", Some(step)) if self.steps[step.index()] == Come::Running => {
                self.steps[step.index()] = put_down(&forecast.step(step).action);
            }
            ("decided", Some(step)) if self.steps[step.index()] == Come::InDoubt => {
                self.steps[step.index()] = if heard.again == Some(true) { Come::Waiting } else { Come::Done };
            }
            ("ended", None) => {
                if self.steps.contains(&Come::Running) {
                    self.broke(Invariant::Order, "the run ends while a step is being performed");
                }
            }
            _ => self.broke(Invariant::Forecast, format!("line {} of the journal: {}", number + 1, shortened(line))),
        }
    }

    fn start(&mut self, forecast: &Forecast, step: StepId) {
        let name = &forecast.step(step).name;
        match self.steps[step.index()] {
            Come::Done => self.broke(Invariant::Once, format!("{name} is done, and begins again")),
            Come::Running => self.broke(Invariant::Once, format!("{name} begins while it is being performed")),
            Come::InDoubt => self.broke(Invariant::Once, format!("{name} may be done, and begins again unasked")),
            Come::Waiting | Come::Lost => {}
        }
        let stopped = forecast.fail_fast && self.steps.contains(&Come::Lost);
        let is_met = |(on, needs): &(StepId, bool)| match self.steps[on.index()] {
            Come::Done => true,
            Come::Lost => !needs,
            Come::Waiting => !needs && stopped,
            Come::Running | Come::InDoubt => false,
        };
        if let Some((on, _)) = forecast.step(step).after.iter().find(|tie| !is_met(tie)) {
            let before = &forecast.step(*on).name;
            self.broke(Invariant::Order, format!("{name} begins before {before} has ended"));
        }
        self.steps[step.index()] = Come::Running;
    }

    /// What needs a step that failed is lost as well; ids are in order.
    fn lose(&mut self, forecast: &Forecast) {
        for step in &forecast.steps {
            let needs_lost = step.after.iter().any(|(on, needs)| *needs && self.steps[on.index()] == Come::Lost);
            if needs_lost && self.steps[step.id.index()] == Come::Waiting {
                self.steps[step.id.index()] = Come::Lost;
            }
        }
    }

    fn hold_store(&mut self, store: &Name, objects: BTreeMap<Key, Bytes>) {
        let mut held = self.stores.remove(store).unwrap_or_default();
        let is_same = |key: &Key, bytes: &Bytes| {
            held.objects.get(key).is_some_and(|was| was.as_ptr() == bytes.as_ptr() && was.len() == bytes.len())
        };
        let changed: Vec<Key> =
            objects.iter().filter(|(key, bytes)| !is_same(key, bytes)).map(|(key, _)| key.clone()).collect();
        for key in changed {
            // An attempt that packs again puts its own objects anew, until a manifest speaks of them.
            let is_spoken_of = PointPlace::parse(&key)
                .is_some_and(|(place, _)| held.manifests.contains_key(&place.key(Part::Manifest)));
            match held.objects.contains_key(&key) {
                true if is_spoken_of => self.broke(Invariant::Once, format!("{key} was overwritten")),
                true => {}
                false => self.came(format!("{store}:{key}")),
            }
            if let Some((place, Part::Manifest)) = PointPlace::parse(&key) {
                match manifest(&place, &objects[&key], &objects) {
                    Ok(manifest) => {
                        let this = (manifest.moment, key.clone());
                        let newest = held.newest.entry(owner(&place)).or_insert_with(|| this.clone());
                        *newest = newest.clone().max(this);
                        held.manifests.insert(key, manifest);
                    }
                    Err(what) => self.broke(Invariant::Recoverable, format!("{key}: {what}")),
                }
            }
        }
        held.manifests.retain(|key, _| objects.contains_key(key));
        for manifest in held.manifests.values() {
            let lacks = |object: &&StoredObject| !objects.contains_key(&object.key);
            if let Some(lost) = [&manifest.archive, &manifest.contents].into_iter().find(lacks) {
                self.broke(Invariant::LastCopy, format!("{} is gone, and its manifest is there", lost.key));
            }
        }
        for (_, key) in held.newest.values().filter(|(_, key)| !objects.contains_key(key)) {
            self.broke(Invariant::LastCopy, format!("the newest good point {key} is gone"));
        }
        held.objects = objects;
        self.stores.insert(store.clone(), held);
    }
}

fn owner(place: &PointPlace) -> String {
    format!("{}/{}/{}", place.plan, place.job, place.host)
}

/// The manifest of a point whose objects are as it says.
fn manifest(place: &PointPlace, bytes: &[u8], objects: &BTreeMap<Key, Bytes>) -> Result<Manifest, String> {
    let manifest = Manifest::decode(bytes).map_err(|error| error.to_string())?;
    if manifest.place() != *place {
        return Err("it speaks of another place".into());
    }
    for StoredObject { key, size, digest } in [&manifest.archive, &manifest.contents] {
        let there = objects.get(key).ok_or_else(|| format!("it speaks of {key}, which is not there"))?;
        if there.len() as u64 != *size || Digest::of(there) != *digest {
            return Err(format!("{key} is not what it says"));
        }
    }
    Ok(manifest)
}
