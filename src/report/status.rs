//! How the jobs of a plan stand.

use std::fmt::Write;

use super::history::end;
use super::words::{cell, counted, time};
use crate::ledger::{Finding, Source, Standing};
use crate::primitives::on_one_line;

/// `1d 3h`, `25m`: an age, in its two largest units.
fn age(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m"),
        (0, _, _) => format!("{hours}h {minutes}m"),
        _ => format!("{days}d {hours}h"),
    }
}

/// Why somebody should look, in words.
pub fn finding(finding: &Finding, timezone: &str) -> String {
    match finding {
        Finding::Late { since, grace } => {
            format!("late: there is no point of {}, {grace} after it", time(*since, timezone))
        }
        Finding::Never => "never: it has a schedule, and there is no good recovery point".into(),
        Finding::Failed => "the last run failed; `sonae history show` says why".into(),
        Finding::Suspended => "deletions are suspended until somebody looks".into(),
        Finding::LeaseLost => {
            "the last run did not hold its lease to the end, so not all was deleted; the next run that holds it deletes it".into()
        }
        Finding::RpoPassed { promised } => {
            format!("more than {promised} would be lost now, and at most that is promised")
        }
        Finding::NotMade { why } => format!("not backed up by this version: {why}"),
        Finding::Unanswered => "the store did not answer: what is said of points is what this host remembers".into(),
        Finding::Vanished => {
            "the store shows no point, and this host remembers some: is the store the right one, and mounted?".into()
        }
        Finding::Unusable { points } => {
            format!("{} cannot be used; `sonae points` says why", counted(*points, "recovery point"))
        }
    }
}

/// One sentence: how many jobs there are, and how many of them somebody should look at.
pub fn headline(standings: &[Standing]) -> String {
    let jobs = counted(standings.len() as u64, "job");
    let to_see = standings.iter().filter(|standing| !standing.findings.is_empty()).count();
    match to_see {
        0 => format!("{jobs}, all well"),
        _ => format!("{jobs}, {to_see} to look at"),
    }
}

fn last_point(standing: &Standing, timezone: &str) -> String {
    let Some(last) = &standing.last_point else {
        let new = |since| {
            let since = time(since, timezone);
            format!("none; new: `run --due` saw it first at {since}, and waits for its first time")
        };
        return standing.new_since.map_or_else(|| "none".into(), new);
    };
    let clean = if last.made.clean { "good" } else { "good, not clean" };
    let from = match &standing.points_from {
        Source::Store => "",
        Source::Ledger | Source::Unanswered(_) | Source::Vanished => ", from the ledger",
    };
    format!("{} old, {}, {clean}{from}", age(last.age_s), time(last.made.moment, timezone))
}

fn last_run(standing: &Standing, timezone: &str) -> String {
    let Some(last) = &standing.last_run else { return "none that this host remembers".into() };
    format!("{}, {}, {}", end(last.job_end), time(last.run.began, timezone), last.run.run)
}

fn next(standing: &Standing, timezone: &str) -> String {
    standing.next.map_or_else(|| "when it is named".into(), |next| time(next, timezone))
}

/// For people.
pub fn text(standings: &[Standing], timezone: &str) -> String {
    let mut text = String::new();
    for standing in standings {
        let well = if standing.findings.is_empty() { "well" } else { "look" };
        let _ = writeln!(text, "{}: {well}", standing.job);
        let _ = writeln!(text, "  point      {}", last_point(standing, timezone));
        let _ = writeln!(text, "  run        {}", last_run(standing, timezone));
        let _ = writeln!(text, "  next       {}", next(standing, timezone));
        for found in &standing.findings {
            let _ = writeln!(text, "  look       {}", finding(found, timezone));
        }
        if let Source::Unanswered(why) = &standing.points_from {
            let _ = writeln!(text, "             {}", on_one_line(why));
        }
    }
    let _ = writeln!(text, "{}", headline(standings));
    text
}

/// For a page.
pub fn markdown(standings: &[Standing], timezone: &str) -> String {
    let mut text = format!("**{}**\n\n| job | last good point | last run | next | look |\n", headline(standings));
    text.push_str("| --- | --- | --- | --- | --- |\n");
    for standing in standings {
        let found: Vec<String> = standing.findings.iter().map(|found| finding(found, timezone)).collect();
        let cells = [
            standing.job.to_string(),
            last_point(standing, timezone),
            last_run(standing, timezone),
            next(standing, timezone),
            found.join("; "),
        ];
        let _ = writeln!(text, "| {} |", cells.map(|text| cell(&text)).join(" | "));
    }
    text
}

/// How urgent it is, as monitoring plugins say it: <https://www.monitoring-plugins.org/doc/guidelines.html>, "Plugin Return Codes".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// 0.
    Ok,
    /// 1.
    Warning,
    /// 2.
    Critical,
}

/// One line for a monitoring plugin, and how urgent it is.
pub fn nagios(standings: &[Standing], timezone: &str) -> (String, Urgency) {
    let urgency = |found: &Finding| match found {
        Finding::Suspended | Finding::LeaseLost | Finding::Unusable { .. } => Urgency::Warning,
        _ => Urgency::Critical,
    };
    let all = || standings.iter().flat_map(|standing| standing.findings.iter().map(move |found| (standing, found)));
    let worst = all().map(|(_, found)| urgency(found)).max().unwrap_or(Urgency::Ok);
    let word = match worst {
        Urgency::Ok => "OK",
        Urgency::Warning => "WARNING",
        Urgency::Critical => "CRITICAL",
    };
    let told: Vec<String> =
        all().map(|(standing, found)| format!("{}: {}", standing.job, finding(found, timezone))).collect();
    let told = if told.is_empty() { String::new() } else { format!(": {}", told.join("; ")) };
    // What follows a `|` would be taken for measurements.
    (format!("SONAE {word} - {}{}\n", headline(standings), told.replace('|', "/")), worst)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::RunEnd;

    #[test]
    fn a_lost_lease_is_not_left_to_a_person() {
        let told = [Finding::Suspended, Finding::LeaseLost].map(|found| finding(&found, "UTC"));
        assert!(told[0].contains("until somebody looks") && told[1].contains("the next run"), "{told:?}");
        assert_eq!([end(RunEnd::Suspended), end(RunEnd::LeaseLost)], ["suspended", "lease lost"]);
    }

    #[test]
    fn ages_are_told_in_two_units() {
        let told: Vec<String> = [-5, 59, 60, 3599, 3600, 90_000].into_iter().map(age).collect();
        assert_eq!(told, ["0s", "59s", "1m", "59m", "1h 0m", "1d 1h"]);
    }
}
