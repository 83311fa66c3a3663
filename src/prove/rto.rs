//! How long until it is back.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use super::path::Limits;
use super::promise::{Evidence, Kind, Path, Promise, Standing, Subject};
use super::with_labels;
use crate::diagnostic::codes::prove::{RTO_BROKEN, RTO_UNPROVEN};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::plan::{Plan, Restore, RestoreStep, Target};
use crate::primitives::{Duration, Name, Span, Spanned};

/// The ways back that a plan has. How long each takes is looked for once, and only where something is promised of it.
pub(super) struct Ways<'p> {
    plan: &'p Plan,
    limits: Limits<'p>,
    /// The restores that recover a target, by their places in the plan.
    of_target: BTreeMap<&'p Name, BTreeSet<usize>>,
    /// Of each restore the longest path, or the places of the steps without `takes`.
    longest: Vec<OnceCell<Result<Path, Vec<Span>>>>,
}

impl<'p> Ways<'p> {
    pub(super) fn new(plan: &'p Plan) -> Self {
        let mut of_target = BTreeMap::new();
        for (place, restore) in plan.restores.iter().enumerate() {
            recovered(&restore.steps, &mut |target| {
                of_target.entry(target).or_insert_with(BTreeSet::new).insert(place);
            });
        }
        Self { plan, limits: Limits::new(plan), of_target, longest: vec![OnceCell::new(); plan.restores.len()] }
    }

    /// Proves the own rto of the restore at a place, where it has one.
    pub(super) fn of_restore(&self, place: usize, out: &mut Diagnostics) -> Option<Promise> {
        let restore = &self.plan.restores[place];
        let rto = restore.rto.as_ref()?;
        let subject = Subject::Restore(restore.name.value.clone());
        let path = self.within(&subject, rto, place, out)?;
        Some(promise(subject, rto, restore, path))
    }

    /// Proves a target's rto, where it has one: every restore that recovers it must keep it as a whole.
    pub(super) fn of_target(&self, target: &Target, out: &mut Diagnostics) -> Option<Promise> {
        let rto = target.objective.as_ref()?.rto.as_ref()?;
        let subject = Subject::Target(target.name.value.clone());
        let Some(ways) = self.of_target.get(&target.name.value) else {
            // A restore that could not be read may be the one that names it.
            if !self.plan.broken.iter().any(|block| block.kind == "restore") {
                out.push(no_way_back(target, rto));
            }
            return None;
        };
        let paths: Vec<Option<Path>> = ways.iter().map(|place| self.within(&subject, rto, *place, out)).collect();
        let paths: Vec<Path> = paths.into_iter().collect::<Option<_>>()?;
        let (place, path) = ways.iter().zip(paths).max_by_key(|(_, path)| path.length)?;
        Some(promise(subject, rto, &self.plan.restores[*place], path))
    }

    /// The longest path of a restore, where it is within the objective; else that is reported.
    fn within(&self, subject: &Subject, rto: &Spanned<Duration>, place: usize, out: &mut Diagnostics) -> Option<Path> {
        let restore = &self.plan.restores[place];
        match self.longest[place].get_or_init(|| self.limits.longest(&restore.steps)) {
            Ok(path) if path.length <= rto.value => return Some(path.clone()),
            Ok(path) => out.push(broken(subject, rto, restore, path)),
            Err(missing) => out.push(unproven(subject, rto, restore, missing)),
        }
        None
    }
}

fn promise(subject: Subject, rto: &Spanned<Duration>, restore: &Restore, path: Path) -> Promise {
    Promise {
        subject,
        kind: Kind::Rto,
        promised: rto.value,
        proven: path.length,
        standing: Standing::Proven,
        evidence: Evidence::Path { restore: restore.name.value.clone(), path },
    }
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

fn broken(subject: &Subject, rto: &Spanned<Duration>, restore: &Restore, path: &Path) -> Diagnostic {
    let (total, name) = (path.length, &restore.name.value);
    let message = match subject {
        Subject::Target(target) => {
            format!("`{target}` is back after {total} with restore `{name}`, and {} is promised", rto.value)
        }
        Subject::Restore(_) => format!("restore `{name}` takes {total}, and {} is promised", rto.value),
    };
    let help = format!("make a step quicker, run steps side by side in a `parallel`, or promise rto=\"{total}\"");
    let promised = format!("{} > {}", path.sum(), rto.value);
    let steps = path.legs.iter().map(|leg| (leg.span, format!("takes {}", leg.takes)));
    with_labels(Diagnostic::new(&RTO_BROKEN, message, rto.span, promised, help), steps)
}

fn unproven(subject: &Subject, rto: &Spanned<Duration>, restore: &Restore, missing: &[Span]) -> Diagnostic {
    let name = &restore.name.value;
    let message = match subject {
        Subject::Target(target) => {
            format!("nothing shows that `{target}` is back within {} with restore `{name}`", rto.value)
        }
        Subject::Restore(_) => format!("nothing shows that restore `{name}` takes at most {}", rto.value),
    };
    let help = "write into each step how long it takes, as in takes=\"20m\"";
    let steps = missing.iter().map(|span| (*span, "has no `takes`".to_owned()));
    with_labels(Diagnostic::new(&RTO_UNPROVEN, message, rto.span, "promised here", help), steps)
}

fn no_way_back(target: &Target, rto: &Spanned<Duration>) -> Diagnostic {
    let name = &target.name.value;
    let message = format!("nothing shows that `{name}` is back within {}: no restore recovers it", rto.value);
    let help = format!("write a restore with `recover \"{name}\" takes=\"…\"`");
    Diagnostic::new(&RTO_UNPROVEN, message, rto.span, "promised here", help)
}
