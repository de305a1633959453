//! `authenticator = WORKLOAD_IDENTITY`: no secret of Snowflake's, but a proof of which workload this is.
//!
//! A new provider is a file with a type that implements [`Provider`], and a line in [`PROVIDERS`].

mod aws;
mod azure;
mod gcp;
mod oidc;
mod own_hosts;
mod provider;
mod service;

use async_trait::async_trait;
use aws::Aws;
use azure::Azure;
use gcp::Gcp;
use oidc::Oidc;
use provider::Provider;

use super::authenticator::{Asked, Authenticator, Fields, LoginName, Way, made};
use crate::store::snowflake::connection::error::ConnectionError;
use crate::store::snowflake::error::Fault;
use crate::store::snowflake::refusals::Remedies;

const IMPERSONATION: &str = "workload_identity_impersonation_path";

type Make = fn(&Asked<'_>) -> Result<Box<dyn Provider>, ConnectionError>;

/// The values of `workload_identity_provider`, and how to make each.
const PROVIDERS: &[(&str, Make)] = &[
    (Oidc::NAME, |asked| Ok(Box::new(Oidc::of(asked)?))),
    (Aws::NAME, |asked| Ok(Box::new(Aws::of(asked)?))),
    (Azure::NAME, |asked| Ok(Box::new(Azure::of(asked)?))),
    (Gcp::NAME, |asked| Ok(Box::new(Gcp::of(asked)?))),
];

const REMEDIES: Remedies = Remedies {
    by_code: &[],
    otherwise: Some(
        "compare the workload with WORKLOAD_IDENTITY of the user (`SHOW USER WORKLOAD IDENTITY AUTHENTICATION METHODS FOR USER …`): issuer, subject and audience of its token must be the same and the token still valid, or with AWS the ARN of the role",
    ),
};

/// A proof of which workload this is, made by the platform that it runs on.
#[derive(Debug)]
pub(super) struct WorkloadIdentity {
    provider: Box<dyn Provider>,
}

impl WorkloadIdentity {
    const NAME: &str = "WORKLOAD_IDENTITY";

    pub(super) const WAY: Way = Way {
        name: Self::NAME,
        label: Self::NAME,
        keys: &[
            "workload_identity_provider",
            IMPERSONATION,
            "workload_identity_entra_resource",
            "workload_identity_aws_use_outbound_token",
            "workload_identity_host",
            "token",
            "token_file_path",
        ],
        make: |asked| made(Self::of(asked)),
    };

    fn of(asked: &Asked<'_>) -> Result<Self, ConnectionError> {
        let settings = asked.settings;
        let found = settings.required("workload_identity_provider")?;
        own_hosts::check(asked)?;
        // Without the other identity that this setting asks for, Snowflake would see a workload that nobody meant.
        if settings.setting(IMPERSONATION).is_some() {
            return Err(settings.invalid(IMPERSONATION, "a workload signs in as itself here, not as another"));
        }
        let known = PROVIDERS.iter().find(|(name, _)| found.trim().eq_ignore_ascii_case(name));
        let (_, make) = known.ok_or_else(|| {
            let names: Vec<_> = PROVIDERS.iter().map(|(name, _)| *name).collect();
            settings
                .invalid("workload_identity_provider", format!("`{found}` is none of {}", names.join(", ")))
        })?;
        Ok(Self { provider: make(asked)? })
    }
}

#[async_trait]
impl Authenticator for WorkloadIdentity {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn remedies(&self) -> Remedies {
        REMEDIES
    }

    /// The proof names the user.
    fn login_name(&self) -> LoginName {
        LoginName::LeftOut
    }

    async fn fields(&self) -> Result<Fields, Fault> {
        Ok(vec![
            ("AUTHENTICATOR", Self::NAME.into()),
            ("PROVIDER", self.provider.name().into()),
            ("TOKEN", self.provider.attestation().await?),
        ])
    }
}
