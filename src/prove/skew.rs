//! How far apart the data of what one restore brings back may be.
//!
//! A restore has one moment, and takes of each target the newest point that is there: so what is backed up daily comes back older than what
//! is backed up every few minutes. Logs are left out: nothing refers to them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;

use super::apart::Apart;
use super::newest::{Newest, Points, Reasons};
use super::promise::{Evidence, Kind, Promise, Standing, Subject};
use super::rhythms::WINDOW;
use super::runs::Runs;
use super::with_labels;
use crate::calendar;
use crate::diagnostic::codes::skew::{SPREAD_BROKEN, SPREAD_UNPROVEN, SPREAD_UNSAID};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::plan::{Plan, Restore, RestoreStep, Source, Target, Way};
use crate::primitives::{Duration, Name, Span, Spanned};

/// So many groups of one restore are looked at run by run; beyond that, the most that it may be is told.
const GROUPS_WALKED_MAX: usize = 8;
/// So many runs are looked at in a plan; beyond that, the most that it may be is told.
const RUNS_WALKED_MAX: usize = 2_000_000;
/// What two targets may be apart where neither promises an rpo, in seconds.
const UNSAID_FROM: u64 = 3_600;

/// The targets of a restore whose newest points come to be in the same way.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Group {
    newest: Newest,
    is_database: bool,
    /// Their places in the plan.
    targets: Vec<usize>,
}

/// The widest spread of some groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Widest {
    /// The groups, by their places.
    older: usize,
    newer: usize,
    /// The moments that the data is of, and the one at which it is so: just before it where a point comes to be there.
    older_of: i64,
    newer_of: i64,
    at: i64,
}

impl Widest {
    fn seconds(&self) -> i64 {
        self.newer_of - self.older_of
    }
}

/// What the restores of a plan bring back, and how far apart.
pub(super) struct Skew<'p, 'r> {
    plan: &'p Plan,
    runs: &'r Runs<'p>,
    targets: BTreeMap<&'p Name, usize>,
    restores: BTreeMap<&'p Name, usize>,
    newest: Vec<Option<Result<Newest, Reasons>>>,
    known: HashMap<(Vec<Group>, Asked), Option<Widest>>,
    walked: usize,
}

/// Which pairs are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Asked {
    /// All.
    All,
    /// Those of different rhythms of which one is a database.
    Unlike,
}

impl<'p, 'r> Skew<'p, 'r> {
    pub(super) fn new(plan: &'p Plan, runs: &'r Runs<'p>) -> Self {
        let targets = plan.targets.iter().enumerate().map(|(at, target)| (&target.name.value, at)).collect();
        let restores = plan.restores.iter().enumerate().map(|(at, restore)| (&restore.name.value, at)).collect();
        Self { plan, runs, targets, restores, newest: vec![None; plan.targets.len()], known: HashMap::new(), walked: 0 }
    }

    /// Proves the spread that a restore says it accepts; warns of one that is wide and not spoken of.
    pub(super) fn of_restore(&mut self, place: usize, out: &mut Diagnostics) -> Option<Promise> {
        let restore = &self.plan.restores[place];
        let (targets, held) = self.recovered(place);
        if let Some(spread) = &restore.spread {
            return self.promised(restore, spread, &targets, out);
        }
        // Where another restore that it holds brings back all of this, it is told there.
        if targets.len() > 1 && held.iter().all(|held| self.recovered(*held).0 != targets) {
            self.unsaid(restore, &targets, out);
        }
        None
    }

    /// The targets of data that a restore brings back, with those it holds; and what it holds.
    fn recovered(&self, place: usize) -> (BTreeSet<usize>, BTreeSet<usize>) {
        let (mut targets, mut held, mut open) = (BTreeSet::new(), BTreeSet::new(), vec![place]);
        while let Some(place) = open.pop() {
            let mut steps: Vec<&RestoreStep> = self.plan.restores[place].steps.iter().collect();
            while let Some(step) = steps.pop() {
                match step {
                    RestoreStep::Parallel(children) => steps.extend(children),
                    RestoreStep::Recover(recover) => targets.extend(self.targets.get(&recover.target.value)),
                    RestoreStep::Restore(included) => {
                        let inner = self.restores.get(&included.restore.value);
                        open.extend(inner.filter(|inner| held.insert(**inner)));
                    }
                    _ => {}
                }
            }
        }
        targets.retain(|target| is_data(&self.plan.targets[*target]));
        (targets, held)
    }

    fn newest(&mut self, target: usize) -> Result<Newest, Reasons> {
        let (plan, runs) = (self.plan, self.runs);
        self.newest[target].get_or_insert_with(|| Newest::of(&plan.targets[target], runs)).clone()
    }

    /// The groups of some targets, in the order of the plan; and why nothing is known of others.
    fn groups(&mut self, targets: &BTreeSet<usize>) -> (Vec<Group>, Reasons) {
        let (mut groups, mut reasons) = (Vec::<Group>::new(), vec![]);
        let mut places: HashMap<(Newest, bool), usize> = HashMap::new();
        for target in targets {
            let is_database = is_database(&self.plan.targets[*target]);
            match self.newest(*target) {
                Ok(newest) => match places.get(&(newest.clone(), is_database)) {
                    Some(place) => groups[*place].targets.push(*target),
                    None => {
                        places.insert((newest.clone(), is_database), groups.len());
                        groups.push(Group { newest, is_database, targets: vec![*target] });
                    }
                },
                Err(why) => reasons.extend(why),
            }
        }
        (groups, reasons)
    }

    fn promised(
        &mut self,
        restore: &Restore,
        spread: &Spanned<Duration>,
        targets: &BTreeSet<usize>,
        out: &mut Diagnostics,
    ) -> Option<Promise> {
        let (groups, reasons) = self.groups(targets);
        if targets.len() > 1 && !reasons.is_empty() {
            out.push(unproven(restore, spread, reasons));
            return None;
        }
        let widest = self.widest(&groups, Asked::All);
        let apart = widest.map(|widest| self.apart(&groups, &widest));
        let proven = apart.as_ref().map_or(Duration::default(), Apart::seconds);
        if let Some((apart, widest)) = apart.as_ref().zip(widest).filter(|_| proven > spread.value) {
            out.push(self.broken(restore, spread, apart, &groups, &widest));
            return None;
        }
        let assumed = groups.iter().any(|group| self.is_of_a_provider(group));
        Some(Promise::new(
            Subject::Restore(restore.name.value.clone()),
            Kind::Spread,
            spread.value,
            proven,
            if assumed { Standing::Assumed } else { Standing::Proven },
            Evidence::Apart(apart),
        ))
    }

    fn unsaid(&mut self, restore: &Restore, targets: &BTreeSet<usize>, out: &mut Diagnostics) {
        // What is not backed up as it should be is told of elsewhere.
        let (groups, _) = self.groups(targets);
        if groups.len() < 2 || groups.iter().all(|group| !group.is_database) {
            return;
        }
        let all = groups.iter().flat_map(|group| &group.targets);
        let rpo = |target: &usize| Some(self.plan.targets[*target].objective.as_ref()?.rpo.as_ref()?.value);
        let accepted = all.filter_map(rpo).min().unwrap_or(Duration::from_seconds(UNSAID_FROM));
        if let Some(widest) = self.widest(&groups, Asked::Unlike) {
            let apart = self.apart(&groups, &widest);
            if apart.seconds() > accepted {
                out.push(self.wide(restore, &apart, &groups, &widest));
            }
        }
    }

    /// The widest spread of groups; none where there are no two targets that are asked for.
    fn widest(&mut self, groups: &[Group], asked: Asked) -> Option<Widest> {
        let key = (groups.to_vec(), asked);
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let found = Search { groups, asked, runs: self.runs }.widest(&mut self.walked);
        self.known.insert(key, found);
        found
    }

    fn is_of_a_provider(&self, group: &Group) -> bool {
        let target = &self.plan.targets[group.targets[0]];
        target.backups.iter().any(|backup| matches!(backup.way, Way::PointInTime(_)))
    }

    /// The targets that a spread is shown with: the first of each group, and another where both are of one.
    fn pair(&self, groups: &[Group], widest: &Widest) -> (&'p Target, &'p Target) {
        let older = groups[widest.older].targets[0];
        let newer = &groups[widest.newer].targets;
        let newer = newer.iter().find(|target| **target != older).unwrap_or(&older);
        (&self.plan.targets[older], &self.plan.targets[*newer])
    }

    fn apart(&self, groups: &[Group], widest: &Widest) -> Apart {
        let (older, newer) = self.pair(groups, widest);
        let zone = calendar::zone(&self.plan.timezone.value).unwrap_or(jiff::tz::TimeZone::UTC);
        let at = |second| Timestamp::from_second(second).unwrap_or(Timestamp::MAX);
        let shown = |second| calendar::local(at(second), &zone);
        Apart {
            older: older.name.value.clone(),
            older_of: at(widest.older_of),
            newer: newer.name.value.clone(),
            newer_of: at(widest.newer_of),
            at: at(widest.at),
            shown: [widest.older_of, widest.newer_of, widest.at].map(shown),
            set: calendar::set_between(at(widest.older_of), at(widest.newer_of), &zone),
            timezone: self.plan.timezone.value.clone(),
            window: WINDOW,
        }
    }

    fn broken(
        &self,
        restore: &Restore,
        spread: &Spanned<Duration>,
        apart: &Apart,
        groups: &[Group],
        widest: &Widest,
    ) -> Diagnostic {
        let (total, name) = (apart.seconds(), &restore.name.value);
        let (older, newer) = self.pair(groups, widest);
        let message = format!(
            "what `{name}` brings back may be {total} apart, and at most {} is accepted: {}",
            spread.value,
            meaning(older, newer, apart)
        );
        let help = format!("{}, or accept what is true: spread=\"{total}\"", remedy(older));
        let found = Diagnostic::new(&SPREAD_BROKEN, message, spread.span, format!("{total} > {}", spread.value), help);
        with_labels(found, places(older, newer, apart))
    }

    fn wide(&self, restore: &Restore, apart: &Apart, groups: &[Group], widest: &Widest) -> Diagnostic {
        let (total, name) = (apart.seconds(), &restore.name.value);
        let (older, newer) = self.pair(groups, widest);
        let message = format!(
            "`{name}` may bring `{}` back {total} older than `{}`: {}",
            apart.older,
            apart.newer,
            meaning(older, newer, apart)
        );
        let help = format!(
            "{}; or write `moment \"latest\" spread=\"{total}\"` into the restore, which accepts this difference",
            remedy(older)
        );
        let label = "brings each target back from its newest point at one moment";
        with_labels(
            Diagnostic::new(&SPREAD_UNSAID, message, restore.name.span, label, help),
            places(older, newer, apart),
        )
    }
}

/// A search for the widest spread.
struct Search<'a, 'p> {
    groups: &'a [Group],
    asked: Asked,
    runs: &'a Runs<'p>,
}

impl Search<'_, '_> {
    fn widest(&self, walked: &mut usize) -> Option<Widest> {
        let mut order: Vec<usize> = (0..self.groups.len()).collect();
        order.sort_by_key(|older| std::cmp::Reverse(self.lag_max(*older)));
        let Some(points) = self.points(walked) else { return self.at_most(&order) };
        let mut widest = None::<Widest>;
        for older in order {
            if widest.is_some_and(|widest| widest.seconds() >= self.lag_max(older)) {
                break;
            }
            let found = match self.groups[older].newest {
                Newest::Within(lag) => self.of_any_moment(older, lag, &points),
                Newest::Of(_) => self.of_runs(older, &points),
            };
            let is_wider = |found: &Widest| widest.is_none_or(|widest| found.seconds() > widest.seconds());
            widest = found.filter(is_wider).or(widest);
        }
        widest
    }

    fn lag_max(&self, group: usize) -> i64 {
        self.groups[group].newest.lag_max(self.runs)
    }

    /// Whether a pair is asked for.
    fn asks(&self, older: usize, newer: usize) -> bool {
        let (a, b) = (&self.groups[older], &self.groups[newer]);
        match self.asked {
            Asked::All => older != newer || a.targets.len() > 1,
            Asked::Unlike => a.newest != b.newest && (a.is_database || b.is_database),
        }
    }

    /// The points of every group, where they are not too many to be looked at.
    fn points(&self, walked: &mut usize) -> Option<Vec<Points>> {
        if self.groups.len() > GROUPS_WALKED_MAX || *walked > RUNS_WALKED_MAX {
            return None;
        }
        let points: Vec<Points> = self.groups.iter().map(|group| group.newest.points(self.runs)).collect();
        *walked += points.iter().map(|points| points.slots.len()).sum::<usize>();
        Some(points)
    }

    /// The groups that are asked for beside an older one.
    fn beside(&self, older: usize) -> impl Iterator<Item = usize> {
        (0..self.groups.len()).filter(move |newer| self.asks(older, *newer))
    }

    /// A group that is asked for beside an older one, and has points of any moment.
    fn at_any(&self, older: usize) -> Option<usize> {
        self.beside(older).find(|newer| matches!(self.groups[*newer].newest, Newest::Within(_)))
    }

    /// A group whose points are of any moment: behind another by all that it may lag, from the first moment on.
    fn of_any_moment(&self, older: usize, lag: i64, points: &[Points]) -> Option<Widest> {
        let at_once = self.at_any(older).map(|newer| (WINDOW.start.as_second(), newer));
        let of_a_run = || self.beside(older).filter_map(|newer| Some((*points[newer].slots.first()?, newer))).min();
        let (at, newer) = at_once.or_else(of_a_run)?;
        Some(Widest { older, newer, older_of: at.saturating_sub(lag), newer_of: at, at })
    }

    /// A group of runs: each of its points is the newest until the next is there, and just before that the others may be newest.
    fn of_runs(&self, older: usize, points: &[Points]) -> Option<Widest> {
        let at_any = self.at_any(older);
        let of_a_run = |newer: usize, at: i64| {
            let slots = &points[newer].slots;
            let last = slots.partition_point(|slot| *slot < at).checked_sub(1)?;
            // Behind others it begins later, and its data is as much younger.
            Some((at.min(slots[last].saturating_add(self.wait_max(newer))), std::cmp::Reverse(newer)))
        };
        let newest = &points[older].newest;
        let mut widest = None::<Widest>;
        for ((older_of, _), (_, at)) in newest.iter().zip(newest.iter().skip(1)) {
            let of_runs = || self.beside(older).filter_map(|newer| of_a_run(newer, *at)).max();
            let found = at_any.map(|newer| (*at, std::cmp::Reverse(newer))).or_else(of_runs);
            let found = found.map(|(newer_of, std::cmp::Reverse(newer))| Widest {
                older,
                newer,
                older_of: *older_of,
                newer_of,
                at: *at,
            });
            let is_wider = |found: &Widest| widest.is_none_or(|widest| found.seconds() > widest.seconds());
            widest = found.filter(is_wider).or(widest);
        }
        widest
    }

    fn wait_max(&self, group: usize) -> i64 {
        match &self.groups[group].newest {
            Newest::Within(_) => 0,
            Newest::Of(kinds) => kinds.iter().map(|kind| self.runs.wait_max(*kind)).max().unwrap_or(0),
        }
    }

    /// The most that it may be, where looking at each run would take too long: as if the others were of every moment.
    fn at_most(&self, order: &[usize]) -> Option<Widest> {
        order.iter().find_map(|older| {
            let newer = self.beside(*older).next()?;
            let older_of = match &self.groups[*older].newest {
                Newest::Within(_) => WINDOW.start.as_second(),
                Newest::Of(kinds) => {
                    let gaps = kinds.iter().filter_map(|kind| self.runs.gaps(*kind));
                    gaps.map(|gaps| gaps.longest.from.as_second()).min()?
                }
            };
            let newer_of = older_of.saturating_add(self.lag_max(*older));
            Some(Widest { older: *older, newer, older_of, newer_of, at: newer_of })
        })
    }
}

/// Whether it is something that other data may refer to.
fn is_data(target: &Target) -> bool {
    !matches!(target.source, Some(Source::Logs(_)))
}

fn is_database(target: &Target) -> bool {
    matches!(target.source, Some(Source::Rds(_) | Source::Mysql(_)))
}

/// What it means in plain words.
fn meaning(older: &Target, newer: &Target, apart: &Apart) -> String {
    let since = format!("{} {}", apart.shown[0], apart.timezone);
    let (old, new) = (&apart.older, &apart.newer);
    match (is_database(older), is_database(newer)) {
        (false, true) => format!("rows written after {since} name files that are not in the newest point of `{old}`"),
        (true, false) => format!("files put there after {since} are named by no row in the newest point of `{old}`"),
        (true, true) => {
            format!("rows of `{new}` written after {since} refer to rows that are not in the newest point of `{old}`")
        }
        (false, false) => format!("what came after {since} is in `{new}` and not in the newest point of `{old}`"),
    }
}

fn remedy(older: &Target) -> String {
    format!("back `{}` up more often", older.name.value)
}

/// The backups that the two points are of.
fn places(older: &Target, newer: &Target, apart: &Apart) -> Vec<(Span, String)> {
    let [older_of, newer_of, at] = &apart.shown;
    let place = |target: &Target| {
        // What RDS keeps to any moment is the newest, whatever else there is.
        let any_moment = target.backups.iter().find(|backup| matches!(backup.way, Way::PointInTime(_)));
        let scheduled = || target.backups.iter().find_map(|backup| Some(backup.schedule.as_ref()?.span));
        let of = any_moment.map(|backup| backup.span).or_else(scheduled);
        of.or_else(|| target.backups.first().map(|backup| backup.span)).unwrap_or(target.name.span)
    };
    let (zone, set) = (&apart.timezone, apart.set);
    vec![
        (place(older), format!("just before {at} {zone}, the newest point of `{}` is of {older_of}", apart.older)),
        (place(newer), format!("that of `{}` is of {newer_of}{set}", apart.newer)),
    ]
}

fn unproven(restore: &Restore, spread: &Spanned<Duration>, reasons: Reasons) -> Diagnostic {
    let message =
        format!("nothing shows that what `{}` brings back is at most {} apart", restore.name.value, spread.value);
    let help = "give each target that it recovers a backup with a `schedule`, and how long a run takes at most, as in `takes \"40m\"`";
    with_labels(Diagnostic::new(&SPREAD_UNPROVEN, message, spread.span, "accepted here", help), reasons)
}
