//! Somebody is told when backups fail, and when they stop.

use super::Scene;
use crate::diagnostic::{Diagnostic, Diagnostics, codes::people as codes};
use crate::plan::{Channel, Event, Notify};

pub(super) fn run(scene: &Scene<'_>, out: &mut Diagnostics) {
    // What only runs when it is named has somebody who sees it.
    let runs_alone = scene.backups().any(|(_, backup)| backup.schedule.is_some());
    if !runs_alone || scene.any_broken("notify") {
        return;
    }
    let plan = &scene.plan;
    let tells = |event: Event| move |notify: &Notify| notify.events.iter().any(|of| of.value == event);
    if !plan.notifies.iter().any(tells(Event::Failure)) {
        let help = "write a `notify` with the event \"failure\", by `email` or by `command`";
        let (message, label) = ("nobody is told when a backup fails", "no `notify` for \"failure\" in this plan");
        out.push(Diagnostic::new(&codes::NOBODY_TOLD, message, plan.name.span, label, help));
    }
    // One thing after the other: where nobody is told of anything, that is the first.
    if plan.notifies.is_empty() {
        return;
    }
    let is_ping = |notify: &&Notify| matches!(notify.channel, Channel::Ping(_));
    if !plan.notifies.iter().filter(is_ping).any(tells(Event::Success)) {
        let help = "write `notify \"dead-man\" { ping (env)\"PING_URL\"; events \"success\" }`, with the address of a service that expects it";
        let (message, label) = ("nobody outside notices when backups stop", "no `ping` for \"success\" in this plan");
        out.push(Diagnostic::new(&codes::NO_DEAD_MAN, message, plan.name.span, label, help));
    }
}
