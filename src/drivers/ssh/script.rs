//! What the other host's shell is told: to run one program, and to say how it ended.
//!
//! The account's own shell sees one fixed line (`LOGIN`), which every shell understands; the rest is read by a POSIX shell from its
//! standard input, so that words and environment are in no list of processes but the program's own. Invariants: nothing is begun before
//! the word `go`, which is said when this side knows that it is heard; the program and all in its process group is killed when the
//! connection ends before it does.

use std::collections::BTreeMap;

use crate::drivers::process::PATH;
use crate::ports::{Cause, Fault};

/// Said to a script that is ready.
pub(super) const GO: &[u8] = b"go\n";

/// What the script says of a program that is not there.
pub(super) const ABSENT: &str = "absent";
/// What it says where the program is ready, and has no process group of its own.
pub(super) const ALONE: &str = "alone";

/// The line that the account's shell is handed. Nothing stays of its environment but what is plain.
pub(super) fn login() -> String {
    format!(r#"exec env -i HOME="$HOME" LOGNAME="$LOGNAME" USER="$USER" PATH={PATH} sh -s"#)
}

/// Moves the connection to where the program does not see it. What a shell makes by itself is no part of a plain environment; `_` is one of
/// bash, and cannot be taken away.
const HEAD: &str = "exec 3<&0 </dev/null
unset PWD OLDPWD SHLVL
";

/// Begins the program when it is told to, in a process group of its own where setsid(1) is there.
const BODY: &str = r#"if ! command -v "$1" >/dev/null 2>&1; then __sonae_is=absent
elif command -v setsid >/dev/null 2>&1; then __sonae_is=ready
else __sonae_is=alone
fi
echo "$__sonae_mark $__sonae_is"
echo "$__sonae_mark $__sonae_is" >&2
read -r __sonae_go <&3
[ "$__sonae_go" = go ] || exit 1
if [ "$__sonae_is" = ready ]; then set -- setsid "$@"; else set -- env "$@"; fi
"$@" 3<&- &
__sonae_program=$!
{
read -r __sonae_go <&3
kill -s KILL -- "-$__sonae_program" || kill -s KILL "$__sonae_program"
} >/dev/null 2>&1 &
__sonae_watch=$!
wait "$__sonae_program" 2>/dev/null
__sonae_status=$?
kill "$__sonae_watch" 2>/dev/null
echo "$__sonae_mark $__sonae_status"
echo "$__sonae_mark $__sonae_status" >&2
exit 0
"#;

/// The script that runs these words. `mark` is what its own lines begin with, and nobody else can know. Braces have the shell read all of it
/// before it does any of it.
///
/// # Errors
/// `Invalid` for what no shell can be told.
pub(super) fn script(mark: &str, words: &[&[u8]], environment: &BTreeMap<String, String>) -> Result<Vec<u8>, Fault> {
    let invalid = |answer: String| Fault::permanent(Cause::Invalid, "run a program on another host", answer);
    match words.first() {
        None | Some([]) => return Err(invalid("no program is named".to_owned())),
        Some(name) if name.contains(&b'=') => return Err(invalid("a program's name holds `=`".to_owned())),
        Some(_) => {}
    }
    let quoted = |bytes: &[u8]| {
        let quoted = shlex::bytes::try_quote(bytes)
            .map_err(|_| invalid("a word holds a NUL, which no program can be given".into()))?;
        Ok::<_, Fault>(quoted.into_owned())
    };
    let mut script = [b"{\n".as_slice(), HEAD.as_bytes()].concat();
    for (name, value) in environment {
        if !is_name(name) {
            return Err(invalid(format!("{name:?} is no name of a variable: letters, digits and `_` are")));
        }
        script.extend_from_slice(format!("export {name}=").as_bytes());
        script.extend(quoted(value.as_bytes())?);
        script.push(b'\n');
    }
    script.extend_from_slice(format!("__sonae_mark={mark}\nset --").as_bytes());
    for word in words {
        script.push(b' ');
        script.extend(quoted(word)?);
    }
    script.push(b'\n');
    script.extend_from_slice(BODY.as_bytes());
    script.extend_from_slice(b"}\n");
    Ok(script)
}

/// Whether a shell can have a variable of this name (POSIX, 3.216).
fn is_name(name: &str) -> bool {
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    begins && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_shell_can_be_told_is_refused() {
        let of = |words: &[&[u8]], name: &str| script("m", words, &[(name.to_owned(), "v".to_owned())].into());
        assert!(of(&[b"true"], "A_1").is_ok());
        for (words, name) in [
            (&[][..], "A"),
            (&[b"".as_slice()][..], "A"),
            (&[b"A=b".as_slice()][..], "A"),
            (&[b"echo".as_slice(), b"a\0b"][..], "A"),
            (&[b"true".as_slice()][..], "1A"),
            (&[b"true".as_slice()][..], "A B"),
            (&[b"true".as_slice()][..], ""),
        ] {
            assert_eq!(of(words, name).unwrap_err().cause, Cause::Invalid, "{words:?} {name}");
        }
    }
}
