//! The client: credentials and region as the SDK finds them, and nothing asked twice.

use aws_config::{BehaviorVersion, Region};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{Credentials, RequestChecksumCalculation, ResponseChecksumValidation};
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};
use std::time::Duration;

use super::S3Address;

/// A connection that is not made by then never is.
const CONNECT: Duration = Duration::from_secs(10);
/// The service is given so long to begin an answer, and to take each piece.
const ANSWER: Duration = Duration::from_secs(60);

/// A client for that address. Credentials are looked for when they are first needed
/// (<https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html>).
pub(super) async fn client(address: &S3Address, keys: Option<Credentials>) -> Client {
    let http =
        aws_smithy_http_client::Builder::new().tls_provider(tls::Provider::Rustls(CryptoMode::Ring)).build_https();
    // Whoever asks repeats, within his own budget, and looks where an answer was lost.
    let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT).read_timeout(ANSWER).build();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts);
    if let Some(region) = &address.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(keys) = keys {
        loader = loader.credentials_provider(keys);
    }
    let shared = loader.load().await;
    let mut config = aws_sdk_s3::config::Builder::from(&shared);
    if let Some(endpoint) = &address.endpoint {
        // Others than Amazon seldom have a name in DNS for each bucket, and need no region.
        config = config.endpoint_url(endpoint).force_path_style(true);
        if shared.region().is_none() {
            config = config.region(Region::from_static("us-east-1"));
        }
    }
    if let Some(path_style) = address.path_style {
        config = config.force_path_style(path_style);
    }
    // What is put has a checksum where it is asked for, and what is read is held against the digests of its manifest: no more is asked of
    // services that may not know more.
    let config = config
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
    Client::from_conf(config.build())
}
