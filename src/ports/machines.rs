//! Machines that a provider runs, and the images that they are launched from. Shaped after Amazon EC2
//! (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/>).

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Fault;

/// Which image is meant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ImageWanted {
    /// This one, by its identifier.
    Id(String),
    /// The newest of the account's own that has this tag.
    NewestTagged {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
}

impl std::fmt::Display for ImageWanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Id(id) => f.write_str(id),
            Self::NewestTagged { name, value } => write!(f, "the newest image with the tag {name}={value}"),
        }
    }
}

/// An image, as its provider tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Image {
    /// Its identifier.
    pub id: String,
    /// What its maker calls it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Its state, in the provider's word: `available`, `pending`.
    pub state: String,
    /// When it was made, where the provider says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<Timestamp>,
}

impl Image {
    /// Whether machines can be launched from it.
    pub fn is_available(&self) -> bool {
        self.state == "available"
    }
}

/// A machine that is launched. What it is handed when it begins goes beside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct NewMachine {
    /// Its region; the one that the environment names where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The identifier of the image.
    pub image: String,
    /// What kind of machine, `m6i.large`.
    pub instance_type: String,
    /// The subnet, by its identifier.
    pub subnet: String,
    /// The security groups, by their identifiers; the network's default where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub security_groups: Vec<String>,
    /// By which the provider knows that it was asked before: at most 64 characters. The same token and the same words launch one machine.
    pub token: String,
    /// The tags that it and its volumes get.
    pub tags: BTreeMap<String, String>,
}

/// A machine, as its provider tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Machine {
    /// Its identifier.
    pub id: String,
    /// Its state, in the provider's word: `pending`, `running`, `terminated`.
    pub state: String,
    /// Why it is in that state, where the provider says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Its private IP address in its subnet, once it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

impl Machine {
    /// Whether it is up, as far as its provider sees from outside.
    pub fn is_running(&self) -> bool {
        self.state == "running"
    }

    /// Whether it will never be up.
    pub fn is_gone(&self) -> bool {
        matches!(self.state.as_str(), "shutting-down" | "terminated")
    }
}

/// What a provider's own checks of a running machine say, each in the provider's word: `ok`, `initializing`, `impaired`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct MachineChecks {
    /// Of what it runs on.
    pub system: String,
    /// Of the machine itself, and what it booted.
    pub instance: String,
}

impl MachineChecks {
    /// Whether both found all well.
    pub fn are_ok(&self) -> bool {
        self.system == "ok" && self.instance == "ok"
    }

    /// Whether one found that it does not work.
    pub fn are_impaired(&self) -> bool {
        self.system == "impaired" || self.instance == "impaired"
    }
}

impl std::fmt::Display for MachineChecks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "system {}, instance {}", self.system, self.instance)
    }
}

/// Looks at images and machines of a region; of the one that the environment names where none is said.
#[async_trait::async_trait]
pub trait MachinesRead: Send + Sync {
    /// The image of that identifier; none where there is none, or none any more.
    ///
    /// # Errors
    /// `Denied` where the account may not look, `Transient` where the provider cannot be reached or asks to wait (`retry_after`).
    async fn image(&self, region: Option<&str>, id: &str) -> Result<Option<Image>, Fault>;

    /// The images of the account's own that have a tag, in whatever state, the newest first.
    ///
    /// # Errors
    /// As `image`.
    async fn images_tagged(&self, region: Option<&str>, name: &str, value: &str) -> Result<Vec<Image>, Fault>;

    /// The machines that have all these tags, in whatever state, by their identifiers. One that was just launched may be missing.
    ///
    /// # Errors
    /// As `image`.
    async fn machines_tagged(
        &self,
        region: Option<&str>,
        tags: &BTreeMap<String, String>,
    ) -> Result<Vec<Machine>, Fault>;

    /// The machine of that identifier; none where there is none, or it is not seen yet.
    ///
    /// # Errors
    /// As `image`.
    async fn machine(&self, region: Option<&str>, id: &str) -> Result<Option<Machine>, Fault>;

    /// What the checks of a running machine say; none before there is anything to say.
    ///
    /// # Errors
    /// As `image`.
    async fn checks(&self, region: Option<&str>, id: &str) -> Result<Option<MachineChecks>, Fault>;
}

/// Launches machines. None is ever stopped or terminated: there is no call for it.
#[async_trait::async_trait]
pub trait Machines: MachinesRead {
    /// Launches one machine, and answers when it is begun; handed `user_data`, at most 16 KiB. Asked again with the same token and words, it
    /// answers with the machine that it launched.
    ///
    /// # Errors
    /// `NotFound` where the image is not there, `Invalid` where something else is not or does not fit, `Exists` where the token was used
    /// with other words, `Full` where a quota is reached, `Transient` where there is no room for that kind just now, `Unknown` where the
    /// answer was lost: look before repeating. Else as `image`.
    async fn launch(&self, new: &NewMachine, user_data: Option<&[u8]>) -> Result<Machine, Fault>;
}
