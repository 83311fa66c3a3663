//! How long a restore takes: every shape of up to five steps, stepped through minute by minute.

use sonae::prove::Kind;

use super::dice::Dice;
use super::{BACK, proven};
use crate::corpus::compile;

/// A restore's steps.
#[derive(Debug, Clone)]
enum Steps {
    /// One that takes so many minutes.
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
                tried += 1;
            }
        }
    }
    assert!(tried >= 100 * rounds, "only {tried}");
}

/// Holds a restore against its minutes: promised exactly, and one minute less.
fn assert_takes(shape: &Steps) {
    let (mut number, mut others) = (0, String::new());
    let steps = shape.text(&mut number, &mut others);
    let minutes = shape.minutes();
    let plan = |promised: u64| {
        format!(
            "plan \"p\"\nstore \"s\" {{ local path=\"/s\"; }}\ntarget \"t\" {{ files \"/data\"; backup \"b\" {{ archive \"tar.zip\"; store \"s\"; }} \
             }}\n{BACK}{others}restore \"whole\" rto=\"{promised}m\" {{\n{steps}}}\n"
        )
    };
    let proven = proven(&plan(minutes));
    let promises: Vec<(Kind, u64)> =
        proven.proofs().promises.iter().map(|promise| (promise.kind, promise.proven.seconds / 60)).collect();
    assert_eq!(promises, [(Kind::Rto, minutes)], "{}", plan(minutes));
    if minutes > 1 {
        let codes = compile("plan.kdl", &plan(minutes - 1)).codes().join(" ");
        assert!(codes.contains("sonae::rto::broken"), "{codes}\n{}", plan(minutes - 1));
    }
}
