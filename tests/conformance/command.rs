//! `CommandRun`.

use std::pin::Pin;

use sonae::ports::{Cause, CommandExit, CommandRun, Program, SAID_BYTES_MAX};

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
        let stat = format!("/proc/{pid}/stat");
        // Killed ones stay as zombies until their parent, or whoever took them over, asks.
        let alive = || std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z"));
        while alive() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }
}
