//! The longest path through the steps of a restore, and how much longer each step could take.
//!
//! Unaware of what is promised. A line of steps adds up, the longest of those side by side counts, and whatever waits for room in a store that
//! the plan limits counts with the most that it may wait.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use super::promise::{Leg, Path, Standing, StepTime};
use super::stores::{StorePlace, Stores};
use crate::plan::{Included, Plan, Recover, Restore, RestoreStep};
use crate::primitives::{Duration, Name, Span};

/// The restores of a plan, and the stores that they read.
pub(super) struct Paths<'p> {
    stores: Stores<'p>,
    /// The restores by name, for those that hold others.
    restores: BTreeMap<&'p Name, &'p Restore>,
    /// What is known of each `parallel`, by where its first step lies: restores hold each other, and each step is asked for its slack.
    known: RefCell<HashMap<*const RestoreStep, Rc<SideBySide<'p>>>>,
}

/// How many steps of a restore are told with their slack: beyond that, nobody reads on.
const STEPS_TOLD_MAX: usize = 200;

/// How long a restore takes.
pub(super) struct Way {
    /// Its longest path.
    pub(super) path: Path,
    /// Whether something is brought back out of cold storage, which takes as long as its provider says.
    pub(super) retrieves: bool,
}

impl Way {
    /// What it stands on.
    pub(super) fn standing(&self) -> Standing {
        if self.retrieves { Standing::Assumed } else { Standing::Proven }
    }
}

impl<'p> Paths<'p> {
    pub(super) fn new(plan: &'p Plan) -> Self {
        let restores = plan.restores.iter().map(|restore| (&restore.name.value, restore)).collect();
        Self { stores: Stores::new(plan), restores, known: RefCell::default() }
    }

    /// The longest path of steps that run one after the other, or the places of those without `takes`.
    pub(super) fn longest(&self, steps: &'p [RestoreStep]) -> Result<Way, Vec<Span>> {
        let mut missing = vec![];
        self.without_takes(steps, &mut missing);
        if !missing.is_empty() {
            return Err(missing);
        }
        let mut recoveries = vec![];
        self.recoveries(steps, &mut recoveries);
        let retrieves = recoveries.iter().any(|(_, recover)| self.stores.retrieval(&recover.target.value).is_some());
        let legs = self.sequence(steps).pieces.into_iter().map(|piece| self.leg(piece));
        Ok(Way { path: Path::new(legs, self.width(steps)), retrieves })
    }

    fn sequence(&self, steps: &'p [RestoreStep]) -> Line<'p> {
        let mut line = Line::default();
        steps.iter().for_each(|step| line.extend(self.line(step)));
        line
    }

    fn line(&self, step: &'p RestoreStep) -> Line<'p> {
        match step {
            RestoreStep::Parallel(steps) => self.side_by_side(steps).longest(),
            RestoreStep::Restore(included) => self.sequence(self.held(included)),
            single => self.single(single),
        }
    }

    /// A step by itself; behind the retrieval of what it recovers, where that has to be waited for.
    fn single(&self, step: &'p RestoreStep) -> Line<'p> {
        let retrieval = match step {
            RestoreStep::Recover(recover) => self.stores.retrieval(&recover.target.value),
            _ => None,
        };
        let retrieval = retrieval.map(|(store, takes)| Piece::Retrieval { store, takes: takes.seconds, by: step });
        let pieces: Vec<Piece<'p>> = retrieval.into_iter().chain([Piece::Step(step)]).collect();
        Line { seconds: pieces.iter().fold(0, |sum, piece| sum.saturating_add(piece.seconds())), pieces }
    }

    /// What stands side by side, each with how long it takes at most.
    fn side_by_side(&self, steps: &'p [RestoreStep]) -> Rc<SideBySide<'p>> {
        let Some(first) = steps.first() else { return Rc::default() };
        if let Some(known) = self.known.borrow().get(&std::ptr::from_ref(first)) {
            return Rc::clone(known);
        }
        let found = Rc::new(self.look_side_by_side(steps));
        self.known.borrow_mut().insert(std::ptr::from_ref(first), Rc::clone(&found));
        found
    }

    fn look_side_by_side(&self, steps: &'p [RestoreStep]) -> SideBySide<'p> {
        let room = self.room(steps);
        let is_single = |step: &RestoreStep| !matches!(step, RestoreStep::Parallel(_) | RestoreStep::Restore(_));
        if steps.iter().all(is_single) {
            let queues = room.short.iter().map(|(store, waiting)| (*store, self.queue(*store, waiting))).collect();
            return SideBySide { lines: steps.iter().map(|step| self.line(step)).collect(), queues, room };
        }
        let lines = steps.iter().zip(&room.of_child);
        let lines = lines
            .map(|(step, stores)| if stores.is_empty() { self.line(step) } else { self.jammed(step, stores, &room) });
        SideBySide { lines: lines.collect(), queues: BTreeMap::new(), room }
    }

    /// The stores that have too little room for all that is recovered from them side by side: where several of these lines use them, or
    /// where each line is one step.
    fn room(&self, steps: &'p [RestoreStep]) -> Room<'p> {
        if !self.stores.any_limited() {
            return Room { of_child: vec![BTreeSet::new(); steps.len()], short: BTreeMap::new() };
        }
        let mut of_child = vec![];
        let mut waiting: BTreeMap<StorePlace, Vec<&'p RestoreStep>> = BTreeMap::new();
        let mut children: BTreeMap<StorePlace, usize> = BTreeMap::new();
        for step in steps {
            let (mut recoveries, mut stores) = (vec![], BTreeSet::new());
            self.recoveries(std::slice::from_ref(step), &mut recoveries);
            for (step, recover) in recoveries {
                for store in self.stores.limited(&recover.target.value) {
                    stores.insert(*store);
                    waiting.entry(*store).or_default().push(step);
                }
            }
            stores.iter().for_each(|store| *children.entry(*store).or_default() += 1);
            of_child.push(stores);
        }
        let is_short = |store: &StorePlace, waiting: &Vec<_>| waiting.len() > self.stores.most(*store);
        waiting.retain(|store, waiting| is_short(store, waiting));
        let is_shared = |stores: &BTreeSet<StorePlace>| {
            stores.iter().any(|store| waiting.contains_key(store) && children.get(store).is_some_and(|many| *many > 1))
        };
        let of_child = of_child.into_iter().map(|mut stores| {
            if is_shared(&stores) {
                stores.retain(|store| waiting.contains_key(store));
                stores
            } else {
                BTreeSet::new()
            }
        });
        Room { of_child: of_child.collect(), short: waiting }
    }

    /// The queue before a store, when all of these are begun side by side. As steps are begun in source order where there is room, a step that is
    /// quicker than it says makes no queue longer.
    fn queue(&self, store: StorePlace, waiting: &[&'p RestoreStep]) -> Line<'p> {
        let mut queues = vec![Line::default(); self.stores.most(store).min(waiting.len())];
        for step in waiting {
            if let Some(shortest) = queues.iter_mut().min_by_key(|line| line.seconds) {
                shortest.extend(self.single(step));
            }
        }
        queues.iter().fold(&EMPTY, Line::longer).clone()
    }

    /// A line whose recoveries wait for those of others, whenever these begin. While one waits, all room of its store is taken: so all that the line
    /// waits for a store is at most what the others recover from it, shared among as many as there is room for.
    fn jammed(&self, step: &'p RestoreStep, stores: &BTreeSet<StorePlace>, room: &Room<'p>) -> Line<'p> {
        let mut line = self.unhindered(step, stores);
        let waits = stores.iter().map(|store| {
            let all = room.short.get(store).into_iter().flatten();
            let all: u64 = all.fold(0, |sum, step| sum.saturating_add(self.single(step).seconds));
            all.div_ceil(self.stores.most(*store) as u64)
        });
        let bound = line.weighed.saturating_add(waits.fold(0, u64::saturating_add));
        let waits = bound.saturating_sub(line.seconds);
        if let Some(store) = stores.first().filter(|_| waits > 0) {
            line.pieces.push(Piece::Room { store: self.stores.name(*store), takes: waits, at: place_of(step) });
            line.seconds = bound;
        }
        Line { seconds: line.seconds, pieces: line.pieces }
    }

    /// The longest path of a step where nothing waits for room, by weights: what is recovered from these stores weighs less by its own share of what is
    /// waited for.
    fn unhindered(&self, step: &'p RestoreStep, stores: &BTreeSet<StorePlace>) -> Weighed<'p> {
        let sequence = |steps: &'p [RestoreStep]| {
            let mut line = Weighed::default();
            steps.iter().for_each(|step| line.extend(self.unhindered(step, stores)));
            line
        };
        match step {
            RestoreStep::Parallel(steps) => {
                let lines = steps.iter().map(|step| self.unhindered(step, stores));
                lines.fold(Weighed::default(), Weighed::heavier)
            }
            RestoreStep::Restore(included) => sequence(self.held(included)),
            single => {
                let Line { seconds, pieces } = self.single(single);
                Weighed { seconds, weighed: seconds - self.own_share(single, seconds, stores), pieces }
            }
        }
    }

    /// How much of the sum that a store's queue is counted with is the step's own; nothing where it may come from several.
    fn own_share(&self, step: &RestoreStep, seconds: u64, stores: &BTreeSet<StorePlace>) -> u64 {
        let RestoreStep::Recover(recover) = step else { return 0 };
        let from: Vec<&StorePlace> = self.stores.limited(&recover.target.value).collect();
        match from.as_slice() {
            [store] if stores.contains(store) => seconds / self.stores.most(**store) as u64,
            _ => 0,
        }
    }

    /// The steps of a restore that another holds. No restore holds itself, which was looked for before.
    fn held(&self, included: &Included) -> &'p [RestoreStep] {
        self.restores.get(&included.restore.value).map_or(&[], |restore| restore.steps.as_slice())
    }

    /// What is recovered, however deep, in source order.
    fn recoveries(&self, steps: &'p [RestoreStep], found: &mut Vec<(&'p RestoreStep, &'p Recover)>) {
        for step in steps {
            match step {
                RestoreStep::Recover(recover) => found.push((step, recover)),
                RestoreStep::Parallel(steps) => self.recoveries(steps, found),
                RestoreStep::Restore(included) => self.recoveries(self.held(included), found),
                _ => {}
            }
        }
    }

    /// The steps that do not say how long they take, in source order.
    fn without_takes(&self, steps: &'p [RestoreStep], missing: &mut Vec<Span>) {
        for step in steps {
            match step {
                RestoreStep::Parallel(steps) => self.without_takes(steps, missing),
                RestoreStep::Restore(included) => self.without_takes(self.held(included), missing),
                single => missing.extend(single.takes().is_none().then(|| single.span())),
            }
        }
    }

    /// How long each step without `takes` may take, so that the whole surely takes no longer than `within`; none where nothing is left for them.
    pub(super) fn room_for_unsaid(&self, steps: &'p [RestoreStep], within: Duration) -> Option<Duration> {
        let left = within.seconds.checked_sub(self.sequence(steps).seconds)?;
        let mut unsaid = vec![];
        self.without_takes(steps, &mut unsaid);
        // What waits for room may wait for all others, in each store, and a second more where shares are not even.
        let limited = self.stores.how_many_limited();
        let in_line = match limited {
            0 => self.unsaid_in_line(steps),
            stores => (unsaid.len() as u64).saturating_mul(1 + stores),
        };
        Some(left.saturating_sub(limited) / in_line.max(1)).filter(|room| *room > 0).map(Duration::from_seconds)
    }

    /// How many steps without `takes` follow each other at most.
    fn unsaid_in_line(&self, steps: &'p [RestoreStep]) -> u64 {
        let of = |step: &'p RestoreStep| match step {
            RestoreStep::Parallel(steps) => {
                steps.iter().map(|step| self.unsaid_in_line(std::slice::from_ref(step))).max().unwrap_or(0)
            }
            RestoreStep::Restore(included) => self.unsaid_in_line(self.held(included)),
            single => u64::from(single.takes().is_none()),
        };
        steps.iter().map(of).fold(0, u64::saturating_add)
    }

    /// How many steps are side by side at most.
    fn width(&self, steps: &'p [RestoreStep]) -> usize {
        let of = |step: &'p RestoreStep| match step {
            RestoreStep::Parallel(steps) => {
                steps.iter().fold(0, |sum, step| self.width(std::slice::from_ref(step)).saturating_add(sum))
            }
            RestoreStep::Restore(included) => self.width(self.held(included)),
            _ => 1,
        };
        steps.iter().map(of).max().unwrap_or(0)
    }

    fn leg(&self, piece: Piece<'p>) -> Leg {
        let takes = Duration::from_seconds(piece.seconds());
        match piece {
            Piece::Step(step) => Leg { step: step.title(), takes, span: step.span() },
            Piece::Retrieval { store, by, .. } => {
                Leg { step: format!("retrieval from {store}"), takes, span: by.span() }
            }
            Piece::Room { store, at, .. } => Leg { step: format!("wait for room in {store}"), takes, span: at },
        }
    }

    /// Each of the first steps with how much longer it could take without making the whole longer, in source order: its total float.
    pub(super) fn slack(&self, steps: &'p [RestoreStep]) -> Vec<StepTime> {
        let mut times = vec![];
        self.slack_of(steps, 0, None, &mut times);
        times
    }

    /// `slack` is that of the whole line.
    fn slack_of(&self, steps: &'p [RestoreStep], slack: u64, jam: Option<Jam<'_>>, times: &mut Vec<StepTime>) {
        for step in steps {
            if times.len() >= STEPS_TOLD_MAX {
                return;
            }
            match (step, jam) {
                (RestoreStep::Restore(included), _) => self.slack_of(self.held(included), slack, jam, times),
                (RestoreStep::Parallel(steps), None) => self.slack_side_by_side(steps, slack, times),
                (RestoreStep::Parallel(steps), Some(inside)) => {
                    let lines: Vec<u64> =
                        steps.iter().map(|step| self.unhindered(step, inside.stores).weighed).collect();
                    let longest = lines.iter().copied().max().unwrap_or(0);
                    for (step, line) in steps.iter().zip(lines) {
                        let own = slack.saturating_add(longest - line);
                        self.slack_of(std::slice::from_ref(step), own, jam, times);
                    }
                }
                (single, _) => {
                    let own = jam.filter(|jam| self.is_from(single, jam.stores)).map_or(slack, |jam| jam.slack);
                    let pieces = self.single(single).pieces.into_iter();
                    times.extend(pieces.map(|piece| StepTime::new(self.leg(piece), Duration::from_seconds(own))));
                }
            }
        }
    }

    fn slack_side_by_side(&self, steps: &'p [RestoreStep], slack: u64, times: &mut Vec<StepTime>) {
        let all = self.side_by_side(steps);
        let longest = all.longest().seconds;
        let over = |line: u64| slack.saturating_add(longest - line);
        // Where one line that waits takes longer, the others may wait longer.
        let jammed = all.lines.iter().zip(&all.room.of_child).filter(|(_, stores)| !stores.is_empty());
        let jammed = jammed.map(|(line, _)| line.seconds).max().unwrap_or(0);
        for ((step, line), stores) in steps.iter().zip(&all.lines).zip(&all.room.of_child) {
            let queues = all.queues.iter().filter(|(store, _)| stores.contains(store));
            let queue = queues.map(|(_, queue)| queue.seconds).max();
            let jam = Jam { stores, slack: over(jammed) };
            let jam = (queue.is_none() && !stores.is_empty()).then_some(jam);
            let own = over(line.seconds.max(queue.unwrap_or(0)));
            self.slack_of(std::slice::from_ref(step), own, jam, times);
        }
    }

    fn is_from(&self, step: &RestoreStep, stores: &BTreeSet<StorePlace>) -> bool {
        let RestoreStep::Recover(recover) = step else { return false };
        self.stores.limited(&recover.target.value).any(|store| stores.contains(store))
    }
}

/// A line that waits for room.
#[derive(Clone, Copy)]
struct Jam<'a> {
    /// In which stores.
    stores: &'a BTreeSet<StorePlace>,
    /// The slack of what is recovered from them.
    slack: u64,
}

/// The lines of a `parallel`.
#[derive(Default)]
struct SideBySide<'p> {
    lines: Vec<Line<'p>>,
    /// Before the stores that have too little room, where each line is one step.
    queues: BTreeMap<StorePlace, Line<'p>>,
    room: Room<'p>,
}

impl<'p> SideBySide<'p> {
    fn longest(&self) -> Line<'p> {
        self.lines.iter().chain(self.queues.values()).fold(&EMPTY, Line::longer).clone()
    }
}

/// The stores that have too little room.
#[derive(Default)]
struct Room<'p> {
    /// Of each line those that it waits for.
    of_child: Vec<BTreeSet<StorePlace>>,
    /// Of each what is recovered from it, in source order.
    short: BTreeMap<StorePlace, Vec<&'p RestoreStep>>,
}

/// One part of a path.
#[derive(Clone, Copy)]
enum Piece<'p> {
    Step(&'p RestoreStep),
    /// Until cold storage hands out what a step recovers.
    Retrieval {
        store: &'p Name,
        takes: u64,
        by: &'p RestoreStep,
    },
    /// Until a store has room.
    Room {
        store: &'p Name,
        takes: u64,
        at: Span,
    },
}

impl Piece<'_> {
    fn seconds(&self) -> u64 {
        match self {
            Self::Step(step) => step.takes().map_or(0, |takes| takes.value.seconds),
            Self::Retrieval { takes, .. } | Self::Room { takes, .. } => *takes,
        }
    }
}

const EMPTY: Line<'static> = Line { seconds: 0, pieces: vec![] };

/// Steps that run one after the other, none of them a `parallel`.
#[derive(Clone, Default)]
struct Line<'p> {
    seconds: u64,
    pieces: Vec<Piece<'p>>,
}

impl Line<'_> {
    fn extend(&mut self, behind: Self) {
        self.seconds = self.seconds.saturating_add(behind.seconds);
        self.pieces.extend(behind.pieces);
    }

    /// The longer of two; of equals the first, unless it has no step.
    fn longer<'l>(&'l self, other: &'l Self) -> &'l Self {
        if other.seconds > self.seconds || self.pieces.is_empty() { other } else { self }
    }
}

/// The same, with what it weighs.
#[derive(Default)]
struct Weighed<'p> {
    seconds: u64,
    weighed: u64,
    pieces: Vec<Piece<'p>>,
}

impl Weighed<'_> {
    fn extend(&mut self, behind: Self) {
        self.seconds = self.seconds.saturating_add(behind.seconds);
        self.weighed = self.weighed.saturating_add(behind.weighed);
        self.pieces.extend(behind.pieces);
    }

    fn heavier(self, other: Self) -> Self {
        if other.weighed > self.weighed || self.pieces.is_empty() { other } else { self }
    }
}

/// Where a step is written; of a `parallel`, where its first step is.
fn place_of(step: &RestoreStep) -> Span {
    match step {
        RestoreStep::Parallel(steps) => steps.first().map_or_else(Span::default, place_of),
        single => single.span(),
    }
}
