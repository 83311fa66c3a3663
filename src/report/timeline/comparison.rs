//! Two timelines held against each other.

use std::fmt::Write;

use jiff::Timestamp;

use super::super::words::{cell, counted};
use super::{Clock, place};
use crate::timeline::{Changed, Comparison, Lot, Recoverable};

/// One sentence.
fn headline(of: &Comparison, clock: &Clock) -> String {
    let (from, to) = (clock.date_or_time(of.from), clock.date_or_time(of.to));
    let differ = of.changed.len() + of.only_old.len() + of.only_new.len();
    let what = match differ {
        0 => "nothing that can be recovered differs".to_owned(),
        _ => format!("{differ} of {} differ", differ as u64 + of.same),
    };
    format!("{from} to {to} {}: {what}", crate::primitives::on_one_line(&of.timezone))
}

/// For people: `-` is what only the older plan has, `+` what only the newer has, `~` what differs.
pub fn text(of: &Comparison) -> String {
    let clock = Clock::of(&of.timezone);
    let mut text = String::new();
    for (mark, kept) in of.only_old.iter().map(|kept| ('-', kept)).chain(of.only_new.iter().map(|kept| ('+', kept))) {
        let _ = writeln!(text, "{mark} {} {}", kept.job, place(&kept.place));
    }
    for changed in &of.changed {
        let _ = writeln!(text, "~ {}", name(changed));
        for line in lines(changed, &clock) {
            let _ = writeln!(text, "    {line}");
        }
    }
    text + &headline(of, &clock) + "\n"
}

/// For a page.
pub fn markdown(of: &Comparison) -> String {
    let clock = Clock::of(&of.timezone);
    let mut text = format!("**{}**\n", cell(&headline(of, &clock)));
    if of.changed.is_empty() && of.only_old.is_empty() && of.only_new.is_empty() {
        return text;
    }
    text.push_str("\n| | job | what |\n| --- | --- | --- |\n");
    for kept in &of.only_old {
        let _ = writeln!(text, "| - | {} {} | only in the older plan |", kept.job, place(&kept.place));
    }
    for kept in &of.only_new {
        let _ = writeln!(text, "| + | {} {} | only in the newer plan |", kept.job, place(&kept.place));
    }
    for changed in &of.changed {
        let what: Vec<String> = lines(changed, &clock).iter().map(|line| cell(line)).collect();
        let _ = writeln!(text, "| ~ | {} | {} |", name(changed), what.join("<br>"));
    }
    text
}

fn name(of: &Changed) -> String {
    let with = if of.any_moment { " with its dumps" } else { "" };
    format!("{} {}{with}", of.of.job, place(&of.of.place))
}

fn lines(of: &Changed, clock: &Clock) -> Vec<String> {
    let lot = |mark, lot: &Lot| {
        let (first, last) = (clock.time(lot.first), clock.time(lot.last));
        let range = if first == last { first } else { format!("{first} to {last}") };
        format!("{mark} {} at the end, of {range}", counted(lot.points, "point"))
    };
    let mut lines: Vec<String> = vec![];
    lines.extend(of.lost.iter().map(|lost| lot('-', lost)));
    lines.extend(of.gained.iter().map(|gained| lot('+', gained)));
    for moved in &of.moved {
        let at = clock.time(moved.old.at);
        if ends(&moved.old) == ends(&moved.new) {
            let count =
                |of: &Recoverable| of.points.map_or_else(|| "all".to_owned(), |points| counted(points, "point"));
            lines.push(format!("at {at}: {} → {}", count(&moved.old), count(&moved.new)));
            continue;
        }
        let side = |of: &Recoverable, pick: End| match (pick(of), of.latest) {
            (Some(time), _) => clock.time(time),
            (None, Some(_)) => "as far back as it was run".into(),
            (None, None) => "nothing".into(),
        };
        for (word, pick) in ENDS {
            if pick(&moved.old) != pick(&moved.new) || (moved.old.latest.is_none() != moved.new.latest.is_none()) {
                lines.push(format!("at {at}: {word} {} → {}", side(&moved.old, pick), side(&moved.new, pick)));
            }
        }
    }
    if lines.is_empty() {
        lines.push("with a schedule in one, and without in the other".into());
    }
    lines
}

/// One end of what can be recovered.
type End = fn(&Recoverable) -> Option<Timestamp>;

/// The two ends of what can be recovered, each with its word.
const ENDS: [(&str, End); 2] = [("earliest", |of| of.earliest), ("latest", |of| of.latest)];

fn ends(of: &Recoverable) -> (Option<Timestamp>, Option<Timestamp>) {
    (of.earliest, of.latest)
}
