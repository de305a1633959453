//! REST: forms, listings, pages, filters and errors.

use serde_json::{Value, json};
use tableau_simulator::{
    Content, Generate, Kind, Options, Phantom, ResourceContent, SiteContent, Visibility,
};

use crate::support::{SITE, Session, answer, simulator, start};

#[tokio::test]
async fn answers_are_xml_unless_json_is_asked_for() {
    let simulator = simulator(&Generate::default());
    let session = Session::start(&simulator, SITE).await;
    let url = format!("{}/api/3.29/sites/{}/workbooks?pageSize=1", session.url, session.site);
    let xml =
        answer(session.http.get(&url).header("X-Tableau-Auth", &session.token).header("Accept", "*/*")).await;
    assert_eq!(xml.content_type, "application/xml;charset=utf-8");
    assert!(xml.text.contains(r#"<tsResponse xmlns="http://tableau.com/api""#), "{}", xml.text);
    assert!(
        xml.text.contains(r#"<pagination pageNumber="1" pageSize="1" totalAvailable="40"/>"#),
        "{}",
        xml.text
    );
    let json = session.get("workbooks?pageSize=1").await;
    assert_eq!(json.content_type, "application/json;charset=utf-8");
    let truth = &simulator.resources(SITE)[0];
    let workbook = &json.json()["workbooks"]["workbook"][0];
    assert_eq!(workbook["id"], truth.luid.as_str());
    assert_eq!(workbook["project"], json!({ "id": truth.project_luid, "name": truth.project_path.last() }));
    assert_eq!(workbook["webpageUrl"], truth.webpage_url.as_str());
    assert_eq!(workbook["tags"], json!({}));
    assert_eq!(json.json()["pagination"]["totalAvailable"], "40", "numbers are strings");
}

#[tokio::test]
async fn an_empty_listing_has_no_member_in_json() {
    let simulator = simulator(&Generate { workbooks: 0, ..Generate::default() });
    let session = Session::start(&simulator, SITE).await;
    let listing = session.get("workbooks").await.json();
    assert_eq!(listing["workbooks"], json!({}));
    assert_eq!(listing["pagination"]["totalAvailable"], "0");
}

#[tokio::test]
async fn fields_choose_what_a_listing_answers() {
    let simulator =
        simulator(&Generate { workbooks: 1, datasources: 1, personal_space: 1, ..Generate::default() });
    let session = Session::start(&simulator, SITE).await;
    let truth = simulator.resources(SITE);
    let cases = [
        ("workbooks?fields=workbook.id,workbook.name", json!({ "id": truth[0].luid, "name": truth[0].name })),
        ("workbooks?fields=name,nothing.name,nothing", json!({ "name": truth[0].name })),
        (
            "workbooks?fields=workbook.webpageUrl,project.id",
            json!({ "webpageUrl": truth[0].webpage_url, "project": { "id": truth[0].project_luid } }),
        ),
        ("workbooks?fields=datasource.id,location.type", json!({ "location": { "type": "Project" } })),
    ];
    for (path, expected) in cases {
        assert_eq!(session.get(path).await.json()["workbooks"]["workbook"][0], expected, "{path}");
    }
    let personal = session.get("workbooks?fields=workbook.id,project.id").await.json();
    assert_eq!(personal["workbooks"]["workbook"][1], json!({ "id": truth[1].luid }), "it is in no project");
    let datasource = session.get("datasources?fields=datasource.name").await.json();
    assert_eq!(datasource["datasources"]["datasource"][0], json!({ "name": truth[2].name }));
    let project = session.get("projects?fields=project.name").await.json();
    assert_eq!(project["projects"]["project"][0], json!({ "name": "default" }));
    for kind in ["workbooks", "datasources", "projects"] {
        let whole = session.get(kind).await.json();
        for fields in ["", "_all_", "_default_,project.name"] {
            assert_eq!(
                session.get(&format!("{kind}?fields={fields}")).await.json(),
                whole,
                "{kind} {fields}"
            );
        }
    }
}

#[tokio::test]
async fn pages_come_in_order_and_end_with_an_error() {
    let simulator = simulator(&Generate { workbooks: 25, ..Generate::default() });
    let session = Session::start(&simulator, SITE).await;
    let mut luids = Vec::new();
    for page in 1..=3 {
        let listing = session.get(&format!("workbooks?pageSize=10&pageNumber={page}")).await.json();
        let workbooks = listing["workbooks"]["workbook"].as_array().expect("a list").clone();
        luids.extend(workbooks.iter().map(|it| it["id"].as_str().expect("a LUID").to_owned()));
    }
    let truth: Vec<String> = simulator
        .resources(SITE)
        .into_iter()
        .filter(|it| it.kind == Kind::Workbook)
        .map(|it| it.luid)
        .collect();
    assert_eq!(luids, truth);
    let cases = [
        ("workbooks?pageSize=10&pageNumber=4", "400006"),
        ("workbooks?pageNumber=0", "400006"),
        ("workbooks?pageNumber=x", "400006"),
        ("workbooks?pageSize=0", "400007"),
        ("workbooks?pageSize=many", "400007"),
        ("workbooks?pageSize=1001", "403014"),
    ];
    for (path, code) in cases {
        assert_eq!(session.get(path).await.code(), code, "{path}");
    }
    assert_eq!(session.get("workbooks?pageSize=1000").await.status, 200);
}

#[tokio::test]
async fn what_is_not_there_is_not_there_by_its_own_code() {
    let simulator = simulator(&Generate::default());
    let session = Session::start(&simulator, SITE).await;
    let workbook = simulator.resources(SITE)[0].luid.clone();
    let cases = [
        (format!("workbooks/{workbook}x"), "404006"),
        (format!("datasources/{workbook}"), "404004"),
        ("users/nobody".to_owned(), "404002"),
        ("jobs/none".to_owned(), "404018"),
        ("metrics".to_owned(), "404003"),
        ("views/none".to_owned(), "404011"),
        ("groups/none/users".to_owned(), "404012"),
    ];
    for (path, code) in cases {
        assert_eq!(session.get(&path).await.code(), code, "{path}");
    }
    assert_eq!(session.post(&format!("workbooks/{workbook}"), "").await.code(), "405000");
    assert_eq!(session.call("GET", "/api/2.3/serverinfo", "").await.code(), "404001");
    assert_eq!(session.get(&format!("users/{}", session.user)).await.json()["user"]["name"], "analyst");
    assert_eq!(session.get(&format!("workbooks/{workbook}")).await.json()["workbook"]["id"], workbook);
}

#[tokio::test]
async fn filters_and_sorting_work_together() {
    let simulator = simulator(&Generate::default());
    let session = Session::start(&simulator, SITE).await;
    let names = |listing: &Value| -> Vec<String> {
        let workbooks = listing["workbooks"]["workbook"].as_array().cloned().unwrap_or_default();
        workbooks.iter().map(|it| it["name"].as_str().expect("a name").to_owned()).collect()
    };
    let found = session.get("workbooks?filter=name:in:[Revenue,revenue,NULL]&sort=name:desc").await.json();
    assert_eq!(names(&found), ["revenue", "Revenue", "NULL"], "names differ by case");
    let found = session.get("workbooks?filter=name:eq:Quarterly+Review,projectName:eq:EMEA").await.json();
    assert_eq!(names(&found), ["Quarterly Review"; 2], "one in each of two projects of that name");
    let found = session.get("workbooks?filter=name:eq:NULL,name:eq:Revenue").await.json();
    assert_eq!(names(&found), ["Revenue"], "the last condition on a field wins");
    let found = session.get("workbooks?filter=updatedAt:gt:2030-01-01T00:00:00Z").await.json();
    assert_eq!(found["workbooks"], json!({}));
    let found = session.get("projects?filter=name:eq:Default&fields=_all_").await.json();
    assert_eq!(found["projects"]["project"][0]["name"], "default");
    let tops = session.get("projects?filter=topLevelProject:eq:true&pageSize=1000").await.json();
    let tops = tops["projects"]["project"].as_array().expect("a list").clone();
    assert!(tops.iter().all(|project| project.get("parentProjectId").is_none()) && tops.len() == 9);
    assert_eq!(session.get("workbooks?filter=colour:eq:red").await.code(), "400000");
    assert_eq!(session.get("workbooks?filter=name").await.code(), "400000");
}

#[tokio::test]
async fn brackets_in_a_name_do_not_swallow_the_conditions_after_it() {
    let simulator = simulator(&Generate::default());
    let session = Session::start(&simulator, SITE).await;
    let luid = simulator.publish(SITE, Kind::Workbook, &["Finance"], "Sales [draft");
    simulator.publish(SITE, Kind::Workbook, &["Marketing"], "Sales [draft");
    let found = session.get("workbooks?filter=name:eq:Sales+[draft,projectName:eq:Finance").await.json();
    assert_eq!(found["pagination"]["totalAvailable"], "1");
    assert_eq!(found["workbooks"]["workbook"][0]["id"], luid.as_str());
    let listed = "workbooks?filter=name:in:[Sales+[draft,Revenue],projectName:eq:Finance";
    let found = session.get(listed).await.json();
    assert_eq!(found["workbooks"]["workbook"][0]["id"], luid.as_str());
}

#[tokio::test]
async fn every_documented_field_of_a_listing_can_be_filtered_by() {
    let simulator = simulator(&Generate::default());
    let session = Session::start(&simulator, SITE).await;
    let resources = "createdAt updatedAt contentUrl name projectName ownerName ownerEmail ownerDomain tags hasExtracts \
                     hasAlerts size";
    let documented = [
        ("workbooks", format!("{resources} sheetCount")),
        ("datasources", format!("{resources} type isCertified")),
        (
            "projects",
            "name parentProjectId topLevelProject ownerName ownerEmail ownerDomain createdAt updatedAt"
                .to_owned(),
        ),
        (
            "jobs",
            "jobType status progress priority createdAt startedAt completedAt title subtitle args notes"
                .to_owned(),
        ),
    ];
    for (listing, fields) in documented {
        for field in fields.split(' ') {
            let answer = session.get(&format!("{listing}?filter={field}:eq:x&sort={field}:asc")).await;
            assert_eq!(answer.status, 200, "{listing} by {field}: {}", answer.text);
        }
    }
    let local = session.get("workbooks?filter=ownerDomain:eq:local,sheetCount:gte:1").await.json();
    assert_eq!(local["pagination"]["totalAvailable"], "40");
}

#[tokio::test]
async fn unknown_fields_and_directions_are_refused_whether_or_not_there_are_rows() {
    let simulator = simulator(&Generate::default());
    let session = Session::start(&simulator, SITE).await;
    let mistaken = [
        "workbooks?filter=name:eq:nope,foo:eq:bar",
        "workbooks?filter=name:eq:nope&sort=foo:asc",
        "workbooks?sort=name:sideways",
        "projects?sort=name:",
        "jobs?filter=foo:eq:bar",
        "jobs?sort=foo",
    ];
    for path in mistaken {
        assert_eq!(session.get(path).await.code(), "400000", "{path}");
    }
    assert_eq!(session.get("jobs?sort=title").await.status, 200, "no direction is ascending");
}

#[tokio::test]
async fn sites_are_found_by_names_that_need_encoding() {
    let site = SiteContent {
        content_url: SITE.to_owned(),
        name: "My Site & 50%=½+/one".to_owned(),
        ..SiteContent::default()
    };
    let simulator = start(Options { content: Content { seed: 3, sites: vec![site] }, ..Options::default() });
    let session = Session::start(&simulator, SITE).await;
    for encoded in ["My%20Site%20%26%2050%25%3D%C2%BD%2B%2Fone", "My%20Site%20&%2050%=%c2%bd+%2Fone"] {
        let answer = session.call("GET", &format!("/api/3.29/sites/{encoded}?key=name"), "").await;
        assert_eq!(answer.json()["site"]["id"], session.site, "{encoded}: {}", answer.text);
    }
    let twice = "/api/3.29/sites/My%2520Site?key=name";
    assert_eq!(session.call("GET", twice, "").await.code(), "404000", "paths are decoded once");
}

#[tokio::test]
async fn projects_nest_and_two_leaves_share_a_name() {
    let simulator = simulator(&Generate::default());
    let session = Session::start(&simulator, SITE).await;
    let listing = session.get("projects?pageSize=1000").await.json();
    let projects = listing["projects"]["project"].as_array().expect("a list").clone();
    assert_eq!(projects.len(), 12);
    let emea: Vec<&Value> = projects.iter().filter(|project| project["name"] == "EMEA").collect();
    assert_eq!(emea.len(), 2);
    assert_ne!(emea[0]["parentProjectId"], emea[1]["parentProjectId"]);
    let parents = ["Finance", "Marketing"];
    for (leaf, parent) in emea.iter().zip(parents) {
        let found =
            projects.iter().find(|project| project["id"] == leaf["parentProjectId"]).expect("its parent");
        assert_eq!(found["name"], parent);
    }
}

#[tokio::test]
async fn personal_space_content_has_no_project() {
    let simulator = simulator(&Generate { personal_space: 1, ..Generate::default() });
    let session = Session::start(&simulator, SITE).await;
    let listing = session.get("workbooks?pageSize=1000&filter=name:eq:Personal+Draft+1").await.json();
    let draft = &listing["workbooks"]["workbook"][0];
    assert_eq!(draft.get("project"), None);
    let node = session.nodes("workbooksConnection", "name projectName projectLuid containerType", 100).await;
    let node = node.into_iter().find(|node| node["name"] == "Personal Draft 1").expect("it is indexed");
    assert_eq!(
        node,
        json!({ "name": "Personal Draft 1", "projectName": null, "projectLuid": null, "containerType": "personal space" })
    );
}

#[tokio::test]
async fn what_the_user_may_not_see_is_kept_back() {
    let project = vec!["default".to_owned()];
    let resource = |name: &str, visibility| ResourceContent {
        name: name.to_owned(),
        project: project.clone(),
        visibility,
        ..ResourceContent::default()
    };
    let workbooks = vec![
        resource("open", Visibility::Full),
        resource("veiled", Visibility::Obfuscated),
        resource("hidden", Visibility::Hidden),
    ];
    let phantom = Phantom { kind: Kind::Workbook, name: "ghost".to_owned(), project, luid: String::new() };
    let site = SiteContent {
        content_url: SITE.to_owned(),
        workbooks,
        phantoms: vec![phantom],
        ..SiteContent::default()
    };
    let simulator = start(Options { content: Content { seed: 3, sites: vec![site] }, ..Options::default() });
    let session = Session::start(&simulator, SITE).await;
    let listed = session.get("workbooks").await.json();
    assert_eq!(listed["pagination"]["totalAvailable"], "2", "REST shows the open and the veiled one");
    assert_eq!(simulator.resources(SITE).len(), 2);
    let nodes = session.nodes("workbooksConnection", "luid name projectName uri vizportalUrlId", 100).await;
    let nulls = nodes.iter().filter(|node| node["name"].is_null());
    assert!(
        nulls
            .clone()
            .all(|node| node["luid"] != "" && node["projectName"].is_null() && node["uri"].is_null())
    );
    assert_eq!(nulls.count(), 2);
    assert_eq!(nodes.iter().filter(|node| node["luid"] == "").count(), 1, "the ghost has no LUID");
    let filtered = session.query("{ workbooks(permissionMode: FILTER_RESULTS) { name } }", json!(null)).await;
    assert_eq!(filtered["data"]["workbooks"].as_array().map(Vec::len), Some(2));

    let open =
        simulator.resources(SITE).into_iter().find(|item| item.name == "open").expect("it is shown").luid;
    simulator.show(SITE, Kind::Workbook, &open, Visibility::Hidden);
    assert_eq!(session.get(&format!("workbooks/{open}")).await.code(), "403004");
    assert_eq!(simulator.resources(SITE).len(), 1);
}

#[tokio::test]
async fn generated_content_is_the_same_for_the_same_seed() {
    let generate =
        Generate { seed: 9, sites: 2, projects: 40, workbooks: 300, datasources: 80, ..Generate::default() };
    let (one, same) = (simulator(&generate), simulator(&generate));
    let other = simulator(&Generate { seed: 10, ..generate });
    for site in ["MySite", "Site2"] {
        let described = |simulator: &tableau_simulator::Simulator| -> Vec<(String, String, Vec<String>)> {
            simulator.resources(site).into_iter().map(|it| (it.luid, it.name, it.project_path)).collect()
        };
        assert_eq!(described(&one), described(&same));
        assert_ne!(described(&one), described(&other));
        let resources = one.resources(site);
        assert_eq!(resources.iter().filter(|it| it.kind == Kind::Workbook).count(), 300);
        assert_eq!(resources.iter().filter(|it| it.kind == Kind::Datasource).count(), 80);
        assert_eq!(one.projects(site).len(), 40);
        assert!(resources.iter().any(|it| it.name.chars().count() == 255));
        let mut keys = std::collections::BTreeMap::new();
        for it in &resources {
            *keys.entry((it.kind, it.project_path.last().cloned(), it.name.clone())).or_insert(0) += 1;
        }
        assert_eq!(keys.values().filter(|count| **count > 1).count(), 2, "one ambiguous key of each kind");
    }
}
