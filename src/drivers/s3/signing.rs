//! Whether the signature of a request covers what is put by it.
//!
//! Each request is signed, and with it the checksum that it names. To digest all that is put by SHA-256 as well keeps others from changing it
//! on its way (<https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>), which nobody can where TLS guards it, or where
//! it does not leave this machine. Invariants: what passes where others could change it is signed; what is not signed whole was held by the
//! service against its CRC-32C.

use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

use aws_runtime::auth::PayloadSigningOverride;
use aws_sdk_s3::config::interceptors::{BeforeTransmitInterceptorContextMut, BeforeTransmitInterceptorContextRef};
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::{BoxError, SdkError};
use aws_sdk_s3::operation::upload_part::builders::UploadPartFluentBuilder;
use aws_sdk_s3::operation::upload_part::{UploadPartError, UploadPartOutput};

use super::S3Store;
use super::faults::code;

/// Leaves what is put out of the signature, where it is guarded, and notes the checksum that goes with it.
#[derive(Debug, Clone, Default)]
struct Unsigned {
    sum: Arc<OnceLock<String>>,
}

impl Unsigned {
    /// Whether the service found what was sent.
    fn is_held_against(&self, answer: &UploadPartOutput) -> bool {
        self.sum.get().is_some_and(|sum| answer.checksum_crc32_c() == Some(sum))
    }
}

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

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(sum) = context.request().headers().get("x-amz-checksum-crc32c") {
            // Of the same part it is the same.
            let _noted = self.sum.set(sum.to_owned());
        }
        Ok(())
    }
}

impl S3Store {
    /// Sends a part. A service or a bucket's policy may want all of it signed (the condition key `s3:x-amz-content-sha256`,
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/bucket-policy-s3-sigv4-conditions.html>), and one that does not answer with the part's
    /// checksum has not held it against that: then the part is sent once more, signed whole, and so are those behind it.
    pub(super) async fn send_part(
        &self,
        request: impl Fn() -> UploadPartFluentBuilder,
    ) -> Result<UploadPartOutput, SdkError<UploadPartError>> {
        let wants_signed = &self.shared.wants_signed_parts;
        if !wants_signed.load(Ordering::Relaxed) {
            let unsigned = Unsigned::default();
            match request().customize().interceptor(unsigned.clone()).send().await {
                Ok(answer) if unsigned.is_held_against(&answer) => return Ok(answer),
                Ok(_) => {}
                Err(error) if turns_away(&error) => {}
                Err(error) => return Err(error),
            }
        }
        let answer = match request().send().await {
            // The service closes the connection on which it turned one away, maybe under this one.
            Err(error) if is_broken_off(&error) => request().send().await?,
            answer => answer?,
        };
        wants_signed.store(true, Ordering::Relaxed);
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

/// The words for it.
const TURNED_AWAY: [&str; 6] = [
    "AccessDenied",
    "InvalidArgument",
    "InvalidRequest",
    "NotImplemented",
    "SignatureDoesNotMatch",
    "XAmzContentSHA256Mismatch",
];

/// Whether the service may not have wanted the request as it was: a policy denies it, or the service knows no such signature
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>). One that says so before it has read a part closes the connection, and
/// what it said may be lost with that.
fn turns_away(error: &SdkError<UploadPartError>) -> bool {
    match error {
        SdkError::DispatchFailure(_) => is_broken_off(error),
        SdkError::ServiceError(refusal) => match code(error) {
            Some(code) => TURNED_AWAY.contains(&code),
            None => matches!(refusal.raw().status().as_u16(), 400 | 403 | 501),
        },
        _ => false,
    }
}

fn is_broken_off(error: &SdkError<UploadPartError>) -> bool {
    matches!(error, SdkError::DispatchFailure(failure) if failure.is_io())
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::config::http::HttpResponse;
    use aws_sdk_s3::error::ErrorMetadata;
    use aws_sdk_s3::primitives::SdkBody;

    use super::*;

    #[test]
    fn only_what_may_be_of_the_signature_is_asked_otherwise() {
        let refusal = |status: u16, code: Option<&str>| {
            let (mut said, raw) =
                (ErrorMetadata::builder(), HttpResponse::new(status.try_into().unwrap(), SdkBody::empty()));
            if let Some(code) = code {
                said = said.code(code);
            }
            SdkError::service_error(UploadPartError::generic(said.build()), raw)
        };
        for code in TURNED_AWAY.map(Some).into_iter().chain([None]) {
            assert!(turns_away(&refusal(403, code)), "{code:?}");
        }
        for code in ["BadDigest", "RequestTimeout", "ExpiredToken", "NoSuchUpload", "EntityTooLarge"] {
            assert!(!turns_away(&refusal(400, Some(code))), "{code}");
        }
        for status in [404, 429, 500, 503] {
            assert!(!turns_away(&refusal(status, None)), "{status}");
        }
        assert!(!turns_away(&SdkError::timeout_error("it is slow")));
    }

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
