//! Checks of the real program on real files, with other people's tools as judges: each of them needs a tool or a right
//! that a machine may lack.
//!
//! What is missing is said, and its check skipped; with `SONAE_SERVICES=required` it is a failure. `SONAE_SERVICES=tools`
//! fails for missing tools and skips what the kernel (or a container) forbids. `tests/all` installs the tools.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests set the real world up, and look at it past the ports"
)]
#![expect(
    clippy::print_stderr,
    reason = "what was skipped, and where runs were killed, is said to whoever runs the tests"
)]

mod bare_host;
mod child;
mod chromium;
mod conformance;
mod cut;
mod damage;
mod database_iam;
mod database_kills;
mod database_refusals;
mod databases;
mod diagrams;
mod dry_run;
mod due;
mod durability;
mod estate;
mod forge;
mod full_disk;
mod hostile;
mod interrupts;
mod journal_kills;
#[path = "../../benches/archives/launch.rs"]
mod launch;
mod leases;
mod leftovers;
mod locks;
mod machines;
mod mariadb;
mod memory;
mod moto;
mod mounts;
mod nasty;
mod needs;
mod night;
mod noise;
mod pages;
mod pins;
mod programs;
mod races;
mod random_kills;
mod rds;
mod refusals;
mod retention_peers;
mod rollbacks;
mod round_trip;
mod s3;
mod s3_iam;
mod s3_kept;
mod s3_leftovers;
mod s3_refusals;
mod scene;
mod screen;
mod slow_moto;
mod sql;
mod ssh;
mod sshd;
mod strangers;
mod svn;
mod tools;
mod tree;
mod unreadable;
mod whole_night;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

use needs::{Need, Strictness};

/// One check: a sentence, what it needs, and what it does. It fails by panicking.
struct Check {
    name: &'static str,
    needs: &'static [Need],
    run: fn(),
}

fn checks() -> impl Iterator<Item = &'static Check> {
    [
        round_trip::CHECKS,
        unreadable::CHECKS,
        retention_peers::CHECKS,
        strangers::CHECKS,
        dry_run::CHECKS,
        journal_kills::CHECKS,
        random_kills::CHECKS,
        races::CHECKS,
        interrupts::CHECKS,
        locks::CHECKS,
        leases::CHECKS,
        due::CHECKS,
        durability::CHECKS,
        full_disk::CHECKS,
        mounts::CHECKS,
        damage::CHECKS,
        hostile::CHECKS,
        bare_host::CHECKS,
        memory::CHECKS,
        tools::CHECKS,
        ssh::CHECKS,
        night::CHECKS,
        rollbacks::CHECKS,
        svn::CHECKS,
        whole_night::CHECKS,
        pins::CHECKS,
        programs::CHECKS,
        sql::CHECKS,
        refusals::CHECKS,
        s3::CHECKS,
        s3_kept::CHECKS,
        s3_iam::CHECKS,
        s3_leftovers::CHECKS,
        rds::CHECKS,
        s3_refusals::CHECKS,
        databases::CHECKS,
        database_kills::CHECKS,
        database_iam::CHECKS,
        database_refusals::CHECKS,
        machines::CHECKS,
        pages::CHECKS,
        diagrams::CHECKS,
    ]
    .into_iter()
    .flatten()
}

fn main() -> ExitCode {
    if let Some(status) = child::if_asked().or_else(launch::if_asked) {
        return status;
    }
    let arguments = Arguments::from_args();
    let strictness = Strictness::of_the_environment();
    let mut skipped = vec![];
    let mut trials = vec![];
    for check in checks() {
        let missing: Vec<&Need> = check.needs.iter().filter(|need| need.is_missing()).collect();
        let what = missing.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ");
        let fails = missing.iter().any(|need| strictness.demands(need));
        let trial = match (missing.is_empty(), fails) {
            (true, _) => Trial::test(check.name, || {
                (check.run)();
                Ok(())
            }),
            (false, true) => Trial::test(check.name, move || Err(format!("it needs {what}").into())),
            (false, false) => {
                skipped.push(format!("skipped: {}: needs {what}", check.name));
                Trial::test(check.name, || Ok(())).with_ignored_flag(true)
            }
        };
        trials.push(trial);
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    if !arguments.list {
        skipped.iter().for_each(|line| eprintln!("{line}"));
    }
    conclusion.exit_code()
}
