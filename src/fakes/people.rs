//! Simulated people.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::world::Shared;
use crate::ports::{Fault, People, Question, Word};

/// People who say yes, but where the test says something else.
#[derive(Debug)]
pub struct FakePeople {
    world: Arc<Shared>,
    scripts: Mutex<BTreeMap<String, Option<bool>>>,
}

impl FakePeople {
    pub(super) fn new(world: Arc<Shared>) -> Self {
        Self { world, scripts: Mutex::default() }
    }

    /// What is asked with these words is answered so from now on; none is no word.
    pub fn script(&self, what: &str, yes: Option<bool>) {
        self.scripts.lock().unwrap_or_else(PoisonError::into_inner).insert(what.to_owned(), yes);
    }

    fn says(&self, question: &Question) -> Option<Word> {
        let scripts = self.scripts.lock().unwrap_or_else(PoisonError::into_inner);
        let yes = scripts.get(&question.what).copied().unwrap_or(Some(true))?;
        let by = question.people.first()?.clone();
        Some(Word { by, yes, reason: "as it was practised".to_owned(), at: self.world.now() })
    }
}

#[async_trait::async_trait]
impl People for FakePeople {
    async fn word(&self, question: &Question) -> Result<Option<Word>, Fault> {
        self.world.call(None, "people.word", question.step.to_string(), || Ok(self.says(question))).await
    }
}
