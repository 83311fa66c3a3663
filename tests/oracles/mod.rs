//! What the compiler proves, beside what counting shows that was written from the documentation alone.
//!
//! An oracle shares no code with the compiler's calendar, retention and proofs: it reads a zone's clock minute by minute, makes every run
//! and looks at every point. `SONAE_ORACLES=100000` tries that many plans, and `SONAE_ORACLES_SEED=7` begins at another seed: a failure names the
//! seed of its plan, and shows the plan.

mod any_point;
mod apart;
mod at_once;
mod change;
mod clock;
mod custody;
mod dice;
mod kept;
mod loss;
mod rhythm;
mod seen;
mod way_back;

use sonae::prove::ProvenPlan;
use sonae::report::diagnostics::{Colour, text};

use crate::corpus::compile;

/// How many plans are tried where nobody says.
const PLANS: u64 = 2_000;

/// The zones of the plans: without changes of the clock, with changes at midnight, by half an hour, and one that left a whole day out.
const ZONES: [&str; 11] = [
    "UTC",
    "Asia/Tokyo",
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Asia/Beirut",
    "America/Santiago",
    "America/Havana",
    "Africa/Casablanca",
    "Pacific/Apia",
    "Asia/Kolkata",
];

/// Tries something with the dice of each seed, of one seed in so many where each takes long; what fails is told with its seed.
fn for_each_seed(one_in: u64, try_one: impl Fn(&mut dice::Dice)) {
    let number = |name: &str, usual: u64| std::env::var(name).map_or(usual, |text| text.parse().expect(name));
    let (first, plans) = (number("SONAE_ORACLES_SEED", 0), number("SONAE_ORACLES", PLANS).div_ceil(one_in));
    for seed in first..first + plans {
        let told = Told(seed);
        try_one(&mut dice::Dice::new(seed));
        drop(told);
    }
}

/// Brings back the target of a plan.
const BACK: &str = "restore \"t\" { recover \"t\" { into path=\"/back\"; }; }\n";

/// Compiles a plan that has no errors.
fn proven(plan: &str) -> ProvenPlan {
    let compiled = compile("plan.kdl", plan);
    let found = text(&compiled.found, &compiled.sources, Colour::Plain);
    compiled.proven.unwrap_or_else(|| panic!("{plan}\n{found}"))
}

/// Tells its seed while a test panics.
struct Told(u64);

impl Drop for Told {
    #[expect(clippy::print_stderr, reason = "whoever runs the tests has to know the seed")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("this was seed {}: SONAE_ORACLES_SEED={} SONAE_ORACLES=1 tries it again", self.0, self.0);
        }
    }
}
