//! Inside Snowpark Container Services: Snowflake gives each container a token, and replaces it every few minutes.

use std::path::{Path, PathBuf};

use async_trait::async_trait;

use super::authenticator::{Asked, Authenticator, Fields, LoginName, Way, made};
use super::key_pair::KeyPair;
use super::token::Token;
use crate::store::snowflake::connection::error::ConnectionError;
use crate::store::snowflake::connection::settings::{Environment, variable};
use crate::store::snowflake::error::Fault;
use crate::store::snowflake::refusals::Remedies;

/// Set in each container.
const INSIDE: &str = "SNOWFLAKE_RUNNING_INSIDE_SPCS";

/// Where Snowflake puts the token ("Snowpark Container Services: SQL execution", docs.snowflake.com).
const SESSION_TOKEN: &str = "/snowflake/session/token";

/// The name of a second token beside it, which says which container this is. Older services have none.
const CONTAINER_TOKEN: &str = "spcs_token";

const REMEDY: &str = "Snowpark Container Services puts the token there for each service; outside of them unset \
                      SNOWFLAKE_RUNNING_INSIDE_SPCS, or set `authenticator` in the connection";

const REMEDIES: Remedies = Remedies {
    by_code: &[(
        &["390303", "390318"],
        "the container's token was refused: `host` and `account` must be SNOWFLAKE_HOST and SNOWFLAKE_ACCOUNT as Snowflake sets them; Snowflake replaces the token every few minutes, so run again",
    )],
    otherwise: None,
};

/// The token of the container that this program runs in. It stands for the service's user.
#[derive(Debug)]
pub(super) struct Container {
    session: Token,
    container: PathBuf,
}

impl Container {
    /// The way has no name in the settings: it is the OAuth that a container is found to offer.
    const NAME: &str = "SPCS";

    pub(super) const WAY: Way = Way {
        name: Self::NAME,
        label: "the token of the container",
        keys: &["token_file_path"],
        make: |asked| made(Self::of(asked)),
    };

    /// Whether the connection leaves it to the container how to sign in.
    pub(super) fn is_meant(asked: &Asked<'_>) -> bool {
        let settings = asked.settings;
        let names_another = match settings.optional("authenticator") {
            Some(name) => !name.eq_ignore_ascii_case("oauth"),
            None => KeyPair::is_set(settings) || settings.setting("password").is_some(),
        };
        !names_another && settings.setting("token").is_none() && is_inside(asked.environment)
    }

    fn of(asked: &Asked<'_>) -> Result<Self, ConnectionError> {
        let path = asked.settings.path("token_file_path", asked.environment);
        let path = path.unwrap_or_else(|| SESSION_TOKEN.into());
        let session = Token::File(path.clone());
        if let Err(fault) = session.read() {
            return Err(asked.settings.no_sign_in(format!("as the container that this is: {fault}"), REMEDY));
        }
        Ok(Self { session, container: path.with_file_name(CONTAINER_TOKEN) })
    }
}

#[async_trait]
impl Authenticator for Container {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn login_name(&self) -> LoginName {
        LoginName::LeftOut
    }

    fn remedies(&self) -> Remedies {
        REMEDIES
    }

    async fn fields(&self) -> Result<Fields, Fault> {
        let mut fields = vec![("AUTHENTICATOR", "OAUTH".into()), ("TOKEN", self.session.read()?)];
        if self.container.exists() {
            fields.push(("SPCS_TOKEN", Token::File(self.container.clone()).read()?));
        }
        Ok(fields)
    }
}

/// Whether this program runs in a container of Snowpark Container Services.
pub(in super::super) fn is_inside(environment: &Environment<'_>) -> bool {
    is_inside_with(environment, Path::new(SESSION_TOKEN))
}

fn is_inside_with(environment: &Environment<'_>, session_token: &Path) -> bool {
    variable(environment, INSIDE).is_some() || session_token.is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_or_the_tokens_file_says_that_this_is_a_container() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let nowhere = Path::new("/nonexistent/token");
        let variable = |name: &str| (name == INSIDE).then(|| "true".to_owned());
        assert!(is_inside_with(&variable, nowhere));
        assert!(is_inside_with(&|_| None, file.path()));
        assert!(!is_inside_with(&|_| None, nowhere));
    }
}
