//! The ports on real things: the disk, a store that is a folder, the local record of runs, programs, other hosts by SSH, what others serve,
//! databases of Amazon RDS, machines of Amazon EC2, repositories, secrets, the clock.
//!
//! Unaware of plans, steps and runs: a driver does the one call it is asked for and says how it went. Invariants: nothing is
//! created before the first writing call, so that whoever only reads changes nothing, but for what is remembered in a cache of the user's own; what is created is readable by its
//! owner alone; a blocking system call is never made on a thread of the executor.

mod aws;
mod beneath;
mod blocking;
mod clock;
mod cores;
mod disk;
mod durable;
#[cfg(feature = "ec2")]
mod ec2;
mod group;
mod ledger;
mod local_store;
mod network;
mod process;
mod rds;
mod remembered;
mod replace;
mod s3;
mod scratch;
mod secrets;
mod smallest;
mod sql;
mod ssh;
mod state;
mod subversion;
mod tail;
mod teletype;
mod users;
mod without_ec2;
mod words;

pub use aws::AwsAddress;
pub use clock::SystemClock;
pub use cores::Cores;
pub use disk::Disk;
#[cfg(feature = "ec2")]
pub use ec2::Ec2Machines;
pub use ledger::SqliteLedger;
pub use local_store::LocalStore;
pub use network::Sockets;
pub use process::Processes;
pub use rds::RdsDatabases;
pub use remembered::Remembering;
pub use replace::replace;
pub use s3::{S3Address, S3Lock, S3Store};
pub use scratch::TemporaryTables;
pub use secrets::HostSecrets;
pub use ssh::{SftpTree, SshAddress, SshPrograms};
pub use state::StateFolder;
pub use subversion::SvnPrograms;
pub use teletype::{Asking, Teletype};
pub use without_ec2::WithoutEc2;
