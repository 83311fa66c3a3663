//! `CommandRun`.

use std::pin::Pin;

use sonae::ports::{Cause, Certainty, CommandExit, CommandRun, Hidden, Program, Revealed, SAID_BYTES_MAX};

use super::cause;

/// A case: what it says, and what it does.
pub(crate) type Case = (&'static str, for<'a> fn(&'a dyn CommandRun) -> Pin<Box<dyn Future<Output = ()> + 'a>>);

/// The cases, and a test of each with the programs of this host.
macro_rules! on_real_programs {
    ($($case:ident)*) => {
        pub(crate) const CASES: &[Case] = &[$((stringify!($case), |commands| Box::pin($case(commands)))),*];
        mod here {
            $(#[tokio::test]
            async fn $case() {
                super::run(stringify!($case), &sonae::drivers::Processes).await;
            })*
        }
    };
}

on_real_programs! {
    programs_end_as_they_do
    words_are_never_read_by_a_shell
    nothing_of_our_own_environment_goes_with_it
    the_end_of_a_long_complaint_is_kept
    one_ended_by_a_signal_has_no_status
    one_left_behind_does_not_hold_its_leader_open
    what_is_hidden_is_told_by_no_program
    one_whose_time_is_over_is_ended
    dropping_the_future_kills_the_whole_group
}

/// Does one case.
pub(crate) async fn run(name: &str, commands: &dyn CommandRun) {
    let (_, case) = CASES.iter().find(|(known, _)| *known == name).unwrap();
    case(commands).await;
}

fn argv(words: &[&str]) -> Program {
    Program { argv: words.iter().map(|word| (*word).to_owned()).collect(), ..Program::default() }
}

fn badly() -> CommandExit {
    CommandExit { status: Some(3), stdout_tail: "data\n".to_owned(), stderr_tail: "no\n".to_owned() }
}

async fn programs_end_as_they_do(commands: &dyn CommandRun) {
    let well = CommandExit { status: Some(0), ..CommandExit::default() };
    assert_eq!(commands.run(&argv(&["true"])).await.unwrap(), well);
    let badly = badly();
    assert_eq!(commands.run(&argv(&["sh", "-c", "echo no >&2; echo data; exit 3"])).await.unwrap(), badly);
    assert_eq!(cause(commands.run(&argv(&["no-such-program-here"])).await), Cause::NotFound);
    assert_eq!(cause(commands.run(&argv(&[])).await), Cause::Invalid);
}

#[tokio::test]
async fn fake_programs() {
    let commands = sonae::fakes::World::new(1).commands();
    commands.script("sh", [badly()]);
    commands.script("no-such-program-here", []);
    programs_end_as_they_do(&*commands).await;
}

async fn words_are_never_read_by_a_shell(commands: &dyn CommandRun) {
    let odd = "$PATH `id` 'a' \"b\" \\ *\n\t!x; exit 1 あ";
    let exit = commands.run(&argv(&["printf", "%s|", odd, "", " ", "-n"])).await.unwrap();
    assert_eq!((exit.status, exit.stdout_tail), (Some(0), format!("{odd}|| |-n|")));
    let value = Program { environment: [("SAID".to_owned(), odd.to_owned())].into(), ..argv(&["printenv", "SAID"]) };
    assert_eq!(commands.run(&value).await.unwrap().stdout_tail, format!("{odd}\n"));
    // No input: `cat` ends at once.
    assert_eq!(commands.run(&argv(&["cat"])).await.unwrap().status, Some(0));
}

async fn nothing_of_our_own_environment_goes_with_it(commands: &dyn CommandRun) {
    let program = Program { environment: [("SAID".to_owned(), "a b".to_owned())].into(), ..argv(&["env"]) };
    let exit = commands.run(&program).await.unwrap();
    let mut names: Vec<&str> = exit.stdout_tail.lines().filter_map(|line| line.split('=').next()).collect();
    names.sort_unstable();
    // Where the other side's shell is bash, it gives this to every program.
    names.retain(|name| *name != "_");
    assert_eq!(names, ["HOME", "LOGNAME", "PATH", "SAID", "USER"]);
    assert!(exit.stdout_tail.contains("SAID=a b\n"), "{}", exit.stdout_tail);
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some(), "ours has more");
}

async fn the_end_of_a_long_complaint_is_kept(commands: &dyn CommandRun) {
    let script = "i=0; while [ $i -lt 20000 ]; do echo line $i; echo line $i >&2; i=$((i+1)); done";
    let exit = commands.run(&argv(&["sh", "-c", script])).await.unwrap();
    for said in [&exit.stdout_tail, &exit.stderr_tail] {
        assert!(said.len() <= SAID_BYTES_MAX && said.len() > SAID_BYTES_MAX - 100, "{}", said.len());
        assert!(said.ends_with("line 19998\nline 19999\n"), "{said}");
    }
}

const SECRET: &str = "correct horse\nbattery";

async fn what_is_hidden_is_told_by_no_program(commands: &dyn CommandRun) {
    let hidden = Hidden::new([SECRET, "no"].map(Revealed::new));
    let said = Program { hidden: hidden.clone(), ..argv(&["printf", "%s, no, %s", SECRET, "correct"]) };
    assert_eq!(commands.run(&said).await.unwrap().stdout_tail, "(hidden), no, correct");
    // Where what is kept begins in the midst of it, its end is not told either.
    for behind in [SAID_BYTES_MAX - 5, SAID_BYTES_MAX - SECRET.len(), SAID_BYTES_MAX - 1] {
        let script = "printf %s \"$1\" >&2; head -c \"$2\" /dev/zero | tr '\\0' . >&2; exit 3";
        let behind = behind.to_string();
        let program = Program { hidden: hidden.clone(), ..argv(&["sh", "-c", script, "sh", SECRET, &behind]) };
        let exit = commands.run(&program).await.unwrap();
        let told = exit.stderr_tail.trim_end_matches('.');
        assert!(exit.status == Some(3) && "(hidden)".ends_with(told) && !told.is_empty(), "{behind}: {told}");
    }
}

#[tokio::test]
async fn fake_programs_tell_no_secret() {
    let commands = sonae::fakes::World::new(1).commands();
    commands.script("say", [CommandExit { stdout_tail: format!("a {SECRET} b"), ..badly() }]);
    let program = Program { hidden: Hidden::new([Revealed::new(SECRET)]), ..argv(&["say"]) };
    assert_eq!(commands.run(&program).await.unwrap().stdout_tail, "a (hidden) b");
}

/// That a process has ended: killed ones stay as zombies until their parent, or whoever took them over, asks.
async fn has_ended(pid: &str) {
    let stat = format!("/proc/{pid}/stat");
    let alive = || std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z"));
    while alive() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

async fn one_whose_time_is_over_is_ended(commands: &dyn CommandRun) {
    let folder = tempfile::tempdir().unwrap();
    let pids = folder.path().join("pids");
    let script = format!("trap '' TERM HUP; sleep 1000 & echo $! $$ > {}; wait; sleep 1000", pids.display());
    let time = Some(std::time::Duration::from_secs(2));
    let fault = commands.run(&Program { time, ..argv(&["sh", "-c", &script]) }).await.unwrap_err();
    assert_eq!(fault.certainty, Certainty::Permanent, "{fault}");
    assert!(fault.answer.contains("not done within its timeout of 2s, and ended"), "{fault}");
    for pid in std::fs::read_to_string(&pids).unwrap().split_whitespace() {
        has_ended(pid).await;
    }
    // One that is in time is none of it.
    assert_eq!(commands.run(&Program { time, ..argv(&["true"]) }).await.unwrap().status, Some(0));
}

async fn one_ended_by_a_signal_has_no_status(commands: &dyn CommandRun) {
    assert_eq!(commands.run(&argv(&["sh", "-c", "kill -9 $$"])).await.unwrap().status, None);
}

async fn one_left_behind_does_not_hold_its_leader_open(commands: &dyn CommandRun) {
    // The one left behind keeps standard error open until it reads the end of a pipe that is held here.
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR).unwrap();
    let held = std::fs::OpenOptions::new().read(true).write(true).open(&pipe).unwrap();
    let script = format!("cat <{} & echo begun >&2", pipe.display());
    let exit = commands.run(&argv(&["sh", "-c", &script])).await.unwrap();
    assert_eq!((exit.status, exit.stderr_tail.as_str()), (Some(0), "begun\n"));
    drop(held);
}

async fn dropping_the_future_kills_the_whole_group(commands: &dyn CommandRun) {
    let folder = tempfile::tempdir().unwrap();
    let pids = folder.path().join("pids");
    let script = format!("sleep 1000 & echo $! $$ > {0}.new; mv {0}.new {0}; wait", pids.display());
    let words = argv(&["sh", "-c", &script]);
    let run = commands.run(&words);
    let begun = async {
        while !pids.exists() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        _ = run => panic!("it ended by itself"),
        () = begun => {}
    }
    for pid in std::fs::read_to_string(&pids).unwrap().split_whitespace() {
        has_ended(pid).await;
    }
}
