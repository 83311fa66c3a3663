//! The canonical form, piece by piece, and that nothing is lost on the way to it.

use proptest::prelude::*;

use super::*;

fn formed(text: &str) -> String {
    match format(FileId(0), text) {
        Ok(formed) => formed,
        Err(why) => panic!("{text:?}: {why:?}\n{}", written(text)),
    }
}

fn is_formed(text: &str, expected: &str) {
    assert_eq!(formed(text), expected, "{text:?}");
}

#[test]
fn lines_are_indented_and_empty_ones_are_one_at_most() {
    is_formed("\u{feff}\n\na {\n\n\tb;c\r\n\n\n d }\n\n\n\ne", "a {\n    b\n    c\n\n    d\n}\n\ne\n");
    is_formed("", "");
    is_formed("\n\n// only this  \n\n", "// only this\n");
    is_formed("a {\n}\nb { }\nc /-{\n}", "a {}\nb {}\nc /-{}\n");
}

#[test]
fn text_is_quoted_names_are_not_and_properties_come_last() {
    is_formed("\"plan\" home", "plan \"home\"\n");
    is_formed("a \"x y\"=b c", "a \"c\" \"x y\"=\"b\"\n");
    is_formed("a \"k\"=1 /-x 0xff #true (\"t\") \"s\\n\"", "a /-\"x\" 0xff #true (t)\"s\\n\" k=1\n");
    is_formed("a \\\n  b = (t) c \\ // why\n  d", "// why\na \"d\" b=(t)\"c\"\n");
    is_formed("\"a b\" #\"r\"a\"w\"#", "\"a b\" #\"r\"a\"w\"#\n");
    is_formed("a \"\"\"\n   x\n  y\n  \"\"\" b", "a \"\"\"\n   x\n  y\n  \"\"\" \"b\"\n");
    is_formed("\"true\" \"1\"=2", "\"true\" \"1\"=2\n");
}

#[test]
fn a_block_stays_on_its_line_where_it_was_and_fits() {
    is_formed("a{b;c{d}}", "a { b; c { d } }\n");
    is_formed("a {b\n}", "a {\n    b\n}\n");
    let long = |length: usize| format!("a {{ b \"{}\" }}", "x".repeat(length));
    assert_eq!(long(90).len(), 100);
    is_formed(&long(90), &format!("{}\n", long(90)));
    is_formed(&format!("{} // behind", long(90)), &format!("{} // behind\n", long(90)));
    is_formed(&long(91), &format!("a {{\n    b \"{}\"\n}}\n", "x".repeat(91)));
    is_formed("a { b /* c */ }", "a {\n    b /* c */\n}\n");
}

#[test]
fn comments_stay_where_they_were() {
    let canonical = "\
// above
a \"x\"      // behind, as far as it was
/* a
   block */
b { // behind a brace
    // in a block

    /-c \"out\" {
        d
    } // of what is out
    // at a block's end
} /* one */ /* two */
e /* within */ \"y\" k=1
";
    is_formed(canonical, canonical);
}

#[test]
fn a_comment_that_can_stay_nowhere_on_its_line_goes_above_it() {
    is_formed("a \\ // one\n \\ // two\n b", "// one\n// two\na \"b\"\n");
    is_formed("/- // why\n\n a", "// why\n/-a\n");
    is_formed("(/*t*/x)a k /*e*/ = /*v*/ 1", "/*t*/\n(x)a /*e*/ /*v*/ k=1\n");
    is_formed("a \\ // one\n /* two */", "// one\na /* two */\n");
    is_formed("a { /*o*/ b; /*c*/ d }", "a { /*o*/\n    b /*c*/\n    d\n}\n");
}

#[test]
fn what_cannot_be_read_has_no_form() {
    assert!(matches!(format(FileId(0), "a {"), Err(Unformatted::Unreadable(found)) if found.len() == 1));
    assert!(matches!(format(FileId(0), "a k=1 k=2"), Err(Unformatted::Unreadable(found)) if found.len() == 1));
}

#[test]
fn a_form_that_could_not_be_read_for_its_size_is_refused() {
    let (depth, lines) = (30, 9_000);
    let text = format!("{}{}{}", "a {\n".repeat(depth), "b\n".repeat(lines), "}\n".repeat(depth));
    assert!(text.len() < BYTES_MAX / 50);
    let indented: usize = 2 * (0..depth).map(|depth| 4 * depth).sum::<usize>() + lines * 4 * depth;
    assert_eq!(format(FileId(0), &text), Err(Unformatted::TooLarge(text.len() + indented)));
}

#[test]
fn a_form_that_says_something_else_is_noticed() {
    let said = |text: &str| {
        let document = parse(FileId(0), text, &mut Diagnostics::default());
        meanings(&document.nodes, text)
    };
    for (one, other) in [
        ("a", "b"),
        ("a b", "a c"),
        ("a b c", "a c b"),
        ("a k=1", "a k=2"),
        ("a (t)b", "a (u)b"),
        ("(t)a", "a"),
        ("a", "a {}"),
        ("a { b }", "a { c }"),
        ("a 1", "a 1.0"),
    ] {
        assert_ne!(said(one), said(other), "{one:?}, {other:?}");
    }
    assert_eq!(said("a b k=1 #nan (t)c"), said("\"a\" \"b\" #nan (\"t\") c k=1;"));
    assert_ne!(comments("a // b"), comments("a // c"));
    assert_eq!(comments("// b\na /* c */"), comments("/* c */ a // b"));
}

fn piece() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec![
        "a ",
        "node",
        "\"s\"",
        "\"q\" ",
        "\"\\n\\u{41}\"",
        "#\"r\"#",
        "\"\"\"\n  x\n  y\n  \"\"\"",
        "1 ",
        "#true ",
        "#nan ",
        "x=1",
        "y = \"z\"",
        "k /*k*/=",
        "(t)",
        "(/*t*/ \"u v\") ",
        "{",
        "{ ",
        "}",
        "} ",
        "{}",
        ";",
        "\n",
        "\n",
        "\n\n",
        "\n\n\n",
        " ",
        " ",
        "\t",
        "/-",
        "/- ",
        "/-\n",
        "/- //d\n",
        "//c\n",
        "  // c \n",
        "/*c*/",
        "/* /* */\n */",
        "\\\n",
        "\\ //e\n",
        "\r\n",
        "\u{2028}",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever can be read has a canonical form, which `format` holds against the text.
    #[test]
    fn whatever_can_be_read_has_a_form(pieces in proptest::collection::vec(piece(), 0..16)) {
        let text = pieces.concat();
        if let Err(Unformatted::Bug(what)) = format(FileId(0), &text) {
            prop_assert!(false, "{what}: {text:?}\n{:?}\n{:?}", written(&text), written(&written(&text)));
        }
    }
}
