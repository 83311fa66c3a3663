//! `template "name" { … }` and `use "name"`: a template's words, put in the place of each `use`.
//!
//! Unaware of what the words mean: which may stand once is in the table. Invariant: what stands in a target after that is what its author
//! could have written there; each word keeps its place in the text, and all templates together put in at most `NODES_MAX` words.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::target::target;
use super::view::{View, shown};
use super::vocabulary::{TARGET, TEMPLATE, USE};
use super::word::{Times, Word};
use crate::diagnostic::{Diagnostic, Diagnostics, codes::template as codes, known_names};
use crate::plan::{self, BrokenBlock, Waiver};
use crate::primitives::{Name, Span, Spanned};
use crate::syntax::Node;

/// How many words all uses of templates put in, at most: a few times what the largest file has without any.
const NODES_MAX: usize = 50_000;

/// A template that was declared.
pub(super) struct Template<'d> {
    name: Spanned<Name>,
    /// Its words; those that it cannot have are left out.
    nodes: Cow<'d, [Node]>,
    /// How many words it has, at any depth.
    size: usize,
    /// Whether some of its words could not be read.
    is_lost: bool,
    waivers: Vec<Waiver>,
    is_used: bool,
    body: Span,
}

/// The name, where there is one, and the template, where it has one. Whatever is wrong in its block is told here, used or not.
pub(super) fn template<'d>(
    node: &'d Node,
    zone: &Spanned<String>,
    out: &mut Diagnostics,
) -> (Option<Spanned<Name>>, Option<Template<'d>>) {
    let nested: Vec<_> = node.children.iter().filter(|child| is_use(child)).collect();
    out.extend(nested.iter().map(|node| nested_use(node)));
    let whole = if nested.is_empty() {
        Cow::Borrowed(node)
    } else {
        Cow::Owned(with_children(node, node.children.iter().filter(|child| !is_use(child)).cloned().collect()))
    };
    let (name, read) = target(&whole, &TEMPLATE, zone, &mut Vec::new(), out);
    let is_known = |node: &Node| row(node).is_some() && !is_use(node);
    let is_lost = super::damaged(node) || !node.children.iter().all(is_known);
    let nodes = if is_lost {
        Cow::Owned(node.children.iter().filter(|node| is_known(node)).cloned().collect())
    } else {
        Cow::Borrowed(&*node.children)
    };
    let waivers = read.map_or_else(Vec::new, |read| {
        read.waivers.into_iter().chain(read.backups.into_iter().flat_map(|backup| backup.waivers)).collect()
    });
    let size = count(&nodes);
    let template =
        name.clone().map(|name| Template { name, nodes, size, is_lost, waivers, is_used: false, body: node.body });
    (name, template)
}

fn is_use(node: &Node) -> bool {
    node.name.value == USE.name
}

/// The row of a word that stands in a target's block.
fn row(node: &Node) -> Option<&'static Word> {
    TARGET.children.iter().copied().find(|word| word.name == node.name.value)
}

/// Whether a word may stand only once in a target's block.
fn is_single(node: &Node) -> bool {
    row(node).is_some_and(|word| word.times != Times::Any)
}

/// It recurses as deep as the text was allowed to.
fn count(nodes: &[Node]) -> usize {
    nodes.iter().map(|node| 1 + count(&node.children)).sum()
}

/// The same node with another block.
fn with_children(node: &Node, children: Vec<Node>) -> Node {
    Node {
        annotation: node.annotation,
        name: node.name.clone(),
        entries: node.entries.clone(),
        children,
        braces: node.braces,
        header: node.header,
        body: node.body,
        broken: node.broken,
        lost_children: node.lost_children,
    }
}

/// All templates of a plan.
pub(super) struct Templates<'d> {
    all: BTreeMap<Name, Template<'d>>,
    /// The names of those that may be there and could not be read; none is any.
    broken: BTreeSet<Option<Name>>,
    /// How many words may still be put in.
    left: usize,
    /// Whether it was told that one was too much: none is put in from there on.
    is_full: bool,
}

impl<'d> Templates<'d> {
    pub(super) fn new(all: Vec<Template<'d>>, broken: &[BrokenBlock]) -> Self {
        let may_be = broken.iter().filter(|block| block.kind == TEMPLATE.name || block.kind.is_empty());
        Self {
            all: all.into_iter().map(|template| (template.name.value.clone(), template)).collect(),
            broken: may_be.map(|block| block.name.clone()).collect(),
            left: NODES_MAX,
            is_full: false,
        }
    }

    /// What the plan says of them, in source order.
    pub(super) fn declared(self) -> Vec<plan::Template> {
        let of = |Template { name, is_used, waivers, body, .. }| plan::Template { name, is_used, waivers, body };
        let mut declared: Vec<_> = self.all.into_values().map(of).collect();
        declared.sort_by_key(|template| template.name.span);
        declared
    }

    /// A target with the words of the templates in the place of each `use`. Where some cannot be put in, it is marked as one that
    /// lacks some.
    pub(super) fn put_in<'n>(&mut self, target: &'n Node, out: &mut Diagnostics) -> Cow<'n, Node> {
        if !target.children.iter().any(is_use) {
            return Cow::Borrowed(target);
        }
        let own = target.children.iter().filter(|node| is_single(node)).map(|node| node.name.value.as_str()).collect();
        let mut filling =
            Filling { own, used: BTreeMap::new(), singles: BTreeMap::new(), children: vec![], is_lost: false };
        for node in &target.children {
            if is_use(node) {
                let is_whole = self.take(node, &mut filling, out);
                filling.is_lost |= !is_whole;
            } else {
                filling.children.push(node.clone());
            }
        }
        let mut whole = with_children(target, filling.children);
        whole.lost_children |= filling.is_lost;
        Cow::Owned(whole)
    }

    /// Takes the words of the template that a `use` names; answers whether all are there.
    fn take(&mut self, node: &Node, filling: &mut Filling<'_>, out: &mut Diagnostics) -> bool {
        let mut view = View::new(node, &USE, out);
        let name = view.argument::<Name>();
        view.finish();
        let Some(name) = name else { return false };
        if let Some(first) = filling.used.get(&name.value) {
            out.push(repeated(&name, *first));
            return true;
        }
        filling.used.insert(name.value.clone(), name.span);
        let Some(template) = self.all.get_mut(&name.value) else {
            if !self.broken.contains(&None) && !self.broken.contains(&Some(name.value.clone())) {
                out.push(unknown(&name, self.all.keys()));
            }
            return false;
        };
        template.is_used = true;
        match self.left.checked_sub(template.size).filter(|_| !self.is_full) {
            Some(left) => {
                self.left = left;
                filling.take(template, &name, out);
                !template.is_lost
            }
            None => {
                if !self.is_full {
                    out.push(too_much(&name));
                }
                self.is_full = true;
                false
            }
        }
    }
}

/// A target's block, as far as it is put together.
struct Filling<'t> {
    /// The words that the target says itself and that may stand once.
    own: BTreeSet<&'t str>,
    /// The templates used so far, and where.
    used: BTreeMap<Name, Span>,
    /// The words of templates so far that may stand once: by which `use`, and where.
    singles: BTreeMap<String, (Span, Span)>,
    children: Vec<Node>,
    is_lost: bool,
}

impl Filling<'_> {
    fn take(&mut self, template: &Template<'_>, used: &Spanned<Name>, out: &mut Diagnostics) {
        for node in template.nodes.iter() {
            let word = node.name.value.as_str();
            if is_single(node) {
                if self.own.contains(word) {
                    continue;
                }
                let first = *self.singles.entry(word.to_owned()).or_insert((used.span, node.name.span));
                if first.0 != used.span {
                    out.push(conflict(word, used, node, first));
                    continue;
                }
            }
            self.children.push(node.clone());
        }
    }
}

fn nested_use(node: &Node) -> Diagnostic {
    let help = "write its words here, or let the targets use both templates";
    Diagnostic::new(&codes::NESTED, "a template uses no other", node.header, "inside a template", help)
}

fn repeated(name: &Spanned<Name>, first: Span) -> Diagnostic {
    let message = format!("the template \"{}\" is used twice in one target", name.value);
    Diagnostic::new(&codes::REPEATED, message, name.span, "used again here", "remove one of the two")
        .also(first, "first used here")
}

fn unknown<'a>(name: &Spanned<Name>, known: impl Iterator<Item = &'a Name> + Clone) -> Diagnostic {
    let help = known_names(name.value.as_str(), "template", known.map(Name::as_str));
    let message = format!("there is no template \"{}\"", name.value);
    Diagnostic::new(&codes::UNKNOWN, message, name.span, "not declared", help)
}

fn too_much(name: &Spanned<Name>) -> Diagnostic {
    let message = format!("the templates would put more than {NODES_MAX} words into targets");
    let help = "use smaller templates, or split the plan into several";
    Diagnostic::new(
        &codes::TOO_MUCH,
        message,
        name.span,
        "this one is too much, and no template is used from here on",
        help,
    )
}

fn conflict(word: &str, used: &Spanned<Name>, again: &Node, (first_used, first): (Span, Span)) -> Diagnostic {
    let message = format!("two templates of one target both say `{}`", shown(word));
    let help = format!("say `{}` in the target itself, which then stands instead, or use one of the two", shown(word));
    Diagnostic::new(&codes::CONFLICT, message, used.span, "this template says it again", help)
        .also(again.name.span, "here")
        .also(first_used, "this one says it first")
        .also(first, "here")
}
