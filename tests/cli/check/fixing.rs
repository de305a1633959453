//! `--fix`: successors take the place of what they succeeded, and every other byte stays.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::{desk_with_map, desk_with_repository, document, offline};
use test_support::desk::Desk;

/// What must be replaced by what: all that has one certain successor.
const SUCCESSORS: [(&str, &str); 5] = [
    ("00000101-0000-4000-8000-000000000101", "00000121-0000-4000-8000-000000000121"),
    ("00000201-0000-4000-8000-000000000201", "00000211-0000-4000-8000-000000000211"),
    (
        "https://tableau.example.com/#/site/MySite/workbooks/101",
        "https://tableau.example.com/#/site/MySite/workbooks/121",
    ),
    (
        "https://tableau.example.com/#/site/MySite/workbooks/111",
        "https://tableau.example.com/#/site/MySite/workbooks/121",
    ),
    ("\"/#/site/MySite/datasources/201", "\"/#/site/MySite/datasources/211"),
];

fn contents(folder: &Path, below: &str, found: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).expect("list a folder") {
        let entry = entry.expect("an entry");
        let name = format!("{below}{}", entry.file_name().into_string().expect("text"));
        if entry.file_type().expect("a kind of file").is_dir() {
            contents(&entry.path(), &format!("{name}/"), found);
        } else if !name.contains("map.db") {
            found.insert(name, fs::read(entry.path()).expect("read a file"));
        }
    }
}

fn all(desk: &Desk) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    contents(desk.folder.path(), "", &mut found);
    found
}

#[test]
fn fix_replaces_what_has_a_certain_successor_and_nothing_else() {
    let desk = desk_with_repository();
    let before = all(&desk);
    let answer = offline(&desk, &["--fix"]);
    assert_eq!(answer.exit, 3, "what has no successor remains");
    insta::assert_snapshot!(answer.stdout.split("\nwarning[").next().expect("a diff"));
    let after = all(&desk);
    for (name, bytes) in before {
        let is_searched = !(name.starts_with("target/")
            || matches!(name.as_str(), "ignored.sql" | "picture.png" | "export.csv"));
        let mut expect = bytes;
        if is_searched {
            let lines = String::from_utf8(expect).expect("a text");
            let corrected = lines.split_inclusive('\n').map(|line| {
                let is_left = line.contains("tabmap: ignore") || line.contains("public.example.org");
                let pairs = SUCCESSORS.iter().filter(|_| !is_left);
                pairs.fold(line.to_owned(), |line, (old, new)| line.replace(old, new))
            });
            expect = corrected.collect::<String>().into_bytes();
        }
        assert_eq!(String::from_utf8_lossy(&after[&name]), String::from_utf8_lossy(&expect), "{name}");
    }
    let again = offline(&desk, &["--fix"]);
    assert!(!again.stdout.contains("--- a/"), "{}", again.stdout);
    assert_eq!(all(&desk), after, "run twice, the second does nothing");
    let document = document(&desk, &[], 3);
    assert!(document["findings"].as_array().expect("findings").iter().all(|one| one.get("fix").is_none()));
}

#[test]
fn dry_run_shows_the_same_diff_and_writes_nothing() {
    let desk = desk_with_repository();
    let before = all(&desk);
    let shown = offline(&desk, &["--fix", "--dry-run"]);
    assert_eq!(all(&desk), before);
    assert!(
        shown.stdout.contains("would be corrected") && shown.stdout.contains("error[replaced-luid]"),
        "{}",
        shown.stdout
    );
    let done = offline(&desk, &["--fix"]);
    let diff = |text: &str| {
        text.lines().take_while(|line| !line.contains(" corrected")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(diff(&shown.stdout), diff(&done.stdout));
}

#[test]
fn fix_keeps_line_ends_encodings_and_permissions() {
    let desk = desk_with_map();
    let (old, new) = SUCCESSORS[0];
    let text = |luid: &str| {
        let mut bytes = b"\xef\xbb\xbf# Gr\xf6\xdfe\r\nA = '".to_vec();
        bytes.extend(luid.as_bytes());
        bytes.extend(b"'\t\r\n\r\n  no end of line \xff");
        bytes
    };
    let path = desk.path("odd.py");
    fs::write(&path, text(&old.to_uppercase())).expect("write a file");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o751)).expect("set permissions");
    }
    let answer = offline(&desk, &["--fix", "odd.py"]);
    assert_eq!(answer.exit, 0, "{}", answer.stdout);
    assert_eq!(fs::read(&path).expect("read a file"), text(new));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o751);
    }
}

#[test]
fn what_is_silenced_or_switched_off_is_not_fixed() {
    let desk = desk_with_map();
    let text = format!("A = '{}'\n", SUCCESSORS[0].0);
    desk.write("a.py", &text);
    desk.write("tabmap.toml", "[check.severity]\nreplaced-luid = \"off\"\n");
    assert_eq!(offline(&desk, &["--fix", "a.py"]).exit, 0);
    assert_eq!(fs::read_to_string(desk.path("a.py")).expect("a file"), text);
}

#[test]
fn machine_formats_hold_the_diff_or_leave_it_to_stderr() {
    let desk = desk_with_map();
    desk.write("a.py", &format!("A = '{}'\n", SUCCESSORS[0].0));
    let json = document(&desk, &["--fix", "--dry-run", "a.py"], 3);
    assert!(json["fixed"]["diff"].as_str().expect("a diff").contains(SUCCESSORS[0].1));
    let sarif = offline(&desk, &["--fix", "--dry-run", "--format", "sarif", "a.py"]);
    let log: serde_json::Value = serde_json::from_str(&sarif.stdout).expect("a JSON document");
    assert_eq!(
        log["runs"][0]["results"][1]["fixes"][0]["artifactChanges"][0]["replacements"][0]["insertedContent"]
            ["text"],
        SUCCESSORS[0].1
    );
    assert!(sarif.stderr.contains("+A = "), "{}", sarif.stderr);
}

#[cfg(unix)]
#[test]
fn file_whose_name_is_no_text_is_corrected_too() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let desk = desk_with_map();
    fs::create_dir(desk.path("in")).expect("make a folder");
    let odd = desk.path("in").join(OsStr::from_bytes(b"a\xff.py"));
    let paths = [odd, desk.path("in/b.py")];
    for path in &paths {
        fs::write(path, SUCCESSORS[0].0).expect("write a file");
    }
    let answer = offline(&desk, &["--fix", "in"]);
    assert_eq!(answer.exit, 0, "{}{}", answer.stdout, answer.stderr);
    for path in &paths {
        assert_eq!(fs::read_to_string(path).expect("a file"), SUCCESSORS[0].1);
    }
}

#[test]
fn diff_is_one_that_patch_reads() {
    let desk = desk_with_map();
    let (old, new) = SUCCESSORS[0];
    let text = |luid: &str| {
        let mut bytes = b"Gr\xf6\xdfe\n1\r2\r3\n".to_vec();
        bytes.extend(format!("4\rA = '{luid}'\n\u{2028}5\n6\n").as_bytes());
        bytes
    };
    fs::write(desk.path("with blanks.py"), text(old)).expect("write a file");
    let shown = offline(&desk, &["--fix", "--dry-run", "with blanks.py"]).stdout;
    let expect = format!(
        "--- a/with blanks.py\t\n+++ b/with blanks.py\t\n@@ -2,3 +2,3 @@\n 1\r2\r3\n-4\rA = '{old}'\n+4\rA = '{new}'\n \u{2028}5\n"
    );
    assert!(shown.starts_with(&expect), "{shown:?}");
}
