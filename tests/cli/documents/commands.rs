//! Each command line of `tabmap` in README and in the pages is one that the program takes.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Output};

use clap::Parser as _;
use tableau_simulator::Content;
use tabmap::commands::Cli;
use tempfile::TempDir;
use test_support::desk::Desk;
use test_support::pages::{Block, blocks};
use test_support::tabmap;

/// A folder for `PATH` with a `tabmap` that notes its arguments and ends with the code in `CODE`. No other program can be
/// started from there but two that do no harm.
pub struct Stage(TempDir);

const NOTES: &str = "#!/bin/sh\nprintf '%s\\0' \"$@\" >>\"$0.notes\"\nprintf '\\001\\0' >>\"$0.notes\"\nexit \"${CODE:-0}\"\n";

impl Stage {
    pub fn new() -> Self {
        let folder = TempDir::new().expect("make a folder");
        let tabmap = folder.path().join("tabmap");
        fs::write(&tabmap, NOTES).expect("write a script");
        fs::set_permissions(&tabmap, fs::Permissions::from_mode(0o755)).expect("make it a program");
        for harmless in ["mkdir", "cat"] {
            symlink(Path::new("/bin").join(harmless), folder.path().join(harmless)).expect("make a link");
        }
        Self(folder)
    }

    /// Runs a script there.
    pub fn run(&self, script: &str, code: i32) -> Output {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", script]).current_dir(self.0.path()).env_clear();
        shell.env("PATH", self.0.path()).env("HOME", self.0.path()).env("CODE", code.to_string());
        shell.output().expect("start a shell")
    }

    /// The arguments of each call so far.
    pub fn calls(&self) -> Vec<Vec<String>> {
        let notes = fs::read_to_string(self.0.path().join("tabmap.notes")).unwrap_or_default();
        let mut calls = vec![Vec::new()];
        for word in notes.split_terminator('\0') {
            match word {
                "\u{1}" => calls.push(Vec::new()),
                word => calls.last_mut().expect("a call").push(word.to_owned()),
            }
        }
        calls.pop();
        calls
    }
}

/// A script that writes no file outside of its folder.
fn stays_inside(script: &str) -> bool {
    script.split('>').skip(1).all(|rest| {
        let target = rest.trim_start();
        !target.starts_with('/') || target.starts_with("/dev/null")
    })
}

/// The commands of a crontab.
pub fn commands_of_cron(block: &Block) -> Vec<String> {
    let lines = block.text.lines().filter(|line| !line.starts_with('#'));
    let command = |line: &str| {
        assert!(!line.contains('%'), "{}: cron ends a command at %", block.place());
        line.splitn(6, ' ').nth(5).expect("five fields and a command").to_owned()
    };
    lines.map(command).collect()
}

/// The script of a block; of a crontab the commands.
fn script(block: &Block) -> String {
    if block.language != "cron" {
        return block.text.clone();
    }
    // What the pages call `environment` is the reader's.
    commands_of_cron(block).join("\n").replace("cd \"$HOME/tabmap\" && . ./environment && ", "")
}

/// Fails where the program does not take a command line.
#[track_caller]
pub fn is_taken(place: &str, call: &[String]) {
    use clap::error::ErrorKind::{DisplayHelp, DisplayVersion};
    match Cli::try_parse_from(std::iter::once("tabmap").chain(call.iter().map(String::as_str))) {
        Err(error) if !matches!(error.kind(), DisplayHelp | DisplayVersion) => {
            panic!("{place}: tabmap {call:?}\n{error}")
        }
        _ => {}
    }
}

#[test]
fn every_command_line_of_readme_and_pages_is_taken() {
    let mut count = 0;
    for block in blocks(&["sh", "cron"]) {
        let (place, script, stage) = (block.place(), script(&block), Stage::new());
        assert!(stays_inside(&script), "{place} writes to an absolute path");
        let syntax = stage.run(&format!("set -n\n{script}"), 0);
        assert!(syntax.status.success(), "{place}: {}", String::from_utf8_lossy(&syntax.stderr));
        stage.run(&script, 0);
        let calls = stage.calls();
        let written = script.lines().filter(|line| line.trim_start().starts_with("tabmap ")).count();
        assert!(calls.len() >= written, "{place}: only these were called: {calls:?}");
        for call in &calls {
            is_taken(&place, call);
        }
        count += calls.len();
    }
    assert!(count > 25, "{count}");
}

/// A site with what the pages speak of.
fn desk() -> Desk {
    let content = r#"{"sites": [{"content_url": "MySite", "workbooks": [
        {"name": "Weekly Sales", "project": ["Finance"], "vizportal_url_id": 12345}
    ], "datasources": [{"name": "Orders", "project": ["Operations"]}]}]}"#;
    Desk::with(Content::from_json(content).expect("valid content"))
}

#[test]
fn blocks_that_are_marked_so_run_from_above_to_below_on_their_page() {
    let blocks = blocks(&["sh", "toml"]).into_iter();
    let marked = blocks.filter(|block| {
        block.page != "docs/check.md" && (block.mark == "run" || block.mark.starts_with("file: "))
    });
    let mut pages: Vec<(String, Desk)> = Vec::new();
    for block in marked {
        if pages.last().is_none_or(|(page, _)| *page != block.page) {
            let desk = desk();
            desk.done(&["init"]);
            desk.done(&["sync"]);
            pages.push((block.page.clone(), desk));
        }
        let desk = &pages.last().expect("a desk").1;
        if let Some(name) = block.mark.strip_prefix("file: ") {
            desk.write(name, &block.text);
            continue;
        }
        assert!(stays_inside(&block.text), "{} writes to an absolute path", block.place());
        let script = block.text.replace("https://tableau.example.com", desk.tableau.url());
        let mut shell = desk.command_of("/bin/sh", &["-euc", &script]);
        let folder = tabmap().parent().expect("its folder").display().to_string();
        shell.env("PATH", format!("{folder}:/usr/bin:/bin"));
        let Output { status, stdout, stderr } = shell.output().expect("start a shell");
        let said = [stdout, stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
        assert!(status.success(), "{}\n{said}", block.place());
    }
    assert!(!pages.is_empty(), "no block is marked");
}
