//! A restore goes beside what is backed up: neither over it nor into it.

use std::collections::BTreeMap;

use super::Scene;
use crate::check::globs::LeftOut;
use crate::check::place::Place;
use crate::diagnostic::{Diagnostic, Diagnostics, codes};
use crate::plan::{Recover, Source, Target};
use crate::primitives::{Span, Spanned};

/// How many targets with the same root are looked at: more would take minutes on a hostile plan, and help nobody.
const ALIKE_MAX: usize = 100;

/// A root of what is backed up.
struct Root<'p> {
    target: usize,
    path: &'p Spanned<String>,
}

/// All roots, by where they are.
type Roots<'p> = BTreeMap<Place<'p>, Vec<Root<'p>>>;

pub(super) fn run(scene: &Scene<'_>, out: &mut Diagnostics) {
    let (mut roots, mut left_out) = (Roots::new(), Vec::new());
    for (target, Target { source, .. }) in scene.plan.targets.iter().enumerate() {
        let files = source.as_ref().and_then(Source::files);
        left_out.push(LeftOut::new(files.map_or(&[], |files| &files.exclude)));
        for path in files.iter().flat_map(|files| &files.roots) {
            roots.entry(Place::new(&path.value)).or_default().push(Root { target, path });
        }
    }
    for recover in scene.plan.restores.iter().flat_map(Scene::recoveries) {
        // What another host has at that path is not known here.
        let Some(path) = recover.into.local() else { continue };
        let into = Place::new(&path.value);
        if let Some(root) = at_or_below(&roots, &into) {
            out.push(over(recover, path.span, root, beside(root, &roots, &left_out)));
        } else if let Some(root) = around(&roots, &into, &left_out) {
            out.push(inside(recover, path.span, root, beside(root, &roots, &left_out)));
        }
    }
}

/// The first root that a folder is, or holds.
fn at_or_below<'r, 'p>(roots: &'r Roots<'p>, into: &Place<'p>) -> Option<&'r Root<'p>> {
    let (place, alike) = roots.range(into..).next()?;
    place.below(into).and(alike.first())
}

/// The nearest root that a folder lies in, and is backed up with.
fn around<'r, 'p>(roots: &'r Roots<'p>, into: &Place<'p>, left_out: &[LeftOut<'p>]) -> Option<&'r Root<'p>> {
    into.and_above().find_map(|above| {
        let below = into.below(&above)?;
        let backed_up = |root: &&Root<'_>| left_out.get(root.target).is_some_and(|globs| globs.leaves_in(below));
        roots.get(&above)?.iter().take(ALIKE_MAX).find(backed_up)
    })
}

/// A folder beside a root, where that is neither in nor over what is backed up.
fn beside(root: &Root<'_>, roots: &Roots<'_>, left_out: &[LeftOut<'_>]) -> Option<String> {
    let path = format!("{}.restored", root.path.value.trim_end_matches('/'));
    let place = Place::new(&path);
    let is_free = at_or_below(roots, &place).is_none() && around(roots, &place, left_out).is_none();
    is_free.then_some(path)
}

fn over(recover: &Recover, at: Span, root: &Root<'_>, beside: Option<String>) -> Diagnostic {
    let message = format!("the restore of \"{}\" goes over what is backed up", recover.target.value);
    let help = match beside {
        Some(path) => format!("restore beside it, as in `into path=\"{path}\"`"),
        None => "name a folder beside all that is backed up".to_owned(),
    };
    let label = "refused as long as anything is there";
    Diagnostic::new(&codes::restore::OVER_SOURCE, message, at, label, help).also(root.path.span, "backed up from here")
}

fn inside(recover: &Recover, at: Span, root: &Root<'_>, beside: Option<String>) -> Diagnostic {
    let message = format!("the restore of \"{}\" goes into what is backed up", recover.target.value);
    let help = match beside {
        Some(path) => {
            format!("restore beside it, as in `into path=\"{path}\"`, or leave the folder out with `exclude`")
        }
        None => "name a folder beside all that is backed up, or leave this one out with `exclude`".to_owned(),
    };
    let label = "the next backup would pack it as well";
    Diagnostic::new(&codes::restore::INSIDE_SOURCE, message, at, label, help)
        .also(root.path.span, "backed up with all below it")
}
