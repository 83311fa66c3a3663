//! `sonae rehearse`: the plan, in every weather, in a world that is simulated.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::arguments::{Page, RehearseArguments};
use super::{Failure, load, output, slices, terminal, world};
use crate::drivers::Cores;
use crate::lower;
use crate::ports::Compute as _;
use crate::rehearse::{Broken, Case, Planted, Rehearsal, Sound, Stage, Story, Weather, each, page, shrink};
use crate::run::ExitStatus;

/// What many seeds led to (`sonae rehearse --format json`).
#[derive(Serialize, schemars::JsonSchema)]
pub(super) struct Rehearsed<'a> {
    /// The version of this form.
    #[schemars(extend("const" = 1))]
    format_version: u32,
    /// The rehearsal.
    rehearsal: &'a Rehearsal,
}

/// What one seed led to (`sonae rehearse --seed --format json`).
#[derive(Serialize, schemars::JsonSchema)]
pub(super) struct Lived<'a> {
    /// The version of this form.
    #[schemars(extend("const" = 1))]
    format_version: u32,
    /// Which seed.
    seed: u64,
    /// What was run.
    subject: String,
    /// With which status it ended, as a caller would have seen it; none where it was never over.
    exit_status: Option<u8>,
    /// The promise that did not hold, if one did not.
    broken: Option<&'a Broken>,
    /// What happened, line by line.
    story: &'a [String],
}

pub(super) fn rehearse(arguments: &RehearseArguments) -> Result<ExitStatus, Failure> {
    let loaded = load::load(&arguments.plan)?;
    let (proven, lacking) = loaded.proven.performable(None);
    slices::told(&lacking)
        .for_each(|line| output::say(&format!("not rehearsed: {line}, which this version does not have")));
    let loaded = load::Loaded { proven, ..loaded };
    let plan = loaded.proven.plan();
    if plan.job_names().next().is_none() && plan.restores.is_empty() {
        return Err(Failure::error("the plan has neither a backup nor a restore to rehearse"));
    }
    let cannot = |why| Failure::error(format!("the plan fails in a world where nothing goes wrong: {why}"));
    let stage = Stage::set(&loaded.proven, &loaded.base).map_err(cannot)?;
    match arguments.seed {
        Some(seed) => replay(&stage.live(&Weather::of(seed), Box::new(Sound)), arguments.page.format),
        None => many(&stage, &loaded, arguments),
    }
}

/// Tells the story of one seed.
fn replay(story: &Story, format: Page) -> Result<ExitStatus, Failure> {
    match format {
        Page::Text => output::data(&page::story_text(story))?,
        Page::Markdown => output::data(&page::story_markdown(story))?,
        Page::Json => output::json(&Lived {
            format_version: 1,
            seed: story.seed,
            subject: story.subject.to_string(),
            exit_status: story.exit().map(ExitStatus::code),
            broken: story.broken.as_ref(),
            story: &story.told.lines,
        })?,
    }
    Ok(if story.broken.is_none() { ExitStatus::Well } else { ExitStatus::Findings })
}

fn many(stage: &Stage, loaded: &load::Loaded, arguments: &RehearseArguments) -> Result<ExitStatus, Failure> {
    let seeds = u64::from(arguments.seeds.get());
    let stop = Arc::new(AtomicBool::new(false));
    // It hears the signals while the seeds are lived through.
    let runtime = world::runtime()?;
    let heard = Arc::clone(&stop);
    runtime.block_on(async {
        let mut interrupts = terminal::interrupts()?;
        tokio::spawn(async move {
            if interrupts.recv().await.is_some() {
                heard.store(true, Ordering::Relaxed);
            }
        });
        Ok::<_, Failure>(())
    })?;
    let mut rehearsal = Rehearsal::new(loaded.proven.plan().name.value.to_string(), seeds);
    let bar = bar(seeds);
    let live = |seed| stage.live(&Weather::of(seed), Box::new(Sound));
    each(0..seeds, Cores::new().width(), &stop, live, |story: Story| {
        rehearsal.take_in(&story);
        bar.inc(1);
    });
    bar.finish_and_clear();
    shrink_all(&mut rehearsal, loaded, &stop);
    match arguments.page.format {
        Page::Text => output::data(&page::text(&rehearsal))?,
        Page::Markdown => output::data(&page::markdown(&rehearsal))?,
        Page::Json => output::json(&Rehearsed { format_version: 1, rehearsal: &rehearsal })?,
    }
    let found = if rehearsal.is_well() { ExitStatus::Well } else { ExitStatus::Findings };
    Ok(if stop.load(Ordering::Relaxed) { ExitStatus::Interrupted } else { found })
}

/// Looks for the smallest plan that shows what was found.
fn shrink_all(rehearsal: &mut Rehearsal, loaded: &load::Loaded, stop: &AtomicBool) {
    let text = lower::in_one(&loaded.sources, loaded.root);
    for finding in &mut rehearsal.findings {
        let plant = || Box::new(Sound) as Box<dyn Planted>;
        let (text, base, invariant) = (&text, &loaded.base, finding.broken.invariant);
        let case = Case { text, base, now: jiff::Timestamp::now(), stop, plant: &plant, invariant };
        if let Some(smallest) = shrink(&case, &Weather::of(finding.seed)) {
            finding.shrink_to(smallest);
        }
    }
}

/// On a terminal, how far it is.
fn bar(seeds: u64) -> ProgressBar {
    let bar = ProgressBar::new(seeds);
    let style = ProgressStyle::with_template("rehearsing [{bar:24}] {pos} of {len} seeds {eta}");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
