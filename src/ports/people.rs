//! People who are asked, and what they say.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Fault;
use crate::primitives::{RunId, StepName};

/// A person who may be asked, and the account of the operating system that proves who it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Person {
    /// How the person is reached or called.
    pub person: String,
    /// The account.
    pub account: String,
}

/// What is asked, and of whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Which run waits.
    pub run: RunId,
    /// Which of its steps.
    pub step: StepName,
    /// What is to be approved, in the plan's words.
    pub what: String,
    /// The role that a person needs.
    pub role: String,
    /// Those who have it.
    pub people: Vec<Person>,
}

impl Question {
    /// Who of those that may answer has this account.
    pub fn asked(&self, account: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.account == account)
    }
}

/// What a person said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Word {
    /// Who.
    pub by: Person,
    /// Yes or no.
    pub yes: bool,
    /// Why, in the person's words.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// Asks people.
#[async_trait::async_trait]
pub trait People: Send + Sync {
    /// The word of a person who may give it; none where nobody has said one and nobody is there to ask: then asking again later may help.
    /// It may take as long as a person does.
    ///
    /// # Errors
    /// When it cannot be found out.
    async fn word(&self, question: &Question) -> Result<Option<Word>, Fault>;
}
