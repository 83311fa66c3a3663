//! A backup is made in a way that its target can be.

use super::Scene;
use crate::diagnostic::{Diagnostic, Diagnostics, codes::way as codes};
use crate::plan::{Backup, Content, Source, Stored, Target, Way};

pub(super) fn run(scene: &Scene<'_>, out: &mut Diagnostics) {
    for (target, backup) in scene.backups() {
        let Some(source) = &target.source else { continue };
        // Of two sources, the other may be the one.
        if !fits(source, &backup.way) && !scene.is_broken("target", &target.name.value) {
            out.push(wrong(target, source, backup));
        }
    }
    for target in &scene.plan.targets {
        let content = |backup: &Backup| backup.stored().map(|stored| stored.content);
        let has_dump = target.backups.iter().any(|backup| matches!(content(backup), Some(Content::Dump(_))));
        let log = target.backups.iter().find(|backup| matches!(content(backup), Some(Content::BinaryLog(_))));
        let Some(log) = log.filter(|_| !has_dump && !scene.any_broken("backup")) else { continue };
        let message = format!("the binary log of \"{}\" follows no dump", target.name.value);
        let help = "give the target a backup with `dump` too";
        out.push(Diagnostic::new(&codes::NO_DUMP, message, way_span(log), "could be played onto nothing", help));
    }
}

fn fits(source: &Source, way: &Way) -> bool {
    match way {
        Way::Stored(Stored { content: Content::Archive(_), .. }) => source.files().is_some(),
        Way::Stored(Stored { content: Content::Dump(_) | Content::BinaryLog(_), .. }) => {
            matches!(source, Source::Mysql(_))
        }
        Way::PointInTime(_) | Way::Snapshot(_) => matches!(source, Source::Rds(_)),
    }
}

fn way_span(backup: &Backup) -> crate::primitives::Span {
    match &backup.way {
        Way::Stored(stored) => stored.span,
        Way::PointInTime(kept) => kept.span,
        Way::Snapshot(kept) => kept.span,
    }
}

fn wrong(target: &Target, source: &Source, backup: &Backup) -> Diagnostic {
    let (kind, way) = (source.word(), backup.way.word());
    let message = format!("the target \"{}\" is `{kind}`, which `{way}` cannot back up", target.name.value);
    let help = match source {
        Source::Files(_) | Source::Logs(_) => "write `archive \"tar.zip\"`",
        Source::Mysql(_) => "write `dump` or `binary-log`",
        Source::Rds(_) => "write `point-in-time max-lag=\"5m\"` or `snapshot`",
        Source::MachineImage(_) | Source::Release(_) => "write `no-backup` with the reason instead of the backup",
    };
    let found = Diagnostic::new(&codes::WRONG_WAY, message, way_span(backup), format!("`{way}`"), help);
    found.also(source.span(), format!("`{kind}`"))
}
