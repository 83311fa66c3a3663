//! The words of a command line, some of which are known only when earlier steps have run.

use serde::{Deserialize, Serialize};

use super::Output;
use crate::primitives::command_line;

/// A word of a command line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum Argument {
    /// As it is written.
    Text(String),
    /// What an earlier step yields.
    Output(Output),
}

impl Argument {
    /// As it is written, where it is.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Output(_) => None,
        }
    }

    /// What it takes in.
    pub fn input(&self) -> Option<Output> {
        match self {
            Self::Text(_) => None,
            Self::Output(output) => Some(*output),
        }
    }

    pub(super) fn input_mut(&mut self) -> Option<&mut Output> {
        match self {
            Self::Text(_) => None,
            Self::Output(output) => Some(output),
        }
    }
}

/// A program and its arguments, so that it can be seen where each ends, and which step yields what is not known yet.
pub fn argument_line(argv: &[Argument]) -> String {
    let word = |argument: &Argument| match argument {
        Argument::Text(text) => command_line(std::slice::from_ref(text)),
        Argument::Output(Output { step, kind }) => {
            format!("(the {} of step {})", kind.slot().unwrap_or("output"), step.0 + 1)
        }
    };
    argv.iter().map(word).collect::<Vec<_>>().join(" ")
}
