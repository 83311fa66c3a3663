//! Whether the signature of a request covers what is put by it.
//!
//! Each request is signed, and with it the checksum that it names. To digest all that is put by SHA-256 as well keeps others from changing it
//! on its way (<https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>), which nobody can where TLS guards it, or where
//! it does not leave this machine. Invariants: what passes where others could change it is signed; what is not signed whole was held by the
//! service against its CRC-32C.

use std::net::IpAddr;

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
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/bucket-policy-s3-sigv4-conditions.html>), and one that does not answer with the checksum
    /// of a part has not looked at it: then the part is sent once more, signed whole, and so are those behind it.
    pub(super) async fn send_part(
        &self,
        request: impl Fn() -> UploadPartFluentBuilder,
    ) -> Result<UploadPartOutput, SdkError<UploadPartError>> {
        let wants_signed = &self.shared.wants_signed_parts;
        let known = wants_signed.get().copied();
        if known != Some(true) {
            match request().customize().interceptor(Unsigned).send().await {
                Ok(answer) if answer.checksum_crc32_c().is_some() => {
                    let _known = wants_signed.set(false);
                    return Ok(answer);
                }
                Ok(_) => {}
                Err(error) if known.is_none() && turns_away(&error) => {}
                Err(error) => return Err(error),
            }
        }
        let answer = request().send().await?;
        let _known = wants_signed.set(true);
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
    // What is below `localhost` is not asked about by every resolver as it should be (RFC 6761, 6.3).
    address.map_or(host == "localhost", |address| address.is_loopback())
}

/// Whether the service may not have wanted the request as it was: a policy denies it, or the service knows no such signature
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>). One that says so before it has read a part closes the connection, and
/// what it said may be lost with that.
fn turns_away(error: &SdkError<UploadPartError>) -> bool {
    match error {
        SdkError::DispatchFailure(failure) => failure.is_io(),
        SdkError::ServiceError(_) => matches!(
            code(error),
            Some(
                "AccessDenied"
                    | "InvalidArgument"
                    | "InvalidRequest"
                    | "NotImplemented"
                    | "SignatureDoesNotMatch"
                    | "XAmzContentSHA256Mismatch"
            )
        ),
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
        ];
        for url in guarded {
            assert!(is_guarded(url), "{url}");
        }
        let open = [
            "http://storage.example:9000/",
            "http://10.0.0.1/",
            "http://0.0.0.0:9000/",
            "http://[fe80::1]/",
            "http://localhost.example/",
            "http://notlocalhost/",
            "http://s3.localhost/",
            "http://127.0.0.1.example/",
            "bucket/key",
        ];
        for url in open {
            assert!(!is_guarded(url), "{url}");
        }
    }
}
