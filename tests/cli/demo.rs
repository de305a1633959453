//! README's first minute: the commands of "Try it", exactly as they stand there, in front of the demo.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use tableau_simulator::Demo;
use tempfile::TempDir;
use test_support::{repository, tabmap};

/// The commands of the section.
fn commands() -> Vec<String> {
    let readme = fs::read_to_string(repository("README.md")).expect("the README");
    let (_, section) = readme.split_once("\n## Try it\n").expect("a section");
    let block = section.split("```").nth(1).expect("a block");
    block.lines().skip(1).map(str::to_owned).collect()
}

#[test]
fn five_commands_lead_from_the_demo_to_a_check_that_fails_is_fixed_and_passes_and_to_a_refresh() {
    let home = TempDir::new().expect("make a folder");
    let folder = home.path().join("Ada's demo");
    let mut demo = Demo::start(&folder, 0).expect("start the demo");
    assert_eq!(demo.news(), None);
    let commands = commands();
    let without_comment = |command: &String| command.split('#').next().expect("a command").trim().to_owned();
    assert_eq!(commands.iter().map(without_comment).collect::<Vec<_>>(), Demo::COMMANDS);
    let mut script = format!("{}exec 2>&1\n", demo.lines());
    for command in &commands {
        let words = without_comment(command);
        let _ = write!(script, "echo \"\n\\$ {words}\"\n{command}\necho \"exit: $?\"\n");
    }
    let binaries = tabmap().parent().expect("its folder").to_owned();
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]).current_dir(home.path()).env_clear().env("HOME", home.path());
    shell.env("PATH", format!("{}:/usr/bin:/bin", binaries.display()));
    let output = shell.output().expect("start a shell");
    let shown = String::from_utf8(output.stdout).expect("text");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let exits: Vec<&str> = shown.lines().filter_map(|line| line.strip_prefix("exit: ")).collect();
    assert_eq!(exits, ["0", "3", "0", "0", "0"], "{errors}{shown}");

    let news = demo.news().expect("somebody republished a workbook");
    assert_eq!(demo.news(), None, "told once");
    let (old, new) =
        news.split_once("its LUID was ").and_then(|(_, luids)| luids.split_once(", and is ")).expect("LUIDs");
    let new = new.trim_end_matches(" now.");
    let written = fs::read_to_string(folder.join("jobs/weekly_sales.py")).expect("the script");
    assert!(written.contains(new), "{news}\n{written}");

    let shown = shown.replace(old, "OLD-LUID").replace(new, "NEW-LUID");
    let filters = [
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIME"),
        (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "LUID"),
        (r"\b\d+(\.\d+)? ?m?s\b", "SPAN"),
    ];
    insta::with_settings!({ filters => filters.to_vec() }, {
        insta::assert_snapshot!(format!("{errors}{shown}"));
    });
}

#[test]
fn demo_leaves_a_folder_alone_that_is_there_already() {
    let home = TempDir::new().expect("make a folder");
    let refused = Demo::start(home.path(), 0).err().expect("a refusal").to_string();
    assert!(refused.contains("name another folder: tabmap-demo FOLDER"), "{refused}");
    assert_eq!(fs::read_dir(home.path()).expect("the folder").count(), 0);
}
