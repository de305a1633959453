//! A connection of the Snowflake CLI: `connections.toml`, `config.toml` and `SNOWFLAKE_*`, by its rules.
//!
//! The rules are those of "Configuring Snowflake CLI and connecting to Snowflake" on docs.snowflake.com: a variable
//! `SNOWFLAKE_CONNECTIONS_<NAME>_<KEY>` wins over the file, and the file over `SNOWFLAKE_<KEY>`.

mod authorities;
mod error;
mod files;
mod host;
mod settings;
mod sign_in;

use std::sync::Arc;

pub use authorities::Authorities;
pub use error::ConnectionError;
use files::Files;
use secrecy::{ExposeSecret, SecretString};
pub use settings::Environment;
use sign_in::Asked;
pub use sign_in::{Authenticator, Fields, LoginName};
use url::Url;

/// All that is needed to sign in.
#[derive(Debug, Clone)]
pub struct Connection {
    /// Its name in the file.
    pub name: String,
    /// The account's name or locator, without region and cloud: what a key pair's token is issued for.
    pub account: String,
    /// The user's login name; `None` where the token alone names the user.
    pub user: Option<String>,
    /// Scheme, host and port.
    pub server: Url,
    /// Whose certificates are believed.
    pub authorities: Authorities,
    /// What proves who we are.
    pub authenticator: Arc<dyn Authenticator>,
    /// As written: `"quoted"` names keep their case, others are upper case to Snowflake.
    pub role: Option<String>,
    /// As written.
    pub warehouse: Option<String>,
}

/// Whether this program runs in a container of Snowpark Container Services.
pub fn is_inside_container(environment: &Environment<'_>) -> bool {
    sign_in::is_inside(environment)
}

impl Connection {
    /// Reads the connection called `name`, or the default one.
    pub fn find(name: Option<&str>, environment: &Environment<'_>) -> Result<Self, ConnectionError> {
        Self::find_with(name, None, environment)
    }

    /// The same with the value of `--passcode`, which wins over every other.
    pub fn find_with(
        name: Option<&str>,
        passcode: Option<&SecretString>,
        environment: &Environment<'_>,
    ) -> Result<Self, ConnectionError> {
        let files = Files::read(environment)?;
        let name = name.map_or_else(|| files.default_name(environment), str::to_owned);
        let mut settings = files.settings(&name, environment)?;
        if let Some(passcode) = passcode {
            settings.set_by_flag("passcode", "--passcode", passcode.expose_secret());
        }
        let account = settings.required("account")?;
        let (account, server) = host::server_of(&settings, &account)?;
        let authorities = Authorities::of(&settings, environment)?;
        let asked = Asked {
            settings: &settings,
            environment,
            server: &server,
            account: &account,
            authorities: &authorities,
        };
        let authenticator = sign_in::authenticator_of(&asked)?;
        let user = settings.user();
        let user = match authenticator.login_name() {
            LoginName::Required => Some(user.ok_or_else(|| settings.missing("user"))?),
            LoginName::Optional => user,
            LoginName::LeftOut => None,
        };
        Ok(Self {
            name,
            account,
            user,
            server,
            authorities,
            authenticator,
            role: settings.optional("role"),
            warehouse: settings.optional("warehouse"),
        })
    }
}
