//! Pages as a browser shows them: on a telephone and on a desk, light and dark, on paper, by the keyboard, and without scripts.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::Check;
use super::chromium::{Browser, CHROMIUM, Look};
use super::scene::{ONE_JOB, Scene, fill};

pub(crate) const CHECKS: &[Check] = &[
    Check {
        name: "pages are seen whole, at any width, light and dark, and ask for nothing",
        needs: &[CHROMIUM],
        run: seen,
    },
    Check { name: "what works a page is reached and worked by the keyboard", needs: &[CHROMIUM], run: keyboard },
    Check { name: "without scripts, and on paper, all that a page says is there", needs: &[CHROMIUM], run: plain },
    Check { name: "what is wrong with a page is noticed by what looks at it", needs: &[CHROMIUM], run: noticed },
];

const LOOKS: [Look; 4] = [
    Look { width: 360, height: 740, dark: false },
    Look { width: 360, height: 740, dark: true },
    Look { width: 1280, height: 800, dark: false },
    Look { width: 1280, height: 800, dark: true },
];

/// The largest page of the plan that is shipped.
const BYTES_MAX: usize = 500_000;

/// Files of pages, gone with their scene.
struct Pages {
    scene: Scene,
    files: Vec<PathBuf>,
}

impl Pages {
    /// What is typed, with a form; `0` or another status at its end.
    fn adds(&mut self, name: &str, status: i32, arguments: &[&str]) -> PathBuf {
        let said = self.scene.sonae(&[arguments, &["--format", "html"]].concat()).exits(status);
        let (file, page) = (self.scene.path(&format!("{name}.html")), said.stdout());
        std::fs::write(&file, &page).unwrap();
        self.files.push(file.clone());
        file
    }

    fn new() -> Self {
        let scene = Scene::new(ONE_JOB);
        for plan in ["smaregi", "quickstart"] {
            let from = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("plans/{plan}.kdl"));
            std::fs::copy(from, scene.path(&format!("{plan}.kdl"))).unwrap();
        }
        std::fs::write(scene.path("many.kdl"), many()).unwrap();
        Self { scene, files: vec![] }
    }

    /// Every kind of page.
    fn all() -> Self {
        let mut pages = Self::new();
        let now = ["--now", "2026-03-01T00:00:00Z"];
        let dry =
            |plan: &'static str| ["run", plan, "--all", "--dry-run", "--offline", "--host", "web-1", now[0], now[1]];
        pages.adds("run", 1, &dry("smaregi.kdl"));
        pages.adds("run-many", 0, &dry("many.kdl"));
        for name in ["everything", "data"] {
            let restore = ["restore", "smaregi.kdl", name, "--dry-run", "--offline", now[0], now[1]];
            pages.adds(&format!("restore-{name}"), if name == "data" { 0 } else { 1 }, &restore);
        }
        pages.adds("restore-many", 0, &["restore", "many.kdl", "all", "--dry-run", "--offline", now[0], now[1]]);
        pages.adds("timeline", 0, &["timeline", "smaregi.kdl", "--from", "2026-03-01", "--to", "2026-04-01"]);
        pages.adds("timeline-year", 0, &["timeline", "smaregi.kdl", "--from", "2026-03-01", "--to", "2027-03-01"]);
        let shorter = std::fs::read_to_string(pages.scene.path("smaregi.kdl")).unwrap();
        let shorter = shorter.replace("within=\"7y\"", "within=\"5y\"").replace("within=\"1y\"", "within=\"6mo\"");
        let shorter = shorter.replace("restore \"data\" rto=\"30m\"", "restore \"data\" rto=\"40m\"");
        std::fs::write(pages.scene.path("shorter.kdl"), shorter).unwrap();
        pages.adds("timelines", 0, &["timeline", "shorter.kdl", "--compare", "smaregi.kdl", "--from", "2026-03-01"]);
        pages.adds("diff", 3, &["diff", "smaregi.kdl", "shorter.kdl", now[0], now[1]]);
        pages.adds("diff-back", 2, &["diff", "shorter.kdl", "smaregi.kdl", now[0], now[1]]);
        pages.ran();
        pages
    }

    /// Runs that were, and what would come next.
    fn ran(&mut self) {
        fill(&self.scene.path("source"), 20, 100);
        for _ in 0..3 {
            self.scene.sonae(&["run", "plan.kdl", "--all"]).exits(0);
        }
        self.scene.sonae(&["restore", "plan.kdl", "files"]).exits(0);
        self.adds("run-small", 0, &["run", "plan.kdl", "--all", "--dry-run"]);
        // What was restored is in the way of another.
        self.adds("restore-refused", 4, &["restore", "plan.kdl", "files", "--dry-run"]);
        std::fs::rename(self.scene.path("source"), self.scene.path("gone")).unwrap();
        self.adds("run-fails", 4, &["run", "plan.kdl", "--all", "--dry-run"]);
        self.adds("due", 0, &["run", "plan.kdl", "--due", "--dry-run"]);
        self.scene.sonae(&["run", "plan.kdl", "--all"]).exits(4);
        let runs = self.scene.sonae(&["history", "--format", "json"]).exits(0).json();
        for (number, name) in [(0, "history-failed"), (1, "history-restore"), (2, "history")] {
            let run = runs["runs"][number]["run"].as_str().unwrap().to_owned();
            self.adds(name, 0, &["history", "show", &run]);
        }
    }
}

/// A plan whose run has 300 steps, and whose restore has 302: in stages of one to twelve side by side.
fn many() -> String {
    let mut plan =
        "plan \"many\" { timezone \"Europe/Berlin\"; }\nstore \"vault\" { local path=\"/srv/vault\"; }\n".to_owned();
    plan.push_str("role \"sysadmin\" { member \"admin-1@example.jp\" user=\"admin1\"; member \"admin-2@example.jp\" user=\"admin2\"; }\n");
    for number in 0..60 {
        let after = if number % 7 == 3 { format!("after \"documents-{}/daily\"; ", number - 2) } else { String::new() };
        let (hour, minute) = (number % 24, number % 60);
        let _ = writeln!(
            plan,
            "target \"documents-{number}\" {{ files \"/srv/documents/{number}\"; backup \"daily\" {{ schedule \"daily\" at=\"{hour:02}:{minute:02}\"; archive \"tar.zip\"; store \"vault\"; retention generations=7; takes \"{}m\"; {after}}} }}",
            5 + number
        );
    }
    plan.push_str("restore \"all\" rto=\"2d\" {\n    approve \"all is lost\" by=\"sysadmin\" takes=\"10m\"\n");
    let mut number = 0;
    for stage in 0.. {
        if number >= 60 {
            break;
        }
        let wide = (1 + stage % 12).min(60 - number);
        plan.push_str("    parallel {\n");
        for step in number..number + wide {
            let _ = writeln!(
                plan,
                "        recover \"documents-{step}\" takes=\"{}m\" {{ into path=\"/srv/back/{step}\"; }}",
                3 + step % 9
            );
        }
        plan.push_str("    }\n    parallel {\n");
        for step in number..number + wide {
            for look in 0..3 {
                let _ = writeln!(
                    plan,
                    "        probe \"part {look} of documents {step} is there\" takes=\"{}s\" {{ path \"/srv/back/{step}/{look}\"; }}",
                    20 + look
                );
            }
        }
        plan.push_str("    }\n");
        number += wide;
    }
    for step in 0..60 {
        let _ = writeln!(plan, "    switch \"documents-{step}\" takes=\"10s\"");
    }
    plan.push_str("    probe \"all of it answers\" takes=\"1m\" { tcp \"127.0.0.1\" port=443; }\n}\n");
    plan
}

/// Where the pictures go that are looked at: beside what cargo builds, so that they are there after the tests.
fn pictures() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn seen() {
    let (pages, mut browser, mut amiss) = (Pages::all(), Browser::new(), vec![]);
    for file in &pages.files {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let bytes = std::fs::metadata(file).unwrap().len();
        if !name.contains("many") && bytes > BYTES_MAX as u64 {
            amiss.push(format!("{name}: {bytes} bytes"));
        }
        for look in LOOKS {
            let shown = format!("{name} {look:?}");
            browser.looks(look);
            amiss.extend(browser.opens(file).into_iter().map(|line| format!("{shown}: {line}")));
            let light = if look.dark { "dark" } else { "light" };
            browser.paints(&pictures().join(format!("{name}-{}-{light}.png", look.width)), look.width, 8_000);
            let found = browser.evaluates(include_str!("pages.js"));
            let complaints = found["complaints"].as_array().unwrap();
            amiss.extend(complaints.iter().take(5).map(|line| format!("{shown}: {line}")));
            let url = format!("file://{}", file.display());
            amiss.extend(browser.amiss(&url).into_iter().map(|line| format!("{shown}: {line}")));
        }
    }
    assert!(amiss.is_empty(), "{}", amiss.join("\n"));
}

/// Wrong in each way that is looked for.
const WRONG: &str = "<!DOCTYPE html><html lang='en'><head><meta name='viewport' content='width=device-width'><link rel='icon' href='data:,'></head><body style='background: #fff; color: #999'>\
    <p>grey on white</p><p style='width: 900px'>wide</p><p style='visibility: visible; width: 0; font-size: 0'>nothing of this</p>\
    <svg width='90' height='40'><rect width='90' height='40' fill='#333'/><text y='20' fill='#555'>dark</text></svg>\
    <img src='picture.png'><script>console.error('something'); missing();</script></body></html>";

fn noticed() {
    let (scene, mut browser) = (Scene::new(ONE_JOB), Browser::new());
    let file = scene.path("wrong.html");
    std::fs::write(&file, WRONG).unwrap();
    browser.looks(LOOKS[0]);
    let amiss = browser.opens(&file).join("\n");
    for wanted in ["it asks for file://", "a script said", "a script failed"] {
        assert!(amiss.contains(wanted), "{wanted}: {amiss}");
    }
    let found = browser.evaluates(include_str!("pages.js"))["complaints"].to_string();
    for wanted in ["of grey on white", "of dark", "not seen: nothing of this", "there is room for"] {
        assert!(found.contains(wanted), "{wanted}: {found}");
    }
}

/// What has the focus: what it is, whether that is seen, and in which step of the picture it is.
const FOCUS: &str = "(() => { const at = document.activeElement, seen = getComputedStyle(at.dataset.step ? at.querySelector('.shape') : at); \
    const ring = at.dataset.step ? parseFloat(seen.strokeWidth) >= 4 : seen.outlineStyle !== 'none'; \
    return { what: at.id || at.dataset.act || at.className.baseVal || at.className || at.tagName, ring, step: at.dataset.step ?? null }; })()";

fn keyboard() {
    let mut pages = Pages::new();
    let file = pages.adds("restore-many", 0, &["restore", "many.kdl", "all", "--dry-run", "--offline"]);
    let mut browser = Browser::new();
    browser.looks(LOOKS[2]);
    assert_eq!(browser.opens(&file), [""; 0]);
    let (mut reached, mut step) = (vec![], serde_json::Value::Null);
    for _ in 0..60 {
        browser.presses("Tab", 9);
        let focus = browser.evaluates(FOCUS);
        assert_eq!(focus["ring"], true, "nothing shows that {focus} has the focus");
        reached.push(focus["what"].as_str().unwrap().to_owned());
        if !focus["step"].is_null() {
            step = focus["step"].clone();
            break;
        }
    }
    for wanted in ["find", "previous", "next", "in", "out", "usual", "fit", "left", "right", "up", "down", "wide"] {
        assert!(reached.iter().any(|what| what == wanted), "{wanted} is not among {reached:?}");
    }
    assert_eq!(step, "1", "the picture is one stop, whose first step comes first: {reached:?}");
    browser.presses("ArrowDown", 40);
    assert_eq!(browser.evaluates(FOCUS)["step"], "2");
    let width = "Number(document.getElementById('picture').getAttribute('width'))";
    let usual = browser.evaluates(width).as_f64().unwrap();
    browser.presses("-", 189);
    assert!(browser.evaluates(width).as_f64().unwrap() < usual);
    browser.presses("0", 48);
    assert_eq!(browser.evaluates(width).as_f64().unwrap(), usual);
    // A search marks what it finds, and shows it.
    browser.evaluates("document.getElementById('find').focus()");
    browser.asks("Input.insertText", serde_json::json!({"text": "part 2 of documents 41 "}));
    let told = "[document.getElementById('found').textContent, document.querySelectorAll('#picture .found').length]";
    let found = browser.evaluates(told);
    assert_eq!(found[1], 1, "{found}");
    assert!(found[0].as_str().unwrap().starts_with("1 of 1: step "), "{found}");
    let seen = "(() => { const box = document.querySelector('.stage .wide').getBoundingClientRect(), \
        at = document.querySelector('#picture .current').getBoundingClientRect(); \
        return box.left <= at.left && at.right <= box.right && box.top <= at.top && at.bottom <= box.bottom; })()";
    assert_eq!(browser.evaluates(seen), true, "what was found is not in sight");
    browser.paints(&pictures().join("found.png"), 1280, 1_600);
    assert_eq!(browser.amiss(""), [""; 0]);
}

/// All that is read on a page, whether it is folded or not.
const READ: &str = "(() => { document.querySelectorAll('details').forEach((one) => { one.open = true; }); \
    document.getElementById('controls')?.remove(); return document.body.innerText; })()";
/// How much of what is folded is on paper.
const FOLDED: &str = "[...document.querySelectorAll('details')].filter((one) => one.lastElementChild.getBoundingClientRect().height < 5).length";

/// A page of A4 with the margins that a browser leaves around it.
const PAPER: Look = Look { width: 718, height: 1_047, dark: false };
/// What reaches over the right edge of the paper.
const CUT: &str = "[...document.body.querySelectorAll('*')].filter((one) => one.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5)\
    .slice(0, 3).map((one) => one.outerHTML.slice(0, 160)).join(' | ')";

fn plain() {
    let (pages, mut browser) = (Pages::all(), Browser::new());
    browser.looks(LOOKS[2]);
    for file in &pages.files {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        browser.scripts(true);
        assert_eq!(browser.opens(file), [""; 0]);
        let with = browser.evaluates(READ);
        browser.scripts(false);
        assert_eq!(browser.opens(file), [""; 0]);
        let controls = "(() => { const of = document.getElementById('controls'); return of ? of.getBoundingClientRect().height : 0; })()";
        assert_eq!(browser.evaluates(controls), 0, "{name}: what does not work is not shown");
        assert_eq!(browser.evaluates(READ), with, "{name}");
        assert!(with.as_str().unwrap().len() > 200, "{name}: {with}");
        browser.opens(file);
        browser.looks(PAPER);
        browser.medium("print", false);
        assert_eq!(browser.evaluates(FOLDED), 0, "{name}: something stays folded on paper");
        assert_eq!(browser.evaluates(CUT), "", "{name}: paper cuts it off");
        browser.paints(&pictures().join(format!("{name}-paper.png")), PAPER.width, 3_000);
        browser.looks(LOOKS[2]);
    }
}
