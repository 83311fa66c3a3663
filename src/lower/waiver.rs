//! `waive`, in whichever block it stands.

use super::form::{CodeName, Text};
use super::view::View;
use super::vocabulary::WAIVE;
use crate::plan::Waiver;
use crate::primitives::Span;

/// All waivers of a block. Each holds within `scope`; without one, in the whole plan.
pub(super) fn waivers(block: &mut View<'_, '_>, scope: impl Into<Option<Span>>) -> Vec<Waiver> {
    let (scope, nodes) = (scope.into(), block.children(&WAIVE));
    nodes
        .filter_map(|node| {
            let mut view = View::new(node, &WAIVE, block.out);
            let code = view.argument::<CodeName>();
            let reason = view.property::<Text>("reason");
            let until = view.property("until");
            view.finish();
            let code = code?.map(|code| code.0);
            Some(Waiver { code, reason: reason?.map(|reason| reason.0), until: until?, scope, span: node.header })
        })
        .collect()
}
