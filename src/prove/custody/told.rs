//! What is said of logs in custody, and of a day that is lost.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::days::{Logbook, NEVER, Packed};
use super::remedy::Remedies;
use super::{Custody, Lost, OfDay, Seen};
use crate::calendar;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::codes::custody::CUSTODY_BROKEN;
use crate::plan::{Logs, Target};
use crate::primitives::{Duration, Span};
use crate::prove::promise::Standing;
use crate::prove::with_labels;

/// What was shown of a target whose days are all in custody.
pub(super) fn custody(target: &Target, logs: &Logs, book: &Logbook<'_, '_>, seen: &Seen) -> Custody {
    let after = |seconds: i64| Duration::from_seconds(u64::try_from(seconds).unwrap_or(0));
    let job = |place: usize| target.job(book.packers[place].backup);
    let of_days = || book.packers.iter().filter(|packer| packer.is_of_days());
    Custody {
        target: target.name.value.clone(),
        standing: if logs.rotates.is_some() { Standing::Assumed } else { Standing::Proven },
        shipped: seen.shipped.map(|(seconds, day, by)| OfDay { day, after: after(seconds), by: Some(job(by)) }),
        left: seen.left.map(|(seconds, day, by)| OfDay { day, after: after(seconds), by: by.map(job) }),
        within: of_days().find(|packer| packer.outlasts).and_then(|packer| packer.within),
    }
}

/// A day that is nowhere, though it is promised.
pub(super) fn lost(
    target: &Target,
    logs: &Logs,
    book: &Logbook<'_, '_>,
    lost: &Lost,
    remedies: &Remedies,
    left: Option<i64>,
) -> Diagnostic {
    let told = Told { target, logs, book, lost, remedies, left };
    let help = told.help();
    let found = Diagnostic::new(&CUSTODY_BROKEN, told.message(), told.place(), told.label(), help);
    with_labels(found, told.places())
}

struct Told<'a> {
    target: &'a Target,
    logs: &'a Logs,
    book: &'a Logbook<'a, 'a>,
    lost: &'a Lost,
    remedies: &'a Remedies,
    /// The shortest from the end of a day until its file leaves, in seconds.
    left: Option<i64>,
}

impl Told<'_> {
    fn name(&self, place: usize) -> &str {
        self.book.packers[place].backup.name.value.as_str()
    }

    fn zone(&self) -> &TimeZone {
        self.book.zone
    }

    fn shown(&self, second: i64) -> String {
        calendar::local(Timestamp::from_second(second).unwrap_or(Timestamp::MAX), self.zone())
    }

    fn shown_in(&self, second: i64) -> String {
        calendar::local_in(Timestamp::from_second(second).unwrap_or(Timestamp::MAX), self.zone())
    }

    /// What the file's leaving is called.
    fn leaving(&self) -> String {
        let gone = self.shown_in(self.lost.fate.gone);
        match self.lost.fate.gone_by {
            None => format!("is deleted by rotation on {gone}"),
            Some(by) => format!("is removed by `{}` on {gone}", self.name(by)),
        }
    }

    fn message(&self) -> String {
        let (target, date) = (&self.target.name.value, self.lost.date);
        match self.lost.last {
            None => format!("the log of {date} of `{target}` {}, and {}", self.leaving(), self.missed()),
            Some(last) => format!(
                "the log of {date} of `{target}` is nowhere from {} on: its file {}, {}, and the backup `{}` no longer keeps its own",
                self.shown(self.lost.since),
                self.leaving(),
                self.missed(),
                self.name(last)
            ),
        }
    }

    /// Which backup comes too late, or that there is none.
    fn missed(&self) -> String {
        let late = self.lost.fate.packed.iter().find_map(|(place, packed)| match packed {
            Packed::TooLate(at) => Some((*at, *place)),
            _ => None,
        });
        let never = self.lost.fate.packed.iter().find(|(_, packed)| *packed == Packed::Never);
        match (late, never, self.lost.promised) {
            (Some((at, place)), ..) => {
                format!("the backup `{}` comes for it only later, on {}", self.name(place), self.shown(at))
            }
            (None, Some((place, _)), _) => {
                format!("the backup `{}` has no `schedule` by which it comes for it", self.name(*place))
            }
            (None, None, Some((place, until))) if until < NEVER => {
                format!("the backup `{}` promises it until {}", self.name(place), self.shown(until))
            }
            (None, None, Some((place, _))) => format!("the backup `{}` promises it for ever", self.name(place)),
            (None, None, None) => "no backup has packed it by then".to_owned(),
        }
    }

    /// What takes the day away.
    fn place(&self) -> Span {
        let of_backup = |place: usize| {
            let backup = self.book.packers[place].backup;
            backup.retention.as_ref().map_or(backup.span, |retention| retention.span)
        };
        let removes = |place: usize| {
            let backup = self.book.packers[place].backup;
            backup.stored().and_then(|stored| stored.remove_originals).unwrap_or(backup.span)
        };
        match (self.lost.last, self.lost.fate.gone_by) {
            (Some(last), _) => of_backup(last),
            (None, Some(by)) => removes(by),
            (None, None) => self.logs.rotates.as_ref().map_or(self.target.name.span, |keep| keep.span),
        }
    }

    fn label(&self) -> String {
        match self.lost.last {
            Some(_) => {
                format!("the log of {} may be deleted here from {} on", self.lost.date, self.shown_in(self.lost.since))
            }
            None => format!("its file {}", self.leaving()),
        }
    }

    /// What each backup has to do with the day.
    fn places(&self) -> Vec<(Span, String)> {
        let rotation =
            self.logs.rotates.as_ref().filter(|_| self.lost.last.is_some() && self.lost.fate.gone_by.is_none());
        let rotation = rotation.map(|keep| (keep.span, format!("its file {}", self.leaving())));
        let removal = self.lost.fate.gone_by.filter(|_| self.lost.last.is_some()).and_then(|by| {
            let stored = self.book.packers[by].backup.stored()?;
            Some((stored.remove_originals?, format!("its file {}", self.leaving())))
        });
        let packed = self.lost.fate.packed.iter().map(|(place, packed)| {
            let backup = self.book.packers[*place].backup;
            let span = backup.schedule.as_ref().map_or(backup.span, |schedule| schedule.span);
            let text = match packed {
                Packed::From(at) => format!("`{}` has it in the store from {} on", self.name(*place), self.shown(*at)),
                Packed::TooLate(at) => {
                    format!(
                        "`{}` would have it in the store on {}, when its file is gone",
                        self.name(*place),
                        self.shown(*at)
                    )
                }
                Packed::Never => format!("`{}` runs when it is named", self.name(*place)),
            };
            (span, text)
        });
        rotation.into_iter().chain(removal).chain(packed).collect()
    }

    fn help(&self) -> String {
        let late = self.lost.fate.packed.iter().find(|(_, packed)| matches!(packed, Packed::TooLate(_)));
        let never = self.lost.fate.packed.iter().find(|(_, packed)| *packed == Packed::Never);
        let comes = match (late, never) {
            (Some((late, _)), _) => self.come_earlier(*late),
            (None, Some((never, _))) => self.come_at_all(*never),
            (None, None) if self.lost.last.is_none() => Some(self.pack_days()),
            (None, None) => None,
        };
        let ways: Vec<String> = [self.rotate_later(), comes, self.lost.last.map(|last| self.keep_longer(last))]
            .into_iter()
            .flatten()
            .collect();
        ways.join("; or ")
    }

    fn rotate_later(&self) -> Option<String> {
        let keep = self.remedies.rotation?;
        Some(format!(
            "let rotation keep each file for {} days or longer, which every day of this plan needs, and write so in `rotates keep=\"{keep}\"`",
            keep.count
        ))
    }

    /// How a backup that comes too late would be in time.
    fn come_earlier(&self, late: usize) -> Option<String> {
        let name = self.name(late);
        let before = match self.lost.fate.gone_by {
            Some(by) => format!("`{}` removes the files", self.name(by)),
            None => "their files are deleted".to_owned(),
        };
        match (self.book.packers[late].months_left(), self.remedies.apart, self.remedies.keep_newest) {
            (Some(_), _, Some(months)) => {
                Some(format!("let `{name}` pack months earlier, with `keep-newest={months}`, before {before}"))
            }
            (None, Some(apart), _) => Some(format!(
                "schedule `{name}` so that its runs are at most {} apart: then days are in the store before {before}",
                Duration::from_seconds(apart)
            )),
            // Nothing that was tried is enough by itself.
            _ if self.remedies.rotation.is_none() && self.lost.last.is_none() => {
                Some(format!("let `{name}` come for them before {before}"))
            }
            _ => None,
        }
    }

    /// How one would that runs when it is named.
    fn come_at_all(&self, never: usize) -> Option<String> {
        let apart = self.remedies.apart.map_or_else(
            || "comes round before files are removed".to_owned(),
            |apart| format!("comes round every {} at least, before files are removed", Duration::from_seconds(apart)),
        );
        Some(format!("give `{}` a `schedule` that {apart}", self.name(never)))
    }

    /// The backup that there is not.
    fn pack_days(&self) -> String {
        let within = self.left.and_then(|left| u64::try_from(left).ok()).filter(|left| *left > 0);
        let within = within.map_or_else(
            || "before files are removed".to_owned(),
            |left| {
                format!("and is over within {} after each day, before files are removed", Duration::from_seconds(left))
            },
        );
        format!("give the target a backup with `select \"unshipped-days\"` that runs {within}")
    }

    /// What the backup that has it last would have to keep it for.
    fn keep_longer(&self, last: usize) -> String {
        let name = self.name(last);
        match self.remedies.kept {
            Some(Some(period)) => {
                format!("keep the points of `{name}` as long as it is promised: within=\"{period}\"")
            }
            Some(None) => format!("keep the points of `{name}` for ever, as it is promised: without a `retention`"),
            None => format!("keep the points of `{name}` for as long as it is promised"),
        }
    }
}
