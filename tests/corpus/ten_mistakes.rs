//! Ten mistakes in one plan are ten diagnostics, each on its own characters.

use sonae::diagnostic::Severity;

use super::compile;

#[test]
fn each_mistake_is_labelled_on_its_own_characters() {
    let text = include_str!("plans/ten-mistakes.kdl");
    let mut compiled = compile("ten-mistakes.kdl", text);
    // Nobody is told of anything, which is no mistake.
    compiled.found.retain(|found| found.severity > Severity::Advice);
    let labelled: Vec<_> = compiled.found.iter().map(|found| (found.code.name, &text[found.span().range()])).collect();
    assert_eq!(
        labelled,
        [
            ("sonae::timezone::unknown", "\"Asia/Tokio\""),
            ("sonae::value::bad-time", "\"25:30\""),
            ("sonae::store::unknown", "\"valut\""),
            ("sonae::word::unknown-property", "genrations"),
            ("sonae::word::duplicate-name", "\"photos\""),
            ("sonae::word::unknown-node", "snapshots"),
            ("sonae::value::bad-count", "-14"),
            ("sonae::value::bad-duration", "\"90\""),
            ("sonae::syntax::duplicate-property", "at=\"04:00\""),
            ("sonae::syntax::unclosed-string", "\"/home/music"),
        ]
    );
    let again = &compiled.found[4];
    assert_eq!(again.labels.len(), 2, "both declarations are shown");
    assert!(text[again.labels[1].span.range()].eq("\"photos\"") && again.labels[1].span < again.labels[0].span);
}
