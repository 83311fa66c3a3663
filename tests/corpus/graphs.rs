//! The graph of every plan that compiles: all its jobs together, then each restore.

use std::fmt::Write;
use std::path::Path;

use sonae::graph::{Dependency, Effect, Graph, OutputKind, ProbeCheck, Slice, Step, StepKind, argument_line};
use sonae::plan::{Guard, Plan};
use sonae::primitives::{Duration, Name, StepId};
use sonae::prove::{Evidence, ProvenPlan, Subject};

use super::compile_file;

#[test]
fn graphs_look_as_they_did() {
    let look = |path: &Path| {
        if let Some(proven) = compile_file(path).proven {
            insta::assert_snapshot!(shown(&proven));
        }
    };
    insta::glob!("../../plans", "*.kdl", look);
    insta::glob!("plans/*.kdl", look);
    insta::glob!("diagnostics/*.kdl", look);
}

fn shown(proven: &ProvenPlan) -> String {
    let jobs = proven.plan().job_names().collect();
    let mut text = format!("all jobs\n{}", of_graph(&proven.graph().of_jobs(&jobs)));
    for restore in &proven.plan().restores {
        let name = &restore.name.value;
        let graph = proven.graph().of_restore(name);
        let _ = write!(text, "\nrestore {name}\n{}", of_graph(&graph));
        let _ = writeln!(text, "  longest path: {}", path(proven, name, &graph));
    }
    for slice in others(proven.plan()) {
        let _ = write!(text, "\n{slice}\n{}", of_graph(&proven.graph().of_slice(&slice)));
    }
    text
}

/// What is neither a job nor a restore.
pub(super) fn others(plan: &Plan) -> Vec<Slice> {
    let verifies = plan.verifies.iter().map(|verify| Slice::Verify(verify.name.value.clone()));
    let drills = plan.drills.iter().map(|drill| Slice::Drill(drill.name.value.clone()));
    let announces = plan.announces.iter().map(|announce| Slice::Announce(announce.name.value.clone()));
    verifies.chain(drills).chain(announces).collect()
}

/// A line a step.
fn of_graph(graph: &Graph) -> String {
    if graph.steps().is_empty() {
        return "  no steps\n".into();
    }
    let widest = graph.steps().iter().map(|step| step.name.as_str().len()).max().unwrap_or(0);
    graph.steps().iter().map(|step| of_step(step, widest)).collect()
}

fn of_step(step: &Step, widest: usize) -> String {
    let mut parts = vec![];
    let (needed, followed): (Vec<&Dependency>, Vec<_>) = step.after.iter().partition(|tie| tie.needs_success);
    for (word, ties) in [("needs", needed), ("follows", followed)] {
        let ids: Vec<String> = ties.iter().map(|tie| number(tie.on)).collect();
        if !ids.is_empty() {
            parts.push(format!("{word} {}", ids.join(" ")));
        }
    }
    let taken: Vec<String> =
        step.kind.inputs().map(|input| format!("{} of {}", output(input.kind), number(input.step))).collect();
    if !taken.is_empty() {
        parts.push(format!("takes {}", taken.join(", ")));
    }
    parts.extend(step.kind.yields().iter().map(|yields| format!("yields {}", output(*yields))));
    parts.extend(step.takes.map(|takes| format!("about {takes}")));
    parts.push(format!("at most {}", step.timeout));
    parts.extend(about(&step.kind));
    parts.extend(step.lacks.map(|driver| format!("no driver for {driver}")));
    format!("{:>4} {:widest$}  {:<7}  {}\n", number(step.id), step.name, effect(step.kind.effect()), parts.join("; "))
}

fn number(id: StepId) -> String {
    format!("#{}", id.0)
}

fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Read => "read",
        Effect::Add => "add",
        Effect::Execute => "execute",
        Effect::Replace => "replace",
        Effect::Delete => "delete",
    }
}

fn output(kind: OutputKind) -> &'static str {
    match kind {
        OutputKind::Source => "source",
        OutputKind::Packed => "packed",
        OutputKind::ReadBack => "read-back",
        OutputKind::Committed => "committed",
        OutputKind::Selected => "selected",
        OutputKind::Instance => "instance",
        OutputKind::Address => "address",
        OutputKind::Path => "path",
    }
}

/// What no other step of its kind has.
fn about(kind: &StepKind) -> Option<String> {
    match kind {
        StepKind::Look { roots, .. } => {
            let roots: Vec<String> = roots.iter().map(ToString::to_string).collect();
            Some(format!("at {}", roots.join(" ")))
        }
        StepKind::Pack { store, .. } => Some(format!("into store {store}")),
        StepKind::Recover { jobs, from_host, into, .. } => {
            let jobs: Vec<String> = jobs.iter().map(|(job, store)| format!("{job} in {store}")).collect();
            let host = from_host.as_ref().map_or(String::new(), |host| format!(" on {host}"));
            Some(format!("a point of {}{host}; into {into}", jobs.join(" or ")))
        }
        StepKind::Probe { how: ProbeCheck::Path(path), .. } => Some(format!("is {path} there")),
        StepKind::Probe { how: ProbeCheck::Command(argv), .. } => {
            Some(format!("does `{}` exit with 0", argument_line(argv)))
        }
        StepKind::Probe { how, patience, .. } => Some(format!("see for up to {patience} that {how}")),
        StepKind::Approve { what, role, people, .. } => {
            let people: Vec<&str> = people.iter().map(|person| person.account.as_str()).collect();
            Some(format!("{what:?} by {role}, one of {}", people.join(" ")))
        }
        StepKind::Command { argv, on, repeatable, .. } => {
            let on =
                on.as_ref().map(|on| format!(" on {}", argument_line(std::slice::from_ref(on)))).unwrap_or_default();
            Some(format!("{}{on}{}", argument_line(argv), if *repeatable { ", repeatable" } else { "" }))
        }
        StepKind::Deploy { from, into, link, .. } => {
            let link = link.as_ref().map_or_else(String::new, |link| format!(", then {link}"));
            Some(format!("{from} into {into}{link}"))
        }
        StepKind::Switch { moves, .. } => {
            let moves: Vec<String> = moves.iter().map(|(from, to)| format!("{from} becomes {to}")).collect();
            Some(moves.join(", "))
        }
        StepKind::Delete { guard, .. } if *guard != Guard::default() => {
            Some(format!("suspended by a shrink of more than {}, or where more than {} go", guard.shrink, guard.delete))
        }
        StepKind::Database(step) => {
            let (what, details) = step.described();
            Some([what].into_iter().chain(details).collect::<Vec<_>>().join("; "))
        }
        StepKind::Launch(step) => {
            let (what, details) = step.described();
            Some([what].into_iter().chain(details).collect::<Vec<_>>().join("; "))
        }
        StepKind::Undriven(undriven) => {
            let details: Vec<&str> =
                [undriven.what.as_str()].into_iter().chain(undriven.details.iter().map(String::as_str)).collect();
            Some(details.join("; "))
        }
        StepKind::ReadBack { .. } | StepKind::Commit { .. } | StepKind::Delete { .. } => None,
    }
}

/// The longest path of a restore by what its steps take: as the graph has it, which the proof must agree with.
fn path(proven: &ProvenPlan, restore: &Name, graph: &Graph) -> String {
    let Some(longest) = longest(graph) else { return "not known, as a step has no `takes`".into() };
    let is_of = |subject: &Subject| matches!(subject, Subject::Restore(name) if name == restore);
    for promise in proven.proofs().promises.iter().filter(|promise| is_of(&promise.subject)) {
        assert_eq!(promise.proven, longest, "restore {restore}: the proof and the graph disagree");
        if let Evidence::Path { path, .. } = &promise.evidence {
            let legs: Vec<String> = path.legs.iter().map(|leg| format!("{} {}", leg.step, leg.takes)).collect();
            return format!("{longest}, proven by {}", legs.join(", "));
        }
    }
    format!("{longest}, and nothing is promised")
}

/// The longest sum of `takes` along the ties of a graph; none where a step has none.
pub(super) fn longest(graph: &Graph) -> Option<Duration> {
    let mut ends: Vec<u64> = vec![];
    for step in graph.steps() {
        let before = step.after.iter().map(|tie| ends[tie.on.index()]).max().unwrap_or(0);
        ends.push(before + step.takes?.seconds);
    }
    Some(Duration::from_seconds(ends.into_iter().max().unwrap_or(0)))
}
