//! Addresses, however they are written down.

use std::fs;

use tableau_simulator::Kind;
use test_support::desk::Desk;

use super::{desk_with_map, document, finds, offline, places};

const STALE: &str = "https://tableau.example.com/#/site/MySite/workbooks/101";

#[test]
fn address_in_escapes_or_over_several_lines_is_reported_once_and_never_rewritten() {
    let desk = desk_with_map();
    let text = format!(
        "[[reference]]\nurl = \"\"\"\n{STALE}\"\"\"\n\n[[reference]]\n\
         url = \"https://tableau.example.com/\\u0023/site/MySite/workbooks/111/views\"\n"
    );
    finds(&desk, "tabmap-refs.toml", &text, &[(2, "replaced-url"), (6, "replaced-url")]);
    assert_eq!(offline(&desk, &["--fix", "tabmap-refs.toml"]).exit, 3);
    assert_eq!(fs::read_to_string(desk.path("tabmap-refs.toml")).expect("the file"), text);
}

#[test]
fn address_with_escaped_slashes_in_a_manifest_is_blamed_as_a_whole() {
    let desk = desk_with_map();
    let url = STALE.replace('/', "\\/");
    let manifest =
        "{\"metadata\": {\"dbt_schema_version\": \"1\"}, \"exposures\": {\"a\": {\"url\": \"URL\"}}}";
    desk.write("manifest.json", &manifest.replace("URL", &url));
    let found = document(&desk, &["manifest.json"], 3);
    let findings = found["findings"].as_array().expect("findings");
    let position = findings.iter().find_map(|one| one.get("position")).expect("a place");
    assert_eq!(position["offset"].as_u64(), manifest.find("URL").map(|at| at as u64));
    assert_eq!(position["length"].as_u64(), Some(url.len() as u64));
}

#[test]
fn address_without_a_scheme_belongs_to_the_host_before_it() {
    let desk = desk_with_map();
    let text = "see public.example.org/#/site/MySite/workbooks/101, public.example.org:8443/x/#/site/MySite/workbooks/102\n\
                //public.example.org#/site/MySite/workbooks/101 ftp://public.example.org//#/site/MySite/workbooks/101\n";
    finds(&desk, "a.md", text, &[]);
    assert_eq!(offline(&desk, &["--fix", "a.md"]).exit, 0);
    assert_eq!(fs::read_to_string(desk.path("a.md")).expect("the file"), text);
    let ours = "see tableau.example.com/#/site/MySite/workbooks/101\nPAGE = '/#/site/MySite/workbooks/101'\n\
                docs/#/site/MySite/workbooks/101\n{{ name }}.example.com/#/site/MySite/workbooks/101\n";
    let all = [1, 2, 3, 4].map(|line| (line, "replaced-url"));
    finds(&desk, "b.md", ours, &all);
}

#[test]
fn pointers_in_json_are_no_addresses() {
    let desk = desk_with_map();
    for text in ["{\"$ref\": \"#/datasources/3\"}", "{\"$ref\":\"#/workbooks/3\"}", "$ref: '#/datasources/3'"]
    {
        finds(&desk, "a.json", text, &[]);
    }
}

#[test]
fn address_ends_where_the_text_goes_on() {
    let desk = desk_with_map();
    for (line, count) in [
        ("URL,Revenue,1", 1),
        ("name,URL,URL", 2),
        ("“URL”", 1),
        ("URL。", 1),
        ("(URL看)", 1),
        ("URL—old", 1),
        ("URL/views,URL/views", 2),
        ("URL;URL", 2),
        ("URL/views;https://elsewhere.example.com,URL", 2),
        ("URL:8", 1),
        ("URL%32", 0),
        ("URL_old", 0),
        ("URLa", 0),
        ("HOST = '/#/site/MySite/workbooks/101a'", 0),
        ("HOST = '/#/site/MySite/workbooks/101,x'", 1),
    ] {
        let text = line.replace("URL", STALE);
        desk.write("a.csv", &text);
        let found = document(&desk, &["--no-exit-code", "a.csv"], 0);
        let found = found["findings"].as_array().expect("findings").iter();
        let codes: Vec<_> = found.filter(|one| !one["path"].is_null()).map(|one| &one["code"]).collect();
        assert_eq!(codes, vec!["replaced-url"; count], "{line}");
        offline(&desk, &["--fix", "a.csv"]);
        let fixed = fs::read_to_string(desk.path("a.csv")).expect("the file");
        let expect = if count == 0 { text } else { text.replace("workbooks/101", "workbooks/121") };
        assert_eq!(fixed, expect);
    }
    let latin = [b"\xab", STALE.as_bytes(), b"\xbb ", STALE.as_bytes(), b"\xbb", STALE.as_bytes()].concat();
    fs::write(desk.path("latin.txt"), latin).expect("write a file");
    assert_eq!(
        offline(&desk, &["--format", "text", "latin.txt"]).stdout.matches("error[replaced-url]").count(),
        3
    );
    let view = "https://tableau.example.com/#/site/MySite/views/Revenue";
    finds(&desk, "a.csv", &format!("{view},x\n{view}/Overview,x\n{view}”\n"), &[]);
}

#[test]
fn address_with_escaped_slashes_is_corrected_where_its_number_stands() {
    let desk = desk_with_map();
    let whole = format!("{STALE}/views").replace('/', "\\/");
    let json = format!("{{\"url\": \"{whole}\", \"path\": \"\\/#\\/site\\/MySite\\/workbooks\\/101\"}}\n");
    finds(&desk, "a.json", &json, &[(1, "replaced-url")]);
    assert_eq!(offline(&desk, &["--fix", "a.json"]).exit, 0);
    let fixed = fs::read_to_string(desk.path("a.json")).expect("the file");
    assert_eq!(fixed, json.replace("101", "121"));
}

#[test]
fn digits_behind_a_workbooks_name_are_its_own_unless_tableau_put_them_there() {
    let desk = desk_with_map();
    for (name, found) in [
        ("Revenue", None),
        ("Revenue_16759101332760", None),
        ("Revenue_0", None),
        ("Revenue2023", Some("unknown-view")),
        ("Revenue2", Some("unknown-view")),
        ("Revenue_2023", Some("unknown-view")),
        ("2023", Some("unknown-view")),
        ("_0", Some("unknown-view")),
    ] {
        let text = format!("https://tableau.example.com/#/site/MySite/views/{name}/Overview\n");
        let expected: Vec<_> = found.map(|code| (1, code)).into_iter().collect();
        finds(&desk, "a.csv", &text, &expected);
    }
}

#[test]
fn view_address_of_a_workbook_that_is_known_to_be_gone_is_stale_and_says_what_happened() {
    let desk = Desk::empty();
    let [gone, renamed, again] =
        ["Costs 2", "Plan", "Budget"].map(|name| desk.publish(Kind::Workbook, &["default"], name));
    desk.publish(Kind::Workbook, &["Finance"], "Costs 2");
    let twin = desk.publish(Kind::Datasource, &["default"], "Orders");
    desk.done(&["init"]);
    desk.sync();
    desk.tableau.rename("MySite", Kind::Workbook, &renamed, "Forecast");
    desk.tableau.rename("MySite", Kind::Workbook, &again, "Money");
    desk.sync();
    desk.tableau.delete("MySite", Kind::Workbook, &gone);
    desk.tableau.delete("MySite", Kind::Workbook, &renamed);
    desk.tableau.delete("MySite", Kind::Datasource, &twin);
    desk.tableau.republish("MySite", Kind::Workbook, &again);
    let views = ["Costs2", "Plan", "Plan_0", "Forecast", "Budget", "Money", "Orders", "Never"];
    let server = desk.tableau.url();
    let text: String = views.map(|view| format!("{server}/#/site/mysite/views/{view}/Sheet\n")).concat();
    // A rename changes no address. What is republished has an address by its name then.
    let expected = [
        (1, "stale-url"),
        (2, "stale-url"),
        (3, "unknown-view"),
        (4, "unknown-view"),
        (5, "stale-url"),
        (7, "unknown-view"),
        (8, "unknown-view"),
    ];
    // What Tableau says now is as good a witness as the log of the next sync.
    let live = desk.run(&["check", "--format", "json", &desk.write("a.md", &text).display().to_string()]);
    let found = places(&serde_json::from_str(&live.stdout).expect("a JSON document"));
    assert_eq!(found, expected.map(|(line, code)| ("a.md".to_owned(), line, code.to_owned())).into());
    desk.sync();
    finds(&desk, "a.md", &text, &expected);
    let said = offline(&desk, &["a.md"]);
    for part in ["is gone: it was workbook `Forecast` in project `default`", "is now `default::Money`"] {
        assert!(said.stdout.contains(part), "{}", said.stdout);
    }
    said.exit_is(3);
}
