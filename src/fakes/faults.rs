//! What goes wrong, and when.

use std::time::Duration;

use jiff::SignedDuration;

use super::dice::mix;
use crate::ports::{Cause, Certainty, Fault};

/// What goes wrong with one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Injected {
    /// Nothing is done; the fault's certainty is `Transient`.
    RefuseOnce(Cause),
    /// Nothing is done; the fault's certainty is `Permanent`.
    RefuseForGood(Cause),
    /// It is done, and the answer is a fault of certainty `Unknown`.
    LoseAnswer,
    /// It is done, later (tokio time).
    Delay(Duration),
    /// Nothing is done, and so it goes for this long (tokio time) with every call of the same port: its first word, `store`.
    Throttle(Duration),
    /// Half of the bytes are put or written, and the answer is a fault of certainty `Unknown`. It strikes only where bytes are handed
    /// over.
    Cut,
    /// The clock of the host is set so much ahead, or back, and it is done.
    SetClock(SignedDuration),
}

/// The calls that hand bytes over.
const HAND_OVER: [&str; 2] = ["store.part", "file.write"];

impl Injected {
    /// The fault that is answered; none where only time passes.
    pub(super) fn fault(self, op: &str, key: &str) -> Option<Fault> {
        let fault = |answer: &str, cause, certainty| {
            Some(Fault {
                action: format!("{op} {key}"),
                answer: answer.to_owned(),
                cause,
                certainty,
                retry_after: None,
            })
        };
        match self {
            Self::RefuseOnce(cause) => fault("refused for now", cause, Certainty::Transient),
            Self::RefuseForGood(cause) => fault("refused", cause, Certainty::Permanent),
            Self::LoseAnswer => fault("the answer was lost", Cause::Other, Certainty::Unknown),
            Self::Throttle(time) => {
                let answer = format!("too many requests; ask again in {} s", time.as_secs());
                let throttled = fault(&answer, Cause::Other, Certainty::Transient);
                let retry_after = Some(crate::primitives::Duration::from_seconds(time.as_secs()));
                throttled.map(|fault| Fault { retry_after, ..fault })
            }
            Self::Cut => fault("it was cut off", Cause::Other, Certainty::Unknown),
            Self::Delay(_) | Self::SetClock(_) => None,
        }
    }

    /// Whether the effect comes, at least in part.
    pub(super) fn has_effect(self) -> bool {
        matches!(self, Self::LoseAnswer | Self::Delay(_) | Self::Cut | Self::SetClock(_))
    }
}

/// When a rule strikes.
#[derive(Debug, Clone, Copy)]
enum When {
    /// At that one of the calls it is for, counted from 1.
    Nth(u64),
    /// At so many of a thousand of them, by the seed.
    PerMille(u64),
}

#[derive(Debug, Clone)]
struct Rule {
    op: String,
    key: String,
    when: When,
    what: Injected,
    seen: u64,
}

/// Which calls fail and how. An operation is written as in a history: `store.part`; `store` means all of them. Of
/// several rules that strike one call, the first counts.
#[derive(Debug, Clone, Default)]
pub struct FaultScript(Vec<Rule>);

impl FaultScript {
    /// Nothing goes wrong.
    pub fn new() -> Self {
        Self::default()
    }

    /// The `nth` call (from 1, counted from when the script is set) of `op` fails.
    #[must_use]
    pub fn nth(self, op: &str, nth: u64, what: Injected) -> Self {
        self.rule(op, "", When::Nth(nth), what)
    }

    /// The `nth` call of `op` whose key holds `key` fails.
    #[must_use]
    pub fn nth_on(self, op: &str, key: &str, nth: u64, what: Injected) -> Self {
        self.rule(op, key, When::Nth(nth), what)
    }

    /// Every call of `op` whose key holds `key` fails.
    #[must_use]
    pub fn always_on(self, op: &str, key: &str, what: Injected) -> Self {
        self.rule(op, key, When::PerMille(1000), what)
    }

    /// So many of a thousand calls of `op` fail: which, the seed, the key and how often it was asked decide.
    #[must_use]
    pub fn chance(self, op: &str, per_mille: u64, what: Injected) -> Self {
        self.rule(op, "", When::PerMille(per_mille), what)
    }

    fn rule(mut self, op: &str, key: &str, when: When, what: Injected) -> Self {
        self.0.push(Rule { op: op.to_owned(), key: key.to_owned(), when, what, seen: 0 });
        self
    }

    /// What happens to a call that is the `count`th of its operation and key.
    pub(super) fn strike(&mut self, seed: u64, op: &str, key: &str, count: u64) -> Option<Injected> {
        let mut struck = None;
        for (index, rule) in self.0.iter_mut().enumerate() {
            let cannot = rule.what == Injected::Cut && !HAND_OVER.contains(&op);
            if cannot || !covers(&rule.op, op) || !key.contains(&rule.key) {
                continue;
            }
            rule.seen += 1;
            let strikes = match rule.when {
                When::Nth(nth) => rule.seen == nth,
                When::PerMille(share) => {
                    let (index, count) = (index as u64, count.to_le_bytes());
                    mix(seed ^ (index << 32), &[op.as_bytes(), &count, key.as_bytes()]) % 1000 < share
                }
            };
            if strikes && struck.is_none() {
                struck = Some(rule.what);
            }
        }
        struck
    }
}

/// Whether `store.part` is meant by `store.part` or `store`.
pub(super) fn covers(pattern: &str, op: &str) -> bool {
    op.strip_prefix(pattern).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_strike_what_they_name_and_nothing_else() {
        let mut script = FaultScript::new().nth("store.part", 2, Injected::LoseAnswer).nth_on(
            "tree",
            "b",
            1,
            Injected::RefuseOnce(Cause::Denied),
        );
        let mut strike = |op, key| script.strike(0, op, key, 1);
        assert_eq!(strike("store.part", "a"), None);
        assert_eq!(strike("store.parts", "a"), None);
        assert_eq!(strike("tree.open", "a"), None);
        assert_eq!(strike("store.part", "a"), Some(Injected::LoseAnswer));
        assert_eq!(strike("tree.open", "b"), Some(Injected::RefuseOnce(Cause::Denied)));
        assert_eq!(strike("tree.open", "b"), None);
    }

    #[test]
    fn chance_follows_the_seed_and_its_share() {
        let struck = |seed| {
            let mut script = FaultScript::new().chance("store", 250, Injected::LoseAnswer);
            (0..400).filter(|count| script.strike(seed, "store.head", "k", *count).is_some()).collect::<Vec<_>>()
        };
        assert_eq!(struck(7), struck(7));
        assert_ne!(struck(7), struck(8));
        assert!((60..140).contains(&struck(7).len()), "{}", struck(7).len());
    }
}
