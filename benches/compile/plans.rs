//! Plans, and a graph for ninja of the same shape.

use std::fmt::Write as _;

/// How many folders are backed up, and how often each.
pub(crate) const SOURCES: usize = 100;
const BACKUPS_EACH: usize = 200;

/// A plan of so many targets. Every fiftieth has all that there is to prove.
pub(crate) fn targets(targets: usize) -> String {
    let mut plan = "plan p\nstore s {local path=\"/s\"}\n".to_owned();
    let (mut plain, mut promised) = (String::new(), String::new());
    for n in 0..targets {
        let (objective, words, steps, takes) = if n % 50 == 0 {
            (
                "objective rpo=\"25h\" rto=\"9d\";",
                "schedule daily at=\"05:30\";retention daily=7;takes \"1m\"",
                &mut promised,
                " takes=\"1m\"",
            )
        } else {
            ("", "", &mut plain, "")
        };
        write_to(
            &mut plan,
            format_args!("target t{n} {{files \"/{n}\";{objective}backup b {{archive tar.zip;store s;{words}}}}}\n"),
        );
        write_to(steps, format_args!("recover t{n}{takes} {{into path=\"/r{n}\"}}\n"));
    }
    plan + &format!("restore r {{\n{plain}}}\nrestore q {{\n{promised}}}\n")
}

/// A plan of 1,000 targets of four kinds, each with all that there is to prove of it, at times of their own.
pub(crate) fn promises() -> String {
    let mut plan = "plan p {timezone \"Europe/Berlin\"}\nstore s {local path=\"/s\"}\n".to_owned();
    let mut steps = String::new();
    for n in 0..1_000 {
        let at = format!("at=\"{:02}:{:02}\"", n / 60 % 24, n % 60);
        let block = match n % 4 {
            0 => format!(
                "files \"/{n}\";objective rpo=\"26h\" rto=\"30d\";backup b {{archive tar.zip;store s;schedule daily {at};takes \"9m\";retention generations=14 \
                 within=\"30d\" monthly=12}}"
            ),
            1 => format!(
                "files \"/{n}\";objective rpo=\"8d\" rto=\"30d\";backup b {{archive tar.zip;store s;schedule weekly weekday=sun {at};takes \"9m\";retention \
                 within=\"90d\"}}"
            ),
            2 => format!(
                "logs \"/{n}\" pattern=\"a-%Y%m%d.log\" {{rotates keep=\"60d\"}};backup b {{archive tar.zip;store s;schedule daily {at};takes \"9m\";select \
                 unshipped-days;retention within=\"1y\"}}"
            ),
            _ => format!(
                "mysql socket=\"/{n}\";objective rpo=\"1h\" rto=\"30d\" any-point=\"7d\";backup f {{dump;store s;schedule daily {at};takes \"9m\";retention \
                 within=\"9d\"}};backup c {{binary-log;store s;schedule every=\"15m\";takes \"1m\";retention within=\"9d\"}}"
            ),
        };
        write_to(&mut plan, format_args!("target t{n} {{{block}}}\n"));
        write_to(&mut steps, format_args!("recover t{n} takes=\"1m\" {{into path=\"/r{n}\"}}\n"));
    }
    plan + &format!(
        "restore r rto=\"30d\" {{\n{steps}}}\nverify v {{schedule daily at=\"12:00\";targets \"*\";depth read;takes \"1h\"}}\n"
    )
}

/// A plan of 20,000 backups, of five steps each.
pub(crate) fn jobs() -> String {
    let mut plan = "plan p\nstore s {local path=\"store\"}\n".to_owned();
    let mut steps = String::new();
    for source in 0..SOURCES {
        write_to(&mut plan, format_args!("target t{source} {{files \"source/{source}\"\n"));
        for backup in 0..BACKUPS_EACH {
            write_to(&mut plan, format_args!("backup b{backup} {{archive tar.zip;store s}}\n"));
        }
        plan.push_str("}\n");
        write_to(&mut steps, format_args!("recover t{source} {{into path=\"restored/{source}\"}}\n"));
    }
    plan + &format!("restore r {{\n{steps}}}\n")
}

/// A plan of one backup every five minutes, whose points are kept for so long.
pub(crate) fn every_five_minutes(within: &str) -> String {
    format!(
        "plan p {{timezone \"America/New_York\"}}\nstore s {{local path=\"store\"}}\ntarget t {{files \"source\";backup b {{archive tar.zip;store s;\
         schedule every=\"5m\";takes \"1m\";retention within=\"{within}\"}}}}\nrestore r {{recover t {{into path=\"restored\"}}}}\n"
    )
}

/// As many chains of five steps.
pub(crate) fn ninja() -> String {
    let mut graph = "rule step\n  command = step $out\n".to_owned();
    for source in 0..SOURCES {
        for backup in 0..BACKUPS_EACH {
            let mut before = format!("source/{source}");
            for word in ["look", "pack", "read-back", "commit", "delete"] {
                let made = format!("t{source}/b{backup}/{word}");
                write_to(&mut graph, format_args!("build {made}: step {before}\n"));
                before = made;
            }
        }
    }
    graph
}

/// Writing to a string cannot fail.
fn write_to(text: &mut String, line: std::fmt::Arguments<'_>) {
    let _ = text.write_fmt(line);
}
