//! What all clients of Amazon's services have in common: credentials and region as the SDK finds them, and nothing asked twice.
//!
//! Unaware of any one service. Invariant: a call is sent once; whoever asks repeats, within his own budget, and looks where an answer was
//! lost.

mod failed;

pub(in crate::drivers) use failed::{Meaning, Service, Words};

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_rds::config::{Credentials, SharedHttpClient};
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};

use crate::ports::{Cause, Fault};

/// A connection that is not made by then never is.
const CONNECT: Duration = Duration::from_secs(10);
/// The service is given so long to begin an answer, and to take each piece.
const ANSWER: Duration = Duration::from_secs(60);

/// Where a service is, where it is not where the environment says.
#[derive(Debug, Clone, Default)]
pub struct AwsAddress {
    /// A server's URL, of any but Amazon's own.
    pub endpoint: Option<String>,
    /// An access key and its secret; those that the environment has where there are none.
    pub keys: Option<Credentials>,
}

impl AwsAddress {
    /// A server at that URL, with these keys.
    pub fn at(endpoint: impl Into<String>, key: &str, secret: &str) -> Self {
        let keys = Credentials::new(key, secret, None, None, "given");
        Self { endpoint: Some(endpoint.into()), keys: Some(keys) }
    }
}

/// A client of HTTP with rustls and ring, whose connections are shared by all clients that are made with it.
pub(in crate::drivers) fn http() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new().tls_provider(tls::Provider::Rustls(CryptoMode::Ring)).build_https()
}

/// What clients for a region are made from; the environment's where none is named
/// (<https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html>). Credentials are looked for when they are first needed.
pub(in crate::drivers) async fn configuration(
    address: &AwsAddress,
    http: SharedHttpClient,
    region: Option<&str>,
) -> SdkConfig {
    let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT).read_timeout(ANSWER).build();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts);
    if let Some(region) = region {
        loader = loader.region(Region::new(region.to_owned()));
    }
    if let Some(endpoint) = &address.endpoint {
        loader = loader.endpoint_url(endpoint);
    }
    if let Some(keys) = &address.keys {
        loader = loader.credentials_provider(keys.clone());
    }
    loader.load().await
}

/// The same, of a service that is asked in one region and no other.
///
/// # Errors
/// `Invalid` where nothing says which region.
pub(in crate::drivers) async fn of_region(
    service: &str,
    address: &AwsAddress,
    http: SharedHttpClient,
    region: Option<&str>,
) -> Result<SdkConfig, Fault> {
    let shared = configuration(address, http, region).await;
    if shared.region().is_some() {
        return Ok(shared);
    }
    if address.endpoint.is_none() {
        let answer = "no region is said: write `region` in the plan, or set AWS_REGION or a profile's `region`";
        return Err(Fault::permanent(Cause::Invalid, format!("reach {service}"), answer));
    }
    // Others than Amazon seldom have regions.
    Ok(shared.into_builder().region(Region::from_static("us-east-1")).build())
}
