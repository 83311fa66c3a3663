//! What a provider says of the images that machines are launched from, and what the files hold that machines are handed.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::Reading;
use crate::graph::LaunchStep;
use crate::ports::{Cause, Fault, Image, ImageWanted, MachinesRead, TreeRead};
use crate::primitives::{Digest, PathBytes};

/// What a machine is handed at most, in bytes, as EC2 counts them: before they are put into base64
/// (<https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-add-user-data.html>).
pub const USER_DATA_BYTES_MAX: usize = 16 * 1024;

/// An image that is meant, and the region that it is in.
pub type ImageAsked = (Option<String>, ImageWanted);

/// What was asked about machines.
#[derive(Debug, Clone, Default)]
pub struct MachinesSeen {
    /// The images that will do, the newest first.
    pub images: BTreeMap<ImageAsked, Result<Vec<Image>, Fault>>,
    /// How much files hold that machines are handed, and its digest.
    pub user_data: BTreeMap<PathBytes, Result<(u64, Digest), Fault>>,
}

impl MachinesSeen {
    /// Asks what a step needs to know.
    pub(super) async fn ask(&mut self, reading: &Reading<'_>, step: &LaunchStep) {
        let asked = (step.region.clone(), step.image.clone());
        if let Entry::Vacant(place) = self.images.entry(asked) {
            let seen = images(reading.machines, place.key()).await;
            place.insert(seen);
        }
        if let Some(path) = &step.user_data {
            let seen = user_data(reading.tree, path).await;
            self.user_data.insert(path.clone(), seen.map(|data| (data.len() as u64, Digest::of(&data))));
        }
    }
}

/// The images that are meant, the newest first.
///
/// # Errors
/// Whatever the provider answers.
pub async fn images(machines: &dyn MachinesRead, (region, wanted): &ImageAsked) -> Result<Vec<Image>, Fault> {
    match wanted {
        ImageWanted::Id(id) => Ok(machines.image(region.as_deref(), id).await?.into_iter().collect()),
        ImageWanted::NewestTagged { name, value } => machines.images_tagged(region.as_deref(), name, value).await,
    }
}

/// What a file holds that a machine is handed.
///
/// # Errors
/// `Invalid` where it is more than a machine can be handed; else as a file is read.
pub async fn user_data(tree: &dyn TreeRead, path: &PathBytes) -> Result<Vec<u8>, Fault> {
    let mut file = tree.open(path).await?;
    let mut data = Vec::new();
    loop {
        let read = file.read(USER_DATA_BYTES_MAX + 1 - data.len()).await?;
        if read.is_empty() {
            return Ok(data);
        }
        data.extend_from_slice(&read);
        if data.len() > USER_DATA_BYTES_MAX {
            let answer = format!(
                "it has more than {USER_DATA_BYTES_MAX} bytes, and a machine is handed no more: have it fetch the rest"
            );
            return Err(Fault::permanent(Cause::Invalid, format!("read the user data {path}"), answer));
        }
    }
}
