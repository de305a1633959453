//! Tableau Server's repository as the source: what opens it, what it refuses, and what becomes of the map then.
//! `docs/reliability.md` lists these tests.

use std::process::{Child, Stdio};
use std::sync::Arc;

use tableau_simulator::Kind;
use test_support::desk::{Answer, Desk};
use test_support::postgres::Postgres;
use test_support::workgroup::{PASSWORD, Version, Workgroup};

use crate::faults::{ends_complete, ends_incomplete};

mod other_server;
mod tls;

/// A desk whose map was filled from a repository.
fn mapped_desk(version: Version) -> (Desk, Workgroup) {
    mapped_from(Workgroup::new(version))
}

fn mapped_from(workgroup: Workgroup) -> (Desk, Workgroup) {
    let mut desk = Desk::generated(1, 30, 10);
    workgroup.enter_alone(&mut desk);
    workgroup.fill(&desk.tableau);
    desk.done(&["init"]);
    ends_complete(&desk);
    (desk, workgroup)
}

/// A sync that fails so, and leaves the map as it was.
#[track_caller]
fn refused(desk: &Desk, exit: i32, words: &[&str]) -> Answer {
    refused_by(desk, &["sync"], exit, words)
}

/// The same with any command.
#[track_caller]
fn refused_by(desk: &Desk, command: &[&str], exit: i32, words: &[&str]) -> Answer {
    let all = || {
        ["RESOURCES", "SYNC_RUNS"].map(|table| desk.query(&format!("SELECT * FROM API__TABLEAU__{table}")))
    };
    let before = all();
    let answer = desk.run(&[command, &["-vvv"]].concat());
    answer.refused(exit, words);
    assert!(!answer.stderr.contains("hush"), "{}", answer.stderr);
    assert_eq!(all(), before);
    answer
}

#[test]
fn wrong_password_names_the_user_and_how_to_set_it() {
    for (version, user) in [(Version::Old, "readonly_md5"), (Version::New, "readonly")] {
        let (mut desk, _workgroup) = mapped_desk(version);
        desk.set("TABLEAU_REPOSITORY_PASSWORD", "hush-wrong");
        let words =
            ["28P01", user, "TABLEAU_REPOSITORY_PASSWORD", "tsm data-access repository-access enable"];
        refused(&desk, 1, &words);
    }
}

#[test]
fn password_is_taken_from_a_file_and_is_asked_for_where_there_is_none() {
    let (mut desk, _workgroup) = mapped_desk(Version::New);
    desk.unset("TABLEAU_REPOSITORY_PASSWORD");
    refused(
        &desk,
        2,
        &["the password of Tableau's repository", "TABLEAU_REPOSITORY_PASSWORD_FILE", "`readonly`"],
    );
    let file = desk.write("password", &format!("{PASSWORD}\n")).display().to_string();
    desk.set("TABLEAU_REPOSITORY_PASSWORD_FILE", file);
    ends_complete(&desk);
    let answer = desk.run(&["sync", "-vvv"]);
    assert!(answer.exit == 0 && !answer.stderr.contains("hush"), "{}", answer.stderr);
    desk.set("TABLEAU_REPOSITORY_PASSWORD", PASSWORD);
    refused(&desk, 2, &["TABLEAU_REPOSITORY_PASSWORD_FILE"]);
}

#[test]
fn user_that_sees_views_alone_is_told_to_be_readonly() {
    let (mut desk, _workgroup) = mapped_desk(Version::New);
    desk.set("TABLEAU_REPOSITORY_USER", "tableau").set("TABLEAU_REPOSITORY_PASSWORD", "hush-tableau");
    refused(&desk, 1, &["42501", "permission denied for table", "Use `readonly`", "views alone"]);
}

#[test]
fn database_that_is_not_there_or_no_repository_is_named() {
    let (desk, _workgroup) = mapped_desk(Version::New);
    for (database, words) in [("no_such_thing", ["3D000", "`workgroup`"]), ("postgres", ["42P01", "2019.3"])]
    {
        desk.write("tabmap.toml", &format!("[tableau.repository]\ndatabase = '{database}'\n"));
        refused(&desk, 1, &words);
    }
}

#[test]
fn repository_where_nobody_listens_is_tried_again_and_named() {
    let (mut desk, _workgroup) = mapped_desk(Version::New);
    desk.set("TABLEAU_REPOSITORY_PORT", "1");
    let answer = refused(&desk, 1, &["could not reach Tableau's repository at 127.0.0.1:1", "firewall"]);
    assert_eq!(answer.stderr.matches("trying again").count(), 2, "{}", answer.stderr);
}

#[test]
fn site_that_is_not_there_or_asleep_is_said() {
    let (mut desk, _workgroup) = mapped_desk(Version::New);
    for (site, words) in [
        ("Nowhere", ["has no site `Nowhere`", "TABLEAU_SERVER"]),
        ("Asleep", ["has no active, but a suspended, site `Asleep`", "check the site"]),
        ("default", ["has no site `default`", "write `Default`"]),
    ] {
        desk.set("TABLEAU_SITE", site);
        refused(&desk, 1, &words);
    }
    desk.set("TABLEAU_SITE", "mysite");
    assert_eq!(desk.sync()["outcome"], "unchanged", "another spelling is the same site");
}

#[test]
fn all_sites_of_the_server_are_taken_but_those_asleep() {
    let (mut desk, workgroup) = (Desk::generated(3, 8, 4), Workgroup::new(Version::New));
    workgroup.enter_alone(&mut desk);
    workgroup.fill(&desk.tableau);
    desk.unset("TABLEAU_SITE").done(&["init"]);
    for command in ["sync", "backfill"] {
        let answer = desk.run(&[command, "--all-sites"]);
        assert!(answer.exit == 0 && answer.stdout.contains("Asleep"), "{}{}", answer.stdout, answer.stderr);
    }
    for site in desk.tableau.sites() {
        assert_eq!(desk.mapped(&site), desk.present(&site));
    }
}

#[test]
fn repository_of_another_server_is_refused() {
    let (mut desk, _workgroup) = mapped_desk(Version::New);
    let other = Workgroup::new(Version::New);
    other.fill(&Desk::empty().tableau);
    other.enter(&mut desk);
    refused(&desk, 1, &["it is another server's", "`host` under `[tableau.repository]`", "--source rest"]);
    desk.set("TABLEAU_SERVER", "http://localhost:1");
    refused(&desk, 1, &["belongs to the Tableau server", "localhost:1"]);
}

#[test]
fn changes_are_seen_and_what_is_gone_leaves_the_map_to_the_last_of_its_kind() {
    let (desk, workgroup) = mapped_desk(Version::New);
    for item in desk.tableau.resources("MySite").iter().filter(|item| item.kind == Kind::Datasource) {
        desk.tableau.delete("MySite", item.kind, &item.luid);
    }
    desk.publish(Kind::Workbook, &["Finance", "New"], "Brand new");
    workgroup.fill(&desk.tableau);
    assert!(desk.done(&["sync", "--dry-run"]).contains("\n  source: repository\n"));
    let report = ends_complete(&desk);
    assert_eq!((&report["counts"]["removed"], &report["counts"]["added"]), (&10.into(), &1.into()));
    desk.done(&["backfill"]);
    desk.done(&["check", "--live"]);
}

#[test]
fn project_that_is_not_there_keeps_the_rows_and_a_circle_of_projects_leaves_the_name_alone() {
    let (desk, workgroup) = mapped_desk(Version::New);
    let project =
        workgroup.sql("SELECT project_id FROM projects_contents WHERE content_type = 'workbook' LIMIT 1");
    workgroup.sql(&format!("UPDATE projects SET id = 5 WHERE id = {project}"));
    ends_incomplete(&desk);
    let report = ends_incomplete(&desk);
    assert!(report["warnings"].to_string().contains("projects that it does not hold"), "{report:#}");
    workgroup.sql(&format!(
        "UPDATE projects SET id = {project} WHERE id = 5;
         DELETE FROM projects_contents WHERE content_type = 'project' AND content_id = {project};
         INSERT INTO projects_contents (project_id, site_id, content_id, content_type)
         VALUES ({project}, 1, {project}, 'project')"
    ));
    let report = desk.sync();
    assert_eq!((&report["complete"], &report["counts"]["removed"]), (&true.into(), &0.into()), "{report:#}");
}

/// Keeps everybody from reading what is in which project.
fn lock(workgroup: &Workgroup) -> Child {
    let lock = workgroup.postgres.begin(
        &workgroup.database,
        "BEGIN; LOCK TABLE projects_contents IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(60);",
    );
    let database = &workgroup.database;
    let locks = format!(
        "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database \
         WHERE d.datname = '{database}' AND mode = 'AccessExclusiveLock' AND granted"
    );
    workgroup.postgres.wait_for(&locks, "1");
    lock
}

#[test]
fn query_that_takes_too_long_is_given_up() {
    let (desk, workgroup) = mapped_desk(Version::New);
    let mut lock = lock(&workgroup);
    let database = &workgroup.database;
    desk.write(
        "tabmap.toml",
        &format!("[tableau]\ntimeout_seconds = 1\n[tableau.repository]\ndatabase = \"{database}\"\n"),
    );
    refused(&desk, 1, &["could not list the site", "did not answer within 1 s", "timeout_seconds"]);
    lock.kill().expect("end psql");
    lock.wait().expect("psql");
}

#[test]
fn server_that_is_shut_down_in_mid_query_leaves_the_map() {
    let (desk, mut workgroup) = mapped_from(Workgroup::at(Arc::new(Postgres::start()), Version::New));
    let before = desk.mapped("MySite");
    let mut lock = lock(&workgroup);
    let mut command = desk.command(&["sync"]);
    let sync = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("start tabmap");
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'tabmap/%' AND wait_event_type = 'Lock'";
    workgroup.postgres.wait_for(waiting, "1");
    Arc::get_mut(&mut workgroup.postgres).expect("the only one").stop();
    let output = sync.wait_with_output().expect("tabmap");
    let stderr = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("57P01") && stderr.contains("nothing was written"), "{stderr}");
    assert_eq!(desk.mapped("MySite"), before);
    lock.wait().expect("psql");
}

#[test]
fn host_that_only_a_file_of_the_repository_names_gets_no_password_in_ci() {
    let (mut desk, workgroup) = mapped_desk(Version::New);
    std::fs::create_dir(desk.path(".git")).expect("make a folder");
    let database = &workgroup.database;
    desk.write(
        "tabmap.toml",
        &format!("[tableau.repository]\nhost = '127.0.0.1'\ndatabase = '{database}'\n"),
    );
    desk.done(&["check"]);
    desk.set("CI", "true");
    desk.run(&["check"])
        .refused(2, &["the host of Tableau's repository", "`tabmap.toml`", "TABLEAU_REPOSITORY_HOST"]);
    desk.set("TABLEAU_REPOSITORY_HOST", "127.0.0.1").done(&["check"]);
}

#[test]
fn settings_that_cannot_be_used_are_refused_before_anything_is_sent() {
    let (mut desk, _workgroup) = mapped_desk(Version::New);
    for (name, value, word) in [
        ("TABLEAU_REPOSITORY_PORT", "eight", "`eight` is not a port"),
        ("TABLEAU_REPOSITORY_SSLMODE", "verify-ca", "`verify-full`"),
        ("TABLEAU_REPOSITORY_CA_FILE", "server.crt", "no certificate is checked"),
    ] {
        desk.set(name, value);
        refused(&desk, 2, &[word]);
        desk.unset(name);
    }
    desk.write("server.crt", "no certificate");
    desk.set("TABLEAU_REPOSITORY_SSLMODE", "verify-full");
    for file in ["server.crt", "no_such_file"] {
        desk.set("TABLEAU_REPOSITORY_CA_FILE", file);
        refused(&desk, 2, &[file, "get-certificate-file"]);
    }
    desk.unset("TABLEAU_REPOSITORY_SSLMODE").unset("TABLEAU_REPOSITORY_CA_FILE");
    desk.write("tabmap.toml", "[tableau.repository]\nsslmode = 'allow'\n");
    refused(&desk, 2, &["unknown variant `allow`"]);
    desk.write("tabmap.toml", "[tableau.repository]\npassword = 'hush'\n");
    refused(&desk, 2, &["unknown field `password`"]);
}

#[test]
fn doctor_looks_at_the_repository_and_asks_for_no_way_to_sign_in_to_tableau() {
    let (mut desk, _workgroup) = mapped_desk(Version::New);
    let answer = desk.run(&["doctor"]);
    answer.exit_is(0);
    for words in ["ok       repository", "it lists ", "skipped  tableau-credentials", "`refresh`, `serve`"] {
        assert!(answer.stdout.contains(words), "`{words}` is missing in {}", answer.stdout);
    }
    desk.set("TABLEAU_REPOSITORY_PASSWORD", "hush-wrong");
    let answer = desk.run(&["doctor"]);
    answer.exit_is(3);
    for words in ["problem  repository", "28P01", "tsm data-access repository-access enable"] {
        assert!(answer.stdout.contains(words), "`{words}` is missing in {}", answer.stdout);
    }
    assert!(!answer.stdout.contains("hush"), "{}", answer.stdout);
}
