//! The people who are asked while a run goes on: at the terminal, where somebody sits there, and by what `sonae approve` wrote down.

use std::sync::Arc;
use std::time::Duration;

use super::{host, output, terminal};
use crate::drivers::{Asking, StateFolder, SystemClock, Teletype};
use crate::ports::{Clock as _, Fault, People, Person, Question, Word};

/// How often it is looked whether somebody said something elsewhere.
const LOOKED_EVERY: Duration = Duration::from_secs(1);

/// Whoever attends to a run.
pub(super) struct Attendants {
    state: Arc<StateFolder>,
}

impl Attendants {
    pub(super) fn new(state: &Arc<StateFolder>) -> Self {
        Self { state: Arc::clone(state) }
    }

    /// The word that is written down elsewhere, once it is.
    async fn elsewhere(&self, question: &Question) -> Result<Word, Fault> {
        loop {
            if let Some(word) = self.state.word(&question.run, &question.step).await? {
                return Ok(word);
            }
            tokio::time::sleep(LOOKED_EVERY).await;
        }
    }

    /// What the person at the terminal says; none where they leave it to others, or the terminal is gone.
    async fn here(&self, question: &Question, terminal: &mut Asking<'_>) -> Result<Option<Word>, Fault> {
        let account = host::account();
        let me = account.as_deref().ok().and_then(|account| question.asked(account));
        terminal.say(&asked(question, account.as_deref().map_err(String::as_str), me));
        while let Some(line) = terminal.line().await {
            match (read(&line), me) {
                (Answer::Later, _) => return Ok(None),
                (Answer::Said { yes, reason }, Some(me)) => {
                    let word = Word { by: me.clone(), yes, reason, at: SystemClock.now() };
                    // Somebody else may have said it a moment ago; what stands is what was said first.
                    return match self.state.leave_word(&question.run, &question.step, &word).await? {
                        true => Ok(Some(word)),
                        false => self.state.word(&question.run, &question.step).await,
                    };
                }
                (Answer::Said { .. }, None) => {
                    terminal.say("You may not say it. Type `later` to leave it waiting.\n> ")
                }
                (Answer::Unclear(help), _) => terminal.say(&format!("{help}\n> ")),
            }
        }
        Ok(None)
    }
}

#[async_trait::async_trait]
impl People for Attendants {
    async fn word(&self, question: &Question) -> Result<Option<Word>, Fault> {
        if let Some(word) = self.state.word(&question.run, &question.step).await? {
            return Ok(Some(word));
        }
        let Some(terminal) = attended() else { return Ok(None) };
        let mut terminal = match terminal.ask().await {
            Ok(terminal) => terminal,
            Err(error) => {
                output::say(&format!("the terminal cannot be read: {error}"));
                return Ok(None);
            }
        };
        let _quiet = terminal::aside();
        tokio::select! {
            word = self.here(question, &mut terminal) => word,
            word = self.elsewhere(question) => word.map(Some),
        }
    }
}

/// The terminal, where somebody sits at it: then standard input is one too. From cron, nobody does.
fn attended() -> Option<Teletype> {
    use std::io::IsTerminal as _;
    let is_attended = std::io::stdin().is_terminal();
    is_attended.then(|| Teletype::open().ok()).flatten()
}

/// What is asked, of whom, and how it is answered.
fn asked(question: &Question, account: Result<&str, &str>, me: Option<&Person>) -> String {
    let Question { run, step, what, role, people } = question;
    let people: Vec<String> =
        people.iter().map(|person| format!("{} (account {})", person.person, person.account)).collect();
    let how = match (account, me) {
        (Ok(account), Some(_)) => {
            format!("You are {account}. Type `yes` or `no` and why, or `later` to leave it waiting.")
        }
        (Ok(account), None) => format!("You are {account}, who has not that role. Type `later` to leave it waiting."),
        (Err(why), _) => format!("Who you are is not known: {why}. Type `later` to leave it waiting."),
    };
    format!(
        "\nTo be approved: {what}\nby a person with the role {role}: {}\n{how}\nFrom elsewhere on this host: sonae approve {run} {step}\n> ",
        people.join(", ")
    )
}

/// What a line says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Yes or no, and why.
    Said { yes: bool, reason: String },
    /// Not now.
    Later,
    /// Neither: what to type instead.
    Unclear(&'static str),
}

/// There is no yes by default, and none without a reason.
pub(super) fn read(line: &str) -> Answer {
    let line = line.trim();
    let (word, reason) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let reason = reason.trim().trim_start_matches([':', ',']).trim().to_owned();
    match word.trim_end_matches([':', ',']).to_ascii_lowercase().as_str() {
        "later" => Answer::Later,
        "yes" | "no" if reason.is_empty() => Answer::Unclear("Type why behind it, as in `yes the database is gone`."),
        "yes" => Answer::Said { yes: true, reason },
        "no" => Answer::Said { yes: false, reason },
        _ => Answer::Unclear("Type `yes` or `no`, a space, and why; or `later`."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_no_yes_without_a_reason_and_none_by_default() {
        let said = |yes, reason: &str| Answer::Said { yes, reason: reason.to_owned() };
        assert_eq!(read("yes the database is gone\n"), said(true, "the database is gone"));
        assert_eq!(read(" No: only one table "), said(false, "only one table"));
        assert_eq!(read("later"), Answer::Later);
        for unclear in ["", "\n", "yes", "yes ", "no:", "y because", "yesterday it broke", "ok"] {
            assert!(matches!(read(unclear), Answer::Unclear(_)), "{unclear:?}");
        }
    }
}
