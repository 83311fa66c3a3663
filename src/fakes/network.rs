//! What simulated others serve.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use super::world::Shared;
use crate::ports::{Cause, Certainty, Fault, Network, SqlQuery};

/// Pages, ports and databases that answer as the test says; one that has no script is well.
#[derive(Debug)]
pub struct FakeNetwork {
    world: Arc<Shared>,
    scripts: Mutex<BTreeMap<String, VecDeque<Option<u16>>>>,
}

impl FakeNetwork {
    pub(super) fn new(world: Arc<Shared>) -> Self {
        Self { world, scripts: Mutex::default() }
    }

    /// A URL, or a `host:port`, answers so, one after the other; the last again and again. None is no answer. A port answers with any
    /// status, and a database yields a row with 200 alone.
    pub fn script(&self, what: &str, answers: impl IntoIterator<Item = Option<u16>>) {
        let mut scripts = self.scripts.lock().unwrap_or_else(PoisonError::into_inner);
        scripts.insert(what.to_owned(), answers.into_iter().collect());
    }

    fn answer(&self, what: &str) -> Result<u16, Fault> {
        let mut scripts = self.scripts.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = match scripts.get_mut(what) {
            None => Some(200),
            Some(answers) if answers.len() > 1 => answers.pop_front().flatten(),
            Some(answers) => answers.front().copied().flatten(),
        };
        let nobody = Fault::permanent(Cause::Other, format!("look at {what}"), "nobody answers");
        answer.ok_or(Fault { certainty: Certainty::Transient, ..nobody })
    }
}

#[async_trait::async_trait]
impl Network for FakeNetwork {
    async fn http_status(&self, url: &str) -> Result<u16, Fault> {
        self.world.call(None, "network.http", url.to_owned(), || self.answer(url)).await
    }

    async fn tcp_connect(&self, host: &str, port: u16) -> Result<(), Fault> {
        let what = format!("{host}:{port}");
        self.world.call(None, "network.tcp", what.clone(), || self.answer(&what).map(drop)).await
    }

    async fn sql_row(&self, query: &SqlQuery) -> Result<bool, Fault> {
        let what = format!("{}:{}", query.host, query.port);
        self.world.call(None, "network.sql", what.clone(), || self.answer(&what).map(|status| status == 200)).await
    }
}
