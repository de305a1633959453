//! What only a run can tell, or what is of something else: it looks wrong and is not reported.

use std::fs;

use super::tools::{Case, each_is_judged_as_expected, each_is_judged_on};
use super::{desk_with_map, fixture, sync_from};

/// Right or unrelated texts in which something looks wrong.
const RIGHT: &[Case] = &[
    (".ipynb", "[\"!tabcmd refreshextracts --workbook \\\"Welcome\\\"\\n\"]", &[]),
    (".ipynb", "[\"!tabcmd refreshextracts --workbook Revenue --project EMEA\\n\"]", &[]),
    (".py", "os.system('tabcmd refreshextracts --workbook Welcome\\r\\n')\n", &[]),
    (".py", "os.system(f'tabcmd refreshextracts --workbook Pipeline --project {project}')\n", &[]),
    (".py", "run(['tabcmd', 'refreshextracts', '--workbook', 'Pipeline', '--project', project])\n", &[]),
    (".py", "run(['tabcmd', 'refreshextracts', '--workbook', 'Rev' + 'enue'])\n", &[]),
    (".py", "log('tabcmd refreshextracts --workbook %s', name)\n", &[]),
    (".sh", "tabcmd refreshextracts --workbook Pipeline --project EMEA --parent-project-path $P\n", &[]),
    (".sh", "tabcmd refreshextracts --workbook \"New Name\" # --project Finance\n", &[]),
    (".sh", "tabmap refresh workbook Pipeline --project $P\n", &[]),
    (
        ".py",
        "import tableauserverclient\nserver.workbooks.filter(name='Pipeline', project_name=project)\n",
        &[],
    ),
    (
        ".py",
        "TableauOperator(resource='workbooks', find='workbook OLD', match_with='id')\n",
        &[("replaced-luid", "OLD")],
    ),
    (".yml", "tableau: {workbook_name: Pipeline, project_name: '${PROJECT}'}\n", &[]),
    (".yml", "tableau: {workbook_name: Revenue, site: '${SITE}'}\n", &[]),
    (".yml", "tableau: {workbook_name: string}\nother: {workbook_name: '((name))'}\n", &[]),
    (".json", "{\"tableau\": {\"owner\": {\"luid\": \"NEVER\"}, \"subscription_luid\": \"NEVER\"}}", &[]),
    (".tf", "# Tableau\nid = \"/providers/Microsoft.Insights/workbooks/NEVER?x\"\n", &[]),
    (".env", "# Tableau\n#TABLEAU_WORKBOOK_ID=NEVER\n", &[]),
    (".go", "// Tableau: workbookID := \"NEVER\"\n", &[]),
    (".py", "a = f'https://tableau.example.com/#/site/MySite/workbooks/101{x}'\n", &[]),
    (".py", "a = 'https://tableau.example.com/#/site/MySite/workbooks/101' + number\n", &[]),
    (".py", "a = f'https://tableau.example.com/t/MySite/views/Costs_{env}/Sheet'\n", &[]),
    (".py", "a = 'https://tableau.example.com/t/MySite/views/$WB/Sheet'\n", &[]),
    (
        ".py",
        "a = 'https://sso.example.com/?u=https%3A%2F%2Ftableau.example.com%2F%23%2Fsite%2FMySite%2Fworkbooks%2F101{x}'\n",
        &[],
    ),
];

#[test]
fn what_is_computed_commented_out_or_of_something_else_is_left_alone() {
    each_is_judged_as_expected(RIGHT);
}

#[test]
fn a_name_that_is_on_two_sites_is_told_apart_where_the_call_says_the_site() {
    let desk = desk_with_map();
    let text = fs::read_to_string(fixture("wednesday.json")).expect("a recording");
    let mut recording: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    recording["sites"].as_array_mut().expect("sites").remove(0);
    recording["sites"][0]["taken_at"] = "2026-11-19T05:00:00Z".into();
    let welcome = recording["sites"][0]["resources"][0].clone();
    for (name, luid) in [
        ("Revenue", "00000302-0000-4000-8000-000000000302"),
        ("Pipeline", "00000303-0000-4000-8000-000000000303"),
    ] {
        let mut another = welcome.clone();
        (another["name"], another["luid"]) = (name.into(), luid.into());
        recording["sites"][0]["resources"].as_array_mut().expect("a list").push(another);
    }
    sync_from(&desk, &recording);
    each_is_judged_on(
        &desk,
        &[
            (".sh", "tabcmd refreshextracts --workbook Revenue\n", &[]),
            (".sh", "tabcmd refreshextracts --workbook Revenue --site \"$SITE\"\n", &[]),
            (".py", "TableauOperator(resource='workbooks', find='Revenue', match_with='name')\n", &[]),
            (
                ".py",
                "TableauOperator(resource='workbooks', find='Welcome', match_with='name', site_id='MySite')\n",
                &[("unknown-resource", "Welcome")],
            ),
            (".yml", "tableau: {workbook_name: Revenue}\n", &[]),
            // Twice on one site, and once on another, which may be meant.
            (".sh", "tabcmd refreshextracts --workbook Pipeline\n", &[]),
            (
                ".sh",
                "tabcmd refreshextracts --workbook Pipeline -r EMEA --site MySite\n",
                &[("ambiguous-resource", "Pipeline")],
            ),
        ],
    );
}
