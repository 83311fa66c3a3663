//! `schema/plan.schema.kdl` says what the table of words says, and holds together.

use std::collections::BTreeSet;

use kdl::{KdlDocument, KdlNode};
use sonae::lower::{Kind, Word, schema, vocabulary::ROOT};

use super::generated::is_current;

fn parsed() -> KdlDocument {
    KdlDocument::parse_v2(&schema()).unwrap()
}

fn text(node: &KdlNode, entry: impl Into<kdl::NodeKey>) -> Option<String> {
    Some(node.get(entry)?.as_string()?.to_owned())
}

fn children<'a>(node: &'a KdlNode, name: &str) -> Vec<&'a KdlNode> {
    node.iter_children().filter(|child| child.name().value() == name).collect()
}

/// Every node of the document that has this name.
fn all<'a>(nodes: impl IntoIterator<Item = &'a KdlNode>, name: &str, found: &mut Vec<&'a KdlNode>) {
    for node in nodes {
        if node.name().value() == name {
            found.push(node);
        }
        all(node.iter_children(), name, found);
    }
}

/// The definition that a node refers to; the node itself where it refers to none.
fn resolved<'a>(document: &'a KdlDocument, node: &'a KdlNode) -> &'a KdlNode {
    let Some(query) = text(node, "ref") else { return node };
    let id = query.strip_prefix("[id=\"").and_then(|rest| rest.strip_suffix("\"]")).unwrap();
    let (mut nodes, named) = (vec![], |node: &&KdlNode| text(node, "id").as_deref() == Some(id));
    all(document.nodes(), "node", &mut nodes);
    let found: Vec<_> = nodes.into_iter().filter(named).collect();
    assert_eq!(found.len(), 1, "{id}");
    found[0]
}

fn number(node: &KdlNode, name: &str) -> Option<i128> {
    children(node, name).first().and_then(|child| child.get(0)?.as_integer())
}

/// Holds a value's description against the form that it has in the table.
fn says_form(node: &KdlNode, form: sonae::lower::Form, place: &str) {
    let texts = |name| {
        let found = children(node, name);
        found
            .iter()
            .flat_map(|child| child.entries())
            .map(|entry| entry.value().as_string().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    match form.kind() {
        Kind::OneOf(words) => assert_eq!(texts("enum"), words, "{place}"),
        Kind::Like(expression) => assert_eq!(texts("pattern"), [expression], "{place}"),
        Kind::Whole(least, most) => {
            let bounds = (number(node, ">="), number(node, "<="));
            assert_eq!(bounds, (Some(least.into()), Some(most.into())), "{place}");
        }
    }
    let tags: Vec<_> = children(node, "tag")
        .into_iter()
        .flat_map(|tag| children(tag, "enum"))
        .flat_map(|words| words.entries().to_vec())
        .collect();
    let tags: Vec<_> = tags.iter().map(|entry| entry.value().as_string().unwrap()).collect();
    assert_eq!(tags, form.annotations(), "{place}");
}

/// Holds a node of the schema against its row, and those of its block against theirs.
fn says(document: &KdlDocument, node: &KdlNode, word: &'static Word, seen: &mut Vec<*const Word>) {
    let of = resolved(document, node);
    assert_eq!((text(of, 0).as_deref(), text(of, "description").as_deref()), (Some(word.name), Some(word.doc)));
    let values = children(of, "value");
    assert_eq!(values.len(), usize::from(!word.arguments.what.is_empty()), "{}", word.name);
    values.iter().for_each(|value| says_form(value, word.arguments.form, word.name));
    let props = children(of, "prop");
    assert_eq!(props.len(), word.properties.len(), "{}", word.name);
    for (prop, property) in props.into_iter().zip(word.properties) {
        assert_eq!(text(prop, 0).as_deref(), Some(property.name));
        assert_eq!(!children(prop, "required").is_empty(), property.required, "{}", property.name);
        says_form(prop, property.form, property.name);
    }
    if !seen.contains(&std::ptr::from_ref(word)) {
        seen.push(word);
        let block: Vec<_> = children(of, "children").into_iter().flat_map(|block| children(block, "node")).collect();
        assert_eq!(block.len(), word.children.len(), "{}", word.name);
        block.into_iter().zip(word.children).for_each(|(node, word)| says(document, node, word, seen));
    }
}

#[test]
fn the_schema_of_a_plan_is_current_and_canonical() {
    let schema = schema();
    is_current("schema/plan.schema.kdl", &schema);
    for (line, canonical) in
        schema.lines().zip(sonae::syntax::format(sonae::primitives::FileId(0), &schema).unwrap().lines())
    {
        assert_eq!(line, canonical);
    }
}

#[test]
fn the_schema_of_a_plan_says_what_the_table_says() {
    let document = parsed();
    let nodes = children(&document.nodes()[0], "node");
    assert_eq!(nodes.len(), ROOT.children.len());
    let mut seen = vec![];
    nodes.into_iter().zip(ROOT.children).for_each(|(node, word)| says(&document, node, word, &mut seen));
    assert!(seen.len() > 90, "{}", seen.len());
}

#[test]
fn what_is_defined_is_referred_to_and_the_other_way_round() {
    let document = parsed();
    let mut nodes = vec![];
    all(document.nodes(), "node", &mut nodes);
    let ids: BTreeSet<_> = nodes.iter().filter_map(|node| text(node, "id")).collect();
    let led_to = |node: &&KdlNode| text(node, "ref").map(|_| text(resolved(&document, node), "id").unwrap());
    assert_eq!(nodes.iter().filter_map(led_to).collect::<BTreeSet<_>>(), ids);
    assert!(ids.contains("parallel") && ids.contains("waive"), "{ids:?}");
}
