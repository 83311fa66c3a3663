//! A forecast as text: the dry run.

use std::fmt::Write;

use super::kept::stays;
use super::words::{advice, count, counted, names, suspension, time};
use crate::catalog::{Named, Part};
use crate::forecast::{
    Action, BucketLock, Deletion, ForecastStep, Leftover, Move, NotObserved, Outlook, OutlookStep, Recovery, Selection,
    StepView, StoreLocation, Subject, Why,
};
use crate::graph::{Driver, Effect, Output, ProbeCheck, argument_line};
use crate::observe::SourceTotals;
use crate::primitives::{ByteSize, Compression, Duration, HostPath, JobName, Method, Name, StepId, on_one_line};

/// What would happen, in order, with names and sizes.
pub fn text(forecast: &Outlook) -> String {
    format!("{}\n{}\n{}", head(forecast), steps(forecast, &|_| vec![]), end(forecast))
}

/// What it is about, and what of stores is limited.
pub(super) fn head(forecast: &Outlook) -> String {
    let mut lines = format!("{}\n", headline(forecast));
    for limit in buckets(forecast).chain(limits(forecast)) {
        let _ = writeln!(lines, "{limit}");
    }
    lines
}

/// Lines for a step that is reached, each behind a mark of one character and a space.
pub(super) type Note<'a> = &'a dyn Fn(StepId) -> Vec<String>;

/// The steps of one job, or those of a restore, with the heading that they stand below.
pub(super) struct Group {
    pub(super) heading: String,
    pub(super) steps: Vec<Told>,
}

/// A step as it is told, whatever the form.
pub(super) struct Told {
    pub(super) id: StepId,
    pub(super) mark: char,
    pub(super) word: String,
    pub(super) what: String,
    /// Lines beneath. A line that begins with two spaces belongs to the one before it.
    pub(super) details: Vec<String>,
    /// How long it takes: of a step of which nothing else is known of its time.
    pub(super) takes: Option<String>,
    pub(super) fate: Fate,
}

/// What will plainly become of a step.
pub(super) enum Fate {
    /// It is reached, as far as can be seen.
    Reached,
    /// It is reached, and fails.
    Fails(String),
    /// It is not reached, as that one fails.
    Skipped(StepId),
    /// Nothing was asked about it.
    NotObserved,
}

/// Its steps, each with these lines beneath its first.
pub(super) fn steps(forecast: &Outlook, note: Note<'_>) -> String {
    let (mut lines, mut gap) = (String::new(), "");
    for group in groups(forecast) {
        let _ = writeln!(lines, "{gap}{}", group.heading);
        group.steps.iter().for_each(|step| step_lines(step, note, &mut lines));
        gap = "\n";
    }
    lines
}

/// Its steps as they are told, job by job.
pub(super) fn groups(forecast: &Outlook) -> Vec<Group> {
    let prevented = prevented(forecast);
    let owners: Vec<String> = forecast.steps.iter().map(owner_of).collect();
    let (mut at, mut groups) = (0, vec![]);
    for group in owners.chunk_by(|one, next| one == next) {
        let places = at..at + group.len();
        at = places.end;
        let (steps, prevented) = (&forecast.steps[places.clone()], &prevented[places]);
        let lacking = all_lack(steps);
        let why = lacking.map_or_else(String::new, |driver| format!(" (not observed: no driver for {driver})"));
        let told = |(step, by): (&OutlookStep, &Option<StepId>)| match (by, step) {
            (Some(by), step) => skipped(forecast, step, *by),
            (None, OutlookStep::Known(step)) => known(forecast, step),
            (None, OutlookStep::NotObserved(step)) => not_observed(step, lacking.is_none()),
        };
        let heading = format!("{}{why}", group.first().map_or("", String::as_str));
        groups.push(Group { heading, steps: steps.iter().zip(prevented).map(told).collect() });
    }
    groups
}

/// What it comes to.
pub(super) fn end(forecast: &Outlook) -> String {
    super::closing::closing(forecast, &prevented(forecast))
}

/// A step's word, and what it is about, with the details behind it.
pub(super) fn told(forecast: &Outlook, step: &OutlookStep) -> String {
    let (word, what, details) = match step {
        OutlookStep::Known(step) => {
            let (word, what, details) = described(forecast, &step.action);
            (word.to_owned(), what, details)
        }
        OutlookStep::NotObserved(step) => (step.word.replace('-', " "), step.what.clone(), step.details.clone()),
    };
    let mut told = format!("{word} {what}");
    for line in &details {
        // A line may say that what follows belongs to it.
        told += if told.ends_with(':') { " " } else { "; " };
        told += line.trim_start();
    }
    told
}

/// What all of these steps lack, where it is one and the same.
fn all_lack(steps: &[OutlookStep]) -> Option<Driver> {
    let first = steps.first()?.lacks()?;
    steps.iter().all(|step| step.lacks() == Some(first)).then_some(first)
}

/// For each step, the one that will fail, so that it is skipped; none where it is reached.
pub(super) fn prevented(forecast: &Outlook) -> Vec<Option<StepId>> {
    let mut prevented: Vec<Option<StepId>> = Vec::with_capacity(forecast.steps.len());
    for step in &forecast.steps {
        let failing = |on: StepId| {
            let before = prevented.get(on.index()).copied().flatten();
            before.or_else(|| forecast.step(on).known()?.foreseen.as_ref().map(|_| on))
        };
        let by = step.after().iter().filter(|(_, needs_success)| *needs_success).find_map(|(on, _)| failing(*on));
        prevented.push(by);
    }
    prevented
}

fn headline(forecast: &Outlook) -> String {
    let is_known = forecast.known().next().is_some();
    let observed = if is_known {
        format!("observed {}", time(forecast.at, &forecast.timezone))
    } else {
        "nothing observed".into()
    };
    match &forecast.subject {
        Subject::Backup { jobs, .. } => {
            let jobs = counted(jobs.len() as u64, "backup");
            format!("{}: {jobs} on {}, {observed}", forecast.plan, forecast.host)
        }
        Subject::Restore { restore, budget } => {
            let budget = budget.map_or(String::new(), |budget| format!(" within {budget}"));
            format!("{}: restore \"{restore}\"{budget} on {}, {observed}", forecast.plan, forecast.host)
        }
        Subject::RollBack(of) => format!(
            "{}: roll-back of restore \"{}\", run {}, on {}, {observed}",
            forecast.plan, of.restore, of.of, forecast.host
        ),
        Subject::Slice(slice) => format!("{}: {slice} on {}, {observed}", forecast.plan, forecast.host),
    }
}

/// How what is put into buckets is kept and encrypted, of those that are used and of which the plan says so.
fn buckets(forecast: &Outlook) -> impl Iterator<Item = String> {
    let is_used = |store| forecast.known().any(|step| step.action.store() == Some(store));
    let used = forecast.stores.iter().filter(move |(store, _)| is_used(*store));
    used.filter_map(|(store, location)| {
        let StoreLocation::S3(bucket) = location else { return None };
        let class = bucket.storage_class.as_ref().map(|class| format!("storage class {class}"));
        let keys = bucket.encryption.as_ref().map(|keys| format!("encryption {keys}"));
        let key = bucket.kms_key.as_ref().map(|key| format!("KMS key {key}"));
        let lock = bucket.lock.as_ref().map(|lock| locked(lock, forecast));
        let told: Vec<String> = [class, keys, key, lock].into_iter().flatten().collect();
        (!told.is_empty()).then(|| format!("store {store}: what is put there: {}", on_one_line(&told.join(", "))))
    })
}

/// How long the plan locks what is put into a store.
fn lock_of(forecast: &Outlook, store: &Name) -> Option<Duration> {
    match forecast.stores.get(store)? {
        StoreLocation::S3(bucket) => bucket.lock.as_ref().map(|lock| lock.lasts),
        StoreLocation::Local(_) => None,
    }
}

/// How long what is put is locked, and until when at least.
fn locked(lock: &BucketLock, forecast: &Outlook) -> String {
    let until = forecast.at.checked_add(lock.lasts.to_std()).unwrap_or(jiff::Timestamp::MAX);
    format!(
        "recovery points locked ({}) for {}, until {} at least",
        lock.mode,
        lock.lasts,
        time(until, &forecast.timezone)
    )
}

/// What is limited of the stores that are used.
fn limits(forecast: &Outlook) -> impl Iterator<Item = String> {
    let is_used = |store| forecast.known().any(|step| step.action.store() == Some(store));
    let used = forecast.limits.iter().filter(move |(store, _)| is_used(*store));
    used.map(|(store, limit)| format!("store {store}: at most {} at once", counted(u64::from(limit.get()), "step")))
}

/// The job or restore that a step belongs to, as a heading.
fn owner_of(step: &OutlookStep) -> String {
    let step = match step {
        OutlookStep::Known(step) => step,
        OutlookStep::NotObserved(step) => {
            return match (&step.job, &step.store) {
                (Some(job), Some(store)) => format!("{job} → {store}"),
                (Some(job), None) => job.to_string(),
                (None, _) => "steps".into(),
            };
        }
    };
    let job = |job: &JobName, store: &dyn std::fmt::Display| format!("{job} → {store}");
    match &step.action {
        Action::Pack { new, .. } | Action::ReadBack { new, .. } | Action::Commit { new, .. } => {
            job(&new.place.job, &new.store)
        }
        Action::Look { job: name, store, .. } => job(name, store),
        Action::Delete { job: name, store, .. } => job(name, store),
        Action::Database(action) => action.job().map_or_else(|| "steps".into(), ToString::to_string),
        Action::Recover(_)
        | Action::Probe { .. }
        | Action::Approve { .. }
        | Action::Command { .. }
        | Action::Deploy(_)
        | Action::Launch(_)
        | Action::Link { .. }
        | Action::Switch { .. } => "steps".into(),
    }
}

/// The mark of a step's effect: what is added, what is removed; nothing for what only looks.
fn mark(effect: Effect) -> char {
    match effect {
        Effect::Read => ' ',
        Effect::Add => '+',
        Effect::Execute => '!',
        Effect::Replace => '~',
        Effect::Delete => '-',
    }
}

/// A step for the terminal.
fn step_lines(step: &Told, note: Note<'_>, lines: &mut String) {
    let Told { id, mark, word, what, details, takes, fate } = step;
    let _ = writeln!(lines, "{mark} {:>3} {word:<9} {what}", id.0 + 1);
    let notes = if matches!(fate, Fate::Skipped(_)) { vec![] } else { note(*id) };
    // Notes tell of its time.
    let takes = takes.iter().filter(|_| notes.is_empty());
    notes.iter().for_each(|line| noted(line, lines));
    for detail in details.iter().chain(takes) {
        let _ = writeln!(lines, "                {detail}");
    }
    if let Fate::Fails(fault) = fate {
        let _ = writeln!(lines, "      will fail: {fault}");
    }
}

fn known(forecast: &Outlook, step: &ForecastStep) -> Told {
    let (word, what, details) = described(forecast, &step.action);
    let nothing = matches!(&step.action, Action::Delete { points, suspended, leftovers, .. }
        if (points.is_empty() || suspended.is_some()) && leftovers.is_empty())
        || matches!(&step.action, Action::Database(action) if super::database::is_nothing(action));
    let mark = if nothing || step.foreseen.is_some() { ' ' } else { mark(step.effect) };
    let fate = step.foreseen.as_ref().map_or(Fate::Reached, |fault| Fate::Fails(fault.to_string()));
    Told { id: step.id, mark, word: word.to_owned(), what, details, takes: None, fate }
}

/// A line of somebody else's, whose first two characters are a mark.
fn noted(line: &str, lines: &mut String) {
    let _ = writeln!(lines, "              {line}");
}

/// A step of which nothing is known but what the plan says.
fn not_observed(step: &NotObserved, says_why: bool) -> Told {
    let NotObserved { id, word, what, details, inputs, takes, .. } = step;
    let why = match step.not_observed {
        Why::NoDriver(driver) if says_why => format!(" (not observed: no driver for {driver})"),
        Why::NoDriver(_) | Why::NotAsked => String::new(),
    };
    let inputs = inputs.iter().filter_map(|input| {
        let slot = input.kind.slot()?;
        Some(format!("the {slot} is known after step {}", input.step.0 + 1))
    });
    Told {
        id: *id,
        mark: mark(step.effect),
        word: word.replace('-', " "),
        what: format!("{what}{why}"),
        details: details.iter().cloned().chain(inputs).collect(),
        takes: takes.map(|takes| format!("takes {takes}")),
        fate: Fate::NotObserved,
    }
}

fn skipped(forecast: &Outlook, step: &OutlookStep, by: StepId) -> Told {
    let word = match step {
        OutlookStep::Known(step) => described(forecast, &step.action).0.to_owned(),
        OutlookStep::NotObserved(step) => step.word.replace('-', " "),
    };
    let what = format!("skipped, as step {} will fail", by.0 + 1);
    Told { id: step.id(), mark: ' ', word, what, details: vec![], takes: None, fate: Fate::Skipped(by) }
}

/// A step's word, what it is about, and lines of detail.
fn described(forecast: &Outlook, action: &Action) -> (&'static str, String, Vec<String>) {
    match action {
        Action::Look { selection, seen, .. } => ("look", selected(selection, seen.as_ref()), excluded(selection)),
        Action::Pack { new, source, compression, .. } => {
            let details = vec![compressed(*compression), known_after(forecast, *source, "what it holds is")];
            ("pack", new.key(Part::Archive).to_string(), details)
        }
        Action::ReadBack { new, packed } => {
            ("read back", new.key(Part::Archive).to_string(), vec![known_after(forecast, *packed, "its digests are")])
        }
        Action::Commit { new, read_back, .. } => {
            let point = format!("recovery point {}", new.place.point);
            (
                "commit",
                new.key(Part::Manifest).to_string(),
                vec![point, known_after(forecast, *read_back, "whether it can be read back is")],
            )
        }
        Action::Delete { points, suspended: None, leftovers, rules, keeping, store, .. } => {
            let stays = if points.is_empty() { vec![] } else { stays(keeping, lock_of(forecast, store)) };
            let details = points.iter().map(deletion).chain(leftovers.iter().map(leftover));
            ("delete", deletions(points, leftovers, rules.is_some()), details.chain(stays).collect())
        }
        Action::Delete { points, suspended: Some(why), leftovers, .. } => {
            let why = [suspension(why), advice(why).to_owned()];
            let details = points.iter().map(deletion).chain(leftovers.iter().map(leftover));
            ("delete", suspended(points, leftovers), why.into_iter().chain(details).collect())
        }
        Action::Recover(recovery) => (
            "recover",
            format!("{} into {}{}", recovery.target, recovery.into, at(recovery.on.as_deref())),
            recovered(forecast, recovery),
        ),
        Action::Probe { shows, how, patience } => ("probe", shows.clone(), vec![looked(how, *patience)]),
        Action::Approve { what, role, people } => {
            let people = people.iter().map(|person| format!("  {} (account {})", person.person, person.account));
            let by = format!("by a person with the role {role}:");
            ("approve", what.clone(), std::iter::once(by).chain(people).collect())
        }
        Action::Command { argv, on, repeatable } => {
            let again = repeatable.then(|| "is run again where nobody knows whether it was done".to_owned());
            let on = on.as_ref().map(|on| argument_line(std::slice::from_ref(on)));
            ("command", format!("{}{}", argument_line(argv), at(on.as_deref())), again.into_iter().collect())
        }
        Action::Database(action) => super::database::forecast(action, &forecast.timezone),
        Action::Launch(of) => {
            let (what, details) = super::launch::forecast(of, forecast.at, &forecast.timezone);
            ("launch", what, details)
        }
        Action::Deploy(deployment) => {
            let (what, details) = super::deploy::forecast(deployment, &forecast.timezone);
            ("deploy", what, details)
        }
        Action::Link { target, on, link, from, to } => {
            let at = HostPath::on(on.as_deref(), link.clone());
            let (what, details) = super::roll_back::forecast(target, &at, (from, to));
            ("link", what, details)
        }
        Action::Switch { target, on, moves } => {
            ("switch", format!("{target}{}", at(on.as_deref())), moves.iter().flat_map(moved).collect())
        }
    }
}

fn at(host: Option<&str>) -> String {
    host.map_or_else(String::new, |host| format!(" on {}", on_one_line(host)))
}

fn looked(how: &ProbeCheck, patience: Duration) -> String {
    let what = how.to_string();
    if patience.seconds == 0 { what } else { format!("{what}; tried again for up to {patience}") }
}

fn moved(step: &Move) -> Vec<String> {
    let becomes = format!("{} becomes {}", step.from, step.to);
    let kept =
        if step.replaces { format!("what is there is kept as {}", step.kept) } else { "nothing is there now".into() };
    vec![becomes, kept]
}

fn selected(selection: &Selection, seen: Option<&SourceTotals>) -> String {
    let roots: Vec<String> = selection.roots.iter().map(ToString::to_string).collect();
    let holds = seen.map_or("what it holds is not known".into(), totals);
    format!("{}: {holds}", roots.join(", "))
}

/// `1,234 files in 12 folders, 4.5 MiB`, with whatever else there is.
fn totals(totals: &SourceTotals) -> String {
    let mut text = format!("{} in {}", counted(totals.files, "file"), counted(totals.folders, "folder"));
    if totals.symlinks > 0 {
        let _ = write!(text, ", {}", counted(totals.symlinks, "symbolic link"));
    }
    let _ = write!(text, ", {}", ByteSize(totals.bytes));
    if totals.special > 0 {
        let _ = write!(text, "; {} not stored (sockets, FIFOs, devices)", count(totals.special));
    }
    if totals.not_entered > 0 {
        let _ = write!(text, "; not entered: {}", counted(totals.not_entered, "mount point"));
    }
    if totals.unreadable > 0 {
        let _ = write!(text, "; {} cannot be read", count(totals.unreadable));
    }
    text
}

fn excluded(selection: &Selection) -> Vec<String> {
    if selection.exclude.is_empty() { vec![] } else { vec![format!("left out: {}", selection.exclude.join(", "))] }
}

/// How an archive is compressed: what the plan says, or what holds where it says nothing.
fn compressed(compression: Compression) -> String {
    let (method, level) = (compression.method(), compression.level());
    match (method, level) {
        (Method::Deflate, 0) => format!("stored as it is: {method} at level {level}"),
        _ => format!("compressed with {method} at level {level}"),
    }
}

fn known_after(forecast: &Outlook, output: Output, what: &str) -> String {
    format!("{what} known after step {}", forecast.step(output.step).id().0 + 1)
}

fn deletions(points: &[Deletion], leftovers: &[Leftover], rules: bool) -> String {
    match (points.len(), leftovers.len()) {
        (0, 0) if rules => "nothing: retention keeps every point".into(),
        (0, 0) => "nothing: the plan sets no retention".into(),
        (points, 0) => counted(points as u64, "recovery point"),
        (0, leftovers) => counted(leftovers as u64, "leftover"),
        (points, leftovers) => {
            format!("{} and {}", counted(points as u64, "recovery point"), counted(leftovers as u64, "leftover"))
        }
    }
}

fn suspended(points: &[Deletion], leftovers: &[Leftover]) -> String {
    let points = match points.len() {
        0 => "suspended; there is no point that would go".into(),
        points => format!("suspended: {}", counted(points as u64, "recovery point")),
    };
    match leftovers.len() {
        0 => points,
        leftovers => format!("{}; {points}", counted(leftovers as u64, "leftover")),
    }
}

fn deletion(deletion: &Deletion) -> String {
    format!("{}  {:>10}  {}", deletion.place.point, ByteSize(deletion.bytes), deletion.reason)
}

fn leftover(leftover: &Leftover) -> String {
    match leftover {
        Leftover::Object(object) => format!("{}  {}  no manifest speaks of it", object.key, ByteSize(object.size)),
        Leftover::Upload(upload) => format!("{}  an upload that was never finished", upload.key),
    }
}

fn recovered(forecast: &Outlook, recovery: &Recovery) -> Vec<String> {
    let Some(manifest) = &recovery.manifest else { return vec![] };
    let store = recovery.store.as_ref().map_or(String::new(), |store| format!(", in {store}"));
    let removed = recovery.leftovers.iter().map(|folder| format!("removes {folder}, which a killed restore left"));
    let clean = if manifest.clean { "" } else { "; not clean: some files could not be read whole" };
    let words = [("unread", &manifest.unread), ("changed", &manifest.changed)];
    let mut details = vec![
        format!("recovery point {} of {} on {}{}", manifest.point, manifest.job, on_one_line(&manifest.host), store),
        format!("data as of {}{clean}", time(manifest.moment, &forecast.timezone)),
        format!("{}, {}", counted(manifest.totals.files, "file"), ByteSize(manifest.totals.bytes)),
    ];
    if let Some(from) = &manifest.shrunk_from {
        details.push(format!("much smaller than {from}, and nobody has said that it is meant to be"));
    }
    let free = recovery.free.map_or(String::new(), |free| format!("; {} free", ByteSize(free)));
    match (&recovery.only, &recovery.part) {
        (None, _) => details[2].push_str(&free),
        (Some(only), None) => details.push(format!("only {only}{free}")),
        (Some(only), Some(part)) => {
            details.push(format!("only {only}: {}, {}{free}", counted(part.files, "file"), ByteSize(part.bytes)));
        }
    }
    for (word, named) in words {
        details.extend(not_whole(word, named, recovery));
    }
    for (store, fault) in &recovery.unread_stores {
        details.push(format!("a newer point may be in {store}, which cannot be read: {fault}"));
    }
    for (point, fault) in &recovery.unusable {
        details.push(format!("newer, but cannot be used: {point}: {}", fault.answer));
    }
    if !recovery.set_owner {
        details.push("owners are not restored: only the superuser can".into());
    }
    details.extend(removed);
    details
}

/// What was not whole when it was backed up; of one path, what is known to lie there.
fn not_whole(word: &str, all: &Named, recovery: &Recovery) -> Vec<String> {
    let (mut named, mut of) = (all.clone(), "");
    if let (Some(only), Some(manifest)) = (&recovery.only, &recovery.manifest) {
        // A path that is not absolute is relative to the only root.
        let only = manifest.roots.first().map_or_else(|| only.clone(), |root| only.absolute(root));
        named.first.retain(|item| item.path.starts_with(&only));
        named.count = named.first.len() as u64;
        of = if all.first.len() as u64 == all.count { "" } else { ", as far as the manifest lists them" };
    }
    if named.count == 0 && of.is_empty() {
        return vec![];
    }
    let heading = format!("{word} when it was backed up: {}{of}", count(named.count));
    std::iter::once(heading).chain(names(&named).into_iter().map(|line| format!("  {line}"))).collect()
}
