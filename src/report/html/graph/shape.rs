//! How a step looks by what it does, and what the looks mean.

use maud::{Markup, html};

use crate::report::glance::Kind;

/// The outline of a kind, from the upper left: each has a shape of its own.
pub(super) fn outline(kind: Kind, width: f64, height: f64) -> String {
    let (w, h, half) = (width, height, height / 2.0);
    // What is cut off at a corner.
    let cut = (height / 4.0).round();
    let (right, low) = (w - cut, h - cut);
    match kind {
        // Round at both ends.
        Kind::Looks => {
            let end = w - half;
            format!("M{half} 0H{end}A{half} {half} 0 0 1 {end} {h}H{half}A{half} {half} 0 0 1 {half} 0Z")
        }
        // A speech bubble: its lower left corner points out.
        Kind::Waits => {
            let (tip, stem) = (h + cut / 2.0, cut * 1.5);
            format!("M{cut} 0H{right}Q{w} 0 {w} {cut}V{low}Q{w} {h} {right} {h}H{stem}L0 {tip}V{cut}Q0 0 {cut} 0Z")
        }
        // A box.
        Kind::Adds => format!("M0 0H{w}V{h}H0Z"),
        // Pointed at both ends.
        Kind::Runs => format!("M{cut} 0H{right}L{w} {half}L{right} {h}H{cut}L0 {half}Z"),
        // Slanted.
        Kind::Replaces => format!("M{cut} 0H{w}L{right} {h}H0Z"),
        // Without corners.
        Kind::Deletes => {
            format!("M{cut} 0H{right}L{w} {cut}V{low}L{right} {h}H{cut}L0 {low}V{cut}Z")
        }
    }
}

/// How a step looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Looks {
    pub(super) kind: Kind,
    pub(super) fails: bool,
    pub(super) skipped: bool,
    /// It was not observed, or has not ended.
    pub(super) unseen: bool,
    pub(super) done: bool,
    pub(super) long: bool,
}

impl Looks {
    pub(super) fn of(kind: Kind) -> Self {
        Self { kind, fails: false, skipped: false, unseen: false, done: false, long: false }
    }

    pub(super) fn class(self) -> String {
        let mut class = format!("node {}", self.kind.word());
        let more = [(self.fails, " fails"), (self.skipped, " skipped"), (self.unseen, " unseen"), (self.long, " long")];
        more.iter().filter(|(is, _)| *is).for_each(|(_, word)| class += word);
        class
    }

    /// What stands before its number.
    pub(super) fn sign(self) -> String {
        let long = if self.long { "* " } else { "" };
        let fails = if self.fails { "✕ " } else { "" };
        let skipped = if self.skipped { "↷ " } else { "" };
        let done = if self.done { "✓ " } else { "" };
        format!("{long}{fails}{skipped}{done}{}", self.kind.sign())
    }
}

/// What the looks of these mean, in a picture of what was or of what is to come: of what is not there nothing is said.
pub(super) fn legend(shown: &[&Looks], was: bool, loose: bool) -> Markup {
    let any = |is: &dyn Fn(&Looks) -> bool| shown.iter().any(|looks| is(looks));
    let plain = Looks::of(Kind::Adds);
    let states = [
        (
            any(&|looks| looks.long),
            Looks { long: true, ..plain },
            "* on the longest path: all of it takes longer where this does",
        ),
        (any(&|looks| looks.done), Looks { done: true, ..plain }, "✓ done"),
        (any(&|looks| looks.fails), Looks { fails: true, ..plain }, if was { "✕ failed" } else { "✕ will fail" }),
        (
            any(&|looks| looks.skipped),
            Looks { skipped: true, ..plain },
            if was { "↷ skipped, as another failed" } else { "↷ skipped, as another will fail" },
        ),
        (
            any(&|looks| looks.unseen),
            Looks { unseen: true, ..plain },
            if was { "a dotted edge: not ended" } else { "a dotted edge: not observed" },
        ),
    ];
    html! {
        ul.legend aria-label="What the signs mean" {
            @for kind in Kind::ALL {
                @if any(&|looks| looks.kind == kind) {
                    li { (sample(Looks::of(kind))) (kind.sign()) (kind.meaning()) }
                }
            }
            @for (is, looks, meaning) in states {
                @if is { li { (sample(looks)) (meaning) } }
            }
            @if loose {
                li { svg.sample width="40" height="20" aria-hidden="true" { path.tie.loose d="M2 10H38" {} } "comes after, whether or not that succeeds" }
            }
        }
    }
}

/// A small one.
fn sample(looks: Looks) -> Markup {
    html! {
        svg.sample width="44" height="24" viewBox="-2 -2 44 26" aria-hidden="true" {
            g class=(looks.class()) { path.shape d=(outline(looks.kind, 40.0, 18.0)) {} }
        }
    }
}
