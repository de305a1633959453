//! Addresses in pieces, in other addresses and in embed code, and the files that Tableau Desktop writes.

use std::fs;
use std::io::Write as _;

use serde_json::Value;
use test_support::desk::Desk;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::tools::{Case, each_is_judged_on};
use super::{desk_with_map, desk_without_tableau, document, fixture, offline, sync_from};

const GONE: &[(&str, &str)] = &[("stale-url", "Costs")];
const NOTHING: &[(&str, &str)] = &[("unknown-view", "Nothing")];

/// A map whose resources have told names in addresses: `Costs` is gone, and so is the data source `Customers`.
fn desk_with_addresses() -> Desk {
    let desk = desk_without_tableau();
    for day in ["monday.json", "wednesday.json"] {
        let text = fs::read_to_string(fixture(day)).expect("a recording");
        let mut recording: Value = serde_json::from_str(&text).expect("JSON");
        for site in recording["sites"].as_array_mut().expect("sites") {
            let resources = site["resources"].as_array_mut().expect("resources");
            resources.retain(|one| day == "monday.json" || one["name"] != "Customers");
            for one in resources {
                one["content_url"] = one["name"].as_str().expect("a name").replace(' ', "").into();
            }
        }
        sync_from(&desk, &recording);
    }
    desk
}

const PIECES: &[Case] = &[
    (".py", "# Tableau\na = HOST + '/t/MySite/views/Costs/Sheet1'\n", GONE),
    (".py", "# Tableau\na = HOST + '/t/MySite/views/Revenue/Sheet1'\n", &[]),
    (".py", "a = HOST + '/t/MySite/views/Costs/Sheet1'\n", &[]),
    (".js", "// like Tableau\nrouter.get('/t/acme/views/list/all')\n", &[]),
    (".py", "url = f'https://{tableau_host}/t/Nowhere/views/Costs/Sheet1'\n", &[("unknown-site", "Nowhere")]),
    (
        ".md",
        "https://tableau.example.com/#/site/views/workbooks/7 and /views/\n",
        &[("unknown-site", "views")],
    ),
    (".md", "https://tableau.example.com/t/Nowhere/views/Nowhere/x\n", &[("unknown-site", "Nowhere")]),
    (".sh", "tabcmd export Costs/Sheet1 --csv --site Nowhere\n", &[("unknown-site", "Nowhere")]),
    (".py", "url = f'https://{tableau_host}/t/MySite/views/Costs/Sheet1'\n", GONE),
    (".py", "url = f'https://{tableau_host}/t/MySite/views/{name}/Sheet1'\n", &[]),
    (".py", "url = f'https://{tableau_host}/t/MySite/views/Costs{suffix}/Sheet1'\n", &[]),
    (".py", "url = ('https://tableau.example.com/t/MySite/' 'views/Costs/Sheet1')\n", GONE),
    (".py", "url = ('https://tableau.example.com/t/MySite/'\n       'views/Costs/Sheet1')\n", GONE),
    (
        ".py",
        "url = 'https://tableau.example.com/#/site/MySite/' + \"workbooks/102/views\"\n",
        &[("stale-url", "102")],
    ),
    (".py", "url = ('https://tableau.example.com/t/MySite/' + f'views/{name}')\n", &[]),
    (".py", "url = f'https://tableau.example.com/trusted/{ticket}/t/MySite/views/Costs/Sheet1'\n", GONE),
    (".js", "fetch('https://tableau.example.com/trusted/aBc-12/t/MySite/views/Costs/Sheet1')\n", GONE),
    (".py", "url = f'https://tableau.example.com/trusted/{ticket}/views/Nothing/S'\n", NOTHING),
    (".py", "url = f'https://tableau.example.com/trusted/{ticket}/views/Welcome/S'\n", &[]),
    (".py", "url = f'https://{tableau}/trusted/{ticket}/views/Nothing/S'\n", NOTHING),
    (".py", "url = 'https://tableau.example.com/trusted/' + ticket + '/views/Nothing/S'\n", NOTHING),
    (".js", "const url = `https://tableau.example.com/trusted/${ticket}/views/Nothing/S`\n", NOTHING),
    (".md", "https://tableau.example.com/trusted/<ticket>/views/Nothing/S\n", NOTHING),
    (
        ".html",
        "<a href=\"https://tableau.example.com/trusted/{{ ticket }}/views/Nothing/S\">x</a>\n",
        NOTHING,
    ),
    (".py", "url = f'https://tableau.example.com/trusted/{ticket}/views/{name}/S'\n", &[]),
    (".py", "url = f'https://other.example.org/trusted/{ticket}/views/Nothing/S'\n", &[]),
    (".js", "const url = `${HOST}/#/site/MySite/views/Costs/Sheet1`\n", GONE),
    (".js", "const url = `${HOST}/#/site/MySite/workbooks/102/views`\n", &[("stale-url", "102")]),
    (".js", "new TableauViz({ src: 'https://tableau.example.com/t/MySite/views/Costs/Sheet1' })\n", GONE),
    (".sh", "curl \"https://$TABLEAU_HOST/t/MySite/views/Costs/Sheet1.png\"\n", GONE),
    (".bat", "start https://%TABLEAU_SERVER%/#/site/MySite/views/Costs/Sheet1\r\n", GONE),
    (".yml", "url: \"https://{{ host }}/#/site/MySite/views/Costs/Sheet1?:embed=y\"\n", GONE),
    (".md", "see tableau.example.com/t/MySite/views/Costs/Sheet1.\n", GONE),
    (".md", "see other.example.org/t/MySite/views/Costs/Sheet1.\n", &[]),
    (".md", "/t/MySite/views/Costs is a path of Tableau, /t/MySite/views/ is none.\n", GONE),
    (
        ".md",
        "https://sso.example.com/go?url=https://tableau.example.com/t/MySite/views/Costs/Sheet1&x=1\n",
        GONE,
    ),
    (
        ".md",
        "https://sso.example.com/go?url=https%3A%2F%2Ftableau.example.com%2Ft%2FMySite%2Fviews%2FCosts%2FSheet1\n",
        GONE,
    ),
    (
        ".md",
        "https://sso.example.com/go?url=https%3a%2f%2ftableau.example.com%2ft%2fMySite%2fviews%2fCosts%3fx\n",
        GONE,
    ),
    (
        ".md",
        "https://sso.example.com/go?r=https%3A%2F%2Ftableau.example.com%2F%23%2Fsite%2FMySite%2Fworkbooks%2F102&s=1\n",
        &[("stale-url", "102")],
    ),
    (
        ".html",
        "<a href='https://tableau.example.com/#/signin?externalRedirect=%2Fsite%2FMySite%2Fworkbooks%2F102&site=MySite'>\n",
        &[("stale-url", "102")],
    ),
    (
        ".md",
        "https://tableau.example.com/signin?redirect=%2Ft%2FMySite%2Fviews%2FCosts%2FSheet1&disableAutoSignin=yes\n",
        GONE,
    ),
    (".md", "https://tableau.example.com/signin?redirect=%2Ft%2FMySite%2Fviews%2FRevenue%2FSheet1\n", &[]),
    (".py", "a = f'https://{tableau}/signin?redirect=%2Ft%2FMySite%2Fviews%2FCosts%2FSheet1'\n", GONE),
    (".md", "https://other.example.org/signin?redirect=%2Ft%2FMySite%2Fviews%2FCosts%2FSheet1\n", &[]),
    (".md", "https://tableau.example.com/signin?redirect=%2Ft%2FMySite%2Fviews%2F{name}%2FSheet1\n", &[]),
    (
        ".md",
        "https://sso.example.com/go?r=https%3A%2F%2Fother.example.org%2Ft%2FMySite%2Fviews%2FCosts\n",
        &[],
    ),
    (
        ".html",
        "<tableau-viz src=\"https://tableau.example.com/t/MySite/views/Costs/Sheet1\"></tableau-viz>\n",
        GONE,
    ),
    (
        ".html",
        "<a href='https://tableau.example.com/t/MySite/views/Costs/Sheet1?:embed=y&amp;:tabs=no'>x</a>\n",
        GONE,
    ),
    (
        ".html",
        "<a href='https://tableau.example.com/#/site/MySite/datasources/202/lineage'>x</a>\n",
        &[("stale-url", "202")],
    ),
    (
        ".html",
        "<a href='https://tableau.example.com/#/site/MySite/datasources/202/askData'>x</a>\n",
        &[("stale-url", "202")],
    ),
    (
        ".html",
        "<a href='https://tableau.example.com/t/MySite/askData/Customers'>x</a>\n",
        &[("stale-url", "Customers")],
    ),
    (
        ".html",
        "<a href='https://tableau.example.com/t/MySite/datasources/Customers'>x</a>\n",
        &[("stale-url", "Customers")],
    ),
    (
        ".html",
        "<a href='https://tableau.example.com/#/site/MySite/workbooks/OldReport'>x</a>\n",
        &[("unknown-view", "OldReport")],
    ),
    (".html", "<a href='https://tableau.example.com/#/site/MySite/projects/7'>x</a>\n", &[]),
    (
        ".html",
        "<object class='tableauViz' width='1'><param name='host_url' value='https%3A%2F%2Ftableau.example.com%2F' />\n\
         <param name='site_root' value='&#47;t&#47;MySite' /><param name='name' value='Costs&#47;Sheet1' /></object>\n",
        GONE,
    ),
    (
        ".html",
        "<object class=\"tableauViz\"><param name=\"site_root\" value=\"/t/MySite\"><param name=\"name\" value=\"Revenue/Sheet1\"></object>\n",
        &[],
    ),
    (
        ".html",
        "<object class='tableauViz'><param name='host_url' value='https%3A%2F%2Fpublic.example.org%2F' />\
         <param name='site_root' value='' /><param name='name' value='Costs&#47;Sheet1' /></object>\n",
        &[],
    ),
    (".html", "<object class='other'><param name='name' value='Costs/Sheet1'></object>\n", &[]),
];

#[test]
fn addresses_whose_parts_stand_apart_are_judged_where_they_name_something() {
    each_is_judged_on(&desk_with_addresses(), PIECES);
}

const DESKTOP: &[Case] = &[
    (
        ".twb",
        "<workbook><repository-location id='Costs' path='/t/MySite/workbooks' revision='' site='MySite' /></workbook>",
        GONE,
    ),
    (
        ".twb",
        "<workbook><repository-location id='Revenue' path='/t/MySite/workbooks' site='MySite' /></workbook>",
        &[],
    ),
    (
        ".twb",
        "<repository-location derived-from='https://tableau.example.com/t/MySite/workbooks/Costs?rev=1.2' id='Costs' \
         path='/t/MySite/workbooks' revision='1.2' site='MySite' />",
        GONE,
    ),
    (
        ".twb",
        "<repository-location derived-from='https://other.example.org/t/MySite/workbooks/Costs?rev=1.2' id='Costs' \
         path='/t/MySite/workbooks' site='MySite' />",
        &[],
    ),
    (
        ".twb",
        "<datasource><repository-location id='Customers' path='/t/MySite/datasources' site='MySite' />\n\
         <connection channel='https' class='sqlproxy' dbname='Customers' server='tableau.example.com' /></datasource>",
        &[("stale-url", "Customers")],
    ),
    (
        ".tds",
        "<connection class='sqlproxy' dbname='Customers' server='tableau.example.com' />",
        &[("stale-url", "Customers")],
    ),
    (".tds", "<connection class='sqlproxy' dbname='Orders' server='tableau.example.com' />", &[]),
    (".tds", "<connection class='sqlproxy' dbname='Customers' server='other.example.org' />", &[]),
    (".tds", "<connection class='snowflake' dbname='Customers' server='x.snowflakecomputing.com' />", &[]),
    (".TDS", "<connection class='sqlproxy' dbname='Customers' />", &[("stale-url", "Customers")]),
    (".xml", "<connection class='sqlproxy' dbname='Customers' server='tableau.example.com' />", &[]),
];

#[test]
fn files_of_tableau_desktop_are_judged_by_what_they_were_published_as_and_hang_on() {
    each_is_judged_on(&desk_with_addresses(), DESKTOP);
}

/// An archive with one text and something beside it.
fn packed(desk: &Desk, name: &str, inner: &str, text: &str) {
    let mut archive = ZipWriter::new(fs::File::create(desk.path(name)).expect("create a file"));
    let options = SimpleFileOptions::default();
    for (name, bytes) in [("Data/extract.hyper", &[0_u8; 64][..]), (inner, text.as_bytes())] {
        archive.start_file(name, options).expect("begin a member");
        archive.write_all(bytes).expect("write a member");
    }
    archive.finish().expect("end the archive");
}

#[test]
fn the_text_in_a_packed_workbook_is_judged_and_never_corrected() {
    let desk = desk_with_map();
    let text =
        "<workbook>\n<zone url='https://tableau.example.com/#/site/MySite/workbooks/101' />\n</workbook>";
    packed(&desk, "sales.twbx", "Sales.twb", text);
    packed(&desk, "huge.twbx", "Huge.twb", &format!("{text}{}", " ".repeat(11 << 20)));
    packed(&desk, "empty.tdsx", "readme.txt", text);
    desk.write("broken.twbx", "not an archive");
    let before = fs::read(desk.path("sales.twbx")).expect("the archive");
    let found = document(&desk, &["--fix", "."], 3);
    let findings = found["findings"].as_array().expect("findings").iter();
    let of_files: Vec<_> = findings
        .filter_map(|one| {
            Some((one["path"].as_str()?, one["code"].as_str()?, one["position"]["line"].as_u64()))
        })
        .collect();
    assert_eq!(of_files, [("broken.twbx", "unreadable-file", None), ("sales.twbx", "replaced-url", Some(2))]);
    assert_eq!((found["files"]["huge"].as_u64(), found["files"]["binary"].as_u64()), (Some(1), Some(2)));
    assert_eq!(fs::read(desk.path("sales.twbx")).expect("the archive"), before);
}

#[test]
fn content_without_rows_in_the_map_is_counted_as_not_judged() {
    let desk = desk_with_map();
    let base = "https://tableau.example.com/#/site/MySite";
    let other = "https://other.example.org/#/site/MySite/projects/7";
    let text = format!("{base}/projects/7 {base}/flows/3 {base}/redirect_to_view/12 {base}/home {other}\n");
    desk.write("a.md", &text);
    let found = document(&desk, &["a.md"], 0);
    assert_eq!(found["references"]["not_judged"].as_u64(), Some(3), "{found}");
    let said = offline(&desk, &["a.md"]).stdout;
    assert!(said.contains("(3 not judged, 1 on other servers)"), "{said}");
    assert!(said.contains("projects, flows and other content"), "{said}");
}
