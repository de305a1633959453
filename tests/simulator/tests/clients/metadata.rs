//! The Metadata API: pages and cursors, filters and order, limits, and what it says about bad queries.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tableau_simulator::{Generate, Kind, Options, Visibility};

use crate::support::{SITE, Session, answer, simulator, start};

const PAGE: &str = "query($first: Int, $after: String, $offset: Int) { workbooksConnection(first: $first, after: $after, \
                    offset: $offset) { nodes { id luid name } pageInfo { hasNextPage endCursor } totalCount } }";

/// The code of the one error of an answer without data.
fn code(answer: &Value) -> &str {
    assert_eq!(answer["data"], Value::Null, "{answer}");
    assert_eq!(answer["errors"].as_array().map(Vec::len), Some(1), "{answer}");
    answer["errors"][0]["extensions"]["code"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn cursors_lead_through_every_page_and_the_last_one_has_a_cursor_too() {
    let simulator = simulator(&Generate { workbooks: 25, ..Generate::default() });
    let session = Session::start(&simulator, SITE).await;
    let (mut luids, mut after, mut pages) = (Vec::new(), Value::Null, 0);
    loop {
        let answer = session.query(PAGE, json!({ "first": 10, "after": after })).await;
        let page = &answer["data"]["workbooksConnection"];
        assert_eq!(page["totalCount"], 25);
        let nodes = page["nodes"].as_array().expect("a list");
        luids.extend(nodes.iter().map(|node| node["luid"].as_str().expect("a LUID").to_owned()));
        after = page["pageInfo"]["endCursor"].clone();
        let cursor = STANDARD.decode(after.as_str().expect("never null")).expect("base64");
        let last_id = nodes.last().expect("a node")["id"].as_str().expect("an id");
        let expected =
            format!(r#"{{"type":"Workbook","scope":"sites/1","sortOrderValue":{{"lastId":"{last_id}"}}}}"#);
        assert_eq!(String::from_utf8_lossy(&cursor), expected);
        pages += 1;
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
    }
    assert_eq!(pages, 3);
    let mut truth: Vec<String> = simulator
        .resources(SITE)
        .into_iter()
        .filter(|it| it.kind == Kind::Workbook)
        .map(|it| it.luid)
        .collect();
    truth.sort();
    luids.sort();
    assert_eq!(luids, truth);
}

#[tokio::test]
async fn a_cursor_survives_the_deletion_of_its_row() {
    let simulator = simulator(&Generate { workbooks: 25, ..Generate::default() });
    let session = Session::start(&simulator, SITE).await;
    let first = session.query(PAGE, json!({ "first": 10 })).await;
    let page = &first["data"]["workbooksConnection"];
    simulator.delete(SITE, Kind::Workbook, page["nodes"][9]["luid"].as_str().expect("a LUID"));
    let second = session.query(PAGE, json!({ "first": 100, "after": page["pageInfo"]["endCursor"] })).await;
    assert_eq!(second["data"]["workbooksConnection"]["nodes"].as_array().map(Vec::len), Some(15));
}

#[tokio::test]
async fn cursors_of_another_type_or_site_are_invalid_arguments() {
    let simulator = simulator(&Generate { sites: 2, ..Generate::default() });
    let session = Session::start(&simulator, SITE).await;
    let datasources = "{ publishedDatasourcesConnection(first: 1) { pageInfo { endCursor } } }";
    let other_type = session.query(datasources, json!(null)).await;
    let other_type = other_type["data"]["publishedDatasourcesConnection"]["pageInfo"]["endCursor"].clone();
    let session = Session::start(&simulator, "Site2").await;
    let other_site = session.query(PAGE, json!({ "first": 1 })).await;
    let other_site = other_site["data"]["workbooksConnection"]["pageInfo"]["endCursor"].clone();
    let session = Session::start(&simulator, SITE).await;
    for (after, message) in
        [(other_type, "same type"), (other_site, "same site"), (json!("rubbish"), "same type")]
    {
        let answer = session.query(PAGE, json!({ "after": after })).await;
        assert_eq!(code(&answer), "INVALID_ARGUMENT");
        assert!(
            answer["errors"][0]["message"].as_str().is_some_and(|text| text.contains(message)),
            "{answer}"
        );
    }
    let first = session.query(PAGE, json!({ "first": 1 })).await;
    let after = &first["data"]["workbooksConnection"]["pageInfo"]["endCursor"];
    let both = session.query(PAGE, json!({ "after": after, "offset": 1 })).await;
    assert_eq!(code(&both), "INVALID_ARGUMENT");
}

#[tokio::test]
async fn offsets_count_rows() {
    let simulator = simulator(&Generate::default());
    let session = Session::start(&simulator, SITE).await;
    let all = session.nodes("workbooksConnection", "id luid name", 1000).await;
    let some = session.query(PAGE, json!({ "first": 3, "offset": 5 })).await;
    assert_eq!(some["data"]["workbooksConnection"]["nodes"], json!(all[5..8]));
    let beyond = session.query(PAGE, json!({ "offset": 500 })).await;
    let page = &beyond["data"]["workbooksConnection"];
    assert_eq!((&page["nodes"], &page["pageInfo"]["hasNextPage"]), (&json!([]), &json!(false)));
}

#[tokio::test]
async fn pages_have_a_hundred_rows_by_default_and_a_thousand_at_most() {
    let simulator = simulator(&Generate { workbooks: 1005, ..Generate::default() });
    let session = Session::start(&simulator, SITE).await;
    let usual = session.query(PAGE, json!({})).await;
    assert_eq!(usual["data"]["workbooksConnection"]["nodes"].as_array().map(Vec::len), Some(100));
    assert_eq!(usual.get("errors"), None);
    let large = session.query(PAGE, json!({ "first": 5000 })).await;
    assert_eq!(large["data"]["workbooksConnection"]["nodes"].as_array().map(Vec::len), Some(1000));
    assert_eq!(large["errors"][0]["extensions"]["code"], "MAX_PAGE_SIZE_EXCEEDED");
    assert_eq!(large["errors"][0]["extensions"]["severity"], "WARNING");
    let nested = "{ tableauSites { workbooksConnection(first: 5000) { nodes { luid } } } }";
    let nested = session.query(nested, json!(null)).await;
    let nodes = &nested["data"]["tableauSites"][0]["workbooksConnection"]["nodes"];
    assert_eq!(nodes.as_array().map(Vec::len), Some(1000));
    assert_eq!(nested.get("errors"), None, "nested lists are cut without a word");
}

#[tokio::test]
async fn more_nodes_than_the_limit_are_left_out_with_a_warning() {
    let simulator = start(Options { node_limit: 30, ..Options::default() });
    let session = Session::start(&simulator, SITE).await;
    let answer = session.query("{ workbooks { luid } }", json!(null)).await;
    assert_eq!(answer["data"]["workbooks"].as_array().map(Vec::len), Some(30));
    assert_eq!(answer["errors"][0]["extensions"]["code"], "NODE_LIMIT_EXCEEDED");
    assert_eq!(answer["errors"][0]["extensions"]["properties"]["nodeLimit"], 30);
    let connection = session.query(PAGE, json!({})).await;
    assert_eq!(connection["data"]["workbooksConnection"]["totalCount"], 40);
    assert_eq!(connection["data"]["workbooksConnection"]["nodes"].as_array().map(Vec::len), Some(30));
    assert_eq!(connection["errors"][0]["extensions"]["severity"], "WARNING");
    assert_eq!(session.query(PAGE, json!({ "first": 30 })).await.get("errors"), None);
}

#[tokio::test]
async fn every_filter_finds_its_rows_alone_and_within_lists() {
    let simulator = simulator(&Generate::default());
    let session = Session::start(&simulator, SITE).await;
    let query = "query($filter: Workbook_Filter) { workbooks(filter: $filter) { id luid name vizportalUrlId projectName \
                 projectLuid containerName containsUnsupportedCustomSql } }";
    let all = session.query(query, json!({})).await["data"]["workbooks"].as_array().expect("a list").clone();
    let sample = &all[7];
    let fields = ["id", "luid", "name", "vizportalUrlId", "projectName", "projectLuid", "containerName"];
    for field in fields.into_iter().chain(["containsUnsupportedCustomSql"]) {
        let expected: Vec<&Value> = all.iter().filter(|row| row[field] == sample[field]).collect();
        let alone = session.query(query, json!({ "filter": { field: sample[field] } })).await;
        assert_eq!(alone["data"]["workbooks"], json!(expected), "{field}");
        let within = json!({ "filter": { format!("{field}Within"): [sample[field]] } });
        assert_eq!(session.query(query, within).await["data"]["workbooks"], json!(expected), "{field}Within");
    }
    let both = json!({ "filter": { "luidWithin": [all[0]["luid"], all[1]["luid"], "none"], "name": all[1]["name"] } });
    assert_eq!(session.query(query, both).await["data"]["workbooks"], json!([all[1]]));
    let datasources =
        "{ publishedDatasources(filter: {isCertified: false, hasActiveWarningWithin: [false]}) { luid } }";
    let datasources = session.query(datasources, json!(null)).await;
    assert_eq!(datasources["data"]["publishedDatasources"].as_array().map(Vec::len), Some(20));
}

#[tokio::test]
async fn rows_are_sorted_as_asked_and_cursors_follow_that_order() {
    let simulator = simulator(&Generate::default());
    let session = Session::start(&simulator, SITE).await;
    let query = "query($after: String, $direction: OrderDirection!) { workbooksConnection(first: 7, after: $after, orderBy: \
                 {field: PROJECT_NAME, direction: $direction}) { nodes { id projectName } pageInfo { hasNextPage endCursor } } }";
    for direction in ["ASC", "DESC"] {
        let (mut rows, mut after) = (Vec::new(), Value::Null);
        loop {
            let answer = session.query(query, json!({ "after": after, "direction": direction })).await;
            let page = &answer["data"]["workbooksConnection"];
            for node in page["nodes"].as_array().unwrap_or_else(|| panic!("{answer}")) {
                let text = |field: &str| node[field].as_str().expect("a text").to_owned();
                rows.push((text("projectName"), text("id")));
            }
            if page["pageInfo"]["hasNextPage"] == false {
                break;
            }
            after = page["pageInfo"]["endCursor"].clone();
        }
        let mut sorted = rows.clone();
        sorted.sort_by(|(a, a_id), (b, b_id)| {
            let by_name = if direction == "ASC" { a.cmp(b) } else { b.cmp(a) };
            by_name.then(a_id.cmp(b_id))
        });
        assert_eq!(rows, sorted, "ties are in the order of their ids");
        assert_eq!(rows.len(), 40);
    }
    let down = "{ workbooks(orderBy: {field: ID, direction: DESC}) { id } }";
    let down =
        session.query(down, json!(null)).await["data"]["workbooks"].as_array().expect("a list").clone();
    assert!(down.is_sorted_by(|a, b| a["id"].as_str() > b["id"].as_str()));
}

#[tokio::test]
async fn an_unknown_field_is_a_validation_error_in_graphql_javas_words() {
    let simulator = simulator(&Generate::default());
    let session = Session::start(&simulator, SITE).await;
    let query = "{\n  workbooksConnection {\n    nodes { sheets { upstreamWorkbooks } }\n  }\n}";
    let answer = session.query(query, json!(null)).await;
    let path = "workbooksConnection/nodes/sheets/upstreamWorkbooks";
    let description = "Field 'upstreamWorkbooks' in type 'Sheet' is undefined";
    assert_eq!(
        answer["errors"],
        json!([{
            "message": format!("Validation error of type FieldUndefined: {description} @ '{path}'"),
            "locations": [{ "line": 3, "column": 22, "sourceName": null }],
            "description": description,
            "validationErrorType": "FieldUndefined",
            "queryPath": path.split('/').collect::<Vec<_>>(),
            "errorType": "ValidationError",
            "extensions": null,
            "path": null,
        }])
    );
    let projects = session.query("{ publishedDatasources { projectLuid } }", json!(null)).await;
    assert_eq!(
        projects["errors"][0]["validationErrorType"], "FieldUndefined",
        "only workbooks have a project's LUID"
    );
    let syntax = session.query("{ workbooks {", json!(null)).await;
    assert_eq!(syntax["errors"][0]["errorType"], "InvalidSyntax");
}

#[tokio::test]
async fn views_answer_what_sheets_and_dashboards_have_in_common() {
    let simulator = simulator(&Generate::default());
    let session = Session::start(&simulator, SITE).await;
    let query = "{ workbooks { views { id name documentViewId luid path createdAt updatedAt index tags { name } \
                 workbook { luid } } } }";
    let answer = session.query(query, json!(null)).await;
    let views = answer["data"]["workbooks"][0]["views"].as_array().unwrap_or_else(|| panic!("{answer}"));
    assert!(
        views.iter().all(|view| view["documentViewId"].is_string() && view["index"].is_i64()),
        "{views:?}"
    );
}

#[tokio::test]
async fn project_names_in_a_query_leave_out_what_is_obfuscated_and_say_so() {
    let simulator = simulator(&Generate { workbooks: 5, ..Generate::default() });
    let session = Session::start(&simulator, SITE).await;
    let veiled = simulator.resources(SITE)[0].luid.clone();
    let cases = [
        (r#"workbooks(filter: {projectName: "none"})"#, Some(("workbooks", "projectName")), 0),
        (
            r#"workbooksConnection(filter: {projectNameWithin: ["none", null]})"#,
            Some(("workbooksConnection", "projectNameWithin")),
            0,
        ),
        (
            "workbooksConnection(orderBy: {field: PROJECT_NAME, direction: ASC})",
            Some(("workbooksConnection", "PROJECT_NAME")),
            4,
        ),
        ("workbooks(orderBy: {field: NAME, direction: ASC})", None, 5),
        (
            "workbooks(permissionMode: FILTER_RESULTS, orderBy: {field: PROJECT_NAME, direction: ASC})",
            None,
            4,
        ),
        ("publishedDatasources(orderBy: {field: PROJECT_NAME, direction: ASC})", None, 20),
    ];
    for visibility in [Visibility::Full, Visibility::Obfuscated] {
        simulator.show(SITE, Kind::Workbook, &veiled, visibility);
        for (list, switched, rows) in &cases {
            let (fields, at) =
                if list.contains("Connection") { ("nodes { luid }", "/nodes") } else { ("luid", "") };
            let answer = session.query(&format!("{{ list: {list} {{ {fields} }} }}"), json!(null)).await;
            let found = answer["data"]["list"].pointer(at).and_then(Value::as_array).map(Vec::len);
            let errors = answer.get("errors").cloned();
            match switched {
                Some((field, argument)) if visibility == Visibility::Obfuscated => {
                    assert_eq!(found, Some(*rows), "{list}: {answer}");
                    let message = "One or more of the attributes used in your filter contain sensitive data so your results have \
                                   been automatically filtered to contain only the results you have permissions to see";
                    let extensions = json!({
                        "severity": "WARNING", "code": "PERMISSIONS_MODE_SWITCHED", "properties": { *field: [argument] }
                    });
                    assert_eq!(
                        errors,
                        Some(json!([{ "message": message, "extensions": extensions }])),
                        "{list}"
                    );
                }
                _ => assert_eq!(errors, None, "{list}"),
            }
        }
    }
}

#[tokio::test]
async fn an_old_server_knows_neither_project_luids_nor_permission_modes() {
    let simulator = start(Options { old_server: true, ..Options::default() });
    let session = Session::start_at(&simulator, SITE, "3.6").await;
    assert_eq!(session.call("GET", "/api/3.7/serverinfo", "").await.code(), "404001");
    let cases = [
        ("{ workbooks { projectLuid } }", "FieldUndefined"),
        ("{ workbooks(filter: {projectLuid: \"x\"}) { luid } }", "WrongType"),
        ("{ workbooks(permissionMode: FILTER_RESULTS) { luid } }", "UnknownArgument"),
        ("{ workbooks(orderBy: {field: PROJECT_LUID, direction: ASC}) { luid } }", "WrongType"),
    ];
    for (query, error) in cases {
        let answer = session.query(query, json!(null)).await;
        assert_eq!(answer["errors"][0]["validationErrorType"], error, "{answer}");
    }
    let known = session.query("{ workbooks { luid projectName } }", json!(null)).await;
    assert_eq!(known["data"]["workbooks"].as_array().map(Vec::len), Some(40));
}

#[tokio::test]
async fn queries_arrive_as_json_as_text_and_in_the_address() {
    let simulator = simulator(&Generate::default());
    let session = Session::start(&simulator, SITE).await;
    let url = format!("{}/api/metadata/graphql", session.url);
    let text =
        session.http.post(&url).header("Content-Type", "application/graphql").body("{tableauSites{name}}");
    let address = session.http.get(format!("{url}?query=%7BtableauSites%7Bname%7D%7D"));
    for request in [text, address] {
        let answer = answer(request.header("X-Tableau-Auth", &session.token)).await;
        assert_eq!(answer.json(), json!({ "data": { "tableauSites": [{ "name": SITE }] } }));
    }
    let nonsense = session.call("POST", "/api/metadata/graphql", "nonsense").await;
    assert_eq!(nonsense.status, 400);
}

#[tokio::test]
async fn without_a_session_the_gateway_answers_401() {
    let simulator = simulator(&Generate::default());
    let mut session = Session::start(&simulator, SITE).await;
    session.token = "gone".to_owned();
    let answer = session.call("POST", "/api/metadata/graphql", r#"{"query":"{tableauSites{name}}"}"#).await;
    assert_eq!(answer.status, 401);
    let body = answer.json();
    assert_eq!((&body["status"], &body["error"]), (&json!(401), &json!("Unauthorized")));
    assert_eq!(body["path"], "/relationship-service-war/graphql");
}

#[tokio::test]
async fn introspection_and_fragments_and_the_queries_of_orchestrators_are_valid() {
    let simulator = simulator(&Generate::default());
    let session = Session::start(&simulator, SITE).await;
    let schema = session
        .query("{ __schema { types { name } } __type(name: \"Workbook\") { fields { name } } }", json!(null));
    let schema = schema.await;
    assert!(schema["data"]["__schema"]["types"].as_array().is_some_and(|types| types.len() > 30), "{schema}");
    let query = "query workbooks($luid: String!) { workbooks(filter: {luid: $luid}) { ...common sheets { luid id name createdAt \
                 updatedAt path parentEmbeddedDatasources { id name hasExtracts upstreamTables { id name connectionType \
                 schema isEmbedded tableType fullName projectName database { id name projectName } } \
                 parentPublishedDatasources { luid name id hasExtracts upstreamTables { name database { id } } } } } \
                 dashboards { luid name createdAt updatedAt path sheets { luid id } } views { __typename name } owner { \
                 username luid } site { uri } tags { name } } } fragment common on Workbook { luid name createdAt uri \
                 projectName projectLuid }";
    let item = &simulator.resources(SITE)[0];
    let answer = session.query(query, json!({ "luid": item.luid })).await;
    let workbook = &answer["data"]["workbooks"][0];
    assert_eq!(workbook["name"], item.name.as_str(), "{answer}");
    assert_eq!(workbook["views"][1]["__typename"], "Dashboard");
    assert_eq!(
        workbook["sheets"][0]["parentEmbeddedDatasources"][0]["upstreamTables"][0]["tableType"],
        "DATABASETABLE"
    );
}
