//! What others serve, over HTTP, TCP, and in databases.

use std::error::Error;
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::{Client, Url, redirect};
use tokio::net::TcpStream;

use super::sql;
use crate::ports::{Cause, Certainty, Fault, Network, SqlQuery};

/// How long one answer is waited for.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// The network of this host: as it is, through no proxy; a certificate is held against what this system trusts.
#[derive(Debug, Default)]
pub struct Sockets {
    client: OnceLock<Client>,
}

impl Sockets {
    fn client(&self, action: &str) -> Result<&Client, Fault> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        provide_crypto();
        let built = Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .timeout(PATIENCE)
            .user_agent(concat!("sonae/", env!("CARGO_PKG_VERSION")))
            .build();
        let client = built.map_err(|error| Fault::permanent(Cause::Other, action, causes(&error)))?;
        Ok(self.client.get_or_init(|| client))
    }
}

#[async_trait::async_trait]
impl Network for Sockets {
    async fn http_status(&self, url: &str) -> Result<u16, Fault> {
        let action = format!("get {url}");
        let parsed = Url::parse(url).map_err(|error| Fault::permanent(Cause::Invalid, &action, error.to_string()))?;
        let answered = self.client(&action)?.get(parsed).send().await;
        let answer = answered.map_err(|error| transient(action, causes(&error.without_url())))?;
        Ok(answer.status().as_u16())
    }

    async fn tcp_connect(&self, host: &str, port: u16) -> Result<(), Fault> {
        let action = || format!("connect to {host} port {port}");
        match tokio::time::timeout(PATIENCE, TcpStream::connect((host, port))).await {
            Ok(Ok(_connection)) => Ok(()),
            Ok(Err(error)) => Err(transient(action(), error.to_string())),
            Err(_) => Err(transient(action(), format!("no answer within {} s", PATIENCE.as_secs()))),
        }
    }

    async fn sql_row(&self, query: &SqlQuery) -> Result<bool, Fault> {
        provide_crypto();
        sql::row(query).await
    }
}

/// Says by what connections are encrypted. Refused where that is said already, which will do as well.
fn provide_crypto() {
    let _there = rustls::crypto::ring::default_provider().install_default();
}

pub(super) fn transient(action: String, answer: String) -> Fault {
    Fault { certainty: Certainty::Transient, ..Fault::permanent(Cause::Other, action, answer) }
}

/// An error with all that it comes from.
pub(super) fn causes(error: &dyn Error) -> String {
    let (mut told, mut below) = (error.to_string(), error.source());
    while let Some(cause) = below {
        told.push_str(&format!(": {cause}"));
        below = cause.source();
    }
    told
}
