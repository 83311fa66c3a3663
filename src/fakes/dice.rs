//! Numbers that look random, and are the same for the same seed.

/// A row of numbers that a seed and a name give: rows of other names are of other numbers, so that what is drawn from one does not
/// change what is drawn from another.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// The row of that name.
    pub fn new(seed: u64, name: &str) -> Self {
        Self(mix(seed, &[name.as_bytes()]))
    }

    /// The next number, below `limit`; 0 where that is 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        // SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        scatter(self.0).checked_rem(limit).unwrap_or(0)
    }

    /// Whether one in so many comes.
    pub fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }

    /// One of several.
    ///
    /// # Panics
    /// Where there is none.
    pub fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        let at = self.below(all.len() as u64);
        all[usize::try_from(at).unwrap_or(0)]
    }
}

/// A number of a seed and texts: FNV-1a over them, then scattered.
pub(super) fn mix(seed: u64, texts: &[&[u8]]) -> u64 {
    let byte = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    let text = |hash: u64, text: &&[u8]| text.iter().chain(&[0xff]).fold(hash, byte);
    scatter(texts.iter().fold(scatter(seed) ^ 0xcbf2_9ce4_8422_2325, text))
}

/// The finish of SplitMix64: each bit of the answer depends on all bits.
fn scatter(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_the_same_for_the_same_seed_and_name_alone() {
        let row = |seed, name| {
            let mut dice = Dice::new(seed, name);
            (0..200).map(|_| dice.below(1_000)).collect::<Vec<_>>()
        };
        assert_eq!(row(1, "store"), row(1, "store"));
        assert_ne!(row(1, "store"), row(2, "store"));
        assert_ne!(row(1, "store"), row(1, "tree"));
        assert_eq!(Dice::new(1, "").below(0), 0);
        let of_ten: std::collections::BTreeSet<u64> = row(3, "all").into_iter().map(|number| number % 10).collect();
        assert_eq!(of_ten.len(), 10, "each comes");
    }
}
