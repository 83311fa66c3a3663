//! One seed lived through: a run of the plan in its weather, to its end, and what is held against it.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError};

use jiff::SignedDuration;

use super::stage::Variant;
use super::verdict::{self, Verdict};
use super::{
    Broken, Ending, FaultKind, Invariant, Journey, Planted, Sound, Stage, Subject, Told, Weather, databases, machines,
    releases, simulate, sources,
};
use crate::catalog::PointPlace;
use crate::fakes::{self, World};
use crate::forecast::Forecast;
use crate::primitives::{Key, Name};
use crate::report;
use crate::run::{End, ExitStatus, Outcome};

/// What a seed led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Story {
    /// The seed.
    pub seed: u64,
    /// What was run.
    pub subject: Subject,
    /// How it ended; none where it did not come so far.
    pub end: Option<End>,
    /// The first promise that did not hold.
    pub broken: Option<Broken>,
    /// What happened, and what struck.
    pub told: Told,
    /// Whether what it came to was held against what it should have: a run that gave up is not.
    pub compared: bool,
    /// How often it was begun or gone on with under faults.
    pub attempts: u64,
    /// How often the host died.
    pub deaths: u64,
    /// How often somebody interrupted it.
    pub interrupts: u64,
    /// How many calls were made.
    pub calls: u64,
}

impl Story {
    /// What the caller of the run would see.
    pub fn exit(&self) -> Option<ExitStatus> {
        self.end.map(End::exit)
    }
}

/// What a run comes to where nothing goes wrong.
#[derive(Debug)]
pub(super) struct Reference {
    end: End,
    less: (usize, usize),
    keys: BTreeSet<(Name, Key)>,
    holds: BTreeMap<PointPlace, String>,
}

impl Stage {
    /// What a weather is about here.
    pub fn subject(&self, weather: &Weather) -> Subject {
        let subjects = self.subjects();
        let at = usize::try_from(weather.subject).unwrap_or(0) % subjects.len().max(1);
        subjects.get(at).cloned().unwrap_or(Subject::Backup)
    }

    /// Lives through a weather. A panic is a bug, and breaks the promise that a run ends by itself.
    pub fn live(&self, weather: &Weather, planted: Box<dyn Planted>) -> Story {
        let mut story = Story {
            seed: weather.seed,
            subject: self.subject(weather),
            end: None,
            broken: None,
            told: Told::default(),
            compared: false,
            attempts: 0,
            deaths: 0,
            interrupts: 0,
            calls: 0,
        };
        let lived = catch_unwind(AssertUnwindSafe(|| simulate(self.through(weather, planted, &mut story))));
        story.broken = match lived {
            Ok(verdict) => verdict.err(),
            Err(panic) => Some(Broken { invariant: Invariant::Ends, what: format!("it panics: {}", words(&*panic)) }),
        };
        story
    }

    async fn through(&self, weather: &Weather, mut planted: Box<dyn Planted>, story: &mut Story) -> Verdict {
        let (world, subject) = (self.world(weather.seed), story.subject.clone());
        let is_backup = !matches!(subject, Subject::Restore(_));
        let lost_much = weather.lost_much && is_backup;
        let other_hand = weather.other_hand && is_backup;
        if lost_much {
            sources::lose_much(&world, self.proven.graph());
        }
        let forecast = self.forecast(&world, &subject, weather.fail_fast, false).await;
        planted.begin(&world);
        if other_hand {
            self.take_one_away(&world, &forecast);
        }
        let secrets = [sources::SECRET, fakes::SECRET].map(ToOwned::to_owned);
        let journey = Journey::new(&world, forecast, weather.side_by_side, planted, &secrets);
        let outcome = suffer(&journey, weather, story).await;
        story.told = journey.tale().told();
        story.calls = world.history().len() as u64;
        let outcome = lawful(&journey, outcome)?;
        story.end = Some(outcome.end);
        self.say(&journey, &outcome);
        verdict::consistent(&outcome)?;
        verdict::subset(&outcome)?;
        let held = self.read_all(&world, journey.forecast()).await?;
        if is_backup {
            self.has_points(&world)?;
            let variant = (subject, lost_much, other_hand);
            story.compared = self.as_unbroken(&journey, &outcome, variant, &held, &story.told.faults)?;
            if weather.days_later {
                self.days_later(&world).await?;
            }
        } else {
            let put_back = verdict::restored(&world, &outcome, &self.excludes()).await?;
            story.compared = put_back + releases::deployed(&world, &outcome).await? > 0;
        }
        databases::held(&world, &outcome)?;
        machines::held(&world, &outcome)?;
        lawful(&journey, Some(outcome)).map(drop)
    }

    /// All that people and programs are told of a run.
    fn say(&self, journey: &Journey, outcome: &Outcome) {
        let place = |store: &Name, key: &Key| format!("{store}:{key}");
        let law = journey.law();
        law.said(&report::outcome::text(outcome, &place));
        law.said(&report::forecast::text(&journey.forecast().into()));
        law.said(&serde_json::to_string(outcome).unwrap_or_default());
    }

    fn has_points(&self, world: &World) -> Verdict {
        match self.without_points(world).first() {
            None => Ok(()),
            Some(job) => {
                let what = format!("{job} has no recovery point left");
                Err(Broken { invariant: Invariant::Recoverable, what })
            }
        }
    }

    async fn read_all(&self, world: &World, forecast: &Forecast) -> Verdict<BTreeMap<PointPlace, String>> {
        verdict::read_all(world, forecast, &|store, key, bytes| self.is_past(store, key, bytes)).await
    }

    /// The stores are what they are where nothing goes wrong. What leftovers there were is gone either way. Answers whether they were compared:
    /// a run that gave up, or whose clock was set, leaves something else.
    fn as_unbroken(
        &self,
        journey: &Journey,
        outcome: &Outcome,
        variant: Variant,
        held: &BTreeMap<PointPlace, String>,
        faults: &BTreeSet<FaultKind>,
    ) -> Verdict<bool> {
        let reference = self.reference(&variant)?;
        let is_same = outcome.end == reference.end && verdict::less(outcome) == reference.less;
        if !is_same || faults.contains(&FaultKind::ClockJump) {
            return Ok(false);
        }
        verdict::no_leftovers(journey.world(), journey.forecast(), false)?;
        let keys = verdict::keys(journey.world(), journey.forecast());
        let other = keys.symmetric_difference(&reference.keys).next();
        let differs = other.map(|(store, key)| format!("{store}:{key}"));
        let differs = differs.or_else(|| {
            held.iter()
                .find(|(place, what)| reference.holds.get(place) != Some(what))
                .map(|(place, _)| place.point.to_string())
        });
        match differs {
            None => Ok(true),
            Some(what) => {
                let what = format!("{what} is not as it is after a run that nothing broke");
                Err(Broken { invariant: Invariant::Resumed, what })
            }
        }
    }

    /// What the same comes to where nothing goes wrong. It is lived through once.
    fn reference(&self, variant: &Variant) -> Verdict<Arc<Reference>> {
        let known =
            |stage: &Self| stage.references.lock().unwrap_or_else(PoisonError::into_inner).get(variant).cloned();
        if let Some(reference) = known(self) {
            return Ok(reference);
        }
        // A runtime of its own, on a thread of its own: one does not run in another.
        let lived = std::thread::scope(|scope| scope.spawn(|| simulate(self.undisturbed(variant))).join());
        let reference = match lived {
            Ok(reference) => Arc::new(reference?),
            Err(panic) => {
                let what = format!("it panics though nothing goes wrong: {}", words(&*panic));
                return Err(Broken { invariant: Invariant::Ends, what });
            }
        };
        self.references.lock().unwrap_or_else(PoisonError::into_inner).insert(variant.clone(), Arc::clone(&reference));
        Ok(reference)
    }

    async fn undisturbed(&self, (subject, lost_much, other_hand): &Variant) -> Verdict<Reference> {
        let world = self.world(0);
        if *lost_much {
            sources::lose_much(&world, self.proven.graph());
        }
        let forecast = self.forecast(&world, subject, false, false).await;
        if *other_hand {
            self.take_one_away(&world, &forecast);
        }
        let journey = Journey::new(&world, forecast, 1, Box::new(Sound), &[]);
        let outcome = lawful(&journey, journey.to_the_end().await)?;
        if !other_hand {
            verdict::equal(&outcome)?;
        }
        let holds = self.read_all(&world, journey.forecast()).await?;
        let keys = verdict::keys(&world, journey.forecast());
        Ok(Reference { end: outcome.end, less: verdict::less(&outcome), keys, holds })
    }

    /// Whatever happened, a run of all jobs some days later succeeds and leaves nothing lying about. (So many days that a clock which was
    /// set back has come far enough; and so many that more than half of the points are too old, which is said to be meant.)
    async fn days_later(&self, world: &World) -> Verdict {
        world.clock().advance(SignedDuration::from_hours(10 * 24));
        let forecast = self.forecast(world, &Subject::Backup, false, true).await;
        let journey = Journey::new(world, forecast, 2, Box::new(Sound), &[]);
        let outcome = lawful(&journey, journey.to_the_end().await)?;
        if outcome.end != End::Complete {
            let what = format!("a run some days later does not succeed: {}", report::outcome::closing(&outcome));
            return Err(Broken { invariant: Invariant::Recoverable, what });
        }
        verdict::no_leftovers(world, journey.forecast(), true)?;
        self.read_all(world, journey.forecast()).await.map(drop)
    }
}

/// What a panic said.
fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}

/// The outcome of a run under which no promise was broken.
fn lawful(journey: &Journey, outcome: Option<Outcome>) -> Verdict<Outcome> {
    if let Some(broken) = journey.law().broken() {
        return Err(broken);
    }
    let unsaid = || Broken { invariant: Invariant::Ends, what: "nobody can say how the run ended".into() };
    outcome.ok_or_else(unsaid)
}

/// Runs through what the weather has in store, then to the end without faults; stops where a promise is broken.
async fn suffer(journey: &Journey, weather: &Weather, story: &mut Story) -> Option<Outcome> {
    let tale = journey.tale();
    for attempt in &weather.attempts {
        story.attempts += 1;
        tale.line(format!("-- attempt {}", story.attempts));
        let ending = journey.attempt_in(attempt).await;
        if journey.law().broken().is_some() {
            return None;
        }
        match ending {
            None => break,
            Some(Ending::Over(outcome)) if outcome.end != End::Interrupted => break,
            Some(Ending::Over(outcome)) => {
                story.interrupts += 1;
                if let Err(broken) = verdict::consistent(&outcome) {
                    journey.law().broke(broken.invariant, broken.what);
                    return None;
                }
            }
            Some(Ending::Died) => story.deaths += 1,
            Some(Ending::Broken) => {}
        }
    }
    tale.line("-- then nothing goes wrong");
    journey.to_the_end().await
}
