//! References in the forms of other tools: each input with what is to be found in it.

use std::collections::BTreeMap;
use std::fs;

use test_support::desk::Desk;

use super::{desk_with_map, document, offline};

/// The ending of a file, what stands in it (`GOOD`, `OLD`, `NEW`, `STALE`, `NEVER` stand for LUIDs), and the code of each
/// finding with the text that it marks.
pub(super) type Case = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const OLD: &str = "00000101-0000-4000-8000-000000000101";
const NEW: &str = "00000121-0000-4000-8000-000000000121";
const STALE: &str = "00000102-0000-4000-8000-000000000102";
const GOOD: &str = "00000103-0000-4000-8000-000000000103";
const UNKNOWN: &[(&str, &str)] = &[("unknown-luid", "NEVER")];
const NEVER: &str = "0badcafe-0000-4000-8000-000000000999";

fn filled(text: &str) -> String {
    let luids = [("OLD", OLD), ("NEW", NEW), ("STALE", STALE), ("GOOD", GOOD), ("NEVER", NEVER)];
    luids.into_iter().fold(text.to_owned(), |text, (word, luid)| text.replace(word, luid))
}

/// Checks all cases in one run, each in a file of its own.
#[track_caller]
pub(super) fn each_is_judged_as_expected(cases: &[Case]) {
    each_is_judged_on(&desk_with_map(), cases);
}

/// The same by the map of a desk.
#[track_caller]
pub(super) fn each_is_judged_on(desk: &Desk, cases: &[Case]) {
    for (number, (ending, text, _)) in cases.iter().enumerate() {
        desk.write(&format!("{number:03}{ending}"), &filled(text));
    }
    let exit = if cases.iter().all(|(_, _, findings)| findings.is_empty()) { 0 } else { 3 };
    let found = document(desk, &["."], exit);
    let mut by_file: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for finding in found["findings"].as_array().expect("findings") {
        let path = finding["path"].as_str().unwrap_or_default().to_owned();
        let Some(at) = finding.get("position").filter(|at| at.is_object()) else { continue };
        let text = fs::read_to_string(desk.path(&path)).expect("the file");
        let number = |key: &str| usize::try_from(at[key].as_u64().expect("a number")).expect("a size");
        let marked = text[number("offset")..number("offset") + number("length")].to_owned();
        by_file
            .entry(path)
            .or_default()
            .push((finding["code"].as_str().unwrap_or_default().to_owned(), marked));
    }
    let mut wrong = Vec::new();
    for (number, (ending, text, expected)) in cases.iter().enumerate() {
        let found = by_file.remove(&format!("{number:03}{ending}")).unwrap_or_default();
        let expected: Vec<_> =
            expected.iter().map(|(code, marked)| ((*code).to_owned(), filled(marked))).collect();
        if found != expected {
            wrong.push(format!("{ending} {text}\n  found {found:?}\n  not {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

const LUID_FIELDS: &[Case] = &[
    (".py", "# Tableau\nworkbook_id = 'NEVER'\n", UNKNOWN),
    (".py", "# Tableau\nworkbook_id = 'GOOD'\n", &[]),
    (".py", "# Tableau\nworkbook_id = 'OLD'\n", &[("replaced-luid", "OLD")]),
    (".py", "# Tableau\nworkbook_id = 'STALE'\n", &[("stale-luid", "STALE")]),
    (".py", "# Tableau\nWORKBOOK_LUID: str = 'NEVER'\n", UNKNOWN),
    (".ts", "// Tableau\nconst workbookId: string = 'NEVER';\n", UNKNOWN),
    (".py", "# Tableau\nids = {'datasource_id': 'NEVER'}\n", UNKNOWN),
    (".py", "# Tableau\nids['workbook_id'] = 'NEVER'\n", UNKNOWN),
    (
        ".py",
        "# Tableau\nworkbook_ids = ['GOOD', 'NEVER',\n  'OLD']\n",
        &[("unknown-luid", "NEVER"), ("replaced-luid", "OLD")],
    ),
    (".py", "from tableauserverclient import Server\nserver.workbooks.get_by_id(\"NEVER\")\n", UNKNOWN),
    (".py", "from tableauserverclient import Server\nserver.datasources.refresh('NEVER')\n", UNKNOWN),
    (".py", "from tableauserverclient import Server\nserver.users.get_by_id('NEVER')\n", &[]),
    (".py", "# tableau\nStartWorkbookRefreshRequest(workbook_id='NEVER')\n", UNKNOWN),
    (".py", "# tableau\nurl = f'{base}/api/3.19/sites/{site}/workbooks/NEVER/refresh'\n", UNKNOWN),
    (".py", "workbook_id = 'NEVER'\n", &[]),
    (".py", "# Tableau\n# workbook_id = 'NEVER'\n", &[]),
    (".py", "# Tableau\nproject_luid = 'NEVER'\nuser_id = 'NEVER'\nsiteLuid = 'NEVER'\n", &[]),
    (".py", "# Tableau\nworkbook_idea = 'NEVER'\nfluid = 'NEVER'\n", &[]),
    (".yml", "tableau:\n  workbook_id: NEVER\n", UNKNOWN),
    (".yml", "tableau:\n  luid: \"NEVER\"\n", UNKNOWN),
    (".yml", "tableau:\n  workbook_ids:\n    - GOOD\n    - NEVER\n", UNKNOWN),
    (
        ".py",
        "# Tableau\nworkbook_ids = [\n  # weekly, \"daily\"\n  \"GOOD\",  # 2024\n  \"NEVER\",\n  # \"OTHER\",\n]\n",
        UNKNOWN,
    ),
    (".yml", "tableau:\n  workbook_ids:\n    # weekly\n    - GOOD  # it's 'sales'\n    - NEVER\n", UNKNOWN),
    (".js", "// Tableau\nconst workbookIds = [ // all\n  'GOOD', // weekly\n  'NEVER',\n];\n", UNKNOWN),
    (".yml", "env:\n  - name: TABLEAU_WORKBOOK_ID\n    value: \"NEVER\"\n", UNKNOWN),
    (".yml", "tableau:\n  workbook_id: NEVER # tabmap: ignore unknown-luid\n", &[]),
    (".yaml", "exposures:\n  - name: a\n    meta:\n      tableau_workbook_luid: NEVER\n", UNKNOWN),
    (".json", "{\"tool\": \"tableau\", \"workbookLuid\": \"NEVER\"}", UNKNOWN),
    (".json", "{\"tableau\": [{\"datasourceId\": \"GOOD\"}, {\"datasource-id\":\"NEVER\"}]}", UNKNOWN),
    (".json", "{\"tableau\": \"{\\\"workbook_id\\\": \\\"NEVER\\\"}\"}", UNKNOWN),
    (".toml", "[tableau]\nworkbook_id = \"NEVER\"\n", UNKNOWN),
    (".env", "TABLEAU_WORKBOOK_ID=NEVER\n", UNKNOWN),
    (".py", "import os  # tableau\nos.environ.get('WORKBOOK_ID', 'NEVER')\n", UNKNOWN),
    (".py", "# tableau\ndef f(workbook_id: Optional[str] = 'NEVER'): pass\n", UNKNOWN),
    (".py", "# tableau\nworkbook_id: str | None = 'NEVER'\n", UNKNOWN),
    (".py", "# tableau\nworkbook_id = uuid.UUID('NEVER')\n", UNKNOWN),
    (".conf", "# Tableau\nworkbook.luid = \"NEVER\"\n", UNKNOWN),
    (".properties", "tableau.workbook.id=NEVER\n", UNKNOWN),
    (".properties", "tableau.datasource.luid: OLD\n", &[("replaced-luid", "OLD")]),
    (".properties", "tableau.project.luid=NEVER\ntableau.owner.id=NEVER\n", &[]),
    (".env", "TABLEAU_WORKBOOK_ID_SALES='NEVER'\n", UNKNOWN),
    (".sh", "export TABLEAU_DATASOURCE_LUID=\"NEVER\"\n", UNKNOWN),
    (".sh", "tableau-cli refresh --workbook-id NEVER --wait\n", UNKNOWN),
    (".sh", "curl \"$TABLEAU_HOST/api/3.22/sites/$SITE/datasources/NEVER/refresh\"\n", UNKNOWN),
    (".tf", "variable \"tableau_workbook_id\" {\n  type = string\n  default = \"NEVER\"\n}\n", UNKNOWN),
    (".tf", "tableau_workbook_id = \"NEVER\"\n", UNKNOWN),
    (
        ".tf",
        "# and Tableau\nresource \"azurerm_application_insights_workbook\" \"a\" {}\nworkbook_id = \"NEVER\"\n",
        &[],
    ),
    (
        ".tf",
        "resource \"azurerm_application_insights_workbook\" \"a\" {}\ntableau_workbook_id = \"NEVER\"\n",
        UNKNOWN,
    ),
    (
        ".bicep",
        "var workbookId = 'NEVER' // not Tableau's\nresource a 'Microsoft.Insights/workbooks@2022-04-01' = {}\n",
        &[],
    ),
    (".rb", "tableau = { :workbook_id => 'NEVER' }\n", UNKNOWN),
    (".go", "workbookID := \"NEVER\" // Tableau\n", UNKNOWN),
    (".ts", "const tableau = { workbookId: 'NEVER' };\n", UNKNOWN),
    (".sql", "-- Tableau\nselect * from jobs where workbook_id = 'NEVER';\n", UNKNOWN),
];

#[test]
fn luids_in_a_place_that_says_what_they_are_are_judged_known_or_not() {
    each_is_judged_as_expected(LUID_FIELDS);
}

#[test]
fn a_luid_in_a_field_is_replaced_by_its_successor() {
    let desk = desk_with_map();
    desk.write("a.env", &filled("TABLEAU_WORKBOOK_ID=OLD\n"));
    assert_eq!(offline(&desk, &["--fix", "a.env"]).exit, 0);
    assert_eq!(
        fs::read_to_string(desk.path("a.env")).expect("the file"),
        filled("TABLEAU_WORKBOOK_ID=NEW\n")
    );
}

const PYTHON_CALLS: &[Case] = &[
    (
        ".py",
        "TableauOperator(resource=\"workbooks\", method=\"refresh\", find=\"Revenue\", match_with=\"name\")\n",
        &[],
    ),
    (
        ".py",
        "TableauOperator(\n    task_id=\"x\",\n    resource=\"workbooks\",\n    method=\"refresh\",\n    find=\"Costs\",  # (old)\n    match_with=\"name\",\n)\n",
        &[("unknown-resource", "Costs")],
    ),
    (
        ".py",
        "TableauOperator(resource='datasources', find='Ordrs', match_with='name')\n",
        &[("unknown-resource", "Ordrs")],
    ),
    (
        ".py",
        "TableauOperator(resource='workbooks', find='NEVER', match_with='id')\n",
        &[("unknown-luid", "NEVER")],
    ),
    (".py", "TableauOperator(resource='workbooks', find='NEVER')\n", &[("unknown-luid", "NEVER")]),
    (".py", "TableauOperator(resource='projects', find='Costs', match_with='name')\n", &[]),
    (".py", "TableauOperator(resource='workbooks', find='{{ params.name }}', match_with='name')\n", &[]),
    (".py", "TableauOperator(resource='workbooks', find=NAME, match_with='name')\n", &[]),
    (".py", "TableauOperator(resource='workbooks', find=f'Costs', match_with='name')\n", &[]),
    (".py", "# TableauOperator(resource='workbooks', find='Costs', match_with='name')\n", &[]),
    (".py", "TableauOperator(resource='workbooks', find='Costs', match_with='name'\n", &[]),
    (".py", "TableauRefreshWorkbookOperator(workbook_name='Costs', site_id='x')\n", &[("unknown-site", "x")]),
    (
        ".py",
        "import tableauserverclient\nserver.workbooks.filter(name='Revenue', project_name='EMEA')\n",
        &[],
    ),
    (
        ".py",
        "import tableauserverclient\nserver.workbooks.filter(name='Revenue', project_name='Sales')\n",
        &[("unknown-resource", "Sales")],
    ),
    (
        ".py",
        "import tableauserverclient\nserver.datasources.filter(page_size=5, name=\"Ordrs\")\n",
        &[("unknown-resource", "Ordrs")],
    ),
    (".py", "import tableauserverclient\nserver.datasources.filter(project_name='default')\n", &[]),
    (".py", "books.workbooks.filter(name='Costs')\n", &[]),
    (
        ".py",
        "import tableauserverclient as TSC\nfor one in TSC.Pager(server.workbooks, options): pass\noptions.filter.add(TSC.Filter(TSC.RequestOptions.Field.Name,\n    TSC.RequestOptions.Operator.Equals, 'Costs'))\n",
        &[("unknown-resource", "Costs")],
    ),
    (
        ".py",
        "import tableauserverclient as TSC\nserver.workbooks.get(), server.views.get()\nTSC.Filter(TSC.RequestOptions.Field.Name, TSC.RequestOptions.Operator.Equals, 'Costs')\n",
        &[],
    ),
];

#[test]
fn names_in_calls_of_python_clients_are_judged() {
    each_is_judged_as_expected(PYTHON_CALLS);
}

const NAMED_FIELDS: &[Case] = &[
    (".yml", "type: tableau.workbook\nparameters:\n  workbook_name: Revenue\n  project_name: EMEA\n", &[]),
    (
        ".yml",
        "type: tableau.workbook\nparameters:\n  workbook_name: \"Costs\"\n",
        &[("unknown-resource", "Costs")],
    ),
    (
        ".yml",
        "type: tableau.datasource\nparameters:\n  refresh: true\n  datasource_name: Ordrs\n",
        &[("unknown-resource", "Ordrs")],
    ),
    (
        ".yaml",
        "tableau:\n  - workbook_name: Pipeline\n    project_name: EMEA\n  - workbook_name: Pipeline\n    project: /Finance/EMEA\n",
        &[("ambiguous-resource", "Pipeline")],
    ),
    (".yaml", "tableau:\n  workbook_name: {{ name }}\n", &[]),
    (".yaml", "tableau:\n  workbook_name: ${NAME}\n", &[]),
    (".yaml", "excel:\n  workbook_name: Costs\n", &[]),
    (
        ".json",
        "{\"tableau\": {\"workbook_name\": \"Costs\", \"site\": \"MySite\"}}",
        &[("unknown-resource", "Costs")],
    ),
];

#[test]
fn names_in_fields_of_files_of_data_are_judged() {
    each_is_judged_as_expected(NAMED_FIELDS);
}
