//! Any plan: the order of its steps, its circles and its slices, against a second opinion that knows nothing of graphs.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::sample::Index;
use sonae::diagnostic::codes;
use sonae::graph::{Effect, Graph, OutputKind, Step};
use sonae::primitives::{JobName, Name};
use sonae::prove::{Kind, ProvenPlan, Subject};

use super::{compile, graphs};

/// What a plan says of order: jobs, what each comes after, and restores.
#[derive(Debug, Clone)]
struct Model {
    /// The target of each job, in source order.
    targets: Vec<usize>,
    /// Job, and one that it comes after; as often as it is said.
    ties: Vec<(usize, usize)>,
    /// The steps of each restore, one after the other; those of a step side by side, in source order, with how they are nested.
    restores: Vec<Vec<Vec<Leaf>>>,
}

/// One line of a restore.
#[derive(Debug, Clone)]
struct Leaf {
    what: What,
    minutes: u64,
    /// How many blocks of `parallel` it stands in beyond the first.
    depth: usize,
}

#[derive(Debug, Clone)]
enum What {
    Recover(Index),
    Path,
    Command,
}

/// A step as it should be: all by name.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Expected {
    name: String,
    effect: Effect,
    /// Each with whether it must succeed.
    after: BTreeSet<(String, bool)>,
    takes: Vec<(String, OutputKind)>,
    yields: Option<OutputKind>,
}

impl Model {
    fn job(&self, job: usize) -> String {
        format!("t{}/b{job}", self.targets[job])
    }

    fn target_count(&self) -> usize {
        self.targets.last().map_or(0, |last| last + 1)
    }

    fn word(&self, leaf: &Leaf) -> String {
        match &leaf.what {
            What::Recover(target) => format!("recover-t{}", target.index(self.target_count())),
            What::Path | What::Command => "probe".into(),
        }
    }

    /// The blocks of the plan: its head, its targets, its restores.
    fn blocks(&self, written: &dyn Fn(&[usize]) -> String) -> (String, Vec<String>, Vec<String>) {
        let head = "plan \"p\" { waive \"sonae::restore::missing\" reason=\"some\" until=\"2030-01-01\" }\n\
                    store \"s\" { local path=\"/s\" }\n"
            .to_owned();
        let target = |target: usize| {
            let jobs = (0..self.targets.len()).filter(|job| self.targets[*job] == target);
            let jobs: String = jobs.map(|job| self.backup(job, written)).collect();
            format!("target \"t{target}\" {{\n    files \"/from/t{target}\"\n{jobs}}}\n")
        };
        let targets = (0..self.target_count()).map(target).collect();
        let restores = self.restores.iter().enumerate().map(|(number, steps)| self.restore(number, steps)).collect();
        (head, targets, restores)
    }

    fn backup(&self, job: usize, written: &dyn Fn(&[usize]) -> String) -> String {
        let ties: Vec<usize> = self.ties.iter().filter(|(from, _)| *from == job).map(|(_, to)| *to).collect();
        let after = if ties.is_empty() { String::new() } else { written(&ties) };
        format!("    backup \"b{job}\" {{ archive \"tar.zip\"; store \"s\"{after} }}\n")
    }

    fn restore(&self, number: usize, steps: &[Vec<Leaf>]) -> String {
        let mut place = 0;
        let mut text = format!("restore \"r{number}\" rto=\"30d\" {{\n");
        for leaves in steps {
            let lines: String = leaves.iter().map(|leaf| self.line(leaf, &mut place)).collect();
            text.push_str(&if leaves.len() == 1 { lines } else { format!("    parallel {{\n{lines}    }}\n") });
        }
        text + "}\n"
    }

    fn line(&self, leaf: &Leaf, place: &mut usize) -> String {
        *place += 1;
        let minutes = leaf.minutes;
        let line = match &leaf.what {
            What::Recover(target) => {
                let target = target.index(self.target_count());
                format!("recover \"t{target}\" takes=\"{minutes}m\" {{ into path=\"/back/{place}\" }}")
            }
            What::Path => format!("probe \"it\" takes=\"{minutes}m\" {{ path \"/back\" }}"),
            What::Command => format!("probe \"it\" takes=\"{minutes}m\" {{ command \"look\" }}"),
        };
        (0..leaf.depth).fold(line, |line, _| format!("parallel {{ {line} }}")) + "\n"
    }

    /// The plan, its blocks in the usual order.
    fn text(&self) -> String {
        let (head, targets, restores) = self.blocks(&|ties| format!("; after {}", self.quoted(ties).join(" ")));
        head + &targets.concat() + &restores.concat()
    }

    fn quoted(&self, jobs: &[usize]) -> Vec<String> {
        jobs.iter().map(|job| format!("\"{}\"", self.job(*job))).collect()
    }

    /// The steps of all jobs, then of all restores, in source order.
    fn expected(&self) -> Vec<Expected> {
        let jobs = (0..self.targets.len()).flat_map(|job| self.expected_job(job));
        let restores = self.restores.iter().enumerate();
        jobs.chain(restores.flat_map(|(number, steps)| self.expected_restore(number, steps))).collect()
    }

    fn expected_job(&self, job: usize) -> Vec<Expected> {
        use OutputKind::{Committed, Packed, ReadBack, Source};
        let named = |word: &str| format!("{}/{word}", self.job(job));
        let step = |word: &str, effect, takes: &[(&str, OutputKind)], yields| Expected {
            name: named(word),
            effect,
            after: takes.iter().map(|(from, _)| (named(from), true)).collect(),
            takes: takes.iter().map(|(from, kind)| (named(from), *kind)).collect(),
            yields,
        };
        let mut look = step("look", Effect::Read, &[], Some(Source));
        let ties = self.ties.iter().filter(|(from, _)| *from == job);
        look.after = ties.map(|(_, to)| (format!("{}/commit", self.job(*to)), false)).collect();
        vec![
            look,
            step("pack", Effect::Add, &[("look", Source)], Some(Packed)),
            step("read-back", Effect::Read, &[("pack", Packed)], Some(ReadBack)),
            step("commit", Effect::Add, &[("pack", Packed), ("read-back", ReadBack)], Some(Committed)),
            step("delete", Effect::Delete, &[("commit", Committed)], None),
        ]
    }

    fn expected_restore(&self, number: usize, steps: &[Vec<Leaf>]) -> Vec<Expected> {
        let mut counts: BTreeMap<String, u32> = BTreeMap::new();
        let mut before = BTreeSet::new();
        let mut found = vec![];
        for leaves in steps {
            let mut these = BTreeSet::new();
            for leaf in leaves {
                let word = self.word(leaf);
                let count = counts.entry(word.clone()).or_default();
                *count += 1;
                let nth = if *count == 1 { String::new() } else { format!("-{count}") };
                let name = format!("restore/r{number}/{word}{nth}");
                let effect = match leaf.what {
                    What::Recover(_) => Effect::Add,
                    What::Path => Effect::Read,
                    What::Command => Effect::Execute,
                };
                let yields = matches!(leaf.what, What::Recover(_)).then_some(OutputKind::Path);
                these.insert((name.clone(), true));
                found.push(Expected { name, effect, after: before.clone(), takes: vec![], yields });
            }
            before = these;
        }
        found
    }

    /// Which job comes after which, directly or not.
    fn reach(&self) -> Vec<Vec<bool>> {
        let count = self.targets.len();
        let mut reach = vec![vec![false; count]; count];
        self.ties.iter().for_each(|(from, to)| reach[*from][*to] = true);
        for via in 0..count {
            for from in 0..count {
                for to in 0..count {
                    reach[from][to] |= reach[from][via] && reach[via][to];
                }
            }
        }
        reach
    }

    /// The jobs that wait for each other, each knot in source order.
    fn knots(&self) -> BTreeSet<Vec<usize>> {
        let reach = self.reach();
        let all = 0..self.targets.len();
        let knot = |job: usize| all.clone().filter(|other| reach[job][*other] && reach[*other][job]).collect();
        all.clone().filter(|job| reach[*job][*job]).map(knot).collect()
    }

    /// The fewest ties from a job back to itself.
    fn shortest_circle(&self, start: usize) -> usize {
        let mut at = BTreeSet::from([start]);
        for length in 1.. {
            at = self.ties.iter().filter(|(from, _)| at.contains(from)).map(|(_, to)| *to).collect();
            if at.contains(&start) {
                return length;
            }
        }
        unreachable!("there is a circle")
    }
}

/// Steps in the order they should stand in: always the first of the source that waits for none that is left.
fn in_order(mut left: Vec<Expected>) -> Vec<Expected> {
    let mut placed: Vec<Expected> = vec![];
    while !left.is_empty() {
        let waits = |step: &Expected| step.after.iter().any(|(name, _)| left.iter().any(|other| other.name == *name));
        let next = left.iter().position(|step| !waits(step)).expect("no circle");
        placed.push(left.remove(next));
    }
    placed
}

/// What a graph's steps are, by name; each id is its place.
fn seen(graph: &Graph) -> Vec<Expected> {
    let name = |step: &Step| step.name.to_string();
    for (place, step) in graph.steps().iter().enumerate() {
        assert_eq!(step.id.index(), place);
        assert!(step.after.iter().all(|tie| tie.on < step.id), "{} comes before what it is after", step.name);
        let ties: BTreeSet<_> = step.after.iter().map(|tie| tie.on).collect();
        assert_eq!(ties.len(), step.after.len(), "{} is tied to one step twice", step.name);
    }
    let expected = |step: &Step| Expected {
        name: name(step),
        effect: step.kind.effect(),
        after: step.after.iter().map(|tie| (name(graph.step(tie.on)), tie.needs_success)).collect(),
        takes: step.kind.inputs().map(|input| (name(graph.step(input.step)), input.kind)).collect(),
        yields: step.kind.yields().first().copied(),
    };
    graph.steps().iter().map(expected).collect()
}

/// Those of some names, without their ties to others.
fn kept(all: &[Expected], keep: impl Fn(&str) -> bool) -> Vec<Expected> {
    let mut kept: Vec<Expected> = all.iter().filter(|step| keep(&step.name)).cloned().collect();
    kept.iter_mut().for_each(|step| step.after.retain(|(name, _)| keep(name)));
    kept
}

/// All pairs of steps of which the first comes before the second, directly or not.
fn before(steps: &[Expected]) -> BTreeSet<(String, String)> {
    let mut found: BTreeSet<(String, String)> = BTreeSet::new();
    for step in steps {
        for (on, _) in &step.after {
            let further: Vec<_> = found.iter().filter(|(_, to)| to == on).map(|(from, _)| from.clone()).collect();
            found.extend(further.into_iter().chain([on.clone()]).map(|from| (from, step.name.clone())));
        }
    }
    found
}

fn leaf() -> impl Strategy<Value = Leaf> {
    let what =
        prop_oneof![2 => any::<Index>().prop_map(What::Recover), 1 => Just(What::Path), 1 => Just(What::Command)];
    (what, 1..90_u64, 0..3_usize).prop_map(|(what, minutes, depth)| Leaf { what, minutes, depth })
}

/// Makes a tie of two jobs, or none; jobs have ranks.
type Tie = fn(usize, usize, &[u64]) -> Option<(usize, usize)>;

/// Any jobs and restores, tied by `tie`.
fn model(tie: Tie) -> impl Strategy<Value = Model> {
    let targets = proptest::collection::vec(1..4_usize, 1..5);
    let pairs = proptest::collection::vec((any::<Index>(), any::<Index>()), 0..32);
    let ranks = proptest::collection::vec(any::<u64>(), 16);
    let steps = proptest::collection::vec(proptest::collection::vec(leaf(), 1..4), 1..5);
    let restores = proptest::collection::vec(steps, 0..3);
    (targets, pairs, ranks, restores).prop_map(move |(counts, pairs, ranks, restores)| {
        let of_target = |(target, count): (usize, &usize)| std::iter::repeat_n(target, *count);
        let targets: Vec<usize> = counts.iter().enumerate().flat_map(of_target).collect();
        let jobs = targets.len();
        let ties = pairs.iter().filter_map(|(from, to)| tie(from.index(jobs), to.index(jobs), &ranks)).collect();
        Model { targets, ties, restores }
    })
}

/// A plan whose ties all go from a higher rank to a lower one, whatever their order in the file: no circle.
fn sound() -> impl Strategy<Value = Model> {
    model(|a, b, ranks| match (ranks[a], a).cmp(&(ranks[b], b)) {
        std::cmp::Ordering::Greater => Some((a, b)),
        std::cmp::Ordering::Less => Some((b, a)),
        std::cmp::Ordering::Equal => None,
    })
}

/// A plan whose ties go anywhere, but from a job to itself, which is another mistake.
fn any_plan() -> impl Strategy<Value = Model> {
    model(|a, b, _| (a != b).then_some((a, b)))
}

fn proven(text: &str) -> ProvenPlan {
    let compiled = compile("any.kdl", text);
    let shown = compiled.shown();
    compiled.proven.unwrap_or_else(|| panic!("{text}\n{shown}"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn steps_stand_after_what_they_need_and_else_as_in_the_plan(model in sound()) {
        prop_assert_eq!(seen(proven(&model.text()).graph()), in_order(model.expected()));
    }

    #[test]
    fn the_order_of_words_and_of_other_blocks_is_nothing(model in sound()) {
        let ties = |ties: &[usize]| {
            let words = model.quoted(ties).into_iter().rev();
            words.map(|word| format!("; after {word}")).collect::<String>()
        };
        let (head, targets, restores) = model.blocks(&ties);
        let turned = restores.concat() + &targets.concat() + &head;
        prop_assert_eq!(seen(proven(&model.text()).graph()), seen(proven(&turned).graph()));
    }

    #[test]
    fn the_order_of_targets_is_the_order_of_steps_alone(model in sound()) {
        let (head, targets, restores) = model.blocks(&|ties| format!("; after {}", model.quoted(ties).join(" ")));
        let turned: String = targets.into_iter().rev().chain(restores).collect();
        let by_name = |text: &str| {
            let mut steps = seen(proven(text).graph());
            steps.sort_by(|a, b| a.name.cmp(&b.name));
            steps
        };
        prop_assert_eq!(by_name(&model.text()), by_name(&(head + &turned)));
    }

    #[test]
    fn a_circle_is_shown_tie_by_tie_and_nothing_else_is_one(model in any_plan()) {
        let text = model.text();
        let compiled = compile("any.kdl", &text);
        let circles: Vec<_> = compiled.found.iter().filter(|found| found.code.name == codes::graph::CYCLE.name).collect();
        prop_assert_eq!(compiled.proven.is_none(), !circles.is_empty(), "{}", compiled.shown());
        let mut left = model.knots();
        for circle in circles {
            // Each label is a word of an `after`: which job it names, and in whose block it stands.
            let to = |at: usize| (0..model.targets.len()).find(|job| format!("\"{}\"", model.job(*job)) == text[circle.labels[at].span.range()]);
            let from = |at: usize| {
                let before = &text[..circle.labels[at].span.start as usize];
                let block = before.rfind("backup \"b").map(|start| &before[start + 9..]);
                block.and_then(|rest| rest.split('"').next()?.parse::<usize>().ok())
            };
            let ties: Option<Vec<(usize, usize)>> = (0..circle.labels.len()).map(|at| from(at).zip(to(at))).collect();
            let ties = ties.expect("each label is on a tie");
            for (at, (from, to)) in ties.iter().enumerate() {
                prop_assert!(model.ties.contains(&(*from, *to)));
                prop_assert_eq!(*to, ties[(at + 1) % ties.len()].0, "it goes round");
                let said = format!("`{}` comes after `{}`", model.job(*from), model.job(*to));
                prop_assert_eq!(&circle.labels[at].text, &said);
            }
            let knot = left.iter().find(|knot| knot[0] == ties[0].0).cloned();
            let knot = knot.expect("it begins with the first job of a knot that was not shown yet");
            prop_assert_eq!(ties.len(), model.shortest_circle(knot[0]));
            left.remove(&knot);
        }
        prop_assert!(left.is_empty(), "not shown: {:?}\n{}", left, compiled.shown());
    }

    #[test]
    fn a_slice_of_jobs_is_those_jobs_and_the_ties_between_them(model in sound(), chosen in proptest::collection::vec(any::<bool>(), 16)) {
        let proven = proven(&model.text());
        let names: BTreeSet<String> = (0..model.targets.len()).filter(|job| chosen[*job]).map(|job| model.job(job)).collect();
        let jobs = names.iter().map(|name| JobName::parse(name).unwrap()).collect();
        let whole = in_order(model.expected());
        let is_chosen = |step: &str| step.rsplit_once('/').is_some_and(|(job, _)| names.contains(job));
        prop_assert_eq!(seen(&proven.graph().of_jobs(&jobs)), kept(&whole, is_chosen));
    }

    #[test]
    fn a_slice_of_a_restore_is_that_restore_and_takes_as_long_as_is_proven(model in sound()) {
        let proven = proven(&model.text());
        let whole = in_order(model.expected());
        for (number, steps) in model.restores.iter().enumerate() {
            let name = Name::parse(&format!("r{number}")).unwrap();
            let graph = proven.graph().of_restore(&name);
            let begin = format!("restore/{name}/");
            let expected = kept(&whole, |step| step.starts_with(&begin));
            prop_assert_eq!(seen(&graph), expected.clone());

            let recovers = |step: &str| step.starts_with(&format!("{begin}recover-"));
            let alone = seen(&graph.beside(false));
            let names: Vec<&str> = alone.iter().map(|step| step.name.as_str()).collect();
            let kept: Vec<&str> = expected.iter().map(|step| step.name.as_str()).filter(|step| recovers(step)).collect();
            prop_assert_eq!(names, kept);
            let order: BTreeSet<_> = before(&expected).into_iter().filter(|(a, b)| recovers(a) && recovers(b)).collect();
            prop_assert_eq!(before(&alone), order, "without probes, the order stays");

            let minutes: u64 = steps.iter().map(|leaves| leaves.iter().map(|leaf| leaf.minutes).max().unwrap_or(0)).sum();
            let promised = proven.proofs().promises.iter().find(|promise| {
                promise.kind == Kind::Rto && matches!(&promise.subject, Subject::Restore(restore) if *restore == name)
            });
            prop_assert_eq!(promised.map(|promise| promise.proven.seconds), Some(minutes * 60));
            prop_assert_eq!(graphs::longest(&graph).map(|longest| longest.seconds), Some(minutes * 60));
        }
    }
}
