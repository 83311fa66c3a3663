//! Any text: no panic, and every span inside it.

use proptest::prelude::*;

use super::{Compiled, compile};

/// Whether every label lies on character boundaries of the text.
fn spans_lie_inside(compiled: &Compiled, text: &str) -> Result<(), TestCaseError> {
    for label in compiled.found.iter().flat_map(|found| &found.labels) {
        prop_assert!(text.get(label.span.range()).is_some(), "{label:?} in {text:?}");
    }
    Ok(())
}

/// The pieces that plans are made of, and those that break them.
fn piece() -> impl Strategy<Value = String> {
    let words = [
        "plan",
        "store",
        "target",
        "backup",
        "restore",
        "recover",
        "into",
        "parallel",
        "probe",
        "schedule",
        "retention",
        "waive",
        "access",
        "files",
        "exclude",
        "objective",
        "local",
        "path",
        "timezone",
        "after",
        "command",
        "write",
        "template",
        "use",
        "include",
    ];
    let values = [
        "\"a\"",
        "\"a/b\"",
        "at=\"05:30\"",
        "path=\"/a\"",
        "generations=7",
        "within=\"7d\"",
        "\"daily\"",
        "\"UTC\"",
        "#true",
        "-1",
        "1.5",
        "\"tar.zip\"",
        "rto=\"4h\"",
        "reason=\"x\"",
        "until=\"2027-01-01\"",
        "\"sonae::retention::none\"",
        "(t)\"a\"",
        "a=",
        "=",
        "40m",
        "day=99",
        "cron=\"* * * * *\"",
        "every=\"1s\"",
        "\"é\u{1f980}\"",
    ];
    let marks = [
        "{", "}", "{\n", "}\n", "\n", ";", " ", "/-", "/*", "*/", "//", "\\", "\"", "\"\"\"", "\"\"\"\n", "#\"", "\"#",
        "(", ")", "#", "\u{feff}", "\u{202e}", "\0", "\r\n", "\r", "\u{85}", "\\\n", "\u{3000}",
    ];
    prop_oneof![
        3 => proptest::sample::select(words.to_vec()).prop_map(|word| format!("{word} ")),
        3 => proptest::sample::select(values.to_vec()).prop_map(|value| format!("{value} ")),
        2 => proptest::sample::select(marks.to_vec()).prop_map(str::to_owned),
    ]
}

fn plan_like() -> impl Strategy<Value = String> {
    proptest::collection::vec(piece(), 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_string_is_answered(text in any::<String>()) {
        let compiled = compile("any.kdl", &text);
        spans_lie_inside(&compiled, &text)?;
        compiled.shown();
    }

    #[test]
    fn any_pieces_are_answered(text in plan_like()) {
        let compiled = compile("any.kdl", &text);
        spans_lie_inside(&compiled, &text)?;
        compiled.shown();
        serde_json::to_string(&sonae::report::diagnostics::json(&compiled.found, &compiled.sources)).unwrap();
    }

    #[test]
    fn a_good_plan_with_a_piece_cut_out_or_put_in_is_answered(cut in 0_usize..2400, length in 0_usize..40, put in piece()) {
        let mut text = include_str!("plans/good.kdl").to_owned();
        let start = text.floor_char_boundary(cut.min(text.len()));
        let end = text.floor_char_boundary((start + length).min(text.len()));
        text.replace_range(start..end, &put);
        let compiled = compile("cut.kdl", &text);
        spans_lie_inside(&compiled, &text)?;
        compiled.shown();
    }
}

#[test]
fn hostile_plans_are_answered() {
    let files = |lines: String| format!("plan \"p\"\ntarget \"t\" {{ files {lines} }}");
    let many = |line: &dyn Fn(usize) -> String| (0..2_000).map(line).collect::<String>();
    let texts = [
        many(&|_| "x\n".to_owned()),
        many(&|n| format!("store \"s{n}\" {{ local path=\"/s\" }}\n")),
        format!(
            "plan \"p\" {{ {} }}",
            many(&|_| "waive \"sonae::retention::none\" reason=\"r\" until=\"2100-01-01\"\n".into())
        ),
        format!(
            "plan \"p\"\n{}",
            many(&|n| format!("target \"t{n}\" {{ backup \"b\" {{ archive \"tar.zip\"; store \"s{n}\" }} }}\n"))
        ),
        format!("plan \"p\" x={}", many(&|n| format!("1 x{n}="))),
        files(many(&|n| format!("\"/a/{n}\" \"/a\" "))),
        files(format!("\"/a\" {{ exclude {} }}", many(&|_| "\"{a,b}*{c,d}**[!e]\" ".to_owned()))),
        files(format!("\"/a\" {{ exclude \"{}\" }}", "[a-z]{a,[b-y]}".repeat(5_000))),
        files(format!("\"{}\"", "../a/".repeat(20_000))),
        format!("plan \"{}\"", "é".repeat(50_000)),
        format!("plan \"p\"\nrestore \"r\" {{ {}{} }}", "parallel { ".repeat(30), "}".repeat(30)),
    ];
    for text in texts {
        let compiled = compile("hostile.kdl", &text);
        spans_lie_inside(&compiled, &text).unwrap();
        assert!(!compiled.found.is_empty(), "{}", text.get(..80).unwrap_or(&text));
        compiled.shown();
    }
}
