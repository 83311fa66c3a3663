//! For a comment of a pull request.

use std::fmt::Write;

use super::super::words::{cell, counted};
use super::{Compared, GRAVEST_FIRST, headline, mark, name, reasons, told, way_out};
use crate::diff::{Change, Judgement};

/// A comment on GitHub has at most 65,536 characters; some are left for whoever puts something around it.
pub const MARKDOWN_CHARACTERS_MAX: usize = 65_000;
/// What is kept for the end of a text that is cut.
const END_CHARACTERS: usize = 500;

/// One sentence, a table of what weakens, deletes or is a hazard, and the rest folded. Where it would be too long, rows are left out from its end, and
/// their number is told.
pub fn markdown(plans: &[Compared]) -> String {
    let mut page = Page { text: format!("**{}**\n", cell(&headline(plans))), left: 0, characters: 0, omitted: 0 };
    page.characters = page.text.chars().count();
    let way_out = way_out(plans).map_or_else(String::new, |way_out| format!("\n{}\n", plain(&way_out)));
    page.left = MARKDOWN_CHARACTERS_MAX - END_CHARACTERS - way_out.chars().count();
    for plan in plans.iter().filter(|plan| !plan.changes.changes.is_empty()) {
        if plans.len() > 1 || plan.old != plan.new {
            page.line(&format!("\n{}\n", cell(&name(plan))));
        }
        let is_grave = |change: &&Change| change.judgement >= Judgement::Weakens;
        let changes = &plan.changes.changes;
        page.table(&changes.iter().filter(is_grave).collect::<Vec<_>>());
        let others: Vec<&Change> = changes.iter().filter(|change| !is_grave(change)).collect();
        if !others.is_empty() {
            page.folded(&others);
        }
    }
    let omitted = match page.omitted {
        0 => String::new(),
        omitted => format!("\n{} left out here, which `sonae diff` shows.\n", counted(omitted, "more change")),
    };
    page.text + &omitted + &way_out
}

/// Its own words, which are no mark-up.
fn plain(text: &str) -> String {
    text.replace('<', "&lt;")
}

/// A text that grows until it is full.
struct Page {
    text: String,
    /// So many characters may it have.
    left: usize,
    characters: usize,
    /// Rows for which there was no room.
    omitted: u64,
}

impl Page {
    /// Adds a piece, where there is room for it.
    fn line(&mut self, piece: &str) -> bool {
        let characters = piece.chars().count();
        if self.characters + characters > self.left {
            return false;
        }
        self.characters += characters;
        self.text.push_str(piece);
        true
    }

    fn table(&mut self, changes: &[&Change]) {
        const HEAD: &str = "\n| | | what | why |\n| --- | --- | --- | --- |\n";
        if changes.is_empty() {
            return;
        }
        if !self.line(HEAD) {
            self.omitted += changes.len() as u64;
            return;
        }
        let mut sorted: Vec<&&Change> = changes.iter().collect();
        sorted.sort_by_key(|change| GRAVEST_FIRST.iter().position(|judgement| *judgement == change.judgement));
        for change in sorted {
            let row = row(change);
            if self.omitted > 0 || !self.line(&row) {
                self.omitted += 1;
            }
        }
    }

    fn folded(&mut self, changes: &[&Change]) {
        const END: &str = "\n</details>\n";
        let head = format!("\n<details><summary>{}</summary>\n", counted(changes.len() as u64, "other change"));
        let room = self.left;
        // Whatever is opened is closed.
        self.left = self.left.saturating_sub(END.len());
        if self.omitted == 0 && self.line(&head) {
            self.table(changes);
            self.text.push_str(END);
            self.characters += END.len();
        } else {
            self.omitted += changes.len() as u64;
        }
        self.left = room;
    }
}

fn row(change: &Change) -> String {
    let judgement = match change.judgement {
        grave if grave >= Judgement::Weakens => format!("**{grave}**"),
        light => light.to_string(),
    };
    let why: Vec<String> = reasons(change).iter().map(|reason| cell(&short(reason))).collect();
    let mut row = String::new();
    let _ =
        writeln!(row, "| {} | {judgement} | {} | {} |", mark(change), cell(&short(&told(change))), why.join("<br>"));
    row
}

/// So much of a sentence is shown that one row leaves room for the others.
const SENTENCE_CHARACTERS: usize = 1_000;

fn short(text: &str) -> String {
    match text.char_indices().nth(SENTENCE_CHARACTERS) {
        Some((end, _)) => format!("{} …", &text[..end]),
        None => text.to_owned(),
    }
}
