//! The settings of one connection, with where each came from.

use std::fmt;
use std::path::PathBuf;

use super::error::ConnectionError;

/// The environment, as a function of a variable's name: this module never reads the process's own.
pub type Environment<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// The value of a variable; an empty one counts as absent.
pub(super) fn variable(environment: &Environment<'_>, name: &str) -> Option<String> {
    environment(name).filter(|value| !value.is_empty())
}

/// The home folder.
pub(super) fn home(environment: &Environment<'_>) -> Option<PathBuf> {
    variable(environment, "HOME").or_else(|| variable(environment, "USERPROFILE")).map(PathBuf::from)
}

/// The settings of one connection, with where each came from.
pub(super) struct ConnectionSettings {
    pub(super) name: String,
    /// The file, or the variables that stand in for it.
    pub(super) origin: String,
    pub(super) values: Vec<(&'static str, Setting)>,
}

pub(super) struct Setting {
    pub(super) value: String,
    /// The variable or flag that it came from, if not from the file.
    pub(super) variable: Option<String>,
}

impl ConnectionSettings {
    /// The value of `key`; an empty one counts as absent, as in the CLI.
    pub(super) fn optional(&self, key: &str) -> Option<String> {
        self.setting(key).map(|setting| setting.value.clone())
    }

    pub(super) fn setting(&self, key: &str) -> Option<&Setting> {
        let found = self.values.iter().find(|(name, _)| *name == key)?;
        (!found.1.value.trim().is_empty()).then_some(&found.1)
    }

    /// The user's login name, by either key.
    pub(super) fn user(&self) -> Option<String> {
        self.optional("user").or_else(|| self.optional("username"))
    }

    /// Replaces the value of `key` by that of a flag.
    pub(super) fn set_by_flag(&mut self, key: &'static str, flag: &str, value: &str) {
        self.values.retain(|(name, _)| *name != key);
        self.values.push((key, Setting { value: value.to_owned(), variable: Some(flag.to_owned()) }));
    }

    /// The flag or variable that `key` comes from, if not from the file.
    pub(super) fn came_from(&self, key: &str) -> Option<&str> {
        self.setting(key)?.variable.as_deref()
    }

    pub(super) fn required(&self, key: &'static str) -> Result<String, ConnectionError> {
        self.optional(key).ok_or_else(|| self.missing(key))
    }

    pub(super) fn missing(&self, key: &'static str) -> ConnectionError {
        ConnectionError::Missing { name: self.name.clone(), origin: self.origin.clone(), key }
    }

    pub(super) fn invalid(&self, key: &'static str, reason: impl fmt::Display) -> ConnectionError {
        let variable = self.setting(key).and_then(|setting| setting.variable.clone());
        ConnectionError::Invalid {
            name: self.name.clone(),
            origin: variable.unwrap_or_else(|| self.origin.clone()),
            key,
            reason: reason.to_string(),
        }
    }

    /// The error of a way to sign in that does not suit the place or the connection.
    pub(super) fn no_sign_in(&self, reason: impl fmt::Display, remedy: &'static str) -> ConnectionError {
        ConnectionError::SignIn {
            name: self.name.clone(),
            origin: self.origin.clone(),
            reason: reason.to_string(),
            remedy,
        }
    }

    /// A path, in which a leading `~` is the home folder.
    pub(super) fn path(&self, key: &str, environment: &Environment<'_>) -> Option<PathBuf> {
        let value = self.optional(key)?;
        Some(match (value.strip_prefix("~/"), home(environment)) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => PathBuf::from(value),
        })
    }
}
