//! What is said of logs in custody, and of a day that is lost.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::days::{Logbook, NEVER, Packed};
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
        within: of_days().find(|packer| packer.outlasts).and_then(super::days::Packer::within),
    }
}

/// A day that is nowhere, though it is promised.
pub(super) fn lost(target: &Target, logs: &Logs, book: &Logbook<'_, '_>, lost: &Lost, needed_days: i64) -> Diagnostic {
    let told = Told { target, logs, book, lost };
    let help = told.help(needed_days);
    let found = Diagnostic::new(&CUSTODY_BROKEN, told.message(), told.place(), told.label(), help);
    with_labels(found, told.places())
}

struct Told<'a> {
    target: &'a Target,
    logs: &'a Logs,
    book: &'a Logbook<'a, 'a>,
    lost: &'a Lost,
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

    /// What the file's leaving is called.
    fn leaving(&self) -> String {
        let gone = self.shown(self.lost.fate.gone);
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
                format!("the log of {} may be deleted here from {} on", self.lost.date, self.shown(self.lost.since))
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

    /// What the backup that has it last would have to keep it for.
    fn keep_longer(&self, last: usize) -> String {
        let promised = self.lost.promised.and_then(|(place, _)| self.book.packers[place].within());
        match promised {
            Some(period) => {
                format!("keep the points of `{}` as long as it is promised: within=\"{period}\"", self.name(last))
            }
            None => format!("keep the points of `{}` for as long as it is promised", self.name(last)),
        }
    }

    fn help(&self, needed_days: i64) -> String {
        let late = self.lost.fate.packed.iter().find(|(_, packed)| matches!(packed, Packed::TooLate(_)));
        let never = self.lost.fate.packed.iter().find(|(_, packed)| *packed == Packed::Never);
        match (self.lost.last, late, self.lost.fate.gone_by) {
            (None, Some((place, _)), None) => {
                let other = if self.book.packers[*place].leaves_months() {
                    "let fewer months stay with `keep-newest`".to_owned()
                } else {
                    format!("schedule `{}` more often", self.name(*place))
                };
                format!(
                    "let rotation keep each file for {needed_days} days or longer, which every day of this plan needs, and write `rotates \
                     keep=\"{needed_days}d\"` here; or {other}"
                )
            }
            _ if never.is_some() && late.is_none() => format!(
                "give `{}` a `schedule` that comes round before files are removed",
                never.map_or("", |(place, _)| self.name(*place))
            ),
            (None, None, _) => {
                "give the target a backup with `select \"unshipped-days\"` that runs before files are removed"
                    .to_owned()
            }
            (Some(last), Some((late, _)), None) => format!(
                "let rotation keep files until `{}` comes for them, and write so in `rotates keep=`; or {}",
                self.name(*late),
                self.keep_longer(last)
            ),
            (Some(last), Some((late, _)), Some(by)) => format!(
                "run `{}` before `{}` removes the files, or {}",
                self.name(*late),
                self.name(by),
                self.keep_longer(last)
            ),
            (Some(last), None, _) => self.keep_longer(last),
            (None, Some((late, _)), _) => format!("run `{}` before the file is removed", self.name(*late)),
        }
    }
}
