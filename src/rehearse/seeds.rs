//! Many seeds, side by side.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;

/// Lives through seeds on so many threads, and tells of each as it is over, in whatever order that is. Where `stop` becomes true, those that
/// were begun end, and no further one begins.
pub fn each<T: Send>(
    seeds: Range<u64>,
    width: usize,
    stop: &AtomicBool,
    live: impl Fn(u64) -> T + Sync,
    mut tell: impl FnMut(T),
) {
    let next = AtomicU64::new(seeds.start);
    let (sender, lived) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..width.max(1) {
            let (sender, next, live) = (sender.clone(), &next, &live);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    // Nobody listens any more where what is told panicked.
                    if seed >= seeds.end || sender.send(live(seed)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        lived.iter().for_each(&mut tell);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_seed_is_told_once_until_somebody_stops_it() {
        let stop = AtomicBool::new(false);
        let mut told = vec![];
        each(5..25, 3, &stop, |seed| seed, |seed| told.push(seed));
        told.sort_unstable();
        assert_eq!(told, (5..25).collect::<Vec<_>>());
        let mut count = 0;
        each(
            0..1_000_000_000,
            2,
            &stop,
            |seed| seed,
            |_| {
                count += 1;
                stop.store(count >= 10, Ordering::Relaxed);
            },
        );
        assert!(count >= 10);
    }
}
