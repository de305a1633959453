//! Every parser of outside text: any text is answered with a value or an error, never with a panic.

use proptest::prelude::*;
use tabmap::browser_url::BrowserUrl;
use tabmap::config::{Config, Environment, Flags};
use tabmap::plan::MaxRemoved;
use tabmap::resolve::Question;
use tabmap::resource::{Luid, ProjectPath, ResourceKind, SiteName};
use tabmap::source::recording::Recording;
use tabmap::store::StoreAddress;

/// Anything, and things that look like what the parsers know.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        r"https?://[a-z0-9.:\[\]@%#/?]{0,40}(#/)?(site|t)?/?[\PC]{0,20}/(workbooks|datasources|views)/[0-9a-z]{0,9}[/?;]?.{0,10}",
        r"(sqlite|snowflake|[a-z]{0,5}):?.{0,20}",
        r"[0-9]{0,30}%?",
        r"(/|\\|[a-c]){0,20}",
        r#"(\[(tableau|limits|snowflake|)\]\n)?(server|sites|store|max_removed|ca_bundle) = ["\[0-9].{0,20}\n"#,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_a_parser_panic(text in text(), other in text()) {
        let _ = BrowserUrl::parse(&text);
        let _ = text.parse::<SiteName>();
        let _ = text.parse::<StoreAddress>();
        let _ = text.parse::<MaxRemoved>();
        let _ = Luid::new(&text);
        let _ = ResourceKind::from_column(&text);
        for kind in [None, Some(ResourceKind::Workbook)] {
            if let Ok(question) = Question::read(kind, &text, Some(&other), &[]) {
                let _ = question.answer(std::iter::empty()).map_err(|error| error.to_string());
            }
        }
    }

    #[test]
    fn any_project_names_are_read_back_from_the_path_that_they_print(names in proptest::collection::vec(any::<String>(), 1..5)) {
        let path = ProjectPath::from_root(names).expect("names");
        prop_assert_eq!(ProjectPath::parse(&path.to_string()), path);
    }

    #[test]
    fn any_text_is_some_project_path(text in any::<String>()) {
        let path = ProjectPath::parse(&text);
        prop_assert_eq!(ProjectPath::parse(&path.to_string()), path);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_file_and_no_variable_makes_the_configuration_panic(file in text(), server in text(), site in text(), store in text()) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tabmap.toml");
        std::fs::write(&path, &file).expect("write the file");
        let flags = Flags { config: Some(path.clone()), ..Flags::default() };
        let variables = [("TABLEAU_SERVER", server), ("TABLEAU_SITE", site), ("TABMAP_STORE", store)];
        let environment: Environment = variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let _ = Config::load(&flags, environment).map_err(|error| error.to_string());
        let _ = Recording::read(&path).map_err(|error| error.to_string());
    }
}
