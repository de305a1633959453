//! The build script: tells the program which commit, target and compiler it was made from.
//!
//! It never fails. An archive of the crate has no repository around it, and a machine may have no git; then the commit is
//! what the archive says, or `unknown`.

use std::env;
use std::path::Path;
use std::process::Command;

/// What a commit has to be the same in for the program to be the same.
const SOURCES: [&str; 5] = ["src", "sql", "graphql", "Cargo.toml", "Cargo.lock"];

fn main() {
    let root = env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    let root = Path::new(&root);
    // A debug build is made anew all the time. A new commit must not rebuild it and all of its tests.
    let commit = if env::var("PROFILE").as_deref() == Ok("release") {
        commit(root).unwrap_or_else(|| "unknown".to_owned())
    } else {
        println!("cargo:rerun-if-changed=src/build.rs");
        "not recorded in a debug build".to_owned()
    };
    println!("cargo:rustc-env=TABMAP_COMMIT={commit}");
    println!("cargo:rustc-env=TABMAP_TARGET={}", env::var("TARGET").unwrap_or_default());
    let rustc = env::var_os("RUSTC").and_then(|rustc| said(Command::new(rustc).arg("--version")));
    println!("cargo:rustc-env=TABMAP_RUSTC={}", rustc.as_deref().unwrap_or("unknown"));
}

/// The commit that the sources are from, and whether they differ from it.
fn commit(root: &Path) -> Option<String> {
    if let Some(commit) = commit_of_archive(root) {
        return Some(commit);
    }
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.current_dir(root).args(arguments);
        command
    };
    // An archive may lie unpacked in a repository of something else.
    let top = said(&mut git(&["rev-parse", "--show-toplevel"]))?;
    if Path::new(&top).canonicalize().ok()? != root.canonicalize().ok()? {
        return None;
    }
    let head = said(&mut git(&["rev-parse", "HEAD"]))?;
    let log = said(&mut git(&["rev-parse", "--git-path", "logs/HEAD"]))?;
    for path in SOURCES.iter().copied().chain([log.as_str()]) {
        println!("cargo:rerun-if-changed={path}");
    }
    let mut compare = git(&["diff", "--quiet", "HEAD", "--"]);
    let is_same = compare.args(SOURCES).status().is_ok_and(|status| status.success());
    Some(if is_same { head } else { format!("{head}, modified") })
}

/// What `cargo package` notes in an archive.
fn commit_of_archive(root: &Path) -> Option<String> {
    let note = std::fs::read_to_string(root.join(".cargo_vcs_info.json")).ok()?;
    let (_, rest) = note.split_once("\"sha1\"")?;
    let commit = rest.split('"').nth(1)?;
    let is_commit = commit.len() >= 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_commit.then(|| commit.to_owned())
}

/// The first line that a command prints, if it succeeds.
fn said(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.lines().next().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty())
}
