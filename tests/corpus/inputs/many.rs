//! Plans as large as one may be, each with very many of one thing: what grows with the square of it takes hours.

use sonae::syntax::BYTES_MAX;

/// A backup's usual words.
const USUAL: &str = "archive \"tar.zip\";store \"s\"";

/// A plan with one line as often as there is room; the line is made from its number.
fn full(before: &str, line: impl Fn(usize) -> String, after: &str) -> String {
    // An eighth of the limit: a test build is slow, and what grows with the square shows all the same.
    let room = BYTES_MAX / 8 - before.len() - after.len();
    let mut text = before.to_owned();
    for line in (0..).map(line).take_while(|line| !line.is_empty()) {
        if text.len() + line.len() > room {
            break;
        }
        text.push_str(&line);
    }
    text + after
}

const HEAD: &str = "plan \"p\"\nstore \"s\" { local path=\"/s\" }\n";

fn in_head(line: impl Fn(usize) -> String, after: &str) -> String {
    full(HEAD, line, after)
}

pub(super) fn texts() -> Vec<String> {
    let target = |n: usize| format!("target \"t{n}\" {{ files \"/{n}\"; backup \"b\" {{ {USUAL} }} }}\n");
    let one = "target \"t\" { files \"/t\"; backup \"b\" { archive \"tar.zip\"; store \"s\" } }\n";
    let in_restore = |line: &dyn Fn(usize) -> String| full(&format!("{HEAD}{one}restore \"r\" {{\n"), line, "}\n");
    let halves = |line: &str| {
        let many = line.repeat(BYTES_MAX / 16 / line.len() / 2);
        format!("{HEAD}{one}restore \"r\" {{ parallel {{ {many} }}; parallel {{ {many} }} }}\n")
    };
    let mut texts = vec![
        // Names that nobody declared, each near to very many.
        in_head(
            |n| {
                format!(
                    "target \"t{n}\" {{ files \"/{n}\"; backup \"b\" {{ {USUAL}; after \"{}{n}/b\" }} }}\n",
                    "t".repeat(40)
                )
            },
            "",
        ),
        in_head(
            |n| {
                format!(
                    "target \"t{n}\" {{ files \"/{n}\"; backup \"b\" {{ archive \"tar.zip\"; store \"{}{n}\" }} }}\n",
                    "s".repeat(40)
                )
            },
            "",
        ),
        in_restore(&|n| format!("recover \"x{n}\" {{ into path=\"/r/{n}\" }}\n")),
        // Steps of one name, and steps that all wait for all before them.
        in_restore(&|_| "probe \"p\" { path \"/r\" }\n".to_owned()),
        in_restore(&|n| format!("recover \"t\" {{ into path=\"/r/{n}\" }}\n")),
        halves("probe \"p\" { path \"/\" }\n"),
        // Promises that all stand on all steps of one restore, with and without their times.
        promises(" takes=\"1m\""),
        promises(""),
        // Ties: a circle of all jobs, and a job that comes after all others.
        in_head(
            |n| format!("target \"t{n}\" {{ files \"/{n}\"; backup \"b\" {{ {USUAL}; after \"t{}/b\" }} }}\n", n + 1),
            "",
        ),
        circle(),
        // Schedules that are all different, and that come round every minute.
        in_head(|n| timed(n, &format!("schedule cron=\"{} {} * * *\"", n % 60, n / 60 % 24)), ""),
        in_head(|n| timed(n, &format!("schedule cron=\"*/1 * * {} *\" timezone=\"America/Santiago\"", 1 + n % 12)), ""),
        in_head(|n| timed(n, "schedule \"daily\" at=\"02:30\" timezone=\"Europe/Zurich\""), ""),
        in_head(|n| timed(n, "schedule cron=\"0 0 29 2 *\""), ""),
        // Waivers of all, and none that is used.
        in_head(
            |n| {
                format!(
                    "target \"t{n}\" {{ files \"/{n}\"; backup \"b\" {{ {USUAL} }}; waive \"sonae::retention::none\" reason=\"r\" until=\"2100-01-01\" }}\n"
                )
            },
            "",
        ),
        full(
            "plan \"p\" {\n",
            |_| "waive \"sonae::rpo::broken\" reason=\"r\" until=\"2100-01-01\"\n".to_owned(),
            "}\n",
        ),
        // One line, one block, one string, one list of each.
        in_head(target, "").replace('\n', ";"),
        full("plan \"p\"\ntarget \"t\" { files", |n| format!(" \"/{n}\""), " }"),
        full("plan \"p\"\ntarget \"t\" { files \"/\" { exclude", |n| format!(" \"**/[a-z]{{{n},b}}*\""), " } }"),
        full("plan \"p\" ", |n| format!("x{n}=1 "), ""),
        full("plan \"p\"\n", |n| format!("word{n}\n"), ""),
        full("plan \"p\"\n", |_| "\u{301}".to_owned(), ""),
        full("plan \"", |_| "\u{1f468}\u{200d}".to_owned(), "\""),
        "a {".repeat(100_000),
        "{".repeat(100_000),
        "(".repeat(100_000),
        "/*".repeat(100_000),
        "a { parallel { ".repeat(31),
        format!("plan \"{}\"", "p".repeat(65)),
        format!("plan \"p\" {{ owner \"{}\" }}", "\\u{10ffff}".repeat(10_000)),
        "x".repeat(BYTES_MAX),
        "x".repeat(BYTES_MAX + 1),
        "\n".repeat(BYTES_MAX),
    ];
    texts.push(format!("{HEAD}{}", "\u{feff}".repeat(1_000)));
    texts.extend(templates());
    texts.extend(includes());
    texts
}

/// Templates that are used very often, that are very many, and that are wrong.
fn templates() -> Vec<String> {
    let used = |template: &str| {
        let line = |n: usize| format!("target \"t{n}\" {{ use \"a\"; files \"/{n}\" }}\n");
        full(&format!("{HEAD}template \"a\" {{ {template} }}\n"), line, "")
    };
    let backups: String = (0..100).map(|n| format!("backup \"b{n}\" {{ {USUAL} }}; ")).collect();
    let waivers = "waive \"sonae::retention::none\" reason=\"r\" until=\"2100-01-01\"; ".repeat(100);
    vec![
        used(&format!("backup \"b\" {{ {USUAL} }}")),
        used(&backups),
        used(&waivers),
        used("objective rpo=\"1h\" rto=\"1h\""),
        used("backup \"b\" { archive \"zip\"; store; takes 1; x }"),
        used(&"x; ".repeat(1_000)),
        used(""),
        in_head(|n| format!("template \"t{n}\" {{ objective rpo=\"1h\" }}\n"), ""),
        in_head(|n| format!("template \"t{n}\" {{ use \"t{}\" }}\n", n + 1), ""),
        in_head(|n| format!("target \"t{n}\" {{ use \"{}{n}\" }}\n", "t".repeat(40)), "template \"tt\" { }\n"),
        full(&format!("{HEAD}template \"a\" {{ }}\ntarget \"t\" {{\n"), |_| "use \"a\"\n".to_owned(), "}\n"),
        full(
            &format!(
                "{HEAD}{}target \"t\" {{\n",
                (0..500).map(|n| format!("template \"a{n}\" {{ objective rpo=\"1h\" }}\n")).collect::<String>()
            ),
            |n| format!("use \"a{}\"\n", n % 500),
            "}\n",
        ),
    ]
}

/// Files that are included very often, and very many of them.
fn includes() -> Vec<String> {
    vec![
        in_head(|_| "include \"0.kdl\"\n".to_owned(), ""),
        in_head(|n| format!("include \"{n}.kdl\"\n"), ""),
        in_head(|n| format!("include \"{}0.kdl\"\n", "./".repeat(n % 300)), ""),
        in_head(|n| format!("include \"large/{n}.kdl\"\n"), ""),
        in_head(|_| "include \"input.kdl\"\n".to_owned(), ""),
    ]
}

/// What they include: a line of files, of which each includes the next and all that went before, some that are empty, and some that are large.
pub(super) fn beside() -> Vec<(String, String)> {
    let small = (0..300).map(|n| {
        let others = if n < 100 { 0..n + 2 } else { 0..0 };
        let includes: String = others.map(|other| format!("include \"{other}.kdl\"\n")).collect();
        (format!("{n}.kdl"), includes)
    });
    let large = (0..300).map(|n| (format!("large/{n}.kdl"), format!("// {}\n", "x".repeat(BYTES_MAX / 100))));
    small.chain(large).collect()
}

/// A target with a schedule, whose gaps are looked for.
fn timed(n: usize, schedule: &str) -> String {
    format!("target \"t{n}\" {{ files \"/{n}\"; backup \"b\" {{ {USUAL}; {schedule}; takes \"1s\" }} }}\n")
}

/// As many targets as recoveries, where every target promises to be back soon.
fn promises(takes: &str) -> String {
    let target =
        |n| format!("target \"t{n}\" {{ files \"/{n}\"; objective rto=\"9d\"; backup \"b\" {{ {USUAL} }} }}\n");
    let recover = |n| format!("recover \"t{n}\"{takes} {{ into path=\"/r/{n}\" }}\n");
    let each = 800;
    let (targets, steps): (String, String) = ((0..each).map(target).collect(), (0..each).map(recover).collect());
    format!("{HEAD}{targets}restore \"r\" {{\n{steps}}}\n")
}

/// Each job after the next, and the last after the first.
fn circle() -> String {
    let each = 1_000;
    let target = |n| {
        format!("target \"t{n}\" {{ files \"/{n}\"; backup \"b\" {{ {USUAL}; after \"t{}/b\" }} }}\n", (n + 1) % each)
    };
    format!("{HEAD}{}", (0..each).map(target).collect::<String>())
}
