//! The environment: variables, secrets, and the way to sign in that they describe.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;

use secrecy::SecretString;

use super::ConfigError;
use crate::tableau::Credentials;

/// The variables of the process, or those of a test.
#[derive(Clone, Default)]
pub struct Environment(HashMap<String, String>);

impl fmt::Debug for Environment {
    /// Names alone: values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        Self(variables.into_iter().collect())
    }
}

impl Environment {
    /// The variables of this process that are text.
    #[must_use]
    pub fn of_process() -> Self {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }

    /// A variable's value. An empty variable counts as not set: CI systems set the ones they do not know to nothing.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The names of all variables, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.0.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }

    /// Whether a CI system started this: the variables that GitHub, GitLab and most others, Azure, Jenkins and `TeamCity` set.
    #[must_use]
    pub fn is_ci(&self) -> bool {
        self.get("CI").is_some_and(|value| !value.eq_ignore_ascii_case("false"))
            || ["TF_BUILD", "JENKINS_URL", "TEAMCITY_VERSION"].iter().any(|name| self.get(name).is_some())
    }

    /// A secret from `NAME` or from the file that `NAME_FILE` names, without its last line end.
    pub fn secret(&self, name: &str) -> Result<Option<SecretString>, ConfigError> {
        match (self.get(name), self.get(&format!("{name}_FILE"))) {
            (Some(_), Some(_)) => Err(ConfigError::SecretTwice { name: name.to_owned() }),
            (Some(value), None) => {
                Self::refuse_wrapped(name, name, value)?;
                Ok(Some(SecretString::from(value)))
            }
            (None, Some(path)) => {
                let path = PathBuf::from(path);
                match std::fs::read_to_string(&path) {
                    Ok(text) if text.trim().is_empty() => Err(ConfigError::Value {
                        name: format!("{name}_FILE"),
                        reason: format!("`{}` is empty", path.display()),
                        help: "write the secret into that file".to_owned(),
                    }),
                    Ok(text) => {
                        let value = text.trim_end_matches(['\r', '\n']);
                        Self::refuse_wrapped(name, &format!("{name}_FILE"), value)?;
                        Ok(Some(SecretString::from(value)))
                    }
                    Err(source) => Err(ConfigError::SecretFile { name: name.to_owned(), path, source }),
                }
            }
            (None, None) => Ok(None),
        }
    }

    /// Quotes and blanks around a secret come from `.env` files and from copying. Tableau would call the secret wrong. People
    /// choose passwords, so there they may be meant.
    fn refuse_wrapped(secret: &str, name: &str, value: &str) -> Result<(), ConfigError> {
        let quoted = ['"', '\'']
            .into_iter()
            .any(|quote| value.len() > 1 && value.starts_with(quote) && value.ends_with(quote));
        let what = match (quoted, value.trim() != value) {
            (true, _) => "quotes",
            (false, true) => "blanks or line ends",
            (false, false) => return Ok(()),
        };
        if secret == "TABLEAU_PASSWORD" {
            tracing::warn!("{name} has {what} around the password: remove them if they are not part of it");
            return Ok(());
        }
        Err(ConfigError::Value {
            name: name.to_owned(),
            reason: format!("it has {what} around the secret"),
            help: "remove them: the secret is taken exactly as it stands".to_owned(),
        })
    }

    fn required_secret(&self, name: &'static str) -> Result<SecretString, ConfigError> {
        let help = format!("set {name}, or {name}_FILE to the path of a file that holds it");
        self.secret(name)?.ok_or(ConfigError::Missing { what: name, help })
    }
}

const PAT: &str = "TABLEAU_PAT_NAME";
const APP: &str = "TABLEAU_JWT_CLIENT_ID";
const USER: &str = "TABLEAU_USERNAME";

impl Environment {
    /// The name that belongs to a secret that is set alone.
    fn missing_half(&self) -> Option<ConfigError> {
        let halves = [(PAT, "TABLEAU_PAT_SECRET"), (APP, "TABLEAU_JWT_SECRET"), (USER, "TABLEAU_PASSWORD")];
        halves.into_iter().find_map(|(what, secret)| {
            let names = [secret.to_owned(), format!("{secret}_FILE")];
            let set = names.into_iter().find(|name| self.get(name).is_some())?;
            Some(ConfigError::Missing { what, help: format!("set {what}: {set} is set, and belongs to it") })
        })
    }

    /// The one way to sign in that the variables describe.
    pub fn credentials(&self) -> Result<Credentials, ConfigError> {
        let set: Vec<&str> = [PAT, APP, USER].into_iter().filter(|name| self.get(name).is_some()).collect();
        let text = |name: &'static str| {
            let help = format!("set {name}: the way to sign in that the other variables describe needs it");
            self.get(name).map(str::to_owned).ok_or(ConfigError::Missing { what: name, help })
        };
        match set.as_slice() {
            [PAT] => Ok(Credentials::PersonalAccessToken {
                name: text(PAT)?,
                secret: self.required_secret("TABLEAU_PAT_SECRET")?,
            }),
            [APP] => Ok(Credentials::ConnectedApp {
                client_id: text(APP)?,
                secret_id: text("TABLEAU_JWT_SECRET_ID")?,
                secret: self.required_secret("TABLEAU_JWT_SECRET")?,
                username: text("TABLEAU_JWT_USERNAME")?,
            }),
            [USER] => Ok(Credentials::Password {
                username: text(USER)?,
                password: self.required_secret("TABLEAU_PASSWORD")?,
            }),
            [first, second, ..] => Err(ConfigError::TwoCredentials { first, second }),
            _ => Err(self.missing_half().unwrap_or_else(|| ConfigError::Missing {
                what: "a way to sign in to Tableau",
                help: "set TABLEAU_PAT_NAME and TABLEAU_PAT_SECRET (a personal access token, made in Tableau under My \
                       Account Settings)"
                    .to_owned(),
            })),
        }
    }
}
