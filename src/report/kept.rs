//! What a store keeps of what is deleted, as people read it.

use crate::ports::{HiddenEnds, Keeping, ObjectLocks};
use crate::primitives::Duration;

/// What stays of what is deleted, where something may. `lock` is how long the plan locks what is put there.
pub(super) fn stays(keeping: &Keeping, lock: Option<Duration>) -> Vec<String> {
    let versions = match keeping {
        Keeping::Gone => return vec![],
        Keeping::Unknown(fault) => {
            return vec![format!("whether it is gone then, or stays hidden and is paid for, is not known: {fault}")];
        }
        Keeping::Hidden(versions) => versions,
    };
    let of = if versions.suspended { "what was put while the bucket kept versions" } else { "it" };
    let stays = format!("the bucket keeps versions: {of} is only hidden, stays and is paid for");
    let ends = match &versions.ends {
        HiddenEnds::AfterDays(days) => {
            vec![format!("{stays}, until a lifecycle rule ends it {days}d later")]
        }
        HiddenEnds::Never => vec![
            format!("{stays}, for good: no lifecycle rule ends it"),
            "set one that does (NoncurrentVersionExpiration), with `aws s3api put-bucket-lifecycle-configuration`"
                .into(),
        ],
        HiddenEnds::Unknown(fault) => vec![format!("{stays}; whether a lifecycle rule ends it is not known: {fault}")],
    };
    let default = match &versions.locks {
        ObjectLocks::On { default } => *default,
        ObjectLocks::Off | ObjectLocks::Unknown(_) => None,
    };
    let lock =
        lock.or(default).map(|lasts| format!("what is locked there stays for {lasts} from when it was put at least"));
    ends.into_iter().chain(lock).collect()
}
