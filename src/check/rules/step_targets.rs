//! The steps of a restore are of targets that they can be of.

use super::Scene;
use crate::check::scene::known_names;
use crate::diagnostic::codes::{restore::UNKNOWN_TARGET, step as codes};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::plan::{Into, RdsDatabase, Recover, RestoreStep, Source};
use crate::primitives::{Name, Spanned};

pub(super) fn run(scene: &Scene<'_>, out: &mut Diagnostics) {
    for step in scene.plan.restores.iter().flat_map(Scene::steps) {
        let found = match step {
            RestoreStep::Launch(launch) => {
                of_kind(scene, &launch.image, "machine-image", |source| matches!(source, Source::MachineImage(_)))
            }
            RestoreStep::Deploy(deploy) => {
                of_kind(scene, &deploy.target, "release", |source| matches!(source, Source::Release(_)))
            }
            RestoreStep::Recover(recover) => destination(scene, recover),
            _ => None,
        };
        out.extend(found);
    }
}

/// What is wrong where a step is of a target that is not declared, or of another kind.
fn of_kind(scene: &Scene<'_>, name: &Spanned<Name>, kind: &str, is: impl Fn(&Source) -> bool) -> Option<Diagnostic> {
    let Some(target) = scene.targets.get(&name.value) else {
        if scene.is_broken("target", &name.value) {
            return None;
        }
        let help = known_names(name.value.as_str(), "target", scene.targets.keys().map(|name| name.as_str()));
        let message = format!("no target is called \"{}\"", name.value);
        return Some(Diagnostic::new(&UNKNOWN_TARGET, message, name.span, "not declared", help));
    };
    let source = target.source.as_ref();
    if source.is_some_and(is) || (source.is_none() && scene.is_broken("target", &name.value)) {
        return None;
    }
    let message = format!("the target \"{}\" is no `{kind}`", name.value);
    let help = format!("name a target that is a `{kind}`, or write `{kind}` in the block of this one");
    let found = Diagnostic::new(&codes::WRONG_TARGET, message, name.span, format!("a `{kind}` is needed"), help);
    let (span, label) = source.map_or_else(
        || (target.name.span, "declared here".to_owned()),
        |source| (source.span(), format!("this is `{}`", source.word())),
    );
    Some(found.also(span, label))
}

/// What is wrong where a target is put into something that it cannot be in.
fn destination(scene: &Scene<'_>, recover: &Recover) -> Option<Diagnostic> {
    let source = scene.targets.get(&recover.target.value)?.source.as_ref()?;
    let rds = match source {
        Source::Rds(rds) => Some(&rds.database),
        _ => None,
    };
    let (span, help) = match (&recover.into, rds) {
        (Into::Path { path, .. }, Some(RdsDatabase::Instance(_))) => {
            (path.span, "write `into instance=\"…\"`: the instance that is made")
        }
        (Into::Path { path, .. }, Some(RdsDatabase::Cluster(_))) => {
            (path.span, "write `into cluster=\"…\"`: the cluster that is made")
        }
        (Into::Database { database, .. }, None) => {
            (database.identifier().span, "write `into path=\"…\"`: the folder that is made")
        }
        (Into::Database { database: RdsDatabase::Instance(name), .. }, Some(RdsDatabase::Cluster(_))) => {
            (name.span, "write `into cluster=\"…\"`: what is kept of a cluster makes a cluster")
        }
        (Into::Database { database: RdsDatabase::Cluster(name), .. }, Some(RdsDatabase::Instance(_))) => {
            (name.span, "write `into instance=\"…\"`: what is kept of an instance makes an instance")
        }
        _ => return None,
    };
    let message = format!("the target \"{}\" cannot be put there", recover.target.value);
    let found = Diagnostic::new(&codes::WRONG_DESTINATION, message, span, "put here", help);
    Some(found.also(source.span(), format!("this is `{}`", source.word())))
}
