//! The drivers, put together for a command.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::people::Attendants;
use super::{Failure, Seams};
use crate::catalog::{Part, PointPlace};
use crate::drivers::{
    Cores, Disk, HostSecrets, LocalStore, Processes, RdsDatabases, Remembering, S3Address, S3Lock, S3Store, SftpTree,
    Sockets, SqliteLedger, SshAddress, SshPrograms, StateFolder, SvnPrograms, SystemClock, TemporaryTables,
};
use crate::forecast::{Forecast, HostLocation, StoreLocation};
use crate::ports::{Compute as _, Machines, StoreRead, StoreWrite, TreeRead};
use crate::primitives::{Key, Name, PathBytes};
use crate::run::Ports;
use crate::steps::{Host, Leases};

/// The reading halves of stores.
pub(super) fn reading(locations: &BTreeMap<Name, StoreLocation>) -> BTreeMap<Name, Arc<dyn StoreRead>> {
    let cache = cache_folder();
    let open = |(name, location): (&Name, &StoreLocation)| {
        let store = store(location) as Arc<dyn StoreRead>;
        // What is near is asked as fast as a file is read.
        let store = match (&cache, location) {
            (Some(cache), StoreLocation::S3(_)) => Arc::new(Remembering::new(store, cache, is_manifest)),
            _ => store,
        };
        (name.clone(), store)
    };
    locations.iter().map(open).collect()
}

/// Both halves of stores.
pub(super) fn stores(locations: &BTreeMap<Name, StoreLocation>) -> BTreeMap<Name, Arc<dyn StoreWrite>> {
    let open = |(name, location): (&Name, &StoreLocation)| (name.clone(), store(location));
    locations.iter().map(open).collect()
}

/// Both halves of everything, but for the leases, of which there are none yet.
pub(super) fn writing(forecast: &Forecast, state: &Arc<StateFolder>, seams: &Seams) -> Ports {
    Ports {
        tree: Arc::new(Disk),
        stores: stores(&forecast.stores),
        commands: Arc::new(Processes),
        hosts: forecast.hosts.iter().map(|(name, location)| (name.clone(), host(location))).collect(),
        network: Arc::new(Sockets::default()),
        people: Arc::new(Attendants::new(state)),
        subversion: Arc::new(SvnPrograms),
        databases: Arc::new(databases()),
        machines: machines(),
        reach: Arc::new(|at: &str| host(&HostLocation::by_itself(at))),
        secrets: Arc::new(HostSecrets),
        scratch: Arc::new(TemporaryTables),
        clock: Arc::new(SystemClock),
        compute: Arc::new(Cores::new()),
        journal: (seams.journal)(Arc::clone(state) as _),
        locks: Arc::clone(state) as _,
        leases: Leases::Of(BTreeMap::new()),
    }
}

/// The reading halves of other hosts.
pub(super) fn reading_hosts(locations: &BTreeMap<String, HostLocation>) -> BTreeMap<String, Arc<dyn TreeRead>> {
    let open = |(name, location): (&String, &HostLocation)| {
        (name.clone(), Arc::new(SftpTree::new(address(location))) as Arc<dyn TreeRead>)
    };
    locations.iter().map(open).collect()
}

fn host(location: &HostLocation) -> Host {
    let address = address(location);
    Host { tree: Arc::new(SftpTree::new(address.clone())), commands: Arc::new(SshPrograms::new(address)) }
}

fn address(location: &HostLocation) -> SshAddress {
    SshAddress {
        port: location.port,
        user: location.user.clone(),
        identity: location.identity.as_ref().map(PathBytes::to_path),
        host_key: location.host_key.clone(),
        ..SshAddress::new(location.address.clone())
    }
}

fn store(location: &StoreLocation) -> Arc<dyn StoreWrite> {
    match location {
        StoreLocation::Local(folder) => Arc::new(LocalStore::new(folder.to_path())),
        StoreLocation::S3(bucket) => Arc::new(S3Store::new(S3Address {
            bucket: bucket.bucket.clone(),
            region: bucket.region.clone(),
            prefix: bucket.prefix.clone(),
            endpoint: bucket.endpoint.clone(),
            storage_class: bucket.storage_class.clone(),
            kms_key: bucket.kms_key.clone(),
            lock: bucket.lock.as_ref().map(|lock| S3Lock {
                mode: lock.mode.to_uppercase(),
                lasts: lock.lasts,
                endings: Part::ALL.map(|part| part.ending().to_owned()).to_vec(),
            }),
            path_style: bucket.addressing.as_deref().map(|addressing| addressing == "path"),
            // As the header says it.
            encryption: bucket
                .encryption
                .as_deref()
                .map(|keys| if keys == "sse-s3" { "AES256" } else { "aws:kms" }.into()),
        })),
    }
}

/// This host's journals and locks.
pub(super) fn state() -> Result<Arc<StateFolder>, Failure> {
    Ok(Arc::new(StateFolder::new(state_folder()?)))
}

/// This host's ledger: in a folder of its own, so that it is plain to see what can be deleted.
pub(super) fn ledger() -> Result<SqliteLedger, Failure> {
    Ok(SqliteLedger::new(state_folder()?.join("ledger")))
}

/// The same for whoever changes nothing.
pub(super) fn ledger_looked_at() -> Result<SqliteLedger, Failure> {
    Ok(SqliteLedger::looked_at(state_folder()?.join("ledger")))
}

/// Where releases are put first that go to another host; where nothing says where state is, where it usually is.
pub(super) fn fetched() -> PathBytes {
    let usual = "/var/lib/sonae";
    PathBytes::from_path(state_folder().unwrap_or_else(|_| usual.into()).join("fetched"))
}

/// Where this host's state is: in systemd's `STATE_DIRECTORY` (systemd.exec(5)), else in `XDG_STATE_HOME/sonae` (XDG Base
/// Directory Specification), else in `~/.local/state/sonae`.
fn state_folder() -> Result<PathBuf, Failure> {
    let folder = of_systemd("STATE_DIRECTORY")
        .or_else(|| absolute("XDG_STATE_HOME").map(|home| home.join("sonae")))
        .or_else(|| absolute("HOME").map(|home| home.join(".local/state/sonae")));
    folder.ok_or_else(|| {
        Failure::error("there is no place for the run's journal: set XDG_STATE_HOME or HOME to an absolute path")
    })
}

/// Where this user keeps what can be thrown away: in systemd's `CACHE_DIRECTORY` (systemd.exec(5)), else in `XDG_CACHE_HOME/sonae`
/// (XDG Base Directory Specification), else in `~/.cache/sonae`; none where nothing says where.
fn cache_folder() -> Option<PathBuf> {
    of_systemd("CACHE_DIRECTORY")
        .or_else(|| absolute("XDG_CACHE_HOME").map(|home| home.join("sonae")))
        .or_else(|| absolute("HOME").map(|home| home.join(".cache/sonae")))
}

fn absolute(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute())
}

/// The first of a list that systemd hands over.
fn of_systemd(variable: &str) -> Option<PathBuf> {
    let first = std::env::var(variable).ok()?.split(':').next().map(PathBuf::from);
    first.filter(|path| path.is_absolute())
}

/// Manifests are never written over: `If-None-Match`.
fn is_manifest(key: &Key) -> bool {
    matches!(PointPlace::parse(key), Some((_, Part::Manifest)))
}

/// Where people find an object.
pub(super) fn place(locations: &BTreeMap<Name, StoreLocation>, store: &Name, key: &crate::primitives::Key) -> String {
    locations.get(store).map_or_else(|| key.to_string(), |location| self::store(location).place(key))
}

/// Threads for system calls that block, beside one for each core. A job has few such calls under way at a time; more threads would only
/// keep what they allocated once, each for itself.
const BLOCKING_THREADS: usize = 6;

/// The runtime that commands which reach the world run on. Whatever takes long is done by threads for that, one a core: those which hand it
/// to them are half as many, for where they are more they take the cores from those, and wake each other.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let cores = Cores::new().width();
    let mut built = tokio::runtime::Builder::new_multi_thread();
    built.enable_all().worker_threads(cores.div_ceil(2)).max_blocking_threads(cores + BLOCKING_THREADS);
    let built = built.build();
    built.map_err(|error| Failure::error(format!("cannot start: {error}")))
}

/// The provider of machines.
#[cfg(feature = "ec2")]
pub(super) fn machines() -> Arc<dyn Machines> {
    Arc::new(crate::drivers::Ec2Machines::default())
}

/// That there is none.
#[cfg(not(feature = "ec2"))]
pub(super) fn machines() -> Arc<dyn Machines> {
    Arc::new(crate::drivers::WithoutEc2)
}

/// The provider of databases.
pub(super) fn databases() -> RdsDatabases {
    RdsDatabases::default()
}
