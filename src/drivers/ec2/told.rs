//! What EC2 tells, in the port's words.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{self, ResourceType, Tag, TagSpecification};
use jiff::Timestamp;

use crate::ports::{Image, Machine, MachineChecks};

/// An image. EC2 says when it was made in the words of RFC 3339.
pub(super) fn image(it: types::Image) -> Image {
    Image {
        id: it.image_id.unwrap_or_default(),
        name: it.name.unwrap_or_default(),
        state: it.state.map(|state| state.as_str().to_owned()).unwrap_or_default(),
        made: it.creation_date.and_then(|made| made.parse::<Timestamp>().ok()),
    }
}

/// A machine.
pub(super) fn machine(it: types::Instance) -> Machine {
    let state = it.state.and_then(|state| state.name);
    let reason = it.state_reason.and_then(|reason| match (reason.code, reason.message) {
        (Some(code), Some(message)) if !message.contains(&code) => Some(format!("{message} ({code})")),
        (code, message) => message.or(code),
    });
    Machine {
        id: it.instance_id.unwrap_or_default(),
        state: state.map(|name| name.as_str().to_owned()).unwrap_or_default(),
        reason: reason.or(it.state_transition_reason).filter(|reason| !reason.is_empty()),
        address: it.private_ip_address.filter(|address| !address.is_empty()),
    }
}

/// What the checks of a machine say.
pub(super) fn checks(it: types::InstanceStatus) -> MachineChecks {
    let word = |summary: Option<types::InstanceStatusSummary>| {
        summary.and_then(|summary| summary.status).map(|status| status.as_str().to_owned()).unwrap_or_default()
    };
    MachineChecks { system: word(it.system_status), instance: word(it.instance_status) }
}

/// The tags of a machine and of its volumes, as EC2 takes them.
pub(super) fn specifications(tags: &BTreeMap<String, String>) -> Vec<TagSpecification> {
    let tags: Vec<Tag> = tags.iter().map(|(name, value)| Tag::builder().key(name).value(value).build()).collect();
    let of = |kind| TagSpecification::builder().resource_type(kind).set_tags(Some(tags.clone())).build();
    [ResourceType::Instance, ResourceType::Volume].map(of).into()
}
