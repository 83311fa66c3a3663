//! Floor 4: `Document` → `Plan`, by one table of words.
//!
//! Unaware of what blocks have to do with one another: that a store is named that nobody declared is `check`'s.
//! Invariant: nothing of the text is silently ignored. A node, property, argument or block is read by a decoder or
//! reported; a block of which something was reported is listed in `Plan::broken`, so that no later check takes for
//! missing what could not be read.

mod backup;
mod form;
mod include;
mod page;
mod people;
mod restore;
mod schedule;
mod schema;
mod source;
mod step;
mod store;
mod target;
mod template;
mod view;
pub mod vocabulary;
mod waiver;
mod watch;
mod way;
mod word;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use form::{Form, Kind};
pub use include::{Open, in_one, load, read};
pub use page::page;
pub use schema::schema;
pub use word::{Arguments, Number, Property, Times, Word};

use crate::diagnostic::{Diagnostic, Diagnostics, codes::word as codes, nearest};
use crate::plan::{BrokenBlock, Plan, Waiver};
use crate::primitives::{Name, Span, Spanned};
use crate::syntax::{Document, Node, Value};
use form::Zone;
use template::Templates;
use view::View;
use vocabulary::{
    ANNOUNCE, DRILL, EVIDENCE, HOST, NOTIFY, OWNER, PART, PLAN, RESTORE, ROLE, ROOT, STORE, TARGET, TEMPLATE, TIMEZONE,
    VERIFY,
};

/// Reads what the documents of a plan mean: that of the plan file, then those of all files that it includes. Problems are pushed to `out`;
/// all blocks are read whatever is wrong with others. There is no plan only where the plan file names none.
pub fn lower(documents: &[Document], out: &mut Diagnostics) -> Option<Plan> {
    let (root, included) = documents.split_first()?;
    view::block(&root.nodes, &ROOT, Span::default(), false, out);
    for document in included {
        // That it cannot hold a `plan` was told when it was included.
        let parts = document.nodes.iter().filter(|node| node.name.value != PLAN.name);
        view::block(parts, &PART, Span::default(), false, out);
    }
    let head = root.nodes.iter().find(|node| node.name.value == PLAN.name).map(|node| head(node, out));
    if head.is_none() && !documents.iter().any(may_hold_plan) {
        out.push(missing_plan(root));
    }
    let zone = head.as_ref().map_or_else(default_zone, |head| head.timezone.clone());
    let nodes = || documents.iter().flat_map(|document| &document.nodes);
    let mut broken: Vec<_> = documents.iter().flat_map(unreadable).collect();
    let mut blocks = Blocks { declared: Declared::new("block"), broken: &mut broken };
    let roles = blocks.all(nodes(), ROLE.name, out, |node, _, out| people::role(node, out));
    let hosts = blocks.all(nodes(), HOST.name, out, |node, _, out| people::host(node, out));
    let stores = blocks.all(nodes(), STORE.name, out, |node, _, out| store::store(node, out));
    let notifies = blocks.all(nodes(), NOTIFY.name, out, |node, _, out| people::notify(node, out));
    let templates = blocks.all(nodes(), TEMPLATE.name, out, |node, _, out| template::template(node, &zone, out));
    let mut templates = Templates::new(templates, blocks.broken);
    let targets = blocks.all(nodes(), TARGET.name, out, |node, broken, out| {
        let whole = templates.put_in(node, out);
        let (name, target) = target::target(&whole, &TARGET, &zone, broken, out);
        if damaged(&whole) {
            broken.push(BrokenBlock {
                kind: TARGET.name,
                name: name.as_ref().map(|name| name.value.clone()),
                owner: None,
            });
        }
        (name, target)
    });
    let restores = blocks.all(nodes(), RESTORE.name, out, |node, _, out| restore::restore(node, out));
    let verifies = blocks.all(nodes(), VERIFY.name, out, |node, _, out| watch::verify(node, &zone, out));
    let drills = blocks.all(nodes(), DRILL.name, out, |node, _, out| watch::drill(node, &zone, out));
    let announces = blocks.all(nodes(), ANNOUNCE.name, out, |node, _, out| watch::announce(node, out));
    let Head { name, timezone, owner, evidence, waivers } = head?;
    let templates = templates.declared();
    Some(Plan {
        name: name?,
        timezone,
        owner,
        evidence,
        roles,
        hosts,
        stores,
        notifies,
        targets,
        restores,
        verifies,
        drills,
        announces,
        templates,
        waivers,
        broken,
    })
}

/// What `plan` says.
struct Head {
    name: Option<Spanned<Name>>,
    timezone: Spanned<String>,
    owner: Option<Spanned<String>>,
    evidence: Option<Spanned<Name>>,
    waivers: Vec<Waiver>,
}

fn head(node: &Node, out: &mut Diagnostics) -> Head {
    let mut view = View::new(node, &PLAN, out);
    let name = view.argument::<Name>();
    let timezone = view.value_of::<Zone>(&TIMEZONE).map(|zone| zone.map(|zone| zone.0));
    let owner = view.text_of(&OWNER);
    let evidence = view.child(&EVIDENCE).and_then(|node| {
        let mut view = View::new(node, &EVIDENCE, view.out);
        let store = view.property("store");
        view.finish();
        store
    });
    let waivers = waiver::waivers(&mut view, None);
    view.finish();
    let timezone = timezone.unwrap_or_else(|| Spanned::new(default_zone().value, node.header));
    Head { name, timezone, owner, evidence, waivers }
}

fn default_zone() -> Spanned<String> {
    Spanned::new("UTC".to_owned(), Span::default())
}

/// Whether a document may hold a `plan` that is not found, or one that is not where it belongs.
fn may_hold_plan(document: &Document) -> bool {
    let is_plan = |node: &Node| node.name.value == PLAN.name || (is_unknown(node) && meant(node) == PLAN.name);
    document.lost || document.nodes.iter().any(is_plan)
}

fn missing_plan(document: &Document) -> Diagnostic {
    let at = document.nodes.first().map_or(Span { end: document.span.start, ..document.span }, |node| node.name.span);
    let help = "write `plan \"name\"` at the top of the file; a file that a plan includes is checked with that plan";
    Diagnostic::new(&codes::MISSING_PLAN, "the file declares no plan", at, "no `plan` in this file", help)
}

/// The blocks of one word after the other.
struct Blocks<'a> {
    declared: Declared,
    broken: &'a mut Vec<BrokenBlock>,
}

impl Blocks<'_> {
    /// All blocks of a word; of two of one name, the first.
    fn all<'d, T>(
        &mut self,
        nodes: impl Iterator<Item = &'d Node>,
        kind: &'static str,
        out: &mut Diagnostics,
        mut read: impl FnMut(&'d Node, &mut Vec<BrokenBlock>, &mut Diagnostics) -> (Option<Spanned<Name>>, Option<T>),
    ) -> Vec<T> {
        self.declared = Declared::new(kind);
        let mut all = Vec::new();
        for node in nodes.filter(|node| node.name.value == kind) {
            let before = out.len();
            let (name, block) = read(node, self.broken, out);
            if out.len() > before || damaged(node) {
                let name = name.as_ref().map(|name| name.value.clone());
                self.broken.push(BrokenBlock { kind, name, owner: None });
            }
            if name.is_none_or(|name| self.declared.first(&name, out)) {
                all.extend(block);
            }
        }
        all
    }
}

/// The names that were declared so far, of one kind of block.
struct Declared {
    kind: &'static str,
    names: BTreeMap<Name, Span>,
}

impl Declared {
    fn new(kind: &'static str) -> Self {
        Self { kind, names: BTreeMap::new() }
    }

    /// Whether a name is declared for the first time; reported where it is not.
    fn first(&mut self, name: &Spanned<Name>, out: &mut Diagnostics) -> bool {
        let Some(earlier) = self.names.get(&name.value) else {
            self.names.insert(name.value.clone(), name.span);
            return true;
        };
        let message = format!("two {}s are called \"{}\"", self.kind, name.value);
        let help = "give one of them another name";
        let diagnostic = Diagnostic::new(&codes::DUPLICATE_NAME, message, name.span, "declared again here", help);
        out.push(diagnostic.also(*earlier, "first declared here"));
        false
    }
}

/// Whether something in a node was lost when the text was read.
fn damaged(node: &Node) -> bool {
    node.broken || node.lost_children || node.children.iter().any(damaged)
}

fn is_unknown(node: &Node) -> bool {
    ROOT.children.iter().all(|word| word.name != node.name.value)
}

/// The word that an unknown one was likely meant to be; `""` where it could be any.
fn meant(node: &Node) -> &'static str {
    nearest(&node.name.value, ROOT.children.iter().map(|word| word.name)).unwrap_or_default()
}

/// The blocks whose word could not be read or is not known, by what they were likely meant to be.
fn unreadable(document: &Document) -> Vec<BrokenBlock> {
    let named = |node: &Node| match node.entries.first().map(|entry| &entry.value.value) {
        Some(Value::String(text)) => Name::parse(text).ok(),
        _ => None,
    };
    let unknown = document.nodes.iter().filter(|node| is_unknown(node));
    let mut broken: Vec<_> =
        unknown.map(|node| BrokenBlock { kind: meant(node), name: named(node), owner: None }).collect();
    if document.lost {
        broken.push(BrokenBlock { kind: "", name: None, owner: None });
    }
    broken
}
