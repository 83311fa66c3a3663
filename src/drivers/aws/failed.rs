//! What a service of Amazon means when it does not do as it is asked.
//!
//! Unaware of which service it is: each adds its own words. Invariant: a call of which it is not certain that nothing was done is never said to
//! have done nothing.

use std::error::Error;

use aws_sdk_rds::config::http::HttpResponse;
use aws_sdk_rds::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};

use crate::ports::{Cause, Certainty, Fault};
use crate::primitives::Duration;

/// Of which sort a call is, which says what is known where its answer is lost.
#[derive(Debug, Clone, Copy)]
enum Call {
    Looks,
    Changes,
}

impl Call {
    fn lost(self) -> Certainty {
        match self {
            Self::Looks => Certainty::Transient,
            Self::Changes => Certainty::Unknown,
        }
    }
}

/// What a word of a service means, and what to do: nothing where its own message says that.
pub(in crate::drivers) type Meaning = (Cause, Certainty, &'static str);

/// Words that mean the same.
pub(in crate::drivers) type Words = (&'static [&'static str], Meaning);

/// What a service says in words of its own.
pub(in crate::drivers) struct Service {
    /// What it means that there is no such page where it is asked.
    pub(in crate::drivers) is_not_it: &'static str,
    /// Its words, without the ending `Fault`, which they have or not.
    pub(in crate::drivers) words: &'static [Words],
    /// By endings that mean the same in all its words.
    pub(in crate::drivers) by_ending: fn(&str) -> Option<Meaning>,
}

/// Words that all services share (<https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/CommonErrors.html>,
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>).
const COMMON: [Words; 6] = [
    (
        &[
            "Throttling",
            "ThrottlingException",
            "RequestLimitExceeded",
            "TooManyRequestsException",
            "RequestThrottled",
            "RequestThrottledException",
            "SlowDown",
        ],
        (Cause::Other, Certainty::Transient, "too much is asked of it at once; others in this account may ask as well"),
    ),
    (
        &["ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"],
        (
            Cause::Denied,
            Certainty::Permanent,
            "the credentials have ended: get new ones, by `aws sso login` or as they were got",
        ),
    ),
    (
        &["AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized", "AuthorizationError"],
        (Cause::Denied, Certainty::Permanent, "allow that action in the policy of the user or role that runs this"),
    ),
    (
        &[
            "InvalidClientTokenId",
            "UnrecognizedClientException",
            "SignatureDoesNotMatch",
            "IncompleteSignature",
            "AuthFailure",
            "MissingAuthenticationToken",
            "InvalidSecurity",
        ],
        (
            Cause::Denied,
            Certainty::Permanent,
            "the credentials are not taken: look which are used (`aws sts get-caller-identity`), and whether this host's clock is right",
        ),
    ),
    (
        &["RequestTimeTooSkewed"],
        (Cause::Denied, Certainty::Permanent, "this host's clock is not right: set it, and keep it so by NTP"),
    ),
    (
        &["OptInRequired", "SubscriptionRequiredException"],
        (Cause::Denied, Certainty::Permanent, "the account has not been let into this service or region: opt in to it"),
    ),
];

type Answer<T, E> = Result<T, SdkError<E, HttpResponse>>;

impl Service {
    /// What an answer means, by its word, else by its status.
    fn answered(&self, code: &str, status: u16, call: Call) -> Meaning {
        let code = code.strip_suffix("Fault").unwrap_or(code);
        let mut all = COMMON.iter().chain(self.words);
        let known = all.find(|(words, _)| words.contains(&code)).map(|(_, meaning)| *meaning);
        known.or_else(|| (self.by_ending)(code)).unwrap_or(match status {
            429 => (Cause::Other, Certainty::Transient, ""),
            401 | 403 => (Cause::Denied, Certainty::Permanent, ""),
            500..=599 => (Cause::Other, call.lost(), ""),
            404 => (Cause::Invalid, Certainty::Permanent, self.is_not_it),
            400 => (Cause::Invalid, Certainty::Permanent, ""),
            _ => (Cause::Other, call.lost(), ""),
        })
    }

    /// What a list holds: nothing, where the service says that there is no such thing.
    pub(in crate::drivers) fn found<T, E>(&self, action: &str, answer: Answer<Vec<T>, E>) -> Result<Vec<T>, Fault>
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        match answer {
            Err(error) if self.is_missing(&error) => Ok(vec![]),
            answer => answer.map_err(|error| self.fault(Call::Looks, action, &error)),
        }
    }

    /// A change.
    pub(in crate::drivers) fn changed<T, E>(&self, action: &str, answer: Answer<T, E>) -> Result<T, Fault>
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        answer.map_err(|error| self.fault(Call::Changes, action, &error))
    }

    /// A deletion, which is also done where nothing is there.
    pub(in crate::drivers) fn deleted<T, E>(&self, action: &str, answer: Answer<T, E>) -> Result<(), Fault>
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        match answer {
            Err(error) if self.is_missing(&error) => Ok(()),
            answer => self.changed(action, answer).map(drop),
        }
    }

    /// Whether the service says that what was asked for is not there.
    fn is_missing<E: ProvideErrorMetadata>(&self, error: &SdkError<E, HttpResponse>) -> bool {
        let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
        code.is_some_and(|code| self.answered(code, 0, Call::Looks).0 == Cause::NotFound)
    }

    /// The fault of a call.
    fn fault<E>(&self, call: Call, action: &str, error: &SdkError<E, HttpResponse>) -> Fault
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let Some(response) = error.raw_response() else { return unanswered(call, action, error) };
        let service = error.as_service_error().map(ProvideErrorMetadata::meta);
        let code = service.and_then(|it| it.code()).unwrap_or_default();
        let status = response.status().as_u16();
        // An answer that was begun well, and cannot be read, was still an answer to a call that was made.
        let (cause, certainty, advice) = match status {
            200..=299 => (Cause::Other, call.lost(), ""),
            _ => self.answered(code, status, call),
        };
        let message = service.and_then(|it| it.message()).unwrap_or_default();
        let said = match (message, code) {
            ("", "") if status < 300 => format!("its answer cannot be read: {}", DisplayErrorContext(error)),
            ("", "") => format!("it answered with status {status}"),
            ("", code) => code.to_owned(),
            (message, code) => format!("{} ({code})", message.trim().trim_end_matches('.')),
        };
        let answer = if advice.is_empty() { said } else { format!("{said}; {advice}") };
        let retry_after = response.headers().get("retry-after").and_then(|seconds| seconds.parse().ok());
        let retry_after = retry_after.map(Duration::from_seconds);
        Fault { certainty, retry_after, ..Fault::permanent(cause, action, answer) }
    }
}

/// Nobody answered.
fn unanswered<E>(call: Call, action: &str, error: &SdkError<E, HttpResponse>) -> Fault
where
    E: Error + Send + Sync + 'static,
{
    let all = DisplayErrorContext(error).to_string();
    let (cause, certainty, answer) = match &error {
        _ if is_of_credentials(&all) => (Cause::Denied, Certainty::Permanent, no_credentials(&all, &innermost(error))),
        SdkError::ConstructionFailure(_) => (Cause::Invalid, Certainty::Permanent, innermost(error)),
        _ if is_of_connecting(&all) => {
            let answer = format!("the service was not reached: {}", innermost(error));
            (Cause::Other, Certainty::Transient, answer)
        }
        SdkError::DispatchFailure(failure) if failure.is_user() => {
            (Cause::Invalid, Certainty::Permanent, innermost(error))
        }
        SdkError::TimeoutError(_) => (Cause::Other, call.lost(), "it did not answer in time".to_owned()),
        _ => (Cause::Other, call.lost(), format!("the answer was lost: {}", innermost(error))),
    };
    Fault { certainty, ..Fault::permanent(cause, action, answer) }
}

/// Credentials are got before anything is sent. The SDK has no type for it that is its own.
fn is_of_credentials(all: &str) -> bool {
    [
        "CredentialsNotLoaded",
        "ProviderTimedOut",
        "InvalidConfiguration",
        "ProviderError",
        "no identity resolver",
        "NoMatchingAuthScheme",
    ]
    .iter()
    .any(|word| all.contains(word))
}

fn no_credentials(all: &str, innermost: &str) -> String {
    if all.contains("CredentialsNotLoaded") {
        return "credentials for AWS: there are none; set AWS_PROFILE to a profile that is there, or AWS_ACCESS_KEY_ID and \
                AWS_SECRET_ACCESS_KEY, or give this machine a role; `aws configure list` shows which are found"
            .to_owned();
    }
    format!(
        "credentials for AWS: they cannot be got: {innermost}; look whether `aws sts get-caller-identity` gets them"
    )
}

/// Whether it failed before a connection was there, and so before anything was sent.
fn is_of_connecting(all: &str) -> bool {
    ["client error (Connect)", "connect timeout", "HTTP connect", "dns error", "Connection refused"]
        .iter()
        .any(|word| all.contains(word))
}

/// The last of an error's causes, which says most.
fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut last = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    last.to_string()
}
