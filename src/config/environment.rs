//! The environment: variables, secrets, and the way to sign in that they describe.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use secrecy::SecretString;

use super::ConfigError;
use crate::tableau::{Credentials, UnifiedAccess};

/// The variables of the process, or those of a test.
#[derive(Clone, Default)]
pub struct Environment {
    variables: Arc<HashMap<String, String>>,
    /// What stands before the name of every variable that is asked for.
    prefix: String,
}

impl fmt::Debug for Environment {
    /// Names alone: values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        Self { variables: Arc::new(variables.into_iter().collect()), prefix: String::new() }
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

    /// The same variables, of which those are asked for whose names begin with `prefix`: the ones of a site.
    #[must_use]
    pub fn with_prefix(&self, prefix: &str) -> Self {
        Self { variables: Arc::clone(&self.variables), prefix: prefix.to_owned() }
    }

    /// The name of a variable as it must be set.
    fn named(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// A variable's value. An empty variable counts as not set: CI systems set the ones they do not know to nothing.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(&self.named(name)).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The names of all variables, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.variables.keys().map(String::as_str).collect();
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
            (Some(_), Some(_)) => Err(ConfigError::SecretTwice { name: self.named(name) }),
            (Some(value), None) => {
                Self::refuse_wrapped(name, &self.named(name), value)?;
                Ok(Some(SecretString::from(value)))
            }
            (None, Some(path)) => {
                let path = PathBuf::from(path);
                match std::fs::read_to_string(&path) {
                    Ok(text) if text.trim().is_empty() => Err(ConfigError::Value {
                        name: format!("{}_FILE", self.named(name)),
                        reason: format!("`{}` is empty", path.display()),
                        help: "write the secret into that file".to_owned(),
                    }),
                    Ok(text) => {
                        let value = text.trim_end_matches(['\r', '\n']);
                        Self::refuse_wrapped(name, &format!("{}_FILE", self.named(name)), value)?;
                        Ok(Some(SecretString::from(value)))
                    }
                    Err(source) => Err(ConfigError::SecretFile { name: self.named(name), path, source }),
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
        if [PASSWORD, REPOSITORY_PASSWORD].contains(&secret) {
            tracing::warn!("{name} has {what} around the password: remove them if they are not part of it");
            return Ok(());
        }
        Err(ConfigError::Value {
            name: name.to_owned(),
            reason: format!("it has {what} around the secret"),
            help: "remove them: the secret is used exactly as written".to_owned(),
        })
    }

    fn required_secret(&self, name: &'static str) -> Result<SecretString, ConfigError> {
        let secret = self.secret(name)?;
        secret.ok_or_else(|| {
            let name = self.named(name);
            let help = format!("set {name}, or {name}_FILE to the path of a file that holds it");
            ConfigError::MissingVariable { name, help }
        })
    }
}

const PAT: &str = "TABLEAU_PAT_NAME";
const APP: &str = "TABLEAU_JWT_CLIENT_ID";
const UAT: &str = "TABLEAU_UAT_TENANT_ID";
const UAT_KEY: &str = "TABLEAU_UAT_PRIVATE_KEY";
const USER: &str = "TABLEAU_USERNAME";
const PASSWORD: &str = "TABLEAU_PASSWORD";
/// The password of the user of Tableau's repository.
pub const REPOSITORY_PASSWORD: &str = "TABLEAU_REPOSITORY_PASSWORD";

impl Environment {
    /// The name that belongs to a secret that is set alone.
    fn missing_half(&self) -> Option<ConfigError> {
        let halves =
            [(PAT, "TABLEAU_PAT_SECRET"), (APP, "TABLEAU_JWT_SECRET"), (UAT, UAT_KEY), (USER, PASSWORD)];
        halves.into_iter().find_map(|(what, secret)| {
            let names = [secret.to_owned(), format!("{secret}_FILE")];
            let set = names.into_iter().find(|name| self.get(name).is_some())?;
            let (name, set) = (self.named(what), self.named(&set));
            let help = format!("set {name}: {set} is set, and both are needed");
            Some(ConfigError::MissingVariable { name, help })
        })
    }

    /// The one way to sign in that the variables describe.
    pub fn credentials(&self) -> Result<Credentials, ConfigError> {
        self.credentials_if_set()?.ok_or_else(|| {
            let help = format!(
                "set {} and {} (a personal access token, made in Tableau under My Account Settings)",
                self.named(PAT),
                self.named("TABLEAU_PAT_SECRET")
            );
            ConfigError::NoCredentials { help }
        })
    }

    fn unified_access(
        &self,
        text: impl Fn(&'static str) -> Result<String, ConfigError>,
    ) -> Result<UnifiedAccess, ConfigError> {
        let optional = |name| self.get(name).map(str::to_owned);
        let access = UnifiedAccess {
            tenant_id: text(UAT)?,
            issuer: text("TABLEAU_UAT_ISSUER")?,
            username_claim: optional("TABLEAU_UAT_USERNAME_CLAIM").unwrap_or_else(|| "email".to_owned()),
            username: text("TABLEAU_UAT_USERNAME")?,
            key_id: optional("TABLEAU_UAT_KEY_ID"),
            private_key: self.required_secret(UAT_KEY)?,
        };
        if access.has_key() {
            return Ok(access);
        }
        let help =
            format!("give the whole file, from `-----BEGIN PRIVATE KEY-----` on; {UAT_KEY}_FILE names it");
        let reason = "it is not a private RSA key in PEM, without a passphrase".to_owned();
        Err(ConfigError::Value { name: self.named(UAT_KEY), reason, help })
    }

    /// The same; `None` where none of the variables is set.
    pub fn credentials_if_set(&self) -> Result<Option<Credentials>, ConfigError> {
        let set: Vec<&str> =
            [PAT, APP, UAT, USER].into_iter().filter(|name| self.get(name).is_some()).collect();
        let text = |name: &'static str| {
            self.get(name).map(str::to_owned).ok_or_else(|| {
                let name = self.named(name);
                let help = format!("set {name}: the other variables need it to sign in");
                ConfigError::MissingVariable { name, help }
            })
        };
        let credentials = match set.as_slice() {
            [PAT] => Credentials::PersonalAccessToken {
                name: text(PAT)?,
                secret: self.required_secret("TABLEAU_PAT_SECRET")?,
            },
            [APP] => Credentials::ConnectedApp {
                client_id: text(APP)?,
                secret_id: text("TABLEAU_JWT_SECRET_ID")?,
                secret: self.required_secret("TABLEAU_JWT_SECRET")?,
                username: text("TABLEAU_JWT_USERNAME")?,
            },
            [UAT] => Credentials::UnifiedAccess(self.unified_access(text)?),
            [USER] => {
                Credentials::Password { username: text(USER)?, password: self.required_secret(PASSWORD)? }
            }
            [first, second, ..] => {
                let (first, second) = (self.named(first), self.named(second));
                return Err(ConfigError::TwoCredentials { first, second });
            }
            [..] => return self.missing_half().map_or(Ok(None), Err),
        };
        Ok(Some(credentials))
    }
}
