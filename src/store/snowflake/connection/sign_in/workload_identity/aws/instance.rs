//! The metadata service of a machine of AWS, in its second version ("Use the Instance Metadata Service", docs.aws.amazon.com).

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use super::super::service::Service;
use super::keys::Credentials;
use crate::store::snowflake::connection::error::ConnectionError;
use crate::store::snowflake::connection::settings::variable;
use crate::store::snowflake::connection::sign_in::authenticator::Asked;
use crate::store::snowflake::error::Fault;

/// AWS's own libraries take another address from it.
const OTHER_ADDRESS: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT";

const ADDRESS: &str = "http://169.254.169.254";

const ROLE: &str = "latest/meta-data/iam/security-credentials/";

const SERVICE: Service = Service {
    name: "the metadata service of AWS",
    remedy: "run this on AWS, on a machine, container or function that has a role; where the service may not be asked, set \
             AWS_REGION and the variables of AWS's credentials; elsewhere set another `workload_identity_provider` or \
             `authenticator` in the connection",
    is_local: true,
};

/// The metadata service.
#[derive(Debug, Clone)]
pub(super) struct Instance {
    address: Url,
    is_disabled: bool,
}

impl Instance {
    pub(super) fn of(asked: &Asked<'_>) -> Result<Self, ConnectionError> {
        let address = variable(asked.environment, OTHER_ADDRESS).unwrap_or_else(|| ADDRESS.to_owned());
        let disabled = variable(asked.environment, "AWS_EC2_METADATA_DISABLED");
        Ok(Self {
            address: Url::parse(&format!("{}/", address.trim_end_matches('/'))).map_err(|error| {
                let reason = format!("`{address}` in {OTHER_ADDRESS} is not an address: {error}");
                asked.settings.invalid("workload_identity_provider", reason)
            })?,
            is_disabled: disabled.is_some_and(|value| value.eq_ignore_ascii_case("true")),
        })
    }

    /// The region that the machine is in.
    pub(super) async fn region(&self) -> Result<String, Fault> {
        let region = self.read("latest/meta-data/placement/region").await?;
        Ok(region.expose_secret().to_owned())
    }

    /// The credentials of the machine's role.
    pub(super) async fn credentials(&self) -> Result<Credentials, Fault> {
        let role = self.read(ROLE).await?;
        let role = role.expose_secret().lines().next().unwrap_or_default();
        let answer = self.read(&format!("{ROLE}{role}")).await?;
        let answer: Value = serde_json::from_str(answer.expose_secret()).unwrap_or_default();
        Credentials::in_answer(&answer).ok_or_else(|| {
            SERVICE
                .fault("the metadata service of AWS answered something else than the credentials of a role")
        })
    }

    async fn read(&self, path: &str) -> Result<SecretString, Fault> {
        if self.is_disabled {
            return Err(
                SERVICE.fault("AWS_EC2_METADATA_DISABLED says not to ask the metadata service of AWS")
            );
        }
        let token = SERVICE.ask("", |http| {
            http.put(self.url("latest/api/token")).header("X-aws-ec2-metadata-token-ttl-seconds", "60")
        });
        let token = token.await?;
        let token = token.expose_secret();
        SERVICE.ask(token, |http| http.get(self.url(path)).header("X-aws-ec2-metadata-token", token)).await
    }

    fn url(&self, path: &str) -> Url {
        let mut url = self.address.clone();
        url.set_path(path);
        url
    }
}
