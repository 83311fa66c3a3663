//! How numbers, times and lists are written for people.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::catalog::Named;
use crate::forecast::{ClocksApart, Held, PointAhead, Shrunk, Suspension, TooMany};
use crate::primitives::{ByteSize, on_one_line};
use crate::steps::LeaseLost;

pub use crate::primitives::grouped as count;

/// `1 file`, `2 files`: the noun takes an `s`.
pub fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" })
}

/// How many names are shown of those that could be; the manifest and the contents object hold the others.
const NAMES_SHOWN: usize = 10;

/// What is named, one line each: the first of it, and how many more there are.
pub fn names(named: &Named) -> Vec<String> {
    let shown = named.first.iter().take(NAMES_SHOWN);
    let mut lines: Vec<String> = shown.map(|item| format!("{} ({})", item.path, on_one_line(&item.why))).collect();
    let more = named.count.saturating_sub(lines.len() as u64);
    if more > 0 {
        lines.push(format!("and {} more, in the contents object", count(more)));
    }
    lines
}

/// `a restore on nas reads it`: by the machine's own name, where it is known.
pub fn read_by(machine: Option<&str>, what: &str) -> String {
    machine.map_or_else(
        || format!("a restore of another host or user reads {what}"),
        |machine| format!("a restore on {} reads {what}", on_one_line(machine)),
    )
}

/// `2 files, 1.2 KiB`
pub fn held(held: &Held) -> String {
    format!("{}, {}", counted(held.files, "file"), ByteSize(held.bytes))
}

/// Why a guard suspends deletions: `1 file, 6 B, where 20260301T053000Z-0000002a has 3 files, 40 B: smaller by more than 50%`.
/// Or `12 of 15 recovery points would go: more than 50%`.
pub fn suspension(why: &Suspension) -> String {
    match why {
        Suspension::Shrunk(Shrunk { than, now, shrink }) => {
            format!("{}, where {} has {}: smaller by more than {shrink}", held(now), than.point, held(&than.held))
        }
        Suspension::TooMany(TooMany { points, of, delete }) => {
            format!("{} of {} would go: more than {delete}", count(*points), counted(*of, "recovery point"))
        }
        Suspension::PointAhead(PointAhead { point, moment, now }) => {
            let (moment, now) = (time(*moment, "UTC"), time(*now, "UTC"));
            format!("{point} is of {moment}, and this host's clock says {now}")
        }
        Suspension::ClocksApart(ClocksApart { here, store }) => {
            let (here, store) = (time(*here, "UTC"), time(*store, "UTC"));
            format!("this host's clock said {here} when the store's said {store}")
        }
    }
}

/// Why a lease is not held.
pub fn lease_lost(why: &LeaseLost) -> String {
    match why {
        LeaseLost::Gone => {
            "the lease of its points was lost: it ran out and another run took it, or somebody broke it".into()
        }
        LeaseLost::NotRenewed { fault } => format!("the lease of its points could not be renewed in time: {fault}"),
        LeaseLost::NotTaken { fault } => format!("the lease of its points could not be taken: {fault}"),
    }
}

/// What a person should ask, and what to do then.
pub fn advice(why: &Suspension) -> &'static str {
    match why {
        Suspension::Shrunk(_) => "is all there that should be? where it is, run it again with `--accept-shrink`",
        Suspension::TooMany(_) => {
            "is the retention what it should be? where it is, run it again with `--accept-deletions`"
        }
        Suspension::PointAhead(_) => {
            "is this host's clock right? where it is, it was not when that point was made: take that point's files out of the store"
        }
        Suspension::ClocksApart(_) => "set the clock that is wrong, here or where the store is, and run it again",
    }
}

/// `2026-03-01 05:30:00 Asia/Tokyo`; in UTC where the zone is unknown here.
pub fn time(at: Timestamp, zone: &str) -> String {
    let known = crate::calendar::zone(zone);
    let (zone, name) = known.map_or((TimeZone::UTC, "UTC"), |known| (known, zone));
    format!("{} {name}", at.to_zoned(zone).strftime("%Y-%m-%d %H:%M:%S"))
}

/// `1m05s`, `3.2s`: how long something took.
pub fn elapsed(from: Timestamp, to: Timestamp) -> String {
    lasting(to.duration_since(from))
}

/// `1m05s`, `3.2s`: a time that is none where it would be less.
pub fn lasting(time: SignedDuration) -> String {
    let milliseconds = time.as_millis().max(0);
    let seconds = milliseconds / 1000;
    match seconds {
        0..60 => format!("{seconds}.{}s", milliseconds % 1000 / 100),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

/// A text as it stands in a cell of a Markdown table: no mark-up, and nothing that GitHub makes a mention, a link or an issue's number of
/// (<https://github.github.com/gfm/#backslash-escapes>).
pub fn cell(text: &str) -> String {
    let mut cell = String::with_capacity(text.len());
    let mut before = ' ';
    let text =
        on_one_line(text).replace("://", ":\u{200b}//").replace("www.", "www\u{200b}.").replace("GH-", "GH\u{200b}-");
    for c in text.chars() {
        match c {
            '<' => cell.push_str("&lt;"),
            '&' => cell.push_str("&amp;"),
            '\\' | '|' | '`' | '*' | '[' | ']' | '~' => cell.extend(['\\', c]),
            // Within a word it is no mark-up.
            '_' if !before.is_alphanumeric() => cell.push_str("\\_"),
            // A space that nobody sees.
            '@' if !before.is_alphanumeric() => cell.extend([c, '\u{200b}']),
            '#' => cell.extend([c, '\u{200b}']),
            c => cell.push(c),
        }
        before = c;
    }
    cell
}

/// A text in which whatever cannot be seen is written as an escape: control characters, and those that turn what follows around
/// (<https://www.unicode.org/reports/tr9/#Explicit_Directional_Embeddings>).
pub(super) fn seen(text: &str) -> String {
    let mut seen = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => seen.push(c),
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                seen.extend(c.escape_unicode());
            }
            c if c.is_control() => seen.extend(c.escape_default()),
            '\u{fffe}' | '\u{ffff}' => seen.push('\u{fffd}'),
            c => seen.push(c),
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_written_out() {
        assert_eq!(seen("a\u{202e}b\u{1b}[2J\0\u{200f}é\n日"), "a\\u{202e}b\\u{1b}[2J\\u{0}\\u{200f}é\n日");
    }

    #[test]
    fn numbers_and_times_are_written_for_people() {
        let written: Vec<String> = [0, 999, 1000, 1_234_567].into_iter().map(count).collect();
        assert_eq!(written, ["0", "999", "1,000", "1,234,567"]);
        assert_eq!((counted(1, "file").as_str(), counted(2000, "file").as_str()), ("1 file", "2,000 files"));
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let took = |seconds: &str| elapsed(at("2026-01-01T00:00:00Z"), at(&format!("2026-01-01T{seconds}Z")));
        let written = [took("00:00:03.25"), took("00:01:05"), took("02:03:04")];
        assert_eq!(written, ["3.2s", "1m05s", "2h03m"]);
        assert_eq!(cell("a|b <i> `c`"), r"a\|b &lt;i> \`c\`");
        assert_eq!(cell("**/*.tmp __x__ [a](b) a_b &lt; ~x~"), r"\*\*/\*.tmp \_\_x_\_ \[a\](b) a_b &amp;lt; \~x\~");
        assert_eq!(cell("www.example.jp GH-1 ftp://a"), "www\u{200b}.example.jp GH\u{200b}-1 ftp:\u{200b}//a");
        assert_eq!(cell("@octocat #1 a@example.jp"), "@\u{200b}octocat #\u{200b}1 a@example.jp");
        assert_eq!(time(at("2026-02-28T20:30:00Z"), "Asia/Tokyo"), "2026-03-01 05:30:00 Asia/Tokyo");
    }
}
