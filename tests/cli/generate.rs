//! `--generate`: the man page, and completions, which a real bash loads.

use std::process::Command;

use test_support::desk::Desk;
use test_support::tabmap;

/// What bash offers behind `line`, with the completions loaded as users load them.
fn offered(desk: &Desk, line: &str) -> Vec<String> {
    const COMPLETE: &str = r#"
        source <("$1" --generate complete-bash) || exit 1
        complete -p tabmap >/dev/null || exit 1
        COMP_LINE=$2 COMP_POINT=${#2}
        read -ra COMP_WORDS <<<"$2"
        [[ $2 == *" " ]] && COMP_WORDS+=("")
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        _tabmap tabmap "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let bash = ["--norc", "-c", COMPLETE, "bash", tabmap().to_str().expect("text"), line].map(str::to_owned);
    let output = desk.command_of("bash", &bash.each_ref().map(String::as_str)).output().expect("start bash");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text").lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_flags_and_their_values() {
    let desk = Desk::empty();
    assert_eq!(offered(&desk, "tabmap hi"), ["history"]);
    let commands = offered(&desk, "tabmap ");
    assert!(
        ["sync", "check", "list"].iter().all(|one| commands.iter().any(|word| word == one)),
        "{commands:?}"
    );
    assert_eq!(offered(&desk, "tabmap list --changed"), ["--changed-since"]);
    assert_eq!(offered(&desk, "tabmap list --format "), ["table", "csv", "json"]);
    assert_eq!(offered(&desk, "tabmap list --kind w"), ["workbook"]);
}

#[test]
fn completions_of_every_shell_name_every_command() {
    let desk = Desk::empty();
    for (shell, start) in [
        ("bash", "_tabmap() {"),
        ("zsh", "#compdef tabmap"),
        ("fish", "complete -c tabmap"),
        ("powershell", "Register-ArgumentCompleter"),
    ] {
        let text = desk.done(&["--generate", &format!("complete-{shell}")]);
        assert!(text.contains(start), "{shell}: {text}");
        for command in ["init", "sync", "resolve", "history", "check", "refresh", "serve", "doctor"] {
            assert!(text.contains(command), "{shell} does not know `{command}`");
        }
    }
}

#[test]
fn man_page_explains_every_command_once_and_the_flags_of_all_commands_once() {
    let desk = Desk::empty();
    let page = desk.done(&["--generate", "man"]);
    assert!(page.contains(".TH tabmap 1"), "{page}");
    let sections: Vec<&str> = page.lines().filter(|line| line.starts_with(".SH ")).collect();
    for command in ["INIT", "SYNC", "RESOLVE", "HISTORY", "CHECK", "SERVE", "DOCTOR"] {
        let title = format!(".SH \"TABMAP {command}\"");
        assert_eq!(sections.iter().filter(|section| **section == title).count(), 1, "{sections:?}");
    }
    assert_eq!(page.matches("Form of the log on stderr").count(), 1, "{page}");
    assert!(page.contains("tabmap history") && page.contains(r"\-\-since"), "{page}");
    assert!(page.contains("Exit codes: 0 done"), "{page}");
}

#[test]
fn man_page_is_one_that_man_can_show() {
    let desk = Desk::empty();
    desk.write("tabmap.1", &desk.done(&["--generate", "man"]));
    let output = Command::new("man")
        .args(["--warnings", "-l", "tabmap.1"])
        .current_dir(desk.folder.path())
        .output()
        .expect("this test needs man (Debian: `apt-get install man-db`)");
    let shown = String::from_utf8_lossy(&output.stdout);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert!(shown.contains("TABMAP SYNC") && shown.contains("--dry-run"), "{shown}");
}

#[test]
fn what_is_generated_needs_no_configuration_and_a_command_is_needed_otherwise() {
    let desk = Desk::empty();
    desk.write("tabmap.toml", "not = valid");
    desk.done(&["--generate", "man"]);
    desk.run(&["--generate", "man", "--store", "sqlite:x.db"]).exit_is(2);
    desk.run(&["--generate", "complete-tcsh"]).exit_is(2);
    desk.run(&["--quiet"]).refused(2, &["no command is given", "tabmap --help"]);
    let answer = desk.run(&[]);
    assert!(answer.exit == 2 && answer.stderr.contains("Commands:"), "{}", answer.stderr);
}
