//! Numbers from a seed.

/// Steele, Lea and Flood's SplitMix64: the same numbers from the same seed on every machine.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        let mut dice = Self(seed);
        // Seeds that follow each other begin far apart.
        Self(dice.next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From `least` to `most`, both among them.
    pub(crate) fn between(&mut self, least: i64, most: i64) -> i64 {
        let many = u64::try_from(most - least + 1).expect("the least is not above the most");
        least + i64::try_from(self.next() % many).expect("less than it was")
    }

    pub(crate) fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.between(0, all.len() as i64 - 1)).expect("a place")]
    }

    /// One time out of so many.
    pub(crate) fn one_in(&mut self, many: i64) -> bool {
        self.between(1, many) == 1
    }
}
