//! `tabmap init --snowflake-objects --apply` against an account that accepts all statements but one: the remedy names the
//! cause of the refusal, whichever file the statement stands in.

use serde_json::json;
use test_support::emulator::Tenant;

use crate::apply::{APPLY, ground, run, shows_nothing};

const AGAIN: &str = "apply again: it continues from here";

struct Refusal {
    code: &'static str,
    message: &'static str,
    /// How the one statement begins that is refused.
    statement: &'static str,
    /// Parts of the remedy.
    remedy: &'static [&'static str],
}

const REFUSALS: [Refusal; 15] = [
    Refusal {
        code: "391531",
        message: "SQL compilation error: An active warehouse is required for creating Python stored procedures.",
        statement: "CREATE OR REPLACE PROCEDURE",
        remedy: &["the session has none: `warehouse` under `[snowflake.objects]`", AGAIN],
    },
    Refusal {
        code: "002043",
        message: "SQL compilation error: Object does not exist, or operation cannot be performed.",
        statement: "USE WAREHOUSE",
        remedy: &["the warehouse does not exist", "SHOW WAREHOUSES", AGAIN],
    },
    Refusal {
        code: "002003",
        message: "SQL compilation error: Warehouse 'COMPUTE_WH' does not exist or not authorized.",
        statement: "GRANT USAGE ON WAREHOUSE",
        remedy: &["the warehouse does not exist", AGAIN],
    },
    Refusal {
        code: "002003",
        message: "SQL compilation error: Integration 'API__TABLEAU' does not exist or not authorized.",
        statement: "GRANT USAGE ON INTEGRATION",
        remedy: &["what the message names does not exist, or the role may not see it", AGAIN],
    },
    Refusal {
        code: "002003",
        message: "SQL compilation error: Database role 'SNOWFLAKE.PYPI_REPOSITORY_USER' does not exist or not authorized.",
        statement: "GRANT DATABASE ROLE",
        remedy: &["no such database role for the repository of the packages", AGAIN],
    },
    Refusal {
        code: "100357",
        message: "Anaconda terms must be accepted by ORGADMIN to use Anaconda 3rd party packages.",
        statement: "CREATE OR REPLACE PROCEDURE",
        remedy: &["accept Anaconda's terms", "`packages = \"pypi\"`", AGAIN],
    },
    Refusal {
        code: "391529",
        message: "Anaconda terms must be accepted by ORGADMIN to use Anaconda 3rd party packages.",
        statement: "CREATE OR REPLACE PROCEDURE",
        remedy: &["accept Anaconda's terms", "`packages = \"pypi\"`", AGAIN],
    },
    Refusal {
        code: "100351",
        message: "Package 'tableauserverclient' is not supported.",
        statement: "CREATE OR REPLACE PROCEDURE",
        remedy: &["a package that the procedure names is not available", "SHOW PACKAGES POLICIES", AGAIN],
    },
    Refusal {
        code: "509019",
        message: "SQL compilation error: External access is not supported for trial accounts.",
        statement: "CREATE EXTERNAL ACCESS INTEGRATION",
        remedy: &[
            "a trial account has no external access",
            "applying again changes nothing",
            "`tabmap sync`",
        ],
    },
    Refusal {
        code: "509009",
        message: "SQL compilation error: External access is not supported for trial accounts.",
        statement: "CREATE EXTERNAL ACCESS INTEGRATION",
        remedy: &["a trial account has no external access"],
    },
    Refusal {
        code: "394209",
        message: "Email recipients in the given list at indexes [1] are not allowed.",
        statement: "CREATE NOTIFICATION INTEGRATION",
        remedy: &["the verified e-mail address of a user of this account", "in Snowsight", AGAIN],
    },
    Refusal {
        code: "003001",
        message: "SQL access control error: Insufficient privileges to operate on schema 'PROCEDURES'",
        statement: "CREATE TASK",
        remedy: &["lacks a privilege on what the message names", "SHOW GRANTS ON", AGAIN],
    },
    Refusal {
        code: "003013",
        message: "Requested role 'ACCOUNTADMIN' is not assigned to the executing user.",
        statement: "USE ROLE ACCOUNTADMIN",
        remedy: &["this needs ACCOUNTADMIN", "`--print`", AGAIN],
    },
    Refusal {
        code: "000949",
        message: "Cannot overload PROCEDURE",
        statement: "CREATE OR REPLACE PROCEDURE",
        remedy: &["with other arguments is in the way", "RENAME", AGAIN],
    },
    Refusal {
        code: "000904",
        message: "SQL compilation error: invalid identifier 'PROJECT_PATH'",
        statement: "CREATE OR REPLACE VIEW",
        remedy: &["the map has fewer columns", "`tabmap init` upgrades it", AGAIN],
    },
];

#[tokio::test(flavor = "multi_thread")]
async fn the_remedy_for_one_refused_statement_names_the_cause_that_its_code_stands_for() {
    for refusal in &REFUSALS {
        let Refusal { code, message, statement, remedy } = refusal;
        let tenant = Tenant::new().await;
        let form = format!("^(?:--[^\n]*\n)*{statement}");
        let fault =
            json!({ "at": "statement", "match": form, "action": { "code": code, "message": message } });
        tenant.arm(fault).await;
        let desk = ground(&tenant).await;
        shows_nothing(&tenant).await;
        let answer = run(&desk, &APPLY);
        let ended = format!("stopped at `{statement}");
        answer.refused(1, &[&[*code, *message, ended.as_str()], *remedy].concat());
        assert_eq!(answer.stderr.contains(AGAIN), remedy.contains(&AGAIN), "{code}: {}", answer.stderr);
        assert_eq!(
            answer.stderr.contains("drop it yourself"),
            *code == "000949",
            "{code}: {}",
            answer.stderr
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_that_is_not_known_points_to_its_message() {
    let tenant = Tenant::new().await;
    let refusal = json!({
        "at": "statement", "match": "CREATE SECRET", "action": { "code": "099999", "message": "something new" }
    });
    tenant.arm(refusal).await;
    let desk = ground(&tenant).await;
    shows_nothing(&tenant).await;
    let answer = run(&desk, &APPLY);
    answer.refused(1, &["something new", "stopped at `CREATE SECRET IF NOT EXISTS", "the message says why"]);
    assert!(!answer.stderr.contains(desk.tableau.pat().1), "{}", answer.stderr);
}
