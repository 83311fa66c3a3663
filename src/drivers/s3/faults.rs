//! What the service answers when it does not do as it is asked.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use crate::ports::{Cause, Certainty, Fault};
use crate::primitives::Duration;

/// A call, as a person would say it.
pub(super) struct Asked {
    pub(super) action: String,
    /// Who is asked.
    pub(super) service: String,
}

/// What a service that asks for patience is given, where it does not say how much.
const THROTTLED: Duration = Duration::from_seconds(1);

/// The service's word for an error.
pub(super) fn code<E: ProvideErrorMetadata>(error: &SdkError<E>) -> Option<&str> {
    error.as_service_error()?.code()
}

fn status<E>(error: &SdkError<E>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

/// Whether nothing is there. A HEAD is answered without a body, and so without a word.
pub(super) fn is_missing<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    matches!(code(error), Some("NoSuchKey" | "NotFound" | "NoSuchUpload"))
        || (status(error) == Some(404) && code(error).is_none())
}

/// Whether the key is taken that was to be free.
pub(super) fn is_taken<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    code(error) == Some("PreconditionFailed") || status(error) == Some(412)
}

/// Whether the service knows nothing of such a call.
pub(super) fn is_not_implemented<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    matches!(code(error), Some("NotImplemented" | "MethodNotAllowed")) || matches!(status(error), Some(405 | 501))
}

impl Asked {
    /// The fault of a call that does no harm when it is asked again.
    pub(super) fn only_read<E>(&self, error: SdkError<E>) -> Fault
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        self.fault(error, Certainty::Transient)
    }

    /// The fault of a call of which it must be known whether it was done.
    pub(super) fn changing<E>(&self, error: SdkError<E>) -> Fault
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        self.fault(error, Certainty::Unknown)
    }

    /// An answer whose end did not come.
    pub(super) fn cut_off(&self, error: &(dyn Error + 'static)) -> Fault {
        let answer = format!("the answer was cut off: {}", innermost(error));
        Fault { certainty: Certainty::Transient, ..Fault::permanent(Cause::Other, self.action.clone(), answer) }
    }

    /// `lost` is what a lost answer means.
    fn fault<E>(&self, error: SdkError<E>, lost: Certainty) -> Fault
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let (cause, certainty) = match &error {
            // Nothing was sent.
            SdkError::ConstructionFailure(_) => (Cause::Other, Certainty::Permanent),
            SdkError::DispatchFailure(failure) if failure.is_user() => (Cause::Invalid, Certainty::Permanent),
            SdkError::DispatchFailure(_) if lacks_credentials(&error) => (Cause::Denied, Certainty::Permanent),
            SdkError::DispatchFailure(_) if is_refused(&error) => (Cause::Other, Certainty::Transient),
            SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) | SdkError::ResponseError(_) => {
                (Cause::Other, lost)
            }
            _ => answered(code(&error).unwrap_or_default(), status(&error).unwrap_or_default(), lost),
        };
        let asked = header(&error, "retry-after").and_then(|after| after.parse().ok()).map(Duration::from_seconds);
        let throttled = certainty == Certainty::Transient && status(&error).is_some();
        let retry_after = asked.or_else(|| throttled.then_some(THROTTLED));
        Fault { certainty, retry_after, ..Fault::permanent(cause, self.action.clone(), self.said(&error)) }
    }

    /// In the service's own words, where it has some, and what helps.
    fn said<E>(&self, error: &SdkError<E>) -> String
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let Some(status) = status(error) else { return self.unheard(error) };
        let code = code(error).unwrap_or_default();
        let message = error.as_service_error().and_then(ProvideErrorMetadata::message).unwrap_or_default();
        let said = match (message.trim_end_matches('.'), code) {
            ("", "") if status >= 400 => format!("the service answered with status {status}"),
            ("", "") => format!("the service's answer is not understood: {}", innermost(error)),
            ("", code) => format!("{code} (status {status})"),
            (message, "") => format!("{message} (status {status})"),
            (message, code) => format!("{message} ({code})"),
        };
        match advice(code, status, message, header(error, "x-amz-bucket-region")) {
            Some(advice) => format!("{said}: {advice}"),
            None => said,
        }
    }

    /// Nothing was answered.
    fn unheard<E: Error + 'static>(&self, error: &SdkError<E>) -> String {
        let why = innermost(error);
        let service = &self.service;
        if lacks_credentials(error) {
            // The chain tells a line for each place that it looked at.
            let why = why.lines().next().unwrap_or_default().split(". Attempted").next().unwrap_or_default();
            return format!(
                "there are no credentials, or they cannot be had ({why}): set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or \
                 give this host a role"
            );
        }
        match error {
            SdkError::TimeoutError(_) => format!("{service} did not answer in time"),
            _ => format!("{service} is not reached: {why}"),
        }
    }
}

fn header<'e, E>(error: &'e SdkError<E>, name: &str) -> Option<&'e str> {
    error.raw_response()?.headers().get(name)
}

/// What is at the bottom of it, without the layers between.
fn innermost(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

/// It, what brought it about, and so on.
fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |cause| {
        let cause: &'e (dyn Error + 'static) = *cause;
        cause.source()
    })
}

/// Whether nobody said who asks. The SDK has no word of its own for it.
fn lacks_credentials<E: Error + 'static>(error: &SdkError<E>) -> bool {
    causes(error).any(|cause| cause.is::<CredentialsError>() || cause.to_string().contains("loading credentials"))
}

/// Whether no connection was made: nothing was asked then.
fn is_refused<E: Error + 'static>(error: &SdkError<E>) -> bool {
    let kind = |cause: &(dyn Error + 'static)| cause.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
    causes(error).filter_map(kind).any(|kind| kind == std::io::ErrorKind::ConnectionRefused)
}

/// By the service's word, else by the status
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>).
fn answered(code: &str, status: u16, lost: Certainty) -> (Cause, Certainty) {
    match (code, status) {
        ("NoSuchKey" | "NoSuchBucket" | "NoSuchUpload" | "NotFound", _) => (Cause::NotFound, Certainty::Permanent),
        ("SlowDown" | "ServiceUnavailable" | "RequestTimeout" | "ThrottlingException" | "Throttling", _)
        | (_, 429 | 503) => (Cause::Other, Certainty::Transient),
        // It was changed on its way.
        ("BadDigest" | "XAmzContentSHA256Mismatch" | "XAmzContentChecksumMismatch", _) => {
            (Cause::Other, Certainty::Transient)
        }
        // Two writers at once: the loser asks again.
        ("ConditionalRequestConflict" | "OperationAborted", _) => (Cause::Other, Certainty::Transient),
        ("ExpiredToken" | "TokenRefreshRequired" | "InvalidToken", _) | (_, 401 | 403) => {
            (Cause::Denied, Certainty::Permanent)
        }
        (_, 501) => (Cause::Invalid, Certainty::Permanent),
        ("InternalError", _) | (_, 500..=599) => (Cause::Other, lost),
        (_, 404) => (Cause::NotFound, Certainty::Permanent),
        (_, 400) => (Cause::Invalid, Certainty::Permanent),
        _ => (Cause::Other, Certainty::Permanent),
    }
}

/// What helps.
fn advice(code: &str, status: u16, message: &str, region: Option<&str>) -> Option<String> {
    let advice = match (code, status) {
        ("PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException", _)
        | ("", 301) => {
            return Some(match region {
                Some(region) => format!("the bucket is in another region: write `region=\"{region}\"`"),
                None => "the bucket is in another region, or at another endpoint: write its `region`".into(),
            });
        }
        ("InvalidRequest", _) if message.replace(' ', "").contains("ObjectLock") => {
            "make a bucket that locks objects (`aws s3api create-bucket --object-lock-enabled-for-bucket`), or turn it on for this one \
             (`aws s3api put-bucket-versioning`, then `aws s3api put-object-lock-configuration`), or take `object-lock` out of the plan"
        }
        ("ExpiredToken" | "TokenRefreshRequired", _) => "get new credentials, then go on with the run",
        ("InvalidAccessKeyId" | "SignatureDoesNotMatch" | "InvalidToken", _) => {
            "the credentials are not those of this service: look at AWS_PROFILE and at the AWS_* variables"
        }
        ("BadDigest" | "XAmzContentSHA256Mismatch" | "XAmzContentChecksumMismatch", _) => {
            "it was changed on its way, as by a proxy or a bad network adapter: it is sent again a few times; where that does not help, \
             look at what is between here and there"
        }
        ("RequestTimeTooSkewed", _) => "this host's clock is wrong, or the service's: set it",
        ("NoSuchBucket", _) => "make the bucket, or write another; nobody makes it by accident",
        ("SlowDown" | "Throttling" | "ThrottlingException", _) | ("", 429 | 503) => {
            "it asks for patience: fewer steps at once (`limit side-by-side=…`) may help"
        }
        (_, 501) => "the service lacks what stores need; see the guide for what that is",
        ("AccessDenied", _) | ("", 403) => {
            "whoever asks may not do this here: look at the policies of the user, the bucket and its key"
        }
        _ => return None,
    };
    Some(advice.into())
}
