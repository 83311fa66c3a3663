//! Graphs as Graphviz draws them.

use std::path::Path;
use std::process::Command;

use super::Check;
use super::needs::{Need, program};
use super::scene::{ONE_JOB, Said, Scene};

pub(crate) const CHECKS: &[Check] =
    &[Check { name: "Graphviz draws each step of a graph, and complains of nothing", needs: &[DOT], run: drawn }];

const DOT: Need = Need::Program("dot", "graphviz");

/// Names that would end a label, or be an escape or a markup in it.
const NAMES: &str = r#"
restore "hostile" {
    approve "a \"quoted\" \\N \\l <b> &lt; {x|y} 備え" by="sysadmin"
    recover "files" { into path="/back/\\G" }
    probe "end\\" { path "/back/\\G" }
}
role "sysadmin" { member "admin-1@example.jp" user="admin1"; member "admin-2@example.jp" user="admin2" }
"#;

fn drawn() {
    let scene = Scene::new(&format!("{ONE_JOB}{NAMES}"));
    let plan = Path::new(env!("CARGO_MANIFEST_DIR")).join("plans/smaregi.kdl");
    let plan = plan.to_str().unwrap();
    for (steps, status, arguments) in [
        (3, 0, vec!["restore", "plan.kdl", "hostile"]),
        (22, 1, vec!["restore", plan, "everything"]),
        (44, 1, vec!["run", plan, "--all", "--host", "web-1"]),
    ] {
        let offline = ["--dry-run", "--offline", "--format", "dot"];
        let graph = scene.sonae(&[&arguments[..], &offline].concat()).exits(status).stdout();
        std::fs::write(scene.path("graph.dot"), graph).unwrap();
        let mut dot = Command::new(program("dot").expect("the check needs it"));
        let said = Said::of(dot.arg("-Tsvg").arg(scene.path("graph.dot"))).exits(0);
        let (svg, complaints) = (said.stdout(), said.stderr());
        assert_eq!((svg.matches("class=\"node\"").count(), complaints.as_str()), (steps, ""), "{arguments:?}");
        if steps == 3 {
            for label in [r"\&quot;quoted\&quot; \\N \\l &lt;b&gt; &amp;lt; {x|y} 備え", r"end\"] {
                assert!(svg.contains(label), "{label}\n{svg}");
            }
        }
    }
}
