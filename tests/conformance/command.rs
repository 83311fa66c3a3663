//! `CommandRun`.

use std::os::fd::AsRawFd as _;

use sonae::drivers::Processes;
use sonae::fakes::World;
use sonae::ports::{Cause, CommandExit, CommandRun, Program, SAID_BYTES_MAX};

use super::cause;

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
async fn real_programs() {
    programs_end_as_they_do(&Processes).await;
}

#[tokio::test]
async fn fake_programs() {
    let commands = World::new(1).commands();
    commands.script("sh", [badly()]);
    commands.script("no-such-program-here", []);
    programs_end_as_they_do(&*commands).await;
}

#[tokio::test]
async fn words_are_never_read_by_a_shell() {
    let exit = Processes.run(&argv(&["test", "$PATH; exit 1", "=", "$PATH; exit 1"])).await.unwrap();
    assert_eq!(exit.status, Some(0));
    // No input: `cat` ends at once.
    assert_eq!(Processes.run(&argv(&["cat"])).await.unwrap().status, Some(0));
}

#[tokio::test]
async fn nothing_of_our_own_environment_goes_with_it() {
    let program = Program { environment: [("SAID".to_owned(), "a b".to_owned())].into(), ..argv(&["env"]) };
    let exit = Processes.run(&program).await.unwrap();
    let mut names: Vec<&str> = exit.stdout_tail.lines().filter_map(|line| line.split('=').next()).collect();
    names.sort_unstable();
    assert_eq!(names, ["HOME", "LOGNAME", "PATH", "SAID", "USER"]);
    assert!(exit.stdout_tail.contains("SAID=a b\n"), "{}", exit.stdout_tail);
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some(), "ours has more");
}

#[tokio::test]
async fn the_end_of_a_long_complaint_is_kept() {
    let script = "i=0; while [ $i -lt 20000 ]; do echo line $i; echo line $i >&2; i=$((i+1)); done";
    let exit = Processes.run(&argv(&["sh", "-c", script])).await.unwrap();
    for said in [&exit.stdout_tail, &exit.stderr_tail] {
        assert!(said.len() <= SAID_BYTES_MAX && said.len() > SAID_BYTES_MAX - 100, "{}", said.len());
        assert!(said.ends_with("line 19998\nline 19999\n"), "{said}");
    }
}

#[tokio::test]
async fn one_ended_by_a_signal_has_no_status() {
    assert_eq!(Processes.run(&argv(&["sh", "-c", "kill -9 $$"])).await.unwrap().status, None);
}

#[tokio::test]
async fn one_left_behind_does_not_hold_its_leader_open() {
    // The one left behind keeps standard error open until it reads the end of its own pipe, which is held here.
    let (ours, theirs) = std::io::pipe().unwrap();
    rustix::io::fcntl_setfd(&ours, rustix::io::FdFlags::empty()).unwrap();
    let script = format!("cat </dev/fd/{} & echo begun >&2", ours.as_raw_fd());
    let exit = Processes.run(&argv(&["sh", "-c", &script])).await.unwrap();
    assert_eq!((exit.status, exit.stderr_tail.as_str()), (Some(0), "begun\n"));
    drop(theirs);
}

#[tokio::test]
async fn dropping_the_future_kills_the_whole_group() {
    let folder = tempfile::tempdir().unwrap();
    let pids = folder.path().join("pids");
    let script = format!("sleep 1000 & echo $! $$ > {0}.new; mv {0}.new {0}; wait", pids.display());
    let words = argv(&["sh", "-c", &script]);
    let run = Processes.run(&words);
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
