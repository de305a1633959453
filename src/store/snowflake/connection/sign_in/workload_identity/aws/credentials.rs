//! The credentials of AWS that this workload has, from where AWS's own libraries look for them first.
//!
//! Those are variables, the token of a pod, and the services of containers and of machines ("Standardized credential
//! providers", AWS SDKs and Tools Reference Guide). Files of profiles are left out: they are how people sign in.

use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use super::super::service::Service;
use super::endpoint::Endpoint;
use super::instance::Instance;
use super::keys::Credentials;
use crate::loopback::is_loopback;
use crate::store::snowflake::connection::error::ConnectionError;
use crate::store::snowflake::connection::settings::variable;
use crate::store::snowflake::connection::sign_in::authenticator::Asked;
use crate::store::snowflake::connection::sign_in::token::Token;
use crate::store::snowflake::error::Fault;

const REMEDY: &str = "run this on AWS, with a role; elsewhere set another `workload_identity_provider` or `authenticator` in \
                      the connection";

const CONTAINER: Service =
    Service { name: "the credentials service of the container", remedy: REMEDY, is_local: true };

const TOKEN_SERVICE: Service = Service {
    name: "the Security Token Service of AWS",
    remedy: "compare AWS_ROLE_ARN with the trust policy of the role: it must name the pod's issuer, service account and audience",
    is_local: false,
};

/// The service of a container, where a relative address is given.
const CONTAINER_HOST: &str = "http://169.254.170.2";

/// Where services of containers may be without TLS: those of ECS and EKS.
const CONTAINER_HOSTS: [&str; 3] = ["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"];

/// Where the credentials are.
#[derive(Debug)]
pub(super) enum Source {
    /// In variables: functions, and machines that somebody prepared.
    Given(Credentials),
    /// A pod's token stands for a role.
    Pod(Pod),
    /// A service of the container.
    Container(Url, Option<Token>),
    /// The machine's own.
    Instance(Instance),
}

/// A pod of EKS whose service account has a role.
#[derive(Debug)]
pub(super) struct Pod {
    role: String,
    session: String,
    token: Token,
    /// Set where requests to AWS take a way of their own.
    address: Option<Url>,
}

impl Source {
    pub(super) fn of(asked: &Asked<'_>, instance: &Instance) -> Result<Self, ConnectionError> {
        let variable = |name: &str| variable(asked.environment, name);
        if let (Some(key_id), Some(key)) = (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY"))
        {
            let session_token = variable("AWS_SESSION_TOKEN").map(SecretString::from);
            return Ok(Self::Given(Credentials { key_id, key: key.into(), session_token }));
        }
        if let Some(profile) = variable("AWS_PROFILE") {
            let reason = format!(
                "AWS_PROFILE names `{profile}`, and profiles are not read here: unset it, or set the variables that \
                 `aws configure export-credentials --format env` prints"
            );
            return Err(asked.settings.invalid(SETTING, reason));
        }
        if let (Some(file), Some(role)) = (variable("AWS_WEB_IDENTITY_TOKEN_FILE"), variable("AWS_ROLE_ARN"))
        {
            let address =
                variable(OTHER_STS).map(|address| protected(asked, OTHER_STS, &address, &[])).transpose()?;
            let session = variable("AWS_ROLE_SESSION_NAME").unwrap_or_else(|| "tabmap".to_owned());
            return Ok(Self::Pod(Pod { role, session, token: Token::File(PathBuf::from(file)), address }));
        }
        let relative = variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
            .map(|path| (format!("{CONTAINER_HOST}{path}"), "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"));
        let full = || variable(FULL_ADDRESS).map(|address| (address, FULL_ADDRESS));
        if let Some((address, name)) = relative.or_else(full) {
            let address = protected(asked, name, &address, &CONTAINER_HOSTS)?;
            let file =
                variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE").map(|file| Token::File(file.into()));
            let given =
                || variable("AWS_CONTAINER_AUTHORIZATION_TOKEN").map(|token| Token::Given(token.into()));
            return Ok(Self::Container(address, file.or_else(given)));
        }
        Ok(Self::Instance(instance.clone()))
    }

    /// The credentials as they are now.
    pub(super) async fn credentials(&self, region: &str) -> Result<Credentials, Fault> {
        match self {
            Self::Given(credentials) => Ok(credentials.clone()),
            Self::Pod(pod) => pod.credentials(region).await,
            Self::Container(address, token) => {
                let token = token.as_ref().map(Token::read).transpose()?;
                let secret = token.as_ref().map(ExposeSecret::expose_secret).unwrap_or_default();
                let request = |http: &reqwest::Client| {
                    let request = http.get(address.clone());
                    match &token {
                        Some(token) => request.header("Authorization", token.expose_secret()),
                        None => request,
                    }
                };
                let answer = CONTAINER.ask(secret, request).await?;
                let answer: Value = serde_json::from_str(answer.expose_secret()).unwrap_or_default();
                Credentials::in_answer(&answer)
                    .ok_or_else(|| CONTAINER.fault("its answer holds no credentials"))
            }
            Self::Instance(instance) => instance.credentials().await,
        }
    }
}

impl Pod {
    async fn credentials(&self, region: &str) -> Result<Credentials, Fault> {
        let usual = || Url::parse(&Endpoint::of_region(region).base);
        let address = match &self.address {
            Some(address) => address.clone(),
            None => usual().map_err(|_| TOKEN_SERVICE.fault(format!("`{region}` is not a region of AWS")))?,
        };
        let token = self.token.read()?;
        let form = [
            ("Action", "AssumeRoleWithWebIdentity"),
            ("Version", "2011-06-15"),
            ("RoleArn", &self.role),
            ("RoleSessionName", &self.session),
            ("WebIdentityToken", token.expose_secret()),
        ];
        let service = Service { is_local: is_loopback(&address), ..TOKEN_SERVICE };
        let answer =
            service.ask(token.expose_secret(), |http| http.post(address.clone()).form(&form)).await?;
        Credentials::in_xml(answer.expose_secret()).ok_or_else(|| {
            service.fault("the Security Token Service of AWS answered something else than credentials")
        })
    }
}

const SETTING: &str = "workload_identity_provider";

/// AWS's own libraries take another address of the Security Token Service from it.
const OTHER_STS: &str = "AWS_ENDPOINT_URL_STS";

const FULL_ADDRESS: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";

/// An address to which a secret may be sent: with TLS, of this machine, or one of `also`.
fn protected(asked: &Asked<'_>, name: &str, address: &str, also: &[&str]) -> Result<Url, ConnectionError> {
    let url = Url::parse(address).ok().filter(Url::has_host);
    let is_protected = |url: &Url| {
        url.scheme() == "https"
            || url.scheme() == "http"
                && (is_loopback(url) || url.host_str().is_some_and(|host| also.contains(&host)))
    };
    url.filter(is_protected).ok_or_else(|| {
        let reason =
            format!("`{address}` in {name} must begin with `https://`: secrets are sent there and back");
        asked.settings.invalid(SETTING, reason)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_found_in_the_answer_of_the_security_token_service() {
        let answer = "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
                      <AssumeRoleWithWebIdentityResult><Credentials><SessionToken> a/b+c== </SessionToken>\
                      <SecretAccessKey>s3cret</SecretAccessKey><Expiration>2026-11-28T10:00:00Z</Expiration>\
                      <AccessKeyId>ASIAEXAMPLE</AccessKeyId></Credentials></AssumeRoleWithWebIdentityResult>\
                      </AssumeRoleWithWebIdentityResponse>";
        let found = Credentials::in_xml(answer).unwrap();
        assert_eq!(found.key_id, "ASIAEXAMPLE");
        assert_eq!(found.key.expose_secret(), "s3cret");
        assert_eq!(found.session_token.as_ref().unwrap().expose_secret(), "a/b+c==");
        assert!(!format!("{found:?}").contains("s3cret"), "a debug print shows no secret");
        assert!(Credentials::in_xml("<html></html>").is_none());
    }
}
