//! Messages that name the slip behind a failure.

use test_support::desk::Desk;

#[test]
fn map_that_is_not_there_is_explained_by_its_folder_and_the_store_stays_in_the_remedy() {
    let desk = Desk::empty();
    let folder = desk.folder.path().canonicalize().expect("the folder");
    let folder = folder.to_str().expect("text");
    desk.run(&["list"]).refused(1, &["no map yet", folder, "no tabmap.toml was found", "`tabmap init`"]);
    desk.write("tabmap.toml", "");
    desk.run(&["list", "--store", "sqlite:other.db"])
        .refused(1, &["`tabmap init --store sqlite:other.db`", "the settings of `tabmap.toml` were read"]);
    desk.run(&["sync", "--store", "sqlite:my map.db"]).refused(1, &["backfill --store 'sqlite:my map.db'`"]);
}

#[test]
fn empty_map_is_not_called_a_spelling_mistake() {
    let desk = Desk::empty();
    desk.done(&["init"]);
    let answer = desk.run(&["resolve", "workbook", "Sales"]);
    answer.refused(3, &["the map has nothing of that site", "tabmap sync"]);
    assert!(!answer.stderr.contains("must match"), "{}", answer.stderr);
    desk.run(&["resolve", "workbook", "Sales", "--site", "default"]).refused(3, &["`Default`"]);
}

#[test]
fn store_in_memory_is_refused_as_is_an_empty_site_among_others() {
    let desk = Desk::empty();
    desk.run(&["list", "--store", "sqlite::memory:"]).refused(2, &["--store", "forgotten"]);
    for sites in ["MySite,", ",MySite", "MySite, ,Other"] {
        desk.run(&["sync", "--site", sites]).refused(2, &["--site", "one of the sites is empty"]);
    }
    desk.run(&["sync", "--site", ""]).refused(2, &["--site", "it is empty"]);
}

#[test]
fn quotes_and_blanks_around_a_secret_are_named_and_the_secret_is_not() {
    let mut desk = Desk::empty();
    for (secret, what) in
        [("\"hush\"", "quotes"), ("'hush'", "quotes"), (" hush", "blanks"), ("hush\r", "blanks")]
    {
        desk.set("TABLEAU_PAT_SECRET", secret);
        let answer = desk.run(&["sync", "--store", "sqlite:x.db"]);
        answer.refused(2, &["TABLEAU_PAT_SECRET", what]);
        assert!(!answer.stderr.contains("hush"), "{}", answer.stderr);
    }
    desk.unset("TABLEAU_PAT_SECRET");
    let file = desk.write("secret", "'hush'\n");
    desk.set("TABLEAU_PAT_SECRET_FILE", file.to_str().expect("text"));
    desk.run(&["sync"]).refused(2, &["TABLEAU_PAT_SECRET_FILE", "quotes"]);
}

#[test]
fn missing_half_of_a_token_is_named_with_the_half_that_is_set() {
    let mut desk = Desk::empty();
    desk.unset("TABLEAU_PAT_NAME");
    desk.run(&["sync"]).refused(2, &["TABLEAU_PAT_NAME is not set", "TABLEAU_PAT_SECRET is set"]);
    desk.unset("TABLEAU_PAT_SECRET");
    desk.run(&["sync"]).refused(2, &["a way to sign in to Tableau is not set", "TABLEAU_PAT_NAME"]);
    desk.set("TABLEAU_PASSWORD_FILE", "secret");
    desk.run(&["sync"]).refused(2, &["TABLEAU_USERNAME is not set", "TABLEAU_PASSWORD_FILE is set"]);
}

#[test]
fn https_to_a_port_of_plain_http_is_explained() {
    let mut desk = Desk::empty();
    desk.done(&["init"]);
    let address = desk.tableau.url().replace("http://", "https://");
    desk.set("TABLEAU_SERVER", address);
    desk.run(&["sync"]).refused(1, &["without TLS", "`http://`"]);
}
