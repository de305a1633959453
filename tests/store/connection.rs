//! The settings of a connection, by the Snowflake CLI's rules.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use miette::Diagnostic;
use secrecy::ExposeSecret;
use tabmap::store::snowflake::Fault;
use tabmap::store::snowflake::connection::{Connection, ConnectionError};

/// A home folder and an environment.
struct Machine {
    home: tempfile::TempDir,
    variables: HashMap<String, String>,
}

impl Machine {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let variables = [("HOME".to_owned(), home.path().to_str().unwrap().to_owned())].into();
        Self { home, variables }
    }

    fn file(self, path: &str, text: &str) -> Self {
        let path = self.home.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        self
    }

    fn mode(self, path: &str, mode: u32) -> Self {
        fs::set_permissions(self.home.path().join(path), fs::Permissions::from_mode(mode)).unwrap();
        self
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    fn path(&self, path: &str) -> PathBuf {
        self.home.path().join(path)
    }

    fn find(&self, name: Option<&str>) -> Result<Connection, ConnectionError> {
        Connection::find(name, &|variable| self.variables.get(variable).cloned())
    }

    fn account(&self, name: Option<&str>) -> String {
        self.find(name).unwrap().account
    }
}

fn section(account: &str) -> String {
    format!("account = \"{account}\"\nuser = \"me\"\npassword = \"p\"\n")
}

fn help(error: &ConnectionError) -> String {
    error.help().expect("a remedy").to_string()
}

#[test]
fn connections_toml_replaces_the_connections_of_config_toml() {
    let config =
        format!("[connections.a]\n{}[connections.b]\n{}", section("from-config-a"), section("from-config-b"));
    let machine = Machine::new().file(".snowflake/config.toml", &config);
    assert_eq!(machine.account(Some("a")), "from-config-a");
    let machine =
        machine.file(".snowflake/connections.toml", &format!("[a]\n{}", section("from-connections")));
    assert_eq!(machine.account(Some("a")), "from-connections");
    let error = machine.find(Some("b")).unwrap_err();
    assert!(matches!(&error, ConnectionError::Unknown { known, .. } if known == &["a"]), "{error}");
    assert!(help(&error).contains("SNOWFLAKE_CONNECTIONS_B_ACCOUNT"));
}

#[test]
fn snowflake_home_wins_over_the_home_folder_and_that_over_the_platforms() {
    let machine =
        Machine::new().file(".config/snowflake/connections.toml", &format!("[a]\n{}", section("platform")));
    assert_eq!(machine.account(Some("a")), "platform");
    let machine = machine.file(".snowflake/connections.toml", &format!("[a]\n{}", section("home")));
    assert_eq!(machine.account(Some("a")), "home");
    let machine = machine.file("elsewhere/connections.toml", &format!("[a]\n{}", section("elsewhere")));
    let elsewhere = machine.path("elsewhere");
    let machine = machine.variable("SNOWFLAKE_HOME", elsewhere.to_str().unwrap());
    assert_eq!(machine.account(Some("a")), "elsewhere");
    // A folder that does not exist is no home.
    let machine = machine.variable("SNOWFLAKE_HOME", "/nonexistent");
    assert_eq!(machine.account(Some("a")), "platform");
}

#[test]
fn the_default_connection_is_that_of_the_environment_then_of_config_toml_then_default() {
    let connections = format!(
        "[default]\n{}[named]\n{}[preferred]\n{}",
        section("is-default"),
        section("is-named"),
        section("is-preferred")
    );
    let machine = Machine::new().file(".snowflake/connections.toml", &connections);
    assert_eq!(machine.account(None), "is-default");
    let machine = machine.file(".snowflake/config.toml", "default_connection_name = \"named\"");
    assert_eq!(machine.account(None), "is-named");
    let machine = machine.variable("SNOWFLAKE_DEFAULT_CONNECTION_NAME", "preferred");
    assert_eq!(machine.account(None), "is-preferred");
}

#[test]
fn a_variable_of_the_connection_wins_over_the_file_and_the_file_over_a_general_one() {
    let machine = Machine::new()
        .file(".snowflake/connections.toml", &format!("[dev]\n{}role = \"file\"\n", section("file")))
        .variable("SNOWFLAKE_ROLE", "general")
        .variable("SNOWFLAKE_WAREHOUSE", "general");
    let connection = machine.find(Some("dev")).unwrap();
    assert_eq!(
        (connection.role.as_deref(), connection.warehouse.as_deref()),
        (Some("file"), Some("general"))
    );
    let machine = machine.variable("SNOWFLAKE_CONNECTIONS_DEV_ROLE", "own");
    assert_eq!(machine.find(Some("dev")).unwrap().role.as_deref(), Some("own"));
}

#[test]
fn connections_may_stand_in_one_variable() {
    let machine = Machine::new()
        .file(".snowflake/connections.toml", &format!("[a]\n{}", section("file")))
        .variable("SNOWFLAKE_CONNECTIONS", &format!("[a]\n{}", section("inline")));
    assert_eq!(machine.account(Some("a")), "inline");
}

#[test]
fn a_machine_without_files_can_have_variables_alone() {
    let machine = Machine::new()
        .variable("SNOWFLAKE_ACCOUNT", "acme")
        .variable("SNOWFLAKE_USER", "me")
        .variable("SNOWFLAKE_PASSWORD", "p");
    assert_eq!(machine.account(None), "acme");
    let machine = Machine::new()
        .variable("SNOWFLAKE_CONNECTIONS_CI_ACCOUNT", "own")
        .variable("SNOWFLAKE_CONNECTIONS_CI_USER", "me")
        .variable("SNOWFLAKE_CONNECTIONS_CI_PASSWORD", "p");
    assert_eq!(machine.account(Some("ci")), "own");
    assert!(matches!(Machine::new().find(None), Err(ConnectionError::Unknown { .. })));
}

#[test]
fn a_file_that_others_may_change_or_read_is_refused() {
    let path = ".snowflake/connections.toml";
    let machine = Machine::new().file(path, &format!("[a]\n{}", section("x")));
    for (mode, may) in [(0o620, "changed"), (0o602, "changed"), (0o644, "read"), (0o640, "read")] {
        let machine = Machine::new().file(path, &format!("[a]\n{}", section("x"))).mode(path, mode);
        let error = machine.find(Some("a")).unwrap_err();
        assert!(
            matches!(&error, ConnectionError::Permissions { may: found, .. } if *found == may),
            "{mode:o}: {error}"
        );
        assert!(help(&error).contains("chmod 0600"));
    }
    let skip = "SF_SKIP_TOKEN_FILE_PERMISSIONS_VERIFICATION";
    let machine = machine.mode(path, 0o644).variable(skip, "true");
    machine.find(Some("a")).unwrap();
    assert!(
        machine.mode(path, 0o666).find(Some("a")).is_err(),
        "a file that others may change is never fine"
    );
}

#[test]
fn broken_toml_is_reported_by_line_and_without_its_text() {
    let machine =
        Machine::new().file(".snowflake/connections.toml", "[a]\nuser = \"me\"\npassword = \"top-secret\n");
    let error = machine.find(Some("a")).unwrap_err();
    assert!(matches!(error, ConnectionError::Toml { line: Some(3), .. }), "{error:?}");
    assert!(!format!("{error:?} {error}").contains("top-secret"));
}

#[test]
fn what_is_missing_or_wrong_is_named_with_its_place() {
    let base = "[a]\naccount = \"acme\"\nuser = \"me\"\n";
    let find = |more: &str| {
        Machine::new().file(".snowflake/connections.toml", &format!("{base}{more}")).find(Some("a"))
    };
    let missing = |more: &str| match find(more).unwrap_err() {
        ConnectionError::Missing { key, origin, .. } => {
            assert!(origin.ends_with("connections.toml"));
            key
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(missing(""), "password");
    assert_eq!(missing("authenticator = \"SNOWFLAKE_JWT\""), "private_key_file");
    assert_eq!(missing("authenticator = \"PROGRAMMATIC_ACCESS_TOKEN\""), "token");
    let invalid = |more: &str| match find(&format!("password = \"p\"\n{more}")).unwrap_err() {
        ConnectionError::Invalid { key, .. } => key,
        other => panic!("{other:?}"),
    };
    assert_eq!(invalid("port = \"many\""), "port");
    assert_eq!(invalid("protocol = \"ftp\""), "protocol");
    assert_eq!(invalid("host = \"a b\""), "host");
    assert_eq!(invalid("host = \"example.com/path\""), "host");
    let error = find("authenticator = \"https://acme.okta.com\"").unwrap_err();
    assert!(matches!(error, ConnectionError::Authenticator { .. }), "{error:?}");
    assert!(help(&error).contains("SNOWFLAKE_JWT") && help(&error).contains("PROGRAMMATIC_ACCESS_TOKEN"));
}

#[test]
fn plain_http_is_for_this_machine_alone() {
    let find = |host: &str| {
        let text = format!("[a]\n{}protocol = \"http\"\nhost = \"{host}\"\nport = 8080\n", section("acme"));
        Machine::new().file(".snowflake/connections.toml", &text).find(Some("a"))
    };
    assert_eq!(find("localhost").unwrap().server.as_str(), "http://localhost:8080/");
    assert!(find("127.0.0.1").is_ok());
    assert!(matches!(find("snowflake.example.com"), Err(ConnectionError::Invalid { key: "protocol", .. })));
    assert!(matches!(find("localhost.example.com"), Err(ConnectionError::Invalid { key: "protocol", .. })));
}

#[test]
fn an_account_with_region_names_the_host_and_the_bare_account() {
    let find = |account: &str| {
        let connection = Machine::new()
            .file(".snowflake/connections.toml", &format!("[a]\n{}", section(account)))
            .find(Some("a"))
            .unwrap();
        (connection.account, connection.server.to_string())
    };
    let expected = |account: &str, host: &str| (account.to_owned(), format!("https://{host}/"));
    assert_eq!(find("my_org-acct"), expected("my_org-acct", "my-org-acct.snowflakecomputing.com"));
    assert_eq!(find("xy1.eu-west-1.aws"), expected("xy1", "xy1.eu-west-1.aws.snowflakecomputing.com"));
    assert_eq!(find("xy1.cn-north-1"), expected("xy1", "xy1.cn-north-1.snowflakecomputing.cn"));
    assert_eq!(find("acme-ext123.global"), expected("acme", "acme-ext123.global.snowflakecomputing.com"));
    for wrong in ["https://acme.snowflakecomputing.com", "a/b", "", ".eu"] {
        let machine = Machine::new().file(".snowflake/connections.toml", &format!("[a]\n{}", section(wrong)));
        assert!(machine.find(Some("a")).is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn a_token_file_is_read_anew_at_each_sign_in_and_a_missing_one_named() {
    let text = "[a]\naccount = \"acme\"\nauthenticator = \"OAuth\"\ntoken_file_path = \"~/token\"\n";
    let machine = Machine::new().file(".snowflake/connections.toml", text);
    let error = machine.find(Some("a")).unwrap_err();
    assert!(matches!(&error, ConnectionError::Unreadable { path, .. } if path.ends_with("token")), "{error}");
    let machine = machine.file("token", "the-token\n");
    let connection = machine.find(Some("a")).unwrap();
    let token = async || {
        let fields = connection.authenticator.fields().await?;
        let (_, token) = fields.iter().find(|(name, _)| *name == "TOKEN").unwrap();
        Ok::<_, Fault>(token.expose_secret().to_owned())
    };
    assert_eq!(token().await.unwrap(), "the-token");
    assert!(!format!("{connection:?}").contains("the-token"), "a debug print shows no secret");
    let machine = machine.file("token", "the-next-one\n");
    assert_eq!(token().await.unwrap(), "the-next-one");
    fs::remove_file(machine.path("token")).unwrap();
    let error = token().await.unwrap_err();
    assert!(
        matches!(&error, Fault::NoToken { reason, .. } if reason.contains("token could not be read")),
        "{error}"
    );
}
