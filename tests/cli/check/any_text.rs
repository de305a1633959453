//! Whatever stands in a file: it is searched without a panic, and what is found lies in it.

use std::path::Path;

use proptest::prelude::*;
use tabmap::check::file::{self, Stages};
use tabmap::check::finders::calls::{Calls, Procedure};
use tabmap::check::finders::{Finders, TextFile};
use tabmap::check::knowledge::{Knowledge, SiteView};
use tabmap::check::severities::Severities;
use tabmap::check::walk;
use tabmap::mapping::{Mapping, Row, Version};
use tabmap::resource::{Details, Luid, ProjectPath, Resource, ResourceKey, ResourceKind, SiteName};
use tabmap::store::{Past, RecordedChange, Side};

const OLD: &str = "00000101-0000-4000-8000-000000000101";
const NEW: &str = "00000121-0000-4000-8000-000000000121";

/// Pieces of what the finders look for, whole and broken, in any order.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => "\\PC{0,8}",
        2 => any::<String>(),
        6 => proptest::sample::select(vec![
            "API__TABLEAU__REFRESH_RESOURCE", "api__tableau__refresh_resource(", "('workbook'", ", 'Sales'", ",'EMEA'", ", 'MySite'",
            ")", "(", "''", "'", "\\'", "$$", "\"", "--", "/*", "*/", "{#", "#}", "{{", "}}", "=>", "RESOURCE_NAME =>", "::VARCHAR(3)", "null",
            "https://h/#/site/MySite/workbooks/101/views", "https://h/t/MySite/views/Sales/%C3%A4%", "#/site/MySite/workbooks/101", "https://",
            "https:\\/\\/h\\/#\\/site\\/MySite\\/workbooks\\/101", "public.example.org:1/", "h.de", "\"$ref\": ", "”", "。", ";", "\\/", "&", "<%", "//", "# ", "<!--", "-->",
            OLD, NEW, "tabmap: ignore stale-luid, é", "tabmap: ignore replaced-luid-", "exposures:\n  - name: a\n    meta:\n", "      tableau_luid: ",
            "      tableau: {type: workbook, name: ", "}", "[", "- ", "&a ", "*a", "|\n", ">-\n", "\n", "\r\n", "\t", "  ", "\u{feff}", "\u{1a}", "ä",
            "[[reference]]\n", "luid = \"", "url = '", "type = \"\"\"", "\"\"\"", "{\"metadata\": {\"dbt_schema_version\": \"1\"}, \"exposures\": {\"a\": {",
            "/t/MySite/views/", "https%3A%2F%2Fh%2Ft%2FMySite%2Fviews%2F", "%2F", "/trusted/x", "<object class='tableauViz'>", "<param name='name' value='", "</object>",
            "<repository-location id='", "<connection class='sqlproxy' dbname=\"", " site='MySite' path='/t/MySite/workbooks'", "/>", "/projects/7", "+ ",
            "tableau", "workbook_id", "workbook_ids = [", "luid: ", "/workbooks/", "TableauOperator(", "workbooks.filter(name='", "find=", "match_with='name'",
            "tabcmd ", "\"tabcmd\", ", "tabmap refresh workbook ", "refreshextracts --workbook ", "get /views/", "export ", "--url=", "^", "%A%", "`", "$",
            "TSC.Filter(TSC.RequestOptions.Field.Name, TSC.RequestOptions.Operator.Equals, ", "workbook_name: ", "name: ", "value: ", "variable \"",
            "\"url\": \"", "\"meta\": {\"tableau_luid\": \"\\u0030", "\"tableau\": {\"type\": \"workbook\", \"name\": ", "}}}}", ",", ":",
        ]).prop_map(str::to_owned),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn finders() -> Finders {
    Finders::new(Calls::of(vec![Procedure::ours("API__TABLEAU__REFRESH_RESOURCE")]).expect("a pattern"))
}

fn knowledge() -> Knowledge {
    let site = SiteName::from_content_url("MySite");
    let project = ProjectPath::parse("Finance/EMEA");
    let luid = |text| Luid::new(text).expect("a LUID");
    let key = ResourceKey {
        site: site.clone(),
        kind: ResourceKind::Workbook,
        project: project.clone(),
        name: "Sales".to_owned(),
    };
    let numbered = |number: &str| Details { vizportal_url_id: Some(number.to_owned()), ..Details::default() };
    let resource = Resource { key, luid: luid(NEW), details: numbered("121") };
    let row = Row { resource, first_seen_at: None, changed_at: None };
    let mapping = Mapping {
        site: site.clone(),
        rows: vec![row],
        version: Version(1),
        server: Some("h".to_owned()),
        sites: Vec::new(),
        newest_snapshot_at: None,
        misspelt_rows: 0,
    };
    let before_or_after = |id, number: &str| Side {
        project: project.clone(),
        name: "Sales".to_owned(),
        luid: luid(id),
        details: numbered(number),
    };
    let change = RecordedChange {
        run_id: "1".to_owned(),
        changed_at: jiff::Timestamp::UNIX_EPOCH,
        site,
        kind: ResourceKind::Workbook,
        change: "replaced".to_owned(),
        before: Some(before_or_after(OLD, "101")),
        after: Some(before_or_after(NEW, "121")),
    };
    let past = Past { changes: vec![change], ..Past::default() };
    Knowledge::of(vec!["h".to_owned()], &[SiteView { mapping: Some(&mapping), ..SiteView::default() }], &past)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_a_finder_panic_and_what_is_found_lies_in_it(text in text()) {
        let (knowledge, finders, severities) = (knowledge(), finders(), Severities::default());
        let stages = Stages { finders: &finders, knowledge: &knowledge, severities: &severities };
        for path in ["a.sql", "models/a.yml", "tabmap-refs.toml", "a.py", "a.bat", "a.json", "a.twb"] {
            for finding in file::text(Path::new(path), &text, stages).findings {
                let at = finding.place.position().expect("a place in the text");
                prop_assert!(text.get(at.span.clone()).is_some(), "{finding:?}");
                prop_assert!(at.excerpt.get(at.marked.clone()).is_some(), "{finding:?}");
                if let Some(fix) = finding.fix {
                    prop_assert_eq!(text.get(fix.span.clone()), Some(fix.old.as_str()));
                    prop_assert!([(OLD, NEW), ("101", "121")].contains(&(fix.old.as_str(), fix.new.as_str())), "{fix:?}");
                }
            }
        }
        let manifest = TextFile { path: Path::new("target/manifest.json"), text: &text };
        for reference in finders.find_generated(&manifest).unwrap_or_default() {
            prop_assert!(text.get(reference.extent.clone()).is_some(), "{reference:?}");
            prop_assert!(reference.target.span().is_none_or(|span| text.get(span.clone()).is_some()), "{reference:?}");
        }
    }

    #[test]
    fn any_bytes_are_a_text_of_the_same_length(bytes in any::<Vec<u8>>()) {
        let length = bytes.len();
        prop_assert_eq!(walk::text_of(bytes).len(), length);
    }
}

#[test]
fn of_calls_that_are_never_closed_no_part_is_read_twice() {
    let finders = finders();
    for call in
        ["CALL API__TABLEAU__REFRESH_RESOURCE(a, ", "CALL API__TABLEAU__REFRESH_RESOURCE('a', NAME => ''b "]
    {
        let text = call.repeat(5_000);
        let found = finders.find(&TextFile { path: Path::new("a.sql"), text: &text }).references;
        let read: usize = found.iter().map(|reference| reference.extent.len()).sum();
        assert!(found.len() > 1_000 && read <= text.len(), "{} with {read} bytes", found.len());
    }
}

#[test]
fn deep_nesting_and_open_ends_are_borne() {
    let (knowledge, finders, severities) = (knowledge(), finders(), Severities::default());
    let stages = Stages { finders: &finders, knowledge: &knowledge, severities: &severities };
    let deep = format!("exposures: tableau {}", "[".repeat(50_000));
    let deep_blocks = format!("exposures:\n  tableau:\n{}", "- ".repeat(20_000));
    let open = "API__TABLEAU__REFRESH_RESOURCE('".repeat(5_000);
    let comments = "API__TABLEAU__REFRESH_RESOURCE(/*".repeat(5_000);
    // Each took minutes while something behind a place, or before it, was read again for every place.
    let row = "{\"workbook_name\": \"Sales\", \"workbook_id\": 1, \"path\": \"/workbooks/ \"},";
    let rows = format!("{{\"tool\":\"tableau\",\"rows\":[{}1]}}", row.repeat(5_000));
    let keys = format!("tableau\n{}", "workbook_id: ".repeat(40_000));
    let (lines, lists) = ("tabcmd ".repeat(50_000), "\"tabcmd\",".repeat(40_000));
    for text in [&deep, &deep_blocks, &open, &comments, &rows, &keys, &lines, &lists] {
        let _ = file::text(Path::new("a.yml"), text, stages);
    }
    let manifest =
        format!("{{\"metadata\": {{\"dbt_schema_version\": \"1\"}}, \"exposures\": {}", "[".repeat(50_000));
    let manifest = TextFile { path: Path::new("manifest.json"), text: &manifest };
    assert_eq!(finders.find_generated(&manifest), None);
}
