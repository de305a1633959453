//! The files as `tabmap init --snowflake-objects` prints them.

use std::collections::BTreeMap;

use tabmap::store::snowflake::TableNames;
use tabmap::store::snowflake::objects::SnowflakeObjects;
use tabmap::store::snowflake::objects::{Objects, Secrets, Token, Wanted};
use tabmap::tableau::ServerUrl;

/// The files by their names, filled with a token so that every statement is whole.
pub fn files(tables: &TableNames, settings: &SnowflakeObjects) -> BTreeMap<String, String> {
    let server: ServerUrl = "https://tableau.example.com".parse().unwrap();
    let token = || Some(Token { name: "nightly".to_owned(), value: "secret".to_owned().into() });
    let secrets = Secrets { token: token(), webhook: Some("secret".to_owned().into()), sync_token: token() };
    let sites = ["MySite".parse().unwrap()];
    by_name(
        &Objects::new(&Wanted { tables, settings, server: &server, sites: &sites, secrets: &secrets })
            .unwrap()
            .sql(),
    )
}

/// Takes apart what was printed.
pub fn by_name(printed: &str) -> BTreeMap<String, String> {
    let files = printed.split("-- ======== ").filter(|part| !part.is_empty());
    files
        .map(|part| {
            let (title, text) = part.split_once('\n').unwrap();
            (title.split(' ').next().unwrap().to_owned(), text.to_owned())
        })
        .collect()
}

/// What stands between the first `$$` after `start` and the next.
pub fn body<'a>(file: &'a str, start: &str) -> &'a str {
    let (_, rest) = file.split_once(start).unwrap_or_else(|| panic!("no `{start}` in {file}"));
    rest.split("$$").nth(1).unwrap()
}
