//! Whether a target can be brought back to any moment of the last days.
//!
//! A provider says so. Else a dump and the binary logs behind it do: at every moment of the window, the oldest dump is looked at that is still there
//! with all logs since.

use std::rc::Rc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::keeps::{AnyPoint, Chain, LeastReach, Steady};
use super::lives::{Leaving, Point};
use super::promise::Standing;
use super::rhythms::{Rhythms, WINDOW};
use super::with_labels;
use crate::calendar::{self, DAY_SECONDS, Expiries};
use crate::diagnostic::codes::any_point::{BROKEN, GAPS, ORPHANS, UNPROVEN};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::plan::{Backup, Content, Plan, Target, Way};
use crate::primitives::{Duration, Name, Period, PeriodUnit, Span, Spanned};
use crate::timeline::{Kept, Life, Points, of_backup};

/// Why something proves nothing: where, and a few words.
type Reason = (Span, String);

/// Where a clock is set, days are longer or shorter by up to three hours. That much is nothing to warn of.
const CLOCKS: i64 = 10_800;

/// So many days more than the sum are tried, as a zone may leave one out, and no run is due right when another point is old enough.
const CLOCK_DAYS: u64 = 4;

/// Until when it is looked for gaps in logs that are thinned: in so many days one day, week and month is over.
const THINNED_UNTIL: Timestamp = Timestamp::constant(1_741_392_000, 0);

/// Proves that every moment can be brought back that a target promises; where it promises none, tells of logs that nothing can be made of.
pub(super) fn of_target(
    plan: &Plan,
    target: &Target,
    rhythms: &mut Rhythms,
    out: &mut Diagnostics,
) -> Option<AnyPoint> {
    let promised = target.objective.as_ref().and_then(|objective| objective.any_point.as_ref());
    let zone = calendar::zone(&plan.timezone.value).unwrap_or(TimeZone::UTC);
    let pairs = pairs(target, &zone);
    for pair in &pairs {
        out.extend(pair.as_ref().ok().and_then(|pair| pair.thinned(target)));
    }
    let Some(promised) = promised else {
        let orphans = pairs.iter().filter_map(|pair| pair.as_ref().ok()?.orphans(target, rhythms));
        out.extend(orphans.take(1));
        return None;
    };
    if let Some(found) = provider(target, promised) {
        return match found {
            Ok(proven) => Some(proven),
            Err(found) => {
                out.push(found);
                None
            }
        };
    }
    let mut reasons: Vec<Reason> = vec![];
    let mut broken = None;
    for pair in pairs {
        match pair.and_then(|pair| Ok((pair.reach(target, promised.value, rhythms)?, pair))) {
            Ok((Ok(chain), _)) => {
                let target = target.name.value.clone();
                let steady = Steady::Chain(Box::new(chain));
                return Some(AnyPoint { target, promised: promised.value, standing: Standing::Proven, steady });
            }
            Ok((Err(short), pair)) => broken = broken.or_else(|| Some(pair.broken(target, promised, &short, rhythms))),
            Err(reason) => reasons.push(reason),
        }
    }
    // A backup that could not be read may be the one that keeps the promise.
    if plan.broken.iter().all(|block| block.owner.as_ref() != Some(&target.name.value)) {
        out.push(broken.unwrap_or_else(|| unproven(target, promised, reasons)));
    }
    None
}

/// What a provider says, where one keeps the target.
fn provider(target: &Target, promised: &Spanned<Period>) -> Option<Result<AnyPoint, Diagnostic>> {
    let kept = |backup: &&Backup| matches!(backup.way, Way::PointInTime(_));
    let backup = target.backups.iter().find(kept)?;
    let Some(within) = backup.retention.as_ref().and_then(|retention| retention.within.as_ref()) else {
        let reason =
            (backup.span, format!("`{}` does not say how long RDS keeps it: `retention within=`", backup.name.value));
        return Some(Err(unproven(target, promised, vec![reason])));
    };
    if is_at_least(within.value, promised.value) {
        let (target_name, job) = (target.name.value.clone(), target.job(backup));
        let steady = Steady::Provider { job, within: within.value };
        let (promised, standing) = (promised.value, Standing::Assumed);
        return Some(Ok(AnyPoint { target: target_name, promised, standing, steady }));
    }
    let name = &target.name.value;
    let message = format!("`{name}` cannot be brought back to every moment of the last {}", promised.value);
    let label = format!("{} > {}", promised.value, within.value);
    let help = format!("have RDS keep it longer, up to \"35d\", or promise any-point=\"{}\"", within.value);
    let found = Diagnostic::new(&BROKEN, message, promised.span, label, help);
    Some(Err(found.also(within.span, format!("RDS keeps the last {}", within.value))))
}

/// Whether one period is over no earlier than another, whenever they begin. RDS counts days.
fn is_at_least(kept: Period, promised: Period) -> bool {
    days(kept, 28, 365) >= days(promised, 31, 366)
}

/// How many days a period has, where a month and a year have so many.
fn days(period: Period, month: u32, year: u32) -> u32 {
    u32::from(period.count)
        * match period.unit {
            PeriodUnit::Days => 1,
            PeriodUnit::Weeks => 7,
            PeriodUnit::Months => month,
            PeriodUnit::Years => year,
        }
}

/// The same points, kept for so long at least.
fn kept_for(points: &Points, least: Period) -> Points {
    let mut longer = points.clone();
    longer.rules.within = longer.rules.within.filter(|within| is_at_least(*within, least)).or(Some(least));
    longer
}

/// The least number between two for which something holds that holds for all above it too; none where it does not for the most.
fn fewest(mut least: u16, mut most: u16, mut holds: impl FnMut(u16) -> bool) -> Option<u16> {
    if !holds(most) {
        return None;
    }
    while least < most {
        let middle = least + (most - least) / 2;
        if holds(middle) { most = middle } else { least = middle + 1 }
    }
    Some(most)
}

/// A dump, and the logs of what changed since.
struct Pair<'p> {
    dump: &'p Backup,
    dumps: Points,
    log: &'p Backup,
    logs: Points,
}

/// A dump that is gone before the next one is as old as was promised.
struct Short {
    /// The dump that is gone, or whose logs are.
    before: Point,
    /// When the first log behind it is gone.
    log_gone: i64,
    /// The oldest one that is left; none where none is.
    left: Option<Point>,
    /// So many days would hold.
    days: u16,
}

impl Short {
    fn at(&self) -> i64 {
        self.before.gone.min(self.log_gone)
    }
}

/// How many whole days of the calendar can be brought back at every moment that was looked at.
struct Holding {
    zone: TimeZone,
    days: u16,
    expiries: Expiries,
}

/// No more days can be promised.
const DAYS_MAX: u16 = 9_999;

impl Holding {
    fn new(zone: &TimeZone) -> Self {
        let (zone, days) = (zone.clone(), DAYS_MAX);
        Self { expiries: Self::expiries(&zone, days), zone, days }
    }

    /// At a moment, every moment can be brought back from another on.
    fn look(&mut self, from: i64, at: i64) {
        // A day that a clock skips lets one more hold.
        let most = at.saturating_sub(from).div_euclid(DAY_SECONDS).saturating_add(1).clamp(0, DAYS_MAX.into());
        self.at_most(u16::try_from(most).unwrap_or(DAYS_MAX));
        while self.days > 0 && self.expiries.of_last_before(from) > at {
            self.at_most(self.days - 1);
        }
    }

    fn at_most(&mut self, days: u16) {
        if days < self.days {
            self.days = days;
            self.expiries = Self::expiries(&self.zone, days);
        }
    }

    fn expiries(zone: &TimeZone, days: u16) -> Expiries {
        Expiries::new(Period { count: days, unit: PeriodUnit::Days }, zone.clone())
    }
}

/// Every dump of a target with every log, each with its points.
fn pairs<'p>(target: &'p Target, zone: &TimeZone) -> Vec<Result<Pair<'p>, Reason>> {
    let of = |is: fn(&Content) -> bool| {
        target.backups.iter().filter(move |backup| backup.stored().is_some_and(|stored| is(&stored.content)))
    };
    let dumps = || of(|content| matches!(content, Content::Dump(_)));
    let logs = of(|content| matches!(content, Content::BinaryLog(_)));
    let pair = |log: &'p Backup, dump: &'p Backup| {
        let (dumps, logs) = (points(target, dump, zone)?, points(target, log, zone)?);
        Ok(Pair { dump, dumps, log, logs })
    };
    logs.flat_map(|log| dumps().map(move |dump| pair(log, dump))).collect()
}

fn points(target: &Target, backup: &Backup, zone: &TimeZone) -> Result<Points, Reason> {
    match of_backup(target, backup, zone, None).into_iter().next().map(|series| series.kept) {
        Some(Kept::Points(points)) => Ok(points),
        _ => Err((backup.span, format!("`{}` has no `schedule`: it runs when it is named", backup.name.value))),
    }
}

impl<'p> Pair<'p> {
    /// The dumps of the window.
    fn lives(&self, rhythms: &mut Rhythms) -> Result<Rc<[Point]>, Reason> {
        let unread =
            || (self.dump.span, format!("`{}` has no `schedule`: it runs when it is named", self.dump.name.value));
        let schedule = self.dump.schedule.as_ref().ok_or_else(unread)?;
        let rhythm = rhythms.of(schedule).map_err(|malformed| (schedule.span, malformed.problem))?;
        rhythms.lives(rhythm, &self.dumps).map_err(|too_many| (self.dump.span, too_many.to_string()))
    }

    /// The dumps that are in turn the oldest with all logs behind them, each with when it no longer is.
    fn oldest(&self, rhythms: &mut Rhythms) -> Result<Vec<(Point, i64)>, Reason> {
        let mut oldest: Vec<(Point, i64)> = vec![];
        let mut logs = Leaving::new(&self.logs);
        for dump in self.lives(rhythms)?.iter() {
            // Once the first log behind a dump is gone, nothing can be made of the dump but its own moment.
            let first = logs.next_run(dump.moment);
            let log_gone = logs.of(first);
            let usable = |(before, log): &(Point, i64)| before.gone.min(*log);
            if oldest.last().is_none_or(|last| usable(last) < dump.gone.min(log_gone)) {
                oldest.push((*dump, log_gone));
            }
        }
        Ok(oldest)
    }

    /// How far back every moment can be brought back, or where that is too short.
    fn reach(&self, target: &Target, promised: Period, rhythms: &mut Rhythms) -> Result<Result<Chain, Short>, Reason> {
        if self.logs.rules.generations.is_none() && self.logs.rules.within.is_none() && !self.logs.rules.is_empty() {
            return Err((
                self.log.span,
                format!("`{}` keeps one log of each hour or day, and nothing between", self.log.name.value),
            ));
        }
        let oldest = self.oldest(rhythms)?;
        let mut least: Option<(i64, Point, i64)> = None;
        let mut short = None;
        let mut expiries = Expiries::new(promised, self.dumps.zone.clone());
        let mut holding = Holding::new(&self.dumps.zone);
        for turn in oldest.windows(2) {
            let [(before, log_gone), (next, _)] = turn else { continue };
            let at = before.gone.min(*log_gone);
            if at < WINDOW.start.as_second() {
                continue;
            }
            holding.look(next.moment, at);
            if expiries.of_last_before(next.moment) > at {
                short = short.or(Some((*before, *log_gone, *next)));
            }
            let back = at.saturating_sub(next.moment);
            if least.is_none_or(|(known, ..)| back < known) {
                least = Some((back, *next, at));
            }
        }
        if let Some((before, log_gone, next)) = short {
            let left = Some(next).filter(|next| next.moment <= before.gone.min(log_gone));
            return Ok(Err(Short { before, log_gone, left, days: holding.days }));
        }
        let least = least.map(|(back, next, at)| LeastReach {
            at: time(at),
            back_to: time(next.moment),
            length: Duration::from_seconds(u64::try_from(back).unwrap_or(0)),
            shown: format!(
                "on {} back to {}{}",
                calendar::local_in(time(at), &self.dumps.zone),
                self.shown(next.moment),
                self.set(next.moment, at)
            ),
        });
        Ok(Ok(Chain { dump: target.job(self.dump), log: target.job(self.log), least }))
    }

    fn shown(&self, second: i64) -> String {
        calendar::local(time(second), &self.dumps.zone)
    }

    fn set(&self, from: i64, to: i64) -> &'static str {
        calendar::set_between(time(from), time(to), &self.dumps.zone)
    }

    fn broken(&self, target: &Target, promised: &Spanned<Period>, short: &Short, rhythms: &mut Rhythms) -> Diagnostic {
        let Short { before, log_gone, left, days } = short;
        let (name, at) = (&target.name.value, calendar::local_in(time(short.at()), &self.dumps.zone));
        let message = format!("`{name}` cannot be brought back to every moment of the last {}", promised.value);
        let earliest = match left {
            Some(left) => {
                format!("on {at} the earliest is {}{}", self.shown(left.moment), self.set(left.moment, short.at()))
            }
            None => format!("on {at} no dump is left with all logs since"),
        };
        let dump = self.shown(before.moment);
        let (at_fault, why) = if before.gone <= *log_gone {
            (self.dump, format!("the dump of {dump} is deleted then, and the logs after it need it"))
        } else {
            (self.log, format!("the first log after the dump of {dump} is deleted then, and all later ones need it"))
        };
        let holds = match *days {
            1.. => format!("or promise what holds: any-point=\"{days}d\""),
            _ => "as it stands, no day holds".into(),
        };
        let help = format!("{}; {holds}", self.longer(target, promised.value, rhythms));
        let found = Diagnostic::new(&BROKEN, message, promised.span, earliest, help);
        found.also(at_fault.retention.as_ref().map_or(at_fault.span, |retention| retention.span), why)
    }

    /// What both must be kept for.
    fn longer(&self, target: &Target, promised: Period, rhythms: &mut Rhythms) -> String {
        let (dump, log) = (&self.dump.name.value, &self.log.name.value);
        let Some(needed) = self.needed(target, promised, rhythms) else {
            return format!("keep `{dump}` and `{log}` for {promised} more than the longest time between two dumps");
        };
        let is_short = |points: &Points| points.rules.within != kept_for(points, needed).rules.within;
        let alone = |short: &Name, long: &Name| {
            format!("write `retention within=\"{needed}\"` into `{short}`; `{long}` is kept for so long already")
        };
        match (is_short(&self.dumps), is_short(&self.logs)) {
            (true, false) => alone(dump, log),
            (false, true) => alone(log, dump),
            _ => format!("write `retention within=\"{needed}\"` into `{dump}` and into `{log}`"),
        }
    }

    /// The fewest whole days for which both must be kept, so that the promise holds: shown as the promise itself is, with that in its place.
    fn needed(&self, target: &Target, promised: Period, rhythms: &mut Rhythms) -> Option<Period> {
        let (dump, log) = (self.dump.schedule.as_ref()?, self.log.schedule.as_ref()?);
        let (dump, log) = (rhythms.of(dump).ok()?, rhythms.of(log).ok()?);
        let gap = rhythms.gaps(dump)?.longest.seconds().div_ceil(DAY_SECONDS.unsigned_abs());
        let (least, most) = (days(promised, 28, 365), days(promised, 31, 366));
        let most = u16::try_from(u64::from(most).saturating_add(gap).saturating_add(CLOCK_DAYS)).ok()?.min(DAYS_MAX);
        let key = (dump, log, self.dumps.rules.clone(), self.logs.rules.clone(), promised);
        rhythms.needed(key, |own| {
            let holds = |count: u16| {
                let needed = Period { count, unit: PeriodUnit::Days };
                let (dumps, logs) = (kept_for(&self.dumps, needed), kept_for(&self.logs, needed));
                let longer = Pair { dump: self.dump, dumps, log: self.log, logs };
                matches!(longer.reach(target, promised, own), Ok(Ok(_)))
            };
            fewest(u16::try_from(least).ok()?, most, holds)
        })
    }

    /// Logs that outlive the dump which they need.
    fn orphans(&self, target: &Target, rhythms: &mut Rhythms) -> Option<Diagnostic> {
        let dumps = self.lives(rhythms).ok()?;
        let mut logs = Leaving::new(&self.logs);
        let mut orphan = |pair: &[Point]| {
            let [dump, next] = pair else { return None };
            let log = self.logs.times.last_at_or_before(time(next.moment))?;
            let gone = logs.of(log.as_second());
            (log.as_second() > dump.moment && gone.saturating_sub(dump.gone) > CLOCKS).then_some((*dump, log, gone))
        };
        let (dump, log, gone) = dumps.windows(2).find_map(&mut orphan)?;
        let message = format!("binary logs of `{}` outlive the dump that they need", target.name.value);
        let kept = if gone == i64::MAX { "kept for ever".into() } else { format!("kept until {}", self.shown(gone)) };
        let label = format!("the log of {}, which needs that dump, is {kept}", calendar::local(log, &self.logs.zone));
        let help = format!(
            "keep `{}` longer than `{}` by the time between two dumps; or promise how many days can be brought back, as in `objective \
             any-point=\"7d\"`, which is then proven",
            self.dump.name.value, self.log.name.value
        );
        let span = |backup: &Backup| backup.retention.as_ref().map_or(backup.span, |retention| retention.span);
        let found = Diagnostic::new(&ORPHANS, message, span(self.dump), self.goes(&dump), help);
        Some(found.also(span(self.log), label))
    }

    fn goes(&self, dump: &Point) -> String {
        format!(
            "the dump of {} is deleted on {}",
            self.shown(dump.moment),
            calendar::local_in(time(dump.gone), &self.dumps.zone)
        )
    }

    /// Logs of which an older one outlives a younger.
    fn thinned(&self, target: &Target) -> Option<Diagnostic> {
        let retention = self.log.retention.as_ref().filter(|_| !self.logs.rules.thinned.is_empty())?;
        let lives = self.logs.between(WINDOW.start, THINNED_UNTIL).ok()?;
        let end = |life: &Life| life.let_go().unwrap_or(Timestamp::MAX);
        let mut oldest: Option<&Life> = None;
        let gap = lives.iter().find_map(|life| {
            let longest = oldest.filter(|longest| end(longest) > end(life));
            if longest.is_none() {
                oldest = Some(life);
            }
            longest.map(|longest| (*longest, *life))
        });
        let (older, younger) = gap?;
        let local = |time| calendar::local(time, &self.logs.zone);
        let message = format!("the binary logs of `{}` are kept with gaps", target.name.value);
        let label = format!(
            "the log of {} is deleted on {}, before an older one",
            local(younger.moment()),
            calendar::local_in(end(&younger), &self.logs.zone)
        );
        let help = format!(
            "keep logs by `within=` or `generations=` alone: that of {} is kept for longer, and nothing after a log that is missing can be \
             brought back",
            local(older.moment())
        );
        Some(Diagnostic::new(&GAPS, message, retention.span, label, help))
    }
}

fn time(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or(Timestamp::MAX)
}

fn unproven(target: &Target, promised: &Spanned<Period>, reasons: Vec<Reason>) -> Diagnostic {
    let message = format!(
        "nothing shows that `{}` can be brought back to every moment of the last {}",
        target.name.value, promised.value
    );
    let help = match reasons.is_empty() {
        true => {
            "take `any-point` out: its recovery points are of one moment each. A database can promise it, with `point-in-time`, or with a `dump` and a \
             `binary-log`"
        }
        false => "give what the labels name a `schedule`, and keep it by `retention within=`, or by `generations=`",
    };
    with_labels(Diagnostic::new(&UNPROVEN, message, promised.span, "promised here", help), reasons)
}
