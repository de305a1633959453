//! Whose certificates are believed.

use std::path::PathBuf;

use reqwest::{Certificate, ClientBuilder};

use super::error::ConnectionError;
use super::settings::{ConnectionSettings, Environment, variable};
use crate::ca_bundle::certificates_in;

/// The keys of Snowflake's own clients. What they name stands in the place of the operating system's authorities.
pub(super) const KEYS: [&str; 2] = ["custom_root_store_path", "tls_custom_root_store_path"];

/// Each names a file of authorities that are believed beside those of the operating system. The first one that is set counts.
const VARIABLES: [&str; 3] = ["SNOWFLAKE_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"];

/// Whose certificates are believed.
#[derive(Debug, Clone, Default)]
pub struct Authorities {
    certificates: Vec<Certificate>,
    /// Whether these alone are believed.
    alone: bool,
}

impl Authorities {
    pub(super) fn of(
        settings: &ConnectionSettings,
        environment: &Environment<'_>,
    ) -> Result<Self, ConnectionError> {
        let of_key = KEYS.iter().find_map(|key| Some((*key, settings.path(key, environment)?)));
        let of_variable =
            || VARIABLES.iter().find_map(|name| Some((*name, PathBuf::from(variable(environment, name)?))));
        let alone = of_key.is_some();
        let Some((named_by, path)) = of_key.or_else(of_variable) else {
            return Ok(Self::default());
        };
        match certificates_in(&path) {
            Ok(certificates) => Ok(Self { certificates, alone }),
            Err(source) => Err(ConnectionError::Authorities { path, named_by, source }),
        }
    }

    /// A client that believes them.
    pub(in crate::store::snowflake) fn believed_by(&self, client: ClientBuilder) -> ClientBuilder {
        let client = if self.alone { client.tls_built_in_root_certs(false) } else { client };
        self.certificates.iter().cloned().fold(client, ClientBuilder::add_root_certificate)
    }
}
