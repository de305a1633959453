//! What `--version` says, and where a build has it from.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tableau_simulator::{Content, Options, Simulator};
use tempfile::TempDir;
use test_support::desk::Desk;
use test_support::repository;

fn first_word_behind<'a>(text: &'a str, start: &str) -> &'a str {
    let line = text.lines().find_map(|line| line.strip_prefix(start));
    line.and_then(|rest| rest.split_whitespace().next()).unwrap_or_else(|| panic!("no `{start}` in\n{text}"))
}

#[test]
fn short_version_is_one_line_and_the_long_one_tells_what_it_was_built_from() {
    let desk = Desk::empty();
    let short = desk.done(&["-V"]);
    assert_eq!(short, format!("tabmap {}\n", env!("CARGO_PKG_VERSION")));
    let long = desk.done(&["--version", "--verbose"]);
    assert_eq!(long, desk.done(&["--version"]));
    assert!(long.starts_with(&short), "{long}");
    assert!(first_word_behind(&long, "target: ").contains(std::env::consts::ARCH), "{long}");
    assert_eq!(first_word_behind(&long, "compiler: "), "rustc");
    assert!(!first_word_behind(&long, "commit: ").is_empty());
    desk.done(&["init"]);
    let [schema] = &desk.query("PRAGMA user_version")[..] else { panic!("one number") };
    assert_eq!(first_word_behind(&long, "map schema version: "), schema);
}

#[test]
fn versions_of_tableau_that_it_names_are_those_that_the_tests_speak() {
    let spoken = [true, false].map(|old_server| {
        let content = Content::from_json(r#"{"sites": [{"content_url": "MySite"}]}"#).expect("valid content");
        let server = Options { content, old_server, ..Options::default() };
        let desk = Desk::at(Simulator::start(server).expect("start the simulator"));
        desk.done(&["init"]);
        let log = desk.run(&["sync", "-v", "--log-format", "json"]).exit_is(0).stderr.clone();
        let behind = log.split("\"api_version\":\"").nth(1).unwrap_or_else(|| panic!("no version in {log}"));
        behind.split('"').next().expect("a version").to_owned()
    });
    let long = Desk::empty().done(&["--version"]);
    assert!(long.contains(&format!("tested with {} to {}\n", spoken[0], spoken[1])), "{spoken:?}\n{long}");
}

/// The build script as a program.
fn build_script(folder: &Path) -> PathBuf {
    let program = folder.join("build-script");
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut compile = Command::new(rustc);
    compile.args(["--edition=2024", "-o"]).arg(&program).arg(repository("src/build.rs"));
    assert!(compile.status().expect("start rustc").success());
    program
}

/// The commit that a release build of this folder would name.
fn commit(program: &Path, folder: &Path) -> String {
    let mut build = Command::new(program);
    build
        .env("CARGO_MANIFEST_DIR", folder)
        .env("PROFILE", "release")
        .env("TARGET", "any")
        .env_remove("RUSTC");
    let output = build.current_dir(folder).output().expect("start the build script");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8(output.stdout).expect("text");
    let line = told.lines().find_map(|line| line.strip_prefix("cargo:rustc-env=TABMAP_COMMIT="));
    line.unwrap_or_else(|| panic!("no commit in {told}")).to_owned()
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut git = Command::new("git");
    git.args(["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]).args(arguments).current_dir(folder);
    let output = git.output().expect("start git");
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

#[test]
fn build_names_the_commit_of_its_own_repository_or_archive_and_never_fails_without() {
    let home = TempDir::new().expect("make a folder");
    let program = build_script(home.path());
    let repository = home.path().join("repository");
    fs::create_dir_all(repository.join("src")).expect("make a folder");
    assert_eq!(commit(&program, &repository), "unknown", "no repository, no archive");

    fs::write(repository.join("src/lib.rs"), "").expect("write a file");
    git(&repository, &["init", "-q"]);
    git(&repository, &["add", "."]);
    git(&repository, &["commit", "-qm", "first"]);
    let head = git(&repository, &["rev-parse", "HEAD"]);
    assert_eq!(commit(&program, &repository), head);
    fs::write(repository.join("README.md"), "the program is the same").expect("write a file");
    assert_eq!(commit(&program, &repository), head);
    fs::write(repository.join("src/lib.rs"), "mod more;").expect("write a file");
    assert_eq!(commit(&program, &repository), format!("{head}, modified"));

    let archive = repository.join("vendor");
    fs::create_dir(&archive).expect("make a folder");
    assert_eq!(commit(&program, &archive), "unknown", "the repository around it is that of something else");
    let packaged = "0123456789abcdef0123456789abcdef01234567";
    let note = format!("{{\"git\": {{\"sha1\": \"{packaged}\"}}, \"path_in_vcs\": \"\"}}");
    fs::write(archive.join(".cargo_vcs_info.json"), note).expect("write a file");
    assert_eq!(commit(&program, &archive), packaged);
}
