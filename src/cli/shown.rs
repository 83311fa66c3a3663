//! `sonae verify`, `sonae drill` and `sonae announce`: what a plan says of them is shown; no version performs them yet.

use super::arguments::ShownArguments;
use super::{Failure, host, load, run, slices};
use crate::diagnostic::nearest;
use crate::forecast::{self, Circumstances};
use crate::graph::Slice;
use crate::plan::Plan;
use crate::primitives::Name;
use crate::run::ExitStatus;

/// Which of the three.
#[derive(Debug, Clone, Copy)]
pub(super) enum Word {
    Verify,
    Drill,
    Announce,
}

impl Word {
    fn name(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Drill => "drill",
            Self::Announce => "announce",
        }
    }

    fn declared(self, plan: &Plan) -> Vec<&Name> {
        match self {
            Self::Verify => plan.verifies.iter().map(|verify| &verify.name.value).collect(),
            Self::Drill => plan.drills.iter().map(|drill| &drill.name.value).collect(),
            Self::Announce => plan.announces.iter().map(|announce| &announce.name.value).collect(),
        }
    }

    fn slice(self, name: Name) -> Slice {
        match self {
            Self::Verify => Slice::Verify(name),
            Self::Drill => Slice::Drill(name),
            Self::Announce => Slice::Announce(name),
        }
    }
}

pub(super) fn shown(arguments: &ShownArguments, word: Word) -> Result<ExitStatus, Failure> {
    let loaded = load::load(&arguments.plan)?;
    let plan = loaded.proven.plan();
    let slice = word.slice(named(word, plan, &arguments.name)?);
    let graph = loaded.proven.graph().of_slice(&slice);
    if !arguments.dry.dry_run {
        slices::refuse(&graph)?;
    }
    let who = Circumstances::plain(host::name(None)?, loaded.base.clone());
    let at = run::as_of(&arguments.dry, plan)?.unwrap_or_else(jiff::Timestamp::now);
    run::print(&forecast::unasked(plan, &graph, at, &who, Some(&slice)), &arguments.dry, arguments.format.format)
}

fn named(word: Word, plan: &Plan, text: &str) -> Result<Name, Failure> {
    let declared = word.declared(plan);
    if let Some(name) = declared.iter().find(|name| name.as_str() == text) {
        return Ok((*name).clone());
    }
    let names: Vec<&str> = declared.iter().map(|name| name.as_str()).collect();
    let help = match nearest(text, names.iter().copied()) {
        Some(near) => format!("did you mean {near}?"),
        None if names.is_empty() => "it declares none".into(),
        None => format!("it has {}", names.join(", ")),
    };
    Err(Failure::usage(format!("the plan has no {} \"{text}\"; {help}", word.name())))
}
