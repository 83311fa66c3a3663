//! The table of rules, one file a rule. A rule reads the scene and pushes what it finds; none depends on another.

mod after;
mod destinations;
mod globs;
mod inside_source;
mod nested_roots;
mod no_target;
mod pairs;
mod protection;
mod recover;
mod restore_missing;
mod restore_steps;
mod retention;
mod same_place;
mod schedule;
mod source;
mod store_names;
mod waivers;
mod zones;

use super::scene::Scene;
use crate::diagnostic::{Code, Diagnostics, codes};

/// One thing that must hold between the parts of a plan.
pub(super) struct Rule {
    /// What it may find. A test holds that every code of `check`'s is found by exactly one rule.
    #[cfg_attr(not(test), expect(dead_code, reason = "read by the test that compares the tables"))]
    pub(super) codes: &'static [&'static Code],
    /// Looks.
    pub(super) run: fn(&Scene<'_>, &mut Diagnostics),
}

/// All rules.
pub(super) const RULES: &[Rule] = &[
    Rule { codes: &[&codes::plan::NO_TARGET], run: no_target::run },
    Rule { codes: &[&codes::plan::TOO_MANY_PAIRS], run: pairs::run },
    Rule { codes: &[&codes::plan::UNKNOWN_ZONE], run: zones::run },
    Rule { codes: &[&codes::plan::EXPIRED, &codes::plan::UNKNOWN_CODE, &codes::plan::NOT_WAIVABLE], run: waivers::run },
    Rule { codes: &[&codes::target::UNKNOWN_STORE], run: store_names::run },
    Rule { codes: &[&codes::target::INSIDE_SOURCE], run: inside_source::run },
    Rule { codes: &[&codes::target::SAME_PLACE], run: same_place::run },
    Rule { codes: &[&codes::target::UNPROTECTED, &codes::target::CONTRADICTION], run: protection::run },
    Rule { codes: &[&codes::target::NO_SOURCE], run: source::run },
    Rule { codes: &[&codes::target::NESTED_ROOT], run: nested_roots::run },
    Rule { codes: &[&codes::target::BAD_GLOB], run: globs::run },
    Rule { codes: &[&codes::backup::UNKNOWN_JOB, &codes::backup::ITSELF], run: after::run },
    Rule { codes: &[&codes::backup::NO_SCHEDULE], run: schedule::run },
    Rule { codes: &[&codes::backup::NO_RETENTION, &codes::backup::NO_RULE], run: retention::run },
    Rule { codes: &[&codes::restore::MISSING_RESTORE], run: restore_missing::run },
    Rule { codes: &[&codes::restore::UNKNOWN_TARGET, &codes::restore::NO_POINTS], run: recover::run },
    Rule { codes: &[&codes::restore::SAME_DESTINATION], run: destinations::run },
    Rule { codes: &[&codes::restore::NO_STEP], run: restore_steps::run },
];
