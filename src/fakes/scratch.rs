//! Tables of a simulated world.

use std::collections::HashMap;
use std::sync::Arc;

use super::world::{Life, Shared};
use crate::ports::{Fault, Scratch, ScratchTable};

/// Tables in memory; a death ends them.
#[derive(Debug)]
pub struct FakeScratch {
    world: Arc<Shared>,
}

impl FakeScratch {
    pub(super) fn new(world: Arc<Shared>) -> Self {
        Self { world }
    }
}

impl Scratch for FakeScratch {
    fn table(&self) -> Box<dyn ScratchTable> {
        Box::new(Table { world: Arc::clone(&self.world), life: self.world.life(), entries: HashMap::new() })
    }
}

struct Table {
    world: Arc<Shared>,
    life: Life,
    entries: HashMap<Vec<u8>, Vec<u8>>,
}

#[async_trait::async_trait]
impl ScratchTable for Table {
    async fn get(&mut self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        let entries = &self.entries;
        self.world.call(Some(self.life), "scratch.get", "", || Ok(entries.get(key).cloned())).await
    }

    async fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), Fault> {
        let entries = &mut self.entries;
        let call = self.world.call(Some(self.life), "scratch.put", "", || {
            entries.insert(key.to_vec(), value.to_vec());
            Ok(())
        });
        call.await
    }

    async fn remove(&mut self, key: &[u8]) -> Result<(), Fault> {
        let entries = &mut self.entries;
        let call = self.world.call(Some(self.life), "scratch.remove", "", || {
            entries.remove(key);
            Ok(())
        });
        call.await
    }
}
