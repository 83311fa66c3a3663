//! Pages: what they say is what the text says, word for word, whatever a plan is called.

use std::path::Path;

use jiff::Timestamp;
use sonae::fakes::World;
use sonae::forecast::{self, Circumstances, Known, Outlook, PointChoice, RestoreWish, Runbook};
use sonae::ports::{PointGone, PointMade, PointRow, RunDetail, RunEnd, RunRow, RunSummary, Series, StepEnd, StepRow};
use sonae::primitives::{Duration, JobName, PointId, RunId, Slot};
use sonae::prove::ProvenPlan;
use sonae::report::runbook::Typed;
use sonae::report::{self, html};
use sonae::run::ExitStatus;
use sonae::timeline::Question;

use super::markup::Markup;
use super::{compile, compile_file, past};
use crate::faults::scene;

pub(super) fn wait_for<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// A page and the text that says the same.
struct Told {
    what: String,
    page: String,
    text: String,
}

impl Told {
    /// Whether the page is one, and says all of it.
    fn holds(&self) {
        let Self { what, page, text } = self;
        let markup = Markup::of(page);
        assert!(markup.amiss.is_empty(), "{what}: {:#?}", markup.amiss);
        let missing: Vec<&str> = text.lines().filter(|line| !markup.says_line(line)).collect();
        assert!(missing.is_empty(), "{what} does not say:\n{}\n\n{}", missing.join("\n"), markup.words.join(" "));
    }
}

fn backup(proven: &ProvenPlan, world: &World) -> Told {
    let who = Circumstances { accept_deletions: true, ..scene::who() };
    let outlook = wait_for(scene::outlook_by(proven, world, &who));
    let page = html::run(&outlook, proven.plan(), &["something beside it".to_owned()], ExitStatus::Well);
    let text = format!("{}\nsomething beside it\nexit status 0: all well", report::forecast::text(&outlook));
    Told { what: "run".into(), page, text }
}

pub(super) fn restored(proven: &ProvenPlan, world: &World, name: &str) -> (Outlook, Runbook) {
    let restore = scene::name(name);
    let graph = proven.graph().of_restore(&restore);
    let observed = wait_for(scene::observe(proven.plan(), &graph, world));
    let wish =
        RestoreWish { restore, choice: PointChoice::Latest, from_host: None, only: None, into: None, planned: None };
    let outlook = forecast::restore(proven.plan(), &graph, &observed, &scene::who(), &wish);
    let time = proven.proofs().restores.iter().find(|time| time.restore == wish.restore);
    let known = Known { proven: time, observed: Some(&observed), choice: Some(&wish.choice), ..Known::default() };
    let runbook = forecast::runbook(proven.plan(), &graph, &outlook, known);
    (outlook, runbook)
}

fn restore(proven: &ProvenPlan, world: &World, name: &str) -> Told {
    let (outlook, runbook) = restored(proven, world, name);
    let typed = Typed { begin: format!("sonae restore plan.kdl {name}") };
    let times = proven.proofs().restores.iter().find(|time| time.restore.as_str() == name);
    let times = times.map_or_else(String::new, report::proofs::time);
    let page = html::restore(&outlook, &runbook, &typed, &times, ExitStatus::Failed);
    let text = format!("{}\nexit status 4: some steps fail", report::runbook::text(&outlook, &runbook, &typed, &times));
    Told { what: format!("restore {name}"), page, text }
}

fn timeline(proven: &ProvenPlan) -> Told {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let (from, to) = (at("2026-03-01T00:00:00Z"), at("2026-04-01T00:00:00Z"));
    let found =
        sonae::timeline::timeline(proven.plan(), &Question { from, to, at: None, since: None }, |_| true).unwrap();
    Told { what: "timeline".into(), page: html::timeline(&found), text: report::timeline::text(&found) }
}

#[test]
fn pages_of_every_plan_say_what_the_text_says() {
    let look = |path: &Path| {
        let Some(proven) = compile_file(path).proven else { return };
        let mut worlds = vec![past::aged(&proven), past::fresh(&proven)];
        // Nothing of its sources is left.
        let gone = past::aged(&proven);
        past::jobs(proven.graph())
            .iter()
            .flat_map(|job| &job.roots)
            .for_each(|root| gone.tree().take_away(root.as_bytes()));
        worlds.push(gone);
        for world in &worlds {
            if proven.plan().job_names().next().is_some() {
                backup(&proven, world).holds();
            }
            proven.plan().restores.iter().for_each(|named| restore(&proven, world, named.name.value.as_str()).holds());
        }
        timeline(&proven).holds();
    };
    insta::glob!("../../plans", "*.kdl", look);
    insta::glob!("plans/*.kdl", look);
    insta::glob!("diagnostics/*.kdl", look);
}

/// What a change means, of two texts.
fn differs(old: &str, new: &str) -> Told {
    let (old, new) = (compile("old.kdl", old), compile("new.kdl", new));
    let [before, after] = [&old, &new].map(|of| of.proven.as_ref().map(ProvenPlan::plan).expect("a plan"));
    let now = super::diffs::now();
    let compared = super::diffs::compared(sonae::diff::diff(Some(before), Some(after), now));
    let question = Question { from: now, to: at(31 * 86_400), at: None, since: None };
    let of = |plan| sonae::timeline::timeline(plan, &question, |_| true).unwrap();
    let points = sonae::timeline::compare(&of(before), &of(after));
    let is_same = compared[0].changes.changes.is_empty();
    // Where nothing differs there is no more to say.
    let of_points = if is_same { String::new() } else { report::timeline::compared_text(&points) };
    let text = report::diff::text(&compared) + &of_points;
    let page = html::timelines(&points, [&of(before), &of(after)]);
    Told { what: "timelines".into(), page, text: report::timeline::compared_text(&points) }.holds();
    let versions = html::Versions { compared: &compared[0], new: Some(after), points: Some(Ok(points)) };
    let page = html::diff(&[versions], None, now, ExitStatus::Weakening);
    Told { what: "diff".into(), page, text: format!("{text}\nexit status 3: a weakening without a waiver") }
}

#[test]
fn pages_of_changes_say_what_the_text_says() {
    insta::glob!("diff/*/new.kdl", |path| {
        let (old, new) = super::diffs::pair(path.parent().unwrap());
        differs(&old, &new).holds();
    });
    let told = differs(SMALL, &SMALL.replace("generations=12", "generations=7"));
    insta::assert_snapshot!("diff", shown(&told.page));
    let hostile = HOSTILE.replace("takes=\"5m\"", "takes=\"6m\"").replace("generations=2", "generations=1");
    let told = differs(HOSTILE, &hostile.replace("<svg/onload=alert(5)>", "<svg/onload=alert(8)>"));
    let markup = Markup::of(&told.page);
    assert!(markup.amiss.is_empty(), "{:#?}", markup.amiss);
    assert!(["img", "textarea", "b"].iter().all(|name| !markup.elements.contains(&(*name).to_owned())));
}

/// Names that would end an element or an attribute, run something, or turn the page around.
pub(super) const HOSTILE: &str = r#"
plan "sharp" { timezone "UTC" }
role "sysadmin" { member "</title><script>alert(1)</script>" user="\"'><img src=x onerror=alert(2)>" }
store "vault" { local path="/vault" }
target "files" {
    files "/srv/</script><script>alert(3)</script>" "/srv/a&amp;b \"quoted\" 'so'"
    backup "daily" { takes "5m"; schedule "daily" at="05:30"; archive "tar.zip"; store "vault"; retention generations=2 }
}
restore "all" rto="1h" {
    approve "]]>--></style></svg>\u{202e}desrever \u{1b}[2J <b onmouseover=alert(4)>&lt;" by="sysadmin" takes="5m"
    recover "files" takes="5m" { into path="/back/{{7*7}}<!--" }
    command "echo" "</textarea>\u{2067}" "\u{200f}שלום" takes="1m"
    probe "<svg/onload=alert(5)>" takes="1m" { path "/back/javascript:alert(6)" }
}
"#;

#[test]
fn no_name_is_markup() {
    let proven = compile("sharp.kdl", HOSTILE).proven.expect("it compiles");
    let world = past::aged(&proven);
    for told in [backup(&proven, &world), restore(&proven, &world, "all"), timeline(&proven)] {
        let markup = Markup::of(&told.page);
        assert!(markup.amiss.is_empty(), "{}: {:#?}", told.what, markup.amiss);
        let count = |element: &str| markup.elements.iter().filter(|name| *name == element).count();
        assert_eq!(["script", "style", "title", "img", "textarea", "b"].map(count)[..2], [1, 1], "{}", told.what);
        assert_eq!(["img", "textarea", "b"].map(count), [0, 0, 0], "{}", told.what);
        let is_unseen = |c: char| {
            (c.is_control() && c != '\n')
                || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        assert!(!told.page.contains(is_unseen), "{}", told.what);
        // The policy names the one script: what were smuggled in would not be run.
        assert!(
            told.page.contains("default-src 'none'; style-src 'sha256-") && !told.page.contains("unsafe"),
            "{}",
            told.what
        );
    }
    let page = restore(&proven, &world, "all").page;
    assert!(page.contains("שלום") && page.contains(r"\u{202e}desrever"), "what can be read is");
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_772_323_200 + second).unwrap()
}

/// A restore that was: one step as planned, one longer, one that failed, one that was not begun.
fn run(hostile: &str) -> RunDetail {
    let step = |step: u32, end: StepEnd, takes: Option<u64>, times: Option<(i64, i64)>| StepRow {
        step,
        name: format!("all/{hostile}{step}"),
        end,
        takes: takes.map(Duration::from_seconds),
        attempts: if end == StepEnd::Failed { 3 } else { 1 },
        began: times.map(|(from, _)| at(from)),
        ended: times.map(|(_, to)| at(to)),
        fault: (end == StepEnd::Failed).then(|| format!("the place {hostile} is in the way")),
    };
    let name = scene::name;
    let series = Series {
        plan: name("home"),
        job: JobName::parse("photos/daily").unwrap(),
        host: name("web-1"),
        place: "/vault".into(),
    };
    let point = |second, gone: bool| PointRow {
        series: series.clone(),
        point: PointId::new(Slot::new(at(second)), 7),
        made: (!gone).then(|| PointMade {
            run: RunId::new(at(0), 1),
            moment: at(second),
            clean: true,
            files: 3,
            bytes: 4_000,
            stored: 2_000,
        }),
        gone: gone.then(|| PointGone { at: at(600), run: None, why: format!("not among the newest 2 {hostile}") }),
    };
    let run = RunRow {
        run: RunId::new(at(0), 1),
        plan: name("home"),
        host: name("web-1"),
        restore: Some(name("photos")),
        takes_back: None,
        allowed: Some(Duration::from_seconds(1800)),
        part: false,
        began: at(0),
        last: at(1900),
        end: RunEnd::Failed,
        entries: 9,
        bytes: 4_000,
    };
    RunDetail {
        run: RunSummary { run, jobs: vec![] },
        steps: vec![
            step(0, StepEnd::Done, Some(300), Some((0, 240))),
            step(1, StepEnd::Done, Some(600), Some((240, 1500))),
            step(2, StepEnd::Failed, None, Some((1500, 1900))),
            step(3, StepEnd::Skipped, Some(60), None),
        ],
        made: vec![point(0, false)],
        deleted: vec![point(-86_400, true)],
    }
}

#[test]
fn a_run_that_was_says_what_its_text_says() {
    for hostile in ["", "</script><img src=x>\"'&\u{202e}"] {
        let found = run(hostile);
        let told = Told {
            what: "history".into(),
            page: html::history(&found, None),
            text: report::history::show_text(&found),
        };
        if hostile.is_empty() {
            told.holds();
        }
        let markup = Markup::of(&told.page);
        assert!(markup.amiss.is_empty() && !markup.elements.contains(&"img".to_owned()), "{:#?}", markup.amiss);
    }
    let forgotten = RunDetail { steps: vec![], made: vec![], deleted: vec![], ..run("") };
    let (page, text) = (html::history(&forgotten, None), report::history::show_text(&forgotten));
    Told { what: "a run that is forgotten".into(), page, text }.holds();
}

/// A page as it is looked at here: without its style and script, an element a line.
fn shown(page: &str) -> String {
    let mut shown = page.to_owned();
    for element in ["style", "script"] {
        let (open, close) = (format!("<{element}>"), format!("</{element}>"));
        let (from, to) = (shown.find(&open).unwrap() + open.len(), shown.rfind(&close).unwrap());
        shown.replace_range(from..to, "…");
    }
    let policy = shown.find("'sha256-").unwrap()..shown.find("; img-src").unwrap();
    shown.replace_range(policy, "…");
    for element in [
        "<meta", "<link", "<title>", "<style>", "<body", "<header", "<nav", "<main", "<section", "<h", "<p", "<div",
        "<dl", "<ul", "<ol", "<li", "<svg", "<a ", "<table", "<tr", "<td", "<th", "<caption", "<details", "<footer",
        "<script", "<text", "<rect", "<line", "<button", "<span",
    ] {
        shown = shown.replace(element, &format!("\n{element}"));
    }
    let version = format!("sonae {}", env!("CARGO_PKG_VERSION"));
    shown.replace(&version, "sonae VERSION")
}

/// One target, a person, and a way back.
pub(super) const SMALL: &str = r#"
plan "small" { timezone "Asia/Tokyo" }
role "sysadmin" { member "admin-1@example.jp" user="admin1"; member "admin-2@example.jp" user="admin2" }
store "vault" { local path="/vault" }
target "photos" {
    files "/srv/photos"
    backup "daily" { takes "40m"; schedule "daily" at="05:30"; archive "tar.zip"; store "vault"; retention generations=12 }
}
restore "photos" rto="1h" {
    approve "the photos are lost" by="sysadmin" takes="5m"
    recover "photos" takes="20m" { into path="/srv/photos.restored" }
    probe "they are there" takes="1m" { path "/srv/photos.restored" }
}
"#;

#[test]
fn pages_look_as_they_did() {
    let proven = compile("small.kdl", SMALL).proven.expect("it compiles");
    let world = past::aged(&proven);
    for told in [backup(&proven, &world), restore(&proven, &world, "photos"), timeline(&proven)] {
        told.holds();
        insta::assert_snapshot!(told.what.replace(' ', "-"), shown(&told.page));
    }
    insta::assert_snapshot!("history", shown(&html::history(&run(""), None)));
}

#[test]
fn a_page_of_three_hundred_steps_is_small_enough_to_send() {
    let job = |number: u32| {
        let (hour, minute) = (number % 24, number % 60);
        format!(
            "target \"t-{number}\" {{ files \"/srv/{number}\"; backup \"daily\" {{ schedule \"daily\" at=\"{hour:02}:{minute:02}\"; \
             archive \"tar.zip\"; store \"vault\"; retention generations=7; takes \"5m\" }} }}\n"
        )
    };
    let jobs: String = (0..60).map(job).collect();
    let back: String =
        (0..60).map(|number| format!("recover \"t-{number}\" {{ into path=\"/back/{number}\" }}\n")).collect();
    let text =
        format!("plan \"many\"\nstore \"vault\" {{ local path=\"/vault\" }}\n{jobs}restore \"all\" {{\n{back}}}\n");
    let compiled = compile("many.kdl", &text);
    let proven = compiled.proven.as_ref().unwrap_or_else(|| panic!("{}", compiled.shown()));
    let proven = proven.clone();
    let told = backup(&proven, &past::fresh(&proven));
    told.holds();
    assert_eq!(told.page.matches("data-step=").count(), 300);
    assert!(told.page.len() < 500_000, "{}", told.page.len());
}
