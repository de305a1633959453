//! `workload_identity_provider = AWS`: a signed request to AWS that asks who sent it. Snowflake sends it on, and so learns
//! the role of this workload from AWS.

mod credentials;
mod endpoint;
mod instance;
mod keys;

use std::time::SystemTime;

use async_trait::async_trait;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;
use serde_json::{Map, Value, json};

use self::credentials::Source;
use self::endpoint::Endpoint;
use self::instance::Instance;
use self::keys::Credentials;
use super::provider::{AUDIENCE, Provider};
use super::service::Service;
use crate::store::snowflake::connection::error::ConnectionError;
use crate::store::snowflake::connection::settings::variable;
use crate::store::snowflake::connection::sign_in::authenticator::Asked;
use crate::store::snowflake::error::Fault;

/// The token that AWS issues for other companies is another way to the same end, which is chosen here.
const OUTBOUND_TOKEN: &str = "workload_identity_aws_use_outbound_token";

const SIGNER: Service = Service {
    name: "the signer of requests to AWS",
    remedy: "check AWS_REGION, and AWS_ACCESS_KEY_ID where it is set",
    is_local: true,
};

/// The role of this machine, container or function.
#[derive(Debug)]
pub(super) struct Aws {
    source: Source,
    region: Option<String>,
    /// Set where requests to AWS take a way of their own.
    endpoint: Option<Endpoint>,
    instance: Instance,
}

impl Aws {
    pub(super) const NAME: &str = "AWS";

    pub(super) fn of(asked: &Asked<'_>) -> Result<Self, ConnectionError> {
        let settings = asked.settings;
        let outbound = settings.optional(OUTBOUND_TOKEN).filter(|value| value.eq_ignore_ascii_case("true"));
        if outbound.is_some() {
            return Err(settings.invalid(OUTBOUND_TOKEN, "only the signed request is supported here"));
        }
        let instance = Instance::of(asked)?;
        Ok(Self {
            source: Source::of(asked, &instance)?,
            region: ["AWS_REGION", "AWS_DEFAULT_REGION"]
                .iter()
                .find_map(|name| variable(asked.environment, name)),
            endpoint: Endpoint::of_setting(settings)?,
            instance,
        })
    }
}

#[async_trait]
impl Provider for Aws {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    async fn attestation(&self) -> Result<SecretString, Fault> {
        let region = match &self.region {
            Some(region) => region.clone(),
            None => self.instance.region().await?,
        };
        let endpoint = self.endpoint.clone().unwrap_or_else(|| Endpoint::of_region(&region));
        let credentials = self.source.credentials(&region).await?;
        signed(&endpoint, &region, &credentials, SystemTime::now())
            .map_err(|error| SIGNER.fault(format!("the request could not be signed: {error}")))
    }
}

/// The request, as the JSON that Snowflake's own drivers send, in Base64. Only the header of the audience ties it to
/// Snowflake, so it is signed too.
fn signed(
    endpoint: &Endpoint,
    region: &str,
    credentials: &Credentials,
    time: SystemTime,
) -> Result<SecretString, Box<dyn std::error::Error + Send + Sync>> {
    let url = format!("{}/?Action=GetCallerIdentity&Version=2011-06-15", endpoint.base);
    let headers = [("Host", endpoint.authority.as_str()), ("X-Snowflake-Audience", AUDIENCE)];
    let identity = credentials.for_signer().into();
    let params = SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("sts")
        .time(time)
        .settings(SigningSettings::default())
        .build()?
        .into();
    let request = SignableRequest::new("POST", &url, headers.into_iter(), SignableBody::Bytes(&[]))?;
    let (added, _) = sign(request, &params)?.into_parts();
    let own = headers.iter().map(|(name, value)| ((*name).to_owned(), json!(value)));
    let headers: Map<String, Value> =
        own.chain(added.headers().map(|(name, value)| (spelled(name).to_owned(), json!(value)))).collect();
    let request = json!({ "url": url, "method": "POST", "headers": headers });
    Ok(STANDARD.encode(request.to_string()).into())
}

/// The names of the headers as Snowflake's own drivers write them.
fn spelled(name: &str) -> &str {
    match name {
        "authorization" => "Authorization",
        "x-amz-date" => "X-Amz-Date",
        "x-amz-security-token" => "X-Amz-Security-Token",
        other => other,
    }
}
