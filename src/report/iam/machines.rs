//! What launching machines from an image needs to be allowed
//! (<https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html>).
//!
//! Unaware of who is allowed it. Invariant: machines are launched from the images, into the subnets and groups that the plan names; tags are given
//! to what a launch makes, and to nothing else; no role is passed on, as no machine gets one.

use serde_json::json;

use super::{Policy, Purpose};
use crate::plan::{ImageChoice, Launch, MachineImage, Restore, RestoreStep, Target};

pub(super) fn allow(policy: &mut Policy<'_>, target: &Target, image: &MachineImage, purpose: Purpose) {
    let looks: &[&'static str] = match purpose {
        Purpose::Read => &["ec2:DescribeImages"],
        Purpose::Restore => &["ec2:DescribeImages", "ec2:DescribeInstances", "ec2:DescribeInstanceStatus"],
        Purpose::Write | Purpose::Prune => &[],
    };
    let launches = launches(policy, target);
    if launches.is_empty() {
        return;
    }
    // No resource of a policy can say which images and machines may be looked at.
    policy.allow("LookAtMachines", looks, ["*".to_owned()], None);
    if purpose != Purpose::Restore {
        return;
    }
    let region = image.region.as_ref().map_or("*", |region| region.value.as_str());
    let account = policy.account.clone();
    let part = |what: &str| format!("arn:aws:ec2:{region}:{account}:{what}");
    // An image's name everywhere says of no account.
    let of_image = match &image.image {
        ImageChoice::Id(id) => format!("arn:aws:ec2:{region}::image/{}", id.value),
        ImageChoice::NewestTagged(_) => format!("arn:aws:ec2:{region}::image/*"),
    };
    let made = ["instance/*", "volume/*"].map(part);
    let mut all = vec![of_image, part("network-interface/*")];
    all.extend(made.clone());
    for launch in launches {
        all.push(part(&format!("subnet/{}", launch.subnet.value)));
        let groups = launch.security_groups.iter().map(|group| part(&format!("security-group/{}", group.value)));
        all.extend(groups);
        // Which group a network gives by itself is not known.
        all.extend(launch.security_groups.is_empty().then(|| part("security-group/*")));
    }
    policy.allow("LaunchMachines", &["ec2:RunInstances"], all, None);
    let while_launching = json!({ "StringEquals": { "ec2:CreateAction": "RunInstances" } });
    policy.allow("TagMachines", &["ec2:CreateTags"], made, Some(while_launching));
}

/// The steps that launch from a target's image.
fn launches<'p>(policy: &Policy<'p>, target: &Target) -> Vec<&'p Launch> {
    let steps = policy.plan.restores.iter().flat_map(Restore::flat);
    let of_target = steps.filter_map(|step| match step {
        RestoreStep::Launch(launch) => Some(launch).filter(|launch| launch.image.value == target.name.value),
        _ => None,
    });
    of_target.collect()
}
