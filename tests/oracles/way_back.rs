//! How long a restore takes and how much longer each of its steps could: every shape of up to five steps, stepped through minute by minute.

use sonae::prove::Kind;

use super::dice::Dice;
use super::{BACK, proven};
use crate::corpus::compile;

/// A restore's steps.
#[derive(Debug, Clone)]
enum Steps {
    /// One that takes so many minutes, or does not say it, which is none.
    One(u32),
    /// One after the other.
    Row(Vec<Steps>),
    /// Side by side.
    Beside(Vec<Steps>),
}

impl Steps {
    /// A minute passes. Answers whether all is done.
    fn pass(&mut self) -> bool {
        match self {
            Self::One(left) => {
                *left = left.saturating_sub(1);
                *left == 0
            }
            Self::Row(steps) => {
                if steps[0].pass() {
                    steps.remove(0);
                }
                steps.is_empty()
            }
            Self::Beside(steps) => {
                steps.retain_mut(|steps| !steps.pass());
                steps.is_empty()
            }
        }
    }

    /// How many minutes pass until all is done.
    fn minutes(&self) -> u64 {
        let mut steps = self.clone();
        (1..).find(|_| steps.pass()).expect("an end")
    }

    /// As a plan says it; rows that stand side by side are restores of their own, which are added to `others`.
    fn text(&self, number: &mut u32, others: &mut String) -> String {
        *number += 1;
        let own = *number;
        match self {
            Self::One(0) => format!("probe \"{own}\" {{ path \"/there\"; }}\n"),
            Self::One(minutes) => format!("probe \"{own}\" takes=\"{minutes}m\" {{ path \"/there\"; }}\n"),
            Self::Row(steps) => {
                let steps: String = steps.iter().map(|steps| steps.text(number, others)).collect();
                others.push_str(&format!("restore \"row-{own}\" {{\n{steps}}}\n"));
                format!("restore \"row-{own}\"\n")
            }
            Self::Beside(steps) => {
                let steps: String = steps.iter().map(|steps| steps.text(number, others)).collect();
                format!("parallel {{\n{steps}}}\n")
            }
        }
    }

    /// The steps that are one, with what `text` calls each, in that order.
    fn each<'s>(&'s mut self, number: &mut u32, of: &mut Vec<(u32, &'s mut u32)>) {
        *number += 1;
        match self {
            Self::One(minutes) => of.push((*number, minutes)),
            Self::Row(steps) | Self::Beside(steps) => steps.iter_mut().for_each(|steps| steps.each(number, of)),
        }
    }

    /// How many minutes longer the step at a place could take, and the whole would take no longer: tried by halves.
    fn slack(&self, place: usize) -> u64 {
        let whole = self.minutes();
        let longer = |by: u64| {
            let mut steps = self.clone();
            let mut each = vec![];
            steps.each(&mut 0, &mut each);
            *each[place].1 += u32::try_from(by).expect("minutes");
            steps.minutes()
        };
        // By as much as the whole takes, and a minute, it is surely longer.
        let (mut least, mut most) = (0, whole + 1);
        while most - least > 1 {
            let middle = least.midpoint(most);
            if longer(middle) == whole { least = middle } else { most = middle }
        }
        least
    }

    fn put_minutes(&mut self, minutes: &mut impl FnMut() -> u32) {
        match self {
            Self::One(left) => *left = minutes(),
            Self::Row(steps) | Self::Beside(steps) => steps.iter_mut().for_each(|steps| steps.put_minutes(minutes)),
        }
    }
}

/// Every shape of so many steps: rows hold no rows, and what stands side by side holds nothing that does.
fn shapes(steps: usize) -> Vec<Steps> {
    if steps == 1 {
        return vec![Steps::One(1)];
    }
    let rows = parted(steps, |part| if part == 1 { vec![Steps::One(1)] } else { beside(part) });
    rows.into_iter().map(Steps::Row).chain(beside(steps)).collect()
}

fn beside(steps: usize) -> Vec<Steps> {
    let rows = |part: usize| match part {
        1 => vec![Steps::One(1)],
        part => shapes(part).into_iter().filter(|steps| matches!(steps, Steps::Row(_))).collect(),
    };
    parted(steps, rows).into_iter().map(Steps::Beside).collect()
}

/// Every way to part so many steps in two or more, with every shape of each part.
fn parted(steps: usize, of_part: impl Fn(usize) -> Vec<Steps> + Copy) -> Vec<Vec<Steps>> {
    fn all(steps: usize, of_part: impl Fn(usize) -> Vec<Steps> + Copy) -> Vec<Vec<Steps>> {
        if steps == 0 {
            return vec![vec![]];
        }
        let first = (1..=steps).flat_map(|part| of_part(part).into_iter().map(move |first| (part, first)));
        let with = |(part, first): (usize, Steps)| {
            all(steps - part, of_part).into_iter().map(move |rest| std::iter::once(first.clone()).chain(rest).collect())
        };
        first.flat_map(with).collect()
    }
    // The whole is no part of itself.
    let smaller = move |part: usize| if part == steps { vec![] } else { of_part(part) };
    all(steps, smaller)
}

#[test]
fn every_shape_of_up_to_five_steps_takes_what_stepping_through_shows() {
    let rounds: u64 =
        std::env::var("SONAE_ORACLES").map_or(2, |text| text.parse().map_or(2, |plans: u64| plans.div_ceil(500)));
    let mut tried = 0_u64;
    for steps in 1..=5 {
        for (place, shape) in shapes(steps).into_iter().enumerate() {
            for round in 0..rounds {
                let mut dice = Dice::new(round * 1_000_003 + place as u64 * 7 + steps as u64);
                let mut shape = shape.clone();
                shape.put_minutes(&mut || u32::try_from(dice.between(1, 9)).expect("a few"));
                assert_takes(&shape);
                assert_room_is_told(&shape, &mut dice);
                tried += 1;
            }
        }
    }
    assert!(tried >= 100 * rounds, "only {tried}");
}

/// A plan whose restore has these steps and promises so many minutes.
fn plan(shape: &Steps, promised: u64) -> String {
    let (mut number, mut others) = (0, String::new());
    let steps = shape.text(&mut number, &mut others);
    format!(
        "plan \"p\"\nstore \"s\" {{ local path=\"/s\"; }}\ntarget \"t\" {{ files \"/data\"; backup \"b\" {{ archive \"tar.zip\"; store \"s\"; }} \
         }}\n{BACK}{others}restore \"whole\" rto=\"{promised}m\" {{\n{steps}}}\n"
    )
}

/// Holds a restore against its minutes: promised exactly, and one minute less. And each step against how much longer it could take.
fn assert_takes(shape: &Steps) {
    let minutes = shape.minutes();
    let text = plan(shape, minutes + 3);
    let of = proven(&plan(shape, minutes));
    let promises: Vec<(Kind, u64)> =
        of.proofs().promises.iter().map(|promise| (promise.kind, promise.proven.seconds / 60)).collect();
    assert_eq!(promises, [(Kind::Rto, minutes)], "{text}");
    if minutes > 1 {
        let codes = compile("plan.kdl", &plan(shape, minutes - 1)).codes().join(" ");
        assert!(codes.contains("sonae::rto::broken"), "{codes}\n{text}");
    }
    let of = proven(&text);
    let told = of.proofs().restores.iter().find(|restore| restore.restore.as_str() == "whole").expect("its time");
    let told: Vec<(String, u64, Option<u64>)> = told
        .steps
        .iter()
        .map(|step| (step.step.clone(), step.slack.seconds, step.room.map(|room| room.seconds)))
        .collect();
    let (mut counted, mut each) = (shape.clone(), vec![]);
    counted.each(&mut 0, &mut each);
    let names = each.iter().map(|(name, _)| format!("probe \"{name}\"")).enumerate();
    let counted: Vec<(String, u64, Option<u64>)> = names
        .map(|(place, name)| (name, shape.slack(place) * 60))
        .map(|(name, slack)| (name, slack, Some(slack + 180)))
        .collect();
    assert_eq!(told, counted, "{text}");
}

/// Takes from some steps how long they take: with what is said that they may, the promise holds.
fn assert_room_is_told(shape: &Steps, dice: &mut Dice) {
    let promised = shape.minutes() + 20;
    let mut unsaid = shape.clone();
    let mut each = vec![];
    unsaid.each(&mut 0, &mut each);
    let places: Vec<usize> = (0..each.len()).filter(|place| *place == 0 || dice.one_in(2)).collect();
    places.iter().for_each(|place| *each[*place].1 = 0);
    let text = plan(&unsaid, promised);
    let compiled = compile("plan.kdl", &text);
    let found = compiled.found.iter().find(|found| found.code.name == "sonae::rto::unproven").expect("it");
    let (_, room) = found.help.split_once("takes=\"").unwrap_or_else(|| panic!("{}\n{text}", found.help));
    let room = sonae::primitives::Duration::parse(room.split('"').next().expect("a time")).expect("a time").seconds;
    let filled = |seconds: u64| {
        let to = format!("\" takes=\"{seconds}s\" {{ path");
        let filled: Vec<String> = text
            .lines()
            .map(|line| if line.contains("takes=") { line.to_owned() } else { line.replace("\" { path", &to) })
            .collect();
        compile("plan.kdl", &filled.join("\n")).proven.is_some()
    };
    assert!(filled(room), "{room}s\n{text}");
    // In a row, there is no second more.
    if let Steps::Row(steps) = shape
        && steps.iter().all(|steps| matches!(steps, Steps::One(_)))
    {
        assert!(!filled(room + 1), "{room}s and one more\n{text}");
    }
}
