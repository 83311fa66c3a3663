//! What keeps the points of a job, run by run.
//!
//! The same rules as [`crate::retention`], which decides on a list of points at one time; here they are stepped through, so that each point is
//! touched a few times in its life, however many there are. Unaware of how points come into being. Invariant: after each run, the points that are
//! still there are those that [`crate::retention::decide`] keeps; a test holds the two against each other.

use std::collections::{BTreeMap, HashMap, VecDeque};

use jiff::tz::TimeZone;

use super::units::{Key, Units};
use crate::calendar::{Expiries, Shown, Wall};
use crate::retention::{CalendarUnit, Rules};

/// A point that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Held {
    /// The slot of its run, in seconds since the epoch.
    pub(super) slot: i64,
    /// Of when its data is.
    pub(super) moment: i64,
    /// How many were made before it.
    pub(super) number: u32,
    /// What whoever walks calls it.
    pub(super) tag: u32,
    /// How many rules keep it.
    rules: u8,
}

/// What a point is called that nobody named.
pub(super) const NOBODYS: u32 = u32::MAX;

/// A place in the list of the points that are there.
pub(super) type Id = u32;

/// The points that are there, and what keeps them.
#[derive(Debug, Clone)]
pub(super) struct Keeping {
    held: Vec<Held>,
    free: Vec<Id>,
    /// Those that no rule keeps any more; their places are not free yet.
    gone: Vec<Id>,
    made: u32,
    /// How many rules keep a new point: that it is the newest, that all are kept, and those of the plan.
    rules: u8,
    newest: Option<Id>,
    generations: Option<(usize, VecDeque<Id>)>,
    within: Option<(Expiries, VecDeque<(i64, Id)>)>,
    wall: Wall,
    thinned: Vec<Thinned>,
}

impl Keeping {
    pub(super) fn new(rules: &Rules, zone: &TimeZone) -> Self {
        let most = |count: std::num::NonZeroU32| usize::try_from(count.get()).unwrap_or(usize::MAX);
        let of_plan =
            usize::from(rules.generations.is_some()) + usize::from(rules.within.is_some()) + rules.thinned.len();
        Self {
            held: vec![],
            free: vec![],
            gone: vec![],
            made: 0,
            rules: 1 + u8::try_from(of_plan.max(1)).unwrap_or(u8::MAX),
            newest: None,
            generations: rules.generations.map(|count| (most(count), VecDeque::new())),
            within: rules.within.map(|period| (Expiries::new(period, zone.clone()), VecDeque::new())),
            wall: Wall::new(zone.clone()),
            thinned: rules.thinned.iter().map(|(unit, count)| Thinned::new(*unit, most(*count))).collect(),
        }
    }

    /// How many are there.
    pub(super) fn len(&self) -> usize {
        self.held.len() - self.free.len()
    }

    /// The places of those that are there, oldest first.
    pub(super) fn there(&self) -> Vec<Id> {
        // Most of them stand in their order already, which this sort makes use of.
        let mut there: Vec<(i64, Id)> =
            self.held.iter().zip(0..).filter(|(held, _)| held.rules > 0).map(|(held, id)| (held.moment, id)).collect();
        there.sort();
        there.into_iter().map(|(_, id)| id).collect()
    }

    /// Names one of them.
    pub(super) fn tag(&mut self, id: Id, name: impl FnOnce(&Held) -> u32) {
        let held = &mut self.held[id as usize];
        held.tag = name(held);
    }

    /// Adds a point, which is newer than all that are there.
    pub(super) fn add(&mut self, slot: i64, moment: i64) -> Id {
        let id = self.place(Held { slot, moment, number: self.made, tag: NOBODYS, rules: self.rules });
        self.made = self.made.wrapping_add(1);
        if let Some(before) = self.newest.replace(id) {
            self.release(before);
        }
        if let Some((most, queue)) = &mut self.generations {
            queue.push_back(id);
            if let Some(oldest) = (queue.len() > *most).then(|| queue.pop_front()).flatten() {
                self.release(oldest);
            }
        }
        if let Some((expiries, queue)) = &mut self.within {
            let end = expiries.of_second(moment);
            // Where a clock is set, an older point may outlive a younger one by as much.
            let before = queue.iter().rev().take_while(|(other, _)| *other > end).count();
            match before {
                0 => queue.push_back((end, id)),
                _ => queue.insert(queue.len() - before, (end, id)),
            }
        }
        self.thin(moment, id);
        id
    }

    fn thin(&mut self, moment: i64, id: Id) {
        if self.thinned.is_empty() {
            return;
        }
        let shown = self.wall.at_second(moment);
        for rule in 0..self.thinned.len() {
            for old in self.thinned[rule].add(shown, id) {
                self.release(old);
            }
        }
    }

    /// Ends what time alone ends, as of a run.
    pub(super) fn expire(&mut self, now: i64) {
        while let Some((_, queue)) = &mut self.within {
            let Some((_, id)) = queue.front().copied().filter(|(end, _)| *end <= now) else { return };
            queue.pop_front();
            self.release(id);
        }
    }

    /// Takes those that no rule keeps any more.
    pub(super) fn take_gone(&mut self, mut each: impl FnMut(Held)) {
        for id in self.gone.drain(..) {
            each(self.held[id as usize]);
            self.free.push(id);
        }
    }

    fn place(&mut self, held: Held) -> Id {
        if let Some(id) = self.free.pop() {
            self.held[id as usize] = held;
            return id;
        }
        self.held.push(held);
        Id::try_from(self.held.len() - 1).unwrap_or(Id::MAX)
    }

    /// One rule keeps it no more.
    fn release(&mut self, id: Id) {
        let held = &mut self.held[id as usize];
        held.rules -= 1;
        if held.rules == 0 {
            self.gone.push(id);
        }
    }
}

/// The newest of each of the newest so many hours, days …
#[derive(Debug, Clone)]
struct Thinned {
    units: Units,
    most: usize,
    /// The newest hour, day …, and its newest point.
    newest: Option<(Key, Id)>,
    /// The others, each with its newest point and its place in the order of those.
    others: HashMap<Key, (u64, Id)>,
    order: BTreeMap<u64, Key>,
    counted: u64,
}

impl Thinned {
    fn new(unit: CalendarUnit, most: usize) -> Self {
        let units = Units::new(unit);
        Self { units, most, newest: None, others: HashMap::new(), order: BTreeMap::new(), counted: 0 }
    }

    /// Adds a point, and gives those that this rule keeps no more.
    fn add(&mut self, shown: Shown, id: Id) -> impl Iterator<Item = Id> + use<> {
        let key = self.units.key(shown);
        let [mut same, mut beyond] = [None, None];
        match self.newest.replace((key, id)) {
            Some((of, before)) if of == key => same = Some(before),
            Some((of, before)) => {
                // A clock that is set back over midnight shows a day that was over already.
                same = self.others.remove(&key).map(|(place, old)| {
                    self.order.remove(&place);
                    old
                });
                self.others.insert(of, (self.counted, before));
                self.order.insert(self.counted, of);
                self.counted += 1;
                if self.others.len() >= self.most {
                    beyond = self.order.pop_first().and_then(|(_, key)| self.others.remove(&key)).map(|(_, old)| old);
                }
            }
            None => {}
        }
        same.into_iter().chain(beyond)
    }
}
