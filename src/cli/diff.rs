//! `sonae diff`: what a change of a plan means.

use std::collections::BTreeSet;
use std::panic::resume_unwind;
use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::arguments::{DiffArguments, DiffForm};
use super::sides::{Pair, PlanText, pairs};
use super::{Failure, host, live, load, output, timeline, times};
use crate::check::Waived;
use crate::diagnostic::codes::include;
use crate::diagnostic::{Diagnostic, Severity, Sources};
use crate::diff::{self, Change, Changes, Kind};
use crate::forecast::{self, Circumstances};
use crate::graph::Slice;
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
    /// What the newer was compiled from, which its changes point into; the text of the older, where that is gone.
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
    let pairs = pairs(&arguments.old, &arguments.new)?;
    let is_one_of_many = pairs.len() > 1;
    for pair in pairs {
        told.push(compare(pair, is_one_of_many, (now, arguments.live))?);
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

fn compare(pair: Pair, is_one_of_many: bool, (now, live): (Timestamp, bool)) -> Result<Told, Failure> {
    let is_let_be = is_one_of_many && pair.is_untouched();
    let Pair { old, new, moved } = pair;
    let (before, after) = compiled(old.as_ref(), new.as_ref(), now);
    if is_let_be && after.as_ref().is_some_and(|after| after.proven.is_none()) {
        let names = [old, new].map(|side| side.map(|side| side.name));
        output::say(&format!("{} has errors, as it had: it was not compared", names[1].as_deref().unwrap_or_default()));
        return Ok(Told::untouched(names));
    }
    let (before, unreadable) = match old.as_ref().zip(before).map(|(text, read)| older(text, read)).transpose()? {
        Some(Ok(known)) => (Some(known), None),
        Some(Err(unreadable)) => (None, Some(unreadable)),
        None => (None, None),
    };
    let (before, known) = before.unzip();
    let after = new.as_ref().zip(after);
    let after = after.map(|(text, compiled)| newer(text, compiled, &known.unwrap_or_default())).transpose()?;
    let (after, found) = after.unzip();
    let lying = match (&before, &after, &new) {
        (Some(old), Some(proven), Some(new)) if live => live::lying(old, proven, &new.base, now)?,
        _ => vec![],
    };
    let known = diff::Where { lying, moved, unreadable };
    let changes = diff::diff_where(before.as_ref(), after.as_ref().map(ProvenPlan::plan), now, &known);
    let gone = old.as_ref().filter(|_| new.is_none()).map(PlanText::alone);
    let compared = Compared { old: old.map(|old| old.name), new: new.as_ref().map(|new| new.name.clone()), changes };
    let (sources, base) = new.map(|new| (new.sources, new.base)).unzip();
    let sources = sources.or(gone);
    Ok(Told { compared, sources, found: found.unwrap_or_default(), old: before, new: after, base })
}

/// A plan as it is written, and what the compiler finds in it; what it finds alone, where it cannot be read.
type Known = Result<(Plan, Vec<Diagnostic>), Vec<Diagnostic>>;

/// Both plans, side by side: to prove one takes longer than all else.
fn compiled(old: Option<&PlanText>, new: Option<&PlanText>, now: Timestamp) -> (Option<Known>, Option<Compiled>) {
    std::thread::scope(|scope| {
        let older = scope.spawn(|| old.map(|old| known(old, now)));
        let newer = new.map(|new| prove::compile(&new.sources, new.root, &new.base, now));
        (older.join().unwrap_or_else(|panic| resume_unwind(panic)), newer)
    })
}

fn known(text: &PlanText, now: Timestamp) -> Known {
    let lowered = prove::lowered(&text.sources, text.root);
    match lowered.plan.clone().filter(|_| !lowered.found.has_errors()) {
        Some(plan) => Ok((plan, lowered.compile(&text.base, now).diagnostics)),
        None => Err(lowered.found.into_sorted()),
    }
}

/// The older plan: whether it could be used today does not matter, as long as it can be read. What a commit has nobody can mend any more, so of
/// that it is told alone that it cannot be: else no review could let its repair pass.
fn older(text: &PlanText, read: Known) -> Result<Result<(Plan, Vec<Diagnostic>), String>, Failure> {
    let found = match read {
        Ok(known) => return Ok(Ok(known)),
        Err(found) => found,
    };
    let cannot = format!("{} cannot be read, so nothing can be compared with it", text.name);
    // Files that a commit does not have may be well where they are.
    let lacks_files = found.iter().any(|found| found.code.name == include::UNREADABLE.name);
    if text.is_of_a_commit() && !lacks_files {
        let first = found.iter().find(|found| found.severity == Severity::Error);
        return Ok(Err(first.map_or_else(|| cannot.clone(), |first| format!("{cannot}: {}", first.message))));
    }
    say(&found, &text.sources, Severity::Error);
    Err(Failure::error(cannot))
}

/// The newer plan, and what is found in it that was not known of the older: who reviews a change looks at that.
fn newer(text: &PlanText, compiled: Compiled, known: &[Diagnostic]) -> Result<(ProvenPlan, Vec<Diagnostic>), Failure> {
    let Compiled { diagnostics: mut found, proven, .. } = compiled;
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
    /// Of a plan that nobody can compare, and nobody changed.
    fn untouched([old, new]: [Option<String>; 2]) -> Self {
        let compared = Compared { old, new, changes: Changes::default() };
        Self { compared, sources: None, found: vec![], old: None, new: None, base: None }
    }

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
        let runbook = forecast::runbook(plan, &graph, &outlook, forecast::Known::default());
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
