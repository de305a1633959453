//! `workload_identity_provider = AZURE`: a token of Entra ID for the identity that a machine, function or pod of Azure has.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use reqwest::{Client, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use super::provider::Provider;
use super::service::Service;
use crate::loopback::is_loopback;
use crate::store::snowflake::connection::error::ConnectionError;
use crate::store::snowflake::connection::settings::variable;
use crate::store::snowflake::connection::sign_in::authenticator::Asked;
use crate::store::snowflake::connection::sign_in::token::Token;
use crate::store::snowflake::error::Fault;

/// Snowflake's own application in Entra ID, which tokens are for unless the account has one of its own ("Workload identity
/// federation", docs.snowflake.com).
const RESOURCE: &str = "api://fd3f753b-eed3-462c-b6a7-a4b5bb650aad";

/// Microsoft's own libraries take another host of the metadata service from it.
const OTHER_METADATA: &str = "AZURE_POD_IDENTITY_AUTHORITY_HOST";

const METADATA_SERVICE: &str = "http://169.254.169.254";

/// Sovereign clouds have another. Set in pods.
const OTHER_AUTHORITY: &str = "AZURE_AUTHORITY_HOST";

const AUTHORITY: &str = "https://login.microsoftonline.com";

const REMEDY: &str = "run this on Azure, on a machine, function or pod that has a managed identity; where it has several, set \
                      MANAGED_IDENTITY_CLIENT_ID; elsewhere set another `workload_identity_provider` or `authenticator` in \
                      the connection";

const METADATA: Service = Service { name: "the metadata service of Azure", remedy: REMEDY, is_local: true };

const IDENTITY_ENDPOINT: Service =
    Service { name: "IDENTITY_ENDPOINT of Azure", remedy: REMEDY, is_local: true };

const ENTRA: Service = Service {
    name: "Entra ID",
    remedy: "compare AZURE_CLIENT_ID and AZURE_TENANT_ID with the application, and its federated credential with the \
             pod's service account",
    is_local: false,
};

/// An identity of this machine, function or pod.
#[derive(Debug)]
pub(super) struct Azure {
    resource: String,
    /// Which of several identities.
    client: Option<String>,
    way: Way,
}

/// Who gives out the token.
#[derive(Debug)]
enum Way {
    /// The metadata service that each machine reaches.
    Machine(Url),
    /// A service beside the program, which wants to see a secret.
    Function(Url, SecretString),
    /// Entra ID itself, for a token of Kubernetes.
    Pod(Url, String, Token),
}

impl Azure {
    pub(super) const NAME: &str = "AZURE";

    pub(super) fn of(asked: &Asked<'_>) -> Result<Self, ConnectionError> {
        let resource = asked.settings.optional("workload_identity_entra_resource");
        Ok(Self {
            resource: resource.unwrap_or_else(|| RESOURCE.to_owned()),
            client: variable(asked.environment, "MANAGED_IDENTITY_CLIENT_ID"),
            way: Way::of(asked)?,
        })
    }

    fn question(&self, address: &Url, version: &str) -> Url {
        let mut address = address.clone();
        address
            .query_pairs_mut()
            .append_pair("api-version", version)
            .append_pair("resource", &self.resource)
            .extend_pairs(self.client.iter().map(|client| ("client_id", client)));
        address
    }
}

impl Way {
    fn of(asked: &Asked<'_>) -> Result<Self, ConnectionError> {
        let variable = |name: &str| variable(asked.environment, name);
        let pod = (
            variable("AZURE_CLIENT_ID"),
            variable("AZURE_TENANT_ID"),
            variable("AZURE_FEDERATED_TOKEN_FILE").map(PathBuf::from).filter(|path| Path::exists(path)),
        );
        if let (Some(client), Some(tenant), Some(token)) = pod {
            let authority = variable(OTHER_AUTHORITY).unwrap_or_else(|| AUTHORITY.to_owned());
            let path = format!("{tenant}/oauth2/v2.0/token");
            let address = address(asked, OTHER_AUTHORITY, &authority, &path)?;
            if address.scheme() != "https" && !is_loopback(&address) {
                let reason = format!(
                    "{OTHER_AUTHORITY} must begin with `https://`: the token of the pod is sent there"
                );
                return Err(asked.settings.invalid(SETTING, reason));
            }
            return Ok(Self::Pod(address, client, Token::File(token)));
        }
        if let Some(endpoint) = variable("IDENTITY_ENDPOINT") {
            let address = Url::parse(&endpoint)
                .map_err(|error| invalid(asked, "IDENTITY_ENDPOINT", &endpoint, error))?;
            let header = variable("IDENTITY_HEADER").ok_or_else(|| {
                let reason = "IDENTITY_ENDPOINT is set and IDENTITY_HEADER is not: give this function of Azure an identity";
                asked.settings.invalid(SETTING, reason)
            })?;
            return Ok(Self::Function(address, header.into()));
        }
        let service = variable(OTHER_METADATA).unwrap_or_else(|| METADATA_SERVICE.to_owned());
        address(asked, OTHER_METADATA, &service, "metadata/identity/oauth2/token").map(Self::Machine)
    }
}

const SETTING: &str = "workload_identity_provider";

fn address(asked: &Asked<'_>, name: &str, base: &str, path: &str) -> Result<Url, ConnectionError> {
    let whole = format!("{}/{path}", base.trim_end_matches('/'));
    Url::parse(&whole).map_err(|error| invalid(asked, name, base, error))
}

fn invalid(asked: &Asked<'_>, name: &str, value: &str, error: url::ParseError) -> ConnectionError {
    asked.settings.invalid(SETTING, format!("`{value}` in {name} is not an address: {error}"))
}

#[async_trait]
impl Provider for Azure {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    async fn attestation(&self) -> Result<SecretString, Fault> {
        match &self.way {
            Way::Machine(address) => {
                let address = self.question(address, "2018-02-01");
                token(METADATA, "", |http| http.get(address.clone()).header("Metadata", "true")).await
            }
            Way::Function(address, header) => {
                let address = self.question(address, "2019-08-01");
                let header = header.expose_secret();
                token(IDENTITY_ENDPOINT, header, |http| {
                    http.get(address.clone()).header("X-IDENTITY-HEADER", header)
                })
                .await
            }
            Way::Pod(address, client, assertion) => {
                let assertion = assertion.read()?;
                let scope = format!("{}/.default", self.resource);
                let form = [
                    ("grant_type", "client_credentials"),
                    ("client_id", client),
                    ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
                    ("client_assertion", assertion.expose_secret()),
                    ("scope", &scope),
                ];
                let service = Service { is_local: is_loopback(address), ..ENTRA };
                token(service, assertion.expose_secret(), |http| http.post(address.clone()).form(&form)).await
            }
        }
    }
}

/// The token in the answer.
async fn token(
    service: Service,
    secret: &str,
    request: impl Fn(&Client) -> RequestBuilder,
) -> Result<SecretString, Fault> {
    let answer = service.ask(secret, request).await?;
    let answer: Value = serde_json::from_str(answer.expose_secret()).unwrap_or_default();
    service.token(answer["access_token"].as_str().unwrap_or_default().into())
}
