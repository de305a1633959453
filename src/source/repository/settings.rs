//! What can be set about Tableau's repository.

use std::fmt;
use std::path::PathBuf;

use clap::ValueEnum;
use serde::Deserialize;

/// How the connection is encrypted, in the words of PostgreSQL.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum SslMode {
    /// Never.
    Disable,
    /// Where the server offers it; its certificate is not looked at.
    #[default]
    Prefer,
    /// Always; the certificate is not looked at.
    Require,
    /// Always, and the certificate must be that of the server.
    VerifyFull,
}

impl SslMode {
    /// As people write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyFull => "verify-full",
        }
    }
}

impl fmt::Display for SslMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// `[tableau.repository]`: where the repository is, and how to get in. The password is a secret of the environment.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RepositorySettings {
    /// The machine; that of the Tableau server where nothing is said.
    pub host: Option<String>,
    /// The port.
    pub port: u16,
    /// The database.
    pub database: String,
    /// The user.
    pub user: String,
    /// Whether the connection is encrypted.
    pub sslmode: SslMode,
    /// Authorities (PEM), or the server's own certificate, for `verify-full`; the authorities of the operating system where
    /// nothing is said.
    pub ca_file: Option<PathBuf>,
}

impl Default for RepositorySettings {
    fn default() -> Self {
        Self {
            host: None,
            port: 8060,
            database: "workgroup".to_owned(),
            user: "readonly".to_owned(),
            sslmode: SslMode::default(),
            ca_file: None,
        }
    }
}

/// A setting that cannot be used: its name, what is wrong, and what to write.
pub type InvalidSetting = (&'static str, String, &'static str);

impl RepositorySettings {
    /// The settings, with what the environment says in place of the file.
    pub fn completed_by<'a>(
        mut self,
        variable: &impl Fn(&str) -> Option<&'a str>,
    ) -> Result<Self, InvalidSetting> {
        if let Some(host) = variable("TABLEAU_REPOSITORY_HOST") {
            self.host = Some(host.to_owned());
        }
        if let Some(port) = variable("TABLEAU_REPOSITORY_PORT") {
            let invalid =
                |_| ("TABLEAU_REPOSITORY_PORT", format!("`{port}` is not a port"), "write a number, as 8060");
            self.port = port.trim().parse().map_err(invalid)?;
        }
        if let Some(user) = variable("TABLEAU_REPOSITORY_USER") {
            user.clone_into(&mut self.user);
        }
        if let Some(mode) = variable("TABLEAU_REPOSITORY_SSLMODE") {
            let invalid = |_| {
                let help = "write `disable`, `prefer`, `require` or `verify-full`";
                ("TABLEAU_REPOSITORY_SSLMODE", format!("`{mode}` is not a mode"), help)
            };
            self.sslmode = SslMode::from_str(mode, false).map_err(invalid)?;
        }
        if let Some(file) = variable("TABLEAU_REPOSITORY_CA_FILE") {
            self.ca_file = Some(PathBuf::from(file));
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completed(variables: &[(&str, &'static str)]) -> Result<RepositorySettings, InvalidSetting> {
        let variable =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        RepositorySettings::default().completed_by(&variable)
    }

    #[test]
    fn a_variable_wins_over_the_file_and_is_checked() {
        let settings = completed(&[
            ("TABLEAU_REPOSITORY_HOST", "db.example.com"),
            ("TABLEAU_REPOSITORY_PORT", "5432"),
            ("TABLEAU_REPOSITORY_USER", "ann"),
            ("TABLEAU_REPOSITORY_SSLMODE", "verify-full"),
            ("TABLEAU_REPOSITORY_CA_FILE", "server.crt"),
        ]);
        let expected = RepositorySettings {
            host: Some("db.example.com".to_owned()),
            port: 5432,
            database: "workgroup".to_owned(),
            user: "ann".to_owned(),
            sslmode: SslMode::VerifyFull,
            ca_file: Some(PathBuf::from("server.crt")),
        };
        assert_eq!(settings, Ok(expected));
        assert_eq!(completed(&[]), Ok(RepositorySettings::default()));
        for (name, value, named) in [
            ("TABLEAU_REPOSITORY_PORT", "seven", "TABLEAU_REPOSITORY_PORT"),
            ("TABLEAU_REPOSITORY_SSLMODE", "verify-ca", "TABLEAU_REPOSITORY_SSLMODE"),
        ] {
            assert_eq!(completed(&[(name, value)]).unwrap_err().0, named, "{name}={value}");
        }
    }

    #[test]
    fn every_mode_is_read_as_it_is_written() {
        for mode in SslMode::value_variants() {
            assert_eq!(SslMode::from_str(mode.as_str(), false), Ok(*mode));
            let settings: RepositorySettings = toml::from_str(&format!("sslmode = \"{mode}\"")).unwrap();
            assert_eq!(settings.sslmode, *mode);
        }
    }
}
