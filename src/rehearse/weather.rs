//! What goes wrong, and when: all of it from a seed.
//!
//! Unaware of plans. Invariant: each port has a row of numbers of its own, so that what strikes one does not depend on what strikes
//! another; the same seed is the same weather.

use std::fmt;
use std::time::Duration;

use jiff::SignedDuration;

use super::FaultKind;
use crate::fakes::{Dice, Edge, FaultScript, Injected, World};
use crate::ports::Cause;

/// When a trouble strikes the calls that it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// That one of them, counted from 1.
    Nth(u64),
    /// So many of a thousand.
    PerMille(u64),
}

/// Something that goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trouble {
    /// Which call: `store.part`.
    pub op: &'static str,
    /// Which of them.
    pub when: When,
    /// What.
    pub what: Injected,
}

/// A death of the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Death {
    /// At which call.
    pub op: &'static str,
    /// At which of them, counted from 1.
    pub nth: u64,
    /// On which side of it.
    pub edge: Edge,
}

/// The weather of one attempt: a run, or its going on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attempt {
    /// What goes wrong.
    pub troubles: Vec<Trouble>,
    /// Where the host dies; the first that comes counts.
    pub deaths: Vec<Death>,
    /// After how long somebody interrupts it.
    pub interrupt: Option<Duration>,
}

/// The weather of one seed, and what the rest of the world is like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weather {
    /// From which it was made. It also says how tasks interleave.
    pub seed: u64,
    /// Which of the things that a plan can do: any number; the stage takes it modulo what there is.
    pub subject: u64,
    /// How many steps run at once.
    pub side_by_side: usize,
    /// Whether nothing is begun after a failure.
    pub fail_fast: bool,
    /// Whether the sources lost most of what they held.
    pub lost_much: bool,
    /// Whether another hand takes a kept recovery point away, between the forecast and the run.
    pub other_hand: bool,
    /// Whether another run follows, days later.
    pub days_later: bool,
    /// What happens, attempt by attempt. Then the sky is clear, and the run goes on to its end.
    pub attempts: Vec<Attempt>,
}

/// A port, and the calls of it that steps make.
struct Port {
    name: &'static str,
    ops: &'static [&'static str],
    /// Of so many seeds, one has troubles here.
    one_in: u64,
}

const PORTS: [Port; 10] = [
    Port {
        name: "store",
        ops: &[
            "store",
            "store.list",
            "store.head",
            "store.read",
            "store.uploads",
            "store.real-place",
            "store.begin",
            "store.part",
            "store.finish",
            "store.settle",
            "store.abort",
            "store.delete",
        ],
        one_in: 1,
    },
    Port {
        name: "tree",
        ops: &[
            "tree",
            "tree.stat",
            "tree.list",
            "tree.look",
            "tree.open",
            "tree.create",
            "tree.rename",
            "tree.remove",
            "file",
            "file.read",
            "file.write",
            "file.finish",
            "destination",
        ],
        one_in: 2,
    },
    Port { name: "command", ops: &["command.run"], one_in: 3 },
    Port { name: "network", ops: &["network.http", "network.tcp", "network.sql", "secrets.reveal"], one_in: 3 },
    Port { name: "people", ops: &["people.word"], one_in: 3 },
    Port { name: "journal", ops: &["journal", "journal.append"], one_in: 6 },
    Port { name: "locks", ops: &["locks"], one_in: 8 },
    Port { name: "scratch", ops: &["scratch"], one_in: 8 },
    Port {
        name: "databases",
        ops: &[
            "databases",
            "databases.database",
            "databases.snapshots",
            "databases.snapshot",
            "databases.begin-snapshot",
            "databases.begin-copy",
            "databases.delete-snapshot",
            "databases.set-backups",
            "databases.begin-restore",
            "databases.begin-rename",
        ],
        one_in: 3,
    },
    Port {
        name: "machines",
        ops: &[
            "machines",
            "machines.image",
            "machines.images-tagged",
            "machines.machines-tagged",
            "machines.machine",
            "machines.checks",
            "machines.launch",
        ],
        one_in: 3,
    },
];

/// The calls that take space.
const TAKE_SPACE: [&str; 8] = [
    "store.begin",
    "store.part",
    "store.finish",
    "tree.create",
    "file.write",
    "file.finish",
    "destination",
    "journal.append",
];

/// Where hosts die: at each record of the journal, and at any other call.
const DEADLY: [&str; 6] = ["journal.append", "journal.append", "journal.append", "store", "tree", "file"];

impl Weather {
    /// The weather of a seed.
    pub fn of(seed: u64) -> Self {
        let mut dice = Dice::new(seed, "world");
        Self {
            seed,
            subject: dice.below(1 << 20),
            side_by_side: 1 + usize::from(dice.one_in(2)) + usize::from(dice.one_in(3)),
            fail_fast: dice.one_in(4),
            lost_much: dice.one_in(6),
            other_hand: dice.one_in(6),
            days_later: dice.one_in(3),
            attempts: (0..1 + dice.below(4)).map(|number| Attempt::of(seed, number)).collect(),
        }
    }

    /// A world where nothing goes wrong.
    pub fn clear(seed: u64, subject: u64) -> Self {
        Self {
            seed,
            subject,
            side_by_side: 1,
            fail_fast: false,
            lost_much: false,
            other_hand: false,
            days_later: false,
            attempts: vec![],
        }
    }
}

impl Attempt {
    fn of(seed: u64, number: u64) -> Self {
        let mut dice = Dice::new(seed, &format!("aim {number}"));
        if dice.one_in(3) {
            return Self::aimed(&mut dice);
        }
        let mut attempt = Self::default();
        for port in &PORTS {
            let mut dice = Dice::new(seed, &format!("{} {number}", port.name));
            if dice.one_in(port.one_in) {
                let troubles = 1 + dice.below(2);
                attempt.troubles.extend((0..troubles).map(|_| Trouble::of(port, &mut dice)));
            }
        }
        let mut dice = Dice::new(seed, &format!("host {number}"));
        let death = |dice: &mut Dice| Death {
            op: dice.one_of(&DEADLY),
            nth: 1 + dice.below(25),
            edge: dice.one_of(&[Edge::Before, Edge::After]),
        };
        attempt.deaths = (0..dice.below(3)).map(|_| death(&mut dice)).collect();
        attempt.interrupt = dice.one_in(3).then(|| Duration::from_millis(dice.below(12_000)));
        // Slow enough for an interrupt to come in between.
        let what = Injected::Delay(Duration::from_millis(500));
        attempt.troubles.push(Trouble { op: "store", when: When::PerMille(300), what });
        let op = dice.one_of(&["store", "store", "tree"]);
        attempt.troubles.extend(dice.one_in(6).then(|| set_clock(op, 60, &mut dice)));
        attempt
    }

    /// One trouble alone: it strikes where others would have ended the run before, as in its last steps.
    fn aimed(dice: &mut Dice) -> Self {
        let aims = [
            ("tree.stat", 30),
            ("tree.stat", 30),
            ("tree.stat", 45),
            ("tree.rename", 6),
            ("command.run", 4),
            ("people.word", 3),
            ("store.list", 8),
            ("store.delete", 4),
            ("databases.database", 8),
            ("machines.machine", 4),
            ("machines.launch", 1),
        ];
        let (op, far) = dice.one_of(&aims);
        let nth = 1 + dice.below(far);
        let mut attempt = Self::default();
        let what = match dice.below(9) {
            0 => Injected::RefuseOnce(Cause::Other),
            1 => Injected::RefuseForGood(Cause::Denied),
            2 => Injected::LoseAnswer,
            3 | 4 => {
                let (op, far) = dice.one_of(&[(op, far), ("store.finish", 9), ("store.read", 20)]);
                attempt.troubles.push(set_clock(op, far, dice));
                return attempt;
            }
            5 => {
                let (op, far) = dice.one_of(&[("store.part", 9), ("file.write", 6)]);
                attempt.troubles.push(Trouble { op, when: When::Nth(1 + dice.below(far)), what: Injected::Cut });
                return attempt;
            }
            6 => {
                attempt.deaths.push(Death { op, nth, edge: dice.one_of(&[Edge::Before, Edge::After]) });
                return attempt;
            }
            // It is asked little, and so seldom struck by chance.
            7 if op.starts_with("machines.") => Injected::Throttle(Duration::from_secs(1 + dice.below(20))),
            _ => {
                // Whoever waits for what does not answer interrupts.
                attempt.interrupt = Some(Duration::from_millis(500 + dice.below(18_000)));
                Injected::Delay(Duration::from_secs(20))
            }
        };
        attempt.troubles.push(Trouble { op, when: When::Nth(nth), what });
        attempt
    }

    /// Brings it over a world.
    pub(super) fn over(&self, world: &World) {
        let script = self.troubles.iter().fold(FaultScript::new(), |script, trouble| match trouble.when {
            When::Nth(nth) => script.nth(trouble.op, nth, trouble.what),
            When::PerMille(share) => script.chance(trouble.op, share, trouble.what),
        });
        world.script(script);
        for death in &self.deaths {
            world.crash_at(death.op, death.nth, death.edge);
        }
    }
}

impl Trouble {
    fn of(port: &Port, dice: &mut Dice) -> Self {
        let op = dice.one_of(port.ops);
        let what = injected(port, op, dice);
        // What is asked for once only is struck at once.
        let far = if port.ops.len() == 1 { 2 } else { 12 };
        let when = match dice.below(3) {
            0 => When::PerMille(1 + dice.below(200)),
            _ => When::Nth(1 + dice.below(far)),
        };
        Self { op, when, what }
    }
}

/// Sets the clock once, and not too far: what is set back should have come far enough some days later.
fn set_clock(op: &'static str, far: u64, dice: &mut Dice) -> Trouble {
    let hours = 1 + i64::try_from(dice.below(50)).unwrap_or(0);
    let by = SignedDuration::from_hours(if dice.one_in(2) { hours } else { -hours });
    Trouble { op, when: When::Nth(1 + dice.below(far)), what: Injected::SetClock(by) }
}

fn injected(port: &Port, op: &str, dice: &mut Dice) -> Injected {
    match dice.below(12) {
        0 => Injected::RefuseOnce(Cause::Busy),
        1..3 => Injected::RefuseOnce(Cause::Other),
        3..6 => Injected::LoseAnswer,
        6 => Injected::Delay(Duration::from_millis(dice.below(90_000))),
        7 if matches!(port.name, "store" | "databases" | "machines") => {
            Injected::Throttle(Duration::from_secs(1 + dice.below(20)))
        }
        8 if matches!(op, "store.part" | "file.write" | "store" | "file") => Injected::Cut,
        8..10 if TAKE_SPACE.contains(&op) => Injected::RefuseForGood(Cause::Full),
        _ => Injected::RefuseForGood(dice.one_of(&[Cause::Denied, Cause::Other])),
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = FaultKind::of(crate::fakes::Struck::By(self.what)).words();
        match self.when {
            When::Nth(nth) => write!(f, "call {nth} of `{}`: {kind}", self.op),
            When::PerMille(share) => write!(f, "{share} of 1,000 calls of `{}`: {kind}", self.op),
        }
    }
}

impl fmt::Display for Death {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let edge = match self.edge {
            Edge::Before => "before",
            Edge::After => "after",
        };
        write!(f, "the host dies {edge} call {} of `{}`", self.nth, self.op)
    }
}
