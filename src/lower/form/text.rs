//! Texts, some of which must look like something.

use bech32::Bech32;
use bech32::primitives::decode::CheckedHrpstring;

use super::kind::SOME;
use super::{Form, Kind, Readable, Refusal, codes, some_text};
use crate::syntax::Value;

/// Texts of which no more is known here.
macro_rules! worded {
    ($(#[$doc:meta])* $type:ident, $form:expr) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub(in crate::lower) struct $type(pub(in crate::lower) String);
        impl Readable for $type {
            const FORM: Form = $form;
            const KIND: Kind = SOME;
            fn read(value: &Value) -> Result<Self, Refusal> {
                some_text(value, Self::FORM).map(Self)
            }
        }
    };
}
worded!(
    /// Any text.
    Text,
    Form::Text
);
worded!(
    /// A zone; whether there is one of that name is `check`'s.
    Zone,
    Form::Zone
);
worded!(
    /// A diagnostic's code; whether there is one of that name is `check`'s.
    CodeName,
    Form::Code
);
/// Texts that must look like something.
macro_rules! shaped {
    ($(#[$doc:meta])* $type:ident, $form:expr, $like:literal, $looks:expr) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub(in crate::lower) struct $type(pub(in crate::lower) String);
        impl Readable for $type {
            const FORM: Form = $form;
            const KIND: Kind = Kind::Like($like);
            fn read(value: &Value) -> Result<Self, Refusal> {
                let text = some_text(value, Self::FORM)?;
                let looks: fn(&str) -> Result<(), String> = $looks;
                match looks(&text) {
                    Ok(()) => Ok(Self(text)),
                    Err(problem) => Err(Refusal::new(&codes::BAD_TEXT, problem, format!("write {}", Self::FORM.doc().1))),
                }
            }
        }
    };
}
shaped!(
    /// A tag, `name=value`.
    Tag,
    Form::Tag,
    r"^[^=]+=",
    tag
);
shaped!(
    /// A SHA-256 in hexadecimal.
    Digest,
    Form::Digest,
    r"^[0-9A-Fa-f]{64}$",
    digest
);
shaped!(
    /// The names of files by the day they are of.
    Pattern,
    Form::Pattern,
    r"^[^/]*%[Ymd][^/]*%[Ymd][^/]*%[Ymd][^/]*$",
    pattern
);

/// The public key of an age identity.
#[derive(Debug)]
pub(in crate::lower) struct Recipient(pub(in crate::lower) String);

impl Readable for Recipient {
    const FORM: Form = Form::Recipient;
    const KIND: Kind = Kind::Like(r"^age1[a-z0-9]+$");
    fn read(value: &Value) -> Result<Self, Refusal> {
        let text = some_text(value, Self::FORM)?;
        // It is not repeated.
        if text.to_ascii_uppercase().starts_with("AGE-SECRET-KEY-") {
            let help = "write the public key that belongs to it, `age1…` (age-keygen(1): `age-keygen -y`), and make a new pair: this one is known now";
            return Err(Refusal::new(&codes::PRIVATE_KEY, "a private key is written into the plan", help));
        }
        match recipient(&text) {
            Ok(()) => Ok(Self(text)),
            Err(problem) => Err(Refusal::new(&codes::BAD_TEXT, problem, format!("write {}", Self::FORM.doc().1))),
        }
    }
}

/// A URL; whether anything is there is not known here.
#[derive(Debug)]
pub(in crate::lower) struct Url(pub(in crate::lower) String);

impl Readable for Url {
    const FORM: Form = Form::Url;
    const KIND: Kind = Kind::Like(r"^[A-Za-z][A-Za-z0-9+.-]*://\S+$");
    fn read(value: &Value) -> Result<Self, Refusal> {
        let text = some_text(value, Self::FORM)?;
        // It is not repeated.
        if holds_a_password(&text) {
            let help = "leave the password out of the URL; where one is needed there is a property for it, as in `password=(env)\"NAME\"`";
            return Err(Refusal::new(&codes::LITERAL_SECRET, "a secret is written into the plan", help));
        }
        match url(&text) {
            Ok(()) => Ok(Self(text)),
            Err(problem) => Err(Refusal::new(&codes::BAD_TEXT, problem, format!("write {}", Self::FORM.doc().1))),
        }
    }
}

/// `scheme://user:password@host` (RFC 3986, section 3.2.1).
fn holds_a_password(url: &str) -> bool {
    let authority =
        url.split_once("://").map_or("", |(_, rest)| rest).split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'))
}

fn url(text: &str) -> Result<(), String> {
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    };
    let holds_space = text.contains(|c: char| c.is_whitespace() || c.is_control());
    match text.split_once("://") {
        Some((scheme, rest)) if is_scheme(scheme) && !rest.trim_matches('/').is_empty() && !holds_space => Ok(()),
        _ => Err(format!("{text:?} is not a URL")),
    }
}

fn tag(text: &str) -> Result<(), String> {
    match text.split_once('=') {
        Some((name, _)) if !name.is_empty() => Ok(()),
        _ => Err(format!("{text:?} is not a tag")),
    }
}

/// A key has a checksum (BIP 173), so that a slip of the pen is noticed before anything is encrypted to nobody.
fn recipient(text: &str) -> Result<(), String> {
    let known = CheckedHrpstring::new::<Bech32>(text).is_ok_and(|key| key.hrp().as_str() == "age");
    if known && text.starts_with("age1") {
        return Ok(());
    }
    Err(format!("{text:?} is not an age recipient, or a letter of it is wrong"))
}

fn digest(text: &str) -> Result<(), String> {
    let is_digest = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_digest { Ok(()) } else { Err(format!("{text:?} is not a SHA-256")) }
}

fn pattern(text: &str) -> Result<(), String> {
    if text.contains('/') {
        return Err(format!("{text:?} has a `/`: it is held against a file's name, not its path"));
    }
    let mut seen = Vec::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c == '%' {
            match rest.next() {
                Some(field @ ('Y' | 'm' | 'd')) if !seen.contains(&field) => seen.push(field),
                Some(field @ ('Y' | 'm' | 'd')) => return Err(format!("{text:?} has `%{field}` twice")),
                Some(other) => return Err(format!("`%{other}` has no meaning in {text:?}")),
                None => return Err(format!("{text:?} ends with a `%`")),
            }
        }
    }
    match ['Y', 'm', 'd'].iter().find(|field| !seen.contains(field)) {
        Some(missing) => Err(format!("{text:?} lacks `%{missing}`, so that it does not say which day a file is of")),
        None => Ok(()),
    }
}
