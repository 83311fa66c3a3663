//! `sonae timeline`: which recovery points there are when, from the plan alone.

use std::path::Path;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::arguments::{TimelineArguments, TimelineForm};
use super::load::Loaded;
use super::{Failure, host, load, output, slices, times};
use crate::calendar;
use crate::diagnostic::nearest;
use crate::plan::{Plan, Target};
use crate::primitives::Name;
use crate::report;
use crate::run::ExitStatus;
use crate::timeline::{self, Comparison, Question, Timeline};

/// So long a time is shown at most: a calendar of a hundred years.
const LENGTH_MAX: SignedDuration = SignedDuration::from_hours(100 * 366 * 24);
/// What is shown where nobody says until when.
const USUAL_DAYS: i64 = 31;

/// The recovery points of a plan through time (`sonae timeline --format json`).
#[derive(Serialize, schemars::JsonSchema)]
pub(super) struct Shown {
    /// The version of this form.
    #[schemars(extend("const" = 1))]
    format_version: u32,
    #[serde(flatten)]
    timeline: Timeline,
}

/// What differs between the timelines of two plans (`sonae timeline --compare --format json`).
#[derive(Serialize, schemars::JsonSchema)]
pub(super) struct Compared {
    /// The version of this form.
    #[schemars(extend("const" = 1))]
    format_version: u32,
    #[serde(flatten)]
    comparison: Comparison,
}

pub(super) fn timeline(arguments: &TimelineArguments) -> Result<ExitStatus, Failure> {
    if arguments.compare.is_some() && arguments.format == TimelineForm::Svg {
        return Err(Failure::usage("a comparison has no single picture; write --format text, markdown, json or html"));
    }
    let loaded = load::load(&arguments.plan)?;
    let plan = loaded.proven.plan();
    let question = question(arguments, plan)?;
    let chosen = Chosen::of(arguments, plan)?;
    let timeline = shown(plan, &question, |target| chosen.means(target))?;
    match &arguments.compare {
        None => tell(timeline, arguments.format)?,
        Some(old) => tell_difference(&timeline, &older(old, &question, arguments)?, arguments.format)?,
    }
    Ok(ExitStatus::Well)
}

fn tell(timeline: Timeline, form: TimelineForm) -> Result<(), Failure> {
    match form {
        TimelineForm::Text => output::data(&report::timeline::text(&timeline)),
        TimelineForm::Markdown => output::data(&report::timeline::markdown(&timeline)),
        TimelineForm::Svg => output::data(&report::timeline::svg(&timeline)),
        TimelineForm::Html => output::data(&report::html::timeline(&timeline)),
        TimelineForm::Json => output::json(&Shown { format_version: 1, timeline }),
    }
}

fn tell_difference(new: &Timeline, old: &Timeline, form: TimelineForm) -> Result<(), Failure> {
    let comparison = timeline::compare(old, new);
    match form {
        TimelineForm::Markdown => output::data(&report::timeline::compared_markdown(&comparison)),
        TimelineForm::Json => output::json(&Compared { format_version: 1, comparison }),
        TimelineForm::Html => output::data(&report::html::timelines(&comparison, [old, new])),
        TimelineForm::Text | TimelineForm::Svg => output::data(&report::timeline::compared_text(&comparison)),
    }
}

/// What becomes of the recovery points of the days from that of `now` on, where one plan takes the place of another.
pub(super) fn compared(old: &Plan, new: &Plan, now: Timestamp) -> Result<Comparison, Failure> {
    let zone = calendar::zone(&new.timezone.value).unwrap_or(TimeZone::UTC);
    let from = day_of(now, &zone)?;
    let question = Question { from, to: later(from, &zone)?, at: None, since: None };
    let of = |plan: &Plan| {
        timeline::timeline(plan, &question, |_| true).map_err(|uncounted| Failure::error(uncounted.to_string()))
    };
    Ok(timeline::compare(&of(old)?, &of(new)?))
}

fn shown(plan: &Plan, question: &Question, chosen: impl Fn(&Target) -> bool) -> Result<Timeline, Failure> {
    let help = "choose a shorter time, keep fewer with `retention`, or leave its target out with --target";
    timeline::timeline(plan, question, chosen).map_err(|uncounted| Failure::error(format!("{uncounted}; {help}")))
}

/// The timeline of the plan that was, of the same targets as far as it has them.
fn older(file: &Path, question: &Question, arguments: &TimelineArguments) -> Result<Timeline, Failure> {
    let Loaded { proven, .. } = load::load(file)?;
    let host = arguments.host.as_deref().map(|given| host::name(Some(given))).transpose()?;
    let is_named = |target: &Target| {
        arguments.target.is_empty() || arguments.target.iter().any(|name| name == target.name.value.as_str())
    };
    shown(proven.plan(), question, |target| is_named(target) && host.as_ref().is_none_or(|host| target.is_of(host)))
}

/// Which targets are meant.
struct Chosen {
    targets: Vec<Name>,
    host: Option<Name>,
}

impl Chosen {
    fn of(arguments: &TimelineArguments, plan: &Plan) -> Result<Self, Failure> {
        let targets = arguments.target.iter().map(|text| target(plan, text)).collect::<Result<Vec<Name>, _>>()?;
        let host = arguments.host.as_deref().map(|given| host::name(Some(given))).transpose()?;
        let chosen = Self { targets, host };
        if let Some(host) = &chosen.host {
            let named = |target: &&Target| chosen.targets.contains(&target.name.value);
            let jobs = plan.targets.iter().filter(|target| chosen.targets.is_empty() || named(target));
            let jobs = jobs.flat_map(|target| target.backups.iter().map(|backup| target.job(backup))).collect();
            slices::of_host(plan, jobs, !chosen.targets.is_empty(), host)?;
        }
        Ok(chosen)
    }

    fn means(&self, target: &Target) -> bool {
        let is_named = self.targets.is_empty() || self.targets.contains(&target.name.value);
        is_named && self.host.as_ref().is_none_or(|host| target.is_of(host))
    }
}

fn target(plan: &Plan, text: &str) -> Result<Name, Failure> {
    let names: Vec<&Name> = plan.targets.iter().map(|target| &target.name.value).collect();
    if let Some(name) = names.iter().find(|name| name.as_str() == text) {
        return Ok((*name).clone());
    }
    let help = match nearest(text, names.iter().map(|name| name.as_str())) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("it has {}", names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ")),
    };
    Err(Failure::usage(format!("the plan has no target \"{text}\"; {help}")))
}

fn question(arguments: &TimelineArguments, plan: &Plan) -> Result<Question, Failure> {
    let zone = calendar::zone(&plan.timezone.value).unwrap_or(TimeZone::UTC);
    let parse = |text: &Option<String>| text.as_deref().map(|text| times::parse(text, &zone)).transpose();
    let now = parse(&arguments.now)?.unwrap_or_else(Timestamp::now);
    let from = match parse(&arguments.from)? {
        Some(from) => from,
        None => day_of(now, &zone)?,
    };
    let to = match parse(&arguments.to)? {
        Some(to) => to,
        None => later(from, &zone)?,
    };
    let (at, since) = (parse(&arguments.at)?, parse(&arguments.since)?);
    let shown = |time| calendar::local(time, &zone);
    if to <= from {
        return Err(Failure::usage(format!(
            "--to {} is not after --from {}; write a later one",
            shown(to),
            shown(from)
        )));
    }
    if to.duration_since(from) > LENGTH_MAX {
        return Err(Failure::usage("--from and --to are more than a hundred years apart; write a shorter time"));
    }
    if let Some(at) = at.filter(|at| *at < from || to < *at) {
        let (at, from, to) = (shown(at), shown(from), shown(to));
        return Err(Failure::usage(format!("--at {at} is not between --from {from} and --to {to}")));
    }
    Ok(Question { from, to, at, since })
}

/// The first moment of the day of a time.
fn day_of(time: Timestamp, zone: &TimeZone) -> Result<Timestamp, Failure> {
    let start = zone.to_datetime(time).date().to_zoned(zone.clone());
    start.map(|start| start.timestamp()).map_err(|error| Failure::usage(format!("--now has no day: {error}")))
}

/// The same time of day, the usual number of days later.
fn later(from: Timestamp, zone: &TimeZone) -> Result<Timestamp, Failure> {
    let local = zone.to_datetime(from).checked_add(jiff::Span::new().days(USUAL_DAYS));
    let to = local.and_then(|local| zone.to_timestamp(local)).ok();
    let shown = calendar::local(from, zone);
    to.ok_or_else(|| {
        Failure::usage(format!("there are no {USUAL_DAYS} days after {shown}; write an earlier --from, or --to"))
    })
}
