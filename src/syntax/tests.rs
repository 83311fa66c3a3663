//! What is read, and what is refused.

use proptest::prelude::*;

use super::*;
use crate::diagnostic::Diagnostic;

fn read(text: &str) -> (Document, Vec<Diagnostic>) {
    let mut out = Diagnostics::default();
    let document = parse(FileId(0), text, &mut out);
    (document, out.into_sorted())
}

/// What is wrong, each as its code's last part and the text that is labelled.
fn wrong(text: &str) -> Vec<(&str, &str)> {
    let problem = |found: &Diagnostic| found.code.name.rsplit("::").next().unwrap_or_default();
    read(text)
        .1
        .iter()
        .map(|found| (problem(found), text.get(found.span().range()).expect("inside the text")))
        .collect()
}

#[test]
fn a_value_has_its_own_bytes() {
    let text = "backup \"daily\" at = \"05:30\" n=(t)7 /-x=1 { store #\"a\"b\"#; }";
    let (document, found) = read(text);
    assert_eq!(found, []);
    let node = &document.nodes[0];
    let of = |span: Span| &text[span.range()];
    let values: Vec<_> = node.entries.iter().map(|entry| (of(entry.span), of(entry.value.span))).collect();
    assert_eq!(values, [("\"daily\"", "\"daily\""), ("at = \"05:30\"", "\"05:30\""), ("n=(t)7", "7")]);
    assert_eq!(of(node.entries[2].annotation.as_ref().unwrap().span), "(t)");
    assert_eq!(of(node.header), "backup \"daily\" at = \"05:30\" n=(t)7");
    assert_eq!(of(node.braces.unwrap()), "{ store #\"a\"b\"#; }");
    assert_eq!(node.children[0].entries[0].value.value, Value::String("a\"b".into()));
}

#[test]
fn each_problem_is_labelled_on_its_own_characters() {
    assert_eq!(wrong("a {\n b \"x\n c }\nd"), [("unclosed-string", "\"x")]);
    assert_eq!(wrong("a \"x { b; }\nc"), [("unclosed-string", "\"x { b; }")]);
    assert_eq!(wrong("a 1x b=/x c=true"), [("bare-value", "1x"), ("bare-value", "/x"), ("bare-value", "true")]);
    assert_eq!(wrong("a b=\nc d= {}"), [("missing-value", "b="), ("missing-value", "d=")]);
    assert_eq!(wrong("a }\nb"), [("stray-brace", "}")]);
    assert_eq!(wrong("a x=1 x=2 x=3"), [("duplicate-property", "x=2"), ("duplicate-property", "x=3")]);
    assert_eq!(wrong("a /* b"), [("unclosed-comment", "/*")]);
    assert_eq!(wrong("a \u{202e}\"b\""), [("control-character", "\u{202e}")]);
    assert_eq!(wrong("a {} b"), [("unexpected", "b")]);
    assert_eq!(wrong("a\"b\""), [("unexpected", "\"b\"")]);
    assert_eq!(wrong("{ a }"), [("unexpected", "{")]);
    assert_eq!(wrong("a \"\\q\""), [("bad-string", "\"\\q\"")]);
    assert_eq!(wrong("a \"\"\"b\"\"\""), [("bad-string", "\"\"\"b\"\"\"")]);
    assert_eq!(wrong("7 a"), [("unexpected", "7")]);
    assert_eq!(wrong("a )"), [("unexpected", ")")]);
    assert_eq!(wrong("a (b"), [("unexpected", "(")]);
    assert_eq!(wrong("a 1=2"), [("unexpected", "1")]);
    assert_eq!(wrong("a /-"), [("unexpected", "/-")]);
}

#[test]
fn an_unclosed_block_ends_before_the_next_line_that_is_not_indented() {
    let text = "a {\n  b {\n  c\nd {\n  e\n}\nf";
    let (document, _) = read(text);
    let names: Vec<_> = document.nodes.iter().map(|node| node.name.value.as_str()).collect();
    assert_eq!(names, ["a", "d", "f"]);
    assert_eq!(wrong(text), [("unclosed-block", "{"), ("unclosed-block", "{")]);
    // Where nothing is indented, nothing can be told from it.
    assert_eq!(read("a {\nb\nc").0.nodes.len(), 1);
}

#[test]
fn what_lacks_something_is_marked() {
    let (document, _) = read("a 1x\nb {\n 7\n}\nc");
    let marks: Vec<_> = document.nodes.iter().map(|node| (node.broken, node.lost_children)).collect();
    assert_eq!((marks.as_slice(), document.lost), (&[(true, false), (false, true), (false, false)][..], false));
    assert!(read("7").0.lost);
}

#[test]
fn hostile_texts_are_answered() {
    let pieces = [
        "/-",
        "(",
        "\"",
        "{",
        "}",
        "a=",
        "/*",
        "\\\n",
        "\\",
        "a\n",
        "a{}",
        "a;",
        "#",
        "#\"",
        "\"\"\"\n",
        "#\"\"\"\n",
        "/*/",
        "a ",
        "\u{feff}",
        "\"a\" ",
        "a \"\\",
        "a{\na{\n",
        "é",
        "1e",
        "/-{",
        "*/",
        "a /-{}",
        "=",
        "\r",
        "a \"\"\"\n \"\"\"\n",
        "a 1x\n",
    ];
    for piece in pieces {
        // A sixteenth of the limit: a test build is slow, and what grows with the square shows all the same.
        let text = piece.repeat(BYTES_MAX / 16 / piece.len());
        read(&text);
        read(&format!("a {text}"));
    }
    // One string, and one comment with as many chunks as it has bytes: `kdl` would recurse on each.
    let string = format!("a \"{}\"", "\\n".repeat(BYTES_MAX / 2 - 3));
    assert_eq!(read(&string).1, []);
    let comment = format!("a /*{}*/", "*a".repeat(BYTES_MAX / 2 - 4));
    assert_eq!(read(&comment).1, []);
}

#[test]
fn limits_are_told_once() {
    let large = "\u{e9}".repeat(BYTES_MAX);
    assert_eq!(wrong(&large), [("too-large", "\u{e9}")]);
    let words = "a;".repeat(WORDS_MAX);
    assert_eq!(read(&words).1, []);
    assert_eq!(wrong(&(words + "b c")), [("too-many-words", "b")]);
    let deep = "a {".repeat(DEPTH_MAX + 1);
    assert_eq!(wrong(&deep), [("too-deep", "{")]);
    assert_eq!(read(&("a {".repeat(DEPTH_MAX) + &"}".repeat(DEPTH_MAX))).1, []);
    let many = wrong("a 1x\n".repeat(500).leak()).len();
    assert_eq!(many, lexer::FLAWS_MAX + 1);
}

#[test]
fn what_kdl_alone_refuses_is_found_wherever_the_text_is_cut() {
    let good = "plan p\na 1 x=2 /-3 {\n b; c {} /-{ d }\n\n /-\n\n e (t)4\n}\n/-f { g }\nh \"i\" k\n";
    let refused = |text: &str, tokens| referee::refuses_by(tokens, FileId(0), text, &lexer::tokens(text)).is_some();
    for piece in 1..40 {
        assert!(!refused(good, piece), "in pieces of {piece} tokens");
        for (at, _) in good.match_indices(['1', '2', '3', '4', '"', 'b', 'c', 'd', 'e', 'g']) {
            let bad = format!("{}1x{}", &good[..at], &good[at + 1..]);
            assert!(refused(&bad, usize::MAX) && refused(&bad, piece), "{bad:?} in pieces of {piece} tokens");
        }
    }
}

/// The same tree as `kdl` has it.
fn of_kdl(document: &kdl::KdlDocument) -> Vec<String> {
    let value = |value: &kdl::KdlValue| match value {
        kdl::KdlValue::String(text) => format!("{:?}", Value::String(text.clone())),
        kdl::KdlValue::Integer(number) => format!("{:?}", Value::Integer(*number)),
        kdl::KdlValue::Float(number) => format!("{:?}", Value::Float(*number)),
        kdl::KdlValue::Bool(truth) => format!("{:?}", Value::Bool(*truth)),
        kdl::KdlValue::Null => format!("{:?}", Value::Null),
    };
    let entry = |entry: &kdl::KdlEntry| {
        format!("{:?} {} {}", entry.name().map(kdl::KdlIdentifier::value), entry.ty().is_some(), value(entry.value()))
    };
    let node = |node: &kdl::KdlNode| {
        let entries: Vec<_> = node.entries().iter().map(entry).collect();
        let children = node.children().map(of_kdl).unwrap_or_default();
        format!("{} {} {entries:?} {children:?}", node.ty().is_some(), node.name().value())
    };
    document.nodes().iter().map(node).collect()
}

fn of_ours(nodes: &[Node]) -> Vec<String> {
    let entry = |entry: &Entry| {
        let name = entry.property.as_ref().map(|name| name.value.as_str());
        format!("{name:?} {} {:?}", entry.annotation.is_some(), entry.value.value)
    };
    let node = |node: &Node| {
        let entries: Vec<_> = node.entries.iter().map(entry).collect();
        format!("{} {} {entries:?} {:?}", node.annotation.is_some(), node.name.value, of_ours(&node.children))
    };
    nodes.iter().map(node).collect()
}

fn piece() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec![
        "a",
        "node",
        "\"s\"",
        "\"\\n\\u{41}\"",
        "#\"r\"#",
        "\"\"\"\n  x\n  y\n  \"\"\"",
        "##\"\"\"\n z\n \"\"\"##",
        "1",
        "-2.5e3",
        "0xff",
        "#true ",
        "#null ",
        "#-inf ",
        "x=1",
        "y = \"z\"",
        "(t)",
        "(t)v",
        "{",
        "}",
        "{}",
        ";",
        "\n",
        "\n",
        " ",
        " ",
        " ",
        " ",
        "/-",
        "/- ",
        "//c\n",
        "/*c*/",
        "/* /* */ */",
        "\\\n",
        "\\ //c\n",
        "\u{3000}",
        "\r\n",
        "+",
        "-",
        "-a",
        ".a",
        "é",
        "\"\\\n  b\"",
        "=",
    ])
}

#[test]
fn a_text_may_be_cut_within_a_block_that_is_commented_out() {
    for text in
        ["+ /-{}{}", "a /-{ b; c { d } } { e } /-{ f; g }", "a { b /-{ c } { d } }", "/- a { b } \n c /-\n{ d } { e }"]
    {
        let (_, found) = read(text);
        assert!(found.is_empty(), "{text}: {found:?}");
        let tokens = lexer::tokens(text);
        for piece in 1..8 {
            assert!(referee::refuses_by(piece, FileId(0), text, &tokens).is_none(), "{text} in pieces of {piece}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// What `kdl` reads is read alike here. (A property given twice is the one thing refused here alone.)
    #[test]
    fn whatever_kdl_reads_is_read_alike(pieces in proptest::collection::vec(piece(), 0..12)) {
        let text = pieces.concat();
        let (ours, found) = read(&text);
        if let Ok(theirs) = kdl::KdlDocument::parse_v2(&text) {
            // Of what is commented out, `kdl` lets things pass that the grammar does not: `/-a {} b`, `a /- /-b c`, `a /-{}/-b`.
            let stricter = ["begin a new line behind", "write it before", "put a space before"];
            let refuses = |found: &Diagnostic| stricter.iter().any(|help| found.help.starts_with(help));
            let lenient = text.contains("/-") && found.iter().any(refuses);
            let refused: Vec<_> = found.iter().filter(|found| !found.code.name.ends_with("duplicate-property")).collect();
            prop_assume!(!lenient);
            prop_assert!(refused.is_empty(), "{text:?}: {refused:?}");
            prop_assert_eq!(of_ours(&ours.nodes), of_kdl(&theirs), "{:?}", text);
        }
    }

    /// What is read here without a complaint is KDL.
    #[test]
    fn whatever_is_read_here_kdl_reads(pieces in proptest::collection::vec(piece(), 0..12)) {
        let text = pieces.concat();
        let (ours, found) = read(&text);
        if found.is_empty() {
            let tokens = lexer::tokens(&text);
            for piece in 1..6 {
                prop_assert!(referee::refuses_by(piece, FileId(0), &text, &tokens).is_none(), "{text:?} in pieces of {piece}");
            }
            let theirs = kdl::KdlDocument::parse_v2(&text);
            prop_assert_eq!(Ok(of_ours(&ours.nodes)), theirs.map(|theirs| of_kdl(&theirs)), "{:?}", text);
        }
    }
}
