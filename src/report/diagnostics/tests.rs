//! How diagnostics look.

use super::*;
use crate::diagnostic::codes;
use crate::primitives::Span;

fn one(text: &str, start: usize, end: usize) -> (Vec<Diagnostic>, Sources) {
    let mut sources = Sources::default();
    let file = sources.add("plan.kdl", text);
    let span = Span::new(file, start, end);
    let found = Diagnostic::new(&codes::target::NO_SOURCE, "what is wrong", span, "here", "what to write");
    (vec![found.also(Span::new(file, 0, 1), "there")], sources)
}

#[test]
fn a_diagnostic_shows_its_code_lines_labels_and_help() {
    let (found, sources) = one("a\nb \"é\" c\nd\n", 9, 10);
    insta::assert_snapshot!(text(&found, &sources, Colour::Plain), @r#"
    sonae::target::no-source

      × what is wrong
       ╭─[plan.kdl:2:7]
     1 │ a
       · ┬
       · ╰── there
     2 │ b "é" c
       ·       ┬
       ·       ╰── here
     3 │ d
       ╰────
      help: what to write
    "#);
    assert!(text(&found, &sources, Colour::Ansi).contains("\u{1b}["));
}

#[test]
fn json_counts_lines_and_columns_from_one_in_characters() {
    let (found, sources) = one("a\nb \"é\" c\nd\n", 9, 10);
    insta::assert_snapshot!(serde_json::to_string_pretty(&json(&found, &sources)).unwrap(), @r#"
    {
      "format_version": 1,
      "diagnostics": [
        {
          "code": "sonae::target::no-source",
          "severity": "error",
          "message": "what is wrong",
          "help": "what to write",
          "labels": [
            {
              "file": "plan.kdl",
              "line": 2,
              "column": 7,
              "start": 9,
              "end": 10,
              "text": "here"
            },
            {
              "file": "plan.kdl",
              "line": 1,
              "column": 1,
              "start": 0,
              "end": 1,
              "text": "there"
            }
          ]
        }
      ],
      "omitted": 0,
      "errors": 1,
      "warnings": 0
    }
    "#);
}

#[test]
fn what_a_terminal_would_obey_is_not_shown() {
    let (found, sources) = one("a \u{1b}[31m \u{85} \u{202e} b\u{7f}\n", 2, 3);
    let shown = text(&found, &sources, Colour::Plain);
    assert!(shown.chars().all(|c| c == '\n' || !(c.is_control() || c == '\u{202e}')), "{shown:?}");
    assert!(shown.contains("what to write"));
}

#[test]
fn of_a_line_too_long_to_show_the_place_is_told() {
    let long = format!("a\n{}", "x".repeat(100_000));
    let (found, sources) = one(&long, 50_000, 50_001);
    let shown = text(&found, &sources, Colour::Plain);
    assert!(shown.len() < 1_000 && shown.contains("plan.kdl:2:49999"), "{shown}");
}

#[test]
fn beyond_the_limit_they_are_counted() {
    let (found, sources) = one("abc", 1, 2);
    let many = vec![found[0].clone(); SHOWN_MAX + 7];
    assert!(text(&many, &sources, Colour::Plain).ends_with("… and 7 more\n"));
}

#[test]
fn of_the_notation_the_first_are_shown_and_what_else_is_wrong() {
    let (found, sources) = one("abc", 1, 2);
    let of_syntax = Diagnostic::new(&codes::syntax::UNCLOSED_STRING, "no end", found[0].span(), "here", "end it");
    let many = [vec![of_syntax; SYNTAX_SHOWN_MAX + 3], found].concat();
    let shown = text(&many, &sources, Colour::Plain);
    assert_eq!(shown.matches("no end").count(), SYNTAX_SHOWN_MAX);
    assert_eq!(shown.matches("what is wrong").count(), 1);
    assert!(shown.ends_with("… and 3 more\n"), "{shown}");
}

#[test]
fn labels_in_another_file_are_told_in_words() {
    let (mut found, mut sources) = one("abc", 1, 2);
    let other = sources.add("other.kdl", "x\ny");
    found[0] = found[0].clone().also(Span::new(other, 2, 3), "first declared here");
    assert!(text(&found, &sources, Colour::Plain).contains("other.kdl:2:1: first declared here"));
}

#[test]
fn the_summary_counts_errors_and_warnings() {
    let of = |code: &'static crate::diagnostic::Code| Diagnostic::new(code, "", Span::default(), "", "");
    let (error, warning, advice) =
        (of(&codes::target::NO_SOURCE), of(&codes::plan::UNUSED), of(&codes::backup::NO_SCHEDULE));
    assert_eq!(summary(&[]), "no problems");
    assert_eq!(summary(std::slice::from_ref(&advice)), "no problems, 1 piece of advice");
    assert_eq!(summary(&[advice.clone(), warning.clone(), advice]), "1 warning, 2 pieces of advice");
    assert_eq!(summary(&[error.clone(), warning.clone()]), "1 error, 1 warning");
    assert_eq!(summary(&[warning.clone(), error.clone(), error]), "2 errors, 1 warning");
    assert_eq!(summary(&[warning]), "1 warning");
}

#[test]
fn a_place_far_down_is_drawn_as_one_near_the_top_is() {
    let (above, plan) = ("é\n".repeat(10_000), "a\nb \"é\" c\nd\n");
    let shown = |before: &str| {
        let at = before.len();
        let mut sources = Sources::default();
        let file = sources.add("plan.kdl", format!("{before}{plan}"));
        let span = Span::new(file, at + 9, at + 10);
        let found = Diagnostic::new(&codes::target::NO_SOURCE, "what is wrong", span, "here", "what to write");
        text(&[found.also(Span::new(file, at, at + 1), "there")], &sources, Colour::Plain)
    };
    let far = shown(&above);
    assert!(far.contains("plan.kdl:10002:7") && far.contains("10001 │ a") && far.contains("10003 │ d"), "{far}");
    let ends = |shown: &str| shown.lines().filter(|line| line.contains("──")).map(str::trim_start).collect::<String>();
    assert_eq!(ends(&far).matches("╰── ").count(), ends(&shown("")).matches("╰── ").count());
}

#[test]
fn of_very_many_places_the_first_are_drawn() {
    let (mut found, sources) = one(&"ab\n".repeat(100), 0, 1);
    found[0].labels = (0..100)
        .map(|line| crate::diagnostic::Label {
            span: Span::new(crate::primitives::FileId(0), line * 3, line * 3 + 1),
            text: "x".into(),
        })
        .collect();
    let shown = text(&found, &sources, Colour::Plain);
    assert!(shown.contains("… and 50 more places") && shown.matches("╰── x").count() == 50, "{shown}");
}

#[test]
fn advice_that_comes_again_is_told_in_a_line_each() {
    let mut sources = Sources::default();
    let file = sources.add("plan.kdl", "a\nb\nc\nd\ne\n");
    let advice = |at: usize| {
        let span = Span::new(file, at, at + 1);
        Diagnostic::new(&codes::backup::NO_SCHEDULE, format!("about the one at {at}"), span, "here", "what to write")
    };
    let found: Vec<Diagnostic> = (0..5).map(|line| advice(line * 2)).collect();
    let shown = text(&found, &sources, Colour::Plain);
    assert_eq!(shown.matches("what to write").count(), 3, "{shown}");
    insta::assert_snapshot!(shown.split_once("sonae::schedule::none, 2").map(|(_, rest)| rest).unwrap_or(&shown), @r"
     times more

      plan.kdl:4:1: about the one at 6
      plan.kdl:5:1: about the one at 8
    ");
}
