//! A forecast that may hold steps of which nothing is known: it is shown, and cannot be run.

use serde::Serialize;

use super::{Forecast, ForecastStep};
use crate::graph::{Driver, Effect, Graph, Output, OutputKind, Step, StepKind, argument_line};
use crate::primitives::{Duration, JobName, Name, StepId, StepName};

/// What would happen, as far as that is known.
pub type Outlook = Forecast<OutlookStep>;

/// One step of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum OutlookStep {
    /// All is known that can be known before it runs.
    Known(Box<ForecastStep>),
    /// Nothing was asked about it.
    NotObserved(Box<NotObserved>),
}

/// A step about which nothing was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct NotObserved {
    /// Its place.
    pub id: StepId,
    /// Its stable name.
    pub name: StepName,
    /// What it does to the world.
    pub effect: Effect,
    /// The steps before it; where `true`, their failure prevents it.
    pub after: Vec<(StepId, bool)>,
    /// When to give up.
    pub timeout: Duration,
    /// How long the plan expects it to take.
    pub takes: Option<Duration>,
    /// The job it belongs to, if it is a backup's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<JobName>,
    /// The store that it reads or writes, if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store: Option<Name>,
    /// The word for it.
    pub word: &'static str,
    /// What it is about.
    pub what: String,
    /// Lines of detail.
    pub details: Vec<String>,
    /// What it yields.
    pub yields: Vec<OutputKind>,
    /// What it takes in: known only when those steps have run.
    pub inputs: Vec<Output>,
    /// Why nothing was asked.
    pub not_observed: Why,
}

/// Why nothing was asked about a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// This version has no driver for it: it cannot be run.
    NoDriver(Driver),
    /// It was not to be asked.
    NotAsked,
}

/// What steps of either kind have in common.
pub trait StepView {
    /// The step, where all is known of it.
    fn known(&self) -> Option<&ForecastStep>;
}

impl StepView for ForecastStep {
    fn known(&self) -> Option<&ForecastStep> {
        Some(self)
    }
}

impl StepView for OutlookStep {
    fn known(&self) -> Option<&ForecastStep> {
        match self {
            Self::Known(step) => Some(step),
            Self::NotObserved(_) => None,
        }
    }
}

impl OutlookStep {
    /// Its place.
    pub fn id(&self) -> StepId {
        match self {
            Self::Known(step) => step.id,
            Self::NotObserved(step) => step.id,
        }
    }

    /// Its stable name.
    pub fn name(&self) -> &StepName {
        match self {
            Self::Known(step) => &step.name,
            Self::NotObserved(step) => &step.name,
        }
    }

    /// How long the plan expects it to take.
    pub fn takes(&self) -> Option<Duration> {
        match self {
            Self::Known(step) => step.takes,
            Self::NotObserved(step) => step.takes,
        }
    }

    /// The steps before it; where `true`, their failure prevents it.
    pub fn after(&self) -> &[(StepId, bool)] {
        match self {
            Self::Known(step) => &step.after,
            Self::NotObserved(step) => &step.after,
        }
    }

    /// What this version lacks to perform it.
    pub fn lacks(&self) -> Option<Driver> {
        match self {
            Self::NotObserved(step) => match step.not_observed {
                Why::NoDriver(driver) => Some(driver),
                Why::NotAsked => None,
            },
            Self::Known(_) => None,
        }
    }
}

impl Outlook {
    /// The forecast that can be run.
    ///
    /// # Errors
    /// The first step of which nothing is known.
    pub fn performable(self) -> Result<Forecast, Box<NotObserved>> {
        let known = |step| match step {
            OutlookStep::Known(step) => Ok(*step),
            OutlookStep::NotObserved(step) => Err(step),
        };
        let steps = self.steps.into_iter().map(known).collect::<Result<_, _>>()?;
        Ok(Forecast {
            steps,
            format_version: self.format_version,
            plan: self.plan,
            run: self.run,
            host: self.host,
            subject: self.subject,
            at: self.at,
            timezone: self.timezone,
            base: self.base,
            stores: self.stores,
            hosts: self.hosts,
            secrets: self.secrets,
            limits: self.limits,
            fail_fast: self.fail_fast,
        })
    }
}

impl From<&Forecast> for Outlook {
    fn from(forecast: &Forecast) -> Self {
        Self {
            steps: forecast.steps.iter().map(|step| OutlookStep::Known(Box::new(step.clone()))).collect(),
            format_version: forecast.format_version,
            plan: forecast.plan.clone(),
            run: forecast.run.clone(),
            host: forecast.host.clone(),
            subject: forecast.subject.clone(),
            at: forecast.at,
            timezone: forecast.timezone.clone(),
            base: forecast.base.clone(),
            stores: forecast.stores.clone(),
            hosts: forecast.hosts.clone(),
            secrets: forecast.secrets.clone(),
            limits: forecast.limits.clone(),
            fail_fast: forecast.fail_fast,
        }
    }
}

/// The steps of a graph: those that this version has a driver for, by `forecast`.
pub(super) fn steps(graph: &Graph, forecast: impl Fn(&Step) -> ForecastStep) -> Vec<OutlookStep> {
    let of = |step: &Step| match step.lacks {
        Some(driver) => not_observed(step, Why::NoDriver(driver)),
        None => OutlookStep::Known(Box::new(forecast(step))),
    };
    graph.steps().iter().map(of).collect()
}

/// A step about which nothing is asked. What it lacks is told before all else.
pub(super) fn not_observed(step: &Step, why: Why) -> OutlookStep {
    let (what, details) = described(&step.kind);
    OutlookStep::NotObserved(Box::new(NotObserved {
        id: step.id,
        name: step.name.clone(),
        effect: step.kind.effect(),
        after: step.after.iter().map(|tie| (tie.on, tie.needs_success)).collect(),
        timeout: step.timeout,
        takes: step.takes,
        job: step.kind.job().cloned(),
        store: step.kind.store().cloned(),
        word: step.kind.word(),
        what,
        details,
        yields: step.kind.yields().to_vec(),
        inputs: step.kind.inputs().collect(),
        not_observed: step.lacks.map_or(why, Why::NoDriver),
    }))
}

/// What a step is about, from the plan alone, and lines of detail.
fn described(kind: &StepKind) -> (String, Vec<String>) {
    let none = |what: String| (what, vec![]);
    match kind {
        StepKind::Look { roots, files, .. } => {
            let roots: Vec<String> = roots.iter().map(ToString::to_string).collect();
            let exclude: Vec<&str> = files.exclude.iter().map(|glob| glob.value.as_str()).collect();
            let excluded = (!exclude.is_empty()).then(|| format!("left out: {}", exclude.join(", ")));
            (roots.join(", "), excluded.into_iter().collect())
        }
        StepKind::Pack { store, .. } => none(format!("into {store}")),
        StepKind::ReadBack { store, .. } => none(format!("from {store}")),
        StepKind::Commit { store, .. } => none(format!("the recovery point in {store}")),
        StepKind::Delete { store, retention: Some(_), .. } => none(format!("in {store}, what retention lets go")),
        StepKind::Delete { store, retention: None, .. } => {
            none(format!("in {store}: nothing, the plan sets no retention"))
        }
        StepKind::Recover { target, jobs, from_host, into, .. } => {
            let stores: Vec<String> = jobs.iter().map(|(job, store)| format!("{job} in {store}")).collect();
            let from = from_host.as_ref().map(|host| format!("recovery points of host {host}"));
            let of = format!("the newest recovery point of {}", stores.join(", "));
            (format!("{target} into {into}"), [of].into_iter().chain(from).collect())
        }
        StepKind::Probe { shows, how, .. } => (shows.clone(), vec![how.to_string()]),
        StepKind::Approve { what, role, people, .. } => {
            let people: Vec<String> =
                people.iter().map(|person| format!("{} ({})", person.person, person.account)).collect();
            (format!("{what:?}, by a person with the role {role}"), vec![people.join(", ")])
        }
        StepKind::Command { argv, on, .. } => {
            let on = on.as_ref().map(|on| argument_line(std::slice::from_ref(on)));
            none(format!("{}{}", argument_line(argv), at(on.as_deref())))
        }
        StepKind::Switch { target, on, moves, .. } => {
            let moved = moves.iter().map(|(from, to)| format!("{from} becomes {to}, and what is there is kept beside"));
            (format!("{target}{}", at(on.as_deref())), moved.collect())
        }
        StepKind::Deploy { target, from, into, link, .. } => {
            let link = link.as_ref().map(|link| format!("then {link} points to it"));
            (format!("{target} from {from} into a folder of its own in {into}"), link.into_iter().collect())
        }
        StepKind::Launch(step) => step.described(),
        StepKind::Database(step) => step.described(),
        StepKind::Undriven(undriven) => (undriven.what.clone(), undriven.details.clone()),
    }
}

fn at(host: Option<&str>) -> String {
    host.map_or_else(String::new, |host| format!(" on {host}"))
}
