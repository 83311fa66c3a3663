//! Types whose `parse` says itself what is wrong, and values that are known elsewhere.

use super::kind::SOME;
use super::{Form, Kind, Readable, Refusal, codes, some_text, text};
use crate::plan::{Input, OutputName, Secret, Selector};
use crate::primitives::{Duration, JobName, Name, Percentage, Period, Rate};
use crate::syntax::Value;

macro_rules! parsed {
    ($type:ty, $form:expr, $like:literal, $code:expr) => {
        impl Readable for $type {
            const FORM: Form = $form;
            const KIND: Kind = Kind::Like($like);
            fn read(value: &Value) -> Result<Self, Refusal> {
                Self::parse(text(value, Self::FORM)?).map_err(|malformed| Refusal::of($code, malformed))
            }
        }
    };
}
parsed!(Name, Form::Name, r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", &codes::BAD_NAME);
parsed!(JobName, Form::Job, r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}/[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", &codes::BAD_JOB);
parsed!(Duration, Form::Duration, r"^([0-9]+[wdhms])+$", &codes::BAD_DURATION);
parsed!(Period, Form::Period, r"^[0-9]+(d|w|mo|y)$", &codes::BAD_PERIOD);
parsed!(Percentage, Form::Percentage, r"^[0-9]+%$", &codes::BAD_PERCENTAGE);
parsed!(Rate, Form::Rate, r"^[0-9]+(B|KiB|MiB|GiB)/s$", &codes::BAD_RATE);

impl Readable for Secret {
    const FORM: Form = Form::Secret;
    const KIND: Kind = SOME;
    const ANNOTATIONS: &'static [&'static str] = &["env", "file"];

    fn read(_: &Value) -> Result<Self, Refusal> {
        // What stands there is not repeated: it may be the secret itself.
        let help =
            "write where it is: `(env)\"NAME\"` for a variable of the environment, or `(file)\"/path\"` for a file";
        Err(Refusal::new(&codes::LITERAL_SECRET, "a secret is written into the plan", help))
    }

    fn read_annotated(annotation: &str, value: &Value) -> Result<Self, Refusal> {
        let named = some_text(value, Form::Secret)?;
        if annotation == "file" {
            return Ok(Self::File(named));
        }
        let is_name = |text: &str| {
            !text.starts_with(|c: char| c.is_ascii_digit())
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        if is_name(&named) {
            return Ok(Self::Env(named));
        }
        // As above: somebody may have put the secret itself there.
        let help = "write ASCII letters, digits and `_`, not beginning with a digit (environ(7)), as in `(env)\"SMTP_PASSWORD\"`";
        Err(Refusal::new(&codes::BAD_VARIABLE, "this is not the name of a variable of the environment", help))
    }
}

impl Readable for Input {
    const FORM: Form = Form::Input;
    const KIND: Kind = SOME;
    const ANNOTATIONS: &'static [&'static str] = &["output"];

    fn read(value: &Value) -> Result<Self, Refusal> {
        some_text(value, Self::FORM).map(Self::Text)
    }

    fn read_annotated(_: &str, value: &Value) -> Result<Self, Refusal> {
        let named = some_text(value, Self::FORM)?;
        // A step's name may hold points, an output's does not.
        match named.rsplit_once('.') {
            Some((step, slot)) if !step.is_empty() && !slot.is_empty() => {
                Ok(Self::Output(OutputName { step: step.to_owned(), slot: slot.to_owned() }))
            }
            _ => {
                let help = "write a step's name, a point and its output, as in `(output)\"web server.address\"`";
                Err(Refusal::new(&codes::BAD_OUTPUT, format!("{named:?} does not name an output"), help))
            }
        }
    }
}

impl Readable for Selector {
    const FORM: Form = Form::Selector;
    const KIND: Kind = Kind::Like(r"^(\*|(area:)?[A-Za-z0-9][A-Za-z0-9._-]{0,63})$");

    fn read(value: &Value) -> Result<Self, Refusal> {
        let text = text(value, Self::FORM)?;
        let name = |text: &str| Name::parse(text).map_err(|malformed| Refusal::of(&codes::BAD_NAME, malformed));
        match (text, text.strip_prefix("area:")) {
            ("*", _) => Ok(Self::All),
            (_, Some(area)) => name(area).map(Self::Area),
            (text, None) => name(text).map(Self::Target),
        }
    }
}
