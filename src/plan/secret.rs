//! Values that are named in a plan and known elsewhere.

use std::fmt;

use crate::primitives::Spanned;

/// Where a secret is. It is never written in a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Secret {
    /// In a variable of the environment: `(env)"SMTP_PASSWORD"`.
    Env(String),
    /// In a file, absolute or relative to the plan file's folder: `(file)"/run/secrets/smtp"`.
    File(String),
}

impl fmt::Display for Secret {
    /// As it is written: where it is, never what it is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "(env){name:?}"),
            Self::File(path) => write!(f, "(file){path:?}"),
        }
    }
}

/// A text that is written, or that an earlier step of the same restore yields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// As it is written.
    Text(String),
    /// `(output)"web server.address"`.
    Output(OutputName),
}

/// The machine that something is done on, where that is not the one that runs.
pub type HostInput = Option<Spanned<Input>>;

/// What a step of a restore yields, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputName {
    /// The step: what stands first behind its word.
    pub step: String,
    /// Which of its outputs.
    pub slot: String,
}

impl Input {
    /// What it names of an earlier step, where it does.
    pub fn output(&self) -> Option<&OutputName> {
        match self {
            Self::Text(_) => None,
            Self::Output(output) => Some(output),
        }
    }

    /// As it is told: `web-1`, or `the address of "web server"`.
    pub fn shown(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Output(OutputName { step, slot }) => format!("the {slot} of {step:?}"),
        }
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Output(OutputName { step, slot }) => write!(f, "(output){:?}", format!("{step}.{slot}")),
        }
    }
}
