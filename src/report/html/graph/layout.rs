//! Where the steps of a graph stand: in layers, each behind all that come before it, so that few lines cross.
//!
//! Layers by the longest way, crossings lessened by barycentres (Sugiyama, Tagawa, Toda 1981), places within a layer by isotonic regression.
//! Unaware of what a step is and of how it is drawn. Invariant: the same graph has the same layout on every machine, no two steps overlap, and
//! no line crosses a step.

use super::ties::Ties;

/// The size of a step.
pub(super) const WIDTH: f64 = 190.0;
pub(super) const HEIGHT: f64 = 46.0;
/// Room between layers, for the lines.
const BETWEEN_LAYERS: f64 = 46.0;
/// Room between steps of one layer.
const BESIDE: f64 = 14.0;
/// The room that a line takes which passes through a layer.
const LANE: f64 = 4.0;
/// Room around all of it.
const MARGIN: f64 = 8.0;
/// How often the layers are put in order: the gain is small after a few.
const SWEEPS: usize = 12;

/// A point of the drawing, in pixels from the upper left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
}

/// Which way the layers follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Right,
    Down,
}

/// Where everything is.
#[derive(Debug, PartialEq)]
pub(super) struct Layout {
    pub(super) way: Way,
    pub(super) width: f64,
    pub(super) height: f64,
    /// The upper left of each step, by its place.
    pub(super) steps: Vec<Point>,
    /// The points through which each tie's line leads, in the order of the ties.
    pub(super) lines: Vec<Vec<Point>>,
}

/// What stands in a layer: a step, a line on its way through, or where lines meet.
struct Item {
    layer: usize,
    is_step: bool,
    /// The items before and behind it, each in the next layer.
    before: Vec<usize>,
    behind: Vec<usize>,
}

/// The layout of steps and the lines between them.
pub(super) fn layout(ties: &Ties) -> Layout {
    let layers = layers(ties);
    let (items, ways) = items(&layers, ties);
    let parts = parts(&items);
    let mut many = vec![0_usize; layers.iter().max().map_or(0, |last| last + 1)];
    layers[..ties.steps].iter().for_each(|layer| many[*layer] += 1);
    let deep = many.iter().filter(|steps| **steps > 0).count();
    // The longer side goes down the page, where there is always room.
    let way = if deep <= many.iter().copied().max().unwrap_or(0) { Way::Right } else { Way::Down };
    let (size, depth) = if way == Way::Right { (HEIGHT, WIDTH) } else { (WIDTH, HEIGHT) };
    let mut across = vec![0.0; items.len()];
    let mut cursor = MARGIN;
    for part in parts {
        let rows = ordered(&items, rows(&items, &part));
        place(&items, &rows, size, &mut across);
        let edge = |item: &usize| size_of(&items[*item], size) / 2.0;
        let low = part.iter().map(|item| across[*item] - edge(item)).fold(f64::MAX, f64::min);
        let high = part.iter().map(|item| across[*item] + edge(item)).fold(f64::MIN, f64::max);
        part.iter().for_each(|item| across[*item] += cursor - low);
        cursor += high - low + BESIDE;
    }
    let sides = sides(&many, depth);
    Sheet { way, size, items: &items, across: &across, sides: &sides }.laid_out(
        ties.steps,
        cursor - BESIDE + MARGIN,
        &ways,
    )
}

/// Where each layer begins and ends: one in which lines only meet has no depth.
fn sides(many: &[usize], depth: f64) -> Vec<(f64, f64)> {
    let mut at = MARGIN;
    let side = |steps: &usize| {
        let (near, far) = (at, at + if *steps > 0 { depth } else { 0.0 });
        at = far + if *steps > 0 { BETWEEN_LAYERS } else { BETWEEN_LAYERS / 2.0 };
        (near, far)
    };
    many.iter().map(side).collect()
}

/// The layer of each place: one behind the last of those before it.
fn layers(ties: &Ties) -> Vec<usize> {
    let mut layers = vec![0; ties.steps + ties.joints];
    for tie in &ties.all {
        layers[tie.to] = layers[tie.to].max(layers[tie.from] + 1);
    }
    layers
}

/// The steps, where lines meet, and the lines that pass through layers: those that leave one place share a lane. With them, through which
/// items each tie leads.
fn items(layers: &[usize], ties: &Ties) -> (Vec<Item>, Vec<Vec<usize>>) {
    let new = |layer, is_step| Item { layer, is_step, before: vec![], behind: vec![] };
    let mut items: Vec<Item> =
        layers.iter().enumerate().map(|(place, layer)| new(*layer, place < ties.steps)).collect();
    let mut lanes: Vec<Vec<usize>> = vec![vec![]; layers.len()];
    let mut ways = vec![];
    for tie in &ties.all {
        let mut way = vec![tie.from];
        for place in 0..layers[tie.to] - layers[tie.from] - 1 {
            if place == lanes[tie.from].len() {
                items.push(new(layers[tie.from] + 1 + place, false));
                lanes[tie.from].push(items.len() - 1);
            }
            way.push(lanes[tie.from][place]);
        }
        way.push(tie.to);
        for pair in way.windows(2) {
            if !items[pair[0]].behind.contains(&pair[1]) {
                items[pair[0]].behind.push(pair[1]);
                items[pair[1]].before.push(pair[0]);
            }
        }
        ways.push(way);
    }
    (items, ways)
}

/// The items that hang together, in the order of their first steps.
fn parts(items: &[Item]) -> Vec<Vec<usize>> {
    let mut seen = vec![false; items.len()];
    let mut parts = vec![];
    for first in 0..items.len() {
        if seen[first] {
            continue;
        }
        let (mut part, mut next) = (vec![], vec![first]);
        seen[first] = true;
        while let Some(item) = next.pop() {
            part.push(item);
            for beside in items[item].before.iter().chain(&items[item].behind) {
                if !std::mem::replace(&mut seen[*beside], true) {
                    next.push(*beside);
                }
            }
        }
        part.sort_unstable();
        parts.push(part);
    }
    parts
}

/// The items of a part, layer by layer, in the order of the steps.
fn rows(items: &[Item], part: &[usize]) -> Vec<Vec<usize>> {
    let first = part.iter().map(|item| items[*item].layer).min().unwrap_or(0);
    let last = part.iter().map(|item| items[*item].layer).max().unwrap_or(0);
    let mut rows = vec![vec![]; last + 1 - first];
    part.iter().for_each(|item| rows[items[*item].layer - first].push(*item));
    rows
}

/// The same rows in the order in which fewest lines cross, of those that were tried.
fn ordered(items: &[Item], mut rows: Vec<Vec<usize>>) -> Vec<Vec<usize>> {
    let mut position = vec![0; items.len()];
    let (mut best, mut fewest) = (rows.clone(), crossings(items, &rows, &mut position));
    for sweep in 0..SWEEPS {
        if fewest == 0 {
            break;
        }
        let is_down = sweep % 2 == 0;
        let order: Vec<usize> = if is_down { (1..rows.len()).collect() } else { (0..rows.len() - 1).rev().collect() };
        for row in order {
            let beside = |item: &usize| if is_down { &items[*item].before } else { &items[*item].behind };
            let centre = |item: &usize| mean(beside(item).iter().map(|other| position[*other] as f64));
            let mut keyed: Vec<(f64, usize)> =
                rows[row].iter().map(|item| (centre(item).unwrap_or(position[*item] as f64), *item)).collect();
            keyed.sort_by(|one, other| one.0.total_cmp(&other.0));
            rows[row] = keyed.into_iter().map(|(_, item)| item).collect();
            number(&rows[row], &mut position);
        }
        let found = crossings(items, &rows, &mut position);
        if found < fewest {
            (best, fewest) = (rows.clone(), found);
        }
    }
    best
}

fn number(row: &[usize], position: &mut [usize]) {
    row.iter().enumerate().for_each(|(at, item)| position[*item] = at);
}

fn mean(of: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = of.fold((0.0, 0_u32), |(sum, count), one| (sum + one, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

/// How many lines cross. All are numbered by where they stand.
fn crossings(items: &[Item], rows: &[Vec<usize>], position: &mut [usize]) -> u64 {
    rows.iter().for_each(|row| number(row, position));
    let between = |pair: &[Vec<usize>]| {
        let mut lines: Vec<(usize, usize)> = vec![];
        for item in &pair[0] {
            lines.extend(items[*item].behind.iter().map(|other| (position[*item], position[*other])));
        }
        lines.sort_unstable();
        inversions(lines.iter().map(|(_, end)| *end), pair[1].len())
    };
    rows.windows(2).map(between).sum()
}

/// How many pairs stand in the wrong order, by a tree of sums (Fenwick 1994).
fn inversions(ends: impl Iterator<Item = usize>, length: usize) -> u64 {
    let (mut tree, mut found) = (vec![0_u64; length + 1], 0);
    for (seen, end) in (0_u64..).zip(ends) {
        let (mut at, mut not_greater) = (end + 1, 0);
        while at > 0 {
            not_greater += tree[at];
            at &= at - 1;
        }
        found += seen - not_greater;
        at = end + 1;
        while at <= length {
            tree[at] += 1;
            at += at & at.wrapping_neg();
        }
    }
    found
}

/// How much room an item takes within its layer.
fn size_of(item: &Item, size: f64) -> f64 {
    if item.is_step { size } else { LANE }
}

/// Where the middle of each item stands within its layer: near those that it is tied to.
fn place(items: &[Item], rows: &[Vec<usize>], size: f64, across: &mut [f64]) {
    let apart = |one: usize, other: usize| (size_of(&items[one], size) + size_of(&items[other], size)) / 2.0 + BESIDE;
    for row in rows {
        let mut at = 0.0;
        for (number, item) in row.iter().enumerate() {
            at += number.checked_sub(1).map_or(0.0, |before| apart(row[before], *item));
            across[*item] = at;
        }
    }
    for sweep in 0..SWEEPS {
        let order: Vec<usize> =
            if sweep % 2 == 0 { (0..rows.len()).collect() } else { (0..rows.len()).rev().collect() };
        for row in order {
            let row = &rows[row];
            let wanted = |item: &usize| {
                let both = items[*item].before.iter().chain(&items[*item].behind);
                mean(both.map(|other| across[*other])).unwrap_or(across[*item])
            };
            let wanted: Vec<f64> = row.iter().map(wanted).collect();
            let apart: Vec<f64> = row.windows(2).map(|pair| apart(pair[0], pair[1])).collect();
            spaced(&wanted, &apart).into_iter().zip(row).for_each(|(at, item)| across[*item] = at);
        }
    }
}

/// The places nearest to those that are wanted, by the sum of squares, of which each is so far from the next at least.
fn spaced(wanted: &[f64], apart: &[f64]) -> Vec<f64> {
    let offsets: Vec<f64> = std::iter::once(0.0)
        .chain(apart.iter().scan(0.0, |sum, one| {
            *sum += one;
            Some(*sum)
        }))
        .collect();
    // Without the room between them they only have to rise: neighbours that do not are pooled.
    let mut pools: Vec<(f64, usize)> = vec![];
    for (wanted, offset) in wanted.iter().zip(&offsets) {
        pools.push((wanted - offset, 1));
        while let [.., (before, many), (last, few)] = pools.as_slice()
            && before / *many as f64 > last / *few as f64
        {
            let pooled = (before + last, many + few);
            pools.truncate(pools.len() - 2);
            pools.push(pooled);
        }
    }
    let rising = pools.iter().flat_map(|(sum, many)| std::iter::repeat_n(sum / *many as f64, *many));
    rising.zip(&offsets).map(|(at, offset)| at + offset).collect()
}

/// What the layers come to on the page.
struct Sheet<'a> {
    way: Way,
    size: f64,
    items: &'a [Item],
    across: &'a [f64],
    sides: &'a [(f64, f64)],
}

impl Sheet<'_> {
    /// A point by how far it is along the layers, and across them.
    fn point(&self, along: f64, across: f64) -> Point {
        match self.way {
            Way::Right => Point { x: along, y: across },
            Way::Down => Point { x: across, y: along },
        }
    }

    fn laid_out(&self, steps: usize, breadth: f64, ways: &[Vec<usize>]) -> Layout {
        let step = |item: usize| self.point(self.sides[self.items[item].layer].0, self.across[item] - self.size / 2.0);
        let length = self.sides.last().map_or(MARGIN, |(_, far)| *far) + MARGIN;
        let Point { x: width, y: height } = self.point(length, breadth.max(0.0));
        Layout {
            way: self.way,
            width,
            height,
            steps: (0..steps).map(step).collect(),
            lines: ways.iter().map(|way| self.line(way)).collect(),
        }
    }

    /// From the far side of the first, through all layers between, to the near side of the last, or through where it meets others.
    fn line(&self, way: &[usize]) -> Vec<Point> {
        let mut points = vec![];
        for (number, item) in way.iter().enumerate() {
            let ((near, far), across) = (self.sides[self.items[*item].layer], self.across[*item]);
            if number > 0 {
                points.push(self.point(near, across));
            }
            // It goes on through all but the step that it leads to.
            let goes_on = number + 1 < way.len() || !self.items[*item].is_step;
            if number == 0 || (goes_on && far > near) {
                points.push(self.point(far, across));
            }
        }
        points
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::ties::ties;
    use super::*;
    use crate::primitives::StepId;

    fn tied(after: &[Vec<usize>]) -> Ties {
        let after: Vec<Vec<(StepId, bool)>> =
            after.iter().map(|on| on.iter().map(|on| (StepId(*on as u32), true)).collect()).collect();
        ties(after.iter().map(Vec::as_slice))
    }

    #[test]
    fn many_short_chains_go_to_the_right_and_a_long_one_goes_down() {
        let chains: Vec<Vec<usize>> = (0..60)
            .flat_map(|job| (0..5).map(move |step| if step == 0 { vec![] } else { vec![job * 5 + step - 1] }))
            .collect();
        let of_jobs = layout(&tied(&chains));
        assert_eq!((of_jobs.way, of_jobs.width < 1300.0), (Way::Right, true));
        let restore: Vec<Vec<usize>> = (0..300).map(|step| if step == 0 { vec![] } else { vec![step - 1] }).collect();
        let of_restore = layout(&tied(&restore));
        assert_eq!((of_restore.way, of_restore.width), (Way::Down, WIDTH + 2.0 * MARGIN));
        assert_eq!(layout(&tied(&[])).steps, []);
    }

    #[test]
    fn lines_that_need_not_cross_do_not() {
        // Two pairs, each tied crosswise to what stands before it.
        let after = [vec![], vec![], vec![1], vec![0], vec![2, 3]];
        let found = layout(&tied(&after));
        let x = |step: usize| found.steps[step].x;
        assert_eq!(x(0) < x(1), x(3) < x(2));
    }

    #[test]
    fn places_are_as_near_as_room_allows() {
        assert_eq!(spaced(&[0.0, 1.0, 50.0], &[10.0, 10.0]), [-4.5, 5.5, 50.0]);
        assert_eq!(inversions([2, 0, 1].into_iter(), 3), 2);
    }

    proptest! {
        #[test]
        fn no_step_overlaps_another_and_no_line_crosses_one(
            count in 1_usize..40,
            picks in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..80),
        ) {
            let mut after = vec![vec![]; count];
            for (one, other) in picks {
                let (one, other) = (one.index(count), other.index(count));
                if one != other && !after[one.max(other)].contains(&one.min(other)) {
                    after[one.max(other)].push(one.min(other));
                }
            }
            let ties = tied(&after);
            let found = layout(&ties);
            prop_assert_eq!(&found, &layout(&ties));
            let overlaps = |one: &Point, other: &Point| {
                (one.x - other.x).abs() < WIDTH - 0.01 && (one.y - other.y).abs() < HEIGHT - 0.01
            };
            for (number, step) in found.steps.iter().enumerate() {
                prop_assert!(step.x >= 0.0 && step.x + WIDTH <= found.width + 0.01, "{step:?}");
                prop_assert!(step.y >= 0.0 && step.y + HEIGHT <= found.height + 0.01, "{step:?}");
                prop_assert!(!found.steps[..number].iter().any(|other| overlaps(step, other)));
            }
            for (line, tie) in found.lines.iter().zip(&ties.all) {
                for (number, step) in found.steps.iter().enumerate().filter(|(at, _)| ![tie.from, tie.to].contains(at)) {
                    let within = |point: &Point| {
                        step.x < point.x && point.x < step.x + WIDTH && step.y < point.y && point.y < step.y + HEIGHT
                    };
                    prop_assert!(!line.iter().any(within), "{number} is on the way");
                }
                // Along the layers it only goes on.
                let along = |point: &Point| if found.way == Way::Right { point.x } else { point.y };
                prop_assert!(line.windows(2).all(|pair| along(&pair[0]) <= along(&pair[1])));
            }
        }
    }
}
