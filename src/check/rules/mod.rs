//! The table of rules, one file a rule. A rule reads the scene and pushes what it finds; none depends on another.

mod after;
mod announces;
mod clock_changes;
mod copies;
mod destinations;
mod globs;
mod hosts;
mod inside_source;
mod keys;
mod kms_keys;
mod live_destinations;
mod nested_roots;
mod nested_stores;
mod no_target;
mod notices;
mod object_locks;
mod outputs;
mod pairs;
mod protection;
mod rds;
mod recover;
mod restore_missing;
mod restore_names;
mod restore_steps;
mod retention;
mod retention_gap;
mod roles;
mod same_place;
mod schedule;
mod selected;
mod selections;
mod short_months;
mod source;
mod step_targets;
mod storage_classes;
mod store_access;
mod store_names;
mod store_unused;
mod unused_templates;
mod waivers;
mod ways;
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
    Rule { codes: &[&codes::template::UNUSED], run: unused_templates::run },
    Rule { codes: &[&codes::target::UNKNOWN_STORE], run: store_names::run },
    Rule { codes: &[&codes::target::INSIDE_SOURCE], run: inside_source::run },
    Rule { codes: &[&codes::target::SAME_PLACE], run: same_place::run },
    Rule { codes: &[&codes::store::NESTED], run: nested_stores::run },
    Rule { codes: &[&codes::store::UNUSED], run: store_unused::run },
    Rule { codes: &[&codes::store::NO_ACCESS], run: store_access::run },
    Rule {
        codes: &[&codes::store::UNKNOWN_CLASS, &codes::store::NO_RETRIEVAL, &codes::store::NEEDLESS_RETRIEVAL],
        run: storage_classes::run,
    },
    Rule { codes: &[&codes::store::NEEDLESS_KEY], run: kms_keys::run },
    Rule { codes: &[&codes::store::HALF_A_LOCK], run: object_locks::run },
    Rule { codes: &[&codes::target::UNPROTECTED, &codes::target::CONTRADICTION], run: protection::run },
    Rule { codes: &[&codes::target::NO_SOURCE], run: source::run },
    Rule { codes: &[&codes::target::NESTED_ROOT], run: nested_roots::run },
    Rule { codes: &[&codes::target::BAD_GLOB], run: globs::run },
    Rule { codes: &[&codes::backup::UNKNOWN_JOB, &codes::backup::ITSELF], run: after::run },
    Rule { codes: &[&codes::backup::NO_SCHEDULE], run: schedule::run },
    Rule { codes: &[&codes::backup::CLOCK_CHANGE], run: clock_changes::run },
    Rule { codes: &[&codes::backup::SHORT_MONTH], run: short_months::run },
    Rule { codes: &[&codes::backup::NO_RETENTION, &codes::backup::NO_RULE], run: retention::run },
    Rule { codes: &[&codes::backup::TOO_SHORT], run: retention_gap::run },
    Rule { codes: &[&codes::restore::MISSING_RESTORE], run: restore_missing::run },
    Rule { codes: &[&codes::restore::UNKNOWN_TARGET, &codes::restore::NO_POINTS], run: recover::run },
    Rule { codes: &[&codes::restore::SAME_DESTINATION], run: destinations::run },
    Rule { codes: &[&codes::restore::OVER_SOURCE, &codes::restore::INSIDE_SOURCE], run: live_destinations::run },
    Rule { codes: &[&codes::restore::NO_STEP], run: restore_steps::run },
    Rule { codes: &[&codes::people::UNKNOWN_ROLE, &codes::people::EMPTY_ROLE], run: roles::run },
    Rule { codes: &[&codes::people::UNUSED_ROLE], run: roles::unused },
    Rule {
        codes: &[&codes::people::UNKNOWN_HOST, &codes::people::NO_HOSTS, &codes::people::STRAY_HOSTS],
        run: hosts::run,
    },
    Rule { codes: &[&codes::people::NOBODY_TOLD, &codes::people::NO_DEAD_MAN], run: notices::run },
    Rule { codes: &[&codes::people::UNKNOWN_ANNOUNCE], run: announces::run },
    Rule { codes: &[&codes::way::WRONG_WAY, &codes::way::NO_DUMP], run: ways::run },
    Rule { codes: &[&codes::way::NO_DAYS, &codes::way::LEAVES_FOLDER, &codes::way::PER_DAY], run: selections::run },
    Rule { codes: &[&codes::way::RDS_RETENTION], run: rds::run },
    Rule { codes: &[&codes::way::ONE_KEY], run: keys::run },
    Rule { codes: &[&codes::way::SAME_STORE], run: copies::run },
    Rule { codes: &[&codes::way::IN_THE_CLEAR], run: copies::in_the_clear },
    Rule { codes: &[&codes::people::UNREACHED], run: hosts::unreached },
    Rule { codes: &[&codes::step::WRONG_TARGET, &codes::step::WRONG_DESTINATION], run: step_targets::run },
    Rule {
        codes: &[
            &codes::step::NOTHING_TO_SWITCH,
            &codes::step::UNKNOWN_OUTPUT,
            &codes::step::NOT_YIELDED,
            &codes::step::WRONG_OUTPUT,
            &codes::step::AMBIGUOUS_OUTPUT,
        ],
        run: outputs::run,
    },
    Rule { codes: &[&codes::watch::UNKNOWN_SELECTED, &codes::watch::NOTHING_SELECTED], run: selected::run },
    Rule { codes: &[&codes::watch::UNKNOWN_RESTORE], run: restore_names::run },
];
