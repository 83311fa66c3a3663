//! Simulated secrets.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::world::Shared;
use crate::ports::{Cause, Fault, Revealed, SecretPlace, Secrets};

/// What every secret that a test says nothing of holds somewhere: what is looked for where none may be told.
pub const SECRET: &str = "a secret that nobody tells";

/// Secrets that are all there, but where the test says something else.
#[derive(Debug)]
pub struct FakeSecrets {
    world: Arc<Shared>,
    scripts: Mutex<BTreeMap<SecretPlace, Option<Revealed>>>,
}

impl FakeSecrets {
    pub(super) fn new(world: Arc<Shared>) -> Self {
        Self { world, scripts: Mutex::default() }
    }

    /// There is this from now on; none is nothing.
    pub fn script(&self, place: SecretPlace, secret: Option<&str>) {
        let mut scripts = self.scripts.lock().unwrap_or_else(PoisonError::into_inner);
        scripts.insert(place, secret.map(Revealed::new));
    }

    fn revealed(&self, place: &SecretPlace) -> Result<Revealed, Fault> {
        let scripts = self.scripts.lock().unwrap_or_else(PoisonError::into_inner);
        let said = scripts.get(place).cloned().unwrap_or_else(|| Some(Revealed::new(format!("{SECRET}, {place}"))));
        said.ok_or_else(|| Fault::permanent(Cause::NotFound, format!("read the secret {place}"), "it is not there"))
    }
}

#[async_trait::async_trait]
impl Secrets for FakeSecrets {
    async fn reveal(&self, place: &SecretPlace) -> Result<Revealed, Fault> {
        self.world.call(None, "secrets.reveal", place.to_string(), || self.revealed(place)).await
    }
}
