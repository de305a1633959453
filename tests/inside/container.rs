//! `tabmap sync` inside Snowflake: the job that the task executes is started here as Snowflake would start it, with the
//! tokens and variables that Snowflake gives, against the emulator and a simulated Tableau. No container engine and no
//! account take part.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};
use tableau_simulator::{Effect, Endpoint, Fault, GraphqlProblem};
use test_support::desk::{Answer, Desk};
use test_support::emulator::{Tenant, port};

use crate::apply::{APPLY, changes, ground, run, shows_nothing};
use crate::files::by_name;

const SETTINGS: &str = "[snowflake.objects]\ncontainer = {}\n";

/// The specification of the job, as printed.
fn specification(desk: &Desk) -> Value {
    let file = by_name(&desk.done(&["init", "--snowflake-objects"])).remove("90_container.sql").unwrap();
    let (_, specification) = file.split_once("FROM SPECIFICATION\n$$\n").unwrap();
    serde_json::from_str(specification.split("$$").next().unwrap()).unwrap()
}

/// Starts the container of a specification as Snowflake would; the secrets are those of the desk.
fn start(desk: &Desk, tenant: &Tenant, tokens: &Path, container: &Value) -> Answer {
    let arguments: Vec<_> =
        container["args"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    let mut command = desk.command(&arguments);
    let own: Vec<_> = command.get_envs().map(|(name, _)| name.to_owned()).collect();
    for name in &own {
        command.env_remove(name);
    }
    for (name, value) in container["env"].as_object().unwrap() {
        command.env(name, value.as_str().unwrap());
    }
    let (name, value) = desk.tableau.pat();
    for secret in container["secrets"].as_array().unwrap() {
        assert_eq!(secret["secretKeyRef"], "secret_string");
        let held = match secret["snowflakeSecret"]["objectName"].as_str().unwrap().rsplit('.').next().unwrap()
        {
            "API__TABLEAU__SYNC_PAT_NAME" => name,
            "API__TABLEAU__SYNC_PAT_VALUE" => value,
            other => panic!("no file makes the secret {other}"),
        };
        command.env(secret["envVarName"].as_str().unwrap(), held);
    }
    for (name, value) in [
        ("SNOWFLAKE_RUNNING_INSIDE_SPCS", "true"),
        ("SNOWFLAKE_ACCOUNT", "EMULATOR"),
        ("SNOWFLAKE_HOST", "127.0.0.1"),
        ("SNOWFLAKE_PORT", &port().to_string()),
        ("SNOWFLAKE_PROTOCOL", "http"),
        ("SNOWFLAKE_DATABASE", &tenant.database),
        // The task is made in the schema of the map, and so is the job.
        ("SNOWFLAKE_SCHEMA", "MAPPING_TABLES"),
        ("SNOWFLAKE_TOKEN_FILE_PATH", tokens.to_str().unwrap()),
    ] {
        command.env(name, value);
    }
    let output = command.output().unwrap();
    Answer {
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
        exit: output.status.code().unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_job_of_the_task_keeps_the_map_and_an_incomplete_listing_is_not_its_failure() {
    let token = uuid::Uuid::new_v4().to_string();
    let tenant = Tenant::with(json!({ "oauth_token": token, "spcs_token": "of-the-container" })).await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("token"), token).unwrap();
    std::fs::write(folder.path().join("spcs_token"), "of-the-container").unwrap();
    let mut desk = Desk::generated(1, 3, 2);
    desk.write("tabmap.toml", &format!("[snowflake]\ndatabase = \"{}\"\n{SETTINGS}", tenant.database));
    let container = tokio::task::block_in_place(|| specification(&desk))["spec"]["containers"][0].take();
    let image = format!("/{}/procedures/tabmap_images/tabmap:latest", tenant.database.to_lowercase());
    assert_eq!(container["image"], image.as_str());

    // The tables, as `40_map.sql` makes them.
    for (name, value) in tenant.environment(&[]) {
        desk.set(&name, value);
    }
    tokio::task::block_in_place(|| desk.done(&["init", "--store", "snowflake:test"]));
    let sync =
        || tokio::task::block_in_place(|| start(&desk, &tenant, &folder.path().join("token"), &container));
    let answer = sync();
    assert_eq!(answer.exit, 0, "{}{}", answer.stdout, answer.stderr);
    let count = async || tenant.sql(&["SELECT COUNT(*) FROM API__TABLEAU__RESOURCES"]).await[0][0].clone();
    assert_eq!(count().await.as_deref(), Some("5"));

    // A listing that stays incomplete: exit 4 for everybody else.
    let truncated = Effect::GraphqlWarning { problem: GraphqlProblem::NodeLimitExceeded };
    desk.tableau.arm(Fault::on(Endpoint::Metadata, truncated));
    for endpoint in [Endpoint::Workbooks, Endpoint::Datasources] {
        desk.tableau.arm(Fault::on(endpoint, Effect::RestError { code: 403_004, headers: BTreeMap::new() }));
    }
    let answer = sync();
    assert_eq!(answer.exit, 0, "{}{}", answer.stdout, answer.stderr);
    assert!(answer.stdout.contains("incomplete"), "{}{}", answer.stdout, answer.stderr);
    assert_eq!(count().await.as_deref(), Some("5"), "nothing was removed");
    let runs = "SELECT STATUS FROM API__TABLEAU__SYNC_RUNS ORDER BY STARTED_AT DESC LIMIT 1";
    assert_eq!(tenant.sql(&[runs]).await, [[Some("incomplete".to_owned())]], "the alert sees it");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_container_gets_a_token_of_its_own_and_its_objects_after_the_roles() {
    let tenant = Tenant::new().await;
    let mut desk = ground(&tenant).await;
    desk.write("tabmap.toml", &format!("[snowflake]\ndatabase = \"{}\"\n{SETTINGS}", tenant.database));
    shows_nothing(&tenant).await;
    run(&desk, &APPLY).refused(
        1,
        &["SYNC_PAT_NAME\" does not exist, and nothing is given", "TABLEAU_SYNC_PAT_SECRET_FILE"],
    );
    desk.set("TABLEAU_SYNC_PAT_NAME", "container").set("TABLEAU_SYNC_PAT_SECRET", "hush-container");
    let before = changes(&tenant).await.len();
    let answer = run(&desk, &APPLY);
    assert_eq!(answer.exit, 0, "{}{}", answer.stdout, answer.stderr);
    let sent: Vec<_> = changes(&tenant).await.into_iter().skip(before).collect();
    let last = sent.iter().rposition(|sql| sql == "USE ROLE ACCOUNTADMIN").unwrap();
    insta::assert_snapshot!(sent[last..].join("\n"));
    let log = tenant.log("statements").await;
    let with_secret = log.iter().filter(|entry| entry["sql"].as_str().unwrap().contains("hush-container"));
    assert_eq!(with_secret.count(), 1);
    assert!(!answer.stdout.contains("hush") && !answer.stderr.contains("hush"));
}

#[test]
fn names_that_a_container_cannot_have_are_refused() {
    let mut desk = Desk::empty();
    for (settings, part) in [
        (
            "[snowflake]\ndatabase = \"my db\"\n[snowflake.objects]\ncontainer = {}\n",
            "`database` under `[snowflake]`",
        ),
        ("[snowflake.objects]\ncontainer = { compute_pool = \"pool\" }\n", "`container.compute_pool`"),
        ("[snowflake.objects]\ncontainer = { image = \"tabmap\" }\n", "`container.image`"),
        ("[snowflake.objects]\ncontainer = { pool = \"P\" }\n", "unknown field `pool`"),
    ] {
        desk.write("tabmap.toml", settings);
        desk.run(&["init", "--snowflake-objects"]).refused(2, &[part]);
    }
    desk.write("tabmap.toml", SETTINGS);
    desk.unset("TABLEAU_SITE");
    desk.run(&["init", "--snowflake-objects"]).refused(2, &["`sites` under `[tableau]`"]);
}

/// The instructions of the Dockerfile, without comments.
fn instructions() -> Vec<String> {
    let text = std::fs::read_to_string(repository("examples/container/Dockerfile")).unwrap();
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
}

fn repository(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[test]
fn the_dockerfile_copies_what_there_is_and_all_that_the_workspace_needs() {
    let instructions = instructions();
    let copied: Vec<&str> = instructions
        .iter()
        .filter_map(|line| line.strip_prefix("COPY ").filter(|rest| !rest.starts_with("--from")))
        .flat_map(|rest| rest.split(' ').take(rest.split(' ').count() - 1))
        .collect();
    let ignored = std::fs::read_to_string(repository("examples/container/Dockerfile.dockerignore")).unwrap();
    for source in &copied {
        assert!(repository(source).exists(), "{source} is not there");
        assert!(ignored.lines().any(|line| line == format!("!{source}")), "{source} is ignored");
    }
    // What Cargo reads before it builds: the members of the workspace, the benches it names, the build script.
    let manifest = std::fs::read_to_string(repository("Cargo.toml")).unwrap();
    let manifest: toml::Table = toml::from_str(&manifest).unwrap();
    let members = manifest["workspace"]["members"].as_array().unwrap().iter().filter_map(toml::Value::as_str);
    let build = manifest["package"]["build"].as_str().into_iter();
    for needed in members.chain(build).chain(["benches", "src", "sql", "graphql"]) {
        assert!(copied.iter().any(|source| Path::new(needed).starts_with(source)), "{needed} is not copied");
    }
    for (what, folder) in [("include_str!(\"../../../../", "sql"), ("graphql(", "graphql")] {
        assert!(copied.contains(&folder), "{what}");
    }
    let rust = manifest["workspace"]["package"]["rust-version"].as_str().unwrap();
    assert!(instructions[0].starts_with(&format!("FROM rust:{rust}-alpine ")), "{}", instructions[0]);
}

#[test]
fn the_image_ends_as_a_user_without_rights_and_its_program_knows_the_jobs_command() {
    let instructions = instructions();
    let user = instructions.iter().position(|line| line == "USER 65532:65532").unwrap();
    let privileged = ["RUN ", "COPY ", "FROM "];
    let mut after = instructions[user..].iter();
    assert!(!after.any(|line| privileged.iter().any(|start| line.starts_with(start))), "{instructions:?}");
    assert!(
        instructions.iter().any(|line| line == "ENTRYPOINT [\"/usr/local/bin/tabmap\"]"),
        "{instructions:?}"
    );

    let desk = Desk::empty();
    desk.write("tabmap.toml", SETTINGS);
    let container = specification(&desk)["spec"]["containers"][0].take();
    assert_eq!(container["args"], json!(["sync", "--accept-incomplete"]));
    assert!(desk.done(&["sync", "--help"]).contains("--accept-incomplete"));
}
