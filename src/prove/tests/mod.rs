//! Plans made by hand: spans are numbered, so that a label is known by its place.

mod collisions;
mod compiled;
mod custody;
mod rpo;
mod rto;
mod skew;

use std::num::NonZeroU32;

use super::*;
use crate::plan::{
    Archive, ArchiveFormat, Backup, BrokenBlock, Content, CopyTo, Guard, Included, Into, Objective, Probe, ProbeKind,
    Recover, Restore, RestoreStep, Rhythm, S3, Schedule, Store, StoreKind, Stored, Target, TimeOfDay, Way,
};
use crate::primitives::{Compression, Duration, FileId, JobName, Name, Span, Spanned};

fn at<T>(place: usize, value: T) -> Spanned<T> {
    Spanned::new(value, span(place))
}

fn span(place: usize) -> Span {
    Span::new(FileId(0), place, place + 1)
}

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn lasting(place: usize, text: &str) -> Option<Spanned<Duration>> {
    (!text.is_empty()).then(|| at(place, Duration::parse(text).unwrap()))
}

fn plan(targets: Vec<Target>, restores: Vec<Restore>) -> Plan {
    Plan {
        templates: vec![],
        name: at(0, name("plan")),
        timezone: at(0, "Asia/Tokyo".into()),
        owner: None,
        evidence: None,
        roles: vec![],
        hosts: vec![],
        stores: vec![],
        notifies: vec![],
        targets,
        restores,
        verifies: vec![],
        drills: vec![],
        announces: vec![],
        waivers: vec![],
        broken: vec![],
    }
}

/// A target; its rpo is at 10 and its rto at 11.
fn target(rpo: &str, rto: &str, backups: Vec<Backup>) -> Target {
    Target {
        name: at(1, name("documents")),
        area: None,
        hosts: vec![],
        source: None,
        backups,
        no_backup: None,
        objective: Some(Objective { rpo: lasting(10, rpo), rto: lasting(11, rto), any_point: None, span: span(9) }),
        waivers: vec![],
        span: span(1),
    }
}

/// A backup at some place, its schedule one further and its `takes` two.
fn backup(place: usize, text: &str, rhythm: Option<Rhythm>, zone: &str, takes: &str) -> Backup {
    let schedule = |rhythm| Schedule { rhythm, timezone: at(place + 1, zone.into()), span: span(place + 1) };
    Backup {
        name: at(place, name(text)),
        schedule: rhythm.map(schedule),
        way: Way::Stored(Stored {
            content: Content::Archive(Archive { format: ArchiveFormat::TarZip, compression: Compression::default() }),
            store: at(place, name("vault")),
            select: None,
            remove_originals: None,
            copies: vec![],
            span: span(place),
        }),
        retention: None,
        guard: Guard::default(),
        takes: lasting(place + 2, takes),
        timeout: None,
        after: vec![],
        before_backup: vec![],
        after_backup: vec![],
        priority: None,
        waivers: vec![],
        span: span(place),
    }
}

fn daily() -> Option<Rhythm> {
    Some(Rhythm::Daily { at: TimeOfDay { hour: 5, minute: 30 } })
}

fn cron(expression: &str) -> Option<Rhythm> {
    Some(Rhythm::Cron { expression: expression.into() })
}

fn every(seconds: u64) -> Option<Rhythm> {
    Some(Rhythm::Every { period: Duration::from_seconds(seconds) })
}

/// A restore at 50 whose rto is at 51.
fn restore(text: &str, rto: &str, steps: Vec<RestoreStep>) -> Restore {
    Restore { name: at(50, name(text)), rto: lasting(51, rto), spread: None, steps, waivers: vec![], span: span(50) }
}

fn recover(place: usize, target: &str, takes: &str) -> RestoreStep {
    RestoreStep::Recover(Recover {
        target: at(place, name(target)),
        from_host: None,
        into: Into::Path { path: at(place, "/back".into()), host: None },
        takes: lasting(place, takes),
        span: span(place),
    })
}

fn probe(place: usize, takes: &str) -> RestoreStep {
    RestoreStep::Probe(Probe {
        name: at(place, "it is there".into()),
        kind: ProbeKind::Path(at(place, "/back".into())),
        timeout: None,
        takes: lasting(place, takes),
        span: span(place),
    })
}

/// Everything a user is told.
fn told(plan: &Plan) -> String {
    let mut out = Diagnostics::default();
    let proofs = promises(plan, &mut out);
    let mut text: String = proofs.promises.iter().map(|promise| format!("{promise}\n")).collect();
    // That nothing looks at what is kept is said of every plan here.
    let is_told = |found: &Diagnostic| found.code.name != "sonae::verify::none";
    for found in out.into_sorted().into_iter().filter(is_told) {
        text.push_str(&format!("{:?} {}: {}\n", found.severity, found.code.name, found.message));
        for label in &found.labels {
            text.push_str(&format!("  @{} {}\n", label.span.start, label.text));
        }
        text.push_str(&format!("  help: {}\n", found.help));
    }
    text
}

fn told_rpo(rpo: &str, backups: Vec<Backup>) -> String {
    told(&plan(vec![target(rpo, "", backups)], vec![]))
}

#[test]
fn nobody_is_told_of_what_could_not_be_read() {
    let mut broken = plan(vec![target("1h", "1h", vec![])], vec![]);
    let block = |kind, owner| BrokenBlock { kind, name: Some(name("some")), owner };
    broken.broken = vec![block("backup", Some(name("documents"))), block("restore", None)];
    assert_eq!(told(&broken), "");
}
