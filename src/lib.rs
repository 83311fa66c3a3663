//! *sonae* (備え, "being prepared"): a declarative backup-and-recovery plan compiler and executor.
//!
//! A guided tour, in the order in which a plan goes through it; each stage changes the type:
//!
//! - [`syntax`] reads KDL text into a document, [`lower`] makes a typed [`plan`] of it, [`check`] holds the rules against it;
//! - [`graph`] compiles it to steps, [`prove`] proves what it promises;
//! - [`timeline`] says which recovery points there are when, before there is any data;
//! - [`due`] says which backups it is time for;
//! - [`diff`] says what a change of a plan means for all of these;
//! - [`observe`] asks the world, by reading [`ports`] only; [`forecast`] says what would happen: the dry run;
//! - [`run`] carries a forecast out, [`steps`] does each step, [`ledger`] indexes what was done, [`report`] says it to people;
//! - [`rehearse`] carries forecasts out in a simulated world where everything goes wrong that can;
//! - [`cli`] is the command line; [`drivers`] are the real world and [`fakes`] a simulated one.

pub mod archive;
pub mod calendar;
pub mod catalog;
pub mod check;
pub mod cli;
pub mod diagnostic;
pub mod diff;
pub mod drivers;
pub mod due;
pub mod fakes;
pub mod forecast;
pub mod graph;
pub mod ledger;
pub mod lower;
pub mod observe;
pub mod plan;
pub mod ports;
pub mod primitives;
pub mod prove;
pub mod rehearse;
pub mod report;
pub mod retention;
pub mod run;
pub mod steps;
pub mod syntax;
pub mod timeline;
