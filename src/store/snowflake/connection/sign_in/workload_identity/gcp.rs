//! `workload_identity_provider = GCP`: the identity token of the service account that a machine of Google Cloud has.

use async_trait::async_trait;
use secrecy::SecretString;
use url::Url;

use super::provider::{AUDIENCE, Provider};
use super::service::Service;
use crate::store::snowflake::connection::error::ConnectionError;
use crate::store::snowflake::connection::settings::variable;
use crate::store::snowflake::connection::sign_in::authenticator::Asked;
use crate::store::snowflake::error::Fault;

/// Google's own libraries take another host of the metadata server from it.
const OTHER_HOST: &str = "GCE_METADATA_HOST";

const HOST: &str = "metadata.google.internal";

const PATH: &str = "computeMetadata/v1/instance/service-accounts/default/identity";

const METADATA: Service = Service {
    name: "the metadata server of Google Cloud",
    remedy: "run this on Google Cloud, on a machine, pod or job that has a service account; elsewhere set another \
             `workload_identity_provider` or `authenticator` in the connection",
    is_local: true,
};

/// The service account of this machine, pod or job.
#[derive(Debug)]
pub(super) struct Gcp {
    address: Url,
}

impl Gcp {
    pub(super) const NAME: &str = "GCP";

    pub(super) fn of(asked: &Asked<'_>) -> Result<Self, ConnectionError> {
        let host = variable(asked.environment, OTHER_HOST).unwrap_or_else(|| HOST.to_owned());
        let address = Url::parse(&format!("http://{host}/{PATH}?audience={AUDIENCE}")).map_err(|error| {
            let reason = format!("`{host}` in {OTHER_HOST} is not a host: {error}");
            asked.settings.invalid("workload_identity_provider", reason)
        })?;
        Ok(Self { address })
    }
}

#[async_trait]
impl Provider for Gcp {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    async fn attestation(&self) -> Result<SecretString, Fault> {
        // The server wants the header, as a sign that nobody else sent this request through a browser or a proxy ("Access
        // VM metadata", docs.cloud.google.com).
        let ask = |http: &reqwest::Client| http.get(self.address.clone()).header("Metadata-Flavor", "Google");
        METADATA.token(METADATA.ask("", ask).await?)
    }
}
