//! Trouble on this side: the disk, the clock, rights. `docs/reliability.md` lists these tests.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use tableau_simulator::Kind;
use test_support::desk::{Answer, Desk};

fn answer(command: &mut Command) -> Answer {
    let output = command.output().expect("start the command");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    Answer {
        stdout: text(output.stdout),
        stderr: text(output.stderr),
        exit: output.status.code().unwrap_or(-1),
    }
}

fn allow(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("set permissions");
}

/// Runs a command as somebody who may only read the map and its folder.
pub fn as_reader(desk: &Desk, arguments: &[&str]) -> Answer {
    // Root may write whatever the permissions say, so root asks as nobody, who may not look into every folder.
    let binary = desk.path("tabmap");
    std::fs::copy(env!("CARGO_BIN_EXE_tabmap"), &binary).expect("copy the binary");
    allow(&desk.path("tabmap.db"), 0o444);
    allow(desk.folder.path(), 0o555);
    let mut command = desk.command_of(&binary, arguments);
    if std::fs::metadata("/proc/self").is_ok_and(|this| std::os::unix::fs::MetadataExt::uid(&this) == 0) {
        command.uid(65534);
    }
    let answer = answer(&mut command);
    allow(desk.folder.path(), 0o755);
    answer
}

#[test]
fn file_that_may_not_grow_any_more_keeps_the_old_map() {
    let desk = Desk::generated(1, 5, 0);
    desk.done(&["init"]);
    desk.sync();
    for number in 0..600 {
        desk.publish(
            Kind::Workbook,
            &["default"],
            &format!("Workbook {number} with a name that takes its place on the disk"),
        );
    }
    let before = desk.mapped("MySite");
    // The largest file that this process may write, in blocks of 512 bytes; the signal that comes with it is ignored.
    let script = r#"trap '' XFSZ; ulimit -f 150; exec "$0" sync"#;
    let mut limited = desk.command_of("sh", &["-c", script, env!("CARGO_BIN_EXE_tabmap")]);
    answer(limited.env("PATH", "/usr/bin:/bin"))
        .refused(1, &["could not write to the SQLite file", "the map is unchanged"]);
    assert_eq!(desk.mapped("MySite"), before);
    desk.done(&["sync"]);
    assert_eq!(desk.mapped("MySite"), desk.present("MySite"));
}

#[test]
fn file_that_this_user_may_only_read_can_be_resolved_from_and_not_synced_to() {
    let desk = Desk::generated(1, 3, 0);
    desk.done(&["init"]);
    desk.sync();
    let luid = desk.tableau.resources("MySite").remove(0).luid;
    desk.publish(Kind::Workbook, &["default"], "New");
    let before = desk.mapped("MySite");
    let resolved = as_reader(&desk, &["resolve", &luid]);
    assert_eq!((resolved.exit, resolved.stdout), (0, format!("{luid}\n")), "{}", resolved.stderr);
    as_reader(&desk, &["sync"]).refused(1, &["`tabmap.db`", "may not write"]);
    assert_eq!(desk.mapped("MySite"), before);
}

#[test]
fn clock_that_was_ahead_yesterday_does_not_stop_todays_sync() {
    let desk = Desk::generated(1, 3, 0);
    desk.done(&["init"]);
    desk.sync();
    let map = desk.map();
    map.execute_batch(
        "UPDATE API__TABLEAU__SYNC_RUNS SET SNAPSHOT_AT = '2099-01-01T00:00:00.000000Z';
         UPDATE API__TABLEAU__RESOURCES SET CHANGED_AT = '2099-01-01T00:00:00.000000Z'",
    )
    .expect("set the clock ahead");
    let item = desk.tableau.resources("MySite").remove(0);
    desk.tableau.republish("MySite", item.kind, &item.luid);
    desk.sync();
    assert_eq!(desk.mapped("MySite"), desk.present("MySite"));
    let newest = desk.query("SELECT MAX(SNAPSHOT_AT) FROM API__TABLEAU__SYNC_RUNS");
    assert_eq!(newest, ["2099-01-01T00:00:00.000001Z"], "later runs still sort later");
    assert_eq!(desk.sync()["outcome"], "unchanged");
}

#[test]
fn sync_killed_in_any_moment_leaves_old_or_new_and_the_next_one_finishes() {
    let desk = Desk::generated(1, 1500, 500);
    desk.done(&["init"]);
    let mut killed = 0;
    for round in 0..12 {
        for item in desk.tableau.resources("MySite").iter().skip(round).step_by(9) {
            desk.tableau.republish("MySite", item.kind, &item.luid);
        }
        let (old, new) = (desk.mapped("MySite"), desk.present("MySite"));
        let mut sync =
            desk.command(&["sync"]).stdout(std::process::Stdio::null()).spawn().expect("start tabmap");
        std::thread::sleep(std::time::Duration::from_millis(40 * (round as u64 + 1)));
        sync.kill().expect("kill it");
        killed += usize::from(!sync.wait().expect("wait").success());
        let now = desk.mapped("MySite");
        assert!(now == old || now == new, "round {round} left a mix");
    }
    assert!(killed > 0, "no run was killed under way");
    desk.done(&["sync"]);
    assert_eq!(desk.mapped("MySite"), desk.present("MySite"));
}

#[test]
fn interrupted_command_that_waits_to_read_the_file_ends_at_once() {
    let desk = Desk::generated(1, 3, 0);
    desk.done(&["init"]);
    let lock = desk.map();
    lock.execute_batch("BEGIN EXCLUSIVE").expect("lock");
    let mut list = desk.command(&["list"]).stderr(std::process::Stdio::null()).spawn().expect("start tabmap");
    std::thread::sleep(std::time::Duration::from_secs(1));
    let began = std::time::Instant::now();
    let killed = Command::new("kill").args(["-TERM", &list.id().to_string()]).status();
    assert!(killed.expect("send the signal").success());
    assert_eq!(list.wait().expect("wait").code(), Some(1));
    assert!(began.elapsed() < std::time::Duration::from_secs(15), "half of what it would wait for the file");
}

#[test]
fn interrupted_sync_that_waits_for_the_file_writes_nothing_afterwards() {
    let desk = Desk::generated(1, 3, 0);
    desk.done(&["init"]);
    let lock = desk.map();
    lock.execute_batch("BEGIN IMMEDIATE").expect("lock");
    let mut sync = desk.command(&["sync"]).stderr(std::process::Stdio::null()).spawn().expect("start tabmap");
    while desk.tableau.requests().iter().all(|request| !request.path.ends_with("/signout")) {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    std::thread::sleep(std::time::Duration::from_millis(300));
    let killed = Command::new("kill").args(["-INT", &sync.id().to_string()]).status();
    assert!(killed.expect("send the signal").success());
    assert_eq!(sync.wait().expect("wait").code(), Some(1), "it ends while the file is still locked");
    lock.execute_batch("ROLLBACK").expect("unlock");
    assert_eq!(desk.query("SELECT COUNT(*) FROM API__TABLEAU__SYNC_RUNS"), ["0"]);
}
