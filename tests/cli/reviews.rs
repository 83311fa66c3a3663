//! What reviews run: the scripts of the action, of the snippet for GitLab and of the hooks, as their runners run them.

use std::path::Path;
use std::process::{Command, Output};

use super::diffs::{commit, plan, repository};
use super::scene::Scene;

fn page(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The block of a YAML file that stands behind a line, without what all its lines are indented by.
fn block(text: &str, line: &str) -> String {
    let mut lines = text.lines().skip_while(|of| of.trim() != line).skip(1).peekable();
    let indent = lines.peek().map_or(0, |line| line.len() - line.trim_start().len());
    assert!(indent > 0, "there is no block behind {line:?}");
    let is_of = |of: &&str| of.trim().is_empty() || of.starts_with(&" ".repeat(indent));
    lines.take_while(is_of).map(|line| format!("{}\n", line.get(indent..).unwrap_or_default())).collect()
}

/// What a runner runs: a script of bash that ends with its first error, with the program in its path.
fn run(scene: &Scene, script: &str, variables: &[(&str, String)]) -> Output {
    let program = Path::new(env!("CARGO_BIN_EXE_sonae")).parent().unwrap().display().to_string();
    let path = format!("{program}:{}:{}", scene.path("bin").display(), std::env::var("PATH").unwrap());
    let mut bash = Command::new("bash");
    bash.args(["--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script]);
    bash.current_dir(scene.path("")).env("PATH", path).envs(variables.iter().map(|(name, value)| (name, value)));
    bash.output().unwrap()
}

/// A repository whose second commit changes how many points are kept.
fn changed(from: u32, to: u32, more: &str) -> Scene {
    let scene = repository(&[("plans/album.kdl", &plan("album", from, "25h", ""))]);
    commit(&scene, &[("plans/album.kdl", &plan("album", to, "25h", more))]);
    scene
}

const WAIVED: &str = "waive \"sonae::change::deletes\" reason=\"the older ones are on tape\" until=\"2100-06-30\"";

/// What the action's script says, and how it ends; `gh` is what speaks to GitHub. Gives what that was asked for, too.
fn action(scene: &Scene, gh: &str) -> (Output, String) {
    scene.write("bin/gh", &format!("#!/bin/sh\nprintf '%s\\n' \"$*\" >> \"$RUNNER_TEMP/asked\"\n{gh}\n"));
    make_executable(scene, "bin/gh");
    std::fs::create_dir(scene.path("temporary")).unwrap();
    let temporary = scene.path("temporary").display().to_string();
    let variables = [
        ("PLANS", "plans".into()),
        ("BASE", "main~1".into()),
        ("COMMENT", "true".into()),
        ("PULL_REQUEST", "7".into()),
        ("RUNNER_TEMP", temporary.clone()),
        ("GITHUB_REPOSITORY", "shop/plans".into()),
        ("GITHUB_STEP_SUMMARY", format!("{temporary}/summary")),
    ];
    let output = run(scene, &block(&page("action.yml"), "run: |"), &variables);
    let asked = std::fs::read_to_string(scene.path("temporary/asked")).unwrap_or_default();
    (output, asked.replace(&temporary, "TEMPORARY"))
}

const LISTED: &str =
    "api --paginate repos/shop/plans/issues/7/comments --jq .[] | select(.body | startswith(env.MARK)) | .id\n";

#[test]
fn the_action_annotates_comments_and_fails_where_nobody_accepted() {
    let written = "api --silent repos/shop/plans/issues/7/comments --field body=@TEMPORARY/sonae-diff-comment.md\n";
    for (from, to, more, status, comment) in
        [(30, 7, "", 3, written), (30, 7, WAIVED, 0, written), (7, 30, "", 0, written), (30, 30, "", 0, "")]
    {
        let scene = changed(from, to, more);
        let (output, asked) = action(&scene, "");
        let (told, failed) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(status), "{told}\n{failed}");
        let summary = std::fs::read_to_string(scene.path("temporary/summary")).unwrap();
        assert!(summary.starts_with("**"), "{summary}");
        assert_eq!(told.contains("::error file=plans/album.kdl,line=10,"), status == 3, "{told}");
        assert_eq!(asked, format!("{LISTED}{comment}"));
        let page = std::fs::read_to_string(scene.path("temporary/sonae-diff-comment.md")).unwrap();
        assert_eq!(page, format!("<!-- sonae diff: plans -->\n\n{summary}"));
    }
}

#[test]
fn the_comment_of_an_earlier_push_is_written_anew_and_none_is_no_end() {
    let answers = |asked: &str| format!("case $* in *--paginate*) {asked} ;; esac");
    for (to, status) in [(7, 3), (30, 0)] {
        let scene = changed(30, to, "");
        let (output, asked) = action(&scene, &answers("echo 42; echo 43"));
        assert_eq!(output.status.code(), Some(status));
        let anew = "api --silent --method PATCH repos/shop/plans/issues/comments/42 --field body=@TEMPORARY/sonae-diff-comment.md\n";
        assert_eq!(asked, format!("{LISTED}{anew}"));
        // A token that may only read.
        let scene = changed(30, to, "");
        let (output, asked) = action(&scene, "exit 1");
        let told = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(status), "{told}");
        assert!(told.contains("::warning::the comment was not written"), "{told}");
        assert_eq!(asked, LISTED);
    }
}

#[test]
fn the_action_fails_with_what_is_wrong_where_a_plan_has_errors() {
    let script = block(&page("action.yml"), "run: |");
    let scene = repository(&[("plans/album.kdl", &plan("album", 30, "25h", ""))]);
    commit(&scene, &[("plans/album.kdl", "plan \"album\" {\n}\ntarget \"photos\" { }\n")]);
    let temporary = scene.path("").display().to_string();
    let variables =
        [("PLANS", "plans".into()), ("BASE", "main~1".into()), ("RUNNER_TEMP", temporary), ("COMMENT", "false".into())];
    let output = run(&scene, &script, &variables);
    let failed = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{failed}");
    assert!(failed.contains("plans/album.kdl has errors, so it was not compared"), "{failed}");
}

#[test]
fn the_snippet_for_gitlab_leaves_a_page_and_fails_where_nobody_accepted() {
    let script = block(&page("docs/review.md"), "- |");
    for (more, status) in [("", 3), (WAIVED, 0)] {
        let scene = changed(30, 7, more);
        let output = run(&scene, &script, &[("CI_MERGE_REQUEST_DIFF_BASE_SHA", "main~1".into())]);
        assert_eq!(output.status.code(), Some(status), "{}", String::from_utf8_lossy(&output.stderr));
        let page = std::fs::read_to_string(scene.path("sonae-diff.md")).unwrap();
        assert!(page.starts_with("**1 change deletes recovery points; "), "{page}");
    }
}

/// The hooks of a file, by their identifiers: what each runs.
fn hooks() -> Vec<(String, String)> {
    let text = page(".pre-commit-hooks.yaml");
    let of = |word: &str| -> Vec<String> {
        text.lines()
            .filter_map(|line| line.trim_start_matches("- ").trim().strip_prefix(word))
            .map(str::to_owned)
            .collect()
    };
    of("id: ").into_iter().zip(of("entry: ")).collect()
}

#[test]
fn hooks_refuse_what_is_not_canonical_and_what_weakens() {
    let hooks = hooks();
    let entry = |id: &str| hooks.iter().find(|(of, _)| of == id).map(|(_, entry)| entry.clone()).unwrap();
    let status = |scene: &Scene, script: &str| run(scene, script, &[]).status.code();
    let scene = repository(&[("plans/album.kdl", &plan("album", 30, "25h", ""))]);
    let fmt = format!("{} plans/album.kdl", entry("sonae-fmt"));
    assert_eq!(status(&scene, &fmt), Some(1));
    assert_eq!(status(&scene, "sonae fmt plans/album.kdl"), Some(0));
    assert_eq!(status(&scene, &fmt), Some(0));
    let diff = entry("sonae-diff");
    assert_eq!(status(&scene, &diff), Some(0), "another form is no other plan");
    scene.write("plans/album.kdl", &plan("album", 60, "25h", ""));
    assert_eq!(status(&scene, &diff), Some(0), "what differs is what commits are for");
    scene.write("plans/album.kdl", &plan("album", 7, "25h", ""));
    assert_eq!(status(&scene, &diff), Some(1));
    scene.write("plans/album.kdl", &plan("album", 7, "25h", WAIVED));
    assert_eq!(status(&scene, &diff), Some(0));
}

/// As git runs a hook in a work tree of its own: which repository it is stands in the environment.
#[test]
fn a_hook_of_a_folder_compares_with_what_the_commit_has_there() {
    let scene = repository(&[("plans/album.kdl", &plan("album", 30, "25h", ""))]);
    scene.write("plans/album.kdl", &plan("album", 7, "25h", ""));
    let variables = [("GIT_DIR", scene.path(".git").display().to_string())];
    for script in [
        "sonae diff git:HEAD plans/album.kdl",
        "sonae diff git:HEAD plans",
        "cd plans && sonae diff git:HEAD album.kdl",
    ] {
        let output = run(&scene, script, &variables);
        assert_eq!(output.status.code(), Some(3), "{script}: {}", String::from_utf8_lossy(&output.stdout));
    }
}

fn make_executable(scene: &Scene, name: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(scene.path(name), std::fs::Permissions::from_mode(0o755)).unwrap();
}
