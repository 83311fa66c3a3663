//! Graphs for programs that draw: each step and each tie once, whatever a plan is called.

use std::path::Path;

use sonae::fakes::World;
use sonae::forecast::{Circumstances, Outlook, Runbook};
use sonae::prove::ProvenPlan;
use sonae::report::diagram::{dot, mermaid};

use super::pages::{HOSTILE, SMALL, restored, wait_for};
use super::{compile, compile_file, past};
use crate::faults::scene;

fn backup(proven: &ProvenPlan, world: &World) -> Outlook {
    let who = Circumstances { accept_deletions: true, ..scene::who() };
    wait_for(scene::outlook_by(proven, world, &who))
}

/// The lines that are one step, and those that are one tie, in either form.
fn counts(outlook: &Outlook, runbook: Option<&Runbook>) -> [(usize, usize); 2] {
    let count = |text: &str, is: &dyn Fn(&str) -> bool| text.lines().filter(|line| is(line.trim_start())).count();
    let numbered = |line: &str| line.starts_with(|c: char| c.is_ascii_digit());
    let (mermaid, dot) = (mermaid(outlook, runbook), dot(outlook, runbook));
    let is_step = |line: &str| line.strip_prefix('s').is_some_and(|rest| numbered(rest) && rest.contains("<br/>"));
    let of_mermaid = (count(&mermaid, &is_step), count(&mermaid, &|line| line.contains("-> s")));
    let of_dot = (
        count(&dot, &|line| numbered(line) && line.contains(" [label=")),
        count(&dot, &|line| numbered(line) && line.contains(" -> ") && !line.contains("label=")),
    );
    [of_mermaid, of_dot]
}

fn holds(outlook: &Outlook, runbook: Option<&Runbook>, path: &Path) {
    let ties = outlook.steps.iter().map(|step| step.after().len()).sum();
    assert_eq!(counts(outlook, runbook), [(outlook.steps.len(), ties); 2], "{}", path.display());
}

#[test]
fn graphs_of_every_plan_have_each_step_and_each_tie_once() {
    let look = |path: &Path| {
        let Some(proven) = compile_file(path).proven else { return };
        let world = past::aged(&proven);
        if proven.plan().job_names().next().is_some() {
            holds(&backup(&proven, &world), None, path);
        }
        for named in &proven.plan().restores {
            let (outlook, runbook) = restored(&proven, &world, named.name.value.as_str());
            holds(&outlook, Some(&runbook), path);
        }
    };
    insta::glob!("../../plans", "*.kdl", look);
    insta::glob!("plans/*.kdl", look);
}

#[test]
fn graphs_look_as_they_did() {
    for (name, text, restore) in [("small", SMALL, "photos"), ("hostile", HOSTILE, "all")] {
        let proven = compile("plan.kdl", text).proven.expect("it compiles");
        let world = past::aged(&proven);
        let (outlook, runbook) = restored(&proven, &world, restore);
        holds(&outlook, Some(&runbook), Path::new(name));
        insta::assert_snapshot!(format!("graph-of-{name}-mermaid"), mermaid(&outlook, Some(&runbook)));
        insta::assert_snapshot!(format!("graph-of-{name}-dot"), dot(&outlook, Some(&runbook)));
    }
    let proven = compile("plan.kdl", SMALL).proven.expect("it compiles");
    // Nothing of its source is left: what fails, and what is skipped for it.
    let gone = past::aged(&proven);
    let roots = past::jobs(proven.graph());
    roots.iter().flat_map(|job| &job.roots).for_each(|root| gone.tree().take_away(root.as_bytes()));
    insta::assert_snapshot!("graph-of-failure-mermaid", mermaid(&backup(&proven, &gone), None));
}
