//! The client: how buckets are addressed, and which checksums are asked for.

use aws_config::Region;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Credentials, RequestChecksumCalculation, ResponseChecksumValidation};

use super::S3Address;
use crate::drivers::aws::{self, AwsAddress};

/// A client for that address.
pub(super) async fn client(address: &S3Address, keys: Option<Credentials>) -> Client {
    let here = AwsAddress { endpoint: None, keys };
    let shared = aws::configuration(&here, aws::http(), address.region.as_deref()).await;
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
    // What is put has the checksum that its call names: "when required" would name it and leave it out, which Amazon refuses
    // (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>, `x-amz-sdk-checksum-algorithm`). What is read is held against the digests
    // of its manifest: no more is asked of services that may not know more.
    let config = config
        .request_checksum_calculation(RequestChecksumCalculation::WhenSupported)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
    Client::from_conf(config.build())
}
