//! Which files of a tree are searched, whatever somebody has put there.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use test_support::desk::Desk;

use super::{ANY_AGE, desk_with_map, document, fixture, found_in, offline, places};

const GONE: &str = "00000102-0000-4000-8000-000000000102";

fn git(desk: &Desk, folder: &str, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.arg("-C").arg(desk.path(folder)).args(arguments);
    let output = command.env("HOME", desk.folder.path()).output().expect("git is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The files below a folder in which something is found, and the codes.
fn found_below(desk: &Desk, folder: &str) -> Vec<(String, String)> {
    let answer = offline(desk, &["--format", "json", "--no-exit-code", folder]);
    let document =
        serde_json::from_str(&answer.stdout).unwrap_or_else(|error| panic!("{error}: {}", answer.stderr));
    places(&document).into_iter().map(|(path, _, code)| (path, code)).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(path, code)| ((*path).to_owned(), (*code).to_owned())).collect()
}

#[test]
fn gitignore_above_the_root_of_a_repository_hides_nothing() {
    let desk = desk_with_map();
    desk.write(".gitignore", "*\n");
    fs::create_dir_all(desk.path("repository/deep")).expect("make folders");
    git(&desk, "repository", &["init", "-q"]);
    desk.write("repository/deep/a.py", GONE);
    assert_eq!(found_below(&desk, "repository"), pairs(&[("repository/deep/a.py", "stale-luid")]));
    assert_eq!(found_below(&desk, "repository/deep"), pairs(&[("repository/deep/a.py", "stale-luid")]));
}

#[test]
fn file_that_git_tracks_is_searched_although_a_pattern_leaves_it_out() {
    let desk = desk_with_map();
    fs::create_dir_all(desk.path("repository/build/deep")).expect("make folders");
    git(&desk, "repository", &["init", "-q"]);
    desk.write("repository/.gitignore", "build/\n*.log\n!keep.log\n");
    for path in
        ["build/deep/tracked.py", "build/other.py", "build/deep/other.py", "a.log", "keep.log", "b.log"]
    {
        desk.write(&format!("repository/{path}"), GONE);
    }
    git(&desk, "repository", &["add", "-f", "build/deep/tracked.py", "b.log"]);
    let found = found_below(&desk, "repository");
    let names: Vec<_> = found.iter().map(|(path, _)| path.trim_start_matches("repository/")).collect();
    assert_eq!(names, ["b.log", "build/deep/tracked.py", "keep.log"]);
    // What is asked for by name is not left out.
    assert_eq!(found_below(&desk, "repository/build").len(), 3);
    assert_eq!(found_below(&desk, "repository/a.log").len(), 1);
}

#[test]
fn check_that_searches_no_file_says_so() {
    let desk = desk_with_map();
    fs::create_dir_all(desk.path("empty")).expect("make a folder");
    assert_eq!(found_below(&desk, "empty"), pairs(&[("empty", "no-files")]));
    let answer = offline(&desk, &["empty"]);
    assert_eq!(answer.exit, 0);
    assert!(answer.stdout.contains("no file was searched"), "{}", answer.stdout);
    desk.write("tabmap.toml", "[check.severity]\nno-files = \"off\"\n");
    assert_eq!(found_below(&desk, "empty"), []);
}

#[test]
fn hosts_are_taken_from_addresses_and_what_is_no_host_is_refused() {
    let desk = desk_with_map();
    let text = "https://old.example.com/#/site/MySite/workbooks/99999";
    for host in [
        "old.example.com",
        "https://old.example.com",
        "http://OLD.example.com/",
        "https://old.example.com/#/home",
    ] {
        desk.write("tabmap.toml", &format!("[check]\nhosts = [\"{host}\"]\n"));
        assert_eq!(found_in(&desk, "a.md", text), [(1, "unknown-resource".to_owned())], "{host}");
    }
    for host in ["", "two words", "ftp://old.example.com"] {
        desk.write("tabmap.toml", &format!("[check]\nhosts = [\"{host}\"]\n"));
        offline(&desk, &[]).refused(2, &["`hosts` under `[check]`"]);
    }
}

#[test]
fn recording_that_names_its_server_by_an_address_is_of_that_server() {
    let mut desk = Desk::empty();
    desk.unset("TABLEAU_SERVER").unset("TABLEAU_SITE");
    let recording = fs::read_to_string(fixture("wednesday.json")).expect("a recording");
    let host =
        recording.split("\"server\": \"").nth(1).and_then(|rest| rest.split('"').next()).expect("a server");
    desk.write("address.json", &recording.replacen(host, &format!("https://{host}/"), 1));
    desk.done(&["init"]);
    desk.done(&["sync", "--from", "address.json"]);
    desk.write("a.md", &format!("https://{host}/#/site/MySite/workbooks/99999"));
    let arguments = [["check", "--offline", "a.md"].as_slice(), &ANY_AGE].concat();
    assert!(desk.run(&arguments).stdout.contains("unknown-resource"));
}

#[test]
fn text_in_utf_16_is_searched_and_corrected_as_such() {
    let desk = desk_with_map();
    let text = format!("\u{feff}\u{e4} '{}'\r\n", "00000101-0000-4000-8000-000000000101");
    for (name, bytes) in [("le.sql", u16::to_le_bytes as fn(u16) -> [u8; 2]), ("be.sql", u16::to_be_bytes)] {
        let encode = |text: &str| text.encode_utf16().flat_map(bytes).collect::<Vec<_>>();
        fs::write(desk.path(name), encode(&text)).expect("write");
        let found = document(&desk, &["--fix", name], 0);
        assert_eq!(found["fixed"]["places"], 1, "{found}");
        let after = fs::read(desk.path(name)).expect("read");
        let units: Vec<u16> = after
            .chunks(2)
            .map(|pair| {
                if name == "le.sql" {
                    u16::from_le_bytes([pair[0], pair[1]])
                } else {
                    u16::from_be_bytes([pair[0], pair[1]])
                }
            })
            .collect();
        let after = String::from_utf16(&units).expect("UTF-16");
        assert!(
            after.starts_with("\u{feff}\u{e4} '") && after.ends_with("'\r\n") && after != text,
            "{after:?}"
        );
        assert_eq!(after.len(), text.len());
    }
}

#[test]
fn gitignore_that_is_a_link_a_pipe_a_device_or_huge_leaves_nothing_out_and_is_reported() {
    let desk = desk_with_map();
    for (name, make) in [
        ("link", (|path| symlink("/dev/zero", path)) as fn(&std::path::Path) -> std::io::Result<()>),
        ("pipe", |path| Command::new("mkfifo").arg(path).status().map(drop)),
        ("folder", |path| fs::create_dir(path)),
        ("huge", |path| fs::write(path, "*\n".repeat(1024 * 1024))),
    ] {
        fs::create_dir_all(desk.path(name)).expect("make a folder");
        make(&desk.path(name).join(".gitignore")).expect("make the file");
        desk.write(&format!("{name}/a.py"), GONE);
        let found = found_below(&desk, name);
        let ignore = format!("{name}/.gitignore");
        let source = format!("{name}/a.py");
        assert_eq!(found, pairs(&[(&ignore, "unreadable-file"), (&source, "stale-luid")]), "{name}");
    }
}

#[test]
fn configuration_that_is_a_device_a_pipe_huge_or_of_another_folder_is_refused() {
    let desk = desk_with_map();
    let path = desk.path("tabmap.toml");
    let refused = |words: &[&str]| {
        offline(&desk, &[]).refused(2, &[&["tabmap.toml"], words].concat());
        fs::remove_file(&path).expect("remove it");
    };
    fs::remove_file(&path).expect("remove the one of `init`");
    symlink("/dev/zero", &path).expect("a link");
    refused(&["outside the folder"]);
    Command::new("mkfifo").arg(&path).status().expect("make a pipe");
    refused(&["not a regular file"]);
    desk.write("tabmap.toml", &"# a comment\n".repeat(200_000));
    refused(&["larger than 1048576 bytes"]);
    // As Kubernetes puts it there.
    desk.write("..data.toml", "[check.severity]\nstale-luid = \"off\"\n");
    symlink("..data.toml", &path).expect("a link");
    desk.write("a.py", GONE);
    assert_eq!(found_below(&desk, "a.py"), []);
}

#[test]
fn ci_sends_no_credentials_to_a_server_that_only_the_repository_names() {
    let mut desk = Desk::empty();
    desk.publish(tableau_simulator::Kind::Workbook, &["default"], "Sales");
    desk.done(&["backfill"]);
    let server = desk.tableau.url().to_owned();
    desk.write("tabmap.toml", &format!("[tableau]\nserver = \"{server}\"\n"));
    desk.write("a.md", "nothing");
    desk.unset("TABLEAU_SERVER").set("CI", "true");
    desk.tableau.clear_requests();
    for more in [
        ["check", "a.md"].as_slice(),
        &["check", "--live", "a.md"],
        &["check", "--config", "tabmap.toml", "a.md"],
    ] {
        desk.run(more).refused(2, &["set only in `tabmap.toml`", "TABLEAU_SERVER"]);
    }
    assert!(desk.tableau.requests().is_empty());
    desk.done(&["check", "--offline", "a.md"]);
    desk.set("TABLEAU_SERVER", server);
    desk.done(&["check", "a.md"]);
    desk.unset("TABLEAU_SERVER").set("CI", "false");
    desk.done(&["check", "a.md"]);
}
