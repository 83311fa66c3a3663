//! A rehearsal and a story, for people and pages.
//!
//! Unaware of the terminal. Invariant: what is shown is what was found, and nothing else.

use std::fmt::Write;

use super::{Finding, Invariant, Rehearsal, Row, Story};
use crate::primitives::on_one_line;
use crate::report::words::{cell, count, counted};

/// So many lines of a story are shown where no smallest one was found: its end is what matters.
const LINES_SHOWN: usize = 60;

/// One sentence.
pub fn headline(rehearsal: &Rehearsal) -> String {
    let seeds = match rehearsal.all.seeds {
        lived if lived == rehearsal.wanted => counted(lived, "seed"),
        lived => format!("{} of {}", count(lived), counted(rehearsal.wanted, "seed")),
    };
    match rehearsal.findings.len() as u64 {
        0 if rehearsal.all.seeds == 0 => format!("{}: {seeds}, and nothing can be said", rehearsal.plan),
        0 => format!("{}: {seeds}, and every promise held in all of them", rehearsal.plan),
        broken => {
            format!("{}: {seeds}, and {} did not hold in all of them", rehearsal.plan, counted(broken, "promise"))
        }
    }
}

/// `0 in 120, 4 in 33`: exit statuses, and in how many seeds.
fn exits(row: &Row) -> String {
    let told: Vec<String> = row.exits.iter().map(|(code, seeds)| format!("{code} in {}", count(*seeds))).collect();
    told.join(", ")
}

/// `152 of 152`
fn held(row: &Row, invariant: Invariant) -> String {
    row.promises
        .get(&invariant)
        .map_or_else(|| "–".into(), |held| format!("{} of {}", count(held.held), count(held.asked)))
}

/// The rows, each with what it is called.
fn rows(rehearsal: &Rehearsal) -> Vec<(&'static str, &Row)> {
    let faults = rehearsal.faults.iter().map(|(fault, row)| (fault.words(), row));
    faults.chain([("all seeds", &rehearsal.all)]).collect()
}

/// For people.
pub fn text(rehearsal: &Rehearsal) -> String {
    let mut text = format!("{}\n\npromise\n", headline(rehearsal));
    for invariant in Invariant::ALL {
        let _ = writeln!(text, "  {:<42} held in {}", invariant.words(), held(&rehearsal.all, invariant));
    }
    text.push_str("\nwhat went wrong\n");
    for (words, row) in rows(rehearsal) {
        let _ = writeln!(text, "  {words:<36} {:>13}; exit status {}", counted(row.seeds, "seed"), exits(row));
        for (invariant, held) in row.promises.iter().filter(|(_, held)| held.held < held.asked) {
            let lost = counted(held.asked - held.held, "seed");
            let _ = writeln!(text, "    did not hold in {lost}: {}", invariant.words());
        }
    }
    rehearsal.findings.iter().for_each(|finding| text.push_str(&finding_text(finding)));
    text
}

fn finding_text(finding: &Finding) -> String {
    let mut text = format!(
        "\nbroken: {}: {}\n  replay it with `--seed {}`\n",
        finding.broken.invariant.words(),
        on_one_line(&finding.broken.what),
        finding.seed
    );
    if let Some(plan) = &finding.plan {
        text.push_str("  the smallest plan that shows it:\n");
        for line in plan.lines() {
            let _ = writeln!(text, "    {line}");
        }
    }
    let _ = writeln!(text, "  what happens, in {}:", finding.subject);
    for line in shown(&finding.story) {
        let _ = writeln!(text, "    {}", on_one_line(&line));
    }
    text
}

/// The last lines of a story, and how many there were before.
fn shown(story: &[String]) -> Vec<String> {
    let left_out = story.len().saturating_sub(LINES_SHOWN);
    let before = (left_out > 0).then(|| format!("… {} before", counted(left_out as u64, "line")));
    before.into_iter().chain(story.iter().skip(left_out).cloned()).collect()
}

/// For a page.
pub fn markdown(rehearsal: &Rehearsal) -> String {
    let mut text = format!("**{}**\n\n| what went wrong | seeds | exit statuses |", headline(rehearsal));
    for invariant in Invariant::ALL {
        let _ = write!(text, " {} |", invariant.words());
    }
    let _ = writeln!(text, "\n| --- | --- | --- |{}", " --- |".repeat(Invariant::ALL.len()));
    for (words, row) in rows(rehearsal) {
        let _ = write!(text, "| {} | {} | {} |", cell(words), count(row.seeds), exits(row));
        for invariant in Invariant::ALL {
            let _ = write!(text, " {} |", held(row, invariant));
        }
        text.push('\n');
    }
    for finding in &rehearsal.findings {
        let title = format!("{}: {}", finding.broken.invariant.words(), finding.broken.what);
        let _ = writeln!(text, "\n<details><summary>{} (seed {})</summary>\n", cell(&title), finding.seed);
        if let Some(plan) = &finding.plan {
            let _ = writeln!(text, "```kdl\n{}\n```\n", plan.trim_end());
        }
        let story: Vec<String> = shown(&finding.story).iter().map(|line| on_one_line(line)).collect();
        let _ = writeln!(text, "```text\n{}\n```\n\n</details>", story.join("\n"));
    }
    text
}

/// One seed, line by line.
pub fn story_text(story: &Story) -> String {
    let mut text = format!("seed {}: {}\n", story.seed, story.subject);
    for line in &story.told.lines {
        let _ = writeln!(text, "  {}", on_one_line(line));
    }
    let _ = match &story.broken {
        Some(broken) => {
            writeln!(text, "broken: {}: {}", broken.invariant.words(), on_one_line(&broken.what))
        }
        None => writeln!(text, "every promise held"),
    };
    text
}

/// The same for a page.
pub fn story_markdown(story: &Story) -> String {
    let text = story_text(story);
    let (head, rest) = text.split_once('\n').unwrap_or((&text, ""));
    format!("**{head}**\n\n```text\n{}\n```\n", rest.trim_end())
}
