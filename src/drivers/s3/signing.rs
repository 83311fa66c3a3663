//! Whether the signature of a request covers what is put by it.
//!
//! Each request is signed, and with it the checksum that it names. To digest all that is put by SHA-256 as well keeps others from changing it
//! on its way (<https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>), which nobody can where TLS guards it, or where
//! it does not leave this machine. Invariant: what passes where others could change it is signed.

use std::net::IpAddr;
use std::sync::atomic::Ordering;

use aws_runtime::auth::PayloadSigningOverride;
use aws_sdk_s3::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::{BoxError, SdkError};
use aws_sdk_s3::operation::upload_part::builders::UploadPartFluentBuilder;
use aws_sdk_s3::operation::upload_part::{UploadPartError, UploadPartOutput};

use super::S3Store;
use super::faults::code;

/// Leaves what is put out of the signature, where it is guarded.
#[derive(Debug)]
struct Unsigned;

impl Intercept for Unsigned {
    fn name(&self) -> &'static str {
        "UnsignedWhereGuarded"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if is_guarded(context.request().uri()) {
            config.interceptor_state().store_put(PayloadSigningOverride::UnsignedPayload);
        }
        Ok(())
    }
}

impl S3Store {
    /// Sends a part. A service or a bucket's policy may want all of it signed (the condition key `s3:x-amz-content-sha256`,
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/bucket-policy-s3-sigv4-conditions.html>): then it is, and so are those behind it.
    pub(super) async fn send_part(
        &self,
        request: impl Fn() -> UploadPartFluentBuilder,
    ) -> Result<UploadPartOutput, SdkError<UploadPartError>> {
        if !self.shared.wants_signed_parts.load(Ordering::Relaxed) {
            match request().customize().interceptor(Unsigned).send().await {
                Err(error) if turns_away(&error) => {}
                answer => return answer,
            }
        }
        let answer = request().send().await?;
        self.shared.wants_signed_parts.store(true, Ordering::Relaxed);
        Ok(answer)
    }
}

/// Whether nobody but the service can change what is sent there.
fn is_guarded(url: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(url) else { return false };
    url.scheme() == "https" || url.host_str().is_some_and(is_this_machine)
}

fn is_this_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    // A resolver takes no such name for another machine's (RFC 6761, 6.3).
    address.map_or(host == "localhost" || host.ends_with(".localhost"), |address| address.is_loopback())
}

/// Whether the service may not have wanted the request as it was. One that says so before it has read a part closes the connection, and what it
/// said may be lost with that. What came as something else than was sent, or not in time, was no matter of how it was signed.
fn turns_away(error: &SdkError<UploadPartError>) -> bool {
    match error {
        SdkError::DispatchFailure(failure) => failure.is_io(),
        SdkError::ServiceError(refusal) => {
            matches!(refusal.raw().status().as_u16(), 400 | 403 | 501)
                && !matches!(code(error), Some("RequestTimeout" | "BadDigest"))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_could_change_is_signed() {
        let guarded = [
            "https://bucket.s3.eu-west-1.amazonaws.com/key?partNumber=1",
            "https://storage.example:9000/",
            "http://127.0.0.1:9000/bucket/key",
            "http://127.8.0.1/",
            "http://[::1]:9000/",
            "http://localhost:9000/",
            "http://s3.localhost/",
        ];
        for url in guarded {
            assert!(is_guarded(url), "{url}");
        }
        let open = [
            "http://storage.example:9000/",
            "http://10.0.0.1/",
            "http://[fe80::1]/",
            "http://localhost.example/",
            "http://notlocalhost/",
            "http://127.0.0.1.example/",
            "bucket/key",
        ];
        for url in open {
            assert!(!is_guarded(url), "{url}");
        }
    }
}
