//! Facts of backups.

use super::{Facts, or_none, quoted, texts, value};
use crate::graph::TIMEOUT_DEFAULT;
use crate::plan::{Archive, ArchiveFormat, Backup, Content, Input, Priority, Selection, Stored, Target, Way};
use crate::primitives::{Compression, Spanned};

impl Facts {
    pub(super) fn backup(&mut self, target: &Target, backup: &Backup) {
        let of = format!("job {}", target.job(backup));
        self.schedule(&of, backup.schedule.as_ref());
        match &backup.way {
            Way::Stored(stored) => self.stored(&of, stored),
            Way::PointInTime(kept) => {
                self.fact(&of, "point-in-time");
                self.optional(&of, "window", kept.window.as_ref());
                self.fact(&of, format!("max-lag {}", kept.max_lag.value));
                self.optional(&of, "check-every", kept.check_every.as_ref());
                self.fact(&of, format!("on-drift {}", kept.on_drift));
            }
            Way::Snapshot(kept) => {
                self.fact(&of, "snapshot");
                self.optional_text(&of, "copy-to", kept.copy_to.as_ref());
                self.optional_text(&of, "kms-key", kept.kms_key.as_ref());
            }
        }
        self.retention(&of, backup.retention.as_ref());
        if backup.stored().is_some() {
            self.fact(&of, format!("guard shrink {}", backup.guard.shrink));
            self.fact(&of, format!("guard delete {}", backup.guard.delete));
            self.program(&of, "before-backup", &backup.before_backup);
            self.program(&of, "after-backup", &backup.after_backup);
            let priority = backup.priority.as_ref().map_or(Priority::Normal, |priority| priority.value);
            self.fact(&of, format!("priority {priority}"));
        }
        self.fact(&of, format!("takes {}", or_none(value(backup.takes.as_ref()))));
        let timeout = backup.timeout.as_ref().map_or(TIMEOUT_DEFAULT, |timeout| timeout.value);
        self.fact(&of, format!("timeout {timeout}"));
        self.each(&of, "after", backup.after.iter().map(|job| job.value.to_string()));
        self.waivers(&of, &backup.waivers);
    }

    fn stored(&mut self, of: &str, stored: &Stored) {
        let compression = match stored.content {
            Content::Archive(Archive { format: ArchiveFormat::TarZip, compression }) => {
                self.fact(of, "archive tar.zip");
                compression
            }
            Content::Dump(compression) => {
                self.fact(of, "dump");
                compression
            }
            Content::BinaryLog(compression) => {
                self.fact(of, "binary-log");
                compression
            }
        };
        self.compression(of, stored.content, compression);
        self.fact(of, format!("store {}", stored.store.value));
        if let Some(select) = &stored.select {
            let newest = match select.kind {
                Selection::UnshippedDays => String::new(),
                Selection::WholeMonths => {
                    format!(" keep-newest {}", select.keep_newest.as_ref().map_or(2, |newest| newest.value.get()))
                }
            };
            self.fact(of, format!("select {}{newest}", select.kind));
            let removed = if stored.remove_originals.is_some() { "yes" } else { "no" };
            self.fact(of, format!("remove-originals {removed}"));
        }
        for copy in &stored.copies {
            self.fact(of, format!("copy to {}", copy.to.value));
            let copy_of = format!("{of} copy {}", copy.to.value);
            self.optional(&copy_of, "takes", copy.takes.as_ref());
            self.retention(&copy_of, copy.retention.as_ref());
        }
    }

    fn compression(&mut self, of: &str, content: Content, compression: Compression) {
        let word = match content {
            Content::Archive(_) => "archive",
            Content::Dump(_) => "dump",
            Content::BinaryLog(_) => "binary-log",
        };
        self.fact(of, format!("{word} method {}", compression.method()));
        self.fact(of, format!("{word} level {}", compression.level()));
    }

    /// A program and its arguments, where there is one.
    pub(super) fn program(&mut self, of: &str, word: &str, argv: &[Spanned<String>]) {
        self.words(of, word, &texts(argv).collect::<Vec<_>>());
    }

    /// The same of one some of whose words may be what earlier steps yield.
    pub(super) fn program_of_step(&mut self, of: &str, word: &str, argv: &[Spanned<Input>]) {
        let words = argv.iter().map(|word| match &word.value {
            Input::Text(text) => quoted(text),
            output @ Input::Output(_) => output.to_string(),
        });
        self.words(of, word, &words.collect::<Vec<_>>());
    }

    fn words(&mut self, of: &str, word: &str, words: &[String]) {
        self.fact(of, if words.is_empty() { format!("{word} none") } else { format!("{word} {}", words.join(" ")) });
    }
}

/// A text in quotes, or none.
pub(super) fn text(written: Option<&Spanned<String>>) -> String {
    or_none(written.map(|text| quoted(&text.value)))
}
