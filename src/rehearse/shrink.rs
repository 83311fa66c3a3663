//! From a plan and a weather that break a promise to the smallest that still do.
//!
//! Unaware of what is broken, and why. Invariant: what is answered was lived through, and breaks the same promise.

use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Invariant, Planted, Stage, Story, Weather};
use crate::diagnostic::{Diagnostics, Sources};
use crate::primitives::PathBytes;
use crate::prove;
use crate::syntax::{self, Node, Value};

/// How often something is tried, whatever is left to be tried then.
const TRIES_MAX: u32 = 1_500;
/// With so many seeds a smaller plan is tried: its calls are others, and so is what strikes them.
const SEEDS: u64 = 40;

/// What is shrunk.
pub struct Case<'a> {
    /// The plan.
    pub text: &'a str,
    /// The folder that its relative paths are relative to.
    pub base: &'a PathBytes,
    /// As of when: waivers expire.
    pub now: jiff::Timestamp,
    /// When it becomes true, what was found so far is the answer.
    pub stop: &'a AtomicBool,
    /// The bug that a test planted.
    pub plant: &'a dyn Fn() -> Box<dyn Planted>,
    /// The promise that is broken.
    pub invariant: Invariant,
}

/// The smallest plan and weather that were found.
#[derive(Debug, Clone)]
pub struct Smallest {
    /// The plan.
    pub plan: String,
    /// The weather.
    pub weather: Weather,
    /// What it leads to.
    pub story: Story,
}

struct Shrinking<'a> {
    case: &'a Case<'a>,
    left: u32,
}

/// Drops of a plan, then of a weather, whatever is not needed to break the promise. None where it does not break it.
pub fn shrink(case: &Case<'_>, weather: &Weather) -> Option<Smallest> {
    let mut shrinking = Shrinking { case, left: TRIES_MAX };
    let stage = shrinking.stage(case.text)?;
    let story = shrinking.broken(&stage, weather)?;
    let found = Smallest { plan: case.text.to_owned(), weather: weather.clone(), story };
    let found = shrinking.plan(found);
    let stage = shrinking.stage(&found.plan)?;
    Some(shrinking.weather(&stage, found))
}

impl Shrinking<'_> {
    fn stage(&self, text: &str) -> Option<Stage> {
        let mut sources = Sources::default();
        let file = sources.add("plan.kdl", text);
        let proven = prove::compile(&sources, file, self.case.base, self.case.now).proven?;
        Stage::set(&proven, self.case.base).ok()
    }

    /// The story of a weather that breaks the promise.
    fn broken(&mut self, stage: &Stage, weather: &Weather) -> Option<Story> {
        let is_stopped = self.case.stop.load(Ordering::Relaxed);
        self.left = self.left.checked_sub(1).filter(|_| !is_stopped)?;
        let story = stage.live(weather, (self.case.plant)());
        let is_same = story.broken.as_ref().is_some_and(|broken| broken.invariant == self.case.invariant);
        is_same.then_some(story)
    }

    fn plan(&mut self, mut found: Smallest) -> Smallest {
        loop {
            let smaller = parts(&found.plan).iter().find_map(|part| self.without(&found, part));
            match smaller {
                Some(smaller) => found = smaller,
                None => return found,
            }
        }
    }

    /// The plan without those parts of its text, where some weather still breaks the promise.
    fn without(&mut self, found: &Smallest, parts: &[Range<usize>]) -> Option<Smallest> {
        let plan = without(&found.plan, parts);
        let stage = self.stage(&plan)?;
        let seed = found.weather.seed;
        let others = (0..SEEDS).map(|more| Weather::of(seed.wrapping_add(more)));
        for weather in [found.weather.clone()].into_iter().chain(others) {
            if let Some(story) = self.broken(&stage, &weather) {
                return Some(Smallest { plan, weather, story });
            }
        }
        None
    }

    fn weather(&mut self, stage: &Stage, mut found: Smallest) -> Smallest {
        loop {
            let smaller = milder(&found.weather).into_iter().find_map(|weather| {
                let story = self.broken(stage, &weather)?;
                Some(Smallest { plan: found.plan.clone(), weather, story })
            });
            match smaller {
                Some(smaller) => found = smaller,
                None => return found,
            }
        }
    }
}

/// What can be left out of a plan, the nodes that hold others first: each node; each with whatever speaks of it; braces that hold nothing.
fn parts(text: &str) -> Vec<Vec<Range<usize>>> {
    let nodes = nodes(text);
    let mut found = vec![];
    for node in &nodes {
        found.push(vec![node.body.range()]);
        let speaks =
            |other: &&Node| named(node).is_some_and(|name| other.header != node.header && mentions(other, name));
        let mut with: Vec<Range<usize>> = nodes.iter().filter(speaks).map(|other| other.body.range()).collect();
        if !with.is_empty() {
            with.push(node.body.range());
            found.push(with);
        }
        // What cannot be without the line in which it speaks of it.
        let holds = |other: &&Node| {
            named(node).is_some_and(|name| {
                other.header != node.header && other.children.iter().any(|child| mentions(child, name))
            })
        };
        let mut with: Vec<Range<usize>> = nodes.iter().filter(holds).map(|other| other.body.range()).collect();
        if !with.is_empty() {
            with.push(node.body.range());
            found.push(with);
        }
        found.extend(node.braces.filter(|_| node.children.is_empty()).map(|braces| vec![braces.range()]));
    }
    found
}

/// All nodes of a plan, those that hold others first.
fn nodes(text: &str) -> Vec<Node> {
    let mut sources = Sources::default();
    let file = sources.add("plan.kdl", text);
    let mut level = syntax::parse(file, text, &mut Diagnostics::default()).nodes;
    let mut found = vec![];
    while !level.is_empty() {
        found.extend(level.iter().cloned());
        level = level.into_iter().flat_map(|node| node.children).collect();
    }
    found
}

fn named(node: &Node) -> Option<&str> {
    node.entries.iter().find(|entry| entry.property.is_none()).and_then(|entry| text_of(&entry.value.value))
}

fn text_of(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// Whether a node speaks of a name, or of something in what it names.
fn mentions(node: &Node, name: &str) -> bool {
    let is_it = |text: &str| text.split('/').any(|part| part == name);
    node.entries.iter().filter_map(|entry| text_of(&entry.value.value)).any(is_it)
}

/// A text without some parts of it, and without the lines that are left blank.
fn without(text: &str, parts: &[Range<usize>]) -> String {
    let is_kept = |at: &usize| !parts.iter().any(|part| part.contains(at));
    let kept: String = text.char_indices().filter(|(at, _)| is_kept(at)).map(|(_, c)| c).collect();
    let lines = kept.lines().filter(|line| !line.trim().is_empty() && line.trim() != ";");
    lines.fold(String::new(), |text, line| text + line.trim_end() + "\n")
}

/// The same weather with one thing less, the largest things first.
fn milder(weather: &Weather) -> Vec<Weather> {
    let mut found = vec![];
    let mut with = |change: &dyn Fn(&mut Weather)| {
        let mut changed = weather.clone();
        change(&mut changed);
        found.extend((changed != *weather).then_some(changed));
    };
    for at in (0..weather.attempts.len()).rev() {
        with(&|weather| {
            weather.attempts.remove(at);
        });
    }
    with(&|weather| weather.lost_much = false);
    with(&|weather| weather.other_hand = false);
    with(&|weather| weather.fail_fast = false);
    with(&|weather| weather.days_later = false);
    with(&|weather| weather.side_by_side = 1);
    for (at, attempt) in weather.attempts.iter().enumerate() {
        with(&|weather| weather.attempts[at].interrupt = None);
        for trouble in (0..attempt.troubles.len()).rev() {
            with(&|weather| {
                weather.attempts[at].troubles.remove(trouble);
            });
        }
        for death in (0..attempt.deaths.len()).rev() {
            with(&|weather| {
                weather.attempts[at].deaths.remove(death);
            });
        }
    }
    found
}

impl fmt::Display for Smallest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "the smallest plan that breaks it, from seed {}:\n\n{}", self.weather.seed, self.plan)?;
        writeln!(f, "what happens in it, in {}:", self.story.subject)?;
        self.story.told.lines.iter().try_for_each(|line| writeln!(f, "  {line}"))?;
        match &self.story.broken {
            Some(broken) => writeln!(f, "  => {}", broken.what),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fakes::Dice;

    #[test]
    fn a_weather_gets_milder_one_thing_at_a_time() {
        let mut weather = Weather::of(Dice::new(1, "any").below(1_000));
        let mut steps = 0;
        while let Some(milder) = milder(&weather).into_iter().next() {
            weather = milder;
            steps += 1;
        }
        assert!(steps > 1);
        assert_eq!(weather, Weather::clear(weather.seed, weather.subject));
    }

    #[test]
    fn what_speaks_of_a_node_can_be_left_out_with_it() {
        let text = "target a { b; c 1 }\nrecover a { }\nd";
        let left: Vec<String> = parts(text).iter().map(|parts| without(text, parts)).collect();
        let expected = [
            "recover a { }\nd\n",
            "d\n",
            "target a { b; c 1 }\nd\n",
            "d\n",
            "target a { b; c 1 }\nrecover a\nd\n",
            "target a { b; c 1 }\nrecover a { }\n",
            "target a { ; c 1 }\nrecover a { }\nd\n",
            "target a { b;  }\nrecover a { }\nd\n",
        ];
        assert_eq!(left, expected);
        let text = "target a { }\nlaunch b { image a; }\nd";
        let left: Vec<String> = parts(text).iter().map(|parts| without(text, parts)).collect();
        assert!(left.contains(&"d\n".to_owned()), "{left:?}");
    }
}
