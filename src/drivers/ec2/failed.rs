//! What EC2 means when it does not do as it is asked, in the words that it alone has
//! (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>).

use crate::drivers::aws::{Meaning, Service, Words};
use crate::ports::{Cause, Certainty};

pub(super) const EC2: Service =
    Service { is_not_it: "what answers is no EC2: look at the endpoint", words: &WORDS, by_ending };

const WORDS: [Words; 9] = [
    (
        &["InsufficientInstanceCapacity", "InsufficientHostCapacity"],
        (
            Cause::Other,
            Certainty::Transient,
            "the zone has no room for that kind of machine just now: wait, or have the plan name another `instance-type` or a `subnet` of another zone",
        ),
    ),
    (
        &["VcpuLimitExceeded", "InstanceLimitExceeded", "MaxSpotInstanceCountExceeded"],
        (
            Cause::Full,
            Certainty::Permanent,
            "terminate machines that nobody needs, or ask for a greater quota (Service Quotas, `Running On-Demand … instances`)",
        ),
    ),
    (
        &["InsufficientFreeAddressesInSubnet"],
        (Cause::Full, Certainty::Permanent, "have the plan name a `subnet` that has addresses left"),
    ),
    (
        &["InvalidSubnetID.NotFound", "InvalidGroup.NotFound", "InvalidSecurityGroupID.NotFound"],
        (Cause::Invalid, Certainty::Permanent, "have the plan name one that is in the region of the image"),
    ),
    (
        &["InvalidAMIID.Unavailable"],
        (Cause::NotFound, Certainty::Permanent, "it was deregistered, or is not ready: have the plan name another"),
    ),
    (
        &["IdempotentParameterMismatch"],
        (
            Cause::Exists,
            Certainty::Permanent,
            "this run asked for the machine before, in other words: begin the restore anew",
        ),
    ),
    (
        &["IdempotentInstanceTerminated"],
        (
            Cause::NotFound,
            Certainty::Permanent,
            "the machine that this run launched was terminated: begin the restore anew",
        ),
    ),
    (
        &["Unsupported", "UnsupportedOperation"],
        (
            Cause::Invalid,
            Certainty::Permanent,
            "look whether the zone of the subnet has that `instance-type`, and whether the image is for its processors",
        ),
    ),
    (
        &["PendingVerification", "Blocked"],
        (Cause::Denied, Certainty::Permanent, "Amazon holds the account back: its support says why"),
    ),
];

/// By endings that mean the same in all words.
fn by_ending(code: &str) -> Option<Meaning> {
    Some(match code {
        it if it.ends_with(".NotFound") => (Cause::NotFound, Certainty::Permanent, ""),
        it if it.ends_with(".Malformed") => (Cause::Invalid, Certainty::Permanent, ""),
        it if it.ends_with("LimitExceeded") => (Cause::Full, Certainty::Permanent, ""),
        _ => return None,
    })
}
