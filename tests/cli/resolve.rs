//! `resolve`: everything that people know a resource by leads to its current LUID, or to a reason why not.

use tableau_simulator::Kind;
use test_support::desk::Desk;

fn desk() -> (Desk, String, String, String) {
    let desk = Desk::empty();
    let finance = desk.publish(Kind::Workbook, &["Finance", "EMEA"], "Sales");
    let marketing = desk.publish(Kind::Workbook, &["Marketing", "EMEA"], "Sales");
    let orders = desk.publish(Kind::Datasource, &["default"], "Orders");
    desk.done(&["init"]);
    desk.sync();
    (desk, finance, marketing, orders)
}

fn number(desk: &Desk, luid: &str) -> String {
    let items = desk.tableau.resources("MySite");
    items.into_iter().find(|item| item.luid == luid).expect("on the site").vizportal_url_id
}

#[test]
fn name_number_address_and_luid_all_lead_to_the_luid_alone_on_stdout() {
    let (desk, _, marketing, orders) = desk();
    let orders_number = number(&desk, &orders);
    let page = format!("{}/#/site/MySite/datasources/{orders_number}/connections", desk.tableau.url());
    for question in [
        vec!["datasource", "Orders"],
        vec!["datasource", "Orders", "--project", "default"],
        vec!["datasource", &orders_number],
        vec![&page],
        vec![&orders],
        vec!["datasource", &orders],
    ] {
        let arguments: Vec<&str> = ["resolve"].into_iter().chain(question).collect();
        assert_eq!(desk.done(&arguments), format!("{orders}\n"), "{arguments:?}");
    }
    let page = format!("{}/#/site/mysite/workbooks/{}/views", desk.tableau.url(), number(&desk, &marketing));
    assert_eq!(desk.done(&["resolve", &page]), format!("{marketing}\n"));
}

#[test]
fn ambiguous_name_lists_the_candidates_and_a_project_tells_them_apart() {
    let (desk, finance, marketing, _) = desk();
    let answer = desk.run(&["resolve", "workbook", "Sales"]);
    answer.refused(3, &["Finance/EMEA::Sales", "Marketing/EMEA::Sales", &finance, &marketing, "--project"]);
    assert_eq!(answer.stdout, "");
    desk.run(&["resolve", "workbook", "Sales", "--project", "EMEA"]).refused(3, &[&finance, &marketing]);
    for project in ["Finance/EMEA", "/Finance/EMEA"] {
        assert_eq!(
            desk.done(&["resolve", "workbook", "Sales", "--project", project]),
            format!("{finance}\n")
        );
    }
}

#[test]
fn leading_slash_names_the_project_at_the_top_where_another_has_the_same_name_below() {
    let desk = Desk::empty();
    let top = desk.publish(Kind::Workbook, &["Ops"], "Load");
    desk.publish(Kind::Workbook, &["IT", "Ops"], "Load");
    desk.done(&["init"]);
    desk.sync();
    desk.run(&["resolve", "workbook", "Load", "--project", "Ops"])
        .refused(3, &["`Ops::Load`", "`IT/Ops::Load`"]);
    assert_eq!(desk.done(&["resolve", "workbook", "Load", "--project", "/Ops"]), format!("{top}\n"));
}

#[test]
fn unknown_name_is_answered_with_near_ones() {
    let (desk, ..) = desk();
    desk.run(&["resolve", "datasource", "orders"])
        .refused(3, &["no datasource `orders`", "`default::Orders`"]);
    desk.run(&["resolve", "workbook", "Slaes"]).refused(3, &["`Finance/EMEA::Sales`"]);
    desk.run(&["resolve", "workbook", "Zzz"]).refused(3, &["no workbook `Zzz`"]);
    desk.run(&["resolve", "workbook", "Sales", "--site", "Other"]).refused(3, &["no workbook `Sales`"]);
}

#[test]
fn republished_workbook_makes_its_old_luid_stale_and_names_the_new_one() {
    let (desk, _, _, orders) = desk();
    let new = desk.tableau.republish("MySite", Kind::Datasource, &orders);
    desk.sync();
    let answer = desk.run(&["resolve", &orders]);
    answer.refused(3, &["is stale", "republished", &new]);
    assert_eq!(answer.stdout, "");
    desk.tableau.delete("MySite", Kind::Datasource, &new);
    desk.sync();
    desk.run(&["resolve", &new]).refused(3, &["is stale", "is gone"]);
    desk.run(&["resolve", &orders]).refused(3, &["is stale", "is gone"]);
    desk.run(&["resolve", "0a0a0a0a-0000-4000-8000-000000000001"]).refused(3, &["the map has no LUID"]);
}

#[test]
fn resource_whose_name_is_the_number_of_another_is_ambiguous() {
    let (desk, _, _, orders) = desk();
    let number = number(&desk, &orders);
    let named = desk.publish(Kind::Datasource, &["default"], &number);
    desk.sync();
    desk.run(&["resolve", "datasource", &number]).refused(3, &[&orders, &named]);
}

#[test]
fn same_name_on_two_sites_is_told_apart_by_the_site() {
    let desk = Desk::generated(2, 0, 0);
    let one = desk.publish(Kind::Workbook, &["default"], "Sales");
    let two = desk.tableau.publish("Site2", Kind::Workbook, &["default"], "Sales");
    desk.done(&["init"]);
    desk.done(&["sync"]);
    desk.run(&["resolve", "workbook", "Sales"]).refused(3, &["site `MySite`", "site `Site2`", "--site"]);
    assert_eq!(desk.done(&["resolve", "workbook", "Sales", "--site", "MySite"]), format!("{one}\n"));
    assert_eq!(desk.done(&["resolve", "workbook", "Sales", "--site", "site2"]), format!("{two}\n"));
}

#[test]
fn questions_that_cannot_be_read_are_usage_errors() {
    let (desk, ..) = desk();
    desk.run(&["resolve", "Sales"]).refused(2, &["neither a browser address nor a LUID", "`workbook NAME`"]);
    desk.run(&["resolve", "view", "Sales"]).refused(2, &["`view` is not a kind"]);
    desk.run(&["resolve", "https://host/#/site/MySite/home"]).refused(2, &["not the address of a workbook"]);
}

#[test]
fn address_of_a_view_leads_to_its_workbook_whatever_that_is_called_now() {
    let desk = Desk::empty();
    let first = desk.publish(Kind::Workbook, &["default"], "Weekly Sales");
    let second = desk.publish(Kind::Workbook, &["Finance"], "Weekly Sales");
    let orders = desk.publish(Kind::Datasource, &["default"], "Orders");
    desk.tableau.rename("MySite", Kind::Workbook, &first, "Monthly Sales");
    desk.done(&["init"]);
    desk.sync();
    let suffixed =
        desk.query("SELECT CONTENT_URL FROM API__TABLEAU__RESOURCES WHERE PROJECT_NAME = 'Finance'");
    assert!(suffixed[0].starts_with("WeeklySales_"), "{suffixed:?}");
    let server = desk.tableau.url();
    for (place, luid) in [
        ("#/site/MySite/views/WeeklySales/Overview", &first),
        ("t/MySite/views/WeeklySales/Overview?:origin=card_share_link&:embed=n#2", &first),
        ("#/site/MySite/authoring/WeeklySales/Overview", &first),
        ("#/site/mysite/views/WeeklySales/Overview/6d1f0a44-8a1e-4f0b-9e57-4c8f4a1d2b3c/Mine", &first),
        ("#/site/MySite/workbooks/WeeklySales", &first),
        (&format!("#/site/MySite/views/{}/Overview", suffixed[0]), &second),
        ("#/site/MySite/datasources/Orders", &orders),
    ] {
        assert_eq!(desk.done(&["resolve", &format!("{server}/{place}")]), format!("{luid}\n"), "{place}");
    }
    let never = format!("{server}/#/site/MySite/views/Never/Overview");
    desk.run(&["resolve", &never]).refused(3, &["workbook `Never` of that address", "tabmap sync"]);
    let refreshed = desk.done(&["refresh", &format!("{server}/#/site/MySite/views/WeeklySales/Overview")]);
    assert!(refreshed.contains("Monthly Sales"), "{refreshed}");
}

#[test]
fn address_of_a_view_whose_workbook_was_republished_says_which_took_its_place() {
    let desk = Desk::empty();
    let luid = desk.publish(Kind::Workbook, &["default"], "Plan");
    desk.done(&["init"]);
    desk.sync();
    desk.tableau.rename("MySite", Kind::Workbook, &luid, "Forecast");
    desk.sync();
    desk.tableau.republish("MySite", Kind::Workbook, &luid);
    desk.sync();
    let now = desk.query("SELECT RESOURCE_ID FROM API__TABLEAU__RESOURCES");
    let address = format!("{}/#/site/MySite/views/Plan/Overview", desk.tableau.url());
    desk.run(&["resolve", &address]).refused(3, &[&luid, &now[0]]);
}

#[test]
fn kind_before_an_address_must_be_that_of_the_address() {
    let (desk, sales, ..) = desk();
    let address = format!("{}/#/site/MySite/workbooks/{}", desk.tableau.url(), number(&desk, &sales));
    assert_eq!(desk.done(&["resolve", "workbook", &address]), format!("{sales}\n"));
    desk.run(&["resolve", "datasource", &address]).refused(2, &["is the address of a workbook"]);
    desk.run(&["refresh", "datasource", &address]).refused(2, &["is the address of a workbook"]);
}

#[test]
fn unknown_name_says_on_which_site_it_was_looked_for() {
    let (desk, ..) = desk();
    desk.run(&["resolve", "workbook", "Nothing like it", "--site", "MySite"])
        .refused(3, &["on site `MySite`"]);
}

#[test]
fn address_of_what_was_published_again_leads_to_what_took_its_place() {
    let (desk, sales, ..) = desk();
    let address = format!("{}/#/site/MySite/workbooks/{}/views", desk.tableau.url(), number(&desk, &sales));
    let new = desk.tableau.republish("MySite", Kind::Workbook, &sales);
    desk.sync();
    desk.run(&["resolve", &address]).refused(3, &["is stale", &new]);
}

#[test]
fn address_on_another_server_is_refused() {
    let (desk, ..) = desk();
    desk.run(&["resolve", "https://other.example.com/#/site/MySite/workbooks/1"])
        .refused(3, &["`other.example.com`", "this map belongs to"]);
}

#[test]
fn workbook_that_was_published_again_twice_leads_to_its_last_luid() {
    let (desk, _, _, orders) = desk();
    let second = desk.tableau.republish("MySite", Kind::Datasource, &orders);
    desk.sync();
    let third = desk.tableau.republish("MySite", Kind::Datasource, &second);
    desk.sync();
    for stale in [&orders, &second] {
        desk.run(&["resolve", stale]).refused(3, &["is stale", &format!("its LUID is {third} now")]);
    }
    assert_eq!(desk.done(&["resolve", &third.to_uppercase()]), format!("{third}\n"));
}

#[test]
fn luid_that_is_in_the_map_is_never_called_stale() {
    let (desk, _, _, orders) = desk();
    for elsewhere in [
        ["resolve", "workbook", &orders].as_slice(),
        &["resolve", &orders, "--project", "Finance"],
        &["resolve", &orders, "--site", "Other"],
    ] {
        let answer = desk.run(elsewhere);
        answer.refused(3, &["the map has no"]);
        assert!(!answer.stderr.contains("stale"), "{elsewhere:?}: {}", answer.stderr);
    }
}

#[test]
fn name_and_project_are_found_in_either_normal_form_of_unicode() {
    let (composed, decomposed) = ("Caf\u{e9}", "Cafe\u{301}");
    let desk = Desk::empty();
    let in_map = desk.publish(Kind::Workbook, &["Ops", decomposed], decomposed);
    desk.done(&["init"]);
    desk.sync();
    for name in [composed, decomposed] {
        for project in [composed.to_owned(), decomposed.to_owned(), format!("/Ops/{composed}")] {
            let found = desk.done(&["resolve", "workbook", name, "--project", &project]);
            assert_eq!(found, format!("{in_map}\n"), "{name} {project}");
        }
    }
    desk.write("refs.toml", &format!("[[refresh]]\nworkbook = '{composed}'\nproject = 'Ops/{composed}'\n"));
    let refreshed = desk.done(&["refresh", "--from", "refs.toml", "--format", "json"]);
    assert!(refreshed.contains(&in_map), "{refreshed}");
}
