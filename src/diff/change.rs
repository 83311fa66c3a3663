//! What differs between two plans, and what that means.

use std::fmt;

use jiff::civil::Date;
use serde::{Serialize, Serializer};

use crate::diagnostic::codes::change::LOST;
use crate::diagnostic::{Code, Diagnostic};
use crate::primitives::Span;

/// What differs between two plans.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, schemars::JsonSchema)]
pub struct Changes {
    /// Each change, the gravest first; of the same judgement, in the newer plan's order.
    pub changes: Vec<Change>,
    /// How many there are of each judgement.
    pub counts: Counts,
    /// How many need a waiver and have none: with any, `sonae diff` exits with 3.
    pub unwaived: usize,
}

/// How many changes there are of each judgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, schemars::JsonSchema)]
pub struct Counts {
    /// Hazards.
    pub hazards: usize,
    /// Changes by which recovery points are deleted.
    pub deletes: usize,
    /// Weakenings.
    pub weakens: usize,
    /// Changes of neither kind.
    pub neutral: usize,
    /// What makes the plan safer.
    pub strengthens: usize,
}

/// One thing that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Change {
    /// What it is about.
    pub subject: Subject,
    /// What is different.
    pub what: What,
    /// What that means.
    pub judgement: Judgement,
    /// Why, each a sentence without a full stop.
    pub because: Vec<String>,
    /// The code that a waiver names; none where there is nothing to waive.
    #[serde(serialize_with = "code_name")]
    #[schemars(with = "Option<String>")]
    pub code: Option<&'static Code>,
    /// Who set it aside, and why.
    pub waived: Option<Accepted>,
    /// Where in the newer plan.
    #[serde(skip)]
    pub span: Span,
}

fn code_name<S: Serializer>(code: &Option<&'static Code>, to: S) -> Result<S::Ok, S::Error> {
    code.map(|code| code.name).serialize(to)
}

/// A change that a waiver of the newer plan sets aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Accepted {
    /// Why, in the plan's words.
    pub reason: String,
    /// The last day on which it holds.
    #[schemars(with = "String")]
    pub until: Date,
}

/// What a change means for what can be recovered. The later is the graver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Judgement {
    /// More is promised, kept, looked at or guarded.
    Strengthens,
    /// Neither.
    Neutral,
    /// Less is.
    Weakens,
    /// Recovery points go that the older plan would have kept.
    Deletes,
    /// Something happens that nobody may expect of it.
    Hazard,
}

impl fmt::Display for Judgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Strengthens => "strengthens",
            Self::Neutral => "neutral",
            Self::Weakens => "weakens",
            Self::Deletes => "deletes",
            Self::Hazard => "hazard",
        })
    }
}

/// What a change is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema)]
pub struct Subject {
    /// What kind of thing.
    pub kind: Kind,
    /// Its name, as the newer plan has it: of a backup `target/backup`, of a step of a restore `restore: what it does`.
    pub name: String,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}

/// How many members are shown.
const MEMBERS_SHOWN: usize = 12;

pub(super) fn listed(members: &[String]) -> String {
    let more = members.len().saturating_sub(MEMBERS_SHOWN);
    let shown = members.iter().take(MEMBERS_SHOWN).cloned();
    let more = (more > 0).then(|| format!("and {more} more"));
    shown.chain(more).collect::<Vec<_>>().join(", ")
}

/// What a plan is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The plan itself.
    Plan,
    /// A role.
    Role,
    /// A host.
    Host,
    /// A store.
    Store,
    /// A channel of notification.
    Notify,
    /// A target.
    Target,
    /// A backup of a target.
    Backup,
    /// A restore.
    Restore,
    /// A step of a restore.
    Step,
    /// A verification.
    Verify,
    /// A drill.
    Drill,
    /// A notice to those outside.
    Announce,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Plan => "plan",
            Self::Role => "role",
            Self::Host => "host",
            Self::Store => "store",
            Self::Notify => "notify",
            Self::Target => "target",
            Self::Backup => "backup",
            Self::Restore => "restore",
            Self::Step => "step",
            Self::Verify => "verify",
            Self::Drill => "drill",
            Self::Announce => "announce",
        })
    }
}

/// What is different of a subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum What {
    /// Only the newer plan has it.
    Added,
    /// Only the older plan has it.
    Removed,
    /// It is the same by another name.
    Renamed {
        /// How the older plan calls it.
        from: String,
    },
    /// The two name others.
    Members {
        /// Of what of it: the word that a plan has for it.
        word: String,
        /// Those that the older plan has alone.
        gone: Vec<String>,
        /// Those that the newer plan has alone.
        come: Vec<String>,
    },
    /// The two say different things of it.
    Changed {
        /// Of what of it: the word that a plan has for it.
        word: String,
        /// What the older plan says; none where it says nothing.
        old: Option<String>,
        /// What the newer plan says; none where it says nothing.
        new: Option<String>,
    },
}

impl Change {
    /// Of an older plan that cannot be read: what it protected may be lost, and nobody can say. `new` is where the newer stands, if there is one.
    pub(super) fn unreadable(why: &str, new: Option<Span>) -> Self {
        Self {
            subject: Subject { kind: Kind::Plan, name: String::new() },
            what: if new.is_some() { What::Added } else { What::Removed },
            judgement: Judgement::Hazard,
            because: vec![why.to_owned()],
            // Whoever mends it could waive nothing that it ever protected; whoever takes it out is to see that.
            code: new.is_none().then_some(&LOST),
            waived: None,
            span: new.unwrap_or_default(),
        }
    }

    /// Whether it needs a waiver and has none.
    pub fn is_unwaived(&self) -> bool {
        self.waived.is_none() && self.code.is_some_and(|code| code.severity == crate::diagnostic::Severity::Error)
    }

    /// In one line: `rpo 1h → 25h`.
    pub fn in_words(&self) -> String {
        match &self.what {
            What::Added => "added".to_owned(),
            What::Removed => "removed".to_owned(),
            What::Renamed { from } => format!("was called {from}"),
            What::Members { word, gone, come } => {
                let of = |with: &str, members: &[String]| {
                    (!members.is_empty()).then(|| format!("{with} {}", listed(members)))
                };
                let parts: Vec<String> = of("without", gone).into_iter().chain(of("with", come)).collect();
                format!("{word} {}", parts.join(", "))
            }
            What::Changed { word, old, new } => match (old, new) {
                (Some(old), Some(new)) => format!("{word} {old} → {new}"),
                (Some(old), None) => format!("without {word} {old}").trim_end().to_owned(),
                (None, Some(new)) => format!("with {word} {new}").trim_end().to_owned(),
                (None, None) => word.clone(),
            },
        }
    }

    /// The word of what is different, where it is one.
    pub fn word(&self) -> Option<&str> {
        match &self.what {
            What::Members { word, .. } | What::Changed { word, .. } => Some(word),
            What::Added | What::Removed | What::Renamed { .. } => None,
        }
    }

    /// What somebody is to know who looks at the newer plan's text; none of what weakens nothing.
    pub fn diagnostic(&self) -> Option<Diagnostic> {
        let code = self.code?;
        let because: String = self.because.iter().map(|because| format!("; {because}")).collect();
        let message = format!("{}: {}{because}", self.subject, self.in_words());
        let help = match code.severity {
            crate::diagnostic::Severity::Error => {
                let block = match self.what {
                    What::Removed => "what it was a part of, or in `plan`,",
                    _ => "this block",
                };
                let waiver = format!("waive \"{}\" reason=\"…\" until=\"…\"", code.name);
                format!("take it back, or say in {block} why it is meant, and until when it is to be: {waiver}")
            }
            _ => format!("see `sonae explain {}`", code.name),
        };
        Some(Diagnostic::new(code, message, self.span, self.judgement.to_string(), help))
    }
}
