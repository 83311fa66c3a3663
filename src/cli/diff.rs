//! `sonae diff`: what a change of a plan means.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::arguments::{DiffArguments, DiffForm};
use super::sides::{Pair, PlanText, pairs};
use super::{Failure, host, live, load, output, timeline, times};
use crate::check::Waived;
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, Sources};
use crate::diff::{self, Change, Kind};
use crate::forecast::{self, Circumstances, Known};
use crate::graph::Slice;
use crate::lower;
use crate::plan::Plan;
use crate::primitives::PathBytes;
use crate::prove::{self, Compiled, ProvenPlan};
use crate::report;
use crate::report::diff::{Compared, DiffReport};
use crate::report::html::{Restored, Versions};
use crate::run::ExitStatus;

/// Two versions of a plan, compared.
struct Told {
    compared: Compared,
    /// What the newer was compiled from; what its changes point into.
    sources: Option<Sources>,
    /// What the compiler finds in the newer, and not in the older.
    found: Vec<Diagnostic>,
    /// The plans themselves.
    old: Option<Plan>,
    new: Option<ProvenPlan>,
    /// The folder of the newer.
    base: Option<PathBytes>,
}

pub(super) fn diff(arguments: &DiffArguments) -> Result<ExitStatus, Failure> {
    let now = &arguments.now;
    let now = now.as_deref().map_or_else(|| Ok(Timestamp::now()), |text| times::parse(text, &TimeZone::UTC))?;
    let mut told = vec![];
    for pair in pairs(&arguments.old, &arguments.new)? {
        told.push(compare(pair, now, arguments.live)?);
    }
    let all = || told.iter().map(|told| &told.compared.changes);
    let status = match (all().any(|changes| changes.unwaived > 0), all().any(|changes| !changes.changes.is_empty())) {
        (true, _) => ExitStatus::Weakening,
        (false, true) => ExitStatus::Changes,
        (false, false) => ExitStatus::Well,
    };
    let here = load::absolute(Path::new("."))?.to_path().display().to_string();
    let as_of = AsOf { now, status, here };
    let text = shown(&told, arguments.format, &as_of)?;
    match &arguments.output {
        None => output::data(&text)?,
        Some(file) => {
            std::fs::write(file, text)
                .map_err(|error| Failure::error(format!("cannot write {}: {error}", file.display())))?;
            output::data(&shown(&told, DiffForm::Text, &as_of)?)?;
        }
    }
    Ok(status)
}

/// What a form says beside the changes.
struct AsOf {
    now: Timestamp,
    status: ExitStatus,
    /// The folder that names of files are shown below.
    here: String,
}

fn compare((old, new): Pair, now: Timestamp, live: bool) -> Result<Told, Failure> {
    let before = old.as_ref().map(older).transpose()?;
    let known = old.as_ref().map(|old| compiled(old, now).diagnostics).unwrap_or_default();
    let (after, found) = new.as_ref().map(|new| newer(new, &known, now)).transpose()?.unzip();
    let lying = match (&before, &after, &new) {
        (Some(old), Some(proven), Some(new)) if live => live::lying(old, proven, &new.base, now)?,
        _ => vec![],
    };
    let changes = diff::diff_where(before.as_ref(), after.as_ref().map(ProvenPlan::plan), now, &lying);
    let compared = Compared { old: old.map(|old| old.name), new: new.as_ref().map(|new| new.name.clone()), changes };
    let (sources, base) = new.map(|new| (new.sources, new.base)).unzip();
    Ok(Told { compared, sources, found: found.unwrap_or_default(), old: before, new: after, base })
}

/// The older plan: whether it could be used today does not matter, as long as it can be read.
fn older(text: &PlanText) -> Result<Plan, Failure> {
    let mut found = Diagnostics::default();
    let documents = lower::read(&text.sources, text.root, &mut found);
    let plan = lower::lower(&documents, &mut found).filter(|_| !found.has_errors());
    plan.ok_or_else(|| {
        say(&found.into_sorted(), &text.sources, Severity::Error);
        Failure::error(format!("{} cannot be read, so nothing can be compared with it", text.name))
    })
}

fn compiled(text: &PlanText, now: Timestamp) -> Compiled {
    prove::compile(&text.sources, text.root, &text.base, now)
}

/// The newer plan, and what is found in it that was not known of the older: who reviews a change looks at that.
fn newer(text: &PlanText, known: &[Diagnostic], now: Timestamp) -> Result<(ProvenPlan, Vec<Diagnostic>), Failure> {
    let Compiled { diagnostics: mut found, proven, .. } = compiled(text, now);
    if proven.is_some() {
        let known: BTreeSet<(&str, &str)> = known.iter().map(|known| (known.code.name, &*known.message)).collect();
        found.retain(|found| !known.contains(&(found.code.name, &*found.message)));
    }
    say(&found, &text.sources, Severity::Warning);
    let proven = proven.ok_or_else(|| Failure::error(format!("{} has errors, so it was not compared", text.name)))?;
    Ok((proven, found))
}

fn say(found: &[Diagnostic], sources: &Sources, least: Severity) {
    let found: Vec<Diagnostic> = found.iter().filter(|found| found.severity >= least).cloned().collect();
    if !found.is_empty() {
        output::say(report::diagnostics::text(&found, sources, load::colour(&std::io::stderr())).trim_end());
    }
}

fn shown(told: &[Told], form: DiffForm, as_of: &AsOf) -> Result<String, Failure> {
    let here = &as_of.here;
    let plans: Vec<Compared> = told.iter().map(|told| told.compared.clone()).collect();
    Ok(match form {
        DiffForm::Text => report::diff::text(&plans),
        DiffForm::Markdown => report::diff::markdown(&plans),
        DiffForm::Json => output::json_text(&DiffReport::new(&plans))?,
        DiffForm::Sarif => {
            let found: Vec<_> = told.iter().filter_map(Told::findings).collect();
            let found = found.iter().map(|(found, waived, sources)| (&found[..], &waived[..], *sources));
            output::json_text(&report::diagnostics::sarif(found, here))?
        }
        DiffForm::Github => {
            let found = told.iter().filter_map(Told::findings);
            found.map(|(found, _, sources)| report::diagnostics::github(&found, sources, here)).collect()
        }
        DiffForm::Html => {
            let versions: Vec<Versions<'_>> = told.iter().map(|told| told.versions(as_of.now)).collect();
            let restored = told.iter().find_map(|told| told.restored(as_of.now).transpose()).transpose()?;
            report::html::diff(&versions, restored.as_ref(), as_of.now, as_of.status)
        }
    })
}

impl Told {
    /// With what becomes of the recovery points of the month that comes.
    fn versions(&self, now: Timestamp) -> Versions<'_> {
        let new = self.new.as_ref().map(ProvenPlan::plan);
        let both = self.old.as_ref().zip(new);
        let points = both.map(|(old, new)| timeline::compared(old, new, now).map_err(|failure| failure.message));
        Versions { compared: &self.compared, new, points }
    }

    /// The first restore that differs, as the newer plan has it.
    fn restored(&self, now: Timestamp) -> Result<Option<Restored>, Failure> {
        let Some((proven, base)) = self.new.as_ref().zip(self.base.as_ref()) else { return Ok(None) };
        let of = |change: &Change| match change.subject.kind {
            Kind::Restore => Some(change.subject.name.clone()),
            Kind::Step => change.subject.name.split_once(": ").map(|(restore, _)| restore.to_owned()),
            _ => None,
        };
        let names: BTreeSet<String> = self.compared.changes.changes.iter().filter_map(of).collect();
        let plan = proven.plan();
        let mut differ =
            plan.restores.iter().map(|restore| &restore.name.value).filter(|name| names.contains(name.as_str()));
        let Some(restore) = differ.next() else { return Ok(None) };
        let graph = proven.graph().of_restore(restore);
        let who = Circumstances::plain(host::name(None)?, base.clone());
        let outlook = forecast::unasked(plan, &graph, now, &who, Some(&Slice::Restore(restore.clone())));
        let runbook = forecast::runbook(plan, &graph, &outlook, Known::default());
        Ok(Some(Restored { outlook, runbook, others: differ.count() }))
    }

    /// What the compiler finds, and what weakens, as what is said of the newer plan's text.
    fn findings(&self) -> Option<(Vec<Diagnostic>, Vec<Waived>, &Sources)> {
        let sources = self.sources.as_ref()?;
        let changes = &self.compared.changes.changes;
        let weakens = changes.iter().filter(|change| change.waived.is_none()).filter_map(Change::diagnostic);
        let standing = self.found.iter().cloned().chain(weakens);
        let waived = changes.iter().filter_map(|change| {
            let accepted = change.waived.as_ref()?;
            Some(Waived { found: change.diagnostic()?, reason: accepted.reason.clone() })
        });
        Some((standing.collect(), waived.collect(), sources))
    }
}
