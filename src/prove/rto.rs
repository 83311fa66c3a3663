//! How long until it is back.

use std::cell::{Cell, OnceCell};
use std::collections::{BTreeMap, BTreeSet};

use super::path::{Paths, Way};
use super::promise::{Evidence, Kind, Path, Promise, RestoreTime, Subject};
use super::with_labels;
use crate::diagnostic::codes::prove::{RTO_BROKEN, RTO_UNPROVEN};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::plan::{Plan, Restore, RestoreStep, Target};
use crate::primitives::{Duration, Name, Span, Spanned};

/// The ways back that a plan has. How long each takes is looked for once, and only where something is promised of it.
pub(super) struct Ways<'p> {
    plan: &'p Plan,
    paths: Paths<'p>,
    /// The restores that recover a target, by their places in the plan.
    of_target: BTreeMap<&'p Name, BTreeSet<usize>>,
    /// What is known of each restore.
    known: Vec<Known>,
}

#[derive(Default)]
struct Known {
    /// The longest path, or the places of the steps without `takes`.
    way: OnceCell<Result<Way, Vec<Span>>>,
    /// The least that is promised.
    promised: Cell<Option<Duration>>,
    /// Whether a problem told its steps: they are told once.
    is_told: Cell<bool>,
}

impl<'p> Ways<'p> {
    pub(super) fn new(plan: &'p Plan) -> Self {
        let mut of_target = BTreeMap::new();
        for (place, restore) in plan.restores.iter().enumerate() {
            recovered(&restore.steps, &mut |target| {
                of_target.entry(target).or_insert_with(BTreeSet::new).insert(place);
            });
        }
        let known = plan.restores.iter().map(|_| Known::default()).collect();
        Self { plan, paths: Paths::new(plan), of_target, known }
    }

    /// Proves the own rto of the restore at a place, where it has one.
    pub(super) fn of_restore(&self, place: usize, out: &mut Diagnostics) -> Option<Promise> {
        let restore = &self.plan.restores[place];
        let rto = restore.rto.as_ref()?;
        let subject = Subject::Restore(restore.name.value.clone());
        let way = self.within(&subject, rto, place, out)?;
        Some(promise(subject, rto, restore, way))
    }

    /// Proves a target's rto, where it has one: every restore that recovers it by a step of its own must keep it as a whole.
    pub(super) fn of_target(&self, target: &Target, out: &mut Diagnostics) -> Option<Promise> {
        let rto = target.objective.as_ref()?.rto.as_ref()?;
        let subject = Subject::Target(target.name.value.clone());
        let Some(places) = self.of_target.get(&target.name.value) else {
            // A restore that could not be read may be the one that names it.
            if !self.plan.broken.iter().any(|block| block.kind == "restore") {
                out.push(no_way_back(target, rto));
            }
            return None;
        };
        let ways: Vec<Option<&Way>> = places.iter().map(|place| self.within(&subject, rto, *place, out)).collect();
        let ways: Vec<&Way> = ways.into_iter().collect::<Option<_>>()?;
        let (place, way) = places.iter().zip(ways).max_by_key(|(_, way)| way.path.length)?;
        Some(promise(subject, rto, &self.plan.restores[*place], way))
    }

    /// How long each restore takes of which something was promised so far.
    pub(super) fn times(&self) -> Vec<RestoreTime> {
        let time = |(restore, known): (&'p Restore, &Known)| {
            let (promised, way) = (known.promised.get()?, known.way.get()?.as_ref().ok()?);
            let left = promised.seconds.checked_sub(way.path.length.seconds).map(Duration::from_seconds);
            let steps = self.paths.slack(&restore.steps).into_iter().map(|step| step.leaving(left));
            Some(RestoreTime {
                restore: restore.name.value.clone(),
                takes: way.path.length,
                promised,
                left,
                standing: way.standing(),
                side_by_side: way.path.side_by_side,
                steps: steps.collect(),
            })
        };
        self.plan.restores.iter().zip(&self.known).filter_map(time).collect()
    }

    /// The way of a restore, where it is within the objective; else that is reported.
    fn within(&self, subject: &Subject, rto: &Spanned<Duration>, place: usize, out: &mut Diagnostics) -> Option<&Way> {
        let (restore, known) = (&self.plan.restores[place], &self.known[place]);
        known.promised.set(Some(known.promised.get().map_or(rto.value, |least| least.min(rto.value))));
        let way = known.way.get_or_init(|| self.paths.longest(&restore.steps));
        // What the restore promises by itself is told with its steps.
        let is_own = matches!(subject, Subject::Restore(_));
        let told_there = match way {
            Ok(way) => restore.rto.as_ref().is_some_and(|own| way.path.length > own.value),
            Err(_) => restore.rto.is_some(),
        };
        let briefly = !is_own && (told_there || known.is_told.get());
        match way {
            Ok(way) if way.path.length <= rto.value => return Some(way),
            Ok(way) => out.push(broken(subject, rto, restore, &way.path, briefly)),
            Err(missing) => {
                let room = self.paths.room_for_unsaid(&restore.steps, rto.value);
                out.push(unproven(subject, rto, restore, missing, room, briefly));
            }
        }
        known.is_told.set(true);
        None
    }
}

fn promise(subject: Subject, rto: &Spanned<Duration>, restore: &Restore, way: &Way) -> Promise {
    let evidence = Evidence::Path { restore: restore.name.value.clone(), path: way.path.clone() };
    Promise::new(subject, Kind::Rto, rto.value, way.path.length, way.standing(), evidence)
}

/// Names every target that these steps recover.
fn recovered<'p>(steps: &'p [RestoreStep], name: &mut impl FnMut(&'p Name)) {
    for step in steps {
        match step {
            RestoreStep::Recover(recover) => name(&recover.target.value),
            RestoreStep::Parallel(steps) => recovered(steps, name),
            _ => {}
        }
    }
}

/// `briefly` where its steps are told elsewhere.
fn broken(subject: &Subject, rto: &Spanned<Duration>, restore: &Restore, path: &Path, briefly: bool) -> Diagnostic {
    let (total, name) = (path.length, &restore.name.value);
    let message = match subject {
        Subject::Target(target) => {
            format!("`{target}` is back after {total} with restore `{name}`, and {} is promised", rto.value)
        }
        Subject::Restore(_) => format!("restore `{name}` takes {total}, and {} is promised", rto.value),
    };
    let help = format!("make a step quicker, run steps side by side in a `parallel`, or promise rto=\"{total}\"");
    if briefly {
        let found = Diagnostic::new(&RTO_BROKEN, message, rto.span, format!("{total} > {}", rto.value), help);
        return found.also(restore.name.span, format!("takes {}", path.sum()));
    }
    let promised = format!("{} > {}", path.sum(), rto.value);
    let steps = path.legs.iter().map(|leg| (leg.span, format!("takes {}", leg.takes)));
    with_labels(Diagnostic::new(&RTO_BROKEN, message, rto.span, promised, help), steps)
}

/// The same.
fn unproven(
    subject: &Subject,
    rto: &Spanned<Duration>,
    restore: &Restore,
    missing: &[Span],
    room: Option<Duration>,
    briefly: bool,
) -> Diagnostic {
    let name = &restore.name.value;
    let message = match subject {
        Subject::Target(target) => {
            format!("nothing shows that `{target}` is back within {} with restore `{name}`", rto.value)
        }
        Subject::Restore(_) => format!("nothing shows that restore `{name}` takes at most {}", rto.value),
    };
    let steps = if missing.len() == 1 { "the step that does not say it" } else { "each step that does not say it" };
    let help = match room {
        Some(room) => format!(
            "write into {steps} how long it takes at most, as a drill shows it: the promise holds up to takes=\"{room}\""
        ),
        None => format!(
            "write into {steps} how long it takes at most, and promise more: the other steps leave nothing of {}",
            rto.value
        ),
    };
    let found = Diagnostic::new(&RTO_UNPROVEN, message, rto.span, "promised here", help);
    if briefly {
        let steps = if missing.len() == 1 { "a step" } else { "steps" };
        return found.also(restore.name.span, format!("has {steps} without `takes`"));
    }
    with_labels(found, missing.iter().map(|span| (*span, "has no `takes`".to_owned())))
}

fn no_way_back(target: &Target, rto: &Spanned<Duration>) -> Diagnostic {
    let name = &target.name.value;
    let message = format!("nothing shows that `{name}` is back within {}: no restore recovers it", rto.value);
    let help = format!("write a restore with `recover \"{name}\" takes=\"…\"`");
    Diagnostic::new(&RTO_UNPROVEN, message, rto.span, "promised here", help)
}
