//! The worked example, row by row: what in the plan says a row of the policy, and the steps that carry it out. The rows are named in comments of the
//! plan, so that a row whose words are taken out, or whose steps are gone, is noticed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use sonae::graph::{Graph, Step};
use sonae::primitives::{FileId, Span};
use sonae::prove::ProvenPlan;
use sonae::syntax::{Document, Node, Value};

use super::generated::is_current;
use crate::corpus::compile;

/// The rows of the policy, in few words.
const ROWS: [&str; 21] = [
    "OS and middleware are not backed up: rebuilt from a machine image",
    "programs are not backed up: redeployed from a release in Subversion",
    "databases on RDS: a full backup daily, kept 7 days",
    "databases on RDS: any moment up to 5 minutes ago, for 7 days",
    "images of the main service: daily 05:30, 7 generations and 7 days",
    "images of the second service: daily 05:30, 7 generations and 7 days",
    "access log: the previous day, daily 02:00, kept 7 years",
    "application log: closed days, daily 02:00, kept 1 year",
    "system logs: as they stand, daily 02:00, kept 1 year",
    "logs rotate daily; the folder holds at most two months",
    "each log folder is packed and sent to the backup server, 7 generations",
    "at the start of a month, whole months of two months ago and before are packed and leave the folder",
    "only the system administrators reach the backups",
    "every run is watched, and somebody is told of errors",
    "every month an administrator confirms that the backups are valid",
    "once a year backups and restores are practised",
    "system: back within 3 hours, from the machine image",
    "application: back within 30 minutes, from the release",
    "data: back within 30 minutes, from the newest backups",
    "logs: back within 30 minutes, from the newest backups",
    "customers are told within 24 hours",
];

/// Rows that no step carries out by itself, and what does.
const WITHOUT_STEPS: [(usize, &str); 2] = [
    (13, "every step on these stores is done with these principals' rights"),
    (14, "the events of every step of every run"),
];

const PLAN: &str = "plans/smaregi.kdl";

/// A node that says a row.
struct Saying<'d> {
    /// Its words, `target "access-log" › backup "days"`.
    path: String,
    node: &'d Node,
}

/// The rows named in the comment of a line.
fn rows_of(line: &str) -> Vec<usize> {
    let Some((before, comment)) = line.split_once("//") else { return vec![] };
    if before.trim().is_empty() {
        return vec![];
    }
    let words = comment.split(|c: char| !c.is_ascii_alphanumeric());
    words.filter_map(|word| word.strip_prefix('P')?.parse().ok()).collect()
}

fn argument(node: &Node) -> &str {
    match node.entries.iter().find(|entry| entry.property.is_none()).map(|entry| &entry.value.value) {
        Some(Value::String(text)) => text,
        _ => "",
    }
}

fn title(node: &Node) -> String {
    format!("{} {:?}", node.name.value, argument(node))
}

/// All nodes by the line that they begin on, the innermost last.
fn by_line<'d>(nodes: &'d [Node], above: &str, text: &str, found: &mut BTreeMap<usize, Vec<Saying<'d>>>) {
    for node in nodes {
        let path = if above.is_empty() { title(node) } else { format!("{above} › {}", title(node)) };
        let line = text[..node.header.range().start].matches('\n').count();
        by_line(&node.children, &path, text, found);
        found.entry(line).or_default().insert(0, Saying { path, node });
    }
}

/// What says each row, from the comments of the plan.
fn sayings<'d>(document: &'d Document, text: &str) -> BTreeMap<usize, Vec<Saying<'d>>> {
    let mut lines = BTreeMap::new();
    by_line(&document.nodes, "", text, &mut lines);
    let mut rows: BTreeMap<usize, Vec<Saying<'_>>> = BTreeMap::new();
    for (number, line) in text.lines().enumerate() {
        for row in rows_of(line) {
            let said = lines.get_mut(&number).filter(|said| !said.is_empty());
            let said = said.unwrap_or_else(|| panic!("{PLAN}:{}: nothing here says P{row}", number + 1));
            let Saying { path, node } = &said[0];
            rows.entry(row).or_default().push(Saying { path: path.clone(), node });
        }
    }
    rows
}

fn holds(body: Span, span: Span) -> bool {
    body.file == span.file && body.start <= span.start && span.end <= body.end
}

/// The steps that come from a node, by name. What a restore has of another, and what a drill has of restores, is carried out where the
/// plan says it too, and told there.
fn steps(node: &Node, graph: &Graph) -> Vec<String> {
    let is_of_node = |step: &&Step| {
        let (name, of) = (step.name.as_str(), holds(node.body, step.span));
        match node.name.value.as_str() {
            "drill" => name.starts_with(&format!("drill/{}/", argument(node))),
            "announce" => of,
            _ => of && !name.starts_with("drill/") && !name.starts_with("restore/everything/"),
        }
    };
    graph.steps().iter().filter(is_of_node).map(|step| format!("`{}`", step.name)).collect()
}

fn table(document: &Document, text: &str, proven: &ProvenPlan) -> String {
    let mut page = String::from(
        "# The worked example\n\n`plans/smaregi.kdl` says a published backup-and-recovery policy of a point-of-sale company, all of it. Its \
         comments name the rows of the policy, and this page is made from the compiled plan: what says each row, and the steps that carry it \
         out. `sonae run plans/smaregi.kdl --all --dry-run --host web-1` and `sonae restore plans/smaregi.kdl everything --dry-run --offline` \
         show them in order.\n\n| row | the policy | in the plan | steps |\n| --- | --- | --- | --- |\n",
    );
    let rows = sayings(document, text);
    for (row, what) in (1..).zip(ROWS) {
        let said = rows.get(&row).unwrap_or_else(|| panic!("nothing in {PLAN} says P{row}"));
        let mut nodes: Vec<String> = said.iter().map(|saying| format!("`{}`", saying.path)).collect();
        nodes.dedup();
        let mut steps: Vec<String> = said.iter().flat_map(|saying| steps(saying.node, proven.graph())).collect();
        let mut seen = std::collections::BTreeSet::new();
        steps.retain(|step| seen.insert(step.clone()));
        let without = WITHOUT_STEPS.iter().find(|(of, _)| *of == row);
        assert_eq!(steps.is_empty(), without.is_some(), "P{row}: {steps:?}");
        let steps = without.map_or_else(|| steps.join("<br>"), |(_, what)| (*what).to_owned());
        let _ = writeln!(page, "| P{row} | {what} | {} | {steps} |", nodes.join("<br>"));
    }
    let strange: Vec<_> = rows.keys().filter(|row| !(1..=ROWS.len()).contains(*row)).collect();
    assert!(strange.is_empty(), "the policy has no rows {strange:?}");
    page
}

#[test]
fn every_row_of_the_policy_is_said_and_carried_out() {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(PLAN)).unwrap();
    let compiled = compile("smaregi.kdl", &text);
    assert!(compiled.found.is_empty(), "{}", compiled.shown());
    assert_eq!(compiled.waived_codes(), Vec::<&str>::new(), "what is waived is listed here, exactly");
    let proven = compiled.proven.as_ref().expect("it compiles");
    let document = sonae::syntax::parse(FileId(0), &text, &mut sonae::diagnostic::Diagnostics::default());
    is_current("docs/worked-example.md", &table(&document, &text, proven));
}
