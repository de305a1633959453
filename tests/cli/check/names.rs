//! Names that are one name to people, and another sequence of bytes.

use tableau_simulator::Kind;
use test_support::desk::Desk;

use super::finds;

const COMPOSED: &str = "Caf\u{e9}";
const DECOMPOSED: &str = "Cafe\u{301}";

fn desk() -> Desk {
    let desk = Desk::empty();
    desk.publish(Kind::Workbook, &["Ops", DECOMPOSED], DECOMPOSED);
    desk.done(&["init"]);
    desk.sync();
    desk
}

#[test]
fn name_in_the_other_normal_form_is_the_same_where_people_write_it() {
    let desk = desk();
    for (name, project) in [(COMPOSED, DECOMPOSED), (DECOMPOSED, COMPOSED), (COMPOSED, COMPOSED)] {
        let refs = format!("[[reference]]\nworkbook = '{name}'\nproject = '/Ops/{project}'\n");
        finds(&desk, "tabmap-refs.toml", &refs, &[]);
    }
    let refs = format!("[[reference]]\nworkbook = '{}'\n", COMPOSED.to_lowercase());
    finds(&desk, "tabmap-refs.toml", &refs, &[(2, "unknown-resource")]);
}

#[test]
fn name_in_the_other_normal_form_is_another_to_the_procedure_which_compares_bytes() {
    let desk = desk();
    let call = |name: &str| {
        format!("CALL API__TABLEAU__REFRESH_RESOURCE('workbook', '{name}', '{DECOMPOSED}', 'MySite');\n")
    };
    finds(&desk, "call.sql", &call(DECOMPOSED), &[]);
    finds(&desk, "call.sql", &call(COMPOSED), &[(1, "unknown-resource")]);
    assert!(super::offline(&desk, &["call.sql"]).stdout.contains("another normal form"));
}
