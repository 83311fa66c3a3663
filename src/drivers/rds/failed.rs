//! What RDS means when it does not do as it is asked, in the words that it alone has
//! (<https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/CommonErrors.html>, and those of each action).

use aws_sdk_rds::config::http::HttpResponse;
use aws_sdk_rds::error::{ProvideErrorMetadata, SdkError};

use crate::drivers::aws::{Meaning, Service, Words};
use crate::ports::{Cause, Certainty, Fault};

const RDS: Service = Service { is_not_it: "what answers is no RDS: look at the endpoint", words: &WORDS, by_ending };

const WORDS: [Words; 8] = [
    (
        &["KMSKeyNotAccessible"],
        (
            Cause::Denied,
            Certainty::Permanent,
            "the key must be in the region where it is used, be enabled, and its policy must let this user or role use it and grant its use",
        ),
    ),
    (
        &["PointInTimeRestoreNotEnabled"],
        (Cause::Invalid, Certainty::Permanent, "its automated backups are off: set for how many days it is kept"),
    ),
    (
        &["InvalidRestore"],
        (
            Cause::Invalid,
            Certainty::Permanent,
            "it cannot be brought back so: look at the moment, and at the VPC of its subnet group",
        ),
    ),
    (
        &[
            "DBSubnetGroupNotFound",
            "DBParameterGroupNotFound",
            "DBClusterParameterGroupNotFound",
            "OptionGroupNotFound",
            "DBSecurityGroupNotFound",
            "DomainNotFound",
            "CertificateNotFound",
            "BackupPolicyNotFound",
        ],
        (Cause::Invalid, Certainty::Permanent, "name one that is in the region of the database"),
    ),
    (
        &["SnapshotQuotaExceeded"],
        (
            Cause::Full,
            Certainty::Permanent,
            "delete manual snapshots that nobody needs, or ask for a greater quota (Service Quotas, `Manual DB instance snapshots`)",
        ),
    ),
    (
        &["InstanceQuotaExceeded", "DBClusterQuotaExceeded", "StorageQuotaExceeded"],
        (
            Cause::Full,
            Certainty::Permanent,
            "delete databases that nobody needs, or ask for a greater quota (Service Quotas)",
        ),
    ),
    (
        &["InsufficientDBInstanceCapacity", "InsufficientDBClusterCapacity", "InsufficientStorageClusterCapacity"],
        (
            Cause::Other,
            Certainty::Transient,
            "the zone has no room for that class just now: wait, or take another class",
        ),
    ),
    (&["InvalidVPCNetworkState", "InvalidSubnet"], (Cause::Invalid, Certainty::Permanent, "")),
];

/// By endings that mean the same in all words.
fn by_ending(code: &str) -> Option<Meaning> {
    Some(match code {
        it if it.ends_with("NotFound") => (Cause::NotFound, Certainty::Permanent, ""),
        it if it.ends_with("AlreadyExists") => (Cause::Exists, Certainty::Permanent, ""),
        it if it.ends_with("QuotaExceeded") => (Cause::Full, Certainty::Permanent, ""),
        // In the middle of something, which ends.
        it if it.starts_with("Invalid") && it.ends_with("State") => (Cause::Busy, Certainty::Transient, ""),
        _ => return None,
    })
}

type Answer<T, E> = Result<T, SdkError<E, HttpResponse>>;

/// What a list holds: nothing, where the service says that there is no such thing.
pub(super) fn found<T, E>(action: &str, answer: Answer<Vec<T>, E>) -> Result<Vec<T>, Fault>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    RDS.found(action, answer)
}

/// A change, whose answer tells nothing that is not seen by looking.
pub(super) fn changed<T, E>(action: &str, answer: Answer<T, E>) -> Result<(), Fault>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    RDS.changed(action, answer).map(drop)
}

/// A deletion, which is also done where nothing is there.
pub(super) fn deleted<T, E>(action: &str, answer: Answer<T, E>) -> Result<(), Fault>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    RDS.deleted(action, answer)
}
