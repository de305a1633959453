//! The Metadata API: sheets, data sources, tables, columns and fields, and which reads which.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tableau_simulator::{Content, Generate, Kind, Options, Simulator};

use crate::support::{SITE, Session, simulator, start};

const COMPANY: &str = r#"{"sites":[{"content_url":"MySite",
    "workbooks":[{"name":"Weekly Sales","project":["Finance"]},{"name":"Alone","project":["Operations 🚀"]}],
    "datasources":[{"name":"Ledger","project":["Finance"]},{"name":"Later","project":["Finance"]}]}]}"#;

fn company() -> Simulator {
    let content = Content::from_json(COMPANY).expect("content");
    start(Options { content, ..Options::default() })
}

/// The one member of a list.
fn only(list: &Value) -> &Value {
    let list = list.as_array().unwrap_or_else(|| panic!("no list: {list}"));
    assert_eq!(list.len(), 1, "{list:?}");
    &list[0]
}

async fn data(session: &Session, query: &str) -> Value {
    let answer = session.query(query, json!(null)).await;
    assert_eq!(answer.get("errors"), None, "{answer}");
    answer["data"].clone()
}

#[tokio::test]
async fn a_workbook_reads_the_first_published_data_source_of_its_project_and_one_of_its_own() {
    let simulator = company();
    let session = Session::start(&simulator, SITE).await;
    let query = "{ workbooks { name upstreamDatasources { name } upstreamTables { fullName } sheets { upstreamDatasources { \
                 name } } embeddedDatasources { name hasExtracts upstreamTables { fullName database { name } } \
                 parentPublishedDatasources { name } upstreamDatasources { name } } } }";
    let workbooks = data(&session, query).await;
    let named = |name: &str| {
        let workbooks = workbooks["workbooks"].as_array().expect("a list");
        workbooks.iter().find(|workbook| workbook["name"] == name).expect("the workbook").clone()
    };
    let sales = named("Weekly Sales");
    assert_eq!(sales["upstreamDatasources"], json!([{ "name": "Ledger" }]));
    assert_eq!(sales["sheets"][0]["upstreamDatasources"], json!([{ "name": "Ledger" }]));
    let tables = json!([{ "fullName": "[PUBLIC].[WEEKLY_SALES]" }, { "fullName": "[PUBLIC].[LEDGER]" }]);
    assert_eq!(sales["upstreamTables"], tables);
    let ledger = json!([{ "name": "Ledger" }]);
    let expected = json!({
        "name": "Ledger",
        "hasExtracts": false,
        "upstreamTables": [{ "fullName": "[PUBLIC].[LEDGER]", "database": { "name": "WAREHOUSE" } }],
        "parentPublishedDatasources": ledger,
        "upstreamDatasources": ledger,
    });
    assert_eq!(sales["embeddedDatasources"][1], expected);
    let alone = named("Alone");
    assert_eq!(alone["upstreamDatasources"], json!([]));
    assert_eq!(only(&alone["embeddedDatasources"])["parentPublishedDatasources"], json!([]));
}

#[tokio::test]
async fn what_is_upstream_has_its_readers_downstream() {
    let simulator = company();
    let session = Session::start(&simulator, SITE).await;
    let query = "{ publishedDatasources(filter: { name: \"Ledger\" }) { downstreamWorkbooks { name } downstreamSheets { \
                 name } downstreamDashboards { name } upstreamTables { downstreamDatasources { name } \
                 downstreamWorkbooks { name } columns { downstreamFields { datasource { __typename name } } } } } \
                 later: publishedDatasources(filter: { name: \"Later\" }) { downstreamWorkbooks { name } } }";
    let answer = data(&session, query).await;
    let ledger = only(&answer["publishedDatasources"]);
    let sales = json!([{ "name": "Weekly Sales" }]);
    assert_eq!(ledger["downstreamWorkbooks"], sales);
    assert_eq!(ledger["downstreamSheets"], json!([{ "name": "Sheet 1" }]));
    assert_eq!(ledger["downstreamDashboards"], json!([{ "name": "Dashboard 1" }]));
    let table = only(&ledger["upstreamTables"]);
    assert_eq!(table["downstreamDatasources"], json!([{ "name": "Ledger" }]));
    assert_eq!(table["downstreamWorkbooks"], sales);
    let fields = json!([
        { "datasource": { "__typename": "PublishedDatasource", "name": "Ledger" } },
        { "datasource": { "__typename": "EmbeddedDatasource", "name": "Ledger" } }
    ]);
    assert_eq!(only(&table["columns"])["downstreamFields"], fields);
    assert_eq!(only(&answer["later"])["downstreamWorkbooks"], json!([]));
}

#[tokio::test]
async fn custom_sql_leads_from_its_column_to_the_data_source() {
    let simulator = company();
    let session = Session::start(&simulator, SITE).await;
    let query = "{ customSQLTablesConnection(first: 10, offset: 0) { nodes { query connectionType tables { fullName } \
                 columnsConnection(first: 1, offset: 0) { totalCount nodes { ... on Column { name referencedByFields { \
                 name datasource { name } } } } } } } }";
    let answer = data(&session, query).await;
    let nodes = answer["customSQLTablesConnection"]["nodes"].as_array().expect("a list");
    assert_eq!(nodes.len(), 2, "one a workbook");
    let sales = nodes.iter().find(|one| one["tables"][0]["fullName"] == "[PUBLIC].[WEEKLY_SALES]");
    let sales = sales.unwrap_or_else(|| panic!("{answer}"));
    assert_eq!(sales["query"], "SELECT AMOUNT FROM WAREHOUSE.PUBLIC.\"WEEKLY_SALES\"");
    assert_eq!(sales["connectionType"], "snowflake");
    let field = json!([{ "name": "Amount", "datasource": { "name": "Weekly Sales (data)" } }]);
    let column = json!({ "name": "AMOUNT", "referencedByFields": field });
    assert_eq!(sales["columnsConnection"], json!({ "totalCount": 1, "nodes": [column] }));
    let none =
        query.replace("columnsConnection(first: 1, offset: 0)", "columnsConnection(first: 1, offset: 1)");
    let none = data(&session, &none).await;
    assert_eq!(none["customSQLTablesConnection"]["nodes"][0]["columnsConnection"]["nodes"], json!([]));
}

#[tokio::test]
async fn fields_tell_what_they_are_made_of() {
    let simulator = company();
    let session = Session::start(&simulator, SITE).await;
    let query = "{ sheets { workbook { name } datasourceFields { __typename name datasource { name } upstreamFields { name \
                 datasource { __typename } } upstreamColumns { table { __typename name } } ... on ColumnField { role \
                 columns { name } } ... on CalculatedField { formula fields { name } } ... on GroupField { role } ... on \
                 DatasourceField { remoteField { name } } } } }";
    let answer = data(&session, query).await;
    let sheets = answer["sheets"].as_array().expect("a list");
    let sheet = sheets.iter().find(|sheet| sheet["workbook"]["name"] == "Weekly Sales").expect("the sheet");
    let fields = sheet["datasourceFields"].as_array().expect("a list");
    let types: Vec<_> = fields.iter().map(|field| field["__typename"].as_str().expect("a type")).collect();
    assert_eq!(types, ["ColumnField", "CalculatedField", "ColumnField", "CalculatedField"]);
    assert_eq!(fields[0]["upstreamColumns"][0]["table"]["__typename"], "CustomSQLTable");
    assert_eq!(fields[1]["fields"], json!([{ "name": "Amount" }]));
    let published = json!([{ "name": "Amount", "datasource": { "__typename": "PublishedDatasource" } }]);
    assert_eq!(fields[2]["upstreamFields"], published);
    let table = json!([{ "table": { "__typename": "DatabaseTable", "name": "LEDGER" } }]);
    assert_eq!(fields[2]["upstreamColumns"], table);
}

#[tokio::test]
async fn every_list_of_the_lineage_has_pages_and_ids_to_filter_by() {
    let simulator = simulator(&Generate::default());
    let session = Session::start(&simulator, SITE).await;
    let lists = [
        ("sheets", 40),
        ("dashboards", 40),
        ("databaseTables", 60),
        ("customSQLTables", 40),
        ("tables", 100),
        ("columns", 100),
        ("databaseServers", 1),
        ("groupFields", 0),
        ("binFields", 0),
    ];
    let mut seen = BTreeSet::new();
    for (list, count) in lists {
        let nodes = session.nodes(&format!("{list}Connection"), "id", 7).await;
        assert_eq!(nodes.len(), count, "{list}");
        let ids: BTreeSet<String> = nodes.iter().map(|node| node["id"].to_string()).collect();
        assert_eq!(ids.len(), count, "{list} lists something twice");
        if list != "tables" {
            assert_eq!(seen.intersection(&ids).count(), 0, "{list} has ids of others");
            seen.extend(ids);
        }
        let Some(first) = nodes.first() else { continue };
        let found =
            format!("{{ {list}Connection(filter: {{ idWithin: [{}] }}) {{ nodes {{ id }} }} }}", first["id"]);
        let found = data(&session, &found).await;
        assert_eq!(only(&found[format!("{list}Connection")]["nodes"]), first, "{list}");
    }
    let fields = session.nodes("fieldsConnection", "__typename datasource { id }", 50).await.len();
    let columns = session.nodes("columnFieldsConnection", "id", 50).await.len();
    let calculated = session.nodes("calculatedFieldsConnection", "id formula", 50).await.len();
    assert_eq!(fields, columns + calculated);
    let sources = session.nodes("datasourcesConnection", "__typename id", 50).await;
    let embedded = session.nodes("embeddedDatasourcesConnection", "id", 50).await.len();
    assert_eq!(sources.len(), 20 + embedded);
    assert_eq!(columns, sources.len(), "each has one that is a column");
}

#[tokio::test]
async fn a_sheet_has_the_luid_and_the_address_that_rest_gives_it() {
    let simulator = company();
    let session = Session::start(&simulator, SITE).await;
    let sheets = data(&session, "{ sheets { luid path name workbook { luid } } }").await;
    for sheet in sheets["sheets"].as_array().expect("a list") {
        let view = session.get(&format!("views/{}", sheet["luid"].as_str().expect("a LUID"))).await.json();
        assert_eq!(view["view"]["workbook"]["id"], sheet["workbook"]["luid"]);
        let address = view["view"]["contentUrl"].as_str().expect("a content URL").replace("/sheets/", "/");
        assert_eq!(sheet["path"], address);
    }
}

#[tokio::test]
async fn surrogate_escapes_in_a_query_are_the_character_they_stand_for() {
    let simulator = company();
    let session = Session::start(&simulator, SITE).await;
    let query =
        "{ workbooks(filter: { projectNameWithin: [\"Operations \\ud83d\\ude80\"] }) { name projectName } }";
    let answer = data(&session, query).await;
    assert_eq!(*only(&answer["workbooks"]), json!({ "name": "Alone", "projectName": "Operations 🚀" }));
}

#[tokio::test]
async fn a_moved_workbook_reads_what_is_in_its_new_project() {
    let simulator = company();
    let session = Session::start(&simulator, SITE).await;
    let query = "{ workbooks(filter: { name: \"Alone\" }) { upstreamDatasources { name } } }";
    assert_eq!(only(&data(&session, query).await["workbooks"])["upstreamDatasources"], json!([]));
    let alone = simulator.resources(SITE).into_iter().find(|one| one.name == "Alone").expect("the workbook");
    simulator.move_to(SITE, Kind::Workbook, &alone.luid, &["Finance"]);
    let moved = data(&session, query).await;
    assert_eq!(only(&moved["workbooks"])["upstreamDatasources"], json!([{ "name": "Ledger" }]));
}
