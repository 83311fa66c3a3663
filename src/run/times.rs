//! The clock of a run: when each step began and ended, and when all of it will be done.
//!
//! Unaware of clocks: now is handed in. Invariant: it knows what the journal says, so that whoever goes on with a run knows the same.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{Entry, Record};
use crate::forecast::{Forecast, ForecastStep, Subject, ends};
use crate::primitives::{Duration, StepId};

/// When the steps of a run began and ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Times(BTreeMap<StepId, StepTime>);

/// When a step began, the first time, and ended, the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct StepTime {
    began: Timestamp,
    ended: Option<Timestamp>,
}

/// How a restore stands against the time that it is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pace {
    /// Since it began.
    pub elapsed: SignedDuration,
    /// Within how long it is to be done.
    pub allowed: SignedDuration,
    /// How long it will have taken, if what is left takes as long as the plan says; a step that takes longer already ends now.
    pub projected: SignedDuration,
    /// The step under way that is the longest beyond what it was to take, and by how much.
    pub behind: Option<(StepId, SignedDuration)>,
}

impl Pace {
    /// By how much it will be late; nothing where it will not.
    pub fn late(&self) -> SignedDuration {
        (self.projected - self.allowed).max(SignedDuration::ZERO)
    }
}

impl Times {
    /// Takes in the next entry of the journal.
    pub fn take(&mut self, entry: &Entry) {
        match &entry.record {
            Record::Started { step, .. } => {
                let time = self.0.entry(*step).or_insert(StepTime { began: entry.at, ended: None });
                time.ended = None;
            }
            Record::Finished { step, .. } | Record::Failed { step, again: false, .. } => self.end(*step, entry.at),
            Record::Decided { step, again: false } => self.end(*step, entry.at),
            _ => {}
        }
    }

    fn end(&mut self, step: StepId, at: Timestamp) {
        if let Some(time) = self.0.get_mut(&step) {
            time.ended = Some(at);
        }
    }

    /// When a step ended, if it did.
    pub(super) fn ended(&self, step: StepId) -> Option<Timestamp> {
        self.0.get(&step)?.ended
    }

    /// How long a step that ended took, from when it first began: with all that was tried again, and what a person was waited for.
    pub fn took(&self, step: StepId) -> Option<SignedDuration> {
        let time = self.0.get(&step)?;
        Some(time.ended?.duration_since(time.began))
    }

    /// How a restore that is allowed a time stands; none where it is no restore, or allowed all the time there is.
    pub fn pace(&self, forecast: &Forecast, now: Timestamp) -> Option<Pace> {
        let Subject::Restore { budget: Some(allowed), .. } = &forecast.subject else { return None };
        let after = forecast.steps.iter().map(|step| step.after.as_slice());
        let ends = ends(after, |place, before| self.end_of(&forecast.steps[place], before, now));
        let last = ends.into_iter().max().unwrap_or(now);
        let running = forecast.steps.iter().filter_map(|step| Some((step.id, self.beyond(step, now)?)));
        Some(Pace {
            elapsed: now.duration_since(forecast.at),
            allowed: allowed.signed(),
            projected: last.max(now).duration_since(forecast.at),
            behind: running.filter(|(_, by)| by.is_positive()).max_by_key(|(_, by)| *by),
        })
    }

    /// When a step ended, or will.
    fn end_of(&self, step: &ForecastStep, before: Option<Timestamp>, now: Timestamp) -> Timestamp {
        let takes = step.takes.map_or(SignedDuration::ZERO, Duration::signed);
        match self.0.get(&step.id) {
            Some(StepTime { ended: Some(ended), .. }) => *ended,
            Some(StepTime { began, ended: None }) => later(*began, takes).max(now),
            None => later(before.unwrap_or(now).max(now), takes),
        }
    }

    /// By how much a step under way takes longer than it was to.
    fn beyond(&self, step: &ForecastStep, now: Timestamp) -> Option<SignedDuration> {
        let StepTime { began, ended: None } = self.0.get(&step.id)? else { return None };
        Some(now.duration_since(*began) - step.takes?.signed())
    }
}

fn later(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.saturating_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::forecast::{Action, FORMAT_VERSION};
    use crate::graph::{Effect, ProbeCheck};
    use crate::primitives::{Name, PathBytes, RunId, StepName};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// Steps that each take so many seconds and come after those of these places.
    fn forecast(steps: &[(Vec<usize>, Option<u64>)]) -> Forecast {
        let step = |(place, (after, takes)): (usize, &(Vec<usize>, Option<u64>))| ForecastStep {
            id: StepId(place as u32),
            name: StepName::new("case", &place.to_string()),
            effect: Effect::Read,
            after: after.iter().map(|on| (StepId(*on as u32), true)).collect(),
            timeout: Duration::from_seconds(9),
            takes: takes.map(Duration::from_seconds),
            action: Action::Probe {
                shows: String::new(),
                how: ProbeCheck::Path(PathBytes::default()),
                patience: Duration::default(),
            },
            yields: None,
            foreseen: None,
        };
        let name = |text| Name::parse(text).unwrap();
        Forecast {
            format_version: FORMAT_VERSION,
            plan: name("case"),
            run: RunId::new(at(0), 1),
            host: name("web-1"),
            subject: Subject::Restore { restore: name("case"), budget: Some(Duration::from_seconds(100)) },
            at: at(0),
            timezone: "UTC".into(),
            base: PathBytes::new(*b"/"),
            stores: BTreeMap::new(),
            hosts: BTreeMap::new(),
            secrets: std::collections::BTreeSet::new(),
            limits: BTreeMap::new(),
            fail_fast: false,
            steps: steps.iter().enumerate().map(step).collect(),
        }
    }

    fn started(step: u32, second: i64) -> Entry {
        Entry { at: at(second), record: Record::Started { step: StepId(step), attempt: 1 } }
    }

    fn finished(step: u32, second: i64) -> Entry {
        let output = Box::new(crate::steps::StepOutput::Probed);
        Entry { at: at(second), record: Record::Finished { step: StepId(step), output } }
    }

    #[test]
    fn it_is_late_as_soon_as_what_is_left_does_not_fit() {
        let steps = forecast(&[(vec![], Some(30)), (vec![0], Some(40)), (vec![], Some(90)), (vec![1, 2], None)]);
        let mut times = Times::default();
        let projected = |times: &Times, second| times.pace(&steps, at(second)).unwrap();
        assert_eq!(projected(&times, 0).projected.as_secs(), 90);
        times.take(&started(0, 0));
        times.take(&started(2, 5));
        assert_eq!((projected(&times, 20).projected.as_secs(), projected(&times, 20).late().as_secs()), (95, 0));
        // The first takes twice as long as it was to; the other path stays the longer one for a while.
        let pace = projected(&times, 58);
        assert_eq!((pace.projected.as_secs(), pace.behind), (98, Some((StepId(0), SignedDuration::from_secs(28)))));
        times.take(&finished(0, 65));
        assert_eq!((projected(&times, 65).projected.as_secs(), projected(&times, 65).late().as_secs()), (105, 5));
        assert_eq!(times.took(StepId(0)), Some(SignedDuration::from_secs(65)));
        assert_eq!(times.took(StepId(2)), None);
    }

    proptest! {
        /// Second by second: what runs ends when its time is over, and what waits begins when all before it has ended.
        #[test]
        fn the_end_is_the_one_that_living_through_it_comes_to(
            takes in prop::collection::vec(0_u64..20, 1..7),
            ties in prop::collection::vec(any::<bool>(), 21),
            begun in prop::collection::vec((0_i64..10, 0_i64..30), 0..4),
        ) {
            let after = |place: usize| (0..place).filter(|on| ties[place * (place - 1) / 2 + on]).collect::<Vec<_>>();
            let steps: Vec<(Vec<usize>, Option<u64>)> =
                takes.iter().enumerate().map(|(place, takes)| (after(place), Some(*takes))).collect();
            let (now, mut times) = (30_i64, Times::default());
            let mut ends: BTreeMap<usize, i64> = BTreeMap::new();
            // Steps without others before them were begun, and some have ended.
            for (place, (from, length)) in begun.iter().enumerate().filter(|(place, _)| steps.get(*place).is_some_and(|step| step.0.is_empty())) {
                times.take(&started(place as u32, *from));
                if from + length < now {
                    times.take(&finished(place as u32, from + length));
                    ends.insert(place, from + length);
                } else {
                    ends.insert(place, (from + takes[place] as i64).max(now));
                }
            }
            for second in now.. {
                for place in 0..steps.len() {
                    let is_met = steps[place].0.iter().all(|on| ends.get(on).is_some_and(|end| *end <= second));
                    if is_met && !ends.contains_key(&place) {
                        ends.insert(place, second + takes[place] as i64);
                    }
                }
                if ends.len() == steps.len() {
                    break;
                }
            }
            let lived = ends.values().copied().max().unwrap().max(now);
            let told = times.pace(&forecast(&steps), at(now)).unwrap();
            prop_assert_eq!(told.projected.as_secs(), lived);
        }
    }
}
