//! A machine that a provider launches from an image.

use super::OutputKind;
use crate::ports::ImageWanted;
use crate::primitives::{Duration, Name, PathBytes};

/// A step that launches a machine.
#[derive(Debug, Clone)]
pub struct LaunchStep {
    /// Of which restore.
    pub restore: Name,
    /// What people call the machine.
    pub shows: String,
    /// The target whose image it is.
    pub target: Name,
    /// Which image is meant.
    pub image: ImageWanted,
    /// How old it may be.
    pub max_age: Option<Duration>,
    /// The region of both; the one that the environment names where the plan says nothing.
    pub region: Option<String>,
    /// What kind of machine.
    pub instance_type: String,
    /// In which subnet.
    pub subnet: String,
    /// The security groups; the network's default where there are none.
    pub security_groups: Vec<String>,
    /// The file that it is handed when it begins, absolute.
    pub user_data: Option<PathBytes>,
    /// Its tags, `name=value`.
    pub tags: Vec<(String, String)>,
}

/// What a machine that is launched yields.
pub const LAUNCHED: &[OutputKind] = &[OutputKind::Instance, OutputKind::Address];

impl LaunchStep {
    /// What it is about, from the plan alone, and lines of detail.
    pub fn described(&self) -> (String, Vec<String>) {
        let what = format!("{:?} from {} ({})", self.shows, self.image, self.target);
        let place = format!("{} in {}", self.instance_type, self.subnet);
        let groups =
            (!self.security_groups.is_empty()).then(|| format!("security groups {}", self.security_groups.join(", ")));
        let data = self.user_data.as_ref().map(|file| format!("user data {file}"));
        let tags: Vec<String> = self.tags.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let tags = (!tags.is_empty()).then(|| format!("tags {}", tags.join(", ")));
        let age = self.max_age.map(|age| format!("the image may be {age} old"));
        (what, [Some(place), groups, data, tags, age].into_iter().flatten().collect())
    }
}
