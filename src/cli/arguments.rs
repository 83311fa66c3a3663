//! The command line's words.

use std::ffi::OsString;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::primitives::Duration;

/// Backup-and-recovery plans: checked, proven, forecast, carried out, and restored from.
#[derive(Debug, Parser)]
#[command(name = "sonae", version, about, max_term_width = 100, after_help = AFTER_HELP)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: CommandWord,
}

const AFTER_HELP: &str = "\
Exit status:
    0  all well
    1  an error, before anything was changed; or errors in the plan
    2  there is something to do (--dry-run --detailed-exitcode), or something differs (`diff`)
    3  a weakening of the plan that no waiver accepts (`diff`)
    4  some steps failed
    5  done, but some source files could not be read whole
    6  somebody should look: a guard suspended deletions, or `status` or `rehearse` found something
   11  another run holds the lock or the lease
   64  wrong usage
   75  waiting for a person or a later time
  130  interrupted; go on with `sonae resume`";

#[derive(Debug, Subcommand)]
pub(super) enum CommandWord {
    /// Write a first plan that works at once
    Init {
        /// The file to write; never over one that is there
        #[arg(default_value = "sonae.kdl")]
        file: PathBuf,
    },
    /// Say every problem of plans, and prove what they promise
    Check {
        /// The plans; a file that a plan includes is checked with that plan
        #[arg(required = true)]
        plans: Vec<PathBuf>,
        /// Count warnings as errors, too
        #[arg(long, value_name = "WHAT")]
        deny: Option<Deny>,
        /// Check as of this time: waivers expire [default: now]
        #[arg(long, value_name = "TIME")]
        now: Option<String>,
        /// For people, for programs, for code scanning (SARIF 2.1.0), or as workflow commands of GitHub
        #[arg(long, value_enum, default_value_t = CheckForm::Text)]
        format: CheckForm,
    },
    /// Write plans in their canonical form; comments and meaning stay
    Fmt {
        /// The plans, and files that plans include; `-` is standard input, whose form is written to standard output
        #[arg(required = true)]
        plans: Vec<PathBuf>,
        /// Write nothing: show what differs, and exit with 1 where anything does
        #[arg(long)]
        check: bool,
    },
    /// Write compiled plans beside the plans, for review; `run --accepted` refuses another
    Accept {
        /// The plans
        #[arg(required = true)]
        plans: Vec<PathBuf>,
        /// Write nothing: show what differs from what was accepted, and exit with 1 where anything does
        #[arg(long)]
        check: bool,
    },
    /// Back up: the jobs that are named, all, or what is due
    Run(RunArguments),
    /// List recovery points, of every host
    Points {
        /// The plan
        plan: PathBuf,
        /// The jobs, as target/backup [default: all]
        jobs: Vec<String>,
        /// Those that were deleted and that a store with versions still hides, with what brings each back
        #[arg(long)]
        deleted: bool,
        #[command(flatten)]
        format: Format,
    },
    /// Carry out a restore: beside what is there, never over it
    Restore(RestoreArguments),
    /// Show with --dry-run how recovery points would be looked at; this version does not look
    Verify(ShownArguments),
    /// Show with --dry-run how restores would be practised; this version does not practise
    Drill(ShownArguments),
    /// Show with --dry-run how a notice would be published; this version does not publish
    Announce(ShownArguments),
    /// Give the word that a step of a restore waits for; without a run, list what waits
    Approve(ApproveArguments),
    /// Go on with a run that was killed or interrupted, or waited for a person
    Resume {
        /// The run; without one, the only one that can be resumed
        run: Option<String>,
        /// Run the program of this step again, of which nobody knows whether it was run to its end
        #[arg(long, value_name = "STEP")]
        again: Vec<String>,
        /// Take that step as done: somebody looked
        #[arg(long, value_name = "STEP")]
        done: Vec<String>,
        #[command(flatten)]
        wait: Wait,
        #[command(flatten)]
        pace: Pace,
    },
    /// Take back what a restore put into service: its links and switched places go back to what was there; nothing is deleted
    RollBack(RollBackArguments),
    /// Show the leases of a plan's stores, or break the one of a run that is dead
    Unlock(UnlockArguments),
    /// Say how each job stands: its last good point and run, when it is due, and what is late
    Status(StatusArguments),
    /// Say what a change of a plan means: what it weakens, what it deletes, what it strengthens
    Diff(DiffArguments),
    /// Show which recovery points there are when, and what can be recovered, from the plan alone
    Timeline(TimelineArguments),
    /// List the runs of this host, the newest first
    History(HistoryArguments),
    /// Print what others need to know of a plan: the policies that AWS is to hold
    Export {
        #[command(subcommand)]
        what: ExportWord,
    },
    /// Rehearse a plan in a simulated world where everything goes wrong that can: which promises hold, and how one breaks
    Rehearse(RehearseArguments),
    /// Show the page of a diagnostic
    Explain {
        /// Its code, as in sonae::rpo::broken; without one, all codes are listed
        code: Option<String>,
    },
    /// Write a completion script for a shell to standard output
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// What `export` prints.
#[derive(Debug, Subcommand)]
pub(super) enum ExportWord {
    /// The least policy of AWS IAM by which the plan can be carried out
    Iam {
        /// The plan
        plan: PathBuf,
        /// What somebody does who gets it
        #[arg(value_enum)]
        purpose: IamPurpose,
        /// The AWS account's 12 digits [default: any account]
        #[arg(long, value_name = "NUMBER")]
        account: Option<String>,
    },
    /// The policy of a store's bucket: manifests are written once, and who writes deletes no recovery point
    BucketPolicy {
        /// The plan
        plan: PathBuf,
        /// The store
        store: String,
    },
}

/// What somebody does who gets a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum IamPurpose {
    /// Look: dry runs, points, status; and bring files back
    Read,
    /// Back up; delete no recovery point
    Write,
    /// Delete what retention lets go
    Prune,
    /// Bring databases back and put them into service, and launch machines
    Restore,
}

#[derive(Debug, Args)]
pub(super) struct ApproveArguments {
    /// The run that waits
    pub(super) run: Option<String>,
    /// The step that waits; without one, the only one of the run
    pub(super) step: Option<String>,
    /// Why; asked for at the terminal where it is not given
    #[arg(long, value_name = "TEXT", requires = "run")]
    pub(super) reason: Option<String>,
    /// Say no: the step fails, and what needs it is not done
    #[arg(long, requires = "run")]
    pub(super) no: bool,
}

#[derive(Debug, Args)]
pub(super) struct RunArguments {
    /// The plan
    pub(super) plan: PathBuf,
    /// The jobs, as target/backup
    #[arg(required_unless_present_any = ["all", "due"], conflicts_with_all = ["all", "due"])]
    pub(super) jobs: Vec<String>,
    /// Every job of the plan
    #[arg(long, conflicts_with = "due")]
    pub(super) all: bool,
    /// The jobs that are due by their schedules; one line in cron, every few minutes, is enough
    #[arg(long, conflicts_with = "offline")]
    pub(super) due: bool,
    /// Refuse a plan that is not the one that `sonae accept` wrote beside it
    #[arg(long)]
    pub(super) accepted: bool,
    /// Take recovery points that are much smaller than before for what is meant, so that they suspend no deletion
    #[arg(long, conflicts_with_all = ["all", "due"])]
    pub(super) accept_shrink: bool,
    /// Take all deletions of this run for what is meant, however many they are, so that their number suspends none
    #[arg(long, conflicts_with_all = ["all", "due"])]
    pub(super) accept_deletions: bool,
    /// Begin no further backup once a step has failed for good; those that were begun go on to their end
    #[arg(long, conflicts_with = "due")]
    pub(super) fail_fast: bool,
    /// Where another run is at work on the same, wait so long for it, as in 90s or 10m
    #[arg(long, value_name = "DURATION", value_parser = duration, conflicts_with_all = ["due", "dry_run"])]
    pub(super) lock_wait: Option<Duration>,
    #[command(flatten)]
    pub(super) dry: Dry,
    /// For people, for programs, or with --dry-run as a page for a browser, or its graph in Mermaid or in Graphviz' DOT
    #[arg(long, value_enum, default_value_t = RunForm::Text)]
    pub(super) format: RunForm,
    #[command(flatten)]
    pub(super) pace: Pace,
    /// The name of this host in recovery points [default: its host name]
    #[arg(long, value_name = "NAME")]
    pub(super) host: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct RestoreArguments {
    /// The plan
    pub(super) plan: PathBuf,
    /// The restore's name in the plan
    pub(super) name: String,
    /// Take the newest points whose data is of this time or before: "2026-03-01 05:30" in the plan's zone, or with an offset
    #[arg(long, value_name = "TIME", conflicts_with = "point")]
    pub(super) at: Option<String>,
    /// Take this recovery point, as `sonae points` lists it
    #[arg(long, value_name = "POINT")]
    pub(super) point: Option<String>,
    /// Restore only this path, and what is below it: absolute as it was backed up, or relative to the only root
    #[arg(long, value_name = "PATH")]
    pub(super) path: Option<OsString>,
    /// Restore into this folder instead of the plan's; it must not exist
    #[arg(long, value_name = "FOLDER")]
    pub(super) into: Option<PathBuf>,
    /// Take the points of another host
    #[arg(long, value_name = "NAME")]
    pub(super) from_host: Option<String>,
    /// Launch machines also from images that are older than the plan's `max-age`
    #[arg(long)]
    pub(super) accept_old_image: bool,
    /// Where another run is at work on the same, wait so long for it, as in 90s or 10m
    #[arg(long, value_name = "DURATION", value_parser = duration, conflicts_with = "dry_run")]
    pub(super) lock_wait: Option<Duration>,
    #[command(flatten)]
    pub(super) dry: Dry,
    /// For people, for programs, or with --dry-run as a page of text, a page for a browser, or its graph in Mermaid or in Graphviz' DOT
    #[arg(long, value_enum, default_value_t = RestoreForm::Text)]
    pub(super) format: RestoreForm,
    #[command(flatten)]
    pub(super) pace: Pace,
}

#[derive(Debug, Args)]
pub(super) struct ShownArguments {
    /// The plan
    pub(super) plan: PathBuf,
    /// Its name in the plan
    pub(super) name: String,
    #[command(flatten)]
    pub(super) dry: Dry,
    #[command(flatten)]
    pub(super) format: Format,
}

#[derive(Debug, Args)]
pub(super) struct Wait {
    /// Where another run is at work on the same, wait so long for it, as in 90s or 10m
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(super) lock_wait: Option<Duration>,
}

fn duration(text: &str) -> Result<Duration, String> {
    Duration::parse(text).map_err(|bad| format!("{}; {}", bad.problem, bad.help))
}

#[derive(Debug, Args)]
pub(super) struct RollBackArguments {
    /// The run of the restore, as its summary names it
    pub(super) run: String,
    /// Print what would be taken back, and stop; nothing is changed
    #[arg(long)]
    pub(super) dry_run: bool,
    /// With --dry-run: exit with 2 where there is something to do
    #[arg(long, requires = "dry_run")]
    pub(super) detailed_exitcode: bool,
    #[command(flatten)]
    pub(super) wait: Wait,
    #[command(flatten)]
    pub(super) pace: Pace,
    #[command(flatten)]
    pub(super) format: Format,
}

#[derive(Debug, Args)]
pub(super) struct UnlockArguments {
    /// The plan
    pub(super) plan: PathBuf,
    /// The jobs, as target/backup [default: all]
    pub(super) jobs: Vec<String>,
    /// Break the leases of this run; without it, they are only shown
    #[arg(long, value_name = "RUN")]
    pub(super) run: Option<String>,
    /// Break them although they have not run out: when you know that the run is dead
    #[arg(long, requires = "run")]
    pub(super) force: bool,
    /// Say what would be broken, and break nothing
    #[arg(long, requires = "run")]
    pub(super) dry_run: bool,
    #[command(flatten)]
    pub(super) format: Format,
}

#[derive(Debug, Args)]
pub(super) struct StatusArguments {
    /// The plan
    pub(super) plan: PathBuf,
    /// The jobs, as target/backup [default: all]
    pub(super) jobs: Vec<String>,
    /// Ask no store: tell what this host remembers of its points
    #[arg(long)]
    pub(super) offline: bool,
    /// One line, and an exit status from 0 to 3, as monitoring plugins have them
    #[arg(long, conflicts_with = "format")]
    pub(super) nagios: bool,
    /// As of this time [default: now]
    #[arg(long, value_name = "TIME")]
    pub(super) now: Option<String>,
    /// The host that the points are of [default: this one's name]
    #[arg(long, value_name = "NAME")]
    pub(super) host: Option<String>,
    #[command(flatten)]
    pub(super) page: PageFormat,
}

#[derive(Debug, Args)]
pub(super) struct DiffArguments {
    /// The older plan: a file or a folder, or git:REV for the other side's as that commit has it, or git:REV:PATH
    #[arg(value_name = "OLD")]
    pub(super) old: String,
    /// The newer plan, named in the same ways
    #[arg(value_name = "NEW")]
    pub(super) new: String,
    /// As if the newer plan were put into use at this time: waivers expire, recovery points are there [default: now]
    #[arg(long, value_name = "TIME")]
    pub(super) now: Option<String>,
    /// Ask the newer plan's stores, and the provider of its databases, which recovery points there are, and count those that go
    #[arg(long)]
    pub(super) live: bool,
    /// Write it in the chosen form to this file, and print it for people all the same
    #[arg(long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// For people, for a comment of a pull request, for programs, for code scanning (SARIF 2.1.0), as workflow commands of GitHub, or as a page for a browser
    #[arg(long, value_enum, default_value_t = DiffForm::Text)]
    pub(super) format: DiffForm,
}

/// The forms of `diff`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum DiffForm {
    Text,
    Markdown,
    Json,
    Sarif,
    Github,
    Html,
}

#[derive(Debug, Args)]
pub(super) struct TimelineArguments {
    /// The plan
    pub(super) plan: PathBuf,
    /// From this time: "2026-03-01" or "2026-03-01 05:30" in the plan's zone, or with an offset [default: today]
    #[arg(long, value_name = "TIME")]
    pub(super) from: Option<String>,
    /// To this time [default: 31 days after the first]
    #[arg(long, value_name = "TIME")]
    pub(super) to: Option<String>,
    /// Say what can be recovered at this time, too
    #[arg(long, value_name = "TIME")]
    pub(super) at: Option<String>,
    /// The plan began at this time [default: it was always there]
    #[arg(long, value_name = "TIME")]
    pub(super) since: Option<String>,
    /// Only these targets
    #[arg(long, value_name = "NAME", num_args = 1..)]
    pub(super) target: Vec<String>,
    /// Only what this host backs up
    #[arg(long, value_name = "NAME")]
    pub(super) host: Option<String>,
    /// Today is the day of this time [default: now]
    #[arg(long, value_name = "TIME")]
    pub(super) now: Option<String>,
    /// Compare with an older plan: which points are lost and gained
    #[arg(long, value_name = "OLD")]
    pub(super) compare: Option<PathBuf>,
    /// For people, for a page, for programs, as a picture, or as a page for a browser
    #[arg(long, value_enum, default_value_t = TimelineForm::Text)]
    pub(super) format: TimelineForm,
}

/// The forms of `timeline`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum TimelineForm {
    Text,
    Markdown,
    Json,
    Svg,
    Html,
}

#[derive(Debug, Args)]
pub(super) struct RehearseArguments {
    /// The plan
    pub(super) plan: PathBuf,
    /// How many seeds: each is another weather
    #[arg(long, value_name = "SEEDS", default_value = "200", conflicts_with = "seed")]
    pub(super) seeds: NonZeroU32,
    /// Replay this seed alone, and tell its story
    #[arg(long, value_name = "SEED")]
    pub(super) seed: Option<u64>,
    #[command(flatten)]
    pub(super) page: PageFormat,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct HistoryArguments {
    #[command(subcommand)]
    pub(super) word: Option<HistoryWord>,
    /// Only runs of this job, as target/backup
    #[arg(long, value_name = "JOB")]
    pub(super) job: Option<String>,
    /// Only runs that began then or later: "2026-03-01 05:30" in UTC, or with an offset
    #[arg(long, value_name = "TIME")]
    pub(super) since: Option<String>,
    /// No more than so many
    #[arg(long, value_name = "RUNS", default_value = "20")]
    pub(super) limit: NonZeroUsize,
    #[command(flatten)]
    pub(super) page: PageFormat,
}

#[derive(Debug, Subcommand)]
pub(super) enum HistoryWord {
    /// Show the steps of a run, what went wrong, and the recovery points that it made and deleted
    Show {
        /// The run
        run: String,
        #[command(flatten)]
        page: ReportFormat,
    },
}

#[derive(Debug, Args)]
pub(super) struct PageFormat {
    /// For people, for a page, or for programs
    #[arg(long, value_enum, default_value_t = Page::Text)]
    pub(super) format: Page,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Page {
    Text,
    Markdown,
    Json,
}

#[derive(Debug, Args)]
pub(super) struct ReportFormat {
    /// For people, for a page of text, for programs, or as a page for a browser
    #[arg(long, value_enum, default_value_t = ReportForm::Text)]
    pub(super) format: ReportForm,
}

/// The forms of what is looked at in a browser as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ReportForm {
    Text,
    Markdown,
    Json,
    Html,
}

/// The forms of `restore`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum RestoreForm {
    Text,
    Markdown,
    Json,
    Html,
    Mermaid,
    Dot,
}

#[derive(Debug, Args)]
pub(super) struct Dry {
    /// Print what would happen, and stop; nothing is changed
    #[arg(long)]
    pub(super) dry_run: bool,
    /// With --dry-run: exit with 2 where there is something to do
    #[arg(long, requires = "dry_run")]
    pub(super) detailed_exitcode: bool,
    /// With --dry-run: ask neither sources nor stores, and show what the plan alone says
    #[arg(long, requires = "dry_run")]
    pub(super) offline: bool,
    /// With --dry-run: as of this time
    #[arg(long, value_name = "TIME", requires = "dry_run")]
    pub(super) now: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Pace {
    /// How many steps run side by side
    #[arg(long, value_name = "STEPS", default_value_t = NonZeroUsize::MIN.saturating_add(Pace::SIDE_BY_SIDE - 1))]
    pub(super) side_by_side: NonZeroUsize,
    /// Say nothing while it runs, and nothing at its end where all is well
    #[arg(long, short)]
    pub(super) quiet: bool,
}

impl Pace {
    /// How many steps run side by side where nothing is said.
    pub(super) const SIDE_BY_SIDE: usize = 2;
}

#[derive(Debug, Args)]
pub(super) struct Format {
    /// For people, or for programs
    #[arg(long, value_enum, default_value_t = Form::Text)]
    pub(super) format: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    Text,
    Json,
}

/// The forms of `run`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum RunForm {
    Text,
    Json,
    Html,
    Mermaid,
    Dot,
}

/// The forms of `check`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum CheckForm {
    Text,
    Json,
    Sarif,
    Github,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Deny {
    Warnings,
}
